"""Information content, entropy and mutual information: laws, closed forms, second routes."""

import functools
import itertools
import math
import random
from collections.abc import Callable
from fractions import Fraction

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from refimpl import (
    binary_entropy,
    conditional_entropy,
    entropy,
    entropy_continuity_bound,
    gaussian_entropy,
    information_content,
    joint_entropy,
    kl_divergence,
    mutual_information,
    total_variation,
)
from tests import oracles
from tests.strategies import Array, channels, covariances, joints, laws, numbers, probabilities

LN2 = math.log(2)
TABLE = [[0.5, 0.1], [0.2, 0.2]]


def flip(joint: Array) -> Array:
    return joint.T


# Second routes.


@given(laws())
def test_entropy_against_mpmath(p: Array) -> None:
    assert oracles.relative_error(entropy(p), oracles.entropy(p)) <= 1e-15


@given(probabilities)
def test_binary_entropy_against_mpmath(t: float) -> None:
    assert oracles.relative_error(binary_entropy(t), oracles.binary_cross_entropy(t, t)) <= 1e-15


@given(probabilities.filter(bool))
def test_information_content_against_mpmath(p: float) -> None:
    with mp.workdps(oracles.DIGITS):
        reference = -mp.log(mp.mpf(p))
    assert oracles.relative_error(information_content(p), reference) <= 1e-15


@given(joints())
def test_joint_entropy_against_mpmath(joint: Array) -> None:
    assert oracles.relative_error(joint_entropy(joint), oracles.entropy(joint.ravel())) <= 1e-15


@given(joints())
def test_conditional_entropy_against_mpmath(joint: Array) -> None:
    reference = oracles.conditional_entropy(joint)
    assert oracles.relative_error(conditional_entropy(joint), reference) <= 1e-15


@given(joints())
def test_mutual_information_against_mpmath(joint: Array) -> None:
    # The marginals are rounded sums; their errors u enter as u², which is all below 1e-16.
    reference = oracles.mutual_information(joint)
    value = mutual_information(joint)
    assert value >= 0
    assert abs(value - float(reference)) <= 1e-15 * float(reference) + 1e-31


@pytest.mark.parametrize("digits", range(1, 8))
def test_mutual_information_near_independence(digits: int) -> None:
    rng = np.random.default_rng(digits)
    for _ in range(20):
        x, y = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(4))
        joint = np.outer(x, y) * (1 + 10.0**-digits * rng.uniform(-1, 1, (3, 4)))
        joint /= joint.sum()
        reference = oracles.mutual_information(joint)
        assert oracles.relative_error(mutual_information(joint), reference) <= 1e-14


def test_mutual_information_of_dependence_in_a_tiny_corner() -> None:
    # p(x) p(y) = 1e-400 is not a float, the information of the corner is.
    joint = [[1.0, 0.0], [0.0, 1e-200]]
    reference = oracles.mutual_information(joint)
    assert oracles.relative_error(mutual_information(joint), reference) <= 1e-15


def test_gaussian_entropy_of_several_laws() -> None:
    covs = [[[2.0, 1.0], [1.0, 3.0]], [[5.0, -1.0], [-1.0, 1.0]], [[1.0, 0.0], [0.0, 7.0]]]
    assert gaussian_entropy(cov=covs).tolist() == [gaussian_entropy(cov=cov) for cov in covs]


@given(st.integers(1, 4).flatmap(covariances))
def test_gaussian_entropy_against_mpmath(cov: Array) -> None:
    value = gaussian_entropy(cov=cov)
    assert value == pytest.approx(float(oracles.gaussian_entropy(cov)), rel=1e-13, abs=1e-13)


# Exact values.


