r"""What each result needs, read from the sources: the edges of the book's graph.

A result needs another one for its *statement* or for its *proof*, and the two are kept apart.
For the statement it needs what ``:for:``, ``:if:`` and ``:where:`` refer to, and the results that
define the functionals in it, such as ``\KL``. For the proof it needs what the reasons of its
derivations refer to, and what their ``:for:``, ``:if:`` and ``:where:`` refer to. References in
other places, such as ``:note:``, compare or look ahead; they are no needs.

Nobody lists the definitions: a functional is defined by the result that has it on the left of a
``:=``, or otherwise by the first one that gives a formula for it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from equations.blocks import Derivation, Equation, Problem
from equations.macros import MACROS

STATEMENT, PROOF = "statement", "proof"
EXECUTED = "executed"
# The options whose references and symbols are part of what is stated.
MEANING = ("for", "if", "where")

_REFERENCE = re.compile(r"\{eq\}`(?:[^`<]*<)?(?P<id>[^`<>]+)>?`")
_COMMAND = re.compile(r"\\(?P<name>[A-Za-z]+)")
_LEFT_SIDE = re.compile(r"\s*&?\s*\\(?P<name>[A-Za-z]+)(?P<rest>[^=]*?)(?P<relation>:=|=)")
_ARGUMENT = re.compile(r"\s*\{(?P<text>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_SQUARE = re.compile(r"\s*(?:\^2)?\s*&?\s*")
_SYMBOL = re.compile(r"\\?[A-Za-z]+")


def references(text: str) -> list[str]:
    """Return the ids that a text refers to with the role ``{eq}``."""
    return [found["id"].strip() for found in _REFERENCE.finditer(text)]


@dataclass(frozen=True)
class Edge:
    """One need: ``source`` needs ``target`` for its statement or its proof, and why."""

    source: str
    target: str
    part: str
    file: Path
    line: int
    why: str

    def __str__(self) -> str:
        """Say it in words, with the place."""
        place = f"{self.file.name}:{self.line}"
        return f"{self.source} needs {self.target} for its {self.part} ({self.why}; {place})"


@dataclass(frozen=True)
class Needs:
    """Ids for the statement and ids for the proof, in the order of the book."""

    statement: tuple[str, ...]
    proof: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Each id once, those for the statement first."""
        return tuple(dict.fromkeys((*self.statement, *self.proof)))


@dataclass(frozen=True)
class Standing:
    """How well a result is checked: its own evidence, and the ids that keep it from more.

    ``gaps`` holds those among the result and its ancestors that were not executed, or that have
    a step which is not run.
    """

    level: str
    gaps: tuple[str, ...]

    @property
    def fully_checked(self) -> bool:
        """Whether the result and all that it builds on were executed, with every step."""
        return not self.gaps


@dataclass(frozen=True)
class Functional:
    """A use of a functional: its macro, and which of the macro's functions it stands for."""

    name: str
    variant: str = "function"

    @property
    def function(self) -> str:
        """Name of the function of the package that computes it."""
        return str(getattr(MACROS[self.name], self.variant))


def functionals(latex: str) -> Iterator[Functional]:
    """Yield the functionals in a formula, each once for each of its meanings."""
    seen: set[Functional] = set()
    for found in _COMMAND.finditer(latex):
        macro = MACROS.get(found["name"])
        if macro is None or not macro.function:
            continue
        arguments, _ = _arguments(latex[found.end() :], macro.args)
        use = Functional(found["name"])
        if macro.conditional and any(r"\mid" in text for text in arguments):
            use = Functional(found["name"], "conditional")
        elif macro.normal and any(r"\Normal" in text for text in arguments):
            use = Functional(found["name"], "normal")
        if use not in seen:
            seen.add(use)
            yield use


def _arguments(text: str, count: int) -> tuple[list[str], str]:
    """Return the arguments in braces at the start of a text, and what follows them."""
    found: list[str] = []
    while len(found) < count and (argument := _ARGUMENT.match(text)):
        found.append(argument["text"])
        text = text[argument.end() :]
    return found, text


