"""Integral probability metrics: closed forms, second routes, inequalities between them."""

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, stats
from scipy.spatial.distance import cdist

from refimpl import (
    _transport,
    dudley_distance,
    energy_distance,
    integral_probability_metric,
    kolmogorov_distance,
    mmd,
    mmd_gaussian,
    mmd_squared,
    wasserstein_1d,
)
from tests.strategies import Array, laws, pairs

POINTS, P, Q = [0.0, 1.0, 3.0], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]
WEIGHTS: dict[str, Any] = {"x_weights": P, "y_weights": Q}
positions = st.one_of(st.integers(-3, 3).map(float), st.floats(-10, 10))
samples = st.lists(positions, min_size=1, max_size=7).map(np.array)


@st.composite
def weighted(draw: st.DrawFn, n: int | None = None) -> tuple[Array, Array]:
    """Draw a law on the line: points, some of them the same, and their probabilities."""
    law = draw(laws(n))
    size = law.size
    return np.array(draw(st.lists(positions, min_size=size, max_size=size))), law


def exact_steps(x: Array, p: Array, y: Array, q: Array) -> list[tuple[Fraction, Fraction]]:
    """Return the gaps between points and the difference of the distribution functions there."""
    a, b = ([Fraction(float(w)) for w in law] for law in (p, q))
    points = sorted({Fraction(float(t)) for t in (*x, *y)})
    found = []
    for low, high in itertools.pairwise(points):
        f = sum((w for t, w in zip(x, a, strict=True) if t <= low), Fraction()) / sum(a)
        g = sum((w for t, w in zip(y, b, strict=True) if t <= low), Fraction()) / sum(b)
        found.append((high - low, f - g))
    return found


# Distances on the line.


@given(weighted(), weighted())
def test_energy_distance_against_fractions(a: tuple[Array, Array], b: tuple[Array, Array]) -> None:
    (x, p), (y, q) = a, b
    steps = exact_steps(x, p, y, q)
    exact = 2 * sum((gap * rise**2 for gap, rise in steps), Fraction())
    value = energy_distance(x, y, x_weights=p, y_weights=q)
    # Each difference of sums of weights has a rounding error of a few times 1e-16.
    error = 4e-15 * float(sum((gap * abs(rise) for gap, rise in steps), Fraction()))
    assert value == pytest.approx(float(exact), rel=1e-14, abs=error + 1e-30)
    assert value == energy_distance(x[:, None], y[:, None], x_weights=p, y_weights=q)


@given(weighted(), weighted())
def test_kolmogorov_distance_against_fractions(
    a: tuple[Array, Array], b: tuple[Array, Array]
) -> None:
    (x, p), (y, q) = a, b
    exact = max((abs(rise) for _, rise in exact_steps(x, p, y, q)), default=Fraction())
    value = kolmogorov_distance(x, y, x_weights=p, y_weights=q)
    assert value == pytest.approx(float(exact), rel=1e-14, abs=1e-15)


@given(samples, samples)
def test_kolmogorov_distance_of_samples(x: Array, y: Array) -> None:
    below = np.concatenate([x, y])[:, None]
    expected = np.abs((x <= below).mean(axis=1) - (y <= below).mean(axis=1)).max()
    assert kolmogorov_distance(x, y) == pytest.approx(float(expected), rel=1e-15, abs=1e-15)


@given(samples, samples)
def test_energy_distance_of_samples_against_scipy(x: Array, y: Array) -> None:
    expected = stats.energy_distance(x, y) ** 2
    assert energy_distance(x, y) == pytest.approx(expected, rel=1e-12, abs=1e-28)


@given(samples, st.integers(2, 5))
def test_a_sample_written_several_times_is_the_same_law(x: Array, times: int) -> None:
    again = np.tile(x, times)[::-1]
    for function in (energy_distance, kolmogorov_distance, mmd, mmd_squared):
        assert function(x, again) == 0
    plane = np.stack([x, x[::-1]], axis=1)
    assert energy_distance(plane, np.tile(plane, (times, 1))) == 0


@given(weighted(), weighted())
def test_energy_distance_by_pairs(a: tuple[Array, Array], b: tuple[Array, Array]) -> None:
    # :eq:`eq-energy-cdf`
    (x, p), (y, q) = a, b

    def mean(s: Array, v: Array, t: Array, w: Array) -> float:
        return float(v @ np.abs(s[:, None] - t) @ w)

    pairs_ = 2 * mean(x, p, y, q) - mean(x, p, x, p) - mean(y, q, y, q)
    value = energy_distance(x, y, x_weights=p, y_weights=q)
    assert value == pytest.approx(pairs_, abs=1e-13)
    plane = [np.stack([t, 2 * t], axis=1) for t in (x, y)]
    of_plane = energy_distance(*plane, x_weights=p, y_weights=q)
    assert of_plane == pytest.approx(math.sqrt(5) * value, rel=1e-12, abs=1e-13)


