"""Claims in print: what is said elsewhere, our verdict, and the evidence that runs.

Sphinx loads this package as an extension.
All modules but ``directives`` and ``domain`` work without Sphinx, so that pytest reads the same
rows and runs the same evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, the role and the domain with Sphinx."""
    from claims import directives, domain  # noqa: PLC0415  (only Sphinx needs them)
    from equations.directives import SourceRole  # noqa: PLC0415  (likewise)

    app.add_config_value("claims_ledgers", [], "env", types=(list,))
    app.add_domain(domain.ClaimDomain)
    app.add_directive("claims", directives.ClaimsDirective)
    app.add_directive("ledger", directives.LedgerDirective)
    app.add_role("claim", SourceRole("claims", "claim", "claim-ref"))
    app.add_transform(directives.SaidInPrint)
    app.connect("builder-inited", domain.load_ledgers)
    app.connect("env-get-outdated", domain.changed_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
