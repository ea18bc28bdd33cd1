"""Notebooks run and lack nothing; what checks the EPUB and the PDF finds planted faults."""

from __future__ import annotations

import base64
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from claims.ledger import Claim, read_ledger
from equations.blocks import Derivation, Equation
from equations.book import Book, read_book
from equations.directives import aligned
from equations.macros import MACROS
from formats.checking import epub_problems, figures, formulas, log_problems, tex_problems
from formats.expand import expand
from formats.links import Links, Sources, UnknownRoleError
from formats.notebooks import Material, Notebook
from formats.pieces import options, pieces
from formats.running import differences, run
from katex_math import mathml, render

ROOT = Path(__file__).parents[1]
SITE = "https://example.org/book/"
CHAPTERS = read_book(ROOT / "book").chapters
# Two that name a function and a number alike, and so show that examples do not disturb each other.
RUN = ("conventions", "coding")
# What Markdown for Sphinx has and Markdown for notebooks has not.
SYNTAX = re.compile(
    r"^\s*(?:`{3,}|:{3,})\{|\{[a-z:]+\}`|^\([a-z0-9-]+\)=$|^:[a-z-]+: ", re.MULTILINE
)


@pytest.fixture(scope="module")
def book() -> Book:
    """Return the book itself."""
    return read_book(ROOT / "book")


@pytest.fixture(scope="module")
def claims() -> list[Claim]:
    """Return the rows of its ledgers."""
    files = ("articles/claims.toml", "errors-in-print.toml")
    return [row for file in files for row in read_ledger(ROOT / "book" / file)]


def convert(book: Book, claims: list[Claim], chapter: str, stills: Path = ROOT) -> NotebookNode:
    """Return the notebook of a chapter, without outputs of its code cells."""
    links = Links(book, chapter, SITE, claims, Sources(book.root / "references.bib"))
    material = Material("The book", "1.2.3", "https://example.org/code", stills, ())
    return NotebookNode(nbformat.reads(Notebook(chapter, links, material).json(), 4))  # type: ignore[no-untyped-call]  # no types


def tiny(tmp_path: Path, chapter: str) -> NotebookNode:
    """Return the notebook of a chapter in a book of one chapter."""
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "book.mplstyle").write_text("# style\nfont.size: 12\n", "utf-8")
    index = "# T\n\n```{toctree}\n:caption: Chapters\none\n```\n"
    (tmp_path / "index.md").write_text(index, encoding="utf-8")
    (tmp_path / "one.md").write_text(chapter, encoding="utf-8")
    (tmp_path / "references.bib").write_text("", encoding="utf-8")
    return convert(read_book(tmp_path), [], "one", tmp_path)


