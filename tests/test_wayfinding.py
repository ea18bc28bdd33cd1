"""A tiny book with the theme of the real one: search, breadcrumbs, reading time, lost pages."""

from __future__ import annotations

import json
import re
import runpy
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
import pytest
from docutils import nodes

from equations.book import read_book
from graphs import chapters
from results.notation import read_rows
from tests import sphinx_books
from tests.test_results_pages import FILES, ROOT, SITE
from wayfinding import entries, heights, reading, weight
from wayfinding.entries import Found

BOOK = ROOT / "book"
LISTED = ("kind", "id", "title", "address", "number", "names", "words")
FOLDED = ":::{dropdown} Solution\nHidden words, and\n\n$$\na = b\n$$\n:::\n\n"
CHAPTER = (
    FOLDED + "one two three. " * 130 + "\n\n$$\nx = y\n$$\n\n$$\ny = z\n$$\n\nfour $z$ five.\n"
)
ARTICLES = {
    "book/index.md": FILES["book/index.md"].replace("api\n", "articles/index\napi\n")
    + "\nRead for {minutes}`first`.\n\n```{graph} chapters\n:start: first: begin here\n```\n",
    "book/first.md": FILES["book/first.md"] + CHAPTER,
    "book/articles/index.md": "# Articles\n\n```{toctree}\na1\n```\n",
    "book/articles/a1.md": "# A1: 1 < 2 & more\n\n[Here](../first.md).\n\n```python\nx = 1\n```\n",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a site that was built once, with the pages' look of the real book."""
    folder = tmp_path_factory.mktemp("found")
    for name, text in (FILES | ARTICLES).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    (folder / "book" / "CITATION.cff").write_text(citation, encoding="utf-8")
    conf = runpy.run_path(str(ROOT / "conf.py"))
    shared = ("html_theme", "html_theme_options", "html_sidebars", "html_context", "html_css_files")
    settings: dict[str, Any] = {
        **sphinx_books.MARKDOWN,
        **{name: conf[name] for name in (*shared, "html_js_files", "templates_path")},
        "project": "The Tiny Book",
        "extensions": [
            *("sphinx.ext.autodoc", "myst_parser", "katex_math"),
            *("sphinx_copybutton", "sphinx_design"),
            *("cards", "citing", "claims", "equations", "graphs", "results", "wayfinding"),
        ],
        "exclude_patterns": ["CHANGELOG.md"],
        "html_static_path": [str(BOOK / "_static")],
        "equations_package": "tinyhalf",
        "equations_source": "https://sources.example/",
        "claims_ledgers": ["claims.toml"],
        "results_formal": str(folder / "formal.toml"),
        "html_baseurl": SITE,
        "html_math_renderer": "katex",
        "wayfinding_unused": conf["wayfinding_unused"],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        out = folder / "html"
        with warnings.catch_warnings():
            # The theme and what it brings use what a later Sphinx will not have.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            said = sphinx_books.build(folder / "book", out, folder / "doctrees", settings)
        assert said == ""
        yield out
        sys.modules.pop("tinyhalf", None)


def text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def pages(site: Path) -> list[str]:
    return sorted(file.relative_to(site).as_posix() for file in site.rglob("*.html"))


def crumbs(html: str) -> list[tuple[str, str]]:
    found = re.search(r'<nav class="crumbs" aria-label="Breadcrumb">(.*?)</nav>', html, re.DOTALL)
    items = re.findall(r"<li>(.*?)</li>", found[1], re.DOTALL) if found else []
    links = (re.search(r'href="([^"]*)"', item) for item in items)
    words = (" ".join(unescape(re.sub(r"<[^>]*>", "", item)).split()) for item in items)
    return [(word, link[1] if link else "") for word, link in zip(words, links, strict=True)]


def listed(site: Path) -> list[Found]:
    data = re.fullmatch(r"bookEntries\((.*)\);\n", text(site / entries.FILE), re.DOTALL)
    assert data
    return [Found(**dict(zip(LISTED, row, strict=True))) for row in json.loads(data[1])]


# --- Breadcrumbs and addresses


@pytest.mark.parametrize(
    ("page", "way"),
    [
        ("index.html", []),
        ("first.html", [("Home", "index.html"), ("Chapters", ""), ("0 One", "")]),
        (
            "articles/a1.html",
            [
                ("Home", "../index.html"),
                ("Reference", ""),
                ("Articles", "index.html"),
                ("A1: 1 < 2 & more", ""),
            ],
        ),
        (
            "eq/eq-half-def/index.html",
            [
                ("Home", "../../index.html"),
                ("Chapters", ""),
                ("1 Two halves", "../../second.html"),
                ("Definition 1.1: Half of x", ""),
            ],
        ),
        ("search.html", [("Home", "index.html"), ("Search", "")]),
    ],
)
def test_breadcrumbs_lead_back(site: Path, page: str, way: list[tuple[str, str]]) -> None:
    found = crumbs(text(site / page))
    assert found == way
    for _, link in found:
        assert not link or (site / page).parent.joinpath(link).is_file()
    if way:
        last = re.findall(r'<span aria-current="page">(.*?)</span>', text(site / page))
        assert [unescape(name).split() for name in last] == [way[-1][0].split()]


def test_the_permanent_address_of_a_folder_has_no_file(site: Path) -> None:
    for page in set(pages(site)) - {"404.html"}:
        address = re.search(r'<link rel="canonical" href="([^"]*)"', text(site / page))
        assert address, page
        assert address[1] == SITE + re.sub(r"(^|/)index\.html$", r"\1", page)
    assert f'name="citation_public_url" content="{SITE}"' in text(site / "index.html")


def test_the_map_of_the_site_is_complete(site: Path) -> None:
    root = ET.fromstring(text(site / "sitemap.xml"))  # noqa: S314 - our own
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    assert root.tag == f"{space}urlset"
    found = [place.text or "" for place in root.findall(f"{space}url/{space}loc")]
    files = [
        f"{name}index.html" if name.endswith("/") or not name else name
        for name in (address.removeprefix(SITE) for address in found)
    ]
    assert sorted(files) == sorted(set(pages(site)) - {"404.html", "search.html"})
    assert "eq/eq-half-def/index.html" in files
    assert len(found) == len(set(found))
    assert f"Sitemap: {SITE}sitemap.xml\n" in text(site / "robots.txt")


def test_a_lost_reader_finds_back_from_any_depth(site: Path) -> None:
    html = text(site / "404.html")
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', html)
    whole = [address for address in addresses if address != "data:,"]
    deep = f"{SITE}no/such/page/"
    assert whole
    for address in whole:
        assert urljoin(deep, address) == address
        assert address.startswith(SITE)
    # Of the real book, all of these are there.
    names = {address.removeprefix(SITE) for address in whole}
    sources = {file.relative_to(BOOK).with_suffix(".html").as_posix() for file in BOOK.glob("*.md")}
    assert names - {"", "search.html"} <= sources
    assert "<script" not in html


# --- Reading time


def test_reading_time_counted_a_second_way(site: Path) -> None:
    html = text(site / "first.html")
    said = re.search(r'<p class="reading">(.*?)</p>', html)
    assert said
    minutes, words, formulas = map(int, re.findall(r"\d+", re.sub(r" at \d+", "", said[1])))
    # Of the title, of the line with a reference, of the exercise, and what was added above.
    plain = [
        *["One", "See", "Quarters", "A", "quarter"],
        "eq-half-def",
        *["one", "two", "three"] * 130,
    ]
    assert words - len(plain) in range(2, 8)  # four, z, five; and how references are shown
    assert formulas == 2
    assert minutes == round((words / 200 * 60 + 2 * 20) / 60) == 3
    assert "Read for 3 min." in re.sub(r"<[^>]*>", "", text(site / "index.html"))
    assert 'class="reading"' not in text(site / "second.html").partition("<h1")[0]
    assert 'class="reading"' not in text(site / "notation.html")


def test_code_tables_and_lines_about_results_take_no_time() -> None:
    read = nodes.paragraph("", "One – two, three", nodes.math("x", "x"))
    code, table = nodes.literal_block("", "print(1)"), nodes.table("", nodes.paragraph("", "1"))
    evidence = nodes.container("", nodes.paragraph("", "executed"), classes=["result-meta"])
    page = nodes.section("", read, nodes.math_block("y", "y"), code, table, evidence)
    assert reading.length(page) == reading.Length(words=4, formulas=1)
    assert reading.Length(400, 3).minutes == 3
    assert reading.Length(1, 0).minutes == 1


def test_height_of_a_section_grows_with_what_is_on_it() -> None:
    formula = nodes.math_block("x = y", "x = y")
    words = nodes.paragraph("", "five ", nodes.math("long", "long"))
    section = nodes.section("", words, formula)
    expected = heights.LEAST + heights.PARAGRAPH + heights.FORMULA
    letters = heights.LETTER * len("five x = y")
    gaps = 2 * heights.LETTER * len(section.child_text_separator)
    assert heights.height(section) == pytest.approx(expected + letters, abs=gaps)


# --- Search


def test_everything_can_be_found_and_leads_there(site: Path) -> None:
    found = listed(site)
    kinds = {each.id: each.kind for each in found}
    assert kinds == {
        "eq-half-def": "definition",
        "eq-half-twice": "identity",
        "ex-first-quarter": "exercise",
        "symbol-entropy-of-a-law": "symbol",
        "tinyhalf.half": "function",
        "A9-1": "claim",
    }
    for each in found:
        page, _, anchor = each.address.partition("#")
        html = text(site / page)
        assert not anchor or f'id="{anchor}"' in html, each
    by_id = {each.id: each for each in found}
    assert by_id["symbol-entropy-of-a-law"].names == "H"
    assert "H" in by_id["eq-half-twice"].words.split()
    assert by_id["eq-half-def"].number == "1.1"


@pytest.mark.parametrize(
    ("latex", "typed"),
    [
        (r"\W{1}{p}{q}", ["W_1"]),
        (r"\KL{p}{q} \le \lambda", ["KL", "lambda"]),
        (r"\frac{1}{2} \sum_x \left( p(x) \right)", []),
        (r"\mathrm{Lip}_1", ["Lip"]),
    ],
)
def test_what_readers_type_of_a_formula(latex: str, typed: list[str]) -> None:
    assert [token for token in entries.tokens(latex) if token in typed] == typed
    assert not {"left", "frac", "sum", "mathrm"} & set(entries.tokens(latex))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Kullback", "eq-kl-def"),
        ("W_1", "thm-kr-duality"),
        ("lambda", "thm-log-score-proper"),
        ("Bures", "eq-w2-gaussian"),
        ("KL", "eq-kl-def"),
        ("kl_divergence", "eq-kl-def"),
        ("EMD", "def-wasserstein"),
        ("softplus", "alg-logsumexp"),
    ],
)
def test_results_of_the_book_are_found_by_what_readers_type(typed: str, name: str) -> None:
    entry = read_book(BOOK).entries[name]
    found = entries.of_result(entry, "")
    heap = f"{found.title} {found.names} {found.words}".lower()
    assert typed.lower() in re.split(r"[\s–]+", heap)


