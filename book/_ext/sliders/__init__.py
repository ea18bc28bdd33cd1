"""Figures with sliders: ``{slider} NAME`` shows one of those in :mod:`sliders.figures`.

The page gets the drawing, the numbers for all places of the sliders, and `sliders.js`, which
shows them. In other formats, in print and without a script the drawing is a still picture.
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

import refimpl
from sliders.figures import FIGURES

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator


class SliderNode(nodes.General, nodes.Element):
    """A drawing with its sliders as ``html``; inside is the still picture, an image."""


class SliderCode(nodes.container):
    """The folded program of a figure."""


class SliderDirective(SphinxDirective):
    """``{slider} NAME``: a numbered figure with sliders; the content is its caption."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"name": directives.unchanged, "alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Compute the figure."""
        name = self.arguments[0]
        if name not in FIGURES:
            raise self.error(f"there is no figure {name!r}; there are: {', '.join(FIGURES)}")
        if "alt" not in self.options or not self.content:
            raise self.error("a figure needs :alt:, and a caption below it")
        for package in (Path(__file__).parent, Path(refimpl.__file__).parent):
            for file in package.glob("*.py"):
                self.env.note_dependency(file)
        live, alt = FIGURES[name](), " ".join(self.options["alt"].split())
        still = Path(self.env.doctreedir, "sliders", f"{name}.svg")
        still.parent.mkdir(parents=True, exist_ok=True)
        still.write_text(live.file(), encoding="utf-8")
        here = Path(self.env.doc2path(self.env.docname)).parent
        image = nodes.image(uri=Path(os.path.relpath(still, here)).as_posix(), alt=alt)
        text, messages = self.parse_inline(" ".join(self.content))
        caption = nodes.caption("", "", *text)
        figure = nodes.figure("", SliderNode("", image, html=live.html(name, alt)), caption)
        self.set_source_info(figure)
        self.add_name(figure)
        source = inspect.getsource(FIGURES[name])
        fold = "<details><summary>Show the code</summary>"
        return [
            figure,
            SliderCode(
                "",
                nodes.raw("", fold, format="html"),
                nodes.literal_block(source, source, language="python"),
                nodes.raw("", "</details>", format="html"),
                classes=["slider-code"],
            ),
            *messages,
        ]


def _choose_form(app: Sphinx, document: nodes.document, _docname: str) -> None:
    """Leave either what moves or the still picture, as the format allows."""
    live = app.builder.format == "html" and app.builder.name != "epub"
    for node in list(document.findall(SliderNode)):
        if live:
            node.children.clear()
        else:
            node.replace_self(node.children)
    if not live:  # a fold needs a page
        for code in list(document.findall(SliderCode)):
            code.parent.remove(code)


def _visit_html(self: HTML5Translator, node: SliderNode) -> None:
    self.body.append(node["html"])
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive and its node."""
    app.add_node(SliderNode, html=(_visit_html, None))
    app.add_directive("slider", SliderDirective)
    app.connect("doctree-resolved", _choose_form)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
