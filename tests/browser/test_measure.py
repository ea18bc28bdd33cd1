"""The clock of `make measure` on a tiny page whose formulas come late, and its report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from katex_math import display_html
from tests.browser import measure, stock
from tests.browser.serving import served

LATE = 0.5  # seconds after its type, until the second formula comes
SHEETS = stock.ROOT / "book" / "_static" / "katex"
STOCK = measure.Visit(paint=2, first=40, whole=44, shift=0.2, transferred=1_400_000, formulas=1_100)
BOOK = replace(STOCK, first=4, whole=11, shift=0.004, transferred=320_000)
TEXTS = {"index.html": 150_000, "errata.html": 250_000}


@pytest.fixture
def late(tmp_path: Path) -> Path:
    (tmp_path / "katex").symlink_to(SHEETS)
    formula = display_html(r"\frac{x}{y}")
    page = f"""<!doctype html><html lang="en"><head><title>Late</title><meta charset="utf-8">
<link rel="icon" href="data:,"><link rel="stylesheet" href="katex/katex.min.css"></head>
<main><section id="one"><div class="math">{formula}</div><div class="math" id="late"></div>
<p>what follows has to move</p></section></main><template>{formula}</template>
<script>document.fonts.load("italic 1em KaTeX_Math").then(() => setTimeout(() => {{
  document.getElementById("late").append(document.querySelector("template").content);
}}, {1000 * LATE:.0f}))</script></html>"""
    (tmp_path / "index.html").write_text(page, "utf-8")
    return tmp_path


def test_clock_waits_for_the_last_formula(browser: Browser, late: Path) -> None:
    with served(late) as site:
        seen = measure.visit(browser, site)
    assert 0 < seen.paint < seen.first
    assert seen.first + LATE / 2 < seen.whole
    assert seen.shift > 0
    assert seen.formulas == 2
    type_and_page = (SHEETS / "fonts" / "KaTeX_Math-Italic.woff2").stat().st_size
    assert type_and_page < seen.transferred < 3 * type_and_page + 30_000


def test_a_formula_that_is_wrong_is_no_formula(browser: Browser, late: Path) -> None:
    page = late / "index.html"
    wrong = page.read_text("utf-8").replace("<main>", '<main><p class="katex-error">x</p>')
    page.write_text(wrong, "utf-8")
    with served(late) as site, pytest.raises(RuntimeError, match="1 formulas"):
        measure.visit(browser, site)


def test_the_longest_page_is_the_one_with_most_formulas(tmp_path: Path) -> None:
    for name, count in (("short", 1), ("long", 3), ("text", 0)):
        text = '<i class="katex-html"></i>' * count + "text" * (100 if not count else 1)
        (tmp_path / f"{name}.html").write_text(text, "utf-8")
    assert measure.longest(tmp_path) == "long"


def test_medians() -> None:
    visits = [replace(BOOK, first=first) for first in (9.0, 3.0, 4.0)]
    assert measure.middle(visits) == BOOK


@pytest.mark.parametrize(
    ("book", "texts", "missed"),
    [
        (BOOK, TEXTS, []),
        (replace(BOOK, first=10.1), TEXTS, ["first formula, of the time of the stock page"]),
        (replace(BOOK, whole=11.1), TEXTS, ["all formulas, of the time of the stock page"]),
        (replace(BOOK, shift=0.011), TEXTS, ["shift of the layout"]),
        (BOOK, TEXTS | {"errata.html": 400_001}, ["kB for a page of text (errata.html)"]),
    ],
)
def test_bars(book: measure.Visit, texts: dict[str, int], missed: list[str]) -> None:
    promises = measure.bars(book, STOCK, texts)
    assert [bar.promise for bar in promises if not bar.met] == missed
    assert "\n".join(measure.report(book, STOCK, promises)).count("**not met**") == len(missed)


def test_macros_have_as_many_arguments_as_mathjax_is_told() -> None:
    table = stock.tex_macros()
    assert table["KL"][1] == 2
    assert all("#" not in str(latex) for latex, arguments in table.values() if not arguments)


def test_mathjax_is_the_one_that_sphinx_asks_for() -> None:
    package, script = stock.mathjax()
    assert package.startswith("mathjax@")
    assert script.endswith("chtml.js")
