"""Jensen-Shannon divergence and distance: laws, closed forms, second routes."""

import itertools
import math
from fractions import Fraction
from typing import Any

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial import distance

from refimpl import (
    bayes_error,
    bayes_error_bounds,
    binary_entropy,
    conditional_entropy,
    entropy,
    jeffreys_divergence,
    js_bounds,
    js_distance,
    js_divergence,
    kl_divergence,
    mutual_information,
    total_variation,
)
from tests import oracles
from tests.strategies import Array, channels, laws, pairs, probabilities

Pair = tuple[Array, Array]
P, Q = [0.9, 0.1], [0.2, 0.8]
LOG_2 = math.log(2)


# Second routes.


@given(pairs())
def test_divergence_against_mpmath(pair: Pair) -> None:
    reference = oracles.js(*pair)
    assert oracles.relative_error(js_divergence(*pair), reference) <= 2e-15
    if reference > 1e-290:  # below, the divergence has lost digits to the range of floats
        assert oracles.relative_error(js_distance(*pair), mp.sqrt(reference)) <= 2e-15


@pytest.mark.parametrize("n", [10, 1000])
@pytest.mark.parametrize("digits", range(1, 16))
def test_divergence_of_nearly_equal_laws(n: int, digits: int) -> None:
    for seed in range(100 // n + 1):
        rng = np.random.default_rng(seed)
        p = rng.dirichlet(np.ones(n))
        q = p * (1 + 10.0**-digits * rng.uniform(-1, 1, n))
        q /= q.sum()
        reference = oracles.js(p, q, digits=80)
        assert oracles.relative_error(js_divergence(p, q), reference) <= 1e-15


@pytest.mark.parametrize("concentration", [0.05, 0.3, 1, 10, 1000])
def test_divergence_of_unrelated_laws(concentration: float) -> None:
    rng = np.random.default_rng(round(100 * concentration))
    for n in [2, 3, 10, 100]:
        p, q = rng.dirichlet(np.full(n, concentration), 2)
        reference = oracles.js(p, q, digits=400)
        assert oracles.relative_error(js_divergence(p, q), reference) <= 1e-15


@st.composite
def mixtures(draw: st.DrawFn) -> tuple[list[Array], Array]:
    """Draw two to four laws, some nearly equal, and weights."""
    p, q = draw(pairs())
    others = [draw(laws(p.size)) for _ in range(draw(st.integers(0, 2)))]
    together = draw(st.permutations([p, q, *others]))
    return [*together], draw(laws(len(together)))


@given(mixtures())
def test_divergence_of_many_laws_against_mpmath(mixture: tuple[list[Array], Array]) -> None:
    together, weights = mixture
    value = js_divergence(*together, weights=weights)
    reference = oracles.js(*together, weights=weights.tolist())
    assert oracles.relative_error(value, reference) <= 4e-15


@given(pairs(), st.sampled_from([1 - 9e-10, 1 + 9e-10, 1 - 1e-15]))
def test_sums_that_differ_from_one_do_not_matter(pair: Pair, scale: float) -> None:
    p, q = pair
    for x, y in [(p * scale, q), (p, q * scale), (p * scale, q * scale)]:
        reference = oracles.js(x, y)
        if reference > 1e-8:  # below, the difference of the sums is larger than that of the laws
            for weights in (None, [0.5, 0.5]):
                value = js_divergence(x, y, weights=weights)
                assert oracles.relative_error(value, reference) <= 2e-15


def test_divergence_agrees_with_scipy_where_scipy_is_right() -> None:
    rng = np.random.default_rng(3)
    p, q = rng.dirichlet(np.ones(50), 20), rng.dirichlet(np.ones(50), 20)
    expected: Any = distance.jensenshannon(p, q, axis=-1)
    assert_allclose(js_distance(p, q), expected, rtol=1e-12)
    assert_allclose(js_distance(p, q, base=2), distance.jensenshannon(p, q, 2, axis=-1), rtol=1e-12)


# The divergence.


@given(pairs())
def test_range_and_extremes(pair: Pair) -> None:
    p, q = pair
    value = js_divergence(p, q)
    assert 0 <= value <= LOG_2 * (1 + 4e-16)
    same = oracles.js(p, q) < mp.mpf("1e-300")
    assert (value <= 1e-300) == same
    assert js_divergence(p, p.copy()) == 0
    if not np.any((p > 0) & (q > 0)):
        assert value == pytest.approx(LOG_2, rel=4e-16, abs=0)


@pytest.mark.parametrize("n", [2, 3, 10, 100_000])
def test_disjoint_laws_are_one_bit_apart(n: int) -> None:
    p, q = np.full(n, 1 / n), np.zeros(n)
    assert js_divergence(np.r_[p, q], np.r_[q, p], base=2) == pytest.approx(1, rel=4e-16, abs=0)
    first, last = np.zeros((2, n))
    first[0] = last[-1] = 1
    assert js_distance(first, last, base=2) == 1


@given(laws(), st.sampled_from([1 - 1e-10, 1 + 1e-10, 1 - 1e-16, 1 + 3e-16]))
def test_divergence_is_that_of_the_laws_divided_by_their_sums(p: Array, scale: float) -> None:
    assert 0 <= js_divergence(p, p * scale) <= 1e-31
    assert 0 <= js_divergence(p * scale, p, weights=[0.25, 0.75]) <= 1e-31


@given(pairs())
def test_symmetry(pair: Pair) -> None:
    p, q = pair
    assert js_divergence(p, q) == pytest.approx(js_divergence(q, p), rel=4e-15, abs=1e-300)


@given(pairs())
def test_entropy_form(pair: Pair) -> None:
    p, q = pair
    form = entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2
    assert js_divergence(p, q) == pytest.approx(form, abs=4e-15)


@given(pairs())
def test_mutual_information_form(pair: Pair) -> None:
    joint = np.array(pair) / 2
    assert js_divergence(*pair) == pytest.approx(mutual_information(joint), rel=1e-14, abs=1e-16)
    assert conditional_entropy(joint.T) == pytest.approx(LOG_2 - js_divergence(*pair), abs=1e-14)


@given(pairs(3), laws(3, positive=True))
def test_mixture_is_the_barycentre(pair: Pair, r: Array) -> None:
    p, q = pair
    cost = kl_divergence(p, r) / 2 + kl_divergence(q, r) / 2
    excess = kl_divergence((p + q) / 2, r)
    assert cost == pytest.approx(js_divergence(p, q) + excess, rel=1e-12, abs=1e-14)


@given(laws(4), laws(4), laws(4))
def test_distance_satisfies_the_triangle_inequality(p: Array, q: Array, r: Array) -> None:
    assert js_distance(p, r) <= (js_distance(p, q) + js_distance(q, r)) * (1 + 1e-14)


def test_distances_embed_in_a_hilbert_space() -> None:
    # Schoenberg: the matrix of Gower from the squared distances has no negative eigenvalue.
    rng = np.random.default_rng(5)
    points = np.r_[rng.dirichlet(np.full(4, 0.4), 20), np.eye(4)]
    squares = js_divergence(points[:, None], points[None])
    centre = np.eye(24) - 1 / 24
    eigenvalues = np.linalg.eigvalsh(-centre @ squares @ centre / 2)
    assert eigenvalues.min() >= -1e-15
    assert eigenvalues[-5] > 1e-3  # in more dimensions than the laws have


def test_divergence_is_no_metric() -> None:
    a, b, c = [1.0, 0.0], [0.5, 0.5], [0.0, 1.0]
    assert js_divergence(a, c) > js_divergence(a, b) + js_divergence(b, c)
    assert js_distance(a, c) <= js_distance(a, b) + js_distance(b, c)


def phi(t: float) -> float:
    return LOG_2 - binary_entropy((1 - t) / 2)


@given(pairs())
def test_bounds_from_total_variation(pair: Pair) -> None:
    distance_ = total_variation(*pair)
    value = js_divergence(*pair)
    assert distance_**2 / 2 <= phi(min(distance_, 1)) * (1 + 1e-9) + 1e-15
    assert phi(min(distance_, 1)) <= value * (1 + 1e-9) + 1e-15
    assert value <= distance_ * LOG_2 * (1 + 1e-15)


@given(st.floats(0, 1))
def test_bounds_from_total_variation_are_attained(delta: float) -> None:
    coins = [[(1 + s * delta) / 2, (1 - s * delta) / 2] for s in (1, -1)]
    assert js_divergence(*coins) == pytest.approx(phi(delta), abs=1e-15)
    shifted = [[delta, 1 - delta, 0], [0, 1 - delta, delta]]
    value = js_divergence(*shifted)
    assert value == pytest.approx(delta * LOG_2, rel=1e-14, abs=0)


@given(pairs())
def test_bound_from_jeffreys_divergence(pair: Pair) -> None:
    assert js_divergence(*pair) <= jeffreys_divergence(*pair) / 8 * (1 + 1e-14)


def test_bound_from_jeffreys_divergence_is_the_best_one() -> None:
    for digits in range(1, 8):
        pair = [0.3, 0.7], [0.3 + 10.0**-digits, 0.7 - 10.0**-digits]
        quotient = jeffreys_divergence(*pair) / js_divergence(*pair)
        assert 8 < quotient + 1e-13 < 8 + 10 * 10.0**-digits


@given(st.data())
def test_data_processing(data: st.DataObject) -> None:
    p, q = data.draw(pairs())
    channel = data.draw(channels(p.size))
    weights = data.draw(laws(2))
    for w in (None, weights):
        before = js_divergence(p, q, weights=w)
        assert js_divergence(p @ channel, q @ channel, weights=w) <= before * (1 + 1e-12) + 1e-30


@given(pairs(4), pairs(4), st.floats(0, 1))
def test_divergence_is_jointly_convex(first: Pair, second: Pair, t: float) -> None:
    (p, q), (r, s) = first, second
    x, y = t * p + (1 - t) * r, t * q + (1 - t) * s
    middle = js_divergence(x / x.sum(), y / y.sum())
    assert middle <= t * js_divergence(p, q) + (1 - t) * js_divergence(r, s) + 1e-15


# Weights.


@given(pairs(), probabilities)
def test_weighted_divergence_is_mutual_information(pair: Pair, t: float) -> None:
    joint = np.array([[t], [1 - t]]) * np.array(pair)
    value = js_divergence(*pair, weights=[t, 1 - t])
    assert value == pytest.approx(mutual_information(joint / joint.sum()), rel=1e-9, abs=1e-15)
    assert 0 <= value <= binary_entropy(t) * (1 + 1e-12) + 1e-15


@given(pairs(), st.floats(0.01, 0.99))
def test_bayes_error(pair: Pair, t: float) -> None:
    p, q = pair
    error = float(np.minimum(t * p, (1 - t) * q).sum())
    left = binary_entropy(t, base=2) - js_divergence(p, q, weights=[t, 1 - t], base=2)
    assert error <= left / 2 + 1e-14
    assert binary_entropy(min(error, 0.5), base=2) >= left - 1e-12


def test_laws_of_weight_zero_do_not_count() -> None:
    alone = js_divergence(P, Q, weights=[0.3, 0.7])
    assert js_divergence(P, [0.0, 1.0], Q, weights=[0.3, 0, 0.7]) == alone
    assert js_divergence(P, Q, weights=[1, 0]) == 0.0
    assert js_divergence(P, Q, weights=[1 - 1e-300, 1e-300]) > 0
    tiny = js_divergence([1.0, 5e-324], [1.0, 0.0], weights=[1e-300, 1.0])
    assert 0 <= tiny <= 1e-300


def test_many_disjoint_laws_tell_all_about_their_index() -> None:
    assert js_divergence(*np.eye(4), base=2) == 2.0
    weights = [0.5, 0.25, 0.125, 0.125]
    value = js_distance(*np.eye(4), weights=weights, base=2)
    assert value == pytest.approx(math.sqrt(1.75), rel=1e-15, abs=0)


def test_weighted_batches_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(4)
    p, q, r = (rng.dirichlet(np.ones(3), shape) for shape in [(20_000, 1), (2,), ()])
    result = js_divergence(p, q, r, weights=[0.2, 0.3, 0.5], axis=-1, keepdims=True)
    assert result.shape == (20_000, 2, 1)
    for i, j in [(0, 0), (10_922, 1), (19_999, 0)]:
        single = js_divergence(p[i, 0], q[j], r, weights=[0.2, 0.3, 0.5])
        assert result[i, j, 0] == pytest.approx(single, rel=1e-15, abs=0)
    long = rng.dirichlet(np.ones(70_000), 3)
    turned = np.roll(long, 30_000, axis=-1)
    assert js_divergence(*long) == pytest.approx(js_divergence(*turned), rel=1e-13, abs=0)


@pytest.mark.parametrize("base", [2, 3, 10, 1.5])
def test_base_is_a_unit(base: float) -> None:
    for pair in [(P, Q), (P, [0.9 + 1e-9, 0.1 - 1e-9])]:
        for weights in (None, [0.25, 0.75]):
            nats = js_divergence(*pair, weights=weights)
            value = js_divergence(*pair, weights=weights, base=base)
            assert value == pytest.approx(nats / math.log(base), rel=2e-15, abs=0)
            assert js_distance(*pair, weights=weights, base=base) == math.sqrt(value)


@pytest.mark.parametrize(
    ("weights", "what"),
    [([0.5, 0.5], "has 2 entries; give 3"), ([0.5, 0.5, 0.5], "sums to"), ([2, -1, 0], "negative")],
)
def test_bad_weights(weights: list[float], what: str) -> None:
    with pytest.raises(ValueError, match=f"weights.*{what}"):
        js_divergence(P, Q, P, weights=weights)
    with pytest.raises(ValueError, match=f"weights.*{what}"):
        js_distance(P, Q, P, weights=weights)


def test_bad_further_laws() -> None:
    with pytest.raises(ValueError, match=r"others\[1\]\[0\] = -0.5 is negative"):
        js_divergence(P, Q, P, [-0.5, 1.5])
    with pytest.raises(ValueError, match=r"others\[0\] has 3"):
        js_distance(P, Q, [0.5, 0.25, 0.25])


def test_weights_are_divided_by_their_sum() -> None:
    laws = [0.5, 0.5], [0.25, 0.75], [1.0, 0.0]
    value = js_divergence(*laws, weights=[0.3333333333] * 3)
    assert value == pytest.approx(js_divergence(*laws), rel=1e-14, abs=0)


# Total variation and the error of the best guess.


@given(pairs())
def test_divergence_is_between_its_bounds(pair: Pair) -> None:
    p, q = pair
    for base in (None, 2):
        lower, upper = js_bounds(total_variation(p, q), base=base)
        assert lower * (1 - 1e-12) <= js_divergence(p, q, base=base) <= upper * (1 + 1e-12)


@given(probabilities)
def test_bounds_of_the_divergence_are_attained(delta: float) -> None:
    lower, upper = js_bounds(delta)
    p = np.array([delta, 1 - delta, 0.0])
    assert js_divergence(p / p.sum(), p[::-1] / p.sum()) == pytest.approx(upper, rel=1e-9, abs=0)
    with mp.workdps(720):
        d = mp.mpf(delta)
        expected = sum(x * mp.log(2 * x) for x in ((1 + d) / 2, (1 - d) / 2) if x)
        assert oracles.relative_error(lower, expected) <= 1e-15 or expected < 1e-300
        assert oracles.relative_error(upper, d * mp.log(2)) <= 1e-15 or expected < 1e-300


@given(pairs(), st.floats(0, 1))
def test_bayes_error_is_between_its_bounds(pair: Pair, weight: float) -> None:
    p, q = pair
    error = bayes_error(p, q, weight=weight)
    exact = sum(min(Fraction(weight) * x, (1 - Fraction(weight)) * y) for x, y in exact_laws(p, q))
    assert error == pytest.approx(float(exact), rel=1e-14, abs=1e-300)
    js = js_divergence(p, q, weights=[weight, 1 - weight], base=2)
    lower, upper = bayes_error_bounds(js, weight=weight, base=2)
    assert 0 <= lower <= 1 / 2
    assert lower - 1e-14 <= error <= upper + 1e-12
    assert binary_entropy(lower, base=2) == pytest.approx(2 * upper, rel=1e-12, abs=1e-300)


def exact_laws(p: Array, q: Array) -> list[tuple[Fraction, Fraction]]:
    """Return p / Σ p and q / Σ q, entry by entry."""
    first, second = (list(map(Fraction, law.tolist())) for law in (p, q))
    return [(x / sum(first), y / sum(second)) for x, y in zip(first, second, strict=True)]


def test_bayes_error_by_guessing() -> None:
    p, q = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.2, 0.7])
    errors = [
        sum(0.3 * a if guess else 0.7 * b for a, b, guess in zip(p, q, guesses, strict=True))
        for guesses in itertools.product([False, True], repeat=3)
    ]
    assert bayes_error(p, q, weight=0.3) == pytest.approx(min(errors), rel=1e-14, abs=0)
    assert bayes_error(p, q) == pytest.approx((1 - total_variation(p, q)) / 2, rel=1e-14, abs=0)
    rows = bayes_error([p, q], q, weight=0.3, keepdims=True)
    assert rows.tolist() == [[pytest.approx(min(errors))], [pytest.approx(0.3)]]


