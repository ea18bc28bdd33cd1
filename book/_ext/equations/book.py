"""The whole book as data: its chapters in order, and a number for each result.

Numbers follow from the sources alone, so a page never shows a number left over from an earlier
build, and pages may be read in parallel.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import pkgutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from equations.blocks import Derivation, Equation, Exercise, Page, Problem, fences, read_page
from equations.graph import Graph


@dataclass(frozen=True)
class Entry:
    """A numbered block: its chapter, and its number such as ``3.1``."""

    block: Equation | Exercise
    chapter: str
    number: str

    @property
    def label(self) -> str:
        """What kind of thing this is, in one capitalised word."""
        kind = self.block.kind if isinstance(self.block, Equation) else "exercise"
        return kind.capitalize()


@dataclass(frozen=True)
class Book:
    """The pages of the book; ``chapters`` are the names of those that carry numbers."""

    root: Path
    chapters: tuple[str, ...]
    pages: tuple[Page, ...]

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Every equation and exercise by its id; of ids used twice, the first."""
        found: dict[str, Entry] = {}
        for entry in self._numbered():
            found.setdefault(entry.block.id, entry)
        return found

    def _numbered(self) -> Iterator[Entry]:
        for page in self.pages:
            name = self.name(page)
            chapter = self.chapters.index(name) if name in self.chapters else name
            counter: Counter[type] = Counter()
            for block in page.blocks:
                if isinstance(block, Equation | Exercise):
                    counter[type(block)] += 1
                    yield Entry(block, name, f"{chapter}.{counter[type(block)]}")

    def name(self, page: Page) -> str:
        """Return the name of a page as Sphinx has it: its path without the suffix."""
        return page.file.relative_to(self.root).with_suffix("").as_posix()

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """All equations in the order of the book."""
        return tuple(e.block for e in self.entries.values() if isinstance(e.block, Equation))

    @cached_property
    def derivations(self) -> tuple[Derivation, ...]:
        """All derivations in the order of the book."""
        blocks = (block for page in self.pages for block in page.blocks)
        return tuple(block for block in blocks if isinstance(block, Derivation))

    @cached_property
    def graph(self) -> Graph:
        """What each result needs, for its statement and for its proof."""
        return Graph(self.equations, self.derivations)

    @cached_property
    def signature(self) -> str:
        """A hash of all that one page may show of another: ids, numbers, kinds, titles."""
        shown = [
            (name, entry.number, entry.label, entry.chapter, entry.block.title)
            for name, entry in self.entries.items()
        ]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()

    def problems(self, package: ModuleType | None = None) -> list[Problem]:
        """Return what is wrong with the blocks, alone and against the package they describe."""
        found = [
            Problem(error.file, error.line, error.message)
            for page in self.pages
            for error in page.errors
        ]
        found += self._duplicates()
        found += self._lost_derivations()
        found += self.graph.dangling(self.entries)
        found += self.graph.circles()
        if package is not None:
            found += self._function_problems(package)
        return found

    def _duplicates(self) -> Iterator[Problem]:
        for entry in self._numbered():
            first = self.entries[entry.block.id].block
            if first is not entry.block:
                place = f"{first.file.name}:{first.line}"
                message = f"the id {entry.block.id} is used twice; first in {place}"
                yield Problem(entry.block.file, entry.block.line, message)

    def _lost_derivations(self) -> Iterator[Problem]:
        known = {equation.id for equation in self.equations}
        for derivation in self.derivations:
            if derivation.id not in known:
                message = f"a derivation of {derivation.id}, which no equation defines"
                yield Problem(derivation.file, derivation.line, message)

    def _function_problems(self, package: ModuleType) -> Iterator[Problem]:
        public = public_functions(package)
        named: set[str] = set()
        for equation in self.equations:
            for name in equation.functions:
                named.add(name)
                if name not in public:
                    message = f"{equation.id} names {name}, which {package.__name__} does not have"
                    yield Problem(equation.file, equation.line, message)
                elif f":eq:`{equation.id}`" not in (inspect.getdoc(public[name]) or ""):
                    message = (
                        f"{equation.id} names {name}, whose docstring does not name {equation.id}"
                    )
                    yield Problem(equation.file, equation.line, message)
        for name in sorted(public.keys() - named):
            file, line = definition_place(public[name])
            yield Problem(file, line, f"no equation names the public function {name}")


def public_functions(package: ModuleType) -> dict[str, object]:
    """Return the functions that a package, or one of its public modules, lists in ``__all__``."""
    found = pkgutil.iter_modules(getattr(package, "__path__", ()), f"{package.__name__}.")
    public = [module.name for module in found if "._" not in module.name]
    modules = [package, *map(importlib.import_module, public)]
    exported = {name: getattr(module, name) for module in modules for name in module.__all__}
    return {name: value for name, value in exported.items() if inspect.isfunction(value)}


def definition_place(function: object) -> tuple[Path, int]:
    """Return file and line where a function is defined."""
    unwrapped = inspect.unwrap(function)  # type: ignore[arg-type]  # only callables come here
    return Path(inspect.getfile(unwrapped)), inspect.getsourcelines(unwrapped)[1]


def chapter_names(index: Path) -> tuple[str, ...]:
    """Return the entries of the contents tree with the caption Chapters in the index page."""
    for info, content in fences(index.read_text(encoding="utf-8")):
        lines = content.split("\n")
        if info == "{toctree}" and ":caption: Chapters" in lines:
            return tuple(text.strip() for text in lines if text.strip() and text[0] != ":")
    return ()


def read_book(root: Path) -> Book:
    """Read every Markdown page below a folder: chapters first, in the order of the index."""
    chapters = chapter_names(root / "index.md")
    pages = [root / f"{name}.md" for name in chapters]
    hidden = ("_", ".")
    others = [
        path
        for path in sorted(root.rglob("*.md"))
        if path not in pages
        and not any(part.startswith(hidden) for part in path.relative_to(root).parts)
    ]
    return Book(root, chapters, tuple(read_page(path) for path in [*pages, *others]))
