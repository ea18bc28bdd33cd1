"""Change a verdict or a number of a ledger, and see whether a check notices.

``PYTHONPATH=book/_ext python -m tests.mutate_claims`` tries every verdict and every number, and
lists the changes that no check notices; ``tests/test_claims.py`` tries twenty at random each time.
``--pin`` writes ``claims_pins.txt`` anew, which is to be read before it is committed: it holds
what nothing computes.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, replace
from pathlib import Path

from claims.ledger import VERDICTS, Claim, faults, pins, read_ledger
from equations.blocks import Example, read_page
from equations.examples import ExampleFailed, run_example

ROOT = Path(__file__).parent.parent
LEDGER = Path("book", "articles", "claims.toml")
PINS = Path(__file__).with_name("claims_pins.txt")
# Nothing of these is a number that says something.
_NAMES = re.compile(r"\{[\w:]+\}`[^`]*`|\bA\d-C?\d+|^(?:id|equations|tests) = .*$", re.MULTILINE)
_NUMBER = re.compile(r"(?<![A-Za-z_.\d])\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Mutant:
    """A row of a ledger in which one verdict or one number is another."""

    row: int
    what: str
    text: str


def row_texts(text: str) -> list[str]:
    """Return the rows of a ledger as they are written."""
    return [f"[[claim]]{part}" for part in text.split("[[claim]]")[1:]]


def mutants(row: int, text: str) -> Iterator[Mutant]:
    """Yield the row with each other verdict, and with each of its numbers changed."""
    (verdict,) = re.findall(r'^verdict = "(\w+)"$', text, re.MULTILINE)
    for other in VERDICTS:
        if other != verdict:
            changed = text.replace(f'verdict = "{verdict}"', f'verdict = "{other}"')
            yield Mutant(row, f"{verdict} became {other}", changed)
    hidden = _NAMES.sub(lambda found: "~" * len(found[0]), text)
    for found in _NUMBER.finditer(hidden):
        digits = found[0]
        other = f"{digits[:-1]}{(int(digits[-1]) + 3) % 10}"
        line = text[: found.start()].rpartition("\n")[2] + text[found.start() :].partition("\n")[0]
        what = f"{digits} became {other} in: {line}"
        yield Mutant(row, what, text[: found.start()] + other + text[found.end() :])


def noticed(mutant: Mutant, rows: list[Claim], expected: list[str], tally: Example) -> bool:
    """Return whether some check fails on a ledger with one changed row."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        LEDGER.parent.mkdir(parents=True)
        LEDGER.write_text(mutant.text, encoding="utf-8")
        try:
            (claim,) = read_ledger(LEDGER)
        except (ValueError, TypeError):  # no TOML any more, or a key that no row has
            return True
        changed = [*rows]
        changed[mutant.row] = replace(claim, file=ROOT / LEDGER)
        if next(pins([changed[mutant.row]])) != expected[mutant.row]:
            return True
        if any(faults(changed[mutant.row])):
            return True
        whole = "".join(f'[[claim]]\nid = "{c.id}"\nverdict = "{c.verdict}"\n' for c in changed)
        LEDGER.write_text(whole, encoding="utf-8")
        try:
            run_example(tally.id, tally.source, tally.file, tally.line)
            if claim.example:
                run_example(claim.id, f"{claim.example}\n", claim.file, 1)
        except (ExampleFailed, ValueError):
            return True
    return False


def the_tally() -> Example:
    """Return the example that counts the verdicts, from the page about the articles."""
    page = read_page(ROOT / "book" / "articles" / "index.md")
    (found,) = (block for block in page.blocks if isinstance(block, Example))
    return found


def main(arguments: list[str]) -> int:
    """List the changes that nothing notices; return 0 if there are none."""
    rows = read_ledger(ROOT / LEDGER)
    if arguments == ["--pin"]:
        PINS.write_text("".join(f"{line}\n" for line in pins(rows)), encoding="utf-8")
        return 0
    expected = PINS.read_text(encoding="utf-8").splitlines()
    texts = row_texts((ROOT / LEDGER).read_text(encoding="utf-8"))
    made = [
        mutant
        for row, text in enumerate(texts)
        if not arguments or rows[row].id.startswith(tuple(arguments))
        for mutant in mutants(row, text)
    ]
    left = [m for m in made if not noticed(m, rows, expected, the_tally())]
    for mutant in left:
        sys.stdout.write(f"{rows[mutant.row].id}: {mutant.what}\n")
    sys.stdout.write(f"{len(made)} changes, {len(left)} not noticed.\n")
    return bool(left)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
