"""Code cells that run in the page: what a run needs, what the site gets, what the page loads."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import runpy
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import Collection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from myst_nb.core.read import read_myst_markdown_notebook  # type: ignore[import-untyped]  # no types
from myst_parser.config.main import MdParserConfig
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from sphinx.errors import SphinxError

import refimpl
import running.cells
from running import build_wheel, why_not
from running.__main__ import main
from running.cells import program, run, without_magics
from running.runtime import faults, hashes, read_lock, take
from tests.sphinx_books import build

ROOT = Path(__file__).parent.parent
ABSENT: dict[str, str] = runpy.run_path(str(ROOT / "conf.py"))["running_absent"]

Output = list[tuple[str, str]]


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be in the folder of the book, as its cells are, with the backend of the page."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.chdir(ROOT / "book")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")  # a figure has the time in it
    for name in ABSENT:
        monkeypatch.setitem(sys.modules, name, None)  # an import of it fails
    old = pyplot.get_backend()
    pyplot.switch_backend("module://running.figures")
    yield
    monkeypatch.undo()
    pyplot.close("all")
    pyplot.switch_backend(old)
    pyplot.rcdefaults()


def ran(cells: Sequence[str], index: int) -> Output:
    """Run a cell and return its outputs, those of one kind joined."""
    pieces: Output = []

    def emit(kind: str, text: str) -> None:
        if kind != "figure" and pieces and pieces[-1][0] == kind:
            pieces[-1] = (kind, pieces[-1][1] + text)
        else:
            pieces.append((kind, text))

    run(cells, index, emit)
    return pieces


@pytest.mark.usefixtures("at_home")
class TestWhatACellNeeds:
    """The statements of earlier cells that a run takes."""

    @pytest.mark.parametrize(
        ("before", "cell", "kept"),
        [
            ("a = 1\nb = 2", "a", ["a = 1"]),
            ("a = 1\nb = a\nc = 3", "b", ["a = 1", "b = a"]),
            # a new value makes the older one needless
            ("a = 1\na = 2", "a", ["a = 2"]),
            ("a = 1\nif b:\n    a = 2", "a", ["a = 1", "if b:", "    a = 2"]),
            ("a = 1\na += 2", "a", ["a = 1", "a += 2"]),
            # what is read only after it was given a value
            ("a = 1", "a = 2; print(a)", []),
            ("a = 1", "for a in range(2):\n    print(a)", []),
            ("a = 1", "print([a for a in range(2)])", []),
            ("a = 1", "(lambda a: a)(2)", []),
            ("a = 1", "def f(a):\n    return a\nf(2)", []),
            # objects that are changed in place
            ("a = []\na.append(1)\nb = 2", "a", ["a = []", "a.append(1)"]),
            ("a = [0]\na[0] = 1", "a", ["a = [0]", "a[0] = 1"]),
            ("a = []\nf(a)", "a", ["a = []", "f(a)"]),
            ("a = []\nf(b=[a])", "a", ["a = []", "f(b=[a])"]),
            ("a = []\nprint(a)\nlen(a)", "a", ["a = []"]),
            ("a = []\nprint(a)", "print(1)", []),
            ("a = []", "a = [1]\n[a for b in range(2)]", []),
            ("a = []\nb = [a.pop() for c in d]", "a", ["a = []", "b = [a.pop() for c in d]"]),
            # through a function of an earlier cell
            (
                "a = []\ndef f():\n    a.append(1)\nf()\nb = 1",
                "a",
                ["a = []", "def f():", "    a.append(1)", "f()"],
            ),
            # modules: only calls for their own sake, and assignments, change them
            ("import m\nx = m.f(1)\nm.use('style')", "m.g()", ["import m", "m.use('style')"]),
            (
                "import m\nm.options['a'] = 1\ny = [m.f(m)]",
                "m.g()",
                ["import m", "m.options['a'] = 1"],
            ),
            ("from m import f as g", "g()", ["from m import f as g"]),
        ],
    )
    def test_statements(self, before: str, cell: str, kept: list[str]) -> None:
        whole = program([before, cell], 1).splitlines()
        assert whole == [*kept, *program([cell], 0).splitlines()]

    def test_a_generator_of_random_numbers_is_as_far_as_it_was(self) -> None:
        cells = [
            "import numpy as np\nrng = np.random.default_rng(1)",
            "x = rng.random()",
            "rng.random()",
        ]
        rng = np.random.default_rng(1)
        rng.random()
        assert ran(cells, 2) == [("text", f"{rng.random()!r}\n")]

    def test_magics_keep_the_lines(self) -> None:
        assert without_magics("a = 1\n%config x\nb") == "a = 1\n\nb"


@pytest.mark.usefixtures("at_home")
class TestRun:
    """What a run puts out."""

    def test_output_in_its_order(self) -> None:
        assert ran(["x = 2\nprint('no')", "print('one'); x + 1"], 1) == [("text", "one\n3\n")]

    def test_twice_is_the_same(self) -> None:
        cells = ["x = [1]", "x.append(2)\nprint(x)"]
        assert ran(cells, 1) == ran(cells, 1) == [("text", "[1, 2]\n")]

    def test_stderr(self) -> None:
        assert ran(["import sys", "print('so', file=sys.stderr)"], 1) == [("warning", "so\n")]

    def test_errors_name_the_cell_and_nothing_of_ours(self) -> None:
        ((kind, text),) = ran(["def f():\n    return 1 / 0", "f()"], 1)
        assert kind == "error"
        assert re.findall(r'File "(.+?)", line (\d+)', text) == [
            ("<cell 2>", "1"),
            ("<cell 1>", "2"),
        ]
        assert "return 1 / 0" in text
        assert text.endswith("ZeroDivisionError: division by zero\n")

    def test_a_run_names_what_ended_it(self) -> None:
        assert run(["1 / 0"], 0, lambda *_: None) == "ZeroDivisionError"
        assert run(["1 / 1"], 0, lambda *_: None) is None

    def test_a_cell_that_is_not_python(self) -> None:
        ((kind, text),) = ran(["x = 1", "x ="], 1)
        assert kind == "error"
        assert 'File "<cell 2>", line 1' in text

    def test_exit_ends_the_run_alone(self) -> None:
        assert ran(["raise SystemExit('no')"], 0)[0][1].endswith("SystemExit: no\n")

    def test_figures_of_this_cell_alone(self) -> None:
        draw = "fig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()"
        cells = ["import matplotlib.pyplot as plt", draw, f"fig\n{draw}\n{draw}"]
        kinds = [kind for kind, _ in ran(cells, 2)]
        assert kinds == ["figure", "figure"]
        assert ran(cells, 1)[0][1].lstrip().startswith("<?xml")


def pages() -> dict[str, list[str]]:
    """Return the code cells of each page of the book."""
    found = {}
    for path in sorted((ROOT / "book").glob("*.md")):
        text = path.read_text("utf-8")
        if "{code-cell}" in text:
            notebook: Any = read_myst_markdown_notebook(text, MdParserConfig())
            cells = [c.source for c in notebook.cells if c.cell_type == "code"]
            found[path.stem] = [without_magics(cell) for cell in cells]
    return found


PAGES = pages()


def test_each_cell_has_buttons_or_a_reason() -> None:
    runs = {page: [why_not(c, k, ABSENT) for k in range(len(c))] for page, c in PAGES.items()}
    assert {page for page, reasons in runs.items() if all(reasons)} == {"checks", "index"}
    # every reason is in use, and most cells run
    used = {reason for reasons in runs.values() for reason in reasons if reason}
    assert used == set(ABSENT.values())
    assert sum(reason is None for reasons in runs.values() for reason in reasons) > 60


def what_is_drawn() -> list[str]:
    """Return what the open figures consist of, which is quicker than to draw them; close them."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    found = []
    for figure in map(pyplot.figure, pyplot.get_fignums()):
        parts: list[Any] = [line.get_xydata().tolist() for line in figure.findobj(Line2D)]
        parts += [patch.get_path().vertices.tolist() for patch in figure.findobj(Patch)]
        parts += [drawn.get_offsets().tolist() for drawn in figure.findobj(Collection)]
        parts += [text.get_text() for text in figure.findobj(Text)]
        found.append(repr(parts))
    pyplot.close("all")
    return found


