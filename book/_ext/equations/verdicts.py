r"""The evidence for each equation and each step of a derivation.

An equation without ``:tested:`` or ``:illustrated:`` is executed: its rows hold on all instances,
its bounds are tight, its code agrees, and its mutants fail. A step of a derivation is checked
like an equation of its own, against the line before it; a mutant of a line has to disagree with
the line before or with the line after.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from equations import syntax as syn
from equations.blocks import Chain, Derivation, Equation, Step
from equations.checks import Checker, Claim, Failure, Row, Run, read_rows
from equations.mutants import mutants, reversed_relations, strict_relations
from equations.settings import Setting, SettingError, ascii_name
from equations.syntax import LatexError
from equations.values import EvaluationError, Table

EXECUTED, TESTED, ILLUSTRATED, NOT_RUN = "executed", "tested", "illustrated", "not run"
INTEGRAL_INSTANCES = 16


@dataclass
class Verdict:
    """What was found out about one equation or one step."""

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
    true_but_slack: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, and every mutant failed."""
        return not self.problems and not self.survivors

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        return asdict(self)


def check_equation(equation: Equation) -> Verdict:
    """Check the statement of an equation."""
    verdict = Verdict(equation.id, str(equation.file), equation.line, _level(equation))
    start = time.perf_counter()
    if verdict.level == TESTED:
        verdict.note = equation.options["tested"]
        verdict.problems += _missing_tests(equation)
    elif verdict.level == ILLUSTRATED:
        verdict.note = equation.options["illustrated"]
    else:
        with _Reporting(verdict, equation.statement_line):
            _execute(equation, verdict)
    verdict.seconds = time.perf_counter() - start
    return verdict


def _level(equation: Equation) -> str:
    for level in (TESTED, ILLUSTRATED):
        if equation.options.get(level):
            return level
    return EXECUTED


class _Reporting:
    """Turns what goes wrong while a formula is read or evaluated into a problem with a place."""

    def __init__(self, verdict: Verdict, line: int) -> None:
        self.verdict, self.line = verdict, line

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, LatexError):
            place = f"{self.verdict.file}:{self.line + error.line}:{error.column + 1}"
            self.verdict.problems.append(f"{place}: {error}")
        elif isinstance(error, SettingError | EvaluationError):
            self.verdict.problems.append(f"{self.verdict.file}:{self.line}: {error}")
        else:
            return False
        return True


@lru_cache(maxsize=8)
def _checker(name: str, meaning: tuple[str, str, str], tight: str, count: int | None) -> Checker:
    """Return the checker of a setting; an equation and its derivations often share one."""
    return Checker(Setting(*meaning), name, tight, count)


def _meaning(options: Mapping[str, str]) -> tuple[str, str, str]:
    return options.get("for", ""), options.get("if", ""), options.get("where", "")


def _count(text: str) -> int | None:
    return INTEGRAL_INSTANCES if r"\int" in text or r"\partial" in text else None


def _execute(equation: Equation, verdict: Verdict) -> None:
    options = equation.options
    tight, count = options.get("tight", ""), _count(equation.statement)
    try:
        checker = _checker(equation.id, _meaning(options), tight, count)
        rows = read_rows(checker.setting, equation.statement)
        calls = tuple(call for call in equation.calls if "(" in call)
        claim = Claim(rows, calls)
        _check_shape(equation, checker, claim)
        run = checker.run(claim)
    except EvaluationError as error:
        raise LatexError(error.message, equation.statement, error.at) from None
    _record(verdict, run)
    for failure in _worth_telling(run.failures):
        verdict.problems.append(_told(failure, rows, calls, equation))
    if run.failures:
        return
    witnesses = checker.witnesses(run, rows)
    slack = equation.options.get("slack")
    for (row, link), found in witnesses.items():
        if not found and not slack:
            verdict.problems.append(_not_tight(run, rows, row, link, equation))
    _mutate(equation, checker, claim, run, witnesses, verdict)