class Definitions:
    """Which result defines each functional, as the equations themselves say."""

    def __init__(self, equations: Sequence[Equation]) -> None:
        """Find the definitions."""
        self._by_macro: dict[str, Equation] = {}
        given: dict[str, Equation] = {}
        for equation in equations:
            for row in equation.rows:
                name, relation = _left_functional(row)
                if relation == ":=":
                    self._by_macro.setdefault(name, equation)
                elif name:
                    given.setdefault(name, equation)
        for name, equation in given.items():
            self._by_macro.setdefault(name, equation)
        self._by_function: dict[str, Equation] = {}
        for equation in equations:
            for function in equation.functions:
                self._by_function.setdefault(function, equation)

    def of(self, use: Functional) -> Equation | None:
        """Return the result that defines a functional where it is used; None if there is none."""
        general = self._by_macro.get(use.name) or self._unit(use)
        if use.variant == "conditional":
            return self._by_function.get(use.function, general)
        # The differential entropy of a normal law is not the binary entropy of a number.
        if use.variant == "normal" and general is not None and "law" not in general.options["for"]:
            return self._by_function.get(use.function)
        return general

    def _unit(self, use: Functional) -> Equation | None:
        """Return the definition of the functional that this one is in another unit."""
        same = (
            name
            for name, macro in MACROS.items()
            if macro.function == MACROS[use.name].function and macro.base is None
        )
        return next((self._by_macro[name] for name in same if name in self._by_macro), None)


def _left_functional(row: str) -> tuple[str, str]:
    r"""Return the functional that a row gives a formula for, and its relation; or nothing.

    The arguments have to be symbols: ``\kl{0.9}{0.5} = …`` is one value. A formula that contains
    the functional itself, as in a chain rule, does not say what it is.
    """
    found = _LEFT_SIDE.match(row)
    macro = MACROS.get(found["name"]) if found else None
    if found is None or macro is None or not macro.function:
        return "", ""
    arguments, rest = _arguments(found["rest"], macro.args)
    if len(arguments) < macro.args or not _SQUARE.fullmatch(rest):
        return "", ""
    again = found["name"] in _COMMAND.findall(row[found.end() :])
    symbols = all(_SYMBOL.fullmatch(text.strip()) for text in arguments)
    if found["relation"] == "=" and (again or not symbols):
        return "", ""
    return found["name"], found["relation"]