def whole_page(cells: Sequence[str]) -> Iterator[Output]:
    """Run all statements of all cells in one namespace; yield what each cell shows."""
    namespace: dict[str, object] = {}
    for index, cell in enumerate(cells):
        printed = io.StringIO()
        body = ast.parse(cell).body
        # what needs a module that is not there is passed over
        passed_over = [Exception] if why_not(cells, index, ABSENT) else []
        for node in body:
            # the interactive mode, which shows the value, for the last statement alone
            whole = ast.Interactive([node]) if node is body[-1] else ast.Module([node], [])
            mode = "single" if node is body[-1] else "exec"
            with redirect_stdout(printed), suppress(*passed_over):
                exec(compile(whole, "cell", mode), namespace)  # noqa: S102 - the book's own
        text = [("text", printed.getvalue())] if printed.getvalue() else []
        yield text + [("figure", drawn) for drawn in what_is_drawn()]


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("page", [page for page in PAGES if page not in {"checks", "index"}])
def test_a_run_shows_what_the_whole_page_would(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.cells, "_draw", what_is_drawn)
    cells = PAGES[page]
    for index, output in enumerate(whole_page(cells)):
        if why_not(cells, index, ABSENT) is None:
            assert ran(cells, index) == output, f"code cell {index + 1}"


