"""The book and the package agree: ids, functions, docstrings, bibliography."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types

import refimpl
from equations.blocks import Equation, fences, parse_equation
from equations.book import public_functions, read_book

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"


def test_blocks_and_package_agree() -> None:
    assert [str(problem) for problem in read_book(BOOK).problems(refimpl)] == []


def test_the_package_exports_what_its_modules_list() -> None:
    functions = [name for name in refimpl.__all__ if inspect.isfunction(getattr(refimpl, name))]
    assert sorted(public_functions(refimpl)) == sorted(functions)


def test_every_chapter_has_results_exercises_and_a_table_of_results() -> None:
    book = read_book(BOOK)
    assert book.chapters
    for chapter in book.chapters:
        kinds = {entry.label for entry in book.entries.values() if entry.chapter == chapter}
        assert {"Definition", "Exercise"} <= kinds, chapter
        assert "```{results}\n```" in (BOOK / f"{chapter}.md").read_text(encoding="utf-8"), chapter


def test_every_bibliography_entry_is_cited() -> None:
    keys = re.findall(r"^@\w+\{(\S+),", (BOOK / "references.bib").read_text("utf-8"), re.MULTILINE)
    text = "\n".join(path.read_text(encoding="utf-8") for path in BOOK.glob("*.md"))
    groups = re.findall(r"\{cite:\w+\}`([^`]+)`", text)
    cited = {key.strip() for group in groups for key in group.split(",")}
    assert sorted(set(keys)) == sorted(keys)
    assert set(keys) == cited


# ------------------------------------------------------------------------------- both ways


def unnamed(equation: Equation, root: Path) -> Iterator[str]:
    """Yield the tests in ``:tested:`` that do not name the result, so that it is the right one."""
    for name in re.split(r"[,;]\s*", equation.options.get("tested", "")):
        path, _, function = name.partition("::")
        if not path:
            continue
        text = (root / path).read_text("utf-8")
        found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
        sources = [ast.get_source_segment(text, node) for node in found if node.name == function]
        if not any(f":eq:`{equation.id}`" in (source or "") for source in sources):
            place = f"{equation.file}:{equation.line}"
            yield f"{place}: {equation.id} rests on {name}, which does not say :eq:`{equation.id}`"


def test_a_test_names_the_result_that_rests_on_it() -> None:
    equations = read_book(BOOK).equations
    assert [text for equation in equations for text in unnamed(equation, ROOT)] == []
    assert sum("tested" in equation.options for equation in equations) > 10


def test_a_test_of_something_else_is_found(tmp_path: Path) -> None:
    tests = "def test_a() -> None:\n    # :eq:`eq-a`\n    ...\n\n\ndef test_b() -> None:\n    ...\n"
    (tmp_path / "test_x.py").write_text(tests, "utf-8")
    block = "\n".join(
        f":{name}: {text}"
        for name, text in {
            "title": "A",
            "kind": "theorem",
            "for": "-",
            "source": "-",
            "tested": "test_x.py::test_a, test_x.py::test_b",
        }.items()
    )
    equation = parse_equation("eq-a", f"{block}\n\nx = x\n\n>>> 1\n1\n", tmp_path / "a.md", 1)
    assert [*unnamed(equation, tmp_path)] == [
        f"{equation.file}:1: eq-a rests on test_x.py::test_b, which does not say :eq:`eq-a`"
    ]


# ------------------------------------------------------------------------------- figures


DRAWS = re.compile(r"^ *plt\.show\(\)|^ *figure:$", re.MULTILINE)


def words_of(content: str, *, is_slider: bool) -> dict[str, Any]:
    """Return what stands above the code of a figure, and for sliders above the caption."""
    _, head, rest = content.split("---\n", 2) if content.startswith("---\n") else ("", "", "")
    options = yaml.safe_load(head) or {}
    if is_slider:
        return {**options, "caption": rest.strip()}
    book = options.get("mystnb") or {}
    return {**(book.get("image") or {}), **(book.get("figure") or {})}


def wordless(page: Path) -> Iterator[str]:
    """Yield what a page draws without words for it: figures without alt text, name or caption."""
    text = page.read_text("utf-8")
    for info, content in fences(text):
        is_slider = info.startswith("{slider}")
        if is_slider or (info.startswith("{code-cell}") and DRAWS.search(content)):
            words = words_of(content, is_slider=is_slider)
            missing = ", ".join(w for w in ("alt", "name", "caption") if not words.get(w))
            if missing:
                line = text[: text.index(content)].count("\n") + 1
                yield f"{page}:{line}: a figure has no {missing}"
    for found in re.finditer(r"^!\[\]\(", text, re.MULTILINE):
        line = text[: found.start()].count("\n") + 1
        yield f"{page}:{line}: an image has no alt text"


def test_every_figure_has_words_for_those_who_do_not_see_it() -> None:
    assert [text for page in BOOK.rglob("*.md") for text in wordless(page)] == []


FIGURE = """```{code-cell} python
---
mystnb:
  image:
    alt: A line.
  figure:
    name: fig-line
    caption: It rises.
---
plt.plot([0, 1])
plt.show()
```
"""


SLIDER = """```{slider} lines
---
name: fig-line
alt: >-
  A line.
---
It rises.
```
"""


@pytest.mark.parametrize("words", ["alt: >-\n  A line.\n", "name: fig-line\n", "It rises.\n"])
def test_a_slider_without_words_is_found(tmp_path: Path, words: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(SLIDER, "utf-8")
    assert [*wordless(page)] == []
    page.write_text(SLIDER.replace(words, ""), "utf-8")
    assert len([*wordless(page)]) == 1


@pytest.mark.parametrize("word", ["alt", "name", "caption"])
def test_a_figure_without_words_is_found(tmp_path: Path, word: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(FIGURE, "utf-8")
    assert [*wordless(page)] == []
    without = re.sub(rf"\n *{word}: .*", "", FIGURE)
    page.write_text(f"{without}\n![](line.svg)\n", "utf-8")
    assert [text.partition(": ")[2] for text in wordless(page)] == [
        f"a figure has no {word}",
        "an image has no alt text",
    ]
