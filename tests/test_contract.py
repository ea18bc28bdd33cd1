"""All public functions hold to one contract for input, and one for axes, batches and types."""

import datetime as dt
import inspect
import math
import re
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import ArrayLike, NDArray

import refimpl
from tests.strategies import Array

Function = Callable[..., Any]

LAW, OTHER = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]
TABLE = [[0.5, 0.1], [0.2, 0.2]]
COV = [[1.0, 0.5], [0.5, 1.0]]
DISTANCE = [[0.0, 2.0], [2.0, 0.0]]
SAMPLES = {"x": [0.0, 1.0], "y": [1.0, 3.0], "x_weights": [0.7, 0.3], "y_weights": [0.2, 0.8]}

# A call of each public function that is right, as often as its arguments come in groups.
CALLS: list[tuple[Function, dict[str, Any]]] = [
    (refimpl.information_content, {"p": [0.5, 0.2]}),
    (refimpl.entropy, {"p": LAW}),
    (refimpl.binary_entropy, {"t": [0.5, 0.2]}),
    (refimpl.joint_entropy, {"joint": TABLE}),
    (refimpl.conditional_entropy, {"joint": TABLE}),
    (refimpl.mutual_information, {"joint": TABLE}),
    (refimpl.gaussian_entropy, {"std": [1.0, 2.0]}),
    (refimpl.gaussian_entropy, {"cov": COV}),
    (refimpl.cross_entropy, {"p": LAW, "q": OTHER}),
    (refimpl.binary_cross_entropy, {"y": [0.5, 0.2], "q": [0.1, 0.3]}),
    (
        refimpl.cross_entropy_gaussian,
        {"mean_p": [0.0, 1.0], "mean_q": [1.0, 0.0], "std_p": [1.0, 2.0], "std_q": [2.0, 1.0]},
    ),
    (refimpl.perplexity, {"p": LAW}),
    (refimpl.perplexity, {"p": LAW, "q": OTHER}),
    (refimpl.code_lengths, {"p": LAW, "code": "shannon"}),
    (refimpl.code_lengths, {"p": LAW, "code": "huffman"}),
    (refimpl.kraft_sum, {"lengths": [1, 2, 2]}),
    (refimpl.kl_divergence, {"p": LAW, "q": OTHER}),
    (refimpl.kl_bernoulli, {"p": [0.5, 0.2], "q": [0.1, 0.3]}),
    (
        refimpl.kl_gaussian,
        {"mean_p": [0.0, 1.0], "mean_q": [1.0, 0.0], "std_p": [1.0, 2.0], "std_q": [2.0, 1.0]},
    ),
    (
        refimpl.kl_gaussian,
        {"mean_p": [0.0, 1.0], "mean_q": [1.0, 0.0], "cov_p": COV, "cov_q": np.eye(2)},
    ),
    (refimpl.jeffreys_divergence, {"p": LAW, "q": OTHER}),
    (refimpl.renyi_divergence, {"p": LAW, "q": OTHER, "alpha": 2.0}),
    (refimpl.donsker_varadhan, {"p": LAW, "q": OTHER, "critic": [1.0, 0.0, 2.0], "bound": "dv"}),
    (refimpl.critic_objective, {"x": [0.0, 1.0], "y": [1.0, 3.0]}),
    (
        refimpl.critic_objective,
        {**SAMPLES, "critic": lambda x: -x},
    ),
    (refimpl.lipschitz_constant, {"values": [0.0, 1.0], "x": [1.0, 3.0]}),
    (refimpl.lipschitz_constant, {"values": [0.0, 1.0], "distance": DISTANCE}),
    (refimpl.lipschitz_bound, {"weights": [COV, [[1.0, 2.0]]], "norm": "spectral"}),
    (refimpl.clip_weights, {"weights": [COV, COV], "limit": 0.1}),
    (
        refimpl.gradient_penalty,
        {"x": [0.0, 1.0], "y": [1.0, 3.0], "gradient": np.cos, "fractions": [0.1, 0.5]},
    ),
    (refimpl.spectral_norm, {"weight": COV}),
    (refimpl.spectral_norm, {"weight": COV, "iterations": 3, "start": [1.0, 2.0]}),
    (refimpl.integral_probability_metric, {"p": LAW, "q": OTHER, "critics": [LAW, OTHER]}),
    (refimpl.kolmogorov_distance, SAMPLES),
    (refimpl.mmd, {**SAMPLES, "kernel": "gaussian", "bandwidth": 2.0}),
    (refimpl.mmd_squared, {**SAMPLES, "kernel": "laplace"}),
    (refimpl.mmd_squared, {"x": [0.0, 1.0], "y": [1.0, 3.0], "unbiased": True}),
    (
        refimpl.mmd_gaussian,
        {"mean_p": [0.0, 1.0], "mean_q": [1.0, 0.0], "std_p": [1.0, 2.0], "std_q": [2.0, 1.0]},
    ),
    (refimpl.energy_distance, SAMPLES),
    (refimpl.dudley_distance, {"p": LAW[1:] + LAW[:1], "q": OTHER, "x": [0.0, 1.0, 3.0]}),
    (refimpl.dudley_distance, {"p": [0.7, 0.3], "q": [0.2, 0.8], "distance": DISTANCE}),
]

