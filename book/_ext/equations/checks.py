r"""Check statements: both sides of every relation, on every instance, within a stated tolerance.

A :class:`Claim` is a list of rows in a setting. On each instance every side of every row gets its
value, and neighbours in the chain are compared:

- ``=`` and ``:=`` ask for equality to within the tolerance, four times the rounding errors that
  both sides carry; ``\infty = \infty`` is right,
- ``\le``, ``<``, ``\ge``, ``>``, ``\ne`` are asked to hold, the strict ones beyond the tolerance,
- an inequality must be *tight*: on some instance both sides agree, or nearly so. Otherwise a
  weaker bound would pass as well. It must also be strict somewhere, or it should be an equality,
- an undefined value, such as 0/0 outside of the book's conventions, fails.

A comparison whose error bound is as large as its sides decides nothing and is not counted; a
quarter of the instances has to decide.
"""

from __future__ import annotations

import ast
import copy
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from equations import syntax as syn
from equations.evaluate import CONSTANTS, Evaluator
from equations.extended import OutOfRange, Real, Undefined
from equations.functionals import CALL_ERROR, reference
from equations.settings import INSTANCES, Instance, Setting, SettingError, as_python, ascii_name
from equations.syntax import Row
from equations.values import EvaluationError, Matrix, Table, Value, as_number

SAFETY = 4.0
TINY = 1e-300
# A tolerance above this part of the sides decides nothing.
USELESS = 1e-4
# A bound is tight where its sides differ by less than this part of their size, …
CLOSE = 1e-6
# … and a mutant of it is not, where they differ by more than this.
NOT_CLOSE = 1e-4
# How many instances of a case that :tight: names are tried.
TIGHT_INSTANCES = 12

# The smallest part of the instances that has to decide a relation.
FEWEST = 0.25

INEQUALITIES = {r"\le", r"\ge", "<", ">"}
REFUTED, INFINITE, HOLDS = "refuted", "infinite", "holds"

# For each relation, by row and link, the instances on which it is tight.
Witnesses = Mapping[tuple[int, int], Sequence[int]]


@dataclass(frozen=True)
class Comparison:
    """Two neighbours of a chain on one instance.

    ``holds`` is None when the rounding errors are too large to tell; ``ratio`` is the difference
    as a part of the tolerance, ``gap`` as a part of the larger side.
    """

    holds: bool | None
    ratio: float
    gap: float
    tolerance: float
    left: float
    right: float

    @property
    def same(self) -> bool:
        """Whether the sides are equal to within the tolerance, finite or not."""
        return self.ratio <= 1

    @property
    def infinite(self) -> bool:
        """Whether both sides are infinite."""
        return math.isinf(self.left) and math.isinf(self.right)

    @property
    def zero(self) -> bool:
        """Whether both sides vanish."""
        return max(abs(self.left), abs(self.right)) <= self.tolerance

    def tight(self, close: float) -> bool:
        """Whether finite sides are equal, or differ by a small part of their size."""
        if math.isinf(self.left):
            return False
        return self.same or (self.gap <= close and not self.zero)


def compare(relation: str, left: Value, right: Value) -> Comparison:
    """Compare two values; of tables and matrices the worst entry counts."""
    found = [_compare(relation, a, b) for a, b in _pairs(left, right)]
    return max(found, key=lambda c: (c.holds is False, c.ratio))


def _pairs(left: Value, right: Value) -> Iterator[tuple[Real, Real]]:
    if isinstance(left, Real) and isinstance(right, Real):
        yield left, right
        return
    left, right = (_entries(as_number(value)) for value in (left, right))
    if isinstance(left, Real) and isinstance(right, Real):
        yield left, right
        return
    if not isinstance(left, Table) or not isinstance(right, Table):
        raise EvaluationError("the two sides are not of the same kind")
    if left.values.shape != right.values.shape:
        raise EvaluationError("the two sides live on different sets")
    for index in np.ndindex(*left.values.shape):
        yield left.entry(index), right.entry(index)


def _entries(value: Value) -> Value:
    if not isinstance(value, Matrix):
        return value
    return Table(value.values, np.full_like(value.values, value.error), ("", ""))


