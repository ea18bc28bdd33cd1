"""Dask arrays: the values, options and errors of the functions in memory, chunk by chunk."""

import inspect
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import dask
import dask.array as da
import distributed
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refimpl
from refimpl import chunked
from tests import oracles
from tests.strategies import Array, pairs

EPS = 2.0**-52
Chunks = Any  # as Dask takes them
DIVERGENCES = ["kl_divergence", "js_divergence", "total_variation"]


@pytest.fixture(autouse=True)
def _without_threads() -> Iterator[None]:
    with dask.config.set(scheduler="synchronous"):
        yield


def in_memory(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(refimpl, name)
    return function


def in_chunks(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(chunked, name)
    return function


def array(values: object, chunks: object) -> Any:  # noqa: ANN401 - Dask's
    return da.from_array(np.asarray(values), chunks=chunks)


def random_law(*shape: int, power: int = 5, seed: int = 1) -> Array:
    weights = np.random.default_rng(seed).random(shape) ** power
    law: Array = weights / weights.sum(axis=-1, keepdims=True)
    return law


def same(found: Any, expected: Any, ulps: float = 8) -> None:  # noqa: ANN401 - floats or arrays
    np.testing.assert_allclose(found.compute(), expected, rtol=ulps * EPS, atol=0)
    assert found.shape == np.shape(expected)
    assert found.dtype == np.float64


# Values.


@pytest.mark.parametrize("name", [*DIVERGENCES, "entropy"])
@pytest.mark.parametrize("chunks", [(2, 7), (3, 100_000), (1, 33_333), (3, (1, 0, 99_998, 1))])
@pytest.mark.parametrize("kind", ["far", "near", "equal", "sparse"])
def test_values_are_those_in_memory(name: str, chunks: Chunks, kind: str) -> None:
    n = 100 if chunks == (2, 7) else 100_000
    p, q = random_law(3, n), random_law(3, n, seed=2)
    if kind == "sparse":
        p, q = (np.where(random_law(3, n, seed=i) * n > 0.01, a, 0) for i, a in ((3, p), (4, q)))
        p, q = (a / a.sum(axis=-1, keepdims=True) for a in (p, q))
    if kind == "near":
        q = p * (1 + 1e-6 * np.cos(np.arange(n)))
        q /= q.sum(axis=-1, keepdims=True) * (1 + 3e-10)  # within the tolerance of sums
    laws = [p, p if kind == "equal" else q][: 1 + (name != "entropy")]
    same(in_chunks(name)(*(array(a, chunks) for a in laws)), in_memory(name)(*laws))


@given(pairs(6), st.sampled_from(DIVERGENCES), st.integers(1, 6))
def test_values_of_odd_laws_are_those_in_memory(
    laws: tuple[Array, Array], name: str, size: int
) -> None:
    found = in_chunks(name)(*(array(a, size) for a in laws)).compute()
    expected = in_memory(name)(*laws)
    assert found == pytest.approx(expected, rel=16 * EPS, abs=1e-17)
    assert math.isinf(found) == math.isinf(expected)


@given(pairs(5), st.integers(1, 5))
def test_entropy_of_odd_laws_is_that_in_memory(laws: tuple[Array, Array], size: int) -> None:
    for law in laws:
        found = chunked.entropy(array(law, size)).compute()
        assert found == pytest.approx(refimpl.entropy(law), rel=8 * EPS, abs=0)


def test_what_is_small_keeps_its_digits() -> None:
    sure = np.array([1e-20, 1 - 1e-12, 3e-13, 7e-13])
    same(chunked.entropy(array(sure, 2)), refimpl.entropy(sure))
    p = random_law(1000)
    for scale in (1e-5, 1e-10, 1e-13):
        q = p * (1 + scale * np.cos(np.arange(1000)))
        q /= q.sum()
        for name in DIVERGENCES:
            same(in_chunks(name)(array(p, 99), array(q, 99)), in_memory(name)(p, q), 64)


@pytest.mark.parametrize("dtype", ["float32", "float16", ">f8", "longdouble"])
def test_sums_are_in_double_precision(dtype: str) -> None:
    p, q = (np.array(a, dtype=dtype) for a in ([0.5, 0.25, 0.25], [0.125, 0.375, 0.5]))
    same(chunked.entropy(array(p, 2)), refimpl.entropy(p))
    for name in DIVERGENCES:
        same(in_chunks(name)(array(p, 2), array(q, 2)), in_memory(name)(p, q))
    p = random_law(2, 5000).astype("float32")
    q = p[::-1]
    a, b = array(p, (1, 300)), array(q, (1, 700))
    for name in DIVERGENCES:  # their sums differ from 1 by more than double precision allows
        same(in_chunks(name)(a, b), in_memory(name)(p, q))
    same(chunked.entropy(a), refimpl.entropy(p))


def test_whole_numbers_are_laws() -> None:
    p, q = np.array([0, 1, 0]), np.array([0.0, 0.5, 0.5])
    assert chunked.kl_divergence(array(p, 1), array(q, 2)).compute() == math.log(2)
    assert chunked.kl_divergence(array(q, 1), array(p, 2)).compute() == math.inf
    assert chunked.js_divergence(array(p, 1), array(p[::-1] * 0 + p, 1)).compute() == 0


def test_several_laws_with_weights() -> None:
    laws = [random_law(4, 1, 50), random_law(3, 50, seed=2), random_law(50, seed=3)]
    dasks = [array(laws[0], (2, 1, 7)), array(laws[1], (1, 9)), array(laws[2], 50)]
    same(chunked.js_divergence(*dasks), refimpl.js_divergence(*laws))
    for weights in ([0.2, 0.3, 0.5], [0.0, 0.4, 0.6], [0.5, 0.5, 0.0], [0, 1, 0]):
        expected = refimpl.js_divergence(*laws, weights=weights)
        same(chunked.js_divergence(*dasks, weights=weights), expected)


def test_a_law_of_hardly_any_weight_leaves_the_others_their_digits() -> None:
    p, q = np.array([[0.1 + 1e-9, 0.9 - 1e-9], [0.1, 0.9]])
    laws = [array(law, 1) for law in (p, q, [0.9, 0.1])]
    found = chunked.js_divergence(*laws, weights=[0.5, 0.5, 1e-40])
    same(found, refimpl.js_divergence(p, q))


# Shapes and options.


@pytest.mark.parametrize("name", [*DIVERGENCES, "entropy"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_axes(name: str, axis: int) -> None:
    laws = [np.moveaxis(random_law(4, 5, 6, seed=i), -1, axis) for i in (1, 2)]
    laws = laws[: 1 + (name != "entropy")]
    dasks = [array(a, (3, 2, 4)) for a in laws]
    for keepdims in (False, True):
        expected = in_memory(name)(*laws, axis=axis, keepdims=keepdims)
        same(in_chunks(name)(*dasks, axis=axis, keepdims=keepdims), expected)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_batches_broadcast(name: str) -> None:
    p, q = random_law(4, 1, 9), random_law(3, 9, seed=2)
    same(in_chunks(name)(array(p, (3, 1, 4)), array(q, (2, 5))), in_memory(name)(p, q))
    same(in_chunks(name)(array(q[0], 2), array(q, 2)), in_memory(name)(q[0], q))


def test_units() -> None:
    p, q = random_law(99), random_law(99, seed=2)
    a, b = array(p, 10), array(q, 10)
    same(chunked.entropy(a, base=2), refimpl.entropy(p, base=2))
    same(chunked.kl_divergence(a, b, base=10), refimpl.kl_divergence(p, q, base=10))
    same(chunked.js_divergence(a, b, base=2), refimpl.js_divergence(p, q, base=2))


def test_options_are_those_in_memory() -> None:
    for name in [*DIVERGENCES, "entropy"]:
        here, there = (inspect.signature(f) for f in (in_chunks(name), in_memory(name)))
        assert [(p.name, p.kind, p.default) for p in here.parameters.values()] == [
            (p.name, p.kind, p.default) for p in there.parameters.values()
        ]


# Transport.


def distance(points: Array, p: Array, q: Array) -> Any:  # noqa: ANN401 - a float or an array
    x, y = (np.broadcast_to(points, a.shape) for a in (p, q))
    return refimpl.wasserstein_1d(x, y, x_weights=p, y_weights=q)


@pytest.mark.parametrize("chunks", [7, 100, 1, (40, 60)])
def test_transport_is_that_in_memory(chunks: Chunks) -> None:
    p, q = random_law(100), random_law(100, seed=2)
    points = np.sort(np.random.default_rng(3).normal(size=100)).round(1)  # some are equal
    for law in (q, p, p * (1 + 1e-9 * np.arange(100)) / (1 + 1e-9 * np.arange(100) @ p)):
        found = chunked.wasserstein_1d(array(p, chunks), array(law, chunks), points=points)
        same(found, distance(points, p, law), 64)


def test_transport_along_an_axis() -> None:
    p, q, points = random_law(3, 1, 90), random_law(2, 90, seed=2), np.arange(90.0) ** 2
    expected = distance(points, np.broadcast_to(p, (3, 2, 90)), np.broadcast_to(q, (3, 2, 90)))
    found = chunked.wasserstein_1d(
        array(np.moveaxis(p, -1, 0), (7, 2, 1)),
        array(q.T[:, None], (40, 1, 1)),
        points=array(points, 50),
        axis=0,
    )
    same(found, expected)


def test_rest_of_laws_travels_far() -> None:
    n = 70_000  # more than is read at a time
    p = np.zeros(n)
    p[0] = 1
    found = chunked.wasserstein_1d(array(p, n), array(p[::-1], n), points=np.arange(n))
    assert found.compute() == n - 1
    one = array([1.0], 1)
    assert chunked.wasserstein_1d(one, one, points=[7]).compute() == 0


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_transport_of_laws_whose_sums_are_rounded(dtype: str) -> None:
    laws = [random_law(40, seed=i).astype(dtype) for i in (1, 2)]
    p, q = (law.astype(float) / law.sum(dtype=float) for law in laws)
    points = np.arange(40.0)
    found = chunked.wasserstein_1d(*(array(law, 9) for law in laws), points=points)
    same(found, distance(points, p, q), 16)


@oracles.needs_wider_float
def test_rest_of_laws_is_carried_in_a_wider_float() -> None:
    tiny = 2.0**-60
    p, q, points = np.zeros((3, 16))
    q[:2] = p[8:10] = 0.25, tiny
    p[10] = q[10] = 0.75
    points[9:] = 1  # so that the tiny rest alone travels
    found = chunked.wasserstein_1d(array(p, 1), array(q, 1), points=points)
    assert found.compute() == tiny


@pytest.mark.parametrize(
    ("points", "error", "message"),
    [
        ([0.0, 1.0], ValueError, r"points has shape \(2,\); give one number for each of 3"),
        ([[0.0, 1.0, 2.0]], ValueError, r"points has shape \(1, 3\)"),
        ([0.0, math.nan, 1.0], ValueError, r"points\[1\] = nan is not a finite number"),
        (["0", "1", "2"], TypeError, "points is "),
        (array(["0", "1", "2"], 2), TypeError, "points has dtype <U1; give an array of real"),
        (array([[0.0, 1.0, 2.0]], 2), ValueError, r"points has shape \(1, 3\)"),
    ],
)
def test_bad_points_are_seen_at_the_call(
    points: object, error: type[Exception], message: str
) -> None:
    p = array([0.5, 0.2, 0.3], 2)
    with pytest.raises(error, match=message):
        chunked.wasserstein_1d(p, p, points=points)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([0.0, 2.0, 1.0], r"points\[1\] = 2.0 is larger than the next; give points in order"),
        (array([0.0, 1.0, math.inf], 2), r"points\[2\] = inf is not a finite number"),
        (array([0.0, math.nan, 1.0], 2), r"points\[1\] = nan is not a finite number"),
    ],
)
def test_bad_points_are_seen_when_they_are_read(points: object, message: str) -> None:
    p = array([0.5, 0.2, 0.3], 2)
    lazy = chunked.wasserstein_1d(p, p, points=points)
    with pytest.raises(ValueError, match=message):
        lazy.compute()


# Errors.


def lazy_calls(p: Any, q: Any) -> list[Callable[[], Any]]:  # noqa: ANN401 - Dask's
    return [
        lambda: chunked.kl_divergence(p, q),
        lambda: chunked.js_divergence(p, q),
        lambda: chunked.js_divergence(q, q, p, weights=[0.5, 0.3, 0.2]),
        lambda: chunked.total_variation(p, q),
        lambda: chunked.wasserstein_1d(p, q, points=np.arange(p.shape[-1])),
    ]


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([0.5, 0.5], TypeError, "is a list; give a Dask array"),
        (np.array([0.5, 0.5]), TypeError, "is a ndarray; give a Dask array"),
        (array(["a", "b"], 1), TypeError, "has dtype <U1; give an array of real numbers"),
        (array([True, False], 1), TypeError, "has dtype bool"),
        (array([0.5 + 0j, 0.5], 1), TypeError, "has dtype complex"),
        (da.zeros(0), ValueError, r"is empty, with shape \(0,\)"),
        (array(1.0, ()), ValueError, "no axis|one number"),
        (array([0.5, 0.3, 0.2], 1), ValueError, "the outcomes do not match"),
        (array([0.5, 0.5], 1)[array([0.5, 0.5], 1) > 0], ValueError, "has the unknown shape"),
    ],
)
def test_what_is_known_is_checked_at_the_call(
    values: Any,  # noqa: ANN401 - anything
    error: type[Exception],
    message: str,
) -> None:
    right = array([0.5, 0.5], 1)
    for call in lazy_calls(right, values):
        with pytest.raises(error, match=message):
            call()
    if "match" not in message:
        with pytest.raises(error, match=f"p {message}|p is one number"):
            chunked.entropy(values)


