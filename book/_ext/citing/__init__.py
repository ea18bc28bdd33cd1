"""Cite a result or a chapter: five forms, made from one record.

Sphinx loads this package as an extension. All modules but ``pages`` work without Sphinx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Put the buttons on the pages and the tags into their heads."""
    from citing import pages  # noqa: PLC0415  (only Sphinx needs it)

    app.setup_extension("equations")
    app.add_config_value("citing_file", "CITATION.cff", "", types=(str,))
    app.add_config_value("citing_edition", None, "html")  # what that file says
    app.add_config_value("citing_image", "_static/page.png", "html", types=(str,))
    app.add_node(
        pages.Button,
        html=(pages.visit_button, None),
        latex=(pages.skip_button, None),
        text=(pages.skip_button, None),
    )
    app.connect("config-inited", pages.note_edition)
    app.connect("doctree-read", pages.place_buttons)
    app.connect("build-finished", pages.list_one_version)
    app.connect("html-page-context", pages.add_tags)
    app.connect("html-page-context", pages.leave_out_old_roles)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
