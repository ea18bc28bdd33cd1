"""What nothing computes is what was read, and a change of it is named."""

from pathlib import Path

import pytest

from tests.pins import PINS, ROOT, Place, book_pins, changes, page_pins, slider_pins

PAGE = """\
# Coins

```{equation} eq-coin
:title: A coin
:kind: identity
:for: $t \\in (0, 1)$
:if: $t \\ne 0.5$
:note: In bits for $n = 2$.
:source: {cite:t}`shannon1948`, Theorem 2

\\h{t} = \\h{1 - t}

>>> binary_entropy(0.25)  # at 0.25
0.562335144619
```

```{derivation} eq-coin
\\h{t}
  = \\h{1 - t}  % {eq}`eq-other`
  = \\h{t}      % twice
```

## Two coins

By {eq}`eq-coin` it is $\\kl{s}{t}$, that is 3 nats; see {eq}`eq-other`.

````{exercise} ex-coin
:title: Another 4
Show it for 5 coins.
````

```{code-cell} python
---
mystnb:
  image:
    alt: A line.
  figure:
    name: fig-coin
    caption: From {eq}`eq-coin` with 7 coins.
---
plt.ylabel("nats")
plt.show()
```

```{slider} coins
---
name: fig-slider
alt: A line.
---
Only 8 coins.
```
"""


def listing(folder: Path, text: str = PAGE) -> list[str]:
    (folder / "coins.md").write_text(text, encoding="utf-8")
    return page_pins(folder / "coins.md", "coins.md")


def test_what_nothing_computes_was_read() -> None:
    found = [*changes(PINS.read_text("utf-8").splitlines(), book_pins(ROOT))]
    if found:
        found.append("If this is meant and right, run: make pins")
        pytest.fail("\n".join(found), pytrace=False)


def test_the_list_names_section_result_exercise_and_figure(tmp_path: Path) -> None:
    lines = listing(tmp_path)
    assert lines[0].startswith("coins.md, eq-coin; kind: identity; source: shannon1948, Theorem 2;")
    assert lines[0].endswith("numbers: 0.25, 2; units: bits")
    assert lines[1].startswith("coins.md, eq-coin, derivation 1; reasons: ")
    assert lines[2] == (
        "coins.md, Two coins; numbers: 3; units: nats; functionals: kl{s}{t};"
        " references: eq eq-coin, eq eq-other"
    )
    assert lines[3:] == [
        "coins.md, ex-coin; numbers: 4, 5",
        "coins.md, fig-coin; kind: figure; numbers: 7; units: nats; references: eq eq-coin",
        "coins.md, fig-slider; kind: figure; numbers: 8",
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("is 3 nats", "is 4 nats", "Two coins: the numbers changed: 3 became 4"),
        ("3 nats", "3 bits", "Two coins: the units changed: nats became bits"),
        (r"\kl{s}{t}", r"\kl{t}{s}", "the functionals changed: kl{s}{t} became kl{t}{s}"),
        ("see {eq}`eq-other`", "see {eq}`eq-coin`", "references changed: eq eq-other became eq "),
        ("{cite:t}`shannon1948`", "{cite:t}`hartley1928`", "source changed: shannon1948"),
        ("Theorem 2", "Theorem 3", "eq-coin: the source changed: Theorem 2 became Theorem 3"),
        (":if: $t \\ne 0.5$\n", "", "eq-coin: the if changed"),
        ("(0, 1)", "[0, 1]", "eq-coin: the for changed"),
        ("# at 0.25", "# at 0.75", "eq-coin: the numbers changed: 0.25 became 0.75"),
        ("% twice", "% thrice", "eq-coin, derivation 1: the reasons changed"),
        ("  = \\h{t}      % twice\n", "", "eq-coin, derivation 1: the reasons changed"),
        ("fig-coin", "fig-coins", "coins.md, fig-coin: the kind changed: figure became nothing"),
        ('ylabel("nats")', 'ylabel("bits")', "fig-coin: the units changed: nats became bits"),
        ("with 7 coins", "with 9 coins", "fig-coin: the numbers changed: 7 became 9"),
        ("Only 8", "Only 9", "fig-slider: the numbers changed: 8 became 9"),
        ("5 coins", "6 coins", "ex-coin: the numbers changed: 5 became 6"),
    ],
)
def test_a_change_is_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert PAGE.count(before) == 1
    old, new = listing(tmp_path), listing(tmp_path, PAGE.replace(before, after))
    assert said in "\n".join(changes(old, new))
    assert [*changes(old, old)] == []


def test_ranges_of_sliders_are_listed(tmp_path: Path) -> None:
    code = [
        "def coins():",
        "    t = np.linspace(-1, 2.5, 8)",
        "    return Parameter('t', f(9), t, 3)",
    ]
    (tmp_path / "figures.py").write_text("\n".join(code), encoding="utf-8")
    assert [*slider_pins(tmp_path / "figures.py")] == ["figures.py, coins; ranges: 1 2.5 8 9 3"]


def test_two_references_exchanged_are_noticed(tmp_path: Path) -> None:
    exchanged = PAGE.replace("By {eq}`eq-coin`", "By {eq}`eq-other`")
    exchanged = exchanged.replace("see {eq}`eq-other`", "see {eq}`eq-coin`")
    (said,) = changes(listing(tmp_path), listing(tmp_path, exchanged))
    assert said.endswith("Two coins: the references changed: they stand in another order")


def test_words_that_say_nothing_of_this_may_change(tmp_path: Path) -> None:
    mended = PAGE.replace("it is", "it was").replace("Show it", "Prove it")
    assert listing(tmp_path, mended) == listing(tmp_path)


def test_a_formula_that_nothing_evaluates_is_listed(tmp_path: Path) -> None:
    text = PAGE.replace(":if:", ":tested: tests/test_a.py::test_b\n:if:")
    (said,) = changes(
        listing(tmp_path, text), listing(tmp_path, text.replace("= \\h{1 -", "= \\h{1 +", 1))
    )
    assert "eq-coin: the formula changed" in said


def test_a_place_without_anything_to_list_is_its_name() -> None:
    assert str(Place("a.md, Sources", ["Words alone."])) == "a.md, Sources"