def test_small_masses_at_either_end_count() -> None:
    x = [0.0, 1.0, 1e12]
    for order in (slice(None), slice(None, None, -1)):
        p, q = [1 - 1e-9, 0.0, 1e-9][order], [1.0, 0.0, 0.0][order]
        points = x if order == slice(None) else [-t for t in x[::-1]]
        value = energy_distance(points, points, x_weights=p, y_weights=q)
        assert value == pytest.approx(2 * 1e12 * 1e-18, rel=1e-12, abs=0)
    tiny = energy_distance([0, 1], [0, 1], x_weights=[1 - 1e-20, 1e-20], y_weights=[1.0, 0.0])
    assert tiny == pytest.approx(2e-40, rel=1e-14, abs=0)


def test_energy_distance_of_many_points_is_fast_and_right() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=200_000), rng.normal(0.5, 1, size=100_000)
    fast = energy_distance(x, y)
    # For normal laws N(m, 1): E|X - Y| = 2 φ(m/√2) √... is that of N(m, 2).
    m, s = 0.5, math.sqrt(2)
    folded = s * math.sqrt(2 / math.pi) * math.exp(-(m**2) / 4) + m * math.erf(m / 2)
    assert fast == pytest.approx(2 * folded - 2 * s * math.sqrt(2 / math.pi), abs=5e-3)
    few = slice(0, 1500)
    x, y = x[few], y[few]

    def pairwise(s: Array, t: Array) -> float:
        return float(np.abs(s[:, None] - t).mean())

    assert energy_distance(x, y) == pytest.approx(
        2 * pairwise(x, y) - pairwise(x, x) - pairwise(y, y), rel=1e-9, abs=0
    )


def test_catalogue_numbers() -> None:
    assert energy_distance(POINTS, POINTS, **WEIGHTS) == pytest.approx(0.54, rel=1e-15, abs=0)
    assert kolmogorov_distance(POINTS, POINTS, **WEIGHTS) == pytest.approx(0.3, rel=1e-15, abs=0)
    assert mmd([0.0], [0.3]) == pytest.approx(0.296656428101, rel=1e-11, abs=0)
    assert energy_distance([0.0], [0.3]) == 0.6
    signs = list(itertools.product([-1.0, 1.0], repeat=3))
    assert integral_probability_metric([0.7, 0.2, 0.1], [0.5, 0.3, 0.2], critics=signs) == (
        pytest.approx(0.4, rel=1e-15, abs=0)
    )


# Kernels.


@given(weighted(), weighted(), st.floats(0.1, 10), st.sampled_from(["gaussian", "laplace"]))
def test_mmd_against_mpmath(
    a: tuple[Array, Array],
    b: tuple[Array, Array],
    bandwidth: float,
    kernel: Literal["gaussian", "laplace"],
) -> None:
    (x, p), (y, q) = a, b
    with mp.workdps(60):
        points = [mp.mpf(t) for t in (*x, *y)]
        total = [mp.fsum(law) for law in (p, q)]
        mass = [mp.mpf(w) / total[0] for w in p] + [-mp.mpf(w) / total[1] for w in q]

        def k(s: Any, t: Any) -> Any:  # noqa: ANN401 - a number of mpmath
            r = abs(s - t) / bandwidth
            return mp.exp(-(r**2) / 2 if kernel == "gaussian" else -r)

        square = mp.fsum(
            v * w * k(s, t)
            for (s, v), (t, w) in itertools.product(zip(points, mass, strict=True), repeat=2)
        )
        expected = float(square)
    options: dict[str, Any] = {"kernel": kernel, "bandwidth": bandwidth}
    options |= {"x_weights": p, "y_weights": q}
    assert mmd_squared(x, y, **options) == pytest.approx(expected, rel=1e-10, abs=1e-15)
    assert mmd(x, y, **options) ** 2 == pytest.approx(expected, rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("digits", range(1, 16))
def test_mmd_of_nearly_equal_weights_and_points(digits: int) -> None:
    small = 10.0**-digits
    p, q = [0.5, 0.5], [0.5 + small, 0.5 - small]
    expected = (q[0] - p[0]) * math.sqrt(-2 * math.expm1(-0.5))
    value = mmd([0.0, 1.0], [0.0, 1.0], x_weights=p, y_weights=q)
    assert value == pytest.approx(expected, rel=1e-13 + 2e-16 / small, abs=0)
    assert mmd([0.0], [small]) == pytest.approx(math.sqrt(-2 * math.expm1(-(small**2) / 2)))


def test_unbiased_estimate_by_hand() -> None:
    x, y = np.array([0.0, 1.0, 2.5]), np.array([2.0, 3.0])

    def k(s: Array, t: Array) -> Array:
        return np.exp(-((s[:, None] - t) ** 2) / 2)

    within = (k(x, x).sum() - 3) / 6 + (k(y, y).sum() - 2) / 2
    expected = within - 2 * k(x, y).mean()
    assert mmd_squared(x, y, unbiased=True) == pytest.approx(expected, rel=1e-14, abs=0)
    assert mmd_squared(x, y, unbiased=True, kernel=k) == pytest.approx(expected, rel=1e-14, abs=0)
    biased = k(x, x).mean() + k(y, y).mean() - 2 * k(x, y).mean()
    assert mmd_squared(x, y) == pytest.approx(biased, rel=1e-14, abs=0)
    assert mmd(x, y, kernel=k) == pytest.approx(math.sqrt(biased), rel=1e-14, abs=0)


def test_unbiased_estimate_is_unbiased() -> None:
    """The mean over all pairs of samples of two from two laws on three points is the square."""
    points, p, q = np.array(POINTS), np.array(P), np.array(Q)
    mean = biased = 0.0
    for i in itertools.product(range(3), repeat=2):
        for j in itertools.product(range(3), repeat=2):
            weight = float(p[list(i)].prod() * q[list(j)].prod())
            x, y = points[list(i)], points[list(j)]
            mean += weight * mmd_squared(x, y, unbiased=True)
            biased += weight * mmd_squared(x, y)
    assert mean == pytest.approx(mmd_squared(points, points, **WEIGHTS), rel=1e-13, abs=0)
    assert biased > 1.5 * mean


def test_large_samples_are_summed_in_blocks() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(700, 2)), rng.normal(size=(900, 2)) + 0.3

    def k(s: Array, t: Array) -> Array:
        return np.asarray(np.exp(-((s[:, None] - t) ** 2).sum(axis=-1) / 2))

    within = [(k(z, z).sum() - len(z)) / (len(z) * (len(z) - 1)) for z in (x, y)]
    expected = sum(within) - 2 * k(x, y).mean()
    assert mmd_squared(x, y, unbiased=True) == pytest.approx(expected, rel=1e-10, abs=0)
    biased = k(x, x).mean() + k(y, y).mean() - 2 * k(x, y).mean()
    assert mmd_squared(x, y) == pytest.approx(biased, rel=1e-10, abs=0)
    apart = [np.linalg.norm(s[:, None] - t, axis=-1).mean() for s, t in ((x, y), (x, x), (y, y))]
    expected = 2 * apart[0] - apart[1] - apart[2]
    assert energy_distance(x, y) == pytest.approx(expected, rel=1e-10, abs=0)


