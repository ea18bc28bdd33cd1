r"""The evidence for each equation and each step of a derivation.

An equation without ``:tested:`` or ``:illustrated:`` is executed: its rows hold on all instances,
its bounds are tight, its code agrees, and its mutants fail. A step of a derivation is checked
like an equation of its own, against the line before it; a mutant of a line has to disagree with
the line before or with the line after.

A mutant that does not fail is a survivor, and survivors are failures. Let off, and counted apart,
are mutants that say the same as the original although algebra does not see it, which the author
names in ``:equivalent:`` with a proof; mutants that are other true statements, each of which the
author writes out in ``:also-true:`` with the reason why it holds; and mutants whose two sides are
infinite on every instance. Where ``:slack:`` says why a bound is never attained, weaker bounds
that hold are counted apart as well.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache, partial
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

from equations import syntax as syn
from equations.algebra import Algebra, Expansion, arranged
from equations.blocks import RELATION, Chain, Derivation, Equation, Step
from equations.checks import (
    HOLDS,
    INFINITE,
    REFUTED,
    Checker,
    Claim,
    Failure,
    Run,
    Witnesses,
    read_rows,
)
from equations.limits import MUTANTS, TooCostly, deadline
from equations.macros import MACROS
from equations.mutants import REVERSED, mutants, reversed_relations, strict_relations
from equations.replay import of_call, of_sides
from equations.settings import Instance, Setting, SettingError
from equations.syntax import LatexError, Row
from equations.values import EvaluationError, Table

EXECUTED, TESTED, ILLUSTRATED, NOT_RUN = "executed", "tested", "illustrated", "not run"
# What comes of a formula that cannot be run.
REFUSED = "refused"
# Linear programmes take a while as well.
PROGRAMMES = (r"\in \Pi", r"\mathrm{Lip}", r"\operatorname{Lip}", r"}_\infty \le")
PROGRAMME_INSTANCES = 32
# Formulas with integrals, limits and gradients are slow and smooth.
SLOW = (r"\int", r"\sim \Normal", r"\lim", r"\text{as}", r"\text{ as }", r"\nabla", r"\partial^2")
INTEGRAL_INSTANCES = 16


@dataclass
class Verdict:
    """What was found out about one equation or one step.

    ``infinite`` counts comparisons of two infinities, ``undecided`` those whose rounding errors
    were too large to decide; ``worst`` is the largest error, as a part of its tolerance. Of the
    ``mutants``, ``killed`` failed; ``excused`` say the same for a reason that ``:equivalent:``
    gives, ``true`` are other statements that hold, as ``:also-true:`` says, ``absorbed`` are
    infinite on both sides throughout, ``weaker`` hold where ``:slack:`` says that the bound is not
    tight. These four are not among the mutants. ``remarks`` says how many of them each entry of
    ``:equivalent:`` and ``:also-true:`` covers, ``examples`` what is wrong with the numbers below
    the formula.
    """

    name: str
    file: str
    line: int
    level: str
    note: str = ""
    instances: int = 0
    infinite: int = 0
    undecided: int = 0
    worst: float = 0.0
    mutants: int = 0
    killed: int = 0
    excused: int = 0
    true: int = 0
    absorbed: int = 0
    weaker: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, and every mutant failed."""
        return not self.problems and not self.survivors and not self.examples

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        return asdict(self)


class Placed(ValueError):  # noqa: N818  (an error whose place is known)
    """An error in a formula, with its line and column in the file."""

    def __init__(self, line: int, column: int, message: str) -> None:
        """Remember the place."""
        super().__init__(message)
        self.line, self.column = line, column


class _Timed:
    """Adds the time that passes to a verdict, and turns errors in formulas into problems."""

    def __init__(self, verdict: Verdict, line: int) -> None:
        self.verdict, self.line = verdict, line

    def __enter__(self) -> None:
        self.start = time.perf_counter()
        self._limit = deadline()
        self._limit.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.verdict.seconds += time.perf_counter() - self.start
        self._limit.__exit__(None, None, None)
        if error is None or not isinstance(error, Exception):
            return False
        message = str(error)
        if isinstance(error, RecursionError):
            message = "this is nested too deeply, or defined by itself"
        elif isinstance(error, Placed):
            self.verdict.problems.append(
                f"{self.verdict.file}:{error.line}:{error.column}: {message}"
            )
            return True
        elif not isinstance(error, LatexError | SettingError | EvaluationError | TooCostly):
            message = f"this cannot be checked ({type(error).__name__}: {error})"
        place = str(self.line)
        if isinstance(error, LatexError):
            place = own_place(Path(self.verdict.file), self.line, error)
        self.verdict.problems.append(f"{self.verdict.file}:{place}: {message}")
        return True


