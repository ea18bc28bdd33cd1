"""Training losses from logits: second routes, infinite logits, gradients, what trains alike."""

import itertools
import math
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import optimize, special

from refimpl import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    binary_cross_entropy_loss,
    binary_entropy,
    clipped_kl_divergence,
    cross_entropy,
    cross_entropy_gradient,
    cross_entropy_loss,
    distillation_gradient,
    distillation_loss,
    entropy,
    evidence_lower_bound,
    gaussian_vae_kl,
    kl_bernoulli,
    kl_divergence,
    kl_gaussian,
    kl_gradient,
    kl_loss,
    log_softmax,
    log_sum_exp,
    smooth_labels,
    softmax,
)
from tests import oracles
from tests.experiments import load
from tests.strategies import Array, laws, probabilities

Direction = Literal["forward", "reverse"]
Logits = tuple[Array, Array]
DIRECTIONS: list[Direction] = ["forward", "reverse"]
temperatures = st.sampled_from([0.5, 1.0, 4.0, 0.04])
Y, Z = [0.0, 0.0, 1.0], [1.0, 2.0, 3.0]
TEACHER, STUDENT = [2.0, 1.0, 0.0], [1.0, 1.0, 1.0]


@st.composite
def logits(draw: st.DrawFn, n: int | None = None) -> Array:
    """Draw logits: small, large, equal, nearly sure."""
    size = draw(st.integers(1, 5)) if n is None else n
    scale = draw(st.sampled_from([0.0, 1e-8, 1e-3, 1.0, 10.0, 100.0]))
    z: Array = scale * np.array(draw(st.lists(st.floats(-1, 1), min_size=size, max_size=size)))
    return z + draw(st.sampled_from([0.0, 1.0, -50.0, 1000.0]))


@st.composite
def logit_pairs(draw: st.DrawFn) -> Logits:
    """Draw two lists of logits: unrelated, nearly equal, shifted."""
    v = draw(logits())
    kind = draw(st.sampled_from(["unrelated", "near", "shifted"]))
    if kind == "unrelated":
        return v, draw(logits(v.size))
    if kind == "shifted":
        return v, v + draw(st.sampled_from([0.0, 1.0, -1024.0]))
    noise = draw(st.lists(st.floats(-1, 1), min_size=v.size, max_size=v.size))
    return v, v + 10.0 ** -draw(st.integers(1, 15)) * np.array(noise)


def exact_softmax(z: Array, temperature: float = 1.0) -> list[Any]:
    t = mp.mpf(temperature)
    powers = [mp.exp(mp.mpf(float(x)) / t) for x in z]
    total = mp.fsum(powers)
    return [x / total for x in powers]


def exact_kl(p: list[Any], q: list[Any]) -> Any:  # noqa: ANN401 - mpmath has no types
    return mp.fsum(x * mp.log(x / y) for x, y in zip(p, q, strict=True))


def exact_cross_entropy(p: list[Any], q: list[Any]) -> Any:  # noqa: ANN401 - as above
    return -mp.fsum(x * mp.log(y) for x, y in zip(p, q, strict=True) if x)


def allowed(temperature: float, *z: Array) -> float:
    """Return the error of exp(-gap): one rounding of the largest difference of logits."""
    return 1e-15 * (1 + max(float(np.ptp(x)) for x in z) / temperature)


def worst(values: Array, references: list[Any]) -> float:
    """Return the largest error of a gradient, as a part of its largest entry."""
    size = max([*(abs(r) for r in references), mp.mpf(10) ** -290])
    errors = [abs(mp.mpf(float(x)) - r) for x, r in zip(values, references, strict=True)]
    return float(max(errors) / size)


# Second routes.


@given(logits(), temperatures)
def test_softmax_against_mpmath(z: Array, temperature: float) -> None:
    with mp.workdps(oracles.DIGITS):
        reference = exact_softmax(z, temperature)
        bound = allowed(temperature, z)
        for x, y in zip(softmax(z, temperature=temperature), reference, strict=True):
            assert oracles.relative_error(float(x), y) <= bound
        for x, y in zip(log_softmax(z, temperature=temperature), reference, strict=True):
            assert oracles.relative_error(float(x), mp.log(y)) <= bound
        total = mp.log(mp.fsum(mp.exp(mp.mpf(float(x))) for x in z))
        assert log_sum_exp(z) == pytest.approx(float(total), rel=1e-15, abs=1e-15)


@given(st.data(), temperatures)
def test_cross_entropy_against_mpmath(data: st.DataObject, temperature: float) -> None:
    z = data.draw(logits())
    y = data.draw(laws(z.size))
    with mp.workdps(oracles.DIGITS):
        q, target = exact_softmax(z, temperature), oracles.law(y)
        reference = exact_cross_entropy(target, q)
        value = cross_entropy_loss(y, z, temperature=temperature)
        assert oracles.relative_error(value, reference) <= allowed(temperature, z)
        slopes = [(s - t) / mp.mpf(temperature) for s, t in zip(q, target, strict=True)]
        gradient = cross_entropy_gradient(y, z, temperature=temperature)
        # A difference of a probability and a target that is not sure has the error of both.
        size = max(float(abs(x)) for x in slopes)
        error = 0.0 if max(y) == 1 else 4e-16 / temperature
        assert worst(gradient, slopes) * size <= allowed(temperature, z) * size + error + 1e-300


@given(logit_pairs(), temperatures)
def test_divergence_of_logits_against_mpmath(pair: Logits, temperature: float) -> None:
    v, z = pair
    bound = 4 * allowed(temperature, v, z)
    with mp.workdps(oracles.DIGITS):
        t = mp.mpf(temperature)
        p, q = exact_softmax(v, temperature), exact_softmax(z, temperature)
        forward, reverse = exact_kl(p, q), exact_kl(q, p)
        for direction, reference in zip(DIRECTIONS, (forward, reverse), strict=True):
            value = kl_loss(v, z, temperature=temperature, direction=direction)
            assert value >= 0
            assert oracles.relative_error(value, reference) <= bound
        gradient = kl_gradient(v, z, temperature=temperature)
        assert worst(gradient, [(y - x) / t for x, y in zip(p, q, strict=True)]) <= bound
        gradient = kl_gradient(v, z, temperature=temperature, direction="reverse")
        slopes = [y * (mp.log(y / x) - reverse) / t for x, y in zip(p, q, strict=True)]
        assert worst(gradient, slopes) <= bound


