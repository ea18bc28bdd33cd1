r"""Check statements: both sides of every relation, on every instance, within a stated tolerance.

A :class:`Claim` is a list of rows in a setting. On each instance every side of every row gets its
value, and neighbours in the chain are compared:

- ``=`` and ``:=`` ask for equality to within the tolerance, four times the rounding errors that
  both sides carry; ``\infty = \infty`` is right,
- ``\le``, ``<``, ``\ge``, ``>``, ``\ne`` are asked to hold, the strict ones beyond the tolerance,
- an inequality must be *tight*: on some instance both sides agree, or on a sequence of instances
  they approach each other. Otherwise a weaker bound would pass as well,
- an undefined value, such as 0/0 outside of the book's conventions, fails.

A comparison whose error bound is as large as its sides decides nothing and is not counted.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from equations import syntax as syn
from equations.evaluate import CALL_ERROR, CONSTANTS, Evaluator, reference
from equations.extended import Real, Undefined
from equations.settings import Instance, Setting, SettingError, ascii_name
from equations.values import Element, EvaluationError, Matrix, Table, Value

SAFETY = 4.0
TINY = 1e-300
# A tolerance above this part of the sides decides nothing.
USELESS = 1e-4
# Sides that differ by less than this part count as equal in the limit.
CLOSE = 1e-6
NOT_CLOSE = 1e-4

INEQUALITIES = {r"\le", r"\ge", "<", ">"}
Row = syn.Row


@dataclass(frozen=True)
class Comparison:
    """Two neighbours of a chain on one instance."""

    holds: bool | None
    ratio: float
    gap: float
    tolerance: float
    left: float
    right: float

    @property
    def equal(self) -> bool:
        """Whether the sides are equal and finite, to within the tolerance."""
        return self.ratio <= 1 and math.isfinite(self.left)

    @property
    def same(self) -> bool:
        """Whether the sides are equal, finite or not."""
        return self.ratio <= 1

    @property
    def zero(self) -> bool:
        """Whether both sides vanish."""
        return max(abs(self.left), abs(self.right)) <= self.tolerance


def compare(relation: str, left: Value, right: Value) -> Comparison:
    """Compare two values; of tables and matrices the worst entry counts."""
    pairs = list(_pairs(left, right))
    found = [_compare(relation, a, b) for a, b in pairs]
    return max(found, key=lambda c: (c.holds is False, c.ratio))


def _pairs(left: Value, right: Value) -> Iterator[tuple[Real, Real]]:
    if isinstance(left, Real) and isinstance(right, Real):
        yield left, right
    elif isinstance(left, Table) and isinstance(right, Table):
        if left.values.shape != right.values.shape:
            raise EvaluationError("the two sides live on different sets")
        for index in np.ndindex(*left.values.shape):
            yield left.entry(index), right.entry(index)
    elif isinstance(left, Matrix) and isinstance(right, Matrix):
        if left.values.shape != right.values.shape:
            raise EvaluationError("the two sides have different shapes")
        for a, b in zip(left.values.ravel(), right.values.ravel(), strict=True):
            yield Real(float(a), left.error), Real(float(b), right.error)
    elif isinstance(left, Matrix) and left.values.size == 1:
        yield from _pairs(Real(float(left.values.item()), left.error), right)
    elif isinstance(right, Matrix) and right.values.size == 1:
        yield from _pairs(left, Real(float(right.values.item()), right.error))
    else:
        raise EvaluationError("the two sides are not of the same kind")


_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda difference, tolerance: abs(difference) <= tolerance,
    ":=": lambda difference, tolerance: abs(difference) <= tolerance,
    r"\ne": lambda difference, tolerance: abs(difference) > tolerance,
    r"\le": lambda difference, tolerance: difference <= tolerance,
    r"\ge": lambda difference, tolerance: difference >= -tolerance,
    "<": lambda difference, tolerance: difference < -tolerance,
    ">": lambda difference, tolerance: difference > tolerance,
}


def _compare(relation: str, left: Real, right: Real) -> Comparison:
    test = _HOLDS.get(relation)
    if test is None:
        hint = "; mark it (not run: …), or name a test in :tested:"
        raise EvaluationError(f"the relation {relation} cannot be run{hint}")
    a, b = left.value, right.value
    if math.isnan(a) or math.isnan(b):
        raise Undefined("an undefined ratio 0/0 is left over")
    if math.isinf(a) or math.isinf(b):
        same = a == b
        difference = 0.0 if same else math.copysign(math.inf, a if math.isinf(a) else -b)
        ratio = 0.0 if same else math.inf
        return Comparison(test(difference, 0.0), ratio, ratio, 0.0, a, b)
    tolerance = SAFETY * (left.error + right.error) + TINY
    scale = max(abs(a), abs(b))
    gap = abs(a - b) / scale if scale else 0.0
    ratio = abs(a - b) / tolerance
    useless = tolerance > USELESS * scale + USELESS
    return Comparison(None if useless else test(a - b, tolerance), ratio, gap, tolerance, a, b)


# ------------------------------------------------------------------------------- claims


@dataclass(frozen=True)
class Claim:
    """Rows that are to hold in a setting, with the code that computes the first of them."""

    rows: tuple[Row, ...]
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A relation that does not hold: which one, and on which instance."""

    row: int
    link: int
    message: str
    instance: Instance | None
    at: int = 0