def own_place(file: Path, line: int, error: LatexError) -> str:
    """Return line and column of a formula of an option, which may take several lines."""
    wanted = "".join(error.text.split())
    if not wanted or not file.is_file():
        return str(line)
    source = file.read_text(encoding="utf-8").split("\n")
    places = [
        (number, column)
        for number, text in enumerate(source[line - 1 :], line)
        for column, character in enumerate(text, 1)
        if not character.isspace() and not text.startswith(":title:")
    ]
    found = "".join(source[number - 1][column - 1] for number, column in places).find(wanted)
    if found < 0:
        return str(line)
    before = len("".join(error.text[: error.at].split()))
    number, column = places[found + min(before, len(wanted) - 1)]
    return f"{number}:{column + (before == len(wanted))}"


# ------------------------------------------------------------------------------- equations


def check_equation(equation: Equation) -> Verdict:
    """Check the statement of an equation."""
    level = next((name for name in (TESTED, ILLUSTRATED) if equation.options.get(name)), EXECUTED)
    note = equation.options.get(level, "")
    verdict = Verdict(equation.id, str(equation.file), equation.line, level, note)
    if level == TESTED:
        verdict.problems += missing_tests(equation)
    elif level == EXECUTED:
        with _Timed(verdict, equation.line):
            _Statement(equation, verdict).check()
    return verdict


@dataclass(frozen=True)
class Trial:
    """What came of running a statement once, without mutants: ``outcome`` and what was seen.

    The outcome is ``holds``, ``refuted`` when an instance breaks it, or ``refused`` when it cannot
    be run at all.
    """

    outcome: str
    seen: str = ""
    replay: str = ""


def try_equation(equation: Equation) -> Trial:
    """Run a statement, such as one found in print, without asking more of it than that it holds."""
    verdict = Verdict(equation.id, str(equation.file), equation.line, EXECUTED)
    failures: list[tuple[str, str]] = []
    with _Timed(verdict, equation.line):
        failures += _Statement(equation, verdict).failures()
    if verdict.problems:
        return Trial(REFUSED, verdict.problems[0])
    if failures:
        return Trial(REFUTED, *failures[0])
    return Trial(HOLDS, f"{verdict.instances} instances")


@lru_cache(maxsize=8)
def _checker(name: str, meaning: tuple[str, str, str], tight: str, count: int | None) -> Checker:
    """Return the checker of a setting; an equation and its derivations often share one."""
    return Checker(Setting(*meaning), name, tight, count)


def checker_of(name: str, options: Mapping[str, str], tight: str, text: str) -> Checker:
    """Return the checker for the setting that the options of a block describe."""
    meaning = (options.get("for", ""), options.get("if", ""), options.get("where", ""))
    slow = any(command in text for command in SLOW)
    programme = any(command in text for command in PROGRAMMES)
    count = INTEGRAL_INSTANCES if slow else PROGRAMME_INSTANCES if programme else None
    return _checker(name, meaning, tight, count)


