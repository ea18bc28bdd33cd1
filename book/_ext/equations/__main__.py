"""Check the equations of Markdown files: ``python -m equations check PATH… [--only ID]``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

# Before NumPy is imported: small matrices gain nothing from threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from equations.blocks import Exercise, Page, read_page
from equations.graph import Graph
from equations.report import (
    HEAD,
    STORE,
    Evidence,
    complaints,
    failed_examples,
    lost_names,
    table_line,
    totals,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 when every equation holds and every mutant fails."""
    try:
        return _check(_options(arguments))
    except BrokenPipeError:
        # The reader of the table has gone; what is left to write goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _check(options: argparse.Namespace) -> int:
    start = time.perf_counter()
    pages, wrong = [], []
    for file in (file for path in options.paths for file in _files(path)):
        try:
            pages.append(read_page(file))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            wrong.append(f"{file}:1: this cannot be read: {reason}")
    wrong += [str(error) for page in pages for error in page.errors]
    evidence = Evidence(None if options.fresh else options.store)
    found = []
    _say(HEAD)
    for _, verdicts in evidence.of(pages, options.only, options.jobs):
        for verdict in verdicts:
            _say(table_line(verdict), *complaints(verdict))
        found += verdicts
    evidence.save()
    if not found:
        wrong.append(f"no equation has the id {options.only}" if options.only else "no equations")
    for page in pages:
        wrong += [*lost_names(page, options.only), *failed_examples(page, options.only)]
    wrong += _needs(pages, options)
    _say(*wrong, *totals(found), f"{time.perf_counter() - start:.1f} seconds.")
    return 0 if not wrong and all(verdict.ok for verdict in found) else 1


def _needs(pages: Sequence[Page], options: argparse.Namespace) -> list[str]:
    """Return what is wrong with the needs of the results: circles, and references to nothing.

    A file alone may refer to results of other files.
    """
    graph = Graph.of(block for page in pages for block in page.blocks)
    found = [*graph.circles()]
    if all(path.is_dir() for path in options.paths):
        exercises = (b.id for page in pages for b in page.blocks if isinstance(b, Exercise))
        found += graph.dangling(exercises)
    return [str(problem) for problem in found if options.only in problem.message]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m equations", description=__doc__)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser("check", help="check every equation and every step")
    check.add_argument("paths", nargs="+", type=Path, help="Markdown files, or folders of them")
    check.add_argument("--only", default="", metavar="ID", help="check this equation alone")
    check.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    check.add_argument("--store", type=Path, default=STORE, help="where evidence is kept")
    check.add_argument("--fresh", action="store_true", help="compute everything, keep nothing")
    return parser.parse_args(arguments)


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.md")) if path.is_dir() else [path]


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
