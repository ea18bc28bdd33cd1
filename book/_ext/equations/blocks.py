"""Read the blocks that an author writes in a Markdown page.

A page of the book is Markdown with a few kinds of fenced blocks: equations, derivations,
exercises, and Python examples.
This module turns a page into plain data.
It knows nothing of Sphinx or pytest, so that both read a block in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

KINDS = ("definition", "identity", "inequality", "theorem", "counterexample", "algorithm")

REQUIRED_OPTIONS = ("title", "kind", "for", "source")
EQUATION_OPTIONS = frozenset(
    {
        *REQUIRED_OPTIONS,
        *("if", "where", "note", "code", "tested", "illustrated", "tight", "slack"),
        *("equivalent", "also-true"),
    },
)
DERIVATION_OPTIONS = frozenset(
    {"title", "shows", "for", "if", "where", "equivalent", "also-true"},
)
EXERCISE_OPTIONS = frozenset({"title"})

_OPTION = re.compile(r":(?P<name>[a-z]+(?:-[a-z]+)*):(?:\s+(?P<text>.*))?$")
_CONTINUATION = re.compile(r"\s{2,}\S")
RELATION = re.compile(
    r"&?\s*(?P<relation>:=|=|<|>|\\(?:leq?|geq?|ne|to|ll|iff|approx)(?![A-Za-z]))\s*&?",
)
_COMMENT = re.compile(r"(?<!\\)%")
_NOT_RUN = re.compile(r"\(not run: (?P<why>.+?)\)\s*")
_DIRECTIVE = re.compile(r"\{(?P<name>[a-z:-]+)\}\s*(?P<argument>.*)$")
_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+$")
# These directives hold code or data, not Markdown with further blocks inside.
_OPAQUE = frozenset({"code-cell", "code-block", "math", "results", "toctree", "literalinclude"})


@dataclass(frozen=True)
class Equation:
    """A numbered result: its statement in LaTeX, its meaning, its numeric example."""

    id: str
    file: Path
    line: int
    title: str
    kind: str
    options: Mapping[str, str]
    statement: str
    statement_line: int
    example: str
    example_line: int

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the functions that the option ``:code:`` lists."""
        return tuple(call.partition("(")[0].strip() for call in self.calls)

    @property
    def calls(self) -> tuple[str, ...]:
        """The entries of the option ``:code:``: calls such as ``f(p, q)`` or bare names."""
        entries = self.options.get("code", "").split(";")
        return tuple(entry.strip() for entry in entries if entry.strip())

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows of the statement, which LaTeX separates by a double backslash."""
        return split_rows(self.statement)


@dataclass(frozen=True)
class Step:
    r"""One step of a derivation: ``= \H{p} + \KL{p}{q}`` and the reason why."""

    relation: str
    latex: str
    reason: str
    line: int
    not_run: str | None


@dataclass(frozen=True)
class Chain:
    """An expression and the steps that lead away from it."""

    head: str
    line: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Derivation:
    """The steps that prove the equation of the same id; ``index`` tells several apart."""

    id: str
    index: int
    file: Path
    line: int
    options: Mapping[str, str]
    chains: tuple[Chain, ...]

    @property
    def title(self) -> str | None:
        """What this derivation shows, if the author says so."""
        return self.options.get("title")


@dataclass(frozen=True)
class Exercise:
    """A numbered exercise; its text stays Markdown."""

    id: str
    file: Path
    line: int
    title: str


@dataclass(frozen=True)
class Example:
    """A Python block with prompts; ``id`` names the exercise around it, if there is one."""

    id: str
    file: Path
    line: int
    source: str


Block = Equation | Derivation | Exercise | Example


@dataclass(frozen=True)
class Problem:
    """Something wrong in the sources of the book, and where."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        """Return the problem as ``file:line: message``."""
        return f"{self.file}:{self.line}: {self.message}"


class BlockError(ValueError):
    """A block that cannot be read; the message starts with file and line."""

    def __init__(self, file: Path, line: int, message: str) -> None:
        """Remember the place, so that a build can point at it."""
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Page:
    """The blocks of one Markdown file, and what was wrong with the others."""

    file: Path
    blocks: tuple[Block, ...]
    errors: tuple[BlockError, ...]


def split_rows(statement: str) -> tuple[str, ...]:
    r"""Split a statement at ``\\``, but not inside ``\begin{...}`` … ``\end{...}``."""
    rows: list[str] = [""]
    depth = 0
    for piece in re.split(r"(\\begin\{|\\end\{|\\\\)", statement):
        if piece == r"\\" and depth == 0:
            rows.append("")
            continue
        depth += {r"\begin{": 1, r"\end{": -1}.get(piece, 0)
        rows[-1] += piece
    return tuple(row.strip() for row in rows if row.strip())


def read_blocks(path: Path) -> list[Block]:
    """Return the blocks of a page, or raise the first error in it."""
    page = read_page(path)
    if page.errors:
        raise page.errors[0]
    return list(page.blocks)


def read_page(path: Path) -> Page:
    """Return the blocks of a page together with the errors found on the way."""
    reader = _Reader(path)
    reader.read(path.read_text(encoding="utf-8"), offset=0, exercise=None)
    return Page(path, tuple(reader.blocks), tuple(reader.errors))


def fences(text: str) -> list[tuple[str, str]]:
    """Return what stands behind each opening fence of a text, and what stands inside."""
    return [(info, content) for info, content, _ in _fences(text)]


def _fences(text: str) -> Iterator[tuple[str, str, int]]:
    markdown = MarkdownIt("commonmark").use(colon_fence_plugin).use(front_matter_plugin)
    for token in markdown.parse(text):
        if token.type in {"fence", "colon_fence"} and token.map is not None:
            yield token.info.strip(), token.content, token.map[0] + 1


class _Reader:
    """Walks through the fences of a page, also through those inside other fences."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.blocks: list[Block] = []
        self.errors: list[BlockError] = []
        self._examples = 0
        self._derivations: dict[str, int] = {}

    def read(self, text: str, *, offset: int, exercise: str | None) -> None:
        for info, content, line in _fences(text):
            try:
                self._fence(info, content, offset + line, exercise)
            except BlockError as error:
                self.errors.append(error)

    def _fence(self, info: str, content: str, line: int, exercise: str | None) -> None:
        directive = _DIRECTIVE.match(info)
        if directive is None:
            if info in {"python", "pycon"} and ">>>" in content:
                self._example(content, line, exercise)
            return
        name, argument = directive["name"], directive["argument"].strip()
        if name in {"equation", "exercise"}:
            self._check_new(argument, line)
        if name == "equation":
            self.blocks.append(parse_equation(argument, content, self.file, line))
        elif name == "derivation":
            index = self._derivations.get(argument, 0)
            self._derivations[argument] = index + 1
            self.blocks.append(parse_derivation(argument, content, self.file, line, index))
        elif name == "exercise":
            block, body_line = parse_exercise(argument, content, self.file, line)
            self.blocks.append(block)
            body = "\n".join(content.split("\n")[body_line - line - 1 :])
            self.read(body, offset=body_line - 1, exercise=block.id)
        elif name not in _OPAQUE:
            self.read(content, offset=line, exercise=exercise)

    def _check_new(self, name: str, line: int) -> None:
        for block in self.blocks:
            if isinstance(block, Equation | Exercise) and block.id == name:
                message = f"the id {name} is used twice; first in {self.file.name}:{block.line}"
                raise BlockError(self.file, line, message)

    def _example(self, content: str, line: int, exercise: str | None) -> None:
        self._examples += 1
        name = exercise or f"example-{self._examples}"
        self.blocks.append(Example(name, self.file, line + 1, content))


