"""Optimal transport: exact second routes, certificates, and what the distances promise."""

import itertools
import math
import re
import warnings
from fractions import Fraction
from typing import Any

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, special, stats
from scipy.spatial.distance import cdist

from refimpl import (
    ConvergenceWarning,
    SinkhornResult,
    TransportResult,
    _transport,
    c_transform,
    energy_distance,
    entropic_gap_bound,
    entropy,
    is_lipschitz,
    kl_divergence,
    kl_gaussian,
    sinkhorn,
    sinkhorn_divergence,
    sliced_wasserstein,
    wasserstein,
    wasserstein_1_gaussian,
    wasserstein_1d,
    wasserstein_gaussian,
)
from tests import oracles
from tests.strategies import Array, covariances, laws, numbers, vectors

POINTS, A, B = [0.0, 1.0, 3.0], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]
orders = st.sampled_from([1, 1.5, 2, 3, 7])


# Second routes.


def in_order(points: Any, weights: Any) -> list[list[Fraction]]:  # noqa: ANN401  (arrays or lists)
    """Return sorted points with their part of the mass."""
    pairs = sorted(
        [Fraction(float(p)), Fraction(float(w))]
        for p, w in zip(points, weights, strict=True)
        if w > 0
    )
    total = sum((w for _, w in pairs), Fraction())
    return [[p, w / total] for p, w in pairs]


def reach(x: Any, y: Any, a: Any, b: Any, order: int) -> Fraction:  # noqa: ANN401  (as above)
    """Return Σ l d^order, for the mass l on the shorter side of a level and the ways d near it.

    The level may be wrong by a part of l, and then as much mass goes such a way.
    """
    result = Fraction()
    sides = [in_order(x, a), in_order(y, b)]
    for one, other in (sides, sides[::-1]):
        level = Fraction()
        for k, (point, weight) in enumerate(one[:-1]):
            level += weight
            up_to = list(itertools.accumulate(w for _, w in other))
            j = sum(m < level for m in up_to)
            near = [p for p, _ in other[max(j - 1, 0) : j + 2]]
            ways = [abs(p - z) for p in (point, one[k + 1][0]) for z in near]
            result += min(level, 1 - level) * max(ways) ** order
    return result


def on_the_line(x: Any, y: Any, a: Any, b: Any, order: int) -> tuple[Fraction, Fraction]:  # noqa: ANN401  (as above)
    """Return Σ w d^order of the coupling of quantiles, and its longest way, as fractions."""
    rests = [in_order(x, a), in_order(y, b)]
    power, longest = Fraction(), Fraction()
    left, right = rests
    while left and right:
        width = min(left[0][1], right[0][1])
        distance = abs(left[0][0] - right[0][0])
        power += width * distance**order
        longest = max(longest, distance)
        for rest in rests:
            rest[0][1] -= width
            if not rest[0][1]:
                rest.pop(0)
    return power, longest


def root(power: Fraction, order: int) -> Any:  # noqa: ANN401  (mpmath has no types)
    return mp.root(mp.mpf(power.numerator) / power.denominator, order)


def linear_programme(p: Any, q: Any, cost: Any) -> float:  # noqa: ANN401  (arrays or lists)
    n, m = np.shape(cost)
    marginals = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    result = optimize.linprog(
        np.ravel(cost), A_eq=marginals, b_eq=np.concatenate([p, q]), method="highs"
    )
    return float(np.asarray(result.fun))


def two_clouds(n: int, m: int, seed: int) -> tuple[Array, Array, Array]:
    """Return two laws and the distances of their points."""
    rng = np.random.default_rng(seed)
    cost = cdist(rng.random((n, 2)), rng.random((m, 2)))
    return rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m)), cost


@st.composite
def samples(draw: st.DrawFn, *, weighted: bool = True) -> tuple[Array, Array | None]:
    """Draw points, some of them equal, and perhaps a law on them."""
    n = draw(st.integers(1, 9))
    point = st.one_of(numbers, st.sampled_from([0.0, 1.0, -1e-300, 1e10]))
    points = np.array(draw(st.lists(point, min_size=n, max_size=n)))
    return points, draw(laws(n)) if weighted and draw(st.booleans()) else None


@given(samples(), samples(), st.sampled_from([1, 2, 3]))
def test_line_against_fractions(
    first: tuple[Array, Array | None], second: tuple[Array, Array | None], order: int
) -> None:
    (x, a), (y, b) = first, second
    with mp.workdps(60):
        weights = [np.ones(z.size) if w is None else w for z, w in (first, second)]
        power, longest = on_the_line(x, y, weights[0], weights[1], order)
        options: dict[str, Any] = {"x_weights": a, "y_weights": b}
        value = wasserstein_1d(x, y, order=order, **options)
        lost = (
            reach(x, y, weights[0], weights[1], order) / 2**100
            if a is not None or b is not None
            else 0
        )
        least, most = (root(max(p, Fraction()), order) for p in (power - lost, power + lost))
        assert least * (1 - 5e-16) <= value <= most * (1 + 5e-16)
        if a is None and b is None:
            value = wasserstein_1d(x, y, order=math.inf)
            assert oracles.relative_error(value, mp.mpf(float(longest))) <= 2e-16


@pytest.mark.parametrize("n", [1, 2, 10, 1000, 4097, 70_000])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_long_samples_keep_their_digits(n: int, order: int) -> None:
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal(n), rng.standard_normal(n) * 3
    d = np.abs(np.sort(x) - np.sort(y))
    with mp.workdps(40):
        exact = mp.fsum(mp.mpf(float(s)) ** order for s in d) / n
        value = wasserstein_1d(x, y, order=order)
        assert oracles.relative_error(value, mp.root(exact, order)) <= 2e-16


@oracles.needs_wider_float
@pytest.mark.parametrize(("n", "m"), [(2, 1), (2, 2), (4, 3), (6, 4), (8, 8)])
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_few_points_keep_their_digits(n: int, m: int, order: int) -> None:
    # Each difference loses nearly half a unit in the last place, and so does their mean.
    x, y = np.tile([1, 1 + 2.0**-52], n // 2), np.full(m, -(2.0**-53) * (1 - 2.0**-10))
    assert wasserstein_1d(x, y, order=order) == 1 + 2.0**-52


@pytest.mark.parametrize(("n", "m"), [(1, 7), (6, 4), (1000, 999), (40_000, 39_999), (70_000, 7)])
@pytest.mark.parametrize("order", [1, 2, 5, math.inf])
def test_equal_laws_of_different_size_have_distance_zero(n: int, m: int, order: float) -> None:
    rng = np.random.default_rng(n)
    points = np.append(rng.standard_normal(3), 1e12)
    x, y = np.repeat(points, n), np.repeat(points, m)
    rng.shuffle(x)
    assert wasserstein_1d(x, y, order=order) == 0
    assert wasserstein_1d(y, x, order=order) == 0


def test_no_mass_is_too_small() -> None:
    assert wasserstein_1d([0, 1e17], [0], x_weights=[1, 1e-17]) == pytest.approx(
        1, rel=1e-15, abs=0
    )
    x, weights = [-1e300, 0, 1e300], [1e-300, 1, 1e-300]
    assert wasserstein_1d(x, [0], x_weights=weights) == pytest.approx(2, rel=1e-15, abs=0)
    q = np.array([0.2, 0.3, 0.5])
    p = q + np.array([1e-8, 0, -1e-8])
    moved = wasserstein_1d(POINTS, POINTS, x_weights=p, y_weights=q)
    with mp.workdps(40):
        power, _ = on_the_line(POINTS, POINTS, p, q, 1)
        assert oracles.relative_error(moved, root(power, 1)) <= 5e-16
        result = wasserstein(p, q, x=POINTS)
        assert oracles.relative_error(result.cost, root(power, 1)) <= 5e-16


def test_integers_are_numbers() -> None:
    assert wasserstein_1d(np.array([0, 1, 3]), np.array([5, 6, 8])) == 5
    assert wasserstein_1d(np.array([0, 1, 3], dtype=np.uint8), [5, 6, 8]) == 5
    assert wasserstein_1d([2**60, -(2**63), 0.5], [2**60, -(2**63), 0]) == 0.5 / 3


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1.5, 2**53 + 1], "x[1] = 9007199254740993 is no float"),
        (np.array([2**60, 2**60 + 1]), "x[1] = 1152921504606846977 is no float"),
        (np.array([[0], [2**63 - 1]]).T, "x[0, 1] = 9223372036854775807 is no float"),
        (np.array([2**64 - 1], dtype=np.uint64), "x[0] = 18446744073709551615 is no float"),
        ((np.int64(-(2**53) - 1), 0.0), "x[0] = -9007199254740993 is no float"),
    ],
)
def test_integers_are_not_rounded(x: Any, message: str) -> None:  # noqa: ANN401  (arrays or lists)
    with pytest.raises(ValueError, match=re.escape(message)):
        wasserstein_1d(x, [0.0])
    if np.ndim(x) == 1:
        with pytest.raises(ValueError, match=re.escape(message)):
            energy_distance(x, [0.0])


def test_numbers_near_the_end_of_the_range() -> None:
    assert wasserstein_1d([1e308, 0.0], [-1e308, 0.0]) == 1e308
    assert wasserstein_1d([1e308], [-1e308]) == math.inf
    half = np.repeat([0.0, 1e308], 15)
    for n in (20, 30):
        found = wasserstein_1d(half, np.full(n, -1e308))
        assert found == pytest.approx(1.5e308, rel=1e-15, abs=0)
    assert wasserstein_1d([1e200, 0.0], [0.0, 0.0], order=2) == pytest.approx(1e200 / 2**0.5)
    assert wasserstein_1d([1e-200, 0.0], [0.0, 0.0], order=2) == pytest.approx(
        2**-0.5 * 1e-200, abs=0
    )
    assert wasserstein_1d([3.0, 1.0], [0.0, 0.0], order=5000) == pytest.approx(3, rel=1e-3, abs=0)
    for order, scale in itertools.product((2, 3, 4.5), (1e-310, 1e-250, 1e-120, 1e120, 1e250)):
        for y, weights in (([0.0, 0], None), ([0.0], None), ([0.0], [0.25, 0.75])):
            rows = np.array([[3.0, 1.0], [3 * scale, scale], [0.0, 0.0]])
            found = wasserstein_1d(rows, y, order=order, x_weights=weights)
            large, small = weights or [0.5, 0.5]
            mean = (large * 3**order + small) ** (1 / order)
            assert found[:2].tolist() == pytest.approx([mean, mean * scale], rel=1e-13, abs=0)
            assert found[2] == 0
    far, weights = [-1.5e308, 1.5e308], [0.25, 0.75]
    expected = pytest.approx(0.75e308, rel=1e-15, abs=0)
    assert wasserstein_1d(far, [1.5e308], x_weights=weights) == expected
    assert wasserstein_1d([1.5e308], far, y_weights=weights) == expected
    rows = wasserstein_1d([[1e308], [5e-324]], [[-1e308], [0.0]])
    assert rows.tolist() == [math.inf, 5e-324]


def test_ways_that_no_float_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    low, high = -1e308, 0.9e308
    expected = pytest.approx((high / 2 - low / 2) / 3 * 4, rel=1e-15, abs=0)
    assert wasserstein_1d([low, low, high], [high]) == expected
    assert wasserstein_1d([low, low, high], [high, high]) == expected  # one point has two partners
    assert wasserstein_1d([low, low, high], [high, high, high]) == expected
    for panel, part in itertools.product((0, 1 << 12), (0.25, 0.5, 0.75)):
        monkeypatch.setattr(_transport, "PANEL", panel)
        options: dict[str, Any] = {"x_weights": [part, 1 - part]}
        expected = pytest.approx((high / 2 - low / 2) * part * 2, rel=1e-15, abs=0)
        assert wasserstein_1d([low, high], [high], **options) == expected
        assert wasserstein_1d([-low, -high], [-high], **options) == expected


def test_powers_of_two_keep_all_digits() -> None:
    rng = np.random.default_rng(44)
    x, y = rng.standard_normal((300, 7)), rng.standard_normal((300, 7))
    for order, shift in itertools.product((1, math.inf), (-960, 900)):
        expected = np.ldexp(wasserstein_1d(x, y, order=order), shift)
        found = wasserstein_1d(np.ldexp(x, shift), np.ldexp(y, shift), order=order)
        assert np.array_equal(found, expected)


