"""The ledger of the articles is whole, and each kind of fault in it is noticed."""

from __future__ import annotations

import json
import random
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # its stubs would be one more package
import pytest

import refimpl
from claims.directives import with_code
from claims.ledger import COMPUTABLE, Claim, faults, numbers, pins, read_ledger, uncomputed
from claims.pytest_plugin import ClaimFailed, run
from equations.book import read_book
from equations.examples import ExampleFailed
from tests.mutate_claims import LEDGER, PINS, ROOT, Mutant, mutants, noticed, row_texts, the_tally

BOOK = ROOT / "book"
SCHEMA = json.loads((BOOK / "_ext" / "claims" / "ledger.schema.json").read_text("utf-8"))
LEDGERS = [ROOT / LEDGER, BOOK / "errors-in-print.toml"]
ROWS = read_ledger(ROOT / LEDGER)

EXAMPLE = ">>> entropy([0.5, 0.5], base=2) == 1  # said: one bit\nTrue"
ROW = Claim(
    file=ROOT / LEDGER,
    line=1,
    id="A9-01",
    place="line 1",
    kind="claim",
    claim="A fair coin has 1 bit.",
    verdict="correct",
    equations=["eq-entropy-def"],
    example=EXAMPLE,
)
FORMULA = replace(
    ROW,
    kind="formula",
    verdict="wrong",
    correction="The minus sign is missing.",
    setting={"for": "law $p$ on a finite set"},
    printed=r"\H{p} = \sum_x p(x) \log p(x)",
    mended=r"\H{p} = -\sum_x p(x) \log p(x)",
    example="",
)


# ------------------------------------------------------------------------------- the ledger


@pytest.mark.parametrize("path", LEDGERS, ids=lambda path: path.name)
def test_a_ledger_follows_the_schema(path: Path) -> None:
    jsonschema.validate(tomllib.loads(path.read_text("utf-8")), SCHEMA)


def test_every_claim_of_the_articles_has_its_row() -> None:
    counts = {"A0": 40, "A1": 39, "A2": 73, "A3": 57, "A4": 81}
    ids = [f"{article}-{n:02}" for article, last in counts.items() for n in range(1, last + 1)]
    assert [claim.id for claim in ROWS] == [*ids, *(f"A4-C{n:02}" for n in range(1, 17))]


@pytest.mark.parametrize("path", LEDGERS, ids=lambda path: path.name)
def test_the_results_that_a_row_rests_on_are_in_the_book(path: Path) -> None:
    known = {equation.id for equation in read_book(BOOK).equations}
    assert {name for claim in read_ledger(path) for name in claim.equations} <= known


@pytest.mark.parametrize("path", LEDGERS, ids=lambda path: path.name)
def test_what_can_be_computed_is_computed(path: Path) -> None:
    for claim in read_ledger(path):
        runs = claim.printed or claim.example or claim.tests
        assert runs or claim.kind not in COMPUTABLE, claim.id
        assert runs or claim.judged, claim.id


def test_every_wrong_formula_is_refuted_as_it_is_printed() -> None:
    wrong = [claim for claim in ROWS if (claim.kind, claim.verdict) == ("formula", "wrong")]
    assert wrong
    for claim in wrong:
        assert claim.trial is not None, claim.id
        assert claim.trial.outcome in {"refuted", "refused"}, claim.id


def test_what_nothing_computes_is_what_was_read_in_the_sources() -> None:
    assert list(pins(ROWS)) == PINS.read_text("utf-8").splitlines()


def test_every_open_question_is_answered() -> None:
    page = (BOOK / "questions.md").read_text("utf-8")
    answered = set(re.findall(r"\{claim\}`(A\d-C?\d+)`", page))
    assert {c.id for c in ROWS if c.kind == "question" or c.verdict == "open"} <= answered


# ------------------------------------------------------------------------------- its mutants