@pytest.mark.parametrize("n", [2, 10, 1000])
@pytest.mark.parametrize("digits", range(1, 16, 2))
def test_divergence_of_nearly_equal_logits(n: int, digits: int) -> None:
    rng = np.random.default_rng(digits)
    v = rng.normal(size=n)
    z = v + 10.0**-digits * rng.normal(size=n)
    with mp.workdps(60):
        reference = exact_kl(exact_softmax(v), exact_softmax(z))
        assert oracles.relative_error(kl_loss(v, z), reference) <= 2e-15


@given(probabilities, st.floats(-800, 800))
def test_binary_cross_entropy_against_mpmath(y: float, a: float) -> None:
    with mp.workdps(oracles.DIGITS):
        s = 1 / (1 + mp.exp(-mp.mpf(a)))
        t = mp.mpf(y)
        reference = -t * mp.log(s) - (1 - t) * mp.log(1 - s)
        bound = 1e-15 * (1 + abs(a))
        assert oracles.relative_error(binary_cross_entropy_loss(y, a), reference) <= bound
        slope = binary_cross_entropy_gradient(y, a)
        assert abs(mp.mpf(slope) - (s - t)) <= 2e-16 + bound * abs(s - t)
        if y in {0.0, 1.0}:
            assert oracles.relative_error(slope, s - t) <= bound


def test_binary_cross_entropy_in_bits() -> None:
    assert binary_cross_entropy_loss(0.3, 0.0, base=2) == pytest.approx(1, rel=1e-15, abs=0)


def test_binary_gradient_at_zero_keeps_the_digits_of_the_target() -> None:
    assert binary_cross_entropy_gradient(2.0**-54, 0.0) == 0.5 - 2.0**-54


def test_reverse_gradient_leaves_out_what_is_impossible() -> None:
    gradient = kl_gradient([0.0, 1.0, 2.0], [0.0, 1.0, -INF], direction="reverse")
    assert gradient.tolist() == [0.0, 0.0, 0.0]


@given(st.floats(-10, 10), st.floats(1e-3, 1e3))
def test_gaussian_term_is_the_divergence(mean: float, std: float) -> None:
    expected = kl_gaussian(mean, 0.0, std_p=std, std_q=1.0)
    assert gaussian_vae_kl([mean], std=[std]) == pytest.approx(expected, rel=1e-15, abs=0)
    value = gaussian_vae_kl([mean], log_variance=[2 * math.log(std)])
    assert value == pytest.approx(expected, rel=1e-12, abs=1e-15)


@given(st.floats(-700, 700), st.floats(-10, 10))
def test_gaussian_term_from_the_log_variance(log_variance: float, mean: float) -> None:
    with mp.workdps(400):
        x, m = mp.mpf(log_variance), mp.mpf(mean)
        reference = (m * m + mp.exp(x) - 1 - x) / 2
    value = gaussian_vae_kl([mean], log_variance=[log_variance])
    assert oracles.relative_error(value, reference) <= 2e-15


def test_gaussian_term_of_nearly_standard_laws() -> None:
    for digits in range(1, 16):
        x = 10.0**-digits
        with mp.workdps(80):
            reference = (mp.exp(mp.mpf(x)) - 1 - mp.mpf(x)) / 2
        value = gaussian_vae_kl([0.0], log_variance=[x])
        assert oracles.relative_error(value, reference) <= 1e-15


def test_gaussian_term_is_a_sum_over_coordinates() -> None:
    rng = np.random.default_rng(0)
    mean, std = rng.normal(size=(4, 3)), rng.random((4, 3)) + 0.1
    parts = kl_gaussian(mean, 0.0, std_p=std, std_q=1.0)
    assert_allclose(gaussian_vae_kl(mean, std=std), parts.sum(axis=1), rtol=1e-15)
    assert_allclose(gaussian_vae_kl(mean.T, std=std.T, axis=0), parts.sum(axis=1), rtol=1e-15)
    assert gaussian_vae_kl(mean, std=std, keepdims=True).shape == (4, 1)
    bits = gaussian_vae_kl(mean, std=std, base=2)
    assert_allclose(bits, parts.sum(axis=1) / math.log(2), rtol=1e-15)
    with pytest.raises(TypeError, match="give either std or log_variance"):
        gaussian_vae_kl(mean)
    with pytest.raises(TypeError, match="give either std or log_variance"):
        gaussian_vae_kl(mean, std=std, log_variance=std)


# The log evidence and its bound.


@given(laws(3), laws(3, positive=True), st.lists(st.floats(-5, 1), min_size=3, max_size=3))
def test_evidence_is_bound_plus_divergence_from_the_posterior(
    q: Array, prior: Array, logs: list[float]
) -> None:
    joint = prior * np.exp(logs)
    bound = evidence_lower_bound(q, prior, logs)
    gap = kl_divergence(q, joint / joint.sum())
    assert math.log(joint.sum()) == pytest.approx(bound + gap, abs=1e-12)


def test_bound_of_the_evidence_in_corners() -> None:
    # No probability where the prior or the likelihood is 0 costs nothing; some costs all.
    assert evidence_lower_bound([1.0, 0.0], [0.5, 0.5], [0.0, -math.inf]) == -math.log(2)
    assert evidence_lower_bound([0.5, 0.5], [0.5, 0.5], [0.0, -math.inf]) == -math.inf
    assert evidence_lower_bound([0.5, 0.5], [1.0, 0.0], [0.0, 0.0]) == -math.inf
    assert evidence_lower_bound([0.5, 0.5], [0.5, 0.5], [1.0, 1.0], base=2) == pytest.approx(
        1 / math.log(2)
    )
    value = evidence_lower_bound([0.6, 0.4], [0.5, 0.5], np.log([0.8, 0.3]))
    assert oracles.prints("-0.635610766070", mp.mpf(value))
    kept = evidence_lower_bound([[0.6, 0.4]], [0.5, 0.5], np.log([0.8, 0.3]), keepdims=True)
    assert kept.tolist() == [[value]]


