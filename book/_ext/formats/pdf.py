"""The book in LaTeX, from which ``make pdf`` makes a PDF.

What is drawn or folded by HTML on the site gets a form of paper here: results stand between two
rules, steps of a derivation have their reasons below them, solutions are open.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, cast

from docutils import nodes
from sphinx import addnodes
from sphinx.builders.latex import LaTeXBuilder
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.transforms.post_transforms.images import ImageConverter
from sphinx.writers.latex import LaTeXTranslator

from formats import elsewhere
from formats.expand import expand
from graphs import GraphNode, chapters
from katex_math.engine import stack
from results.records import page_title

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from equations.domain import EquationDomain

# Runs of Chinese, for which the fonts of the text have no signs.
_CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")

# The environments and commands of the preamble that show what has a class on the site.
BLOCKS = {
    "result": "bookresult",
    "derivation": "bookderivation",
    "exercise": "bookexercise",
    "steps": "booksteps",
    "claim": "bookclaim",
    "result-meta": "bookmeta",
}
LINES = {"result-head": "bookhead", "claim-head": "bookclaimhead", "reason": "bookreason"}
SPANS = {
    "label": "booklabel",
    "result-kind": "bookkind",
    "result-number": "booknumber",
    "claim-verdict": "booklabel",
    "step-mark": "bookmark",
}
_ROWS_OF_A_PAGE = 20
_COLUMNS_OF_A_PAGE = 6  # so many need smaller letters


class PrintBuilder(LaTeXBuilder):
    """Sphinx's builder, which here leads out to the site for what is not printed."""

    def assemble_doctree(
        self,
        indexfile: str,
        toctree_only: bool,  # noqa: FBT001  (Sphinx's signature)
        appendices: list[str],
    ) -> nodes.document:
        """Put the pages together, without those that paper cannot show."""
        with elsewhere.contents_without(self.env, self._arrange):
            return super().assemble_doctree(indexfile, toctree_only, appendices)

    def _arrange(self, docname: str, doctree: nodes.document) -> None:
        if docname == self.config.root_doc:
            _arrange_index(doctree)
        else:
            _hoist(doctree)

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return the address of a page, on the site if the book does not have it."""
        if elsewhere.is_left_out(docname):
            return elsewhere.address(self.config, docname)
        return super().get_target_uri(docname, typ)

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        """Return the same: addresses in a PDF are never relative."""
        del from_
        return self.get_target_uri(to, typ)


def _hoist(page: nodes.document) -> None:
    """Let the pages below a page follow it; they would become a part of its last section."""
    for tree in [tree.parent for tree in page.findall(addnodes.toctree)]:
        top: nodes.Element = tree.parent
        while isinstance(top.parent, nodes.section):
            top = top.parent
        tree.parent.remove(tree)
        top.append(tree)


def _arrange_index(index: nodes.document) -> None:
    """Make a preface of the index page, chapters of the chapters, appendices of the rest."""
    _hoist(index)
    (top,) = index.findall(lambda node: isinstance(node, nodes.section) and node.parent is index)
    trees = [tree.parent for tree in index.findall(addnodes.toctree)]
    for tree in (tree for parent in trees for tree in parent.findall(addnodes.toctree)):
        tree["caption"] = None  # LaTeX would take the first one for the title of the contents
    title, *preface = [child for child in top.children if child not in trees]
    chapter = nodes.section("", nodes.title("", "About this book"), *preface, ids=["about"])
    chapters, *rest = trees
    begin, number, letter = map(_latex, (r"\bookpreface", r"\bookchapters", r"\bookappendix"))
    top.children = [title, begin, chapter, number, chapters, letter, *rest]
    for child in top.children:
        child.parent = top


def _latex(command: str) -> nodes.raw:
    return nodes.raw("", f"\n{command}\n", format="latex")


class StillMap(SphinxPostTransform):
    """Show the map of the chapters as a picture, in e-books."""

    default_priority = 100  # before pictures are converted
    builders: tuple[str, ...] = ("epub",)
    width = "100%"

    def run(self, **_kwargs: object) -> None:
        """Put the picture in the place of each map."""
        book = cast("EquationDomain", self.env.get_domain("equations")).book

        def title(chapter: str) -> str:
            return page_title(book.root / f"{chapter}.md")

        for node in list(self.document.findall(GraphNode)):
            if "start" in node:
                file = Path(self.env.doctreedir, "chapter-map.svg")
                file.write_text(chapters.still(book, title, node["start"]), "utf-8")
                self.env.images.add_file(self.env.current_document.docname, str(file))
                said = chapters.in_words(book, title)
                image = nodes.image(uri=str(file), alt=said, align="center")
                image["width"] = self.width
                image["candidates"] = {"*": str(file)}
                node.replace_self(image)


class PrintedMap(StillMap):
    """Show it in print too, no larger than its letters ask for."""

    builders = ("latex",)
    width = "75%"


class PlainCells(SphinxPostTransform):
    """Leave out the programs of figures, in print and in e-books."""

    default_priority = 150  # before MyST-NB folds them
    builders = ("latex", "epub")

    def run(self, **_kwargs: object) -> None:
        """Remove the sources of cells that show their outputs alone."""
        for cell in list(self.document.findall(nodes.container)):
            if "tag_hide-input" in cell["classes"]:
                cell["hide_mode"] = ""
                for part in list(cell.findall(nodes.container)):
                    if part.get("nb_element") == "cell_code_source":
                        cell.remove(part)


class PlainForm(SphinxPostTransform):
    """Leave out what only a screen can use, in print and in e-books."""

    default_priority = 800
    builders = ("latex", "epub")

    def run(self, **_kwargs: object) -> None:
        """Remove marks that link a block to itself, and drawings to be walked."""
        for link in list(self.document.findall(nodes.reference)):
            if "headerlink" in link["classes"]:
                link.parent.remove(link)
        for graph in list(self.document.findall(GraphNode)):
            page = elsewhere.address(self.config, graph["chapter"] or "graph")
            link = nodes.reference("", "the site", refuri=page)
            lead = "What these results need is drawn on "
            said = nodes.paragraph("", lead, link, nodes.Text("."))
            section = graph.parent
            if isinstance(section.parent, nodes.section):
                # A section for the drawing alone, which also says how to read it. It follows the
                # table of results; there the sentence would often stand alone on a page.
                section.parent.insert(1, said)
                section.parent.remove(section)
            else:
                graph.replace_self(said)


class SvgToPdf(ImageConverter):
    """Convert the figures, which are SVG, with ``rsvg-convert``."""

    conversion_rules = [("image/svg+xml", "application/pdf")]  # noqa: RUF012  (Sphinx's own form)

    def is_available(self) -> bool:
        """Return whether the program is there; Sphinx warns of each figure if it is not."""
        return shutil.which("rsvg-convert") is not None

    def convert(self, _from: str | PathLike[str], _to: str | PathLike[str]) -> bool:
        """Convert a file."""
        program = shutil.which("rsvg-convert") or "rsvg-convert"
        subprocess.run([program, "--format=pdf", f"--output={_to}", _from], check=True)  # noqa: S603  (our command)
        return True


class PrintTranslator(LaTeXTranslator):
    """Write the nodes of the book with the commands of the preamble."""

    def visit_math(self, node: nodes.math) -> None:
        """Write a formula in the text, without macros of the book."""
        latex = expand(node.astext())
        # A bookmark of a PDF is text.
        titled = rf"\texorpdfstring{{\protect\({latex}\protect\)}}{{{_letters(node)}}}"
        self.body.append(titled if self.in_title else rf"\({latex}\)")
        raise nodes.SkipNode

    def visit_math_block(self, node: nodes.math_block) -> None:
        """Write a displayed formula, which is made smaller if it is too wide."""
        latex = stack(expand(node.astext()).strip())
        command = "bookstep" if self._is_step(node) else "bookdisplay"
        self.body.append(f"\n\\{command}{{{latex}}}\n")
        raise nodes.SkipNode

    def _is_step(self, node: nodes.Node) -> bool:
        parent = node.parent
        return bool({"step", "chain"} & set(parent.get("classes", ())))

    def visit_Text(self, node: nodes.Text) -> None:  # noqa: N802  (Sphinx's name)
        """Write a text, and what is Chinese in it with a font that has it."""
        before = len(self.body)
        super().visit_Text(node)
        if not self.in_production_list and _CHINESE.search(node.astext()):
            wrapped = _CHINESE.sub(lambda run: f"{{\\bookchinese {run[0]}}}", self.body[-1])
            self.body[before:] = [wrapped]

    def visit_container(self, node: nodes.Element) -> None:
        """Open a block of the book, and give it its anchor."""
        blocks = [BLOCKS[name] for name in node["classes"] if name in BLOCKS]
        self.body += [f"\n\\begin{{{name}}}\n" for name in blocks]
        self.body += [self.hypertarget(name) for name in node["ids"]]

    def depart_container(self, node: nodes.Element) -> None:
        """Close a block of the book."""
        blocks = [BLOCKS[name] for name in node["classes"] if name in BLOCKS]
        self.body += [f"\n\\end{{{name}}}\n" for name in reversed(blocks)]

    def visit_paragraph(self, node: nodes.Element) -> None:
        """Open a paragraph; a line of a block is the argument of its command."""
        super().visit_paragraph(node)
        self.body += [f"\\{LINES[name]}{{" for name in node["classes"] if name in LINES]

    def depart_paragraph(self, node: nodes.Element) -> None:
        """Close a paragraph."""
        self.body += ["}" for name in node["classes"] if name in LINES]
        super().depart_paragraph(node)

    def visit_inline(self, node: nodes.Element) -> None:
        """Open a part of a line."""
        if "visually-hidden" in node["classes"]:
            raise nodes.SkipNode
        super().visit_inline(node)
        self.body += [f"\\{SPANS[name]}{{" for name in node["classes"] if name in SPANS]

    def depart_inline(self, node: nodes.Element) -> None:
        """Close a part of a line."""
        self.body += ["}" for name in node["classes"] if name in SPANS]
        super().depart_inline(node)

    def visit_enumerated_list(self, node: nodes.Element) -> None:
        """Open a list; the steps of a derivation have their own."""
        if "steps" in node["classes"]:
            self.body.append("\n\\begin{booksteps}\n")
            return
        super().visit_enumerated_list(node)

    def depart_enumerated_list(self, node: nodes.Element) -> None:
        """Close a list."""
        if "steps" in node["classes"]:
            self.body.append("\n\\end{booksteps}\n")
            return
        super().depart_enumerated_list(node)

    def visit_title(self, node: nodes.Element) -> None:
        """Open a title; LaTeX itself puts the number before that of a chapter."""
        number = node.children[0] if node.children else None
        if isinstance(number, nodes.Text) and re.fullmatch(r"\d+  ", number):
            node.remove(number)
        super().visit_title(node)

    def visit_abbreviation(self, node: nodes.Element) -> None:
        """Write a tick: what the site says when it is pointed at has no place on paper."""
        del node

    def depart_abbreviation(self, node: nodes.Element) -> None:
        """Write nothing more."""
        del node

    def visit_table(self, node: nodes.Element) -> None:
        """Open a table, with columns as wide as their words and texts ask for."""
        for spec, width in zip(node.findall(nodes.colspec), _widths(node), strict=True):
            spec["colwidth"] = width
        node["classes"].append("colwidths-given")
        if len(list(node.findall(nodes.row))) > _ROWS_OF_A_PAGE:
            node["classes"].append("longtable")
        small = r"\footnotesize\setlength{\tabcolsep}{3pt}" if _is_wide(node) else ""
        self.body.append(f"\n\\begingroup{small}\n")
        super().visit_table(node)

    def depart_table(self, node: nodes.Element) -> None:
        """Close a table."""
        super().depart_table(node)
        self.body.append("\\endgroup\n")


def _is_wide(table: nodes.Element) -> bool:
    return len(list(table.findall(nodes.colspec))) >= _COLUMNS_OF_A_PAGE


def _widths(table: nodes.Element) -> list[int]:
    """Return weights for the widths of the columns of a table, with the space between them."""
    columns: dict[int, list[str]] = {}
    for row in table.findall(nodes.row):
        for number, cell in enumerate(row.children):
            columns.setdefault(number, []).append(_shown(cell))
    return [
        round(max(*(len(word) for text in texts for word in text.split()), 6, 4 * mean**0.5)) + 4
        for texts in columns.values()
        for mean in [sum(map(len, texts)) / len(texts)]
    ]


def _shown(node: nodes.Node) -> str:
    """Return about as many letters as a text takes on paper: LaTeX is longer than its formula."""
    if isinstance(node, nodes.math):
        return f"{_letters(node)}mm"
    if isinstance(node, nodes.Text):
        return node.astext()
    shown = "".join(_shown(child) for child in node.children)
    return f"{shown}{'m' * (len(shown) // 4)}" if isinstance(node, nodes.literal) else shown


def _letters(formula: nodes.math) -> str:
    return re.sub(r"\\[A-Za-z]+|[{}_^\\ ]", "", formula.astext())


def set_up(app: Sphinx) -> None:
    """Register the builder, the translator and the converter."""
    # Not by app.set_translator: the theme adds its part to the pages of the site only where no
    # translator is registered.
    PrintBuilder.default_translator_class = PrintTranslator
    app.add_builder(PrintBuilder, override=True)
    app.add_post_transform(StillMap)
    app.add_post_transform(PrintedMap)
    app.add_post_transform(PlainCells)
    app.add_post_transform(PlainForm)
    app.add_post_transform(SvgToPdf)
