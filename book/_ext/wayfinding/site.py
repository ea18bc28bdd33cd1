"""What is written once for the whole site: the list of its pages, and a page for lost readers."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citing.pages import without_index

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOST = "404"
# Pages that are nobody's aim.
UNLISTED = {f"{LOST}.html", "search.html"}
SITEMAP, ROBOTS = "sitemap.xml", "robots.txt"


def pages(folder: Path) -> list[str]:
    """Return the addresses of the pages in a folder, relative to it, as they are cited."""
    files = (file.relative_to(folder).as_posix() for file in folder.rglob("*.html"))
    listed = (name for name in files if name not in UNLISTED and not name.startswith("_"))
    return sorted(without_index(name) for name in listed)


def sitemap(addresses: list[str]) -> str:
    """Return the list of pages as search engines read it."""
    lines = "".join(f"<url><loc>{escape(address)}</loc></url>\n" for address in addresses)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="{space}">\n{lines}</urlset>\n'


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the list of pages, and where it lies."""
    base = app.config.html_baseurl
    if error is not None or app.builder.name != "html" or not base:
        return
    folder = Path(app.outdir)
    addresses = [base + name for name in pages(folder)]
    (folder / SITEMAP).write_text(sitemap(addresses), encoding="utf-8")
    robots = f"User-agent: *\nAllow: /\nSitemap: {base}{SITEMAP}\n"
    (folder / ROBOTS).write_text(robots, encoding="utf-8")


def lost_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the page that a host shows for an address that does not exist.

    It is shown at any depth, so it asks for no other file. Its links are whole addresses: a
    relative one would be right at a single depth, and one from the root of the host on no copy of
    the site that has another sub-path. So a copy leads to the book as it is published.
    """
    if app.builder.name == "html":
        context = {"title": "No page has this address", "base": app.config.html_baseurl}
        yield LOST, context, f"{LOST}.html"
