"""What ``CITATION.cff`` says about this version of the book."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs would be one more package

from citing.forms import Edition


def read_edition(file: Path) -> Edition:
    """Read title, authors, version, date and DOI of the book.

    Before a release there is no day, only the year; the DOI is there once Zenodo has given one.
    """
    # It makes strings alone: version 1.10 stays what it is.
    text = file.read_text("utf-8")
    cited: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (safe)
    book = cited["preferred-citation"]
    return Edition(
        title=book["title"],
        authors=tuple(_name(author) for author in book["authors"]),
        version=book["version"],
        date=cited.get("date-released", book["year"]),
        doi=cited.get("doi", ""),
    )


def _name(author: dict[str, str]) -> str:
    """Return the name of a body, or of a person as it is spoken."""
    parts = ("name", "given-names", "name-particle", "family-names", "name-suffix")
    return " ".join(author[part] for part in parts if part in author)


__all__ = ["read_edition"]
