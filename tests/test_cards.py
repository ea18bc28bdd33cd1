"""Cards: every reference to a result, an exercise or a function has one, which stands alone."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cards import fragments, signature
from tests.test_equations_sphinx import TinyBook

SCRIPT = re.compile(r"bookCard\((?P<id>\"[^\"]+\"), (?P<html>\".*\")\);\n")
EXTENSIONS = ("katex_math", "graphs", "cards")


def book_in(folder: Path) -> TinyBook:
    """Return a tiny book with a drawing, and an exercise with a solution."""
    book = TinyBook(folder)
    book.replace("second.md", "```{results}\n```\n", "```{results}\n```\n\n```{graph}\n```\n")
    solution = ":::{note}\nOne half of {eq}`eq-half-def`.\n:::\n"
    book.replace("first.md", "A **quarter**?\n", f"A **quarter** of $x$?\n\n{solution}")
    return book


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyBook]:
    """Return a book that a test may change before it builds it."""
    monkeypatch.syspath_prepend(tmp_path)
    yield book_in(tmp_path)
    sys.modules.pop("tinyhalf", None)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyBook, dict[str, str]]:
    """Return a book that was built, and its cards."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        book = book_in(folder)
        cards = build(book)
    sys.modules.pop("tinyhalf", None)
    return book, cards


def build(book: TinyBook) -> dict[str, str]:
    """Build the book and return its cards."""
    assert book.build(*EXTENSIONS, html_math_renderer="katex") == ""
    found = {}
    for file in (book.out / "_cards").iterdir():
        script = SCRIPT.fullmatch(file.read_text(encoding="utf-8"))
        assert script, file
        assert file.name == f"{json.loads(script['id'])}.js"
        found[file.stem] = json.loads(script["html"])
    return found


def test_every_reference_has_a_card_and_every_card_is_of_something(
    built: tuple[TinyBook, dict[str, str]],
) -> None:
    tiny, cards = built
    assert set(cards) == {"eq-half-def", "eq-half-twice", "ex-first-quarter", "tinyhalf.half"}
    marked: set[str] = set()
    for page in tiny.out.rglob("*.html"):
        html = page.read_text(encoding="utf-8").partition('class="sphinxsidebar"')[0]
        assert "<!--card" not in html
        for link in re.findall(r"<a\b[^>]*>", html):
            target = re.search(r'#([^"]+)"', link)
            named = re.search(r'data-card="([^"]+)"', link)
            if target and target[1] in cards and "headerlink" not in link:
                # The contents, the index and the search lead to places; they are no references.
                in_text = "reference internal" in link or "graph-" in link
                assert bool(named) == in_text, link
            if named:
                assert target is not None
                assert named[1] == target[1]
                marked.add(named[1])
    assert marked == set(cards)


def test_a_link_names_its_card_once() -> None:
    plain = '<a href="a.html#eq-a">(1)</a>'
    named = '<a href="a.html#eq-a" class="box" data-card="eq-a">(1)</a>'
    marked = fragments.mark_links(f"{plain}{named}", {"eq-a"}, "symbol-")
    assert marked == f'<a href="a.html#eq-a" data-card="eq-a">(1)</a>{named}'


def test_cards_have_what_they_should_and_no_more(tiny: TinyBook) -> None:
    tiny.replace("second.md", ":code: half\n", ":code: half\n:if: $x < 9$\n:note: A remark.\n")
    tiny.replace("tinyhalf.py", "def half(x):", "def half(x: float, *, by: int = 2) -> float:")
    tiny.replace("first.md", "A **quarter** of $x$?", "A **quarter**?")
    cards = build(tiny)
    card = cards["eq-half-def"]
    assert card.startswith('<div class="result result-definition">')
    for part in ("(1.1)", "Definition", "Half of", "For</span>", "If</span>", "executed"):
        assert part in card, part
    assert card.count('class="math-scroll"') == 1
    assert "checked on" in card
    assert "A remark" not in card  # a card of what was executed is short
    assert "half(" not in card
    of_function = cards["tinyhalf.half"]
    for part in ("half(x, *, by=2)", "Halve a number.", "Definition (1.1)"):
        assert part in of_function, part
    # A page without formulas needs the stylesheet of formulas for its cards, if it has any.
    assert 'class="katex"' not in tiny.html("first")
    assert "katex.min.css" in tiny.html("first")
    assert "katex.min.css" not in tiny.html("search")


def test_a_card_of_what_was_not_executed_has_its_note(tiny: TinyBook) -> None:
    tiny.replace("second.md", ":code: half\n", ":code: half\n:note: For all.\n:illustrated: so\n")
    card = build(tiny)["eq-half-def"]
    assert "For all." in card
    assert "illustrated" in card


def test_a_card_of_an_exercise_has_no_solution(built: tuple[TinyBook, dict[str, str]]) -> None:
    card = built[1]["ex-first-quarter"]
    assert "Exercise" in card
    assert "<strong>quarter</strong>" in card
    assert "One half" not in card


def test_cards_stand_on_any_page(built: tuple[TinyBook, dict[str, str]]) -> None:
    for name, card in built[1].items():
        assert not re.search(r"<a\b|</a>| id=| tabindex=|<annotation|<script|src=", card), name
        assert card.count("<span") == card.count("</span>"), name
        assert card.count("<div") == card.count("</div>"), name
        assert card.count("<p") == card.count("</p>"), name


# ------------------------------------------------------------------------------- parts


def test_parts_are_cut_and_joined() -> None:
    page = f"a{fragments.begin('eq-x')}b{fragments.END}c{fragments.begin('eq-x')}d{fragments.END}"
    assert fragments.cut(page) == ("abcd", {"eq-x": "bd"})
    assert fragments.cut("plain") == ("plain", {})


def test_links_are_marked_unless_they_are_a_results_own() -> None:
    page = (
        '<a class="reference internal" href="kl.html#eq-a" title="t">1</a>'
        '<a class="headerlink reference internal" href="#eq-a">#</a>'
        '<a class="reference internal" href="kl.html#other">2</a>'
        '<a class="reference external" href="https://example.org/#eq-b">3</a>'
        '<a href="kl.html#eq-a"><rect/></a><a class="c" href="notation.html#symbol-of-a">4</a>'
    )
    marked = fragments.mark_links(page, {"eq-a"}, "symbol-")
    expected = page.replace('eq-a" title', 'eq-a" data-card="eq-a" title')
    expected = expected.replace('eq-a"><rect', 'eq-a" data-card="eq-a"><rect')
    assert marked == expected.replace('of-a">', 'of-a" data-card="symbol-of-a">')


def test_scripts_quote_what_they_carry() -> None:
    html = '<p class="a">\\ "quoted" \u2028 – </p>'
    found = SCRIPT.fullmatch(fragments.script("eq-a", html))
    assert found
    assert json.loads(found["html"]) == html


def test_signatures_have_names_and_defaults() -> None:
    def function(p: int, /, *q: str, axis: int = -1, base: float | None = None) -> None:
        """Do nothing."""

    assert signature(function) == "(p, /, *q, axis=-1, base=None)"
