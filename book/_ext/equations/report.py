"""Collect the evidence of pages, and keep it, so that it is computed once.

The command line, pytest and Sphinx all ask here. Evidence is kept in a file, by default
``_build/equations.json``, under a hash of all that it depends on: what the blocks say, the engine,
the macros and the reference package. Only evidence without problems is kept; what is wrong is
computed again each time, and so reported with the lines where it now stands.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from equations.blocks import Derivation, Equation, Example, Page, Step
from equations.examples import ExampleFailed, run_example
from equations.functionals import PACKAGE
from equations.verdicts import (
    EXECUTED,
    ILLUSTRATED,
    NOT_RUN,
    TESTED,
    Verdict,
    check_derivation,
    check_equation,
    missing_tests,
    step_names,
)

STORE = Path("_build", "equations.json")
# The modules of this folder on which no verdict depends.
SHOWING = {"__init__", "__main__", "book", "directives", "domain", "graph", "pytest_plugin"}
# To start a second process takes longer than to check so few units.
FEW = 3


@dataclass(frozen=True)
class Unit:
    """An equation with its derivations, which share their instances."""

    name: str
    equation: Equation | None
    derivations: tuple[Derivation, ...]

    @cached_property
    def key(self) -> str:
        """A hash of all that the evidence depends on; the places in the file do not count."""
        said: list[object] = [engine_hash()]
        if self.equation is not None:
            equation = self.equation
            said += [equation.id, equation.statement, sorted(equation.options.items())]
            said += [len(missing_tests(equation)), equation.example]
        for derivation in self.derivations:
            said += [derivation.id, sorted(derivation.options.items())]
            said += [
                (chain.head, [(s.relation, s.latex, s.not_run) for s in chain.steps])
                for chain in derivation.chains
            ]
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @property
    def places(self) -> Iterator[tuple[str, int]]:
        """File and line of each verdict, in their order."""
        if self.equation is not None:
            yield str(self.equation.file), self.equation.line
        for derivation in self.derivations:
            for step in _steps(derivation):
                yield str(derivation.file), step.line

    def check(self) -> list[Verdict]:
        """Compute the evidence."""
        found = []
        if self.equation is not None:
            equation = self.equation
            found = [check_equation(equation)]
            with _collected(found[0].examples):
                run_example(equation.id, equation.example, equation.file, equation.example_line)
        for derivation in self.derivations:
            found += check_derivation(derivation, self.equation)
        return found


@contextmanager
def _collected(found: list[str]) -> Iterator[None]:
    """Collect what is wrong with an example."""
    try:
        yield
    except ExampleFailed as error:
        found.append(str(error).strip().strip("*").strip())


def _steps(derivation: Derivation) -> list[Step]:
    return [step for chain in derivation.chains for step in chain.steps]


def units(page: Page) -> list[Unit]:
    """Return the equations of a page with their derivations, and derivations without equation."""
    equations = {block.id: block for block in page.blocks if isinstance(block, Equation)}
    derivations: dict[str, list[Derivation]] = {name: [] for name in equations}
    for block in page.blocks:
        if isinstance(block, Derivation):
            derivations.setdefault(block.id, []).append(block)
    return [
        Unit(f"{page.file.name}::{name}", equations.get(name), tuple(found))
        for name, found in derivations.items()
    ]


@cache
def engine_hash() -> str:
    """Return a hash of the engine and of the reference package."""
    package = importlib.util.find_spec(PACKAGE)
    folders = [Path(__file__).parent]
    folders += [Path(f) for f in (package.submodule_search_locations or [])] if package else []
    files = [file for folder in folders for file in sorted(folder.iterdir())]
    counted = [
        file
        for file in files
        if file.suffix in {".py", ".lark", ".toml"}
        and (file.parent != folders[0] or file.stem not in SHOWING)
    ]
    libraries = ("lark", "numpy", "scipy")
    versions = [platform.python_version(), *(metadata.version(name) for name in libraries)]
    texts = [" ".join(versions).encode(), *(file.read_bytes() for file in counted)]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


class Evidence:
    """The verdicts of pages, computed or read from a file."""

    def __init__(self, store: Path | None = STORE) -> None:
        """Read what is kept; None keeps nothing."""
        self.store = store
        self._kept: dict[str, dict[str, Any]] = {}
        self._found: dict[str, list[Verdict]] = {}
        if store is not None and store.is_file():
            with suppress(ValueError, KeyError, TypeError):  # a damaged file keeps nothing
                data = json.loads(store.read_text(encoding="utf-8"))
                if data["sha256"] == _checksum(data["kept"]):
                    self._kept = data["kept"]

    def of(
        self, pages: Iterable[Page], only: str = "", jobs: int = 1
    ) -> Iterator[tuple[Unit, list[Verdict]]]:
        """Yield the evidence of each unit, in the order of the pages."""
        wanted = [unit for page in pages for unit in units(page)]
        wanted = [unit for unit in wanted if not only or unit.name.endswith(f"::{only}")]
        missing = [unit for unit in wanted if self._read(unit) is None]
        if jobs <= 1 or len(missing) <= FEW:
            for unit in wanted:
                yield unit, self.unit(unit)
            return
        # Small matrices gain nothing from threads; processes that fight for them lose much.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            computed = iter(zip(missing, pool.map(Unit.check, missing), strict=True))
            for unit in wanted:
                while self._read(unit) is None:
                    self._keep(*next(computed))
                yield unit, self.unit(unit)

    def unit(self, unit: Unit) -> list[Verdict]:
        """Return the evidence of one unit."""
        verdicts = self._read(unit)
        if verdicts is None:
            verdicts = unit.check()
            self._keep(unit, verdicts)
        return verdicts

    def _read(self, unit: Unit) -> list[Verdict] | None:
        if unit.key in self._found:
            return self._found[unit.key]
        kept = self._kept.get(unit.name)
        if kept is None or kept["key"] != unit.key:
            return None
        found = zip(kept["verdicts"], unit.places, strict=True)
        return [replace(Verdict(**fields), file=file, line=at) for fields, (file, at) in found]

    def _keep(self, unit: Unit, verdicts: Sequence[Verdict]) -> None:
        self._found[unit.key] = list(verdicts)
        if all(verdict.ok for verdict in verdicts):
            entries = [verdict.as_json() for verdict in verdicts]
            self._kept[unit.name] = {"key": unit.key, "verdicts": entries}
        else:
            self._kept.pop(unit.name, None)

    def save(self) -> None:
        """Write what is kept; another process may be doing the same.

        Where this cannot be done it is said, and the next run computes everything again.
        """
        if self.store is None:
            return
        draft = self.store.with_suffix(f".{os.getpid()}")
        data = {"sha256": _checksum(self._kept), "kept": self._kept}
        try:
            self.store.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(data, indent=1, sort_keys=True), encoding="utf-8")
            draft.replace(self.store)
        except OSError as error:
            sys.stderr.write(f"{self.store}: no evidence can be kept here: {error.strerror}\n")
            with suppress(OSError):
                draft.unlink()


def _checksum(kept: object) -> str:
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def lost_names(page: Page, only: str = "") -> Iterator[str]:
    """Yield the functions that ``:code:`` names and the package does not have."""
    package = importlib.import_module(PACKAGE)
    for block in page.blocks:
        if isinstance(block, Equation) and only in {"", block.id}:
            for name in block.functions:
                if not hasattr(package, name):
                    message = f"{block.id} names {name}, which {PACKAGE} does not have"
                    yield f"{block.file}:{block.line}: {message}"


def failed_examples(page: Page, only: str = "") -> list[str]:
    """Run the examples of a page that belong to no equation; return what is wrong with them."""
    found: list[str] = []
    for block in page.blocks:
        if isinstance(block, Example) and only in {"", block.id}:
            with _collected(found):
                run_example(block.id, block.source, block.file, block.line)
    return found


# ------------------------------------------------------------------------------- tests


class CheckFailed(AssertionError):  # noqa: N818  (a failed check, as in unittest, no error)
    """What is wrong with an equation or a step, as the command line reports it."""


@dataclass(frozen=True)
class Test:
    """Something that pytest can run by itself: a statement, its mutants, or a step."""

    name: str
    line: int
    unit: Unit
    verdict: str
    part: str

    def run(self, evidence: Evidence) -> None:
        """Raise an error that says what is wrong, if something is."""
        found = {verdict.name: verdict for verdict in evidence.unit(self.unit)}[self.verdict]
        wrong = []
        if self.part != "mutants":
            wrong += found.problems
        if self.part != "latex":
            wrong += [f"{found.file}:{found.line}: survivor: {s}" for s in found.survivors]
        if wrong:
            raise CheckFailed("\n".join(wrong))


def tests(page: Page) -> Iterator[Test]:
    """Yield the tests of a page, without computing anything."""
    for unit in units(page):
        equation = unit.equation
        if equation is not None:
            yield Test(f"{equation.id}[latex]", equation.line, unit, equation.id, "latex")
            if not equation.options.get(TESTED) and not equation.options.get(ILLUSTRATED):
                yield Test(f"{equation.id}[mutants]", equation.line, unit, equation.id, "mutants")
        for derivation in unit.derivations:
            for name, step in zip(step_names(derivation), _steps(derivation), strict=True):
                if step.not_run is None:
                    yield Test(name, step.line, unit, name, "step")


# ------------------------------------------------------------------------------- tables

HEAD = (
    f"{'':4} {'id':40} {'level':11} {'instances':>9} {'infinite':>8} {'undecided':>9}"
    f" {'error':>8} {'killed / mutants':>17} {'s':>6}"
)


def table_line(verdict: Verdict) -> str:
    """Return a line of the table; what is not run is neither right nor wrong."""
    state = ("ok" if verdict.level == EXECUTED else "--") if verdict.ok else "FAIL"
    start = f"{state:4} {verdict.name:40} {verdict.level:11}"
    if verdict.level != EXECUTED:
        return f"{start} {verdict.note}"
    killed = f"{verdict.killed} / {verdict.mutants}"
    counts = f"{verdict.instances:9} {verdict.infinite:8} {verdict.undecided:9}"
    return f"{start} {counts} {verdict.worst:8.2g} {killed:>17} {verdict.seconds:6.2f}"


def complaints(verdict: Verdict) -> Iterator[str]:
    """Yield what is wrong, and what is let off, each indented below the line of the table."""
    survivors = (f"survivor: {latex}" for latex in verdict.survivors)
    for text in (*verdict.problems, *verdict.examples, *survivors, *verdict.remarks):
        yield "    " + text.replace("\n", "\n    ")


def totals(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the totals, in sentences."""
    steps = [verdict for verdict in verdicts if ".step-" in verdict.name]
    equations = [verdict for verdict in verdicts if ".step-" not in verdict.name]
    yield f"{len(equations)} equations: {_counts(equations, EXECUTED, TESTED, ILLUSTRATED)}."
    yield f"{len(steps)} steps of derivations: {_counts(steps, EXECUTED, NOT_RUN)}."
    made, killed = (sum(getattr(v, name) for v in verdicts) for name in ("mutants", "killed"))
    yield f"{made} mutants, {killed} killed."
    excused, true, absorbed, weaker = (
        sum(getattr(v, name) for v in verdicts)
        for name in ("excused", "true", "absorbed", "weaker")
    )
    yield (
        f"Not counted as mutants: {excused} that say the same, with the proof beside them;"
        f" {true} that are other true statements, with the reason beside them;"
        f" {absorbed} that are infinite on both sides;"
        f" {weaker} that weaken a bound which is declared slack."
    )
    failed = sum(not verdict.ok for verdict in verdicts)
    if failed:
        yield f"{failed} failed."
    if any(verdict.survivors for verdict in verdicts):
        yield (
            "A survivor is a wrong formula that passes. Say more in the statement or conditions; "
            "or name it, with the reason, in :equivalent: if it says the same as the formula, "
            "in :also-true: if it is another true statement, as CONTRIBUTING.md describes."
        )


def _counts(verdicts: Sequence[Verdict], *levels: str) -> str:
    counted = {level: sum(v.level == level for v in verdicts) for level in levels}
    return ", ".join(f"{count} {level}" for level, count in counted.items())