OPTIONS = {
    *("alpha", "axis", "base", "bound", "code", "keepdims"),
    *("bandwidth", "critic", "gradient", "iterations", "kernel", "limit", "norm", "one_sided"),
    "unbiased",
}
ENTRY_IS_PROBABILITY = {
    (refimpl.information_content, "p"),
    (refimpl.binary_entropy, "t"),
    (refimpl.binary_cross_entropy, "y"),
    (refimpl.binary_cross_entropy, "q"),
    (refimpl.kl_bernoulli, "p"),
    (refimpl.kl_bernoulli, "q"),
}


def kind_of(function: Function, name: str) -> str:
    if (function, name) in ENTRY_IS_PROBABILITY:
        return "probabilities"
    return {"p": "law", "q": "law", "joint": "joint", "lengths": "lengths", "critic": "real"}.get(
        name, name.split("_", maxsplit=1)[0]
    )


def changed(values: ArrayLike, entry: float | None) -> NDArray[Any]:
    """Return an array like the right one, but for its first entry."""
    array = np.array(values, dtype=np.result_type(np.asarray(values), np.asarray(entry)))
    array.flat[0] = entry
    return array


# Bad input for every array, made from the right one: what it is, what comes of it.
BAD_KINDS: dict[str, Callable[[Any], Any]] = {
    "string": lambda _: "0.5",
    "strings": lambda v: np.asarray(v).astype(str),
    "bytes": lambda _: b"0.5",
    "complex": lambda v: np.asarray(v) + 0j,
    "booleans": lambda v: np.asarray(v) > 0,
    "boolean": lambda _: True,
    "objects": lambda v: np.asarray(v).astype(object),
    "fractions": lambda v: [Fraction(1, 2) for _ in v],
    "decimals": lambda v: [Decimal("0.5") for _ in v],
    "missing entry": lambda v: changed(v, None).tolist(),
    "dictionary": lambda v: dict(enumerate(v)),
    "set": lambda _: {0.5},
    "generator": iter,
    "masked array": np.ma.masked_array,
    "masked array in a list": lambda v: [np.ma.masked_array(v)],
    "masked entry": lambda v: [np.ma.masked, *v],
    "boolean in a list": lambda v: [True, *v],
    "boolean in a nested list": lambda v: [[np.True_, *v]],
    "dates": lambda v: np.full(np.shape(v), np.datetime64("2020-01-01")),
    "durations": lambda v: np.full(np.shape(v), np.timedelta64(1, "s")),
    "date": lambda _: dt.date(2020, 1, 1),
    "structure": lambda v: np.zeros(np.shape(v), dtype=[("x", float)]),
}
BAD_VALUES: dict[str, Callable[[Any], Any]] = {
    "nan": lambda v: changed(v, math.nan),
    "infinity": lambda v: changed(v, math.inf),
    "minus infinity": lambda v: changed(v, -math.inf),
    "empty": lambda _: [],
    "no rows": lambda v: np.zeros((0, *np.shape(v))),
    "ragged": lambda _: [[0.5, 0.5], [1.0]],
}
BAD_PROBABILITIES: dict[str, Callable[[Any], Any]] = {
    "negative": lambda v: changed(v, -0.1),
    "nearly zero but negative": lambda v: changed(v, -5e-324),
    "larger than one": lambda v: changed(v, 1.1),
}
BAD_LAWS: dict[str, Callable[[Any], Any]] = {
    **BAD_PROBABILITIES,
    "negative but with sum 1": lambda v: np.reshape(
        [-1.0, 2.0, *[0.0] * (np.size(v) - 2)], np.shape(v)
    ),
    "counts": lambda v: (10 * np.asarray(v)).astype(int),
    "percentages": lambda v: 100 * np.asarray(v),
    "sum of 0": lambda v: 0 * np.asarray(v),
    "sum near 1": lambda v: (1 + 1e-6) * np.asarray(v),
    "logarithms": np.log,
    "sum that overflows": lambda v: np.full(np.shape(v), 1.5e308),
    "scalar": lambda _: 1.0,
}
BAD_MATRICES: dict[str, Callable[[Any], Any]] = {
    "scalar": lambda _: 1.0,
    "vector": lambda _: [1.0, 2.0],
    "not square": lambda _: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    "not symmetric": lambda _: [[1.0, 0.5], [0.0, 1.0]],
    "singular": lambda _: [[1.0, 1.0], [1.0, 1.0]],
    "indefinite": lambda _: [[1.0, 2.0], [2.0, 1.0]],
    "negative": lambda _: [[-1.0, 0.0], [0.0, -1.0]],
    "zero": lambda _: np.zeros((2, 2)),
    "one of several": lambda _: [np.eye(2), np.zeros((2, 2))],
}
BAD_BY_KIND: dict[str, dict[str, Callable[[Any], Any]]] = {
    "probabilities": BAD_PROBABILITIES,
    "law": BAD_LAWS,
    "joint": {**BAD_LAWS, "vector": lambda _: [0.5, 0.5]},
    "std": {"negative": lambda v: changed(v, -1.0)},
    "cov": BAD_MATRICES,
    "lengths": {
        "negative": lambda v: changed(v, -1),
        "scalar": lambda _: 1,
        "table": lambda v: [v, v],
    },
}


