"""Let pytest run the book in place: one test for each block of examples.

The id of a test names chapter, equation and what is checked: ``book/kl.md::eq-kl-def[latex]``,
``[mutants]``, ``[example]``, and ``book/kl.md::eq-kl-def.step-3`` for a step of its derivation.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from equations import report
from equations.blocks import Block, Equation, Example, read_page
from equations.examples import ExampleFailed, docstring_examples, run_example

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr

EVIDENCE = pytest.StashKey[report.Evidence]()


class ExampleItem(pytest.Item):
    """The examples of one block, run one after the other in a namespace of their own."""

    source: str
    line: int

    @classmethod
    def of(cls, parent: pytest.File, name: str, source: str, line: int) -> ExampleItem:
        """Make the item; pytest wants nodes to be built by ``from_parent``."""
        item: ExampleItem = cls.from_parent(parent, name=name)
        item.source, item.line = source, line
        return item

    def runtest(self) -> None:
        """Run the examples; the printed digits are compared."""
        run_example(self.name, self.source, self.path, self.line)

    def repr_failure(
        self,
        excinfo: ExceptionInfo[BaseException],
        style: str | None = None,  # noqa: ARG002  (pytest's signature)
    ) -> str | TerminalRepr:
        """Show doctest's own report, which names file, line, wanted and computed output."""
        if isinstance(excinfo.value, ExampleFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the place for pytest's listings."""
        return self.path, self.line - 1, f"{self.path.name}::{self.name}"


class FormulaItem(pytest.Item):
    """One check of a formula: it holds, its mutants fail, or both for a step."""

    test: report.Test

    @classmethod
    def of(cls, parent: pytest.File, test: report.Test) -> FormulaItem:
        """Make the item; pytest wants nodes to be built by ``from_parent``."""
        item: FormulaItem = cls.from_parent(parent, name=test.name)
        item.test = test
        return item

    def runtest(self) -> None:
        """Ask for the verdict, which is computed unless an earlier run has kept it."""
        self.test.run(self.config.stash[EVIDENCE])

    def repr_failure(
        self,
        excinfo: ExceptionInfo[BaseException],
        style: str | None = None,  # noqa: ARG002  (pytest's signature)
    ) -> str | TerminalRepr:
        """Show what does not hold, with its place and the instance that breaks it."""
        if isinstance(excinfo.value, report.CheckFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the place for pytest's listings."""
        return self.path, self.test.line - 1, f"{self.path.name}::{self.name}"


class PageFile(pytest.File):
    """A Markdown page of the book."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the tests of the page: its examples, then its formulas."""
        page = read_page(self.path)
        if page.errors:
            raise self.CollectError("\n".join(map(str, page.errors)))
        seen: Counter[str] = Counter()
        for block in page.blocks:
            for name, source, line in _examples(block):
                seen[name] += 1
                unique = name if seen[name] == 1 else f"{name}-{seen[name]}"
                yield ExampleItem.of(self, unique, source, line)
        for test in report.tests(page):
            yield FormulaItem.of(self, test)


def _examples(block: Block) -> Iterator[tuple[str, str, int]]:
    if isinstance(block, Equation):
        yield f"{block.id}[example]", block.example, block.example_line
    elif isinstance(block, Example):
        yield block.id, block.source, block.line


class ModuleFile(pytest.File):
    """A module of the package, for the examples in its docstrings."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one test for each docstring with examples."""
        parts = self.path.relative_to(self.config.rootpath / "src").with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        for title, source, _, line in docstring_examples(importlib.import_module(name)):
            yield ExampleItem.of(self, title, source, line)


def pytest_configure(config: pytest.Config) -> None:
    """Take over the verdicts that an earlier run, or a build of the book, has kept."""
    config.stash[EVIDENCE] = report.Evidence(config.rootpath / report.STORE)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the verdicts for the next run."""
    session.config.stash[EVIDENCE].save()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """Collect the README, pages below ``book`` and modules below ``src``."""
    folder = file_path.relative_to(parent.config.rootpath).parts[0]
    if folder in {"book", "README.md"} and file_path.suffix == ".md":
        page: PageFile = PageFile.from_parent(parent, path=file_path)
        return page
    if folder == "src" and file_path.suffix == ".py":
        module: ModuleFile = ModuleFile.from_parent(parent, path=file_path)
        return module
    return None
