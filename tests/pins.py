"""What nothing in this book computes, listed in ``book_pins.txt``, so that no change goes unread.

A program can tell that a formula is wrong, and not that a sentence refers to the wrong result.
For each section, result and derivation the list has a line with what only a reader can check: the
numbers, units and functionals in the text, the references and sources, what a result assumes, and
a mark for each reason in a derivation. A change of any of these makes ``test_pins.py`` fail, which
says what changed. ``python -m tests.pins``, or ``make pins``, writes the list anew, to be run when
the change was read and meant.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # it has no types
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from claims.ledger import pins, read_ledger
from equations.blocks import (
    BlockError,
    Derivation,
    Equation,
    parse_derivation,
    parse_equation,
    parse_exercise,
)
from equations.macros import MACROS
from errata import read_errata

ROOT = Path(__file__).parent.parent
PINS = Path(__file__).with_name("book_pins.txt")
WRITTEN = ("api", "benchmarks.md")  # programs write these

_ROLE = re.compile(r"(?<![\w}])\{([a-z]{2,}[a-z:]*)\}`(?:[^`<]*<)?([^`<>]+)>?`")
_LINK = re.compile(r"https?://\S+|\]\(([^)]*)\)")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)*")
_UNIT = re.compile(r"\b(?:nats?|bits?)\b|base=\w+|\\log_\w+")
_COMMAND = re.compile(r"\\([A-Za-z]+)((?:\{(?:[^{}]|\{[^{}]*\})*\})*)")
_COMMENT = re.compile(r"#(.*)$", re.MULTILINE)
_DIRECTIVE = re.compile(r"\{([a-z:-]+)\}\s*(.*)$")
_CITED = re.compile(r"\{cite:\w+\}`([^`]+)`([^;{]*)")
# Whose numbers say how far the sliders and the axes of a figure go.
_RANGES = ("Axis", "Parameter", "np.arange", "np.geomspace", "np.linspace")
# The text of a result that readers see and nothing evaluates.
_TEXTS = ("title", "note", "slack")
# What is evaluated, but only as far as instances can tell: a weaker condition can hold as well.
_SEALED = ("for", "if", "where", "tested", "shows")


@dataclass
class Place:
    """A section, a result or a derivation: its text, and what else is listed for it."""

    name: str
    text: list[str] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the line of the list."""
        parts = {**self.more, **listed("\n".join(self.text))}
        return "; ".join([self.name, *(f"{key}: {value}" for key, value in parts.items() if value)])