_TESTS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda difference, tolerance: abs(difference) <= tolerance,
    ":=": lambda difference, tolerance: abs(difference) <= tolerance,
    r"\ne": lambda difference, tolerance: abs(difference) > tolerance,
    r"\le": lambda difference, tolerance: difference <= tolerance,
    r"\ge": lambda difference, tolerance: difference >= -tolerance,
    "<": lambda difference, tolerance: difference < -tolerance,
    ">": lambda difference, tolerance: difference > tolerance,
}


def _compare(relation: str, left: Real, right: Real) -> Comparison:
    test = _TESTS.get(relation)
    if test is None:
        raise EvaluationError(f"the relation {relation} cannot be run; a test in :tested: can be")
    a, b = left.value, right.value
    if math.isnan(a) or math.isnan(b):
        raise Undefined("an undefined ratio 0/0 is left over")
    if math.isinf(a) or math.isinf(b):
        same = a == b
        difference = 0.0 if same else math.copysign(math.inf, a if math.isinf(a) else -b)
        distance = 0.0 if same else math.inf
        return Comparison(test(difference, 0.0), distance, distance, 0.0, a, b)
    tolerance = SAFETY * (left.error + right.error) + TINY
    scale = max(abs(a), abs(b))
    gap = abs(a - b) / scale if scale else 0.0
    ratio = abs(a - b) / tolerance
    useless = tolerance > USELESS * (1 + scale)
    return Comparison(None if useless else test(a - b, tolerance), ratio, gap, tolerance, a, b)


# ------------------------------------------------------------------------------- claims


@dataclass(frozen=True)
class Claim:
    """Rows that are to hold in a setting, with the calls of ``:code:`` that give the first side."""

    rows: tuple[Row, ...]
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A relation that does not hold: which one, and on which instance.

    A row behind the last one stands for the calls, ``link`` for the number of the call.
    """

    row: int
    link: int
    message: str
    instance: Instance | None = None


class _UndefinedRow(Undefined):
    """A row without a value, and its number."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


@dataclass
class Run:
    """What came out of a claim on all instances.

    ``links`` holds, for each relation by row and link, the comparison on each instance, or None
    where the row has no value.
    """

    links: dict[tuple[int, int], list[Comparison | None]]
    failures: list[Failure]
    instances: int
    infinite: int = 0
    undecided: int = 0
    worst: float = 0.0


# What may stand in a call beside the one function: nothing that reaches further into Python.
_PLAIN = (
    *(ast.Expression, ast.Call, ast.keyword, ast.Name, ast.Load, ast.Constant),
    *(ast.List, ast.Tuple, ast.Subscript, ast.UnaryOp, ast.USub),
)


def _plain_call(call: str) -> ast.Expression:
    """Parse a call of one function with names, numbers, lists and items as arguments."""
    try:
        tree = ast.parse(call, mode="eval")
    except SyntaxError:
        raise EvaluationError(f":code: {call} is no call in Python") from None
    nodes = list(ast.walk(tree))
    strange = next((node for node in nodes if not isinstance(node, _PLAIN)), None)
    if strange is not None:
        what = type(strange).__name__
        raise EvaluationError(f":code: {call} holds {what}; only names and numbers may stand in it")
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    if len(calls) != 1 or tree.body is not calls[0] or not isinstance(calls[0].func, ast.Name):
        raise EvaluationError(f":code: {call} is not one call of one function")
    return tree