def test_energy_distance_is_a_discrepancy_of_the_kernel_minus_the_distance() -> None:
    """Negative distance is positive definite on measures of mass 0, and 0 for nearly equal laws."""

    def kernel(s: Array, t: Array) -> Array:
        return -np.abs(s[:, None] - t)

    assert mmd_squared(POINTS, POINTS, kernel=kernel, **WEIGHTS) == pytest.approx(0.54)
    x = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]])
    for seed in range(20):
        y = x + 1e-9 * np.random.default_rng(seed).normal(size=x.shape)
        assert 0 <= energy_distance(x, y) < 1e-8
        assert 0 <= mmd(x, y) < 1e-8


def test_kernel_has_to_be_positive_definite() -> None:
    with pytest.raises(ValueError, match=r"kernel .* it must be positive definite"):
        mmd([0.0, 1.0], [2.0], kernel=lambda s, t: np.abs(s[:, None] - t))
    # A negative square within rounding is 0.
    assert mmd([0.0, 0.0], [1.0], kernel=lambda s, t: -1e-6 * (s[:, None] == t) + 1e9) == 0


def test_squares_are_not_negative() -> None:
    rng = np.random.default_rng(5)
    factor = rng.standard_normal((6, 6))
    gram = factor @ factor.T
    squares = []
    for _ in range(50):
        x = rng.standard_normal((20, 2))
        y = x + 1e-9 * rng.standard_normal((20, 2))
        p = rng.dirichlet(np.ones(6))
        q = p * (1 + 1e-15 * rng.uniform(-1, 1, 6))
        squares += [mmd_squared(x, y), mmd_squared(x, y, kernel="laplace")]
        squares += [mmd_squared(p, q / q.sum(), kernel=gram), energy_distance(x, y)]
    assert min(squares) == 0  # some of them would be negative
    with pytest.raises(ValueError, match=r"kernel gives the square -.*; it must be positive"):
        mmd_squared([0.0, 1.0], [2.0], kernel=lambda s, t: np.abs(s[:, None] - t))


@pytest.mark.parametrize("unbiased", [False, True])
def test_kernel_has_to_be_symmetric(unbiased: bool) -> None:  # noqa: FBT001 - a case
    def skew(s: Array, t: Array) -> Array:
        return np.asarray(np.exp(-np.square(s[:, None] - t)) + 1e-3 * (s[:, None] > t))

    message = r"kernel is 1.0.* points 0.0 and 1.0, and .* in the other order; it must be symm"
    for x, y in ([0.0, 1.0], [2.0, 3.0]), ([0.0] * 70, [0.0, 1.0] * 35):
        with pytest.raises(ValueError, match=message.replace("1.0.*", r"\d.*")):
            mmd_squared(x, y, kernel=skew, unbiased=unbiased)
    with pytest.raises(ValueError, match="it must be symmetric"):
        mmd([[0.0, 1.0]], [[2.0, 3.0]], kernel=lambda s, t: s @ np.diag([1, 2]) @ t[:, ::-1].T)