class _Statement:
    """The statement of an equation while it is checked."""

    def __init__(self, equation: Equation, verdict: Verdict) -> None:
        self.equation, self.verdict = equation, verdict
        tight = equation.options.get("tight", "")
        text = equation.statement
        self.checker = checker_of(equation.id, equation.options, tight, text)
        try:
            self.rows = read_rows(self.checker.setting, text)
        except LatexError as error:
            raise self._placed(error) from None
        self.calls = tuple(call for call in equation.calls if "(" in call)

    def _placed(self, error: LatexError | EvaluationError) -> Placed:
        """Return an error in the statement with its place in the file."""
        shown = LatexError(error.message, self.equation.statement, error.at)
        return Placed(self.equation.statement_line + shown.line, shown.column + 1, str(shown))

    def check(self) -> None:
        claim = Claim(self.rows, self.calls)
        try:
            self._check_shape()
            run = self.checker.run(claim)
        except EvaluationError as error:
            raise self._placed(error) from None
        _record(self.verdict, run)
        self.verdict.problems += map(self._told, _worth_telling(run.failures))
        if run.failures:
            return
        witnesses = self.checker.witnesses(run, self.rows)
        if not self.equation.options.get("slack"):
            for place, found in witnesses.items():
                if not found:
                    self.verdict.problems.append(self._not_tight(run, *place))
        for case, indices in self.checker.cases.items():
            if not any(index in indices for found in witnesses.values() for index in found):
                where = f"{self.equation.file}:{self.equation.line}"
                self.verdict.problems.append(f"{where}: no inequality is tight for :tight: {case}")
        self._mutate(run, witnesses)

    def failures(self) -> Iterator[tuple[str, str]]:
        """Yield each relation that some instance breaks: its two sides, and Python to see them."""
        self._check_shape()
        run = self.checker.run(Claim(self.rows, self.calls))
        _record(self.verdict, run)
        for place, compared in run.links.items():
            if all(c is None or c.holds is None for c in compared):
                raise EvaluationError("nothing is decided here", self.rows[place[0]].at)
        for failure in _worth_telling(run.failures):
            yield failure.message, self._replay(failure).strip()

    def _check_shape(self) -> None:
        """See that every row says something, and that a definition is compared with something."""
        for row in self.rows:
            if not row.links:
                raise EvaluationError("this row has no relation, so it says nothing", row.at)
            link = _turn([relation for relation, _ in row.links])
            if link is not None:
                raise EvaluationError(TURNS, row.sides[link + 1].at)
        self._check_repetitions()
        new = [row for row in self.rows if self.checker.defines(row)]
        alone = len(new) == len(self.rows) and all(len(row.links) == 1 for row in new)
        must = alone or (new and self.equation.kind == "definition")
        if must and not self.calls and not any(map(_calls_package, self.rows)):
            raise EvaluationError(
                "this only introduces a symbol; name a call in :code: that computes it", new[0].at
            )

    def _check_repetitions(self) -> None:
        """See that no relation compares a formula with itself, also through abbreviations."""
        expansion = Expansion(self.checker.setting.callables)
        for definition in self.checker.setting.definitions:
            expansion.learn(definition.first, definition.links[0][1])
        for row in self.rows:
            new = self.checker.defines(row)
            if new:
                expansion.learn(row.first, row.links[0][1])
            for link in range(new, len(row.links)):
                left, right = row.sides[link : link + 2]
                if _repeats(left, right, expansion):
                    what = f"{_link_text(row, link)} says nothing: both sides are the same formula"
                    raise EvaluationError(what, right.at)

    def _place(self, at: int) -> str:
        before = self.equation.statement[:at]
        line = self.equation.statement_line + before.count("\n")
        return f"{self.equation.file}:{line}:{at - before.rfind(chr(10))}"

    def _told(self, failure: Failure) -> str:
        if failure.row >= len(self.rows):
            place = self._place(self.rows[0].at)
            what = f":code: {self.calls[failure.link]} is not {syn.latex(self.rows[0].first)}"
        else:
            row = self.rows[failure.row]
            place = self._place(row.sides[failure.link + 1].at)
            what = f"{_link_text(row, failure.link)} does not hold"
        return f"{place}: {what}: {failure.message}{self._replay(failure)}"

    def _replay(self, failure: Failure) -> str:
        if failure.row >= len(self.rows):
            return _shown(failure, lambda found: of_call(self.calls[failure.link], found))
        row = self.rows[failure.row]
        relation = Row(row.sides[failure.link], (row.links[failure.link],))
        earlier = [row for row in self.rows[: failure.row] if self.checker.defines(row)]
        where = [Row(row.first, row.links[:1]) for row in earlier]
        return _shown(failure, _replayed(self.checker, relation, where))

    def _not_tight(self, run: Run, row: int, link: int) -> str:
        gaps = [c.gap for c in run.links[row, link] if c is not None and not c.zero]
        smallest = f" (smallest relative gap {min(gaps):.2g})" if gaps else ""
        return (
            f"{self._place(self.rows[row].sides[link + 1].at)}: {_link_text(self.rows[row], link)}"
            f" holds, but is tight on none of the instances, or only where both sides are zero"
            f"{smallest};"
            " name a case in :tight:, or say in :slack: why there is none"
        )

    def _mutate(self, run: Run, witnesses: Witnesses) -> None:
        checker = self.checker
        jury = _Jury(self.verdict, self.equation.options)
        similar, laws = similar_symbols(checker), laws_of(checker)
        alike = interchangeable(checker)
        strict = checker.strict(run)
        for number, row in enumerate(self.rows):
            own = {(0, link): found for (r, link), found in witnesses.items() if r == number}
            own_strict = {(0, link) for r, link in strict if r == number}
            changed = [*_counted(mutants(row, similar, laws, alike)), *reversed_relations(row)]
            changed += _strict(row, own, checker.attained(run, number))
            for mutant in changed:
                if checker.defines(row):
                    rows = (*self.rows[:number], mutant, *self.rows[number + 1 :])
                    claim = Claim(rows, self.calls if number == 0 else ())
                    case = _Case(checker, claim, witnesses, strict)
                else:
                    case = _Case(checker, Claim((mutant,)), own, own_strict)
                jury.judge([case], mutant, row, slack=not all(own.values()))
        for number, definition in enumerate(checker.setting.definitions):
            for mutant in _counted(mutants(Row(definition.links[0][1]), similar, laws)):
                changed_row = Row(definition.first, ((":=", mutant.first),))
                other = checker.with_definition(number, changed_row)
                case = _Case(other, Claim(self.rows, self.calls), witnesses, strict)
                jury.judge([case], changed_row, definition, slack=not all(witnesses.values()))
        jury.dismiss()


