"""The Sphinx domain of claims: where each row is shown, and which rows are about a result."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.domains import ObjType
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

from claims.ledger import Claim, read_ledger
from equations.domain import SourceDomain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

logger = logging.getLogger(__name__)

_SHOWN = re.compile(r"^`{3,}\{claims\} (\S+)$", re.MULTILINE)


class ClaimDomain(SourceDomain):
    """Rows by id."""

    name = "claims"
    label = "Claims in print"
    object_types = {"claim": ObjType("claim", "claim")}  # noqa: RUF012  (Sphinx's own declaration)
    data_version = 1
    rows: dict[str, Claim]
    pages: dict[str, str]

    def page(self, claim: Claim) -> str:
        """Return the page that shows a row; empty if none does."""
        return self.pages.get(claim.source, "")

    def about(self, result: str) -> list[Claim]:
        """Return the rows whose verdict rests on a result."""
        return [claim for claim in self.rows.values() if result in claim.equations]

    def resolve_xref(
        self,
        env: BuildEnvironment,  # noqa: ARG002  (Sphinx's signature)
        fromdocname: str,
        builder: Builder,
        typ: str,  # noqa: ARG002  (likewise)
        target: str,
        node: pending_xref,  # noqa: ARG002  (likewise)
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """Turn a reference into a link to the row."""
        claim = self.rows.get(target)
        if claim is None or not self.page(claim):
            return None
        title = f"{claim.id}, a {claim.kind} ({claim.verdict})"
        return make_refnode(builder, fromdocname, self.page(claim), claim.anchor, contnode, title)

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Yield every row for the search and for the inventory."""
        for name, claim in self.rows.items():
            if self.page(claim):
                yield name, f"{name}: {claim.verdict}", "claim", self.page(claim), claim.anchor, 1


def load_ledgers(app: Sphinx) -> None:
    """Read the ledgers and find the pages that show them."""
    domain = app.env.get_domain("claims")
    assert isinstance(domain, ClaimDomain)  # noqa: S101  (tells the type checker)
    root = Path(app.srcdir)
    files = [root / name for name in app.config.claims_ledgers]
    domain.rows = {claim.id: claim for file in files for claim in read_ledger(file)}
    domain.pages = {
        source: page.relative_to(root).with_suffix("").as_posix()
        for page in sorted(root.rglob("*.md"))
        for source in _SHOWN.findall(page.read_text(encoding="utf-8"))
    }
    for claim in domain.rows.values():
        if not domain.page(claim):
            message = f"no page shows {claim.id}; write ```{{claims}} {claim.source} on one"
            logger.warning(message, location=f"{claim.file}:{claim.line}", type="claims")


def changed_pages(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],  # noqa: ARG001  (Sphinx's signature)
    changed: set[str],  # noqa: ARG001  (likewise)
    removed: set[str],  # noqa: ARG001  (likewise)
) -> list[str]:
    """Read every page again once a ledger has changed: any of them may show a row."""
    domain = env.get_domain("claims")
    assert isinstance(domain, ClaimDomain)  # noqa: S101  (tells the type checker)
    files = [Path(app.srcdir, name) for name in app.config.claims_ledgers]
    files += sorted(Path(__file__).parent.glob("*.py"))
    signature = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    return domain.outdated(signature)
