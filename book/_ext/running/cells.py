"""One code cell of a page: what it needs of the cells before it, and a run of both.

A run begins with nothing. It takes those statements of the earlier cells that the cell builds
on, as they now stand, and leaves out the rest; so its result depends on what the page shows and
not on what was clicked before, and figures that nobody asked for are not drawn.

The build asks this module which cells can be run in the page. The page runs them with the same
module, in a Python for browsers; so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import linecache
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Emit = Callable[[str, str], object]

# What is built in does not change what it is given, but for these.
_PURE = frozenset(dir(builtins)) - {"delattr", "eval", "exec", "iter", "next", "setattr"}
_NESTED = (ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Statement:
    """A statement of a cell, and the names that it has to do with."""

    cell: int
    node: ast.stmt
    binds: set[str]
    """The names that it gives a value to, or may."""
    bound: set[str]
    """Those of them that have a new value for certain."""
    reads: set[str]
    """The names whose earlier values it uses."""
    changes: set[str]
    """The names whose objects it may change in place."""


def without_magics(source: str) -> str:
    """Return the source of a cell with its lines for IPython made empty."""
    lines = source.split("\n")
    return "\n".join("" if line.startswith(("%", "!")) else line for line in lines)


def needed(cells: Sequence[str], index: int) -> list[Statement]:
    """Return the statements of earlier cells that a cell builds on, in their order.

    A statement is taken if it gives a value to a name that is read later in the run, or may
    change its object. Whether a call changes what it is given cannot be seen, so it counts as
    if it did; only modules are changed by nothing but statements that are a call and no more,
    such as ``plt.style.use(…)``, and by assignments to their attributes.

    Raises
    ------
    SyntaxError
        If one of the cells is not Python.
    """
    wanted = _Scan(_body(cells, index)).reads
    taken = []
    for statement in reversed(_statements(cells, index)):
        if wanted & (statement.binds | statement.changes):
            taken.append(statement)
            wanted = wanted - statement.bound | statement.reads
    return taken[::-1]


def program(cells: Sequence[str], index: int) -> str:
    """Return all that a run of a cell executes, as one text without its comments.

    It is empty if one of the cells is not Python; a run says where.
    """
    with contextlib.suppress(SyntaxError):
        return _program(cells, index)
    return ""


def _program(cells: Sequence[str], index: int) -> str:
    before = [ast.unparse(statement.node) for statement in needed(cells, index)]
    return "\n".join([*before, ast.unparse(ast.Module(_body(cells, index), []))])


def modules(text: str) -> set[str]:
    """Return the modules that a program imports, by the first part of their names."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def run(cells: Sequence[str], index: int, emit: Emit) -> str | None:
    """Run a cell, after the statements that it builds on, and name the exception that ended it.

    Parameters
    ----------
    cells
        The sources of all cells of a page.
    index
        The cell to run.
    emit
        Is called with a kind of output and its text, for each piece of output of this cell:
        ``text`` for what is printed and for the value of the last expression, ``warning`` for
        what goes to stderr, ``figure`` for a drawing as SVG, ``error`` for an exception.
    """
    namespace: dict[str, object] = {"__name__": "__main__"}
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            for statement in needed(cells, index):
                _execute([statement.node], statement.cell, cells, namespace)
            _draw()  # what earlier cells have drawn is not asked for
        with (
            contextlib.redirect_stdout(_Writer("text", emit)),
            contextlib.redirect_stderr(_Writer("warning", emit)),
        ):
            _run_last(cells, index, namespace, emit)
            for figure in _draw():
                emit("figure", figure)
    except BaseException as error:  # noqa: BLE001 - also SystemExit, as a notebook does
        emit("error", _explained(error))
        return type(error).__name__
    return None


def _run_last(cells: Sequence[str], index: int, namespace: dict[str, object], emit: Emit) -> None:
    """Run the cell itself, and show the value of its last expression."""
    body = _body(cells, index)
    last = body[-1] if body else None
    if not isinstance(last, ast.Expr):
        _execute(body, index, cells, namespace)
        return
    _execute(body[:-1], index, cells, namespace)
    code = compile(ast.Expression(last.value), _name(index, cells), "eval")
    value = eval(code, namespace)  # noqa: S307 - the reader runs it, in a page of their own
    if value is not None:
        emit("text", f"{value!r}\n")


def _execute(
    body: list[ast.stmt], cell: int, cells: Sequence[str], namespace: dict[str, object]
) -> None:
    code = compile(ast.Module(body, []), _name(cell, cells), "exec")
    exec(code, namespace)  # noqa: S102 - likewise


def _name(cell: int, cells: Sequence[str]) -> str:
    """Return what a traceback calls a cell, and have it show the lines of the cell."""
    name = f"<cell {cell + 1}>"
    source = cells[cell]
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return name


class _Writer(io.TextIOBase):
    """A stream that passes on what is written to it at once."""

    def __init__(self, kind: str, emit: Emit) -> None:
        super().__init__()
        self.kind, self.emit = kind, emit

    def write(self, text: str) -> int:
        """Pass a text on."""
        self.emit(self.kind, text)
        return len(text)


