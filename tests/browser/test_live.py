"""Figures with sliders, moved by keys: the numbers on the page are those of refimpl."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Locator, expect

import refimpl
from sliders.figures import FIGURES
from tests.browser.keys import tab_to

Numbers = Mapping[str, float]


def parallel_segments(theta: float) -> Numbers:
    heights = (np.arange(16) + 0.5) / 16
    here, there = (np.stack([np.full(16, x), heights], axis=1) for x in (0.0, theta))
    uniform = np.full(16, 1 / 16)
    p, q = np.eye(2) if theta else np.full((2, 2), 0.5)  # the places that the two laws reach
    return {
        "W₁": refimpl.wasserstein(uniform, uniform, x=here, y=there).distance,
        "JS": refimpl.js_divergence(p, q),
        "KL(P ‖ Q)": refimpl.kl_divergence(p, q),
        "KL(Q ‖ P)": refimpl.kl_divergence(q, p),
    }


def two_normals(mean: float, std_p: float, std_q: float) -> Numbers:
    grid = np.arange(-20, 24, 0.01)
    p, q = (np.exp(-(((grid - m) / s) ** 2) / 2) / s for m, s in ((0.0, std_p), (mean, std_q)))
    return {
        "KL(p ‖ q)": refimpl.kl_gaussian(0, mean, std_p=std_p, std_q=std_q),
        "KL(q ‖ p)": refimpl.kl_gaussian(mean, 0, std_p=std_q, std_q=std_p),
        "JS": refimpl.js_divergence(p / p.sum(), q / q.sum()),
        "W₂": refimpl.wasserstein_gaussian(0, mean, std_p=std_p, std_q=std_q),
    }


def moving_mass(time: float) -> Numbers:
    bricks = [2, 5, 6, 4, 2, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 2, 4, 1, 0, 3, 6, 4]
    start, end = (np.repeat(np.arange(12.0), number) for number in bricks)
    p, q = (np.array(number) / 20 for number in bricks)
    points, mixture = np.arange(12.0), (1 - time) * p + time * q
    between = (1 - time) * start + time * end  # the best plan on the line keeps the order
    return {
        "moved: W₂ from p": refimpl.wasserstein_1d(between, start, order=2),
        "moved: W₂ to q": refimpl.wasserstein_1d(between, end, order=2),
        "mixed: W₂ from p": refimpl.wasserstein(mixture, p, x=points, order=2).distance,
        "mixed: W₂ to q": refimpl.wasserstein(mixture, q, x=points, order=2).distance,
    }


def sinkhorn_epsilon(epsilon: float) -> Numbers:
    points = (np.arange(10) + 0.5) / 10
    p = np.array([2, 8, 12, 8, 4, 2, 2, 2, 1, 1]) / 42
    q = np.array([1, 1, 2, 2, 4, 8, 6, 8, 6, 4]) / 42
    found = refimpl.sinkhorn(p, q, x=points, order=2, epsilon=epsilon)
    return {
        "cost": found.cost,
        "with entropy": found.value,
        "least cost": refimpl.wasserstein_1d(points, points, order=2, x_weights=p, y_weights=q)
        ** 2,
        "information": refimpl.mutual_information(found.plan),
    }


def distillation_temperature(temperature: float) -> Numbers:
    teacher, student = [4.0, 2.0, 1.0, 0.0, -1.0], [2.0, 2.5, 0.0, 1.0, -0.5]
    p, q = (refimpl.softmax(logits, temperature=temperature) for logits in (teacher, student))
    square = temperature**2
    return {
        "KL": refimpl.kl_divergence(p, q),
        "T² KL": square * refimpl.kl_divergence(p, q),
        "T² cross-entropy": square * refimpl.cross_entropy(p, q),
        "T² entropy of the teacher": square * refimpl.entropy(p),
        "steepest slope": temperature * np.abs(np.subtract(q, p)).max(),
    }


def pinsker_coins(heads_p: float, heads_q: float) -> Numbers:
    kl = refimpl.kl_divergence([heads_p, 1 - heads_p], [heads_q, 1 - heads_q])
    return {
        "TV": refimpl.total_variation([heads_p, 1 - heads_p], [heads_q, 1 - heads_q]),
        "KL(p ‖ q)": kl,
        "Pinsker": refimpl.pinsker_bound(kl),
        "Bretagnolle–Huber": refimpl.bretagnolle_huber_bound(kl),
    }


# Each figure: the page it is on, and its numbers for what its sliders say.
PLACES: dict[str, tuple[str, Callable[..., Numbers]]] = {
    "parallel-segments": ("transport.html", parallel_segments),
    "moving-mass": ("transport.html", moving_mass),
    "sinkhorn-epsilon": ("transport.html", sinkhorn_epsilon),
    "two-normals": ("ipms.html", two_normals),
    "distillation-temperature": ("losses.html", distillation_temperature),
    "pinsker-coins": ("fdivergences.html", pinsker_coins),
}
# From the start: a little to the right, to the end, to the beginning, a leap, and back a little.
KEYS = [["ArrowRight"] * 3, ["End"], ["Home"], ["PageUp"], ["ArrowLeft", "ArrowUp", "ArrowDown"]]


def read(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


def agrees(shown: str, value: float) -> bool:
    """Tell whether a number is the one on the page, up to half a unit of its last digit."""
    decimals = len(shown.partition(".")[2])
    if math.isinf(value):
        return read(shown) == value
    return math.isclose(read(shown), value, rel_tol=0, abs_tol=0.500001 * 10.0**-decimals)


def numbers(box: Locator) -> dict[str, str]:
    pairs = box.locator("dl > div").evaluate_all(
        "rows => rows.map(row => [...row.children].map(part => part.textContent))"
    )
    return dict(pairs)


def test_the_figures_of_the_book_are_all_here() -> None:
    assert PLACES.keys() == FIGURES.keys()


@pytest.mark.parametrize("name", PLACES)
def test_keys_move_the_figure_and_refimpl_agrees(
    context: BrowserContext, site: str, name: str
) -> None:
    address, computed = PLACES[name]
    page = context.new_page()
    page.goto(f"{site}{address}")
    box = page.locator(f".slider:has(#{name}-0)")
    # As a reference to the figure does: the Tab key goes on from there.
    figure = page.locator("figure").filter(has=box).get_attribute("id")
    page.goto(f"{site}{address}#{figure}")
    drawing = box.locator("svg").first
    seen = set()
    for slider in box.locator("input[type=range]").all():
        tab_to(page, slider, most=4)
        for keys in KEYS:
            before = drawing.inner_html()
            for key in keys:
                page.keyboard.press(key)
            values = [read(text) for text in box.locator("[data-value]").all_inner_texts()]
            shown, expected = numbers(box), computed(*values)
            assert shown.keys() == expected.keys()
            wrong = {
                symbol: (shown[symbol], value)
                for symbol, value in expected.items()
                if not agrees(shown[symbol], float(value))
            }
            assert wrong == {}, values
            assert tuple(values) in seen or drawing.inner_html() != before
            seen.add(tuple(values))
            said = slider.get_attribute("aria-valuetext") or ""
            assert said.endswith(", ".join(f"{key} = {text}" for key, text in shown.items()))
    assert len(seen) > 3
    expect(box.get_by_role("slider")).to_have_count(len(values))


@pytest.mark.parametrize(
    ("shown", "value", "same"),
    [
        ("0.123", 0.1234, True),
        ("0.123", 0.1236, False),
        ("−0.50", -0.502, True),
        ("∞", math.inf, True),
        ("∞", 1e9, False),
        ("1.000", math.inf, False),
    ],
)
def test_a_number_is_compared_to_its_last_digit(shown: str, value: float, *, same: bool) -> None:
    assert agrees(shown, value) is same
