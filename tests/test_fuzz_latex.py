"""Any text may stand in a block: it is read, or a documented error says why not, in time.

The texts are statements of the book with words cut, doubled, swapped and nested, and any bytes.
Nothing of a page but its examples, its cells and its `:code:` calls is ever run as Python.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tests.strategies  # noqa: F401  # its import sets the profile of Hypothesis
from equations.blocks import Block, BlockError, Derivation, Equation, read_page
from equations.book import read_book
from equations.syntax import LatexError, parse, parse_sum
from equations.verdicts import check_derivation, check_equation

ROOT = Path(__file__).parent.parent
EXAMPLES = int(os.environ.get("EXAMPLES", "0"))  # `make fuzz` sets it; then they are new ones
SECONDS = 30  # processor time that one text may take
CALLABLES = {"p": True, "q": True, "p_": True, "D": True, "z_": True}


@functools.cache
def statements() -> tuple[str, ...]:
    """Return the statements and steps of the book."""
    blocks = [b for page in read_book(ROOT / "book").pages for b in page.blocks]
    found = [b.statement for b in blocks if isinstance(b, Equation)]
    return (*found, r"\KL{p}{q} = \sum_x p(x) \log \frac{p(x)}{q(x)}")


WORD = re.compile(r"\\[A-Za-z]+|[A-Za-z]|\d+|\s+|.", re.DOTALL)
PIECES = (
    *(
        r"\frac",
        r"\sum_x",
        r"\left(",
        r"\right)",
        r"\log",
        r"\KL",
        r"\int_0^1",
        r"\max_{x}",
        "{",
        "}",
    ),
    *(
        "(",
        ")",
        "|",
        r"\|",
        "^",
        "_",
        "=",
        r"\le",
        ":=",
        "p(x)",
        "q",
        "2",
        "-",
        "+",
        r"\\",
        "&",
        "\x00",
    ),
    *(
        r"\E{x\sim p}",
        r"\begin{cases}",
        r"\end{cases}",
        r"\to",
        r"\lim",
        "é",
        "√",
        "'",
        "%",
        "$",
        "__",
    ),
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw a statement of the book with some of its words changed."""
    words = WORD.findall(draw(st.sampled_from(statements())))
    for _ in range(draw(st.integers(1, 4))):
        if not words:
            break
        i, j = sorted(draw(st.tuples(*[st.integers(0, len(words))] * 2)))
        kind = draw(st.integers(0, 4))
        if kind == 0:
            del words[i : min(j, i + 5)]
        elif kind == 1:
            words[i:i] = words[i:j]
        elif kind == 2:
            words.insert(i, draw(st.sampled_from(PIECES)))
        elif kind == 3:
            words[i:j] = reversed(words[i:j])
        else:
            other = WORD.findall(draw(st.sampled_from(statements())))
            words[i:i] = other[: draw(st.integers(0, len(other)))]
    return "".join(words)[:20_000]


# What opens and closes brackets, braces, fractions, signs and powers in each other.
NESTS = [
    *[("(", ")"), ("{", "}"), (r"\frac{1}{", "}"), ("-", ""), ("2^{", "}"), (r"\log ", "")],
    *[(r"\left(", r"\right)"), ("|", "|"), (r"\sum_x ", ""), (r"\KL{p}{", "}"), ("p + ", "")],
]


def in_time(start: float) -> bool:
    return time.process_time() - start < SECONDS


