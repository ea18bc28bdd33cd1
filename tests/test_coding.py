"""Cross-entropy and codes: laws, closed forms, second routes."""

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from refimpl import (
    binary_cross_entropy,
    code_lengths,
    cross_entropy,
    cross_entropy_gaussian,
    entropy,
    gaussian_entropy,
    kl_bernoulli,
    kl_divergence,
    kl_gaussian,
    kraft_sum,
    perplexity,
)
from tests import oracles
from tests.strategies import Array, laws, numbers, pairs, probabilities

Pair = tuple[Array, Array]
P, Q, R = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7]
stds = st.floats(1e-3, 1e3)


# Second routes.


@given(pairs())
def test_cross_entropy_against_mpmath(pair: Pair) -> None:
    assert oracles.relative_error(cross_entropy(*pair), oracles.cross_entropy(*pair)) <= 1e-15


@given(probabilities, probabilities)
def test_binary_cross_entropy_against_mpmath(y: float, q: float) -> None:
    reference = oracles.binary_cross_entropy(y, q)
    assert oracles.relative_error(binary_cross_entropy(y, q), reference) <= 1e-15


@given(numbers, numbers, stds, stds)
def test_gaussian_cross_entropy_against_mpmath(m: float, n: float, s: float, t: float) -> None:
    value = cross_entropy_gaussian(m, n, std_p=s, std_q=t)
    reference = float(oracles.cross_entropy_gaussian(m, n, s, t))
    assert value == pytest.approx(reference, rel=1e-15, abs=1e-15 * (1 + abs(math.log(t))))


def test_gaussian_cross_entropy_by_quadrature() -> None:
    for m, n, s, t in [(0, 1, 1, 2), (1, -1, 0.5, 0.7), (2, 2, 3, 1)]:
        value = mp.quad(
            lambda x, m=m, n=n, s=s, t=t: -mp.npdf(x, m, s) * mp.log(mp.npdf(x, n, t)),
            [m + s * k for k in (-12, -4, 0, 4, 12)],
        )
        assert cross_entropy_gaussian(m, n, std_p=s, std_q=t) == pytest.approx(float(value))


# Cross-entropy.


@given(pairs())
def test_cross_entropy_is_entropy_plus_divergence(pair: Pair) -> None:
    p, q = pair
    assert cross_entropy(p, q) == pytest.approx(entropy(p) + kl_divergence(p, q), rel=1e-14, abs=0)


@given(pairs())
def test_gibbs_inequality(pair: Pair) -> None:
    p, q = pair
    assert cross_entropy(p, q) >= entropy(p) * (1 - 1e-15)


@given(laws())
def test_cross_entropy_with_itself_is_the_entropy(p: Array) -> None:
    assert cross_entropy(p, p.copy()) == pytest.approx(entropy(p), rel=1e-15, abs=0)


@given(pairs())
def test_cross_entropy_is_infinite_without_absolute_continuity(pair: Pair) -> None:
    p, q = pair
    assert math.isinf(cross_entropy(p, q)) == bool(np.any((p > 0) & (q == 0)))


@given(laws(4), laws(4), laws(4, positive=True), st.floats(0, 1))
def test_cross_entropy_is_linear_in_the_law(p: Array, r: Array, q: Array, t: float) -> None:
    mean = t * cross_entropy(p, q) + (1 - t) * cross_entropy(r, q)
    middle = t * p + (1 - t) * r
    assert cross_entropy(middle / middle.sum(), q) == pytest.approx(mean, rel=1e-14, abs=0)


@given(laws(4), laws(4, positive=True), laws(4, positive=True), st.floats(0, 1))
def test_cross_entropy_is_convex_in_the_model(p: Array, q: Array, r: Array, t: float) -> None:
    mean = t * cross_entropy(p, q) + (1 - t) * cross_entropy(p, r)
    middle = t * q + (1 - t) * r
    assert cross_entropy(p, middle / middle.sum()) <= mean * (1 + 1e-14)


@given(st.integers(0, 3), laws(4))
def test_sure_label(label: int, q: Array) -> None:
    p = np.eye(4)[label]
    loss = -math.log(q[label]) if q[label] else math.inf
    assert cross_entropy(p, q) == pytest.approx(loss, rel=1e-14, abs=1e-15)
    assert cross_entropy(p, q) == pytest.approx(kl_divergence(p, q), rel=1e-15, abs=0)