@given(pairs(4), st.lists(positions, min_size=8, max_size=8))
def test_matrices_of_kernels_and_distances(pair: tuple[Array, Array], numbers: list[float]) -> None:
    p, q = pair
    x = np.reshape(numbers, (4, 2))
    weights: dict[str, Any] = {"x_weights": p, "y_weights": q}
    distances = np.linalg.norm(x[:, None] - x, axis=-1)
    gram = np.exp(-(distances**2) / 2)
    assert mmd(p, q, kernel=gram) ** 2 == pytest.approx(mmd_squared(x, x, **weights), abs=1e-14)
    assert mmd_squared(p, q, kernel=gram) == pytest.approx(mmd_squared(x, x, **weights), abs=1e-14)
    expected = energy_distance(x, x, **weights)
    assert energy_distance(p, q, cost=distances) == pytest.approx(expected, abs=1e-13)


def test_energy_distance_may_be_negative_for_a_metric_that_is_not_of_negative_type() -> None:
    """The graph in which each of two points is joined to each of three."""
    cost = np.full((5, 5), 2.0) - 2 * np.eye(5)
    cost[:2, 2:] = cost[2:, :2] = 1
    p, q = [0.5, 0.5, 0, 0, 0], [0, 0, 1 / 3, 1 / 3, 1 / 3]
    assert energy_distance(p, q, cost=cost) == pytest.approx(2 - 1 - 4 / 3)


def test_errors_of_kernels_and_samples() -> None:
    with pytest.raises(TypeError, match="kernel = 3 is no kernel"):
        mmd([1.0], [1.0], kernel=3)
    with pytest.raises(ValueError, match=r"kernel has shape \(1, 1\); give shape \(2, 2\)"):
        mmd([0.5, 0.5], [1.0, 0.0], kernel=[[1.0]])
    with pytest.raises(ValueError, match="x has 1, y has 2"):
        mmd([1.0], [0.5, 0.5], kernel=[[1.0]])
    with pytest.raises(ValueError, match="give one law each"):
        mmd([[1.0]], [[1.0]], kernel=[[1.0]])
    with pytest.raises(TypeError, match="x and y are laws here"):
        energy_distance([1.0], [1.0], cost=[[0.0]], x_weights=[1.0])
    with pytest.raises(TypeError, match="kernel is a matrix; give a function"):
        mmd_squared([1.0], [1.0], kernel=[[1.0]], unbiased=True)
    with pytest.raises(ValueError, match="kernel = 'cauchy' is unknown"):
        mmd([0.0], [1.0], kernel="cauchy")
    with pytest.raises(ValueError, match="kernel returns an array of shape"):
        mmd([0.0], [1.0], kernel=lambda s, _: s)
    with pytest.raises(ValueError, match=r"kernel\[0, 0\] = nan is not a finite number"):
        mmd([0.0], [1.0], kernel=lambda s, t: s[:, None] * t * math.nan)
    with pytest.raises(ValueError, match=r"x has shape .* and y .* the same coordinates"):
        mmd([0.0], [[1.0]])
    with pytest.raises(ValueError, match=r"x has shape .* give numbers of shape"):
        mmd([[[0.0]]], [[[1.0]]])
    with pytest.raises(ValueError, match=r"y_weights has shape .* one probability for each point"):
        mmd([0.0], [1.0], y_weights=[0.5, 0.5])
    with pytest.raises(ValueError, match="x has 1 and y 2 points; give two or more"):
        mmd_squared([0.0], [1.0, 2.0], unbiased=True)
    with pytest.raises(TypeError, match="takes no weights"):
        mmd_squared([0.0, 1.0], [1.0, 2.0], unbiased=True, x_weights=[0.5, 0.5])
    with pytest.raises(ValueError, match="bandwidth = 0 is not in"):
        mmd([0.0], [1.0], bandwidth=0)
    with pytest.raises(ValueError, match=r"critics has shape .* give 2 values in each row"):
        integral_probability_metric([0.5, 0.5], [0.5, 0.5], critics=[[1, 2, 3]])
    with pytest.raises(ValueError, match=r"critics has shape .* give a matrix"):
        integral_probability_metric([0.5, 0.5], [0.5, 0.5], critics=[1, 2])


spreads = st.sampled_from([0.0, 1e-8, 0.5, 1.0, 3.0, 1e3])


