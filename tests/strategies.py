"""Random laws, joint laws, channels and covariance matrices for Hypothesis, corners included."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The same examples in every run; no deadline, because the oracles are slow and machines vary.
settings.register_profile(
    "book",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
# A mutant is dead after the first example that fails; nobody wants to see the simplest one.
settings.register_profile(
    "mutants", settings.get_profile("book"), phases=[Phase.explicit, Phase.generate]
)
# Others in every run, and more: `make fuzz`.
settings.register_profile(
    "new",
    settings.get_profile("book"),
    derandomize=False,
    max_examples=int(os.environ.get("EXAMPLES") or 300),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "book"))

CORNERS = (0.0, 5e-324, 1e-308, 1e-300, 1e-17, 1e-9, 0.25, 0.5, 1.0)

numbers = st.floats(-10, 10)
probabilities = st.one_of(st.sampled_from((*CORNERS, 1 - 2**-53)), st.floats(0, 1))


@st.composite
def laws(draw: st.DrawFn, n: int | None = None, *, positive: bool = False) -> Array:
    """Draw a law: anything from the uniform law to point masses and entries of 5e-324."""
    size = draw(st.integers(1, 6)) if n is None else n
    entry = st.floats(0.01, 1) if positive else st.one_of(st.sampled_from(CORNERS), st.floats(0, 1))
    weights = np.array(draw(st.lists(entry, min_size=size, max_size=size)))
    if not weights.any():
        weights[draw(st.integers(0, size - 1))] = 1.0
    law: Array = weights / weights.sum()
    return law


@st.composite
def pairs(draw: st.DrawFn, n: int | None = None) -> tuple[Array, Array]:
    """Draw two laws on the same outcomes: unrelated, nearly equal, or equal."""
    p = draw(laws(n))
    kind = draw(st.sampled_from(["unrelated", "near", "equal"]))
    if kind == "unrelated":
        return p, draw(laws(p.size))
    if kind == "equal":
        return p, p.copy()
    scale = 10.0 ** -draw(st.integers(1, 15))
    noise = draw(st.lists(st.floats(-1, 1), min_size=p.size, max_size=p.size))
    q = p * (1 + scale * np.array(noise))
    return p, q / q.sum()


def mixture(t: float, p: Array, r: Array) -> Array:
    """Return t p + (1 - t) r, for laws of which nothing underflows."""
    law = t * p + (1 - t) * r
    assume((law[((p > 0) & (t > 0)) | ((r > 0) & (t < 1))] > 1e-300).all())
    return np.asarray(law / law.sum())


@st.composite
def joints(draw: st.DrawFn, *, positive: bool = False) -> Array:
    """Draw the table of a joint law; some are nearly independent."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    if draw(st.booleans()):
        return np.reshape(draw(laws(shape[0] * shape[1], positive=positive)), shape)
    x, y = (draw(laws(n, positive=positive)) for n in shape)
    scale = 10.0 ** -draw(st.integers(1, 7))
    noise = draw(st.lists(st.floats(-1, 1), min_size=x.size * y.size, max_size=x.size * y.size))
    table: Array = np.outer(x, y) * (1 + scale * np.reshape(noise, shape))
    table /= table.sum()
    return table


@st.composite
def channels(draw: st.DrawFn, inputs: int) -> Array:
    """Draw the transition matrix of a channel: a law in each row."""
    outputs = draw(st.integers(1, 4))
    return np.array([draw(laws(outputs)) for _ in range(inputs)])


@st.composite
def covariances(draw: st.DrawFn, d: int) -> Array:
    """Draw a positive definite matrix of moderate condition."""
    entries = draw(st.lists(st.floats(-1, 1), min_size=d * d, max_size=d * d))
    a = np.reshape(entries, (d, d))
    scale = draw(st.sampled_from([1e-6, 1.0, 1e6]))
    matrix: Array = scale * (a @ a.T + draw(st.floats(0.1, 1)) * np.eye(d))
    return matrix


def vectors(d: int) -> st.SearchStrategy[Array]:
    """Draw a vector."""
    as_array: Callable[[Any], Array] = np.array
    return st.lists(numbers, min_size=d, max_size=d).map(as_array)