def test_titles_of_proofs_lead_to_what_they_prove() -> None:
    gibbs = read_book(BOOK).entries["ineq-gibbs"]
    assert "Jensen's" in entries.of_result(gibbs, "", "Second proof, by Jensen's inequality").words
    assert "Jensen's" not in entries.of_result(gibbs, "").words


def test_other_names_are_those_of_results_and_symbols() -> None:
    symbols = {anchor for anchor, _ in read_rows(BOOK / "notation.md")}
    assert entries.ALIASES.keys() <= read_book(BOOK).entries.keys() | symbols


@pytest.mark.parametrize(
    ("row", "title"),
    [
        ((r"$\KL{p}{q}$", "relative entropy; the reference is on the right"), "KL(p ∥ q)"),
        ((r"$\operatorname{JS}_\pi(p, q)$", "the same with weights $\\pi$"), "JS_π(p,q)"),
        ((r"$\log$, $\log_2$", "logarithm to base $e$, 2"), "log, log_2"),
    ],
)
def test_symbols_have_readable_names(row: tuple[str, str], title: str) -> None:
    shown, meaning = row
    found = entries.of_symbol("symbol-a", shown, meaning, "notation.html")
    assert found.title.startswith(f"{title}: ")


def test_the_meaning_of_a_symbol_ends_before_its_formula() -> None:
    for anchor, (shown, meaning, *_) in read_rows(BOOK / "notation.md"):
        title = entries.of_symbol(anchor, shown, meaning, "").title
        assert not re.search(r"[\\${}∑∫]|sup|lim_", title), title
        assert len(title) < 120, title