@settings(max_examples=EXAMPLES or 60, derandomize=not EXAMPLES)
@given(st.one_of(mutated(), st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
@example("(" * 100_000)
@example("-" * 100_000 + "p")
@example("__import__('os').system('true')")
def test_latex(text: str) -> None:
    try_latex(text)


@pytest.mark.parametrize(("start", "end"), NESTS)
@pytest.mark.parametrize("count", [30, 1000])
def test_nested_latex(start: str, end: str, count: int) -> None:
    try_latex(start * count + "p(x)" + end * count)
    try_latex(start * count + "p(x)" + end * (count - 1))


def try_latex(text: str) -> None:
    start = time.process_time()
    for read in (parse, parse_sum):
        try:
            read(text, CALLABLES)
        except LatexError as error:
            assert 0 <= error.at <= len(text)  # noqa: PT017 - it may be read as well
            assert str(error)  # noqa: PT017 - likewise
    assert in_time(start)


PAGE = """```{equation} eq-tried
:title: T
:kind: identity
:for: laws $p$, $q$ on a finite set
:where: $m := \\tfrac12 p + \\tfrac12 q$
:source: elementary

\\KL{p}{q} = \\CE{p}{q} - \\H{p}

>>> 1
1
```

```{derivation} eq-tried
\\KL{p}{q}
  = \\sum_x p(x) \\log \\frac{p(x)}{q(x)}  % {eq}`eq-kl-def`
  = \\CE{p}{q} - \\H{p}  % because
```
"""


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """Draw a page with some of its bytes and lines changed."""
    page = draw(st.sampled_from([PAGE, *sorted(chapter_parts())])).encode()
    for _ in range(draw(st.integers(1, 5))):
        i, j = sorted(draw(st.tuples(*[st.integers(0, len(page))] * 2)))
        j = min(j, i + 40)
        kind = draw(st.integers(0, 3))
        piece = draw(st.one_of(st.binary(max_size=6), st.sampled_from(MARKS)))
        page = (
            page[:i] + page[j:],
            page[:i] + page[i:j] + page[i:],
            page[:i] + piece + page[i:],
            page[:i] + piece + page[j:],
        )[kind]
    return page


MARKS = (
    b"```",
    b":::",
    b"\n",
    b"\n\n",
    b":for:",
    b"% ",
    b">>> ",
    b"{equation} ",
    b"$",
    b"`",
    b"    ",
)


@functools.cache
def chapter_parts() -> tuple[str, ...]:
    """Return the blocks of a chapter, as pages of their own."""
    text = (ROOT / "book" / "kl.md").read_text("utf-8")
    found = re.findall(
        r"^```\{(?:equation|derivation|exercise)\}.*?^```$", text, re.MULTILINE | re.DOTALL
    )
    return tuple(part + "\n" for part in found)


def read(tmp: Path, page: bytes) -> tuple[Block, ...]:
    tmp.write_bytes(page)
    try:
        found = read_page(tmp)
    except UnicodeDecodeError:  # which `make equations` names with the file
        return ()
    assert all(isinstance(error, BlockError) for error in found.errors)
    return found.blocks


@settings(max_examples=EXAMPLES or 60, derandomize=not EXAMPLES)
@given(page=pages())
@example(page=b"```{exercise} a\n" * 200)
@example(page=b"".join(b"`" * n + b"{note}\n" for n in range(300, 3, -1)))
@example(page=b"> " * 3000 + b"```{equation} eq-a\n")
def test_blocks(page: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    try_page(tmp_path_factory.getbasetemp() / "page.md", page)


def try_page(tmp: Path, page: bytes) -> None:
    start = time.process_time()
    read(tmp, page)
    assert in_time(start)


# Nothing is evaluated as Python.

FIELDS = ("title", "kind", "for", "if", "where", "note", "source", "tight", "slack", "equivalent")
MORE = ("also-true", "tested", "illustrated", "statement", "id", "reason", "step", "shows", "code")
PAYLOADS = (
    "__import__('pathlib').Path({0!r}).touch()",
    "${{__import__('pathlib').Path({0!r}).touch()}}$",
    "$p := __import__('pathlib').Path({0!r}).touch()$",
    "{{{{ __import__('pathlib').Path({0!r}).touch() }}}}",
    "kl_divergence(p, __import__('pathlib').Path({0!r}).touch())",
    "kl_divergence(p, q.__class__.__base__.__subclasses__())",
    "(lambda: open({0!r}, 'w'))()",
    "entropy.__globals__['__builtins__']['open']({0!r}, 'w')",
    "tests/x.py::open({0!r}, 'w')",
)


def planted(field: str, payload: str) -> str:  # noqa: PLR0911 - one for each kind of field
    """Return the page with a payload in one of its fields."""
    if field == "statement":
        return PAGE.replace(r"\KL{p}{q} = \CE", payload + r" = \CE")
    if field == "id":
        return PAGE.replace("eq-tried", payload)
    if field == "reason":
        return PAGE.replace("because", payload)
    if field == "step":
        return PAGE.replace(r"\CE{p}{q} - \H{p}  %", payload + "  %")
    if field == "shows":
        return PAGE.replace(
            "{derivation} eq-tried\n", f"{{derivation}} eq-tried\n:shows: {payload}\n\n"
        )
    option = f":{field}: {payload}\n"
    if f"\n:{field}:" in PAGE:
        return re.sub(rf"(?<=\n):{field}:.*\n", lambda _: option, PAGE, count=1)
    return PAGE.replace(":source:", option + ":source:", 1)


@pytest.mark.parametrize("field", [*FIELDS, *MORE])
def test_no_field_is_run_as_python(field: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    opened: list[str] = []
    active = [True]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if active[0] and event == "open" and str(arguments[0]) == str(mark):
            opened.append(event)

    sys.addaudithook(hook)
    start = [*FIELDS, *MORE].index(field)
    for payload in PAYLOADS if EXAMPLES else (PAYLOADS * 2)[start % 7 :][:2]:
        page = planted(field, payload.format(str(mark)))
        assert page != PAGE
        equation = None
        for block in read(tmp_path / "page.md", page.encode()):
            if isinstance(block, Equation):
                equation = block
                assert isinstance(check_equation(block).ok, bool)
            elif isinstance(block, Derivation):
                assert all(isinstance(v.ok, bool) for v in check_derivation(block, equation))
    active[0] = False
    assert not mark.exists()
    assert not opened


def test_the_payload_would_be_seen(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    eval(PAYLOADS[0].format(str(mark)))  # noqa: S307 - that is the fault that is planted
    assert mark.exists()
