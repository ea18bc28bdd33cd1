"""Tell the browser the size of each image, so that the page does not jump when it arrives.

A link to a result would otherwise end somewhere else once the figures above it are there.
With the size known, an image can also wait until the reader comes near it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_IMAGE = re.compile(r'<img (?P<attributes>[^>]*src="[^"]*_images/(?P<name>[^"/]+\.svg)"[^>]*?) ?/>')
_PIXELS = {"px": 1.0, "": 1.0, "pt": 4 / 3, "in": 96.0, "cm": 96 / 2.54}


def svg_size(file: Path) -> tuple[int, int] | None:
    """Return width and height of an SVG file in CSS pixels, or None if it does not say."""
    _, root = next(iter(ET.iterparse(file, events=["start"])))  # noqa: S314 - our own figures
    sizes = []
    for name in ("width", "height"):
        found = re.fullmatch(r"([0-9.]+)([a-z]*)", root.get(name, ""))
        if found is None or found[2] not in _PIXELS:
            return None
        sizes.append(round(float(found[1]) * _PIXELS[found[2]]))
    return sizes[0], sizes[1]


def _add_sizes(
    app: Sphinx,
    _pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _doctree: nodes.document | None,
) -> None:
    files = {name: Path(app.srcdir, uri) for uri, name in app.builder.images.items()}

    def add(image: re.Match[str]) -> str:
        size = svg_size(files[image["name"]])
        if size is None:
            return image.group()
        width, height = size
        return f'<img {image["attributes"]} width="{width}" height="{height}" loading="lazy" />'

    if "body" in context:
        context["body"] = _IMAGE.sub(add, context["body"])


def setup(app: Sphinx) -> ExtensionMetadata:
    """Change the HTML of each page just before it is written."""
    app.connect("html-page-context", _add_sizes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