@pytest.mark.parametrize("k", range(7))
def test_cross_entropy_of_a_uniform_model_on_a_power_of_two_is_exact(k: int) -> None:
    uniform = np.full(2**k, 2.0**-k)
    assert cross_entropy(np.eye(2**k)[0], uniform, base=2) == k
    assert perplexity(np.eye(2**k)[0], uniform) == 2**k


def simplex(n: int, steps: int) -> Array:
    """Return all laws on n outcomes whose probabilities are multiples of 1 / steps."""
    rows = [c for c in itertools.product(range(steps + 1), repeat=n) if sum(c) == steps]
    return np.array(rows) / steps


@pytest.mark.parametrize("n", [2, 3, 4])
def test_log_score_is_strictly_proper(n: int) -> None:
    # Among all models on a grid, the law itself is the only best one; the regret is KL.
    grid = simplex(n, {2: 60, 3: 15, 4: 8}[n])
    losses = cross_entropy(grid[:, None], grid[None])
    own = np.diagonal(losses)
    others = losses + np.where(np.eye(len(grid), dtype=bool), np.inf, 0)
    assert np.all(others.min(axis=1) > own)
    regret = kl_divergence(grid[:, None], grid[None])
    finite = np.isfinite(losses)
    assert np.array_equal(finite, np.isfinite(regret))
    np.testing.assert_allclose(
        losses[finite], np.broadcast_to(own[:, None], losses.shape)[finite] + regret[finite]
    )


@given(laws(4, positive=True), laws(4))
def test_regret_of_the_log_score_grows_along_every_line(p: Array, r: Array) -> None:
    assume(np.abs(p - r).max() > 1e-3)
    steps = np.linspace(0, 1, 11)[:, None]
    losses = cross_entropy(p, (1 - steps) * p + steps * r)
    assert np.all(losses[1:] > losses[:-1])


def test_other_proper_scores_exist() -> None:
    # The Brier score has the same minimiser, so that the logarithm is not the only choice.
    grid = simplex(3, 12)
    brier = ((grid[:, None] - grid[None]) ** 2).sum(axis=-1)
    assert np.array_equal(brier.argmin(axis=1), np.arange(len(grid)))


# Binary cross-entropy.


@given(probabilities, probabilities)
def test_binary_cross_entropy_is_that_of_two_outcomes(y: float, q: float) -> None:
    value = cross_entropy([y, 1 - y], [q, 1 - q])
    assert binary_cross_entropy(y, q) == pytest.approx(value, rel=1e-14, abs=1e-15)


@given(st.sampled_from([0.0, 1.0]), probabilities)
def test_binary_cross_entropy_of_a_sure_label_is_a_divergence(y: float, q: float) -> None:
    assert binary_cross_entropy(y, q) == pytest.approx(kl_bernoulli(y, q), rel=1e-15, abs=0)


@given(st.floats(0, 1), st.floats(-30, 30))
def test_binary_cross_entropy_of_a_logit(y: float, a: float) -> None:
    sigmoid = 1 / (1 + math.exp(-a))
    value = math.log1p(math.exp(a)) - y * a
    assert binary_cross_entropy(y, sigmoid) == pytest.approx(value, rel=1e-3, abs=1e-10)
    h = 1e-5
    above, below = (1 / (1 + math.exp(-a - k)) for k in (h, -h))
    slope = (binary_cross_entropy(y, above) - binary_cross_entropy(y, below)) / (2 * h)
    if abs(a) < 10:
        assert slope == pytest.approx(sigmoid - y, abs=1e-6)


def test_binary_cross_entropy_has_no_clamp() -> None:
    assert binary_cross_entropy(1.0, 1e-300) == pytest.approx(300 * math.log(10), rel=1e-15, abs=0)
    assert binary_cross_entropy(0.0, 1.0) == math.inf
    assert binary_cross_entropy(1, 1) == 0.0
    assert math.copysign(1, binary_cross_entropy(1, 1)) == 1


def test_dropped_term_is_no_proper_loss() -> None:
    labels = np.repeat([1.0, 0.0], 5)
    sure = np.full(10, 1 - 1e-9)
    dropped = -(labels * np.log(sure)).sum()
    assert dropped < 1e-8
    assert np.sum(binary_cross_entropy(labels, sure)) > 100


# Normal laws.


@given(numbers, numbers, stds, stds)
def test_gaussian_cross_entropy_is_entropy_plus_divergence(
    m: float, n: float, s: float, t: float
) -> None:
    total = gaussian_entropy(std=s) + kl_gaussian(m, n, std_p=s, std_q=t)
    value = cross_entropy_gaussian(m, n, std_p=s, std_q=t)
    assert value == pytest.approx(total, rel=1e-12, abs=1e-12)


