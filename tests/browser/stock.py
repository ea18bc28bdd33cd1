"""Build a page of the book as the theme and Sphinx make it when nobody has set anything.

The page is that of sphinx-book-theme, with all its scripts, and MathJax sets the formulas in the
browser. What the book adds is left out: its stylesheets, scripts and templates, cards, cite and
Run buttons, sizes of pictures, the policy. Only the extensions that read the page stay.
Sphinx's page asks a network of servers for MathJax; here the same version lies on the site, with
its fonts, so that neither page needs more than one server.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from io import StringIO
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext.mathjax import MATHJAX_URL
from sphinx.util.docutils import docutils_namespace, patch_docutils

from katex_math import macros

ROOT = Path(__file__).parents[2]
EXTENSIONS = [
    "chapter_cells",
    "claims",
    "equations",
    "errata",
    "graphs",
    "myst_nb",
    "numpydoc",
    "sliders",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxcontrib.bibtex",
]
# What conf.py sets for pages, as it is where nobody sets it.
DEFAULTS: dict[str, object] = {
    "html_context": {},
    "html_css_files": [],
    "html_favicon": None,
    "html_js_files": [],
    "html_sidebars": {},
    "html_static_path": [],
    "html_theme_options": {},
    "templates_path": [],
}
_ADDRESS = re.compile(r"/npm/(?P<package>mathjax@\d+)/(?P<script>[\w-]+\.js)$")


def mathjax() -> tuple[str, str]:
    """Return the package of npm that the pages of Sphinx ask for, and its script."""
    found = _ADDRESS.search(MATHJAX_URL)
    if found is None:
        raise RuntimeError(f"Sphinx takes MathJax from an unknown place: {MATHJAX_URL}")
    return found["package"], found["script"]


def fetch_mathjax(folder: Path) -> None:
    """Install MathJax and its fonts from npm in a folder."""
    package, _ = mathjax()
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(f"npm is needed to get {package}, and there is none on the PATH")
    folder.mkdir(parents=True)
    flags = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    command = [npm, "install", *flags, "--prefix", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the command above
    if done.returncode:
        raise RuntimeError(f"npm could not install {package}:\n{done.stderr}")


def mathjax_version(folder: Path) -> str:
    """Return the version of the MathJax with which a page was built below a folder."""
    about = folder / "npm" / "node_modules" / "mathjax" / "package.json"
    return str(json.loads(about.read_text("utf-8"))["version"])


def tex_macros() -> dict[str, list[object]]:
    """Return the macros of the book as MathJax wants them: with the number of their arguments."""
    return {
        name.removeprefix("\\"): [latex, max(map(int, re.findall(r"#(\d)", latex)), default=0)]
        for name, latex in macros().items()
    }


def wrap_formulas(_app: Sphinx, document: nodes.document, _name: str) -> None:
    """Let MathJax set the steps of derivations too, which are meant for LaTeX as they are."""
    for formula in document.findall(nodes.math_block):
        formula["no-wrap"] = formula["nowrap"] = False


def build(chapter: str, folder: Path) -> Path:
    """Build the stock page of a chapter with MathJax below a folder; return the site's folder.

    Raises
    ------
    RuntimeError
        If npm or Sphinx fails, or something of the chapter could not be read.
    """
    site, doctrees = folder / "site", folder / "doctrees"
    fetch_mathjax(folder / "npm")
    _, script = mathjax()
    kept = ROOT / "_build" / "doctrees" / "cells"
    if kept.is_dir():  # the outputs of the code cells are those of the book
        shutil.copytree(kept, doctrees / "cells")
    settings = {
        **DEFAULTS,
        "autosummary_generate": False,  # it would write into the folder of the sources
        "extensions": EXTENSIONS,
        "html_math_renderer": "mathjax",
        "mathjax_path": f"npm/mathjax/{script}",
        "mathjax4_config": {
            "loader": {"paths": {"fonts": "_static/npm/@mathjax"}},
            "tex": {"macros": tex_macros()},
        },
    }
    warnings = StringIO()
    with patch_docutils(str(ROOT)), docutils_namespace():
        app = Sphinx(
            srcdir=ROOT / "book",
            confdir=ROOT,
            outdir=site,
            doctreedir=doctrees,
            buildername="html",
            confoverrides=settings,
            status=None,
            warning=warnings,
            parallel=2,
        )
        app.connect("doctree-resolved", wrap_formulas)
        app.build(filenames=[ROOT / "book" / f"{chapter}.md"])
    # Links to the pages of the package and of single results lead nowhere: these are not built.
    unread = [
        line
        for line in warnings.getvalue().splitlines()
        if f"{chapter}.md" in line and "[ref." not in line
    ]
    if unread or not (site / f"{chapter}.html").is_file():
        raise RuntimeError("Sphinx could not build the stock page:\n" + "\n".join(unread))
    (site / "_static" / "npm").symlink_to(folder / "npm" / "node_modules")
    return site
