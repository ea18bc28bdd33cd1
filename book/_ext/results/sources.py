"""What the book says about its results outside of their blocks.

Sources from the bibliography, declarations of Mathlib, lines of the changelog, claims of articles.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pybtex.database import Entry, parse_file  # type: ignore[import-untyped]  # it has no types
from pybtex.richtext import Text  # type: ignore[import-untyped]  # likewise

from equations.blocks import Problem
from equations.book import Book

FORMAL = Path(__file__).with_name("mathlib.toml")

_CITED = re.compile(r"\{cite:\w+\}`([^`]+)`")
_VERSION = re.compile(r"## \[(?P<version>[^\]]+)\]")


def cited(text: str) -> list[str]:
    """Return the keys of the sources that a text cites."""
    keys = (key.strip() for part in _CITED.findall(text) for key in part.split(","))
    return list(dict.fromkeys(keys))


def read_bibliography(file: Path) -> dict[str, dict[str, object]]:
    """Return the sources by their keys, each as plain text."""
    entries = parse_file(str(file), bib_format="bibtex").entries if file.is_file() else {}
    return {key: _source(key, entry) for key, entry in entries.items()}


def _source(key: str, entry: Entry) -> dict[str, object]:
    names = [str(Text.from_latex(str(person))) for person in entry.persons.get("author", ())]
    fields = {name.lower(): str(Text.from_latex(text)) for name, text in entry.fields.items()}
    return {"key": key, "type": entry.type, "author": names, **fields}


# ------------------------------------------------------------------------------- Mathlib


@dataclass(frozen=True)
class Declaration:
    """A declaration of Mathlib that is the formal counterpart of a result, or of a part of it."""

    id: str
    name: str
    file: str
    commit: str
    note: str
    address: str


def read_formal(file: Path) -> dict[str, list[Declaration]]:
    """Return the formal counterparts by the id of the result."""
    if not file.is_file():
        return {}
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    found: dict[str, list[Declaration]] = {}
    for row in data["declaration"]:
        address = f"{data['repository']}/blob/{row['commit']}/{row['file']}"
        found.setdefault(row["id"], []).append(Declaration(**row, address=address))
    return found


def formal_problems(
    file: Path, formal: Mapping[str, Sequence[Declaration]], book: Book
) -> Iterator[Problem]:
    """Yield the ids with a formal counterpart that are no results of the book."""
    known = {equation.id for equation in book.equations}
    lines = file.read_text(encoding="utf-8").split("\n") if formal else []
    for name in formal:
        if name not in known:
            line = lines.index(f'id = "{name}"') + 1
            yield Problem(file, line, f"{name} has a formal counterpart, but is no result")


# ------------------------------------------------------------------------------- changelog


@dataclass(frozen=True)
class Change:
    """A line of the changelog, and the version that it belongs to."""

    version: str
    text: str


def read_changes(file: Path) -> list[Change]:
    """Return the entries of a changelog, newest version first."""
    version, found = "", []
    for line in file.read_text(encoding="utf-8").split("\n") if file.is_file() else []:
        if heading := _VERSION.match(line):
            version = heading["version"]
        elif line.startswith("- ") and version:
            found.append(Change(version, line[2:].strip()))
    return found


def read_versions(file: Path) -> list[str]:
    """Return the released versions of a changelog, newest first."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    found = (_VERSION.match(line) for line in text.split("\n"))
    return [line["version"] for line in found if line and line["version"] != "Unreleased"]


def changes_of(name: str, changes: Sequence[Change]) -> list[Change]:
    """Return the entries that name an id."""
    return [change for change in changes if f"`{name}`" in change.text]
