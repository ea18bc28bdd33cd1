"""Relative entropy and its relatives: laws, closed forms, second routes."""

import itertools
import math
import random
from collections.abc import Callable
from typing import Any, Literal

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy import integrate, optimize, special, stats

from refimpl import (
    binary_cross_entropy,
    cross_entropy,
    cross_entropy_gaussian,
    donsker_varadhan,
    entropy,
    gaussian_entropy,
    jeffreys_divergence,
    kl_bernoulli,
    kl_divergence,
    kl_gaussian,
    renyi_divergence,
)
from tests import oracles
from tests.strategies import (
    Array,
    channels,
    covariances,
    laws,
    mixture,
    numbers,
    pairs,
    probabilities,
    vectors,
)

Pair = tuple[Array, Array]
Normals = tuple[list[float], float]  # means of equally likely normal laws, standard deviation
P, Q = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]
orders = st.one_of(
    st.sampled_from([0, 1e-9, 0.3, 0.5, 1 - 1e-9, 1, 1 + 1e-9, 1.5, 2, 10, math.inf]),
    st.floats(0, 20),
)
scales = st.floats(1e-3, 1e3)


def nearly_equal(n: int, digits: int, seed: int) -> Pair:
    """Return two laws that differ by about 10^-digits of each probability."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(n))
    q = p * (1 + 10.0**-digits * rng.uniform(-1, 1, n))
    return p, q / q.sum()


# Second routes.


@given(pairs())
def test_divergence_against_mpmath(pair: Pair) -> None:
    assert oracles.relative_error(kl_divergence(*pair), oracles.kl(*pair)) <= 1e-15


@pytest.mark.parametrize("n", [10, 1000])
@pytest.mark.parametrize("digits", range(1, 16))
def test_divergence_of_nearly_equal_laws(n: int, digits: int) -> None:
    for seed in range(10000 // n**2 + 2):
        p, q = nearly_equal(n, digits, seed)
        reference = oracles.kl(p, q, digits=80)
        assert oracles.relative_error(kl_divergence(p, q), reference) <= 1e-15


MIDDLE: dict[str, Callable[[np.random.Generator, Array], Array]] = {
    "noise": lambda rng, p: p * (1 + 0.8 * rng.uniform(-1, 1, p.size)),
    "unrelated": lambda rng, p: rng.gamma(3.0, p),
    "sparse": lambda rng, p: p + 0.1 * rng.dirichlet(np.full(p.size, 0.01)),
    "two values": lambda _, p: p * (1 + 0.4 * (-1.0) ** np.arange(p.size)),
}


def middle(kind: str, n: int, seed: int) -> Pair:
    """Return two laws whose divergence is neither small nor large; some p are 0, some tiny."""
    rng = np.random.default_rng(seed)
    p = np.full(n, 1.0) if kind == "two values" else rng.gamma(2.0, size=n)
    q = MIDDLE[kind](rng, p / p.sum())
    if kind == "sparse":
        p[:3] = 0.0, 1e-300, 1e-20
        q[:3] /= 100
    p[4], q[4] = 1e-5 * p.sum(), 1e-320  # the ratio is too large for a float
    return p / p.sum(), q / q.sum()


@pytest.mark.parametrize("n", [10, 64, 1000, 5000])
@pytest.mark.parametrize("kind", MIDDLE)
def test_divergence_of_middle_laws(n: int, kind: str) -> None:
    for seed in range(3):
        p, q = middle(kind, n, seed)
        assert 2**-9 < oracles.kl(p, q, digits=60) < 1 / 2
        for x, y in ((p, q), (p * (1 + 9e-10), q * (1 - 9e-10))):
            expected = oracles.kl(x, y, digits=60)
            assert oracles.relative_error(kl_divergence(x, y), expected) <= 4e-15
            bits = oracles.relative_error(kl_divergence(x, y, base=2), expected / math.log(2))
            assert bits <= 4e-15


@pytest.mark.parametrize("n", [64, 128, 1000])
def test_roundings_that_all_go_one_way(n: int) -> None:
    p = np.full(n, 1 / n)
    for size in np.linspace(0.07, 0.5, 25):
        q = p * (1 + size * (-1.0) ** np.arange(n))
        reference = oracles.kl(p, q / q.sum(), digits=60)
        assert oracles.relative_error(kl_divergence(p, q / q.sum()), reference) <= 3e-15


def test_middle_laws_in_half_precision() -> None:
    rng = np.random.default_rng(6)
    p = rng.dirichlet(np.ones(100)).astype(np.float16)
    for size in (0.2, 0.5, 0.9):  # the sums differ by more than the tolerance of doubles
        model = p * (1 + size * rng.uniform(-1, 1, 100))
        q = (1.004 * model / model.sum()).astype(np.float16)
        reference = oracles.kl(p, q, digits=60)
        assert oracles.relative_error(kl_divergence(p, q), reference) <= 2e-15


def test_rows_take_the_sum_that_suits_them() -> None:
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.ones(500))
    sizes = [3e-9, 3e-3, 0.1, 0.3, 0.9]  # from 1e-18 nats on
    rows = [p * (1 + size * rng.uniform(-1, 1, 500)) for size in sizes]
    rows += [rng.dirichlet(np.ones(500)), np.eye(500)[0]]
    q = np.array([p, *(row / row.sum() for row in rows)])
    values = kl_divergence(p, q)
    assert values[0] == 0
    assert values[-1] == math.inf
    assert np.sum((values > 2**-9) & (values < 1 / 2)) == 2
    for row, value in zip(q[1:-1], values[1:-1], strict=True):
        assert oracles.relative_error(value, oracles.kl(p, row, digits=80)) <= 1e-15
        assert value == pytest.approx(kl_divergence(p, row), rel=1e-15, abs=0)
    assert_allclose(kl_divergence(p, q[::-1]), values[::-1], rtol=1e-15)


@given(pairs())
def test_jeffreys_divergence_against_mpmath(pair: Pair) -> None:
    p, q = pair
    reference = oracles.kl(p, q) + oracles.kl(q, p)
    assert oracles.relative_error(jeffreys_divergence(p, q), reference) <= 1e-15


@given(pairs(), orders)
def test_renyi_divergence_against_mpmath(pair: Pair, alpha: float) -> None:
    # The error of an exponent |1 - α| log(p / q) is one of the result.
    value, reference = renyi_divergence(*pair, alpha), oracles.renyi(*pair, alpha)
    bound = 1e-15 * (1 + 700 * (alpha != 1) * min(abs(1 - alpha), 20))
    assert oracles.relative_error(value, reference) <= bound


@pytest.mark.parametrize("alpha", [5, 20, 50, 200, 1000, 1e4, 1e6])
def test_renyi_divergence_of_large_order(alpha: float) -> None:
    for rare in (1e-3, 1e-2, 0.3):
        for factor in (0.51, 0.9, 0.999, 1 + 1e-6, 1.2, 1.9, 3):
            p, q = [1 - rare, rare], [1 - factor * rare, factor * rare]
            for pair in ((p, q), (q, p)):
                value, reference = renyi_divergence(*pair, alpha), oracles.renyi(*pair, alpha)
                assert oracles.relative_error(value, reference) <= 4e-15


@pytest.mark.parametrize("digits", range(1, 16))
def test_renyi_divergence_of_nearly_equal_laws(digits: int) -> None:
    p, q = nearly_equal(8, digits, digits)
    for alpha in (0.01, 0.3, 0.5, 0.999999, 1, 1.000001, 2, 5, math.inf):
        reference = oracles.renyi(p, q, alpha)
        assert oracles.relative_error(renyi_divergence(p, q, alpha), reference) <= 2e-15


@given(probabilities, probabilities)
def test_binary_divergence_against_mpmath(p: float, q: float) -> None:
    assert oracles.relative_error(kl_bernoulli(p, q), oracles.kl_bernoulli(p, q)) <= 1e-15


@given(st.floats(1e-6, 0.999), st.integers(1, 15))
def test_binary_divergence_of_nearly_equal_coins(p: float, digits: int) -> None:
    q = p * (1 + 10.0**-digits) if p < 0.5 else p * (1 - 10.0**-digits)
    assert oracles.relative_error(kl_bernoulli(p, q), oracles.kl_bernoulli(p, q)) <= 1e-15


@given(numbers, numbers, scales, scales)
def test_gaussian_divergence_against_mpmath(m: float, n: float, s: float, t: float) -> None:
    value = kl_gaussian(m, n, std_p=s, std_q=t)
    assert oracles.relative_error(value, oracles.kl_gaussian(m, n, s, t)) <= 2e-15


@given(numbers, scales, st.integers(1, 15), st.integers(1, 15))
def test_gaussian_divergence_of_nearly_equal_laws(m: float, s: float, i: int, j: int) -> None:
    n, t = m + s * 10.0**-i, s * (1 + 10.0**-j)
    value = kl_gaussian(m, n, std_p=s, std_q=t)
    assert oracles.relative_error(value, oracles.kl_gaussian(m, n, s, t)) <= 2e-15


@pytest.mark.parametrize(("s", "t"), [(1e-300, 1e100), (1e-200, 1.0), (5e-324, 1e-300)])
def test_gaussian_divergence_of_extreme_scales(s: float, t: float) -> None:
    value = kl_gaussian(0, 0, std_p=s, std_q=t)
    assert oracles.relative_error(value, oracles.kl_gaussian(0, 0, s, t)) <= 1e-15


@st.composite
def normal_laws(draw: st.DrawFn) -> tuple[Array, Array, Array, Array]:
    """Draw means and covariances of two normal laws of the same dimension."""
    d = draw(st.integers(1, 3))
    m, n = draw(vectors(d)), draw(vectors(d))
    return m, n, draw(covariances(d)), draw(covariances(d))


@given(normal_laws())
def test_gaussian_divergence_in_space_against_mpmath(
    laws_: tuple[Array, Array, Array, Array],
) -> None:
    m, n, a, b = laws_
    value = kl_gaussian(m, n, cov_p=a, cov_q=b)
    assert oracles.relative_error(value, oracles.kl_gaussian_nd(m, n, a, b)) <= 1e-12


@pytest.mark.parametrize("digits", range(1, 15))
def test_gaussian_divergence_of_nearly_equal_laws_in_space(digits: int) -> None:
    rng = np.random.default_rng(digits)
    a = rng.standard_normal((3, 3))
    a = a @ a.T + np.eye(3)
    b = a + 10.0**-digits * np.diag(rng.uniform(-1, 1, 3))
    m = rng.standard_normal(3)
    reference = oracles.kl_gaussian_nd(m, m, a, b)
    assert oracles.relative_error(kl_gaussian(m, m, cov_p=a, cov_q=b), reference) <= 1e-13


@given(pairs(3), vectors(3), st.sampled_from(["dv", "nwj"]))
def test_variational_bounds_against_mpmath(pair: Pair, critic: Array, bound: str) -> None:
    value = donsker_varadhan(*pair, critic, bound=bound)  # type: ignore[call-overload]  # a literal
    reference = float(oracles.donsker_varadhan(*pair, critic.tolist(), bound))
    assert value == pytest.approx(reference, rel=1e-14, abs=1e-14)


# The divergence.


@given(pairs())
def test_divergence_is_not_negative_and_zero_only_for_equal_laws(pair: Pair) -> None:
    p, q = pair
    assert kl_divergence(p, q) >= 0
    same = oracles.kl(p, q) < mp.mpf("1e-300")
    assert (kl_divergence(p, q) <= 1e-300) == same
    assert kl_divergence(p, p.copy()) == 0


@given(laws(), st.sampled_from([1 - 1e-10, 1 + 1e-10, 1 - 1e-16, 1 + 3e-16]))
def test_divergence_is_that_of_the_laws_divided_by_their_sums(p: Array, scale: float) -> None:
    assert 0 <= kl_divergence(p, p * scale) <= 1e-31
    assert 0 <= kl_divergence(p * scale, p) <= 1e-31


@given(pairs(), st.sampled_from([1 - 9e-10, 1 + 9e-10, 1 - 1e-15]))
def test_sums_that_differ_from_one_do_not_matter(pair: Pair, scale: float) -> None:
    p, q = pair
    for x, y in [(p * scale, q), (p, q * scale), (p * scale, q * scale)]:
        assert oracles.relative_error(cross_entropy(x, y), oracles.cross_entropy(x, y)) <= 1e-15
        reference = oracles.kl(x, y)
        if reference > 1e-8:  # below, the difference of the sums is larger than that of the laws
            assert oracles.relative_error(kl_divergence(x, y), reference) <= 1e-15
        for alpha in (0.5, 2):
            reference = oracles.renyi(x, y, alpha)
            assert renyi_divergence(x, y, alpha) == pytest.approx(
                float(reference),
                rel=1e-13,
                abs=2.0**-104,  # the square of what rounding changes
            )


@given(pairs())
def test_divergence_is_infinite_without_absolute_continuity(pair: Pair) -> None:
    p, q = pair
    assert math.isinf(kl_divergence(p, q)) == bool(np.any((p > 0) & (q == 0)))
    assert math.isinf(jeffreys_divergence(p, q)) == (not np.array_equal(p > 0, q > 0))


def test_impossible_outcomes_of_both_laws_do_not_count() -> None:
    assert kl_divergence([0.5, 0.5, 0.0], [0.25, 0.75, 0.0]) == pytest.approx(
        kl_divergence([0.5, 0.5], [0.25, 0.75]), rel=1e-15, abs=0
    )
    assert kl_divergence([1.0, 0.0], [1.0, 0.0]) == 0.0


@pytest.mark.parametrize("k", range(1, 11))
def test_divergence_from_a_uniform_law_on_a_power_of_two_is_exact(k: int) -> None:
    assert kl_divergence(np.eye(2**k)[0], np.full(2**k, 2.0**-k), base=2) == k


@given(pairs(), st.randoms(use_true_random=False))
def test_divergence_does_not_depend_on_names(pair: Pair, rng: random.Random) -> None:
    order = rng.sample(range(pair[0].size), pair[0].size)
    p, q = (x[order] for x in pair)
    assert kl_divergence(p, q) == pytest.approx(kl_divergence(*pair), rel=1e-15, abs=1e-300)


@given(pairs(4), st.sampled_from([2, 3, 10, 1.5]))
def test_base_is_a_unit(pair: Pair, base: float) -> None:
    for function in (kl_divergence, jeffreys_divergence, cross_entropy):
        expected = function(*pair) / math.log(base)
        assert function(*pair, base=base) == pytest.approx(expected, rel=1e-14, abs=1e-300)
    for alpha in (0, 0.3, 2, math.inf):
        expected = renyi_divergence(*pair, alpha) / math.log(base)
        assert renyi_divergence(*pair, alpha, base=base) == pytest.approx(
            expected, rel=1e-14, abs=1e-300
        )
    coins = pair[0], pair[1]
    assert_allclose(kl_bernoulli(*coins, base=base), kl_bernoulli(*coins) / math.log(base))
    assert_allclose(
        binary_cross_entropy(*coins, base=base), binary_cross_entropy(*coins) / math.log(base)
    )
    normal = {"std_p": 1.0, "std_q": 2.0}
    for of_normal in (kl_gaussian, cross_entropy_gaussian):
        expected = of_normal(0.0, 1.0, **normal) / math.log(base)
        assert of_normal(0.0, 1.0, **normal, base=base) == pytest.approx(expected, rel=1e-15, abs=0)
    critic = [1.0, 0.0, 0.5, -1.0]
    assert donsker_varadhan(*pair, critic, base=base) == pytest.approx(
        donsker_varadhan(*pair, critic) / math.log(base), rel=1e-14, abs=1e-16
    )


@given(laws(2), laws(2), laws(3), laws(3))
def test_divergence_is_additive(p: Array, q: Array, r: Array, s: Array) -> None:
    product = kl_divergence(np.outer(p, r).ravel(), np.outer(q, s).ravel())
    total = kl_divergence(p, q) + kl_divergence(r, s)
    # A product may be too small for a float; then an outcome is missing.
    assert product == pytest.approx(total, rel=1e-6, abs=1e-13) or np.outer(q, s).min() < 1e-300


@given(laws(6), laws(6, positive=True))
def test_chain_rule(p: Array, q: Array) -> None:
    p, q = p.reshape(2, 3), q.reshape(2, 3)
    x, y = p.sum(axis=1), q.sum(axis=1)
    inner = sum(x[i] * kl_divergence(p[i] / x[i], q[i] / y[i]) for i in range(2) if x[i] > 1e-290)
    total = kl_divergence(p.ravel(), q.ravel())
    assert total == pytest.approx(kl_divergence(x, y) + inner, rel=1e-13, abs=1e-280)


@given(st.data())
def test_data_processing(data: st.DataObject) -> None:
    p, q = data.draw(pairs())
    channel = data.draw(channels(p.size))
    before = kl_divergence(p, q)
    assert kl_divergence(p @ channel, q @ channel) <= before * (1 + 1e-12) + 1e-30
    for alpha in (0.5, 2, math.inf):
        before = renyi_divergence(p, q, alpha)
        after = renyi_divergence(p @ channel, q @ channel, alpha)
        assert after <= before * (1 + 1e-12) + 1e-15


def test_sufficient_channels_keep_the_divergence() -> None:
    # Outcomes 2 and 3 have the same ratio p / q, so merging them loses nothing.
    p, q = np.array([0.5, 0.1, 0.4]), np.array([0.2, 0.16, 0.64])
    merged = kl_divergence([p[0], p[1] + p[2]], [q[0], q[1] + q[2]])
    assert merged == pytest.approx(kl_divergence(p, q), rel=1e-15, abs=0)


@given(st.data())
def test_log_sum_inequality(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 5))
    positive = st.lists(st.floats(1e-3, 1e3), min_size=size, max_size=size)
    a, b = np.array(data.draw(positive)), np.array(data.draw(positive))
    terms = float(a @ np.log(a / b))
    # With laws a / Σa and b / Σb, the excess is Σa times their divergence.
    excess = a.sum() * kl_divergence(a / a.sum(), b / b.sum())
    total = a.sum() * math.log(a.sum() / b.sum())
    assert terms == pytest.approx(total + excess, rel=1e-12, abs=1e-11)


@given(pairs(4), pairs(4), st.floats(0, 1))
def test_divergence_is_jointly_convex(first: Pair, second: Pair, t: float) -> None:
    (p, q), (r, s) = first, second
    left, right = kl_divergence(p, q), kl_divergence(r, s)
    assume(math.isfinite(left) and math.isfinite(right))
    middle = kl_divergence(mixture(t, p, r), mixture(t, q, s))
    assert middle <= (t * left + (1 - t) * right) * (1 + 1e-13) + 1e-15


@given(laws(3), laws(3), laws(3, positive=True), st.floats(0, 1))
def test_compensation_formula(p: Array, r: Array, q: Array, t: float) -> None:
    m = mixture(t, p, r)
    total = t * kl_divergence(p, q) + (1 - t) * kl_divergence(r, q)
    spread = (t * kl_divergence(p, m) if t else 0) + ((1 - t) * kl_divergence(r, m) if t < 1 else 0)
    assert total == pytest.approx(spread + kl_divergence(m, q), rel=1e-12, abs=1e-14)


def test_asymmetry_and_its_exceptions() -> None:
    assert kl_divergence([0.9, 0.1], [0.5, 0.5]) < kl_divergence([0.5, 0.5], [0.9, 0.1])
    swapped = kl_divergence([0.3, 0.7], [0.7, 0.3]), kl_divergence([0.7, 0.3], [0.3, 0.7])
    assert swapped[0] == pytest.approx(swapped[1], rel=1e-15, abs=0)


def test_no_triangle_inequality() -> None:
    a, b, c = 0.5, 0.25, 0.1
    assert kl_bernoulli(a, c) > kl_bernoulli(a, b) + kl_bernoulli(b, c)
    laws_ = [[x, 1 - x] for x in (a, b, c)]
    far = jeffreys_divergence(laws_[0], laws_[2])
    steps = jeffreys_divergence(laws_[0], laws_[1]) + jeffreys_divergence(laws_[1], laws_[2])
    assert far > steps
    # The root of KL: three coins close together, where KL is nearly quadratic, are no example;
    # coins near the edge are.
    x, y, z = 0.5, 0.01, 1e-6
    roots = [math.sqrt(kl_bernoulli(*pair)) for pair in ((x, z), (x, y), (y, z))]
    assert roots[0] > roots[1] + roots[2]


@given(laws(3), laws(3))
def test_single_terms_are_bounded_below(p: Array, q: Array) -> None:
    terms = special.rel_entr(p, q)
    assert np.all(terms >= -q / math.e - 1e-16)
    if np.all((p == 0) | (q > 1e-300)):
        assert kl_divergence(p, q) == pytest.approx(terms.sum(), rel=1e-9, abs=1e-9)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_derivatives_of_the_binary_divergence(p: float, q: float) -> None:
    h = 1e-6
    by_q = (kl_bernoulli(p, q + h) - kl_bernoulli(p, q - h)) / (2 * h)
    by_p = (kl_bernoulli(p + h, q) - kl_bernoulli(p - h, q)) / (2 * h)
    assert by_q == pytest.approx((q - p) / (q * (1 - q)), rel=1e-3, abs=1e-6)
    assert by_p == pytest.approx(math.log(p * (1 - q) / (q * (1 - p))), rel=1e-3, abs=1e-6)


@given(probabilities, probabilities)
def test_binary_divergence_is_that_of_two_outcomes(p: float, q: float) -> None:
    value = kl_divergence([p, 1 - p], [q, 1 - q])
    assert kl_bernoulli(p, q) == pytest.approx(value, rel=1e-7, abs=1e-15)
    assert math.isfinite(kl_bernoulli(p, q)) == (0 < q < 1 or p == q)


def test_divergence_agrees_with_scipy_where_scipy_is_right() -> None:
    rng = np.random.default_rng(3)
    p, q = rng.dirichlet(np.ones(50), 20), rng.dirichlet(np.ones(50), 20)
    assert_allclose(kl_divergence(p, q), stats.entropy(p, q, axis=-1), rtol=1e-12)
    assert_allclose(entropy(p), stats.entropy(p, axis=-1), rtol=1e-12)


# Limits, expansions, projections.


def test_lower_semicontinuous_not_continuous() -> None:
    # :eq:`thm-kl-lsc`
    # Not continuous: both laws tend to (1, 0), and the divergence to 1, not to 0.
    sizes = np.array([10, 30, 100, 300, 700])
    p = np.stack([1 - 1 / sizes, 1 / sizes], axis=-1)
    q = np.stack([-np.expm1(-sizes), np.exp(-sizes)], axis=-1)
    values = kl_divergence(p, q)
    assert np.all(np.diff(1 - values) < 0)
    assert values[-1] == pytest.approx(1, abs=0.02)
    assert kl_divergence([1.0, 0.0], [1.0, 0.0]) == 0
    # Lower semicontinuous: along sequences that tend to p and q, the divergence does not end
    # below KL(p, q), and where that is infinite it grows without bound.
    rng = np.random.default_rng(8)
    steps = 10.0 ** -np.arange(1, 13)[:, None]
    for _ in range(50):
        limits = rng.dirichlet(np.ones(4), 2) * (rng.random((2, 4)) < 0.7)
        assume_laws = limits.sum(axis=1) > 0
        if not assume_laws.all():
            continue
        p_limit, q_limit = limits / limits.sum(axis=1, keepdims=True)
        p_noise, q_noise = rng.dirichlet(np.ones(4), 2)
        tails = kl_divergence(
            (1 - steps) * p_limit + steps * p_noise, (1 - steps) * q_limit + steps * q_noise
        )
        limit = kl_divergence(p_limit, q_limit)
        if math.isinf(limit):
            assert np.all(np.diff(tails[2:]) > 0)
            assert tails[-1] - tails[3] == pytest.approx(
                p_limit[q_limit == 0].sum() * 8 * math.log(10), rel=0.1, abs=0
            )
        else:
            assert tails[-1] >= limit - 1e-9


def softmax_law(theta: Array) -> Array:
    law: Array = special.softmax(theta)
    return law


def softmax_fisher(theta: Array) -> Array:
    p = softmax_law(theta)
    fisher: Array = np.diag(p) - np.outer(p, p)
    return fisher


def normal_divergence(a: Array, b: Array) -> float:
    return float(kl_gaussian(a[0], b[0], std_p=a[1], std_q=b[1]))


def coin_divergence(a: Array, b: Array) -> float:
    return kl_bernoulli(float(a[0]), float(b[0]))


def coin_fisher(a: Array) -> Array:
    return np.array([[1 / (a[0] * (1 - a[0]))]])


def normal_fisher(a: Array) -> Array:
    return np.diag(np.array([1, 2]) / a[1] ** 2)


def softmax_divergence(a: Array, b: Array) -> float:
    return float(kl_divergence(softmax_law(a), softmax_law(b)))


# Divergence of two parameters, Fisher information, a parameter.
MODELS: dict[str, tuple[Callable[[Array, Array], float], Callable[[Array], Array], list[float]]] = {
    "coin": (coin_divergence, coin_fisher, [0.3]),
    "normal": (normal_divergence, normal_fisher, [1.0, 0.7]),
    "softmax": (softmax_divergence, softmax_fisher, [0.0, 0.5, -1.0]),
}


@pytest.mark.parametrize("name", MODELS)
def test_second_order_expansion_is_fisher_information(name: str) -> None:
    # :eq:`eq-kl-fisher`
    # The rest is of third order: a tenth of the step leaves a thousandth of the rest.
    divergence, fisher, start = MODELS[name]
    theta = np.array(start)
    direction = np.array([0.6, -0.7, 0.2])[: theta.size]
    for reverse in (False, True):
        rests = []
        for size in (1e-2, 1e-3, 1e-4):
            delta = size * direction
            quadratic = float(delta @ fisher(theta) @ delta) / 2
            ends = (theta + delta, theta) if reverse else (theta, theta + delta)
            value = divergence(*ends)
            assert value == pytest.approx(quadratic, rel=10 * size, abs=0)
            rests.append(value - quadratic)
        assert rests[0] / rests[1] == pytest.approx(1000, rel=0.1, abs=0)
        assert rests[1] / rests[2] == pytest.approx(1000, rel=0.02, abs=0)


TEETH = [0.02, 0.03, 0.05, 0.14, 0.16, 0.15, 0.12, 0.08, 0.10, 0.08, 0.07]


def test_moment_matching_minimises_forward_kl() -> None:
    # Binomial laws with known n: the mean decides, and the excess is a divergence in the family.
    n, p = 10, np.array(TEETH)
    best = float(p @ np.arange(n + 1)) / n

    def model(t: float) -> Array:
        return discretised(stats.binom.pmf(np.arange(n + 1), n, t))

    least = kl_divergence(p, model(best))
    for t in np.linspace(0.02, 0.98, 97):
        excess = kl_divergence(p, model(t)) - least
        assert excess == pytest.approx(n * kl_bernoulli(best, t), rel=1e-9, abs=1e-12)
        assert (excess > 0) == (abs(t - best) > 1e-9)
    # A random exponential family with two statistics, by numerical minimisation.
    rng = np.random.default_rng(4)
    statistic = rng.standard_normal((2, 6))
    p = rng.dirichlet(np.ones(6))

    def to_family(eta: Array) -> float:
        return float(kl_divergence(p, softmax_law(eta @ statistic)))

    result = optimize.minimize(to_family, np.zeros(2), tol=1e-12)
    projection = softmax_law(result.x @ statistic)
    assert_allclose(statistic @ projection, statistic @ p, atol=1e-5)
    for eta in result.x + rng.standard_normal((50, 2)):
        other = softmax_law(eta @ statistic)
        pythagoras = kl_divergence(p, projection) + kl_divergence(projection, other)
        assert kl_divergence(p, other) == pytest.approx(pythagoras, rel=1e-4, abs=0)
    # Normal laws: mean and variance of the law.
    points, weights = np.array([-1.0, 0.0, 4.0]), np.array([0.5, 0.3, 0.2])
    mean = float(weights @ points)
    std = math.sqrt(weights @ (points - mean) ** 2)

    def loss(m: float, s: float) -> float:
        return float(weights @ cross_entropy_gaussian(points, m, std_p=0.0, std_q=s))

    for m, s in itertools.product(np.linspace(-2, 2, 9), np.linspace(0.5, 4, 8)):
        excess = loss(m, s) - loss(mean, std)
        assert excess == pytest.approx(kl_gaussian(mean, m, std_p=std, std_q=s), abs=1e-12)


GRID = np.linspace(-30, 30, 6001)


def discretised(density: NDArray[np.floating[Any]]) -> Array:
    law: Array = density / density.sum()
    return law


def log_density(x: float | Array, humps: list[float], std: float) -> Array:
    """Return the log density of an even mixture of normal laws."""
    logs = np.array([-(((x - m) / std) ** 2) / 2 for m in humps])
    density: Array = np.logaddexp.reduce(logs) - math.log(len(humps) * std * math.sqrt(2 * math.pi))
    return density


def test_forward_covers_reverse_seeks() -> None:
    # :eq:`eq-kl-directions`
    target = discretised(stats.norm.pdf(GRID, -3, 1) + stats.norm.pdf(GRID, 3, 1))

    def model(m: float, s: float) -> Array:
        return discretised(stats.norm.pdf(GRID, m, s))

    def forward(v: Array) -> float:
        return float(kl_divergence(target, model(v[0], math.exp(v[1]))))

    def reverse(v: Array) -> float:
        return float(kl_divergence(model(v[0], math.exp(v[1])), target))

    # Forward: one minimum, with the mean and the variance of the law, from everywhere.
    for start in ([0.0, 0.0], [2.5, 0.0], [-3.0, 0.5]):
        found = optimize.minimize(forward, start, method="Nelder-Mead", tol=1e-7)
        assert found.x[0] == pytest.approx(0, abs=1e-3)
        assert math.exp(found.x[1]) == pytest.approx(math.sqrt(10), abs=1e-3)
    # Reverse: a local minimum at each hump, of about log 2, below the value of the cover.
    for hump in (-3.0, 3.0):
        found = optimize.minimize(reverse, [hump * 0.8, 0.2], method="Nelder-Mead", tol=1e-7)
        assert found.x[0] == pytest.approx(hump, abs=0.05)
        assert math.exp(found.x[1]) == pytest.approx(1, abs=0.05)
        assert found.fun == pytest.approx(math.log(2), abs=0.01)
        assert found.fun < reverse(np.array([0.0, math.log(10) / 2]))
    # The numbers of the catalogue, by grid and by quadrature.
    both, wide, narrow = ([-3.0, 3.0], 1.0), ([0.0], math.sqrt(10)), ([3.0], 1.0)
    grids = [
        discretised(np.exp([log_density(x, *law) for x in GRID])) for law in (both, wide, narrow)
    ]
    for printed, i, j in [
        ("0.461994613468", 0, 1),
        ("8.31070206697", 0, 2),
        ("0.689297933029", 2, 0),
        ("0.937980191017", 1, 0),
    ]:
        p, q = [both, wide, narrow][i], [both, wide, narrow][j]

        def integrand(x: float, p: Normals = p, q: Normals = q) -> float:
            logs = log_density(x, *p), log_density(x, *q)
            return float(np.exp(logs[0]) * (logs[0] - logs[1]))

        ends = [-40, -12, -6, -3, 0, 3, 6, 12, 40]
        value = sum(integrate.quad(integrand, *pair)[0] for pair in itertools.pairwise(ends))
        assert oracles.prints(printed, value)
        assert kl_divergence(grids[i], grids[j]) == pytest.approx(value, rel=1e-9, abs=0)


def test_reparametrisation_invariance() -> None:
    # :eq:`eq-kl-invariance`
    # Finite sets: a bijection changes names, and a refinement by the same channel as well.
    rng = np.random.default_rng(9)
    for _ in range(20):
        p, q = rng.dirichlet(np.ones(5), 2)
        order = rng.permutation(5)
        assert kl_divergence(p[order], q[order]) == pytest.approx(
            kl_divergence(p, q), rel=1e-14, abs=0
        )
    # The line: normal laws, and log-normal laws, which are those under the exponential.
    exact = kl_gaussian(0.0, 1.0, std_p=1.0, std_q=2.0)
    p, q = stats.lognorm(s=1, scale=1), stats.lognorm(s=2, scale=math.e)
    value = sum(
        integrate.quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), a, b, epsabs=1e-13)[0]
        for a, b in itertools.pairwise([0, 1e-3, 0.1, 1, 10, 100, 1e4, 1e6])
    )
    assert value == pytest.approx(exact, abs=1e-9)
    # Affine maps of space keep the divergence, while the entropy moves by log |det|.
    m, n = rng.standard_normal((2, 3))
    roots = rng.standard_normal((2, 3, 3))
    a, b = roots @ roots.transpose(0, 2, 1) + np.eye(3)
    for _ in range(10):
        t, shift = rng.standard_normal((3, 3)), rng.standard_normal(3)
        moved = [(c + c.T) / 2 for c in (t @ a @ t.T, t @ b @ t.T)]
        value = kl_gaussian(t @ m + shift, t @ n + shift, cov_p=moved[0], cov_q=moved[1])
        assert value == pytest.approx(kl_gaussian(m, n, cov_p=a, cov_q=b), rel=1e-8, abs=0)
        jump = math.log(abs(np.linalg.det(t)))
        assert gaussian_entropy(cov=moved[0]) == pytest.approx(gaussian_entropy(cov=a) + jump)
    assert gaussian_entropy(std=2.0) == pytest.approx(2.11208571376, abs=1e-11)


def stein_exponent(n: int, p: float, q: float, level: float) -> float:
    """Return -log(β) / n for the best test of n coins of exactly a level.

    The null hypothesis p < q is rejected for more than k heads, and for k with a probability.
    """
    heads = np.arange(n + 1)
    k = int(np.argmax(stats.binom.sf(heads, n, p) <= level))
    kept = 1 - (level - stats.binom.sf(k, n, p)) / stats.binom.pmf(k, n, p)
    logs = [stats.binom.logcdf(k - 1, n, q), stats.binom.logpmf(k, n, q) + math.log(kept)]
    return -float(np.logaddexp.reduce(logs)) / n


def test_stein_exponent() -> None:
    # :eq:`thm-stein`
    p, q = 0.3, 0.5
    limit = kl_bernoulli(p, q)
    assert oracles.prints("0.0500103754623", stein_exponent(100, p, q, 0.05))
    assert oracles.prints("0.0665983618885", stein_exponent(1000, p, q, 0.05))
    for level in (0.01, 0.05, 0.5):  # the limit is the same for every level
        gaps = [limit - stein_exponent(n, p, q, level) for n in (10**3, 10**4, 10**5, 10**6)]
        assert all(abs(b) < 0.6 * abs(a) for a, b in itertools.pairwise(gaps))
        assert abs(gaps[-1]) < 2.5e-3
    # The null hypothesis is the first argument: the other way round has another limit.
    other = stein_exponent(10**6, 1 - q, 1 - p, 0.05)
    assert other == pytest.approx(kl_bernoulli(q, p), rel=0.03, abs=0)
    assert abs(other - limit) > 0.003


def test_type_probability() -> None:
    frequencies, q = np.array([0.3, 0.7]), np.array([0.6, 0.4])
    probability = float(np.prod(q ** (10 * frequencies)))
    exponent = entropy(frequencies) + kl_divergence(frequencies, q)
    assert probability == pytest.approx(math.exp(-10 * exponent), rel=1e-13, abs=0)
    assert oracles.prints("0.000353894400000", probability)
    assert oracles.prints("0.794651199442", exponent)


# Variational formulas.


@given(pairs(4), vectors(4))
def test_bounds_are_ordered(pair: Pair, critic: Array) -> None:
    nwj = donsker_varadhan(*pair, critic, bound="nwj")
    dv = donsker_varadhan(*pair, critic)
    assert nwj <= dv + 1e-12
    assert dv <= kl_divergence(*pair) * (1 + 1e-13) + 1e-12


@given(laws(4, positive=True), laws(4, positive=True), numbers)
def test_variational_supremum(p: Array, q: Array, shift: float) -> None:
    divergence = kl_divergence(p, q)
    best = np.log(p / q)
    # Attained: by the log ratio, and for the first bound by all that differ by a constant.
    assert donsker_varadhan(p, q, best) == pytest.approx(divergence, abs=1e-14)
    assert donsker_varadhan(p, q, best + shift) == pytest.approx(divergence, abs=1e-13)
    assert donsker_varadhan(p, q, 1 + best, bound="nwj") == pytest.approx(divergence, abs=1e-14)
    # Only by those: any other direction loses, by the divergence from the tilted law.
    bump = np.array([1.0, 0.0, 0.0, -0.5])
    tilted = q * np.exp(best + bump)
    loss = kl_divergence(p, tilted / tilted.sum())
    assert donsker_varadhan(p, q, best + bump) == pytest.approx(divergence - loss, abs=1e-13)
    assert donsker_varadhan(p, q, 1 + best + bump, bound="nwj") < divergence
    # Bounded critics come as near as one likes.
    for width in (0.1, 1.0, 10.0):
        clipped = np.clip(best, -width, width)
        assert donsker_varadhan(p, q, clipped) <= divergence + 1e-14
    assert donsker_varadhan(p, q, np.clip(best, -10, 10)) == pytest.approx(divergence)


def test_variational_supremum_is_infinite_where_the_divergence_is() -> None:
    p, q = [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]
    critic = np.array([0.0, 1.0, 0.0])
    values = [donsker_varadhan(p, q, k * critic) for k in (1, 10, 100, 1000)]
    assert values == pytest.approx([k / 2 for k in (1, 10, 100, 1000)])
    values = [donsker_varadhan(p, q, 1 + k * critic, bound="nwj") for k in (1, 10, 100)]
    assert values == pytest.approx([k / 2 for k in (1, 10, 100)])


def test_variational_supremum_by_ascent() -> None:
    rng = np.random.default_rng(2)
    p, q = rng.dirichlet(np.ones(5), 2)
    bounds: list[Literal["dv", "nwj"]] = ["dv", "nwj"]
    for bound in bounds:

        def loss(critic: Array, bound: Literal["dv", "nwj"] = bound) -> float:
            return -float(donsker_varadhan(p, q, critic, bound=bound))

        found = optimize.minimize(loss, np.zeros(5), tol=1e-10)
        assert -found.fun == pytest.approx(kl_divergence(p, q), abs=1e-8)


@pytest.mark.parametrize("size", [1e-1, 1e-4, 1e-8])
@pytest.mark.parametrize("bound", ["dv", "nwj"])
def test_variational_bounds_of_small_critics(size: float, bound: Literal["dv", "nwj"]) -> None:
    # On equal laws, the first bound is less than 0 by half the variance of the critic.
    critic = np.array([1.0, -1.0, 0.5]) * size + (bound == "nwj")
    for q in (P, Q):
        reference = float(oracles.donsker_varadhan(P, q, critic.tolist(), bound))
        value = donsker_varadhan(P, q, critic, bound=bound)
        assert value == pytest.approx(reference, rel=1e-15, abs=1e-15 * size)


def test_variational_bounds_of_large_critics() -> None:
    p, q = [0.5, 0.5], [0.9, 0.1]
    assert donsker_varadhan(p, q, [1000.0, 1000.0]) == pytest.approx(0, abs=1e-12)
    assert donsker_varadhan(p, q, [0.0, 800.0]) == pytest.approx(
        -400 - math.log(0.1), rel=1e-14, abs=0
    )
    assert donsker_varadhan(p, q, [0.0, 1000.0], bound="nwj") == -math.inf
    assert donsker_varadhan(p, q, [-1e308, 1e308]) == pytest.approx(-1e308)
    assert donsker_varadhan([1.0, 0.0], [0.0, 1.0], [-1e308, 1e308]) == -math.inf
    assert donsker_varadhan([1.0, 0.0], [0.0, 1.0], [1e308, -1e308]) == math.inf


# Jeffreys and Rényi.


@given(pairs())
def test_jeffreys_divergence_is_symmetric_and_the_sum_of_both(pair: Pair) -> None:
    p, q = pair
    value = jeffreys_divergence(p, q)
    assert value == jeffreys_divergence(q, p)
    assert value == pytest.approx(kl_divergence(p, q) + kl_divergence(q, p), rel=1e-15, abs=0)


@given(laws(4, positive=True), laws(4, positive=True))
def test_jeffreys_divergence_by_its_formula(p: Array, q: Array) -> None:
    formula = float((p - q) @ np.log1p((p - q) / q))
    rounding = 1e-14 * float(np.abs(p - q).max())  # of the sums, times the logarithms
    assert jeffreys_divergence(p, q) == pytest.approx(formula, rel=1e-12, abs=rounding + 1e-30)


@given(pairs(), orders, orders)
def test_renyi_divergence_grows_with_its_order(pair: Pair, a: float, b: float) -> None:
    low, high = sorted((a, b))
    values = renyi_divergence(*pair, low), renyi_divergence(*pair, high)
    assert 0 <= values[0] <= values[1] * (1 + 1e-11) + 1e-290


@given(pairs(), st.floats(0.001, 0.999))
def test_renyi_divergence_is_skew_symmetric(pair: Pair, alpha: float) -> None:
    p, q = pair
    left = (1 - alpha) * renyi_divergence(p, q, alpha)
    assert left == pytest.approx(alpha * renyi_divergence(q, p, 1 - alpha), rel=1e-11, abs=1e-290)


@given(pairs())
def test_special_orders(pair: Pair) -> None:
    p, q = pair
    assert renyi_divergence(p, q, 1) == kl_divergence(p, q)
    with np.errstate(divide="ignore", invalid="ignore"):
        overlap = q[p > 0].sum() / q.sum()
        assert renyi_divergence(p, q, 0) == pytest.approx(-np.log(overlap), rel=1e-14, abs=1e-15)
        bhattacharyya = (np.sqrt(p) * np.sqrt(q)).sum()
        root = -2 * np.log(bhattacharyya)
        assert renyi_divergence(p, q, 0.5) == pytest.approx(root, rel=1e-14, abs=1e-13)
        ratio = np.max(np.log(p[p > 0]) - np.log(q[p > 0]))
        assert renyi_divergence(p, q, math.inf) == pytest.approx(ratio, rel=1e-14, abs=1e-13)
    if np.all(q > 1e-100):
        chi_square = ((p - q) ** 2 / q).sum()
        assert renyi_divergence(p, q, 2) == pytest.approx(math.log1p(chi_square), abs=1e-13)


@pytest.mark.parametrize("order", [0, 1, math.inf])
def test_renyi_divergence_is_continuous_in_its_order(order: float) -> None:
    value = renyi_divergence(P, Q, order)
    for step in (1e-3, 1e-6, 1e-9, 1e-12):
        near = (
            [1 / step] if math.isinf(order) else [x for x in (order - step, order + step) if x > 0]
        )
        for alpha in near:
            assert renyi_divergence(P, Q, alpha) == pytest.approx(value, abs=step)


@pytest.mark.parametrize(
    ("p", "q", "finite"),
    [
        ([0.5, 0.5, 0.0], [0.5, 0.0, 0.5], {0, 0.5}),
        ([1.0, 0.0], [0.0, 1.0], set()),
        ([1.0, 0.0], [0.5, 0.5], {0, 0.5, 1, 2, math.inf}),
    ],
)
def test_infinite_renyi_divergences(p: list[float], q: list[float], finite: set[float]) -> None:
    for alpha in (0, 0.5, 1, 2, math.inf):
        assert math.isfinite(renyi_divergence(p, q, alpha)) == (alpha in finite)


def test_renyi_divergence_of_order_infinity_of_a_tiny_outcome() -> None:
    # The largest ratio is that of the tiniest outcome, and q sums to 1 - 1e-12.
    p, q = [2e-323, 0.5, 0.5], [2e-323, 0.5 + 1e-13, 0.5 - 1.1e-12]
    value, reference = renyi_divergence(p, q, math.inf), oracles.renyi(p, q, math.inf)
    assert oracles.relative_error(value, reference) <= 1e-15
    q = [2e-323, 0.5, 0.5 - 1e-12]
    value, reference = renyi_divergence(p[::-1], q[::-1], math.inf), oracles.renyi(p, q, math.inf)
    assert oracles.relative_error(value, reference) <= 1e-15


@pytest.mark.parametrize("alpha", [0.3, 0.5, 2.0, math.inf])
def test_renyi_divergence_of_multiples_is_not_negative(alpha: float) -> None:
    q = np.array([8.0, 1.0]) / 9
    for p in (q, q * (1 + 3e-10), q * (1 - 4e-10), q * (1 + 1e-15)):
        assert 0 <= renyi_divergence(p, q, alpha) <= 1e-24
        assert math.copysign(1.0, renyi_divergence(p, q, alpha)) == 1
        assert math.copysign(1.0, renyi_divergence(p, p, alpha)) == 1


def test_renyi_divergence_of_order_zero_of_a_denormal_mass() -> None:
    p, q = [0.0, 1.0], np.array([1 + 3e-10, 5e-324])
    reference = oracles.renyi(p, q, 0.0)
    assert oracles.relative_error(renyi_divergence(p, q, 0.0), reference) <= 1e-15


def test_renyi_divergence_of_order_zero_of_a_small_missing_mass() -> None:
    value = renyi_divergence([1.0, 0.0], [1 - 1e-20, 1e-20], 0)
    assert value == pytest.approx(1e-20, rel=1e-15, abs=0)


def test_renyi_divergence_of_large_orders_does_not_overflow() -> None:
    for alpha in (1e3, 1e6, 1e290, 1e301, 1.7e308):
        assert renyi_divergence([0.5, 0.5], [0.9, 0.1], alpha) == pytest.approx(
            math.log(5), abs=1 / alpha
        )
    for alpha in (1e299, 1e301, 1e306):
        value = renyi_divergence([0.5, 0.5], [1.0, 1e-300], alpha)
        assert value == pytest.approx(math.log(0.5) + 300 * math.log(10), rel=1e-15, abs=0)
    assert renyi_divergence([1.0, 1e-323], [0.0, 1.0], 0.999999) == pytest.approx(
        999999 * -math.log(1e-323), rel=1e-6, abs=0
    )


# Normal laws.


@given(numbers, numbers, scales, scales)
def test_one_dimension_is_the_line(m: float, n: float, s: float, t: float) -> None:
    value = kl_gaussian([m], [n], cov_p=[[s**2]], cov_q=[[t**2]])
    assert value == pytest.approx(kl_gaussian(m, n, std_p=s, std_q=t), rel=1e-12, abs=1e-30)


@given(normal_laws())
def test_gaussian_divergence_is_a_divergence(laws_: tuple[Array, Array, Array, Array]) -> None:
    m, n, a, b = laws_
    assert kl_gaussian(m, n, cov_p=a, cov_q=b) >= 0
    assert kl_gaussian(m, m, cov_p=a, cov_q=a) == 0
    # Independent coordinates add.
    s, t = np.sqrt(np.diag(a)), np.sqrt(np.diag(b))
    diagonal = kl_gaussian(m, n, cov_p=np.diag(s**2), cov_q=np.diag(t**2))
    rounding = 2e-15 * math.sqrt(diagonal)  # of the squares, whose difference is what counts
    assert diagonal == pytest.approx(
        kl_gaussian(m, n, std_p=s, std_q=t).sum(), rel=1e-11, abs=rounding
    )


def test_a_gaussian_divergence_whose_terms_are_no_floats() -> None:
    with pytest.raises(ValueError, match=r"^means and covariances are too large for a result"):
        kl_gaussian([1e308, 0.0], [-1e308, 0.0], cov_p=np.eye(2), cov_q=np.eye(2))
    assert kl_gaussian([1e308], [0.0], cov_p=[[1.0]], cov_q=[[1.0]]) == math.inf


@given(numbers, numbers, scales)
def test_gaussian_divergence_of_equal_widths_is_symmetric(m: float, n: float, s: float) -> None:
    value = kl_gaussian(m, n, std_p=s, std_q=s)
    assert value == pytest.approx((m - n) ** 2 / (2 * s**2), rel=1e-14, abs=0)
    assert value == kl_gaussian(n, m, std_p=s, std_q=s)


@pytest.mark.parametrize("seed", range(5))
def test_gaussian_kl_by_quadrature(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m, n = rng.standard_normal(2)
    s, t = rng.uniform(0.3, 2, 2)

    def integrand(x: float) -> float:
        log_p, log_q = stats.norm.logpdf(x, m, s), stats.norm.logpdf(x, n, t)
        return float(np.exp(log_p) * (log_p - log_q))

    value = integrate.quad(integrand, m - 12 * s, m + 12 * s, points=[m], epsabs=1e-12)[0]
    assert kl_gaussian(m, n, std_p=s, std_q=t) == pytest.approx(value, abs=1e-9)
    # In space: log(p / q) is quadratic, so that three Hermite nodes per axis are exact.
    means = rng.standard_normal((2, 3))
    roots = rng.standard_normal((2, 3, 3))
    covs = roots @ roots.transpose(0, 2, 1) + 0.3 * np.eye(3)
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    grid = np.array(list(itertools.product(nodes, repeat=3)))
    mass = np.prod(list(itertools.product(weights / weights.sum(), repeat=3)), axis=1)
    x = means[0] + grid @ np.linalg.cholesky(covs[0]).T
    logs = [stats.multivariate_normal.logpdf(x, means[i], covs[i]) for i in range(2)]
    value = float(mass @ (logs[0] - logs[1]))
    assert kl_gaussian(*means, cov_p=covs[0], cov_q=covs[1]) == pytest.approx(
        value, rel=1e-9, abs=0
    )


def test_gaussian_divergence_broadcasts() -> None:
    cov = np.stack([np.eye(2), 2 * np.eye(2)])
    values = kl_gaussian(np.zeros((3, 1, 2)), [1.0, 0.0], cov_p=cov, cov_q=np.eye(2))
    assert values.shape == (3, 2)
    for i in range(2):
        expected = kl_gaussian([0.0, 0.0], [1.0, 0.0], cov_p=cov[i], cov_q=np.eye(2))
        assert_allclose(values[:, i], expected, rtol=1e-15)
    values = kl_gaussian([0, 0], [1, 0], cov_p=np.eye(2), cov_q=np.stack([cov, cov, cov]))
    expected = [kl_gaussian([0, 0], [1, 0], cov_p=np.eye(2), cov_q=q) for q in cov]
    assert_allclose(values, [expected] * 3, rtol=1e-15)
    assert kl_gaussian([0, 1], 0, std_p=1, std_q=[[1], [2], [3]]).shape == (3, 2)


def test_gaussian_divergence_grows_without_bound_as_the_model_narrows() -> None:
    values = kl_gaussian(0.0, 0.0, std_p=1.0, std_q=10.0 ** -np.arange(0, 151, 30))
    assert np.all(np.diff(values) > 0)
    assert kl_gaussian(0.0, 0.0, std_p=1.0, std_q=1e-180) == math.inf  # 1e360 / 2 is no float


# Many rows, long rows.


def test_long_laws() -> None:
    rng = np.random.default_rng(12)
    p, q = rng.dirichlet(np.ones(70_001), 2)
    near = p * (1 + 1e-7 * rng.standard_normal(p.size))
    near /= near.sum()
    reference = math.fsum(p * np.log(p / q)) / math.fsum(p) + math.log(math.fsum(q) / math.fsum(p))
    assert kl_divergence(p, q) == pytest.approx(reference, rel=1e-15, abs=0)
    delta = (near - p) / p - math.fsum(near - p)
    second_order = math.fsum(p * delta**2 / 2 - p * delta**3 / 3)
    assert kl_divergence(p, near) == pytest.approx(second_order, rel=1e-12, abs=0)
    q[70_000] = 0.0
    assert kl_divergence(p, q / q.sum()) == math.inf


def test_long_laws_in_single_precision() -> None:
    rng = np.random.default_rng(13)
    p, q = rng.random((2, 10**6)).astype(np.float32)
    p /= p.sum()
    q /= q.sum()
    x, y = (a.astype(np.float64) / a.sum(dtype=np.float64) for a in (p, q))
    assert kl_divergence(p, q) == pytest.approx((x * np.log(x / y)).sum(), rel=1e-12, abs=0)


# The numbers of the catalogue.

Check = tuple[str, Callable[[], float], Callable[[], oracles.Number]]

A, B, HALF, MIX = [0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.55, 0.45]
JOINT = [0.5, 0.1, 0.2, 0.2]
SQUARE = [[1.0, 0.5], [0.5, 1.0]]


def bits(value: oracles.Number) -> oracles.Number:
    with mp.workdps(oracles.DIGITS):
        return value / mp.log(2)


def divergence_check(printed: str, p: list[float], q: list[float]) -> Check:
    return printed, lambda: kl_divergence(p, q), lambda: oracles.kl(p, q)


def coin_check(printed: str, p: float, q: float) -> Check:
    return printed, lambda: kl_bernoulli(p, q), lambda: oracles.kl_bernoulli(p, q)


def binomial(n: int, t: float) -> list[float]:
    with mp.workdps(60):
        return [
            float(mp.binomial(n, k) * mp.mpf(t) ** k * mp.mpf(1 - t) ** (n - k))
            for k in range(n + 1)
        ]


def poisson_divergence(a: float, b: float) -> tuple[float, oracles.Number]:
    """Return the divergence of Poisson laws, from their first 100 outcomes and in closed form."""
    p, q = (stats.poisson.pmf(np.arange(100), x) for x in (a, b))
    value = float(kl_divergence(p / p.sum(), q / q.sum()))
    return value, mp.mpf(b) - a + a * mp.log(mp.mpf(a) / b)


TILT = [math.exp(0.834115194352 * k) for k in range(3)]
TILTED = [x / sum(TILT) for x in TILT]
UNIFORM_11 = [1 / 11] * 11

CATALOGUE: list[Check] = [
    divergence_check("0.130812035941", [0.25, 0.75], HALF),
    divergence_check("0.0851228259572", P, Q),
    ("0.122806278875", lambda: kl_divergence(P, Q, base=2), lambda: bits(oracles.kl(P, Q))),
    divergence_check("0.0920328502338", Q, P),
    divergence_check("0.368064207168", A, HALF),
    divergence_check("0.510825623766", HALF, A),
    divergence_check("0.338919144155", [0.3, 0.7], [0.7, 0.3]),
    divergence_check("0.338919144155", [0.7, 0.3], [0.3, 0.7]),
    coin_check("0.510825623766", 0.5, 0.1),
    coin_check("0.143841036226", 0.5, 0.25),
    coin_check("0.0923315153731", 0.25, 0.1),
    (
        "0.236172551599",
        lambda: kl_bernoulli(0.5, 0.25) + kl_bernoulli(0.25, 0.1),
        lambda: oracles.kl_bernoulli(0.5, 0.25) + oracles.kl_bernoulli(0.25, 0.1),
    ),
    divergence_check("0.693147180560", [1.0, 0.0], HALF),
    coin_check("10.8197782845", 0.5, 1e-10),
    coin_check("0.0822828785051", 0.3, 0.5),
    coin_check("0.0871766935724", 0.5, 0.3),
    (
        "0.443147180560",
        lambda: kl_gaussian(0, 1, std_p=1, std_q=2),
        lambda: oracles.kl_gaussian(0, 1, 1, 2),
    ),
    (
        "1.30685281944",
        lambda: kl_gaussian(1, 0, std_p=2, std_q=1),
        lambda: oracles.kl_gaussian(1, 0, 2, 1),
    ),
    (
        "0.643841036226",
        lambda: kl_gaussian([1, 0], [0, 0], cov_p=SQUARE, cov_q=np.eye(2)),
        lambda: oracles.kl_gaussian_nd([1, 0], [0, 0], SQUARE, np.eye(2)),
    ),
    divergence_check("0.165687096567", JOINT, [0.25] * 4),
    divergence_check("0.0201355135507", [0.6, 0.4], HALF),
    (
        "0.145551583016",
        lambda: 0.6 * kl_divergence([5 / 6, 1 / 6], HALF) + 0.4 * kl_divergence(HALF, HALF),
        lambda: mp.mpf(6) / 10 * oracles.kl([5, 1], HALF),
    ),
    (
        "0.822828785051",
        lambda: kl_divergence(
            [math.prod(word) for word in itertools.product([0.3, 0.7], repeat=10)],
            [2.0**-10] * 2**10,
        ),
        lambda: 10 * oracles.kl_bernoulli(0.3, 0.5),
    ),
    divergence_check("0.0822828785051", [0.7, 0.3], HALF),
    (
        "0.687405821224",
        lambda: kl_divergence([0.82, 0.18], [0.26, 0.74]),
        lambda: oracles.kl([0.82, 0.18], [0.26, 0.74]),
    ),
    divergence_check("1.14572550293", A, B),
    (
        "2.60268968544",
        lambda: 4 * kl_divergence([0.25, 0.75], [2 / 3, 1 / 3]) + 4 * math.log(4 / 3),
        lambda: mp.log(mp.mpf(1) / 2) + 3 * mp.log(3),
    ),
    ("1.15072828981", lambda: 4 * math.log(4 / 3), lambda: 4 * mp.log(mp.mpf(4) / 3)),
    divergence_check("0.00500836684636", MIX, HALF),
    (
        "0.158902691517",
        lambda: (kl_divergence(A, [0.6, 0.4]) + kl_divergence(B, [0.4, 0.6])) / 2,
        lambda: (oracles.kl(A, [0.6, 0.4]) + oracles.kl(B, [0.4, 0.6])) / 2,
    ),
    (
        "0.280404482095",
        lambda: (kl_divergence(A, HALF) + kl_divergence(B, HALF)) / 2,
        lambda: (oracles.kl(A, HALF) + oracles.kl(B, HALF)) / 2,
    ),
    (
        "0.275396115249",
        lambda: (kl_divergence(A, MIX) + kl_divergence(B, MIX)) / 2,
        lambda: (oracles.kl(A, MIX) + oracles.kl(B, MIX)) / 2,
    ),
    (
        "0.943998465645",
        lambda: kl_bernoulli(0.01, math.exp(-100)),
        lambda: oracles.kl_bernoulli(0.01, math.exp(-100)),
    ),
    (
        "0.998978970963",  # e^-10000 is not a float
        lambda: 1 - entropy([1e-4, 1 - 1e-4]),
        lambda: 1 - oracles.entropy([1e-4, 1 - 1e-4]),
    ),
    coin_check("0.000235169369572", 0.3, 0.31),
    (
        "0.000238095238095",
        lambda: 0.01**2 / (2 * 0.3 * 0.7),
        lambda: mp.mpf(1) / 4200,
    ),
    (
        "0.467523128702",
        lambda: poisson_divergence(3, 5)[0],
        lambda: poisson_divergence(3, 5)[1],
    ),
    *[
        divergence_check(printed, TEETH, binomial(10, t))
        for t, printed in {
            0.544: "0.427349724856",
            0.534: "0.429360983582",
            0.554: "0.429370522021",
        }.items()
    ],
    divergence_check("0.200666563811", [0.1, 0.3, 0.6], [1 / 3] * 3),
    divergence_check("0.00328897577738", [0.1, 0.3, 0.6], TILTED),
    divergence_check("0.197377588034", TILTED, [1 / 3] * 3),
    (
        "0.0798854930417",
        lambda: donsker_varadhan(P, Q, [1, 0, 0]),
        lambda: oracles.donsker_varadhan(P, Q, [1, 0, 0], "dv"),
    ),
    (
        "0.0160602794143",
        lambda: donsker_varadhan(P, Q, [1, 0, 0], bound="nwj"),
        lambda: oracles.donsker_varadhan(P, Q, [1, 0, 0], "nwj"),
    ),
    (
        "0.878889830934",
        lambda: jeffreys_divergence(A, HALF),
        lambda: oracles.kl(A, HALF) + oracles.kl(HALF, A),
    ),
    ("2.26121556185", lambda: entropy(TEETH), lambda: oracles.entropy(TEETH)),
    divergence_check("0.136679710950", TEETH, UNIFORM_11),
    (
        "0.197187141177",
        lambda: kl_divergence(TEETH, UNIFORM_11, base=2),
        lambda: bits(oracles.kl(TEETH, [1] * 11)),
    ),
    (
        "0.616535328775",
        lambda: kl_divergence(TEETH, binomial(10, 0.544), base=2),
        lambda: bits(oracles.kl(TEETH, binomial(10, 0.544))),
    ),
    coin_check("0.553455545741", 0.5, 1 / 11),
    (
        "0.798467571194",
        lambda: kl_bernoulli(0.5, 1 / 11, base=2),
        lambda: bits(oracles.kl_bernoulli(0.5, 1 / 11)),
    ),
]


@pytest.mark.parametrize(
    ("printed", "value", "reference"),
    CATALOGUE,
    ids=[f"{row[0]} in row {i}" for i, row in enumerate(CATALOGUE)],
)
def test_catalogue(
    printed: str, value: Callable[[], float], reference: Callable[[], oracles.Number]
) -> None:
    assert oracles.prints(printed, reference())
    assert value() == pytest.approx(float(reference()), rel=4e-15, abs=2e-16)


def test_terms_of_the_catalogue() -> None:
    terms = special.rel_entr(P, Q)
    for printed, term in zip(
        ["0.235530565635", "-0.0810930216216", "-0.0693147180560"], terms, strict=True
    ):
        assert oracles.prints(printed, term)
    assert oracles.prints("-0.0735758882343", -0.2 / math.e)
    assert math.fsum(terms) == pytest.approx(kl_divergence(P, Q), rel=1e-14, abs=0)
