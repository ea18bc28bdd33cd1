"""Find one's way: breadcrumbs, reading time, search by name, the map of the site, a lost page.

Sphinx loads this package as an extension, after ``equations``, ``results`` and ``claims``.
``reading`` counts, ``entries`` says what can be searched, ``crumbs`` where a page is, ``site``
writes ``sitemap.xml``, ``robots.txt`` and ``404.html``, ``weight`` takes out what no page uses,
``heights`` says how much room a section needs that is not laid out yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what looks at the pages while they are made, and what is written afterwards."""
    from wayfinding import crumbs, entries, heights, reading, site, weight  # noqa: PLC0415  (only Sphinx)

    app.setup_extension("equations")
    app.add_config_value("wayfinding_unused", [], "html", types=frozenset({list}))
    app.add_node(reading.Minutes)
    app.add_role("minutes", reading.MinutesRole())
    # After the other extensions have put their parts into a page, at 500.
    app.connect("doctree-read", reading.measure, priority=800)
    app.connect("doctree-resolved", reading.show)
    app.connect("doctree-resolved", heights.tell)
    app.connect("html-page-context", crumbs.add, priority=600)
    # When everything else has said what the page needs.
    app.connect("html-page-context", weight.choose_files, priority=900)
    app.connect("html-collect-pages", site.lost_page)
    app.connect("build-finished", entries.write, priority=700)
    app.connect("build-finished", site.write, priority=800)
    app.connect("build-finished", weight.take_out, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
