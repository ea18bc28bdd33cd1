"""The faults that authors make: where each kind can be planted in the sources of the book.

A kind is a function that yields the places where such a fault can stand, each with what would
stand there instead. ``plant_faults.py`` draws some of them, and sees which are caught.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from random import Random

import refimpl
from equations.macros import MACROS

FENCE = re.compile(r"(`{3,}|:{3,})\s*(.*)$")
OPTION = re.compile(r":([a-z-]+):")
DIRECTIVE = re.compile(r"\{([a-z-]+)\}\s*(.*)$")
KEY = re.compile(r"\s*(alt|caption|name|figure|image|mystnb|tags):")
RELATION = re.compile(r"\s*&?\s*(:=|=|<|>|\\(?:le|ge|ne|to|ll|iff|approx)(?![A-Za-z]))")
REFERENCE = re.compile(r"\{eq\}`(?:[^`<]*<)?([^`<>]+)>?`")
CITATION = re.compile(r"\{cite:\w+\}`([^`]+)`")
FIGURE = re.compile(r"\{numref\}`([^`]+)`")
# What is written like a number and says none: roles, code, links, labels.
HIDDEN = re.compile(r"\{[\w:]+\}`[^`]*`|`[^`]*`|\]\([^)]*\)|^\([\w-]+\)=$|https?://\S+")
UNITS = (
    *(("nats", "bits"), ("bits", "nats"), ("nat", "bit"), ("bit", "nat"), ("base=2", "base=10")),
    *((r"\log_2", r"\log"), (r"\Hbits", r"\H"), (r"\KLbits", r"\KL"), (r"\CEbits", r"\CE")),
)
# Blocks that hold text; those of results.
TEXTS = ("", "exercise", "dropdown", "note", "admonition")
RESULT = re.compile(r"(?:alg|ce|conv|def|eq|ex|ineq|thm)-[\w-]+$")
EXAMPLE, STATEMENT, STEP, PROSE, DOCTEST = "example", "statement", "step", "prose", "doctest"


@dataclass(frozen=True)
class Line:
    """A line of a page: where it begins in the file, what it is part of, in which block.

    ``place`` is the name of an option, one of the constants above, or a key of a figure.
    """

    file: str
    number: int
    start: int
    text: str
    place: str
    block: str
    first: int  # the line where the block begins; 0 in the text

    @property
    def end(self) -> int:
        """Where the line ends, without the line break."""
        return self.start + len(self.text)

    @property
    def formula_end(self) -> int:
        """Where the formula of a step ends and its reason begins, within the line."""
        comment = re.search(r"(?<!\\)%", self.text) if self.place == STEP else None
        return comment.start() if comment else len(self.text)


@dataclass(frozen=True)
class Fault:
    """A piece of a file that is replaced by something wrong."""

    kind: str
    file: str
    start: int
    end: int
    before: str
    after: str
    line: int
    unit: str = ""  # the id of the result or row that it is in, or the line where a block begins
    first: int = 0  # the lines of this block
    last: int = 0

    def planted(self, text: str) -> str:
        """Return the text of the file with the fault."""
        return text[: self.start] + self.after + text[self.end :]


class Sources:
    """The files of the book, as the kinds of faults see them."""

    def __init__(self, root: Path) -> None:
        """Read the pages."""
        self.root = root
        hidden = ("_", ".", "api", "experiments")
        pages = [
            path
            for path in sorted((root / "book").rglob("*.md"))
            if not any(part.startswith(hidden) for part in path.relative_to(root / "book").parts)
            and path.name != "benchmarks.md"  # a program writes it
        ]
        self.texts = {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in pages}
        self.lines = [line for name, text in self.texts.items() for line in page_lines(name, text)]

    def text(self, file: str) -> str:
        """Return the text of a file."""
        if file not in self.texts:
            self.texts[file] = (self.root / file).read_text("utf-8")
        return self.texts[file]

    def at(self, *places: str) -> Iterator[Line]:
        """Yield the lines that are part of one of these."""
        return (line for line in self.lines if line.place in places)

    @cached_property
    def ids(self) -> list[str]:
        """The ids of all equations."""
        return re.findall(
            r"^`{3,}\{equation\} (\S+)$", "\n".join(self.texts.values()), re.MULTILINE
        )

    @cached_property
    def steps(self) -> list[list[Line]]:
        """The steps of the derivations, each with the lines that belong to it."""
        found: list[list[Line]] = []
        for line in self.lines:
            if line.place == STEP and RELATION.match(line.text):
                found.append([line])
            elif line.place == STEP and line.text.strip() and found:
                last = found[-1][-1]
                if last.file == line.file and last.number == line.number - 1:
                    found[-1].append(line)
        return found

    def fault(self, kind: str, file: str, start: int, end: int, after: str) -> Fault:
        """Make a fault."""
        line = bisect(self._places(file, r"^"), start)
        unit, first, last = self.units.get(file, {}).get(line, (f"{line}", line, line))
        heading = {**dict.fromkeys(LEDGERS, r'^id = "(.+)"$'), MACROS_FILE: r"^\[(.+)\]$"}.get(file)
        if heading:
            unit = self._names(file, heading)[bisect(self._places(file, heading), start) - 1]
        before = self.text(file)[start:end]
        return Fault(kind, file, start, end, before, after, line, unit, first, last)

    @cache  # noqa: B019  (as long as the faults are drawn)
    def _places(self, file: str, pattern: str) -> list[int]:
        return [found.start() for found in re.finditer(pattern, self.text(file), re.MULTILINE)]

    @cache  # noqa: B019  (likewise)
    def _names(self, file: str, pattern: str) -> list[str]:
        return re.findall(pattern, self.text(file), re.MULTILINE)

    @cached_property
    def units(self) -> dict[str, dict[int, tuple[str, int, int]]]:
        """For each line of a page inside a block: the unit of the block, and its lines."""
        last = {(line.file, line.first): line.number for line in self.lines if line.first}
        found: dict[str, dict[int, tuple[str, int, int]]] = {}
        for line in self.lines:
            if line.first:
                unit = line.block if RESULT.match(line.block) else f"{line.first}"
                lines = found.setdefault(line.file, {})
                lines[line.number] = unit, line.first, last[line.file, line.first]
        return found


def page_lines(file: str, text: str) -> Iterator[Line]:
    """Yield the lines of a page, each with the place where it stands."""
    stack: list[tuple[str, str, str, int]] = []  # the open fences: marks, name, argument, line
    place, start, head = PROSE, 0, text.startswith("---\n")
    for number, line in enumerate(text.split("\n"), 1):
        fence = FENCE.match(line)
        _, kind, block, first = stack[-1] if stack else ("", "", "", 0)
        if head:  # the front matter
            head = number == 1 or line != "---"
            found = "head"
        elif fence and stack and not fence[2] and fence[1].startswith(stack[-1][0]):
            stack.pop()
            place, found = PROSE, "fence"
        elif fence and kind in TEXTS:
            directive = DIRECTIVE.match(fence[2])
            kind, block = (directive[1], directive[2]) if directive else (fence[2], "")
            stack.append((fence[1], kind, block, number))
            place, found, first = "", "fence", number
        elif kind in TEXTS:
            found = PROSE
        else:
            place = found = _inside(kind, line, place)
        yield Line(file, number, start, line, found, block, 0 if kind in TEXTS else first)
        start += len(line) + 1


def _inside(kind: str, line: str, place: str) -> str:
    """Return what a line inside a block belongs to, given what the line before belonged to."""
    if kind in {"equation", "derivation"}:
        return _in_result(kind, line, place)
    if kind in {"code-cell", "slider"}:
        return _in_figure(kind, line, place)
    return DOCTEST if kind in {"python", "pycon"} else "other"


def _in_result(kind: str, line: str, place: str) -> str:
    if place not in {STATEMENT, STEP, EXAMPLE}:
        option = OPTION.match(line)
        if option or (place and line.startswith("  ")):
            return option[1] if option else place
    if kind == "derivation":
        return STEP
    return EXAMPLE if line.startswith(">>>") or place == EXAMPLE else STATEMENT


def _in_figure(kind: str, line: str, place: str) -> str:
    if line == "---":
        inside = "caption" if kind == "slider" else "code"
        return inside if place else "yaml"
    key = KEY.match(line)
    return key[1] if key and place not in {"code", ""} else place or "code"


# ------------------------------------------------------------------------------- helpers


def _replaced(
    sources: Sources,
    kind: str,
    lines: Iterator[Line],
    pattern: str,
    other: Callable[[re.Match[str]], str | None],
) -> Iterator[Fault]:
    """Yield a fault for each match of a pattern in the formulas or texts of these lines."""
    for line in lines:
        for found in re.finditer(pattern, line.text[: line.formula_end]):
            after = other(found)
            if after is not None and after != found[0]:
                start = line.start + found.start()
                yield sources.fault(kind, line.file, start, line.start + found.end(), after)


def _digit(rng: Random) -> Callable[[re.Match[str]], str]:
    def other(found: re.Match[str]) -> str:
        return rng.choice([d for d in "0123456789" if d != found[0]])

    return other


def _another(rng: Random, names: Sequence[str], name: str) -> str:
    return rng.choice([other for other in names if other != name])


def _groups(
    sources: Sources,
    kind: str,
    lines: Iterator[Line],
    pattern: re.Pattern[str],
    other: Callable[[str], str],
) -> Iterator[Fault]:
    """Yield a fault for each first group of a pattern, in reasons as well."""
    for line in lines:
        for found in pattern.finditer(line.text):
            start, end = line.start + found.start(1), line.start + found.end(1)
            yield sources.fault(kind, line.file, start, end, other(found[1]))


# ------------------------------------------------------------------------------- the kinds


def example_digit(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a digit in the numeric example of a result that is another digit."""
    return _replaced(sources, "digit in an example", sources.at(EXAMPLE), r"\d", _digit(rng))