@given(st.floats(-5, 5), spreads, spreads, st.floats(-15, 1))
@example(5.7e-191, 0.0, 0.0, 0.0)
def test_discrepancy_of_normal_laws_against_mpmath(
    shift: float, s: float, t: float, near: float
) -> None:
    for other in (t, s * (1 + 10.0**near)):
        for m in (0.0, shift):
            with mp.workdps(700):
                v, w = mp.mpf(s) ** 2, mp.mpf(other) ** 2
                c = mp.sqrt(1 + v + w)
                square = 1 / mp.sqrt(1 + 2 * v) + 1 / mp.sqrt(1 + 2 * w)
                square -= 2 / c * mp.exp(-(mp.mpf(m) ** 2) / (2 * c**2))
                expected = float(mp.sqrt(square))
            value = mmd_gaussian(m, 0.0, std_p=s, std_q=other)
            # Where one spread is far larger than the other, the means hardly matter.
            assert value == pytest.approx(expected, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("tiny", [1e-300, 1e-200, 1e-155, 0.9e-8, 1.1e-8])
def test_tiny_discrepancies_of_normal_laws(tiny: float) -> None:
    """The squares of most are no floats."""
    moved = mmd_gaussian(tiny, 0.0, std_p=0.0, std_q=0.0)
    assert moved == pytest.approx(tiny, rel=1e-15, abs=0)
    wider = mmd_gaussian(0.0, 0.0, std_p=math.sqrt(tiny), std_q=0.0)
    assert wider == pytest.approx(math.sqrt(3) / 2 * tiny, rel=1e-7, abs=0)
    both = mmd_gaussian(tiny, 0.0, std_p=math.sqrt(tiny), std_q=0.0)
    assert both == pytest.approx(math.hypot(moved, wider), rel=1e-7, abs=0)


def test_a_discrepancy_whose_terms_are_no_floats() -> None:
    with pytest.raises(ValueError, match=r"^means, spreads and bandwidth are too large"):
        mmd_gaussian(1e308, -1e308, std_p=1e308, std_q=1e308, bandwidth=1e-10)
    assert mmd_gaussian(1e308, -1e308, std_p=1.0, std_q=1.0) == pytest.approx(
        math.sqrt(2) * 3**-0.25, rel=1e-14, abs=0
    )


def test_discrepancy_of_normal_laws_by_quadrature_and_scale() -> None:
    t = np.linspace(-12, 12, 1201)
    p, q = stats.norm.pdf(t, 0, 1), stats.norm.pdf(t, 1, 1)
    grid = mmd(t, t, x_weights=p / p.sum(), y_weights=q / q.sum())
    assert mmd_gaussian(0.0, 1.0, std_p=1.0, std_q=1.0) == pytest.approx(grid, rel=1e-9, abs=0)
    assert mmd_gaussian(0.0, 1.0, std_p=1.0, std_q=1.0) == pytest.approx(
        0.421031631733, rel=1e-11, abs=0
    )
    assert_allclose(
        mmd_gaussian([0.0, 2.0], 1.0, std_p=[[1.0], [2.0]], std_q=3.0),
        mmd_gaussian([0.0, 4.0], 2.0, std_p=[[2.0], [4.0]], std_q=6.0, bandwidth=2.0),
        rtol=1e-14,
    )
    assert mmd_gaussian(3.0, 4.0, std_p=1.0, std_q=1.0) == (
        mmd_gaussian(0.0, 1.0, std_p=1.0, std_q=1.0)
    )
    assert mmd_gaussian(0.0, 0.0, std_p=0.0, std_q=1e200) == pytest.approx(1.0)
    assert mmd_gaussian(0.0, 0.3, std_p=0.0, std_q=0.0) == pytest.approx(mmd([0.0], [0.3]))


# Bounded Lipschitz functions.


def transport_cost(p: Array, q: Array, cost: Array) -> float:
    """Return the optimal transport cost by a dense linear programme."""
    n = len(p)
    marginals = np.vstack([np.kron(np.eye(n), np.ones(n)), np.kron(np.ones(n), np.eye(n))])
    found = optimize.linprog(
        cost.ravel(), A_eq=marginals[:-1], b_eq=np.append(p, q[:-1]), method="highs"
    )
    return float(cost.ravel() @ np.asarray(found.x))


@settings(max_examples=15)  # each solves linear programmes
@given(pairs(4), st.lists(positions, min_size=8, max_size=8))
def test_larger_norm_gives_transport_with_cost_at_most_two(
    pair: tuple[Array, Array], numbers: list[float]
) -> None:
    # :eq:`def-dudley`
    """Kantorovich duality for the distance min(d, 2)."""
    x = np.reshape(numbers, (4, 2))
    distances = np.linalg.norm(x[:, None] - x, axis=-1)
    assume(np.all((distances > 1e-3) | np.eye(4, dtype=bool)))
    expected = transport_cost(*pair, np.minimum(distances, 2))
    assert dudley_distance(*pair, x=x, norm="max") == pytest.approx(expected, abs=1e-7)
    by_matrix = dudley_distance(*pair, distance=distances, norm="max")
    assert by_matrix == pytest.approx(expected, abs=1e-7)
    smaller = dudley_distance(*pair, x=x)
    assert smaller == pytest.approx(dudley_distance(*pair, distance=distances), abs=1e-8)
    assert expected / 2 - 1e-7 <= smaller <= expected + 1e-7


def by_linear_programme(mass: Array, apart: Array, *, together: bool) -> float:
    """Return the largest sum of mass · f for the unknowns f, M ≥ |f| and L ≥ all slopes."""
    n = len(mass)
    i, j = np.nonzero(~np.eye(n, dtype=bool))
    rise = np.zeros((i.size, n + 2))
    rise[np.arange(i.size), i], rise[np.arange(i.size), j] = 1, -1
    rise[:, -1] = -apart[i, j]
    height = np.zeros((2 * n, n + 2))
    height[:n, :n], height[n:, :n], height[:, -2] = np.eye(n), -np.eye(n), -1
    one = [0.0] * n + [1.0, 1.0]
    table, limits = np.vstack([rise, height, one]), np.zeros(i.size + 2 * n + 1)
    limits[-1] = 1 if together else 2
    bounds = [(None, None)] * n + [(0, 1)] * 2
    found: Any = optimize.linprog([*-mass, 0, 0], A_ub=table, b_ub=limits, bounds=bounds)
    return -float(found.fun)


@pytest.mark.parametrize("scale", [1e-3, 0.9, 3.0, 1e3])
@pytest.mark.parametrize("dimension", [1, 2])
def test_bounded_lipschitz_functions_by_a_linear_programme(scale: float, dimension: int) -> None:
    """:eq:`def-dudley`: the functions themselves, in the place of transport."""
    rng = np.random.default_rng(3)
    for n in (2, 3, 6, 12):
        x = scale * rng.random((n, dimension))
        apart = cdist(x, x)
        p, q = rng.dirichlet(np.ones(n), 2)
        for norm in ("sum", "max"):
            expected = by_linear_programme(p - q, apart, together=norm == "sum")
            for value in (
                dudley_distance(p, q, x=x, norm=norm),
                dudley_distance(p, q, distance=apart, norm=norm),
            ):
                assert value == pytest.approx(expected, rel=1e-7, abs=0)


def test_distances_that_a_detour_makes_shorter() -> None:
    """Slopes along the detour bound those along the direct way."""
    rng = np.random.default_rng(4)
    for _ in range(10):
        apart = rng.exponential(size=(5, 5)) ** 2
        apart = (apart + apart.T) * (1 - np.eye(5))
        p, q = np.append(rng.dirichlet(np.ones(4), 2), [[0.0], [0.0]], axis=1)  # one has no mass
        for norm in ("sum", "max"):
            expected = by_linear_programme(p - q, apart, together=norm == "sum")
            value = dudley_distance(p, q, distance=apart, norm=norm)
            assert value == pytest.approx(expected, rel=1e-7, abs=0)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e-9, 1e-8, 1.0])