# Logits without bounds.


def test_sure_classes_have_small_losses_and_not_zero() -> None:
    loss = cross_entropy_loss([1.0, 0.0], [40.0, 0.0])
    assert loss == pytest.approx(math.exp(-40), rel=1e-14, abs=0)
    assert cross_entropy_loss([1.0, 0.0], [700.0, 0.0]) == pytest.approx(
        math.exp(-700), rel=1e-12, abs=0
    )
    gradient = cross_entropy_gradient([1.0, 0.0], [40.0, 0.0])
    assert_allclose(gradient, [-math.exp(-40), math.exp(-40)], rtol=1e-14)
    assert binary_cross_entropy_loss(1.0, 40.0) == pytest.approx(loss, rel=1e-14, abs=0)
    assert binary_cross_entropy_gradient(1.0, 40.0) == pytest.approx(-loss, rel=1e-14, abs=0)


def test_large_logits_are_not_clamped() -> None:
    assert kl_loss([1000.0, -1000.0], [-1000.0, 1000.0]) == 2000
    assert cross_entropy_loss([0.0, 1.0], [1000.0, -1000.0]) == 2000
    assert binary_cross_entropy_loss([1.0, 0.0], [-1000.0, 1000.0]).tolist() == [1000, 1000]
    assert log_softmax([1000.0, 0.0, -1e300]).tolist() == [0, -1000, -1e300]
    assert log_sum_exp([-1e308, 1e308]) == 1e308
    assert kl_loss([1e6, 0.0], [0.0, 0.0]) == pytest.approx(math.log(2), rel=1e-15, abs=0)


INF = math.inf


@pytest.mark.parametrize(
    ("z", "law"),
    [
        ([0.0, -INF], [1.0, 0.0]),
        ([0.0, 0.0, -INF], [0.5, 0.5, 0.0]),
        ([INF, 0.0, -INF], [1.0, 0.0, 0.0]),
        ([INF, 5.0], [1.0, 0.0]),
        ([-INF, INF], [0.0, 1.0]),
        ([7.0], [1.0]),
        ([INF], [1.0]),
    ],
)
def test_infinite_logits_are_limits(z: list[float], law: list[float]) -> None:
    assert softmax(z).tolist() == law
    with np.errstate(divide="ignore"):
        assert_allclose(log_softmax(z), np.log(law), rtol=1e-15)
    assert softmax(z, temperature=5.0).tolist() == law
    assert kl_loss(z, z) == 0
    assert kl_loss(z, z, direction="reverse") == 0
    assert np.all(kl_gradient(z, z) == 0)
    assert np.all(kl_gradient(z, z, direction="reverse") == 0)
    assert cross_entropy_loss(law, z) == pytest.approx(entropy(law), rel=1e-15, abs=0)
    assert_allclose(cross_entropy_gradient(law, z), 0, atol=1e-16)
    if len(z) > 1:
        other = np.arange(1.0, 1.0 + len(z))  # gives probability to all
        assert kl_loss(other, z) == INF
        assert kl_loss(z, other) == pytest.approx(
            kl_divergence(law, softmax(other)), rel=1e-15, abs=0
        )
        assert cross_entropy_loss(softmax(other), z) == INF
        assert_allclose(kl_gradient(z, other), softmax(other) - law, atol=1e-16)
        with pytest.raises(ValueError, match="has no gradient"):
            kl_gradient(z, other, direction="reverse")


def test_tiny_probabilities_make_a_divergence_infinite() -> None:
    # The first law gives e^-1000 to the second outcome: too small for a float, and not 0.
    assert kl_loss([1000.0, 0.0], [0.0, -INF]) == INF
    assert kl_loss([INF, 0.0], [0.0, -INF]) == 0
    assert kl_loss([1000.0, 0.0], [INF, 0.0]) == INF
    assert kl_loss([INF, 0.0], [0.0, INF]) == INF
    assert kl_loss([0.0, -INF], [20.0, 0.0]) == pytest.approx(math.exp(-20), rel=1e-8, abs=0)
    assert_allclose(kl_gradient([INF, 0.0], [30.0, 0.0])[0], -math.exp(-30), rtol=1e-12)


def test_infinite_logits_of_yes_and_no() -> None:
    assert binary_cross_entropy_loss([1.0, 0.0, 1.0, 0.0], [INF, -INF, -INF, INF]).tolist() == [
        0,
        0,
        INF,
        INF,
    ]
    assert binary_cross_entropy_gradient([1.0, 0.5, 0.0], [INF, -INF, INF]).tolist() == [0, -0.5, 1]


def test_log_sum_exp_of_infinite_logits() -> None:
    assert log_sum_exp([-INF, -INF]) == -INF
    assert log_sum_exp([INF, INF]) == INF
    assert log_sum_exp([INF, -INF]) == INF
    assert log_sum_exp([0.0, -INF]) == 0
    assert log_sum_exp([[1000.0, 1001.0]], keepdims=True).shape == (1, 1)


@pytest.mark.parametrize(
    ("z", "message"),
    [
        ([INF, 0.0, INF], r"logits\[0\] = inf is not the only infinite"),
        ([-INF, -INF], r"logits\[0\] = -inf and all other logits"),
        ([[0.0, 1.0], [-INF, -INF]], r"logits\[1, 0\] = -inf and all other logits"),
    ],
)
def test_logits_without_a_softmax_are_refused(z: Any, message: str) -> None:  # noqa: ANN401 - lists
    for function in (softmax, log_softmax):
        with pytest.raises(ValueError, match=message):
            function(z)
    with pytest.raises(ValueError, match=message):
        kl_loss(np.zeros(np.shape(z)), z)
    with pytest.raises(ValueError, match="target_" + message):
        kl_loss(z, np.zeros(np.shape(z)))


# Gradients.