def _repeats(left: syn.Node, right: syn.Node, expansion: Expansion) -> bool:
    """Return whether two formulas are the same, or become so by writing abbreviations out."""
    if arranged(left) == arranged(right):
        return True
    full = [expansion.of(side) for side in (left, right)]
    if full == [left, right]:
        return False
    algebra = Algebra(facts=False)
    return algebra.normal_form(full[0]) == algebra.normal_form(full[1])


def _calls_package(row: Row) -> bool:
    """Return whether a functional stands in a row that the package computes."""
    inside = (node for node in syn.walk(row) if isinstance(node, syn.Functional))
    return any(MACROS[node.name].function for node in inside)


def _strict(row: Row, witnesses: Witnesses, attained: Collection[int]) -> Iterator[Row]:
    """Yield the row with one inequality made strict, where equality is attained."""
    for link, mutant in strict_relations(row):
        if (0, link) in witnesses and link in attained:
            yield mutant


def _link_text(row: Row, link: int) -> str:
    relation, right = row.links[link]
    return f"{syn.latex(row.sides[link])} {relation} {syn.latex(right)}"


def _record(verdict: Verdict, run: Run) -> None:
    verdict.instances = run.instances
    verdict.infinite = run.infinite
    verdict.undecided = run.undecided
    verdict.worst = run.worst


def _worth_telling(failures: Sequence[Failure]) -> list[Failure]:
    """Return the first failure of each relation; the others say the same."""
    first: dict[tuple[int, int], Failure] = {}
    for failure in failures:
        first.setdefault((failure.row, failure.link), failure)
    return list(first.values())


def _shown(failure: Failure, replay: Callable[[Instance], str]) -> str:
    """Show the instance that breaks a claim, as Python that computes both sides again."""
    if failure.instance is None:
        return ""
    code = replay(failure.instance).replace("\n", "\n      ")
    return f"\n    on the instance ({failure.instance.style}):\n      {code}"


def _replayed(
    checker: Checker, relation: Row, where: Sequence[Row] = ()
) -> Callable[[Instance], str]:
    setting = checker.setting
    return lambda found: of_sides(relation, found, setting.text, (*setting.definitions, *where))


# ------------------------------------------------------------------------------- mutants


def _counted(made: Iterable[Row]) -> Iterator[Row]:
    """Yield some mutants, as long as there are not too many."""
    for number, mutant in enumerate(made):
        if number >= MUTANTS:
            raise TooCostly(f"this has more than {MUTANTS} mutants; divide it into shorter rows")
        yield mutant


def similar_symbols(checker: Checker) -> list[list[str]]:
    """Return the symbols that can be mistaken for each other."""
    declared = {symbol.key: symbol for symbol in checker.setting.symbols}
    found: dict[object, list[str]] = {}
    for name, value in checker.evaluator(0).values.items():
        symbol = declared.get(name)
        if isinstance(value, Table):
            kind = symbol.kind if symbol is not None else "law"
            law = kind in {"law", "sub-probability", "family laws"}
            key: object = (value.axes, value.given, "law" if law else kind)
        elif symbol is None:
            continue
        elif symbol.kind == "variable":
            key = symbol.kind
        else:
            key = symbol.sort
        found.setdefault(key, []).append(name)
    return [names for names in found.values() if len(names) > 1]


def interchangeable(checker: Checker) -> list[list[str]]:
    """Return symbols that are declared alike, if no condition or abbreviation tells them apart."""
    setting = checker.setting
    if setting.conditions or setting.definitions:
        return []
    found: dict[object, list[str]] = {}
    for symbol in setting.symbols:
        if symbol.kind in {"law", "number", "vector", "matrix", "channel", "function"}:
            found.setdefault(symbol.sort, []).append(symbol.name.text)
    return [names for names in found.values() if 1 < len(names) <= 4]


def laws_of(checker: Checker) -> frozenset[str]:
    """Return the names of the laws, which sum to one."""
    return frozenset(symbol.key for symbol in checker.setting.symbols if symbol.kind == "law")


@dataclass(frozen=True)
class _Case:
    """A claim that a mutant makes, and where its original is tight and where strict."""

    checker: Checker
    claim: Claim
    witnesses: Witnesses
    strict: Collection[tuple[int, int]]

    def opinion(self) -> str:
        return self.checker.judge(self.claim, self.witnesses, self.strict)