def test_levels_that_differ_by_rounding_are_equal_at_order_infinity() -> None:
    thirds = [0.1 + 0.2, 0.7]
    assert wasserstein_1d(
        [0, 0, 5], [0, 5], order=math.inf, x_weights=[0.1, 0.2, 0.7], y_weights=thirds
    ) == pytest.approx(0)
    assert wasserstein_1d([0, 5], [0], order=math.inf, x_weights=[1, 1e-17]) == 5


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("weighted", [False, True])
def test_batches(axis: int, *, weighted: bool) -> None:
    rng = np.random.default_rng(3)
    x, y = (np.moveaxis(rng.standard_normal((3, 4, n)), -1, axis) for n in (6, 5))
    options: dict[str, Any] = {"order": 2}
    if weighted:
        options |= {"x_weights": np.arange(1, 7) / 21}
        options["y_weights"] = np.moveaxis(rng.dirichlet(np.ones(5), (3, 4)), -1, axis)
    result = wasserstein_1d(x, y, axis=axis, **options)
    assert result.shape == (3, 4)
    kept = wasserstein_1d(x, y, axis=axis, keepdims=True, **options)
    assert np.array_equal(kept, np.expand_dims(result, axis))
    for i, j in np.ndindex(3, 4):
        single = {
            k: np.moveaxis(v, axis, -1)[i, j] if np.ndim(v) == 3 else v for k, v in options.items()
        }
        row = wasserstein_1d(
            np.moveaxis(x, axis, -1)[i, j], np.moveaxis(y, axis, -1)[i, j], **single
        )
        assert result[i, j] == pytest.approx(row, rel=1e-15, abs=0)
    line = np.zeros(5)
    assert np.array_equal(wasserstein_1d([1.0, 3.0], line, keepdims=True), [2.0])
    assert wasserstein_1d(np.ones((7, 2)), line).tolist() == [1.0] * 7
    assert wasserstein_1d(line, np.ones((7, 2))).tolist() == [1.0] * 7
    assert wasserstein_1d(np.ones((40_000, 2)), line).tolist() == [1.0] * 40_000


@pytest.mark.parametrize("order", [1, 2, math.inf])
@pytest.mark.parametrize(("n", "m"), [(2500, 1900), (70_000, 3), (40_000, 45_000)])
def test_long_weighted_samples(n: int, m: int, order: float) -> None:
    # Whole numbers as weights stand for as many points.
    rng = np.random.default_rng(22)
    x, y = rng.standard_normal(n), rng.standard_normal(m) * 3 + 1
    a, b = rng.integers(0, 4, n), rng.integers(1, 4, m)
    value = wasserstein_1d(x, y, order=order, x_weights=a / a.sum(), y_weights=b / b.sum())
    expected = wasserstein_1d(np.repeat(x, a), np.repeat(y, b), order=order)
    assert value == pytest.approx(expected, rel=1e-14, abs=0)
    # A long row is coupled in parts, and short rows all at once.
    rows = (np.array([z, -z]) for z in (x[:1500], y[:900]))
    weights = [w[:k] / w[:k].sum() for w, k in ((a, 1500), (b, 900))]
    first, second = rows
    options: dict[str, Any] = {"order": order, "x_weights": weights[0], "y_weights": weights[1]}
    both = wasserstein_1d(first, second, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_transport, "PANEL", 0)
        assert_allclose(wasserstein_1d(first, second, **options), both, rtol=1e-15)


@pytest.mark.parametrize("panel", [0, 1 << 12])
def test_points_without_mass_do_not_count(panel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "PANEL", panel)
    half = [0.5, 0.5]
    for order in (1, 2, math.inf):
        for x, weights in (([-9.0, 0, 5], [0, *half]), ([0.0, 5, 9], [*half, 0])):
            for sign in (-1, 1):
                y = [0.0, sign * 5]
                options: dict[str, Any] = {"order": order, "x_weights": weights}
                assert wasserstein_1d(np.multiply(sign, x), y, y_weights=half, **options) == 0
                assert wasserstein_1d(np.multiply(sign, x), y, **options) == 0


@pytest.mark.parametrize("panel", [0, 1 << 12])
def test_masses_of_three_scales(panel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "PANEL", panel)
    for sign in (-1, 1):
        x = sign * np.array([0.0, 1.0, 1e40])
        value = wasserstein_1d(x, [0.0], x_weights=[1, 1e-17, 1e-40])
        assert value == pytest.approx(1, rel=1e-15, abs=0)
        for law in ([1e-20, 1e-40, 1], [1e-20, 1e-40, 1e-20, 1]):
            x = sign * np.arange(len(law))
            options: dict[str, Any] = {"x_weights": law, "y_weights": np.delete(law, 1)}
            value = wasserstein_1d(x, np.delete(x, 1), **options)
            assert value == pytest.approx(1e-40 * (len(law) - 2), rel=1e-15, abs=0)


def test_sums_are_wider_than_their_terms() -> None:
    # Where the platform has no wider float, both sides lose what is added.
    tiny = 2.0**-60
    pieces = [(np.array([[1.0, tiny]]), None), (np.array([[tiny]]), None)]
    found = _transport._total(iter(pieces), 1)  # noqa: SLF001 - each digit counts here
    assert found == np.longdouble(1) + np.longdouble(2 * tiny)
    assert _transport._wide_sum(np.array([[1.0, tiny, tiny]])) == found  # noqa: SLF001 - likewise


@pytest.mark.parametrize("panel", [0, 1 << 12])
def test_equal_levels_in_another_order(panel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "PANEL", panel)
    monkeypatch.setattr(_transport, "CHUNK", 4)
    p = np.array([0.1, 0.2, 0.0, 0.3, 0.1, 0.3])
    q = np.array([0.3, 0.0, 0.3, 0.05, 0.05, 0.1, 0.2])
    x, y = np.array([5.0, 4, 9, 3, 2, 1]), np.array([3.0, 8, 1, 2, 2, 5, 4])
    assert wasserstein_1d(x, y, x_weights=p, y_weights=q) <= 2e-16
    power, _ = on_the_line(x, y + x.max(), p, q, 2)
    value = wasserstein_1d(x, y + x.max(), order=2, x_weights=p, y_weights=q)
    with mp.workdps(40):
        assert oracles.relative_error(value, root(power, 2)) <= 5e-16
    assert wasserstein_1d([2.0], [5.0, 7.0], x_weights=[1.0], y_weights=[0.0, 1.0]) == 5


