"""Cut the cards out of the HTML of pages, and mark the links that have one.

Works on text, without Sphinx. The parts of a card stand between comments, which
:mod:`cards` has put there; so a formula is typeset once, for its page and for its card.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Container
from html import escape

_PART = re.compile(r"<!--card (?P<id>[^ ]+?)-->(?P<html>.*?)<!--/card-->", re.DOTALL)
# A link of a drawing names its card itself.
_LINK = re.compile(
    r'(?P<start><a(?: class="(?P<css>[^"]*)")? href="[^"#]*#(?P<id>[^"]+)")(?=[ >])'
    r"(?![^>]* data-card=)"
)
# What has no place in a card: the link of a result to itself, links and addresses of any kind,
# and the LaTeX beside the MathML, which would be read aloud.
_OWN_LINK = re.compile(r'<a class="[^"]*\bheaderlink\b[^"]*".*?</a>', re.DOTALL)
_LINK_START = re.compile(r"<a\b[^>]*>")
_ADDRESS = re.compile(r' (?:id|tabindex)="[^"]*"')
_ANNOTATION = re.compile(r"<annotation\b.*?</annotation>", re.DOTALL)


def begin(name: str) -> str:
    """Return the comment before a part of a card."""
    return f"<!--card {name}-->"


END = "<!--/card-->"


def cut(body: str) -> tuple[str, dict[str, str]]:
    """Return a page without the comments, and the parts of each card that it has."""
    found: dict[str, list[str]] = defaultdict(list)
    for part in _PART.finditer(body):
        found[part["id"]].append(bare(part["html"]))
    page = _PART.sub(lambda part: part["html"], body)
    return page, {name: "".join(parts) for name, parts in found.items()}


def bare(html: str) -> str:
    """Return a part of a page as it can stand on another one: no links, ids and focus."""
    html = _ANNOTATION.sub("", _OWN_LINK.sub("", html))
    return _ADDRESS.sub("", _LINK_START.sub("<span>", html).replace("</a>", "</span>")).strip()


def mark_links(body: str, known: Container[str], prefix: str) -> str:
    """Name the card of each link to something known, or to an id that begins with a prefix."""

    def marked(link: re.Match[str]) -> str:
        has_card = link["id"] in known or link["id"].startswith(prefix)
        if not has_card or "headerlink" in (link["css"] or ""):
            return link["start"]
        return f'{link["start"]} data-card="{link["id"]}"'

    return _LINK.sub(marked, body)


def script(name: str, html: str) -> str:
    """Return a card as a script, which pages load also from a disk."""
    return f"bookCard({json.dumps(name)}, {json.dumps(html, ensure_ascii=False)});\n"


def of_function(name: str, signature: str, summary: str, results: str) -> str:
    """Return the card of a function: how it is called, what it computes, and which result says."""
    computed = f'<p class="card-computes">{escape(results)}</p>' if results else ""
    call = f"<p><code>{escape(name)}{escape(signature)}</code></p>"
    return f'<div class="result card-function">{call}<p>{escape(summary)}</p>{computed}</div>'
