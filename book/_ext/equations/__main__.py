"""Check the equations of Markdown files: ``python -m equations check PATH… [--only ID]``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from equations.blocks import Derivation, Equation, read_page
from equations.verdicts import Verdict, check_derivation, check_equation


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 when every equation holds and every mutant fails."""
    parser = argparse.ArgumentParser(prog="python -m equations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="check every equation and every step")
    check.add_argument("paths", nargs="+", type=Path)
    check.add_argument("--only", default="")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    verdicts = []
    for path in options.paths:
        files = sorted(path.rglob("*.md")) if path.is_dir() else [path]
        for file in files:
            for verdict in check_file(file, options.only):
                print(line(verdict), flush=True)
                for problem in [*verdict.problems, *(f"survivor: {s}" for s in verdict.survivors)]:
                    print("   ", problem.replace("\n", "\n    "))
                verdicts.append(verdict)
    print(f"{len(verdicts)} in {time.perf_counter() - start:.1f} s")
    return 0 if all(verdict.ok for verdict in verdicts) else 1


def check_file(file: Path, only: str = "") -> Iterator[Verdict]:
    """Check the blocks of a page."""
    page = read_page(file)
    for error in page.errors:
        yield Verdict("-", str(file), error.line, "error", problems=[str(error)])
    equations = {b.id: b for b in page.blocks if isinstance(b, Equation)}
    for block in page.blocks:
        if only and getattr(block, "id", "") != only:
            continue
        if isinstance(block, Equation):
            yield check_equation(block)
        elif isinstance(block, Derivation):
            yield from check_derivation(block, equations.get(block.id))


def line(verdict: Verdict) -> str:
    """Return one line of the table."""
    mark = "ok  " if verdict.ok else "FAIL"
    return (
        f"{mark} {verdict.name:42} {verdict.level:11} {verdict.instances:4}"
        f" {verdict.worst:8.2g} {verdict.killed:4}/{verdict.mutants:<4} {verdict.seconds:6.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
