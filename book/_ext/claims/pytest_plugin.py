"""Let pytest run the ledgers in place: ``book/articles/claims.toml::A0-14`` is the row A0-14.

``pytest -m claims`` runs them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from claims.ledger import Claim, faults, read_ledger
from equations.examples import ExampleFailed, run_example

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr


class ClaimFailed(AssertionError):  # noqa: N818  (a failed check, as in unittest, no error)
    """What is wrong with a row."""


def run(claim: Claim) -> None:
    """Run all evidence of a row; raise an error that says what is wrong, if something is."""
    place = f"{claim.file}:{claim.line}: {claim.id}"
    wrong = [f"{place}: {fault}" for fault in faults(claim)]
    if wrong:
        raise ClaimFailed("\n".join(wrong))
    if claim.example:
        run_example(claim.id, claim.example + "\n", claim.file, claim.line)


class ClaimItem(pytest.Item):
    """A row of a ledger."""

    claim: Claim

    @classmethod
    def of(cls, parent: pytest.File, claim: Claim) -> ClaimItem:
        """Make the item; pytest wants nodes to be built by ``from_parent``."""
        item: ClaimItem = cls.from_parent(parent, name=claim.id)
        item.claim = claim
        item.add_marker("claims")
        return item

    def runtest(self) -> None:
        """Run the evidence."""
        run(self.claim)

    def repr_failure(
        self,
        excinfo: ExceptionInfo[BaseException],
        style: str | None = None,  # noqa: ARG002  (pytest's signature)
    ) -> str | TerminalRepr:
        """Show what is wrong with the row, with its place."""
        if isinstance(excinfo.value, ClaimFailed | ExampleFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the place for pytest's listings."""
        return self.path, self.claim.line - 1, f"{self.path.name}::{self.name}"


class LedgerFile(pytest.File):
    """A ledger."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the rows."""
        for claim in read_ledger(self.path):
            yield ClaimItem.of(self, claim)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """Collect the TOML files of the book that hold claims."""
    folder, *inside = file_path.relative_to(parent.config.rootpath).parts
    outside = folder != "book" or inside[0] == "_ext" or file_path.suffix != ".toml"
    if outside or "[[claim]]" not in file_path.read_text(encoding="utf-8"):
        return None
    ledger: LedgerFile = LedgerFile.from_parent(parent, path=file_path)
    return ledger