def test_twenty_changes_at_random_are_noticed() -> None:
    texts = row_texts((ROOT / LEDGER).read_text("utf-8"))
    expected = PINS.read_text("utf-8").splitlines()
    tally = the_tally()
    chance = random.Random()  # noqa: S311  (another twenty each time)
    for _ in range(20):
        row = chance.randrange(len(texts))
        mutant = chance.choice(list(mutants(row, texts[row])))
        assert noticed(mutant, ROWS, expected, tally), (ROWS[row].id, mutant.what)


def test_the_ledger_as_it_is_passes_the_same_checks() -> None:
    texts = row_texts((ROOT / LEDGER).read_text("utf-8"))
    expected = PINS.read_text("utf-8").splitlines()
    for row in (0, 100, 305):
        assert not noticed(Mutant(row, "nothing", texts[row]), ROWS, expected, the_tally())


# ------------------------------------------------------------------------------- faults


def test_a_good_row_has_no_faults() -> None:
    for claim in (ROW, FORMULA):
        assert list(faults(claim)) == []
        run(claim)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (replace(ROW, kind="number", example="", judged="-"), "a number needs evidence that runs"),
        (replace(FORMULA, printed="", example=EXAMPLE.replace("True", "False")), "as it is print"),
        (replace(FORMULA, mended=""), "mended is missing"),
        (replace(ROW, example=""), "the verdict rests on nothing"),
        (replace(ROW, verdict="wrong"), "only a correct claim may stand without a correction"),
        (replace(ROW, equations=()), "rests on no equation"),
        (replace(ROW, tests=["tests/test_claims.py::test_nothing"]), "does not have"),
        (replace(ROW, verdict="wrong", correction="-"), "said is false; it is true"),
        (replace(ROW, verdict="imprecise", correction="-"), "false and true; it is true"),
        (replace(ROW, verdict="open", correction="-"), "no reading is true or false"),
        (replace(FORMULA, verdict="correct"), "said is true; it is false"),
        (replace(FORMULA, refusal="bracket"), "does not say 'bracket'"),
        (replace(FORMULA, printed=r"\H{p} = ("), "the printed formula cannot be run"),
        (replace(FORMULA, mended=FORMULA.printed), "as it should be does not hold"),
        (replace(ROW, correction="It is 0.9 bits."), "shows the number 0.9"),
    ],
)
def test_a_fault_is_named(claim: Claim, message: str) -> None:
    assert any(message in fault for fault in faults(claim)), list(faults(claim))
    with pytest.raises(ClaimFailed, match="A9-01"):
        run(claim)


def test_a_formula_that_cannot_be_read_is_wrong_when_the_row_says_why() -> None:
    claim = replace(FORMULA, printed=r"\H{p} = -\sum_x p(x) [\log p(x)", refusal="cannot read on")
    assert list(faults(claim)) == []


def test_a_false_example_fails() -> None:
    with pytest.raises(ExampleFailed):
        run(replace(ROW, example=EXAMPLE.replace("== 1 ", "== 2 ")))


def test_numbers_are_found_in_prose_but_not_in_references() -> None:
    text = "In 2016 {claim}`A0-14` and A2-29 had $-0.69$, $p_1$ and 1e-15."
    assert numbers(text) == {"2016", "0.69", "1e-15"}


def test_a_number_of_the_prose_may_be_rounded_but_not_wrong() -> None:
    example = ">>> entropy([0.7, 0.3])\n0.610864302055"
    assert uncomputed(replace(ROW, claim="It is 0.611.", example=example)) == set()
    assert uncomputed(replace(ROW, claim="It is 0.612.", example=example)) == {"0.612"}


def test_the_package_of_the_book_is_what_examples_use() -> None:
    run(replace(ROW, example=f">>> refimpl.__version__\n{refimpl.__version__!r}\n{EXAMPLE}"))


def test_code_in_the_place_of_a_claim_is_shown_as_code() -> None:
    shown = with_code("code, dit 2.3, `f_divergence` of laws")
    assert [(type(node).__name__, node.astext()) for node in shown] == [
        ("Text", "code, dit 2.3, "),
        ("literal", "f_divergence"),
        ("Text", " of laws"),
    ]
