"""What Sphinx adds to the pages: the button on results and chapters, and tags in the head."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx.util import logging

from citing.edition import read_edition
from citing.forms import Work
from citing.html import button_html, description_html, meta_html, shortened
from citing.titles import plain_math, plain_title
from citing.versions import write_switcher

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment
    from sphinx.writers.html5 import HTML5Translator

    from equations.domain import EquationDomain

logger = logging.getLogger(__name__)

# How the marks of Markdown that a title may carry are written.
_MARKS: dict[type[nodes.Node], str] = {nodes.math: "$", nodes.literal: "`", nodes.emphasis: "*"}

# The pages that Sphinx makes without a source.
_WITHOUT_SOURCE = {"genindex": "Index of functions", "search": "Search"}


class Button(nodes.General, nodes.Element):
    """The place of the button; ``target`` is the id of a result, or empty for the whole page.

    Its text is made when the page is written, so that the search does not find it.
    """


def place_buttons(app: Sphinx, document: nodes.document) -> None:
    """Put a button into the last line of each result, and one below the title of a chapter."""
    for result in document.findall(nodes.container):
        if "result" in result["classes"]:
            (meta,) = (
                child
                for child in result
                if isinstance(child, nodes.container) and "result-meta" in child["classes"]
            )
            meta += Button(target=result["ids"][0], docname=app.env.docname)
    title = next(iter(document.findall(nodes.title)), None)
    if title is not None and app.env.docname in _domain(app.env).book.chapters:
        place = title.parent.index(title) + 1
        title.parent.insert(place, Button(target="", docname=app.env.docname))


def note_edition(app: Sphinx, config: Config) -> None:
    """Read what is known about this version; when it changes, all pages are written again."""
    config.citing_edition = read_edition(Path(app.confdir, config.citing_file))


def work_of_result(builder: Builder, name: str) -> Work:
    """Return what is cited when a result is: its own page, which stays when chapters change."""
    entry = _domain(builder.env).book.entries[name]
    return Work(
        id=name,
        title=entry.block.title,
        place=f"{entry.label} {entry.number}",
        address=f"{builder.config.html_baseurl}eq/{name}/",
        edition=builder.config.citing_edition,
    )


def work_of_page(builder: Builder, docname: str) -> Work:
    """Return what is cited when a page is: a chapter with its number, or another page."""
    chapters = _domain(builder.env).book.chapters
    title = _markdown(builder.env.titles[docname])
    place = "Page"
    if docname in chapters:
        number = chapters.index(docname)
        place = f"Chapter {number}"
        title = title.removeprefix(f"{number}  ")
    return Work(
        id=f"divergences-derived-{docname.replace('/', '-')}",
        title=title,
        place=place,
        address=without_index(f"{builder.config.html_baseurl}{builder.get_target_uri(docname)}"),
        edition=builder.config.citing_edition,
    )


def without_index(address: str) -> str:
    """Return an address as it is cited: that of a folder does not name the file in it."""
    return re.sub(r"(^|/)index\.html$", r"\1", address)


def _markdown(title: nodes.Element) -> str:
    """Return a title as it was written."""
    marks = [(_MARKS.get(type(child), ""), child.astext()) for child in title]
    return "".join(f"{mark}{text}{mark}" for mark, text in marks)


def _domain(env: BuildEnvironment) -> EquationDomain:
    return cast("EquationDomain", env.get_domain("equations"))


def visit_button(self: HTML5Translator, node: Button) -> None:
    """Write the button; a title that cannot be written in one of the forms is reported."""
    builder, target = self.builder, node["target"]
    if builder.name == "epub":
        raise nodes.SkipNode
    work = work_of_result(builder, target) if target else work_of_page(builder, node["docname"])
    try:
        self.body.append(button_html(work))
    except ValueError as error:
        logger.warning("cannot cite %s: %s", work.id, error, location=node.parent, type="citing")
    raise nodes.SkipNode


def skip_button(_translator: nodes.NodeVisitor, _node: Button) -> None:
    """Leave the button out where nobody can press it."""
    raise nodes.SkipNode


def leave_out_old_roles(
    _app: Sphinx,
    _pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _document: nodes.document | None,
) -> None:
    """Leave out roles of the list of references that newer standards withdraw or forbid there."""
    if "body" in context:
        context["body"] = re.sub(
            r'(<div) role="list"(?= class="citation-list")|(<div class="citation" id="[^"]*")'
            r' role="doc-biblioentry"',
            r"\1\2",
            context["body"],
        )


def add_tags(
    app: Sphinx,
    pagename: str,
    _templatename: str,
    context: dict[str, Any],
    document: nodes.document | None,
) -> None:
    """Add tags for catalogues and for other sites to the head of a page, and mend its address."""
    if app.builder.name == "epub":
        return
    if context.get("pageurl"):
        context["pageurl"] = without_index(context["pageurl"])
    result = re.fullmatch(r"eq/([^/]+)/index", pagename)
    if result and result[1] in _domain(app.env).book.entries:
        work = work_of_result(app.builder, result[1])
        summary = f"{work.place} of {work.edition.title}: {plain_title(work.title)}"
    elif document is not None:
        work = work_of_page(app.builder, pagename)
        summary = _summary(document) or f"{plain_title(work.title)} of {work.edition.title}"
    elif pagename in _WITHOUT_SOURCE:
        text = f"{_WITHOUT_SOURCE[pagename]} of {app.config.citing_edition.title}"
        context["metatags"] = context.get("metatags", "") + description_html(text)
        return
    else:
        return
    image = f"{app.config.html_baseurl}{app.config.citing_image}"
    whole = pagename == app.config.root_doc
    tags = meta_html(work, image=image, summary=summary, whole=whole)
    context["metatags"] = context.get("metatags", "") + tags


def list_one_version(app: Sphinx, exception: Exception | None) -> None:
    """Write the list of versions of a book that stands alone, so that no page looks in vain."""
    if exception is None and app.builder.format == "html" and app.builder.name != "epub":
        write_switcher(Path(app.outdir), "", [])


def _summary(document: nodes.document) -> str:
    """Return the beginning of the first paragraph, as far as it is text."""
    for paragraph in document.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            return shortened(_plain(paragraph))
    return ""


def _plain(node: nodes.Node) -> str:
    """Return the text of a node, its formulas as text; punctuation may be bound to them."""
    if isinstance(node, nodes.math):
        return f"{node.get('opening', '')}{plain_math(node.astext())}{node.get('closing', '')}"
    if isinstance(node, nodes.Text):
        return node.astext()
    return "".join(_plain(child) for child in node.children)


__all__ = [
    "Button",
    "add_tags",
    "list_one_version",
    "note_edition",
    "place_buttons",
    "skip_button",
    "visit_button",
    "without_index",
    "work_of_page",
    "work_of_result",
]
