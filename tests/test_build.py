"""The build of the book keeps its promises. Each test builds a small book with `conf.py`."""

import io
import pkgutil
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

import refimpl
from chapter_cells import CellError, fingerprint

ROOT = Path(__file__).parent.parent
NOTEBOOK = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n"


def chapter(title: str, *cells: str) -> str:
    fences = [f"```{{code-cell}} python\n{code}\n```\n" for code in cells]
    return "\n".join([NOTEBOOK, f"# {title}\n", *fences])


class SmallBook:
    """A few pages in a folder of their own, built with the settings of the real book."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "book"
        self.out = folder / "out"
        self.doctrees = folder / "doctrees"
        self.settings: dict[str, Any] = {
            name: value
            for name, value in runpy.run_path(str(ROOT / "conf.py")).items()
            if name.startswith(("chapter_cells_", "myst_", "nb_", "nitpick"))
        }
        self.settings |= {
            "extensions": ["chapter_cells", "katex_math", "myst_nb"],
            "chapter_cells_depend": ["package"],
            "html_math_renderer": "katex",
            "html_theme": "basic",
            "root_doc": "index",
            # Sphinx adds to the default value in place, so that books built later would see it
            "source_suffix": {".md": "myst-nb", ".rst": "restructuredtext"},
        }
        self.write("package/module.py", "x = 1\n")
        self.log = ""

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def page(self, name: str) -> str:
        return (self.out / f"{name}.html").read_text("utf-8")

    def build(self, builder: str = "html", parallel: int = 1) -> bool:
        """Build with warnings as errors, and say whether this went well."""
        warnings = io.StringIO()
        with patch_docutils(str(self.folder)), docutils_namespace():
            app = Sphinx(
                srcdir=self.folder,
                confdir=None,
                outdir=self.out,
                doctreedir=self.doctrees,
                buildername=builder,
                confoverrides=self.settings,
                status=None,
                warning=warnings,
                freshenv=True,
                warningiserror=True,
                parallel=parallel,
            )
            try:
                app.build()
            finally:
                self.log = warnings.getvalue()
        return app.statuscode == 0


@pytest.fixture
def book(tmp_path: Path) -> SmallBook:
    return SmallBook(tmp_path)


def test_failing_cells_are_named_and_never_cached(book: SmallBook) -> None:
    book.write("index.md", "# Book\n\n```{toctree}\nraising\ntalking\n```\n")
    raising = chapter("Raising", "x = 1", "y = 2\nx / 0", "x")
    talking = chapter("Talking", 'import sys\nprint("look out", file=sys.stderr)')
    book.write("raising.md", raising)
    book.write("talking.md", talking)
    lines = {text: number for number, text in enumerate(f"{raising}{talking}".splitlines(), 1)}
    here, there = lines["x / 0"], lines["import sys"] - len(raising.splitlines())
    for _ in range(2):  # the second build would find what the first one has cached
        with pytest.raises(CellError, match=r"raising\.md, talking\.md"):
            book.build("dummy", parallel=2)
        assert f"raising.md:{here}: ERROR: code cell 2 of 3 raised ZeroDivisionError" in book.log
        assert f"talking.md:{there}: ERROR: code cell 1 of 1 wrote to stderr" in book.log
        assert "look out" in book.log


def test_cells_run_again_only_when_they_or_the_package_change(book: SmallBook) -> None:
    note = 'with open("runs.txt", "a") as file:\n    file.write("run\\n")'
    book.write("index.md", chapter("Book", note, "6 * 7"))
    runs = book.folder / "runs.txt"  # so the cells run in the folder of the sources
    assert book.build(), book.log
    book.write("index.md", chapter("Book\n\nMore text.", note, "6 * 7"))
    assert book.build(), book.log
    assert "42" in book.page("index")
    assert runs.read_text("utf-8") == "run\n"
    (old,) = (book.doctrees / "cells").iterdir()
    book.write("package/module.py", "x = 2\n")
    assert book.build()
    assert runs.read_text("utf-8") == "run\nrun\n"
    (new,) = (book.doctrees / "cells").iterdir()
    assert new != old


def test_cells_run_again_when_a_file_that_they_read_changes(book: SmallBook) -> None:
    head = NOTEBOOK.replace("kernelspec", 'cells_read: "o*.md"\nkernelspec')
    show = 'from pathlib import Path\nprint(Path("other.md").read_text("utf-8").split()[-1])'
    book.write("index.md", chapter("Book", show).replace(NOTEBOOK, head))
    for word in ("Once", "Twice"):
        book.write("other.md", f"---\norphan: true\n---\n# {word}\n")
        assert book.build(), book.log
        assert f">{word}\n" in book.page("index")


def test_damaged_outputs_are_computed_again(book: SmallBook) -> None:
    book.write("index.md", chapter("Book", "6 * 7"))
    assert book.build(), book.log
    for pattern in ("global.db", "executed/*/base.ipynb"):
        (file,) = book.doctrees.glob(f"cells/*/{pattern}")
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        assert book.build(), book.log
        assert ">42\n" in book.page("index")
    file.unlink()
    assert book.build(), book.log
    assert ">42\n" in book.page("index")


def test_a_place_where_no_output_can_be_kept_is_named(book: SmallBook) -> None:
    book.write("index.md", chapter("Book", "6 * 7"))
    book.doctrees.mkdir()
    (book.doctrees / "cells").touch()
    with pytest.raises(CellError, match=r"their outputs cannot be kept in .*: Not a directory"):
        book.build()


def test_fingerprint(tmp_path: Path) -> None:
    package, style = tmp_path / "package", tmp_path / "style"
    package.mkdir()
    style.write_text("a: 1", "utf-8")

    def states() -> Iterator[str]:
        yield fingerprint([package, style], ["numpy"])
        yield fingerprint([package, style], ["numpy", "scipy"])
        (package / "a.py").touch()
        yield fingerprint([package, style], ["numpy"])
        (package / "a.py").rename(package / "b.py")
        yield fingerprint([package, style], ["numpy"])
        (package / "b.py").write_text("1", "utf-8")
        yield fingerprint([package, style], ["numpy"])
        style.write_text("a: 2", "utf-8")
        yield fingerprint([package, style], ["numpy"])

    different = list(states())
    assert len(set(different)) == len(different)
    cached = package / "__pycache__" / "b.pyc"
    cached.parent.mkdir()
    cached.touch()
    assert fingerprint([package, style], ["numpy"]) == different[-1]


def test_tex_error_is_a_warning_with_its_place_until_it_is_mended(book: SmallBook) -> None:
    book.write("index.md", "# Book\n\nText.\n\nInline $\\nosuch$.\n\n$$\n\\frac{1}\n$$\n")
    for _ in range(2):
        assert not book.build()
        assert r"index.md:5: WARNING: formula: Undefined control sequence: \nosuch" in book.log
        assert "index.md:7: WARNING: formula: Unexpected end of input" in book.log
    book.write("index.md", "# Book\n\nInline $\\abs{x}$.\n")
    assert book.build()


def test_nothing_of_an_earlier_build_is_shown(book: SmallBook) -> None:
    """A page shows what another one says, and what a module of the book's own makes of it."""
    book.settings["numfig"] = True
    book.write("index.md", "# Book\n\n```{toctree}\none\ntwo\n```\n\n{numref}`fig`, {eq}`b`\n")
    figure = "```{figure} mark.svg\n:name: fig\n\nA mark.\n```\n"
    book.write("mark.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>')
    book.write("one.md", f"# One\n\n{figure}\n$$\na\n$$ (a)\n")
    book.write("two.md", "# Two\n\n$$\nb\n$$ (b)\n")
    assert book.build(), book.log
    book.write("one.md", "# Uno\n")
    book.write(
        "two.md", f"# Two\n\n{figure.replace(': fig', ': first')}\n{figure}\n$$\nb\n$$ (b)\n"
    )
    book.write("three.md", "---\norphan: true\n---\n# Three\n")
    assert book.build(), book.log
    (book.folder / "three.md").unlink()
    book.out = book.out.with_name("again")
    assert book.build(), book.log
    again = {file.name: file.read_bytes() for file in book.out.iterdir() if file.is_file()}
    book.out, book.doctrees = book.out.with_name("clean"), book.doctrees.with_name("empty")
    assert book.build(), book.log
    assert again == {file.name: file.read_bytes() for file in book.out.iterdir() if file.is_file()}
    assert "Uno" in book.page("index")


def test_workers_render_in_parallel(book: SmallBook) -> None:
    names = [f"page{k}" for k in range(8)]
    book.write("index.md", "# Book\n\n```{toctree}\n" + "\n".join(names) + "\n```\n")
    for name in names:
        formulas = f"$\\KL{{p}}{{q}}$\n\n$$\n\\sum_x {name}\n$$ (eq-{name})\n"
        book.write(f"{name}.md", f"# {name}\n\n{formulas}")
    # In a process of its own: a test before may have started threads, which a fork would leave.
    conf = "".join(f"{name} = {value!r}\n" for name, value in book.settings.items())
    book.write(
        "conf.py", f"import sys\nsys.path.insert(0, {str(ROOT / 'book' / '_ext')!r})\n{conf}"
    )
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-j", "2", "-d", str(book.doctrees)]
    subprocess.run([*command, str(book.folder), str(book.out)], check=True)  # noqa: S603  (our own)
    for name in names:
        html = book.page(name)
        assert html.count('<span class="katex-html"') == 2
        assert '<span class="eqno">(' in html
        assert "katex.min.css" in html
    assert "katex" not in book.page("index")


def test_other_builders_keep_their_formulas(book: SmallBook) -> None:
    book.write("index.md", "# Book\n\n$x + 1$\n")
    assert book.build("text")
    assert "x + 1" in (book.out / "index.txt").read_text("utf-8")


# sphinx-book-theme uses names that Sphinx 11 removes; pyproject.toml keeps Sphinx below 11.
@pytest.mark.filterwarnings("ignore::sphinx.deprecation.RemovedInSphinx11Warning")
def test_no_page_asks_another_site_for_anything(book: SmallBook) -> None:
    shutil.copytree(ROOT / "book" / "_static", book.folder / "_static")
    conf = runpy.run_path(str(ROOT / "conf.py"))
    book.settings |= {
        name: value
        for name, value in conf.items()
        if name.startswith(("html_", "templates_", "copybutton_")) and name != "html_static_path"
    }
    book.settings |= {
        "extensions": [*book.settings["extensions"], "sphinx_copybutton", "sphinx_design"],
        "html_static_path": ["_static"],
        "html_favicon": "_static/mark.svg",
    }
    book.write("index.md", "# Book\n\n$x$\n\n```{note}\nText.\n```\n\n```python\n>>> 1\n1\n```\n")
    assert book.build(), book.log
    loads = re.compile(r"<(?:script|img|iframe)\b[^>]*\bsrc=\"([^\"]*)|<link\b[^>]*>")
    for file in book.out.glob("*.html"):
        for load in loads.finditer(file.read_text("utf-8")):
            if 'rel="canonical"' not in load.group():
                assert "//" not in load.group(), f"{file.name}: {load.group()}"
    for file in book.out.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", file.read_text("utf-8"))
    assert "fontawesome.js" not in book.page("index")


def test_every_module_has_its_api_page() -> None:
    page = (ROOT / "book" / "api.md").read_text("utf-8")
    listed = re.findall(r"^ +refimpl\.(\w+)$", page, re.MULTILINE)
    modules = [module.name for module in pkgutil.iter_modules(refimpl.__path__)]
    assert sorted(listed) == sorted(name for name in modules if not name.startswith("_"))
