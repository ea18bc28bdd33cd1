"""All public functions hold to one contract for input, and one for axes, batches and types."""

import dataclasses
import functools
import inspect
import itertools
import math
import re
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import ArrayLike

import refimpl
from equations.book import public_functions
from tests.contract import CALLS, LAW, OPTIONS, OTHER, Bad, Call, Function
from tests.contract import law as law_kind
from tests.strategies import Array


def names(calls: list[Call]) -> list[str]:
    """Return a name for each row of a table."""
    return [f"{call.name} {number}" for number, call in enumerate(calls)]


@pytest.mark.parametrize(
    ("call", "name", "value", "bad"),
    [
        pytest.param(call, name, value, bad, id=f"{row} {name} {what}")
        for row, call in zip(names(CALLS), CALLS, strict=True)
        for name, what, value, bad in call.bad_inputs()
    ],
)
def test_bad_input(call: Call, name: str, value: object, bad: Bad) -> None:
    with pytest.raises(bad.error) as raised:
        call.run(**{name: value})
    message = str(raised.value)
    assert re.search(rf"\b{name}\b", message)
    if bad.entry:
        assert re.search(rf"\b{name}\[0[0, ]*\] = {re.escape(bad.entry)} ", message)
    assert re.search(r"\b(give|must|divide|are)\b", message)  # it says what would be right
    assert len(message) < 400


def test_table_has_all_functions_and_arguments() -> None:
    public = {f for name in refimpl.__all__ if inspect.isfunction(f := getattr(refimpl, name))}
    differ = sorted(f.__name__ for f in public ^ {call.function for call in CALLS})
    assert differ == [], "tests/contract.py needs a call of each public function, and of no other"
    for function in public:
        given = set().union(*(call.arguments for call in CALLS if call.function is function))
        assert given | OPTIONS.keys() >= inspect.signature(function).parameters.keys()


def test_every_array_meets_at_least_18_kinds_of_bad_input() -> None:
    kinds = {id(a.kind): a.kind for call in CALLS for a in call.arguments.values()}
    assert all(len(kind.bad) >= 18 for kind in kinds.values() if kind.is_array)


@pytest.mark.parametrize("call", CALLS, ids=names(CALLS))
def test_good_calls_do_not_warn_and_give_plain_numbers(call: Call) -> None:
    result = call.run()
    for value in result if isinstance(result, tuple) else [result]:
        if isinstance(value, np.ndarray):
            assert value.dtype in {np.dtype(np.float64), np.dtype(np.int64)}
            assert value.ndim
        elif not dataclasses.is_dataclass(value):
            assert type(value) in {float, bool, list}


# Two arrays.


PAIRS = [
    call
    for call in CALLS
    if {"p", "q"} <= call.arguments.keys() and "axis" in inspect.signature(call.function).parameters
]


@pytest.mark.parametrize("call", PAIRS, ids=names(PAIRS))
@pytest.mark.parametrize("n", [1, 2, 4])
def test_outcomes_are_never_broadcast(call: Call, n: int) -> None:
    for name in {"p", "q", "critic"} & call.arguments.keys():
        with pytest.raises(ValueError, match="the outcomes do not match"):
            call.run(**{name: np.full(n, 1 / n)})


