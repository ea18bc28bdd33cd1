"""The book in other formats: notebooks, EPUB, and LaTeX for the PDF.

``expand`` and ``notebooks`` work without Sphinx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what the builders for other formats need."""
    from formats import epub, pdf, site  # noqa: PLC0415  (only Sphinx needs it)

    epub.set_up(app)
    pdf.set_up(app)
    site.set_up(app)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
