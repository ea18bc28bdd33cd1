"""The drawings of the graph: everything once, nothing on top of another, and links that lead."""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equations.book import Book, Entry, read_book
from graphs import drawing
from graphs.drawing import Drawings, text_width, words, wrapped
from graphs.layout import Placement, depths, nearest, place, together
from tests.test_equations_sphinx import TinyBook

BOOK = Path(__file__).parents[1] / "book"
SVG = re.compile(r"<svg class=\"graph\".*?</svg>", re.DOTALL)
CHAPTERS = read_book(BOOK).chapters
Rectangle = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def book() -> Book:
    """Return the book itself."""
    return read_book(BOOK)


def levels(book: Book) -> dict[str, str]:
    """Return the levels of evidence that the options of the results claim."""
    others = ("tested", "illustrated")
    return {
        block.id: next((level for level in others if block.options.get(level)), "executed")
        for block in book.equations
    }


@pytest.fixture(scope="module")
def drawings(book: Book) -> Drawings:
    """Return what draws the book."""

    def address(entry: Entry) -> str:
        return f"{entry.chapter}.html#{entry.block.id}"

    return Drawings(book, book.graph.standings(levels(book)), address)


def svg(html: str) -> ET.Element:
    """Return the drawing on a page as a tree."""
    (found,) = SVG.findall(html)
    return ET.fromstring(found)  # noqa: S314  (our own drawing)


def boxes(tree: ET.Element, css: str = "graph-box") -> list[ET.Element]:
    """Return the links of a drawing that are boxes."""
    return [link for link in tree.iter("a") if css in link.get("class", "").split()]