class _Entries:
    """The entries of ``:equivalent:`` or ``:also-true:``, and how many mutants each covers.

    Both options read ``$a + b$ because …; $…$ because …``.
    """

    def __init__(self, name: str, text: str) -> None:
        parts = re.findall(r"\$([^$]*)\$\s*because\s+[^;\s]", text)
        self.name = name
        self.covered = dict.fromkeys(parts, 0)
        self.readable = len(parts) == len(re.findall(r"(?:^|;)\s*\$", text)) and (
            bool(parts) or not text.strip()
        )

    def enter(self, parts: Collection[str]) -> bool:
        """Count one mutant for each of some entries; return whether there are any."""
        for part in parts:
            self.covered[part] += 1
        return bool(parts)

    def wrong(self) -> Iterator[str]:
        """Yield what is wrong with the option."""
        if not self.readable:
            yield f"write :{self.name}: as $formula$ because reason; …"
        for part, count in self.covered.items():
            if not count and self.name == "equivalent":
                yield f":equivalent: names ${part}$, which no surviving mutant contains; remove it"
            elif not count:
                yield f":also-true: names ${part}$, which is no surviving mutant; remove it"

    def remarks(self) -> Iterator[str]:
        """Say how many mutants each entry covers."""
        for part, count in self.covered.items():
            yield f"{self.name}: ${part}$ covers {count} mutant{'s' * (count != 1)}"


class _Jury:
    """Lets the cases of each mutant decide, and enters the outcome into a verdict.

    Each formula of ``:equivalent:`` covers the mutants that contain it where the original does
    not. A formula of ``:also-true:`` is one mutant, as it is printed.
    """

    def __init__(self, verdict: Verdict, options: Mapping[str, str]) -> None:
        self.verdict = verdict
        self.same = _Entries("equivalent", options.get("equivalent", ""))
        self.true = _Entries("also-true", options.get("also-true", ""))

    def judge(
        self, cases: Sequence[_Case], shown: Row, original: Row, *, slack: bool = False
    ) -> None:
        """Enter a mutant: the first case that refutes it decides."""
        opinions = []
        try:
            for case in cases:
                opinions.append(case.opinion())
                if opinions[-1] == REFUTED:
                    self.verdict.mutants += 1
                    self.verdict.killed += 1
                    return
        except (EvaluationError, SettingError):
            return  # A mutant without meaning; no reader would take it for a formula.
        new, old = _squeezed(syn.latex(shown)), _squeezed(syn.latex(original))
        if HOLDS not in opinions:
            self.verdict.absorbed += opinions[-1] == INFINITE
        elif self.true.enter([part for part in self.true.covered if _squeezed(part) == new]):
            self.verdict.true += 1
        elif self.same.enter(
            [p for p in self.same.covered if _squeezed(p) in new and _squeezed(p) not in old]
        ):
            self.verdict.excused += 1
        elif slack:
            self.verdict.weaker += 1
        else:
            self.verdict.mutants += 1
            self.verdict.survivors.append(syn.latex(shown))

    def dismiss(self) -> None:
        """Report how many mutants each entry covers, and the entries that cover none."""
        for entries in (self.same, self.true):
            self.verdict.problems += [
                f"{self.verdict.file}:{self.verdict.line}: {wrong}" for wrong in entries.wrong()
            ]
            self.verdict.remarks += entries.remarks()


def _squeezed(text: str) -> str:
    return re.sub(r"\s+|\\left|\\right|\\[,;!:]", "", text)


# ------------------------------------------------------------------------------- derivations


TURNS = "this chain turns round, so its ends are not compared; write two chains"


def _turn(relations: Sequence[str]) -> int | None:
    r"""Return the number of the relation at which a chain of ``\le`` goes on with ``\ge``."""
    directions = [{r"\le": 1, "<": 1, r"\ge": -1, ">": -1}.get(r, 0) for r in relations]
    first = next((d for d in directions if d), 0)
    return next((i for i, d in enumerate(directions) if d == -first and d), None)


