"""Check what was built: ``python -m formats pdf|epub|notebooks PATH``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

from equations.book import read_book
from formats.checking import epub_problems, figures, formulas, log_problems, tex_problems
from formats.running import differences, run

BOOK = Path(__file__).parents[2]


def problems(kind: str, path: Path) -> Iterator[str]:
    """Yield what is wrong with a folder of LaTeX, an e-book or a folder of notebooks."""
    book = read_book(BOOK)
    if kind == "pdf":
        yield from log_problems(path.with_suffix(".log").read_text("utf-8", "replace"))
        yield from tex_problems(path.with_suffix(".tex").read_text("utf-8"), path.parent, book)
    elif kind == "epub":
        yield from epub_problems(path, book)
    else:
        for chapter in book.chapters:
            sys.stdout.write(f"{chapter}\n")
            sys.stdout.flush()
            stored = nbformat.read(path / f"{chapter}.ipynb", 4)  # type: ignore[no-untyped-call]  # nbformat has no types
            nbformat.validate(stored)
            yield from differences(stored, run(stored))


def main(kind: str, path: str) -> None:
    """Print what is wrong, or what was counted."""
    found = [f"{path}: {problem}\n" for problem in problems(kind, Path(path))]
    sys.stdout.writelines(found)
    if found:
        raise SystemExit(1)
    book = read_book(BOOK)
    sys.stdout.write(
        f"{path}: {len(book.entries)} results and exercises, {formulas(book)} formulas in blocks, "
        f"{len(figures(book))} named figures\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
