"""The Sphinx domain of results: where each id stands, and how a reference to it looks."""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.domains import Domain, ObjType
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

from equations.book import Book, public_functions, read_book
from equations.report import Evidence
from equations.verdicts import EXECUTED, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet
    from types import ModuleType

    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

    from equations.book import Entry

logger = logging.getLogger(__name__)


class SourceDomain(Domain):
    """A domain that knows all it knows from the sources, before any page is read."""

    def resolve_any_xref(self, *_: Any) -> list[tuple[str, nodes.reference]]:  # noqa: ANN401  (as in Sphinx)
        """Take no part in references of unknown type."""
        return []

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        """Merge nothing: parallel readers add nothing to what the sources say."""

    def outdated(self, signature: str) -> list[str]:
        """Return all pages if the sources, which any of them may show, are not as they were."""
        if self.data.get("signature") == signature:
            return []
        self.data["signature"] = signature
        return sorted(self.env.found_docs)


class EquationDomain(SourceDomain):
    """Results by id."""

    name = "equations"
    label = "Results"
    object_types = {  # noqa: RUF012  (Sphinx's own declaration)
        "eq": ObjType("result", "eq"),
        "exercise": ObjType("exercise", "eq"),
    }
    data_version = 1
    book: Book
    verdicts: dict[str, Verdict]
    package: ModuleType

    def full_name(self, function: str) -> str:
        """Return the name under which the API pages show a function of the package."""
        found = public_functions(self.package).get(function)
        return f"{found.__module__}.{function}" if found is not None else function

    def resolve_xref(
        self,
        env: BuildEnvironment,  # noqa: ARG002  (Sphinx's signature)
        fromdocname: str,
        builder: Builder,
        typ: str,  # noqa: ARG002  (likewise)
        target: str,
        node: pending_xref,
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """Turn a reference into a link that shows the number of the result."""
        entry = self.book.entries.get(target)
        if entry is None:
            return None
        if not node["refexplicit"]:
            contnode = nodes.inline("", number_text(entry), classes=["eqref"])
        title = f"{entry.label} {entry.number}: {plain(entry.block.title)}"
        return make_refnode(builder, fromdocname, entry.chapter, target, contnode, title)

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Yield every result for the inventory; the search finds them as its own entries."""
        for name, entry in self.book.entries.items():
            shown = f"{entry.label} {entry.number}: {plain(entry.block.title)}"
            kind = "exercise" if entry.label == "Exercise" else "eq"
            yield name, shown, kind, entry.chapter, name, -1


def number_text(entry: Entry) -> str:
    """Return how a reference shows a result: ``(3.1)``, or ``Exercise 3.1``."""
    if entry.label == "Exercise":
        return f"Exercise {entry.number}"
    return f"({entry.number})"


def evidence_text(verdict: Verdict) -> str:
    """Say in words what was run."""
    if verdict.level != EXECUTED:
        return verdict.note
    text = f"checked on {verdict.instances} instances"
    if verdict.mutants:
        text += f", {verdict.killed} of {verdict.mutants} mutants failed"
    if verdict.excused:
        text += f", {verdict.excused} more say the same"
    if verdict.true:
        text += f", {verdict.true} more are true as well"
    if verdict.worst:
        text += f", worst error {verdict.worst:.2g} of the tolerance"
    return text


def plain(title: str) -> str:
    """Return a title without the marks of Markdown."""
    return title.replace("$", "").replace("*", "").replace("`", "")


def load_book(app: Sphinx) -> None:
    """Read all sources, and report whatever is wrong in them as warnings with their place."""
    domain = app.env.get_domain("equations")
    assert isinstance(domain, EquationDomain)  # noqa: S101  (tells the type checker)
    domain.book = read_book(Path(app.srcdir))
    domain.package = importlib.import_module(app.config.equations_package)
    for problem in domain.book.problems(domain.package):
        place = f"{problem.file}:{problem.line}"
        logger.warning("%s", problem.message, location=place, type="equations")
    domain.verdicts = verdicts(domain.book, Path(app.confdir) / app.config.equations_store)
    for verdict in domain.verdicts.values():
        if not verdict.ok:
            survivors = (f"this mutant survives: {s}" for s in verdict.survivors)
            wrong = [*verdict.problems, *verdict.examples, *survivors]
            text = "\n  ".join([f"{verdict.name} does not pass its checks:", *wrong])
            place = f"{verdict.file}:{verdict.line}"
            logger.warning("%s", text, location=place, type="equations")


def verdicts(book: Book, store: Path) -> dict[str, Verdict]:
    """Check all equations and steps, or take over what an earlier run has found."""
    evidence = Evidence(store)
    found = evidence.of(book.pages, jobs=min(2, os.cpu_count() or 1))
    by_name = {verdict.name: verdict for _, of_unit in found for verdict in of_unit}
    evidence.save()
    return by_name


def changed_pages(
    app: Sphinx,  # noqa: ARG001  (Sphinx's signature)
    env: BuildEnvironment,
    added: set[str],  # noqa: ARG001  (Sphinx's signature)
    changed: set[str],  # noqa: ARG001  (Sphinx's signature)
    removed: set[str],  # noqa: ARG001  (Sphinx's signature)
) -> list[str]:
    """Read every page again once numbers, titles or ids have changed anywhere."""
    domain = env.get_domain("equations")
    assert isinstance(domain, EquationDomain)  # noqa: S101  (tells the type checker)
    shown = [f"{v.name} {v.level} {evidence_text(v)}" for v in domain.verdicts.values()]
    signature = hashlib.sha256("\n".join([domain.book.signature, *shown]).encode()).hexdigest()
    return domain.outdated(signature)
