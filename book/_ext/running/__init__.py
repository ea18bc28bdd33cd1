"""Code cells that a reader can run in the page.

If ``make runtime`` has fetched Python for browsers, the site gets it, with the wheel of the
package and the cells of each page, and a button stands below each cell that can be run there.
The page loads nothing of this before a button is used. Without it the book has no buttons.
"""

from __future__ import annotations

import hashlib
import html
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from myst_nb.core.read import create_nb_reader  # type: ignore[import-untyped]  # it has no types
from packaging.requirements import Requirement
from sphinx.errors import SphinxError
from sphinx.util import logging

from running.cells import modules, program, without_magics
from running.runtime import faults, hashes, read_lock
from running.runtime import modules as provided

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

PACKAGE = "refimpl"
FOLDER = "_run"  # of the site

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
_FOR_BROWSERS = ("cells.py", "figures.py")


class RunNode(nodes.General, nodes.Element):
    """The buttons of a cell ``number``, or the reason ``absent`` why it has none."""


def why_not(cells: Sequence[str], index: int, absent: dict[str, str]) -> str | None:
    """Return why a cell cannot be run in the page, or None if it can.

    Parameters
    ----------
    cells
        The sources of all cells of a page.
    index
        The cell.
    absent
        Why a cell that imports a module cannot be run, for each module that is not there.

    Raises
    ------
    KeyError
        If it needs a module that is neither there nor in ``absent``.
    """
    missing = modules(program(cells, index)) - provided() - {PACKAGE}
    return absent[min(missing)] if missing else None


def _runtime(app: Sphinx) -> Path | None:
    """Return the folder with Python for browsers, if this build has a use for it."""
    folder = Path(app.confdir, app.config.running_runtime)
    return folder if app.builder.name == "html" and folder.is_dir() else None


def _sources(env: BuildEnvironment, docname: str) -> dict[int, str]:
    """Return the sources of the code cells of a page by their places among all cells."""
    myst: Any = env  # myst-nb adds attributes to it
    path = env.doc2path(docname)
    text = path.read_text(encoding="utf-8")
    reader = create_nb_reader(str(path), myst.myst_config, myst.mystnb_config, text)
    notebook = reader.read(text)
    return {
        place: without_magics(cell.source)
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
    }


def _add_buttons(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Put buttons below the visible cells of a page, and write the sources of all cells."""
    runtime = _runtime(app)
    if runtime is None:
        return
    shown = [
        (cell, code)
        for cell in document.findall(nodes.container)
        if cell.get("nb_element") == "cell_code"
        for code in cell.findall(nodes.container)
        if code.get("nb_element") == "cell_code_source"
    ]
    if not shown:
        return
    sources = _sources(app.env, docname)
    cells, numbers = list(sources.values()), {place: k for k, place in enumerate(sources)}
    megabytes = round(sum(file.stat().st_size for file in runtime.iterdir()) / 1e6)
    buttons = []
    for cell, code in shown:
        number = numbers[cell["cell_index"]]
        try:
            absent = why_not(cells, number, app.config.running_absent)
        except KeyError as error:
            message = f"running_absent does not say why {error} cannot be imported in the page"
            logger.warning(message, location=cell, type="running")
            continue
        node = RunNode(number=number, docname=docname, absent=absent, megabytes=megabytes)
        buttons.append((code, node))
    if all(button["absent"] for _, button in buttons):
        return
    for code, button in buttons:
        code.parent.insert(code.parent.index(code) + 1, button)  # folded with it
    file = Path(app.outdir, FOLDER, f"{docname}.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(cells), encoding="utf-8")


def _visit_html(self: HTML5Translator, node: RunNode) -> None:
    if node["absent"]:
        self.body.append(
            f'<p class="run-absent">Does not run in the page: {html.escape(node["absent"])}.</p>'
        )
        raise nodes.SkipNode
    name = f"code cell {node['number'] + 1}"
    self.body.append(
        f'<div class="run pst-js-only" data-page="{html.escape(node["docname"])}"'
        f' data-cell="{node["number"]}">'
        f'<button type="button" class="run-start" aria-label="Run, {name}" title="The first run'
        f' loads up to {node["megabytes"]} MB from this site">Run</button>'
        f'<button type="button" class="run-edit" aria-label="Edit, {name}">Edit</button>'
        '<span class="run-status" role="status"></span></div>\n'
    )
    raise nodes.SkipNode


def _add_script(
    app: Sphinx,
    _page: str,
    _template: str,
    _context: dict[str, Any],
    document: nodes.document | None,
) -> None:
    """Load the script on pages with buttons alone."""
    if document is not None and any(True for _ in document.findall(RunNode)):
        app.add_js_file("run.js", defer="defer")
        app.add_css_file("run.css")


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel of the package from its sources, and return it."""
    with tempfile.TemporaryDirectory() as made:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", made]
        subprocess.run(command, cwd=root, check=True, capture_output=True)  # noqa: S603 - our own
        wheel = next(Path(made).glob("*.whl"))
        return Path(shutil.copy(wheel, folder))


def _entry(wheel: Path) -> dict[str, Any]:
    """Return what the list of packages says about our own."""
    needs = map(Requirement, metadata.requires(PACKAGE) or ())
    return {
        "depends": [need.name for need in needs if need.marker is None],  # the others are extras
        "file_name": wheel.name,
        "imports": [PACKAGE],
        "install_dir": "site",
        "name": PACKAGE,
        "package_type": "package",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "unvendored_tests": False,
        "version": wheel.name.split("-")[1],
    }


def _add_runtime(app: Sphinx, exception: Exception | None) -> None:
    """Put into the site what the buttons load."""
    runtime = _runtime(app)
    folder = Path(app.outdir, FOLDER)
    if exception is not None or runtime is None or not folder.is_dir():
        return
    expected = hashes()
    wrong = faults(runtime, expected)
    if wrong:
        raise SphinxError("; ".join([*wrong, "run: make runtime"]))
    for name in expected:
        shutil.copyfile(runtime / name, folder / name)
    for name in _FOR_BROWSERS:
        shutil.copyfile(_HERE / name, folder / name)
    lock = read_lock()
    lock["packages"][PACKAGE] = _entry(build_wheel(_ROOT, folder))
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the configuration and the steps of the build."""
    app.add_config_value("running_runtime", "_build/pyodide", "html", types=frozenset({str}))
    app.add_config_value("running_absent", {}, "html", types=frozenset({dict}))
    app.add_node(RunNode, html=(_visit_html, None))
    app.connect("doctree-resolved", _add_buttons)
    app.connect("html-page-context", _add_script)
    app.connect("build-finished", _add_runtime)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
