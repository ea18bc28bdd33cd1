"""Citations: every result and chapter of the book in five forms, each read again by its reader."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
import rispy  # type: ignore[import-untyped]  # it has no types
from pybtex.database import BibliographyData, Entry, parse_string  # type: ignore[import-untyped]  # it has no types
from pybtex.plugin import find_plugin  # type: ignore[import-untyped]  # it has no types

from citing.edition import read_edition
from citing.forms import FORMS, Edition, Work, bibtex, csl_json, latex_link, plain_text, ris
from citing.html import button_html, meta_html, shortened
from citing.titles import latex_text, latex_title, plain_title
from equations.book import read_book
from formats.expand import expand

ROOT = Path(__file__).parent.parent
SITE = "https://example.org/book/"
BOOK = read_book(ROOT / "book")
RELEASE = Edition(
    title="Divergences, Derived",
    authors=("Divergences, Derived maintainers",),
    version="1.2.0",
    date="2027-03-09",
    doi="10.5072/zenodo.12_34",
)
DRAFT = dataclasses.replace(RELEASE, version="1.3.0.dev0", date="2027", doi="")
WORKS = [
    Work(name, entry.block.title, f"{entry.label} {entry.number}", f"{SITE}eq/{name}/", RELEASE)
    for name, entry in BOOK.entries.items()
    if entry.label != "Exercise"
]
CSL = jsonschema.Draft3Validator(json.loads((ROOT / "tests/schemas/csl-data.json").read_text()))
STYLE = find_plugin("pybtex.style.formatting", "plain")()  # that of the book
HARD = Work(
    "eq-hard",
    r"Rényi’s bound – 50 % of $\KL{p}{q}$ & {more} for *f* in `a_b` \ #1",
    "Theorem 9.1",
    f"{SITE}eq/eq-hard/?a=1%202#b",
    RELEASE,
)


def entry_of(text: str) -> Entry:
    parsed: BibliographyData = parse_string(text, "bibtex")
    (entry,) = parsed.entries.values()
    return entry


def shown(text: str) -> str:
    """Return the line that the style of the book makes of a BibTeX entry; a lost field fails."""
    (formatted,) = STYLE.format_bibliography(parse_string(text, "bibtex"))
    return str(formatted.text.render_as("text"))


def record_of(text: str) -> dict[str, Any]:
    (record,) = rispy.loads(text)
    return dict(record)


@pytest.mark.parametrize("work", [*WORKS, HARD], ids=lambda work: work.id)
def test_all_forms_of_a_result_are_read_by_their_readers(work: Work) -> None:
    entry = entry_of(bibtex(work))
    assert entry.key == work.id
    assert entry.fields["url"] == work.address
    assert entry.fields["doi"] == RELEASE.doi
    assert entry.fields["howpublished"] == f"{RELEASE.title}, {work.place}, version 1.2.0"
    assert (entry.fields["year"], entry.fields["month"]) == ("2027", "March")
    assert shown(bibtex(work)).startswith(f"{RELEASE.authors[0]}. ")

    items = json.loads(csl_json(work))
    CSL.validate(items)
    (item,) = items
    assert (item["id"], item["URL"], item["DOI"]) == (work.id, work.address, RELEASE.doi)
    assert (item["section"], item["version"]) == (work.place, RELEASE.version)
    assert item["issued"] == {"date-parts": [[2027, 3, 9]]}

    assert record_of(ris(work)) == {
        "type_of_reference": "CHAP",
        "id": work.id,
        "authors": ["Divergences Derived maintainers"],
        "title": plain_title(work.title),
        "secondary_title": RELEASE.title,
        "section": work.place,
        "edition": RELEASE.version,
        "year": "2027",
        "date": "2027/03/09",
        "language": "en",
        "doi": RELEASE.doi,
        "urls": [work.address],
    }

    line = plain_text(work)
    said = (plain_title(work.title), work.place, RELEASE.version, "9 March 2027", work.address)
    assert all(part in line for part in (*said, RELEASE.doi))
    assert "\n" not in line
    assert latex_link(work).startswith(r"\href{https://example.org/book/eq/")


def test_book_has_results_to_cite() -> None:
    assert len(WORKS) == len(BOOK.equations) > 100


def test_ris_survives_a_second_writing() -> None:
    for work in (*WORKS, HARD):
        record = record_of(ris(work))
        assert record_of(rispy.dumps([record])) == record


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_known_is_left_out(form: str) -> None:
    text = FORMS[form](dataclasses.replace(HARD, edition=DRAFT))
    assert "doi" not in text.lower()
    assert "None" not in text
    assert DRAFT.version in text
    assert "2027" in text
    assert "March" not in text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("field", ["id", "title", "place", "address"])
def test_each_form_says_what_is_cited(form: str, field: str) -> None:
    """A planted fault: with another value, the text is another one."""
    kept = {"Plain text": {"id"}, "LaTeX link": {"id", "title"}}  # what they have no room for
    changed = Work(**(vars(HARD) | {field: "other"}))
    assert (FORMS[form](changed) == FORMS[form](HARD)) == (field in kept.get(form, set()))


def test_the_schema_refuses_what_is_wrong() -> None:
    (item,) = json.loads(csl_json(HARD))
    for fault in ({"type": "theorem"}, {"number": ["3.1"]}, {"place": "Definition 3.1"}):
        assert not CSL.is_valid([item | fault])


def test_hard_signs_are_written_as_each_form_has_them() -> None:
    entry = entry_of(bibtex(HARD))
    title = r"R{\'{e}}nyi's bound -- 50 \% of $\operatorname{KL}\mathopen{}\left(p \,\middle\|\, q"
    rest = r"\right)$ \& \{more\} for \emph{f} in \texttt{a\_b} \textbackslash{} \#1"
    assert entry.fields["title"] == f"{{{title}{rest}}}"
    assert (
        plain_title(HARD.title) == "Rényi’s bound – 50 % of KL(p ∥ q) & {more} for f in a_b \\ #1"
    )
    assert r"?a=1\%202\#b}" in latex_link(HARD)
    assert r"{doi:10.5072/zenodo.12\_34}" in latex_link(HARD)


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\log 2", "log 2"),
        (r"W_1 \le \sqrt{2 t}", "W_1 ≤ √(2t)"),
        (r"\tfrac12 \TV{p}{q}^2", "1/2TV(p,q)^2"),
        (r"\frac{a-b}{2} = f(-x)", "(a − b)/2 = f(−x)"),
        (r"\sigma^{2n}", "σ^(2n)"),
    ],
)
def test_formulas_of_titles_as_text(latex: str, text: str) -> None:
    assert plain_title(f"${latex}$") == text


def test_macros_are_expanded_with_their_arguments() -> None:
    assert expand(r"\norm{\H{p}} x") == r"\left\| H\mathopen{}\left(p\right) \right\| x"
    assert expand(r"\H p") == r"H\mathopen{}\left(p\right)"
    with pytest.raises(ValueError, match="a brace is not closed"):
        expand(r"\H{p")


@pytest.mark.parametrize(
    ("text", "latex"),
    [("Šidák", r"{\v{S}}id{\'{a}}k"), ("naïve", r"na{\"{\i}}ve"), ("Ørsted ß", r"{\O}rsted {\ss}")],
)
def test_accents_for_bibtex(text: str, latex: str) -> None:
    assert latex_text(text) == latex


def test_sign_without_latex_is_named() -> None:
    with pytest.raises(ValueError, match=r"α \(greek small letter alpha\) has no LaTeX form"):
        latex_title("The α-divergence")


def test_citation_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "CITATION.cff"
    file.write_text(
        "doi: 10.5072/zenodo.1\n"
        "date-released: 2027-03-09\n"
        "preferred-citation:\n"
        "  title: A Book\n"
        "  year: 2026\n"
        "  version: 1.10\n"
        "  authors:\n"
        "    - given-names: Ada\n      name-particle: de\n      family-names: Souza\n"
        "    - name: Some, Body\n",
        "utf-8",
    )
    found = read_edition(file)
    expected = Edition("A Book", ("Ada de Souza", "Some, Body"), "1.10", "2027-03-09")
    assert found == dataclasses.replace(expected, doi="10.5072/zenodo.1")


def test_edition_of_this_repository_invents_nothing() -> None:
    found = read_edition(ROOT / "CITATION.cff")
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert found.doi == "".join(re.findall(r"^doi: (.+)$", text, re.MULTILINE))
    dated = re.findall(r"^date-released: (.+)$", text, re.MULTILINE)
    assert found.date == (dated or re.findall(r"^  year: (.+)$", text, re.MULTILINE))[0]


def test_button_holds_all_forms_escaped() -> None:
    html = button_html(dataclasses.replace(HARD, title="a < b & c"))
    assert html.count("<pre>") == len(FORMS)
    assert html.count('name="cite-eq-hard"') == len(FORMS)
    assert html.count(" open>") == 1
    assert "a < b" not in html
    assert "a &lt; b &amp; c" in html


def tags(html: str) -> dict[str, str]:
    return dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)" />', html))


def test_head_says_what_a_page_is() -> None:
    found = tags(meta_html(HARD, image="i.png", summary='Say "one" & two.'))
    assert found["citation_title"] == plain_title(HARD.title).replace("&", "&amp;")
    assert found["citation_author"] == "Divergences Derived maintainers"
    assert found["citation_inbook_title"] == found["og:site_name"] == RELEASE.title
    assert found["citation_publication_date"] == "2027/03/09"
    assert found["citation_doi"] == RELEASE.doi
    assert found["citation_public_url"] == found["og:url"] == HARD.address
    assert found["description"] == found["og:description"] == "Say &quot;one&quot; &amp; two."
    assert (found["og:type"], found["og:image"]) == ("article", "i.png")


def test_head_of_the_whole_book() -> None:
    found = tags(meta_html(dataclasses.replace(HARD, edition=DRAFT), image="i.png", whole=True))
    assert found["og:type"] == "website"
    assert not {"citation_inbook_title", "citation_doi", "description"} & set(found)


def test_summary_ends_with_a_sentence_or_a_word() -> None:
    assert shortened("Short  and\ngood.") == "Short and good."
    assert shortened("One. Two is here. Three follows", 20) == "One. Two is here."
    assert shortened("words without any end at all", 20) == "words without any …"
