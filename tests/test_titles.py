"""Formulas in the titles of sources."""

from pathlib import Path

import pytest
from docutils import nodes
from pybtex.database import parse_file  # type: ignore[import-untyped]  # it has no types
from pybtex.style.formatting.plain import Style  # type: ignore[import-untyped]  # likewise

from titles import Backend

SOURCES = Path(__file__).parents[1] / "book" / "references.bib"


@pytest.mark.parametrize(
    ("text", "formulas"),
    [("no formula", []), ("", []), ("$f$-divergences", ["f"]), ("a $x$, $y^2$", ["x", "y^2"])],
)
def test_what_is_between_dollars_is_a_formula(text: str, formulas: list[str]) -> None:
    parts = Backend().format_str(text)
    assert [part.astext() for part in parts if isinstance(part, nodes.math)] == formulas
    assert "".join(part.astext() for part in parts) == text.replace("$", "")


def test_no_source_of_the_book_shows_a_dollar() -> None:
    entries = parse_file(str(SOURCES), bib_format="bibtex").entries.values()
    shown = [entry.text.render(Backend()) for entry in Style().format_entries(entries)]
    assert any(isinstance(part, nodes.math) for parts in shown for part in parts)
    assert not [parts for parts in shown if "$" in "".join(part.astext() for part in parts)]
