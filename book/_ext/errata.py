"""``{errata}``: the table of this book's own errors, each with the version that mended it.

While a release is being made, an erratum without a version is a warning, which fails the build.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from equations.directives import reference_to, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)
KEYS = {"where", "said", "right", "fixed"}


def read_errata(path: Path) -> list[dict[str, str]]:
    """Return the rows of the file."""
    rows: list[dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))["erratum"]
    return rows


def faults(rows: list[dict[str, str]], *, release: bool) -> Iterator[str]:
    """Yield what is wrong with the rows, for a release or between releases."""
    for number, row in enumerate(rows, 1):
        missing = sorted(KEYS - {"fixed"} - row.keys())
        unknown = sorted(row.keys() - KEYS)
        if missing or unknown:
            yield f"erratum {number}: missing {missing}, unknown {unknown}"
        elif release and not row.get("fixed"):
            yield f"erratum {number}, on {row['where']}: a release needs the version that mends it"


class ErrataDirective(SphinxDirective):
    """The table, newest first."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return the table, and report what is wrong with the file."""
        path = Path(self.env.srcdir, "errata.toml")
        self.env.note_dependency(str(path))
        rows = read_errata(path)
        wrong = list(faults(rows, release=self.config.errata_release))
        for fault in wrong:
            logger.warning(fault, location=str(path), type="errata")
        if wrong:
            return []
        heads = ("Result", "What was wrong", "What is right", "Mended in")
        return [table(heads, [self.row(row) for row in reversed(rows)], classes=["errata"])]

    def row(self, row: Mapping[str, str]) -> list[list[nodes.Node]]:
        """Return the cells of one erratum."""
        said, right = (self.inline(row[name]) for name in ("said", "right"))
        result: nodes.Node = reference_to(row["where"], self.env.docname)
        return [[result], said, right, [nodes.Text(row.get("fixed") or "not yet")]]

    def inline(self, text: str) -> list[nodes.Node]:
        """Parse Markdown without paragraphs."""
        parsed, messages = self.state.inline_text(text, self.lineno)
        return [*parsed, *messages]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive with Sphinx."""
    app.add_config_value("errata_release", default=False, rebuild="env", types=(bool,))
    app.add_directive("errata", ErrataDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
