"""The book and the package agree: ids, functions, docstrings, bibliography."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import refimpl
from equations.book import public_functions, read_book

BOOK = Path(__file__).parents[1] / "book"


def test_blocks_and_package_agree() -> None:
    assert [str(problem) for problem in read_book(BOOK).problems(refimpl)] == []


def test_the_package_exports_what_its_modules_list() -> None:
    functions = [name for name in refimpl.__all__ if inspect.isfunction(getattr(refimpl, name))]
    assert sorted(public_functions(refimpl)) == sorted(functions)


def test_every_chapter_has_results_exercises_and_a_table_of_results() -> None:
    book = read_book(BOOK)
    assert book.chapters
    for chapter in book.chapters:
        kinds = {entry.label for entry in book.entries.values() if entry.chapter == chapter}
        assert {"Definition", "Exercise"} <= kinds, chapter
        assert "```{results}\n```" in (BOOK / f"{chapter}.md").read_text(encoding="utf-8"), chapter


def test_every_bibliography_entry_is_cited() -> None:
    keys = re.findall(r"^@\w+\{(\S+),", (BOOK / "references.bib").read_text("utf-8"), re.MULTILINE)
    text = "\n".join(path.read_text(encoding="utf-8") for path in BOOK.glob("*.md"))
    groups = re.findall(r"\{cite:\w+\}`([^`]+)`", text)
    cited = {key.strip() for group in groups for key in group.split(",")}
    assert sorted(set(keys)) == sorted(keys)
    assert set(keys) == cited
