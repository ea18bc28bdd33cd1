"""Entropy, divergences and transport of laws that are larger than memory, as Dask arrays.

The functions have the names, options and results of those in `refimpl`, for arrays that are
chunked along the outcomes, along the other axes, or both. They return Dask arrays, and nothing
is read before `compute`. Chunks are then read twice, by any number of threads, processes or
machines: first to check and to sum the laws, then, with the sums known, to add up terms of one
sign. They are made or loaded anew the second time, so that none has to stay in memory between.

What is known without reading is checked at the call: the kind of the arguments, shapes and
options. Entries and sums are checked by `compute`, which raises the same errors; where several
entries are wrong, any of them may be the one named.

Values agree with those of `refimpl` to a few units in the last place. This module needs Dask,
which ``pip install refimpl[dask]`` brings.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
from dask.graph_manipulation import bind
from numpy.typing import ArrayLike

from refimpl import _checks, _sums
from refimpl._checks import Array, Reals, Reduction

__all__ = ["entropy", "js_divergence", "kl_divergence", "total_variation", "wasserstein_1d"]

Dask = Any  # dask.array.Array, which has no types

FAN_IN = 16  # sums of chunks that are added in one go


def entropy(p: Dask, *, axis: int = -1, base: float | None = None, keepdims: bool = False) -> Dask:
    """
    Shannon entropy of a law.

    The entropy is the mean information content -Σ p log p, with 0 log 0 = 0. The law is read
    once. Equation :eq:`eq-entropy-def`.

    Parameters
    ----------
    p : dask.array.Array
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    dask.array.Array
        Entropy in [0, log n] for n outcomes, without the outcome axis.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a NumPy array.
    ValueError
        If there is no such axis, or the base is not a finite number > 1; when it is computed:
        if `p` is not a law along `axis`.

    Examples
    --------
    >>> import dask.array as da
    >>> from refimpl import chunked
    >>> p = da.ones(2**20, chunks=2**18) / 2**20
    >>> float(chunked.entropy(p, base=2).compute())
    20.0
    """
    how = _checks.reduction(axis, base, keepdims)
    laws, (total,) = _laws(how.axis, {"p": p})
    formulas: list[Callable[..., Array]] = [
        functools.partial(_sums.mass_of_part, above_half=False),
        functools.partial(_sums.mass_of_part, above_half=True),
        _sums.information_of_part,
    ]
    sums = [_total(_parts(formula, laws)) for formula in formulas]
    return _result(how, _rowwise(_entropy, *sums, total))


def _entropy(rest: Array, largest: Array, information: Array, total: Array) -> Array:
    """Return the entropy from sums over outcomes of at most 1/2 and over the other one."""
    sure = np.where(largest > 0, largest * np.log1p(rest / largest), 0.0)
    return np.asarray((sure + rest * np.log(total) + information) / total)


def kl_divergence(
    p: Dask, q: Dask, *, axis: int = -1, base: float | None = None, keepdims: bool = False
) -> Dask:
    """
    Kullback-Leibler divergence (relative entropy) of a law from a model.

    It is the sum Σ p log(p / q) over the outcomes. Equation :eq:`eq-kl-def`.

    Parameters
    ----------
    p : dask.array.Array
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : dask.array.Array
        Model, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    dask.array.Array
        Divergence in [0, ∞], without the outcome axis. It is infinite if and only if an
        outcome has p > 0 and q = 0.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a NumPy array.
    ValueError
        If the shapes do not match, or the base is not a finite number > 1; when it is computed:
        if `p` or `q` is not a law along `axis`.

    Examples
    --------
    >>> import dask.array as da
    >>> from refimpl import chunked
    >>> p = da.from_array([0.7, 0.2, 0.1], chunks=2)
    >>> q = da.from_array([0.5, 0.3, 0.2], chunks=2)
    >>> float(chunked.kl_divergence(p, q).compute())
    0.0851228259572
    """
    how = _checks.reduction(axis, base, keepdims)
    read = _read_once(how.axis, {"p": p, "q": q})
    parts = _parts(_sums.relative_entropy_of_part, read.again, read.excess[1])
    return _result(how, _rowwise(np.divide, _total(parts), read.mass))


def js_divergence(
    p: Dask,
    q: Dask,
    *others: Dask,
    weights: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> Dask:
    """
    Jensen-Shannon divergence of two or more laws.

    It is the mean Kullback-Leibler divergence of the laws from their mixture.
    Equation :eq:`eq-js-def`; with weights, equation :eq:`eq-js-weighted-def`.

    Parameters
    ----------
    p : dask.array.Array
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : dask.array.Array
        Law on the same outcomes. The other axes of all laws broadcast.
    *others : dask.array.Array
        Further laws on the same outcomes.
    weights : array_like, optional
        Weights of the laws, one for each, non-negative and of sum 1. The default is equal
        weights.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    dask.array.Array
        Divergence, at least 0 and at most the entropy of the weights, without the outcome axis.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a NumPy array.
    ValueError
        If the weights are not a law with one entry for each law, the shapes do not match, or
        the base is not a finite number > 1; when it is computed: if an argument is not a law
        along `axis`.

    Examples
    --------
    >>> import dask.array as da
    >>> from refimpl import chunked
    >>> p, q = da.from_array([0.9, 0.1], chunks=1), da.from_array([0.2, 0.8], chunks=1)
    >>> float(chunked.js_divergence(p, q).compute())
    0.275396115249
    """
    how = _checks.reduction(axis, base, keepdims)
    laws = {"p": p, "q": q, **{f"others[{i}]": law for i, law in enumerate(others)}}
    shares = _checks.weights("weights", weights, len(laws))
    top = max(shares, key=shares.__getitem__)
    read = _read_once(how.axis, laws, top)
    formula = functools.partial(
        _jensen_shannon, len(shares), list(shares.values()), [*shares].index(top)
    )
    parts = _parts(formula, [read.again[i] for i in shares], *(read.excess[i] for i in shares))
    return _result(how, _rowwise(np.divide, _total(parts), read.mass))


def _jensen_shannon(count: int, weights: list[float], top: int, *arrays: Array) -> Array:
    return _sums.jensen_shannon_of_part(arrays[:count], arrays[count:], weights, top)


def total_variation(p: Dask, q: Dask, *, axis: int = -1, keepdims: bool = False) -> Dask:
    """
    Total variation distance of two laws.

    It is half of the sum Σ abs(p - q) over the outcomes. Equation :eq:`eq-tv-forms`.

    Parameters
    ----------
    p : dask.array.Array
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : dask.array.Array
        Law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    dask.array.Array
        Distance in [0, 1], without the outcome axis.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a NumPy array.
    ValueError
        If the shapes do not match; when it is computed: if `p` or `q` is not a law along
        `axis`.

    Examples
    --------
    >>> import dask.array as da
    >>> from refimpl import chunked
    >>> p = da.from_array([0.7, 0.2, 0.1], chunks=2)
    >>> q = da.from_array([0.5, 0.3, 0.2], chunks=2)
    >>> float(chunked.total_variation(p, q).compute())
    0.2
    """
    how = _checks.reduction(axis, None, keepdims)
    read = _read_once(how.axis, {"p": p, "q": q})
    parts = _parts(_sums.total_variation_of_part, read.again, read.excess[1])
    return _result(how, _rowwise(_distance, _total(parts), read.mass))


def _distance(moved: Array, mass: Array) -> Array:
    """Return half of the share that is moved, which rounding must not make larger than 1."""
    return np.asarray(np.minimum(moved / mass / 2, 1.0))


def wasserstein_1d(p: Dask, q: Dask, *, points: Dask | ArrayLike, axis: int = -1) -> Dask:
    """
    Wasserstein distance of order 1 of two histograms on the same sorted points of the line.

    It is the area between the distribution functions, whose difference is carried from chunk
    to chunk. Equation :eq:`eq-w1-cdf`. In memory it is
    ``wasserstein_1d(points, points, x_weights=p, y_weights=q)``.

    Parameters
    ----------
    p : dask.array.Array
        Law on the points, or array of laws: non-negative and of sum 1 along `axis`.
    q : dask.array.Array
        Law on the same points. The other axes of `p` and `q` broadcast.
    points : dask.array.Array or array_like
        Finite numbers in increasing order, the same for all laws; some may be equal.
    axis : int, default -1
        Axis of the points in `p` and `q`.

    Returns
    -------
    dask.array.Array
        Distance in [0, ∞), in the unit of the points, without the axis of the points.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as laws in a NumPy array.
    ValueError
        If the shapes do not match; when it is computed: if `p` or `q` is not a law along
        `axis`, or the points are not finite and in order.

    Examples
    --------
    >>> import dask.array as da
    >>> from refimpl import chunked
    >>> p = da.from_array([0.5, 0.3, 0.2], chunks=2)
    >>> q = da.from_array([0.2, 0.3, 0.5], chunks=2)
    >>> float(chunked.wasserstein_1d(p, q, points=[0, 1, 3]).compute())
    0.9
    """
    how = _checks.reduction(axis, None, keepdims=False)
    read = _read_once(how.axis, {"p": p, "q": q})
    gaps = _gaps(points, read.again[0].chunks[-1])
    # The sums of chunks are few, so that one task can add them up: each chunk needs those below.
    masses = [parts.rechunk({-1: -1}) for parts in (_parts(_mass, read.laws[:1]), read.parts[1])]
    below = _rowwise(_rise_below, *masses, read.excess[1][..., None]).rechunk({-1: 1})
    parts = _parts(_area, [*read.again, gaps, below], read.excess[1])
    return _result(how, _rowwise(np.divide, _total(parts), read.mass))


def _mass(p: Reals) -> Array:
    return np.asarray(np.add.reduce(p, -1, np.float64))


def _rise_below(mass: Array, excess: Array, r: Array) -> Reals:
    """Return the sum of q / (1 + r) - p over the chunks before each, from p and q - p in each."""
    rise = np.asarray(excess - r * mass, dtype=np.longdouble) / (1 + r)
    return np.asarray(np.cumsum(rise, axis=-1) - rise)


def _area(p: Reals, q: Reals, gaps: Array, below: Reals, r: Array) -> Array:
    return _sums.area_of_part(p, q, gaps, r, below[..., 0])


def _gaps(points: Dask | ArrayLike, chunks: tuple[int, ...]) -> Dask:
    """Check points; return the gap after each, in chunks like those of the laws."""
    if not isinstance(points, da.Array):
        points = da.from_array(_checks.vector("points", points), chunks="auto")
    _checks.outcomes_of_parts(-1, {"points": points})
    if points.shape != (sum(chunks),):
        raise ValueError(
            f"points has shape {points.shape}; give one number for each of {sum(chunks)} outcomes"
        )
    after = da.concatenate([points[1:], points[-1:]])
    return _by_blocks(_gaps_of_block, points.rechunk((chunks,)), after.rechunk((chunks,)))


def _gaps_of_block(here: Reals, after: Reals, *, start: Sequence[int]) -> Array:
    return _checks.gaps_of_part("points", here, after, start)


# Reading.


class _Read(NamedTuple):
    """Laws that were read once: on the same chunks, with the outcomes on the last axis.

    Law i over 1 + `excess[i]` has the sum `mass` of the one that it is compared with. `parts[i]`
    are what its chunks add to that excess. `again` are the laws, to be read a second time.
    """

    laws: list[Dask]
    again: list[Dask]
    mass: Dask
    excess: list[Dask]
    parts: list[Dask]


def _read_once(axis: int, given: dict[str, Dask], top: int = 0) -> _Read:
    """Check laws, and compare their sums with that of one of them."""
    laws, totals = _laws(axis, given)
    mass = totals[top]
    parts = [_parts(_sums.excess_of_part, [laws[top], law]) for law in laws]
    excess = [_rowwise(np.divide, _total(part), mass) for part in parts]
    again = bind(laws, [*totals, *excess])  # so that chunks are made anew, not kept until then
    return _Read(laws, again, mass, excess, parts)


def _laws(axis: int, given: dict[str, Dask]) -> tuple[list[Dask], list[Dask]]:
    """Check laws; return them on common chunks, with the outcomes last, and their sums."""
    for name, array in given.items():
        if not isinstance(array, da.Array):
            raise TypeError(
                f"{name} is a {type(array).__name__}; give a Dask array, such as "
                f"dask.array.from_array({name}), or take the function of refimpl itself"
            )
    place = _checks.outcomes_of_parts(axis, given)
    totals = [_checked_sums(name, array, place) for name, array in given.items()]
    laws = da.broadcast_arrays(*(da.moveaxis(array, place, -1) for array in given.values()))
    batch, chunks = laws[0].shape[:-1], laws[0].chunks[:-1]
    return list(laws), [da.broadcast_to(total, batch).rechunk(chunks) for total in totals]


def _checked_sums(name: str, array: Dask, axis: int) -> Dask:
    """Return the sums of laws, which raise an error if these are no laws."""
    chunks = list(array.chunks)
    chunks[axis] = (1,) * len(chunks[axis])
    entries = functools.partial(_sums_of_block, name, axis)
    sums = functools.partial(_checked_sums_of_block, name, axis, array.dtype, array.shape[axis])
    parts = _by_blocks(entries, array, chunks=chunks)
    return _by_blocks(sums, _total(parts, axis))


def _sums_of_block(name: str, axis: int, block: Reals, *, start: Sequence[int]) -> Array:
    return _checks.sums_of_part(name, block, axis, start)


def _checked_sums_of_block(
    name: str, axis: int, dtype: np.dtype[Any], n: int, total: Array, *, start: Sequence[int]
) -> Array:
    return _checks.sums_of_laws(name, total, dtype, n, axis, start)


# Chunks.


def _by_blocks(function: Callable[..., Array], *arrays: Dask, chunks: Any = None) -> Dask:  # noqa: ANN401 - Dask's
    """Apply a function to blocks, and tell it the index at which each starts."""
    return da.map_blocks(
        functools.partial(_with_start, function),
        *arrays,
        chunks=chunks,
        dtype=np.float64,
        meta=np.empty((0,) * arrays[0].ndim),
    )


@_sums.quiet
def _with_start(
    function: Callable[..., Array], *blocks: Reals, block_info: dict[int, Any]
) -> Array:
    location = block_info[0]["array-location"]
    return np.asarray(function(*blocks, start=[begin for begin, _ in location]))


def _parts(formula: Callable[..., Array], arrays: Sequence[Dask], *rows: Dask) -> Dask:
    """Apply a formula to each chunk; the result has one entry for each chunk of outcomes.

    The last axis of the arrays is that of the outcomes, or of their chunks; rows have none.
    """
    every = tuple(range(arrays[0].ndim))
    given = [x for a in arrays for x in (a, every[-a.ndim :])]
    given += [x for a in rows for x in (a, every[:-1])]
    return da.blockwise(
        functools.partial(_part, formula),
        every,
        *given,
        adjust_chunks={every[-1]: 1},
        align_arrays=False,
        dtype=np.float64,
        meta=np.empty((0,) * len(every)),
    )


@_sums.quiet
def _part(formula: Callable[..., Array], *blocks: Reals) -> Array:
    return np.asarray(formula(*blocks))[..., None]


def _total(parts: Dask, axis: int = -1) -> Dask:
    """Add up what chunks of outcomes gave, in a tree."""
    return da.reduction(
        parts, _sum, _sum, axis=axis, split_every=FAN_IN, dtype=np.float64, concatenate=True
    )


@_sums.quiet
def _sum(parts: Array, axis: int | tuple[int, ...], keepdims: bool) -> Array:  # noqa: FBT001 - Dask calls it
    return np.asarray(np.sum(parts, axis=axis, keepdims=keepdims))


def _rowwise(function: Callable[..., Reals], *rows: Dask) -> Dask:
    """Apply a function to arrays without outcomes, block by block."""
    return da.map_blocks(functools.partial(_quietly, function), *rows, dtype=np.float64)


@_sums.quiet
def _quietly(function: Callable[..., Reals], *rows: Array) -> Reals:
    return function(*rows)


def _result(how: Reduction, nats: Dask) -> Dask:
    """Return a result in its unit, with the axis that is asked for."""
    result = _rowwise(functools.partial(_in_unit, how.unit.nats), nats)
    return da.expand_dims(result, how.axis) if how.keepdims else result


def _in_unit(unit: float, nats: Array) -> Array:
    return nats / unit
