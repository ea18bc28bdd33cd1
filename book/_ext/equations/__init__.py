"""The book's equations: read, numbered, shown, and checked by running them.

Sphinx loads this package as an extension.
All modules but ``directives`` and ``domain`` work without Sphinx, so that pytest and the command
line check the same blocks in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, the role and the domain with Sphinx."""
    from equations import directives, domain  # noqa: PLC0415  (only Sphinx needs them)

    app.add_config_value("equations_package", "refimpl", "env", types=(str,))
    app.add_config_value("equations_store", "_build/equations.json", "", types=(str,))
    app.add_config_value("equations_source", "", "env", types=(str,))
    app.add_domain(domain.EquationDomain)
    app.add_directive("equation", directives.EquationDirective)
    app.add_directive("derivation", directives.DerivationDirective)
    app.add_directive("exercise", directives.ExerciseDirective)
    app.add_directive("results", directives.ResultsDirective)
    app.add_role("eq", directives.SourceRole("equations", "eq", "eq"), override=True)
    app.add_transform(directives.ChapterNumber)
    app.connect("builder-inited", domain.load_book, priority=550)  # the cells are running by then
    app.connect("env-get-outdated", domain.changed_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
