"""The table of all results, which readers can filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from equations.directives import reference_to, table
from equations.graph import functionals
from equations.report import totals

if TYPE_CHECKING:
    from equations.blocks import Equation
    from equations.book import Entry
    from equations.domain import EquationDomain

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
        return [nodes.paragraph("", sums, classes=["totals"]), shown]

    def row(
        self, block: Equation, entry: Entry, domain: EquationDomain
    ) -> list[Sequence[nodes.Node]]:
        """Return the cells of one result."""
        title, messages = self.state.inline_text(block.title, self.lineno)
        uses = {use.name: None for use in functionals(block.statement)}
        words = (block.kind, domain.verdicts[block.id].level, entry.chapter, ", ".join(uses))
        number = reference_to(block.id, self.env.docname)
        name = nodes.literal("", block.id)
        cells: list[Sequence[nodes.Node]] = [[nodes.Text(word)] for word in words]
        return [[number], [*title, *messages, nodes.Text(" "), name], *cells]