def test_short_distances_in_a_matrix(scale: float) -> None:
    apart = scale * np.abs(np.subtract.outer(POINTS, POINTS))
    for norm in ("sum", "max"):
        value = dudley_distance(P, Q, distance=apart, norm=norm)
        expected = dudley_distance(P, Q, x=scale * np.array(POINTS), norm=norm)
        assert value == pytest.approx(expected, rel=1e-14, abs=0)
        assert value <= 0.9 * scale * (1 + 1e-14)  # the Wasserstein distance


def test_little_mass_on_ways_of_which_few_digits_are_left() -> None:
    """So near, the largest function is as steep as it may be: Wasserstein distance."""
    p, q = np.array([1.0, 1e-80, 0.0, 1e-100]), np.array([1.0, 1e-26, 1e-15, 0.0])
    x = [1e-300, 2e-300, 2e-300, 4e-300]
    q /= q.sum()
    least = wasserstein_1d(x, x, x_weights=p, y_weights=q)
    assert dudley_distance(p, q, x=x) == least == pytest.approx(1e-315, rel=1e-8, abs=0)


@pytest.mark.parametrize("far", [12.5, 1e3, 1e10, 1e16, 1e100, 1e308])
def test_ways_of_all_lengths(far: float) -> None:
    """Little mass on a long way counts, and so does much mass on a short one."""
    p, q, x = [1.0, 0.0, 0.0], [0.0, 0.999, 0.001], [0.0, 1.0, far]
    assert dudley_distance(p, q, x=x, norm="max") == pytest.approx(1.001, rel=1e-15, abs=0)
    # The mass at 1 takes the slope, the other one the height: a threshold at L = 2 / 3 or above.
    lines = [(0.999 + 0.001 * far, 0.0), (0.999, 0.002), (0.0, 2.0)]
    crossings = [
        (d - b) / ((a - c) + (d - b)) for (a, b), (c, d) in itertools.combinations(lines, 2)
    ]
    expected = max(min(a * t + b * (1 - t) for a, b in lines) for t in crossings)
    assert dudley_distance(p, q, x=x) == pytest.approx(expected, rel=1e-14, abs=0)
    wide = dudley_distance([0.5, 0.5, 0.0], [0.5, 0.0, 0.5], x=[-far, 0.0, far / 2])
    assert wide == pytest.approx(1 / (1 + 4 / far), rel=1e-14, abs=0)
    little = dudley_distance([0.5, 0.5 - 1e-12, 1e-12], [0.5, 0.5, 0.0], x=x, norm="max")
    assert little == pytest.approx(2e-12, rel=1e-3, abs=0)


