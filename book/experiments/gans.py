"""The experiments of the chapter on generative adversarial networks.

Three questions, each with a function that computes and one that says what must come out:
segments without and with overlap, a discriminator trained to the end for two normal laws that
move apart, and a generator that cannot have both modes of its data. All of it is deterministic
for a given seed; the networks are small and run on the CPU.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray
from scipy.optimize import minimize

import refimpl

jax.config.update("jax_platforms", "cpu")  # the same numbers on every machine, or nearly so
jax.config.update("jax_enable_x64", val=True)

Floats = NDArray[np.float64]
Network = list[tuple[Array, Array]]

# --- Segments


def parallel_segments(distance: float, points: int = 20) -> tuple[float, float, float]:
    """Return KL, JS and W₁ of two parallel unit segments in the plane, each cut into points."""
    heights = (np.arange(points) + 0.5) / points
    first, second = (np.stack([np.full(points, x), heights], axis=1) for x in (0.0, distance))
    share = np.full(points, 1 / points)
    same = distance == 0
    nothing = np.zeros(0 if same else points)
    p, q = np.concatenate([share, nothing]), np.concatenate([nothing, share])
    transport = refimpl.wasserstein(share, share, x=first, y=second)
    return refimpl.kl_divergence(p, q), refimpl.js_divergence(p, q), transport.distance


def overlapping_segments(shift: float, cells: int = 20) -> tuple[float, float, float]:
    """Return KL, JS and W₁ of a unit segment and the same segment shifted by whole cells."""
    edges = np.arange(-cells, 2 * cells) / cells
    start = round(shift * cells)
    p, q = (
        np.where((edges * cells >= k) & (edges * cells < k + cells), 1 / cells, 0.0)
        for k in (0, start)
    )
    transport = refimpl.wasserstein_1d(edges, edges, x_weights=p, y_weights=q)
    return refimpl.kl_divergence(p, q), refimpl.js_divergence(p, q), transport


# --- Networks


def new_network(rng: np.random.Generator, width: int) -> Network:
    """Return a network of one number, with one hidden layer and one output, the logit."""
    inner, bias, outer = rng.standard_normal((3, width))
    return [
        (jnp.array(inner[None]), jnp.array(bias)),
        (jnp.array(outer[:, None]) / np.sqrt(width), jnp.zeros(1)),
    ]


def logit(network: Network, x: Array) -> Array:
    """Return the output of a network at points x."""
    (weights, bias), (weights_out, bias_out) = network
    hidden = jnp.tanh(x[:, None] @ weights + bias)
    return (hidden @ weights_out + bias_out)[:, 0]


def saturating(a: Array) -> Array:
    """Return log(1 - D) for the logit of D."""
    return -jax.nn.softplus(a)


def non_saturating(a: Array) -> Array:
    """Return -log D for the logit of D."""
    return jax.nn.softplus(-a)


# --- Two normal laws that move apart


def normal(x: Any, mean: Any, spread: Any) -> Any:  # noqa: ANN401 - numbers or arrays
    """Return the density of a normal law."""
    return np.exp(-(((x - mean) / spread) ** 2) / 2) / (np.sqrt(2 * np.pi) * spread)


NOISE = np.linspace(-6, 6, 241)
NOISE_WEIGHTS = normal(NOISE, 0, 1) / normal(NOISE, 0, 1).sum()


def slopes_in_theory(distances: Floats) -> Floats:
    """Return the slopes of both losses of the generator for the optimal discriminator.

    The real data follow N(0, 1), the generated data N(θ, 1), and the slopes are θ E D and
    θ E (1 - D) under the generated data.
    """
    theta = np.asarray(distances)[:, None]
    x = NOISE + theta
    best = refimpl.optimal_discriminator(normal(x, 0, 1), normal(x, theta, 1))
    other = refimpl.optimal_discriminator(normal(x, theta, 1), normal(x, 0, 1))
    return np.asarray(distances)[:, None] * np.stack(
        [best @ NOISE_WEIGHTS, other @ NOISE_WEIGHTS], axis=1
    )


@jax.jit
def _loss_and_slope(flat: Array, example: Network, x: Array, p: Array, q: Array) -> Any:  # noqa: ANN401  (what JAX returns)
    unravel = ravel_pytree(example)[1]

    def loss(vector: Array) -> Array:
        a = logit(unravel(vector), x)
        return p @ jax.nn.softplus(-a) + q @ jax.nn.softplus(a)

    return jax.value_and_grad(loss)(flat)


@jax.jit
def _slopes(network: Network, theta: Array) -> Array:
    def mean(shift: Array, loss: Any) -> Array:  # noqa: ANN401 - a function
        return NOISE_WEIGHTS @ loss(logit(network, NOISE + shift))

    return jnp.stack([jax.grad(partial(mean, loss=f))(theta) for f in (saturating, non_saturating)])


def slopes_of_trained_discriminator(distance: float, seed: int) -> Floats:
    """Return the slopes for a network that was trained until its loss stopped falling.

    The loss is that of the laws themselves, not of samples: a mean over a fine grid.
    """
    x = np.linspace(-6, distance + 6, 121)
    p, q = (normal(x, mean, 1) / normal(x, mean, 1).sum() for mean in (0, distance))
    network = new_network(np.random.default_rng(seed), 16)
    flat, unravel = ravel_pytree(network)
    result = minimize(
        lambda v: [np.asarray(y) for y in _loss_and_slope(v, network, x, p, q)],
        np.asarray(flat),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 200, "ftol": 1e-11, "gtol": 1e-8},
    )
    logits = refimpl.optimal_discriminator(p, q, as_logits=True)
    best = refimpl.discriminator_loss(p, q, logits=logits)
    if not best - 1e-12 <= result.fun <= best + 1e-4:
        raise RuntimeError(f"the loss {result.fun} has not come down to {best}")
    return np.asarray(_slopes(unravel(result.x), float(distance)))


def slopes_agree(distances: Floats, theory: Floats, trained: Floats) -> bool:
    """Return whether the networks show what the text says.

    The saturating slope is that of the theory to one per cent, and vanishes. The non-saturating
    slope is that of the theory to 15 per cent up to distance 4; beyond, where the network has
    hardly any real data to learn from, it is smaller than in theory, but stays large.
    """
    ratio = trained / theory
    near = np.asarray(distances) <= 4
    return bool(
        np.all(np.abs(ratio[:, 0] - 1) < 0.01)
        and np.all(np.abs(ratio[near, 1] - 1) < 0.15)
        and np.all((ratio[~near, 1] > 0.3) & (ratio[~near, 1] < 0.95))
        and trained[-1, 1] > 100 * trained[-1, 0]
    )


# --- A generator that cannot have both modes


def two_modes(x: Floats) -> Floats:
    """Return the density of the data: two narrow normal laws around -3 and 3."""
    return (normal(x, -3, 0.5) + normal(x, 3, 0.5)) / 2


class Run(NamedTuple):
    """Mean and spread of the generated law during training."""

    step: Floats
    mean: Floats
    spread: Floats


def _adam(state: Any, slope: Any, rate: float, t: Array) -> Any:  # noqa: ANN401 - nested arrays
    """Return the state after a step of Adam with β = (0.5, 0.9)."""
    value, first, second = state
    first = jax.tree.map(lambda m, g: 0.5 * m + 0.5 * g, first, slope)
    second = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g * g, second, slope)
    value = jax.tree.map(
        lambda x, m, v: x - rate * (m / (1 - 0.5**t)) / (jnp.sqrt(v / (1 - 0.9**t)) + 1e-8),
        value,
        first,
        second,
    )
    return value, first, second


@jax.jit
def _train(network: Network, generator: Array, real: Array, noise: Array) -> Array:
    """Return mean and log-spread of the generator after each of its steps.

    `real` and `noise` hold a batch for each step of the discriminator; the generator takes its
    step after the last of some, with the noise of that one.
    """

    def generate(g: Array, z: Array) -> Array:
        return g[0] + jnp.exp(g[1]) * z

    def loss_d(d: Network, x: Array, fake: Array) -> Array:
        return jnp.mean(non_saturating(logit(d, x))) - jnp.mean(saturating(logit(d, fake)))

    def loss_g(g: Array, d: Network, z: Array) -> Array:
        return jnp.mean(non_saturating(logit(d, generate(g, z))))

    def step(carry: Any, batch: Any) -> Any:  # noqa: ANN401 - nested arrays
        def discriminate(inner: Any, pair: Any) -> Any:  # noqa: ANN401 - nested arrays
            d, t = inner
            slope = jax.grad(loss_d)(d[0], pair[0], generate(g[0], pair[1]))
            return (_adam(d, slope, 0.01, t + 1), t + 1), None

        d, g, t, u = carry
        (d, t), _ = lax.scan(discriminate, (d, t), batch)
        g = _adam(g, jax.grad(loss_g)(g[0], d[0], batch[1][-1]), 0.005, u + 1)
        return (d, g, t, u + 1), g[0]

    def fresh(value: Any) -> Any:  # noqa: ANN401 - nested arrays
        zero = jax.tree.map(jnp.zeros_like, value)
        return value, zero, zero

    return lax.scan(step, (fresh(network), fresh(generator), 0, 0), (real, noise))[1]


def train_on_two_modes(seed: int, mean: float, spread: float, steps: int = 1000) -> Run:
    """Train an affine generator, from a mean and a spread, against the data with two modes."""
    rng = np.random.default_rng(seed)
    batches = (steps, 5, 64)
    real = rng.choice([-3.0, 3.0], batches) + 0.5 * rng.standard_normal(batches)
    start = jnp.array([mean, np.log(spread)])
    path = np.asarray(_train(new_network(rng, 32), start, real, rng.standard_normal(batches)))
    return Run(np.arange(1.0, steps + 1), path[:, 0], np.exp(path[:, 1]))


def has_collapsed(run: Run) -> bool:
    """Return whether a run has ended at one mode, with its spread, and without the other."""
    mean, spread = run.mean[-100:].mean(), run.spread[-100:].mean()
    beyond = abs(mean) / spread  # in standard deviations: how far the other half of the line is
    return bool(abs(abs(mean) - 3) < 0.2 and abs(spread - 0.5) < 0.15 and beyond > 4)


def objectives(mean: float, spread: float) -> tuple[float, float]:
    """Return KL(q ‖ p) - 2 JS, which the game follows, and KL(p ‖ q), for a normal law q."""
    x = np.linspace(-16, 16, 6401)
    p, q = (y / y.sum() for y in (two_modes(x), normal(x, mean, spread)))
    return 2 * refimpl.kl_divergence((p + q) / 2, p), refimpl.kl_divergence(p, q)