def corners(link: ET.Element) -> Rectangle:
    """Return the sides of a box."""
    (box,) = link.findall("rect")
    x, y, width, height = (float(box.get(key, "")) for key in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def overlap(a: Rectangle, b: Rectangle) -> bool:
    """Whether two rectangles have an inner point in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def needs(tree: ET.Element) -> list[tuple[str, ...]]:
    """Return the needs that a drawing shows, by lines and by numbers in boxes."""
    return [tuple(part.split()) for e in tree.iter() if (part := e.get("data-needs"))]


def expected(book: Book, names: list[str]) -> list[tuple[str, ...]]:
    """Return the needs that a drawing of some results has to show."""
    found: list[tuple[str, ...]] = []
    for name in names:
        own = book.graph.needs(name)
        for other in own.all:
            style = "statement" if other in own.statement else "proof"
            both = other in own.statement and other in own.proof
            found.append((name, other, "both" if both else style))
    return found


def faults(tree: ET.Element, book: Book, names: list[str]) -> list[str]:
    """Return what is wrong with a drawing of some results."""
    found = []
    shown = boxes(tree)
    if Counter(link.get("data-card") for link in shown) != Counter(names):
        found.append("not every result once")
    if Counter(needs(tree)) != Counter(expected(book, names)):
        found.append("not every need once")
    if any(overlap(corners(a), corners(b)) for a, b in combinations(shown, 2)):
        found.append("boxes overlap")
    left, top, width, height = map(float, tree.get("viewBox", "").split())
    inner = (left, top, left + width, top + height)
    if any(
        not (inner[0] <= x and inner[1] <= y and to_x <= inner[2] and to_y <= inner[3])
        for x, y, to_x, to_y in map(corners, shown)
    ):
        found.append("a box is cut off")
    return [*found, *part_faults(tree, book)]


def part_faults(tree: ET.Element, book: Book) -> list[str]:
    """Return what is wrong with the numbers in boxes, and with links."""
    found = []
    at = {link.get("data-card"): corners(link) for link in boxes(tree)}
    for group in tree.iter("g"):
        if group.get("data-needs"):
            high, *_ = group.get("data-needs", "").split()
            (stub,) = map(corners, group.findall("a"))
            if not (at[high][0] < stub[0] and stub[2] < at[high][2] and stub[3] < at[high][3]):
                found.append("a number is outside of its box")
    for link in tree.iter("a"):
        entry = book.entries[link.get("data-card", "")]
        if link.get("href") != f"{entry.chapter}.html#{entry.block.id}":
            found.append("a link leads elsewhere")
        said = link.findtext("title") or ""
        shown = " ".join("".join(link.itertext()).removeprefix(said).split())
        if not said.startswith(shown) or link.get("aria-label") != said:
            found.append(f"a link is named {said}, and shown as {shown}")
    return found


# ------------------------------------------------------------------------------- the book


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_drawing_of_a_chapter_shows_everything_once(
    chapter: str, book: Book, drawings: Drawings
) -> None:
    names = [block.id for block in book.equations if book.entries[block.id].chapter == chapter]
    tree = svg(drawings.chapter(chapter))
    assert faults(tree, book, names) == []
    stubs = [link.get("data-card", "") for link in boxes(tree, "graph-stub")]
    assert all(book.entries[name].chapter != chapter for name in stubs)
    for link in boxes(tree):
        title = " ".join(t.text or "" for t in link.iter("text") if t.get("class") == "graph-title")
        full = words(book.entries[link.get("data-card", "")].block.title)
        assert title.replace(" ", "") == full.replace(" ", "")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_lines_of_a_chapter_lead_to_the_right(chapter: str, drawings: Drawings) -> None:
    tree = svg(drawings.chapter(chapter))
    at = {link.get("data-card"): corners(link) for link in boxes(tree)}
    for line in tree.iter("path"):
        if line.get("data-needs"):
            high, low, _ = line.get("data-needs", "").split()
            numbers = [float(x) for x in re.findall(r"-?[\d.]+", line.get("d", ""))]
            assert (numbers[0], numbers[-2]) == (at[low][2], at[high][0])
            assert at[low][1] <= numbers[1] <= at[low][3]
            assert at[high][1] <= numbers[-1] <= at[high][3]
            assert numbers[0] < numbers[-2]


def test_the_drawing_of_the_book_shows_everything_once(book: Book, drawings: Drawings) -> None:
    tree = svg(drawings.whole())
    names = [block.id for block in book.equations]
    assert faults(tree, book, names) == []
    chapters = [t.text for t in tree.iter("text") if t.get("class") == "graph-chapter"]
    assert [(text or "").split()[0] for text in chapters] == [str(n) for n in range(len(CHAPTERS))]
    at = {link.get("data-card", ""): corners(link) for link in boxes(tree)}
    assert all(at[edge.target][2] < at[edge.source][0] for edge in book.graph.edges)


def test_a_drawing_that_lies_is_found(book: Book, drawings: Drawings) -> None:
    names = drawings.names("js")
    html = drawings.chapter("js")
    assert faults(svg(html), book, names) == []
    assert "not every result once" in faults(svg(html), book, names[1:])
    lines = re.findall(r"<path [^>]*data-needs[^>]*/>", html)
    assert "not every need once" in faults(svg(html.replace(lines[0], "")), book, names)
    assert "not every need once" in faults(svg(html.replace(lines[0], 2 * lines[0])), book, names)
    other = html.replace('js.html#eq-js-def"', 'js.html#eq-js-entropy"')
    assert "a link leads elsewhere" in faults(svg(other), book, names)
    first, second = (re.findall(r'<rect x="\d+" y="[\d.]+" width="152"', html)[i] for i in (0, 1))
    assert "boxes overlap" in faults(svg(html.replace(second, first)), book, names)


def test_marks_follow_the_evidence_and_have_shapes_of_their_own(book: Book) -> None:
    claimed = levels(book)
    base = book.graph.standings(claimed)
    weak = next(
        name for name, found in base.items() if found.fully_checked and book.graph.used_by(name).all
    )
    above = next(n for n in book.graph.used_by(weak).all if base[n].fully_checked)
    for level in ("tested", "illustrated"):
        standings = book.graph.standings({**claimed, weak: level})
        drawn = Drawings(book, standings, lambda entry: entry.block.id)
        assert drawn.mark(weak) == level
        assert drawn.mark(above) == drawing.PARTLY
        assert "fully checked" not in drawn.said(above)
        assert f'class="graph-box mark-{level}" data-card="{weak}"' in drawn.whole()
    assert Drawings(book, base, lambda entry: entry.block.id).mark(weak) == drawing.FULL
    shapes = {drawing._mark(mark, 0, 0) for mark in drawing.MARKS}  # noqa: SLF001  (the marks alone)
    assert len(shapes) == len(drawing.MARKS)


def test_the_legend_names_every_mark_and_line(drawings: Drawings) -> None:
    legend = drawings.legend()
    for first, rest in drawing.MARKS.values():
        assert f"<b>{first}</b>: {rest}" in legend
    for style, text in drawing.STYLES.items():
        assert f"need-{style}" in legend
        assert text in legend


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_list_says_what_the_drawing_shows(chapter: str, book: Book, drawings: Drawings) -> None:
    items = re.findall(r"<li>.*?</li>", drawings.as_list(chapter))
    names = [block.id for block in book.equations if book.entries[block.id].chapter == chapter]
    assert len(items) == len(names)
    for name, item in zip(names, items, strict=True):
        own = book.graph.needs(name)
        for said, ids in (("statement", own.statement), ("proof", own.proof)):
            found = re.search(rf"the {said} needs (.*?)(?:;|\.</li>)", item)
            assert set(re.findall(r'#([^"]+)"', found[1] if found else "")) == set(ids)
        full = drawings.standings[name].fully_checked
        assert ("; fully checked.</li>" in item or ": fully checked.</li>" in item) == full


def test_letters_are_not_too_small_and_texts_fit(book: Book) -> None:
    css = (BOOK / "_static" / "book.css").read_text(encoding="utf-8")
    for section in css.split("/* ---"):  # an open brace would swallow the sections that follow
        assert section.count("{") == section.count("}"), section[:40]
    sizes = re.findall(r"\.graph[^{}]*\{[^}]*font-size: (\d+)px", css)
    assert len(sizes) >= 4
    assert min(map(int, sizes)) >= 11
    inner = drawing.WIDTH - 2 * drawing.EDGE
    for block in book.equations:
        entry = book.entries[block.id]
        head = 16 + text_width(entry.number) + text_width(entry.label.lower()) * 11 / 12
        assert head <= inner, block.id
        lines = wrapped(words(block.title), inner)
        assert max(map(text_width, lines)) <= inner, lines


# ------------------------------------------------------------------------------- parts


def test_titles_lose_their_marks_and_break_between_words() -> None:
    assert words(r"Between *0* and $\log 2$") == "Between 0 and log 2"
    assert wrapped("Kullback–Leibler divergence", 90) == ["Kullback–", "Leibler", "divergence"]
    assert wrapped("I-projection", 1000) == ["I-projection"]
    assert wrapped("", 10) == []


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 20)), min_size=1, max_size=8))
def test_nearest_keeps_the_distances_and_cannot_be_improved(
    wanted: list[tuple[int, int]],
) -> None:
    targets = [float(target) for target, _ in wanted]
    apart = [float(distance) for _, distance in wanted[1:]]
    found = nearest(targets, apart)

    def cost(values: list[float]) -> float:
        return sum((a - b) ** 2 for a, b in zip(values, targets, strict=True))

    gaps = [b - a for a, b in pairwise(found)]
    assert all(gap >= least - 1e-9 for gap, least in zip(gaps, apart, strict=True))
    for shift in (-0.5, 0.5):  # moving any run of neighbours breaks a distance or costs more
        for start, end in combinations(range(len(found) + 1), 2):
            moved = [v + shift * (start <= i < end) for i, v in enumerate(found)]
            near = [b - a >= d - 1e-9 for (a, b), d in zip(pairwise(moved), apart, strict=True)]
            assert not all(near) or cost(moved) >= cost(found) - 1e-9


def test_depths_and_groups() -> None:
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "e")]
    assert depths("abcdef", edges) == {"a": 0, "b": 1, "c": 2, "d": 0, "e": 1, "f": 0}
    assert together("abcdef", edges) == [["a", "b", "c"], ["d", "e"], ["f"]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Draw boxes and edges that lead to later ones."""
    names = [f"n{i}" for i in range(draw(st.integers(0, 9)))]
    pairs = list(combinations(names, 2))
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return {name: draw(st.floats(20, 90)) for name in names}, edges


@given(graphs(), st.sampled_from([1, 2, 3, math.inf]))
def test_placed_boxes_do_not_overlap_and_lines_join_them(
    graph: tuple[dict[str, float], list[tuple[str, str]]], most: float
) -> None:
    heights, edges = graph
    found = place(heights, edges, width=100, between=30, gap=10, most=most)
    assert isinstance(found, Placement)
    assert found.corners.keys() == heights.keys()
    assert set(found.lines) == set(edges)
    at = {n: (x, y, x + 100, y + heights[n]) for n, (x, y) in found.corners.items()}
    for names in together(list(heights), edges):
        assert max(Counter(at[name][0] for name in names).values()) <= most
    for a, b in combinations(at.values(), 2):
        assert not overlap(a, b)
    for x, y, to_x, to_y in at.values():
        assert min(x, y) >= -1e-6
        assert to_x <= found.width + 1e-6
        assert to_y <= found.height + 1e-6
    for (low, high), way in found.lines.items():
        assert way[0] == pytest.approx((at[low][2], (at[low][1] + at[low][3]) / 2))
        assert way[-1] == pytest.approx((at[high][0], (at[high][1] + at[high][3]) / 2))
        assert all(a < b for (a, _), (b, _) in pairwise(way))
        for (x, y), (to_x, _) in zip(way[1:-1:2], way[2:-1:2], strict=True):
            for left, top, right, bottom in at.values():  # no line crosses a box that it passes
                assert right <= x or to_x <= left or y <= top or bottom <= y


# ------------------------------------------------------------------------------- pages


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyBook]:
    monkeypatch.syspath_prepend(tmp_path)
    yield TinyBook(tmp_path)
    sys.modules.pop("tinyhalf", None)


