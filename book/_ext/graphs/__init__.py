"""The graph of what each result needs, drawn on the pages.

``{graph}`` draws it for the chapter on whose page it stands; ``{graph} all`` for the whole book.
The drawing is made when a page is written, because a reference anywhere may change it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from graphs.drawing import Drawings

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

    from equations.book import Entry
    from equations.domain import EquationDomain


class GraphNode(nodes.General, nodes.Element):
    """The place of a drawing; ``chapter`` is the name of one, or empty for the whole book."""


class GraphDirective(SphinxDirective):
    """``{graph}``: what the results of this chapter, or of ``all`` chapters, need."""

    optional_arguments = 1
    has_content = False
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Leave a place for the drawing."""
        domain = cast("EquationDomain", self.env.get_domain("equations"))
        everything = self.arguments == ["all"]
        if not everything and self.env.docname not in domain.book.chapters:
            raise self.error("this page is no chapter: write {graph} all")
        return [GraphNode(chapter="" if everything else self.env.docname)]


def drawings(builder: Builder, page: str) -> Drawings:
    """Return what draws the graph for a page."""
    domain = cast("EquationDomain", builder.env.get_domain("equations"))
    levels = {name: verdict.level for name, verdict in domain.verdicts.items()}

    def address(entry: Entry) -> str:
        return f"{builder.get_relative_uri(page, entry.chapter)}#{entry.block.id}"

    return Drawings(domain.book, domain.book.graph.standings(levels), address)


def _visit_html(self: HTML5Translator, node: GraphNode) -> None:
    drawn = drawings(self.builder, self.builder.current_docname)
    chapters = [node["chapter"]] if node["chapter"] else drawn.book.chapters
    self.body.append(drawn.chapter(node["chapter"]) if node["chapter"] else drawn.whole())
    self.body.append(drawn.legend())
    for chapter in chapters:
        title = f"The same as a list: {drawn.title(chapter)}"
        self.body.append(f"<details><summary>{self.encode(title)}</summary>")
        self.body.append(f"{drawn.as_list(chapter)}</details>")
    raise nodes.SkipNode


def _skip(_self: Any, _node: GraphNode) -> None:  # noqa: ANN401  (a translator of any format)
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive and its node."""
    app.add_node(
        GraphNode,
        html=(_visit_html, None),
        latex=(_skip, None),
        text=(_skip, None),
        man=(_skip, None),
        texinfo=(_skip, None),
    )
    app.add_directive("graph", GraphDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
