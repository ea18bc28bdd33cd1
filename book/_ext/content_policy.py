"""Give each page a content security policy: nothing is loaded or run but what the book wrote.

A script that somebody manages to get into a page does not run, and no page can ask another
site for anything. The few scripts and styles that the theme writes into the page itself are
allowed by their hashes. Formulas are laid out by `style` attributes, so these are allowed.
The host cannot be told to send headers, so the policy is a tag in the page, before all that
it governs.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

CHARSET = re.compile(r'<meta charset="utf-8" ?/?>', re.IGNORECASE)
_INLINE = re.compile(
    r"<(?P<tag>script|style)\b(?P<attributes>[^>]*)>(?P<text>.*?)</(?P=tag)>", re.DOTALL
)
_DATA = re.compile(r'\btype="application/[a-z+]*json"')
_SOURCE = re.compile(r"\bsrc=")


def policy(html: str) -> str:
    """Return the policy of a page with the hashes of what stands in it."""
    found: dict[str, set[str]] = {"script": set(), "style": set()}
    for part in _INLINE.finditer(html):
        if not (_SOURCE.search(part["attributes"]) or _DATA.search(part["attributes"])):
            digest = hashlib.sha256(part["text"].encode()).digest()
            found[part["tag"]].add(f"'sha256-{base64.b64encode(digest).decode()}'")
    scripts, styles = (" ".join(["'self'", *sorted(found[tag])]) for tag in ("script", "style"))
    rules = {
        "default-src": "'none'",
        "script-src": scripts,
        "style-src": "'self' 'unsafe-inline'",  # for browsers that do not know the next two
        "style-src-elem": styles,
        "style-src-attr": "'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def with_policy(html: str) -> str:
    """Return a page with its policy, right after the tag that names the encoding."""
    tag = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy(html))}" />'
    result, count = CHARSET.subn(lambda charset: f"{charset.group()}\n    {tag}", html, count=1)
    if not count:
        message = "the page does not say its encoding, so there is no place for the policy"
        raise ValueError(message)
    return result


def _add_policies(app: Sphinx, exception: Exception | None) -> None:
    """Rewrite the pages once all extensions have added to them what they add."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            if "_static" not in page.relative_to(app.outdir).parts:
                html = page.read_bytes().decode()  # line ends are a part of what is hashed
                page.write_bytes(with_policy(html).encode())


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the policies at the very end of a build."""
    app.connect("build-finished", _add_policies, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
