"""Draw the graph of needs as SVG, whose boxes are links, and write it as a list.

A chapter is drawn with its titles; what it needs of other chapters is a row of numbers in the box
that needs it. The whole book is drawn with numbers only: a band for each chapter, and in it every
result as far to the right as the longest way to it is long.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from equations.book import Book, Entry
from equations.graph import PROOF, STATEMENT, Standing
from graphs.layout import place

# Sizes in pixels. The text is 12 px, the numbers of other chapters 11 px.
WIDTH, BETWEEN, GAP, EDGE = 152.0, 24.0, 14.0, 8.0
HEAD, LINE, STUB = 20.0, 15.0, 22.0
STUB_WIDTH, STUBS_IN_ROW = 38.0, 3
COLUMNS = 4  # at least so many for results that no line touches
CHIP_WIDTH, CHIP_HEIGHT = 58.0, 22.0
CHIP_GAP, COLUMN_GAP, BAND_GAP, BAND_HEAD = 6.0, 28.0, 12.0, 20.0

# How wide the letters are at 12 px, at most, in the fonts that readers are likely to have.
_NARROW, _WIDE = set("ijltfr.,;:'’|!()[] -–"), set("mwMWOQGDHNU@%—")
NARROW_WIDTH, COMMON_WIDTH, WIDE_WIDTH = 4.3, 7.0, 9.6

FULL, PARTLY = "full", "partly"
MARKS = {
    FULL: ("fully checked", "executed, and so is all that it builds on"),
    PARTLY: ("executed", "but something that it builds on is not, or a step is left out"),
    "tested": ("tested", "by a named test"),
    "illustrated": ("illustrated", "by its numeric example"),
}
STYLES = {
    STATEMENT: "the statement needs it",
    PROOF: "only the proof needs it",
    "both": "statement and proof need it",
}


def words(title: str) -> str:
    """Return a title without the marks of Markdown and LaTeX."""
    return re.sub(r"\\([A-Za-z]+)", r"\1", title).translate(str.maketrans("", "", "$*`"))


def text_width(text: str) -> float:
    """Return how wide a text is at 12 px, at most."""
    return sum(
        NARROW_WIDTH if letter in _NARROW else WIDE_WIDTH if letter in _WIDE else COMMON_WIDTH
        for letter in text
    )


def wrapped(text: str, width: float) -> list[str]:
    """Break a text into lines of a width; also after hyphens, and in words that are too long."""
    lines = [""]
    for word in re.findall(r"\S{3,}?[-–](?=\w)|\S+", text):
        joint = "" if not lines[-1] or lines[-1][-1] in "-–" else " "
        if text_width(lines[-1] + joint + word) <= width:
            lines[-1] += joint + word
        else:
            lines.append(word)
    return [line for line in lines if line]


@dataclass(frozen=True)
class Drawings:
    """What is needed to draw: the book, how well each result is checked, and its address."""

    book: Book
    standings: Mapping[str, Standing]
    address: Callable[[Entry], str]

    # --- Parts

    def mark(self, name: str) -> str:
        """Return the sort of mark that a result gets."""
        standing = self.standings[name]
        if standing.fully_checked:
            return FULL
        return PARTLY if standing.level == "executed" else standing.level

    def said(self, name: str) -> str:
        """Describe a result in one line, which begins as its box does."""
        entry = self.book.entries[name]
        first, _ = MARKS[self.mark(name)]
        return f"{entry.number} {entry.label.lower()} {words(entry.block.title)}; {first}"

    def link(self, name: str, inside: str, css: str) -> str:
        """Return a link to a result around some parts of a drawing."""
        entry = self.book.entries[name]
        said = escape(self.said(name))
        return (
            f'<a href="{escape(self.address(entry))}" class="{css} mark-{self.mark(name)}"'
            f' data-card="{name}" aria-label="{said}"><title>{said}</title>{inside}</a>'
        )

    def styles(self, name: str) -> dict[str, str]:
        """Return what a result needs, and for what: the statement, the proof, or both."""
        needs = self.book.graph.needs(name)
        return {
            other: "both"
            if other in needs.statement and other in needs.proof
            else STATEMENT
            if other in needs.statement
            else PROOF
            for other in needs.all
        }

    def names(self, chapter: str) -> list[str]:
        """Return the results of a chapter, in an order in which none comes before its needs."""
        return [n for n in self.book.graph.order if self.book.entries[n].chapter == chapter]

    # --- A chapter

    def chapter(self, chapter: str) -> str:
        """Return the drawing of a chapter."""
        names = self.names(chapter)
        edges = {
            (low, high): style
            for high in names
            for low, style in self.styles(high).items()
            if low in names
        }
        joined = {name for edge in edges for name in edge}
        boxes = {name: self.box_height(name, chapter) for name in names}
        drawn = place(
            {name: boxes[name] for name in names if name in joined},
            list(edges),
            width=WIDTH,
            between=BETWEEN,
            gap=GAP,
        )
        corners, bottom = dict(drawn.corners), drawn.height
        alone = [name for name in names if name not in joined]
        columns = max(round((drawn.width + BETWEEN) / (WIDTH + BETWEEN)), COLUMNS)
        if alone:
            below = bottom + 2 * GAP if joined else 0.0
            corners |= _grid(alone, boxes, columns, below)
            bottom = max(corners[name][1] + boxes[name] for name in alone)
        width = max(x for x, _ in corners.values()) + WIDTH
        inside = [_line(edge, drawn.lines[edge], style) for edge, style in edges.items()]
        inside += [
            self.box(name, corners[name], boxes[name], chapter) for name in self._read(names)
        ]
        title = f"What the results of chapter {self.book.chapters.index(chapter)} need"
        return _svg(inside, width, bottom, title, f"graph-{chapter}")

    def _read(self, names: Iterable[str]) -> list[str]:
        """Put names into the order of the book, which is that of the keyboard."""
        wanted = set(names)
        return [name for name in self.book.graph.results if name in wanted]

    def foreign(self, name: str, chapter: str) -> dict[str, str]:
        """Return what a result needs of other chapters."""
        styles = self.styles(name)
        others = self._read(n for n in styles if self.book.entries[n].chapter != chapter)
        return {other: styles[other] for other in others}

    def lines(self, name: str) -> list[str]:
        """Return the title of a result as lines that fit into its box."""
        return wrapped(words(self.book.entries[name].block.title), WIDTH - 2 * EDGE)

    def box_height(self, name: str, chapter: str) -> float:
        """Return how high the box of a result is."""
        stubs = -(-len(self.foreign(name, chapter)) // STUBS_IN_ROW)
        return HEAD + LINE * len(self.lines(name)) + STUB * stubs + EDGE

    def box(self, name: str, corner: tuple[float, float], height: float, chapter: str) -> str:
        """Return the box of a result, with the numbers of what it needs of other chapters."""
        x, y = corner
        entry = self.book.entries[name]
        inside = [
            f'<rect x="{x:g}" y="{y:.1f}" width="{WIDTH:g}" height="{height:g}" rx="4"/>',
            _mark(self.mark(name), x + EDGE + 5, y + 13),
            text(x + EDGE + 16, y + 17, f"{entry.number} ", "graph-number"),
            text(x + WIDTH - EDGE, y + 17, f"{entry.label.lower()} ", "graph-kind"),
        ]
        top = y + HEAD
        for line in self.lines(name):
            top += LINE
            whole = line if line[-1] in "-–" else f"{line} "  # read as one text
            inside.append(text(x + EDGE, top - 1, whole, "graph-title"))
        stubs = []
        for index, (other, style) in enumerate(self.foreign(name, chapter).items()):
            row, column = divmod(index, STUBS_IN_ROW)
            left, above = x + EDGE + column * STUB_WIDTH, top + 5 + row * STUB
            number = self.book.entries[other].number
            stub = (
                f'<rect x="{left:g}" y="{above:.1f}" width="{STUB_WIDTH - 4:g}"'
                f' height="{STUB - 4:g}" rx="9" class="need-{style}"/>'
                + text(left + (STUB_WIDTH - 4) / 2, above + 13, number, "graph-stub-number")
            )
            link = self.link(other, stub, "graph-stub")
            stubs.append(f'<g data-needs="{name} {other} {style}">{link}</g>')
        return self.link(name, "".join(inside), "graph-box") + "".join(stubs)

    # --- The book

    def whole(self) -> str:
        """Return the drawing of the whole book."""
        layers = self.book.graph.layers
        bands = {chapter: self._read(self.names(chapter)) for chapter in self.book.chapters}
        corners: dict[str, tuple[float, float]] = {}
        inside, top = [], 0.0
        for index, (chapter, names) in enumerate(bands.items()):
            filled: dict[int, int] = defaultdict(int)
            for name in names:
                left = EDGE + layers[name] * (CHIP_WIDTH + COLUMN_GAP)
                row = filled[layers[name]]
                corners[name] = (left, top + BAND_HEAD + row * (CHIP_HEIGHT + CHIP_GAP))
                filled[layers[name]] += 1
            rows = max(filled.values(), default=0)
            height = BAND_HEAD + rows * (CHIP_HEIGHT + CHIP_GAP) + EDGE - CHIP_GAP
            inside.append(
                f'<rect x="0" y="{top:g}" width="100%" height="{height:g}" class="graph-band"/>'
                + text(EDGE, top + 14, f"{index}  {self.title(chapter)}", "graph-chapter")
            )
            top += height + BAND_GAP
        for name in self.book.graph.results:
            for other, style in self.styles(name).items() if name in corners else ():
                (x, y), (to_x, to_y) = corners[other], corners[name]
                ends = [(x + CHIP_WIDTH, y + CHIP_HEIGHT / 2), (to_x, to_y + CHIP_HEIGHT / 2)]
                inside.append(_line((other, name), ends, style))
        inside += [self.chip(name, corner) for name, corner in corners.items()]
        width = max(x for x, _ in corners.values()) + CHIP_WIDTH + EDGE
        return _svg(inside, width, top - BAND_GAP, "What the results of the book need", "graph-all")

    def title(self, chapter: str) -> str:
        """Return the title of a chapter."""
        source = (self.book.root / f"{chapter}.md").read_text(encoding="utf-8")
        found = re.search(r"^# (.+)$", source, re.MULTILINE)
        return words(found[1]) if found else chapter

    def chip(self, name: str, corner: tuple[float, float]) -> str:
        """Return the small box of a result: its mark and its number."""
        x, y = corner
        inside = (
            f'<rect x="{x:g}" y="{y:g}" width="{CHIP_WIDTH:g}" height="{CHIP_HEIGHT:g}" rx="4"/>'
            + _mark(self.mark(name), x + 11, y + CHIP_HEIGHT / 2)
            + text(x + 20, y + 15, self.book.entries[name].number, "graph-number")
        )
        return self.link(name, inside, "graph-box")

    # --- In words

    def legend(self) -> str:
        """Return what the marks and lines mean."""
        size = 'width="16" height="16" aria-hidden="true"'
        marks = [
            f'<li><svg {size} class="mark-{mark}">{_mark(mark, 8, 8)}</svg>'
            f"<span><b>{first}</b>: {rest}</span></li>"
            for mark, (first, rest) in MARKS.items()
        ]
        lines = [
            f'<li><svg width="34" height="16" aria-hidden="true"><path d="M1 8H33"'
            f' class="graph-line need-{style}"/></svg><span>{meaning}</span></li>'
            for style, meaning in STYLES.items()
        ]
        return f'<ul class="graph-legend">{"".join([*marks, *lines])}</ul>'

    def as_list(self, chapter: str) -> str:
        """Return the needs of the results of a chapter as a list."""
        items = (
            f"<li>{self.reference(name)} {escape(words(self.book.entries[name].block.title))}:"
            f" {'; '.join(self._sentences(name))}.</li>"
            for name in self._read(self.names(chapter))
        )
        return f'<ul class="graph-list">{"".join(items)}</ul>'

    def _sentences(self, name: str) -> Iterator[str]:
        needs, used = self.book.graph.needs(name), self.book.graph.used_by(name)
        for said, ids in (
            ("the statement needs", needs.statement),
            ("the proof needs", needs.proof),
            ("used by", used.all),
        ):
            if ids:
                yield f"{said} {', '.join(map(self.reference, self._read(ids)))}"
        standing = self.standings[name]
        if standing.fully_checked:
            yield "fully checked"
            return
        gaps = ", ".join("itself" if gap == name else self.reference(gap) for gap in standing.gaps)
        yield f"{standing.level}, not fully checked because of {gaps}"

    def reference(self, name: str) -> str:
        """Return the number of a result as a link."""
        entry = self.book.entries[name]
        address = escape(self.address(entry))
        return f'<a class="reference internal" href="{address}">({entry.number})</a>'


def _grid(
    names: Sequence[str], heights: Mapping[str, float], columns: int, top: float
) -> dict[str, tuple[float, float]]:
    """Place boxes in rows; a row is as high as the highest of its boxes."""
    corners = {}
    for start in range(0, len(names), columns):
        row = names[start : start + columns]
        for index, name in enumerate(row):
            corners[name] = (index * (WIDTH + BETWEEN), top)
        top += max(heights[name] for name in row) + GAP
    return corners


def _line(edge: tuple[str, str], points: Sequence[tuple[float, float]], style: str) -> str:
    """Return a line through some points, which bends between them and is level in each."""
    (x, y), *rest = points
    path = [f"M{x:g} {y:.1f}"]
    for to_x, to_y in rest:
        middle = (x + to_x) / 2
        path.append(f"C{middle:g} {y:.1f} {middle:g} {to_y:.1f} {to_x:g} {to_y:.1f}")
        x, y = to_x, to_y
    low, high = edge
    return (
        f'<path d="{"".join(path)}" class="graph-line need-{style}"'
        f' data-needs="{high} {low} {style}"/>'
    )


def text(x: float, y: float, shown: str, css: str) -> str:
    """Return a line of text."""
    return f'<text x="{x:g}" y="{y:.1f}" class="{css}">{escape(shown)}</text>'


def _mark(mark: str, x: float, y: float) -> str:
    """Return the sign of a kind of evidence; each has a shape of its own."""
    disc = f'<circle cx="{x:g}" cy="{y:.1f}" r="5"/>'
    half = f'<path d="M{x:g} {y - 5:.1f}a5 5 0 0 1 0 10z"/>'
    diamond = f'<path d="M{x:g} {y - 6:.1f}l6 6l-6 6l-6 -6z"/>'
    tick = f'<path d="M{x - 2.5:g} {y:.1f}l2 2.2l3.2 -4.2" class="graph-tick"/>'
    shape = {FULL: disc + tick, PARTLY: disc + half, "tested": diamond, "illustrated": disc}[mark]
    return f'<g class="graph-mark">{shape}</g>'


def _svg(inside: Iterable[str], width: float, height: float, title: str, name: str) -> str:
    """Return a drawing in a box of its own, which scrolls if the drawing is wide."""
    view = f"-2 -2 {width + 4:g} {height + 4:.0f}"
    return (
        f'<div class="graph-scroll" tabindex="0" role="group" aria-label="{escape(title)}">'
        f'<svg class="graph" id="{name}" role="group" aria-label="{escape(title)}"'
        f' width="{width + 4:g}" height="{height + 4:.0f}" viewBox="{view}">'
        f"{''.join(inside)}</svg></div>"
    )
