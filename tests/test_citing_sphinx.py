"""A tiny book with buttons that cite, and with what the heads of its pages say."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from citing.forms import FORMS, Edition, Work
from tests import sphinx_books

SITE = "https://example.org/book/"
CITATION = """\
date-released: 2027-03-09
doi: 10.5072/zenodo.1
preferred-citation:
  title: Tiny
  authors: [{name: Some Body}]
  year: 2027
  version: 1.2.0
"""
EDITION = Edition("Tiny", ("Some Body",), "1.2.0", "2027-03-09", "10.5072/zenodo.1")
# Another extension makes the pages of results; what is said of them goes by their address.
PACKAGE = """\
__all__ = []


def setup(app):
    page = ("eq/eq-half/index", {"title": "Any", "body": ""}, "page.html")
    app.connect("html-collect-pages", lambda app: [page])
"""
CHAPTER = """\
# The *halves* of $\\log 2$

Of $\\H{p}$, this is the first sentence.

```{equation} eq-half
:title: Two halves – of $x$
:kind: identity
:for: $x > 0$
:source: elementary

\\frac{x}{2} + \\frac{x}{2} = x

>>> 0.5 + 0.5
1.0
```

````{exercise} ex-half
:title: Quarters
A quarter?
````
"""
PAGES = {
    "index.md": (
        "# Tiny\n\n```{toctree}\n:caption: Chapters\none\n```\n\n```{toctree}\nnotes\n```\n"
    ),
    "one.md": CHAPTER,
    "notes.md": "# Notes\n\n```{math}\nx\n```\n",
}


class TinyBook:
    """The sources of a tiny book, and what came of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tiny_of_citing.py").write_text(PACKAGE, "utf-8")
        (folder / "CITATION.cff").write_text(CITATION, "utf-8")
        (folder / "book").mkdir()
        for name, text in PAGES.items():
            (folder / "book" / name).write_text(text, "utf-8")

    def build(self, builder: str = "html") -> str:
        """Build the book, and return the warnings."""
        settings = {
            **sphinx_books.MARKDOWN,
            "citing_file": str(self.folder / "CITATION.cff"),
            "extensions": ["myst_parser", "katex_math", "citing", "tiny_of_citing"],
            "equations_package": "tiny_of_citing",
            "equations_store": str(self.folder / "equations.json"),
            "html_baseurl": SITE,
            "html_math_renderer": "katex",
        }
        source, out = self.folder / "book", self.folder / builder
        return sphinx_books.build(source, out, self.folder / "doctrees", settings, builder)

    def page(self, name: str) -> str:
        return (self.folder / "html" / f"{name}.html").read_text("utf-8")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> TinyBook:
    with pytest.MonkeyPatch.context() as patch:
        tiny = TinyBook(tmp_path_factory.mktemp("citing"))
        patch.syspath_prepend(tiny.folder)
        assert not tiny.build()
    return tiny


def forms(html: str) -> list[dict[str, str]]:
    """Return the forms of each button of a page, by their names."""
    buttons = re.findall(r'<details class="cite">.*?</div></details>', html, re.DOTALL)
    pattern = r"<summary>([^<]+)</summary><pre>([^<]*)</pre>"
    return [
        {name: unescape(text) for name, text in re.findall(pattern, button)} for button in buttons
    ]


def test_chapter_and_result_have_all_forms(book: TinyBook) -> None:
    title = "The *halves* of $\\log 2$"
    works = (
        Work("divergences-derived-one", title, "Chapter 0", f"{SITE}one.html", EDITION),
        Work("eq-half", "Two halves – of $x$", "Identity 0.1", f"{SITE}eq/eq-half/", EDITION),
    )
    expected = [{name: form(work) for name, form in FORMS.items()} for work in works]
    assert forms(book.page("one")) == expected


def test_other_pages_have_no_button(book: TinyBook) -> None:
    assert not forms(book.page("index"))
    assert not forms(book.page("notes"))


def test_button_stands_below_the_title_and_in_the_last_line_of_the_result(book: TinyBook) -> None:
    chapter, result = book.page("one").split('<details class="cite">')[:2]
    assert chapter.rstrip().endswith("</h1>")
    assert "result-evidence" not in chapter
    assert "result-evidence" in result


def test_heads(book: TinyBook) -> None:
    def head(name: str) -> dict[str, str]:
        pattern = r'<meta (?:name|property)="((?:citation_|og:|desc)[^"]+)" content="([^"]*)" />'
        return dict(re.findall(pattern, book.page(name)))

    one = head("one")
    assert one["citation_title"] == one["og:title"] == "The halves of log 2"
    assert one["citation_public_url"] == one["og:url"] == f"{SITE}one.html"
    assert one["citation_doi"] == EDITION.doi
    assert one["description"] == "Of H(p), this is the first sentence."
    assert (one["og:type"], head("index")["og:type"]) == ("article", "website")
    assert head("notes")["description"] == "Notes of Tiny"
    result = head("eq/eq-half/index")
    assert result["citation_title"] == "Two halves – of x"
    assert result["og:url"] == f"{SITE}eq/eq-half/"
    assert result["description"] == "Identity 0.1 of Tiny: Two halves – of x"
    for name in ("index", "one", "notes", "search", "genindex"):
        page = "" if name == "index" else f"{name}.html"
        assert f'<link rel="canonical" href="{SITE}{page}" />' in book.page(name)
    assert head("search") == {"description": "Search of Tiny"}
    assert head("genindex") == {"description": "Index of functions of Tiny"}


def test_search_does_not_find_the_forms(book: TinyBook) -> None:
    index = (book.folder / "html" / "searchindex.js").read_text("utf-8")
    assert "quarter" in index
    assert "howpublish" not in index
    assert "misc" not in index


def test_book_alone_lists_one_version(book: TinyBook) -> None:
    (entry,) = json.loads((book.folder / "html" / "switcher.json").read_text("utf-8"))
    assert entry["url"] == "./"


def test_changes_and_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version changes pages that did not change, and a title may be impossible to cite."""
    tiny = TinyBook(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert not tiny.build()
    (tmp_path / "CITATION.cff").write_text(CITATION.replace("1.2.0", "1.3.0"), "utf-8")
    assert not tiny.build()
    assert "version 1.3.0" in forms(tiny.page("one"))[1]["Plain text"]
    page = tmp_path / "book" / "one.md"
    page.write_text(page.read_text("utf-8").replace("Two halves", "Two αs"), "utf-8")
    warning = tiny.build()
    assert "one.md:6: WARNING: cannot cite eq-half: α (greek small letter alpha)" in warning
    assert not tiny.build("text")
    assert "Cite" not in (tmp_path / "text" / "one.txt").read_text("utf-8")