class TestRuntime:
    """The files of Python for browsers."""

    def test_the_list_is_whole(self) -> None:
        packages = read_lock()["packages"]
        assert {"numpy", "scipy", "matplotlib"} <= packages.keys()
        assert all(need in packages for entry in packages.values() for need in entry["depends"])
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in hashes().values())

    def test_the_release_suits_the_package(self) -> None:
        lock = read_lock()
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        assert lock["info"]["python"] in SpecifierSet(project["requires-python"])
        for need in map(Requirement, project["dependencies"]):
            assert lock["packages"][need.name]["version"] in need.specifier

    @pytest.mark.parametrize("kind", ["wheel", "folder"])
    def test_files_are_taken_from_a_wheel_or_a_folder(self, kind: str, tmp_path: Path) -> None:
        source = tmp_path / "source"
        (source / "deep").mkdir(parents=True)
        (source / "deep" / "a.js").write_text("a", "utf-8")
        (source / "other").write_text("b", "utf-8")
        if kind == "wheel":
            source = Path(shutil.make_archive(str(tmp_path / "wheel"), "zip", source))
        take(source, tmp_path / "to", ["a.js", "b.js"])
        assert [file.name for file in (tmp_path / "to").iterdir()] == ["a.js"]
        right = hashlib.sha256(b"a").hexdigest()
        assert faults(tmp_path / "to", {"a.js": right}) == []
        assert faults(tmp_path / "to", {"a.js": "0", "b.js": right}) == [
            "a.js does not have the hash 0",
            "b.js is missing",
        ]

    def test_the_command_says_what_is_missing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit, match=r"pyodide\.asm\.wasm is missing"):
            main([str(tmp_path)])
        assert capsys.readouterr().out == ""


PAGE = """---
file_format: mystnb
kernelspec:
  name: python3
---
# Page

```{code-cell} python
:tags: [remove-cell]
%config x
import refimpl
import gans
```

```{code-cell} python
refimpl.entropy([0.5, 0.5])
```

```{code-cell} python
:tags: [hide-input]
print("<b>")
```

```{code-cell} python
gans.train()
```
"""


