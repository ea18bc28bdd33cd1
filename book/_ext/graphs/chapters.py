"""Draw the map of the chapters: what is needed first stands above, and each box is a link."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from html import escape

from equations.book import Book
from graphs.drawing import text, words, wrapped
from graphs.layout import Point, place

HEIGHT = 58.0
COLUMN = 620.0  # a narrow column of text has room for so much
# How many boxes stand in a row at most, and how wide they are: the first that fits is taken.
SHAPES = tuple(itertools.product((3, 2), (180.0, 165.0, 150.0, 140.0)))
BETWEEN, GAP, EDGE = 30.0, 20.0, 10.0
LINE = 15.0
# So many results of a chapter have to need another one before a line says so.
ENOUGH = 2
SAID = "The chapters, and what each of them needs first"
# As book.css says it, for the map that is a file of its own.
STYLE = """<style>
text { font: 10.5px "DejaVu Sans", sans-serif; fill: #22272e; }
.graph-title { font-weight: bold; }
.graph-begin { font-style: italic; fill: #5b6370; }
rect { fill: #f7f7f5; stroke: #5b6370; }
.graph-start rect { stroke: #16508b; stroke-width: 2.2; }
.graph-line { fill: none; stroke: #5b6370; stroke-width: 1.6; opacity: 0.75; }
</style>"""


def needs(book: Book) -> list[tuple[str, str]]:
    """Return what chapters need, each pair the earlier first, without what others imply."""
    pairs: Counter[tuple[str, str]] = Counter()
    needed = {(book.entries[edge.target].chapter, edge.source) for edge in book.graph.edges}
    for first, high in needed:
        second = book.entries[high].chapter
        if book.chapters.index(first) < book.chapters.index(second):
            pairs[first, second] += 1
    edges = {pair for pair, many in pairs.items() if many >= ENOUGH}
    after = {name: {second for first, second in edges if first == name} for name in book.chapters}
    for name in reversed(book.chapters):
        for second in list(after[name]):
            after[name] |= after[second]
    return sorted(
        (first, second)
        for first, second in edges
        if not any((first, other) in edges and second in after[other] for other in book.chapters)
    )


def drawing(
    book: Book, title: Callable[[str], str], address: Callable[[str], str], start: Mapping[str, str]
) -> str:
    """Return the map; ``start`` has a word for the chapters at which readers may begin."""
    inside, size = _drawn(book, title, address, start)
    role = f'role="group" aria-label="{SAID}"'
    return (
        f'<div class="graph-scroll" tabindex="0" {role}>'
        f'<svg class="graph chapter-map" {role} {size}>{inside}</svg></div>'
    )


def still(book: Book, title: Callable[[str], str], start: Mapping[str, str]) -> str:
    """Return the map as a file of its own, whose boxes are no links."""
    inside, size = _drawn(book, title, lambda _chapter: "", start)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{STYLE}{inside}</svg>\n'


def in_words(book: Book, title: Callable[[str], str]) -> str:
    """Return what the map shows, for those who do not see it."""
    labels = {name: _label(book, title, name) for name in book.chapters}
    edges = needs(book)
    said = [f"{SAID}."]
    for name, label in labels.items():
        first = [labels[low] for low, high in edges if high == name]
        said.append(f"{label} needs {' and '.join(first) or 'no other'}.")
    return " ".join(" ".join(said).split())


def _drawn(
    book: Book, title: Callable[[str], str], address: Callable[[str], str], start: Mapping[str, str]
) -> tuple[str, str]:
    """Return the lines and boxes of the map, and the attributes that say how large it is."""
    edges = needs(book)
    for most, wide in SHAPES:
        boxes = dict.fromkeys(book.chapters, wide)
        # The layout goes from left to right: this one is turned.
        placed = place(boxes, edges, width=HEIGHT, between=BETWEEN, gap=GAP, most=most)
        if placed.height <= COLUMN:
            break
    inside = [_line(placed.lines[edge]) for edge in edges]
    for name in book.chapters:
        label = _label(book, title, name)
        inside.append(_box(label, placed.corners[name], wide, address(name), start.get(name, "")))
    width, height = placed.height + 4, placed.width + 4
    size = f'width="{width:g}" height="{height:g}" viewBox="-2 -2 {width:g} {height:g}"'
    return "".join(inside), size


def _label(book: Book, title: Callable[[str], str], name: str) -> str:
    return f"{book.chapters.index(name)}  {words(title(name)).partition(':')[0]}"


def _box(label: str, corner: Point, wide: float, address: str, start: str) -> str:
    y, x = corner
    lines = wrapped(label, wide - 2 * EDGE)
    lines += [start] * bool(start)
    top = y + (HEIGHT - LINE * len(lines)) / 2 - 4
    shown = "".join(
        text(x + EDGE, top + LINE * number, line, "graph-begin" if line == start else "graph-title")
        for number, line in enumerate(lines, 1)
    )
    css = "graph-box graph-start" if start else "graph-box"
    tag, way = ("a", f' href="{escape(address)}"') if address else ("g", "")
    return (
        f'<{tag} class="{css}"{way}>'
        f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{HEIGHT:g}" rx="4"/>{shown}</{tag}>'
    )


def _line(points: Sequence[tuple[float, float]]) -> str:
    (y, x), *rest = points
    path = [f"M{x:g} {y:g}"]
    for to_y, to_x in rest:
        middle = (y + to_y) / 2
        path.append(f"C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}")
        x, y = to_x, to_y
    return f'<path d="{"".join(path)}" class="graph-line"/>'