@pytest.mark.parametrize("near", [1e-300, 2.3e-288, 1e-160, 1e-30, 1e-17, 1e-14])
@pytest.mark.parametrize("far", [1.0, -1.0, 0.3, -7.0])
@pytest.mark.parametrize("share", [0.5, 1e-3])
def test_points_that_nearly_coincide(near: float, far: float, share: float) -> None:
    """No solver with a tolerance sees the way between them."""
    laws_ = [0.0, 0.0, 1.0], [1 - share, share, 0.0]  # the share moves by 1, the rest hardly
    x = np.array([0.0, far, near])
    for p, q in (laws_, laws_[::-1]):
        for points in (x, np.stack([x, 0 * x], axis=1)):
            theta = abs(far)
            value = dudley_distance(p, q, x=points)
            assert value == pytest.approx(share * 2 * theta / (2 + theta), rel=1e-9, abs=0)
            largest = dudley_distance(p, q, x=points, norm="max")
            assert largest == pytest.approx(share * min(theta, 2), rel=1e-9, abs=0)
    little = dudley_distance([0.0, 0.0, 1.0], [1 - 2**-53, 2**-53, 0.0], x=x, norm="max")
    assert little == pytest.approx(min(abs(far), 2) * 2**-53 + near, rel=1e-14, abs=0)


@settings(max_examples=15)  # each solves linear programmes
@given(pairs(4), st.lists(st.integers(-40, 40), min_size=4, max_size=4, unique=True))
def test_on_the_line_neighbours_are_enough(pair: tuple[Array, Array], numbers: list[int]) -> None:
    x = np.array(numbers) / 8
    distances = np.abs(x[:, None] - x)
    for norm in ("sum", "max"):
        line = dudley_distance(*pair, x=x, norm=norm)
        plane = dudley_distance(*pair, distance=distances, norm=norm)
        assert line == pytest.approx(plane, abs=1e-9)


@pytest.mark.parametrize("theta", [1e-12, 1e-3, 0.3, 2.0, 1e3, 1e12])
def test_bounded_lipschitz_distance_of_two_points(theta: float) -> None:
    """The best function is ±a with a + 2a / θ = 1."""
    for points in ([0.0, theta], [[0.0, 0.0], [0.0, theta]]):
        value = dudley_distance([1.0, 0.0], [0.0, 1.0], x=points)
        assert value == pytest.approx(2 * theta / (2 + theta), rel=1e-13, abs=0)
        near = dudley_distance([0.5, 0.5], [0.5 - 2**-50, 0.5 + 2**-50], x=points)
        assert near == pytest.approx(value * 2**-50, rel=1e-13, abs=0)
        largest = dudley_distance([1.0, 0.0], [0.0, 1.0], x=points, norm="max")
        assert largest == pytest.approx(min(theta, 2), rel=1e-9, abs=0)
    assert dudley_distance([0.5, 0.5], [0.5, 0.5], x=[0.0, theta]) == 0
    scaled = dudley_distance(np.array([0.7, 0.3]) * (1 + 4e-10), [0.2, 0.8], x=[0.0, theta])
    assert scaled == pytest.approx(0.5 * 2 * theta / (2 + theta), rel=1e-13, abs=0)


def test_points_that_are_the_same_are_one_point() -> None:
    assert dudley_distance([0.5, 0.5, 0.0], [0.0, 0.5, 0.5], x=[0.0, 1.0, 0.0]) == 0
    twice = dudley_distance([0.5, 0.5, 0.0], [0.0, 0.0, 1.0], x=[0.0, 0.0, 1.0])
    assert twice == pytest.approx(dudley_distance([1.0, 0.0], [0.0, 1.0], x=[0.0, 1.0]))


def test_errors_of_bounded_lipschitz_distance() -> None:
    p, q = [0.5, 0.5], [0.2, 0.8]
    for bad in ({}, {"x": [0, 1], "distance": [[0, 1], [1, 0]]}):
        with pytest.raises(TypeError, match="give either the points x or their distance"):
            dudley_distance(p, q, **bad)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match="give one law each"):
        dudley_distance([p, p], q, x=[0, 1])
    with pytest.raises(ValueError, match="p has 2, x has 3"):
        dudley_distance(p, q, x=[0, 1, 2])
    for matrix, message in [
        ([[0, 1, 2], [1, 0, 2]], "distance has shape"),
        ([[0, 1], [2, 0]], r"distance\[0, 1\] .* mirrored"),
        ([[0, -1], [-1, 0]], r"distance\[0, 1\] .* not positive"),
        ([[0, 0], [0, 0]], r"distance\[0, 1\] .* not positive"),
        ([[1, 1], [1, 0]], r"distance\[0, 0\] .* diagonal"),
    ]:
        with pytest.raises(ValueError, match=message):
            dudley_distance(p, q, distance=matrix)


