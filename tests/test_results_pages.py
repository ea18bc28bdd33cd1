"""A tiny book is built: each result has a page, data and a place in the inventory."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types
from sphinx.ext import intersphinx

from results.records import SCHEMA
from tests import sphinx_books

FILES = {
    "tinyhalf.py": '''\
"""A package of one function."""

__all__ = ["half"]


def half(x):
    """Halve a number.

    Equation :eq:`eq-half-def`.
    """
    return x / 2
''',
    "book/index.md": """\
# Tiny

```{toctree}
:caption: Chapters
first
second
```

```{toctree}
:caption: Reference
api
print
notation
```

```{catalogue}
```
""",
    "book/first.md": """\
# One

See {eq}`eq-half-def`.

::::{exercise} ex-first-quarter
:title: Quarters
A quarter?
::::
""",
    "book/second.md": r"""# Two halves

```{equation} eq-half-def
:title: Half of $x$
:kind: definition
:for: $x > 0$
:if: $x < 10$
:where: $y := x^2$
:note: Compare {eq}`ex-first-quarter`.
:code: half
:source: elementary

\frac{x}{2} = x - \frac{x}{2} \\
\sqrt{y} = x

>>> 1 / 2
0.5
```

```{equation} eq-half-twice
:title: Two halves
:kind: identity
:for: law $p$ on a finite set; $x > 0$
:source: elementary

\H{p} + \frac{x}{2} + \frac{x}{2} = x + \H{p}

>>> 0.5 + 0.5
1.0
```

```{derivation} eq-half-twice
:title: Add them
\H{p} + \frac{x}{2} + \frac{x}{2}
  = \H{p} + 2 \cdot \frac{x}{2}  % add
  = \H{p} + x                    % {eq}`eq-half-def`
```
""",
    "book/api.rst": "API\n===\n\n.. automodule:: tinyhalf\n   :members:\n",
    "book/print.md": "# In print\n\n```{claims} A9\n```\n",
    "book/notation.md": """\
# Notation

| Symbol | meaning | introduced | unit |
|---|---|---|---|
| $\\H{p}$ | entropy of a law | {eq}`eq-half-def` | nat |
""",
    "book/claims.toml": """\
[[claim]]
id = "A9-1"
place = "line 1"
kind = "claim"
claim = 'Half of $x$ is less than **all** of it.'
verdict = "imprecise"
correction = 'Only for positive numbers.'
equations = ["eq-half-def"]
judged = 'The text does not say which numbers it means.'
""",
    "book/ids.txt": "eq-half-def\neq-half-twice\nex-first-quarter\n",
    "book/CHANGELOG.md": "# Changes\n\n## [0.2.0]\n\n- The note of `eq-half-def` is longer.\n",
    "formal.toml": """\
repository = "https://lean.example"

[[declaration]]
id = "eq-half-def"
name = "half_add_half"
file = "A.lean"
commit = "0123456789012345678901234567890123456789"
note = "For every field."
""",
}
ROOT = Path(__file__).parents[1]
SITE = "https://tiny.example/"


class TinyBook:
    """The sources of a tiny book in a folder, and a way to build it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "html"
        for name, text in FILES.items():
            self.write(name, text)
        self.write("book/CITATION.cff", (ROOT / "CITATION.cff").read_text(encoding="utf-8"))

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def build(self) -> str:
        """Build the book and return the warnings."""
        settings: dict[str, Any] = {
            **sphinx_books.MARKDOWN,
            "project": "The Tiny Book",
            "release": "0.2.0",
            "extensions": [
                *("sphinx.ext.autodoc", "myst_parser", "katex_math"),
                *("cards", "citing", "claims", "equations", "results"),
            ],
            "exclude_patterns": ["CHANGELOG.md"],
            "html_static_path": [],
            "equations_package": "tinyhalf",
            "equations_source": "https://sources.example/",
            "claims_ledgers": ["claims.toml"],
            "results_formal": str(self.folder / "formal.toml"),
            "html_baseurl": SITE,
            "html_math_renderer": "katex",
            "nitpicky": True,
        }
        return build(self.folder / "book", self.out, settings)

    def page(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")

    def result(self, name: str) -> str:
        return self.page(f"eq/{name}/index.html")

    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.page("catalogue.json"))
        return found