def _draw() -> list[str]:
    """Return all open figures as SVG, and close them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return []
    drawn = []
    for number in pyplot.get_fignums():
        file = io.StringIO()
        pyplot.figure(number).savefig(file, format="svg")
        drawn.append(file.getvalue())
    pyplot.close("all")
    return drawn


def _explained(error: BaseException) -> str:
    """Return the traceback of an exception, from the cells on."""
    told = traceback.TracebackException.from_exception(error)
    frames = list(told.stack)
    start = next((k for k, f in enumerate(frames) if f.filename.startswith("<cell ")), len(frames))
    told.stack = traceback.StackSummary.from_list(frames[start:])
    return "".join(told.format())


def _body(cells: Sequence[str], cell: int) -> list[ast.stmt]:
    return ast.parse(cells[cell], _name(cell, cells)).body


def _statements(cells: Sequence[str], end: int) -> list[Statement]:
    """Read the statements of the cells before one."""
    nodes = [(cell, node) for cell in range(end) for node in _body(cells, cell)]
    scans = [_Scan([node]) for _, node in nodes]
    imported: set[str] = set()
    for (_, node), scan in zip(nodes, scans, strict=True):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imported |= scan.binds
    effects: dict[str, set[str]] = {}  # what a call of a function may change
    statements = []
    for (cell, node), scan in zip(nodes, scans, strict=True):
        changes = scan.changes.union(*(effects.get(name, ()) for name in scan.reads))
        changes -= imported
        if isinstance(node, _NESTED):
            effects[node.name] = changes
            changes = set()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            changes |= _roots(node.value.func) - _PURE
        changes |= scan.assigned
        statements.append(Statement(cell, node, scan.binds, scan.bound, scan.reads, changes))
    return statements


class _Scan(ast.NodeVisitor):
    """The names in some statements, in the order in which Python comes across them."""

    def __init__(self, body: Sequence[ast.AST], local: Iterable[str] = ()) -> None:
        self.local = frozenset(local)
        """The names of a function or a comprehension of its own."""
        self.reads: set[str] = set()
        """Names that are read when the statements have perhaps not yet given them a value."""
        self.binds: set[str] = set()
        """Names that get a value, or may get one."""
        self.bound: set[str] = set()
        """Names that have a value at the end for certain."""
        self.changes: set[str] = set()
        """Names whose objects are given to a call, or whose methods are called."""
        self.assigned: set[str] = set()
        """Names of which an attribute or an item is set."""
        self._in_turn(body)

    def _in_turn(self, body: Iterable[ast.AST]) -> None:
        for node in body:
            self.visit(node)

    def _perhaps(self, *branches: Iterable[ast.AST]) -> None:
        """Visit what may be left out: nothing is bound for certain after it."""
        before = set(self.bound)
        for branch in branches:
            self._in_turn(branch)
            self.bound = set(before)

    def _scope(self, local: Iterable[str], body: Sequence[ast.AST]) -> None:
        """Visit a function or a comprehension; what it binds is its own."""
        inner = _Scan(body, {*self.local, *local})
        self.reads |= inner.reads - self.bound
        self.changes |= inner.changes | inner.assigned

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self.local:
            return
        if not isinstance(node.ctx, ast.Load):
            self.binds.add(node.id)
            self.bound.add(node.id)
        elif node.id not in self.bound:
            self.reads.add(node.id)

    def visit_alias(self, node: ast.alias) -> None:
        name = node.asname or node.name.partition(".")[0]
        self.binds.add(name)
        self.bound.add(name)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._in_turn([node.value, *node.targets])

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        roots = _roots(node.target) - self.local
        self.reads |= roots - self.bound
        self.assigned |= roots
        self._in_turn([node.value, node.target])

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._perhaps([node.target, *node.body], node.orelse)

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._perhaps(node.body, node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._perhaps(node.body, node.orelse)

    def visit_Try(self, node: ast.Try) -> None:
        self._perhaps(node.body, *([handler] for handler in node.handlers), node.orelse)
        self._in_turn(node.finalbody)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bound.add(node.name)
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._perhaps(*([case] for case in node.cases))

    def visit_Attribute(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.assigned |= _roots(node) - self.local
        self.generic_visit(node)

    visit_Subscript = visit_Attribute  # noqa: N815  (ast's names)

    def visit_Call(self, node: ast.Call) -> None:
        if not (isinstance(node.func, ast.Name) and node.func.id in _PURE):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if isinstance(node.func, ast.Attribute):
                given.append(node.func)
            self.changes |= frozenset[str]().union(*(_roots(value) for value in given)) - self.local
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._in_turn([*node.decorator_list, *node.args.defaults])
        self._in_turn(default for default in node.args.kw_defaults if default)
        own = {name.arg for name in ast.walk(node.args) if isinstance(name, ast.arg)}
        own |= {
            name.id
            for name in ast.walk(node)
            if isinstance(name, ast.Name) and not isinstance(name.ctx, ast.Load)
        }
        self._scope(own, node.body)
        self.binds.add(node.name)
        self.bound.add(node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._in_turn([*node.decorator_list, *node.bases, *node.keywords])
        self._scope((), node.body)
        self.binds.add(node.name)
        self.bound.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        own = {name.arg for name in ast.walk(node.args) if isinstance(name, ast.arg)}
        self._scope(own, [node.body])

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._scope(_targets(node), [*node.generators, node.elt])

    visit_ListComp = visit_SetComp = visit_GeneratorExp = _comprehension  # noqa: N815  (ast's names)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._scope(_targets(node), [*node.generators, node.key, node.value])


def _targets(node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> set[str]:
    """Return the names that a comprehension runs through."""
    return {
        name.id
        for generator in node.generators
        for name in ast.walk(generator.target)
        if isinstance(name, ast.Name)
    }


def _roots(node: ast.expr) -> set[str]:
    """Return the names whose object, or a part of it, an expression is: x of ``x.a[0]``."""
    if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        return _roots(node.value)
    if isinstance(node, (ast.Tuple, ast.List)):
        return set[str]().union(*(_roots(element) for element in node.elts))
    return {node.id} if isinstance(node, ast.Name) else set()


__all__ = ["Statement", "modules", "needed", "program", "run", "without_magics"]
