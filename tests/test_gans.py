"""The game of GANs: values, losses and gradients, and what the chapter says of them."""

import math
from types import ModuleType
from typing import Any

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from refimpl import (
    conditional_entropy,
    discriminator_loss,
    gan_value,
    generator_gradient,
    generator_loss,
    optimal_discriminator,
)
from tests import oracles
from tests.experiments import load
from tests.strategies import CORNERS, Array, pairs

Pair = tuple[Array, Array]
P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.4, 0.4])
densities = st.one_of(st.sampled_from((*CORNERS, 2.0, 1e300)), st.floats(0, 10))
logits = st.one_of(st.sampled_from((-math.inf, -800.0, -40.0, 0.0, math.inf)), st.floats(-50, 50))


def jensen_shannon(p: Array, q: Array) -> float:
    with mp.workdps(oracles.DIGITS):
        cells = [(x, y) for x, y in zip(oracles.law(p), oracles.law(q), strict=True)]
        terms = [x * mp.log(2 * x / (x + y)) for a, b in cells for x, y in ((a, b), (b, a)) if x]
        return float(mp.fsum(terms) / 2)


def discriminators(n: int) -> st.SearchStrategy[Array]:
    entry = st.one_of(st.sampled_from((0.0, 5e-324, 1e-17, 0.5, 1 - 2**-53, 1.0)), st.floats(0, 1))
    return st.lists(entry, min_size=n, max_size=n).map(np.array)


def weighted(p: Array, values: list[oracles.Number]) -> oracles.Number:
    return mp.fsum(x * v for x, v in zip(oracles.law(p), values, strict=True) if x)


def logarithm(x: oracles.Number) -> oracles.Number:
    return mp.log(x) if x else -mp.inf


# Second routes.


@settings(max_examples=25)
@given(densities, densities)
def test_optimal_discriminator_against_mpmath(p: float, q: float) -> None:
    assume(p or q)
    with mp.workdps(oracles.DIGITS):
        a, b = mp.mpf(p), mp.mpf(q)
        assert oracles.relative_error(optimal_discriminator(p, q), a / (a + b)) <= 5e-16
        reference = logarithm(a) - logarithm(b)
    value = optimal_discriminator(p, q, as_logits=True)
    assert oracles.relative_error(value, reference) <= 5e-16


@pytest.mark.parametrize("digits", range(1, 17))
def test_logits_of_nearly_equal_densities(digits: int) -> None:
    p, q = 0.3, 0.3 * (1 + 10.0**-digits)
    with mp.workdps(50):
        reference = mp.log(mp.mpf(p) / mp.mpf(q))
    value = optimal_discriminator(p, q, as_logits=True)
    assert oracles.relative_error(value, reference) <= 5e-16


@settings(max_examples=25)
@given(st.data())
def test_value_and_losses_against_mpmath(data: st.DataObject) -> None:
    p, q = data.draw(pairs())
    d = data.draw(discriminators(p.size))
    with mp.workdps(oracles.DIGITS):
        yes = [logarithm(mp.mpf(x)) for x in d.tolist()]
        no = [logarithm(1 - mp.mpf(x)) for x in d.tolist()]
        real, fake, minus = weighted(p, yes), weighted(q, no), -weighted(q, yes)
    value = gan_value(p, q, discriminator=d)
    assert oracles.relative_error(value, real + fake) <= 1e-15
    assert discriminator_loss(p, q, discriminator=d) == -value
    assert oracles.relative_error(generator_loss(q, discriminator=d), minus) <= 1e-15
    saturating = generator_loss(q, discriminator=d, saturating=True)
    assert oracles.relative_error(saturating, fake) <= 1e-15


@settings(max_examples=25)
@given(st.data())
def test_logits_against_mpmath(data: st.DataObject) -> None:
    p, q = data.draw(pairs())
    a = data.draw(st.lists(logits, min_size=p.size, max_size=p.size))

    def log_logistic(x: float) -> oracles.Number:
        return x if x == -math.inf else -mp.log1p(mp.exp(-mp.mpf(x)))

    with mp.workdps(oracles.DIGITS):
        yes, no = [log_logistic(x) for x in a], [log_logistic(-x) for x in a]
        real, fake, minus = weighted(p, yes), weighted(q, no), -weighted(q, yes)
    assert oracles.relative_error(gan_value(p, q, logits=a), real + fake) <= 1e-15
    assert oracles.relative_error(generator_loss(q, logits=a), minus) <= 1e-15
    saturating = generator_loss(q, logits=a, saturating=True)
    assert oracles.relative_error(saturating, fake) <= 1e-15


@given(st.floats(-700, 700))
def test_slopes_against_mpmath(a: float) -> None:
    with mp.workdps(50):
        logistic = 1 / (1 + mp.exp(-mp.mpf(a)))
        other = 1 / (1 + mp.exp(mp.mpf(a)))
    slope = generator_gradient(logits=a, saturating=True)
    assert oracles.relative_error(slope, -logistic) <= 1e-15
    assert oracles.relative_error(generator_gradient(logits=a), -other) <= 1e-15


