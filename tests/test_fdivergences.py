"""The f-divergences: laws, closed forms, second routes, and the inequalities between them."""

import itertools
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize

from refimpl import (
    GENERATORS,
    Generator,
    bretagnolle_huber_bound,
    chi_square,
    chi_square_bound,
    f_divergence,
    fdivergences,
    hellinger_bound,
    hellinger_distance,
    jeffreys_divergence,
    js_bounds,
    js_divergence,
    kl_bernoulli,
    kl_divergence,
    le_cam_bounds,
    pinsker_bound,
    renyi_divergence,
    reverse_pinsker_bound,
    total_variation,
    variational_lower_bound,
)
from tests import oracles
from tests.strategies import Array, channels, laws, mixture, pairs, probabilities

Pair = tuple[Array, Array]
P, Q = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]
names = st.sampled_from(sorted(GENERATORS))
OWN: dict[str, Callable[[Array, Array], float]] = {
    "kl": kl_divergence,
    "reverse_kl": lambda p, q: kl_divergence(q, p),
    "jeffreys": jeffreys_divergence,
    "js": js_divergence,
    "midpoint_kl": lambda p, q: 2 * kl_divergence((p + q) / 2, q),
    "gan": lambda p, q: 2 * js_divergence(p, q) - math.log(4),
    "tv": total_variation,
    "chi_square": chi_square,
    "hellinger": lambda p, q: hellinger_distance(p, q) ** 2,
}


# Second routes.


@given(pairs())
def test_total_variation_against_mpmath(pair: Pair) -> None:
    value, reference = total_variation(*pair), oracles.total_variation(*pair)
    # Laws that differ by less than rounding are equal but for the error of their sums.
    assert oracles.relative_error(value, reference) <= 2e-15 or max(value, reference) <= 1e-17


@given(pairs())
def test_hellinger_distance_against_mpmath(pair: Pair) -> None:
    value, reference = hellinger_distance(*pair), oracles.hellinger(*pair)
    assert oracles.relative_error(value, reference) <= 2e-15 or max(value, reference) <= 1e-17


@given(pairs())
def test_chi_square_against_mpmath(pair: Pair) -> None:
    value, reference = chi_square(*pair), oracles.chi_square(*pair)
    if math.isinf(value):
        assert reference > 1.7e308
    else:
        assert oracles.relative_error(value, reference) <= 2e-15


