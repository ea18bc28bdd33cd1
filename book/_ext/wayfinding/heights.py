"""How tall the sections of a page are, about, so that a browser can leave out those not in view.

A browser that skips a section keeps a place for it. Where the place is too small, it takes what
stands at the end of the section for something that lies upon the next one.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Pixels on a phone. With these, hardly a section of the book is taller than is said.
LETTER = 0.55
FORMULA = 77
PARAGRAPH = 28
LEAST = 330

STEP = 1000
TALLEST = 14  # the last for which book.css has a rule


def height(section: nodes.Node) -> float:
    """Return a height in pixels that a section will hardly reach on a phone."""
    formulas = sum(len(node.astext()) for node in section.findall(nodes.math))
    letters = len(section.astext()) - formulas  # formulas in lines are short when they are set
    displayed = sum(1 for _ in section.findall(nodes.math_block))
    paragraphs = sum(1 for _ in section.findall(nodes.paragraph))
    return LEAST + LETTER * letters + FORMULA * displayed + PARAGRAPH * paragraphs


def tell(app: Sphinx, document: nodes.document, _docname: str) -> None:
    """Give each section of a page a class that says how tall it is."""
    title = next(iter(document.findall(nodes.title)), None)
    if app.builder.name != "html" or title is None:
        return
    for section in title.parent.children:
        if isinstance(section, nodes.section):
            steps = min(ceil(height(section) / STEP), TALLEST)
            section["classes"].append(f"tall-{steps}")