def array_cases() -> list[Any]:
    cases = []
    for number, (function, good) in enumerate(CALLS):
        for name in [key for key in good if key not in OPTIONS]:
            kind = kind_of(function, name)
            bad_values = BAD_VALUES | BAD_BY_KIND.get(kind, {})
            for what, bad in [*BAD_KINDS.items(), *bad_values.items()]:
                error = TypeError if what in BAD_KINDS else ValueError
                label = f"{function.__name__} {number} {name} {what}"
                cases.append(pytest.param(function, good, name, bad, error, id=label))
    return cases


@pytest.mark.parametrize(("function", "good", "name", "bad", "error"), array_cases())
def test_bad_arrays(
    function: Function,
    good: dict[str, Any],
    name: str,
    bad: Callable[[Any], Any],
    error: type[Exception],
) -> None:
    if name == "lengths":  # integers: what is not finite is of the wrong kind
        error = (TypeError, ValueError)  # type: ignore[assignment]  # either
    with pytest.raises(error) as raised:
        function(**(good | {name: bad(good[name])}))
    message = str(raised.value)
    assert re.search(rf"\b{name}\b", message)
    assert re.search(r"\b(give|must|divide|are)\b", message)  # it says what would be right
    assert len(message) < 400


BAD_OPTIONS: dict[str, list[tuple[Any, type[Exception]]]] = {
    "base": [
        *((x, ValueError) for x in (0, 1, 1.0, -2, 0.5, math.nan, math.inf, -math.inf)),
        *((x, TypeError) for x in (True, False, "2", 2j, [2], np.array([2.0]), object())),
    ],
    "axis": [
        *((x, ValueError) for x in (1, 2, -2, 10**20)),
        *((x, TypeError) for x in (0.0, "0", None, True, (0,), [0], 0j, np.True_)),
    ],
    "keepdims": [(x, TypeError) for x in (0, 1, 1.0, "yes", None, [True])],
    "alpha": [
        *((x, ValueError) for x in (-1, -1e-300, -math.inf, math.nan)),
        *((x, TypeError) for x in ("2", True, None, 2j, [1, 2], np.array([1.0, 2.0]))),
    ],
    "bound": [("DV", ValueError), ("", ValueError), (None, TypeError), (1, TypeError)],
    "code": [("Huffman", ValueError), ("", ValueError), (None, TypeError), (1, TypeError)],
}