def test_disjoint_laws_are_at_most_one_apart() -> None:
    rng = np.random.default_rng(14)
    laws = np.zeros((2, 300, 12))
    laws[0, :, :7], laws[1, :, 7:] = rng.dirichlet(np.ones(7), 300), rng.dirichlet(np.ones(5), 300)
    found = chunked.total_variation(*(array(law, (100, 5)) for law in laws)).compute()
    assert found.max() == 1
    np.testing.assert_allclose(found, 1, rtol=1e-15)


def test_options_are_checked_at_the_call() -> None:
    p = array([0.5, 0.5], 1)
    with pytest.raises(ValueError, match="axis = 1 is out of range"):
        chunked.entropy(p, axis=1)
    with pytest.raises(ValueError, match="base = 1 is no base"):
        chunked.kl_divergence(p, p, base=1)
    with pytest.raises(ValueError, match="weights has 3 entries; give 2"):
        chunked.js_divergence(p, p, weights=[0.2, 0.3, 0.5])
    with pytest.raises(TypeError, match="keepdims = 1 is not a boolean"):
        chunked.total_variation(p, p, keepdims=1)  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize("entry", [-0.25, math.nan, math.inf, -math.inf, 0.5])
def test_entries_are_checked_when_they_are_read(entry: float) -> None:
    right = random_law(3, 40)
    wrong = right.copy()
    wrong[2, 31] = entry
    with pytest.raises(ValueError, match=r"p\[2, ") as expected:
        refimpl.entropy(wrong)
    message = str(expected.value)
    p, q = array(wrong, (2, 7)), array(right, (2, 7))
    with pytest.raises(ValueError, match=r"^p\[2") as raised:
        chunked.entropy(p).compute()
    assert _without_rounding(str(raised.value)) == _without_rounding(message)
    for lazy in [call() for call in lazy_calls(p, q)]:
        with pytest.raises(ValueError, match=r"^(p|others\[0\])\[2, (31|:)\] (=|sums to)"):
            lazy.compute()
    for lazy in [call() for call in lazy_calls(q, p)]:
        with pytest.raises(ValueError, match=r"^(p|q)\[2, (31|:)\] (=|sums to)"):
            lazy.compute()
    across = array(wrong.T[None], (1, 7, 2))
    with pytest.raises(ValueError, match=r"^p\[0, (31|:), 2\] (=|sums to)"):
        chunked.entropy(across, axis=1).compute()


