"""Formulas in the titles of sources: pybtex would show ``$f$`` with its dollars."""

from __future__ import annotations

import re

from docutils import nodes
from pybtex_docutils import Backend as Docutils

_FORMULA = re.compile(r"\$([^$]+)\$")


class Backend(Docutils):
    """Write text for docutils, with what is between dollars as a formula."""

    def format_str(self, str_: str) -> list[nodes.Node]:
        """Return text and formulas in turn."""
        parts = _FORMULA.split(str_)
        return [
            nodes.math(part, part) if place % 2 else nodes.Text(part)
            for place, part in enumerate(parts)
            if part or len(parts) == 1
        ]