# Slopes.


@given(st.floats(-20, 20), st.booleans())
def test_slopes_are_those_of_the_loss(a: float, saturating: bool) -> None:  # noqa: FBT001 - drawn
    h = 1e-5
    up, down = (generator_loss([1.0], logits=[a + s], saturating=saturating) for s in (h, -h))
    slope = generator_gradient(logits=a, saturating=saturating)
    assert slope == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-9)
    d = 1 / (1 + math.exp(-a))
    same = generator_gradient(discriminator=d, saturating=saturating)
    assert same == pytest.approx(slope, rel=1e-7, abs=1e-12)


def test_slopes_at_the_ends() -> None:
    assert generator_gradient(logits=[-math.inf, math.inf]).tolist() == [-1, 0]
    ends = generator_gradient(logits=[-math.inf, math.inf], saturating=True)
    assert ends.tolist() == [0, -1]
    assert generator_gradient(discriminator=[0.0, 1.0]).tolist() == [-1, 0]
    assert math.copysign(1, generator_gradient(discriminator=1.0)) == 1
    assert generator_gradient(discriminator=[0.0, 1.0], saturating=True).tolist() == [0, -1]


# The optimal discriminator.


@given(st.data())
def test_no_discriminator_does_better(data: st.DataObject) -> None:
    p, q = data.draw(pairs())
    # Where D* rounds to 1, only its logit tells how close it is.
    best = gan_value(p, q, logits=optimal_discriminator(p, q, as_logits=True))
    other = gan_value(p, q, discriminator=data.draw(discriminators(p.size)))
    assert other <= best + 1e-15


@given(pairs(), st.sampled_from([1e-3, 1e-2, 0.1]), st.data())
def test_only_changes_on_the_supports_matter(pair: Pair, step: float, data: st.DataObject) -> None:
    # The maximiser is unique where p + q > 0, and free elsewhere.
    p, q = pair
    d = optimal_discriminator(p, q)
    assume(math.isfinite(gan_value(p, q, discriminator=d)))
    place = data.draw(st.integers(0, p.size - 1))
    changed = d.copy()
    changed[place] += step if d[place] < 0.5 else -step
    best, value = gan_value(p, q, discriminator=d), gan_value(p, q, discriminator=changed)
    if p[place] + q[place] > 1e-9:
        assert value < best
    elif p[place] + q[place] == 0:
        assert value == best


@settings(max_examples=25)
@given(pairs())
def test_best_value_is_a_jensen_shannon_divergence(pair: Pair) -> None:
    p, q = pair
    value = gan_value(p, q, logits=optimal_discriminator(p, q, as_logits=True))
    assert value == pytest.approx(2 * jensen_shannon(p, q) - 2 * math.log(2), rel=1e-14, abs=1e-15)
    assert -math.log(4) * (1 + 1e-15) <= value <= 0
    if np.abs(p - q).sum() > 1e-6:
        assert value > -math.log(4)


@given(st.data())
def test_exchanging_the_laws_exchanges_the_answers(data: st.DataObject) -> None:
    p, q = data.draw(pairs())
    a = np.array(data.draw(st.lists(logits, min_size=p.size, max_size=p.size)))
    value, exchanged = gan_value(p, q, logits=a), gan_value(q, p, logits=-a)
    assert value == exchanged or value == pytest.approx(exchanged, rel=1e-15, abs=0)
    assert_allclose(optimal_discriminator(p, q), 1 - optimal_discriminator(q, p), atol=2e-16)
    odds = optimal_discriminator(p, q, as_logits=True)
    assert_allclose(odds, -optimal_discriminator(q, p, as_logits=True), rtol=1e-15)


@given(pairs())
def test_best_loss_is_the_entropy_of_the_label(pair: Pair) -> None:
    p, q = pair
    loss = discriminator_loss(p, q, logits=optimal_discriminator(p, q, as_logits=True))
    uncertainty = conditional_entropy(np.stack([p, q], axis=1) / 2)
    assert loss == pytest.approx(2 * uncertainty, rel=1e-14, abs=1e-15)


# Corners.


def test_corner_cases_of_the_optimal_discriminator() -> None:
    d = optimal_discriminator([0.5, 0.0, 0.3, 0.0], [0.0, 0.5, 0.3, 0.0])
    assert d.tolist() == [1, 0, 0.5, 0.5]
    a = optimal_discriminator([0.5, 0.0, 0.3, 0.0], [0.0, 0.5, 0.3, 0.0], as_logits=True)
    assert a.tolist() == [math.inf, -math.inf, 0, 0]
    assert optimal_discriminator(1e308, 1e308) == 0.5
    assert optimal_discriminator(1.5e308, 0.5e308) == 0.75
    assert optimal_discriminator(5e-324, 1.5e-323) == 0.25