@pytest.mark.parametrize("axis", [0, 1])
def test_a_wrong_sum_is_shown_with_its_place(axis: int) -> None:
    laws = np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 0.125]])
    p = array(np.moveaxis(laws, -1, axis), (1, 2))
    place = ["p[:, 1]", "p[1, :]"][axis]
    with pytest.raises(ValueError, match=rf"^{re.escape(place)} sums to 0\.875"):
        chunked.entropy(p, axis=axis).compute()


def test_sums_may_be_rounded_as_their_dtype_is() -> None:
    p = np.full(10, 0.1, dtype="float16")
    same(chunked.entropy(array(p, 5)), math.log(10))
    with pytest.raises(ValueError, match=r"^p sums to 0\.9997"):
        chunked.entropy(array(p.astype(float), 5)).compute()


def _without_rounding(message: str) -> str:
    return " ".join(word[:12] for word in message.split())


def test_masked_chunks_are_an_error() -> None:
    masked = da.ma.masked_array(array([0.5, 0.5], 1), mask=[False, True])
    with pytest.raises(TypeError, match="p is a masked array"):
        chunked.entropy(masked).compute()


def test_nothing_is_read_at_the_call_and_each_chunk_twice() -> None:
    read: list[int] = []

    def block(block_info: dict[None, Any]) -> Array:
        read.append(block_info[None]["chunk-location"][0])
        return np.full(10, 1 / 50)

    law = da.map_blocks(block, chunks=((10,) * 5,), dtype=float, meta=np.empty(0))
    other = array(random_law(50), 10)
    lazy = [call() for call in lazy_calls(law, other)]
    assert not read
    for result in lazy:
        read.clear()
        result.compute()
        assert sorted(read) == sorted([*range(5)] * 2)
    read.clear()
    chunked.entropy(law).compute()
    assert sorted(read) == [*range(5)]