@pytest.mark.parametrize("n", [10, 1000])
@pytest.mark.parametrize("digits", range(1, 16))
def test_nearly_equal_laws(n: int, digits: int) -> None:
    for seed in range(100 // n + 1):
        rng = np.random.default_rng(seed)
        p = rng.dirichlet(np.ones(n))
        q = p * (1 + 10.0**-digits * rng.uniform(-1, 1, n))
        q /= q.sum()
        for function, oracle in [
            (total_variation, oracles.total_variation),
            (hellinger_distance, oracles.hellinger),
            (chi_square, oracles.chi_square),
        ]:
            assert oracles.relative_error(function(p, q), oracle(p, q, digits=80)) <= 1e-15


def test_disjoint_laws_are_as_far_apart_as_laws_can_be() -> None:
    rng = np.random.default_rng(13)
    for n, m in rng.integers(1, 30, (300, 2)):
        p, q = np.zeros((2, n + m))
        p[:n], q[n:] = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
        assert total_variation(p, q) == f_divergence("tv", p, q) == 1
        assert hellinger_distance(p, q) == math.sqrt(2)
        assert f_divergence("hellinger", p, q) == 2
        assert 1 - 4e-16 <= js_divergence(p, q, base=2) <= 1
        assert js_divergence(p, q) <= math.log(2)
        # So a distance may be given to the functions that take one.
        assert js_bounds(total_variation(p, q), base=2) == (1, 1)
        # What little they share counts.
        both = q * (1 - 1e-9) + p * 1e-9
        assert 1 - total_variation(p, both) == pytest.approx(1e-9, rel=1e-6, abs=0)
        assert hellinger_distance(p, both) == pytest.approx(math.sqrt(2 - 2 * 1e-9**0.5), rel=1e-9)


@given(pairs(), st.sampled_from([1 - 9e-10, 1 + 9e-10, 1 - 1e-15]))
def test_sums_that_differ_from_one_do_not_matter(pair: Pair, scale: float) -> None:
    p, q = pair
    for x, y in [(p * scale, q), (p, q * scale), (p * scale, q * scale)]:
        reference = oracles.total_variation(x, y)
        if reference > 1e-4:  # below, the difference of the sums is larger than that of the laws
            assert oracles.relative_error(total_variation(x, y), reference) <= 2e-15
            value = hellinger_distance(x, y)
            assert oracles.relative_error(value, oracles.hellinger(x, y)) <= 2e-15
            assert f_divergence("tv", x, y) == pytest.approx(float(reference), rel=1e-11, abs=0)


@given(names, pairs())
def test_generators_give_the_divergences_of_their_names(name: str, pair: Pair) -> None:
    expected = OWN[name](*pair)
    assert f_divergence(name, *pair) == pytest.approx(expected, rel=1e-9, abs=2e-16)
    value = f_divergence(replace(GENERATORS[name]), *pair)  # one that is not known by its name
    if math.isinf(expected) and not math.isinf(value):
        assert value > 1e300  # a term that is too large for a float, with q > 0
    else:
        assert value == pytest.approx(expected, rel=1e-9, abs=2e-15)


@pytest.mark.parametrize("digits", range(1, 16, 2))
def test_names_keep_the_digits_of_nearly_equal_laws(digits: int) -> None:
    rng = np.random.default_rng(digits)
    p = rng.dirichlet(np.ones(8))
    q = p * (1 + 10.0**-digits * rng.uniform(-1, 1, 8))
    q /= q.sum()
    references = {
        "kl": oracles.kl(p, q),
        "reverse_kl": oracles.kl(q, p),
        "jeffreys": oracles.kl(p, q) + oracles.kl(q, p),
        "js": oracles.js(p, q),
        "midpoint_kl": oracles.midpoint_kl(p, q),
        "tv": oracles.total_variation(p, q),
        "chi_square": oracles.chi_square(p, q),
        "hellinger": oracles.hellinger(p, q) ** 2,
    }
    for name, reference in references.items():
        assert oracles.relative_error(f_divergence(name, p, q), reference) <= 3e-15
    assert f_divergence("gan", p, q) == pytest.approx(-math.log(4), abs=10.0 ** (-2 * digits))


@given(names, pairs(), st.integers(1, 16))
def test_no_divergence_is_below_its_least_value(name: str, pair: Pair, digits: int) -> None:
    p, other = pair
    q = p + 10.0**-digits * (other - p)
    q /= q.sum()
    f = GENERATORS[name]
    start = float(f.function(np.array([1.0]))[0])
    for g in (f, replace(f), replace(f, derivative=None)):
        assert f_divergence(g, p, q) >= start


def test_a_generator_that_keeps_digits_gives_a_divergence_that_does() -> None:
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.5, 0.25 + 2.0**-40, 0.25 - 2.0**-40])
    le_cam = Generator(
        function=lambda u: (u - 1) ** 2 / (u + 1) + 7 * (u - 1) - 3,
        at_zero=-9.0,
        slope_at_infinity=8.0,
        derivative=lambda u: 1 - 4 / (u + 1) ** 2 + 7,
    )
    for f in (le_cam, replace(le_cam, derivative=None)):
        assert f_divergence(f, p, q) == pytest.approx(-3, rel=1e-15, abs=0)
        assert f_divergence(f, [1.0, 0.0], [0.0, 1.0]) == pytest.approx(-1, rel=1e-9, abs=0)
        assert f_divergence(f, P, Q) == pytest.approx(2 * 0.0433333333333 - 3, rel=1e-11, abs=0)
        one_sided = [0.6, 0.4, 0.0], [0.3, 0.2, 0.5]
        assert f_divergence(f, *one_sided) == pytest.approx(2 / 3 - 3, rel=1e-9, abs=0)
        assert f_divergence(f, *one_sided[::-1]) == pytest.approx(2 / 3 - 3, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    "function",
    [np.log, lambda u: np.sin(6 * u), lambda u: -np.square(u - 1)],
    ids=["log", "sine", "square"],
)
def test_functions_that_are_not_convex(function: Callable[[Array], Array]) -> None:
    f = Generator(function=function, at_zero=0.0, slope_at_infinity=math.inf)
    with pytest.raises(ValueError, match=r"generator.function\(.*\) is .*above the chord.*; give"):
        f_divergence(f, P, Q)


