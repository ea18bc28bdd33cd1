"""Write the text of a chapter as plain Markdown, with links to the hosted book."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pybtex.backends.markdown import Backend  # type: ignore[import-untyped]  # it has no types
from pybtex.database.input.bibtex import Parser  # type: ignore[import-untyped]  # likewise
from pybtex.richtext import Text  # type: ignore[import-untyped]  # likewise
from pybtex.style.formatting.plain import Style  # type: ignore[import-untyped]  # likewise

from claims.ledger import Claim
from equations.book import Book
from equations.domain import number_text
from formats.expand import expand
from results.records import page_title

_PARTS = re.compile(
    r"\{(?P<role>[a-z:]+)\}`(?:(?P<text>[^`<]+?)\s*<(?P<inside>[^`<>]+)>|(?P<target>[^`]+))`"
    r"|(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|\$\$.+?\$\$"
    r"|(?<![\\$])\$(?=\S)(?:\\.|[^$\\])+?\$",
    re.DOTALL,
)
_LABEL = re.compile(r"^\((?P<name>[a-z0-9-]+)\)=$", re.MULTILINE)
_FIGURE = re.compile(r"^\s*:?name: *(fig-[a-z0-9-]+)$", re.MULTILINE)


class UnknownRoleError(ValueError):
    """A role that notebooks cannot show."""


@dataclass(frozen=True)
class Sources:
    """The bibliography, and which sources a chapter has cited so far."""

    file: Path
    cited: list[str] = field(default_factory=list)

    def names(self, key: str) -> tuple[str, str]:
        """Return the family names of the authors of a source, and its year."""
        if key not in self.cited:
            self.cited.append(key)
        entry = _bibliography(self.file)[key]
        people = entry.persons.get("author", ())
        parts = ([*person.prelast_names, *person.last_names] for person in people)
        names = [str(Text.from_latex(" ".join(part))) for part in parts]
        shown = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        return shown, entry.fields["year"]

    def list(self) -> list[str]:
        """Return the sources that were cited, in full, as Markdown."""
        wanted = sorted(set(self.cited), key=self.names)
        entries = [_bibliography(self.file)[key] for key in wanted]
        formatted = _style().format_entries(entries)
        backend = Backend("utf-8")
        return [" ".join(entry.text.render(backend).split()) for entry in formatted]


@functools.cache
def _bibliography(file: Path) -> Any:  # noqa: ANN401  (pybtex has no types)
    return Parser("utf-8").parse_file(str(file)).entries


@functools.cache
def _style() -> Any:  # noqa: ANN401  (likewise)
    return Style()


@dataclass(frozen=True)
class Links:
    """What the roles of the book lead to; ``here`` is the chapter that is being written."""

    book: Book
    here: str
    site: str
    claims: Sequence[Claim]
    sources: Sources

    def page(self, name: str, anchor: str = "") -> str:
        """Return the address of a page."""
        page = f"{self.site}{name}.html".removesuffix("index.html")
        return f"{page}#{anchor}" if anchor else page

    def result(self, name: str) -> str:
        """Return the address of a result, which is its own page and never changes."""
        entry = self.book.entries[name]
        if entry.label == "Exercise":
            return self.page(entry.chapter, name)
        return f"{self.site}eq/{name}/"

    def text(self, markdown: str) -> str:
        """Return text as plain Markdown: roles as links, labels as anchors, macros written out."""
        shown = _LABEL.sub(lambda label: f'<a id="{label["name"]}"></a>\n', markdown)
        return _PARTS.sub(self._part, shown)

    def _part(self, part: re.Match[str]) -> str:
        if part["role"]:
            return self._role(part)
        return part[0] if part["code"] else expand(part[0])

    def _role(self, found: re.Match[str]) -> str:
        roles: dict[str, Callable[[str, str], str]] = {
            "eq": self._eq,
            "doc": self._doc,
            "claim": self._claim,
            "cite:t": self._cite_in_text,
            "cite:p": self._cite,
            "numref": self._figure,
            "ref": self._ref,
            "func": self._function,
            "mod": self._module,
        }
        if found["role"] not in roles:
            raise UnknownRoleError(f"notebooks do not know the role {{{found['role']}}}")
        return roles[found["role"]](found["inside"] or found["target"], found["text"] or "")

    def _eq(self, target: str, text: str) -> str:
        return f"[{text or number_text(self.book.entries[target])}]({self.result(target)})"

    def _doc(self, target: str, text: str) -> str:
        title = self.text(text or page_title(self.book.root / f"{target}.md"))
        return f"[{title}]({self.page(target)})"

    def _claim(self, target: str, text: str) -> str:
        claim = next(claim for claim in self.claims if claim.id == target)
        page = next(
            self.book.name(page)
            for page in self.book.pages
            if f"```{{claims}} {claim.source}\n" in page.file.read_text(encoding="utf-8")
        )
        return f"[{text or target}]({self.page(page, claim.anchor)})"

    def _cite(self, target: str, text: str) -> str:
        del text
        cited = (self.sources.names(key.strip()) for key in target.split(","))
        return f"[{'; '.join(', '.join(source) for source in cited)}]({self.page('references')})"

    def _cite_in_text(self, target: str, text: str) -> str:
        del text
        cited = (self.sources.names(key.strip()) for key in target.split(","))
        shown = (f"{names} [{year}]({self.page('references')})" for names, year in cited)
        return ", ".join(shown)

    def _figure(self, target: str, text: str) -> str:
        return f"[{text or 'the figure'}]({self.page(self._place(_FIGURE, target), target)})"

    def _ref(self, target: str, text: str) -> str:
        return f"[{text or target}]({self.page(self._place(_LABEL, target), target)})"

    def _place(self, pattern: re.Pattern[str], name: str) -> str:
        return next(
            self.book.name(page)
            for page in self.book.pages
            if name in pattern.findall(page.file.read_text(encoding="utf-8"))
        )

    def _function(self, target: str, text: str) -> str:
        full = target.removeprefix("~")
        module, _, name = full.rpartition(".")
        shown = text or f"`{name if target.startswith('~') else full}`"
        return f"[{shown}]({self.page(f'api/{module}', full)})"

    def _module(self, target: str, text: str) -> str:
        return f"[{text or f'`{target}`'}]({self.page(f'api/{target}')})"


__all__ = ["Links", "Sources", "UnknownRoleError"]