@given(st.lists(numbers, min_size=3, max_size=3), st.lists(numbers, min_size=3, max_size=3))
def test_squared_error_orders_models_of_fixed_width(y: list[float], f: list[float]) -> None:
    losses = cross_entropy_gaussian(y, f, std_p=0.0, std_q=0.8)
    squares = (np.array(y) - np.array(f)) ** 2
    expected = squares / (2 * 0.64) + math.log(2 * math.pi * 0.64) / 2
    np.testing.assert_allclose(losses, expected, rtol=1e-13, atol=1e-14)


# Perplexity.


@given(pairs(4))
def test_perplexity_is_the_exponential_of_cross_entropy(pair: Pair) -> None:
    p, q = pair
    assert perplexity(p) == pytest.approx(math.exp(entropy(p)), rel=1e-13, abs=0)
    nats = cross_entropy(p, q)
    expected = math.exp(nats) if nats < 700 else perplexity(p, q)
    assert perplexity(p, q) == pytest.approx(expected, rel=1e-12, abs=0)
    assert perplexity(p, q) >= perplexity(p) * (1 - 1e-14)


@given(laws())
def test_perplexity_is_between_one_and_the_number_of_outcomes(p: Array) -> None:
    assert 1 <= perplexity(p) <= p.size * (1 + 1e-14)


@pytest.mark.parametrize("k", range(11))
def test_perplexity_of_a_uniform_law_on_a_power_of_two_is_exact(k: int) -> None:
    assert perplexity(np.full(2**k, 2.0**-k)) == 2**k


def test_perplexity_of_an_impossible_outcome_is_infinite() -> None:
    assert perplexity([0.5, 0.5], [1.0, 0.0]) == math.inf
    assert perplexity([1.0, 0.0], [5e-324, 1.0]) == math.inf  # 2^1074 is too large for a float


# Codes.

positive_laws = st.one_of(laws(positive=True), laws().map(lambda p: p[p > 0]))
Code = Literal["shannon", "huffman"]
CODES: list[Code] = ["shannon", "huffman"]


def mean_length(p: Array, lengths: NDArray[np.int64]) -> Fraction:
    return sum((Fraction(float(x)) * int(n) for x, n in zip(p, lengths, strict=True)), Fraction(0))


@pytest.mark.parametrize("code", CODES)
@given(p=positive_laws)
def test_lengths_are_those_of_a_prefix_code(code: Code, p: Array) -> None:
    lengths = code_lengths(p, code=code)
    assert lengths.dtype == np.int64
    assert np.all(lengths >= 0)
    exact = sum((Fraction(1, 2 ** int(n)) for n in lengths), Fraction(0))
    assert exact <= 1
    assert kraft_sum(lengths) == float(exact)


@pytest.mark.parametrize("code", CODES)
@given(p=positive_laws)
def test_source_coding_bounds(code: Code, p: Array) -> None:
    lengths = code_lengths(p, code=code)
    mean = float(mean_length(p, lengths))
    h = entropy(p, base=2)
    assert h * (1 - 1e-14) <= mean < h + 1 + 1e-14


@given(laws(5))
def test_huffman_code_is_optimal(p: Array) -> None:
    lengths = code_lengths(p, code="huffman")
    assert mean_length(p, lengths) == oracles.least_mean_length(p.tolist())


@given(positive_laws)
def test_huffman_code_is_full_and_no_longer_than_shannons(p: Array) -> None:
    lengths = code_lengths(p, code="huffman")
    assert kraft_sum(lengths) == 1
    assert mean_length(p, lengths) <= mean_length(p, code_lengths(p))
    order = np.argsort(p, kind="stable")
    assert all(
        lengths[i] >= lengths[j] or p[i] == p[j] for i, j in itertools.pairwise(order)
    )  # less likely, longer word


@given(positive_laws)
def test_shannon_lengths_are_rounded_up_logarithms(p: Array) -> None:
    total = sum((Fraction(x) for x in p.tolist()), Fraction(0))
    for x, n in zip(p.tolist(), code_lengths(p).tolist(), strict=True):
        assert Fraction(x) * 2**n >= total * (1 - Fraction(1, 2**52))
        assert n == 0 or Fraction(x) * 2 ** (n - 1) < total


@pytest.mark.parametrize("tiny", [2.0**-40, 1e-23, 5e-324])
def test_shannon_code_leaves_room_for_a_tiny_outcome(tiny: float) -> None:
    # Alone, 1/2 and 1/2 have words of one bit, which leave no room for a third word.
    lengths = code_lengths([0.5, 0.5, tiny])
    assert lengths[:2].tolist() == [2, 2]
    assert sum((Fraction(1, 2 ** int(n)) for n in lengths), Fraction(0)) < 1