# The common theory.


@settings(max_examples=15)  # each solves linear programmes
@given(pairs(4), laws(4), st.lists(positions, min_size=4, max_size=4))
def test_all_are_pseudo_metrics(
    pair: tuple[Array, Array], third: Array, numbers: list[float]
) -> None:
    p, q = pair
    x = np.array(numbers)
    functions: dict[str, Callable[[Array, Array], float]] = {
        "mmd": lambda a, b: mmd(x, x, x_weights=a, y_weights=b),
        "laplace": lambda a, b: mmd(x, x, kernel="laplace", x_weights=a, y_weights=b),
        "root of energy": lambda a, b: math.sqrt(energy_distance(x, x, x_weights=a, y_weights=b)),
        "kolmogorov": lambda a, b: kolmogorov_distance(x, x, x_weights=a, y_weights=b),
        "dudley": lambda a, b: dudley_distance(a, b, x=x),
        "finite class": lambda a, b: integral_probability_metric(a, b, critics=[x, x**2]),
    }
    for function in functions.values():
        there = function(p, q)
        assert there >= 0
        assert there == pytest.approx(function(q, p), rel=1e-9, abs=1e-9)
        assert there <= function(p, third) + function(third, q) + 1e-7
        assert function(p, p.copy()) == 0


@given(pairs(4), st.lists(positions, min_size=4, max_size=4, unique=True))
def test_integral_probability_metrics_are_linear_along_a_segment(
    pair: tuple[Array, Array], numbers: list[float]
) -> None:
    """Halving the difference around the mean halves the metric; an energy distance quarters."""
    p, q = pair
    m, x = (p + q) / 2, np.array(numbers)
    a, b = (p + m) / 2, (q + m) / 2
    for function in (mmd, kolmogorov_distance):
        whole = function(x, x, x_weights=p, y_weights=q)
        half = function(x, x, x_weights=a, y_weights=b)
        assert half == pytest.approx(whole / 2, rel=1e-6, abs=1e-9)
    whole = energy_distance(x, x, x_weights=p, y_weights=q)
    assert energy_distance(x, x, x_weights=a, y_weights=b) == pytest.approx(whole / 4, abs=1e-12)


@settings(max_examples=15)  # each solves linear programmes
@given(weighted(4), laws(4), st.floats(0.2, 5))
def test_discrepancy_is_at_most_lipschitz_constant_times_w1(
    a: tuple[Array, Array], q: Array, bandwidth: float
) -> None:
    x, p = a
    w1 = float(stats.wasserstein_distance(x, x, p, q)) if x.size else 0.0
    value = mmd(x, x, bandwidth=bandwidth, x_weights=p, y_weights=q)
    assert value <= w1 / bandwidth + 1e-7
    assert energy_distance(x, x, x_weights=p, y_weights=q) <= 2 * w1 + 1e-12
    assert dudley_distance(p, q, x=x) <= w1 + 1e-9
    # The Gaussian kernel is bounded by 1, so that its functions of norm 1 are too.
    assert value <= 2 * 0.5 * np.abs(p - q).sum() + 1e-7


def test_discrepancy_derivative_on_point_masses() -> None:
    """The derivative of the square of the discrepancy of δ₀ and δ_θ is 2θ exp(-θ²/2)."""
    h = 1e-6
    slope = (mmd_squared([0.0], [0.3 + h]) - mmd_squared([0.0], [0.3 - h])) / (2 * h)
    assert slope == pytest.approx(0.573598489100, rel=1e-8, abs=0)
    assert 2 * 0.3 * math.exp(-0.045) == pytest.approx(0.573598489100, rel=1e-11, abs=0)


def test_batches_of_laws() -> None:
    rng = np.random.default_rng(3)
    p, q = rng.dirichlet(np.ones(4), size=(2, 1)), rng.dirichlet(np.ones(4), size=3)
    critics = rng.normal(size=(5, 4))
    result = integral_probability_metric(p, q, critics=critics)
    assert result.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        single = integral_probability_metric(p[i, 0], q[j], critics=critics)
        assert type(single) is float
        assert result[i, j] == pytest.approx(single, rel=1e-14, abs=0)


def test_an_unfinished_search_gives_a_function_of_the_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(6)
    x, (p, q) = rng.standard_normal((30, 2)) * 3, rng.dirichlet(np.ones(30), 2)
    best = dudley_distance(p, q, x=x)
    found = []
    for most in (1, 2, 100):
        monkeypatch.setattr(_transport, "CROSSINGS", most)
        found.append(dudley_distance(p, q, x=x))
    assert 0.9 * best < found[0] < best
    assert found[1] <= best
    assert found[2] == best
