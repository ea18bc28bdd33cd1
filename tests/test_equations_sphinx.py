"""A tiny book is built: results get numbers, anchors and links, and faults are reported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import sphinx_books

PACKAGE = '''\
"""A package of one function."""

__all__ = ["half"]


def half(x):
    """Halve a number.

    Equation :eq:`eq-half-def`.
    """
    return x / 2
'''

INDEX = """\
# Tiny

```{toctree}
:caption: Chapters
first
second
```

```{toctree}
:caption: Reference
api
```

```{results} all
```
"""

FIRST = """\
# One

See {eq}`eq-half-def`, {eq}`its half <eq-half-twice>` and {eq}`ex-first-quarter`.

::::{exercise} ex-first-quarter
:title: Quarters
A **quarter**?
::::
"""

SECOND = """\
# Two

```{equation} eq-half-def
:title: Half of $x$
:kind: definition
:for: $x > 0$
:code: half
:source: elementary

\\frac{x}{2} = x - \\frac{x}{2}

>>> 1 / 2
0.5
```

```{equation} eq-half-twice
:title: Two halves
:kind: identity
:for: $x > 0$
:source: elementary

\\frac{x}{2} + \\frac{x}{2} = x

>>> 0.5 + 0.5
1.0
```

```{derivation} eq-half-twice
\\frac{x}{2} + \\frac{x}{2}
  = 2 \\cdot \\frac{x}{2}  % add
  = x                    % {eq}`eq-half-def`
```

```{results}
```
"""

API = """\
API
===

.. automodule:: tinyhalf
   :members:
"""


class TinyBook:
    """The sources of a tiny book in a folder, and a way to build it."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "book"
        self.out = folder / "html"
        self.source.mkdir()
        pages = {"index.md": INDEX, "first.md": FIRST, "second.md": SECOND, "api.rst": API}
        for name, text in pages.items():
            (self.source / name).write_text(text, encoding="utf-8")
        self.package = folder / "tinyhalf.py"
        self.package.write_text(PACKAGE, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.package if name == "tinyhalf.py" else self.source / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def build(self, *extensions: str, **more: object) -> str:
        """Build the book, perhaps with further extensions and settings; return the warnings."""
        settings = {
            **sphinx_books.MARKDOWN,
            "extensions": ["sphinx.ext.autodoc", "myst_parser", "equations", *extensions],
            "equations_package": "tinyhalf",
            "nitpicky": True,
            **more,
        }
        doctrees = self.out.parent / "doctrees"
        return sphinx_books.build(self.source, self.out, doctrees, settings)

    def html(self, name: str) -> str:
        return (self.out / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyBook]:
    monkeypatch.syspath_prepend(tmp_path)
    yield TinyBook(tmp_path)
    sys.modules.pop("tinyhalf", None)


def test_results_have_numbers_anchors_and_links(book: TinyBook) -> None:
    assert book.build() == ""
    second = book.html("second")
    assert 'id="eq-half-def"' in second
    assert "(1.1)" in second
    assert 'href="api.html#tinyhalf.half"' in second
    assert "<h1>1  Two" in second
    first = book.html("first")
    assert 'href="second.html#eq-half-def" title="Definition 1.1: Half of x"' in first
    assert "its half" in first
    assert "Exercise 0.1" in first
    assert "<strong>quarter</strong>" in first
    assert 'href="second.html#eq-half-def"' in book.html("api")
    assert "Two halves" in book.html("index")


def test_numbers_on_other_pages_follow_a_change(book: TinyBook) -> None:
    assert book.build() == ""
    book.replace("index.md", "first\nsecond", "second\nfirst")
    assert book.build() == ""
    assert "(0.1)" in book.html("first")
    assert "Exercise 1.1" in book.html("first")


@pytest.mark.parametrize(
    ("page", "old", "new", "place", "message"),
    [
        ("second.md", ">>> 1 / 2\n0.5\n", "", "second.md:3", "eq-half-def has no numeric example"),
        ("second.md", "eq-half-twice\n:t", "eq-half-def\n:t", "second.md:16", "is used twice"),
        ("second.md", "half\n:s", "third\n:s", "second.md:3", "names third, which tinyhalf"),
        ("second.md", "-twice\n\\", "-thrice\n\\", "second.md:28", "which no equation defines"),
        ("second.md", ":code: half\n", "", "tinyhalf.py:6", "no equation names the public"),
        ("tinyhalf.py", ":eq:`eq-half-def`", "above", "second.md:3", "whose docstring does not"),
        ("first.md", "`eq-half-def`", "`eq-half-lost`", "first.md:3", "not found: eq-half-lost"),
        ("second.md", "% add", "", "second.md:30", "gives no reason"),
        ("second.md", "{2} = x\n", "{2} = 2 x\n", "second.md:16", "does not pass its checks"),
        ("second.md", "= 2 \\cdot", "= 3 \\cdot", "second.md:30", "does not pass its checks"),
    ],
)
def test_a_fault_is_a_warning_with_its_place(
    book: TinyBook, page: str, old: str, new: str, place: str, message: str
) -> None:
    book.replace(page, old, new)
    lines = [text for text in book.build().split("\n") if message in text]
    assert lines, "no warning"
    assert f"{place}: WARNING" in lines[0]
