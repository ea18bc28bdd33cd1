"""The training runs of the chapter on Wasserstein GANs: small networks, CPU, fixed seeds.

Generators and critics are networks with two hidden layers. All five ways to train share data,
networks, optimiser, batches and the number of steps; they differ in the losses and in what keeps
the critic Lipschitz. Distances are not estimated: `refimpl` computes them exactly from samples.
"""

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import refimpl

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", val=True)

METHODS = ("saturating", "non-saturating", "clipping", "penalty", "spectral")
CLIP, LAMBDA = 0.1, 1.0
RATE, CRITIC_STEPS, HIDDEN, BATCH = 1e-3, 5, 32, 64
Weights = list[tuple[jax.Array, jax.Array]]
Tree = Any  # a nest of arrays, as JAX takes it


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
        """Count the means with at least two per cent of the points within three deviations."""
        apart = np.linalg.norm(points[:, None] - self.means, axis=-1)
        return int(((apart < 3 * self.std).mean(axis=0) >= 0.02).sum())


LINE = Mixture(np.array([[-4.0], [0.0], [4.0]]), 0.3)
RING = Mixture(2 * np.stack([f(np.arange(8) * np.pi / 4) for f in (np.cos, np.sin)], axis=1), 0.1)


# Networks.


def network(rng: np.random.Generator, *sizes: int) -> Weights:
    """Return random weights of a network."""
    return [
        (jnp.asarray(rng.standard_normal((m, n)) * np.sqrt(2 / n)), jnp.zeros(m))
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
        u = jax.lax.stop_gradient(w @ v / jnp.linalg.norm(w @ v))
        after.append(jax.lax.stop_gradient(w.T @ u / jnp.linalg.norm(w.T @ u)))
        layers.append((w / (u @ w @ after[-1]), b))
    return layers, after


# The optimiser of all runs: Adam with little memory.


def adam(weights: Tree, grads: Tree, state: Tree) -> tuple[Tree, Tree]:
    """Return the weights after one step of Adam, and its new state."""
    flat, shape = ravel_pytree(weights)
    slope, _ = ravel_pytree(grads)
    mean, square, count = state
    mean, square, count = 0.5 * mean + 0.5 * slope, 0.9 * square + 0.1 * slope**2, count + 1
    step = mean / (1 - 0.5**count) / (jnp.sqrt(square / (1 - 0.9**count)) + 1e-8)
    return shape(flat - RATE * step), (mean, square, count)


def fresh(weights: Tree) -> Tree:
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
def _train(method: str, networks: Tree, fixed: jax.Array, noise: Noise) -> jax.Array:
    def improve_critic(state: Tree, noise: Tree) -> tuple[Tree, None]:
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

    def step(state: Tree, noise: Noise) -> tuple[Tree, None]:
        generator, critic, vectors, memory, own = state
        (_, critic, vectors, memory), _ = jax.lax.scan(
            improve_critic, (generator, critic, vectors, memory), noise[:3]
        )
        grads = jax.grad(lambda g: generator_loss(method, critic, vectors, apply(g, noise.own)))(
            generator
        )
        generator, own = adam(generator, grads, own)
        return (generator, critic, vectors, memory, own), None

    def stretch(state: Tree, noise: Noise) -> tuple[Tree, jax.Array]:
        state, _ = jax.lax.scan(step, state, noise)
        return state, apply(state[0], fixed)

    generator, critic = networks
    if method == "clipping":
        critic = clipped(critic)
    vectors = [jnp.ones(w.shape[1]) / jnp.sqrt(w.shape[1]) for w, _ in critic]
    start = (generator, critic, vectors, fresh(critic), fresh(generator))
    _, points = jax.lax.scan(stretch, start, noise)
    return jnp.concatenate([apply(generator, fixed)[None], points])


def train(method: str, data: Mixture, seed: int, *, checkpoints: int = 10, each: int = 300) -> Run:
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
    clouds = np.asarray(_train(method, networks, fixed, noise))
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
    if not (found.converged and found.gap <= 1e-9 * found.cost):
        raise ArithmeticError(f"the transport has the gap {found.gap}")
    return found.distance


# Critics alone, for data and generated points that stay as they are.


@partial(jax.jit, static_argnums=0)
def _fit(
    method: str, critic: Weights, real: jax.Array, fake: jax.Array, shares: jax.Array
) -> tuple[Weights, list[jax.Array]]:
    def step(state: Tree, share: jax.Array) -> tuple[Tree, None]:
        critic, vectors, memory = state
        grads, vectors = jax.grad(partial(critic_loss, method), has_aux=True)(
            critic, vectors, real, fake, share
        )
        critic, memory = adam(critic, grads, memory)
        return (clipped(critic) if method == "clipping" else critic, vectors, memory), None

    critic = clipped(critic) if method == "clipping" else critic
    vectors = [jnp.ones(w.shape[1]) / jnp.sqrt(w.shape[1]) for w, _ in critic]
    (critic, vectors, _), _ = jax.lax.scan(step, (critic, vectors, fresh(critic)), shares)
    return critic, vectors


def fit(
    method: str, real: np.ndarray, fake: np.ndarray, seed: int, *, steps: int = 1500
) -> Callable[[np.ndarray], np.ndarray]:
    """Train a critic to the end, and return it as a function of points in rows."""
    rng = np.random.default_rng(seed)
    critic = network(rng, real.shape[1], HIDDEN, HIDDEN, 1)
    shares = rng.random((steps, len(real), 1))
    weights, vectors = _fit(method, critic, real, fake, shares)
    if method == "spectral":
        weights, _ = normalised(weights, vectors)
    return lambda x: np.asarray(apply(weights, jnp.asarray(x)))[:, 0]


class Estimate(NamedTuple):
    """What a trained critic says of two samples, and what is true."""

    raw: float  # the objective of the critic
    constant: float  # its Lipschitz constant on the points of both samples
    exact: float  # W₁ of the samples

    @property
    def bound(self) -> float:
        """The lower bound of W₁ that the critic proves."""
        return self.raw / self.constant


def estimate(method: str, shift: float, seed: int, *, count: int = 128) -> Estimate:
    """Compare the value of a trained critic with W₁, for the mixture and a copy that is shifted."""
    rng = np.random.default_rng(seed)
    real, fake = LINE.sample(rng, count), LINE.sample(rng, count) + shift
    critic = fit(method, real, fake, seed)
    points = np.concatenate([real, fake])
    return Estimate(
        refimpl.critic_objective(real, fake, critic=critic),
        refimpl.lipschitz_constant(critic, x=points),
        exact(real, fake),
    )


class Separated(NamedTuple):
    """A discriminator and a critic for two normal laws that hardly overlap, on a grid."""

    x: np.ndarray
    logit: np.ndarray
    critic: np.ndarray
    real: np.ndarray
    fake: np.ndarray


def separated(seed: int, *, count: int = 128) -> Separated:
    """Train both for data around -2 and generated points around 2, with deviation a half."""
    rng = np.random.default_rng(seed)
    real, fake = (m + 0.5 * rng.standard_normal((count, 1)) for m in (-2.0, 2.0))
    x = np.linspace(-4, 4, 401)
    both = [fit(method, real, fake, seed)(x[:, None]) for method in ("saturating", "penalty")]
    return Separated(x, *both, real[:, 0], fake[:, 0])


# What the chapter says, for any seed.


def check_separated(runs: Separated, theta: float = 4.0) -> None:
    """Check that the discriminator is flat and that the critic has the slope 1 + θ / 2λ."""
    step = runs.x[1] - runs.x[0]
    slope_of_log = np.gradient(runs.logit, step) / (1 + np.exp(-runs.logit))  # -log(1 - D)
    slope = np.gradient(runs.critic, step)
    at_generated, between = (runs.x > 1.5) & (runs.x < 2.5), np.abs(runs.x) < 1.5
    predicted = 1 + theta / (2 * LAMBDA)
    claim(np.abs(slope_of_log[at_generated]).max() < 1e-3, "the discriminator is flat")
    claim(np.all(np.abs(-slope[between] - predicted) < 0.2 * predicted), "the slope is 1 + θ / 2λ")
    claim(np.all(slope[at_generated] < -0.5 * predicted), "the critic is not flat")


def check_line(runs: dict[str, Run]) -> None:
    """Check what training on the line shows."""
    end = {method: float(run.distances[-3:].mean()) for method, run in runs.items()}
    for method in ("clipping", "penalty", "spectral"):
        claim(runs[method].modes[-1] == 3, f"{method} has all modes")
        claim(end[method] < 0.9 * end["non-saturating"], f"{method} is closer")
    for method in ("penalty", "spectral"):
        claim(end[method] < 0.6, f"{method} is close")
        claim(end[method] < end["saturating"], f"{method} is closer than the saturating loss")
    claim(runs["non-saturating"].modes.max() == 3, "the non-saturating loss finds all modes")
    claim(runs["non-saturating"].modes[-1] == 2, "drops one")
    claim(end["non-saturating"] > 1, "and stays far from the data")
    distances = runs["non-saturating"].distances
    claim(distances[1] < 0.8 * distances[0], "its distance falls at first")
    claim((distances / np.minimum.accumulate(distances)).max() > 1.2, "and rises again")


def check_ring(runs: dict[str, Run]) -> None:
    """Check what training in the plane shows: all five come close."""
    for method, run in runs.items():
        claim(run.distances[-3:].mean() < 0.5, f"{method} is close")
        claim(run.modes[-3:].max() >= 6, f"{method} has most modes")
        claim(run.distances[0] > 1, "it was not so at the start")


def check_estimates(found: dict[str, list[Estimate]]) -> None:
    """Check what trained critics say of the distance; the last estimate is that of shift 4."""
    for estimates in found.values():
        for e in estimates:
            claim(e.bound <= e.exact * (1 + 1e-9), "a critic over its constant is a lower bound")
    ratio = {method: estimates[-1].raw / estimates[-1].exact for method, estimates in found.items()}
    claim(ratio["clipping"] < 0.6, "clipping gives a fraction")
    claim(abs(ratio["penalty"] - 3) < 0.5, "the penalty gives 1 + θ / 2λ times the distance")
    claim(0.9 < ratio["spectral"] <= 1 + 1e-3, "spectral normalisation comes close")


def claim(holds: object, what: str) -> None:
    """Raise an error if a statement of the chapter does not hold."""
    if not holds:
        raise AssertionError(what)