def differences(function: Any, z: Array, h: float = 1e-5) -> Array:  # noqa: ANN401 - any loss
    steps = h * np.eye(z.size)
    return np.array([(function(z + s) - function(z - s)) / (2 * h) for s in steps])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_gradients_against_finite_differences(temperature: float) -> None:
    rng = np.random.default_rng(1)
    t: dict[str, Any] = {"temperature": temperature}
    for _ in range(5):
        v, z, y = rng.normal(size=4), rng.normal(size=4), rng.dirichlet(np.ones(4))
        pairs: list[tuple[Any, Array]] = [
            (lambda x, y=y: cross_entropy_loss(y, x, **t), cross_entropy_gradient(y, z, **t)),
            (lambda x, v=v: kl_loss(v, x, **t), kl_gradient(v, z, **t)),
            (
                lambda x, v=v: kl_loss(v, x, direction="reverse", **t),
                kl_gradient(v, z, direction="reverse", **t),
            ),
        ]
        for soft, weight in itertools.product(("kl", "cross_entropy"), (0.0, 0.3, 1.0)):
            more: dict[str, Any] = t | {"weight": weight}
            options = more | {"soft": soft}
            pairs.append(
                (
                    lambda x, v=v, y=y, options=options: distillation_loss(y, v, x, **options),
                    distillation_gradient(y, v, z, **more),
                )
            )
        for loss, gradient in pairs:
            assert_allclose(gradient, differences(loss, z), atol=1e-8)
            assert gradient.sum() == pytest.approx(0, abs=1e-14)
        a, target = float(z[0]), float(y[0])
        slope = (
            binary_cross_entropy_loss(target, a + 1e-5)
            - binary_cross_entropy_loss(target, a - 1e-5)
        ) / 2e-5
        assert binary_cross_entropy_gradient(target, a) == pytest.approx(slope, abs=1e-9)


def test_hessian_is_the_covariance_of_the_law() -> None:
    z, y = np.array(Z), np.array(Y)
    s = softmax(z)
    hessian = np.array(
        [
            (cross_entropy_gradient(y, z + e) - cross_entropy_gradient(y, z - e)) / 2e-5
            for e in 1e-5 * np.eye(3)
        ]
    )
    assert_allclose(hessian, np.diag(s) - np.outer(s, s), atol=1e-10)
    values = np.linalg.eigvalsh(np.diag(s) - np.outer(s, s))
    assert values[0] == pytest.approx(0, abs=1e-16)  # the kernel: adding a constant to the logits
    assert oracles.prints("0.118553300125", values[1])
    assert oracles.prints("0.370903641984", values[2])
    rng = np.random.default_rng(2)
    for _ in range(50):  # convex in the logits, for every target
        y, v, z = rng.dirichlet(np.ones(4)), *rng.normal(0, 5, (2, 4))
        middle = cross_entropy_loss(y, (v + z) / 2)
        assert middle <= (cross_entropy_loss(y, v) + cross_entropy_loss(y, z)) / 2 + 1e-12


@given(st.data())
def test_losses_depend_on_differences_of_logits(data: st.DataObject) -> None:
    z = data.draw(logits())
    y = data.draw(laws(z.size))
    shifted = z + 2048.0
    back = shifted - 2048.0  # what remains of the logits
    assert cross_entropy_loss(y, shifted) == cross_entropy_loss(y, back)
    assert kl_loss(shifted, back) == 0
    assert np.array_equal(cross_entropy_gradient(y, shifted), cross_entropy_gradient(y, back))


# What trains alike, and what does not.


@given(st.data())
def test_cross_entropy_is_entropy_plus_divergence(data: st.DataObject) -> None:
    v = data.draw(logits())
    z = data.draw(logits(v.size))
    p = softmax(v)
    total = entropy(p) + kl_loss(v, z)
    assert cross_entropy_loss(p, z) == pytest.approx(total, rel=1e-12, abs=1e-14)
    assert cross_entropy_loss(p, z) == pytest.approx(cross_entropy(p, softmax(z)), rel=1e-9, abs=0)


@given(st.data(), temperatures)
def test_gradients_of_cross_entropy_and_divergence_are_equal(
    data: st.DataObject, temperature: float
) -> None:
    v = data.draw(logits())
    z = data.draw(logits(v.size))
    p = softmax(v, temperature=temperature)
    first = cross_entropy_gradient(p, z, temperature=temperature)
    second = kl_gradient(v, z, temperature=temperature)
    assert_allclose(first, second, rtol=1e-11, atol=1e-15 / temperature)


def test_trajectories_of_both_losses_are_the_same() -> None:
    # Softmax regression on soft labels, with momentum: the parameters differ by rounding only.
    rng = np.random.default_rng(3)
    x, teacher = rng.normal(size=(40, 5)), rng.normal(0, 2, (40, 3))
    targets = softmax(teacher)
    ends = []
    for by_divergence in (False, True):
        w, speed = np.zeros((5, 3)), np.zeros((5, 3))
        for step in range(200):
            batch = slice(10 * (step % 4), 10 * (step % 4) + 10)
            z = x[batch] @ w
            if by_divergence:
                gradient = kl_gradient(teacher[batch], z)
            else:
                gradient = cross_entropy_gradient(targets[batch], z)
            speed = 0.9 * speed + x[batch].T @ gradient / 10
            w = w - 0.1 * speed
        ends.append(w)
    assert np.abs(ends[0]).max() > 0.1
    assert np.abs(ends[0] - ends[1]).max() < 1e-12
    # The values differ by the mean entropy of the targets, all along.
    z = x @ ends[0]
    gap = cross_entropy_loss(targets, z) - kl_loss(teacher, z)
    assert_allclose(gap, entropy(targets), rtol=1e-12)


