"""The cases of the tests of other packages, with their expected values, as data.

`peers_cases.json` holds them and their sources. Those under "other" are not followed, and say
why; what happens instead is tested. Those under "not offered" concern what `refimpl` does not
compute. Where a peer divides weights by their sum in silence, the
case says so, and it is done before the call.
"""

import json
import math
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import ArrayLike
from scipy import special, stats

import refimpl
from tests.strategies import Array

DATA = json.loads(Path(__file__).with_name("peers_cases.json").read_text("utf-8"))
Case = dict[str, Any]
BELLS = [(20, 5), (60, 8), (30, 4)]  # means and standard deviations


def number(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return nested lists with the numbers that JSON cannot say."""
    if isinstance(value, list):
        return [number(item) for item in value]
    return float(value) if value in {"inf", "-inf"} else value


def drawn(kind: str, *sizes: float, rng: np.random.RandomState) -> Array:
    """Return an array that a case describes in words."""
    shape = tuple(int(size) for size in sizes)
    if kind == "bell":
        n, mean, std = sizes
        weights = np.exp(-((np.arange(n) - mean) ** 2) / (2 * std**2))
        return np.asarray(weights / weights.sum())
    draw: dict[str, Callable[[], Array]] = {
        "normal": lambda: rng.standard_normal(shape),
        "size of normal": lambda: np.abs(rng.standard_normal(shape)),
        "uniform": lambda: rng.uniform(size=shape),
        "range": lambda: np.arange(*sizes),
        "line": lambda: np.linspace(sizes[0], sizes[1], shape[-1]),
        "equal": lambda: np.full(shape, 1 / shape[0]),
        "diagonal": lambda: np.eye(shape[0]) * sizes[-1],
    }
    return draw[kind]()


def result(case: Case, arguments: Case) -> Any:  # noqa: ANN401 - the functions differ
    """Call the function of a case."""
    draw = dict(case.get("draw", {}))
    rng = np.random.RandomState(draw.pop("seed", 0))
    arrays = {name: drawn(*recipe, rng=rng) for name, recipe in draw.items()}
    arguments = dict(arguments)
    function = getattr(refimpl, arguments.pop("call", case["call"]))
    field = arguments.pop("field", None if "call" in arguments else case.get("field"))
    for name, given in arguments.items():
        value = number(given)
        if isinstance(given, str):
            value = arrays.get(given, given)
        elif isinstance(given, list) and given and isinstance(given[0], str):
            value = drawn(*given, rng=rng) if given[0] == "equal" else value
        if name in case.get("normalise", []):
            axis = arguments.get("axis", -1)
            value = np.asarray(value) / np.sum(value, axis=axis, keepdims=True)
        arguments[name] = value
    with warnings.catch_warnings():
        if "warning" not in case:
            warnings.simplefilter("error")
        found = function(**arguments)
    found = getattr(found, field) if field else found
    return found.sum(axis=case["sum"]) if "sum" in case else found


def cases(key: str) -> Iterable[Any]:
    """Return the cases as parameters."""
    return [
        pytest.param(case, id=f"{case['source']}: {case['test']} {i}")
        for i, case in enumerate(DATA[key])
    ]


@pytest.mark.parametrize("case", cases("cases"))
def test_cases(case: Case) -> None:
    arguments = case["arguments"]
    if "error" in case:
        with pytest.raises(ValueError, match=case["error"]):
            result(case, arguments)
        return
    if "warning" in case:
        with pytest.warns(getattr(refimpl, case["warning"])):
            result(case, arguments)
        return
    found = result(case, arguments)
    if "above" in case:
        assert found > case["above"]
        return
    if "same_as" in case:
        other = case["same_as"]
        keep = {} if other.keys() - {"base"} else arguments  # only the base differs
        expected = result(case, keep | other) * case.get("ratio", 1.0)
    else:
        expected = number(case["expected"])
        if isinstance(expected, list) and isinstance(expected[0], str):
            expected = drawn(*expected, rng=np.random.RandomState(0))
    assert_allclose(found, expected, rtol=case.get("rel", 1e-7), atol=case.get("abs", 0.0))


@pytest.mark.parametrize("case", cases("other"))
def test_cases_that_are_not_followed(case: Case) -> None:
    with pytest.raises((TypeError, ValueError), match=case["error"]):
        result(case, case["arguments"])
    assert len(case["why"]) > 5


def test_what_is_not_offered() -> None:
    for case in DATA["not offered"]:
        assert not {*case["names"]} & {*dir(refimpl), *dir(refimpl.transport)}, case["tests"]
        assert len(case["why"]) > 5


def test_sources_are_named() -> None:
    for case in [*DATA["cases"], *DATA["other"], *DATA["not offered"]]:
        assert "licence" in DATA["sources"][case["source"]]


# The cases of POT that compare methods, with two of them written out.


def plain_sinkhorn(p: Array, q: Array, cost: Array, epsilon: float) -> Array:
    """Return the plan after a thousand steps without any care, the first of POT's methods."""
    kernel, v = np.exp(-cost / epsilon), np.ones(len(q))
    for _ in range(1000):
        u = p / (kernel @ v)
        v = q / (u @ kernel)
    return np.asarray(u[:, None] * kernel * v)


def sinkhorn_in_logarithms(p: Array, q: Array, cost: Array, epsilon: float) -> Array:
    """Return the plan after a thousand steps with potentials, as the stable methods have them."""
    g = np.zeros(len(q))
    for _ in range(1000):
        f = np.log(p) - special.logsumexp(g - cost / epsilon, axis=1)
        g = np.log(q) - special.logsumexp(f[:, None] - cost / epsilon, axis=0)
    return np.exp(f[:, None] + g - cost / epsilon)


@pytest.mark.parametrize("method", [plain_sinkhorn, sinkhorn_in_logarithms])
def test_other_methods_have_the_same_plan(method: Callable[..., Array]) -> None:
    # test_sinkhorn_variants, test_sinkhorn_variants_log
    x = np.random.RandomState(0).randn(100, 2)
    cost, equal = np.square(x[:, None] - x).sum(axis=2), np.full(100, 1 / 100)
    plan = refimpl.sinkhorn(equal, equal, cost=cost, epsilon=1.0, tolerance=1e-10).plan
    assert_allclose(plan, method(equal, equal, cost, 1.0), rtol=1e-6, atol=1e-10)
    # test_stabilized_vs_sinkhorn_multidim
    p, *others = (drawn("bell", 100, *law, rng=np.random.RandomState(0)) for law in BELLS)
    line = np.arange(100.0)
    cost = np.square(line[:, None] - line)
    cost /= np.median(cost)
    for q in others:
        found = refimpl.sinkhorn(p, q, cost=cost, epsilon=0.1)
        assert found.cost == pytest.approx((method(p, q, cost, 0.1) * cost).sum(), rel=1e-7, abs=0)


# The random cases of SciPy's `wasserstein_distance_nd`, by their sizes.


def weighted_points(rng: np.random.Generator, n: int, d: int) -> tuple[Array, Array]:
    weights = rng.random(n)
    return rng.random((n, d)), weights / weights.sum()


def distance(p: ArrayLike, q: ArrayLike, x: Array, y: Array) -> float:
    return float(refimpl.wasserstein(p, q, x=x, y=y).distance)


@pytest.mark.parametrize("n", [4, 15, 35])
@pytest.mark.parametrize("d", [3, 7])
def test_same_law_has_distance_zero(n: int, d: int) -> None:
    rng = np.random.default_rng(363836384995579937222333)
    x, _ = weighted_points(rng, n, d)
    place = rng.permutation(np.repeat(np.arange(n), rng.integers(1, 5, n)))
    q = rng.random(place.size)
    q /= q.sum()
    p = np.bincount(place, weights=q, minlength=n)
    assert distance(p, q, x, x[place]) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("n", [8, 9, 38])
@pytest.mark.parametrize("m", [8, 12, 17])
@pytest.mark.parametrize("d", [3, 23])
def test_collapse_to_zero_is_the_mean_norm(n: int, m: int, d: int) -> None:
    rng = np.random.default_rng(38573488467338826109)
    x, p = weighted_points(rng, n, d)
    _, q = weighted_points(rng, m, d)
    expected = math.fsum(p * np.linalg.norm(x, axis=1))
    assert distance(p, q, x, np.zeros((m, d))) == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize("n", [8, 32])
@pytest.mark.parametrize("m", [8, 32])
@pytest.mark.parametrize("d", [1, 6])
def test_points_of_weight_zero_do_not_count(n: int, m: int, d: int) -> None:
    rng = np.random.default_rng(38573488467338826109)
    (x, p), (y, q) = weighted_points(rng, n, d), weighted_points(rng, m, d)
    place, more = rng.integers(0, n, size=2)
    x_more = np.insert(x, place, rng.random((more, d)), axis=0)
    p_more = np.insert(p, place, np.zeros(more))
    assert distance(p_more, q, x_more, y) == pytest.approx(distance(p, q, x, y), rel=1e-14, abs=0)


@pytest.mark.parametrize("n", [10, 20])
@pytest.mark.parametrize("m", [10, 15])
@pytest.mark.parametrize("d", [1, 5])
def test_a_constant_coordinate_does_not_count(n: int, m: int, d: int) -> None:
    rng = np.random.default_rng(2736495738494849509)
    (x, p), (y, q) = weighted_points(rng, n, d), weighted_points(rng, m, d)
    place, value = rng.integers(0, d), rng.random()
    moved = (np.insert(z, place, value, axis=1) for z in (x, y))
    assert distance(p, q, *moved) == pytest.approx(distance(p, q, x, y), rel=1e-14, abs=0)


@pytest.mark.parametrize("n", [7, 13, 19])
@pytest.mark.parametrize("d", [2, 7])
def test_rigid_motions_do_not_count(n: int, d: int) -> None:
    rng = np.random.default_rng(34746837464536)
    (x, p), (y, q) = weighted_points(rng, n, d), weighted_points(rng, n + 6, d)
    turn, shift = stats.ortho_group(d).rvs(random_state=rng), rng.random(d)
    moved = (z @ turn + shift for z in (x, y))
    assert distance(p, q, *moved) == pytest.approx(distance(p, q, x, y), rel=1e-13, abs=0)


@pytest.mark.parametrize("n", [1, 10, 50])
@pytest.mark.parametrize("m", [1, 10, 50])
def test_the_line_is_a_space_of_one_dimension(n: int, m: int) -> None:
    rng = np.random.default_rng(45634745675)
    (x, p), (y, q) = weighted_points(rng, n, 1), weighted_points(rng, m, 1)
    expected = refimpl.wasserstein_1d(x[:, 0], y[:, 0], x_weights=p, y_weights=q)
    assert distance(p, q, x, y) == pytest.approx(expected, rel=1e-13, abs=0)
    assert distance(p, q, x[:, 0], y[:, 0]) == pytest.approx(expected, rel=1e-13, abs=0)


def test_points_of_different_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="the dimensions do not match"):
        distance(np.full(2, 1 / 2), np.full(2, 1 / 2), np.ones((2, 10)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="shape"):
        distance(np.full(4, 1 / 4), np.full(6, 1 / 6), np.ones((4, 10, 15)), np.ones((6, 2, 7)))
