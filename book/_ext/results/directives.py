"""The table of all results, which readers can filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

from equations.directives import reference_to, table
from equations.graph import functionals
from equations.report import totals
from results.records import CATALOGUE, SCHEMA, page_of

if TYPE_CHECKING:
    from equations.blocks import Equation
    from equations.book import Entry
    from equations.domain import EquationDomain

# The type of a reference to a page or a file that is no document.
BESIDE = "beside"
HEADS = ("Number", "Result", "Kind", "Evidence", "Chapter", "Symbols")


class CatalogueDirective(SphinxDirective):
    """``{catalogue}``: all results, with a filter for each column of few words."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return the totals and the table."""
        domain = cast("EquationDomain", self.env.get_domain("equations"))
        entries = domain.book.entries
        rows = [self.row(block, entries[block.id], domain) for block in domain.book.equations]
        sums = " ".join(totals(list(domain.verdicts.values())))
        shown = nodes.container("", table(HEADS, rows, classes=["catalogue"]), classes=["filtered"])
        return [nodes.paragraph("", sums, classes=["totals"]), self.data(), shown]

    def data(self) -> nodes.paragraph:
        """Return the line that leads to the same as data."""
        line = nodes.paragraph("", "The same for programs: ")
        for number, file in enumerate((CATALOGUE, SCHEMA.name)):
            line += [nodes.Text(", with the schema " if number else ""), self.link(file, file)]
        line += nodes.Text("; each page of a result has its own part of it.")
        return line

    def link(self, address: str, text: str) -> pending_xref:
        """Return a link to what the build writes beside the documents; others leave it out."""
        return pending_xref(
            "",
            nodes.literal("", text),
            refdomain="",
            reftype=BESIDE,
            reftarget=address,
            refdoc=self.env.docname,
            refexplicit=True,
            refwarn=False,
        )

    def row(
        self, block: Equation, entry: Entry, domain: EquationDomain
    ) -> list[Sequence[nodes.Node]]:
        """Return the cells of one result."""
        title, messages = self.state.inline_text(block.title, self.lineno)
        uses = {use.name: None for use in functionals(block.statement)}
        words = (block.kind, domain.verdicts[block.id].level, entry.chapter, ", ".join(uses))
        number = reference_to(block.id, self.env.docname)
        name = self.link(f"{page_of(block.id)}.html#{block.id}", block.id)
        cells: list[Sequence[nodes.Node]] = [[nodes.Text(word)] for word in words]
        return [[number], [*title, *messages, nodes.Text(" "), name], *cells]