def option_cases() -> list[Any]:
    return [
        pytest.param(function, good, name, bad, error, id=f"{function.__name__} {n} {name} {i}")
        for n, (function, good) in enumerate(CALLS)
        for name, table in BAD_OPTIONS.items()
        if name in inspect.signature(function).parameters
        for i, (bad, error) in enumerate(table)
    ]


@pytest.mark.parametrize(("function", "good", "name", "bad", "error"), option_cases())
def test_bad_options(
    function: Function, good: dict[str, Any], name: str, bad: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match=rf"\b{name}\b"):
        function(**(good | {name: bad}))


def test_table_has_all_functions_and_arguments() -> None:
    assert {function.__name__ for function, _ in CALLS} == set(refimpl.__all__)
    for name in refimpl.__all__:
        function = getattr(refimpl, name)
        given = set().union(*(good for called, good in CALLS if called is function))
        assert given | BAD_OPTIONS.keys() >= inspect.signature(function).parameters.keys()
    assert len(BAD_KINDS) + len(BAD_VALUES) >= 18


@pytest.mark.parametrize(
    ("function", "good"), CALLS, ids=[f"{f.__name__} {i}" for i, (f, _) in enumerate(CALLS)]
)
def test_good_calls_do_not_warn_and_give_plain_numbers(
    function: Function, good: dict[str, Any]
) -> None:
    value = function(**good)
    if isinstance(value, np.ndarray):
        assert value.dtype in {np.dtype(np.float64), np.dtype(np.int64)}
        assert value.ndim == 1
    else:
        assert type(value) is float


# Two arrays.


PAIRS = [
    pytest.param(function, good, id=function.__name__)
    for function, good in CALLS
    if {"p", "q"} <= good.keys() and "axis" in inspect.signature(function).parameters
]


@pytest.mark.parametrize(("function", "good"), PAIRS)
@pytest.mark.parametrize("n", [1, 2, 4])
def test_outcomes_are_never_broadcast(function: Function, good: dict[str, Any], n: int) -> None:
    other = np.full(n, 1 / n)
    for name in ("p", "q"):
        with pytest.raises(ValueError, match="the outcomes do not match"):
            function(**(good | {name: other}))
    if "critic" in good:
        with pytest.raises(ValueError, match="the outcomes do not match"):
            function(**(good | {"critic": other}))


ENTRYWISE = [
    (refimpl.binary_cross_entropy, ["y", "q"]),
    (refimpl.kl_bernoulli, ["p", "q"]),
    (refimpl.cross_entropy_gaussian, ["mean_p", "mean_q", "std_p", "std_q"]),
    (refimpl.kl_gaussian, ["mean_p", "mean_q", "std_p", "std_q"]),
]


@pytest.mark.parametrize(("function", "names"), ENTRYWISE)
def test_entrywise_functions_broadcast(function: Function, names: list[str]) -> None:
    rng = np.random.default_rng(1)
    shapes = [(3, 1), (4,), (2, 1, 1), ()]
    values = {name: rng.random(shape) + 0.0 for name, shape in zip(names, shapes, strict=False)}
    result = function(**values)
    full = np.broadcast_arrays(*values.values())
    assert result.shape == full[0].shape
    for index in np.ndindex(result.shape):
        single = {name: float(a[index]) for name, a in zip(names, full, strict=True)}
        assert type(function(**single)) is float
        assert result[index] == pytest.approx(function(**single), rel=1e-15)
    bad = {name: np.full(2 + (name == names[0]), 0.5) for name in names}
    with pytest.raises(ValueError, match=f"{names[0]} has .*do not broadcast|do not broadcast"):
        function(**bad)


# Axes, batches, types.