def test_a_dent_between_two_ratios_is_found() -> None:
    """The function is twice that of the total variation but for a dent upwards at 3."""
    f = Generator(
        function=lambda u: np.abs(u - 1) + np.maximum(0, 1e-4 - np.abs(u - 3)),
        at_zero=1.0,
        slope_at_infinity=1.0,
    )
    assert f_divergence(f, [0.5, 0.5], [0.25, 0.75]) == 0.5
    with pytest.raises(ValueError, match=r"function\(3.0\) is 2.0001, above .* 2.0 to 4.0; give"):
        f_divergence(f, [0.75, 0.2, 0.05], [0.25, 0.05, 0.7])


def test_ratios_that_are_too_large_for_a_float() -> None:
    p, q = [1e-5, 1 - 1e-5], [1e-320, 1.0]
    for name in ("kl", "reverse_kl", "jeffreys", "js", "tv", "hellinger", "gan"):
        assert f_divergence(name, p, q) == pytest.approx(
            OWN[name](*map(np.array, (p, q))), rel=1e-9, abs=0
        )
    assert chi_square([1e-10, 1 - 1e-10], [1e-320, 1.0]) == pytest.approx(1e300, rel=1e-3, abs=0)


def test_total_variation_is_the_largest_difference_of_an_event() -> None:
    rng = np.random.default_rng(2)
    for n in (1, 2, 5, 8):
        p, q = rng.dirichlet(np.full(n, 0.5), 2)
        events = np.array(list(itertools.product([0, 1], repeat=n)))
        assert np.abs(events @ (p - q)).max() == pytest.approx(total_variation(p, q), abs=1e-15)


def test_total_variation_is_the_least_probability_to_differ() -> None:
    rng = np.random.default_rng(3)
    for n in (2, 3, 5):
        p, q = rng.dirichlet(np.full(n, 0.5), 2)
        cost = 1 - np.eye(n)
        sums = [np.kron(np.eye(n), np.ones(n)), np.kron(np.ones(n), np.eye(n))]
        result = optimize.linprog(cost.ravel(), A_eq=np.vstack(sums), b_eq=np.r_[p, q])
        assert result.fun == pytest.approx(total_variation(p, q), abs=1e-9)


# What all of them have in common.


@given(names, pairs())
def test_not_negative_and_zero_for_equal_laws(name: str, pair: Pair) -> None:
    p, q = pair
    start = float(GENERATORS[name].function(np.array([1.0]))[0])
    assert f_divergence(name, p, q) >= start - 4e-15
    assert f_divergence(name, p, p) == pytest.approx(start, abs=4e-15)
    apart = total_variation(p, q)
    assert f_divergence(name, p, q) > start or apart < 1e-6


@given(names, pairs(), st.floats(-3, 3))
def test_multiples_of_u_minus_1_do_not_count(name: str, pair: Pair, c: float) -> None:
    f = GENERATORS[name]
    shifted = Generator(
        function=lambda u: f.function(u) + c * (u - 1),
        at_zero=f.at_zero - c,
        slope_at_infinity=f.slope_at_infinity + c,
    )
    value = f_divergence(name, *pair)
    assume(value < 1e300)
    assert f_divergence(shifted, *pair) == pytest.approx(value, rel=1e-13, abs=2e-15)


@given(names, pairs())
def test_reversal(name: str, pair: Pair) -> None:
    f = GENERATORS[name]
    turned = Generator(
        function=lambda u: u * f.function(1 / u),
        at_zero=f.slope_at_infinity,
        slope_at_infinity=f.at_zero,
    )
    p, q = (x / x.sum() for x in (pair[0] + 1e-3, pair[1] + 1e-3))
    zeros = np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.0, 0.5])
    for x, y in [(p, q), zeros]:
        value = f_divergence(turned, x, y)
        assert value == pytest.approx(f_divergence(f, y, x), rel=1e-12, abs=2e-15)


