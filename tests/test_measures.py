"""Signed measures and matrices: each digit of small masses, and sums in any blocks."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

from refimpl import _checks, _measures
from refimpl._measures import Signed
from tests.strategies import Array


def exact_law(p: Array) -> list[Fraction]:
    masses = [Fraction(float(x)) for x in p]
    return [x / sum(masses) for x in masses]


def test_laws_whose_sums_are_rounded() -> None:
    # In single precision sums differ from 1 by far more than the rounding of the differences.
    p, q = np.random.default_rng(0).dirichlet(np.ones(5), (2, 3)).astype(np.float32)
    found = _measures.difference_of_laws(_checks.law(-1, "p", p), _checks.law(-1, "q", q))
    assert found.dtype == np.float64
    for row, a, b in zip(found, p, q, strict=True):
        expected = [float(x - y) for x, y in zip(exact_law(a), exact_law(b), strict=True)]
        assert_allclose(row, expected, rtol=1e-13)
        assert abs(math.fsum(row)) <= 1e-16


def test_rounding_of_the_largest_mass_does_not_reach_the_small_ones() -> None:
    p, q = np.array([3e-12, 1e-12, 1.0]), np.array([1e-12, 2e-12, 1.0])
    for law in (p, q):
        law[2] -= law[:2].sum()
    both = [_checks.law(-1, "p", law) for law in (p, q)]
    exact = [x - y for x, y in zip(exact_law(p), exact_law(q), strict=True)]
    for these in (slice(None), slice(None, None, -1)):
        one, other = (law._replace(values=law.values[these]) for law in both)
        found = _measures.difference_of_laws(one, other)[these]
        assert_allclose(found, [float(x) for x in exact], rtol=1e-14)
        assert abs(math.fsum(found)) <= 1e-27
    others = np.array([[0.1, 0.3, 0.6], [0.7, 0.2, 0.1]])
    rows = [_checks.law(-1, "p", np.stack(pair)) for pair in zip((p, q), others, strict=True)]
    assert abs(math.fsum(_measures.difference_of_laws(*rows)[0])) <= 1e-27


def test_steps_are_summed_from_the_end_with_less_mass() -> None:
    mass = np.array([0.3, -0.1, -0.2, 1e-20, -1e-20])
    points = np.array([0.0, 1.0, 3.0, 7.0, 15.0])
    gaps, heights = _measures.steps(Signed(points, mass, 2.0))
    assert gaps.tolist() == [1, 2, 4, 8]
    assert heights.tolist() == [0.15, 0.1, 0, 0.5e-20]
    _, heights = _measures.steps(Signed(points, mass[::-1], 1.0))
    assert heights.tolist() == [-1e-20, 0, -0.2, -0.2 - 0.1]
    nothing = np.zeros(0)
    gaps, heights = _measures.steps(Signed(nothing, nothing, 1.0))
    assert gaps.size == heights.size == 0


@pytest.mark.parametrize("block", [1, 7, 10, 2**18])
def test_blocks_of_pairs(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_measures, "BLOCK", block)
    rng = np.random.default_rng(1)
    x, y, mass = rng.normal(size=5), rng.normal(size=4), rng.normal(size=5)

    def kernel(s: Array, t: Array) -> Array:
        return np.sin(s[:, None] + 2 * t)

    whole = _measures.matrix_form(mass / 3, kernel(x, x))
    assert _measures.quadratic_form(Signed(x, mass, 3.0), kernel) == pytest.approx(whole)
    products = [
        a * b * kernel(np.array([s]), np.array([t])).item()
        for (s, a), (t, b) in itertools.product(zip(x, mass, strict=True), repeat=2)
    ]
    assert whole == pytest.approx([sum(products) / 9, sum(map(abs, products)) / 9])
    assert _measures.mean_of_pairs(x, y, kernel) == pytest.approx(kernel(x, y).mean())
    different = [kernel(x[[i]], x[[j]]).item() for i, j in itertools.permutations(range(5), 2)]
    assert _measures.mean_of_different(x, kernel) == pytest.approx(np.mean(different))
    assert _measures.steepest_between(x, np.stack([x, 2 * x], axis=1)) == pytest.approx(5**-0.5)
    assert [k for part in _measures.rows(9, 4) for k in range(9)[part]] == list(range(9))


def test_kernels_of_a_width() -> None:
    x, y = np.array([0.0, 1.0]), np.array([3.0])
    assert_allclose(_measures.gaussian(2.0)(x, y) + 1, np.exp([[-9 / 8], [-4 / 8]]))
    assert_allclose(_measures.laplace(2.0)(x, y) + 1, np.exp([[-3 / 2], [-2 / 2]]))


def test_norms_of_matrices_of_any_size() -> None:
    for largest in (5e-324, 1e-200, 1.0, 1e200, 1.5e308):
        matrix = np.array([[0.0, 0.0], [0.0, -largest]])
        assert _measures.root_sum_of_squares(matrix) == largest
        assert _measures.largest_singular_value(matrix) == pytest.approx(largest)
    assert _measures.root_sum_of_squares(np.zeros((2, 3))) == 0
    assert _measures.root_sum_of_squares(np.array([[3e200], [4e200]])) == pytest.approx(5e200)