def renyi(alpha: float) -> Function:
    def function(p: ArrayLike, q: ArrayLike, **options: Any) -> Any:  # noqa: ANN401 - they differ
        return refimpl.renyi_divergence(p, q, alpha, **options)

    return function


def variational(bound: Literal["dv", "nwj"]) -> Function:
    def function(p: ArrayLike, q: ArrayLike, **options: Any) -> Any:  # noqa: ANN401 - they differ
        critic = np.cos(np.asarray(q, dtype=np.float64))
        return refimpl.donsker_varadhan(p, q, critic, bound=bound, **options)

    return function


OF_ONE_LAW: dict[str, Function] = {"entropy": refimpl.entropy, "perplexity": refimpl.perplexity}
OF_TWO_LAWS: dict[str, Function] = {
    "cross_entropy": refimpl.cross_entropy,
    "perplexity of a model": refimpl.perplexity,
    "kl_divergence": refimpl.kl_divergence,
    "jeffreys_divergence": refimpl.jeffreys_divergence,
    **{f"renyi_divergence {a}": renyi(a) for a in (0, 0.5, 1, 3, math.inf)},
    "donsker_varadhan": variational("dv"),
    "nguyen_wainwright_jordan": variational("nwj"),
}
REDUCTIONS = [
    *(pytest.param(function, 1, id=name) for name, function in OF_ONE_LAW.items()),
    *(pytest.param(function, 2, id=name) for name, function in OF_TWO_LAWS.items()),
]


@pytest.mark.parametrize(("function", "count"), REDUCTIONS)
def test_the_sign_of_zero_does_not_count(function: Function, count: int) -> None:
    p, q = [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]
    negative = [[x or -0.0 for x in law] for law in (p, q)]
    for swap in (slice(None), slice(None, None, -1)):
        args, same = [p, q][swap][:count], negative[swap][:count]
        assert function(*same) == function(*args)
        assert function(*[[law] for law in same])[0] == function(*args)


def test_the_sign_of_zero_does_not_count_entry_by_entry() -> None:
    assert refimpl.kl_bernoulli(0.5, -0.0) == math.inf
    assert refimpl.kl_bernoulli(-0.0, 0.5) == refimpl.kl_bernoulli(0.0, 0.5)
    assert refimpl.binary_cross_entropy(0.5, -0.0) == math.inf
    assert refimpl.information_content(-0.0) == math.inf


def random_laws(*shape: int, axis: int = -1) -> Array:
    rng = np.random.default_rng(shape)
    weights = rng.random(shape) ** 3 * (rng.random(shape) < 0.9) + 1e-3
    law: Array = weights / weights.sum(axis=axis, keepdims=True)
    return law


@pytest.mark.parametrize(("function", "count"), REDUCTIONS)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_axes(function: Function, count: int, axis: int) -> None:
    args = [random_laws(3, 4, 5, axis=axis) for _ in range(count)]
    args[-1] = np.flip(args[-1], axis=axis)
    result = function(*args, axis=axis)
    moved = [np.moveaxis(a, axis, -1) for a in args]
    assert result.dtype == np.float64
    assert result.shape == moved[0].shape[:-1]
    kept = function(*args, axis=axis, keepdims=True)
    assert kept.shape == tuple(1 if i == axis % 3 else n for i, n in enumerate((3, 4, 5)))
    assert np.array_equal(kept.ravel(), result.ravel())
    for index in np.ndindex(result.shape):
        single = function(*(a[index] for a in moved))
        assert type(single) is float
        assert result[index] == pytest.approx(single, rel=2e-15, abs=1e-16)


@pytest.mark.parametrize(("function", "count"), REDUCTIONS)
def test_single_laws_keep_their_axis_on_demand(function: Function, count: int) -> None:
    args = [LAW, OTHER][:count]
    kept = function(*args, keepdims=True)
    assert kept.shape == (1,)
    assert kept[0] == function(*args)
    assert function(*args, axis=0) == function(*args)


