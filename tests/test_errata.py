"""Every erratum names a result of the book, and a release has mended all of them."""

from pathlib import Path

from equations.book import read_book
from errata import faults, read_errata

ROOT = Path(__file__).parent.parent
ROWS = read_errata(ROOT / "book" / "errata.toml")


def is_release() -> bool:
    return "date-released" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_the_errata_are_whole() -> None:
    assert list(faults(ROWS, release=is_release())) == []
    known = {equation.id for equation in read_book(ROOT / "book").equations}
    assert {row["where"] for row in ROWS} <= known


def test_a_row_without_a_version_fails_a_release_and_nothing_else() -> None:
    rows = [*ROWS, {"where": "eq-kl-def", "said": "a", "right": "b"}]
    assert list(faults(rows, release=False)) == []
    (fault,) = faults(rows, release=True)
    assert fault == f"erratum {len(rows)}, on eq-kl-def: a release needs the version that mends it"


def test_a_row_with_other_keys_is_named() -> None:
    (fault,) = faults([{"where": "eq-kl-def", "says": "a", "right": "b"}], release=False)
    assert fault == "erratum 1: missing ['said'], unknown ['says']"