@given(names, st.data())
def test_data_processing(name: str, data: st.DataObject) -> None:
    p, q = data.draw(pairs())
    channel = data.draw(channels(p.size))
    before, after = f_divergence(name, p, q), f_divergence(name, p @ channel, q @ channel)
    assert after <= before + (abs(before) + 1) * 1e-12


@given(names, pairs(4), pairs(4), st.floats(0, 1))
def test_joint_convexity(name: str, first: Pair, second: Pair, t: float) -> None:
    (p, q), (r, s) = first, second
    left, right = f_divergence(name, p, q), f_divergence(name, r, s)
    assume(left < 1e300 and right < 1e300)
    middle = f_divergence(name, mixture(t, p, r), mixture(t, q, s))
    assert middle <= t * left + (1 - t) * right + 1e-12 * (abs(left) + abs(right) + 1)


@pytest.mark.parametrize("function", [total_variation, hellinger_distance])
@given(laws(4), laws(4), laws(4))
def test_metrics(function: Callable[..., Any], p: Array, q: Array, r: Array) -> None:
    assert function(p, q) == pytest.approx(function(q, p), rel=1e-14, abs=1e-300)
    assert function(p, r) <= (function(p, q) + function(q, r)) * (1 + 1e-14)
    assert function(p, p) == 0


def test_what_only_one_law_has() -> None:
    p, q = [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]
    expected = {"tv": 0.5, "hellinger": 1.0, "js": math.log(2) / 2, "gan": -math.log(2)}
    for name, value in expected.items():
        assert f_divergence(name, p, q) == pytest.approx(value, rel=1e-15, abs=0)
    for name in ("kl", "reverse_kl", "jeffreys", "midpoint_kl", "chi_square"):
        assert f_divergence(name, p, q) == math.inf
    # Without its singular part total variation is halved.
    regular = Generator(function=GENERATORS["tv"].function, at_zero=0.5, slope_at_infinity=0)
    assert f_divergence(regular, p, q) == 0.25


def test_chi_square_is_renyi_divergence_of_order_two() -> None:
    assert math.log1p(chi_square(P, Q)) == pytest.approx(
        renyi_divergence(P, Q, 2), rel=1e-15, abs=0
    )


def test_base_and_units_do_not_matter() -> None:
    with pytest.raises(TypeError):
        total_variation(P, Q, base=2)  # type: ignore[call-overload]  # it has no unit


# Generators and their conjugates.


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_limits_and_derivatives_of_generators(name: str) -> None:
    f = GENERATORS[name]
    u = np.array([0.01, 0.3, 0.99, 1.01, 1.4, 20.0])
    h = 1e-6
    slopes = (f.function(u + h) - f.function(u - h)) / (2 * h)
    assert f.derivative is not None
    assert_allclose(f.derivative(u), slopes, rtol=1e-5, atol=1e-7)
    with np.errstate(all="ignore"):
        near, far = f.function(np.array([1e-250])), f.function(np.array([1e250])) / 1e250
    if math.isinf(f.at_zero):
        assert near > 100
    else:
        assert near == pytest.approx(f.at_zero, abs=1e-15)
    if math.isinf(f.slope_at_infinity):
        assert far > 100
    else:
        assert far == pytest.approx(f.slope_at_infinity, abs=1e-13)
    middle = f.function((u[:-1] + u[1:]) / 2)
    assert np.all(middle <= (f.function(u[:-1]) + f.function(u[1:])) / 2 + 1e-15)
    start = -math.log(4) if name == "gan" else 0.0
    assert f.function(np.array([1.0])) == pytest.approx(start, abs=1e-15)
    assert f.conjugate_domain == (-math.inf, f.slope_at_infinity)


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_conjugates_are_suprema(name: str) -> None:
    f = GENERATORS[name]
    assert f.conjugate is not None
    u = np.r_[np.logspace(-9, 9, 400_001)]
    values = f.function(u)
    for t in (-30.0, -2.5, -1.0, -0.7, -0.5, -0.1, 0.1, 0.2, 0.3, 0.34, 0.4, 0.9, 1.0, 2.0):
        best = max(float((u * t - values).max()), -f.at_zero)
        if best > 1e4:  # the supremum is infinite
            assert f.conjugate(np.array([t])) == [np.inf]
            assert t >= f.slope_at_infinity
        else:
            assert f.conjugate(np.array([t]))[0] == pytest.approx(best, rel=1e-7, abs=1e-7)