@pytest.mark.parametrize("name", OF_TWO_LAWS)
def test_batches_broadcast(name: str) -> None:
    function = OF_TWO_LAWS[name]
    p, q = random_laws(4, 1, 5), random_laws(3, 5)
    result = function(p, q)
    assert result.shape == (4, 3)
    for i, j in np.ndindex(4, 3):
        assert result[i, j] == pytest.approx(function(p[i, 0], q[j]), rel=2e-15)
    assert function(q, q[0]).shape == (3,)
    assert function(q[0], q).shape == (3,)
    first = function(q.T, q[:1].T, axis=0, keepdims=True)
    assert first.shape == (1, 3)
    assert_allclose(first[0], function(q, q[0]), rtol=2e-15)


@pytest.mark.parametrize(("function", "count"), REDUCTIONS)
def test_many_rows_are_the_same_as_one_by_one(function: Function, count: int) -> None:
    args = [random_laws(40_000, 3), random_laws(40_000, 3)[::-1]][:count]
    result = function(*args)
    assert result.shape == (40_000,)
    for i in (0, 1, 10_922, 10_923, 32_767, 32_768, 39_999):
        assert result[i] == pytest.approx(function(*(a[i] for a in args)), rel=2e-15, abs=1e-16)


@pytest.mark.parametrize(("function", "count"), REDUCTIONS)
def test_long_rows_are_the_same_as_one_by_one(function: Function, count: int) -> None:
    args = [random_laws(2, 70_000), random_laws(2, 70_000)[:, ::-1]][:count]
    result = function(*args)
    for i in range(2):
        assert result[i] == pytest.approx(function(*(a[i] for a in args)), rel=1e-15)
        # Outcomes may be in another order, so that chunks hold others.
        turned = function(*(np.roll(a[i], 30_000) for a in args))
        assert result[i] == pytest.approx(turned, rel=1e-13)


@pytest.mark.parametrize(("function", "count"), REDUCTIONS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble", ">f4", ">f8"])
def test_result_is_in_double_precision(function: Function, count: int, dtype: str) -> None:
    args = [np.array([0.5, 0.25, 0.25]), np.array([0.125, 0.375, 0.5])][:count]
    narrow = [a.astype(dtype) for a in args]
    assert function(*narrow) == pytest.approx(function(*args), rel=1e-3 if "16" in dtype else 1e-7)
    rows = function(*([a, a] for a in narrow))
    assert rows.dtype == np.float64


@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble", ">f4", ">f8"])
def test_sums_are_in_double_precision(dtype: str) -> None:
    # The entries are the same numbers in all these types, so the results are equal.
    args = [np.array([0.5, 0.25, 0.25]), np.array([0.125, 0.375, 0.5])]
    for name in ("cross_entropy", "kl_divergence", "jeffreys_divergence", "renyi_divergence 3"):
        function = OF_TWO_LAWS[name]
        assert function(*(a.astype(dtype) for a in args)) == function(*args)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_laws_need_little_memory(dtype: str) -> None:
    p, q = (random_laws(10**6).astype(dtype) for _ in range(2))
    q = q[::-1].copy()
    near = p * np.asarray(1 + 1e-3 * np.cos(np.arange(p.size)), dtype=dtype)
    near /= near.sum(dtype=np.float64)
    calls: list[tuple[Function, list[Array]]] = [
        (refimpl.entropy, [p]),
        (refimpl.cross_entropy, [p, q]),
        (refimpl.kl_divergence, [p, q]),
        (refimpl.kl_divergence, [p, near]),
    ]
    for function, args in calls:
        tracemalloc.start()
        function(*args)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2 * 2**20


def test_threads_do_not_share_their_work() -> None:
    pairs = [(random_laws(50_000 + i), np.roll(random_laws(50_000 + i), 7)) for i in range(8)]
    alone = [refimpl.kl_divergence(p, q) for p, q in pairs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            together = pool.map(lambda pair: refimpl.kl_divergence(*pair), pairs)
            assert list(together) == alone


def test_documentation_names_equation_and_errors() -> None:
    for name in refimpl.__all__:
        text = getattr(refimpl, name).__doc__
        for part in (":eq:`", "Parameters\n", "Returns\n", "Raises\n", "Examples\n", ">>>"):
            assert part in text, (name, part)


def test_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", refimpl.__version__)