class TestSite:
    """What a build adds to the site."""

    @pytest.fixture
    def book(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
        """Return what builds a book of some pages, with files instead of the runtime."""
        (tmp_path / "runtime").mkdir()
        (tmp_path / "runtime" / "pyodide.js").write_text("core", "utf-8")
        expected = {"pyodide.js": hashlib.sha256(b"core").hexdigest()}
        monkeypatch.setattr("running.hashes", lambda: expected)

        def made(text: str = PAGE, folder: str = "runtime") -> str:
            source = tmp_path / "book"
            (source / "deep").mkdir(parents=True)
            (source / "deep" / "page.md").write_text(text, "utf-8")
            toctree = "# Index\n\n```{toctree}\ndeep/page\n```\n"
            (source / "index.md").write_text(toctree, "utf-8")
            settings = {
                "extensions": ["myst_nb", "running"],
                "html_theme": "basic",
                "nb_execution_mode": "off",
                "root_doc": "index",
                "suppress_warnings": ["myst-nb.lexer"],  # no kernel says what language it is
                "running_absent": {"gans": "it trains <networks>"},
                "running_runtime": str(tmp_path / folder),
                "source_suffix": {".md": "myst-nb", ".rst": "restructuredtext"},
            }
            return build(source, tmp_path / "out", tmp_path / "doctrees", settings)

        return made

    def test_marks(self, book: Callable[..., str], tmp_path: Path) -> None:
        assert book() == ""
        page = (tmp_path / "out" / "deep" / "page.html").read_text("utf-8")
        assert re.findall(r'data-page="(.+?)" data-cell="(.+?)"', page) == [
            ("deep/page", "1"),
            ("deep/page", "2"),
        ]
        assert page.count("run-absent") == 1
        assert "it trains &lt;networks&gt;." in page
        # a button belongs to the code, and is folded with it
        hidden = re.search(r"<details.*?</details>", page, re.DOTALL)
        assert hidden
        assert 'data-cell="2"' in hidden[0]
        # all cells, those too that are not shown
        cells = json.loads((tmp_path / "out" / "_run" / "deep" / "page.json").read_text("utf-8"))
        assert cells[0] == "\nimport refimpl\nimport gans"
        assert cells[1:] == ["refimpl.entropy([0.5, 0.5])", 'print("<b>")', "gans.train()"]

    def test_a_page_names_only_its_small_script(
        self, book: Callable[..., str], tmp_path: Path
    ) -> None:
        book()
        out = tmp_path / "out"
        page, index = ((out / name).read_text("utf-8") for name in ("deep/page.html", "index.html"))
        loaded = re.findall(r'(?:src|href)="([^"]*run[^"]*)"', page)
        assert [name.partition("?")[0] for name in loaded] == [
            "../_static/run.css",
            "../_static/run.js",
        ]
        assert "run.js" not in index
        assert "_run/" not in page
        assert not re.search("pyodide|wasm|refimpl-", page)

    def test_the_package_is_the_one_here(self, book: Callable[..., str], tmp_path: Path) -> None:
        book()
        folder = tmp_path / "out" / "_run"
        lock = json.loads((folder / "pyodide-lock.json").read_text("utf-8"))
        entry = lock["packages"].pop("refimpl")
        assert lock == read_lock()
        assert entry["depends"] == ["numpy", "scipy"]
        wheel = folder / entry["file_name"]
        assert entry["version"] == refimpl.__version__
        assert entry["sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
        with zipfile.ZipFile(wheel) as packed:
            for file in (ROOT / "src" / "refimpl").glob("*.py"):
                assert packed.read(f"refimpl/{file.name}") == file.read_bytes()
        assert {file.name for file in folder.iterdir() if file.is_file()} == {
            "cells.py",
            "figures.py",
            "pyodide-lock.json",
            "pyodide.js",
            wheel.name,
        }

    def test_without_the_runtime_there_are_no_buttons(
        self, book: Callable[..., str], tmp_path: Path
    ) -> None:
        assert book(folder="nowhere") == ""
        page = (tmp_path / "out" / "deep" / "page.html").read_text("utf-8")
        assert "run.js" not in page
        assert 'class="run' not in page
        assert not (tmp_path / "out" / "_run").exists()

    def test_a_page_where_nothing_runs_is_left_alone(
        self, book: Callable[..., str], tmp_path: Path
    ) -> None:
        assert (
            book(PAGE.replace("refimpl.entropy([0.5, 0.5])", "gans").replace("print", "gans.show"))
            == ""
        )
        assert 'class="run' not in (tmp_path / "out" / "deep" / "page.html").read_text("utf-8")

    def test_a_module_without_a_reason_is_a_warning(self, book: Callable[..., str]) -> None:
        said = book(PAGE.replace("gans.train()", "import jax"))
        assert "running_absent does not say why 'jax' cannot be imported in the page" in said

    def test_a_damaged_file_fails_the_build(self, book: Callable[..., str], tmp_path: Path) -> None:
        (tmp_path / "runtime" / "pyodide.js").write_text("other", "utf-8")
        with pytest.raises(SphinxError, match=r"pyodide\.js does not have the hash .*make runtime"):
            book()


def test_the_same_sources_give_the_same_wheel(tmp_path: Path) -> None:
    names = [tmp_path / "a", tmp_path / "b"]
    for name in names:
        name.mkdir()
    first, second = (build_wheel(ROOT, name).read_bytes() for name in names)
    assert first == second