class Checker:
    """Runs claims on the instances of one setting."""

    def __init__(
        self, setting: Setting, name: str, tight: str = "", count: int | None = None
    ) -> None:
        """Draw the instances, and those that ``:tight:`` names; a count is given if they cost."""
        self.setting = setting
        self.instances = setting.instances(name, count or INSTANCES, costly=count is not None)
        # The numbers of the instances of each case that :tight: names.
        self.cases: dict[str, range] = {}
        self._add_cases(tight, tuple(self.instances))
        self._evaluators: dict[int, Evaluator] = {}
        # How many mutants each instance refuted; the next one is tried there first.
        self._telling = [0] * len(self.instances)

    # ------------------------------------------------------------------ the cases of :tight:

    def _add_cases(self, text: str, drawn: Sequence[Instance]) -> None:
        """Add instances of each case of ``:tight:``; cases are separated by semicolons."""
        for case in text.split(";"):
            formulas = [f for maths in re.findall(r"\$([^$]*)\$", case) for f in _at_commas(maths)]
            if case.strip() and not formulas:
                raise SettingError(f":tight: {case.strip()} names no case in $…$")
            if formulas:
                found = list(self._instances_of(formulas, drawn))
                if not found:
                    raise SettingError(f"no instance admits the case :tight: {case.strip()}")
                first = len(self.instances)
                self.instances += found
                self.cases[case.strip()] = range(first, first + len(found))

    def _instances_of(
        self, formulas: Sequence[str], drawn: Sequence[Instance]
    ) -> Iterator[Instance]:
        r"""Give symbols the values that formulas say; ``\varepsilon \to 0`` makes a sequence."""
        small = next((f.partition(r"\to")[0].strip() for f in formulas if r"\to" in f), "")
        callables = {**self.setting.callables, small: False} if small else self.setting.callables
        rows = [syn.parse(f, callables)[0] for f in formulas if r"\to" not in f]
        sizes = [10.0**-k for k in range(2, 9)] if small else [0.0]
        found = 0
        for instance in drawn:
            for size in sizes:
                extra: dict[str, Value] = {small: Real(size)} if small else {}
                assigned = self._assign(rows, instance, extra)
                if (
                    assigned is not None
                    and self.setting.declares(assigned)
                    and self.setting.admits(assigned)
                ):
                    found += 1
                    yield assigned
            if found >= TIGHT_INSTANCES * len(sizes):
                return

    def _assign(
        self, rows: Sequence[Row], instance: Instance, extra: Mapping[str, Value]
    ) -> Instance | None:
        """Return an instance with other values for some symbols, or None if they do not fit."""
        values = dict(instance.values)
        try:
            evaluator = self.setting.evaluator(instance)
            evaluator.values.update(extra)
            for row in rows:
                key, value = self._assigned(row, evaluator)
                before = values.get(key)
                if before is None:
                    raise SettingError(f":tight: gives a value to {key}, which :for: does not name")
                if isinstance(before, Table) and isinstance(value, Table):
                    if before.values.shape != value.values.shape:
                        return None
                    if not np.isfinite(value.values).all():
                        return None
                    value = replace(value, axes=before.axes, given=before.given)
                values[key] = evaluator.values[key] = value
            changed = Instance(values, instance.sizes, "tight")
            self.setting.evaluator(changed)
        except (OutOfRange, Undefined):
            return None
        return changed

    def _assigned(self, row: Row, evaluator: Evaluator) -> tuple[str, Value]:
        """Return the symbol that ``q = p`` or ``b_i = 2 a_i`` gives a value, and the value."""
        left = row.first
        if len(row.links) != 1 or row.links[0][0] not in {"=", ":="}:
            raise SettingError(f":tight: reads $q = p$, and ${syn.latex(row)}$ is not like this")
        right = row.links[0][1]
        if isinstance(right, syn.Uniform) and isinstance(left, syn.Name):
            like = evaluator.values.get(left.text)
            return left.text, evaluator.table(right, like if isinstance(like, Table) else None)
        return evaluator.bind(left, right)

    # ------------------------------------------------------------------ running

    def evaluator(self, index: int, *, fresh: bool = False) -> Evaluator:
        """Return the evaluator of an instance; a fresh one when a row defines a symbol."""
        if fresh:
            return self.setting.evaluator(self.instances[index])
        if index not in self._evaluators:
            self._evaluators[index] = self.setting.evaluator(self.instances[index])
        return self._evaluators[index]

    def defines(self, row: Row) -> bool:
        """Return whether a row gives a new symbol its meaning."""
        if not row.links or row.links[0][0] != ":=":
            return False
        name = row.first.function if isinstance(row.first, syn.Call) else row.first
        known = {symbol.key for symbol in self.setting.symbols}
        known |= {symbol.name.text for symbol in self.setting.symbols} | set(CONSTANTS)
        return isinstance(name, syn.Name) and name.text not in known

    def outcomes(self, claim: Claim, index: int) -> Iterator[tuple[int, int, Comparison]]:
        """Yield row, link and comparison for all relations of a claim on one instance."""
        evaluator = self.evaluator(index, fresh=any(map(self.defines, claim.rows)))
        for number, row in enumerate(claim.rows):
            new = self.defines(row)
            try:
                if new:
                    evaluator.define(row.first, row.links[0][1])
                sides = row.sides[1:] if new else row.sides
                values = [self._side(evaluator, sides, i) for i in range(len(sides))]
            except Undefined as error:
                raise _UndefinedRow(number, str(error)) from None
            for link in range(new, len(row.links)):
                left, right = values[link - new], values[link - new + 1]
                yield number, link, compare(row.links[link][0], left, right)
            if number == 0:
                for i, call in enumerate(claim.calls):
                    yield len(claim.rows), i, compare("=", self._called(call, evaluator), values[0])

    def _side(self, evaluator: Evaluator, sides: Sequence[syn.Node], number: int) -> Value:
        try:
            return evaluator.side(sides, number)
        except EvaluationError as error:
            error.side = number
            raise

    def _called(self, call: str, evaluator: Evaluator) -> Real:
        """Return the value of a call such as ``kl_divergence(p, q)`` on an instance."""
        names: dict[str, Any] = {"inf": math.inf}
        names |= {ascii_name(n): as_python(v) for n, v in evaluator.values.items()}
        tree = _plain_call(call)
        function = cast("ast.Name", cast("ast.Call", tree.body).func).id
        names[function] = reference(function)
        code = compile(tree, "<:code:>", "eval")
        try:
            result = eval(code, {"__builtins__": {}}, names)  # noqa: S307  (see _plain_call)
        except ValueError as error:
            raise Undefined(f"{call}: {error}") from None
        except (NameError, TypeError, LookupError) as error:
            raise EvaluationError(f":code: {call}: {error}") from None
        if np.ndim(result):
            raise EvaluationError(f":code: {call} returns an array, and a number is wanted")
        value = float(result)
        return Real(value, 40 * CALL_ERROR * (1 + abs(value)) if math.isfinite(value) else 0.0)

    def run(self, claim: Claim) -> Run:
        """Check a claim on every instance."""
        run = Run({}, [], len(self.instances))
        for index, instance in enumerate(self.instances):
            try:
                found = list(self.outcomes(claim, index))
            except Undefined as error:
                row = error.row if isinstance(error, _UndefinedRow) else 0
                run.failures.append(Failure(row, 0, f"undefined: {error}", instance))
                continue
            except OutOfRange:
                run.undecided += 1
                continue
            for row, link, compared in found:
                every = run.links.setdefault((row, link), [None] * len(self.instances))
                every[index] = compared
                if compared.holds is False:
                    run.failures.append(Failure(row, link, _difference(compared), instance))
                elif compared.holds is None:
                    run.undecided += 1
                else:
                    run.infinite += compared.infinite
                    run.worst = max(run.worst, compared.ratio if compared.same else 0.0)
        run.failures += self._useless(run, claim.rows)
        return run

    def _useless(self, run: Run, rows: Sequence[Row]) -> Iterator[Failure]:
        """Yield the relations that nothing decides, and inequalities that are equalities."""
        strict = self.strict(run)
        if not run.links and not run.failures:
            yield Failure(0, 0, "no instance decides: numbers are out of range")
        for (row, link), compared in run.links.items():
            decided = sum(c is not None and c.holds is not None for c in compared)
            if decided < FEWEST * len(compared):
                why = "numbers are out of range, or the rounding errors are too large"
                few = f"only {decided} of {len(compared)} instances decide"
                yield Failure(row, link, f"{few if decided else 'no instance decides'}: {why}")
                continue
            sides = rows[row].sides[link : link + 2] if row < len(rows) else ()
            said = any(isinstance(_without_sign(side), syn.Infinity) for side in sides)
            if not said and all(c is None or c.infinite for c in compared):
                yield Failure(row, link, r"both sides are infinite on every instance: say = \infty")
                continue
            weak = row < len(rows) and rows[row].links[link][0] in {r"\le", r"\ge"}
            if weak and (row, link) not in strict:
                yield Failure(row, link, "both sides are equal on every instance: write =")

    def strict(self, run: Run) -> set[tuple[int, int]]:
        """Return the relations whose sides differ somewhere."""
        return {
            place
            for place, compared in run.links.items()
            if any(c is not None and not c.same for c in compared)
        }

    def witnesses(self, run: Run, rows: Sequence[Row]) -> dict[tuple[int, int], list[int]]:
        """Return, for each inequality, the instances on which it is tight.

        Where both sides vanish, a bound with any constant is attained. Such instances count only
        when there are others, or when one side is zero throughout.
        """
        found = {}
        for (row, link), compared in run.links.items():
            if row < len(rows) and rows[row].links[link][0] in INEQUALITIES:
                known = {index: c for index, c in enumerate(compared) if c is not None}
                tight = [index for index, c in known.items() if c.holds and c.tight(CLOSE)]
                telling = any(not known[index].zero for index in tight)
                sides = [[c.left for c in known.values()], [c.right for c in known.values()]]
                found[row, link] = tight if telling or not all(map(any, sides)) else []
        return found

    def attained(self, run: Run, row: int) -> set[int]:
        """Return the links of a row in which both sides are finite and equal somewhere."""
        return {
            link
            for (r, link), compared in run.links.items()
            if r == row and any(c and c.same and math.isfinite(c.left) for c in compared)
        }

    def judge(
        self, claim: Claim, witnesses: Witnesses, strict: Collection[tuple[int, int]] = ()
    ) -> str:
        """Return what the instances say of a claim: REFUTED, INFINITE or HOLDS.

        A claim is refuted by a relation that does not hold, by a bound that is not tight where
        the original is, by an inequality, strict in the original, that is always an equality, and
        by rounding errors so large that no instance decides. It is infinite when both sides of
        every relation are, on every instance.
        """
        infinite = True
        degenerate = set(strict)
        undecided: dict[tuple[int, int], bool] = {}
        tight = {index for found in witnesses.values() for index in found}
        telling = self._telling
        for index in sorted(range(len(telling)), key=lambda i: (-telling[i], i not in tight)):
            try:
                for row, link, compared in self.outcomes(claim, index):
                    place = (row, link)
                    loose = index in witnesses.get(place, ()) and not compared.tight(NOT_CLOSE)
                    if compared.holds is False or loose:
                        telling[index] += 1
                        return REFUTED
                    if not compared.same:
                        degenerate.discard(place)
                    undecided[place] = undecided.get(place, True) and compared.holds is None
                    infinite = infinite and math.isinf(compared.left)
            except Undefined:
                telling[index] += 1
                return REFUTED
            except OutOfRange:
                continue
        if degenerate or not undecided or any(undecided.values()):
            return REFUTED
        return INFINITE if infinite else HOLDS

    def with_definition(self, number: int, definition: Row) -> Checker:
        """Return a checker on the same instances where one abbreviation is another."""
        other = copy.copy(self)
        other.setting = copy.copy(self.setting)
        before = self.setting.definitions
        other.setting.definitions = (*before[:number], definition, *before[number + 1 :])
        other._evaluators = {}  # noqa: SLF001  (of the same class)
        return other


def _without_sign(side: syn.Node) -> syn.Node:
    return side.body if isinstance(side, syn.Neg) else side


def _at_commas(text: str) -> list[str]:
    """Split at commas outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _difference(compared: Comparison) -> str:
    return f"left {compared.left!r}, right {compared.right!r}, tolerance {compared.tolerance:.1e}"


def read_rows(setting: Setting, text: str) -> tuple[Row, ...]:
    """Read a statement; a row ``f(x) := …`` or ``m := …`` may introduce a symbol for later rows."""
    heads = re.findall(r"(?:^|\\\\)\s*(\\?[A-Za-z]+(?:_\{?\w+\}?)?)\s*\([^()]*\)\s*:=", text)
    for head in heads:
        name = cast("syn.Name", syn.parse_sum(head, {}))
        setting.callables.setdefault(name.text, True)
    rows = syn.parse(text, setting.callables)
    known = dict(setting.callables)
    for row in rows:
        if isinstance(row.first, syn.Name) and row.links and row.links[0][0] == ":=":
            setting.learn(row.first, row.links[0][1])
    return rows if known == setting.callables else syn.parse(text, setting.callables)
