"""The results of the book, one by one: identifiers, a page for each, the catalogue.

Sphinx loads this package as an extension, after ``equations``.
``ids``, ``notation``, ``sources`` and ``records`` work without Sphinx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what makes the pages, the catalogue and its table."""
    from results.directives import CatalogueDirective  # noqa: PLC0415  (only Sphinx needs them)
    from results.site import Site  # noqa: PLC0415  (only Sphinx needs it)
    from results.sources import FORMAL  # noqa: PLC0415  (likewise)

    app.add_config_value("results_formal", str(FORMAL), "html", types=(str,))
    site = Site(app)
    app.add_directive("catalogue", CatalogueDirective)
    # After the domains have read the sources, at 500.
    app.connect("builder-inited", site.load, priority=600)
    app.connect("doctree-read", site.anchor)
    app.connect("missing-reference", site.resolve)
    app.connect("doctree-resolved", site.take)
    app.connect("html-collect-pages", site.write)
    # Before the theme makes the sidebar, at 500.
    app.connect("html-page-context", site.page_context, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
