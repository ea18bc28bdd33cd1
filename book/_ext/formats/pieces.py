"""Take the source of a chapter apart: text, directives, code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml  # type: ignore[import-untyped]  # it has no types
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

_DIRECTIVE = re.compile(r"\{(?P<name>[a-z:-]+)\}\s*(?P<argument>.*)$")


@dataclass(frozen=True)
class Piece:
    """A fenced block, or the text before one; that has no name and no argument.

    A fence that is no directive has the name ``fence``, and its language as argument.
    """

    name: str
    argument: str
    content: str
    line: int


def pieces(text: str) -> Iterator[Piece]:
    """Yield text and fenced blocks in their order; what is inside a block stays together."""
    markdown = MarkdownIt("commonmark").use(colon_fence_plugin).use(front_matter_plugin)
    markdown.disable("inline")  # only blocks are looked for
    lines = text.split("\n")
    end = 0
    for token in markdown.parse(text):
        if token.map is None or token.level or token.type not in _BLOCKS:
            continue
        yield Piece("", "", "\n".join(lines[end : token.map[0]]), end + 1)
        end = token.map[1]
        if token.type == "front_matter":
            continue
        info = token.info.strip()
        directive = _DIRECTIVE.match(info)
        name = directive["name"] if directive else "fence"
        argument = directive["argument"].strip() if directive else info
        yield Piece(name, argument, token.content, token.map[0] + 1)
    yield Piece("", "", "\n".join(lines[end:]), end + 1)


_BLOCKS = frozenset({"fence", "colon_fence", "front_matter"})


def options(content: str) -> tuple[dict[str, object], str]:
    """Return the options with which a directive begins, and its body."""
    if content.startswith("---\n"):
        head, _, body = content[4:].partition("\n---\n")
        return yaml.safe_load(head) or {}, body
    lines = content.split("\n")
    count = next((i for i, line in enumerate(lines) if not line.startswith(":")), len(lines))
    head = "\n".join(line.removeprefix(":") for line in lines[:count])
    return yaml.safe_load(head) or {}, "\n".join(lines[count:])


__all__ = ["Piece", "options", "pieces"]