class _UndefinedRow(Undefined):
    """A row without a value, and its number."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


@dataclass
class Run:
    """What came out of a claim on all instances.

    ``links`` holds, for each relation, the comparison on each instance, or None where the claim
    was not compared.
    """

    links: dict[tuple[int, int], list[Comparison | None]]
    failures: list[Failure]
    instances: int
    infinite: int = 0
    undecided: int = 0
    worst: float = 0.0


class Checker:
    """Runs claims on the instances of one setting."""

    def __init__(
        self,
        setting: Setting,
        name: str,
        tight: str = "",
        count: int | None = None,
    ) -> None:
        """Draw the instances, and those that ``:tight:`` names."""
        self.setting = setting
        drawn = setting.instances(name, count) if count else setting.instances(name)
        self.drawn = len(drawn)
        self.instances = [*drawn, *self._witnesses(tight, drawn)]
        self._evaluators: dict[int, Evaluator] = {}

    # ------------------------------------------------------------------ witnesses of :tight:

    def _witnesses(self, text: str, drawn: Sequence[Instance]) -> Iterator[Instance]:
        for group in text.split(";"):
            formulas = [f for m in re.findall(r"\$([^$]*)\$", group) for f in _at_commas(m)]
            if formulas:
                found = list(self._assigned(formulas, drawn))
                if not found:
                    message = f"no instance admits the case :tight: {group.strip()}"
                    raise SettingError(message)
                yield from found

    def _assigned(self, formulas: Sequence[str], drawn: Sequence[Instance]) -> Iterator[Instance]:
        """Yield instances in which some symbols have the values that the formulas give them."""
        rows, small = [], ""
        for formula in formulas:
            name, arrow, _ = formula.partition(r"\to")
            if arrow:
                small = name.strip()
        callables = {**self.setting.callables, small: False} if small else self.setting.callables
        for formula in formulas:
            if r"\to" not in formula:
                (row,) = syn.parse(formula, callables)
                rows.append(row)
        sizes = [10.0**-k for k in range(2, 9)] if small else [0.0]
        found = 0
        for instance in drawn:
            for size in sizes:
                assigned = self._assign(rows, instance, {small: Real(size)} if small else {})
                if assigned is not None and self._defined(assigned):
                    found += 1
                    yield assigned
            if found >= 12 * len(sizes):  # enough to find one that is tight
                return

    def _defined(self, instance: Instance) -> bool:
        try:
            self.setting.evaluator(instance)
        except Undefined:
            return False
        return self.setting.admits(instance)

    def _assign(
        self, rows: Sequence[Row], instance: Instance, small: Mapping[str, Value]
    ) -> Instance | None:
        evaluator = self.setting.evaluator(instance)
        evaluator.values.update(small)
        values = dict(instance.values)
        for row in rows:
            if len(row.links) != 1 or row.links[0][0] not in {"=", ":="}:
                raise SettingError(f"${syn.latex(row)}$ assigns nothing; write $q = p$")
            left, right = row.first, row.links[0][1]
            try:
                if isinstance(right, syn.Uniform) and isinstance(left, syn.Name):
                    like = evaluator.values.get(left.text)
                    value: Value = evaluator.table(right, like if isinstance(like, Table) else None)
                    evaluator.values[left.text] = value
                else:
                    evaluator.define(left, right)
            except Undefined:
                return None
            value = evaluator.values.get(left.function.text if isinstance(left, syn.Call) else left.text)
            if isinstance(value, Table) and not np.isfinite(value.values).all():
                return None
            key = left.function.text if isinstance(left, syn.Call) else cast("syn.Name", left).text
            key = key if key in values else cast("syn.Name", left).base
            if key not in values:
                raise SettingError(f"$:tight:$ assigns {key}, which the setting does not declare")
            before, after = values[key], evaluator.values[key]
            if isinstance(before, Table) and isinstance(after, Table):
                if before.values.shape != after.values.shape:
                    return None
                after = replace(after, axes=before.axes, given=before.given)
            values[key] = after
        return Instance(values, instance.sizes, "tight")

    # ------------------------------------------------------------------ running

    def evaluator(self, index: int, *, fresh: bool = False) -> Evaluator:
        """Return the evaluator of an instance; a fresh one when a row defines a symbol."""
        if fresh:
            return self.setting.evaluator(self.instances[index])
        if index not in self._evaluators:
            self._evaluators[index] = self.setting.evaluator(self.instances[index])
        return self._evaluators[index]

    def outcomes(
        self, rows: Sequence[Row], index: int
    ) -> Iterator[tuple[int, int, Comparison]]:
        """Yield the comparisons of all rows on one instance."""
        defines = any(self.defines(row) for row in rows)
        evaluator = self.evaluator(index, fresh=defines)
        for number, row in enumerate(rows):
            sides = list(row.sides)
            links = list(row.links)
            offset = 0
            if self.defines(row):
                evaluator.define(row.first, row.links[0][1])
                sides, links, offset = sides[1:], links[1:], 1
            if not links:
                continue
            try:
                values = [_value(evaluator, side, sides) for side in sides]
            except Undefined as error:
                raise _UndefinedRow(number, str(error)) from None
            for link, (relation, _) in enumerate(links):
                compared = compare(relation, values[link], values[link + 1])
                yield number, link + offset, compared

    def defines(self, row: Row) -> bool:
        """Return whether a row gives a new symbol its meaning."""
        if not row.links or row.links[0][0] != ":=":
            return False
        name = row.first.function if isinstance(row.first, syn.Call) else row.first
        if not isinstance(name, syn.Name):
            return False
        known = {symbol.key for symbol in self.setting.symbols} | set(CONSTANTS)
        known |= {symbol.name.text for symbol in self.setting.symbols}
        return name.text not in known

    def run(self, claim: Claim) -> Run:
        """Check a claim on every instance."""
        links: dict[tuple[int, int], list[Comparison | None]] = {}
        run = Run(links, [], self.drawn)
        count = len(self.instances)
        for index, instance in enumerate(self.instances):
            try:
                found = [*self.outcomes(claim.rows, index), *self._code(claim, index)]
            except Undefined as error:
                row = error.row if isinstance(error, _UndefinedRow) else 0
                run.failures.append(Failure(row, 0, f"undefined: {error}", instance))
                continue
            for row, link, compared in found:
                if (row, link) not in links:
                    links[row, link] = [None] * count
                links[row, link][index] = compared
                if compared.holds is False:
                    run.failures.append(Failure(row, link, _differ(compared), instance))
                elif compared.holds is None:
                    run.undecided += 1
                else:
                    run.infinite += math.isinf(compared.left) and math.isinf(compared.right)
                    if compared.equal and math.isfinite(compared.ratio):
                        run.worst = max(run.worst, compared.ratio)
        run.failures += self._nothing_decided(links)
        return run

    def _nothing_decided(self, links: Mapping[tuple[int, int], list[Comparison | None]]) -> Iterator[Failure]:
        for (row, link), compared in links.items():
            decided = [c for c in compared if c is not None and c.holds is not None]
            if not decided:
                yield Failure(row, link, "no instance decides: the rounding errors are too large", None)

    def strict(self, run: Run) -> set[tuple[int, int]]:
        """Return the relations whose sides differ somewhere."""
        return {
            place
            for place, compared in run.links.items()
            if any(c is not None and not c.same for c in compared)
        }

    def judge(
        self,
        claim: Claim,
        witnesses: Mapping[tuple[int, int], Sequence[int]],
        strict: Collection[tuple[int, int]] = (),
    ) -> str:
        """Return what the instances say of a claim: ``refuted``, ``infinite`` or ``holds``.

        A claim is refuted by a relation that does not hold, by a bound that is not tight on its
        witnesses, by an inequality, strict in the original, that is always an equality, and by
        rounding errors so large that no instance decides.
        It is infinite when both sides of every relation are.
        """
        infinite = True
        degenerate = set(strict)
        places: set[tuple[int, int]] = set()
        decided: set[tuple[int, int]] = set()
        for index in range(len(self.instances)):
            try:
                for row, link, compared in self.outcomes(claim.rows, index):
                    if compared.holds is False:
                        return "refuted"
                    places.add((row, link))
                    if compared.holds:
                        decided.add((row, link))
                    if index in witnesses.get((row, link), ()) and not _tight(compared):
                        return "refuted"
                    if not compared.same:
                        degenerate.discard((row, link))
                    infinite = infinite and math.isinf(compared.left)
                if any(compared.holds is False for _, _, compared in self._code(claim, index)):
                    return "refuted"
            except Undefined:
                return "refuted"
        if degenerate or places != decided:
            return "refuted"
        return "infinite" if infinite else "holds"

    def with_definition(self, number: int, definition: Row) -> Checker:
        """Return a checker on the same instances where one abbreviation is another."""
        other = copy.copy(self)
        other.setting = copy.copy(self.setting)
        before = self.setting.definitions
        other.setting.definitions = (*before[:number], definition, *before[number + 1 :])
        other._evaluators = {}
        return other

    def witnesses(self, run: Run, rows: Sequence[Row]) -> dict[tuple[int, int], list[int]]:
        """Return, for each inequality, the instances on which it is tight."""
        found: dict[tuple[int, int], list[int]] = {}
        for (number, link), compared in run.links.items():
            if number < len(rows) and rows[number].links[link][0] in INEQUALITIES:
                found[number, link] = [
                    index
                    for index, c in enumerate(compared)
                    if c is not None and c.holds and _tight(c, CLOSE)
                ]
        return found

    # ------------------------------------------------------------------ code

    def _code(self, claim: Claim, index: int) -> Iterator[tuple[int, int, Comparison]]:
        """Compare each call of ``:code:`` with the first row; its row counts as the last."""
        for number, call in enumerate(claim.calls):
            row = claim.rows[0]
            evaluator = self.evaluator(index, fresh=self.defines(row))
            if self.defines(row):
                evaluator.define(row.first, row.links[0][1])
            side = row.sides[1] if self.defines(row) else row.first
            wanted = _value(evaluator, side, row.sides)
            result = self._called(call, evaluator)
            yield len(claim.rows), number, compare("=", result, wanted)

    def _called(self, call: str, evaluator: Evaluator) -> Value:
        names: dict[str, Any] = {"np": np, "math": math, "inf": math.inf}
        for name, value in evaluator.values.items():
            names[ascii_name(name)] = _as_python(value)
        function = call.partition("(")[0].strip()
        names[function] = reference(function)
        try:
            result = eval(call, {"__builtins__": {}}, names)  # noqa: S307  (a call in the book's own source)
        except ValueError as error:
            raise Undefined(f"{call}: {error}") from None
        except (NameError, TypeError) as error:
            raise EvaluationError(f":code: {call}: {error}") from None
        array = np.asarray(result, dtype=float)
        if array.ndim:
            raise EvaluationError(f":code: {call} returns an array, and the statement is one number")
        return Real(float(array), CALL_ERROR * 40 * (1 + abs(float(array))) if np.isfinite(array) else 0.0)


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


def _value(evaluator: Evaluator, side: syn.Node, sides: Sequence[syn.Node]) -> Value:
    if isinstance(side, syn.Uniform):
        others = [evaluator.value(s) for s in sides if not isinstance(s, syn.Uniform)]
        like = next((value for value in others if isinstance(value, Table)), None)
        return evaluator.table(side, like)
    return evaluator.value(side)


def _as_python(value: Value) -> Any:  # noqa: ANN401  (what the package takes)
    if isinstance(value, Real):
        return value.value
    if isinstance(value, Table):
        return value.values
    if isinstance(value, Matrix):
        return value.values.ravel() if value.vector else value.values
    if isinstance(value, Element):
        return value.index
    return value


def _tight(compared: Comparison, close: float = NOT_CLOSE) -> bool:
    return compared.equal or (compared.gap <= close and not compared.zero)


def _differ(compared: Comparison) -> str:
    return (
        f"left {compared.left!r}, right {compared.right!r}, tolerance {compared.tolerance:.1e}"
    )


def read_rows(setting: Setting, text: str) -> tuple[Row, ...]:
    """Read a statement; a row ``f(x) := …`` or ``m := …`` may introduce a symbol for later rows."""
    heads = re.findall(r"(?:^|\\\\)\s*(\\?[A-Za-z]+(?:_\{?\w+\}?)?)\s*\([^()]*\)\s*:=", text)
    for head in heads:
        name = syn.parse_sum(head, {})
        if isinstance(name, syn.Name):
            setting.callables.setdefault(name.text, True)
    rows = syn.parse(text, setting.callables)
    known = dict(setting.callables)
    for row in rows:
        if isinstance(row.first, syn.Name) and row.links and row.links[0][0] == ":=":
            setting.learn(row.first, row.links[0][1])
    return rows if known == setting.callables else syn.parse(text, setting.callables)
