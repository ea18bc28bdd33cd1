"""What pages and catalogue are made from: symbols, sources, and the records of the book itself."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from docutils import nodes
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types

from equations.book import Book, read_book
from equations.graph import Graph
from equations.macros import MACROS
from equations.verdicts import EXECUTED, ILLUSTRATED, NOT_RUN, TESTED, Verdict, step_names
from results.ids import read_register
from results.inline import inline
from results.notation import GIVEN, Symbol, read_notation, read_rows, symbols
from results.records import SCHEMA, Material, catalogue
from results.sources import (
    FORMAL,
    Change,
    changes_of,
    cited,
    formal_problems,
    read_bibliography,
    read_changes,
    read_formal,
    read_versions,
)

ROOT = Path(__file__).parents[1]
SITE = "https://tiny.example/"


@pytest.fixture(scope="module")
def book() -> Book:
    """Return the book itself."""
    return read_book(ROOT / "book")


def verdicts(book: Book) -> dict[str, Verdict]:
    """Return verdicts of the right level, without running anything."""
    found = {}
    for block in book.equations:
        level = next((n for n in (TESTED, ILLUSTRATED) if n in block.options), EXECUTED)
        note = block.options.get(level, "")
        found[block.id] = Verdict(block.id, "", 1, level, note)
    for derivation in book.derivations:
        steps = [step for chain in derivation.chains for step in chain.steps]
        for name, step in zip(step_names(derivation), steps, strict=True):
            level = EXECUTED if step.not_run is None else NOT_RUN
            found[name] = Verdict(name, "", 1, level, step.not_run or "")
    return found


@pytest.fixture(scope="module")
def material(book: Book) -> Material:
    """Return all that the records of the book are made of, but for the counts of the checks."""
    return Material(
        book=book,
        verdicts=verdicts(book),
        register=read_register(ROOT / "book" / "ids.txt"),
        notation=read_notation(ROOT / "book" / "notation.md"),
        bibliography=read_bibliography(ROOT / "book" / "references.bib"),
        formal=read_formal(FORMAL),
        changes=read_changes(ROOT / "CHANGELOG.md"),
        title="The Book",
        site=SITE,
        repository="https://sources.example/",
        function=lambda name: (f"refimpl.{name}", None),
        claims=lambda _: [],
    )


@pytest.fixture(scope="module")
def data(material: Material) -> dict[str, Any]:
    """Return the catalogue of the book."""
    return catalogue(material, version="0.1.0")


def test_the_catalogue_of_the_book_is_what_its_schema_says(
    data: dict[str, Any], book: Book
) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(json.loads(json.dumps(data)))
    assert [result["id"] for result in data["results"]] == [block.id for block in book.equations]


def test_every_needed_result_names_the_one_that_needs_it(data: dict[str, Any]) -> None:
    results = {result["id"]: result for result in data["results"]}
    for name, result in results.items():
        for part in ("statement", "proof"):
            for other in result["needs"][part]:
                assert name in results[other]["used_by"][part]
            for other in result["used_by"][part]:
                assert name in results[other]["needs"][part]


def test_a_gap_is_a_gap_of_all_that_builds_on_it(data: dict[str, Any]) -> None:
    gaps = {result["id"]: set(result["gaps"]) for result in data["results"]}
    assert any(gaps.values())
    for result in data["results"]:
        if result["evidence"]["level"] != EXECUTED:
            assert result["id"] in gaps[result["id"]]
        for part in ("statement", "proof"):
            for other in result["needs"][part]:
                assert gaps[other] <= gaps[result["id"]]


def test_previous_and_next_run_through_the_whole_book(data: dict[str, Any]) -> None:
    results = data["results"]
    assert results[0]["previous"] is results[-1]["next"] is None
    for before, after in pairwise(results):
        assert (before["next"], after["previous"]) == (after["id"], before["id"])


def test_latex_of_a_record_has_all_its_macros(data: dict[str, Any]) -> None:
    for result in data["results"]:
        used = set(re.findall(r"\\[A-Za-z]+", " ".join(result["latex"])))
        assert used & {f"\\{name}" for name in MACROS} <= result["macros"].keys()


def test_a_result_is_parsed_exactly_if_it_is_executed(data: dict[str, Any]) -> None:
    for result in data["results"]:
        assert (result["tree"] is not None) == (result["evidence"]["level"] == EXECUTED)


def test_every_cited_source_is_in_the_record(data: dict[str, Any]) -> None:
    for result in data["results"]:
        assert [source["key"] for source in result["references"]] == cited(result["source"])


# --- Symbols


def test_every_functional_has_its_row_in_the_notation(material: Material) -> None:
    functions = {macro.function for name, macro in MACROS.items() if name in material.notation}
    missing = {
        n for n, macro in MACROS.items() if macro.function and macro.function not in functions
    }
    assert missing == set()


def symbols_of(material: Material, name: str) -> dict[str, Symbol]:
    block = next(block for block in material.book.equations if block.id == name)
    return {s.latex: s for s in symbols(block, material.notation, material.graph)}


def test_every_result_explains_its_symbols(material: Material) -> None:
    for block in material.book.equations:
        # What is about given numbers alone may have no letter.
        if "with probabilities" not in block.options["for"]:
            assert symbols(block, material.notation, material.graph), block.id


def test_symbols_have_meaning_unit_and_definition(material: Material) -> None:
    found = symbols_of(material, "eq-kl-def")
    assert found["p"].meaning == found["q"].meaning == "laws $p$, $q$ on a finite set"
    divergence = found[r"\KL{p}{q}"]
    assert (divergence.unit, divergence.introduced) == ("nat", "eq-kl-def")
    in_bits = symbols_of(material, "conv-log-units")[r"\Hbits{p}"]
    assert (in_bits.unit, in_bits.introduced) == ("bit", "eq-entropy-def")
    # The same letter stands for two things, and the definition tells which.
    joint = symbols_of(material, "eq-entropy-chain")
    assert any(symbol.introduced == "eq-entropy-chain" for symbol in joint.values())
    assert "p" in joint
    assert not {"X", "Y"} & symbols_of(material, "eq-kl-chain").keys()
    weighted = symbols_of(material, "eq-js-entropy")["m"]
    assert weighted.meaning == r"$m := \frac{1}{2} p + \frac{1}{2} q$"


def test_letters_of_phrases_for_readers_alone_are_found(material: Material) -> None:
    given = {n for n, s in symbols_of(material, "def-wgan-gp").items() if s.role == GIVEN}
    assert given == {"P_r", "P_g", "f", r"\hat x", r"\lambda"}


def test_rows_of_symbols_have_anchors_of_their_own(tmp_path: Path) -> None:
    page = tmp_path / "notation.md"
    lines = (
        "| Symbol | meaning | introduced | unit |",
        "|---|---|---|---|",
        "| $a$ | Rényi–Hartley entropy $H(a, b)$ of one, or two | | nat |",
        "| $b$ | the rest | | |",
        "| $c$ | the rest; more | | |",
        "| `\\KL{p}{q}` | a macro | of three | cells |",
        "| $d$ | only | three |",
    )
    page.write_text("\n".join(lines), encoding="utf-8")
    assert [(name, cells[0]) for name, cells in read_rows(page)] == [
        ("symbol-renyi-hartley-entropy-h-a-b", "$a$"),
        ("symbol-the-rest", "$b$"),
        ("symbol-the-rest-2", "$c$"),
    ]


def test_every_functional_leads_to_its_meaning(data: dict[str, Any]) -> None:
    anchors = {name for name, _ in read_rows(ROOT / "book" / "notation.md")}
    symbols = [symbol for result in data["results"] for symbol in result["symbols"]]
    assert {symbol["anchor"] for symbol in symbols if symbol["role"] == "functional"} <= anchors
    assert {symbol["anchor"] for symbol in symbols if symbol["role"] != "functional"} == {""}


def test_notation_that_is_not_there_explains_nothing(tmp_path: Path, book: Book) -> None:
    assert read_notation(tmp_path / "notation.md") == {}
    graph = Graph(book.equations, book.derivations)
    block = next(block for block in book.equations if block.id == "eq-kl-def")
    assert {symbol.role for symbol in symbols(block, {}, graph)} == {GIVEN}


# --- Sources


def test_formal_counterparts_are_of_results_of_the_book(book: Book) -> None:
    formal = read_formal(FORMAL)
    assert list(formal_problems(FORMAL, formal, book)) == []
    declarations = [item for items in formal.values() for item in items]
    assert len({(item.id, item.name) for item in declarations}) == len(declarations)
    for item in declarations:
        assert item.address.endswith(f"/blob/{item.commit}/{item.file}")


def test_a_counterpart_of_nothing_is_named(tmp_path: Path, book: Book) -> None:
    text = FORMAL.read_text(encoding="utf-8").replace('"eq-kl-def"', '"eq-kl-gone"')
    file = tmp_path / "formal.toml"
    file.write_text(text, encoding="utf-8")
    (problem,) = formal_problems(file, read_formal(file), book)
    assert "eq-kl-gone has a formal counterpart, but is no result" in str(problem)
    assert text.split("\n")[problem.line - 1] == 'id = "eq-kl-gone"'
    assert read_formal(tmp_path / "none.toml") == {}


def test_changes_are_found_by_the_identifiers_they_name(tmp_path: Path) -> None:
    file = tmp_path / "CHANGELOG.md"
    text = "## [Unreleased]\n\n- One, `eq-a`.\n\n## [0.1.0] – 2026-12-01\n\n- `eq-a`, `eq-b`\n"
    file.write_text(text, encoding="utf-8")
    changes = read_changes(file)
    assert changes_of("eq-a", changes) == changes
    assert changes_of("eq-b", changes) == [Change("0.1.0", "`eq-a`, `eq-b`")]
    assert changes_of("eq", changes) == []
    assert read_versions(file) == ["0.1.0"]
    assert read_changes(tmp_path / "none") == []
    assert read_versions(tmp_path / "none") == []


def test_sources_are_plain_text() -> None:
    found = read_bibliography(ROOT / "book" / "references.bib")
    assert found["kullback1951"]["author"] == ["Kullback, Solomon", "Leibler, Richard A."]
    written = json.dumps(list(found.values()), ensure_ascii=False)
    assert not re.search(r"[{]\\\\|\\\\['\"`^~]", written)


# --- Text


def test_text_becomes_nodes() -> None:
    link = nodes.reference("", "(1.1)")
    found = inline(
        "A *b* **c** `d` $e^2$ {eq}`eq-f`, {doc}`the page <kl>` and {cite:t}`g`.",
        lambda role, target: link if (role, target) == ("eq", "eq-f") else None,
    )
    assert "".join(node.astext() for node in found) == "A b c d e^2 (1.1), the page and g."
    kinds = [type(node) for node in found if not isinstance(node, nodes.Text)]
    assert kinds == [
        nodes.emphasis,
        nodes.strong,
        nodes.literal,
        nodes.math,
        nodes.reference,
    ]
