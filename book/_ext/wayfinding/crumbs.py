"""Breadcrumbs: the way from the first page to this one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx import addnodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.builders.html import StandaloneHTMLBuilder
    from sphinx.environment import BuildEnvironment

    from equations.domain import EquationDomain

_RESULT = re.compile(r"eq/([^/]+)/index")

Crumb = dict[str, str]


def add(
    app: Sphinx,
    pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _document: nodes.document | None,
) -> None:
    """Give a page its breadcrumbs."""
    if pagename == app.config.root_doc:
        return
    builder = cast("StandaloneHTMLBuilder", app.builder)

    def link(docname: str) -> str:
        return builder.get_relative_uri(pagename, docname)

    crumbs = [{"title": "Home", "link": link(app.config.root_doc)}]
    crumbs += [
        {"title": title, "link": link(docname) if docname else ""}
        for title, docname in way_to(app.env, pagename)
    ]
    context["crumbs"] = crumbs


def way_to(env: BuildEnvironment, pagename: str) -> list[tuple[str, str]]:
    """Return what lies between the first page and this one: titles and pages, if they are pages."""
    result = _RESULT.fullmatch(pagename)
    if result:
        domain = cast("EquationDomain", env.get_domain("equations"))
        entry = domain.book.entries.get(result[1])
        return [*way_to(env, entry.chapter), _named(env, entry.chapter)] if entry else []
    root = env.config.root_doc
    parents = {child: page for page, inside in env.toctree_includes.items() for child in inside}
    way: list[str] = []
    while pagename in parents and parents[pagename] != root:
        pagename = parents[pagename]
        way.insert(0, pagename)
    caption = dict(_captions(env)).get(pagename, "")
    return [(caption, "")] * bool(caption) + [_named(env, docname) for docname in way]


def _named(env: BuildEnvironment, docname: str) -> tuple[str, str]:
    return " ".join(env.titles[docname].astext().split()), docname


def _captions(env: BuildEnvironment) -> Iterator[tuple[str, str]]:
    """Yield each page that the first page lists, with the caption of its list."""
    for tree in env.tocs[env.config.root_doc].findall(addnodes.toctree):
        for _, docname in tree["entries"]:
            yield docname, tree.get("caption") or ""