class Graph:
    """The results and their needs."""

    @classmethod
    def of(cls, blocks: Iterable[object]) -> Graph:
        """Return the graph of the equations and derivations among some blocks."""
        found = list(blocks)
        equations = [block for block in found if isinstance(block, Equation)]
        return cls(equations, [block for block in found if isinstance(block, Derivation)])

    def __init__(self, equations: Sequence[Equation], derivations: Sequence[Derivation]) -> None:
        """Read the edges from the blocks, which come in the order of the book."""
        self.results = tuple(dict.fromkeys(equation.id for equation in equations))
        self._equations = {equation.id: equation for equation in reversed(equations)}
        self._derivations = tuple(block for block in derivations if block.id in self._equations)
        self.definitions = Definitions(equations)

    @cached_property
    def all_edges(self) -> tuple[Edge, ...]:
        """Every need that is written down, also those of something that does not exist."""
        found = [edge for name in self.results for edge in self._of_statement(name)]
        found += [edge for block in self._derivations for edge in _of_proof(block)]
        first: dict[tuple[str, str, str], Edge] = {}
        for edge in found:
            first.setdefault((edge.source, edge.target, edge.part), edge)
        return tuple(first.values())

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """The needs of results by results: one for each pair and part."""
        return tuple(edge for edge in self.all_edges if edge.target in self._equations)

    def _of_statement(self, name: str) -> Iterator[Edge]:
        block = self._equations[name]
        meaning = [block.options.get(option, "") for option in MEANING]
        for option, text in zip(MEANING, meaning, strict=True):
            for target in references(text):
                yield Edge(name, target, STATEMENT, block.file, block.line, f"in :{option}:")
        for use in functionals(" ".join([block.statement, *meaning])):
            target_block = self.definitions.of(use)
            if target_block is not None and target_block.id != name:
                line, why = block.statement_line, rf"it uses \{use.name}"
                yield Edge(name, target_block.id, STATEMENT, block.file, line, why)

    # --- Needs

    @cached_property
    def _neighbours(self) -> tuple[dict[tuple[str, str], list[str]], ...]:
        place = {name: index for index, name in enumerate(self.results)}
        needs, used = defaultdict(list), defaultdict(list)
        for edge in self.edges:
            needs[edge.source, edge.part].append(edge.target)
            used[edge.target, edge.part].append(edge.source)
        for found in (*needs.values(), *used.values()):
            found.sort(key=place.__getitem__)
        return dict(needs), dict(used)

    def needs(self, name: str) -> Needs:
        """Return what a result needs directly."""
        found, _ = self._neighbours
        return Needs(*(tuple(found.get((name, part), ())) for part in (STATEMENT, PROOF)))

    def used_by(self, name: str) -> Needs:
        """Return the results that need this one directly, for their statement or their proof."""
        _, found = self._neighbours
        return Needs(*(tuple(found.get((name, part), ())) for part in (STATEMENT, PROOF)))

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return all that a result builds on, directly or not, in the order of the book."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            new = set(self.needs(waiting.pop()).all) - found
            found |= new
            waiting += new
        return tuple(other for other in self.results if other in found)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All results, each after what it needs; otherwise in the order of the book.

        If the graph has a cycle, the results on it stand where the book has them.
        """
        done: dict[str, None] = {}
        open_: set[str] = set()

        def visit(name: str) -> None:
            if name in done or name in open_:
                return
            open_.add(name)
            for other in self.needs(name).all:
                visit(other)
            done[name] = None

        for name in self.results:
            visit(name)
        return tuple(done)

    @cached_property
    def layers(self) -> dict[str, int]:
        """The length of the longest way from each result down to one that needs nothing."""
        found: dict[str, int] = {}
        for name in self.order:
            found[name] = max((found.get(n, -1) + 1 for n in self.needs(name).all), default=0)
        return found

    def standings(self, levels: Mapping[str, str]) -> dict[str, Standing]:
        """Return how well each result is checked, from the level of evidence of each."""
        skipped = {
            block.id
            for block in self._derivations
            if any(step.not_run is not None for chain in block.chains for step in chain.steps)
        }
        weak = {name for name in self.results if levels[name] != EXECUTED} | skipped
        found = {}
        for name in self.results:
            gaps = tuple(other for other in (name, *self.ancestors(name)) if other in weak)
            found[name] = Standing(levels[name], tuple(dict.fromkeys(gaps)))
        return found

    # --- Faults

    def cycles(self) -> Iterator[tuple[Edge, ...]]:
        """Yield cycles, each as the edges that close it: at least one of each knot of results.

        Statements and proofs are followed together, so that one order suits both: a definition
        whose further rows need a result about it is to be written as two results.
        """
        one_each: dict[tuple[str, str], Edge] = {}
        for edge in self.edges:
            one_each.setdefault((edge.source, edge.target), edge)
        return _cycles(list(one_each.values()))

    def circles(self) -> Iterator[Problem]:
        """Yield a problem for each cycle, which names all of it."""
        for cycle in self.cycles():
            text = "; ".join(map(str, cycle))
            message = f"{cycle[0].source} needs itself: {text}"
            yield Problem(cycle[0].file, cycle[0].line, message)

    def dangling(self, known: Iterable[str] = ()) -> Iterator[Problem]:
        """Yield a problem for each need of something that does not exist, or is no result.

        ``known`` holds the ids that exist but are no results, such as exercises.
        """
        others = set(known)
        for edge in self.all_edges:
            if edge.target not in self._equations:
                what = "which is no result" if edge.target in others else "which does not exist"
                message = f"{edge.source} needs {edge.target} for its {edge.part}, {what}"
                yield Problem(edge.file, edge.line, message)


def _of_proof(block: Derivation) -> Iterator[Edge]:
    for option in MEANING:
        for target in references(block.options.get(option, "")):
            why = f"in :{option}: of its derivation"
            yield Edge(block.id, target, PROOF, block.file, block.line, why)
    for chain in block.chains:
        for step in chain.steps:
            for target in references(step.reason):
                yield Edge(block.id, target, PROOF, block.file, step.line, "reason of a step")


def _cycles(edges: Sequence[Edge]) -> Iterator[tuple[Edge, ...]]:
    """Yield one cycle for each edge that leads back to a result which is still being followed."""
    after: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        after[edge.source].append(edge)
    done: set[str] = set()
    path: list[Edge] = []

    def follow(name: str, passed: dict[str, int]) -> Iterator[tuple[Edge, ...]]:
        for edge in after[name]:
            path.append(edge)
            if edge.target in passed:
                yield tuple(path[passed[edge.target] :])
            elif edge.target not in done:
                yield from follow(edge.target, {**passed, edge.target: len(path)})
            path.pop()
        done.add(name)

    for name in list(after):
        if name not in done:
            yield from follow(name, {name: 0})
