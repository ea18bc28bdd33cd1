"""Critics, Lipschitz constants, clipping and penalties: closed forms and laws."""

import itertools
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import ArrayLike
from scipy import integrate, stats

from refimpl import (
    clip_weights,
    critic_objective,
    gradient_penalty,
    lipschitz_bound,
    lipschitz_constant,
    spectral_norm,
    wasserstein,
)
from tests.experiments import load
from tests.strategies import Array, laws, numbers, pairs

POINTS, P, Q = [0.0, 1.0, 3.0], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]
eighths = st.integers(-80, 80).map(lambda i: i / 8)
scales = st.sampled_from([1e-300, 1e-160, 1e-8, 1.0, 1e8, 1e160, 1e300])


@st.composite
def matrices(draw: st.DrawFn) -> Array:
    """Draw a matrix of any rank."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    entries = draw(st.lists(numbers, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return np.reshape(entries, shape)


# Critics.


@given(pairs(4), st.lists(numbers, min_size=4, max_size=4), numbers)
def test_objective_is_the_difference_of_the_means(
    pair: tuple[Array, Array], values: list[float], shift: float
) -> None:
    p, q = pair
    f = np.array(values)
    exact = math.fsum(p * f) / math.fsum(p) - math.fsum(q * f) / math.fsum(q)
    value = critic_objective(f, f, x_weights=p, y_weights=q)
    assert value == pytest.approx(exact, rel=1e-12, abs=1e-13)
    moved = critic_objective(f + shift, f + shift, x_weights=p, y_weights=q)
    assert moved == pytest.approx(value, rel=1e-12, abs=1e-12)
    assert critic_objective(f, f) == 0
    on_line = critic_objective(f, f, critic=lambda x: 2 * x, x_weights=p, y_weights=q)
    assert on_line == pytest.approx(2 * exact, rel=1e-12, abs=1e-12)


def test_objective_of_a_critic_in_the_plane() -> None:
    x, y = [[0.0, 1.0], [2.0, 3.0]], [[1.0, 1.0], [2.0, 2.0], [3.0, 0.0]]
    value = critic_objective(x, y, critic=lambda points: points @ np.array([1.0, -2.0]))
    assert value == pytest.approx((-2 - 4) / 2 - (-1 - 2 + 3) / 3)


def test_best_critics_on_the_line_attain_the_distance() -> None:
    for theta in (0.3, 2.0, 1e-9):
        assert critic_objective([0.0], [theta], critic=lambda x: -x) == theta
    weights: dict[str, Any] = {"x_weights": P, "y_weights": Q}
    value = critic_objective(POINTS, POINTS, critic=lambda x: -x, **weights)
    assert value == pytest.approx(
        stats.wasserstein_distance(POINTS, POINTS, P, Q), rel=1e-14, abs=0
    )
    flat = critic_objective([0.0, -1.0, -1.0], [0.0, -1.0, -1.0], **weights)
    assert flat == pytest.approx(0.3, rel=1e-15, abs=0)


def test_errors_of_critics() -> None:
    with pytest.raises(TypeError, match="critic = 1 is not a function"):
        critic_objective([0.0], [1.0], critic=1)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match=r"critic returns an array of shape \(1, 1\)"):
        critic_objective([[0.0]], [[1.0]], critic=lambda x: x)
    with pytest.raises(ValueError, match=r"critic\[0\] = inf is not a finite number"):
        critic_objective([0.0], [1.0], critic=lambda x: x + math.inf)
    with pytest.raises(ValueError, match=r"x has shape \(1, 1\); give numbers"):
        critic_objective([[0.0]], [[1.0]])


def test_a_critic_cannot_change_the_points() -> None:
    x = np.array([0.0, 1.0])

    def critic(points: Array) -> Array:
        points *= 2
        return points

    assert critic_objective(x, [5.0], critic=critic) == -9
    assert_array_equal(x, [0.0, 1.0])


# Lipschitz constants.


@given(st.lists(st.tuples(eighths, eighths), min_size=1, max_size=6))
def test_constant_is_the_steepest_slope(table: list[tuple[float, float]]) -> None:
    x, f = np.array(table).T
    slopes = [
        abs(f[i] - f[j]) / abs(x[i] - x[j]) if x[i] != x[j] else math.inf * (f[i] != f[j] or 0)
        for i, j in itertools.combinations(range(len(x)), 2)
    ]
    expected = max([0.0 if math.isnan(s) else s for s in slopes], default=0.0)
    value = lipschitz_constant(f, x=x)
    assert value == pytest.approx(expected, rel=1e-9, abs=0)
    assert lipschitz_constant(f, x=x[:, None]) == value
    plane = np.stack([3 * x, 4 * x], axis=1)
    assert lipschitz_constant(f, x=plane) == pytest.approx(expected / 5, rel=1e-9, abs=0)
    distances = np.abs(x[:, None] - x)
    if np.all((distances > 0) | np.eye(len(x), dtype=bool)):
        assert lipschitz_constant(f, distance=distances) == pytest.approx(expected, rel=1e-9, abs=0)


def test_constant_of_a_function() -> None:
    assert lipschitz_constant(np.sin, x=np.linspace(-1, 1, 1001)) == pytest.approx(
        1, rel=1e-6, abs=0
    )
    grid = np.stack(np.meshgrid(*2 * [np.linspace(0, 1, 30)]), axis=-1).reshape(-1, 2)
    slope = lipschitz_constant(lambda x: x @ np.array([3.0, 4.0]), x=grid)
    assert slope == pytest.approx(5, rel=1e-2, abs=0)
    assert slope <= 5 * (1 + 1e-12)
    assert lipschitz_constant([1.0], x=[0.0]) == 0
    assert lipschitz_constant([1.0, 2.0], x=[0.0, 0.0]) == math.inf
    assert lipschitz_constant([1.0, 1.0], x=[0.0, 0.0]) == 0


def test_errors_of_constants() -> None:
    for bad in ({}, {"x": [0, 1], "distance": [[0, 1], [1, 0]]}):
        with pytest.raises(TypeError, match="give either the points x or their distance"):
            lipschitz_constant([0, 1], **bad)  # type: ignore[arg-type]  # likewise
    with pytest.raises(TypeError, match="values is a function"):
        lipschitz_constant(np.sin, distance=[[0, 1], [1, 0]])
    with pytest.raises(ValueError, match="values has 3, x has 2"):
        lipschitz_constant([0, 1, 2], x=[0, 1])
    with pytest.raises(ValueError, match=r"values has shape \(1, 2\)"):
        lipschitz_constant([[0, 1]], x=[0, 1])


@given(pairs(4), st.lists(numbers, min_size=4, max_size=4), st.floats(0.1, 10))
def test_objective_is_at_most_the_constant_times_the_distance(
    pair: tuple[Array, Array], values: list[float], scale: float
) -> None:
    """The supremum over the K-Lipschitz functions is K times the distance of order 1."""
    p, q = pair
    x, f = scale * np.array([0.0, 1.0, 1.5, 4.0]), np.array(values)
    w1 = float(stats.wasserstein_distance(x, x, p, q))
    value = critic_objective(f, f, x_weights=p, y_weights=q)
    assert abs(value) <= lipschitz_constant(f, x=x) * w1 * (1 + 1e-9) + 1e-12


# Networks.


def network(weights: list[Array], biases: list[Array], slope: float) -> Any:  # noqa: ANN401  (a function of arrays)
    """Return a network with leaky rectifiers between its layers."""

    def function(x: Array) -> Array:
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            if i:
                x = np.where(x > 0, x, slope * x)
            x = x @ w.T + b
        return x[:, 0]

    return function


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_bounds_of_a_network_hold(seed: int, slope: float) -> None:
    rng = np.random.default_rng(seed)
    sizes = [2, 5, 4, 1]
    weights = [rng.normal(size=(m, n)) for n, m in itertools.pairwise(sizes)]
    biases = [rng.normal(size=m) for m in sizes[1:]]
    x = rng.normal(size=(300, 2))
    steepest = lipschitz_constant(network(weights, biases, slope), x=x)
    spectral, frobenius = (
        lipschitz_bound(weights, norm=norm) for norm in ("spectral", "frobenius")
    )
    assert 0 < steepest <= spectral <= frobenius
    limit = 0.3
    clipped = clip_weights(weights, limit=limit)
    worst = math.prod(limit * math.sqrt(w.size) for w in clipped)
    assert lipschitz_constant(network(clipped, biases, slope), x=x) <= lipschitz_bound(clipped)
    assert lipschitz_bound(clipped, norm="frobenius") <= worst * (1 + 1e-12)
    normalised = [w / spectral_norm(w) for w in weights]
    assert lipschitz_bound(normalised) == pytest.approx(1, rel=1e-12, abs=0)
    assert lipschitz_constant(network(normalised, biases, slope), x=x) <= 1 + 1e-12


def test_clipping_bound_is_attained() -> None:
    """All weights at the limit give a matrix of rank one, where both norms are the same."""
    layers = [np.full((128, 128), 0.01), np.full((1, 128), 0.01)]
    assert lipschitz_bound(layers) == pytest.approx(0.144815468787, rel=1e-11, abs=0)
    assert lipschitz_bound(layers, norm="frobenius") == pytest.approx(1.28 * 0.01 * math.sqrt(128))
    assert lipschitz_bound(layers[:1]) == pytest.approx(1.28, rel=1e-14, abs=0)


@given(st.lists(matrices(), min_size=1, max_size=3), st.floats(0.01, 20))
def test_clipping_moves_to_the_nearest_point_of_the_box(weights: list[Array], limit: float) -> None:
    before = [w.copy() for w in weights]
    clipped = clip_weights([*weights, weights[0][0]], limit=limit)
    for old, given_, new in zip([*before, before[0][0]], [*weights, None], clipped, strict=True):
        assert given_ is None or np.array_equal(given_, old)
        assert new.shape == old.shape
        assert np.abs(new).max() <= limit
        assert_array_equal(new[np.abs(old) <= limit], old[np.abs(old) <= limit])
        assert_array_equal(np.abs(new[np.abs(old) > limit]), limit)
    for again, new in zip(clip_weights(clipped, limit=limit), clipped, strict=True):
        assert_array_equal(again, new)
    assert clip_weights((weights[0],), limit=limit)[0].shape == weights[0].shape


@given(st.lists(eighths, min_size=2, max_size=5), st.floats(0.01, 1))
def test_clipped_linear_critics_underestimate_a_shift(shift: list[float], limit: float) -> None:
    """Over |w_i| ≤ c the best w·Δ is c‖Δ‖₁; divided by c√d it lies between ‖Δ‖₂/√d and ‖Δ‖₂."""
    delta = np.array(shift)
    d = len(delta)
    (best,) = clip_weights([1e9 * np.sign(delta)], limit=limit)
    value = float(best @ delta)
    corners = [np.array(c) @ delta for c in itertools.product([-limit, limit], repeat=d)]
    assert value == pytest.approx(max(corners), rel=1e-12, abs=1e-12)
    length = float(np.linalg.norm(delta))
    ratio = value / lipschitz_bound([np.full((1, d), limit)])
    assert length / math.sqrt(d) * (1 - 1e-12) <= ratio <= length * (1 + 1e-12)


def test_bound_of_layers_that_are_large_and_small() -> None:
    large, small = [[1e200]], [[1e-200]]
    bound = lipschitz_bound([large, large, small, small])
    assert bound == pytest.approx(1, rel=1e-12, abs=0)
    assert lipschitz_bound([small, small, large, large]) == pytest.approx(1, rel=1e-12, abs=0)
    assert lipschitz_bound([large, large]) == math.inf
    assert lipschitz_bound([large, large, [[0.0]]]) == 0


def test_errors_of_networks() -> None:
    with pytest.raises(
        ValueError, match=r"weights\[1\] has shape \(1, 3\) and weights\[0\] \(2, 2\)"
    ):
        lipschitz_bound([np.eye(2), [[1.0, 2.0, 3.0]]])
    with pytest.raises(ValueError, match=r"weights\[1\] has shape \(2,\); give a matrix"):
        lipschitz_bound([np.eye(2), [1.0, 2.0]])
    with pytest.raises(ValueError, match=r"weights\[0\]\[0, 1\] = nan is not a finite"):
        clip_weights([[[0.0, math.nan]]])
    with pytest.raises(ValueError, match="weights is empty; give at least one array"):
        clip_weights([])
    for limit in (0, -1.0, math.inf):
        with pytest.raises(ValueError, match=r"limit = .* give a finite number > 0"):
            clip_weights([[1.0]], limit=limit)


# Spectral norms.


@given(matrices(), scales)
def test_spectral_norm_is_the_largest_singular_value(matrix: Array, scale: float) -> None:
    largest = np.linalg.svd(matrix, compute_uv=False).max() * scale
    assert spectral_norm(matrix * scale) == pytest.approx(largest, rel=1e-12, abs=1e-305)
    frobenius = lipschitz_bound([matrix * scale], norm="frobenius")
    assert spectral_norm(matrix * scale) <= frobenius * (1 + 1e-12)


@given(matrices(), st.integers(0, 3))
def test_power_iteration_increases_to_the_norm(matrix: Array, seed: int) -> None:
    start = np.random.default_rng(seed).normal(size=matrix.shape[1])
    norm = spectral_norm(matrix)
    estimates = [spectral_norm(matrix, iterations=k, start=start) for k in (1, 2, 3, 10, 100)]
    for small, large in itertools.pairwise([*estimates, norm]):
        assert small <= large * (1 + 1e-12) + 1e-12
    values = np.append(np.linalg.svd(matrix, compute_uv=False), 0.0)
    if values[1] < 0.9 * values[0]:
        assert estimates[-1] == pytest.approx(norm, rel=1e-6, abs=0)
    assert lipschitz_constant(lambda x: x @ matrix[0], x=np.eye(matrix.shape[1])) <= norm * (
        1 + 1e-9
    )


def test_power_iteration_by_hand() -> None:
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert spectral_norm(w, iterations=1, start=[1, 0]) == pytest.approx(
        math.sqrt(29.6), rel=1e-15, abs=0
    )
    assert spectral_norm(w, iterations=2, start=[1, 0]) == pytest.approx(
        5.46498521027, rel=1e-11, abs=0
    )
    assert lipschitz_bound([w], norm="frobenius") == pytest.approx(math.sqrt(30), rel=1e-15, abs=0)
    assert spectral_norm(w, iterations=3) <= spectral_norm(w)
    for size in (1e-300, 1e-8, 1e300):  # the length of the start does not matter
        estimate = spectral_norm(w, iterations=1, start=[size, -size])
        assert estimate == pytest.approx(
            spectral_norm(w, iterations=1, start=[1, -1]), rel=1e-12, abs=0
        )
    # A start that the matrix sends to 0, or that never leaves a smaller singular space.
    assert spectral_norm([[0.0, 1.0]], iterations=5, start=[1.0, 0.0]) == 0
    assert spectral_norm(np.diag([1.0, 2.0]), iterations=5, start=[1.0, 0.0]) == 1
    assert spectral_norm(np.zeros((2, 3))) == 0


def test_errors_of_spectral_norms() -> None:
    w = [[1.0, 2.0]]
    with pytest.raises(TypeError, match="start is for the power iteration; give iterations"):
        spectral_norm(w, start=[1.0, 0.0])
    starts: list[ArrayLike] = [[0.0, 0.0], [1.0], 1.0]
    for start in starts:
        with pytest.raises(ValueError, match=r"start is .* give 2 numbers, not all 0"):
            spectral_norm(w, iterations=1, start=start)
    with pytest.raises(ValueError, match=r"weight has shape \(2,\); give a matrix"):
        spectral_norm(w[0])


# Gradient penalties.


@given(st.floats(-3, 3), st.floats(0.01, 3), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_penalty_of_linear_critics(slope: float, theta: float, shares: list[float]) -> None:
    n = len(shares)
    x, y = np.zeros(n), np.full(n, theta)

    def gradient(points: Array) -> Array:
        assert np.all((points >= 0) & (points <= theta))
        return np.full(points.shape, slope)

    value = gradient_penalty(x, y, gradient=gradient, fractions=shares)
    assert value == pytest.approx((abs(slope) - 1) ** 2, rel=1e-12, abs=1e-15)
    one_sided = gradient_penalty(x, y, gradient=gradient, fractions=shares, one_sided=True)
    assert one_sided == pytest.approx(max(abs(slope) - 1, 0) ** 2, rel=1e-12, abs=1e-15)


def test_penalty_is_taken_between_the_points() -> None:
    # :eq:`def-wgan-gp`
    x, y = np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[4.0, 4.0], [2.0, 8.0]])
    seen: list[Array] = []

    def gradient(points: Array) -> Array:
        seen.append(points)
        return 2 * points

    value = gradient_penalty(x, y, gradient=gradient, fractions=[0.75, 0.5])
    assert_array_equal(seen[0], [[1.0, 1.0], [2.0, 4.0]])
    assert value == pytest.approx(((math.sqrt(8) - 1) ** 2 + (math.sqrt(80) - 1) ** 2) / 2)
    gradient_penalty(x, y, gradient=gradient, fractions=0.25)
    assert_array_equal(seen[1], [[3.0, 3.0], [2.0, 6.0]])


@pytest.mark.parametrize(("theta", "lam"), [(1.0, 10.0), (0.1, 10.0), (2.0, 0.5)])
def test_penalised_optimum_is_above_the_distance(theta: float, lam: float) -> None:
    """For δ₀ and δ_θ the best slope is 1 + θ/2λ and the best value θ + θ²/4λ."""

    def value(slope: float) -> float:
        penalty = gradient_penalty([0.0], [theta], gradient=lambda x: 0 * x - slope, fractions=0.5)
        return critic_objective([0.0], [theta], critic=lambda x: -slope * x) - lam * penalty

    best = 1 + theta / (2 * lam)
    assert value(best) == pytest.approx(theta + theta**2 / (4 * lam), rel=1e-12, abs=0)
    assert value(best) > max(value(best - 1e-3), value(best + 1e-3), theta)
    # No critic is better: the integrand s - (λ/θ)(s - 1)² is largest at the same s everywhere.
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.normal(0, 0.2, size=2)

        def slope(t: float, a: float = a, b: float = b) -> float:
            return best + a * math.cos(5 * t) + b * t

        gain, _ = integrate.quad(
            lambda t, s=slope: s(t) - lam / theta * (abs(s(t)) - 1) ** 2, 0, theta
        )
        assert gain <= theta + theta**2 / (4 * lam) + 1e-9


def test_penalty_of_equal_laws() -> None:
    """A constant critic pays the full penalty; the one-sided penalty lets it go free."""
    x = [0.0, 1.0]
    assert gradient_penalty(x, x, gradient=np.zeros_like, fractions=0.5) == 1
    assert gradient_penalty(x, x, gradient=np.zeros_like, fractions=0.5, one_sided=True) == 0


def test_errors_of_penalties() -> None:
    good: dict[str, Any] = {"gradient": np.ones_like, "fractions": 0.5}
    with pytest.raises(ValueError, match=r"x has shape .* give pairs of points"):
        gradient_penalty([0.0, 1.0], [0.0], **good)
    with pytest.raises(ValueError, match=r"fractions has shape \(3,\); give one number for each"):
        gradient_penalty([0.0, 1.0], [0.0, 1.0], **(good | {"fractions": [0.1, 0.2, 0.3]}))
    with pytest.raises(ValueError, match=r"fractions = 1.5 is larger than 1"):
        gradient_penalty([0.0], [0.0], **(good | {"fractions": 1.5}))
    with pytest.raises(ValueError, match="gradient returns an array of shape"):
        gradient_penalty([[0.0]], [[0.0]], **(good | {"gradient": lambda x: x[0]}))
    with pytest.raises(TypeError, match="gradient = None is not a function"):
        gradient_penalty([0.0], [0.0], **(good | {"gradient": None}))


# Unit gradients, rotation, minibatches.


@given(laws(4), laws(4))
def test_best_critic_is_affine_along_transport(p: Array, q: Array) -> None:
    """On the line the best critic has slope 1 or -1, down or up, wherever mass moves."""
    x = np.array([0.0, 1.0, 1.5, 4.0])
    rises = np.sign(np.cumsum(q - p)[:-1])
    f = np.append(0.0, np.cumsum(rises * np.diff(x)))
    value = critic_objective(f, f, x_weights=p, y_weights=q)
    assert value == pytest.approx(stats.wasserstein_distance(x, x, p, q), rel=1e-9, abs=1e-12)
    assert lipschitz_constant(f, x=x) <= 1 + 1e-12
    # The monotone plan moves mass only over intervals on which the critic has slope ±1.
    levels = np.unique(np.concatenate([[0.0], np.cumsum(p), np.cumsum(q)]))
    for low, high in itertools.pairwise(np.minimum(levels, 1)):
        if high - low > 1e-9:
            u = (low + high) / 2
            i, j = (min(int(np.searchsorted(np.cumsum(w), u)), 3) for w in (p, q))
            assert f[i] - f[j] == pytest.approx(abs(x[i] - x[j]), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_best_critic_rises_along_transport_in_the_plane(seed: int) -> None:
    # :eq:`thm-critic-unit-gradient`
    """A best critic, extended from the points to the plane, has slope 1 along the segments."""
    rng = np.random.default_rng(seed)
    y, x = rng.normal(size=(5, 2)), rng.normal(size=(5, 2)) + 1  # data and generated points
    uniform = np.full(5, 0.2)
    found = wasserstein(uniform, uniform, x=y, y=x)
    assert found.gap <= 1e-9 * found.cost
    apart = np.linalg.norm(x[:, None] - y, axis=-1)  # generated points in rows
    rows, columns = np.nonzero(found.plan.T > 0.1)
    assert len(rows) == 5
    at_data = np.asarray(found.potentials[0])

    def critic(z: Array) -> Array:
        return np.asarray((at_data - np.linalg.norm(z[:, None] - y, axis=-1)).max(axis=1))

    assert critic_objective(y, x, critic=critic) == pytest.approx(found.cost, rel=1e-9, abs=0)
    assert lipschitz_constant(critic, x=np.concatenate([x, y])) <= 1 + 1e-9
    for t in (0.25, 0.5, 1.0):
        between = (1 - t) * x[rows] + t * y[columns]
        rise = critic(between) - critic(x[rows])
        np.testing.assert_allclose(rise, t * apart[rows, columns], rtol=1e-9, atol=1e-12)
    middle, step = (x[rows] + y[columns]) / 2, 1e-6
    gradient = np.stack(
        [(critic(middle + e) - critic(middle - e)) / (2 * step) for e in step * np.eye(2)], axis=1
    )
    unit = (y[columns] - x[rows]) / apart[rows, columns][:, None]
    np.testing.assert_allclose(gradient, unit, atol=1e-5)


@pytest.mark.parametrize(("theta", "sd"), [(0.7, 2.0), (0.2, 1.5), (-1.0, 3.0)])
def test_generator_gradient_through_the_best_critic(theta: float, sd: float) -> None:
    # :eq:`eq-wgan-gradient`
    """For N(0, 1) and N(θ, s²) the derivative of W₁ is the mean slope of the critic, reversed."""

    def distance(shift: float) -> float:
        c = (sd - 1) * math.sqrt(2 / math.pi) * math.exp(-(shift**2) / (2 * (sd - 1) ** 2))
        return c + shift * (1 - 2 * stats.norm.cdf(-shift / (sd - 1)))

    derivative = (distance(theta + 1e-5) - distance(theta - 1e-5)) / 2e-5
    # The quantiles of the data and of the model meet at one point; the critic -|x - kink| has
    # slope 1 below it and -1 above it.
    kink = -theta / (sd - 1)
    below = stats.norm.cdf(kink, loc=theta, scale=sd)
    assert derivative == pytest.approx(-(below - (1 - below)), rel=1e-6, abs=0)
    objective, _ = integrate.quad(
        lambda t: -abs(t - kink) * (stats.norm.pdf(t) - stats.norm.pdf(t, theta, sd)),
        -40, 40, points=[kink, 0, theta], limit=500,
    )  # fmt: skip
    assert objective == pytest.approx(distance(theta), rel=1e-8, abs=0)
    if theta == 0.7:
        assert distance(theta) == pytest.approx(0.985758753621, rel=1e-11, abs=0)
        assert 1 - 2 * stats.norm.cdf(-theta) == pytest.approx(0.516072695554, rel=1e-11, abs=0)


def test_gradient_play_turns() -> None:
    """Simultaneous steps on -ψθ multiply the radius by √(1 + h²); clipping gives a cycle."""
    theta, psi, h = 1.0, 0.0, 0.1
    for step in range(1, 101):
        theta, psi = theta + h * psi, psi - h * theta
        assert math.hypot(theta, psi) == pytest.approx((1 + h * h) ** (step / 2), rel=1e-12, abs=0)
    assert math.hypot(theta, psi) == pytest.approx(1.64463182184, rel=1e-11, abs=0)
    theta, psi, path = 1.0, 0.0, []
    for _ in range(4000):
        theta, psi = theta + h * psi, float(clip_weights([[psi - h * theta]], limit=0.5)[0][0])
        path.append(theta)
    late = np.array(path[2000:])
    assert late.max() > 0.5
    assert late.min() < -0.5
    assert np.abs(late).max() < 4


@pytest.mark.parametrize(("n", "mean"), [(1, 1 / 3), (2, 4 / 15), (64, 0.0550672565098)])
def test_distance_of_two_samples_is_positive_on_average(n: int, mean: float) -> None:
    """For the uniform law: the mean of W₁ of the empirical laws of two samples of size n."""
    rng = np.random.default_rng(n)
    x, y = np.sort(rng.random((2, 20000, n)), axis=-1)
    distances = np.abs(x - y).mean(axis=-1)
    error = distances.std() / math.sqrt(len(distances))
    assert abs(distances.mean() - mean) < 4 * error
    # E|x₍ᵢ₎ - y₍ᵢ₎| by the exact law of order statistics.
    total = 0.0
    for i in range(1, n + 1):
        value, _ = integrate.quad(
            lambda t, i=i: 2 * stats.beta.cdf(t, i, n + 1 - i) * stats.beta.sf(t, i, n + 1 - i),
            0,
            1,
        )
        total += value / n
    assert total == pytest.approx(mean, rel=1e-10, abs=0)


# The experiments of the chapter, with other seeds.


@pytest.fixture(scope="module")
def experiments() -> ModuleType:
    return load("wgans")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_critics_alone(experiments: ModuleType, seed: int) -> None:
    experiments.check_separated(experiments.separated(seed))
    found = {
        method: [experiments.estimate(method, shift, seed) for shift in (1, 2, 4)]
        for method in ("clipping", "penalty", "spectral")
    }
    experiments.check_estimates(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_on_the_line(experiments: ModuleType, seed: int) -> None:
    line = experiments.LINE
    experiments.check_line({m: experiments.train(m, line, seed) for m in experiments.METHODS})


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_in_the_plane(experiments: ModuleType, seed: int) -> None:
    ring = experiments.RING
    experiments.check_ring({m: experiments.train(m, ring, seed) for m in experiments.METHODS})
