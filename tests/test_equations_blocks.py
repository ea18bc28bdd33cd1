"""Blocks are read from Markdown as written, and a fault is reported with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from equations.blocks import (
    BlockError,
    Derivation,
    Equation,
    Example,
    Exercise,
    read_blocks,
    read_page,
    split_rows,
)

EQUATION = """\
```{equation} eq-half
:title: A half
:kind: identity
:for: $t > 0$
:note: A long note
  that goes on: here.
:code: f(t); g
:source: elementary

\\frac{t}{2}
  = t / 2 \\\\
t \\le t

>>> 1 / 2
0.5
```
"""

DERIVATION = """\
```{derivation} eq-half
:title: Split

a
  = b      % because
    + c    % of this
  \\le 50\\% + d
           % {eq}`eq-half`

e
  \\to f   % (not run: a limit) by continuity
```
"""

EXERCISE = """\
::::{exercise} ex-half
:title: Halves
How much is a half?

:::{dropdown} Solution
```python
>>> 0.5
0.5
```
:::
::::

1. A list, with an example in it.

   ```python
   >>> 2
   2
   ```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text("# Page\n\n" + EQUATION + "\n" + DERIVATION + "\n" + EXERCISE)
    return path


def lines_of(path: Path) -> list[str]:
    return path.read_text().split("\n")


def test_an_equation_is_read_as_written(page: Path) -> None:
    equation = read_blocks(page)[0]
    assert isinstance(equation, Equation)
    assert (equation.id, equation.title, equation.kind) == ("eq-half", "A half", "identity")
    assert equation.options["note"] == "A long note that goes on: here."
    assert equation.functions == ("f", "g")
    assert equation.calls == ("f(t)", "g")
    assert equation.rows == ("\\frac{t}{2}\n  = t / 2", "t \\le t")
    assert equation.example == ">>> 1 / 2\n0.5\n"


def test_lines_of_an_equation_are_lines_of_the_file(page: Path) -> None:
    equation = read_blocks(page)[0]
    assert isinstance(equation, Equation)
    lines = lines_of(page)
    assert lines[equation.line - 1] == "```{equation} eq-half"
    assert lines[equation.statement_line - 1] == "\\frac{t}{2}"
    assert lines[equation.example_line - 1] == ">>> 1 / 2"


def test_a_derivation_has_chains_of_steps_with_reasons(page: Path) -> None:
    derivation = read_blocks(page)[1]
    assert isinstance(derivation, Derivation)
    assert derivation.title == "Split"
    first, second = derivation.chains
    assert (first.head, second.head) == ("a", "e")
    assert [(s.relation, s.latex, s.reason) for s in first.steps] == [
        ("=", "b + c", "because of this"),
        ("\\le", "50\\% + d", "{eq}`eq-half`"),
    ]
    (limit,) = second.steps
    assert (limit.relation, limit.not_run, limit.reason) == ("\\to", "a limit", "by continuity")
    lines = lines_of(page)
    assert [lines[step.line - 1].split()[0] for step in first.steps] == ["=", "\\le"]
    assert lines[second.line - 1] == "e"


def test_an_example_belongs_to_the_exercise_around_it(page: Path) -> None:
    blocks = read_blocks(page)
    exercise, *examples = blocks[2:]
    assert isinstance(exercise, Exercise)
    assert (exercise.id, exercise.title) == ("ex-half", "Halves")
    assert [example.id for example in examples] == ["ex-half", "example-2"]
    lines = lines_of(page)
    for example in examples:
        assert isinstance(example, Example)
        assert lines[example.line - 1].strip() == example.source.split("\n")[0]


def test_rows_are_not_split_inside_an_environment() -> None:
    cases = "x = \\begin{cases} 1 & a \\\\ 2 & b \\end{cases}"
    assert split_rows(f"{cases} \\\\ y = 2") == (cases, "y = 2")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (">>> 1 / 2\n0.5\n", "", "no numeric example"),
        (":title: A half\n", "", "has no :title:"),
        (":source: elementary\n", "", "has no :source:"),
        ("identity", "identify", "unknown kind"),
        (":note:", ":notes:", "unknown option :notes:"),
        (":for: $t > 0$", ":for: $t > 0$\n:for: $t > 0$", "given twice"),
        ("{equation} eq-half", "{equation} Half", "is no id"),
        ("\\frac{t}{2}\n  = t / 2 \\\\\nt \\le t\n", "", "no statement"),
        ("= b      % because\n    + c    % of this", "= b + c", "gives no reason"),
        ("a\n  = b", "  = b", "starts with a relation"),
        ("= b      % because\n    + c    % of this\n  \\le 50", "50", "has no step"),
        ("\\to f   %", "\\to %", "no right-hand side"),
        (DERIVATION, "```{derivation} eq-half\n```\n", "is empty"),
    ],
)
def test_a_fault_is_reported_with_file_and_line(
    page: Path, old: str, new: str, message: str
) -> None:
    text = page.read_text()
    assert old in text
    page.write_text(text.replace(old, new, 1))
    with pytest.raises(BlockError, match=message) as caught:
        read_blocks(page)
    assert str(caught.value).startswith(f"{page}:{caught.value.line}: ")
    assert 3 <= caught.value.line <= len(lines_of(page))


def test_an_id_used_twice_is_an_error(page: Path) -> None:
    page.write_text(page.read_text() + "\n" + EQUATION)
    with pytest.raises(BlockError, match=r"eq-half is used twice; first in page\.md:3"):
        read_blocks(page)


def test_one_bad_block_does_not_hide_the_others(page: Path) -> None:
    page.write_text(page.read_text().replace(":title: A half\n", "", 1))
    found = read_page(page)
    assert len(found.errors) == 1
    assert [type(block) for block in found.blocks] == [Derivation, Exercise, Example, Example]