def _check_shape(equation: Equation, checker: Checker, claim: Claim) -> None:
    """See that every row says something, and that a definition is compared with something."""
    for row in claim.rows:
        if not row.links:
            raise LatexError("this row has no relation, so it says nothing", equation.statement, row.at)
    first = claim.rows[0]
    alone = all(checker.defines(row) and len(row.links) == 1 for row in claim.rows)
    if alone and not claim.calls:
        message = "this defines a symbol, and nothing is there to compare it with: name a call in :code:"
        raise LatexError(message, equation.statement, first.at)


def _record(verdict: Verdict, run: Run) -> None:
    verdict.instances = run.instances
    verdict.infinite = run.infinite
    verdict.undecided = run.undecided
    verdict.worst = run.worst


def _worth_telling(failures: Sequence[Failure]) -> Iterator[Failure]:
    """Yield the first failure of each relation; the others say the same."""
    seen = set()
    for failure in failures:
        if (failure.row, failure.link) not in seen:
            seen.add((failure.row, failure.link))
            yield failure


def _told(
    failure: Failure, rows: Sequence[Row], calls: Sequence[str], equation: Equation
) -> str:
    if failure.row >= len(rows):
        what = f":code: {calls[failure.link]} disagrees with {syn.latex(rows[0].first)}"
        at = rows[0].at
    else:
        row = rows[failure.row]
        relation, right = row.links[failure.link]
        what = f"{syn.latex(row.sides[failure.link])} {relation} {syn.latex(right)} does not hold"
        at = right.at
    place = _place(equation, at)
    return f"{place}: {what}: {failure.message}{_shown(failure)}"


def _place(equation: Equation, at: int) -> str:
    line = equation.statement_line + equation.statement[:at].count("\n")
    return f"{equation.file}:{line}"


def _shown(failure: Failure) -> str:
    if failure.instance is None or not failure.instance.values:
        return ""
    code = failure.instance.python().replace("\n", "\n      ")
    return f"\n    on the instance ({failure.instance.style}):\n      {code}"


def _not_tight(run: Run, rows: Sequence[Row], row: int, link: int, equation: Equation) -> str:
    relation, right = rows[row].links[link]
    gaps = [c.gap for c in run.links[row, link] if c is not None and not c.zero]
    smallest = f"; the smallest relative gap is {min(gaps):.2g}" if gaps else ""
    text = f"{syn.latex(rows[row].sides[link])} {relation} {syn.latex(right)}"
    return (
        f"{_place(equation, right.at)}: {text} holds, but is an equality on none of the instances"
        f"{smallest}; name a case in :tight:, or say in :slack: why there is none"
    )


# ------------------------------------------------------------------------------- mutants


def groups(checker: Checker) -> list[list[str]]:
    """Return the symbols that can be mistaken for each other."""
    evaluator = checker.evaluator(0)
    declared = {symbol.key: symbol for symbol in checker.setting.symbols}
    found: dict[object, list[str]] = {}
    for name, value in evaluator.values.items():
        symbol = declared.get(name)
        if isinstance(value, Table):
            other = symbol is not None and symbol.kind not in {"law", "sub-probability", "family laws"}
            key: object = (value.axes, value.given, symbol.kind if symbol and other else "law")
        elif symbol is not None:
            key = (symbol.kind, symbol.low, symbol.high, symbol.closed)
        else:
            continue
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
            kind = (symbol.kind, symbol.axes, symbol.low, symbol.high, symbol.closed)
            found.setdefault(kind, []).append(symbol.name.text)
    return [names for names in found.values() if 1 < len(names) <= 4]  # noqa: PLR2004  (24 orders)


def laws_of(checker: Checker) -> frozenset[str]:
    """Return the names of the laws, which sum to one."""
    return frozenset(
        s.key for s in checker.setting.symbols if s.kind == "law"
    )


