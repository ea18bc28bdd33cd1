"""Look whether Python for browsers is in a folder, or put it there: see ``running.runtime``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from running.runtime import faults, hashes, take


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="running", description="Python for browsers.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("source", type=Path, nargs="?")
    given = parser.parse_args(arguments)
    expected = hashes()
    if given.source:
        take(given.source, given.folder, expected)
    wrong = faults(given.folder, expected)
    if wrong:
        sys.exit("\n".join(wrong))
    sys.stdout.write(f"{given.folder} has Python for the page.\n")


if __name__ == "__main__":
    main()