def test_conjugates_end_at_a_limit() -> None:
    # Those of the generators were made when the module was imported, before there are mutants.
    below = fdivergences._where_below  # noqa: SLF001 - as above
    t = np.array([0.25, 1.0, 4.0])
    assert below(1.0, np.sqrt)(t).tolist() == [0.5, 1.0, math.inf]
    assert below(1.0, lambda t: 1 / (1 - t))(t).tolist() == [4 / 3, math.inf, math.inf]


@given(names, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_fenchel_young_inequality(name: str, u: float, v: float) -> None:
    f = GENERATORS[name]
    assert f.derivative is not None
    assert f.conjugate is not None
    t = f.derivative(np.array([v]))
    gap = float((f.function(np.array([u])) + f.conjugate(t) - u * t)[0])
    assert gap >= -1e-12 * (1 + u) * (1 + abs(float(t[0])))
    same = float((f.function(np.array([v])) + f.conjugate(t) - v * t)[0])
    assert same == pytest.approx(0, abs=1e-12 * (1 + v) * (1 + abs(float(t[0]))))


@given(names, laws(4), laws(4))
def test_best_critic_attains_the_divergence(name: str, p: Array, q: Array) -> None:
    p, q = ((x + 0.01) / (x + 0.01).sum() for x in (p, q))
    f = GENERATORS[name]
    assert f.derivative is not None
    critic = f.derivative(p / q)
    value = f_divergence(name, p, q)
    assert variational_lower_bound(name, critic, p, q) == pytest.approx(value, rel=1e-11, abs=1e-13)
    for factor in (0.9, 0.5):
        bound = variational_lower_bound(f, factor * critic - 0.01, p, q)
        assert bound <= value + 1e-12


@given(names, pairs(3), st.lists(st.floats(-5, 0.99), min_size=3, max_size=3))
def test_critics_bound_the_divergence_from_below(name: str, pair: Pair, t: list[float]) -> None:
    f = GENERATORS[name]
    critic = np.minimum(t, f.slope_at_infinity - 1e-3)
    value = f_divergence(f, *pair)
    assert variational_lower_bound(f, critic, *pair) <= value + 1e-12 * (1 + abs(value))


def test_critics_approach_the_divergence_where_the_best_one_is_infinite() -> None:
    p, q = [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]
    values = [variational_lower_bound("kl", [1, t, -t], p, q) for t in (1, 10, 100)]
    assert values[0] < values[1] < values[2]
    assert values[2] > 40
    bound = variational_lower_bound("js", [0, math.log(2) / 2 - 1e-12, -40], p, q)
    assert bound == pytest.approx(js_divergence(p, q), abs=1e-11)
    assert variational_lower_bound("tv", [0, 0.5, -0.5], p, q) == 0.5


def test_critics_outside_of_the_domain_are_errors() -> None:
    with pytest.raises(ValueError, match=r"critic\[1\] = 0.6 is where generator.conjugate is inf"):
        variational_lower_bound("tv", [0.5, 0.6], [0.5, 0.5], [1.0, 0.0])
    with pytest.raises(ValueError, match=r"critic\[0\] = 0.0 .* give values"):
        variational_lower_bound("gan", [0.0, -1.0], [0.5, 0.5], [1.0, 0.0])
    with pytest.raises(ValueError, match=r"generator.conjugate is None; give"):
        variational_lower_bound(
            Generator(function=np.square, at_zero=0, slope_at_infinity=math.inf), [0.0], [1], [1]
        )


@pytest.mark.parametrize("wrong", [None, 3, np.square, object()])
def test_what_is_no_generator(wrong: Any) -> None:  # noqa: ANN401  (anything)
    with pytest.raises(TypeError, match=r"generator = .* give"):
        f_divergence(wrong, P, Q)
    with pytest.raises(TypeError, match=r"generator = .* give"):
        variational_lower_bound(wrong, [0, 0, 0], P, Q)
    with pytest.raises(ValueError, match="generator = 'KL' is unknown; give one of"):
        f_divergence("KL", P, Q)


@pytest.mark.parametrize(
    ("fields", "error", "what"),
    [
        ({"function": 1}, TypeError, "function = 1 is not a function"),
        ({"conjugate": "x"}, TypeError, "conjugate = 'x' is not a function"),
        ({"derivative": 2}, TypeError, "derivative = 2 is not a function"),
        ({"at_zero": "0"}, TypeError, "at_zero = '0' is not a real number"),
        ({"at_zero": math.nan}, ValueError, "at_zero = nan"),
        ({"slope_at_infinity": -math.inf}, ValueError, "slope_at_infinity = -inf"),
    ],
)
def test_bad_generators(fields: dict[str, Any], error: type[Exception], what: str) -> None:
    right: dict[str, Any] = {"function": np.square, "at_zero": 0.0, "slope_at_infinity": math.inf}
    with pytest.raises(error, match=f"{what}.*; give"):
        Generator(**(right | fields))


def test_bad_functions_of_generators() -> None:
    def generator(function: Any) -> Generator:  # noqa: ANN401  (anything)
        return Generator(function=function, at_zero=0.0, slope_at_infinity=0.0)

    with pytest.raises(TypeError, match=r"generator.function returns shape \(\)"):
        f_divergence(generator(np.sum), P, Q)
    with pytest.raises(TypeError, match=r"dtype complex128"):
        f_divergence(generator(lambda u: u + 0j), P, Q)
    with pytest.raises(ValueError, match=r"generator.function\(1.4\d*\) is nan; give"):
        f_divergence(generator(lambda u: np.log(1.1 - u)), P, Q)


def test_generators_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        GENERATORS["kl"] = GENERATORS["tv"]  # type: ignore[index]  # that is the point
    with pytest.raises(AttributeError):
        GENERATORS["kl"].at_zero = 1.0  # type: ignore[misc]  # likewise


# Inequalities.


@given(pairs())
def test_pinsker(pair: Pair) -> None:
    distance, divergence = total_variation(*pair), kl_divergence(*pair)
    # Squares of distances below 1e-150 are no floats.
    assert distance <= pinsker_bound(divergence) * (1 + 1e-9) + 1e-150
    assert distance <= bretagnolle_huber_bound(divergence) * (1 + 1e-9) + 1e-150
    assert bretagnolle_huber_bound(divergence) <= 1 - math.exp(-divergence) / 2


def test_constant_of_pinsker_is_optimal() -> None:
    ratio = kl_bernoulli(0.5001, 0.5) / (2 * 0.0001**2)
    assert ratio == pytest.approx(1.00000000667, rel=1e-11, abs=0)


def test_where_the_bounds_cross() -> None:
    def gap(kl: float) -> float:
        return pinsker_bound(kl) - bretagnolle_huber_bound(kl)

    crossing: Any = optimize.brentq(gap, 1, 2)
    assert crossing == pytest.approx(1.59362426004, rel=1e-11, abs=0)
    assert gap(1.0) < 0 < gap(2.0)


@given(pairs())
def test_hellinger_distance_bounds(pair: Pair) -> None:
    square, distance = hellinger_distance(*pair) ** 2, total_variation(*pair)
    assert square / 2 <= distance * (1 + 1e-14)
    bound = math.sqrt(square * max(0, 1 - square / 4))
    assert distance <= bound * (1 + 1e-7) + 1e-150  # below, the square is no float
    root = -2 * math.log1p(-square / 2) if square < 2 else math.inf
    assert square <= root + 1e-15
    assert root <= kl_divergence(*pair) * (1 + 1e-9) + 1e-13 or root > 30


@given(pairs())
def test_chi_square_bounds(pair: Pair) -> None:
    bound = math.log1p(chi_square(*pair))
    assert kl_divergence(*pair) <= bound * (1 + 1e-12) or math.isinf(chi_square(*pair))


@given(laws(4), laws(4, positive=True))
def test_reverse_pinsker(p: Array, q: Array) -> None:
    bound = math.log1p(2 * total_variation(p, q) ** 2 / q.min())
    assert kl_divergence(p, q) <= bound * (1 + 1e-12)


@pytest.mark.parametrize("name", ["kl", "reverse_kl", "js", "chi_square", "hellinger", "jeffreys"])
def test_local_behaviour(name: str) -> None:
    # D_f = f''(1) / 2 χ² (1 + O(ε)), and the error falls with ε.
    curvature = {"kl": 1, "reverse_kl": 1, "js": 1 / 4, "chi_square": 2, "hellinger": 1 / 2}
    q = np.array(Q)
    errors = []
    for epsilon in (1e-2, 1e-3, 1e-4):
        p = q + epsilon * np.array([1, -1, 0])
        ratio = OWN[name](p, q) / (curvature.get(name, 2) / 2 * chi_square(p, q))
        errors.append(abs(ratio - 1))
        assert errors[-1] <= 2 * epsilon
    assert errors[2] <= errors[1] <= errors[0]


@given(probabilities)
def test_bounds_are_finite_where_they_should_be(kl: float) -> None:
    assert pinsker_bound(kl) ** 2 == pytest.approx(kl / 2, rel=1e-15, abs=1e-300)
    assert 0 <= bretagnolle_huber_bound(kl) < 1
    assert pinsker_bound([kl, math.inf])[1] == math.inf
    assert bretagnolle_huber_bound([kl, math.inf])[1] == 1


@given(pairs())
@example((np.array([1.0, 0.0]), np.array([5e-307, 1.0])))
def test_bounds_between_hellinger_chi_square_and_relative_entropy(pair: Pair) -> None:
    p, q = pair
    a, k = hellinger_distance(p, q), kl_divergence(p, q)
    lower, upper = le_cam_bounds(a)
    slack = 1e-12
    assert lower * (1 - slack) <= total_variation(p, q) <= upper * (1 + slack)
    if a < 1.4:  # beyond, few digits of 1 - a² / 2 are left
        expected = renyi_divergence(p, q, 0.5)
        assert hellinger_bound(a) == pytest.approx(expected, rel=1e-12, abs=1e-300)
        assert a**2 * (1 - slack) - 1e-300 <= hellinger_bound(a)
    unrounded = a * (1 - 2e-15)  # at least; the bound is infinite at √2, to which a may be rounded
    assert hellinger_bound(unrounded) * (1 - 1e-2) <= k + 1e-300
    if k < math.inf:
        assert k <= chi_square_bound(chi_square(p, q)) * (1 + slack)
    bound = reverse_pinsker_bound(total_variation(p, q), q.min())
    assert k <= bound * (1 + slack) or q.min() == 0


@given(st.floats(0, math.sqrt(2)), st.floats(0, 1), st.floats(5e-324, 1), st.floats(0, 1e300))
def test_bounds_against_mpmath(a: float, tv: float, least: float, chi: float) -> None:
    def is_right(value: float, expected: Any, rel: float = 1e-15) -> bool:  # noqa: ANN401 - mpmath has no types
        return oracles.relative_error(value, expected) <= rel or abs(value - expected) < 1e-300

    with mp.workdps(700):
        x, d = mp.mpf(a), mp.mpf(tv)
        assert is_right(le_cam_bounds(a)[0], x**2 / 2)
        assert is_right(le_cam_bounds(a)[1], x * mp.sqrt(1 - x**2 / 4))
        rest = 1 - x**2 / 2  # of which few digits are known where it is small
        assert is_right(hellinger_bound(a), -2 * mp.log(rest), 1e-15 + 1e-15 / float(rest))
        assert is_right(chi_square_bound(chi), mp.log1p(mp.mpf(chi)))
        assert is_right(reverse_pinsker_bound(tv, least), mp.log1p(2 * d**2 / mp.mpf(least)))


def test_ends_of_the_bounds() -> None:
    far = hellinger_distance([1.0, 0.0], [0.0, 1.0])
    assert le_cam_bounds(math.sqrt(2)) == (1, 1)
    with pytest.raises(ValueError, match=re.escape("tv has (2,), least has (3,)")):
        reverse_pinsker_bound([0.5, 0.5], [0.1, 0.2, 0.3])
    assert le_cam_bounds(far) == pytest.approx((1, 1), rel=1e-15, abs=0)
    assert hellinger_bound(2**0.5) == math.inf
    assert le_cam_bounds(0.0) == (0, 0)
    assert math.copysign(1, hellinger_bound(0.0)) == 1
    assert reverse_pinsker_bound([0.0, 0.0, 0.5], [0.0, 1.0, 0.0]).tolist() == [0, 0, math.inf]
    with mp.workdps(30):  # a ratio that is too large for a float
        expected = float(mp.log(2 / mp.mpf(5e-324)))
    assert reverse_pinsker_bound(1.0, 5e-324) == pytest.approx(expected, rel=1e-15, abs=0)
    assert reverse_pinsker_bound(1.0, 0.5) == pytest.approx(math.log(5), rel=1e-15, abs=0)
    # attained
    assert chi_square_bound(chi_square([1, 0], [0.5, 0.5])) == pytest.approx(math.log(2))
    assert reverse_pinsker_bound(0.5, 0.5) == pytest.approx(kl_divergence([1, 0], [0.5, 0.5]))
    assert chi_square_bound(math.inf) == math.inf
    with pytest.raises(ValueError, match=r"hellinger\[1\] = 1.5 is above 1.41.*; give"):
        le_cam_bounds([0.1, 1.5])
    with pytest.raises(ValueError, match=r"hellinger = 1.5 is above 1.41"):
        hellinger_bound(1.5)


def test_bounds_have_a_unit() -> None:
    for bound in (hellinger_bound, chi_square_bound):
        assert bound(0.7, base=2) == pytest.approx(bound(0.7) / math.log(2), rel=1e-15, abs=0)
    bits = reverse_pinsker_bound(0.7, 0.1, base=2)
    assert bits == pytest.approx(reverse_pinsker_bound(0.7, 0.1) / math.log(2), rel=1e-15, abs=0)
    for limit in (pinsker_bound, bretagnolle_huber_bound):
        assert limit(0.7 / math.log(2), base=2) == pytest.approx(limit(0.7), rel=1e-15, abs=0)


# What generators of one's own are asked for.


def peculiar(where: float, derivative: Callable[[Any], Any] | None = None) -> Generator:
    """Return a generator that is no number at one place."""
    return Generator(
        function=lambda u: np.where(abs(u - where) < 1e-9, np.nan, (u - 1) ** 2),
        at_zero=1.0,
        slope_at_infinity=math.inf,
        derivative=derivative,
    )


@pytest.mark.parametrize("shape", [(100,), (2, 60), (200,)])
def test_generators_are_tried_at_some_of_the_ratios(shape: tuple[int, ...]) -> None:
    p, q = np.random.default_rng(11).random((2, *shape)) + 0.1
    p, q = (law / law.sum(axis=-1, keepdims=True) for law in (p, q))
    expected = chi_square(p, q)
    assert_allclose(f_divergence(peculiar(-1), p, q), expected, rtol=1e-9)
    ratio = float(p.ravel()[1] / q.ravel()[1])
    with pytest.raises(ValueError, match=re.escape(f"generator.function({str(ratio)[:10]}")):
        f_divergence(peculiar(ratio), p, q)


def test_generators_and_derivatives_are_named() -> None:
    p, q = [0.7, 0.3], [0.4, 0.6]
    with pytest.raises(ValueError, match=r"^generator\.function\(0\.99999237"):
        f_divergence(peculiar(1 - 2.0**-17), p, q)
    nan = peculiar(-1, lambda u: np.full_like(u, np.nan))
    with pytest.raises(ValueError, match=r"^generator\.derivative\(1\.0\) is nan"):
        f_divergence(nan, p, q)
