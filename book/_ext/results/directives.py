"""The table of all results, which readers can filter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

from equations.directives import reference_to, table
from equations.graph import functionals
from equations.report import totals
from results.notation import FILE, PAGE, read_notation, row_of
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
            shown = nodes.literal("", file)
            line += [nodes.Text(", with the schema " if number else ""), self.link(file, shown)]
        line += nodes.Text("; each page of a result has its own part of it.")
        return line

    def link(self, address: str, shown: nodes.Element) -> pending_xref:
        """Return a link to what the build writes beside the documents; others leave it out."""
        return pending_xref(
            "",
            shown,
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
        words = (block.kind, domain.verdicts[block.id].level, entry.chapter)
        number = reference_to(block.id, self.env.docname)
        shown = nodes.literal("", block.id)
        name = self.link(f"{page_of(block.id)}.html#{block.id}", shown)
        cells: list[Sequence[nodes.Node]] = [[nodes.Text(word)] for word in words]
        return [[number], [*title, *messages, nodes.Text(" "), name], *cells, self.symbols(block)]

    def symbols(self, block: Equation) -> list[nodes.Node]:
        """Return the functionals of a result by their macros, which lead to their meanings."""
        domain = cast("EquationDomain", self.env.get_domain("equations"))
        file = Path(self.env.srcdir, FILE)
        self.env.note_dependency(str(file))
        rows = read_notation(file)
        found: dict[str, nodes.Node] = {}
        for use in functionals(block.statement):
            row = row_of(use, rows, domain.book.graph)
            way = f"{PAGE}.html#{row.anchor}" if row else ""
            name = nodes.inline("", use.name)
            found.setdefault(use.name, self.link(way, name) if way else name)
        parted = [[nodes.Text(", "), node] for node in found.values()]
        return [node for pair in parted for node in pair][1:]
