r"""What the symbols of a result mean, from what the author has written already.

The letters are explained by the options ``:for:`` and ``:where:`` of the equation, the functionals,
such as ``\KL``, by the table of symbols on the page of notation. Each row of that table has an
anchor, made from the words with which its meaning begins, so that references lead to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from equations.blocks import Equation
from equations.graph import Functional, Graph, functionals
from equations.macros import MACROS
from equations.settings import declarations

PAGE = "notation"
FILE = f"{PAGE}.md"
# What the anchors of symbols begin with.
PREFIX = "symbol-"
GIVEN, ABBREVIATION, FUNCTIONAL = "given", "abbreviation", "functional"

_FORMULA = re.compile(r"\$([^$]+)\$")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_REFERENCE = re.compile(r"\{eq\}`([^`]+)`")
_CELL_END = re.compile(r"(?<!\\)\|")
# What stands before the first comma, with the formulas in it.
_FIRST_WORDS = re.compile(r"(?:\$[^$]*\$|[^,;:($])*")
_WORD = re.compile(r"[a-z0-9]+")
_PHRASE = re.compile(r"(?:\$[^$]*\$|[^;$])+")
# The symbol at the beginning of a formula, as P_n of “P_n \to P”.
_SYMBOL = re.compile(
    r"(?:\\(?:hat|bar|operatorname|mathcal)\s*)?(?:\\[A-Za-z]+|[A-Za-z]|\{[^}]*\})"
    r"(?:_(?:\{[^}]*\}|\\?[A-Za-z]+|\d)|\^\*)*",
)


@dataclass(frozen=True)
class Symbol:
    """A symbol, its meaning in Markdown, its unit, and the id of the result that defines it.

    ``anchor`` is that of its row on the page of notation, if it has one.
    """

    latex: str
    role: str
    meaning: str
    unit: str = ""
    introduced: str = ""
    anchor: str = ""


def read_rows(page: Path) -> list[tuple[str, list[str]]]:
    """Return the rows of the table of symbols: the anchor of each one, and its four cells."""
    found: dict[str, list[str]] = {}
    lines = page.read_text(encoding="utf-8").split("\n") if page.is_file() else []
    for line in lines:
        cells = [cell.strip() for cell in _CELL_END.split(line)][1:-1]
        if len(cells) == 4 and "$" in cells[0]:
            found[_anchor(cells[1], found)] = cells
    return list(found.items())


def _anchor(meaning: str, taken: Container[str]) -> str:
    """Return an anchor made from the words with which a meaning begins."""
    start = unicodedata.normalize("NFD", _FIRST_WORDS.findall(meaning)[0].lower())
    name = PREFIX + "-".join(_WORD.findall(start.replace("\u0301", ""))[:6])
    numbered = (f"{name}-{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


def read_notation(page: Path) -> dict[str, tuple[Symbol, ...]]:
    """Return the rows of the table of symbols by the name of the macro that they explain."""
    found: dict[str, list[Symbol]] = {}
    for anchor, (shown, meaning, introduced, unit) in read_rows(page):
        target = _REFERENCE.search(introduced)
        for formula in _FORMULA.findall(shown):
            command = _COMMAND.match(formula)
            if command and command[1] in MACROS:
                name = target[1] if target else ""
                row = Symbol(formula, FUNCTIONAL, meaning, unit, name, anchor)
                found.setdefault(command[1], []).append(row)
    return {name: tuple(rows) for name, rows in found.items()}


def symbols(
    equation: Equation, notation: Mapping[str, Sequence[Symbol]], graph: Graph
) -> list[Symbol]:
    """Return all symbols of an equation, each with its meaning."""
    found = [*_given(equation), *_abbreviations(equation)]
    found += _functionals(equation, notation, graph)
    return found


def _given(equation: Equation) -> Iterator[Symbol]:
    for phrase in map(str.strip, _PHRASE.findall(equation.options["for"])):
        for name in _names(phrase):
            yield Symbol(name, GIVEN, phrase)


def _names(phrase: str) -> list[str]:
    """Return the symbols that a phrase is about, such as p and q in “laws $p$, $q$ on …”."""
    with suppress(ValueError):  # a phrase for readers alone
        # A joint law p(x, y) also declares the variables X and Y, which the phrase does not say.
        declared = (symbol for symbol in declarations(phrase) if symbol.name.base in phrase)
        return list(dict.fromkeys(symbol.name.text for symbol in declared))
    formulas = _FORMULA.findall(phrase)[: 1 if re.search(r"\$ (?:the|an?|of) ", phrase) else None]
    heads = [head.group() for part in formulas if (head := _SYMBOL.match(part.strip()))]
    return [name for name in dict.fromkeys(heads) if name[1:] not in MACROS]


def _abbreviations(equation: Equation) -> Iterator[Symbol]:
    for formula in _FORMULA.findall(equation.options.get("where", "")):
        yield Symbol(formula.partition(":=")[0].strip(), ABBREVIATION, f"${formula}$")


def _functionals(
    equation: Equation, notation: Mapping[str, Sequence[Symbol]], graph: Graph
) -> Iterator[Symbol]:
    parts = [equation.options.get(name, "") for name in ("for", "if", "where")]
    for use in functionals(" ".join([equation.statement, *parts])):
        row = row_of(use, notation, graph)
        if row is None:
            continue
        latex = row.latex.replace(f"\\{_general(use)}{{", f"\\{use.name}{{")
        unit = {None: row.unit, 2: "bit"}[MACROS[use.name].base]
        yield replace(row, latex=latex, unit=unit)


def row_of(
    use: Functional, notation: Mapping[str, Sequence[Symbol]], graph: Graph
) -> Symbol | None:
    """Return the row of the table of symbols that explains a functional where it is used."""
    rows = notation.get(use.name) or notation.get(_general(use), ())
    definition = graph.definitions.of(use)
    name = definition.id if definition else ""
    return next((row for row in rows if row.introduced == name), rows[0] if rows else None)


def _general(use: Functional) -> str:
    """Return the macro of the same functional in the unit that rows explain."""
    same = MACROS[use.name].function
    return next((n for n, m in MACROS.items() if m.function == same and m.base is None), use.name)