@pytest.mark.parametrize("delta", [0.0, 1e-15, 1e-9, 1e-8, 1e-6, 1e-3, 0.3, 0.48, 0.5, 0.9, 1.0])
def test_lower_bound_of_the_bayes_error_is_attained(delta: float) -> None:
    p = np.array([(1 + delta) / 2, (1 - delta) / 2])
    lower, _ = bayes_error_bounds(js_divergence(p, p[::-1]))
    assert lower == pytest.approx(bayes_error(p, p[::-1]), rel=1e-14, abs=0)
    # one look that tells nothing leaves the prior
    assert bayes_error_bounds(0.0, weight=(1 + delta) / 2)[0] == pytest.approx(
        (1 - delta) / 2, rel=1e-14, abs=0
    )


def test_ends_of_the_bounds_of_the_bayes_error() -> None:
    assert bayes_error_bounds(0.0) == pytest.approx((0.5, 0.5), rel=1e-15, abs=0)
    assert bayes_error_bounds(1.0, base=2) == (0, 0)
    assert bayes_error_bounds(0.0, weight=1) == (0, 0)
    lower, upper = bayes_error_bounds([0.0, 0.5, 1.0], base=2)
    assert_allclose(upper, [0.5, 0.25, 0.0], rtol=1e-15, atol=1e-16)
    assert lower[1] == pytest.approx(0.110027864438, rel=1e-11, abs=0)  # half a bit
    with pytest.raises(ValueError, match=r"js = 0.7 is above 0.69314718056; give"):
        bayes_error_bounds(0.7)


def test_bounds_and_errors_in_other_units_and_precisions() -> None:
    low, high = js_bounds(0.3)
    assert js_bounds(0.3, base=2) == pytest.approx((low / math.log(2), high / math.log(2)))
    p, q = (np.array(law, dtype=np.float16) for law in ([0.5, 0.25, 0.2656], [0.25, 0.5, 0.2422]))
    a, b = (law.astype(np.float64) / law.sum(dtype=np.float64) for law in (p, q))
    exact = np.minimum(a, b).sum() / 2
    assert bayes_error(p, q) == pytest.approx(exact, rel=1e-15, abs=0)
    with pytest.raises(ValueError, match=r"is above 0; give"):
        bayes_error_bounds(0.1, weight=1.0)