def parse_equation(argument: str, content: str, file: Path, line: int) -> Equation:
    """Read the inside of an ``{equation}`` block that starts on the given line."""
    _check_id(argument, file, line)
    options, body, body_line = _options(content, file, line, EQUATION_OPTIONS)
    for name in REQUIRED_OPTIONS:
        if not options.get(name):
            raise BlockError(file, line, f"equation {argument} has no :{name}:")
    if options["kind"] not in KINDS:
        known = ", ".join(KINDS)
        message = f"equation {argument} has the unknown kind {options['kind']!r}; known: {known}"
        raise BlockError(file, line, message)
    start = next((i for i, text in enumerate(body) if text.startswith(">>>")), len(body))
    statement = "\n".join(body[:start])
    if not statement.strip():
        raise BlockError(file, line, f"equation {argument} has no statement")
    if start == len(body):
        message = f"equation {argument} has no numeric example (a line that starts with >>>)"
        raise BlockError(file, line, message)
    return Equation(
        id=argument,
        file=file,
        line=line,
        title=options["title"],
        kind=options["kind"],
        options=options,
        statement=statement.strip("\n"),
        statement_line=body_line + _leading_blank_lines(body),
        example="\n".join(body[start:]).rstrip() + "\n",
        example_line=body_line + start,
    )


