"""A tiny book becomes LaTeX and an EPUB: numbers, anchors, links, formulas are there."""

from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from formats.pdf import SvgToPdf
from tests import sphinx_books
from tests.test_equations_sphinx import TinyBook

EXTENSIONS = ["sphinx.ext.autodoc", "myst_nb", "equations", "katex_math", "formats", "graphs"]
NOTEBOOK_HEAD = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n  language: python\n---\n"
HIDDEN_CELL = "\n```{code-cell} python\n:tags: [hide-input]\nhidden = 1\n```\n"
WIDE_TABLE = f"{'|a' * 6}|\n{'|---' * 6}|\n{'|b' * 6}|\n"
CHAPTER_MAP = "```{graph} chapters\n:start: first: begin here\n```"
MATHML = "{http://www.w3.org/1998/Math/MathML}math"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyBook]:
    monkeypatch.syspath_prepend(tmp_path)
    yield TinyBook(tmp_path)
    sys.modules.pop("tinyhalf", None)


def build(book: TinyBook, builder: str) -> str:
    """Build the book in a format, and return the warnings."""
    settings = {
        **sphinx_books.MARKDOWN,
        "source_suffix": {".md": "myst-nb", ".rst": "restructuredtext"},
        "extensions": EXTENSIONS,
        "equations_package": "tinyhalf",
        "html_math_renderer": "katex",
        "html_baseurl": "https://example.org/",
        "nb_execution_mode": "off",
        "nitpicky": True,
        "latex_documents": [("index", "tiny.tex", "Tiny", "nobody", "manual")],
        "epub_basename": "tiny",
        "epub_show_urls": "no",
        "version": "1",
        "epub_copyright": "nobody",
    }
    return sphinx_books.build(book.source, book.out, book.out.parent / "trees", settings, builder)


def test_latex_has_numbers_anchors_and_links(
    book: TinyBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (book.source / "first.md").write_text(
        "# One\n\nSee {eq}`eq-half-def`, 熵 and $\\KL{p}{q}$.\n\n"
        "## Of $L_1$\n\nOne.\n\n### What they need\n\nThis leads from left to right.\n\n"
        f"```{{graph}}\n```\n\n## The map\n\n{CHAPTER_MAP}\n\n```{{toctree}}\nbelow\n```\n",
        encoding="utf-8",
    )
    (book.source / "below.md").write_text("# Below\n", encoding="utf-8")
    monkeypatch.setattr(SvgToPdf, "is_available", lambda _: True)
    monkeypatch.setattr(SvgToPdf, "convert", lambda _, drawing, pdf: shutil.copy(drawing, pdf))
    assert build(book, "latex") == ""
    assert ">begin here</text>" in (book.out / "chapter-map.pdf").read_text("utf-8")
    tex = (book.out / "tiny.tex").read_text("utf-8")
    assert r"\sphinxincludegraphics[width=0.750\linewidth]{{chapter-map}.pdf}" in tex
    assert r"\label{\detokenize{second:eq-half-def}}" in tex
    assert r"\hyperref[\detokenize{second:eq-half-def}]" in tex
    assert r"\booknumber{(1.1)}" in tex
    assert r"\bookstep{" in tex
    assert r"\(\operatorname{KL}\mathopen{}\left(p \,\middle\|\, q\right)\)" in tex
    assert r"{\bookchinese 熵}" in tex
    assert r"drawn on \sphinxhref{https://example.org/first.html}{the site}" in tex
    assert "left to right" not in tex
    assert r"\section{Below}" in tex
    assert tex.count(r"\begingroup\footnotesize") == 2  # the tables of results
    assert r"\section{Of \texorpdfstring{\protect\(L_1\protect\)}{L1}}" in tex
    assert r"\sphinxhref{https://example.org/api.html\#tinyhalf.half}" in tex
    parts = (
        r"\bookpreface",
        r"\chapter{About",
        r"\bookchapters",
        r"\chapter{One}",
        r"\bookappendix",
    )
    places = [tex.rindex(part) for part in parts]
    assert places == sorted(places)
    assert r"\chapter{Api" not in tex
    assert r"headerlink" not in tex


def test_ebook_is_xml_with_mathml(book: TinyBook) -> None:
    first = (book.source / "first.md").read_text("utf-8").replace("A **quarter**?", CHAPTER_MAP)
    (book.source / "first.md").write_text(NOTEBOOK_HEAD + first + HIDDEN_CELL, encoding="utf-8")
    assert build(book, "epub") == ""
    drawing = (book.out / "_images" / "chapter-map.svg").read_text("utf-8")
    assert ">begin here</text>" in drawing
    assert "<a " not in drawing
    first = (book.out / "first.xhtml").read_text("utf-8")
    assert "hidden" not in first
    assert "Show code" not in first
    assert "tag_hide-input" in first
    assert 'alt="The chapters, and what each of them needs first. ' in first
    assert (book.out / "tiny.epub").is_file()
    assert not (book.out / "api.xhtml").exists()
    page = ET.parse(book.out / "second.xhtml")  # noqa: S314  (our own page)
    formulas = list(page.iter(MATHML))
    assert len([formula for formula in formulas if formula.get("display") == "block"]) > 3
    assert all(formula.get("alttext") for formula in formulas)
    links = [link.get("href", "") for link in page.iter("{http://www.w3.org/1999/xhtml}a")]
    assert "https://example.org/api.html#tinyhalf.half" in links
    package = (book.out / "content.opf").read_text("utf-8")
    (item,) = (line for line in package.splitlines() if 'href="second.xhtml"' in line)
    assert 'properties="mathml"' in item
    assert "api" not in package
    with zipfile.ZipFile(book.out / "tiny.epub") as packed:
        static = [name for name in packed.namelist() if "_static" in name]
        assert {entry.date_time[0] for entry in packed.infolist()} == {1980}
    assert [Path(name).name for name in static] == ["ebook.css"]


def test_ebook_has_room_for_long_formulas_and_wide_tables(book: TinyBook) -> None:
    long, short = " + ".join("abcdefghijklmnopqrstuv"), "a + b"
    text = f"Either ${short}$ or ${long}$.\n\n{WIDE_TABLE}\n|c|d|\n|---|---|\n|1|2|\n"
    book.replace("first.md", "A **quarter**?", text)
    assert build(book, "epub") == ""
    page = (book.out / "first.xhtml").read_text("utf-8")
    lines = [line for line in page.split("<span ") if 'class="wide ' in line]
    assert len(lines) == 1
    assert page.count('<table class="many ') == 1
    assert page.count("<table ") == 2
    assert page.index('class="wide ') > page.index(f'alttext="{short}"')


def test_a_page_that_is_no_xml_is_reported(book: TinyBook) -> None:
    book.replace("first.md", "A **quarter**?", "<br>")
    assert "first: mismatched tag" in build(book, "epub")
