"""How long a page takes to read, from its words and its formulas.

The rule is the same for every page, and each page says it: 200 words a minute, 20 seconds for a
formula that stands on a line of its own, and nothing for code, tables and what is folded away.
A formula in a sentence counts as one word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx.util.docutils import SphinxRole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

    from equations.domain import EquationDomain

WORDS_A_MINUTE = 200
SECONDS_A_FORMULA = 20

KEY = "reading"
# Lines about a result, not of it.
_BESIDE = {"result-meta", "result-claims", "claim-evidence"}
_SKIPPED = (nodes.literal_block, nodes.table, nodes.raw, nodes.comment, nodes.citation)


class Minutes(nodes.General, nodes.Element):
    """The place for the minutes that a page takes; ``docname`` is that of the page."""


@dataclass(frozen=True)
class Length:
    """What a page asks of its reader."""

    words: int
    formulas: int

    @property
    def minutes(self) -> int:
        """The minutes, rounded; never none."""
        seconds = 60 * self.words / WORDS_A_MINUTE + SECONDS_A_FORMULA * self.formulas
        return max(1, round(seconds / 60))


def length(node: nodes.Node) -> Length:
    """Count the words and the formulas of a page or of a part of it."""
    words = formulas = 0
    for part in _read(node):
        if isinstance(part, nodes.math_block):
            formulas += 1
        elif isinstance(part, nodes.math):
            words += 1
        else:
            words += sum(any(map(str.isalnum, word)) for word in part.astext().split())
    return Length(words, formulas)


def _read(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the texts and the formulas that are read, in their order."""
    if isinstance(node, nodes.Text | nodes.math | nodes.math_block):
        yield node
    elif isinstance(node, nodes.Element) and not (isinstance(node, _SKIPPED) or _aside(node)):
        for child in node.children:
            yield from _read(child)


def _aside(node: nodes.Element) -> bool:
    """Whether a part is folded away, or is about a result and not of it."""
    return node.get("design_component") == "dropdown" or bool(_BESIDE & set(node["classes"]))


def timed(env: BuildEnvironment, docname: str) -> bool:
    """Whether a page is read from its beginning to its end: a chapter, or an article."""
    domain = cast("EquationDomain", env.get_domain("equations"))
    return docname in domain.book.chapters or docname.startswith("articles/a")


def measure(app: Sphinx, document: nodes.document) -> None:
    """Note how long a page is, where the other pages and workers find it."""
    if timed(app.env, app.env.docname):
        found = length(document)
        app.env.metadata[app.env.docname][KEY] = (found.words, found.formulas)


def length_of(env: BuildEnvironment, docname: str) -> Length | None:
    """Return what was noted of a page."""
    found: Any = env.metadata[docname].get(KEY)
    return Length(*found) if found else None


def show(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Put the line below the title of a page, and the minutes where the role asks for them."""
    for place in list(document.findall(Minutes)):
        found = length_of(app.env, place["docname"])
        place.replace_self(nodes.Text(f"{found.minutes} min" if found else ""))
    found = length_of(app.env, docname)
    title = next(iter(document.findall(nodes.title)), None)
    if app.builder.format != "html" or found is None or title is None:
        return
    rule = (
        f"{found.words} words at {WORDS_A_MINUTE} a minute and {found.formulas} displayed "
        f"formulas at {SECONDS_A_FORMULA} seconds"
    )
    line = nodes.paragraph("", f"About {found.minutes} minutes to read: ", classes=["reading"])
    line += nodes.inline("", f"{rule}; code and what is folded away not counted.")
    title.parent.insert(title.parent.index(title) + 1, line)


class MinutesRole(SphinxRole):
    """``{minutes}`kl```: how long another page takes to read."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Leave a place: the other page may not be read yet."""
        return [Minutes(docname=self.text)], []