ENTRYWISE = [
    (refimpl.binary_cross_entropy, ["y", "q"]),
    (refimpl.kl_bernoulli, ["p", "q"]),
    (refimpl.cross_entropy_gaussian, ["mean_p", "mean_q", "std_p", "std_q"]),
    (refimpl.kl_gaussian, ["mean_p", "mean_q", "std_p", "std_q"]),
    (refimpl.binary_cross_entropy_loss, ["targets", "logits"]),
    (refimpl.binary_cross_entropy_gradient, ["targets", "logits"]),
    (refimpl.optimal_discriminator, ["p_real", "p_fake"]),
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
        assert result[index] == pytest.approx(function(**single), rel=1e-15, abs=0)
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


def critic_of(generator: str) -> Function:
    def function(p: ArrayLike, q: ArrayLike, **options: Any) -> Any:  # noqa: ANN401 - they differ
        critic = np.cos(np.asarray(q, dtype=np.float64))
        return refimpl.variational_lower_bound(generator, critic, p, q, **options)

    return function


def of_laws(call: Call, names: tuple[str, ...], *laws: ArrayLike, **options: object) -> Any:  # noqa: ANN401 - they differ
    """Call a function with other laws than the table has."""
    return call.run(**dict(zip(names, laws, strict=True)), **options)


def reductions(*names: str) -> dict[str, Function]:
    """Return what the table has of functions that sum laws of given names over outcomes."""
    found: dict[str, Function] = {}
    for call in CALLS:
        arrays = {name for name, a in call.arguments.items() if a.kind.is_array}
        laws = {name for name, a in call.arguments.items() if a.kind is law_kind}
        options = inspect.signature(call.function).parameters.keys()
        if arrays == laws == set(names) and {"axis", "keepdims"} <= options:
            found[call.name] = functools.partial(of_laws, call, names)
    return found


OF_ONE_LAW = reductions("p")
OF_TWO_LAWS = reductions("p", "q") | {
    **{f"renyi_divergence {a}": renyi(a) for a in (0, 0.5, 1, 3, math.inf)},
    "donsker_varadhan": variational("dv"),
    "nguyen_wainwright_jordan": variational("nwj"),
    "variational_lower_bound": critic_of("chi_square"),
}


def generator(*, saturating: bool) -> Function:
    def function(p: ArrayLike, **options: Any) -> Any:  # noqa: ANN401 - they differ
        chances = np.cos(np.asarray(p, dtype=np.float64)) / 2
        return refimpl.generator_loss(p, discriminator=chances, saturating=saturating, **options)

    return function


def game(p: ArrayLike, q: ArrayLike, **options: Any) -> Any:  # noqa: ANN401 - they differ
    return refimpl.gan_value(p, q, logits=np.cos(np.asarray(q, dtype=np.float64)), **options)


REDUCTIONS = [
    *(pytest.param(function, 1, id=name) for name, function in OF_ONE_LAW.items()),
    *(pytest.param(function, 2, id=name) for name, function in OF_TWO_LAWS.items()),
    pytest.param(generator(saturating=False), 1, id="generator_loss"),
    pytest.param(generator(saturating=True), 1, id="saturating generator_loss"),
    pytest.param(game, 2, id="gan_value"),
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
        assert result[i, j] == pytest.approx(function(p[i, 0], q[j]), rel=2e-15, abs=0)
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
        assert result[i] == pytest.approx(function(*(a[i] for a in args)), rel=1e-15, abs=0)
        # Outcomes may be in another order, so that chunks hold others.
        turned = function(*(np.roll(a[i], 30_000) for a in args))
        assert result[i] == pytest.approx(turned, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize(("function", "count"), REDUCTIONS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble", ">f4", ">f8"])
def test_result_is_in_double_precision(function: Function, count: int, dtype: str) -> None:
    args = [np.array([0.5, 0.25, 0.25]), np.array([0.125, 0.375, 0.5])][:count]
    narrow = [a.astype(dtype) for a in args]
    assert function(*narrow) == pytest.approx(
        function(*args), rel=1e-3 if "16" in dtype else 1e-7, abs=0
    )
    rows = function(*([a, a] for a in narrow))
    assert rows.dtype == np.float64


@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble", ">f4", ">f8"])
def test_sums_are_in_double_precision(dtype: str) -> None:
    # The entries are the same numbers in all these types, so the results are equal.
    args = [np.array([0.5, 0.25, 0.25]), np.array([0.125, 0.375, 0.5])]
    for function in OF_TWO_LAWS.values():
        assert function(*(a.astype(dtype) for a in args)) == function(*args)


def peak_memory(function: Function, *args: Any, **options: Any) -> int:  # noqa: ANN401 - any
    tracemalloc.start()
    function(*args, **options)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize(("dtype", "n"), [("float32", 10**6), ("float64", 10**7)])
def test_long_laws_need_little_memory(dtype: str, n: int) -> None:
    p = np.linspace(0, 1, n, dtype=dtype)  # the first entry is 0
    p /= p.sum(dtype=np.float64)
    q = p[::-1].copy()
    near = p.copy()
    near[1::2] *= np.float32(1.001)
    near /= near.sum(dtype=np.float64)
    full = (p + q) / 2
    scores = np.linspace(-1, 1, n)
    own = refimpl.Generator(function=np.square, at_zero=0.0, slope_at_infinity=math.inf)
    calls: list[Callable[[], float]] = [
        lambda: refimpl.entropy(p),
        lambda: refimpl.cross_entropy(p, q),
        lambda: refimpl.kl_divergence(p, q),
        lambda: refimpl.kl_divergence(p, near),
        lambda: refimpl.js_divergence(p, q),
        lambda: refimpl.js_divergence(p, near),
        lambda: refimpl.bayes_error(p, q),
        lambda: refimpl.clipped_kl_divergence(p, q),
        lambda: refimpl.clipped_kl_divergence(p, q, how="add"),
        # From here on in laws that are not so long.
        lambda: refimpl.js_distance(p, near),
        lambda: refimpl.js_divergence(p, q, weights=[0.25, 0.75]),
        lambda: refimpl.js_divergence(p, q, near),
        lambda: refimpl.total_variation(p, q),
        lambda: refimpl.hellinger_distance(p, q),
        lambda: refimpl.chi_square(p, q),
        lambda: refimpl.jeffreys_divergence(p, near),
        *(
            functools.partial(refimpl.renyi_divergence, p, full, alpha)
            for alpha in (0.0, 0.25, 0.5, 2.0, 50.0, math.inf)
        ),
        *(functools.partial(refimpl.f_divergence, name, p, full) for name in refimpl.GENERATORS),
        lambda: refimpl.f_divergence(own, p, full),
        lambda: refimpl.cross_entropy_loss(p, scores),
    ]
    for call in calls if n < 10**7 else calls[:9]:
        assert peak_memory(call) < 2 * 2**20


def test_long_laws_in_single_precision() -> None:
    p = np.arange(1, 10**7 + 1, dtype=np.float32)
    p /= p.sum(dtype=np.float64)
    q = p[::-1]
    wide = p.astype(np.float64) / p.sum(dtype=np.float64)
    assert refimpl.entropy(p) == pytest.approx(refimpl.entropy(wide), rel=1e-14, abs=0)
    exact = refimpl.kl_divergence(wide, wide[::-1])
    assert refimpl.kl_divergence(p, q) == pytest.approx(exact, rel=1e-14, abs=0)
    assert peak_memory(refimpl.entropy, p) < 2 * 2**20
    assert peak_memory(refimpl.kl_divergence, p, q) < 2 * 2**20


@pytest.mark.parametrize("m", [10**6, 900_000])
def test_long_samples_need_little_memory(m: int) -> None:
    x, y = np.linspace(0, 1, 10**6)[::-1].copy(), np.linspace(1, 3, m)
    assert peak_memory(refimpl.wasserstein_1d, x, y) < 4 * (x.nbytes + y.nbytes)
    a, b = (np.arange(1.0, z.size + 1) for z in (x, y))
    a, b = a / a.sum(), b / b.sum()
    for dtypes in itertools.product(("float32", "float64"), repeat=2):
        p, q, v, w = (z.astype(dtypes[k]) for k, pair in enumerate(((x, y), (a, b))) for z in pair)
        for weights in ({"x_weights": v, "y_weights": w}, {"x_weights": v}, {"y_weights": w}):
            peak = peak_memory(refimpl.wasserstein_1d, p, q, **weights)
            assert peak < 4 * sum(z.nbytes for z in (p, q, *weights.values()))


def test_threads_do_not_share_their_work() -> None:
    pairs = [(random_laws(50_000 + i), np.roll(random_laws(50_000 + i), 7)) for i in range(8)]
    alone = [refimpl.kl_divergence(p, q) for p, q in pairs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            together = pool.map(lambda pair: refimpl.kl_divergence(*pair), pairs)
            assert list(together) == alone


def test_documentation_names_equation_and_errors() -> None:
    for name in public_functions(refimpl):
        text = getattr(refimpl, name).__doc__
        parts = ["Parameters\n", "Returns\n", "Raises\n"]
        if isinstance(getattr(refimpl, name), type):
            parts = ["Attributes\n"]
        for part in (":eq:`", *parts, "Examples\n", ">>>"):
            assert part in text, (name, part)


def test_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev0)?", refimpl.__version__)
