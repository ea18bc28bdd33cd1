"""Build the tiny books of the tests."""

from io import StringIO
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

# Settings of a tiny book in Markdown.
MARKDOWN: dict[str, Any] = {
    "html_theme": "basic",
    "myst_enable_extensions": ["dollarmath", "colon_fence"],
    # Sphinx adds to the default value in place, so that a book built before would show
    "source_suffix": {".md": "markdown", ".rst": "restructuredtext"},
}


def build(
    source: Path, out: Path, doctrees: Path, settings: dict[str, Any], builder: str = "html"
) -> str:
    """Build a book and return the warnings."""
    warnings = StringIO()
    with docutils_namespace():
        Sphinx(
            source,
            None,
            out,
            doctrees,
            builder,
            confoverrides=settings,
            status=None,
            warning=warnings,
        ).build()
    return warnings.getvalue()