def test_pages_show_the_drawing_and_the_list(tiny: TinyBook) -> None:
    tiny.replace("second.md", "```{results}\n```\n", "```{results}\n```\n\n```{graph}\n```\n")
    tiny.replace("index.md", "```{results} all\n", "```{graph} all\n")
    assert tiny.build("graphs") == ""
    own, whole = svg(tiny.html("second")), svg(tiny.html("index"))
    assert [link.get("href") for link in boxes(own)] == ["#eq-half-def", "#eq-half-twice"]
    assert needs(own) == needs(whole) == [("eq-half-twice", "eq-half-def", "proof")]
    assert [link.get("href") for link in boxes(whole)] == [
        "second.html#eq-half-def",
        "second.html#eq-half-twice",
    ]
    assert "the proof needs <a" in tiny.html("second")
    assert "The same as a list: Two" in tiny.html("index")


def test_the_drawing_follows_a_change_of_another_page(tiny: TinyBook) -> None:
    tiny.replace("index.md", "```{results} all\n", "```{graph} all\n")
    tiny.build("graphs")
    tiny.replace("second.md", "{eq}`eq-half-def`", "multiply")
    (tiny.source / "index.md").touch()
    assert tiny.build("graphs") == ""
    assert needs(svg(tiny.html("index"))) == []


def test_a_graph_of_no_chapter_is_refused(tiny: TinyBook) -> None:
    tiny.replace("index.md", "```{results} all\n", "```{graph}\n")
    assert "this page is no chapter: write {graph} all" in tiny.build("graphs")
