"""The training runs of the chapter on Wasserstein GANs: small networks, CPU, fixed seeds.

Generators and critics are networks with two hidden layers. All five ways to train share data,
networks, optimiser, batches and the number of steps; they differ in the losses and in what keeps
the critic Lipschitz. Distances are not estimated: `refimpl` computes them exactly from samples.
"""

import itertools
import os
from functools import partial
from typing import Any, NamedTuple

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import refimpl

METHODS = ("saturating", "non-saturating", "clipping", "penalty", "spectral")
CLIP, LAMBDA = 0.1, 1.0
RATE, CRITIC_STEPS, HIDDEN, BATCH = 1e-3, 5, 32, 64
Weights = list[tuple[jax.Array, jax.Array]]


# Data: mixtures of normal laws, in the line and in the plane.


class Mixture(NamedTuple):
    """Equally likely normal laws: their means, in rows, and their standard deviation."""

    means: np.ndarray
    std: float

    def sample(self, rng: np.random.Generator, *shape: int) -> np.ndarray:
        """Draw points, in rows of an array with these axes."""
        points = self.means[rng.integers(len(self.means), size=shape)]
        return points + self.std * rng.standard_normal(points.shape)

    def modes(self, points: np.ndarray) -> int:
        """Count the means that have at least two per cent of the points within three deviations.

        An equal share would be 100 / 3 or 100 / 8 per cent.
        """
        apart = np.linalg.norm(points[:, None] - self.means, axis=-1)
        return int(((apart < 3 * self.std).mean(axis=0) >= 0.02).sum())


LINE = Mixture(np.array([[-4.0], [0.0], [4.0]]), 0.3)
RING = Mixture(2 * np.stack([f(np.arange(8) * np.pi / 4) for f in (np.cos, np.sin)], axis=1), 0.1)


# Networks.


def network(rng: np.random.Generator, *sizes: int) -> Weights:
    """Return random weights of a network."""
    return [
        (jnp.asarray(rng.standard_normal((m, n)) * np.sqrt(2 / n), jnp.float32), jnp.zeros(m))
        for n, m in itertools.pairwise(sizes)
    ]


def apply(weights: Weights, x: jax.Array) -> jax.Array:
    """Return the output of a network with leaky rectifiers between its layers."""
    for i, (w, b) in enumerate(weights):
        x = x @ w.T + b
        if i + 1 < len(weights):
            x = jnp.where(x > 0, x, 0.2 * x)
    return x


def normalised(weights: Weights, vectors: list[jax.Array]) -> tuple[Weights, list[jax.Array]]:
    """Divide each matrix by its spectral norm, estimated by one step of the power iteration."""
    layers, after = [], []
    for (w, b), v in zip(weights, vectors, strict=True):
        u = jax.lax.stop_gradient(w @ v)
        u = u / jnp.linalg.norm(u)
        v = jax.lax.stop_gradient(w.T @ u)
        v = v / jnp.linalg.norm(v)
        layers.append((w / (u @ w @ v), b))
        after.append(v)
    return layers, after


# The optimiser of all runs: Adam with little memory.


def adam(weights: Any, grads: Any, state: Any) -> tuple[Any, Any]:
    """Return the weights after one step of Adam, and its new state."""
    flat, shape = ravel_pytree(weights)
    slope, _ = ravel_pytree(grads)
    mean, square, count = state
    mean, square, count = 0.5 * mean + 0.5 * slope, 0.9 * square + 0.1 * slope**2, count + 1
    step = mean / (1 - 0.5**count) / (jnp.sqrt(square / (1 - 0.9**count)) + 1e-8)
    return shape(flat - RATE * step), (mean, square, count)


def fresh(weights: Any) -> Any:
    """Return the state before the first step."""
    zeros = jnp.zeros_like(ravel_pytree(weights)[0])
    return zeros, zeros, 0


# The losses.


def critic_loss(
    method: str, weights: Weights, vectors: list[jax.Array], real: jax.Array, fake: jax.Array,
    share: jax.Array,
) -> tuple[jax.Array, list[jax.Array]]:  # fmt: skip
    """Return what the critic or discriminator minimises."""
    if method == "spectral":
        weights, vectors = normalised(weights, vectors)
    on_real, on_fake = apply(weights, real)[:, 0], apply(weights, fake)[:, 0]
    if method in {"saturating", "non-saturating"}:
        return jnp.mean(jax.nn.softplus(-on_real)) + jnp.mean(jax.nn.softplus(on_fake)), vectors
    loss = on_fake.mean() - on_real.mean()
    if method == "penalty":
        slopes = jax.vmap(jax.grad(lambda x: apply(weights, x[None])[0, 0]))(
            share * real + (1 - share) * fake
        )
        loss += LAMBDA * jnp.mean((jnp.linalg.norm(slopes, axis=1) - 1) ** 2)
    return loss, vectors