def test_infinite_values() -> None:
    p, q = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
    assert gan_value(p, q, discriminator=[0.0, 0.5, 0.5]) == -math.inf
    assert gan_value(p, q, discriminator=[0.5, 1.0, 0.5]) == -math.inf
    assert gan_value(p, q, discriminator=[1.0, 0.0, 1.0]) == 0
    assert generator_loss(q, discriminator=[1.0, 0.0, 1.0]) == math.inf
    assert generator_loss(q, discriminator=[0.0, 1.0, 0.0], saturating=True) == -math.inf
    assert generator_loss(q, discriminator=[1.0, 0.0, 1.0], saturating=True) == 0


def test_zero_has_no_sign() -> None:
    p, q = [1.0, 0.0], [0.0, 1.0]
    perfect: list[dict[str, Any]] = [
        {"discriminator": [1.0, 0.0]},
        {"logits": [math.inf, -math.inf]},
    ]
    for given_ in perfect:
        for value in (
            gan_value(p, q, **given_),
            discriminator_loss(p, q, **given_),
            generator_loss(q, **given_, saturating=True),
            generator_loss(p, **given_),
        ):
            assert value == 0
            assert math.copysign(1, value) == 1


def test_bits() -> None:
    for base, unit in ((2, math.log(2)), (10, math.log(10))):
        assert gan_value(P, Q, discriminator=P, base=base) == pytest.approx(
            gan_value(P, Q, discriminator=P) / unit, rel=1e-15, abs=0
        )
        assert generator_loss(Q, discriminator=P, base=base) == pytest.approx(
            generator_loss(Q, discriminator=P) / unit, rel=1e-15, abs=0
        )
    assert gan_value([0.5, 0.5], [0.25, 0.75], discriminator=[0.5, 0.5], base=2) == -2


def test_logits_beyond_the_reach_of_probabilities() -> None:
    # 1 - D is 1e-18, and D rounds to 1.
    assert generator_loss([1.0], logits=[-1000.0]) == 1000
    assert generator_loss([1.0], logits=[41.4], saturating=True) == pytest.approx(-41.4)
    assert discriminator_loss([1.0], [1.0], logits=[1000.0]) == 1000


def test_exactly_one_discriminator() -> None:
    with pytest.raises(TypeError, match="exactly one of discriminator and logits; 0 are"):
        gan_value(P, Q)
    with pytest.raises(TypeError, match="exactly one of discriminator and logits; 2 are"):
        generator_gradient(discriminator=0.5, logits=0.0)


def test_discriminators_broadcast() -> None:
    values = gan_value(P, Q, discriminator=[[0.7, 0.4, 0.4], [0.5, 0.5, 0.5]])
    assert values.tolist() == pytest.approx([-1.28593789778, -math.log(4)], rel=1e-11, abs=0)
    columns = gan_value(np.c_[P, P], np.c_[Q, Q], discriminator=np.c_[P, Q], axis=0, keepdims=True)
    assert columns.shape == (1, 2)
    with pytest.raises(ValueError, match=r"the outcomes do not match: .*discriminator has 2"):
        gan_value(P, Q, discriminator=[0.5, 0.5])


# The experiments of the chapter, with other seeds.


@pytest.fixture(scope="module")
def experiment() -> ModuleType:
    return load("gans")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_trained_discriminators_give_the_slopes_of_the_theory(
    experiment: ModuleType, seed: int
) -> None:
    distances = np.array([1.0, 2.0, 4.0, 6.0])
    trained = [experiment.slopes_of_trained_discriminator(t, seed) for t in distances]
    theory = experiment.slopes_in_theory(distances)
    assert_allclose(theory.sum(axis=1), distances)
    assert experiment.slopes_agree(distances, theory, np.array(trained))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_generator_of_one_mode_collapses(experiment: ModuleType, seed: int) -> None:
    for start in (-1.0, 0.5, 2.0):
        run = experiment.train_on_two_modes(seed, start, 0.5)
        assert experiment.has_collapsed(run)
        assert np.sign(run.mean[-1]) == np.sign(start)
    wide = experiment.train_on_two_modes(seed, -0.5, 1.0)
    assert wide.spread[-1] > 2
    assert not experiment.has_collapsed(wide)


def test_segments(experiment: ModuleType) -> None:
    for t in (-1.0, -0.25, 0.05, 0.5, 1.0):
        infinite, js, distance = experiment.parallel_segments(t)
        assert infinite == math.inf
        assert (js, distance) == pytest.approx((math.log(2), abs(t)))
        infinite, js, distance = experiment.overlapping_segments(t)
        assert infinite == math.inf
        assert (js, distance) == pytest.approx((abs(t) * math.log(2), abs(t)))
    assert experiment.parallel_segments(0.0) == pytest.approx((0, 0, 0))
    assert experiment.overlapping_segments(0.0) == pytest.approx((0, 0, 0))