def seal(text: str) -> str:
    """Return a mark of a text, which is another one when its words are others."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:4]


def listed(text: str) -> dict[str, str]:
    """Return the numbers, units, functionals and references of a text."""
    roles = [f"{found[1]} {found[2]}" for found in _ROLE.finditer(text)]
    links = [found[1] or found[0] for found in _LINK.finditer(text)]
    plain = _LINK.sub(" ", _ROLE.sub(" ", text))
    used = [f"{found[1]}{found[2]}" for found in _COMMAND.finditer(plain) if _functional(found[1])]
    return {
        "numbers": _counted(_NUMBER.findall(plain)),
        "units": _counted(_UNIT.findall(plain)),
        "functionals": _counted(" ".join(name.split()) for name in used),
        "references": ", ".join([*roles, *links]),
    }


def _functional(name: str) -> bool:
    return name in MACROS and bool(MACROS[name].function)


def _counted(found: Iterator[str] | list[str]) -> str:
    counts = Counter(found)
    return ", ".join(f"{n} x {text}" if n > 1 else text for text, n in sorted(counts.items()))


# ------------------------------------------------------------------------------- pages


class _Page:
    """Walks through a page, and sorts its text into places."""

    def __init__(self, file: Path, name: str) -> None:
        self.file = file
        self.name = name
        self.places: dict[str, Place] = {}
        self.here = self.place("beginning")
        self.derivations: Counter[str] = Counter()

    def place(self, name: str) -> Place:
        """Return the place of a name; a second one of the same name gets a number."""
        full = f"{self.name}, {name}"
        count = sum(known == full or known.startswith(f"{full} (") for known in self.places)
        full = f"{full} ({count + 1})" if count else full
        self.places[full] = Place(full)
        return self.places[full]

    def read(self, text: str) -> None:
        """Sort a text, or the inside of a block that holds text."""
        markdown = MarkdownIt("commonmark").use(colon_fence_plugin).use(front_matter_plugin)
        tokens = markdown.parse(text)
        for token, before in zip(tokens, [None, *tokens], strict=False):
            if token.type == "inline" and before is not None and before.type == "heading_open":
                self.here = self.place(token.content)
            if token.type == "inline":
                self.here.text.append(token.content)
            elif token.type in {"fence", "colon_fence"}:
                self.fence(token.info.strip(), token.content)

    def fence(self, info: str, content: str) -> None:
        """Sort the inside of a block."""
        found = _DIRECTIVE.match(info)
        name, argument = (found[1], found[2].strip()) if found else (info, "")
        if name in {"python", "pycon"}:
            self.here.text += _COMMENT.findall(content)
        elif name == "equation":
            self.equation(parse_equation(argument, content, self.file, 0))
        elif name == "derivation":
            self.derivation(parse_derivation(argument, content, self.file, 0))
        elif name == "exercise":
            block, used = parse_exercise(argument, content, self.file, 0)
            around, self.here = self.here, self.place(argument)
            self.here.text.append(block.title)
            self.read("\n".join(content.split("\n")[used - 1 :]))
            self.here = around
        elif name in {"code-cell", "slider"}:
            self.figure(content, argument if name == "slider" else "")
        elif name in {"dropdown", "note", "admonition"}:
            self.read(content)

    def equation(self, block: Equation) -> None:
        """List a result."""
        place = self.place(block.id)
        options = block.options
        place.text += [options.get(name, "") for name in _TEXTS]
        place.text += _COMMENT.findall(block.example)
        place.more = {"kind": block.kind, "source": _sources(options["source"])}
        place.more |= {name: seal(options[name]) for name in _SEALED if name in options}
        if "tested" in options or "illustrated" in options:  # nothing evaluates the formula
            place.more["formula"] = seal(block.statement)

    def derivation(self, block: Derivation) -> None:
        """List a derivation: a mark for each reason, and for each formula that is not run."""
        self.derivations[block.id] += 1
        place = self.place(f"{block.id}, derivation {self.derivations[block.id]}")
        place.text.append(block.title or "")
        place.more = {name: seal(block.options[name]) for name in _SEALED if name in block.options}
        steps = [step for chain in block.chains for step in chain.steps]
        texts = [s.reason if s.not_run is None else f"{s.latex}{s.reason}" for s in steps]
        place.more["reasons"] = " ".join(map(seal, texts))

    def figure(self, content: str, name: str) -> None:
        """List the words of a figure, and the address that readers can cite."""
        parts = content.split("---\n", 2)
        if parts[0] or len(parts) < 3:  # code without options
            self.here.text += _UNIT.findall(content)
            return
        options = yaml.safe_load(parts[1])
        book = options.get("mystnb") or {}
        words = (book.get("image") or {}) | (book.get("figure") or {})
        if name:
            words = {**options, "caption": parts[2]}
        elif not words:
            self.here.text += _UNIT.findall(parts[2])
            return
        place = self.place(str(words.get("name")))
        place.more["kind"] = "figure"
        place.text += [str(words.get("alt")), str(words.get("caption"))]
        place.text += [] if name else _UNIT.findall(parts[2])


def _sources(text: str) -> str:
    """Return what a result cites, with the numbers of theorems."""
    found = [f"{keys}{rest}".rstrip(". ") for keys, rest in _CITED.findall(text)]
    return " ".join((", ".join(found) or text.replace(";", ",")).split())


def page_pins(file: Path, name: str) -> list[str]:
    """Return the lines of a page."""
    page = _Page(file, name)
    page.read(file.read_text(encoding="utf-8"))
    return [line for line in map(str, page.places.values()) if "; " in line]


def other_pins(root: Path) -> list[str]:
    """Return the lines of what is no page: errata, errors in print, macros."""
    book = root / "book"
    lines = [
        f"errata.toml, {number}; where: {row['where']}; said: {seal(row['said'])}"
        for number, row in enumerate(read_errata(book / "errata.toml"), 1)
    ]
    rows = read_ledger(book / "errors-in-print.toml")
    for row, line in zip(rows, pins(rows), strict=True):
        read = line.partition(": ")[2].replace("; ", ", ")
        lines.append(f"errors-in-print.toml, {row.id}; verdict: {row.verdict}; read: {read}")
    for name, macro in MACROS.items():
        computes = ", ".join(filter(None, (macro.function, macro.normal, macro.conditional)))
        base = f"; base: {macro.base}" if macro.base else ""
        lines.append(f"macros.toml, {name}; shows: {macro.latex}; computes: {computes}{base}")
    return [*lines, *slider_pins(book / "_ext" / "sliders" / "figures.py")]


def slider_pins(file: Path) -> Iterator[str]:
    """Yield, for each figure with sliders, the numbers in the ranges of its sliders and axes."""
    for function in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(function, ast.FunctionDef):
            assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
            ranges: list[ast.AST] = [n for n in assigned if any(map(_is_range, ast.walk(n)))]
            ranges += [node for node in ast.walk(function) if _is_range(node)]
            parts = {part for node in ranges for part in ast.walk(node)}
            numbers = [
                part
                for part in parts
                if isinstance(part, ast.Constant) and isinstance(part.value, int | float)
            ]
            numbers.sort(key=lambda number: (number.lineno, number.col_offset))
            if numbers:
                yield f"figures.py, {function.name}; ranges: {' '.join(map(ast.unparse, numbers))}"


def _is_range(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in _RANGES


def book_pins(root: Path) -> list[str]:
    """Return the lines of the list, as the book is now."""
    book = root / "book"
    files = sorted(
        path
        for path in book.rglob("*.md")
        if not path.relative_to(book).parts[0].startswith(("_", ".", *WRITTEN))
    )
    pages = [line for path in files for line in page_pins(path, path.relative_to(book).as_posix())]
    return [*pages, *other_pins(root)]


# ------------------------------------------------------------------------------- comparison


def _parts(lines: list[str]) -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for line in lines:
        name, *parts = line.split("; ")
        found[name] = dict(part.partition(": ")[::2] for part in parts)
    return found


def changes(before: list[str], after: list[str]) -> Iterator[str]:
    """Yield what differs between two lists, in words."""
    old, new = _parts(before), _parts(after)
    for name in [*old, *(name for name in new if name not in old)]:
        here, there = old.get(name, {}), new.get(name, {})
        for key in [*here, *(key for key in there if key not in here)]:
            was, now = here.get(key, "nothing"), there.get(key, "nothing")
            if was != now:
                yield f"{name}: the {key} changed: {_difference(was, now)}"


def _difference(was: str, now: str) -> str:
    gone = Counter(was.split(", ")) - Counter(now.split(", "))
    come = Counter(now.split(", ")) - Counter(was.split(", "))
    if not gone and not come:
        return "they stand in another order"
    return f"{', '.join(gone) or 'nothing'} became {', '.join(come) or 'nothing'}"


def main() -> int:
    """Write the list anew."""
    try:
        lines = book_pins(ROOT)
    except BlockError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    old = PINS.read_text("utf-8").splitlines() if PINS.is_file() else []
    PINS.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for change in changes(old, lines):
        sys.stdout.write(f"{change}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