def parse_derivation(
    argument: str,
    content: str,
    file: Path,
    line: int,
    index: int = 0,
) -> Derivation:
    """Read the inside of a ``{derivation}`` block that starts on the given line."""
    _check_id(argument, file, line)
    options, body, body_line = _options(content, file, line, DERIVATION_OPTIONS)
    chains = tuple(
        _chain(lines, number, file, argument) for number, lines in _paragraphs(body, body_line)
    )
    if not chains:
        raise BlockError(file, line, f"derivation of {argument} is empty")
    return Derivation(argument, index, file, line, options, chains)


def parse_exercise(argument: str, content: str, file: Path, line: int) -> tuple[Exercise, int]:
    """Read the head of an ``{exercise}``; also return the line on which its text starts."""
    _check_id(argument, file, line)
    options, _, body_line = _options(content, file, line, EXERCISE_OPTIONS)
    return Exercise(argument, file, line, options.get("title", "")), body_line


def _check_id(argument: str, file: Path, line: int) -> None:
    if not _ID.match(argument):
        message = f"{argument!r} is no id; an id is lower-case words joined by hyphens"
        raise BlockError(file, line, message)


def _options(
    content: str,
    file: Path,
    line: int,
    known: frozenset[str],
) -> tuple[dict[str, str], list[str], int]:
    """Split a block into its options, the lines that follow, and the number of their first."""
    lines = content.split("\n")
    options: dict[str, str] = {}
    name = ""
    used = 0
    for text in lines:
        option = _OPTION.match(text)
        if option:
            name = option["name"]
            if name not in known:
                message = f"unknown option :{name}:; known: {', '.join(sorted(known))}"
                raise BlockError(file, line + 1 + used, message)
            if name in options:
                raise BlockError(file, line + 1 + used, f"option :{name}: is given twice")
            options[name] = (option["text"] or "").strip()
        elif name and _CONTINUATION.match(text):
            options[name] = f"{options[name]} {text.strip()}".strip()
        else:
            break
        used += 1
    return options, lines[used:], line + 1 + used


def _leading_blank_lines(lines: Sequence[str]) -> int:
    return next((i for i, text in enumerate(lines) if text.strip()), 0)


def _paragraphs(lines: Sequence[str], first: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each run of non-blank lines with the number of its first line."""
    run: list[str] = []
    for number, text in enumerate([*lines, ""], start=first):
        if text.strip():
            run.append(text)
        elif run:
            yield number - len(run), run
            run = []


def _chain(lines: Sequence[str], first: int, file: Path, name: str) -> Chain:
    """Join the source lines of a chain into its head and its steps."""
    parts: list[tuple[str, list[str], list[str], int]] = [("", [], [], first)]
    for number, text in enumerate(lines, start=first):
        comment = _COMMENT.search(text)
        latex = text[: comment.start()] if comment else text
        reason = text[comment.end() :].strip() if comment else ""
        relation = RELATION.match(latex.strip())
        if relation:
            latex = latex.strip()[relation.end() :]
            parts.append((relation["relation"], [], [], number))
        if latex.strip():
            parts[-1][1].append(latex.strip())
        if reason:
            parts[-1][2].append(reason)
    head = parts[0]
    if not head[1]:
        message = f"a chain in the derivation of {name} starts with a relation"
        raise BlockError(file, first, message)
    if len(parts) == 1:
        message = f"a chain in the derivation of {name} has no step"
        raise BlockError(file, first, message)
    steps = tuple(_step(part, file, name) for part in parts[1:])
    return Chain(" ".join(head[1]), first, steps)


def _step(part: tuple[str, list[str], list[str], int], file: Path, name: str) -> Step:
    relation, latex, reasons, line = part
    reason = " ".join(reasons)
    if not latex:
        raise BlockError(file, line, f"a step in the derivation of {name} has no right-hand side")
    if not reason:
        message = f"a step in the derivation of {name} gives no reason (after %)"
        raise BlockError(file, line, message)
    mark = _NOT_RUN.match(reason)
    if mark:
        reason = reason[mark.end() :].strip()
    return Step(relation, " ".join(latex), reason, line, mark["why"] if mark else None)