def test_a_trainable_target_parts_the_losses() -> None:
    # p = σ(θ) is trained towards q = σ(2): the divergence ends at q, the cross-entropy at 1.
    q = float(special.expit(2.0))

    def slope(theta: float, *, with_entropy: bool) -> float:
        p = float(special.expit(theta))  # the logit of p is θ, and that of q is 2
        return p * (1 - p) * ((theta if with_entropy else 0.0) - 2)

    by_cross_entropy, by_divergence = slope(1.0, with_entropy=False), slope(1.0, with_entropy=True)
    assert oracles.prints("-0.393223866483", by_cross_entropy)
    assert oracles.prints("-0.196611933241", by_divergence)
    h = 1e-5
    for value, function in (
        (by_cross_entropy, binary_cross_entropy),
        (by_divergence, kl_bernoulli),
        (by_cross_entropy - by_divergence, lambda p, _: binary_entropy(p)),
    ):
        ends = [function(float(special.expit(1 + s)), q) for s in (-h, h)]
        assert value == pytest.approx((ends[1] - ends[0]) / (2 * h), abs=1e-9)
    ends = []
    for with_entropy in (False, True):
        theta = 1.0
        for _ in range(4000):
            theta -= slope(theta, with_entropy=with_entropy)
        ends.append(theta)
    assert ends[0] > 7  # and growing: the target collapses to the likelier outcome
    assert ends[1] == pytest.approx(2, abs=1e-9)


def test_maximum_likelihood_is_least_divergence_from_the_empirical_law() -> None:
    counts = np.array([7, 2, 1])
    data, empirical = np.repeat([0, 1, 2], counts), counts / 10
    q = np.array([0.5, 0.3, 0.2])
    likelihood = -float(np.log(q[data]).mean())
    assert oracles.prints("0.886941378501", likelihood)
    assert likelihood == pytest.approx(cross_entropy(empirical, q), rel=1e-15, abs=0)
    assert likelihood == pytest.approx(
        entropy(empirical) + kl_divergence(empirical, q), rel=1e-15, abs=0
    )
    # The three have the same minimiser in a family: laws in proportion to (1, t, t²).
    starts = []
    for loss in (
        lambda p: -float(np.log(p[data]).mean()),
        lambda p: float(cross_entropy(empirical, p)),
        lambda p: float(kl_divergence(empirical, p)),
    ):

        def of_parameter(s: float, loss: Any = loss) -> float:  # noqa: ANN401 - a function
            return float(loss(softmax(s * np.arange(3.0))))

        starts.append(optimize.minimize_scalar(of_parameter, tol=1e-12).x)
    assert_allclose(starts, starts[0], atol=1e-6)


def test_density_models_are_infinitely_far_from_data() -> None:
    # A finer and finer histogram of the model gives the data less and less: KL grows like log n.
    data = np.array([0.1, 0.25, 0.7])
    values = []
    for n in (10**2, 10**4, 10**6):
        cells = np.floor(data * n).astype(int)
        model = np.full(n, 1 / n)  # the uniform density on [0, 1], in cells
        empirical = np.bincount(cells, minlength=n) / data.size
        values.append(kl_divergence(empirical, model))
    assert_allclose(np.diff(values), math.log(100), rtol=1e-12)


def test_batch_gradients_are_unbiased_and_the_same_for_both_losses() -> None:
    labels, logit = np.array([1.0, 1.0, 0.0, 1.0]), 0.4
    full = float(binary_cross_entropy_gradient(labels, logit).mean())
    assert oracles.prints("-0.151312339888", full)
    batches = [labels[list(b)] for b in itertools.combinations(range(4), 2)]
    slopes = [float(binary_cross_entropy_gradient(b, logit).mean()) for b in batches]
    assert np.mean(slopes) == pytest.approx(full, rel=1e-14, abs=0)
    entropies = [binary_entropy(float(b.mean())) for b in batches]
    assert oracles.prints("0.346573590280", np.mean(entropies))
    assert oracles.prints("0.562335144619", binary_entropy(float(labels.mean())))
    assert np.ptp(entropies) > 0.6  # the entropies of the batches differ
    q = float(special.expit(logit))
    for batch, slope in zip(batches, slopes, strict=True):
        mean, h = float(batch.mean()), 1e-6
        for loss in (binary_cross_entropy, kl_bernoulli):  # the gradients do not
            ends = [loss(mean, float(special.expit(logit + s))) for s in (-h, h)]
            assert (ends[1] - ends[0]) / (2 * h) == pytest.approx(slope, abs=1e-9)
            assert slope == pytest.approx(q - mean, rel=1e-14, abs=0)
    # Two batches of the article, label means ½ and 1.
    for mean, text in ((0.5, "0.0986876601125"), (1.0, "-0.401312339888")):
        assert oracles.prints(text, q - mean)
    # Fair labels in batches of four: the mean entropy of a batch.
    mean_entropy = sum(math.comb(4, k) / 16 * binary_entropy(k / 4) for k in range(5))
    assert oracles.prints("0.541097765019", mean_entropy)


def test_smoothed_labels() -> None:
    y = smooth_labels([0.0, 0.0, 1.0, 0.0], 0.1)
    q = [0.1, 0.2, 0.6, 0.1]
    assert_allclose(y, [0.025, 0.025, 0.925, 0.025], rtol=1e-15)
    assert oracles.prints("0.627878904444", mp.mpf(cross_entropy(y, q)))
    assert oracles.prints("0.348780384918", mp.mpf(entropy(y)))
    assert oracles.prints("0.279098519526", mp.mpf(kl_divergence(y, q)))
    y = smooth_labels(np.eye(10)[3], 0.1)
    assert oracles.prints("0.500288035058", mp.mpf(entropy(y)))
    gap = float(np.log(y[3] / y[0]))
    assert oracles.prints("4.51085950652", mp.mpf(gap))
    z = gap * np.eye(10)[3]
    assert cross_entropy_loss(y, z) == pytest.approx(entropy(y), rel=1e-14, abs=0)
    assert_allclose(cross_entropy_gradient(y, z), 0, atol=1e-16)
    assert_allclose(smooth_labels([[0.2, 0.8]], 1.0), 0.5)
    assert smooth_labels([0.2, 0.8], 0).tolist() == [0.2, 0.8]
    assert_allclose(smooth_labels([0.3333333333] * 3, 0.0), 1 / 3, rtol=1e-15)
    assert smooth_labels(np.eye(3, dtype=np.longdouble), 0.1).dtype == np.float64
    table = smooth_labels(np.eye(3), 0.3, axis=0)
    assert_allclose(table, 0.7 * np.eye(3) + 0.1, rtol=1e-15)