def check_derivation(derivation: Derivation, equation: Equation | None) -> list[Verdict]:
    """Check every step of a derivation, and whether it reaches the statement."""
    steps = [step for chain in derivation.chains for step in chain.steps]
    file = str(derivation.file)
    verdicts = [
        Verdict(name, file, step.line, NOT_RUN if step.not_run else EXECUTED, step.not_run or "")
        for name, step in zip(step_names(derivation), steps, strict=True)
    ]
    options = _options(derivation, equation)
    with _Timed(verdicts[0], derivation.line):
        verdicts[0].problems += _unreached(derivation, equation, options)
    rest = iter(verdicts)
    for chain in derivation.chains:
        of_chain = [next(rest) for _ in chain.steps]
        turn = _turn([_relation(step) for step in chain.steps])
        if turn is not None:
            step = chain.steps[turn]
            text = derivation.file.read_text(encoding="utf-8").split("\n")
            line, column = locate(text, step.line, step.latex, 0, step=True)
            place = f"{derivation.file}:{line}:{column + 1}"
            of_chain[turn].problems.append(f"{place}: {TURNS}")
    if all(step.not_run for step in steps):
        return verdicts
    with _Timed(verdicts[0], derivation.line):
        tight = "" if "for" in derivation.options else options.get("tight", "")
        formulas = " ".join([chain.head for chain in derivation.chains] + [s.latex for s in steps])
        checker = checker_of(derivation.id, options, tight, formulas)
        jury = _Jury(verdicts[0], derivation.options)
        rest = iter(verdicts)
        for chain in derivation.chains:
            of_chain = [next(rest) for _ in chain.steps]
            _Lines(chain, derivation.file, checker, jury, of_chain).check()
        if all(verdict.ok for verdict in verdicts):
            jury.verdict = verdicts[0]
            jury.dismiss()
    return verdicts


def step_names(derivation: Derivation) -> list[str]:
    """Return the name of each step, such as ``eq-kl-def.step-2``."""
    count = sum(len(chain.steps) for chain in derivation.chains)
    suffix = "" if derivation.index == 0 else f"-{derivation.index + 1}"
    return [f"{derivation.id}{suffix}.step-{number}" for number in range(1, count + 1)]


def _options(derivation: Derivation, equation: Equation | None) -> dict[str, str]:
    """Return the setting of a derivation; with a ``:for:`` of its own it starts afresh."""
    own = dict(derivation.options)
    if equation is None or "for" in own:
        return own
    where = [options["where"] for options in (equation.options, own) if "where" in options]
    return {**equation.options, **own, "where": "; ".join(where)}


@dataclass
class _Line:
    """A line of a chain that can be evaluated, with its step and the relation to the line before.

    The first line of a chain has no step; its mutants are entered with the first step.
    """

    side: syn.Node
    latex: str
    line: int
    relation: str
    verdict: Verdict


@dataclass(frozen=True)
class _Pair:
    """Two neighbouring lines, and what came out of comparing them."""

    before: _Line
    after: _Line
    run: Run

    def row(self, before: syn.Node | None = None, after: syn.Node | None = None) -> Row:
        """Return the claim of the pair, with another formula on one side."""
        return Row(before or self.before.side, ((self.after.relation, after or self.after.side),))

    def case(self, checker: Checker, changed: Row) -> _Case:
        """Return the case of a mutant that changes this pair."""
        witnesses = checker.witnesses(self.run, (self.row(),))
        return _Case(checker, Claim((changed,)), witnesses, checker.strict(self.run))


# What two relations in a row amount to, when the line between them is not run.
_COMPOSED = {("=", "="): "="}
_COMPOSED |= {(r, r): r for r in (r"\le", r"\ge", "<", ">")}
_COMPOSED |= {pair: r for r in (r"\le", r"\ge", "<", ">") for pair in (("=", r), (r, "="))}
_COMPOSED |= dict.fromkeys(((r"\le", "<"), ("<", r"\le")), "<")
_COMPOSED |= dict.fromkeys(((r"\ge", ">"), (">", r"\ge")), ">")


def _relation(step: Step) -> str:
    return syn.RELATIONS.get(step.relation, step.relation)


# ------------------------------------------------------------------------------- reaching


def _unreached(
    derivation: Derivation, equation: Equation | None, options: Mapping[str, str]
) -> Iterator[str]:
    """Yield what is wrong if a derivation neither reaches its statement nor says what it shows.

    It reaches the statement when two lines of a chain say a relation of it: their difference is
    the same, by algebra, as that of two sides of a row, or a positive multiple. Of an inequality
    the differences may also agree on all instances.
    """
    shows = derivation.options.get("shows")
    if equation is None or shows:
        return
    place = f"{derivation.file}:{derivation.line}"
    if shows is not None:
        yield f"{place}: :shows: says nothing"
    with suppress(SettingError, EvaluationError, LatexError):
        if _Reach(derivation, equation, options).found():
            return
    yield (
        f"{place}: no two lines of this derivation say a row of {equation.id};"
        " reach one, or say in :shows: what is shown instead"
    )