@dataclass(frozen=True)
class _Excuses:
    """What ``:equivalent:`` names: parts of mutants, each with the reason why it says the same.

    ``$a + b$ because …`` covers the mutants that contain this part where the original does not.
    """

    parts: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> _Excuses:
        found = re.findall(r"\$([^$]*)\$\s*because\s+[^;\s]", text)
        return cls(tuple(_squeezed(part) for part in found))

    def cover(self, mutant: Row, original: Row) -> bool:
        new, old = _squeezed(syn.latex(mutant)), _squeezed(syn.latex(original))
        return any(part in new and part not in old for part in self.parts)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+|\\left|\\right|\\[,;!:]", "", text)


def _mutate(
    equation: Equation,
    checker: Checker,
    claim: Claim,
    run: Run,
    witnesses: Mapping[tuple[int, int], list[int]],
    verdict: Verdict,
) -> None:
    excuses = _Excuses.read(equation.options.get("equivalent", ""))
    similar, laws = groups(checker), laws_of(checker)
    alike = interchangeable(checker)
    all_strict = checker.strict(run)
    for number, row in enumerate(claim.rows):
        defines = checker.defines(row)
        own = {link: found for (r, link), found in witnesses.items() if r == number}
        slack = any(not found for found in own.values())
        for mutant in _all_mutants(row, similar, laws, own, run, number, alike):
            if defines:
                rows = (*claim.rows[:number], mutant, *claim.rows[number + 1 :])
                tight: Mapping[tuple[int, int], list[int]] = witnesses
                strict = all_strict
            else:
                rows = (mutant,)
                tight = {(0, link): found for link, found in own.items()}
                strict = {(0, link) for r, link in all_strict if r == number}
            calls = claim.calls if defines and number == 0 else ()
            _judge(
                checker, Claim(rows, calls), tight, strict, mutant, row, excuses, verdict, slack=slack
            )
    for number, definition in enumerate(checker.setting.definitions):
        for mutant in mutants(Row(definition.links[0][1]), similar, laws):
            changed = Row(definition.first, ((":=", mutant.first),))
            other = checker.with_definition(number, changed)
            slack = any(not found for found in witnesses.values())
            _judge(
                other, claim, witnesses, all_strict, changed, definition, excuses, verdict, slack=slack
            )


def _all_mutants(  # noqa: PLR0913  (all of it is needed once)
    row: Row,
    similar: Sequence[Sequence[str]],
    laws: frozenset[str],
    witnesses: Mapping[int, list[int]],
    run: Run,
    number: int,
    alike: Sequence[Sequence[str]],
) -> Iterator[Row]:
    yield from mutants(row, similar, laws, alike)
    for _, mutant in reversed_relations(row):
        yield mutant
    for link, mutant in strict_relations(row):
        if any(_attained(run, number, link, index) for index in witnesses.get(link, ())):
            yield mutant


def _attained(run: Run, row: int, link: int, index: int) -> bool:
    compared = run.links[row, link][index]
    return compared is not None and compared.equal


def _judge(  # noqa: PLR0913  (all of it is needed once)
    checker: Checker,
    claim: Claim,
    witnesses: Mapping[tuple[int, int], list[int]],
    strict: Collection[tuple[int, int]],
    shown: Row,
    original: Row,
    excuses: _Excuses,
    verdict: Verdict,
    *,
    slack: bool,
) -> None:
    try:
        found = checker.judge(claim, witnesses, strict)
    except EvaluationError:
        return
    if found == "refuted":
        verdict.mutants += 1
        verdict.killed += 1
    elif found == "infinite" or excuses.cover(shown, original):
        verdict.excused += 1
    elif slack:
        verdict.true_but_slack += 1
    else:
        verdict.mutants += 1
        verdict.survivors.append(syn.latex(shown))


# ------------------------------------------------------------------------------- derivations


