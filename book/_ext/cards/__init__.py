"""Cards: what a reference leads to, shown beside the reference.

A card of a result has its number, title, conditions, statement and evidence; one of an exercise
its text, one of a symbol its meaning and unit, one of a function its call and its purpose. The
cards are written into the folder ``_cards`` of the site, one script for each, and a page loads
those that a reader asks for: inside the pages they would weigh more than the pages themselves.
``cards.js`` shows them.
"""

from __future__ import annotations

import inspect
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from cards import fragments
from equations.blocks import Equation
from equations.book import public_functions
from results.notation import PREFIX as SYMBOL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from equations.book import Entry
    from equations.domain import EquationDomain

FOLDER = "_cards"
# The parts of a result that its card shows. What the notation cannot say stands in the note.
SHOWN = {"result-head", "result-for", "result-if", "result-where", "result-evidence"}
SHOWN_UNLESS_EXECUTED = SHOWN | {"result-note"}


class MarkParts(SphinxPostTransform):
    """Put comments around the parts of results and exercises that their cards show."""

    default_priority = 950  # when nothing else changes the page any more
    formats = ("html",)

    def run(self, **_kwargs: object) -> None:
        """Mark the parts."""
        for row in list(self.document.findall(nodes.row)):
            if row["ids"] and row["ids"][0].startswith(SYMBOL):
                self.mark(row["ids"][0], self.of_symbol(row))
        for node in list(self.document.findall(nodes.container)):
            if not node["ids"]:
                continue
            if "result" in node["classes"]:
                parts = self.of_result(node)
            elif "exercise" in node["classes"]:
                parts = self.of_exercise(node)
            else:
                continue
            self.mark(node["ids"][0], parts)

    def mark(self, name: str, parts: Iterable[nodes.Element]) -> None:
        """Put comments around the parts of a card."""
        for part in list(parts):
            place = part.parent.index(part)
            comments = (fragments.begin(name), fragments.END)
            before, after = (nodes.raw("", text, format="html") for text in comments)
            part.parent[place : place + 1] = [before, part, after]

    def of_symbol(self, row: nodes.row) -> Iterator[nodes.Element]:
        """Yield what a row of the table of symbols says: symbol, meaning, definition, unit."""
        said_in = ("", "", "introduced", "unit")
        for cell, said in zip(list(row.findall(nodes.entry)), said_in, strict=True):
            for part in cell.findall(nodes.paragraph):
                if said:
                    part["classes"].append(f"symbol-{said}")
                yield part

    def of_result(self, node: nodes.container) -> Iterator[nodes.Element]:
        """Yield what the card of a result shows."""
        domain = cast("EquationDomain", self.env.get_domain("equations"))
        executed = domain.verdicts[node["ids"][0]].level == "executed"
        wanted = SHOWN if executed else SHOWN_UNLESS_EXECUTED
        inside = (part for child in node.findall(nodes.container) for part in child.children)
        for child in inside:
            if isinstance(child, nodes.math_block) or (
                isinstance(child, nodes.paragraph) and wanted & set(child["classes"])
            ):
                yield child

    def of_exercise(self, node: nodes.container) -> Iterator[nodes.Element]:
        """Yield the head and the question of an exercise, without hints and solutions."""
        shown = (nodes.paragraph, nodes.math_block, nodes.bullet_list, nodes.enumerated_list)
        for child in node.children:
            if not isinstance(child, shown):
                return
            yield child


def _cut_cards(
    app: Sphinx,
    _pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _doctree: nodes.document | None,
) -> None:
    """Write the cards of a page, and name the card of each of its links."""
    if "body" not in context or app.builder.name == "epub":
        return
    domain = cast("EquationDomain", app.env.get_domain("equations"))
    body, found = fragments.cut(context["body"])
    for name, html in found.items():
        kind = "symbol" if name.startswith(SYMBOL) else _kind(domain.book.entries[name])
        write(app, name, f'<div class="result result-{kind}">{html}</div>')
    known = {*domain.book.entries, *functions(domain.package)}
    context["body"] = fragments.mark_links(body, known, SYMBOL)
    if "data-card=" in context["body"]:
        context["has_maths_elements"] = True  # for the stylesheet of formulas


def _kind(entry: Entry) -> str:
    return entry.block.kind if isinstance(entry.block, Equation) else "exercise"


@cache
def functions(package: ModuleType) -> dict[str, Any]:
    """Return the functions of a package by the names that their pages have."""
    found = public_functions(package)
    return {f"{function.__module__}.{name}": function for name, function in found.items()}


def write(app: Sphinx, name: str, html: str) -> None:
    """Write a card."""
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.js").write_text(fragments.script(name, html), encoding="utf-8")


def _write_functions(app: Sphinx, error: Exception | None) -> None:
    """Write the cards of the functions of the package."""
    if error is not None or app.builder.format != "html" or app.builder.name == "epub":
        return
    domain = cast("EquationDomain", app.env.get_domain("equations"))
    for name, function in functions(domain.package).items():
        short = name.rpartition(".")[2]
        computed = [
            f"{entry.label} ({entry.number})"
            for entry in domain.book.entries.values()
            if isinstance(entry.block, Equation) and short in entry.block.functions
        ]
        summary = (inspect.getdoc(function) or "").split("\n\n", maxsplit=1)[0]
        html = fragments.of_function(short, signature(function), summary, "; ".join(computed))
        write(app, name, html)


def signature(function: object) -> str:
    """Return the names and defaults of the arguments of a function, without their types."""
    found = inspect.signature(function)  # type: ignore[arg-type]  # only functions come here
    empty = inspect.Parameter.empty
    arguments = [argument.replace(annotation=empty) for argument in found.parameters.values()]
    return str(inspect.Signature(arguments))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Change the HTML of each page before it is written, and before stylesheets are chosen."""
    app.add_post_transform(MarkParts)
    app.connect("html-page-context", _cut_cards, priority=400)
    app.connect("build-finished", _write_functions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