def texts(notebook: NotebookNode) -> str:
    """Return all text of a notebook."""
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def code(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells of code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# ------------------------------------------------------------------------------- formulas


def formulas_of(book: Book) -> Iterator[tuple[str, str]]:
    """Yield the statements of the results, and for each macro a formula, twice if it has braces."""
    for equation in book.equations:
        yield aligned(equation.rows), aligned(equation.rows)
    for name, macro in MACROS.items():
        use = f"\\{name}" + "".join(f"{{a_{number}^2}}" for number in range(macro.args))
        yield f"x_{use}", f"x_{{{use}}}"


def test_a_formula_without_macros_looks_as_with_them(book: Book) -> None:
    def seen(latex: str) -> str:
        return render(latex).partition('<span class="katex-html"')[2]

    found = list(formulas_of(book))
    assert len(found) > 190
    for latex, same in found:
        plain = expand(latex)
        assert not set(re.findall(r"\\([A-Za-z]+)", plain)) & set(MACROS), plain
        assert seen(plain) == seen(same), latex


def test_arguments_of_macros_are_groups_or_tokens() -> None:
    assert expand(r"\abs x") == r"\left| x \right|"
    assert expand(r"\abs{\abs{\{x\}}}") == r"\left| \left| \{x\} \right| \right|"
    assert expand(r"A^\T A") == r"A^{\mathsf{T}} A"
    assert expand(r"\Hx \\ \R") == r"\Hx \\ \mathbb{R}"
    with pytest.raises(ValueError, match="lacks an argument"):
        expand(r"\KL{p}")
    with pytest.raises(ValueError, match="not closed"):
        expand(r"\H{p")


def test_rows_of_mathml_are_aligned() -> None:
    found = mathml(r"\begin{aligned} a &= b < c \\ &= d \end{aligned}", display=True)
    assert re.findall(r'<mtd class="(\w+)"', found) == ["right", "left"] * 2
    assert 'alttext="\\begin{aligned} a &amp;= b &lt; c' in found
    assert "annotation" not in found
    assert 'class="left"' not in mathml(r"\KL{p}{q}")


def test_readers_of_plain_mathml_see_letters_and_spaces() -> None:
    found = mathml(r"\R \mathbb{E} \mathcal{LN} \mathbf{1} := x \log y")
    assert re.findall(r"<m[in][^>]*>([^<]+)", found) == [*"ℝ𝔼ℒ𝒩𝟏", "x", "log", "y"]
    assert "<mo>:=</mo>" in found
    assert len(re.findall('<mspace width="0.1667em">', found)) == 2


# ------------------------------------------------------------------------------- notebooks


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_notebook_has_the_whole_chapter(book: Book, claims: list[Claim], chapter: str) -> None:
    notebook = convert(book, claims, chapter)
    nbformat.validate(notebook)
    text, cells = texts(notebook), "\n".join(cell.source for cell in code(notebook))
    assert not SYNTAX.findall(text)
    assert not set(re.findall(r"\\([A-Za-z]+)", text)) & set(MACROS)
    (page,) = (page for page in book.pages if book.name(page) == chapter)
    for block in page.blocks:
        if isinstance(block, Equation):
            assert f"$$\n{expand(aligned(block.rows))}\n$$" in text
            assert f"]({SITE}eq/{block.id}/)** {''}" in text
        elif isinstance(block, Derivation):
            for chain in block.chains:
                assert expand(chain.head) in text
                assert all(expand(step.latex) in text for step in chain.steps)
        elif hasattr(block, "title"):
            assert f'<a id="{block.id}"></a>\n**Exercise [' in text
    source = page.file.read_text(encoding="utf-8")
    displayed = re.findall(r"^\$\$\n(.+?)\n\$\$$", source, re.MULTILINE | re.DOTALL)
    assert all(expand(formula) in text for formula in displayed)
    # each call of an example is in a cell of code, apart from the marks of continued lines
    calls = [line[4:] for line in re.findall(r"^>>> .+$", source, re.MULTILINE)]
    assert all(call in cells or "print(" in cells for call in calls)
    assert "_static" not in cells
    assert 'sys.path.insert(0, "experiments")' not in cells


@pytest.mark.parametrize("chapter", RUN)
def test_notebook_prints_what_the_book_prints(
    book: Book, claims: list[Claim], chapter: str
) -> None:
    notebook = convert(book, claims, chapter)
    found = run(notebook)
    assert list(differences(notebook, found)) == []
    stored = next(cell for cell in code(notebook) if cell.outputs and "0." in str(cell.outputs))
    stored.outputs[0].data["text/plain"] = "0.123"  # a planted fault
    assert [line.split()[1] for line in differences(notebook, found)] == ["prints"]


def test_differences_are_found() -> None:
    cells: list[tuple[str, list[dict[str, object]]]] = [
        ("1 / 0", []),
        ("print(2)", [{"output_type": "stream", "name": "stdout", "text": "3"}]),
        ("3", [{"output_type": "display_data", "data": {"image/svg+xml": "<svg/>"}}]),
    ]
    shape: dict[str, object] = {"cell_type": "code", "metadata": {}, "execution_count": None}
    data = [
        {**shape, "id": f"cell-{number}", "source": source, "outputs": outputs}
        for number, (source, outputs) in enumerate(cells)
    ]
    whole = {"cells": data, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook = nbformat.from_dict(whole)  # type: ignore[no-untyped-call]  # no types
    found = "\n".join(differences(notebook, run(notebook)))
    assert "raises ZeroDivisionError" in found
    assert "prints\n2\ninstead of\n3" in found
    assert "does not draw" in found


def test_blocks_become_cells(tmp_path: Path) -> None:
    (tmp_path / "fig.svg").write_text("<svg/>", encoding="utf-8")
    notebook = tiny(
        tmp_path,
        """\
# One

(sec-one)=
## First

See {ref}`there <sec-one>`, {doc}`one`, {doc}`it <index>`, {eq}`ex-one`, `{eq}` and $\\H{p}$;
{func}`~refimpl.kl.kl_divergence`, {mod}`refimpl.kl`, {numref}`fig-one`.

```{code-cell} python
---
tags: [hide-input]
mystnb:
  figure:
    name: fig-one
    caption: The law $\\KL{p}{q}$.
---
plt.style.use("_static/book.mplstyle")
entropy = 1
```

```{code-cell} python
:tags: [book-only]
open("one.md")
```

```{slider} fig
:alt: A picture
:name: fig-two
Caption.
```

::::{exercise} ex-one
:title: An exercise
How much?

:::{dropdown} Solution
So much.
```python
>>> for x in (1, 2):
...     x, entropy([x / 2, 1 - x / 2])
(1, 0.69)
(2, 0.0)
>>> print("a")
a
>>> entropy([2])
Traceback (most recent call last):
ValueError: no law
>>> x = 1
```
:::
::::

```{results}
```

```{graph}
```
""",
    )
    nbformat.validate(notebook)
    text = texts(notebook)
    assert "# 0  One\n" in text
    assert "pip install refimpl==1.2.3\n" in text
    assert '<a id="sec-one"></a>' in text
    assert f"[there]({SITE}one.html#sec-one), [One]({SITE}one.html), [it]({SITE}), " in text
    assert f"[Exercise 0.1]({SITE}one.html#ex-one), `{{eq}}` and $H\\mathopen{{}}" in text
    assert f"[`kl_divergence`]({SITE}api/refimpl.kl.html#refimpl.kl.kl_divergence)" in text
    assert f"[the figure]({SITE}one.html#fig-one)" in text
    assert "<details><summary>Solution</summary>\n\nSo much.\n\n</details>" in text
    assert "![A picture](attachment:fig.svg)\n\n*Figure:* Caption." in text
    (still,) = (cell.attachments for cell in notebook.cells if "attachments" in cell)
    assert base64.b64decode(still["fig.svg"]["image/svg+xml"]) == b"<svg/>"
    _, figure, loop, printed, error, last = code(notebook)
    assert figure.source.startswith("plt.rcParams.update({\n    'font.size': '12',\n})\nentropy")
    assert figure.metadata.jupyter.source_hidden
    assert loop.source == (
        "from refimpl import entropy\nfor x in (1, 2):\n    print((x, entropy([x / 2, 1 - x / 2])))"
    )
    assert [output.text for output in (*loop.outputs, *printed.outputs)] == [
        "(1, 0.69)\n(2, 0.0)\n",
        "a\n",
    ]
    assert (error.outputs[0].ename, error.outputs[0].evalue) == ("ValueError", "no law")
    assert not last.outputs


@pytest.mark.parametrize(
    ("chapter", "error"),
    [("# One\n\n{unknown}`x`\n", UnknownRoleError), ("# One\n\n```{unknown}\n```\n", ValueError)],
)
def test_what_notebooks_do_not_know_is_an_error(
    tmp_path: Path, chapter: str, error: type[ValueError]
) -> None:
    with pytest.raises(error, match="do not know"):
        tiny(tmp_path, chapter)


def test_examples_keep_what_cells_need(tmp_path: Path) -> None:
    cell = "```{{code-cell}} python\n{}\n```\n"
    example = "```python\n>>> x, y = 5, 6\n>>> x\n5\n>>> x = 7\n```\n"
    cells = [cell.format("x, y, z = 1, 2, 3"), example, cell.format("y = 4\nx + y + z")]
    notebook = tiny(tmp_path, "\n".join(["# One\n", *cells, example, cell.format("y")]))
    found = [cell.source for cell in code(notebook)][2:]
    assert found == [
        "kept_x = x  # for a cell below\nx, y = 5, 6\nx",
        "x = 7",
        "x = kept_x\ny = 4\nx + y + z",
        "kept_y = y  # for a cell below\nx, y = 5, 6\nx",
        "x = 7",
        "y = kept_y\ny",
    ]
    values = [cell.outputs[-1].data["text/plain"] for cell in code(run(notebook)) if cell.outputs]
    assert values == ["5", "8", "5", "4"]


def test_pieces_and_options() -> None:
    found = list(pieces("---\na: b\n---\none\n\n```{name} argument\n:x: y\n\nbody\n```\ntwo\n"))
    assert [(piece.name, piece.argument) for piece in found if piece.content.strip()] == [
        ("", ""),
        ("name", "argument"),
        ("", ""),
    ]
    assert options(next(piece.content for piece in found if piece.name)) == ({"x": "y"}, "\nbody\n")


# ------------------------------------------------------------------------------- EPUB and PDF

CHAPTER = """\
# One

```{equation} eq-one
:title: One
:kind: identity
:for: number $x$
:source: elementary

x = x

>>> 1
1
```

```{slider} any
:name: fig-one
:alt: any
Any.
```
"""
TEX = r"""
\label{\detokenize{one:eq-one}}
\bookdisplay{x = x}
\begin{figure}\sphinxincludegraphics{{picture}.pdf}\label{\detokenize{one:fig-one}}\end{figure}
"""
PAGE = """\
<div id="eq-one"><math xmlns="http://www.w3.org/1998/Math/MathML" display="block"></math></div>
<figure id="fig-one"><img alt="" src="_images/picture.svg" /></figure>
"""


@pytest.fixture
def small(tmp_path: Path) -> Book:
    """Return a book of one result and one figure."""
    index = "# T\n\n```{toctree}\n:caption: Chapters\none\n```\n"
    (tmp_path / "index.md").write_text(index, encoding="utf-8")
    (tmp_path / "one.md").write_text(CHAPTER, encoding="utf-8")
    (tmp_path / "picture.pdf").touch()
    return read_book(tmp_path)


def test_book_is_counted(small: Book, book: Book) -> None:
    assert (formulas(small), figures(small)) == (1, {"fig-one"})
    steps = sum(len(chain.steps) for block in book.derivations for chain in block.chains)
    assert formulas(book) > len(book.equations) + steps


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("", "", None),
        ("one:eq-one", "one:eq-two", "eq-one is missing"),
        ("one:fig-one", "one:fig-two", "fig-one is missing"),
        (r"\bookdisplay", r"\display", "1 formulas are in the blocks, and 0 are displayed"),
        (r"\sphinxincludegraphics{{picture}.pdf}", "", "a figure has no picture: fig-one"),
        ("{picture}", "{other}", "there is no file other"),
    ],
)
def test_faults_in_latex_are_found(
    small: Book, tmp_path: Path, old: str, new: str, problem: str | None
) -> None:
    found = list(tex_problems(TEX.replace(old, new), tmp_path, small))
    assert found == ([problem] if problem else [])