def check_derivation(derivation: Derivation, equation: Equation | None) -> list[Verdict]:
    """Check every step of a derivation."""
    steps = [step for chain in derivation.chains for step in chain.steps]
    suffix = "" if derivation.index == 0 else f"-{derivation.index + 1}"
    verdicts = [
        Verdict(
            f"{derivation.id}{suffix}.step-{number}",
            str(derivation.file),
            step.line,
            EXECUTED if step.not_run is None else NOT_RUN,
            note=step.not_run or "",
        )
        for number, step in enumerate(steps, 1)
    ]
    if any(step.not_run is None for step in steps):
        options = _options(derivation, equation)
        setup = Verdict("", str(derivation.file), derivation.line, EXECUTED)
        with _Reporting(setup, derivation.line):
            text = " ".join(chain.head + " ".join(s.latex for s in chain.steps) for chain in derivation.chains)
            tight = "" if "for" in derivation.options else options.get("tight", "")
            checker = _checker(derivation.id, _meaning(options), tight, _count(text))
            first = 0
            for chain in derivation.chains:
                count = len(chain.steps)
                _check_chain(chain, checker, verdicts[first : first + count], options)
                first += count
        verdicts[0].problems[:0] = setup.problems
    return verdicts


def _options(derivation: Derivation, equation: Equation | None) -> dict[str, str]:
    """Return the setting of a derivation; with a ``:for:`` of its own it starts afresh."""
    own = dict(derivation.options)
    if equation is None or "for" in own:
        return own
    merged = {**equation.options, **own}
    if "where" in own and "where" in equation.options:
        merged["where"] = f"{equation.options['where']}; {own['where']}"
    merged["equivalent"] = own.get("equivalent", "")
    return merged


@dataclass
class _Line:
    """A line of a chain that can be evaluated, with the step that leads to it."""

    side: syn.Node
    relation: str
    step: Step | None
    verdict: Verdict
    run: Run | None = None


_COMPOSED = {
    ("=", "="): "=",
    ("=", r"\le"): r"\le",
    ("=", r"\ge"): r"\ge",
    ("=", "<"): "<",
    ("=", ">"): ">",
    (r"\le", r"\le"): r"\le",
    (r"\ge", r"\ge"): r"\ge",
    (r"\le", "<"): "<",
    (r"\ge", ">"): ">",
    ("<", "<"): "<",
    (">", ">"): ">",
}


def _composed(first: str, second: str) -> str | None:
    return _COMPOSED.get((first, second)) or _COMPOSED.get((second, first))


def _check_chain(
    chain: Chain, checker: Checker, verdicts: Sequence[Verdict], options: Mapping[str, str]
) -> None:
    lines = _lines(chain, checker, verdicts)
    excuses = _Excuses.read(options.get("equivalent", ""))
    checked: list[tuple[_Line, _Line]] = []
    for before, after in zip(lines, lines[1:], strict=False):
        if after.step is not None and after.relation:
            with _Reporting(after.verdict, after.step.line):
                _check_step(before, after, checker)
                checked.append((before, after))
    for number, (before, after) in enumerate(checked):
        if not after.verdict.problems:
            nearest = checked[number + 1] if number + 1 < len(checked) else None
            following = nearest if nearest is not None and nearest[0] is after else None
            start = time.perf_counter()
            _mutate_line(before, after, following, checker, excuses)
            if number == 0 or checked[number - 1][1] is not before:
                _mutate_head(before, after, checker, excuses)
            after.verdict.seconds += time.perf_counter() - start


def _lines(chain: Chain, checker: Checker, verdicts: Sequence[Verdict]) -> list[_Line]:
    """Read the lines of a chain; those that are not run are passed over, relations composed."""
    lines = []
    with _Reporting(verdicts[0], chain.line):
        lines.append(_Line(syn.parse_sum(chain.head, checker.setting.callables), "", None, verdicts[0]))
    pending: str | None = "="
    for step, verdict in zip(chain.steps, verdicts, strict=True):
        relation = {r"\leq": r"\le", r"\geq": r"\ge"}.get(step.relation, step.relation)
        pending = _composed(pending, relation) if pending else None
        if step.not_run is not None:
            continue
        if not lines:
            return []
        with _Reporting(verdict, step.line):
            side = syn.parse_sum(step.latex, checker.setting.callables)
            if pending is None:
                verdict.problems.append(f"{verdict.file}:{step.line}: cannot be compared across the steps that are not run")
            lines.append(_Line(side, pending or "", step, verdict))
            pending = "="
    return lines