def build(source: Path, out: Path, settings: dict[str, Any]) -> str:
    return sphinx_books.build(source, out, out.with_name(f"{out.name}-doctrees"), settings)


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyBook]:
    """Return the sources of a book."""
    monkeypatch.syspath_prepend(tmp_path)
    yield TinyBook(tmp_path)
    sys.modules.pop("tinyhalf", None)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyBook]:
    """Return a book that was built once, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        book = TinyBook(folder)
        assert book.build() == ""
        yield book
        sys.modules.pop("tinyhalf", None)


def text_of(html: str) -> str:
    """Return what a reader sees, without the markup and the formulas."""
    body = html.partition('role="main"')[2].partition('class="sphinxsidebar"')[0]
    body = re.sub(r"<math .*?</math>", "", body)
    text = " ".join(re.sub(r"<[^>]*>", " ", body).split())
    return re.sub(r" ([.,:)])", r"\1", text)


def test_each_result_has_a_page_that_stands_alone(built: TinyBook) -> None:
    pages = {file.parent.name for file in built.out.glob("eq/*/index.html")}
    assert pages == {"eq-half-def", "eq-half-twice"}
    html = built.result("eq-half-def")
    assert "<title>Definition 1.1: Half of x" in html
    assert r"&amp; \frac{x}{2} = x - \frac{x}{2} \\" in html
    shown = text_of(html)
    for words in (
        "(1.1) Definition Half of",
        ">>> 1 / 2 0.5".replace(">", "&gt;"),
        "Evidence executed: checked on 64 instances",
        "Needed to prove (1.2) Two halves",
        "In print A9-1, line 1 (imprecise): Half of x is less than all of it.",
        "Only for positive numbers.",
        "half_add_half in Mathlib (A.lean, as of commit 0123456789): For every field.",
        f"The address {SITE}eq/eq-half-def/ and the identifier eq-half-def stay",
        "Not yet in a released version.",
        "0.2.0: The note of eq-half-def is longer.",
    ):
        assert words in shown, words
    other = text_of(built.result("eq-half-twice"))
    for words in (
        "entropy of a law; unit: nat; defined in (1.1)",
        "(1.2) Derivation Add them",
        "It was executed with every step, and so was all that it builds on.",
        "The proof needs (1.1) Half of x",
    ):
        assert words in other, words
    assert f'<link rel="canonical" href="{SITE}eq/eq-half-def/" />' in html


def test_the_page_of_a_result_can_be_cited_and_shows_cards(built: TinyBook) -> None:
    html = built.result("eq-half-twice")
    assert f'<meta name="citation_public_url" content="{SITE}eq/eq-half-twice/" />' in html
    assert html.count('<details class="cite">') == 1
    assert 'index.html#eq-half-def" data-card="eq-half-def"' in html
    assert "<!--card" not in html
    assert "../" not in built.page("_cards/eq-half-def.js")


def test_every_link_of_every_page_leads_somewhere(built: TinyBook) -> None:
    count = 0
    for file in built.out.rglob("*.html"):
        for link in re.findall(r'<a [^>]*href="([^"]*)"', file.read_text(encoding="utf-8")):
            if "://" in link or link.startswith("mailto:"):
                continue
            path, anchor = urldefrag(link)
            target = (file.parent / unquote(path)).resolve() if path else file
            assert target.is_file(), f"{file.relative_to(built.out)}: {link}"
            if anchor and target.suffix == ".html":
                html = target.read_text(encoding="utf-8")
                assert f'id="{anchor}"' in html, f"{file.relative_to(built.out)}: {link}"
            count += 1
    assert count > 100


def test_chapters_and_pages_lead_to_each_other(built: TinyBook) -> None:
    assert 'href="eq/eq-half-twice/index.html"' in built.page("second.html")
    html = built.result("eq-half-twice")
    assert 'href="../../second.html#eq-half-twice"' in html
    assert 'href="../eq-half-def/index.html#eq-half-def"' in html
    assert re.search(r'<link rel="prev" title="1\.1 +Half of x" href="\.\./eq-half-def/', html)
    assert 'href="../../api.html#tinyhalf.half"' in built.result("eq-half-def")
    assert 'href="../../print.html#a9-1"' in built.result("eq-half-def")
    assert 'href="../../first.html#ex-first-quarter"' in built.result("eq-half-def")


def test_the_pages_crowd_neither_the_search_nor_the_contents(built: TinyBook) -> None:
    assert "eq/eq-half-def" not in built.page("searchindex.js")
    contents = built.page("index.html").partition('class="sphinxsidebar"')[2]
    assert "eq/" not in contents


def test_a_second_build_has_the_same_pages(book: TinyBook) -> None:
    assert book.build() == ""
    first = book.result("eq-half-twice"), book.data()
    book.replace("book/first.md", "See {eq}", "See now {eq}")
    assert book.build() == ""
    assert (book.result("eq-half-twice"), book.data()) == first


# --- Data


def test_the_catalogue_is_what_its_schema_says(built: TinyBook) -> None:
    schema = json.loads(built.page(SCHEMA.name))
    Draft202012Validator.check_schema(schema)
    data = built.data()
    Draft202012Validator(schema).validate(data)
    assert [result["id"] for result in data["results"]] == ["eq-half-def", "eq-half-twice"]
    for result in data["results"]:
        alone = json.loads(built.page(f"eq/{result['id']}/index.json"))
        assert alone.pop("$schema") == "../../catalogue.schema.json#/$defs/result"
        assert alone == result
        Draft202012Validator({**schema, "$ref": "#/$defs/result"} | _only(schema)).validate(alone)


def _only(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of one result: the definitions stay, the rules of the whole go."""
    whole = {"type", "required", "additionalProperties", "properties"}
    return (
        {"$defs": schema["$defs"]}
        | {name: {} for name in whole & {"properties"}}
        | {
            "type": "object",
            "required": [],
            "additionalProperties": True,
        }
    )


