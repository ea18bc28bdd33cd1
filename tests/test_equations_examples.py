"""Examples are compared by the digits that the page prints."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from equations.examples import ExampleFailed, digits_agree, run_example


@pytest.mark.parametrize(
    ("printed", "computed"),
    [
        ("0.333333333333", "0.3333333333333333"),
        ("0.666666666667", "0.6666666666666666"),
        ("1.50000000000", "1.5"),
        ("1.75", "1.7500000000000002"),
        ("-2.5e-20", "-2.5e-20"),
        ("0.0", "0.0"),
    ],
)
def test_a_number_rounded_to_its_printed_digits_agrees(printed: str, computed: str) -> None:
    assert digits_agree(printed, computed)


@pytest.mark.parametrize(
    ("printed", "computed"),
    [
        ("0.333333333334", "0.3333333333333333"),
        ("0.333333333332", "0.3333333333333333"),
        ("0.666666666666", "0.6666666666666666"),
        ("1.75", "1.7512"),
        ("0.0", "1e-9"),
        ("2.5e-20", "2.6e-20"),
        ("0.5", "-0.5"),
    ],
)
def test_a_wrong_digit_does_not_agree(printed: str, computed: str) -> None:
    assert not digits_agree(printed, computed)


def run(source: str) -> None:
    run_example("example", source, Path("page.md"), 7)


@pytest.mark.parametrize(
    "source",
    [
        ">>> math.pi\n3.14159265359\n",
        ">>> np.array([1 / 3, 2 / 3])\narray([0.33333333, 0.66666667])\n",
        ">>> [1 / 3, 2 / 3]\n[0.333333333333, 0.666666666667]\n",
        ">>> inf, 1 / 3\n(inf, 0.333333333333)\n",
        ">>> [3, 'a']\n[3, 'a']\n",
        ">>> [][0]\nTraceback (most recent call last):\nIndexError: list index out of range\n",
    ],
)
def test_right_output_passes(source: str) -> None:
    run(source)


@pytest.mark.parametrize(
    "source",
    [
        ">>> math.pi\n3.14159265358\n",
        ">>> math.pi\n4\n",
        ">>> 3\n3.0\n",
        ">>> 3\n4\n",
        ">>> inf\n1.5\n",
        ">>> (0.5, 0.25)\n(0.5,)\n",
        ">>> 'nats'\n'bits'\n",
        ">>> undefined\n1.0\n",
    ],
)
def test_wrong_output_fails_and_names_the_place(source: str) -> None:
    with pytest.raises(ExampleFailed, match=r'File "page\.md", line 7, in example'):
        run(source)


def test_each_block_starts_with_fresh_names() -> None:
    run(">>> leaked = 1\n")
    with pytest.raises(ExampleFailed, match="NameError"):
        run(">>> leaked\n1\n")


def test_a_second_line_is_named_by_its_number() -> None:
    with pytest.raises(ExampleFailed, match="line 8"):
        run(">>> x = math.inf\n>>> x\n1.0\n")


def test_the_names_of_the_package_are_there() -> None:
    assert math.isinf(math.inf)
    run(">>> kl_divergence([0.5, 0.5], [1.0, 0.0])\ninf\n")