def _check_step(before: _Line, after: _Line, checker: Checker) -> None:
    start = time.perf_counter()
    verdict = after.verdict
    row = Row(before.side, ((after.relation, after.side),))
    try:
        run = checker.run(Claim((row,)))
    except EvaluationError as error:
        raise LatexError(error.message) from None
    _record(verdict, run)
    after.run = run
    for failure in _worth_telling(run.failures):
        verdict.problems.append(
            f"{verdict.file}:{verdict.line}: {syn.latex(row)} does not hold: {failure.message}{_shown(failure)}"
        )
    verdict.seconds += time.perf_counter() - start


def _link(before: syn.Node, after: _Line, side: syn.Node | None = None) -> Row:
    return Row(before, ((after.relation, side or after.side),))


def _mutate_line(
    before: _Line,
    after: _Line,
    following: tuple[_Line, _Line] | None,
    checker: Checker,
    excuses: _Excuses,
) -> None:
    """Change one line: it has to disagree with the line before, or with the line after."""
    row = _link(before.side, after)
    claims = [(row, after)]
    if following is not None:
        claims.append((_link(after.side, following[1]), following[1]))
    for mutant in mutants(Row(after.side), groups(checker), laws_of(checker)):
        changed = [_link(before.side, after, mutant.first)]
        if following is not None:
            changed.append(_link(mutant.first, following[1]))
        _judge_line(checker, claims, changed, mutant, Row(after.side), excuses, after.verdict)
    for _, mutant in reversed_relations(row):
        _judge_line(checker, claims[:1], [mutant], mutant, row, excuses, after.verdict)


def _mutate_head(head: _Line, after: _Line, checker: Checker, excuses: _Excuses) -> None:
    for mutant in mutants(Row(head.side), groups(checker), laws_of(checker)):
        claims = [(_link(head.side, after), after)]
        _judge_line(
            checker, claims, [_link(mutant.first, after)], mutant, Row(head.side), excuses, after.verdict
        )


def _judge_line(
    checker: Checker,
    originals: Sequence[tuple[Row, _Line]],
    changed: Sequence[Row],
    shown: Row,
    whole: Row,
    excuses: _Excuses,
    verdict: Verdict,
) -> None:
    loose, infinite = False, True
    try:
        for (original, line), row in zip(originals, changed, strict=True):
            run = line.run
            witnesses = checker.witnesses(run, (original,)) if run is not None else {}
            loose = loose or any(not found for found in witnesses.values())
            found = checker.judge(Claim((row,)), witnesses, checker.strict(run) if run else ())
            if found == "refuted":
                verdict.mutants += 1
                verdict.killed += 1
                return
            infinite = infinite and found == "infinite"
    except EvaluationError:
        return
    if infinite or excuses.cover(shown, whole):
        verdict.excused += 1
    else:
        verdict.mutants += 1
        verdict.survivors.append(syn.latex(shown) + (" (the step is never tight)" if loose else ""))


# ------------------------------------------------------------------------------- tests


def _missing_tests(equation: Equation) -> Iterator[str]:
    """Name the tests of ``:tested:`` that do not exist."""
    for name in re.split(r"[,;]\s*", equation.options["tested"]):
        path, _, function = name.strip().strip("`").partition("::")
        file = _root(equation.file) / path
        if not file.is_file():
            yield f"{equation.file}:{equation.line}: :tested: names {path}, which does not exist"
        elif function.partition("[")[0] not in _functions_of(file):
            yield f"{equation.file}:{equation.line}: {path} has no test {function}"


def _root(file: Path) -> Path:
    """Return the folder of the project: the nearest one with a folder of tests."""
    parents = file.resolve().parents
    return next((folder for folder in parents if (folder / "tests").is_dir()), parents[0])


@cache
def _functions_of(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
    return frozenset(names)


__all__ = ["Verdict", "ascii_name", "check_derivation", "check_equation", "groups"]
