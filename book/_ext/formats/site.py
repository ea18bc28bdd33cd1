"""What the site says of other formats, and the notebooks that it carries."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from jupyter_cache import get_cache  # type: ignore[import-untyped]  # it has no types
from myst_nb.core.read import create_nb_reader  # type: ignore[import-untyped]  # likewise
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from formats.links import Links, Sources
from formats.notebooks import FOLDER, Material, Notebook
from results.records import page_title

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.writers.html5 import HTML5Translator

    from claims.domain import ClaimDomain
    from equations.domain import EquationDomain

logger = logging.getLogger(__name__)

BUILDERS = {"html", "dirhtml"}


class NotebookLink(nodes.General, nodes.Element):
    """The link to the notebook of a chapter, below its title."""


class FormatsDirective(SphinxDirective):
    """``{formats}``: the list of what can be downloaded."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        base, name = self.config.html_baseurl, self.config.epub_basename
        folder = f"v{self.config.release}/" if self.config.errata_release else ""
        items = nodes.bullet_list()
        for kind, suffix in (("PDF", "pdf"), ("EPUB", "epub")):
            way = f"{base}{folder}{name}.{suffix}"
            link = nodes.reference("", f"{name}.{suffix}", refuri=way)
            items += self.item(link, nodes.Text(f", the {kind}"))
        chapters = nodes.bullet_list()
        domain = cast("EquationDomain", self.env.get_domain("equations"))
        for number, chapter in enumerate(domain.book.chapters):
            way = f"{FOLDER}/{chapter}.ipynb"
            title = page_title(domain.book.root / f"{chapter}.md")
            text, _ = self.state.inline_text(title, self.lineno)
            link = nodes.reference("", f"{chapter}.ipynb", refuri=way, internal=True)
            chapters += self.item(link, nodes.Text(f", chapter {number}: "), *text)
        return [items, nodes.paragraph("", "The chapters as Jupyter notebooks:"), chapters]

    def item(self, *inside: nodes.Node) -> nodes.list_item:
        """Return an item of the list."""
        return nodes.list_item("", nodes.paragraph("", "", *inside))


def place_links(app: Sphinx, document: nodes.document) -> None:
    """Put the link below the title of each chapter."""
    title = next(iter(document.findall(nodes.title)), None)
    domain = cast("EquationDomain", app.env.get_domain("equations"))
    if title is not None and app.env.docname in domain.book.chapters:
        place = title.parent.index(title) + 1
        title.parent.insert(place, NotebookLink(docname=app.env.docname))


def visit_link(self: HTML5Translator, node: NotebookLink) -> None:
    """Write the link."""
    if self.builder.name in BUILDERS:
        way = f"{FOLDER}/{node['docname']}.ipynb"
        address = relative_uri(self.builder.get_target_uri(node["docname"]), way)
        self.body.append(f'<p class="notebook"><a href="{address}" download>Notebook</a></p>\n')
    raise nodes.SkipNode


def skip_link(_translator: nodes.NodeVisitor, _node: NotebookLink) -> None:
    """Leave the link out."""
    raise nodes.SkipNode


def write_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Write the notebooks beside the pages."""
    if exception is not None or app.builder.name not in BUILDERS:
        return
    equations = cast("EquationDomain", app.env.get_domain("equations"))
    claims = cast("ClaimDomain", app.env.get_domain("claims"))
    folder = Path(app.outdir, FOLDER)
    folder.mkdir(exist_ok=True)
    (bibliography,) = app.config.bibtex_bibfiles
    for chapter in equations.book.chapters:
        material = Material(
            title=app.config.project,
            release=app.config.release,
            repository=app.config.html_theme_options["repository_url"],
            stills=Path(app.doctreedir, "sliders"),
            outputs=cached_outputs(app.env, chapter),
        )
        sources = Sources(Path(app.confdir, bibliography))
        rows = tuple(claims.rows.values())
        links = Links(equations.book, chapter, app.config.html_baseurl, rows, sources)
        try:
            text = Notebook(chapter, links, material).json()
        except ValueError as error:
            logger.warning("no notebook: %s", error, location=chapter, type="formats")
        else:
            (folder / f"{chapter}.ipynb").write_text(text, encoding="utf-8")


def cached_outputs(env: BuildEnvironment, docname: str) -> list[list[Any]]:
    """Return the outputs of each code cell of a page, as the cache of the build has them."""
    myst: Any = env  # myst-nb adds attributes to it
    path = env.doc2path(docname)
    text = path.read_text(encoding="utf-8")
    reader = create_nb_reader(str(path), myst.myst_config, myst.mystnb_config, text)
    if reader is None:
        return []
    notebook = reader.read(text)
    cache = get_cache(env.config.nb_execution_cache_path)
    with suppress(KeyError):  # a page without code cells
        _, notebook = cache.merge_match_into_notebook(notebook)
    return [list(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]


def set_up(app: Sphinx) -> None:
    """Register the directive and the link, and write the notebooks at the end of a build."""
    app.add_directive("formats", FormatsDirective)
    app.add_node(
        NotebookLink,
        html=(visit_link, None),
        latex=(skip_link, None),
        text=(skip_link, None),
    )
    app.connect("doctree-read", place_links, priority=600)  # in one line with the button to cite
    app.connect("build-finished", write_notebooks)
