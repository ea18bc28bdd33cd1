"""Write the text of a chapter as plain Markdown, with links to the hosted book."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pybtex.database import parse_file  # type: ignore[import-untyped]  # it has no types
from pybtex.plugin import find_plugin  # type: ignore[import-untyped]  # likewise
from pybtex.richtext import Text  # type: ignore[import-untyped]  # likewise

from claims.ledger import Claim
from equations.book import Book
from equations.domain import number_text
from formats.expand import expand
from results.records import page_title

_PARTS = re.compile(
    r"(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<display>\$\$.+?\$\$)"
    r"|(?P<math>(?<![\\$])\$(?=\S)(?:\\.|[^$\\])+?\$)",
    re.DOTALL,
)
_ROLE = re.compile(
    r"\{(?P<role>[a-z:]+)\}`(?:(?P<text>[^`<]+?)\s*<(?P<inside>[^`<>]+)>|(?P<target>[^`]+))`"
)
_LABEL = re.compile(r"^\((?P<name>[a-z0-9-]+)\)=$", re.MULTILINE)
_FIGURE = re.compile(r"^\s*:?name: *(fig-[a-z0-9-]+)$", re.MULTILINE)


class UnknownRoleError(ValueError):
    """A role that notebooks cannot show."""


@dataclass(frozen=True)
class Sources:
    """The bibliography, and which sources were cited so far."""

    file: Path
    cited: list[str] = field(default_factory=list)

    @cached_property
    def _data(self) -> object:
        return parse_file(str(self.file), bib_format="bibtex")

    def names(self, key: str) -> tuple[str, str]:
        """Return the family names of the authors of a source, and its year."""
        if key not in self.cited:
            self.cited.append(key)
        entry = self._data.entries[key]  # type: ignore[attr-defined]  # pybtex has no types
        people = entry.persons.get("author") or entry.persons.get("editor", [])
        names = [str(Text.from_latex(" ".join([*who.prelast_names, *who.last_names]))) for who in people]
        if len(names) > 2:
            shown = f"{names[0]} *et al.*"
        else:
            shown = " and ".join(names) or str(Text.from_latex(entry.fields.get("title", key)))
        return shown, entry.fields.get("year", "")

    def list(self) -> list[str]:
        """Return the sources that were cited, in full, as Markdown."""
        style = find_plugin("pybtex.style.formatting", "plain")()
        backend = find_plugin("pybtex.backends", "markdown")()
        wanted = sorted(self.cited, key=lambda key: self.names(key))
        entries = [self._data.entries[key] for key in wanted]  # type: ignore[attr-defined]  # as above
        return [entry.text.render(backend) for entry in style.format_entries(entries)]


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
        return self.page(entry.chapter, name) if entry.label == "Exercise" else f"{self.site}eq/{name}/"

    def text(self, markdown: str) -> str:
        """Return text as plain Markdown: roles as links, labels as anchors, macros written out."""
        shown = _LABEL.sub(lambda label: f'<a id="{label["name"]}"></a>\n', markdown)
        written: list[str] = []
        end = 0
        for role in _ROLE.finditer(shown):
            written += [self._plain(shown[end : role.start()]), self._role(role)]
            end = role.end()
        return "".join([*written, self._plain(shown[end:])])

    def _plain(self, text: str) -> str:
        return _PARTS.sub(lambda part: part[0] if part["code"] else expand(part[0]), text)

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
        title = self._plain(text or page_title(self.book.root / f"{target}.md"))
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
