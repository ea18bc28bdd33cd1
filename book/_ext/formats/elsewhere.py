"""The pages that a book without a screen leaves out, and where links to them lead instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sphinx import addnodes

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment

# Lists to be filtered, a drawing to be walked through, and what is read beside an editor.
LEFT_OUT = ("catalogue", "graph", "api", "benchmarks", "formats")


def is_left_out(docname: str) -> bool:
    """Return whether a page is left out, as are those that are no documents of Sphinx."""
    return docname.split("/", maxsplit=1)[0] in {*LEFT_OUT, "eq"}


def address(config: Config, docname: str) -> str:
    """Return where the hosted book has a page."""
    return f"{config.html_baseurl}{docname}.html".removesuffix("index.html")


@contextmanager
def contents_without(
    env: BuildEnvironment, arrange: Callable[[str, nodes.document], None] | None = None
) -> Iterator[None]:
    """Take the pages that are left out from all tables of contents, and arrange each page."""
    read = env.get_doctree

    def get_doctree(docname: str) -> nodes.document:
        doctree = read(docname)
        for tree in doctree.findall(addnodes.toctree):
            for key in ("entries", "includefiles"):
                tree[key] = [item for item in tree[key] if not is_left_out(_name(item))]
        if arrange is not None:
            arrange(docname, doctree)
        return doctree

    env.get_doctree = get_doctree  # type: ignore[method-assign]  # Sphinx has no event for this
    try:
        yield
    finally:
        del env.get_doctree  # what was set above


def _name(item: str | tuple[str | None, str]) -> str:
    return item if isinstance(item, str) else item[1]


__all__ = ["LEFT_OUT", "address", "contents_without", "is_left_out"]
