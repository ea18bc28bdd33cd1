"""Show a short text in Markdown, such as a title or a meaning, outside of any page."""

from __future__ import annotations

import re
from collections.abc import Callable

from docutils import nodes

_PARTS = re.compile(
    r"\$(?P<math>[^$]+)\$"
    r"|\{(?P<role>[a-z:]+)\}`(?:(?P<text>[^`<]*?) ?<)?(?P<target>[^`<>]+)>?`"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>[^*]+)\*\*"
    r"|\*(?P<emphasis>[^*]+)\*",
)

Link = Callable[[str, str], nodes.Node | None]


def inline(text: str, link: Link) -> list[nodes.Node]:
    """Return the nodes of a text; ``link`` makes those of a role and its target.

    A role that ``link`` does not know is shown as its text, or else as its target.
    """
    found: list[nodes.Node] = []
    end = 0
    for part in _PARTS.finditer(text):
        if part.start() > end:
            found.append(nodes.Text(text[end : part.start()]))
        found.append(_node(part, link))
        end = part.end()
    if end < len(text):
        found.append(nodes.Text(text[end:]))
    return found


def _node(part: re.Match[str], link: Link) -> nodes.Node:
    if part["math"]:
        return nodes.math(part["math"], part["math"])
    if part["role"]:
        shown = link(part["role"], part["target"])
        return shown if shown is not None else nodes.Text(part["text"] or part["target"])
    if part["code"]:
        return nodes.literal("", part["code"])
    if part["strong"]:
        return nodes.strong("", part["strong"])
    return nodes.emphasis("", part["emphasis"])