def test_every_symbol_leads_to_where_it_is_introduced() -> None:
    known = read_book(BOOK).entries
    rows = read_rows(BOOK / "notation.md")
    assert len(rows) > 40
    common = {"symbol-trace", "symbol-u-rounded-up", "symbol-the-real-numbers"}
    for anchor, (_, _, introduced, _) in rows:
        target = re.fullmatch(r"\{eq\}`([^`]+)`", introduced)
        assert (target is None) == (anchor in common), anchor
        assert target is None or target[1] in known, anchor


# --- The map of the chapters


def test_the_map_of_chapters_says_what_is_needed_first(site: Path) -> None:
    book = read_book(BOOK)
    edges = chapters.needs(book)
    order = book.chapters.index
    assert all(order(low) < order(high) for low, high in edges)
    reached = {book.chapters[0]}
    for low, high in sorted(edges, key=lambda edge: order(edge[0])):
        assert low in reached
        reached.add(high)
    missing = ", ".join(name for name in book.chapters if name not in reached)
    assert not missing, (
        f"no line of the map leads to {missing}: two results of each chapter have to need results "
        "of one earlier chapter, as CONTRIBUTING.md says"
    )
    between = {(a, c) for a, b in edges for d, c in edges if b == d}
    assert not between & set(edges)
    svg = re.search(r'<svg class="graph chapter-map".*?</svg>', text(site / "index.html"))
    assert svg
    drawn = ET.fromstring(svg[0])  # noqa: S314 - our own
    assert [link.get("href") for link in drawn.iter("a")] == ["first.html", "second.html"]
    assert "begin here" in "".join(drawn.itertext())


