"""The book as an EPUB: formulas in MathML, nothing that needs a script, no folds.

Sphinx's builder writes pages that epubcheck refuses as soon as an extension adds raw HTML to them.
So each page is mended as text here, and read as XML before it is written.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Set as AbstractSet
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sphinx.builders.epub3 import Epub3Builder
from sphinx.util import logging

from formats import elsewhere

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)

LONGEST = 38  # signs of a formula in a text, which a small screen can show in one line
COLUMNS = 5  # of a table whose letters have to be smaller
STYLESHEET = Path(__file__).with_name("ebook.css")


def _without_marks(summary: re.Match[str]) -> str:
    """Return the title of a fold as a line, without the drawings that open and close it."""
    inside = re.sub(r"<svg\b.*?</svg>|</?summary\b[^>]*>", "", summary.group(), flags=re.DOTALL)
    return f'<div class="summary">{inside}</div>'


def _wide_if_long(formula: re.Match[str]) -> str:
    """Let a formula in a text have a line of its own if a small screen has no room for it."""
    long = len(re.sub("<[^>]+>", "", formula["math"])) > LONGEST
    return formula.group().replace('class="', 'class="wide ', 1) if long else formula.group()


def _small_if_many(head: re.Match[str]) -> str:
    """Let a table with many columns have smaller letters."""
    many = head.group().count("<th ") >= COLUMNS
    return head.group().replace('class="', 'class="many ', 1) if many else head.group()


# What a reader of EPUB knows of HTML: no folds, which many show closed for ever.
_MENDED = (
    (re.compile(r"<details\b[^>]*>"), '<div class="unfolded">'),
    (re.compile(r"</details>"), "</div>"),
    (re.compile(r"<summary\b.*?</summary>", re.DOTALL), _without_marks),
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (
        re.compile(
            r'<span class="math notranslate nohighlight">(?:<span class="bound">)?'
            r"(?P<math><math\b.*?</math>)",
            re.DOTALL,
        ),
        _wide_if_long,
    ),
    (re.compile(r'<table class="[^"]*">.*?</tr>', re.DOTALL), _small_if_many),
    (re.compile(r' (?:loading|tabindex|role|aria-[a-z]+|data-[a-z-]+)="[^"]*"'), ""),
)


# matplotlib draws a blank as a path without anything, which SVG 1.1 does not allow.
_PATHLESS = re.compile(r"<path(?![^>]*\sd=)")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>]*>\s*")
_ITEM = re.compile(r'<item (?P<rest>id="epub-\d+" href="(?P<file>[^"]+\.xhtml)"[^>]*?) ?/>')


class EbookBuilder(Epub3Builder):
    """Sphinx's builder, which here leads out to the site for what the e-book leaves out."""

    def init_templates(self) -> None:
        """Take the templates of the theme for e-books: those of the book are for its site."""
        own = self.config.templates_path
        self.config.templates_path = []
        super().init_templates()
        self.config.templates_path = own

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return the address of a page, on the site if the book does not have it."""
        if elsewhere.is_left_out(docname):
            return elsewhere.address(self.config, docname)
        return super().get_target_uri(docname, typ)

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        """Return the way from a page to another."""
        if elsewhere.is_left_out(to):
            return self.get_target_uri(to, typ)
        return super().get_relative_uri(from_, to, typ)

    def prepare_writing(self, docnames: AbstractSet[str]) -> None:
        """Prepare the pages; the index of modules belongs to pages that are left out."""
        super().prepare_writing(docnames)
        self.domain_indices = []

    def toc_metadata(self, level: int, navpoints: list[Any]) -> dict[str, Any]:
        """Return what the table of contents says of the book: the same name as its package."""
        metadata = super().toc_metadata(level, navpoints)
        return {**metadata, "uid": escape(self.config.epub_identifier)}

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        """Write a page, unless it is left out."""
        if not elsewhere.is_left_out(docname):
            super().write_doc(docname, doctree)

    def get_toc(self) -> None:
        """Take the contents from the index, without what is left out."""
        with elsewhere.contents_without(self.env):
            super().get_toc()

    def build_content(self) -> None:
        """List the files, after those are gone that only pages of the site use."""
        static = Path(self.outdir, "_static")
        shutil.rmtree(static)
        static.mkdir()
        shutil.copy(STYLESHEET, static)
        for image in Path(self.outdir, "_images").glob("*.svg"):
            drawing = image.read_text(encoding="utf-8")
            drawing = _DOCTYPE.sub("", _PATHLESS.sub('<path d=""', drawing))
            image.write_text(drawing, encoding="utf-8")
        super().build_content()
        package = Path(self.outdir, "content.opf")
        package.write_text(
            _ITEM.sub(self._with_properties, package.read_text(encoding="utf-8")), encoding="utf-8"
        )

    def build_navigation_doc(self) -> None:
        """Write the page of contents, which Sphinx writes without a stylesheet."""
        super().build_navigation_doc()
        contents = Path(self.outdir, "nav.xhtml")
        link = f'<link rel="stylesheet" type="text/css" href="_static/{STYLESHEET.name}" />'
        text = contents.read_text(encoding="utf-8").replace("</head>", f"{link}</head>")
        contents.write_text(text, encoding="utf-8")

    def build_epub(self) -> None:
        """Pack the files; nothing in the package says when, where or by whom that was done."""
        names = ["mimetype", "META-INF/container.xml", "content.opf", "toc.ncx", *self.files]
        with ZipFile(Path(self.outdir, f"{self.config.epub_basename}.epub"), "w") as package:
            for name in map(str, names):
                entry = ZipInfo(name)
                entry.compress_type = ZIP_STORED if name == "mimetype" else ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                package.writestr(entry, Path(self.outdir, name).read_bytes())

    def _with_properties(self, item: re.Match[str]) -> str:
        """Say in the list of files which of them have formulas or drawings inside."""
        page = Path(self.outdir, item["file"]).read_text(encoding="utf-8")
        found = [name for name, tag in (("mathml", "<math "), ("svg", "<svg ")) if tag in page]
        properties = f' properties="{" ".join(found)}"' if found else ""
        return f"<item {item['rest']}{properties}/>"


def mend(
    app: Sphinx,
    pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _doctree: nodes.document | None,
) -> None:
    """Mend the HTML of a page of the e-book, and report what is still no XML."""
    if app.builder.name != "epub" or "body" not in context:
        return
    context["css_files"] = [f"_static/{STYLESHEET.name}"]
    body = context["body"]
    for pattern, text in _MENDED:
        body = pattern.sub(text, body)
    context["body"] = body
    try:
        ET.fromstring(f"<body>{body}</body>")  # noqa: S314  (our own pages)
    except ET.ParseError as error:
        line, column = error.position
        near = body.split("\n")[line - 1][max(0, column - 80) : column + 20]
        logger.warning("%s: %s, near: %s", pagename, error, near, type="formats")


def set_up(app: Sphinx) -> None:
    """Register the builder, and mend pages after everything else has changed them."""
    app.add_builder(EbookBuilder, override=True)
    app.connect("html-page-context", mend, priority=950)
