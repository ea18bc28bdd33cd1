"""Configuration of the book: ``sphinx-build -c . book _build/html``.

Paths are relative to this file, those in ``exclude_patterns`` to ``book/``.
"""

import sys
from importlib import metadata
from pathlib import Path

from pybtex.plugin import (  # type: ignore[import-untyped]  # it has no types
    find_plugin,
    register_plugin,
)

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import titles  # noqa: E402  (it lies in book/_ext)

# --- The book

project = "Divergences, Derived"
author = "the Divergences, Derived maintainers"
project_copyright = f"{author}; text CC BY 4.0, code MIT"
release = version = metadata.version("refimpl")
language = "en"

SITE = "https://divergences-derived.github.io/divergences-derived/"
REPOSITORY = "https://github.com/divergences-derived/divergences-derived"

# --- Reading

extensions = [
    "cards",
    "chapter_cells",
    "citing",
    "claims",
    "content_policy",
    "equations",
    "errata",
    "formats",
    "graphs",
    "image_sizes",
    "katex_math",
    "myst_nb",
    "numpydoc",
    "results",
    "running",
    "sliders",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxcontrib.bibtex",
    "wayfinding",
]
exclude_patterns = ["_ext", "_static", "_templates", "experiments", "**/.ipynb_checkpoints"]
# HTML pages look for templates from here, autosummary from book/: hence a full path.
templates_path = [str(ROOT / "book" / "_templates")]
nitpicky = True
numfig = True
numfig_secnum_depth = 0  # a figure has the same number on the site and on paper

myst_enable_extensions = [
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
]
myst_heading_anchors = 3

bibtex_bibfiles = ["book/references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"
# For each citation pybtex would look through all installed packages for these.
for _name, _backend in (
    ("docutils", titles.Backend),
    ("plaintext", find_plugin("pybtex.backends", "plaintext")),
):
    register_plugin("pybtex.backends", _name, _backend, force=True)

equations_source = f"{REPOSITORY}/blob/main/"
claims_ledgers = ["articles/claims.toml", "errors-in-print.toml"]
# `date-released` is what a release adds, see CONTRIBUTING.md.
errata_release = "date-released" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")

# --- Code cells

nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 600  # the longest cells train five networks, on a machine that may be busy
nb_output_stderr = "error"
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # they would load scripts from other sites
chapter_cells_depend = [
    "src/refimpl",
    "book/_ext/equations",
    "book/_static/book.mplstyle",
    "book/experiments",
]
chapter_cells_distributions = [
    "ipykernel",
    "ipython",
    "jax",
    "matplotlib",
    "numpy",
    "scikit-learn",
    "scipy",
]

# Which cells cannot be run in the page, by a module that they import.
running_absent = {
    "IPython": "the cell needs IPython",
    "equations": "the cell needs the checker of the equations",
    "gans": "the cell needs networks, which are trained with JAX",
    "train_twice": "the cell needs networks, which are trained with JAX",
    "wgans": "the cell needs networks, which are trained with JAX",
}

# --- The package

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say which types, with shapes
numpydoc_show_class_members = False
numpydoc_xref_param_type = False  # the types are those of Python and NumPy: nothing to link here

# --- Pages

html_theme = "sphinx_book_theme"
# Sentences that the search takes from pages would show each formula three times.
html_show_search_summary = False
html_title = project
html_baseurl = SITE
html_math_renderer = "katex"
html_domain_indices = False  # the pages of the package list its modules
html_static_path = ["book/_static"]
html_css_files = ["book.css", "icons.css"]
html_js_files = [
    (name, {"defer": "defer"})
    for name in (
        "book.js",
        "cards.js",
        "cite.js",
        "filter.js",
        "graph.js",
        "search.js",
        "sliders.js",
        "versions.js",
    )
]
html_sidebars = {"**": ["sbt-sidebar-nav.html"]}  # sections/sidebar-primary.html has the rest
html_favicon = "book/_static/mark.svg"
html_context = {"default_mode": "light"}  # without a script; with one, as the system says
html_theme_options = {
    "repository_url": REPOSITORY,
    "repository_branch": "main",
    "use_download_button": False,
    "use_fullscreen_button": False,
    "back_to_top_button": False,
    "navbar_persistent": [],
    "primary_sidebar_end": [],
    "footer_content_items": ["copyright.html"],
}
# Of the themes, in _static: what no page of this book asks for.
wayfinding_unused = [
    "images",
    "locales",
    "scripts",
    "vendor",
    "styles/*.map",
    "styles/theme.css",
    "*-macros.html",
    "file.png",
    "minus.png",
    "plus.png",
    "check-solid.svg",
]
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

# --- Print

latex_engine = "xelatex"
latex_documents = [
    ("index", "divergences-derived.tex", project, author, "manual"),
]
latex_show_urls = "no"
latex_domain_indices = False
latex_use_latex_multicolumn = False
latex_elements = {
    "papersize": "a4paper",
    "pointsize": "10pt",
    "extraclassoptions": "openany,oneside",
    "figure_align": "htbp",
    "fncychap": "",
    "releasename": "Version",
    "sphinxsetup": "verbatimforcewraps=true, VerbatimColor={HTML}{F5F7F9}, "
    "VerbatimBorderColor={HTML}{E1E6EC}, TitleColor={HTML}{16508B}, InnerLinkColor={HTML}{16508B}, "
    "OuterLinkColor={HTML}{16508B}",
    "preamble": (ROOT / "book" / "_ext" / "formats" / "preamble.tex").read_text("utf-8"),
    "printindex": "",
}

# --- E-book and links

epub_basename = "divergences-derived"
epub_title = project
epub_author = epub_publisher = author
epub_copyright = project_copyright
epub_identifier = SITE
epub_scheme = "URL"
epub_uid = "book"
epub_show_urls = "no"
epub_use_index = False
epub_tocdepth = 2
epub_tocdup = False
epub_tocscope = "includehidden"  # the index shows its contents in its own words
nb_mime_priority_overrides = [("latex", "image/svg+xml", 5), ("epub", "image/svg+xml", 5)]
linkcheck_ignore = [SITE]  # what this build makes is deployed after it