@pytest.mark.parametrize("k", [0, 1, 2, 3, 10, 15, 16, 20])
def test_uniform_law_on_a_power_of_two_is_exact(k: int) -> None:
    uniform = np.full(2**k, 2.0**-k)
    assert entropy(uniform, base=2) == k
    assert joint_entropy(uniform.reshape(2 ** (k // 2), -1), base=2) == k


@pytest.mark.parametrize("k", [*range(12), 52, 53, 1022, 1023, 1074])
def test_information_content_of_a_power_of_two_is_exact(k: int) -> None:
    assert information_content(2.0**-k, base=2) == k


def test_information_content_of_a_power_of_ten_is_exact() -> None:
    assert information_content([0.1, 0.001, 1e-6], base=10).tolist() == [1, 3, 6]


def test_dyadic_law_is_exact() -> None:
    p = [Fraction(1, 2**k) for k in (1, 2, 3, 4, 4)]
    value = sum((x * (x.denominator.bit_length() - 1) for x in p), Fraction(0))
    assert entropy([float(x) for x in p], base=2) == value


def test_certain_and_impossible_events() -> None:
    assert information_content(1.0) == 0.0
    assert math.copysign(1, information_content(1.0)) == 1
    assert information_content(0.0) == math.inf
    assert math.copysign(1, binary_entropy(0.0)) == 1
    assert binary_entropy([0.0, 1.0]).tolist() == [0.0, 0.0]
    assert binary_entropy(0.5, base=2) == 1.0


@pytest.mark.parametrize("n", [1, 2, 5])
def test_point_mass_has_entropy_zero(n: int) -> None:
    for row in np.eye(n):
        assert entropy(row) == 0.0
        assert math.copysign(1, entropy(row)) == 1


def test_law_that_sums_to_one_up_to_rounding_has_no_negative_entropy() -> None:
    assert entropy([1 + 5e-10]) == 0.0
    assert entropy([1 + 5e-10, 0.0]) == 0.0
    p = [1 - 1e-17, 1e-17]
    assert oracles.relative_error(entropy(p), oracles.entropy(p)) <= 1e-15


# Properties.


@given(laws())
def test_entropy_is_between_zero_and_log_n(p: Array) -> None:
    assert 0 <= entropy(p) <= math.log(p.size) * (1 + 1e-15)


@given(laws(positive=True))
def test_gap_of_the_upper_bound_is_a_divergence(p: Array) -> None:
    uniform = np.full(p.size, 1 / p.size)
    gap = kl_divergence(p, uniform)
    assert entropy(p) + gap == pytest.approx(math.log(p.size), abs=1e-15 * p.size)


@given(laws())
def test_only_point_masses_have_entropy_zero(p: Array) -> None:
    assert (entropy(p) == 0) == (np.count_nonzero(p) == 1)


@given(laws(), st.randoms(use_true_random=False))
def test_entropy_is_a_functional_of_the_law(p: Array, rng: random.Random) -> None:
    order = rng.sample(range(p.size), p.size)
    assert entropy(p[order]) == pytest.approx(entropy(p), rel=1e-15, abs=0)
    assert entropy(np.append(p, 0.0)) == pytest.approx(entropy(p), rel=1e-15, abs=0)


@given(laws(4), laws(4), st.floats(0, 1))
def test_entropy_is_concave(p: Array, q: Array, t: float) -> None:
    middle = t * p + (1 - t) * q
    assert entropy(middle / middle.sum()) >= (t * entropy(p) + (1 - t) * entropy(q)) - 1e-15


@given(laws(3), laws(2))
def test_entropy_is_additive_for_independent_variables(p: Array, q: Array) -> None:
    assert joint_entropy(np.outer(p, q)) == pytest.approx(entropy(p) + entropy(q), rel=1e-14, abs=0)


@given(laws(4), st.sampled_from([2, 3, 10, math.e, 1.5]))
def test_base_is_a_unit(p: Array, base: float) -> None:
    joint = p.reshape(2, 2)
    for function in (entropy, information_content, binary_entropy):
        assert_allclose(function(p, base=base), function(p) / math.log(base), rtol=1e-15)
    for of_joint in (joint_entropy, conditional_entropy, mutual_information):
        expected = of_joint(joint) / math.log(base)
        assert_allclose(of_joint(joint, base=base), expected, rtol=2e-15, atol=1e-300)
    assert gaussian_entropy(std=2.0, base=base) == pytest.approx(
        gaussian_entropy(std=2.0) / math.log(base), rel=1e-15, abs=0
    )


@given(probabilities)
def test_binary_entropy_is_the_entropy_of_two_outcomes(t: float) -> None:
    assert binary_entropy(t) == pytest.approx(entropy([t, 1 - t]), rel=1e-15, abs=1e-15)
    assert 0 <= binary_entropy(t) <= LN2


@given(st.floats(0.001, 0.999))
def test_derivatives_of_the_binary_entropy(t: float) -> None:
    h = 1e-4 * min(t, 1 - t)
    below, here, above = binary_entropy(np.array([t - h, t, t + h]))
    assert (above - below) / (2 * h) == pytest.approx(math.log((1 - t) / t), abs=1e-6)
    assert (above - 2 * here + below) / h**2 == pytest.approx(-1 / (t * (1 - t)), rel=1e-3, abs=0)


@given(probabilities, probabilities)
@example(0.998046875, 0.9999)
def test_information_content_is_additive(s: float, t: float) -> None:
    assume(s * t > 1e-300)
    both = information_content(s * t)
    expected = information_content(s) + information_content(t)
    # Rounding the product changes its logarithm by up to 2**-53, however small that is.
    assert both == pytest.approx(expected, rel=1e-14, abs=2.0**-52)


@given(st.lists(probabilities, min_size=2))
def test_information_content_decreases(values: list[float]) -> None:
    contents = information_content(sorted(values))
    assert np.all(contents[1:] <= contents[:-1])


@given(joints())
def test_chain_rule(joint: Array) -> None:
    total = joint_entropy(joint)
    for table in (joint, flip(joint)):
        assert entropy(table.sum(axis=1)) + conditional_entropy(table) == pytest.approx(
            total, rel=1e-14, abs=1e-300
        )


@given(joints())
def test_conditioning_reduces_entropy_on_average(joint: Array) -> None:
    most = entropy(joint.sum(axis=0)) * (1 + 1e-14) + 1e-300  # subnormal sums have few digits
    assert 0 <= conditional_entropy(joint) <= most


def test_conditioning_on_one_outcome_may_raise_entropy() -> None:
    joint = np.array(TABLE)
    row = joint[1] / joint[1].sum()
    assert entropy(row) > entropy(joint.sum(axis=0))


@given(joints())
def test_mutual_information_is_symmetric_and_bounded(joint: Array) -> None:
    value = mutual_information(joint)
    assert value == pytest.approx(mutual_information(flip(joint)), rel=1e-14, abs=1e-31)
    assert value >= 0
    least = min(entropy(joint.sum(axis=0)), entropy(joint.sum(axis=1)))
    assert value <= least * (1 + 1e-14)


@given(joints())
def test_mutual_information_is_what_the_entropies_share(joint: Array) -> None:
    x, y = entropy(joint.sum(axis=1)), entropy(joint.sum(axis=0))
    assert x + y - joint_entropy(joint) == pytest.approx(mutual_information(joint), abs=1e-14)
    assert y - conditional_entropy(joint) == pytest.approx(mutual_information(joint), abs=1e-14)


@given(joints())
def test_mutual_information_is_a_divergence(joint: Array) -> None:
    product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    assume(np.all((product > 0) | (joint == 0)))
    divergence = kl_divergence(joint.ravel(), (product / product.sum()).ravel())
    assert mutual_information(joint) == pytest.approx(divergence, rel=1e-6, abs=1e-30)


@given(laws(3), laws(4))
def test_independent_variables_share_nothing(p: Array, q: Array) -> None:
    assert 0 <= mutual_information(np.outer(p, q)) <= 1e-31


@given(laws())
def test_a_variable_tells_all_about_itself(p: Array) -> None:
    assert mutual_information(np.diag(p)) == pytest.approx(entropy(p), rel=1e-14, abs=0)
    assert conditional_entropy(np.diag(p)) == 0


@given(st.data())
def test_data_processing(data: st.DataObject) -> None:
    joint = data.draw(joints())
    channel = data.draw(channels(joint.shape[1]))
    after = joint @ channel
    assert mutual_information(after) <= mutual_information(joint) * (1 + 1e-13) + 1e-30


# Differential entropy.

Density = Callable[[oracles.Number], oracles.Number]


@given(st.floats(1e-150, 1e150), st.floats(1e-150, 1e150))
def test_gaussian_entropy_moves_with_the_logarithm_of_the_scale(s: float, t: float) -> None:
    difference = gaussian_entropy(std=t) - gaussian_entropy(std=s)
    assert difference == pytest.approx(math.log(t) - math.log(s), abs=1e-12)


@given(st.floats(1e-3, 1e3))
def test_one_dimension_is_the_line(std: float) -> None:
    assert gaussian_entropy(cov=[[std**2]]) == pytest.approx(gaussian_entropy(std=std), abs=1e-14)


@given(covariances(2), covariances(3))
def test_gaussian_entropy_of_independent_blocks_adds(a: Array, b: Array) -> None:
    both = np.block([[a, np.zeros((2, 3))], [np.zeros((3, 2)), b]])
    total = gaussian_entropy(cov=a) + gaussian_entropy(cov=b)
    assert gaussian_entropy(cov=both) == pytest.approx(total, abs=1e-12)


def differential_entropy(density: Density, *points: float) -> float:
    """Return -∫ p log p by quadrature between the points."""

    def integrand(x: oracles.Number) -> oracles.Number:
        p = density(x)
        return -p * mp.log(p) if p else mp.mpf(0)

    return float(mp.quad(integrand, points))


# Density, where it has kinks or ends, variance.
DENSITIES: dict[str, tuple[Density, list[float], float]] = {
    "uniform": (lambda _: mp.mpf(1), [0, 1], 1 / 12),
    "exponential": (lambda x: mp.exp(-x), [0, 1, 5, 20, mp.inf], 1.0),
    "laplace": (lambda x: mp.exp(-abs(x)) / 2, [-mp.inf, -5, 0, 5, mp.inf], 2.0),
    "triangular": (lambda x: 1 - abs(x), [-1, 0, 1], 1 / 6),
    "logistic": (lambda x: mp.sech(x / 2) ** 2 / 4, [-60, -10, 0, 10, 60], math.pi**2 / 3),
    "two humps": (
        lambda x: (mp.npdf(x, -2, 1) + mp.npdf(x, 2, 1)) / 2,
        [-14, -6, -2, 0, 2, 6, 14],
        5.0,
    ),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_gaussian_maximises_differential_entropy(name: str) -> None:
    density, points, variance = DENSITIES[name]
    bound = gaussian_entropy(std=math.sqrt(variance))
    mean = mp.quad(lambda x: x * density(x), points)

    def log_ratio(x: oracles.Number) -> oracles.Number:
        p = density(x)
        return p * mp.log(p / mp.npdf(x, mean, mp.sqrt(variance))) if p else mp.mpf(0)

    gap = float(mp.quad(log_ratio, points))
    assert gap > 0.01
    assert bound - differential_entropy(density, *points) == pytest.approx(gap, abs=1e-9)


def test_gaussian_attains_the_maximum() -> None:
    for std in (0.1, 1.0, 3.0):
        points = [1 + std * k for k in (-12, -4, 0, 4, 12)]
        value = differential_entropy(functools.partial(mp.npdf, mu=1, sigma=std), *points)
        assert value == pytest.approx(gaussian_entropy(std=std), abs=1e-9)


@given(st.integers(1, 3).flatmap(lambda d: st.tuples(covariances(d), covariances(d))))
def test_gaussian_maximises_entropy_among_gaussian_mixtures(pair: tuple[Array, Array]) -> None:
    # With equal means, the covariance of an even mixture is the mean of the covariances.
    a, b = pair
    bound = gaussian_entropy(cov=(a + b) / 2)
    assert bound >= (gaussian_entropy(cov=a) + gaussian_entropy(cov=b)) / 2 - 1e-12


@pytest.mark.parametrize("scale", [-3.0, 0.5, 2.0])
@pytest.mark.parametrize("name", ["uniform", "exponential", "triangular"])
def test_differential_entropy_scales(name: str, scale: float) -> None:
    density, points, _ = DENSITIES[name]
    moved = sorted(scale * x for x in points)
    value = differential_entropy(lambda x: density(x / scale) / abs(scale), *moved)
    before = differential_entropy(density, *points)
    assert value == pytest.approx(before + math.log(abs(scale)), abs=1e-9)


@given(covariances(3), st.lists(numbers, min_size=9, max_size=9))
def test_differential_entropy_scales_with_the_determinant(cov: Array, entries: list[float]) -> None:
    a = np.reshape(entries, (3, 3))
    assume(np.linalg.cond(a) < 1e3)
    moved = a @ cov @ a.T
    value = gaussian_entropy(cov=(moved + moved.T) / 2)
    expected = gaussian_entropy(cov=cov) + math.log(abs(np.linalg.det(a)))
    assert value == pytest.approx(expected, abs=1e-9)


def test_differential_entropy_of_a_uniform_law_is_negative_and_quantises() -> None:
    # U[0, 1/2] in bins of width 2^-k: H = h - log Δ, exactly.
    h = -LN2
    for k in range(2, 12):
        bins = np.full(2 ** (k - 1), 2.0 ** (1 - k))
        assert entropy(bins) == pytest.approx(h - math.log(2.0**-k), rel=1e-15, abs=0)


def test_quantised_normal_law_loses_the_logarithm_of_the_width() -> None:
    errors = []
    for width in (0.5, 0.25, 0.125):
        edges = np.arange(-12, 12 + width, width)
        bins = np.diff(stats.norm.cdf(edges))
        rest = entropy(bins / bins.sum()) + math.log(width) - gaussian_entropy(std=1.0)
        errors.append(abs(rest))
    assert errors[-1] < 1e-3
    assert errors[0] > 3 * errors[1] > 9 * errors[2]  # of order Δ²


# Uniqueness of the logarithm.


def bracket(p: Fraction, n: int) -> tuple[Fraction, Fraction]:
    """Return k/n and (k+1)/n with (1/2)^(k+1) < p^n ≤ (1/2)^k, in exact arithmetic.

    If g is additive and decreasing with g(1/2) = 1, then n g(p) = g(p^n) is in [k, k + 1].
    """
    power = 1 / p**n
    k = (power.numerator // power.denominator).bit_length() - 1
    assert 2**k <= power < 2 ** (k + 1)
    return Fraction(k, n), Fraction(k + 1, n)


@pytest.mark.parametrize("p", [Fraction(a, b) for b in range(2, 8) for a in range(1, b)])
def test_additive_monotone_functions_are_logarithms(p: Fraction) -> None:
    # :eq:`thm-info-unique`
    value = Fraction(information_content(float(p), base=2))
    rounding = Fraction(1, 2**50)
    for n in (1, 10, 100, 1000):
        low, high = bracket(p, n)
        assert high - low == Fraction(1, n)  # so two such functions differ by less than any 1/n
        assert low - rounding <= value <= high + rounding


@pytest.mark.parametrize("slope", [1.5, 1.58, 1.584, 1.586, 1.6, 2.0])
def test_additive_functions_that_are_no_logarithms_are_not_monotone(slope: float) -> None:
    # :eq:`thm-info-unique`
    # On the numbers 2^-a 3^-b, g = a + slope · b is additive. Only slope = log2 3 is monotone.
    exponents = list(itertools.product(range(-60, 61), range(-40, 41)))
    points = sorted(exponents, key=lambda e: Fraction(2) ** e[0] * Fraction(3) ** e[1])
    values = [a + slope * b for a, b in points]
    assert any(x > y for x, y in itertools.pairwise(values))
    logarithms = [a + math.log2(3) * b for a, b in points]
    assert all(x < y + 1e-12 for x, y in itertools.pairwise(logarithms))


# Rows of more than one chunk, and many rows.


def test_long_laws_against_an_exact_sum() -> None:
    rng = np.random.default_rng(5)
    p = rng.dirichlet(np.ones(100_003))
    reference = -math.fsum(p * np.log(p)) / math.fsum(p) + math.log(math.fsum(p))
    assert entropy(p) == pytest.approx(reference, rel=1e-15, abs=0)
    near = np.append(p * 1e-9, 1 - 1e-9)
    assert entropy(near / near.sum()) == pytest.approx(
        binary_entropy(1e-9) + 1e-9 * reference, rel=1e-9, abs=0
    )


def test_long_laws_in_single_precision() -> None:
    rng = np.random.default_rng(6)
    p = rng.random(10**6).astype(np.float32)
    p /= p.sum()
    double = p.astype(np.float64) / p.sum(dtype=np.float64)
    assert entropy(p) == pytest.approx(-(double * np.log(double)).sum(), rel=1e-13, abs=0)


def test_nearly_sure_outcome_in_a_long_law() -> None:
    p = np.full(100_000, 1e-12 / 99_999)
    for top in (0, 40_000, 99_999):
        q = p.copy()
        q[top] = 1 - 1e-12
        reference = oracles.entropy([1 - 1e-12, 1e-12]) + mp.mpf(1e-12) * mp.log(99_999)
        assert oracles.relative_error(entropy(q), reference) <= 1e-11


# The numbers of the catalogue.

Check = tuple[str, Callable[[], float], Callable[[], oracles.Number]]


def bits(value: oracles.Number) -> oracles.Number:
    with mp.workdps(oracles.DIGITS):
        return value / mp.log(2)


def information(p: float) -> oracles.Number:
    with mp.workdps(oracles.DIGITS):
        return -mp.log(mp.mpf(p))


def plugin_entropy(n: int) -> tuple[float, oracles.Number]:
    """Return the mean entropy of the frequencies of n fair coins, twice."""
    heads = np.arange(n + 1) / n
    value = float(stats.binom.pmf(np.arange(n + 1), n, 0.5) @ binary_entropy(heads))
    reference = mp.fsum(
        mp.binomial(n, k) / mp.mpf(2) ** n * oracles.entropy([k, n - k]) for k in range(n + 1)
    )
    return value, reference


P, Q = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]
A, B, MIX = [0.9, 0.1], [0.2, 0.8], [0.55, 0.45]
DYADIC = [0.5, 0.25, 0.125, 0.125]
ROWS, COLUMNS = [0.6, 0.4], [0.7, 0.3]
FORECASTS = [0.8, 0.9, 0.9, 0.6, 0.8]

CATALOGUE: list[Check] = [
    ("1.44269504089", lambda: 1 / LN2, lambda: bits(mp.mpf(1))),
    ("0.693147180560", lambda: information_content(0.5), lambda: information(0.5)),
    (
        "1.16783375771",
        lambda: float(np.sum(information_content(FORECASTS))),
        lambda: mp.fsum(information(x) for x in FORECASTS),
    ),
    (
        "1.68482797083",
        lambda: float(np.sum(information_content(FORECASTS, base=2))),
        lambda: bits(mp.fsum(information(x) for x in FORECASTS)),
    ),
    (
        "-1.38155105580e-5",
        lambda: -1e-6 * information_content(1e-6),
        lambda: -mp.mpf(1e-6) * information(1e-6),
    ),
    (
        "13.4689369677",
        lambda: (information_content(1e-12) - information_content(0.5)) / 2,
        lambda: (information(1e-12) - information(0.5)) / 2,
    ),
    ("0.562335144619", lambda: entropy([0.25, 0.75]), lambda: oracles.entropy([0.25, 0.75])),
    (
        "-0.0164167586293",
        lambda: -kl_divergence([0.25, 0.75], [1 / 3, 2 / 3]),
        lambda: -oracles.kl([0.25, 0.75], [1, 2]),
    ),
    ("3.00000000000", lambda: information_content(1 / 8, base=2), lambda: bits(information(1 / 8))),
    ("2.07944154168", lambda: information_content(1 / 8), lambda: information(1 / 8)),
    ("3.32192809489", lambda: information_content(0.1, base=2), lambda: bits(information(0.1))),
    ("1.73696559417", lambda: information_content(0.3, base=2), lambda: bits(information(0.3))),
    (
        "2.73696559417",
        lambda: information_content(0.3 * 0.5, base=2),
        lambda: bits(information(0.3)) + 1,
    ),
    ("2.58496250072", lambda: information_content(1 / 6, base=2), lambda: mp.log(6, 2)),
    ("1.58496250072", lambda: information_content(1 / 3, base=2), lambda: mp.log(3, 2)),
    ("1.75000000000", lambda: entropy(DYADIC, base=2), lambda: bits(oracles.entropy(DYADIC))),
    ("1.21300756598", lambda: entropy(DYADIC), lambda: oracles.entropy(DYADIC)),
    ("0.801818552543", lambda: entropy(P), lambda: oracles.entropy(P)),
    ("1.09861228867", lambda: entropy([1 / 3] * 3), lambda: mp.log(3)),
    (
        "0.296793736125",
        lambda: kl_divergence(P, [1 / 3] * 3),
        lambda: oracles.kl(P, [1, 1, 1]),
    ),
    *[
        (
            printed,
            lambda t=t: binary_entropy(t, base=2),
            lambda t=t: bits(oracles.binary_cross_entropy(t, t)),
        )
        for t, printed in {
            0.1: "0.468995593589",
            0.2: "0.721928094887",
            0.3: "0.881290899231",
            0.4: "0.970950594455",
            0.5: "1.00000000000",
        }.items()
    ],
    (
        "3.16992500144",
        lambda: information_content(0.1, base=2) - information_content(0.9, base=2),
        lambda: bits(information(0.1) - information(0.9)),
    ),
    ("0.688138813714", lambda: entropy(MIX), lambda: oracles.entropy(MIX)),
    (
        "0.412742698465",
        lambda: (entropy(A) + entropy(B)) / 2,
        lambda: (oracles.entropy(A) + oracles.entropy(B)) / 2,
    ),
    (
        "0.275396115249",
        lambda: (kl_divergence(A, MIX) + kl_divergence(B, MIX)) / 2,
        lambda: oracles.entropy(MIX) - (oracles.entropy(A) + oracles.entropy(B)) / 2,
    ),
    ("1.22060726455", lambda: joint_entropy(TABLE), lambda: oracles.entropy(np.ravel(TABLE))),
    ("0.673011667009", lambda: entropy(ROWS), lambda: oracles.entropy(ROWS)),
    (
        "0.547595597544",
        lambda: conditional_entropy(TABLE),
        lambda: oracles.conditional_entropy(TABLE),
    ),
    ("0.610864302055", lambda: entropy(COLUMNS), lambda: oracles.entropy(COLUMNS)),
    (
        "0.0632687045111",
        lambda: mutual_information(TABLE),
        lambda: oracles.mutual_information(TABLE),
    ),
    (
        "0.0912774462417",
        lambda: mutual_information(TABLE, base=2),
        lambda: bits(oracles.mutual_information(TABLE)),
    ),
    ("1.15677964945", lambda: entropy(P, base=2), lambda: bits(oracles.entropy(P))),
    ("1.41893853320", lambda: gaussian_entropy(std=1), lambda: oracles.gaussian_entropy([[1]])),
    (
        "-0.883646559789",
        lambda: gaussian_entropy(std=0.1),
        lambda: oracles.gaussian_entropy([[1]]) - mp.log(10),
    ),
    (
        "0.176485208311",
        lambda: gaussian_entropy(std=math.sqrt(1 / 12)),
        lambda: oracles.gaussian_entropy([[1 / 12]]),
    ),
    ("0.639031859650", lambda: entropy([0.8, 0.1, 0.1]), lambda: oracles.entropy([0.8, 0.1, 0.1])),
    (
        "0.639031859650",
        lambda: 0.2 * LN2 + binary_entropy(0.2),
        lambda: mp.log(2) / 5 + oracles.entropy([0.2, 0.8]),
    ),
    (
        "0.227834461521",
        lambda: entropy(Q) - entropy(P),
        lambda: oracles.entropy(Q) - oracles.entropy(P),
    ),
    ("0.640120409887", lambda: plugin_entropy(10)[0], lambda: plugin_entropy(10)[1]),
    ("0.688121838103", lambda: plugin_entropy(100)[0], lambda: plugin_entropy(100)[1]),
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


def test_plugin_entropy_is_biased_low() -> None:
    # The bias is (m - 1) / (2 N) to first order: the rest is of order 1/N².
    rests = [plugin_entropy(n)[0] - (LN2 - 1 / (2 * n)) for n in (50, 100, 200)]
    assert rests[0] / rests[1] == pytest.approx(4, rel=0.05, abs=0)
    assert rests[1] / rests[2] == pytest.approx(4, rel=0.05, abs=0)
    assert pytest.approx(0.643147180560, abs=1e-12) == LN2 - 1 / 20
    assert pytest.approx(0.688147180560, abs=1e-12) == LN2 - 1 / 200


# Entropies of close laws.


@given(st.integers(2, 6).flatmap(lambda n: st.tuples(laws(n), laws(n))))
def test_entropies_of_close_laws_are_close(pair: tuple[Array, Array]) -> None:
    p, q = pair
    for base in (None, 2):
        bound = entropy_continuity_bound(total_variation(p, q), p.size, base=base)
        assert abs(entropy(p, base=base) - entropy(q, base=base)) <= bound * (1 + 1e-9) + 1e-12


@given(probabilities, st.integers(2, 50))
def test_bound_of_the_difference_of_entropies_is_attained(delta: float, n: int) -> None:
    p = [1 - delta] + [delta / (n - 1)] * (n - 1)
    value = entropy_continuity_bound(delta, n)
    assert value == pytest.approx(entropy(np.array(p) / sum(p)), rel=1e-12, abs=1e-300)
    with mp.workdps(400):
        d = mp.mpf(delta)
        h = -sum(x * mp.log(x) for x in (d, 1 - d) if x)
        assert oracles.relative_error(value, d * mp.log(n - 1) + h) <= 1e-15


def test_errors_of_the_bound_of_the_difference_of_entropies() -> None:
    with pytest.raises(ValueError, match="n = 1"):
        entropy_continuity_bound(0.5, 1)
    assert_allclose(entropy_continuity_bound([0.0, 1.0], 3, base=2), [0.0, 1.0], rtol=1e-15)