@pytest.mark.parametrize(("n", "m"), [(9, 9), (9, 4), (4, 9), (10, 5), (13, 1)])
@pytest.mark.parametrize("panel", [0, 30])
def test_rows_in_short_parts(n: int, m: int, panel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PANEL", panel), ("CHUNK", 4), ("BLOCK", 2)):
        monkeypatch.setattr(_transport, name, value)
    rng = np.random.default_rng(n * m)
    x, y = rng.standard_normal((3, n)), rng.standard_normal((3, m)) + 1
    a, b = rng.dirichlet(np.ones(n), 3), rng.dirichlet(np.ones(m), 3)
    equal = np.ones_like(a), np.ones_like(b)
    one_sided: dict[str, Any] = {"x_weights": a}
    both: dict[str, Any] = {"x_weights": a, "y_weights": b}
    for options, (v, w) in (({}, equal), (one_sided, (a, equal[1])), (both, (a, b))):
        for order in (1, 2, 3):
            values = wasserstein_1d(x.copy(), y.copy(), order=order, **options)
            longest = wasserstein_1d(x.copy(), y.copy(), order=math.inf, **options)
            with mp.workdps(40):
                for i in range(3):
                    power, way = on_the_line(x[i], y[i], v[i], w[i], order)
                    assert oracles.relative_error(values[i], root(power, order)) <= 5e-16
                    assert oracles.relative_error(longest[i], mp.mpf(float(way))) <= 2e-16


@pytest.mark.parametrize("panel", [0, 1 << 12])
@pytest.mark.parametrize("chunk", [4, 1 << 15])
def test_small_differences_of_large_masses(
    panel: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_transport, "PANEL", panel)
    monkeypatch.setattr(_transport, "CHUNK", chunk)
    rng = np.random.default_rng(34)
    places = np.repeat([0.0, 1.0, 3.0], [7, 8, 7]), np.repeat([0.0, 1.0], 11)
    nearly_equal = (1 + 1e-10 * rng.standard_normal(22)) / 22
    a = rng.dirichlet(np.ones(22))
    two = (nearly_equal, None), (a, a * (1 + 1e-10 * rng.standard_normal(22)))
    for place, (p, q), order in itertools.product(places, two, (1, 2)):
        found = wasserstein_1d(place, place, order=order, x_weights=p, y_weights=q)
        there = wasserstein_1d(place, place, order=order, x_weights=q, y_weights=p)
        with mp.workdps(40):
            power, _ = on_the_line(place, place, p, np.ones(22) if q is None else q, order)
            for value in (found, there):
                assert oracles.relative_error(value, root(power, order)) <= 1e-15


@pytest.mark.parametrize("panel", [0, 1 << 12])
def test_weights_in_low_precision(panel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "PANEL", panel)
    rng = np.random.default_rng(35)
    x, y = rng.random((2, 22))
    for kind in (np.float32, np.float16):
        p, q = rng.dirichlet(np.ones(22), 2).astype(kind)
        found = wasserstein_1d(x, y, x_weights=p, y_weights=q)
        with mp.workdps(40):
            power, _ = on_the_line(x, y, p, q, 1)
            assert oracles.relative_error(found, root(power, 1)) <= 5e-16


@pytest.mark.parametrize("panel", [0, 1 << 12])
def test_rounding_at_half_of_the_mass(panel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "PANEL", panel)
    p, x = [0.1, 0.2, 0.2, 0.3, 0.2], [0.0, 0, 0, 1, 1]
    for weights in ([0.5, 0.5], [0.25, 0.25 + 2.0**-54, 0.5]):
        y = [0.0, 1] if len(weights) == 2 else [0.0, 0, 1]
        options: dict[str, Any] = {"x_weights": p, "y_weights": weights, "order": math.inf}
        assert wasserstein_1d(x, y, **options) == 0
    below, above = [0.5 - 2.0**-53, 0.5 + 2.0**-53], [0.5 + 2.0**-53, 0.5 - 2.0**-53]
    for one, other in ((below, above), (above, below)):
        options = {"x_weights": one, "y_weights": other, "order": math.inf}
        assert wasserstein_1d([0, 1], [0, 1], **options) == 0


@pytest.mark.parametrize("panel", [0, 1 << 12])
def test_mass_that_is_no_rounding_at_finite_orders(
    panel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_transport, "PANEL", panel)
    rest = 2.0**-53
    for order in (1.5, 2, 3):
        found = wasserstein_1d(
            [0, 1], [0, 1], order=order, x_weights=[0.5, 0.5], y_weights=[0.5 + rest, 0.5 - rest]
        )
        assert found == pytest.approx(rest ** (1 / order), rel=1e-14, abs=0)


@pytest.mark.parametrize("panel", [0, 1 << 12])
@pytest.mark.parametrize("chunk", [2, 1 << 15])
@pytest.mark.parametrize("level", [0.25, 0.5, 0.75])
def test_levels_that_no_float_can_tell_apart(
    panel: int, chunk: int, level: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("PANEL", panel), ("CHUNK", chunk)):
        monkeypatch.setattr(_transport, name, value)
    q = [level, 1 - level]
    for rest, place in itertools.product((1e-25, 2.0**-60, 2.0**-54), ([0, 0, 1], [0, 1, 1])):
        p = [level, rest, 1 - level]
        exact = float(on_the_line(place, [0, 1], p, q, 1)[0])
        found = wasserstein_1d(place, [0, 1], x_weights=p, y_weights=q)
        back = wasserstein_1d([0, 1], place, x_weights=q, y_weights=p)
        assert [found, back] == pytest.approx([exact, exact], rel=1e-15, abs=0)
    for rest in (2.0**-52, 2.0**-50, 2.0**-40):
        p = [level - rest, 1 - level + rest]
        for a, b in ((p, q), (q, p)):
            assert wasserstein_1d([0, 1], [0, 1], x_weights=a, y_weights=b) == rest


def test_bad_input_on_the_line() -> None:
    for bad in (math.nan, math.inf):
        for side in "xy":  # where the point has no mass, the distance does not show it
            two: dict[str, Any] = {side: [bad, 0.0], f"{side}_weights": [0.0, 1.0]}
            with pytest.raises(ValueError, match=rf"{side}\[0\] = {bad} is not a finite number"):
                wasserstein_1d(**{"x": [1.0], "y": [1.0], **two}, order=2)
    with pytest.raises(ValueError, match=r"x_weights has shape .* for 3 points"):
        wasserstein_1d(POINTS, [1.0], x_weights=[0.5, 0.5])
    with pytest.raises(ValueError, match="do not broadcast"):
        wasserstein_1d(np.zeros((2, 3)), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="do not broadcast"):
        wasserstein_1d(np.zeros((2, 3)), POINTS, x_weights=np.full((4, 3), 1 / 3))


# The line: laws.


@given(samples(), samples(), orders)
def test_distances_on_the_line_grow_with_the_order(
    first: tuple[Array, Array | None], second: tuple[Array, Array | None], order: float
) -> None:
    (x, a), (y, b) = first, second
    options: dict[str, Any] = {"x_weights": a, "y_weights": b}
    one = wasserstein_1d(x, y, **options)
    some = wasserstein_1d(x, y, order=order, **options)
    assert some <= wasserstein_1d(x, y, order=order + 1, **options) * (1 + 1e-14)
    means = [float(np.average(z, weights=w)) for z, w in (first, second)]
    size = max(np.abs(x).max(), np.abs(y).max())
    assert abs(means[0] - means[1]) <= one * (1 + 1e-14) + 1e-14 * size
    assert one <= some * (1 + 1e-14)


@given(samples(weighted=False), samples(weighted=False), orders, st.floats(-9, 9))
def test_translation_and_scaling(
    first: tuple[Array, None], second: tuple[Array, None], order: float, factor: float
) -> None:
    x, y = np.round(first[0], 3), np.round(second[0], 3)
    value = wasserstein_1d(x, y, order=order)
    scaled = wasserstein_1d(factor * x, factor * y, order=order)
    assert scaled == pytest.approx(abs(factor) * value, rel=1e-13, abs=1e-300)
    assert wasserstein_1d(x, x + 2.5, order=order) == pytest.approx(2.5, rel=1e-5, abs=0)


@given(st.lists(samples(), min_size=3, max_size=3), orders)
def test_triangle_inequality_on_the_line(
    three: list[tuple[Array, Array | None]], order: float
) -> None:
    def distance(i: int, j: int) -> float:
        (x, a), (y, b) = three[i], three[j]
        options: dict[str, Any] = {"x_weights": a, "y_weights": b}
        return float(wasserstein_1d(x, y, order=order, **options))

    assert distance(0, 2) <= (distance(0, 1) + distance(1, 2)) * (1 + 1e-14)
    assert distance(0, 1) == pytest.approx(distance(1, 0), rel=1e-15, abs=0)


def test_formula_with_distribution_functions() -> None:
    rng = np.random.default_rng(5)
    for n, m in ((4, 4), (3, 7), (40, 31)):
        x, y = rng.standard_normal(n), rng.standard_normal(m)
        t = np.sort(np.concatenate([x, y]))
        f, g = (np.searchsorted(np.sort(z), t[:-1], side="right") / z.size for z in (x, y))
        area = float(np.abs(f - g) @ np.diff(t))
        assert wasserstein_1d(x, y) == pytest.approx(area, rel=1e-13, abs=0)
        assert wasserstein_1d(x, y) == pytest.approx(
            stats.wasserstein_distance(x, y), rel=1e-13, abs=0
        )


def test_sorted_matching_is_the_best_of_all() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.standard_normal(6), rng.standard_normal(6)
    for order in (1, 2, 4):
        best = min(
            float(np.mean(np.abs(x - y[list(s)]) ** order))
            for s in itertools.permutations(range(6))
        )
        assert wasserstein_1d(x, y, order=order) == pytest.approx(
            best ** (1 / order), rel=1e-13, abs=0
        )


def test_concave_costs_cross() -> None:
    # Under the square root the sorted matching of {0, 1} to {1, 2} is not the best.
    assert math.sqrt(1) + math.sqrt(1) > math.sqrt(2) + math.sqrt(0)


# Exact transport.


@st.composite
def problems(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    """Draw two laws and costs, some of them equal."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    p, q = (np.full(k, 1 / k) if draw(st.booleans()) else draw(laws(k)) for k in (n, m))
    entry = st.one_of(st.integers(0, 3).map(float), st.floats(0, 1))
    cost = np.reshape(draw(st.lists(entry, min_size=n * m, max_size=n * m)), (n, m))
    return p, q, cost * 10.0 ** draw(st.sampled_from([-20, -8, 0, 20]))


def check_certificate(p: Any, q: Any, cost: Any, result: TransportResult) -> None:  # noqa: ANN401  (as above)
    """Check a plan, its potentials and their gap from what they are."""
    assert (result.plan >= 0).all()
    assert_allclose(result.plan.sum(axis=1), np.asarray(p) / np.sum(p), rtol=1e-15, atol=1e-16)
    assert_allclose(result.plan.sum(axis=0), np.asarray(q) / np.sum(q), rtol=1e-15, atol=1e-16)
    f, g = result.potentials
    scale = np.abs(cost).max() + np.abs(f).max()
    assert (f[:, None] + g - cost <= 4e-16 * scale).all()
    assert result.cost == pytest.approx(float((result.plan * cost).sum()), rel=1e-14, abs=0)
    bound = f @ p / np.sum(p) + g @ q / np.sum(q)
    assert result.lower == pytest.approx(bound, rel=1e-12, abs=1e-15 * scale)
    assert 0 <= result.gap <= 1e-9 * result.cost + 1e-17 * scale
    assert result.converged


@given(problems())
def test_exact_transport_against_linear_programme(problem: tuple[Array, Array, Array]) -> None:
    p, q, cost = problem
    result = wasserstein(p, q, cost=cost)
    check_certificate(p, q, cost, result)
    scale = cost.max() or 1.0
    expected = linear_programme(p / p.sum(), q / q.sum(), cost / scale)
    assert result.cost / scale == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("scale", [1e-20, 1e-8, 1.0, 1e20])
@pytest.mark.parametrize("kind", ["uniform", "weighted", "rectangular"])
def test_gap_at_any_scale_of_the_costs(scale: float, kind: str) -> None:
    rng = np.random.default_rng(8)
    n, m = 40, 30 if kind == "rectangular" else 40
    cost = scale * cdist(rng.random((n, 2)), rng.random((m, 2)))
    p, q = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    if kind == "uniform":
        p, q = np.full(n, 1 / n), np.full(m, 1 / m)
    result = wasserstein(p, q, cost=cost)
    check_certificate(p, q, cost, result)
    assert result.gap <= 1e-9 * result.cost
    assert result.cost / scale == pytest.approx(
        linear_programme(p, q, cost / scale), rel=1e-7, abs=0
    )


def test_costs_of_different_scales_keep_their_certificate() -> None:
    rng = np.random.default_rng(19)
    near, there = np.append(rng.random(20) * 1e-10, 1e6), np.append(rng.random(20) * 1e-10, 1e6)
    p, q = (np.append(rng.multinomial(32, np.ones(20) / 20), 32) / 64 for _ in range(2))
    for a, b in ((p, q), (np.full(21, 1 / 21), np.full(21, 1 / 21))):
        result = wasserstein(a, b, x=near, y=there)
        line = wasserstein_1d(near, there, x_weights=a, y_weights=b)
        assert result.cost == pytest.approx(line, rel=1e-12, abs=0)
        assert result.gap <= 1e-12 * result.cost
    steep = wasserstein(A, B, x=POINTS, order=400)
    assert steep.gap <= 1e-12 * steep.cost
    little, far = [0.5, 0.5, 5e-56, 5e-28, 5e-49], [1.6, 0.1, -1.0, 3.0, 4.7]
    seldom = wasserstein(little, [7 / 13, 6 / 13], x=far, y=[0.0, -0.8], order=40)
    assert seldom.gap <= 1e-12 * seldom.cost
    wide = wasserstein([0.5, 0.5], [0.5, 0.5], cost=[[1e-300, 1e300], [1e300, 1e-300]])
    assert (wide.cost, wide.gap) == (1e-300, 0)
    x, y = [[0.0, 0.0], [1e300, 0.0]], [[3e-20, 4e-20], [1e300, 0.0]]
    plane = wasserstein([0.5, 0.5], [0.5, 0.5], x=x, y=y)
    assert plane.cost == pytest.approx(2.5e-20, rel=1e-15, abs=0)
    with pytest.raises(ValueError, match="so far apart that their distance is no float"):
        wasserstein([1.0], [1.0], x=[1e308], y=[-1e308])


def test_large_problem_has_a_certificate() -> None:
    rng = np.random.default_rng(9)
    x, y = rng.random((120, 2)), rng.random((150, 2))
    p, q = rng.dirichlet(np.ones(120)), rng.dirichlet(np.ones(150))
    result = wasserstein(p, q, x=x, y=y)
    check_certificate(p, q, cdist(x, y), result)
    assert result.gap <= 1e-13 * result.cost
    message = (
        r"^after 5 iterations the cost of the best plan is 0\.\d+, and the least cost may be less "
        r"by \d\.\de-\d\d; give a larger max_iterations$"
    )
    with pytest.warns(ConvergenceWarning, match=message) as warned:
        short = wasserstein(p, q, x=x, y=y, max_iterations=5)
    assert warned[0].filename == __file__
    assert not short.converged
    assert short.iterations == 5
    assert short.lower < result.cost < short.cost


@pytest.mark.parametrize("kind", ["points", "integers", "one cost", "many scales", "far away"])
def test_large_matching_is_the_best(kind: str) -> None:
    rng = np.random.default_rng(20)
    n = 160
    x, y = rng.random((n, 2)), rng.random((n, 2))
    x[-1] = 1e9 if kind == "far away" else x[-1]
    cost = {
        "points": cdist(x, y),
        "integers": rng.integers(0, 5, (n, n)).astype(float),
        "one cost": np.ones((n, n)),
        "many scales": 10.0 ** rng.uniform(-10, 10, (n, n)),  # single precision is not enough
        "far away": cdist(x, y),
    }[kind]
    p = np.full(n, 1 / n)
    result = wasserstein(p, p, cost=cost)
    check_certificate(p, p, cost, result)
    best = cost[optimize.linear_sum_assignment(cost)]
    assert result.cost == pytest.approx(math.fsum(best) / n, rel=1e-15, abs=0)
    assert result.gap <= 1e-13 * result.cost


def test_masses_below_single_precision() -> None:
    rng = np.random.default_rng(21)
    p, q = rng.dirichlet(np.ones(25)), rng.dirichlet(np.ones(25))
    p[:3] = q[5:9] = 1e-300
    p, q = p / p.sum(), q / q.sum()
    cost = cdist(rng.random((25, 2)), rng.random((25, 2)))
    check_certificate(p, q, cost, wasserstein(p, q, cost=cost))


def test_pivots_end_where_rounding_disagrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport._Tree, "_pivot", lambda *_: False)  # noqa: SLF001 - no input gets there at will
    result = wasserstein(A, B, cost=[[3, 1, 0], [1, 2, 3], [0, 3, 9]])
    assert (result.converged, result.iterations) == (True, 0)
    assert result.lower < result.cost


@pytest.mark.parametrize(
    ("x", "y", "masses", "order"),
    [
        ([3.0, 2.0, 2.0], [-4.5, 2.0, 2.5], [8, 6, 1], 200),
        ([-1.0, -0.5, -0.5, -4.5], [4.0, -4.0, 1.5], [5, 3, 4], 66),
    ],
)
def test_pivots_that_go_round_in_circles_end(
    x: list[float], y: list[float], masses: list[int], order: int
) -> None:
    p, q = np.full(len(x), 1 / len(x)), np.array(masses) / sum(masses)
    result = wasserstein(p, q, x=x, y=y, order=order)
    line = wasserstein_1d(x, y, x_weights=p, y_weights=q, order=order)
    assert result.converged
    assert result.iterations < 100
    assert result.distance == pytest.approx(line, rel=1e-14, abs=0)


def test_costs_of_zero() -> None:
    same = wasserstein([0.25] * 4, [0.25] * 4, x=[0, 1, 2, 3])
    assert (same.cost, same.lower, same.converged, same.iterations) == (0, 0, True, 1)
    rng = np.random.default_rng(41)
    for _ in range(20):
        p, q = rng.dirichlet(np.ones(9), 2)
        found = wasserstein(p, q, cost=rng.integers(0, 3, (9, 9)))
        assert found.converged
        assert found.gap <= 1e-14
    p, q = [0.1, 0.4, 0.4, 0.1], [0.5, 0.5]  # on the way to the best plan no number is left
    assert wasserstein(p, q, cost=[[0, 1], [1, 2], [0, 2], [0, 2]]).cost == pytest.approx(0.9)


def test_little_mass_far_away() -> None:
    rng = np.random.default_rng(10)
    p = rng.dirichlet(np.ones(30))
    q = p.copy()
    q[[3, 9]] += [1e-8, -1e-8]
    x = rng.random((30, 2))
    exact = float(Fraction(q[3]) - Fraction(p[3])) * float(np.hypot(*(x[3] - x[9])))
    result = wasserstein(p, q, x=x)
    assert result.cost == pytest.approx(
        exact, rel=1e-7, abs=0
    )  # what moves is known to 1e-8 of itself
    assert result.gap <= 1e-9 * result.cost
    tiny = wasserstein([1.0, 1e-300], [1.0, 0.0], x=[0, 1e10])
    assert tiny.cost == pytest.approx(1e-290, rel=1e-15, abs=0)


def test_laws_whose_sums_are_rounded() -> None:
    p, q = np.random.default_rng(36).dirichlet(np.ones(3), 2).astype(np.float32)
    result = sinkhorn(p, q, x=POINTS, epsilon=0.1, tolerance=1e-12)
    for k, law in enumerate((p, q)):
        exact = law.astype(np.float64) / math.fsum(map(float, law))
        assert_allclose(result.plan.sum(axis=1 - k), exact, rtol=1e-13)
        assert_allclose(wasserstein(p, q, x=POINTS).plan.sum(axis=1 - k), exact, rtol=1e-15)


def test_laws_in_half_precision() -> None:
    p, q = np.array([0.5, 0.25, 0.25], dtype=np.float16), np.array([0.25, 0.25, 0.5], np.float16)
    assert wasserstein(p, q, x=POINTS).cost == 0.75
    assert sinkhorn(p, q, x=POINTS, epsilon=1e-3).value == pytest.approx(0.75, rel=1e-2, abs=0)


def test_example_of_three_points() -> None:
    one, two = (wasserstein(A, B, x=POINTS, order=r) for r in (1, 2))
    assert one.distance == pytest.approx(0.9, rel=1e-15, abs=0)
    assert two.distance == pytest.approx(1.5**0.5, rel=1e-15, abs=0)
    assert_allclose(two.plan, [[0.2, 0.3, 0], [0, 0, 0.3], [0, 0, 0.2]], atol=1e-16)
    independent = float((np.outer(A, B) * cdist(np.c_[POINTS], np.c_[POINTS])).sum())
    assert independent == pytest.approx(1.5)


def test_results_cannot_be_changed() -> None:
    for result in (wasserstein(A, B, x=POINTS), sinkhorn(A, B, x=POINTS, epsilon=1.0)):
        for array in (result.plan, *result.potentials):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1.0


def test_best_matching_of_all() -> None:
    # :eq:`thm-birkhoff-assignment`
    x, y = [[0, 0], [1, 0], [0, 1]], [[1, 1], [2, 0], [0, 2]]
    uniform = np.full(3, 1 / 3)
    cost = cdist(x, y)
    costs = [float(np.mean(cost[range(3), s])) for s in itertools.permutations(range(3))]
    result = wasserstein(uniform, uniform, x=x, y=y)
    assert result.cost == pytest.approx(min(costs), rel=1e-15, abs=0)
    assert min(costs) == pytest.approx((2 + math.sqrt(2)) / 3, rel=1e-15, abs=0)
    assert max(costs) == pytest.approx(1.96211650579, rel=1e-11, abs=0)
    assert sorted(result.plan.ravel())[-3:] == pytest.approx([1 / 3] * 3, rel=1e-15, abs=0)
    assert np.count_nonzero(result.plan) == 3


def test_points_on_the_line_agree_with_the_quantiles() -> None:
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal(13), rng.standard_normal(9)
    p, q = rng.dirichlet(np.ones(13)), rng.dirichlet(np.ones(9))
    for order in (1, 1.5, 2, 70):
        line = wasserstein_1d(x, y, order=order, x_weights=p, y_weights=q)
        result = wasserstein(p, q, x=x, y=y, order=order)
        assert result.distance == pytest.approx(line, rel=1e-12, abs=0)
    with pytest.raises(ValueError, match="order = 3000 is too large"):
        wasserstein(p, q, x=x, y=y, order=3000)


@pytest.mark.parametrize(("longest", "order"), [(1e200, 2), (3.0, 2000), (1e308, 1.1)])
@pytest.mark.parametrize("mass", [1.0, 1e-300])
def test_costs_that_are_no_floats_are_refused(longest: float, order: float, mass: float) -> None:
    # There would be no potentials, even where little mass goes that far.
    calls: list[tuple[Any, dict[str, Any]]] = [(wasserstein, {}), (sinkhorn, {"epsilon": 1.0})]
    for function, options in calls:
        with pytest.raises(ValueError, match="powers of the longest distances are no floats"):
            function([1 - mass, mass], [1.0, 0.0], x=[0.0, longest], order=order, **options)
    assert wasserstein([0.5, 0.5], [1.0, 0.0], x=[0.0, 1e154], order=2).cost == 5e307
    assert wasserstein_1d([0, longest], [0, 0], order=order) <= longest


def test_costs_at_the_ends_of_the_range() -> None:
    far = wasserstein([1.0], [1.0], x=[0.0], y=[0.95], order=2000)
    assert far.distance == pytest.approx(0.95, rel=1e-15, abs=0)
    least = wasserstein([0.5, 0.5], [0.5, 0.5], x=[0.0, 1.0], y=[2.0**-511, 1.0], order=2)
    assert least.cost == 2.0**-1023
    message = (
        "order = 2000 is too large: powers of the longest distances are no floats; "
        "give a smaller order, or places in a larger unit"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        wasserstein([1.0], [1.0], x=[0.0], y=[1.9], order=2000)
    with pytest.raises(ValueError, match=re.escape("mean_p has (2,), mean_q has (3,), std_p has")):
        wasserstein_1_gaussian([0.0, 1], [0.0, 1, 2], std_p=[1.0] * 4, std_q=[1.0] * 5)
    with pytest.raises(ValueError, match=re.escape("std_p has (4,), std_q has (5,)")):
        wasserstein_1_gaussian([0.0, 1], [0.0, 1, 2], std_p=[1.0] * 4, std_q=[1.0] * 5)


def test_what_a_plan_that_is_not_the_best_says() -> None:
    rng = np.random.default_rng(42)
    p, q = rng.dirichlet(np.ones(20), 2)
    message = r"after 1 iterations the cost of the best plan is .*; give a larger max_iterations$"
    with pytest.warns(ConvergenceWarning, match=message):
        wasserstein(p, q, cost=rng.random((20, 20)), max_iterations=1)


def test_whole_numbers_as_costs_are_exact() -> None:
    # Lengths are taken in a unit that is a power of two, up to the order 64.
    for k in range(1, 10):
        result = wasserstein([0.5, 0.5], [0.5, 0.5], x=[0, 100], y=[k, 110], order=3)
        assert result.cost == (k**3 + 10**3) / 2
    assert wasserstein([1.0], [1.0], x=[0], y=[3], order=600).distance == pytest.approx(3)


@pytest.mark.parametrize(("solver", "most"), [("transport", 1_000_000), ("entropic", 10_000)])
def test_number_of_steps_by_default(
    solver: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve, seen = getattr(_transport, solver), []

    def watched(*arguments: object) -> object:
        seen.append(arguments[-1])
        return solve(*arguments)

    monkeypatch.setattr(_transport, solver, watched)
    if solver == "transport":
        wasserstein(A, B, x=POINTS)
    else:
        sinkhorn(A, B, x=POINTS, epsilon=1)
        sinkhorn_divergence(A, B, x=POINTS, epsilon=1)
    assert set(seen) == {most}


def test_places_must_fit() -> None:
    with pytest.raises(TypeError, match="either cost, or x"):
        wasserstein(A, B)
    with pytest.raises(TypeError, match="either cost, or x"):
        wasserstein(A, B, cost=np.zeros((3, 3)), x=POINTS)
    with pytest.raises(ValueError, match="x has 2 points; give 3"):
        wasserstein(A, B, x=[0, 1])
    with pytest.raises(ValueError, match="x has 3 points; give 2"):
        wasserstein(A, [0.5, 0.5], x=POINTS)
    with pytest.raises(ValueError, match="the dimensions do not match"):
        wasserstein(A, B, x=POINTS, y=np.zeros((3, 2)))
    with pytest.raises(ValueError, match="x has shape"):
        wasserstein(A, B, x=np.zeros((3, 1, 1)))
    with pytest.raises(ValueError, match="one law"):
        wasserstein([A], B, x=POINTS)
    with pytest.raises(ValueError, match=r"cost\[0, 1\] = -1.0 is negative"):
        wasserstein(A, B, cost=[[0, -1, 0]] * 3)
    with pytest.raises(ValueError, match="order"):
        wasserstein(A, B, x=POINTS, order=math.inf)


# Duality.


@given(problems())
def test_potentials_bound_the_cost_of_every_plan(problem: tuple[Array, Array, Array]) -> None:
    p, q, cost = problem
    f, g = wasserstein(p, q, cost=cost).potentials
    scale = np.abs(cost).max() + np.abs(f).max() + 1e-300
    assert f @ p + g @ q <= float((np.outer(p, q) * cost).sum()) + 1e-8 * scale
    assert_allclose(c_transform(f, cost), g, atol=4e-16 * scale)
    assert_allclose(c_transform(c_transform(g, cost.T), cost), g, atol=4e-16 * scale)


@given(laws(4), laws(4), vectors(8))
def test_kantorovich_rubinstein(p: Array, q: Array, coordinates: Array) -> None:
    x = coordinates.reshape(4, 2)
    distance = np.hypot(*(np.subtract.outer(z, z) for z in x.T))  # no square underflows
    result = wasserstein(p, q, x=x)
    critic = result.potentials[0]  # a transform under a metric
    # Its values are rounded to the digits of the largest one.
    assert (np.abs(critic[:, None] - critic) - distance).max() <= 1e-15 * distance.max()
    assert critic @ p - critic @ q <= result.cost + 1e-8
    assert critic @ p - critic @ q == pytest.approx(result.cost, abs=2e-8)
    for other in (np.sin(x[:, 0]), distance[0], -x[:, 1]):
        assert is_lipschitz(other, distance=distance)
        assert other @ p - other @ q <= result.cost + 2e-8


def test_optimal_critic_grows_along_the_ways() -> None:
    critic = -np.array(POINTS)
    assert critic @ A - critic @ B == pytest.approx(0.9, rel=1e-15, abs=0)
    result = wasserstein(A, B, x=POINTS)
    for i, j in np.argwhere(result.plan):
        assert critic[i] - critic[j] == pytest.approx(abs(POINTS[i] - POINTS[j]))
    assert is_lipschitz([0, -1, -1], x=POINTS)
    assert np.dot([0, -1, -1], A) - np.dot([0, -1, -1], B) == pytest.approx(0.3)


def test_lipschitz_constants() -> None:
    assert is_lipschitz([0, 2], x=[0, 1], constant=2)
    assert not is_lipschitz([0, 2.0001], x=[0, 1], constant=2)
    assert is_lipschitz([1, 1], x=[0, 1], constant=0)
    assert is_lipschitz([0.1 + 0.2], x=[[0.0, 1.0]])
    assert is_lipschitz([0.0, 0.1 + 0.2], x=[0.0, 0.3])  # but for rounding
    with pytest.raises(ValueError, match="x has 3 points; give 2"):
        is_lipschitz([0, 1], x=[0, 1, 2])
    assert not is_lipschitz([0, 1], distance=[[0, 0], [0, 0]])
    wrong: list[dict[str, Any]] = [{}, {"x": [0, 1], "distance": np.zeros((2, 2))}]
    for options in wrong:
        with pytest.raises(TypeError, match="either x or distance"):
            is_lipschitz([0, 1], **options)
    assert is_lipschitz([1, 1], x=[1e308, -1e308], constant=0)
    with pytest.raises(ValueError, match="distance has shape"):
        is_lipschitz([0, 1], distance=np.zeros((3, 3)))
    with pytest.raises(ValueError, match="row for each value"):
        c_transform([0, 1], np.zeros((3, 3)))


@given(laws(4), laws(4), laws(4), vectors(8), orders)
def test_wasserstein_distance_is_a_metric(
    p: Array, q: Array, r: Array, coordinates: Array, order: float
) -> None:
    x = coordinates.reshape(4, 2)
    ways = np.hypot(*(np.subtract.outer(z, z) for z in x.T))
    assume(order == 1 or (ways[ways > 0] > 1e-40 * ways.max()).all())  # powers are floats

    def distance(a: Array, b: Array) -> float:
        return wasserstein(a, b, x=x, order=order).distance

    assert distance(p, p) == 0
    assert distance(p, q) == pytest.approx(distance(q, p), rel=1e-9, abs=1e-9)
    assert distance(p, r) <= distance(p, q) + distance(q, r) + 1e-9
    assert wasserstein(p, q, x=x).distance <= distance(p, q) * (1 + 1e-12) + 1e-300


@given(laws(4), laws(4), vectors(8))
def test_distance_and_total_variation(p: Array, q: Array, coordinates: Array) -> None:
    x = np.round(coordinates, 6).reshape(4, 2)
    ways = cdist(x, x)
    variation = float(np.abs(p - q).sum()) / 2
    shortest = ways[~np.eye(4, dtype=bool)].min()
    value = wasserstein(p, q, x=x).distance
    assert shortest * variation * (1 - 1e-12) <= value + 1e-300
    assert value <= ways.max() * variation * (1 + 1e-12) + 1e-15


# Normal laws.


def bures(a: Array, b: Array) -> Any:  # noqa: ANN401  (mpmath has no types)
    p, q = mp.matrix(a.tolist()), mp.matrix(b.tolist())
    values, vectors_ = mp.eigsy(p)
    square_root = vectors_ * mp.diag([mp.sqrt(abs(v)) for v in values]) * vectors_.T
    mixed, _ = mp.eigsy(square_root * q * square_root)
    trace = sum(p[i, i] + q[i, i] for i in range(p.rows))
    return mp.sqrt(abs(trace - 2 * sum(mp.sqrt(abs(v)) for v in mixed)))


@given(st.integers(1, 3).flatmap(lambda d: st.tuples(vectors(d), covariances(d), covariances(d))))
def test_normal_laws_against_mpmath(drawn: tuple[Array, Array, Array]) -> None:
    mean, a, b = drawn
    with mp.workdps(60):
        value = wasserstein_gaussian(0 * mean, 0 * mean, cov_p=a, cov_q=b)
        assert np.array_equal(a, b) or oracles.relative_error(value, bures(a, b)) <= 1e-11
    shifted = wasserstein_gaussian(mean, 0 * mean, cov_p=a, cov_q=b)
    assert shifted == pytest.approx(math.hypot(value, *mean.tolist()), rel=1e-14, abs=0)
    assert wasserstein_gaussian(mean, mean, cov_p=a, cov_q=a.copy()) == 0


@pytest.mark.parametrize("digits", range(1, 16))
@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8])
def test_nearly_equal_normal_laws(digits: int, condition: float) -> None:
    rng = np.random.default_rng(digits)
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    a = (turn * np.geomspace(1, 1 / condition, 3)) @ turn.T
    a = (a + a.T) / 2
    b = (1 + 10.0**-digits) * a
    with mp.workdps(60):
        reference = bures(a, b)
        value = wasserstein_gaussian(np.zeros(3), np.zeros(3), cov_p=a, cov_q=b)
        assert oracles.relative_error(value, reference) <= 2e-8


def test_normal_laws_on_the_line() -> None:
    assert wasserstein_gaussian(0, 1, std_p=1, std_q=2) == pytest.approx(2**0.5, rel=1e-15, abs=0)
    assert wasserstein_gaussian(0, 1, std_p=0, std_q=0) == 1
    assert wasserstein_gaussian([0, 3], 0, std_p=1, std_q=1).tolist() == [0, 3]
    levels = (np.arange(20_000) + 0.5) / 20_000
    z = stats.norm.ppf(levels)
    assert wasserstein_1d(z, 1 + 2 * z, order=2) == pytest.approx(2**0.5, rel=1e-3, abs=0)


def test_normal_laws_on_the_line_move_and_broadcast_together() -> None:
    assert wasserstein_gaussian(5, 1, std_p=3, std_q=0) == 5
    names = ["mean_p", "mean_q", "std_p", "std_q"]
    for name, other in zip(names, [*names[1:], names[0]], strict=True):
        shapes = dict.fromkeys(names, 1) | {name: 3, other: 2}
        arrays: dict[str, Any] = {key: np.ones(n) for key, n in shapes.items()}
        with pytest.raises(ValueError, match=rf"do not broadcast: .*{name} has \(3,\)"):
            wasserstein_gaussian(**arrays)


def test_normal_laws_in_space() -> None:
    a, b = np.array([[2.0, 1.0], [1.0, 2.0]]), np.diag([1.0, 3.0])
    value = wasserstein_gaussian([0, 0], [0, 0], cov_p=a, cov_q=b)
    assert value**2 == pytest.approx(8 - 2 * math.sqrt(14), rel=1e-13, abs=0)
    both = wasserstein_gaussian(np.zeros((3, 1, 2)), np.ones(2), cov_p=[a, b], cov_q=b)
    assert both.shape == (3, 2)
    assert both[0] == pytest.approx([1.58640638755, 2**0.5], rel=1e-11, abs=0)
    many = np.broadcast_to(b, (2, 3, 2, 2))
    for options in ({"cov_p": a, "cov_q": many}, {"cov_p": many, "cov_q": a}):
        values = wasserstein_gaussian([0, 0], [0, 0], **options)
        assert_allclose(values, np.full((2, 3), 8 - 2 * 14**0.5) ** 0.5, rtol=1e-13)
    for scale in (1e-200, 1e200):
        value = wasserstein_gaussian([3 * scale, 4 * scale], [0, 0], cov_p=a * 0, cov_q=a * 0)
        assert value == pytest.approx(5 * scale, rel=1e-15, abs=0)
    flat = wasserstein_gaussian([0, 0], [0, 0], cov_p=np.zeros((2, 2)), cov_q=b)
    assert flat == pytest.approx(2, rel=1e-15, abs=0)
    singular = np.array([[1.0, 3.0], [3.0, 9.0]])
    assert wasserstein_gaussian([0, 0], [0, 0], cov_p=singular, cov_q=singular.copy()) == 0
    v = np.array([1, 2**0.5, math.pi])
    line_in_space = np.outer(v, v)
    options = {"cov_p": line_in_space, "cov_q": line_in_space.copy()}
    assert wasserstein_gaussian(np.zeros(3), np.zeros(3), **options) == 0
    line = wasserstein_gaussian([0, 0], [0, 0], cov_p=[[1, 1], [1, 1]], cov_q=[[4, 4], [4, 4]])
    assert line == pytest.approx(2**0.5, rel=1e-12, abs=0)
    incomplete: list[dict[str, Any]] = [{"cov_p": a}, {"std_p": 1}]
    for wrong in (*incomplete, {"cov_p": a, "cov_q": a, "std_p": 1}):
        with pytest.raises(TypeError, match="give both"):
            wasserstein_gaussian([0, 0], [0, 0], **wrong)


# Slices.


def test_slices() -> None:
    # :eq:`def-sliced-wasserstein`
    rng = np.random.default_rng(12)
    x, y = rng.standard_normal((30, 3)), rng.standard_normal((20, 3)) + 1
    p, q = np.full(30, 1 / 30), np.full(20, 1 / 20)
    for order in (1, 2):
        whole = wasserstein(p, q, x=x, y=y, order=order).distance
        value = sliced_wasserstein(x, y, count=50, seed=1, order=order)
        assert 0 < value < whole
        assert value == sliced_wasserstein(x, y, count=50, seed=1, order=order)
        assert value != sliced_wasserstein(x, y, count=50, seed=2, order=order)
    axes = sliced_wasserstein(x, y, directions=np.eye(3), order=1)
    lines = [wasserstein_1d(x[:, k], y[:, k]) for k in range(3)]
    assert axes == pytest.approx(np.mean(lines), rel=1e-14, abs=0)
    assert sliced_wasserstein(x, x[::-1], count=5, seed=0) == 0
    large = sliced_wasserstein(1e307 * x, 1e307 * y, directions=np.ones((1, 3)) / 3**0.5)
    assert large == pytest.approx(
        1e307 * sliced_wasserstein(x, y, directions=np.ones((1, 3)) / 3**0.5), rel=1e-13, abs=0
    )
    weights: dict[str, Any] = {"x_weights": np.arange(30) / 435, "y_weights": np.arange(20) / 190}
    weighted = sliced_wasserstein(x, y, directions=np.eye(3), order=1, **weights)
    lines = [wasserstein_1d(x[:, k], y[:, k], **weights) for k in range(3)]
    assert weighted == pytest.approx(np.mean(lines), rel=1e-14, abs=0)
    with pytest.raises(ValueError, match=r"x_weights has shape \(3, 30\) and x \(30, 3\)"):
        sliced_wasserstein(x, y, directions=np.eye(3), x_weights=np.tile(p, (3, 1)))
    for options in ({}, {"count": 3}, {"seed": 3}, {"directions": np.eye(3), "seed": 1}):
        with pytest.raises(TypeError, match="either directions"):
            sliced_wasserstein(x, y, **options)
    with pytest.raises(ValueError, match="the dimensions do not match"):
        sliced_wasserstein(x, y[:, :2], count=3, seed=1)
    with pytest.raises(ValueError, match=r"directions has shape \(2, 2\); give rows of length 3"):
        sliced_wasserstein(x, y, directions=np.eye(2))
    with pytest.raises(ValueError, match=r"directions\[1\] has the length 2.0"):
        sliced_wasserstein(x, y, directions=[[1, 0, 0], [2, 0, 0]])


def test_slices_along_given_lines() -> None:
    rng = np.random.default_rng(23)
    x, y, a, b = *rng.random((2, 4, 3)), *rng.dirichlet(np.ones(4), 2)
    x, a = np.append(x, y[:1], axis=0), np.append(a / 2, 0.5)
    whole = sliced_wasserstein(x, y, directions=np.eye(3), order=3, x_weights=a, y_weights=b)
    lines = [
        wasserstein_1d(*z, order=3, x_weights=a, y_weights=b) for z in zip(x.T, y.T, strict=True)
    ]
    assert whole == pytest.approx(np.mean(np.power(lines, 3)) ** (1 / 3), rel=1e-14, abs=0)
    # On the line there is one direction, and its opposite.
    one = sliced_wasserstein(x[:, :1], y[:, :1], count=5, seed=0)
    assert one == pytest.approx(wasserstein_1d(x[:, 0], y[:, 0], order=2), rel=1e-14, abs=0)


# Entropic transport.


@given(problems(), st.sampled_from([1e-3, 0.1, 1.0, 30.0]), st.sampled_from([1, 5, 300]))
def test_interval_holds_whether_converged_or_not(
    problem: tuple[Array, Array, Array], epsilon: float, most: int
) -> None:
    p, q, cost = problem
    cost /= cost.max() or 1.0
    least = wasserstein(p, q, cost=cost).cost
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        result = sinkhorn(p, q, cost=cost, epsilon=epsilon, max_iterations=most)
    assert result.lower <= least <= result.upper == result.cost
    assert_allclose(result.plan.sum(axis=1), p / p.sum(), rtol=1e-13, atol=1e-15)
    assert_allclose(result.plan.sum(axis=0), q / q.sum(), rtol=1e-13, atol=1e-15)
    if result.converged:
        assert result.error <= 1e-9
        assert least - 1e-8 <= result.value
        assert result.value <= least + epsilon * min(entropy(p), entropy(q)) + 1e-8


@pytest.mark.parametrize("epsilon", [0.05, 0.5, 5.0])
def test_plan_of_entropic_transport(epsilon: float) -> None:
    cost = cdist(np.c_[POINTS], np.c_[POINTS])
    result = sinkhorn(A, B, cost=cost, epsilon=epsilon, tolerance=1e-14)
    f, g = result.potentials
    product = np.outer(A, B)
    scaled = product * np.exp((f[:, None] + g - cost) / epsilon)
    assert_allclose(result.plan, scaled, rtol=1e-10, atol=1e-14)
    value = result.cost + epsilon * kl_divergence(result.plan.ravel(), product.ravel())
    assert result.value == pytest.approx(value, rel=1e-12, abs=0)
    rng = np.random.default_rng(13)
    for _ in range(20):  # no other plan has a smaller value
        swap = np.outer(rng.permutation([1, -1, 0]), rng.permutation([1, -1, 0]))
        other = result.plan + 0.3 * result.plan.min() * swap
        there = float((other * cost).sum()) + epsilon * kl_divergence(
            other.ravel(), product.ravel()
        )
        assert there >= value * (1 - 1e-14)


def test_entropic_transport_of_huge_costs() -> None:
    costs, unit = np.abs(np.subtract.outer(POINTS, POINTS)), 2.0**1021
    small = sinkhorn(A, B, cost=costs, epsilon=0.5)
    huge = sinkhorn(A, B, cost=costs * unit, epsilon=0.5 * unit)
    assert huge.cost == small.cost * unit
    assert huge.lower == small.lower * unit
    assert huge.value == small.value * unit
    for found, expected in zip(huge.potentials, small.potentials, strict=True):
        assert (found == expected * unit).all()
    assert (huge.plan == small.plan).all()
    with pytest.warns(ConvergenceWarning):
        cold = sinkhorn(A, B, cost=costs * unit, epsilon=5e-324, max_iterations=5)
    assert cold.lower <= wasserstein(A, B, cost=costs * unit).cost <= cold.upper < math.inf


def test_entropic_numbers() -> None:
    two = sinkhorn([0.5, 0.5], [0.5, 0.5], x=[0, 1], epsilon=0.5)
    assert two.plan[0, 0] == pytest.approx(0.440398538989, rel=1e-11, abs=0)
    assert two.value == pytest.approx(-0.5 * math.log((1 + math.exp(-2)) / 2), rel=1e-12, abs=0)
    three = sinkhorn(A, B, x=POINTS, epsilon=0.5)
    assert isinstance(three, SinkhornResult)
    assert three.plan[0, [0, 2]] == pytest.approx([0.196483076296, 0.151792776486], rel=1e-9, abs=0)
    assert three.cost == pytest.approx(0.907308364478, rel=1e-9, abs=0)
    assert sinkhorn(A, B, x=POINTS, epsilon=0.05).value == pytest.approx(
        0.913862943611, rel=1e-11, abs=0
    )


def test_what_entropic_transport_returns() -> None:
    x, epsilon = np.array(POINTS) * 10, 50.0
    result = sinkhorn(A, B, x=x, epsilon=epsilon, order=2)
    assert (result.epsilon, result.upper) == (epsilon, result.cost)
    assert result.distance == pytest.approx(math.sqrt(result.cost), rel=1e-14, abs=0)
    matrix = sinkhorn(A, B, cost=np.subtract.outer(x, x) ** 2, epsilon=epsilon)
    for name in ("cost", "lower", "gap", "value", "plan", "iterations"):
        assert_allclose(getattr(result, name), getattr(matrix, name), rtol=1e-9)
    for mine, other in zip(result.potentials, matrix.potentials, strict=True):
        assert_allclose(mine, other, rtol=1e-9)
    # The same steps lead to the same place, whether their number or the tolerance ends them.
    steps = result.iterations
    options: dict[str, Any] = {"x": x, "epsilon": epsilon, "order": 2}
    for last in ({"max_iterations": steps}, {"tolerance": result.error}):
        same = sinkhorn(A, B, **options, **last)
        assert (same.converged, same.iterations, same.error) == (True, steps, result.error)
        assert np.array_equal(same.plan, result.plan)
    message = (
        rf"^after {steps - 1} iterations the mass \d\.\de-\d\d is not where the marginals want "
        r"it, more than tolerance = 1e-09; the bounds hold, but give a larger epsilon or "
        r"max_iterations for a better plan$"
    )
    with pytest.warns(ConvergenceWarning, match=message):
        short = sinkhorn(A, B, **options, max_iterations=steps - 1)
    assert (short.converged, short.iterations) == (False, steps - 1)


@pytest.mark.parametrize("epsilon", [0.002, 0.1, 10.0])
@pytest.mark.parametrize("most", [1, 3, 10_000])
def test_potentials_where_there_is_no_mass(epsilon: float, most: int) -> None:
    p, q, cost = two_clouds(9, 10, 35)
    p[[0, 4]] = q[[2, 3, 7]] = 0
    p, q = p / p.sum(), q / q.sum()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        result = sinkhorn(p, q, cost=cost, epsilon=epsilon, max_iterations=most, tolerance=1e-12)
    f, g = result.potentials
    soft = -epsilon * special.logsumexp((f[:, None] - cost) / epsilon, b=p[:, None], axis=0)
    assert_allclose(g, soft, rtol=1e-10)
    rows = (np.exp((f[:, None] + g - cost) / epsilon) * np.outer(p, q)).sum(axis=1)
    assert result.error == pytest.approx(np.abs(rows - p).sum(), rel=1e-6, abs=1e-12)
    assert result.value == pytest.approx(f @ p + g @ q, rel=1e-12, abs=0)
    soft = -epsilon * special.logsumexp((g - cost) / epsilon, b=q, axis=1)
    zero = p == 0
    assert_allclose(f[zero], soft[zero], rtol=1e-10)
    assert result.converged is (result.error <= 1e-12)
    if result.converged:
        assert_allclose(f, soft, rtol=1e-8)
        least = wasserstein(p, q, cost=cost).cost
        assert least - 2 * epsilon <= result.lower <= least


def test_small_epsilon_converges() -> None:
    rng = np.random.default_rng(14)
    x, y = rng.random((100, 2)), rng.random((100, 2))
    p, q = rng.dirichlet(np.ones(100)), rng.dirichlet(np.ones(100))
    least = wasserstein(p, q, x=x, y=y).cost
    result = sinkhorn(p, q, x=x, y=y, epsilon=1e-4)
    assert result.converged
    assert result.lower <= least <= result.upper <= least * (1 + 1e-4)
    assert result.gap == pytest.approx(result.upper - result.lower)


@pytest.mark.parametrize("seed", range(4))
def test_pieces_of_the_plan_that_hardly_touch_are_joined(seed: int) -> None:
    """Where the plan falls into pieces, the steps of Newton's method are far too long."""
    rng = np.random.default_rng(seed)
    n = (10, 30, 40, 60)[seed]
    cost = cdist(rng.standard_normal((n, 2)), rng.standard_normal((n, 2)) + 0.5, "sqeuclidean")
    p, q = rng.dirichlet(np.full(n, 0.3)), rng.dirichlet(np.ones(n))
    least = wasserstein(p, q, cost=cost).cost
    for epsilon in (1e-3, 1e-4, 1e-5):
        result = sinkhorn(p, q, cost=cost, epsilon=epsilon)
        assert result.converged
        assert result.lower <= least <= result.upper


@pytest.mark.parametrize("seed", [0, 5, 31, 240])
def test_small_masses_far_from_their_place_get_there(seed: int) -> None:
    """At a low temperature they have a long way to go, or are out of sight of all others."""
    rng = np.random.default_rng(seed)
    n, m = (5, 40) if seed == 5 else (2, 30) if seed == 31 else (3, 5)
    p, q = rng.lognormal(0, 10, n), rng.dirichlet(np.ones(m))
    p, cost = p / p.sum(), rng.random((n, m))
    least = wasserstein(p, q, cost=cost).cost
    for epsilon in (1e-3, 1e-6, 1e-7):
        result = sinkhorn(p, q, cost=cost, epsilon=epsilon)
        assert result.converged
        assert result.iterations <= 2000
        assert result.lower <= least <= result.upper <= least + epsilon * entropy(p) + 1e-8


def test_a_step_that_cannot_improve_is_not_made() -> None:
    half, f = np.array([0.5, 0.5]), np.zeros(2)
    assert np.array_equal(_transport._newton(half, half, np.zeros((2, 2)), f, 1.0), f)  # noqa: SLF001 - no input gets there at will
    lost = np.array([math.nan, 0.0])
    assert _transport._newton(half, half, np.zeros((2, 2)), lost, 1.0) is lost  # noqa: SLF001 - likewise


def test_scale_of_the_costs_does_not_matter() -> None:
    base = sinkhorn(A, B, x=POINTS, epsilon=0.5, order=2)
    for scale in (1e-9, 1e9):
        result = sinkhorn(A, B, x=np.array(POINTS) * scale, epsilon=0.5 * scale**2, order=2)
        assert result.value == pytest.approx(base.value * scale**2, rel=1e-9, abs=0)


def test_bounds_allow_for_rounding() -> None:
    for cost in (0.7, 1 / 3, 1e-300, 1e300):
        result = sinkhorn([1.0], [1.0], cost=[[cost]], epsilon=cost)
        assert result.lower <= cost <= result.upper
        assert result.gap <= 1e-14 * cost


@pytest.mark.filterwarnings("ignore::refimpl.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(20))
def test_bounds_allow_for_underflow(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(4))
    u, v = rng.integers(1, 2000, 3), rng.integers(1, 2000, 4)
    cost = np.add.outer(u, v) * 5e-324  # all plans cost the same
    parts = [(np.array([*map(Fraction, z)]), w) for z, w in ((p, u), (q, v))]
    exact = sum(sum(z * w.tolist()) / sum(z) for z, w in parts)
    result = sinkhorn(p, q, cost=cost, epsilon=float(cost.max()))
    lower, upper = (Fraction(z) / Fraction(5e-324) for z in (result.lower, result.upper))
    assert exact - 50 <= lower <= exact <= upper <= exact + 50


def test_large_epsilon_keeps_the_digits_of_the_value() -> None:
    independent = float((np.outer(A, B) * cdist(np.c_[POINTS], np.c_[POINTS])).sum())
    for epsilon in (1e8, 1e20, 1e300):
        result = sinkhorn(A, B, x=POINTS, epsilon=epsilon)
        assert result.value == pytest.approx(independent, rel=2e-8, abs=0)
    with pytest.raises(ValueError, match="out of the range of the costs"):
        sinkhorn(A, B, x=np.array(POINTS) * 1e-200, order=2, epsilon=1.0)


def test_steps_of_entropic_transport_are_counted() -> None:
    assert sinkhorn([1.0], [1.0], cost=[[0.0]], epsilon=1.0).iterations == 1
    for most in (1, 3, 7):
        with pytest.warns(ConvergenceWarning):
            cold = sinkhorn(A, B, x=POINTS, epsilon=1e-6, max_iterations=most)
        assert cold.iterations == most


def test_entropic_transport_in_extended_precision() -> None:
    wide, double = (
        sinkhorn(*(np.array(law, dtype=dtype) for law in (A, B)), x=POINTS, epsilon=1e-3)
        for dtype in (np.longdouble, np.float64)
    )
    assert wide.plan.dtype == np.float64
    assert wide.cost == pytest.approx(double.cost, rel=1e-12, abs=0)


def test_entropic_transport_in_half_precision() -> None:
    a, b = (np.multiply(law, 1.01).astype(np.float16) for law in (A, B))
    p, q = (law.astype(np.float64) / law.sum(dtype=np.float64) for law in (a, b))
    half, double = (sinkhorn(*pair, x=POINTS, epsilon=0.5) for pair in ((a, b), (p, q)))
    assert half.upper == pytest.approx(double.upper, rel=1e-12, abs=0)
    assert half.lower == pytest.approx(double.lower, rel=1e-12, abs=0)


def test_soft_minimum_at_a_high_temperature() -> None:
    weights, rest = np.array([0.25, 0.75]), np.array([[0.0, 3.0], [4.0, 3.0]])
    found = _transport._soft_minimum(weights, rest, 1e9)  # noqa: SLF001 - each digit counts here
    assert_allclose(found, [3 - 1.5e-9, 3], rtol=1e-14)  # the mean less half of the variance


def test_bounds_hold_where_epsilon_is_too_small_to_converge() -> None:
    with pytest.warns(ConvergenceWarning):
        result = sinkhorn(A, B, x=POINTS, epsilon=1e-300, max_iterations=2000)
    assert result.lower <= wasserstein(A, B, x=POINTS).cost <= result.upper


def test_factors_that_no_float_can_hold_are_not_taken() -> None:
    result = sinkhorn([1.0, 1e-250], [0.3, 0.7], cost=[[0, 1], [1, 0]], epsilon=1e-3)
    assert result.value == pytest.approx(0.7, rel=1e-12, abs=0)
    assert np.isfinite(result.potentials).all()


def test_a_singular_second_derivative_is_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def singular(*_: Array) -> Array:
        raise np.linalg.LinAlgError

    expected = sinkhorn(A, B, x=POINTS, epsilon=0.05).value
    monkeypatch.setattr(np.linalg, "solve", singular)
    assert sinkhorn(A, B, x=POINTS, epsilon=0.05).value == pytest.approx(expected, rel=1e-8, abs=0)


def test_unfinished_iterations_warn() -> None:
    with pytest.warns(ConvergenceWarning, match="after 1 iterations") as caught:
        result = sinkhorn(A, B, x=POINTS, epsilon=0.1, max_iterations=1)
    assert caught[0].filename == __file__
    assert not result.converged
    assert result.lower <= 0.9 <= result.upper
    with pytest.warns(ConvergenceWarning):
        sinkhorn_divergence(A, B, x=POINTS, epsilon=0.1, max_iterations=1)


@given(laws(3), laws(3), st.sampled_from([0.1, 1.0, 10.0]))
def test_sinkhorn_divergence_is_not_negative(p: Array, q: Array, epsilon: float) -> None:
    value = sinkhorn_divergence(p, q, x=POINTS, epsilon=epsilon, tolerance=1e-12)
    assert value >= -1e-9
    assert sinkhorn_divergence(p, p, x=POINTS, epsilon=epsilon) == 0
    same = sinkhorn_divergence(q, p, x=POINTS, epsilon=epsilon, tolerance=1e-12)
    assert value == pytest.approx(same, abs=1e-9)


def test_sinkhorn_divergence_numbers() -> None:
    cost = cdist(np.c_[POINTS], np.c_[POINTS])
    assert sinkhorn_divergence(A, B, cost=cost, epsilon=0.5) == pytest.approx(0.568139532633)
    assert sinkhorn(A, A, cost=cost, epsilon=0.5).value == pytest.approx(0.460943369761)
    assert sinkhorn_divergence(A, B, x=POINTS, epsilon=1e6) == pytest.approx(0.27, rel=1e-4, abs=0)
    elsewhere = sinkhorn_divergence(A, [1.0], x=POINTS, y=[5.0], epsilon=0.5)
    assert elsewhere > 0
    with pytest.raises(ValueError, match="give symmetric costs"):
        sinkhorn_divergence(A, B, cost=np.triu(np.ones((3, 3))), epsilon=1)
    with pytest.raises(ValueError, match="square"):
        sinkhorn_divergence(A, B, cost=np.ones((2, 3)), epsilon=1)


# The parts of the solvers.


def dual_value(a: Array, b: Array, cost: Array, f: Array) -> float:
    return float(a @ f + b @ (cost - f[:, None]).min(axis=0))


def test_sums_without_rounding() -> None:
    rng = np.random.default_rng(24)
    values = np.ldexp(rng.standard_normal(9), rng.integers(-80, 80, 9))
    masses = [3**k for k in range(9)]
    multiples, power = _transport._whole(values)  # noqa: SLF001 - each digit counts here
    assert [Fraction(n) * Fraction(2) ** power for n in multiples] == [*map(Fraction, values)]
    for scale in (1.0, 2.0**200, 2.0**-200):
        expected = sum(k * Fraction(v * scale) for k, v in zip(masses, values, strict=True))
        assert _transport._exact_dot(masses, values * scale) == expected  # noqa: SLF001 - likewise
    a, b = _transport._same_total([1, 2, 3], [5, 5])  # noqa: SLF001 - likewise
    assert sum(a) == sum(b)
    assert (a[1], a[2], b[0]) == (2 * a[0], 3 * a[0], b[1])


@pytest.mark.parametrize(("n", "m", "seed"), [(30, 40, 0), (50, 50, 1), (50, 30, 2)])
def test_first_plan_is_nearly_the_best(n: int, m: int, seed: int) -> None:
    a, b, cost = two_clouds(n, m, seed)
    best = wasserstein(a, b, cost=cost)
    for scale in (1e-3, 1.0, 1e3):
        f = _transport._guess(a, b, scale * cost)  # noqa: SLF001 - a bad guess costs only time
        assert 0.998 * scale * best.cost <= dual_value(a, b, scale * cost, f)
        assert dual_value(a, b, scale * cost, f) <= scale * best.cost * (1 + 1e-14)
    masses = _transport._same_total(*(_transport._whole(x)[0] for x in (a, b)))  # noqa: SLF001 - as above
    flows = _transport._first_flows(*masses, cost)  # noqa: SLF001 - as above
    for k, marginal in enumerate(masses):
        sums = [0] * len(marginal)
        for cell, flow in flows.items():
            sums[cell[k]] += flow
        assert sums == marginal
    assert len(flows) < n + m
    assert sum(x * float(cost[k]) for k, x in flows.items()) / sum(masses[0]) <= 1.12 * best.cost
    assert best.iterations <= n + m


def test_prices_of_a_matching() -> None:
    rng = np.random.default_rng(25)
    cost = rng.random((12, 12))
    rows, columns = optimize.linear_sum_assignment(cost)
    for start in (_transport._row_minima(cost), cost.min(axis=1), np.full(12, 9.0)):  # noqa: SLF001 - no input chooses it
        f, steps, converged = _transport._prices(cost, rows, columns, start)  # noqa: SLF001 - likewise
        g = (cost - f[:, None]).min(axis=0)
        assert_allclose(f[rows] + g[columns], cost[rows, columns], atol=1e-14)
        assert converged
        assert 1 <= steps <= 13
    assert _transport._row_minima(np.array([[3.0, 5.0], [1.0, 6.0]])).tolist() == [0, 0]  # noqa: SLF001 - likewise
    assert _transport._row_minima(np.array([[3.0, 5.0], [1.0, 4.0]])).tolist() == [1, 0]  # noqa: SLF001 - likewise


@pytest.mark.parametrize(("n", "m"), [(1, 3), (3, 1), (9, 7), (25, 30)])
def test_potentials_and_depths_follow_the_pivots(n: int, m: int) -> None:
    a, b, cost = two_clouds(n, m, 26)
    masses = _transport._same_total(*(_transport._whole(x)[0] for x in (a, b)))  # noqa: SLF001 - each step is seen here
    tree = _transport._Tree(*masses, cost)  # noqa: SLF001 - likewise
    while True:
        used, converged = tree.optimise(1)
        depth, potential = tree.depth.copy(), tree.potential.copy()
        order = tree._descend()  # noqa: SLF001 - likewise
        assert sorted(order) == list(range(n + m))
        assert depth == tree.depth
        assert_allclose(potential, tree.potential, atol=1e-14)
        assert min(tree.flow[1:], default=1) > 0
        for node in order[1:]:
            assert node in tree.children[tree.parent[node]]
            i, j = tree._cell(node)  # noqa: SLF001 - likewise
            assert tree.potential[i] + tree.potential[n + j] == pytest.approx(cost[i, j])
        if converged:
            break
        assert used == 1
    flows = tree.flows(*masses)
    assert all(sum(x for (i, _), x in flows.items() if i == k) == masses[0][k] for k in range(n))
    assert all(sum(x for (_, j), x in flows.items() if j == k) == masses[1][k] for k in range(m))
    assert tree.row_potentials().tolist() == tree.potential[:n]


@pytest.mark.parametrize("heat", [0.01, 0.3, 1e3])
def test_best_partner_of_a_potential(heat: float) -> None:
    a, b, cost = two_clouds(5, 7, 27)
    f = np.random.default_rng(28).random(5)
    g, plan = _transport.partner(a, b, cost, f, heat)
    expected = -heat * special.logsumexp((f[:, None] - cost) / heat, b=a[:, None], axis=0)
    assert_allclose(g, expected, rtol=1e-14 + 1e-14 * heat)  # what rounding takes from the sums
    whole = np.exp((f[:, None] + g - cost) / heat) * np.outer(a, b)
    assert_allclose(plan, whole, rtol=1e-11)
    soft = _transport._soft_minimum(a, cost - f[:, None], heat)  # noqa: SLF001 - no input gets there at will
    assert_allclose(soft, expected, rtol=1e-14 + 1e-14 * heat)
    step = np.random.default_rng(29).standard_normal(5)
    before, after = (
        sum(
            z @ w
            for z, w in zip((a, b), (z, _transport.partner(a, b, cost, z, heat)[0]), strict=True)
        )
        for z in (f + heat * step - 1e-6 * step, f + heat * step + 1e-6 * step)
    )
    slope = _transport._slope(a, b, cost, f, heat, step)  # noqa: SLF001 - likewise
    assert slope == pytest.approx((after - before) / 2e-6, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("failures", [0, 1])
def test_newton_doubles_the_digits(failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    solve, fails = np.linalg.solve, iter(range(failures))

    def now_and_then(*arguments: Array) -> Array:
        if next(fails, None) is not None:
            raise np.linalg.LinAlgError
        return np.asarray(solve(*arguments))

    a, b, cost = two_clouds(6, 8, 29)
    best = np.array(sinkhorn(a, b, cost=cost, epsilon=0.1, tolerance=1e-15).potentials[0])
    f = best + 1e-3 * np.random.default_rng(30).standard_normal(6)
    monkeypatch.setattr(np.linalg, "solve", now_and_then)
    after = _transport._newton(a, b, cost, f, 0.1)  # noqa: SLF001 - no input gets there at will
    plans = [_transport.partner(a, b, cost, z, 0.1)[1] for z in (f, after)]
    before, then = (float(np.abs(plan.sum(axis=1) - a).sum()) for plan in plans)
    assert before > 1e-3
    assert then <= before**2


def test_scaling_by_turns() -> None:
    a, b, cost = two_clouds(6, 8, 31)
    kernel = np.exp(-cost / 0.5) * np.outer(a, b)
    u, v = np.ones(6), np.ones(8)
    for steps in range(1, 6):
        factors, error, used = _transport.scale_by_turns(a, b, kernel, 0.0, steps)
        assert used == steps
        assert_allclose(factors, u, rtol=1e-14)
        assert error == pytest.approx(float(np.abs(u * (kernel @ v) - a).sum()), rel=1e-9, abs=0)
        u = a / (kernel @ v)
        v = b / (u @ kernel)
    _, error, used = _transport.scale_by_turns(a, b, kernel, 1e-9, 10_000)
    assert error <= 1e-9
    assert used < 60


@pytest.mark.parametrize(
    ("seed", "most"), [(93, 100), (136, 100), (289, 100), (292, 100), (54, 200), (101, 200)]
)
def test_few_steps_where_little_mass_touches(seed: int, most: int) -> None:
    n, m = [(3, 4), (5, 5), (8, 6), (12, 9)][seed % 4]
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.full(n, 0.1)), rng.dirichlet(np.full(m, 0.1))
    result = sinkhorn(p, q, cost=rng.random((n, m)), epsilon=1e-3)
    assert result.converged
    assert result.iterations <= most


@pytest.mark.parametrize("n", [2, 150])
def test_slow_scaling_is_given_up(n: int) -> None:
    first = np.arange(n) < n // 2
    a, b = np.where(first, 0.98 / n, 1.02 / n), np.full(n, 1 / n)

    def scale(leak: float) -> tuple[float, int]:
        kernel = np.where(np.equal.outer(first, first), 1.0, leak)
        return _transport.scale_by_turns(a, b, kernel / kernel.sum(), 1e-9, 10_000)[1:]

    error, steps = scale(0.05)
    assert error <= 1e-9
    assert 50 < steps < 100
    patient, steps = scale(0.02)  # a step of Newton's method takes longer for a large matrix
    assert (patient <= 1e-9) == (steps > 100) == (n > 100)
    error, steps = scale(1e-3)
    assert error > 0.01
    assert steps == 20


def test_marginals_are_repaired() -> None:
    rng = np.random.default_rng(32)
    a, b = rng.dirichlet(np.ones(5), 2)
    for plan in (rng.random((5, 5)) / 10, np.outer(a, b) * 1.5, np.outer(a, b) / 2):
        found = _transport._feasible(plan.copy(), a, b)  # noqa: SLF001 - likewise
        assert (found >= 0).all()
        assert_allclose(found.sum(axis=1), a, rtol=1e-14)
        assert_allclose(found.sum(axis=0), b, rtol=1e-14)
    assert_allclose(_transport._feasible(np.outer(a, b), a, b), np.outer(a, b), rtol=1e-15)  # noqa: SLF001 - likewise


def test_lengths_of_any_size() -> None:
    rng = np.random.default_rng(33)
    for scale in (1e-300, 1e-160, 1.0, 1e160, 1e300):
        x, y = scale * rng.standard_normal((4, 3)), scale * rng.standard_normal((5, 3))
        with mp.workdps(30):
            for vector, value in zip(x, _transport.length(x), strict=True):
                assert oracles.relative_error(value, mp.norm(mp.matrix(vector))) <= 5e-16
            ways = _transport.distances(x, y)
            for i, j in np.ndindex(4, 5):
                gap = mp.norm(mp.matrix(x[i]) - mp.matrix(y[j]))
                assert oracles.relative_error(float(ways[i, j]), gap) <= 1e-15
        line = _transport.distances(x[:, :1], y[:, :1])
        assert np.array_equal(line, np.abs(np.subtract.outer(x[:, 0], y[:, 0])))
    near = np.array([[0.0, 0.0], [1e200, 0.0]])
    assert _transport.distances(near, near + np.array([3e-5, 4e-5]))[0, 0] == pytest.approx(
        5e-5, rel=1e-15, abs=0
    )
    tiny = np.array([[0.3, 0.7]]) * 2.0**-530  # the squares of these have lost digits
    way = float(_transport.distances(np.array([[0.0, 0.0], [1.0, 1.0]]), tiny)[0, 0])
    assert way * 2.0**530 == pytest.approx(math.hypot(0.3, 0.7), rel=1e-15, abs=0)
    assert _transport.length(np.zeros((2, 3))).tolist() == [0, 0]


# What the chapter states and the notation cannot say.


def test_weak_convergence_with_moments() -> None:
    # :eq:`thm-w-weak-convergence`
    for n in (10, 1000):
        assert wasserstein_1d([1 / n], [0]) == pytest.approx(1 / n, rel=1e-15, abs=0)
        escaping = wasserstein_1d([0, n], [0], x_weights=[1 - 1 / n, 1 / n])
        assert escaping == pytest.approx(1, rel=1e-12, abs=0)  # though the law tends to the point 0
        # On a bounded space weak convergence is enough: W is at most diameter times TV.
        bounded = wasserstein_1d([0, 1], [0], x_weights=[1 - 1 / n, 1 / n])
        assert bounded == pytest.approx(1 / n, rel=1e-12, abs=0)
        # Order 1 may converge where order 2 does not, as the second moments do not.
        lighter: dict[str, Any] = {"x_weights": [1 - 1 / n**2, 1 / n**2]}
        assert wasserstein_1d([0, n], [0], **lighter) == pytest.approx(1 / n, rel=1e-12, abs=0)
        assert wasserstein_1d([0, n], [0], order=2, **lighter) == pytest.approx(1, rel=1e-12, abs=0)
    # Weak convergence with the second moments: quantiles of a normal law, on finer and finer grids.
    fine = stats.norm.ppf((np.arange(2**14) + 0.5) / 2**14)
    coarse = [stats.norm.ppf((np.arange(n) + 0.5) / n) for n in (4, 32, 256)]
    ways = [wasserstein_1d(x, fine, order=2) for x in coarse]
    moments = [abs(float(np.mean(x**2) - np.mean(fine**2))) for x in coarse]
    assert ways[0] > 2 * ways[1] > 4 * ways[2]
    assert all(m <= 2 * w * (1 + w) for m, w in zip(moments, ways, strict=True))


def test_continuity_in_a_parameter() -> None:
    rng = np.random.default_rng(15)
    z, data = rng.random((40, 2)), rng.random((40, 2))
    uniform = np.full(40, 1 / 40)

    def generator(theta: float) -> Array:
        return np.stack([z[:, 0] * theta, np.sin(theta * z[:, 1])], axis=1)

    thetas = np.linspace(-1, 1, 9)
    values = [wasserstein(uniform, uniform, x=data, y=generator(t)).cost for t in thetas]
    for (s, v), (t, w) in itertools.combinations(zip(thetas, values, strict=True), 2):
        step = float(np.linalg.norm(generator(s) - generator(t), axis=1).mean())
        assert abs(v - w) <= step * (1 + 1e-12)
        assert step <= abs(s - t) * np.linalg.norm(z, axis=1).mean() * (1 + 1e-12)


def test_parallel_segments_have_a_corner() -> None:
    # Uniform laws on n points of each segment; the critic and the plan agree for every n.
    z = (np.arange(20) + 0.5) / 20
    uniform = np.full(20, 1 / 20)
    for theta in (-0.3, -1e-9, 0.0, 0.3):
        x, y = np.c_[0 * z, z], np.c_[0 * z + theta, z]
        for order in (1, 2):
            result = wasserstein(uniform, uniform, x=x, y=y, order=order)
            assert result.distance == pytest.approx(abs(theta), rel=1e-12, abs=1e-16)
            assert result.gap <= 1e-9 * result.cost


def test_sample_rate_on_the_line() -> None:
    # :eq:`thm-w-sample-rate`
    # The exact mean for the uniform law, from ∫ E|F_n(t) - t| dt, and the bound π / (8 √n).
    def mean(n: int) -> float:
        t = np.linspace(0, 1, 2001)
        k = np.arange(n + 1)
        inner = stats.binom.pmf(k[:, None], n, t) * np.abs(k[:, None] / n - t)
        return float(np.trapezoid(inner.sum(axis=0), t))

    for n, expected in ((1, 1 / 3), (2, 0.229166666667), (10, 0.0998387253333)):
        assert mean(n) == pytest.approx(expected, rel=1e-5, abs=0)
        assert expected <= math.pi / 8 / math.sqrt(n)
    rng = np.random.default_rng(16)
    grid = (np.arange(2000) + 0.5) / 2000
    found = wasserstein_1d(rng.random((4000, 10)), grid)
    assert np.mean(found) == pytest.approx(0.0998, rel=0.03, abs=0)


def test_no_sample_is_close_in_ten_dimensions() -> None:
    rng = np.random.default_rng(17)
    bound = (2 * 50) ** (-1 / 10) / 4
    for d in (3, 10):
        x, y = rng.random((50, d)), rng.random((400, d))
        nearest = np.abs(x[:, None] - y).max(axis=2).min(axis=0).mean()  # below the distance
        assert nearest >= (2 * 50) ** (-1 / d) / 4
    assert bound > 0.15


def test_talagrand() -> None:
    for mean, std in itertools.product([0.0, 0.5, 1.5], [0.3, 1.0, 2.0]):
        square = wasserstein_gaussian(mean, 0.0, std_p=std, std_q=1.0) ** 2
        assert square <= 2 * kl_gaussian(mean, 0.0, std_p=std, std_q=1.0) * (1 + 1e-14)


def test_sinkhorn_contracts() -> None:
    # :eq:`alg-sinkhorn`
    # Distances of the scalings in Hilbert's metric shrink at least by the factor of Birkhoff.
    cost = cdist(np.c_[POINTS], np.c_[POINTS])
    kernel = np.exp(-cost / 0.5)
    ratios = [
        kernel[i, k] * kernel[j, m] / kernel[j, k] / kernel[i, m]
        for i, j, k, m in itertools.product(range(3), repeat=4)
    ]
    contraction = math.tanh(math.log(max(ratios)) / 4) ** 2
    assert math.log(max(ratios)) <= 2 * (cost.max() - cost.min()) / 0.5 + 1e-12
    v, logs = np.ones(3), []
    for _ in range(30):
        u = A / (kernel @ v)
        v = B / (u @ kernel)
        logs.append(np.log(u))
    limit = logs[-1]
    errors = [float(np.ptp(step - limit)) for step in logs[:8]]
    for error, after in itertools.pairwise(errors):
        assert after <= contraction * error + 1e-14
    plan = u[:, None] * kernel * v
    assert_allclose(plan, sinkhorn(A, B, cost=cost, epsilon=0.5).plan, atol=1e-9)


def test_gelbrich_bound() -> None:
    # Among laws with given means and covariances, normal laws are the closest.
    rng = np.random.default_rng(18)
    for _ in range(5):
        x, y = rng.random((12, 2)) ** 2, rng.random((12, 2)) @ rng.standard_normal((2, 2))
        uniform = np.full(12, 1 / 12)
        moments = [(z.mean(axis=0), np.cov(z.T, bias=True)) for z in (x, y)]
        bound = wasserstein_gaussian(
            moments[0][0], moments[1][0], cov_p=moments[0][1], cov_q=moments[1][1]
        )
        assert bound <= wasserstein(uniform, uniform, x=x, y=y, order=2).distance


# The closed form of order 1, and what entropy adds.


@given(numbers, numbers, st.floats(0, 1e3), st.floats(0, 1e3))
def test_order_one_of_normal_laws_against_mpmath(m: float, n: float, s: float, t: float) -> None:
    value = wasserstein_1_gaussian(m, n, std_p=s, std_q=t)
    with mp.workdps(60):
        shift, spread = abs(mp.mpf(m - n)), abs(mp.mpf(s - t))
        expected = shift
        if spread:
            z = shift / spread / mp.sqrt(2)
            expected = spread * mp.sqrt(2 / mp.pi) * mp.exp(-(z**2)) + shift * mp.erf(z)
    assert oracles.relative_error(value, expected) <= 2e-15 or expected < 1e-300
    assert value == wasserstein_1_gaussian(n, m, std_p=t, std_q=s)
    assert value <= wasserstein_gaussian(m, n, std_p=s, std_q=t) * (1 + 1e-15)


def test_order_one_of_normal_laws_by_quantiles() -> None:
    levels = (np.arange(200_000) + 0.5) / 200_000
    z = stats.norm.ppf(levels)
    for m, s, t in ((0.0, 1.0, 2.0), (1.0, 1.0, 1.0), (-2.0, 0.5, 3.0), (0.3, 0.0, 2.0)):
        value = wasserstein_1_gaussian(m, 0.0, std_p=s, std_q=t)
        assert value == pytest.approx(np.abs(m + (s - t) * z).mean(), rel=1e-4, abs=0)
    shape = wasserstein_1_gaussian([[0.0], [1.0]], 0.0, std_p=[1.0, 2.0, 3.0], std_q=1.0).shape
    assert shape == (2, 3)
    assert wasserstein_1_gaussian(1e308, -1e308, std_p=1.0, std_q=2.0) == math.inf


@given(laws(3), laws(4), vectors(12), st.sampled_from([0.05, 0.5, 5.0]))
def test_entropy_adds_at_most_its_bound(p: Array, q: Array, costs: Array, epsilon: float) -> None:
    cost = np.abs(costs).reshape(3, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        value = sinkhorn(p, q, cost=cost, epsilon=epsilon).value
    least, bound = wasserstein(p, q, cost=cost).cost, entropic_gap_bound(p, q, epsilon=epsilon)
    slack = 1e-6 * (1 + cost.max())
    assert least - slack <= value <= least + bound + slack


def test_bound_of_what_entropy_adds() -> None:
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.9, 0.1])
    assert entropic_gap_bound(p, q, epsilon=0.5) == pytest.approx(entropy(q) / 2, rel=1e-15, abs=0)
    assert entropic_gap_bound(q, p, epsilon=0.5) == pytest.approx(entropy(q) / 2, rel=1e-15, abs=0)
    values = entropic_gap_bound([[q, q[::-1]]], [[p], [p[::-1]]], epsilon=2.0)
    assert_allclose(values, np.full((2, 2), 2 * entropy(q)), rtol=1e-15)
    with pytest.raises(ValueError, match="the shapes do not broadcast: p has"):
        entropic_gap_bound([q, q], [q, q, q], epsilon=1.0)


@pytest.mark.parametrize("order", [1, 1.5, 2, 3, math.inf])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("sizes", [(3, 3), (3, 2), (2, 3), (1, 1)])
def test_a_point_that_is_not_finite_is_found(
    order: float, bad: float, sizes: tuple[int, int]
) -> None:
    """Without weights the points are looked at only if a distance is not finite."""
    x, y = (np.arange(2.0 * size).reshape(2, size) for size in sizes)
    assert np.isfinite(wasserstein_1d(x, y, order=order)).all()
    x[1, -1] = bad
    with pytest.raises(ValueError, match=rf"^x\[1, {sizes[0] - 1}\] = {bad} is not a finite"):
        wasserstein_1d(x, y, order=order)
    with pytest.raises(ValueError, match=rf"^y\[1, {sizes[0] - 1}\] = {bad} is not a finite"):
        wasserstein_1d(y, x, order=order)
    y[1, 0] = bad
    with pytest.raises(ValueError, match=r"is not a finite number"):
        wasserstein_1d(x, y, order=order)


def test_weights_of_zero_do_not_hide_a_point_that_is_not_finite() -> None:
    with pytest.raises(ValueError, match=r"^x\[1\] = nan is not a finite number"):
        wasserstein_1d([1, math.nan], [0, 1], x_weights=[1, 0])
    with pytest.raises(ValueError, match=r"^y\[0\] = inf is not a finite number"):
        wasserstein_1d([1, 2], [math.inf, 1], y_weights=[0, 1])
