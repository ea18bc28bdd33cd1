"""What a divergence of two laws has to satisfy, for all of them at once.

The tests of the modules look at each divergence for itself. Here is one table of functions and
laws, and a function of two laws that is not in the table fails.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import refimpl
from refimpl import (
    bretagnolle_huber_bound,
    chi_square,
    cross_entropy,
    entropy,
    hellinger_distance,
    jeffreys_divergence,
    js_distance,
    js_divergence,
    kl_divergence,
    pinsker_bound,
    renyi_divergence,
    total_variation,
    wasserstein,
    wasserstein_1d,
)
from tests.contract import CALLS
from tests.strategies import Array, channels, laws, pairs

ULPS = 4 * 2.0**-52  # by which rounding moves probabilities
OF_PLACES = ("transport", "duality", "no gap", "projection", "contraction")  # sums of lengths

Divergence = Callable[[Array, Array], float]
Pair = tuple[Array, Array]

PLACES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [-2.0, 1.0]])

ALL = {"zero", "separates", "relabelling"}
F = {*ALL, "processing", "convex"}  # what every f-divergence satisfies
METRIC = {*ALL, "symmetric", "triangle"}


def renyi(alpha: float) -> Divergence:
    return lambda p, q: refimpl.renyi_divergence(p, q, alpha)


def transport(order: float) -> Divergence:
    return lambda p, q: float(wasserstein(p, q, x=PLACES[: len(p)], order=order).distance)


# Each function of two laws, and the laws that it obeys: those that `@those` names below. Several
# rows of one function differ in what stands behind a space.
TABLE: dict[str, tuple[Divergence, set[str]]] = {
    "kl_divergence": (kl_divergence, F),
    "jeffreys_divergence": (jeffreys_divergence, {*F, "symmetric"}),
    "renyi_divergence 1/2": (renyi(1 / 2), {*F, "symmetric"}),
    "renyi_divergence 2": (renyi(2), {*ALL, "processing"}),
    "renyi_divergence inf": (renyi(math.inf), {*ALL, "processing"}),
    "js_divergence": (js_divergence, {*F, "symmetric"}),
    "js_distance": (js_distance, {*METRIC, "processing"}),
    "total_variation": (total_variation, {*METRIC, *F}),
    "hellinger_distance": (hellinger_distance, {*METRIC, "processing"}),
    "chi_square": (chi_square, F),
    "wasserstein 1": (transport(1), {*METRIC, "convex"} - {"relabelling"}),
    "wasserstein 2": (transport(2), METRIC - {"relabelling"}),
}
# They move as the laws do; the others are of the order of squares.
FIRST_ORDER = {function for function, claims in TABLE.values() if "triangle" in claims}
FIRST_ORDER.add(TABLE["renyi_divergence inf"][0])
# They are not 0 for equal laws, or below 0 for others; for f_divergence see `test_fdivergences.py`.
NO_DIVERGENCES = {"cross_entropy", "perplexity", "bayes_error", "entropic_gap_bound"}
NO_DIVERGENCES |= {"clipped_kl_divergence", "f_divergence"}


def those(law: str) -> pytest.MarkDecorator:
    """Test the divergences for which a law is claimed."""
    claimed = {name: function for name, (function, claims) in TABLE.items() if law in claims}
    return pytest.mark.parametrize("divergence", claimed.values(), ids=claimed.keys())


def allowed(divergence: Divergence, bound: float) -> float:
    """Return how large a divergence may be, of laws that rounding has moved, for an upper bound."""
    larger = bound * (1 + 1e-14)
    return larger + ULPS if divergence in FIRST_ORDER else (math.sqrt(larger) + ULPS) ** 2


def test_table_has_every_divergence() -> None:
    found = {
        call.function.__name__
        for call in CALLS
        if {"p", "q"} <= call.arguments.keys() and "critic" not in call.arguments
        if {"p", "q"} >= {name for name, a in call.arguments.items() if a.kind.is_array}
        if all(np.ndim(call.values[name]) == 1 for name in "pq")
        if all(math.fsum(call.values[name]) == 1 for name in "pq")
    }
    divergences = {name.split(" ")[0] for name in TABLE} - {"wasserstein"}  # its laws have places
    missing = ", ".join(sorted(found - NO_DIVERGENCES - divergences))
    assert not missing, f"not in TABLE: {missing}; or add it to NO_DIVERGENCES, if it is none"
    assert divergences <= found


@those("zero")
@given(pairs(4))
@settings(max_examples=20)
def test_not_negative_and_zero_for_equal_laws(divergence: Divergence, pair: Pair) -> None:
    p, q = pair
    assert divergence(p, q) >= 0
    assert divergence(p, p) == 0


@those("separates")
@given(laws(4, positive=True), laws(4, positive=True))
@settings(max_examples=20)
def test_positive_for_different_laws(divergence: Divergence, p: Array, q: Array) -> None:
    assume(np.abs(p - q).max() > 1e-12)
    assert divergence(p, q) > 0


@those("relabelling")
@given(pairs(4), st.permutations(range(4)))
@settings(max_examples=20)
def test_names_of_outcomes_do_not_matter(
    divergence: Divergence, pair: Pair, order: list[int]
) -> None:
    p, q = pair
    assert divergence(p[order], q[order]) == pytest.approx(divergence(p, q), rel=4e-15, abs=0)


@those("symmetric")
@given(pairs(4))
@settings(max_examples=20)
def test_symmetric(divergence: Divergence, pair: Pair) -> None:
    assert divergence(*pair) == pytest.approx(divergence(*pair[::-1]), rel=2e-15, abs=0)


@those("triangle")
@given(pairs(4), laws(4))
@settings(max_examples=20)
def test_triangle_inequality(divergence: Divergence, pair: Pair, r: Array) -> None:
    p, q = pair
    direct, around = divergence(p, q), divergence(p, r) + divergence(r, q)
    assert direct <= around * (1 + 4e-15)
    assert divergence(p, r) <= (direct + divergence(q, r)) * (1 + 4e-15)


@those("processing")
@given(pairs(4), channels(4))
@settings(max_examples=20)
def test_data_processing(divergence: Divergence, pair: Pair, channel: Array) -> None:
    p, q = (law @ channel for law in pair)
    before, after = divergence(*pair), divergence(p / p.sum(), q / q.sum())
    assert after <= allowed(divergence, before)


@those("convex")
@given(pairs(4), pairs(4), st.floats(0, 1))
@settings(max_examples=20)
def test_jointly_convex(divergence: Divergence, first: Pair, second: Pair, t: float) -> None:
    p, q = ((1 - t) * a + t * b for a, b in zip(first, second, strict=True))
    ends = [divergence(*first), divergence(*second)]
    mean = sum(w * d for w, d in zip((1 - t, t), ends, strict=True) if w)
    assert divergence(p / p.sum(), q / q.sum()) <= allowed(divergence, mean)


# Inequalities between them.


def bounds(p: Array, q: Array) -> dict[str, tuple[float, float]]:
    """Return for each inequality its smaller and its larger side."""
    kl, tv, js = kl_divergence(p, q), total_variation(p, q), js_divergence(p, q)
    h = hellinger_distance(p, q)
    x = PLACES[: len(p)]
    diameter = np.linalg.norm(x[:, None] - x, axis=2).max()
    line = np.arange(len(p)) + 0.5
    w1, w2, w3 = (transport(order)(p, q) for order in (1, 2, 3))
    distance = refimpl.wasserstein(p, q, x=x)
    f, g = distance.potentials
    return {
        "Gibbs": (entropy(p), cross_entropy(p, q)),
        "Pinsker": (tv, pinsker_bound(kl)),
        "Bretagnolle-Huber": (tv, bretagnolle_huber_bound(kl)),
        "Hellinger below total variation": (h * h / 2, tv),
        "total variation below Hellinger": (tv, h * math.sqrt(1 - h * h / 4)),
        "Hellinger below divergence": (h * h, kl),
        "divergence below chi-square": (kl, math.log1p(chi_square(p, q))),
        "Jensen-Shannon below total variation": (js, tv * math.log(2)),
        "Jensen-Shannon below Jeffreys": (js, jeffreys_divergence(p, q) / 4),
        "orders of Rényi": (renyi_divergence(p, q, 0.9), kl),
        "orders of transport 1, 2": (w1, w2),
        "orders of transport 2, 3": (w2, w3),
        "transport below total variation": (w1, diameter * tv),
        "duality": (float(p @ f + q @ g), distance.cost),
        "no gap": (distance.cost, float(p @ f + q @ g) + 1e-12),
        "projection": (
            wasserstein_1d(x[:, 0], x[:, 0], x_weights=p, y_weights=q),
            w1,
        ),
        "contraction": (
            wasserstein_1d(np.tanh(line), np.tanh(line), x_weights=p, y_weights=q),
            wasserstein_1d(line, line, x_weights=p, y_weights=q),
        ),
    }


@given(pairs(4))
@settings(max_examples=60)
def test_inequalities(pair: Pair) -> None:
    for name, (small, large) in bounds(*pair).items():
        # Where squares are no floats, their roots are below 1e-160.
        slack = 1e-15 if any(word in name for word in OF_PLACES) else 1e-160
        assert small <= large * (1 + 1e-14) + slack, name


@given(pairs(3), pairs(3))
def test_what_happens_to_products(first: Pair, second: Pair) -> None:
    """Chain rules for independent pairs."""
    (p, q), (r, s) = first, second
    pr, qs = np.outer(p, r).ravel(), np.outer(q, s).ravel()
    least = [x[x > 0].min() for x in (p, q, r, s)]
    assume(least[0] * least[2] > 1e-290)  # no product is too small to have all digits
    assume(least[1] * least[3] > 1e-290)
    pr, qs = pr / pr.sum(), qs / qs.sum()
    for divergence in (kl_divergence, jeffreys_divergence, renyi(1 / 2), renyi(2)):
        total = divergence(p, q) + divergence(r, s)
        assert divergence(pr, qs) == pytest.approx(total, rel=1e-12, abs=1e-14)
    sums = [1 - hellinger_distance(*pair) ** 2 / 2 for pair in (first, second)]
    product = 1 - hellinger_distance(pr, qs) ** 2 / 2
    assert product == pytest.approx(sums[0] * sums[1], rel=1e-12, abs=1e-14)
    chi = (1 + chi_square(p, q)) * (1 + chi_square(r, s)) - 1
    assert chi_square(pr, qs) == pytest.approx(chi, rel=1e-12, abs=1e-14)
    assert total_variation(pr, qs) <= total_variation(p, q) + total_variation(r, s) + 1e-15