def generator_loss(
    method: str, weights: Weights, vectors: list[jax.Array], fake: jax.Array
) -> jax.Array:
    """Return what the generator minimises."""
    if method == "spectral":
        weights, _ = normalised(weights, vectors)
    on_fake = apply(weights, fake)[:, 0]
    if method == "saturating":
        return -jnp.mean(jax.nn.softplus(on_fake))
    if method == "non-saturating":
        return jnp.mean(jax.nn.softplus(-on_fake))
    return -on_fake.mean()


def clipped(weights: Weights) -> Weights:
    """Clip all weights and biases."""
    return jax.tree.map(lambda w: jnp.clip(w, -CLIP, CLIP), weights)


# Training.


class Noise(NamedTuple):
    """All that is random in a run: an entry for each step of the generator, then the critic."""

    real: np.ndarray
    latent: np.ndarray
    share: np.ndarray
    own: np.ndarray


class Run(NamedTuple):
    """What came out of a run: at each checkpoint the step, W₁ to the data, and the modes."""

    steps: np.ndarray
    distances: np.ndarray
    modes: np.ndarray
    points: np.ndarray


@partial(jax.jit, static_argnums=0)
def _train(method: str, networks: Any, fixed: jax.Array, noise: Noise) -> jax.Array:
    def improve_critic(state: Any, noise: Any) -> tuple[Any, None]:
        generator, critic, vectors, memory = state
        real, latent, share = noise
        fake = apply(generator, latent)
        grads, vectors = jax.grad(partial(critic_loss, method), has_aux=True)(
            critic, vectors, real, fake, share
        )
        critic, memory = adam(critic, grads, memory)
        if method == "clipping":
            critic = clipped(critic)
        return (generator, critic, vectors, memory), None

    def step(state: Any, noise: Noise) -> tuple[Any, None]:
        generator, critic, vectors, memory, own = state
        (_, critic, vectors, memory), _ = jax.lax.scan(
            improve_critic, (generator, critic, vectors, memory), noise[:3]
        )
        grads = jax.grad(lambda g: generator_loss(method, critic, vectors, apply(g, noise.own)))(
            generator
        )
        generator, own = adam(generator, grads, own)
        return (generator, critic, vectors, memory, own), None

    def stretch(state: Any, noise: Noise) -> tuple[Any, jax.Array]:
        state, _ = jax.lax.scan(step, state, noise)
        return state, apply(state[0], fixed)

    generator, critic = networks
    if method == "clipping":
        critic = clipped(critic)
    vectors = [jnp.ones(w.shape[1]) / jnp.sqrt(w.shape[1]) for w, _ in critic]
    start = (generator, critic, vectors, fresh(critic), fresh(generator))
    _, points = jax.lax.scan(stretch, start, noise)
    return jnp.concatenate([apply(generator, fixed)[None], points])


def train(method: str, data: Mixture, seed: int, *, checkpoints: int = 10, each: int = 100) -> Run:
    """Train a generator, and measure its distance to the data at every checkpoint."""
    rng = np.random.default_rng(seed)
    d = data.means.shape[1]
    networks = network(rng, 2, HIDDEN, HIDDEN, d), network(rng, d, HIDDEN, HIDDEN, 1)
    fixed, real = rng.standard_normal((256, 2)), data.sample(rng, 256)
    shape = checkpoints, each, CRITIC_STEPS, BATCH
    noise = Noise(
        data.sample(rng, *shape),
        rng.standard_normal((*shape, 2)),
        rng.random((*shape, 1)),
        rng.standard_normal((checkpoints, each, BATCH, 2)),
    )
    noise = jax.tree.map(partial(jnp.asarray, dtype=jnp.float32), noise)
    clouds = np.asarray(_train(method, networks, jnp.asarray(fixed, jnp.float32), noise), float)
    return Run(
        each * np.arange(checkpoints + 1),
        np.array([exact(cloud, real) for cloud in clouds]),
        np.array([data.modes(cloud) for cloud in clouds]),
        clouds,
    )


def exact(x: np.ndarray, y: np.ndarray) -> float:
    """Return W₁ of two samples of the same size; in the plane with its certificate checked."""
    if x.shape[1] == 1:
        return refimpl.wasserstein_1d(x[:, 0], y[:, 0])
    uniform = np.full(len(x), 1 / len(x))
    found = refimpl.wasserstein(uniform, uniform, x=x, y=y)
    assert found.converged
    assert found.gap <= 1e-9 * found.cost
    return found.distance