def test_shannon_code_of_written_decimals() -> None:
    # The floats that stand for 1/10 add up to more than 1/2, but not by a float.
    assert code_lengths([0.5, 0.1, 0.1, 0.1, 0.1, 0.1]).tolist() == [1, 4, 4, 4, 4, 4]


def test_shannon_code_that_is_full_is_left_alone() -> None:
    # In exact arithmetic the sum is above 1, and 1/2 is less than half of it.
    assert code_lengths([0.5, math.nextafter(0.5, 1)]).tolist() == [1, 1]


def test_shannon_lengths_at_powers_of_two() -> None:
    p = [2.0**-k for k in range(1, 61)] + [2.0**-60]
    assert code_lengths(p).tolist() == [*range(1, 61), 60]
    below, above = 0.25 - 2**-54, 0.25 + 2**-54  # one rounding away
    assert code_lengths([above, below, 0.5]).tolist() == [2, 3, 1]


def test_dyadic_laws_need_no_extra_bit() -> None:
    p = [0.5, 0.25, 0.125, 0.125]
    for code in CODES:
        lengths = code_lengths(p, code=code)
        assert lengths @ p == entropy(p, base=2)


def test_single_outcome_has_the_empty_word() -> None:
    assert code_lengths([1.0]).tolist() == [0]
    assert code_lengths([1.0], code="huffman").tolist() == [0]
    assert kraft_sum([0]) == 1


@given(pairs())
def test_wrong_code_costs_the_divergence(pair: Pair) -> None:
    p, q = pair
    assume(np.all(q > 0))
    mean = float(mean_length(p, code_lengths(q)))
    total = entropy(p, base=2) + kl_divergence(p, q, base=2)
    assert total * (1 - 1e-14) <= mean < total + 1 + 1e-12


@given(st.lists(st.integers(0, 1100), min_size=1, max_size=8))
def test_kraft_sum_is_exact_up_to_one_rounding(lengths: list[int]) -> None:
    exact = sum((Fraction(1, 2**n) for n in lengths), Fraction(0))
    assert kraft_sum(lengths) == float(exact)


def test_kraft_sum_of_long_words() -> None:
    assert kraft_sum([1075] * 4) == 2.0**-1073
    assert kraft_sum([1074, 1075, 1076, 1076]) == 2.0**-1073
    assert kraft_sum([0, 2**62]) == 1
    assert kraft_sum([2000]) == 0


def test_lengths_that_satisfy_kraft_belong_to_a_code() -> None:
    # The canonical code: words in order of length, each the next free binary number.
    for lengths in itertools.product(range(1, 5), repeat=4):
        if kraft_sum(lengths) > 1:
            continue
        words, code = [], 0
        for previous, n in itertools.pairwise([0, *sorted(lengths)]):
            code <<= n - previous
            words.append(format(code, f"0{n}b"))
            code += 1
        assert [len(w) for w in words] == sorted(lengths)
        assert not any(b.startswith(a) for a, b in itertools.permutations(words, 2))


# The numbers of the catalogue.

Check = tuple[str, Callable[[], float], Callable[[], oracles.Number]]

LABELS = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
FORECASTS = [0.8, 0.9, 0.9, 0.6, 0.8, 0.1, 0.4, 0.2, 0.1, 0.3]


def bits(value: oracles.Number) -> oracles.Number:
    with mp.workdps(oracles.DIGITS):
        return value / mp.log(2)


def total_loss(forecasts: list[float]) -> oracles.Number:
    pairs_ = zip(LABELS, forecasts, strict=True)
    return mp.fsum(oracles.binary_cross_entropy(y, q) for y, q in pairs_)


