"""Draw the map of the chapters: what is needed first stands above, and each box is a link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from html import escape

from equations.book import Book
from graphs.drawing import text, words, wrapped
from graphs.layout import Placement, place

WIDTH, HEIGHT = 186.0, 58.0
BETWEEN, GAP, EDGE = 30.0, 20.0, 10.0
LINE = 15.0
# So many results of a chapter have to need another one before a line says so.
ENOUGH = 2


def needs(book: Book) -> list[tuple[str, str]]:
    """Return what chapters need, each pair the earlier first, without what others imply."""
    pairs: Counter[tuple[str, str]] = Counter()
    for low, high in {(edge.target, edge.source) for edge in book.graph.edges}:
        first, second = book.entries[low].chapter, book.entries[high].chapter
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
    edges = needs(book)
    # The layout goes from left to right: this one is turned.
    placed = place(
        dict.fromkeys(book.chapters, WIDTH), edges, width=HEIGHT, between=BETWEEN, gap=GAP
    )
    inside = [_line(placed.lines[edge]) for edge in edges]
    for name in book.chapters:
        label = f"{book.chapters.index(name)}  {words(title(name)).partition(':')[0]}"
        inside.append(_box(name, label, placed, address(name), start.get(name, "")))
    width, height = placed.height, placed.width
    said = "The chapters, and what each of them needs first"
    return (
        f'<div class="graph-scroll" tabindex="0" role="group" aria-label="{said}">'
        f'<svg class="graph chapter-map" role="group" aria-label="{said}" width="{width + 4:g}"'
        f' height="{height + 4:g}" viewBox="-2 -2 {width + 4:g} {height + 4:g}">'
        f"{''.join(inside)}</svg></div>"
    )


def _box(name: str, label: str, placed: Placement, address: str, start: str) -> str:
    y, x = placed.corners[name]
    lines = wrapped(label, WIDTH - 2 * EDGE)
    lines += [start] * bool(start)
    top = y + (HEIGHT - LINE * len(lines)) / 2 - 4
    shown = "".join(
        text(x + EDGE, top + LINE * number, line, "graph-begin" if line == start else "graph-title")
        for number, line in enumerate(lines, 1)
    )
    css = "graph-box graph-start" if start else "graph-box"
    return (
        f'<a class="{css}" href="{escape(address)}">'
        f'<rect x="{x:g}" y="{y:g}" width="{WIDTH:g}" height="{HEIGHT:g}" rx="4"/>{shown}</a>'
    )


def _line(points: Sequence[tuple[float, float]]) -> str:
    (y, x), *rest = points
    path = [f"M{x:g} {y:g}"]
    for to_y, to_x in rest:
        middle = (y + to_y) / 2
        path.append(f"C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}")
        x, y = to_x, to_y
    return f'<path d="{"".join(path)}" class="graph-line"/>'