def test_a_record_says_what_the_sources_say(built: TinyBook) -> None:
    first, second = built.data()["results"]
    assert first["number"] == "1.1"
    assert first["latex"] == [r"\frac{x}{2} = x - \frac{x}{2}", r"\sqrt{y} = x"]
    assert first["mathml"].count("<mfrac>") == 2
    assert first["if"] == "$x < 10$"
    assert first["code"] == [
        {
            "call": "half",
            "function": "tinyhalf.half",
            "address": f"{SITE}api.html#tinyhalf.half",
        }
    ]
    assert first["example"] == [{"code": "1 / 2", "output": "0.5"}]
    assert first["evidence"]["level"] == "executed"
    assert first["evidence"]["killed"] == first["evidence"]["mutants"] > 0
    assert first["used_by"] == {"statement": [], "proof": ["eq-half-twice"]}
    assert first["claims"][0]["address"] == f"{SITE}print.html#a9-1"
    assert (first["previous"], first["next"]) == (None, "eq-half-twice")
    assert second["macros"] == {
        r"\H": {"arguments": 1, "latex": r"H\mathopen{}\left(#1\right)"},
    }
    step = second["derivations"][0]["chains"][0]["steps"][1]
    assert (step["relation"], step["reason"]) == ("=", "{eq}`eq-half-def`")
    x, half = ["Name", "x", None], ["Frac", ["Name", "x", None], ["Number", "2"]]
    assert first["tree"][0] == ["Row", half, [["=", ["Add", [x, ["Neg", half]]]]]]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "guess"),
        ("id", "Eq"),
        ("mathml", "x"),
        ("evidence", {"level": "executed"}),
        ("needs", {"statement": ["eq-a", "eq-a"], "proof": []}),
        ("latex", []),
        ("more", 1),
    ],
)
def test_the_schema_refuses_what_is_wrong(built: TinyBook, key: str, value: object) -> None:
    data = built.data()
    data["results"][0][key] = value
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert not Draft202012Validator(schema).is_valid(data)


# --- The inventory