def test_nothing_warns_or_raises_in_odd_error_states() -> None:
    p, q = np.array([1.0, 0.0, 0.0, 5e-324]), np.array([0.0, 0.5, 0.5, 1e-308])
    with np.errstate(all="raise"):
        for lazy in [call() for call in lazy_calls(array(p, 2), array(q, 3))]:
            lazy.compute()
        chunked.entropy(array(p, 1)).compute()


def test_package_does_not_import_dask() -> None:
    code = "import sys, refimpl; sys.exit('dask' in sys.modules or 'distributed' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own words


# Several processes, and less memory than the laws need.

WEIGHTS = np.array([1.0, 2.0, 4.0, 9.0]) / 16  # of the kinds of chunks, under p
OTHERS = WEIGHTS[::-1]  # and under q
INSIDE = np.array([[0.0, 0.2, 0.3, 0.5], [0.4, 0.3, 0.2, 0.1]])  # of the four outcomes in a group


def ramp(number: int, size: int, count: int, law: int) -> Array:
    """Return a chunk of a law: chunks of four kinds follow each other, and groups of outcomes."""
    weight = (WEIGHTS, OTHERS)[law][number % 4] * 4 / count
    return np.tile(INSIDE[law] * (weight * 4 / size), size // 4)


def generated(law: int, size: int, count: int) -> Any:  # noqa: ANN401 - Dask's
    def block(block_info: dict[None, Any]) -> Array:
        return ramp(block_info[None]["chunk-location"][0], size, count, law)

    return da.map_blocks(block, chunks=((size,) * count,), dtype=float, meta=np.empty(0))


def peak(dask_worker: Any) -> int:  # noqa: ANN401 - a worker
    """Return the most memory that a worker's process had."""
    with open(f"/proc/{os.getpid()}/status", encoding="ascii") as lines:  # noqa: PTH123 - a file of the kernel
        sizes = dict(line.split(":", 1) for line in lines)
    assert dask_worker.data.spilled_total.disk == 0
    return int(sizes["VmHWM"].split()[0]) * 1024


def mean(law: int, size: int, count: int) -> float:
    """Return the mean of the number of the outcome."""
    kinds = np.arange(count) % 4
    weights = (WEIGHTS, OTHERS)[law][kinds] * 4 / count
    weights /= weights.sum()
    inside = (size - 4) / 2 + INSIDE[law] @ np.arange(4)
    return float(weights @ (np.arange(count) * size) + inside)


def test_small_chunks_make_the_laws_that_the_large_test_expects() -> None:
    p, q = (np.concatenate([ramp(i, 8, 8, law) for i in range(8)]) for law in (0, 1))
    small = [
        np.outer(w, inside).ravel() for w, inside in zip((WEIGHTS, OTHERS), INSIDE, strict=True)
    ]
    for name in DIVERGENCES:
        assert in_memory(name)(p, q) == pytest.approx(in_memory(name)(*small), rel=8 * EPS, abs=0)
    entropy = refimpl.entropy(small[0]) + math.log(2 * 2)
    assert refimpl.entropy(p) == pytest.approx(entropy, rel=8 * EPS, abs=0)
    distance_of_means = mean(0, 8, 8) - mean(1, 8, 8)
    assert distance(np.arange(64.0), p, q) == pytest.approx(distance_of_means, rel=1e-13, abs=0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_laws_larger_than_the_memory_of_a_worker() -> None:
    limit, workers, size, count = 384 * 2**20, 2, 2**19, 52
    p, q = generated(0, size, count), generated(1, size, count)
    assert p.nbytes + q.nbytes > limit
    small = [
        np.outer(w, inside).ravel() for w, inside in zip((WEIGHTS, OTHERS), INSIDE, strict=True)
    ]
    points = da.arange(p.size, chunks=size, dtype=float)
    lazy = [in_chunks(name)(p, q) for name in DIVERGENCES]
    lazy += [chunked.entropy(p), chunked.wasserstein_1d(p, q, points=points)]
    with (
        dask.config.set({"distributed.worker.memory.terminate": 0.95}),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=limit,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = set(client.run(os.getpid).values())
        found = [client.compute(one).result() for one in lazy]
        assert set(client.run(os.getpid).values()) == pids  # none was killed
        peaks = client.run(peak)
    assert max(peaks.values()) < 0.9 * limit
    for name, value in zip(DIVERGENCES, found, strict=False):
        assert value == pytest.approx(in_memory(name)(*small), rel=16 * EPS, abs=0)
    entropy = refimpl.entropy(small[0]) + math.log(count / 4 * size / 4)
    assert found[3] == pytest.approx(entropy, rel=16 * EPS, abs=0)
    # No distribution function crosses the other, so the distance is that of the means.
    assert found[4] == pytest.approx(mean(0, size, count) - mean(1, size, count), rel=1e-12, abs=0)
