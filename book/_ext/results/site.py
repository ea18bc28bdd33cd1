"""What Sphinx does with the results: their pages, the catalogue, the inventory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

from equations.domain import plain
from results import ids
from results.directives import BESIDE
from results.notation import FILE as NOTATION
from results.notation import PAGE as NOTATION_PAGE
from results.notation import read_notation, read_rows
from results.pages import DATA, Fragments, Links, Page, retired_page
from results.records import (
    CATALOGUE,
    FOLDER,
    SCHEMA,
    Json,
    Material,
    catalogue,
    page_of,
    page_title,
)
from results.sources import (
    formal_problems,
    read_bibliography,
    read_changes,
    read_formal,
)

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

    from claims.domain import ClaimDomain
    from equations.domain import EquationDomain

logger = logging.getLogger(__name__)

BUILDERS = {"html", "dirhtml"}


class Site:
    """The state of one build: what the pages are made of, and what was taken from chapters."""

    material: Material
    links: Links

    def __init__(self, app: Sphinx) -> None:
        """Remember the application."""
        self.app = app
        self.fragments = Fragments()
        self._contents: dict[str, str] = {}

    @property
    def makes_pages(self) -> bool:
        """Whether this build has pages for the results."""
        return self.app.builder.name in BUILDERS

    def load(self, app: Sphinx) -> None:
        """Read what is needed beside the chapters, and report what is wrong in it."""
        source, around = Path(app.srcdir), Path(app.confdir)
        domain = cast("EquationDomain", app.env.get_domain("equations"))
        bibliography: dict[str, Json] = {}
        for name in getattr(app.config, "bibtex_bibfiles", ()):
            bibliography |= read_bibliography(around / name)
        register = ids.read_register(source / ids.FILE)
        formal = read_formal(Path(app.config.results_formal))
        self.material = Material(
            book=domain.book,
            verdicts=domain.verdicts,
            register=register,
            notation=read_notation(source / NOTATION),
            bibliography=bibliography,
            formal=formal,
            changes=read_changes(around / "CHANGELOG.md"),
            title=app.config.project,
            site=app.config.html_baseurl,
            repository=app.config.equations_source,
            function=self.function,
            claims=self.claims,
        )
        self.links = Links(app.builder, self.material)
        problems = [
            *register.problems(),
            *ids.book_problems(register, domain.book),
            *formal_problems(Path(app.config.results_formal), formal, domain.book),
        ]
        for problem in problems:
            place = f"{problem.file}:{problem.line}"
            logger.warning("%s", problem.message, location=place, type="results")

    def function(self, name: str) -> tuple[str, str | None]:
        """Return the full name of a function of the package, and the address of its page."""
        domain = cast("EquationDomain", self.app.env.get_domain("equations"))
        full = domain.full_name(name)
        found = self.app.env.domains.python_domain.objects.get(full)
        if found is None:
            return full, None
        page = self.app.builder.get_target_uri(found.docname)
        return full, f"{self.material.site}{page}#{found.node_id}"

    def claims(self, name: str) -> list[Json]:
        """Return the claims about a result, if the book keeps any."""
        if "claims" not in self.app.env.domains:
            return []
        domain = cast("ClaimDomain", self.app.env.domains["claims"])
        found = []
        for claim in domain.about(name):
            page = domain.page(claim)
            way = f"{self.app.builder.get_target_uri(page)}#{claim.anchor}" if page else ""
            found.append(
                {
                    "id": claim.id,
                    "place": claim.place,
                    "page": page_title(Path(self.app.env.doc2path(page))) if page else None,
                    "verdict": claim.verdict,
                    "claim": claim.claim,
                    "correction": claim.correction,
                    "address": f"{self.material.site}{way}" if way else None,
                }
            )
        return found

    # --- While the chapters are made

    def anchor(self, app: Sphinx, doctree: nodes.document) -> None:
        """Give the rows of the table of symbols their anchors."""
        if app.env.docname != NOTATION_PAGE:
            return
        anchors = [name for name, _ in read_rows(Path(app.srcdir, NOTATION))]
        rows = [row for row in doctree.findall(nodes.row) if _explains(row)]
        for name, row in zip(anchors, rows, strict=True):
            row["ids"].append(name)

    def resolve(
        self,
        app: Sphinx,
        env: BuildEnvironment,  # noqa: ARG002  (Sphinx's signature)
        node: nodes.Element,
        contnode: nodes.Element,
    ) -> nodes.Node | None:
        """Lead to what is no document, and say of a retired identifier what replaces it."""
        target = node.get("reftarget", "")
        if node.get("reftype") == BESIDE and not self.makes_pages:
            return contnode
        if node.get("reftype") == BESIDE:
            file, mark, anchor = target.partition("#")
            way = relative_uri(app.builder.get_target_uri(node["refdoc"]), file)
            return nodes.reference("", "", contnode, internal=True, refuri=way + mark + anchor)
        retired = self.material.register.retired.get(target)
        if node.get("refdomain") == "equations" and retired is not None:
            new = ", ".join(retired.replaced_by) or "nothing"
            message = f"{retired.id} was retired ({retired.why}); what replaces it: {new}"
            logger.warning("%s", message, location=node, type="results")
        return None

    def take(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Take what the pages show again, and lead from each result to its page."""
        if not self.makes_pages:
            return
        self.fragments.take(doctree, docname, self.links)
        here = app.builder.get_target_uri(docname)
        for node in doctree.findall(nodes.container):
            if "result-meta" in node["classes"]:
                name = next(iter(node.parent["ids"]))
                way = relative_uri(here, app.builder.get_target_uri(page_of(name)))
                line = nodes.paragraph(classes=["result-page-link"])
                line += [nodes.inline("", "Page", classes=["label"]), nodes.Text(" ")]
                line += nodes.reference("", name, internal=True, refuri=way)
                node.append(line)

    # --- Afterwards

    def write(self, app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
        """Write the catalogue, and yield the pages for Sphinx to write."""
        if not self.makes_pages:
            return
        builder = cast("StandaloneHTMLBuilder", app.builder)
        self._take_the_rest(builder)
        self._export()
        data = catalogue(self.material, version=app.config.release)
        self._write_data(data)
        for record in data["results"]:
            page = Page(record, self.fragments, self.links)
            context = self._context(page.title, page.content())
            context["has_maths_elements"] = True
            for name in ("prev", "next"):
                other = record["previous" if name == "prev" else name]
                context[name] = other and self._neighbour(other)
            yield page_of(record["id"]), context, "page.html"
        for retired in self.material.register.retired.values():
            content = retired_page(retired, self.links)
            yield (
                page_of(retired.id),
                self._context(f"{retired.id} was retired", content),
                "page.html",
            )

    def _take_the_rest(self, builder: StandaloneHTMLBuilder) -> None:
        """Resolve the pages that did not change, and so were not resolved in this build."""
        env = builder.env
        for docname in sorted(env.found_docs - self.fragments.seen):
            env.get_and_resolve_doctree(docname, builder, tags=builder.tags)

    def _export(self) -> None:
        """Enter each result into the inventory as a label with its number.

        The domain ``equations`` is known to no other project, but ``ref`` is known to all.
        """
        labels = self.app.env.domains.standard_domain.anonlabels
        titles = self.app.env.domains.standard_domain.labels
        for name, entry in self.material.entries.items():
            shown = f"{entry.label} {entry.number}: {plain(entry.block.title)}"
            labels[name] = page_of(name), ""
            titles[name] = page_of(name), "", shown

    def _write_data(self, data: Json) -> None:
        folder = Path(self.app.outdir)
        _dump(data, folder / CATALOGUE)
        (folder / SCHEMA.name).write_bytes(SCHEMA.read_bytes())
        for record in data["results"]:
            file = folder / f"{page_of(record['id'])}.html"
            _dump({"$schema": f"../../{SCHEMA.name}#/$defs/result", **record}, file.with_name(DATA))

    def _context(self, title: str, content: nodes.section) -> dict[str, Any]:
        builder = cast("StandaloneHTMLBuilder", self.app.builder)
        return {
            "title": title,
            "body": builder.render_partial(content)["fragment"],
            "meta": {},
            "metatags": "",
            "parents": [],
        }

    def _neighbour(self, name: str) -> dict[str, str]:
        entry = self.material.entries[name]
        title = f"{entry.number}  {plain(entry.block.title)}"
        return {"link": f"../{name}/index.html", "title": title}

    def page_context(
        self,
        app: Sphinx,  # noqa: ARG002  (Sphinx's signature)
        pagename: str,
        templatename: str,  # noqa: ARG002  (Sphinx's signature)
        context: dict[str, Any],
        doctree: nodes.document | None,  # noqa: ARG002  (likewise)
    ) -> None:
        """Give a page the contents in the sidebar: the same on all of these, and slow to make."""
        if not pagename.startswith(FOLDER):
            return
        make, known = context["toctree"], self._contents

        def contents(**options: Any) -> str:  # noqa: ANN401  (as Sphinx has it)
            key = json.dumps(options, sort_keys=True)
            if key not in known:
                known[key] = make(**options)
            return known[key]

        context["toctree"] = contents


def _explains(row: nodes.row) -> bool:
    """Whether a row is one of the table of symbols: four cells, the first with a formula."""
    return len(row) == 4 and any(row[0].findall(nodes.math))


def _dump(data: Json, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    file.write_text(f"{text}\n", encoding="utf-8")