CATALOGUE: list[Check] = [
    ("0.886941378501", lambda: cross_entropy(P, Q), lambda: oracles.cross_entropy(P, Q)),
    (
        "1.27958592832",
        lambda: cross_entropy(P, Q, base=2),
        lambda: bits(oracles.cross_entropy(P, Q)),
    ),
    ("1.12168586430", lambda: cross_entropy(Q, P), lambda: oracles.cross_entropy(Q, P)),
    ("0.801818552543", lambda: cross_entropy(P, P), lambda: oracles.entropy(P)),
    (
        "0.956256096557",  # a sub-probability: the law plus what its third word is longer
        lambda: cross_entropy(P, Q) + 0.1 * math.log(2),
        lambda: oracles.cross_entropy(P, Q) + mp.mpf(0.1) * mp.log(2),
    ),
    (
        "0.693147180560",
        lambda: cross_entropy([1, 0, 0], [0.5, 0.25, 0.25]),
        lambda: oracles.cross_entropy([1, 0, 0], [0.5, 0.25, 0.25]),
    ),
    ("1.15677964945", lambda: entropy(P, base=2), lambda: bits(oracles.entropy(P))),
    ("1.68441295323", lambda: kl_divergence(P, R, base=2), lambda: bits(oracles.kl(P, R))),
    (
        "2.84119260268",
        lambda: cross_entropy(P, R, base=2),
        lambda: bits(oracles.cross_entropy(P, R)),
    ),
    ("3.50000000000", lambda: float(code_lengths(R) @ P), lambda: mp.mpf(7) / 2),
    ("1.70000000000", lambda: float(code_lengths(P) @ P), lambda: mp.mpf(17) / 10),
    (
        "1.30000000000",
        lambda: float(code_lengths(P, code="huffman") @ P),
        lambda: mp.mpf(13) / 10,
    ),
    (
        "0.510825623766",
        lambda: cross_entropy([0, 0, 1, 0], [0.1, 0.2, 0.6, 0.1]),
        lambda: oracles.cross_entropy([0, 0, 1, 0], [0.1, 0.2, 0.6, 0.1]),
    ),
    (
        "0.736965594166",
        lambda: cross_entropy([0, 0, 1, 0], [0.1, 0.2, 0.6, 0.1], base=2),
        lambda: bits(oracles.cross_entropy([0, 0, 1, 0], [0.1, 0.2, 0.6, 0.1])),
    ),
    *[
        (
            printed,
            lambda y=y, q=q: binary_cross_entropy(y, q),
            lambda y=y, q=q: oracles.binary_cross_entropy(y, q),
        )
        for y, q, printed in [
            (1.0, 0.8, "0.223143551314"),
            (0.0, 0.1, "0.105360515658"),
            (1.0, 0.6, "0.510825623766"),
            (0.0, 0.3, "0.356674943939"),
        ]
    ],
    (
        "2.46919890804",
        lambda: float(np.sum(binary_cross_entropy(LABELS, FORECASTS))),
        lambda: total_loss(FORECASTS),
    ),
    (
        "0.246919890804",
        lambda: float(np.mean(binary_cross_entropy(LABELS, FORECASTS))),
        lambda: total_loss(FORECASTS) / 10,
    ),
    (
        "0.356230101960",
        lambda: float(np.mean(binary_cross_entropy(LABELS, FORECASTS, base=2))),
        lambda: bits(total_loss(FORECASTS)) / 10,
    ),
    (
        "1.28007656277",
        lambda: math.exp(np.mean(binary_cross_entropy(LABELS, FORECASTS))),
        lambda: mp.exp(total_loss(FORECASTS) / 10),
    ),
    (  # at q = 1 - 1e-9, a number that no float is near enough to; so heads and tails change
        "103.616329190",
        lambda: 5 * binary_cross_entropy(1, 1e-9) + 5 * binary_cross_entropy(0, 1e-9),
        lambda: -5 * mp.log(mp.mpf(1e-9)) - 5 * mp.log1p(-mp.mpf(1e-9)),
    ),
    (
        "5.00000000250e-9",
        lambda: 5 * binary_cross_entropy(0, 1e-9),
        lambda: 5 * oracles.binary_cross_entropy(0, 1e-9),
    ),
    (
        "0.632465156198",
        lambda: binary_cross_entropy(0.3, 0.4),
        lambda: oracles.binary_cross_entropy(0.3, 0.4),
    ),
    (
        "0.0216008541435",
        lambda: kl_bernoulli(0.3, 0.4),
        lambda: oracles.kl_bernoulli(0.3, 0.4),
    ),
    (
        "1.86208571376",
        lambda: cross_entropy_gaussian(0, 1, std_p=1, std_q=2),
        lambda: oracles.cross_entropy_gaussian(0, 1, 1, 2),
    ),
    (
        "0.963938533205",
        lambda: cross_entropy_gaussian(1, 0.7, std_p=0, std_q=1),
        lambda: oracles.cross_entropy_gaussian(1, 0.7, 0, 1),
    ),
    ("10.0000000000", lambda: perplexity([0.1] * 10), lambda: mp.mpf(10)),
    (
        "2.42769289030",
        lambda: perplexity(P, Q),
        lambda: mp.exp(oracles.cross_entropy(P, Q)),
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
    assert oracles.relative_error(value(), reference()) <= 2e-15