def entries(file: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Return names and texts of a kind, as ``python -m sphinx.ext.intersphinx`` lists them."""
    capsys.readouterr()
    assert intersphinx.inspect_main([str(file)]) == 0
    lines = capsys.readouterr().out.split("\n")
    start = lines.index(kind) + 1
    end = next(n for n in range(start, len(lines)) if not lines[n].startswith(" "))
    pairs = (line.split(maxsplit=1) for line in lines[start:end])
    return {name: " ".join(rest.split()) for name, rest in pairs}


def test_the_inventory_lists_the_results_of_the_catalogue(
    built: TinyBook, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {result["id"] for result in built.data()["results"]}
    file = built.out / "objects.inv"
    found = entries(file, "equations:eq", capsys)
    assert found.keys() == names
    assert found["eq-half-def"] == "Definition 1.1: Half of x : second.html#eq-half-def"
    labels = entries(file, "std:label", capsys)
    assert names <= labels.keys()
    assert labels["eq-half-def"] == "Definition 1.1: Half of x : eq/eq-half-def/index.html"


def test_another_project_cites_a_result_and_shows_its_number(
    built: TinyBook, tmp_path: Path
) -> None:
    source = tmp_path / "other"
    source.mkdir()
    text = "Other\n=====\n\nBy :external+tiny:ref:`eq-half-twice`, and :ref:`so <eq-half-def>`.\n"
    (source / "index.rst").write_text(text, encoding="utf-8")
    settings = {
        "extensions": ["sphinx.ext.intersphinx"],
        "intersphinx_mapping": {"tiny": (SITE, str(built.out / "objects.inv"))},
        "html_theme": "basic",
        "nitpicky": True,
        "source_suffix": {".rst": "restructuredtext"},
    }
    assert build(source, tmp_path / "out", settings) == ""
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert f'href="{SITE}eq/eq-half-twice/index.html"' in html
    assert "Identity 1.2: Two halves</span>" in html
    assert f'href="{SITE}eq/eq-half-def/index.html"' in html


# --- Symbols


def test_symbols_lead_to_their_rows_and_have_cards(built: TinyBook) -> None:
    row = '<tr class="row-even" id="symbol-entropy-of-a-law">'
    assert built.page("notation.html").count(row) == 1
    link = 'href="{}notation.html#symbol-entropy-of-a-law" data-card="symbol-entropy-of-a-law"'
    assert built.result("eq-half-twice").count(link.format("../../")) == 1
    assert "in the table of symbols</span></a>" in built.result("eq-half-twice")
    table = built.page("index.html").partition('<div class="filtered')[2]
    assert table.count(link.format("")) == 1
    card = (built.out / "_cards" / "symbol-entropy-of-a-law.js").read_text(encoding="utf-8")
    assert '<p class=\\"symbol-unit\\">nat</p>' in card
    assert "entropy of a law" in card
    assert "(1.1)" in card
    (symbol,) = (
        symbol
        for result in built.data()["results"]
        for symbol in result["symbols"]
        if symbol["role"] == "functional"
    )
    assert symbol["anchor"] == "symbol-entropy-of-a-law"


def test_every_card_that_a_page_names_is_there(built: TinyBook) -> None:
    cards = {file.stem for file in (built.out / "_cards").iterdir()}
    named = {
        name
        for page in built.out.rglob("*.html")
        for name in re.findall(r'data-card="([^"]+)"', page.read_text(encoding="utf-8"))
    }
    assert named == cards


# --- The table


def test_the_table_of_all_results_needs_no_script(built: TinyBook) -> None:
    html = built.page("index.html")
    table = html.partition('<div class="filtered')[2].partition("</table>")[0]
    assert table.count("<tr ") == 3
    shown = " ".join(re.sub(r"<[^>]*>", " ", table).split())
    assert "Two halves eq-half-twice identity executed second H" in shown
    assert 'href="second.html#eq-half-twice"' in table
    assert 'href="eq/eq-half-twice/index.html#eq-half-twice"' in table
    assert 'href="catalogue.json"' in html


# --- Faults


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "message"),
    [
        ("book/ids.txt", "eq-half-twice\n", "", "second.md:20", "eq-half-twice is missing in ids"),
        ("book/ids.txt", "ex-first-quarter\n", "", "first.md:5", "ex-first-quarter is missing"),
        ("book/ids.txt", "eq-half-def", "eq-a\neq-half-def", "ids.txt:1", "eq-a is in no chapter"),
        ("formal.toml", "eq-half-def", "eq-a", "formal.toml:4", "eq-a has a formal counterpart"),
    ],
)
def test_a_fault_is_a_warning_with_its_place(
    book: TinyBook, name: str, old: str, new: str, place: str, message: str
) -> None:
    book.replace(name, old, new)
    lines = [text for text in book.build().split("\n") if message in text]
    assert lines, "no warning"
    assert f"{place}: WARNING" in lines[0]


def test_a_retired_identifier_keeps_a_page_and_a_reference_to_it_is_reported(
    book: TinyBook,
) -> None:
    lines = "eq-third\nretire eq-third -> eq-half-def: a third is *no half*\n"
    book.write("book/ids.txt", FILES["book/ids.txt"] + lines)
    book.replace("book/first.md", "See", "See {eq}`eq-third` and")
    warnings = book.build()
    message = "eq-third was retired (a third is *no half*); what replaces it: eq-half-def"
    assert f"first.md:3: WARNING: {message}" in warnings
    shown = text_of(book.result("eq-third"))
    assert "eq-third was retired" in shown
    assert "A third is no half." in shown
    assert "What replaces it: (1.1) Half of x" in shown
    assert 'href="../eq-half-def/index.html#eq-half-def"' in book.result("eq-third")
    (retired,) = book.data()["retired"]
    assert retired["replaced_by"] == ["eq-half-def"]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(book.data())