class _Reach:
    """Compares the lines of a derivation with the rows of its statement."""

    def __init__(
        self, derivation: Derivation, equation: Equation, options: Mapping[str, str]
    ) -> None:
        self.setting = Setting(*(options.get(name, "") for name in ("for", "if", "where")))
        self.derivation, self.equation = derivation, equation
        self.checker = partial(checker_of, derivation.id, options, "", equation.statement)
        laws = frozenset(symbol.key for symbol in self.setting.symbols if symbol.kind == "law")
        self.algebra = Algebra(laws)
        self.expansion = Expansion(self.setting.callables)
        for definition in self.setting.definitions:
            self.expansion.learn(definition.first, definition.links[0][1])

    def found(self) -> bool:
        """Return whether a relation between two lines is one of the statement."""
        stated = {
            self.algebra.claim(self.expansion.of(left), strength, self.expansion.of(right))
            for left, relation, right in self._stated()
            for strength in _implying(relation)
        }
        lines = [
            (self.expansion.of(left), relation, self.expansion.of(right))
            for left, relation, right in self._derived()
        ]
        if any(self.algebra.claim(*line) in stated for line in lines):
            return True
        return any(
            self._agree(line, row) for row in self._stated() for line in lines if line[1] != "="
        )

    def _stated(self) -> Iterator[tuple[syn.Node, str, syn.Node]]:
        """Yield all relations between two sides of a row of the statement."""
        for text in self.equation.rows:
            with suppress(LatexError):
                for row in syn.parse(text, self.setting.callables):
                    yield from _relations(row.sides, [relation for relation, _ in row.links])

    def _derived(self) -> Iterator[tuple[syn.Node, str, syn.Node]]:
        """Yield all relations between two lines of a chain."""
        for chain in self.derivation.chains:
            lines: list[syn.Node | None] = []
            for text in (chain.head, *(step.latex for step in chain.steps)):
                lines.append(None)
                with suppress(LatexError):
                    lines[-1] = syn.parse_sum(text, self.setting.callables)
            yield from _relations(lines, [_relation(step) for step in chain.steps])

    def _agree(
        self, line: tuple[syn.Node, str, syn.Node], row: tuple[syn.Node, str, syn.Node]
    ) -> bool:
        """Return whether two inequalities are about the same difference, on all instances."""
        if not {line[1], _turned(line[1])} & set(_implying(row[1])):
            return False
        left, right = (line[0], line[2]) if line[1] in _implying(row[1]) else (line[2], line[0])
        difference = syn.Add((left, syn.Neg(right)))
        wanted = syn.Add((row[0], syn.Neg(row[2])))
        checker = self.checker()
        try:
            run = checker.run(Claim((Row(difference, (("=", wanted),)),)))
        except EvaluationError:
            return False
        known = [failure for failure in run.failures if "undefined" not in failure.message]
        return not known and (0, 0) in checker.strict(
            checker.run(Claim((Row(difference, ((line[1], syn.Number("0")),)),)))
        )


def _relations(
    sides: Sequence[syn.Node | None], relations: Sequence[str]
) -> Iterator[tuple[syn.Node, str, syn.Node]]:
    """Yield all relations between two sides of a chain; what cannot be read is passed over."""
    for first, left in enumerate(sides):
        composed = "="
        for last in range(first + 1, len(sides)):
            relation = "=" if relations[last - 1] == ":=" else relations[last - 1]
            composed = _COMPOSED.get((composed, relation), "")
            right = sides[last]
            if composed and left is not None and right is not None:
                yield left, composed, right


def _implying(relation: str) -> tuple[str, ...]:
    """Return the relations from which one follows."""
    return {r"\le": ("=", r"\le", "<"), r"\ge": ("=", r"\ge", ">")}.get(relation, (relation,))


def _turned(relation: str) -> str:
    return REVERSED.get(relation, relation)


