"""The register of identifiers from the command line: ``python -m results ids [book]``."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

from equations.book import read_book
from results.ids import (
    FILE,
    add_missing,
    book_problems,
    close_release,
    history_problems,
    ids_of,
    read_history,
    read_register,
)
from results.sources import read_versions


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the register; return 0 when nothing is wrong."""
    options = _options(arguments)
    book = read_book(options.book)
    register = read_register(options.book / FILE)
    if options.add:
        _say(*(f"added: {name}" for name in add_missing(register, book)))
        register = read_register(register.file)
    history = read_history(register.file)
    wrong = [
        *register.problems(),
        *book_problems(register, book),
        *history_problems(register, history),
    ]
    if not options.release:
        changes = options.book.absolute().parent / "CHANGELOG.md"
        wrong += register.unclosed(read_versions(changes))
    elif not wrong:
        date = dt.datetime.now(dt.UTC).date().isoformat()
        _say(close_release(register, options.release, date))
    _say(*map(str, wrong), history.remark)
    _say(
        f"{len(register.given)} ids, of which {len(ids_of(book))} are in the book"
        f" and {len(register.retired)} are retired;"
        f" compared with {len(history.versions)} earlier versions."
    )
    return 1 if wrong else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m results", description=__doc__)
    commands = parser.add_subparsers(required=True)
    ids = commands.add_parser("ids", help="check the register of identifiers")
    ids.add_argument("book", nargs="?", type=Path, default=Path("book"), help="its folder")
    ids.add_argument("--add", action="store_true", help="add the ids that are missing")
    ids.add_argument("--release", default="", metavar="VERSION", help="close a release")
    return parser.parse_args(arguments)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines if line))


if __name__ == "__main__":
    sys.exit(main())