def test_the_map_fits_its_narrowest_column(monkeypatch: pytest.MonkeyPatch) -> None:
    book = read_book(BOOK)
    names = [f"chapter {n}" for n in range(7)]
    star = [(names[0], name) for name in names[1:]]  # all of them would stand in one row
    for known, edges in (book, chapters.needs(book)), (replace(book, chapters=tuple(names)), star):
        monkeypatch.setattr(chapters, "needs", lambda _, edges=edges: edges)
        drawn = ET.fromstring(chapters.drawing(known, str, str, {}))[0]  # noqa: S314 - our own
        assert drawn.get("class") == "graph chapter-map"
        # of a window of 1200 pixels, with both sidebars
        assert float(drawn.get("width", "inf")) <= 624


# --- Weight


def test_pages_load_only_what_they_use(site: Path) -> None:
    html = {page: text(site / page) for page in pages(site)}
    loaded = {
        page: set(re.findall(r'(?:src|href)="[^"]*?(?:_static/)?([\w.-]+\.(?:js|css))', content))
        for page, content in html.items()
    }
    assert "cards.js" in loaded["second.html"]
    assert "copybutton.js" not in loaded["genindex.html"]
    assert "filter.js" not in loaded["first.html"]
    assert "filter.js" in loaded["index.html"]
    assert loaded["404.html"] == set()
    for page, content in html.items():
        for address in re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^":]+)"', content):
            if "canonical" not in address:
                file = (site / page).parent / address.partition("?")[0].partition("#")[0]
                assert file.is_file() or address.startswith("#"), f"{page} asks for {address}"


def test_no_script_runs_in_a_page_but_the_one_that_sets_the_colours(site: Path) -> None:
    seen = set()
    for page in pages(site):
        html = text(site / page)
        seen |= set(
            re.findall(
                r"<script(?![^>]*(?: src=|application/json))[^>]*>(.*?)</script>", html, re.DOTALL
            )
        )
        assert not re.search(r'<[^>]+ on[a-z]+="', html), page
    assert len(seen) == 1
    assert "prefers-color-scheme" in seen.pop()