class _Lines:
    """The lines of a chain while they are checked."""

    def __init__(
        self,
        chain: Chain,
        file: Path,
        checker: Checker,
        jury: _Jury,
        verdicts: Sequence[Verdict],
    ) -> None:
        self.chain, self.file, self.checker, self.jury = chain, file, checker, jury
        self.verdicts = verdicts
        self._source = file.read_text(encoding="utf-8").split("\n") if file.is_file() else []

    def check(self) -> None:
        pairs: list[_Pair] = []
        for before, after in pairwise(self._read()):
            with _Timed(after.verdict, after.line):
                pairs.append(self._compare(before, after))
        # Where a line fails, its neighbours show no more than that.
        sound = [p for p in pairs if not p.before.verdict.problems + p.after.verdict.problems]
        following = {id(pair.before): pair for pair in sound}
        for pair in sound:
            with _Timed(pair.after.verdict, pair.after.line):
                self.jury.verdict = pair.after.verdict
                if pair.before.relation == "":
                    self._mutate(pair.before, None, pair)
                self._mutate(pair.after, pair, following.get(id(pair.after)))
                for mutant in reversed_relations(pair.row()):
                    self.jury.judge([pair.case(self.checker, mutant)], mutant, pair.row())

    def _read(self) -> list[_Line]:
        """Read the lines; those that are not run are passed over, and relations composed."""
        chain, first = self.chain, self.verdicts[0]
        lines: list[_Line] = []
        with _Timed(first, chain.line):
            side = self._parse(chain.head, chain.line, step=False)
            lines.append(_Line(side, chain.head, chain.line, "", first))
        pending = "="
        for step, verdict in zip(chain.steps, self.verdicts, strict=True):
            relation = _relation(step)
            pending = _COMPOSED.get((pending, relation), f"{pending} {relation}".removeprefix("= "))
            if step.not_run is not None:
                verdict.remarks += self._unread(step)
            if step.not_run is not None or not lines:
                continue
            with _Timed(verdict, step.line):
                side = self._parse(step.latex, step.line, step=True)
                lines.append(_Line(side, step.latex, step.line, pending, verdict))
                pending = "="
        return lines

    def _unread(self, step: Step) -> Iterator[str]:
        """Say of a line that is not run whether the notation can say it."""
        try:
            syn.parse_sum(step.latex, self.checker.setting.callables)
        except LatexError as error:
            yield f"cannot be read: {error.message}"

    def _parse(self, latex: str, line: int, *, step: bool) -> syn.Node:
        try:
            return syn.parse_sum(latex, self.checker.setting.callables)
        except LatexError as error:
            raise self._placed(error, latex, line, step=step) from None

    def _place(self, latex: str, line: int, at: int, *, step: bool) -> tuple[int, int]:
        return locate(self._source, line, latex, at, step=step)

    def _placed(
        self, error: LatexError | EvaluationError, latex: str, line: int, *, step: bool
    ) -> Placed:
        """Return an error with its place in the file, of which a step may take several lines."""
        found, column = self._place(latex, line, error.at, step=step)
        text = self._source[found - 1] if found <= len(self._source) else latex
        return Placed(found, column + 1, str(LatexError(error.message, text, column)))

    def _compare(self, before: _Line, after: _Line) -> _Pair:
        verdict = after.verdict
        row = Row(before.side, ((after.relation, after.side),))
        try:
            run = self.checker.run(Claim((row,)))
        except EvaluationError as error:
            line = before if error.side == 0 else after
            step = line.relation != ""
            raise self._placed(error, line.latex, line.line, step=step) from None
        _record(verdict, run)
        replay = _replayed(self.checker, row)
        for failure in _worth_telling(run.failures):
            found, column = self._place(after.latex, after.line, 0, step=True)
            place = f"{verdict.file}:{found}:{column + 1}"
            what = f"{syn.latex(row)} does not hold: {failure.message}"
            verdict.problems.append(f"{place}: {what}{_shown(failure, replay)}")
        return _Pair(before, after, run)

    def _mutate(self, line: _Line, to: _Pair | None, away: _Pair | None) -> None:
        """Change one line: it has to disagree with the line before, or with the line after."""
        checker = self.checker
        made = mutants(Row(line.side), similar_symbols(checker), laws_of(checker))
        for mutant in _counted(made):
            cases = [to.case(checker, to.row(after=mutant.first))] if to else []
            cases += [away.case(checker, away.row(before=mutant.first))] if away else []
            self.jury.judge(cases, mutant, Row(line.side))


def locate(source: Sequence[str], line: int, latex: str, at: int, *, step: bool) -> tuple[int, int]:
    """Return line and column in the file of a character of a step, which lost its line breaks."""
    wanted = len("".join(latex[:at].split()))
    seen = 0
    for number in range(line, min(line + 20, len(source) + 1)):
        text = source[number - 1]
        relation = RELATION.match(text.lstrip()) if step and number == line else None
        start = len(text) - len(text.lstrip()) + relation.end() if relation else 0
        for column in range(start, len(text.partition("%")[0])):
            if not text[column].isspace():
                if seen == wanted:
                    return number, column
                seen += 1
    return line, 0


# ------------------------------------------------------------------------------- tests


def missing_tests(equation: Equation) -> list[str]:
    """Return what is wrong with the names of ``:tested:``."""
    found = []
    for name in re.split(r"[,;]\s*", equation.options.get("tested", "")):
        path, _, function = name.strip().strip("`").partition("::")
        file = _root(equation.file) / path
        place = f"{equation.file}:{equation.line}"
        if not file.is_file():
            found.append(f"{place}: :tested: names {path}, which does not exist")
        elif function.partition("[")[0] not in _functions_of(file):
            found.append(f"{place}: :tested: names {function}, which {path} does not have")
    return found


def _root(file: Path) -> Path:
    """Return the folder of the project: the nearest one with a folder of tests."""
    parents = file.resolve().parents
    return next((folder for folder in parents if (folder / "tests").is_dir()), parents[0])


@cache
def _functions_of(file: Path) -> frozenset[str]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return frozenset()
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            names |= {f"{node.name}::{method.name}" for method in methods}
    return frozenset(names)