def formula_digit(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a digit in a formula that is another one; indices are no digits here."""
    lines = sources.at(STATEMENT, STEP)
    return _replaced(sources, "digit in an equation", lines, r"(?<![_\d])\d", _digit(rng))


def sign(sources: Sources, _rng: Random) -> Iterator[Fault]:
    """Yield a plus that is a minus, and the other way round."""
    lines = sources.at(STATEMENT, STEP)
    pattern = r"(?<=[ ({=])[-+](?=[ \\\w(])"
    return _replaced(sources, "sign", lines, pattern, lambda f: "-" if f[0] == "+" else "+")


def direction(sources: Sources, _rng: Random) -> Iterator[Fault]:
    """Yield a relation that is turned round."""
    turned = {r"\le": r"\ge", r"\ge": r"\le", "<": ">", ">": "<"}
    lines = sources.at(STATEMENT, STEP)
    pattern = r"\\[lg]e(?![A-Za-z])|[<>](?!>)"
    return _replaced(sources, "direction of a bound", lines, pattern, lambda f: turned[f[0]])


def arguments(sources: Sources, _rng: Random) -> Iterator[Fault]:
    """Yield a functional whose two arguments are exchanged, unless that says the same."""
    names = "|".join(n for n, m in MACROS.items() if m.args == 2 and m.function and not m.symmetric)
    lines = sources.at(STATEMENT, STEP, PROSE)
    pattern = rf"(\\(?:{names}))\{{([^{{}}]*)\}}\{{([^{{}}]*)\}}"
    return _replaced(
        sources, "arguments exchanged", lines, pattern, lambda f: f"{f[1]}{{{f[3]}}}{{{f[2]}}}"
    )


def reference(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a reference that leads to another result."""
    places = (STEP, PROSE, "note", "for", "where", "title")
    other = partial(_another, rng, sources.ids)
    return _groups(sources, "reference swapped", sources.at(*places), REFERENCE, other)


def reason(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a step with the reason of another step, or with a reference that it does not need."""
    by_block: dict[tuple[str, str], list[tuple[Line, int]]] = {}
    for lines in sources.steps:
        for line in lines:
            if line.formula_end < len(line.text):
                found = by_block.setdefault((line.file, line.block), [])
                found.append((line, line.formula_end + 1))
    for reasons in by_block.values():
        for line, at in reasons:
            others = {o.text[a:].strip() for o, a in reasons} - {line.text[at:].strip()}
            if others and rng.random() < 0.5:
                after = f" {rng.choice(sorted(others))}"
            else:
                after = f"{line.text[at:]}, {{eq}}`{rng.choice(sources.ids)}`"
            yield sources.fault("wrong reason", line.file, line.start + at, line.end, after)


def step(sources: Sources, _rng: Random) -> Iterator[Fault]:
    """Yield a step that is missing."""
    for lines in sources.steps:
        yield sources.fault("step removed", lines[0].file, lines[0].start, lines[-1].end + 1, "")


def verdict(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield another verdict of the ledgers."""
    verdicts = ["correct", "imprecise", "wrong", "unproved", "open"]
    for file in LEDGERS:
        for found in re.finditer(r'^verdict = "(\w+)"', sources.text(file), re.MULTILINE):
            after = _another(rng, verdicts, found[1])
            yield sources.fault("verdict", file, found.start(1), found.end(1), after)


def claim_digit(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a digit in a ledger that is another one."""
    names = re.compile(r"\{[\w:]+\}`[^`]*`|^(?:id|equations|tests) = .*$|\bA\d-C?\d+", re.MULTILINE)
    for file in LEDGERS:
        text = names.sub(lambda found: "~" * len(found[0]), sources.text(file))
        for found in re.finditer(r"(?<![A-Za-z_])\d", text):
            after = _digit(rng)(found)
            yield sources.fault("digit in the ledger", file, found.start(), found.end(), after)


def identifier(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield an id that is spelled otherwise, that is taken, or that was never retired."""
    for line in sources.lines:
        found = re.match(r"`{3,}\{(?:equation|exercise)\} (\S+)$", line.text)
        if line.place == "fence" and found:
            start, end = line.start + found.start(1), line.start + found.end(1)
            others = [f"{found[1]}s", found[1][:-1], _another(rng, sources.ids, found[1])]
            yield sources.fault("id", line.file, start, end, rng.choice(others))
    register = sources.text("book/ids.txt")
    for name in sources.ids:
        retired = f"retire {name}: it was never needed\n"
        yield sources.fault("id", "book/ids.txt", len(register), len(register), retired)


def alternative(sources: Sources, _rng: Random) -> Iterator[Fault]:
    """Yield a figure without the words that stand for it."""
    first: Line | None = None
    last: Line | None = None
    for line in sources.lines:
        if line.place == "alt":
            first, last = first or line, line
        elif first is not None and last is not None:
            yield sources.fault("alt text removed", first.file, first.start, last.end + 1, "")
            first = last = None


def macro(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a macro that means or shows something else."""
    file, text = MACROS_FILE, sources.text(MACROS_FILE)
    functions = sorted({m.function for m in MACROS.values() if m.function})
    for found in re.finditer(r"^(function|latex|base) = (.*)$", text, re.MULTILINE):
        value = str(tomllib.loads(found[0])[found[1]])
        if found[1] == "function":
            after = f'"{_another(rng, functions, value)}"'
        elif found[1] == "base":
            after = "10"
        else:
            letters = re.search(r"[A-Z]+(?![A-Za-z]*\{)", value)
            if letters is None:
                continue
            other = _another(rng, list("ABCDFGHJKW"), letters[0])
            after = f"'{value[: letters.start()]}{other}{value[letters.end() :]}'"
        yield sources.fault("macro", file, found.start(2), found.end(2), after)


def condition(sources: Sources, _rng: Random) -> Iterator[Fault]:
    """Yield a condition that is missing or weaker."""
    blocks: dict[tuple[str, str, int], list[Line]] = {}
    for line in sources.at("if"):
        blocks.setdefault((line.file, line.block, line.first), []).append(line)
    for lines in blocks.values():
        first, last = lines[0], lines[-1]
        yield sources.fault("condition", first.file, first.start, last.end + 1, "")
        for line in lines:
            for found in re.finditer(r"; \$[^$]*\$|(?<=:if: )\$[^$]*\$; ", line.text):
                start, end = line.start + found.start(), line.start + found.end()
                yield sources.fault("condition", line.file, start, end, "")
    weaker = {">": r"\ge", "<": r"\le", "(": "[", "positive definite": "symmetric"}
    pattern = r"[<>]|\((?=\d+, \d)|positive definite"
    lines_of = sources.at("if", "for")
    yield from _replaced(sources, "condition", lines_of, pattern, lambda f: weaker[f[0]])


def prose_number(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a number in a sentence, or in the words below a figure, that is another one."""
    for line in sources.at(PROSE, "note", "caption"):
        text = HIDDEN.sub(lambda found: "~" * len(found[0]), line.text)
        for found in re.finditer(r"(?<![\w\\_{^])\d+(?:\.\d+)?", text):
            at = line.start + found.end() - 1
            digit = rng.choice([d for d in "0123456789" if d != found[0][-1]])
            yield sources.fault("number in prose", line.file, at, at + 1, digit)


def citation(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a source that is another one of the bibliography."""
    keys = re.findall(r"^@\w+\{(\S+),", sources.text("book/references.bib"), re.MULTILINE)
    other = partial(_another, rng, keys)
    return _groups(sources, "citation swapped", iter(sources.lines), CITATION, other)


def symbol(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a symbol that has another name where it is declared."""
    for line in sources.at("for"):
        for found in re.finditer(r"\$([^$]*)\$", line.text):
            names = re.findall(r"(?<![\\A-Za-z])[A-Za-z](?![A-Za-z])", found[1])
            if names:
                name = rng.choice(names)
                free = [x for x in "abcgkmrstuvwz" if x not in line.text]
                after = re.sub(
                    rf"(?<![\\A-Za-z]){name}(?![A-Za-z])", rng.choice(free), found[0], count=1
                )
                start, end = line.start + found.start(), line.start + found.end()
                yield sources.fault("symbol renamed", line.file, start, end, after)


def call(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a call that names another function, or hands over its arguments in another order."""
    functions = [n for n in refimpl.__all__ if n.islower()]
    for line in sources.at("code"):
        if not line.text.startswith(":code:"):
            continue
        for found in re.finditer(r"(?<=[:;] )(\w+)(?:\((\w+), (\w+)([^;]*)\))?", line.text):
            after = _another(rng, functions, found[1]) + found[0][len(found[1]) :]
            if found[2] and rng.random() < 0.4:
                after = f"{found[1]}({found[3]}, {found[2]}{found[4]})"
            start, end = line.start + found.start(), line.start + found.end()
            yield sources.fault("call in :code:", line.file, start, end, after)


def unit(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield nats for bits, or another base of the logarithm."""
    swapped = dict(UNITS)
    words = "|".join(re.escape(name) for name in sorted(swapped, key=len, reverse=True))
    pattern = rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])"
    lines = (line for line in sources.lines if line.place not in {"fence", "other", "head"})
    del rng
    return _replaced(sources, "unit", lines, pattern, lambda f: swapped[f[0]])


def named_test(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield another test in place of the one that bears a result out."""
    for line in sources.at("tested"):
        for found in re.finditer(r"(tests/\w+\.py)::(\w+)", line.text):
            names = re.findall(r"^def (test_\w+)", sources.text(found[1]), re.MULTILINE)
            start, end = line.start + found.start(2), line.start + found.end(2)
            after = _another(rng, names, found[2])
            yield sources.fault("another test in :tested:", line.file, start, end, after)


def doctest(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a digit of an example between the sentences that is another one."""
    return _replaced(sources, "digit in a doctest", sources.at(DOCTEST), r"\d", _digit(rng))


def erratum(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield an erratum of another result."""
    for found in re.finditer(r'^where = "(.+)"', sources.text(ERRATA), re.MULTILINE):
        after = _another(rng, sources.ids, found[1])
        yield sources.fault("id of an erratum", ERRATA, found.start(1), found.end(1), after)


def caption(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a figure or a caption that refers to another figure or result."""
    names = re.findall(r"^ *name: (fig-\S+)", "\n".join(sources.texts.values()), re.MULTILINE)
    kind = "reference of a caption or figure"
    lines = iter(sources.lines)
    yield from _groups(sources, kind, lines, FIGURE, lambda n: _another(rng, names, n))
    named = re.compile(r"name: (fig-\S+)")
    yield from _groups(sources, kind, sources.at("name"), named, lambda n: n[:-1])
    other = partial(_another, rng, sources.ids)
    yield from _groups(sources, kind, sources.at("caption"), REFERENCE, other)


def slider(sources: Sources, rng: Random) -> Iterator[Fault]:
    """Yield a number in the range of a slider that is another one."""
    text = sources.text(SLIDERS)
    ranges = re.compile(r"np\.(?:linspace|arange|geomspace)\(.*|Parameter\(.*|Axis\(.*")
    for found in ranges.finditer(text):
        for digit in re.finditer(r"(?<![\w.])\d", found[0].partition("#")[0]):
            at = found.start() + digit.start()
            yield sources.fault("range of a slider", SLIDERS, at, at + 1, _digit(rng)(digit))


LEDGERS = ("book/articles/claims.toml", "book/errors-in-print.toml")
MACROS_FILE = "book/_ext/equations/macros.toml"
ERRATA = "book/errata.toml"
SLIDERS = "book/_ext/sliders/figures.py"
KINDS: tuple[Callable[[Sources, Random], Iterator[Fault]], ...] = (
    *(example_digit, formula_digit, sign, direction, arguments, reference, reason, step),
    *(verdict, claim_digit, identifier, alternative, macro, condition, prose_number, citation),
    *(symbol, call, unit, named_test, doctest, erratum, caption, slider),
)


def draw(sources: Sources, seed: int, count: int) -> list[Fault]:
    """Draw so many faults, of each kind the same number to within one, none inside another."""
    rng = Random(seed)  # noqa: S311  (the same faults each time)
    kinds = [*KINDS]
    rng.shuffle(kinds)
    drawn: list[Fault] = []
    for number, kind in enumerate(kinds):
        wanted = count // len(kinds) + (number < count % len(kinds))
        found = [*kind(sources, rng)]
        rng.shuffle(found)
        chosen: list[Fault] = []
        for fault in found:
            free = all(
                fault.file != other.file or fault.end <= other.start or other.end <= fault.start
                for other in [*drawn, *chosen]
            )
            if free and len(chosen) < wanted and fault.before != fault.after:
                chosen.append(fault)
        drawn += chosen
    return drawn