@pytest.mark.parametrize(
    "line",
    [
        "Missing character: There is no x in font y!",
        "LaTeX Warning: Reference `a' on page 1 undefined on input line 2.",
        "LaTeX Warning: Hyper reference `a' on page 1 undefined on input line 2.",
        "LaTeX Warning: There were undefined references.",
        "LaTeX Warning: Label `a' multiply defined.",
        "Overfull \\hbox (20.5pt too wide) in paragraph at lines 1--2",
    ],
)
def test_faults_in_a_log_are_found(line: str) -> None:
    quiet = "This is XeTeX\nOverfull \\hbox (1.5pt too wide) in paragraph at lines 1--2\n"
    assert list(log_problems(quiet)) == []
    assert list(log_problems(f"{quiet}{line}\nmore\n")) == [line]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("", "", None),
        ('"eq-one"', '"eq-two"', "eq-one is missing"),
        ('display="block"', "", "1 formulas are in the blocks, and 0 are displayed"),
        ("picture.svg", "other.svg", "there is no file _images/other.svg"),
        ('<img alt="" src="_images/picture.svg" />', "", "a figure has no picture"),
    ],
)
def test_faults_in_an_ebook_are_found(
    small: Book, tmp_path: Path, old: str, new: str, problem: str | None
) -> None:
    file = tmp_path / "book.epub"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("one.xhtml", PAGE.replace(old, new))
        archive.writestr("_images/picture.svg", "<svg/>")
    found = list(epub_problems(file, small))
    assert [line[: len(problem or "")] for line in found] == ([problem] if problem else [])
