"""Formulas become HTML while the book is built, and bad ones are found."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from katex_math import KatexError, bind, display_html, engine, macros, mathml, render
from katex_math.engine import stack

ROOT = Path(__file__).parent.parent
EXTENSION = ROOT / "book" / "_ext" / "katex_math"
STYLES = ROOT / "book" / "_static" / "katex"


def test_formula_has_print_and_mathml() -> None:
    html = render(r"\frac{p}{q}")
    assert '<span class="katex-html" aria-hidden="true">' in html
    assert "<mfrac><mi>p</mi><mi>q</mi></mfrac>" in html
    assert r'<annotation encoding="application/x-tex">\frac{p}{q}</annotation>' in html


def test_brackets_in_mathml_grow_only_with_what_is_in_them() -> None:
    flat = mathml(r"\KL{p}{\abs{q}}")
    assert "fence" not in flat
    assert flat.count('stretchy="false"') == 5
    assert flat.count('lspace="0em" rspace="0em">∣</mo>') == 2
    assert "mspace" not in flat
    assert mathml(r"\left( \big| x \big| \right)").count('<mo fence="true">') == 2
    bar = mathml(r"\left( \abs{q} + \frac{a}{b} \right)")
    assert bar.count('<mo fence="true">') == 2
    high = mathml(r"\left( \frac{\left( a \right)}{b} \right)")
    assert high.count('<mo fence="true">(</mo>') == 1
    assert high.count('<mo stretchy="false">(</mo><mi>a</mi>') == 1


@pytest.mark.parametrize("name", macros())
def test_macros_of_the_book_can_be_set(name: str) -> None:
    arguments = sorted(set(re.findall(r"#(\d)", macros()[name])))
    formula = name + "".join(f"{{a_{k}}}" for k in arguments)
    assert "katex" in render(f"x^{{{formula}}}" if name == r"\T" else formula)


def test_formulas_outlive_the_event_loop_in_which_the_first_was_set() -> None:
    engine._runtime.cache_clear()  # noqa: SLF001 - so that the next formula is the first

    async def first() -> str:
        return mathml("x_1")

    assert "<mn>1</mn>" in asyncio.run(first())
    assert "<mn>2</mn>" in mathml("x_2")


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\nosuch{x}", r"Undefined control sequence: \\nosuch"),
        (r"\frac{a}", "Unexpected end of input"),
        (r"{a", r"Expected '}'"),
        ("a – b", "Unrecognized Unicode character"),
        (r"\begin{multline} a \end{multline}", "No such environment: multline"),
    ],
)
def test_error_says_what_is_wrong_and_where(latex: str, message: str) -> None:
    with pytest.raises(KatexError, match=message) as error:
        render(latex)
    assert latex in str(error.value)


@pytest.mark.parametrize(
    ("latex", "stacked"),
    [
        ("a = b", "a = b"),
        ("a = b \\\\ c", "&a = b \\\\\n&c"),
        ("a\n\n c", "&a\\\\\n&c"),
        ("a &= b \\\\\n &= c \\\\", "a &= b \\\\\n&= c \\\\"),
        ("a \\\\[4pt] b", "&a \\\\[4pt]\n&b"),
        (r"\{ a \\ b \}", "&\\{ a \\\\\n&b \\}"),
    ],
)
def test_rows_are_stacked(latex: str, stacked: str) -> None:
    expected = latex if stacked == latex else f"\\begin{{aligned}}\n{stacked}\n\\end{{aligned}}"
    assert stack(latex) == expected
    assert "katex-display" in render(latex, display=True)


@pytest.mark.parametrize(
    "latex",
    [
        "\\begin{cases} 1 & 2 \\\\ 3 & 4 \\end{cases}",
        "\\begin{aligned} a &= b \\\\ &= c \\end{aligned}",
        "\\sum_{\\substack{x \\\\ y}} p",
    ],
)
def test_rows_inside_are_left_alone(latex: str) -> None:
    assert stack(latex) == latex
    assert "katex-display" in render(latex, display=True)


def test_display_formula_scrolls_in_a_box_with_a_name() -> None:
    start = '<div class="math-scroll" tabindex="0" role="group" aria-label="Formula 3.1">'
    assert display_html("a", label="Formula 3.1").startswith(start)


@pytest.mark.parametrize(
    ("latex", "parts", "bound"),
    [("p", 1, '<span class="bound">(<span class="katex">'), ("a = b", 2, '(<span class="katex">')],
)
def test_punctuation_stays_with_a_formula(latex: str, parts: int, bound: str) -> None:
    html = bind(render(latex), "(", "),")
    assert html.startswith(bound)
    assert html.endswith("</span></span>),</span>")
    assert html.count("katex-base") == render(latex).count("katex-base") == parts
    assert html.count("<span") == html.count("</span")


FORK = """
import os
from katex_math import render

render("x + 1")
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    os.write(writer, render("y + 2").encode())
    os._exit(0)
os.close(writer)
with os.fdopen(reader) as pipe:
    assert pipe.read() == render("y + 2")
assert os.waitpid(child, 0)[1] == 0
"""


def run(program: str, *arguments: str) -> str:
    """Run one of these programs in an interpreter of its own."""
    paths = [str(EXTENSION.parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(  # noqa: S603  (a program of this file)
        [sys.executable, "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_forked_process_gets_a_runtime_of_its_own() -> None:
    run(FORK)  # in this one, other tests load libraries that do not survive a fork


KEPT = """
import sys
from pathlib import Path
from katex_math import render
from katex_math.engine import keep
keep(Path(sys.argv[1]))
print(render("x + 1"), end="")
"""


def test_a_damaged_file_of_formulas_is_made_anew(tmp_path: Path) -> None:
    def kept() -> str:
        return run(KEPT, str(file))

    file = tmp_path / "katex.sqlite"
    right = kept()
    whole = file.read_bytes()
    assert right == render("x + 1")
    assert right.encode() in whole
    for damaged in (
        b"",
        b"no database",
        whole[: len(whole) // 2],
        bytes(4096) + whole[4096:],
        whole[:4096] + bytes(4096) + whole[8192:],
        whole.replace(b"<mn>1</mn>", b"<mn>2</mn>"),
        whole.replace(b"<mn>1</mn>", b"<mn>\xff</mn>"),
    ):
        assert damaged != whole
        file.write_bytes(damaged)
        assert kept() == right
        assert right.encode() in file.read_bytes()


def test_stylesheet_and_fonts_come_with_the_book() -> None:
    css = (STYLES / "katex.min.css").read_text("utf-8")
    named = re.findall(r"url\(([^)]*)\)", css)
    assert sorted(named) == sorted(f"fonts/{file.name}" for file in (STYLES / "fonts").iterdir())


def test_stylesheet_is_of_the_same_version_as_the_script() -> None:
    css = (STYLES / "katex.min.css").read_text("utf-8")
    script = (EXTENSION / "katex.min.js").read_text("utf-8")
    (version,) = re.findall(r"^/\*! KaTeX ([0-9.]+), ", css)
    assert f'"{version}"' in script


def test_licence_lies_beside_both() -> None:
    assert (EXTENSION / "LICENSE").read_bytes() == (STYLES / "LICENSE").read_bytes()