def test_the_files_of_every_page_stay_light(site: Path) -> None:
    for kind, limit in ((".css", 200_000), (".js", 60_000)):
        loaded = re.findall(rf'(?:href|src)="([^"?]*\{kind})["?]', text(site / "index.html"))
        size = sum((site / name).stat().st_size for name in loaded)
        assert 0 < size < limit, kind


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".a{x:1}.b{x:2}", ".a{x:1}"),
        (".a,.b .a{x:1}", ".a{x:1}"),
        (".b:not(.a){x:1}p:not(.b){x:2}", "p:not(.b){x:2}"),
        ("@media print{.b{x:1}}@media all{.a{x:1}.b{y:1}}", "@media all{.a{x:1}}"),
        ('@import "b.css";@font-face{src:url(f.b)}', '@import "b.css";@font-face{src:url(f.b)}'),
        ('.a::after{content:"}.b{"}.b{x:1}', '.a::after{content:"}.b{"}'),
        ('a[href$=".b"]{x:1}/* .a{} */', 'a[href$=".b"]{x:1}'),
        ("@keyframes b{from{x:1}to{x:2}}", "@keyframes b{from{x:1}to{x:2}}"),
        (".a:is(.b,.a){x:1}", ".a:is(.b,.a){x:1}"),
        (r".a\:b{x:1}", ""),
        (".run-out{x:1}.runs{x:2}", ".run-out{x:1}"),
    ],
)
def test_rules_that_match_nothing_go(css: str, left: str) -> None:
    assert weight.slim(css, {"a", "run-${"}) == left


def test_fonts_that_are_not_there_are_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "here.woff2").write_bytes(b"")
    here = '@font-face { font-family: A; src: url("here.woff2?v=1") format("woff2"), url(x.ttf) }'
    lost = "@font-face{font-family:B;src:url(../fonts/lost.woff2)}"
    assert weight.with_fonts(f"{here}{lost}b {{}}", tmp_path) == f"{here}b {{}}"


def test_a_class_that_a_script_completes_is_found(tmp_path: Path) -> None:
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "a.js").write_text("x.className = `run-${kind} b-c`;", "utf-8")
    assert {"run-${", "b-c"} <= weight.names_in(tmp_path)


# --- Figures


def test_every_figure_of_the_book_says_what_it_shows() -> None:
    """Each cell that shows a figure has a text for those who do not see it."""
    for chapter in read_book(BOOK).chapters:
        source = text(BOOK / f"{chapter}.md")
        for cell in re.findall(r"```\{code-cell\}.*?\n```", source, re.DOTALL):
            if "plt." in cell and "subplots" in cell:
                assert re.search(r"alt: (?:>-\s+)?\S.{20}", cell), f"{chapter}: {cell[:120]}"
        for figure in re.findall(r"```\{(?:slider|figure)\}.*?\n```", source, re.DOTALL):
            assert re.search(r"alt: (?:>-\s+)?\S.{20}", figure), f"{chapter}: {figure[:120]}"


Colour = npt.NDArray[np.float64]


def luminance(colour: Colour) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def rgb(name: str) -> Colour:
    return np.array([int(name[k : k + 2], 16) / 255 for k in (0, 2, 4)])


def test_figures_have_the_contrast_and_the_hues_of_light_mode_in_the_dark() -> None:
    css, style = text(BOOK / "_static" / "book.css"), text(BOOK / "_static" / "book.mplstyle")
    found = re.search(r"filter: invert\((0?\.\d+)\) hue-rotate\(180deg\)", css)
    ground = re.search(r'"dark"\] \{[^}]*--pst-color-background: #(\w{6})', css)
    cycle = re.search(r"prop_cycle.*?\]", style)
    letters = re.search(r"text.color: (\w{6})", style)
    assert found
    assert ground
    assert cycle
    assert letters
    # The matrix of hue-rotate(180deg) in Filter Effects; each column of it sums to that of grey.
    weights = np.array([0.213, 0.715, 0.072])
    turn = 2 * np.tile(weights, (3, 1)) - np.eye(3)

    share, dim = float(found[1]), luminance(rgb(ground[1])) + 0.05

    def dark(colour: Colour) -> Colour:
        return np.clip(turn @ (share * (1 - colour) + (1 - share) * colour), 0, 1)

    def contrast(colour: Colour) -> float:
        return (luminance(dark(colour)) + 0.05) / dim

    series = [rgb(name) for name in re.findall(r'"(\w{6})"', cycle[0])]
    assert len(series) == 6
    assert min(map(contrast, series)) >= 3.5
    assert contrast(rgb(letters[1])) >= 7
    assert contrast(np.ones(3)) < 1.1  # what is white is the ground
    for colour in series:
        assert np.argsort(dark(colour)).tolist() == np.argsort(colour).tolist()
