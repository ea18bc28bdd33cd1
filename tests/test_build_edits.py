"""A tiny book is built by the program of `make book`, edited, built again, and built clean."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests import sphinx_books
from tests.test_build import NOTEBOOK
from tests.test_results_pages import FILES, ROOT
from tests.whole_builds import differences

CELL = """\
```{code-cell} python
import tinyhalf
print(tinyhalf.half(3))
```

```{bibliography}
```

```{errata}
```
"""
SETTINGS: dict[str, Any] = sphinx_books.MARKDOWN | {
    "project": "The Tiny Book",
    "release": "0.2.0",
    "extensions": [
        *("sphinx.ext.autodoc", "sphinxcontrib.bibtex", "chapter_cells", "myst_nb", "katex_math"),
        *("cards", "citing", "claims", "errata", "equations", "results"),
    ],
    "source_suffix": {".md": "myst-nb", ".rst": "restructuredtext"},
    "exclude_patterns": ["_ext"],
    "templates_path": ["templates"],
    "bibtex_bibfiles": ["references.bib"],
    "chapter_cells_depend": ["src"],
    "nb_execution_mode": "cache",
    "equations_package": "tinyhalf",
    "claims_ledgers": ["claims.toml"],
    "results_formal": "formal.toml",
    "html_baseurl": "https://tiny.example/",
    "html_math_renderer": "katex",
}
PAGES = {
    "src/tinyhalf.py": FILES["tinyhalf.py"],
    "templates/layout.html": '{% extends "!layout.html" %}\n',
    "references.bib": "@misc{halves, author={Half, A.}, title={Halves}, year=1900}\n",
    "CHANGELOG.md": FILES["book/CHANGELOG.md"],
    "CITATION.cff": (ROOT / "CITATION.cff").read_text(encoding="utf-8"),
    "book/errata.toml": '[[erratum]]\nwhere = "eq-half-def"\nsaid = "A"\nright = "B"\n',
    "book/cells.md": f"{NOTEBOOK}# Cells\n\n{CELL}",
    "conf.py": "import sys\nsys.path[:0] = ['book/_ext', 'src']\n"
    + "".join(f"{name} = {value!r}\n" for name, value in SETTINGS.items()),
}
RESULT = "```{equation} eq-half-new\n" + FILES["book/second.md"].partition("eq-half-twice\n")[2]
EDITS = (
    ("book/first.md", "# One\n", f"# The first\n\n{RESULT.partition('```{derivation}')[0]}"),
    ("book/second.md", ":source: elementary", ":source: {cite:t}`halves`"),
    ("book/ids.txt", "ex-first-quarter\n", "ex-first-quarter\neq-half-new\n"),
    ("book/claims.toml", "Only for positive", "Only for large"),
    ("book/errata.toml", '"B"', '"C"'),
    ("book/notation.md", "entropy of a law", "the entropy of a law"),
    ("references.bib", "title={Halves}", "title={Quarters}"),
    ("templates/layout.html", "%}\n", "%}\n{% block footer %}edited{% endblock %}\n"),
    ("src/tinyhalf.py", "Halve a number.", "Halve one number."),
    ("src/tinyhalf.py", "x / 2", "x / 2 if x != 3 else 'three halves'"),
    ("book/_ext/equations/macros.toml", r"H\mathopen{}\left(#1\right)", r"H\left[#1\right]"),
    ("book/_ext/results/pages.py", "Not yet in a released", "Not in any released"),
    ("CHANGELOG.md", "is longer", "is shorter"),
    # The last one is built alone, for others let Sphinx read every page anew.
    ("book/_ext/errata.py", "Mended in", "Corrected in"),
)


def write(folder: Path) -> None:
    """Write the book, with the extensions that it needs."""
    pages = {name: text for name, text in FILES.items() if name != "tinyhalf.py"}
    for name, text in (pages | PAGES).items():
        if name != "book/CHANGELOG.md":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    index = folder / "book" / "index.md"
    index.write_text(index.read_text("utf-8").replace("notation\n", "notation\ncells\n"), "utf-8")
    kept = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "book" / "_ext", folder / "book" / "_ext", ignore=kept)


def edit(folder: Path, edits: Sequence[tuple[str, str, str]], *, back: bool = False) -> None:
    for name, old, new in reversed(edits) if back else edits:
        before, after = (new, old) if back else (old, new)
        text = (folder / name).read_text("utf-8")
        assert before in text, name
        (folder / name).write_text(text.replace(before, after, 1), "utf-8")


def build(folder: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    options = re.search(r"^SPHINX := \$\(PY\) (.*)$", makefile, re.MULTILINE)
    assert options
    script = folder / "book" / "_ext" / "build_book.py"
    found = subprocess.run(  # noqa: S603  (a program of this book)
        [sys.executable, str(script), sys.executable, *options[1].split(), "-b", "html", "book"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr


def test_edits_and_taking_them_back_give_what_clean_builds_give(tmp_path: Path) -> None:
    edited, clean = tmp_path / "edited", tmp_path / "clean"
    write(edited)
    build(edited)
    first = tmp_path / "first"
    shutil.copytree(edited / "_build" / "html", first)
    for edits in (EDITS[:-1], EDITS[-1:]):
        edit(edited, edits)
        build(edited)
    site = edited / "_build" / "html"
    shown = "".join(file.read_text("utf-8") for file in sorted(site.rglob("*.html")))
    for new in ("The first", "Half", "Only for large", "Quarters", "edited", "three halves"):
        assert new in shown
    write(clean)
    edit(clean, EDITS)
    build(clean)
    count, wrong = differences(site, clean / "_build" / "html")
    assert not wrong
    assert count > 30
    edit(edited, EDITS, back=True)
    build(edited)
    assert differences(site, first)[1] == []