def test_distillation() -> None:
    y = [1.0, 0.0, 0.0]
    loss = {
        soft: distillation_loss(y, TEACHER, STUDENT, temperature=4.0, weight=1.0, soft=soft)
        for soft in ("kl", "cross_entropy")
    }
    assert oracles.prints("0.328202224276", mp.mpf(loss["kl"]))
    assert oracles.prints("17.5777966187", mp.mpf(loss["cross_entropy"]))
    assert oracles.prints("17.2495943944", mp.mpf(loss["cross_entropy"] - loss["kl"]))
    gradient = distillation_gradient(y, TEACHER, STUDENT, temperature=4.0, weight=1.0)
    for value, text in zip(
        gradient, ("-0.343582473105", "0.0273499901340", "0.316232482971"), strict=True
    ):
        assert oracles.prints(text, mp.mpf(float(value)))
    # The weights are those of the two terms, and a term of weight 0 may be infinite.
    parts = [
        cross_entropy_loss(y, STUDENT),
        16 * kl_loss(TEACHER, STUDENT, temperature=4.0),
    ]
    value = distillation_loss(y, TEACHER, STUDENT, temperature=4.0, weight=0.3)
    assert value == pytest.approx(0.7 * parts[0] + 0.3 * parts[1], rel=1e-15, abs=0)
    assert distillation_loss(y, [0.0, 0.0, 0.0], [-INF, 0.0, 0.0], weight=0.0) == INF
    assert distillation_loss([0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [-INF, 0, 0], weight=0.0) == (
        math.log(2)
    )
    assert distillation_loss(y, [-INF, 0.0, 0.0], [-INF, 0.0, 0.0], weight=1.0) == 0
    usual: dict[str, Any] = {"temperature": 1.0, "weight": 0.5}
    value = distillation_loss(y, TEACHER, STUDENT)
    assert value == distillation_loss(y, TEACHER, STUDENT, soft="kl", **usual)
    assert_array_equal(
        distillation_gradient(y, TEACHER, STUDENT),
        distillation_gradient(y, TEACHER, STUDENT, **usual),
    )
    assert distillation_loss(y, TEACHER, STUDENT, base=2) == pytest.approx(
        distillation_loss(y, TEACHER, STUDENT) / math.log(2), rel=1e-15, abs=0
    )
    both = distillation_loss([y, y], TEACHER, STUDENT, keepdims=True)
    assert both.shape == (2, 1)


@pytest.mark.parametrize("temperature", [1e20, 1e100, 1e155, 1e200, 1e308])
def test_distillation_at_the_highest_temperatures(temperature: float) -> None:
    # :eq:`eq-distillation-high-t`
    v, z = np.array([2.0, 1.0, 0.0, -np.inf]), np.array([1.0, 1.0, 1.5, -np.inf])
    limit = np.var(z[:3] - v[:3]) / 2
    y = np.eye(4)[0]
    options: dict[str, Any] = {"temperature": temperature, "weight": 1.0}
    assert distillation_loss(y, v, z, **options) == pytest.approx(limit, rel=1e-14, abs=0)
    small = distillation_loss(y, v * 1e-9, z * 1e-9, **options)
    assert small == pytest.approx(limit * 1e-18, rel=1e-14, abs=0)
    assert distillation_loss(y, z, z, **options) == 0


def test_distillation_at_a_temperature_far_below_the_logits() -> None:
    t = 1e20
    for teacher, student, nats in (
        ([1e30, 0.0], [1.0, 0.0], math.log(2)),
        ([1.0, 0.0], [1e30, 0.0], 1e10 / 2 - math.log(2)),
    ):
        loss = distillation_loss([0.0, 1.0], teacher, student, temperature=t, weight=1.0)
        assert loss == pytest.approx(t * t * nats, rel=1e-14, abs=0)


def test_distillation_at_the_lowest_temperatures() -> None:
    loss = distillation_loss([1.0, 0.0], [1.0, 0.0], [0.0, 1.0], temperature=1e-200, weight=1.0)
    assert loss == pytest.approx(1e-200, rel=1e-15, abs=0)


def test_high_temperature_limit_is_a_squared_distance() -> None:
    v, z = np.array(TEACHER), np.array(STUDENT)
    for t, text in ((1.0, "0.266216706828"), (10.0, "0.332502001439"), (100.0, "0.333325000201")):
        assert oracles.prints(text, mp.mpf(t * t * kl_loss(v, z, temperature=t)))
    rng = np.random.default_rng(4)
    for k in (2, 3, 10):
        v, z = rng.normal(0, 3, (2, k))
        limit = float(np.square((z - z.mean()) - (v - v.mean())).sum()) / (2 * k)
        scales = 10.0 ** np.arange(2, 8)
        rests = [t * t * kl_loss(v, z, temperature=t) - limit for t in scales]
        assert all(abs(rest) <= 100 * limit / t for rest, t in zip(rests, scales, strict=True))
        slopes = distillation_gradient(np.eye(k)[0], v, z, temperature=1e7, weight=1.0)
        assert_allclose(slopes, ((z - z.mean()) - (v - v.mean())) / k, rtol=1e-5)


def test_consistency_losses() -> None:
    # UDA: the prediction for the original, perhaps sharpened, is the constant target.
    plain, changed = np.array([2.0, 0.0]), np.array([1.0, 0.0])
    assert oracles.prints("0.0671307544531", mp.mpf(kl_loss(plain, changed)))
    assert oracles.prints("0.432464609540", mp.mpf(cross_entropy_loss(softmax(plain), changed)))
    assert oracles.prints("0.365333855087", mp.mpf(entropy(softmax(plain))))
    assert oracles.prints("0.279774935332", mp.mpf(kl_loss(plain / 0.4, changed)))
    assert_allclose(
        kl_gradient(plain / 0.4, changed),
        softmax(changed) - softmax(plain, temperature=0.4),
        rtol=1e-12,
    )
    # ReSSL: a sharp teacher and a softer student.
    teacher, student = np.array([0.8, 0.7]) / 0.04, np.array([0.75, 0.7]) / 0.1
    assert oracles.prints("0.924141819979", mp.mpf(float(softmax(teacher)[0])))
    assert oracles.prints("0.622459331202", mp.mpf(float(softmax(student)[0])))
    assert oracles.prints("0.512006074191", mp.mpf(cross_entropy_loss(softmax(teacher), student)))
    assert oracles.prints("0.243470889845", mp.mpf(kl_loss(teacher, student)))
    assert oracles.prints("0.268535184346", mp.mpf(entropy(softmax(teacher))))


def clipped_divergence(y: Array, q: Array, epsilon: float = 1e-7) -> float:
    """Return what a popular library computes: both laws are clipped to [ε, 1] first."""
    a, b = np.clip(y, epsilon, 1), np.clip(q, epsilon, 1)
    return float((a * np.log(a / b)).sum())


def test_clipped_divergence_of_hard_labels() -> None:
    y, q = np.eye(10)[0], np.full(10, 0.1)
    assert oracles.prints("2.30258509299", cross_entropy(y, q))
    assert oracles.prints("2.30257265903", clipped_divergence(y, q))
    excess = 9e-7 * mp.log(mp.mpf("1e-6"))
    assert oracles.prints("-1.24339595022e-5", excess)
    assert clipped_divergence(y, q) - cross_entropy(y, q) == pytest.approx(
        float(excess), rel=1e-9, abs=0
    )
    rng = np.random.default_rng(5)
    for _ in range(50):
        q, c, epsilon = rng.dirichlet(np.ones(5)), int(rng.integers(5)), 1e-7
        others = np.delete(q, c)
        expected = -math.log(q[c]) + epsilon * float(np.log(epsilon / others).sum())
        assert clipped_divergence(np.eye(5)[c], q) == pytest.approx(expected, rel=1e-12, abs=0)
    # Without overlap it is finite and depends on ε alone.
    y, q = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert kl_divergence(y, q) == INF
    assert clipped_divergence(y, q) == pytest.approx((1 - 1e-7) * math.log(1e7))


def test_parameters_and_outputs_are_measured_apart() -> None:
    # The same function from distant parameters: two layers with a rectifier between them.
    first, second = np.array([1.0, 1.0]), np.array([10.0, 0.1])
    assert oracles.prints("9.04488805901", np.linalg.norm(first - second))
    x = np.linspace(-5, 5, 41)
    outputs = [w[1] * np.maximum(w[0] * x, 0) for w in (first, second)]
    assert_allclose(outputs[0], outputs[1], rtol=1e-15)
    # Near parameters and distant outputs: a large input.
    assert oracles.prints("4.30689821834", kl_bernoulli(0.5, float(special.expit(10.0))))
    # Near parameters, moderate inputs: the quadratic form of the Fisher information.
    s, t = (float(special.expit(x)) for x in (1.0, 1.01))
    assert oracles.prints("9.81543908799e-6", kl_bernoulli(s, t))
    assert oracles.prints("9.83059666207e-6", 0.01**2 / 2 * s * (1 - s))


def test_losses_agree_with_scipy_where_it_is_right() -> None:
    rng = np.random.default_rng(6)
    z = rng.normal(0, 3, (5, 4))
    assert_allclose(log_softmax(z), special.log_softmax(z, axis=-1), rtol=1e-13)
    assert_allclose(softmax(z), special.softmax(z, axis=-1), rtol=1e-13)
    assert_allclose(log_sum_exp(z), special.logsumexp(z, axis=-1), rtol=1e-13)


# Shapes.


def test_axes_and_batches() -> None:
    rng = np.random.default_rng(7)
    y, v, z = rng.dirichlet(np.ones(4), (3, 1)), rng.normal(size=(2, 4)), rng.normal(size=(3, 2, 4))
    calls: list[tuple[Any, list[Array]]] = [
        (cross_entropy_loss, [y, z]),
        (cross_entropy_gradient, [y, z]),
        (kl_loss, [v, z]),
        (kl_gradient, [v, z]),
        (distillation_loss, [y, v, z]),
        (distillation_gradient, [y, v, z]),
        (log_softmax, [z]),
        (softmax, [z]),
        (log_sum_exp, [z]),
    ]
    for function, args in calls:
        result = function(*args)
        full = np.broadcast_arrays(*args)
        for index in np.ndindex(3, 2):
            single = function(*(a[index] for a in full))
            assert_allclose(result[index], single, rtol=1e-14, atol=1e-16)
        for axis in (0, 1, 2):
            moved = [np.moveaxis(a, -1, axis) for a in full]
            other = function(*moved, axis=axis)
            back = np.moveaxis(other, axis, -1) if other.ndim == 3 else other
            assert_allclose(back, result, rtol=1e-14, atol=1e-16)
        if result.ndim == 2:
            assert function(*args, keepdims=True).shape == (3, 2, 1)
            assert type(function(*(a[0, 0] for a in full))) is float
    for direction in DIRECTIONS:
        gradient = kl_gradient(v, z, direction=direction)
        assert gradient.shape == z.shape
    assert_allclose(
        kl_loss(v, z, direction="reverse"), kl_loss(z, np.broadcast_to(v, z.shape)), rtol=1e-13
    )
    assert_allclose(kl_loss(v, z, base=2), kl_loss(v, z) / math.log(2), rtol=1e-15)
    assert_allclose(
        cross_entropy_loss(y, z, base=2), cross_entropy_loss(y, z) / math.log(2), rtol=1e-15
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", ">f8", "int64"])
def test_losses_are_in_double_precision(dtype: str) -> None:
    z = np.array([1, 2, 3]).astype(dtype)
    y = np.array([0, 0, 1]).astype(dtype)
    assert cross_entropy_loss(y, z) == cross_entropy_loss(Y, Z)
    assert np.array_equal(cross_entropy_gradient(y, z), cross_entropy_gradient(Y, Z))
    assert softmax(z).dtype == np.float64


# The experiment of the chapter.


@pytest.fixture(scope="module")
def train_twice() -> ModuleType:
    return load("train_twice")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_network_trained_twice(train_twice: ModuleType, seed: int) -> None:
    data = train_twice.digits()
    results = train_twice.compare(data, seed=seed)
    floor = entropy(smooth_labels(np.eye(10)[0], 0.1))
    for name in ("hard labels", "smoothed labels", "constant target"):
        first, second = results[name]
        assert train_twice.difference(first, second).max() < 1e-10
        assert np.abs(first.parameters[-1] - first.parameters[0]).max() > 0.1
        assert np.array_equal(first.accuracy, second.accuracy)
        assert first.accuracy[-1] > 0.9 > first.accuracy[0]
        assert_allclose(first.loss - second.loss, first.floor, rtol=0, atol=1e-10)
    assert np.all(results["hard labels"][0].floor == 0)
    assert_allclose(results["smoothed labels"][0].floor, floor, rtol=0, atol=1e-10)
    assert np.ptp(results["constant target"][0].floor) > 0.1
    first, second = results["trainable target"]
    assert train_twice.difference(first, second)[1:].min() > 0.01
    assert train_twice.difference(first, second)[-1] > 0.1
    assert np.all(first.entropy[2:] < second.entropy[2:])


def cifar_file(path: Path, count: int, seed: int) -> tuple[Array, list[int]]:
    """Write a file in the format of CIFAR-10, and return its images and classes."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    classes = [int(c) for c in rng.integers(0, 10, count)]
    planes = images.transpose(0, 3, 1, 2).reshape(count, -1)  # red, then green, then blue
    path.write_bytes(
        b"".join(bytes([c]) + p.tobytes() for c, p in zip(classes, planes, strict=True))
    )
    return images / 255, classes


def test_files_of_cifar10_are_read(train_twice: ModuleType, tmp_path: Path) -> None:
    parts = [cifar_file(tmp_path / f"data_batch_{i}.bin", 5 + i, i) for i in (1, 2)]
    images, classes = cifar_file(tmp_path / "test_batch.bin", 4, 3)
    data = train_twice.cifar10(tmp_path)
    assert data.images.shape == (13, 32, 32, 3)
    assert_allclose(data.images, np.concatenate([part[0] for part in parts]))
    assert data.classes.tolist() == [*parts[0][1], *parts[1][1]]
    assert_allclose(data.test_images, images)
    assert data.test_classes.tolist() == classes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds 0 bytes"),
        (bytes(3072), "holds 3072 bytes"),
        (bytes([10]) + bytes(3072), "has a class 10"),
    ],
)
def test_other_files_are_refused(
    train_twice: ModuleType,
    tmp_path: Path,
    content: bytes,
    message: str,
) -> None:
    with pytest.raises(ValueError, match="no data_batch"):
        train_twice.cifar10(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        train_twice.cifar10(tmp_path)


@pytest.mark.slow
def test_the_program_runs_on_cifar10(
    train_twice: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cifar_file(tmp_path / "data_batch_1.bin", 32, 1)
    cifar_file(tmp_path / "test_batch.bin", 8, 2)
    train_twice.main([str(tmp_path), "--epochs", "1"])
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["setting", "H", "loss", "KL", "loss", "accuracy", "difference"]
    assert [row[:18].strip() for row in rows] == list(train_twice.SETTINGS)
    assert all(float(row.split()[-1]) < 1e-10 for row in rows[:3])


# What clipped code computes.


@pytest.mark.parametrize("how", ["clip", "add"])
@given(laws(4), laws(4), st.sampled_from([0.0, 1e-12, 1e-7, 1e-3, 0.3, 1.0]))
def test_clipped_divergence_by_its_formula(
    how: Literal["clip", "add"], p: Array, q: Array, epsilon: float
) -> None:
    with mp.workdps(60):
        e = mp.mpf(epsilon)
        total = mp.mpf(0)
        for x, y in zip(oracles.law(p), oracles.law(q), strict=True):
            x, y = (max(x, e), max(y, e)) if how == "clip" else (x, y)  # noqa: PLW2901 - what is meant
            if x:
                total += x * oracles.log_ratio(x if how == "clip" else x + e, y)
    value = clipped_kl_divergence(p, q, epsilon=epsilon, how=how)
    if value == math.inf or total > 1e300:
        assert value > 1e300
        assert total == mp.inf
    else:
        assert value == pytest.approx(float(total), rel=1e-13, abs=1e-15)
    assert clipped_kl_divergence(p, q, epsilon=epsilon, how=how, base=2) == pytest.approx(
        value / math.log(2), rel=1e-14, abs=1e-300
    )


def test_clipped_divergence_in_half_precision() -> None:
    p, q = (np.array(law, dtype=np.float16) for law in ([0.5, 0.25, 0.2656], [0.25, 0.5, 0.2422]))
    a, b = (law.astype(np.float64) / law.sum(dtype=np.float64) for law in (p, q))
    assert clipped_kl_divergence(p, q) == pytest.approx(clipped_kl_divergence(a, b), rel=1e-14)


def test_clipped_divergence_is_none() -> None:
    p = np.array([0.5, 0.5])
    assert clipped_kl_divergence(p, p) == 0
    assert clipped_kl_divergence(p, p, epsilon=1e-4, how="add") == pytest.approx(math.log(1.0002))
    assert clipped_kl_divergence([1.0, 0.0], [0.0, 1.0]) == pytest.approx(
        -math.log(1e-7), rel=1e-5, abs=0
    )
    assert clipped_kl_divergence([1.0, 0.0], [0.0, 1.0], how="add") == math.inf
    uniform = np.full(4, 0.25)
    assert clipped_kl_divergence(uniform, [0.4, 0.4, 0.1, 0.1], epsilon=0.25) < -0.2
    hard, uniform = np.eye(10)[0], np.full(10, 0.1)
    difference = clipped_kl_divergence(hard, uniform) - kl_divergence(hard, uniform)
    assert difference == pytest.approx(9e-7 * math.log(1e-6), rel=1e-9, abs=0)
    rows = clipped_kl_divergence([hard, uniform], uniform, keepdims=True)
    assert rows.shape == (2, 1)
