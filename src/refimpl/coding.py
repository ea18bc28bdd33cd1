"""Cross-entropy and codes: the price of the wrong code."""

import heapq
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlog1py, xlogy

from refimpl import _checks, _sums
from refimpl._checks import FloatOrArray

__all__ = [
    "binary_cross_entropy",
    "code_lengths",
    "cross_entropy",
    "cross_entropy_gaussian",
    "kraft_sum",
    "perplexity",
]


@overload
def cross_entropy(
    p: Sequence[float],
    q: Sequence[float],
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def cross_entropy(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def cross_entropy(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Cross-entropy of a law relative to a model.

    The cross-entropy -Σ p log q is the mean length of the code made for q when the outcomes
    follow p. It is H(p) + KL(p ‖ q), so it is not zero at q = p. Equation :eq:`eq-ce-def`.

    Parameters
    ----------
    p : array_like
        Law of the outcomes, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Model, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Cross-entropy in [0, ∞]: a float for one pair of laws, an array for several. It is
        infinite if and only if an outcome has p > 0 and q = 0.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, the shapes do not match, or the base is not
        a finite number > 1.

    Examples
    --------
    >>> cross_entropy([0.7, 0.2, 0.1], [0.5, 0.3, 0.2])
    0.886941378501
    >>> cross_entropy([0.7, 0.2, 0.1], [0.5, 0.5, 0.0])
    inf
    """
    how = _checks.reduction(axis, base, keepdims)
    data, model = _checks.laws(how.axis, p=p, q=q)
    return how.shape(_sums.cross_entropy(data, model, how.unit))


@overload
def binary_cross_entropy(y: float, q: float, *, base: float | None = None) -> float: ...
@overload
def binary_cross_entropy(
    y: ArrayLike, q: ArrayLike, *, base: float | None = None
) -> FloatOrArray: ...
@_sums.quiet
def binary_cross_entropy(y: ArrayLike, q: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Cross-entropy of coins: the loss of a yes-or-no forecast.

    The value -y log q - (1 - y) log(1 - q) is the cross-entropy of two laws on two outcomes.
    It is taken for each entry; the mean over them is left to the caller.
    Equation :eq:`eq-bce`.

    Parameters
    ----------
    y : array_like
        Labels, or probabilities of the label 1, in [0, 1].
    q : array_like
        Forecast probabilities of the label 1, in [0, 1]. `y` and `q` broadcast.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Cross-entropy in [0, ∞], of the common shape of `y` and `q`.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, 1], the shapes do not broadcast, or the base is not a
        finite number > 1.

    Examples
    --------
    >>> binary_cross_entropy([1, 0, 0], [0.8, 0.1, 1.0])
    array([0.22314355, 0.10536052,        inf])
    """
    unit = _checks.unit(base)
    y, q = _checks.probabilities("y", y), _checks.probabilities("q", q)
    _checks.broadcast(y=y, q=q)
    return _checks.scalar(-(xlogy(y, q) + xlog1py(1 - y, -q)) / unit.nats + 0.0)


@overload
def cross_entropy_gaussian(
    mean_p: float,
    mean_q: float,
    *,
    std_p: float,
    std_q: float,
    base: float | None = None,
) -> float: ...
@overload
def cross_entropy_gaussian(
    mean_p: ArrayLike,
    mean_q: ArrayLike,
    *,
    std_p: ArrayLike,
    std_q: ArrayLike,
    base: float | None = None,
) -> FloatOrArray: ...
@_sums.quiet
def cross_entropy_gaussian(
    mean_p: ArrayLike,
    mean_q: ArrayLike,
    *,
    std_p: ArrayLike,
    std_q: ArrayLike,
    base: float | None = None,
) -> FloatOrArray:
    """
    Cross-entropy of normal laws on the line.

    The value is log(2π σ_q²)/2 + (σ_p² + (μ_p - μ_q)²) / (2 σ_q²). With σ_p = 0 it is the
    loss of one observation μ_p, a squared error up to constants.
    Equation :eq:`eq-ce-gaussian-mse`.

    Parameters
    ----------
    mean_p : array_like
        Means of the law, or observations.
    mean_q : array_like
        Means of the model.
    std_p : array_like
        Standard deviations of the law, ≥ 0; 0 stands for an observation.
    std_q : array_like
        Standard deviations of the model, > 0. The four arrays broadcast.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Cross-entropy of the densities, a number that may be negative. It is infinite only when
        it is too large for a float.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not finite, a standard deviation is out of range, the shapes do not
        broadcast, or the base is not a finite number > 1.

    Examples
    --------
    >>> cross_entropy_gaussian(0.0, 1.0, std_p=1.0, std_q=2.0)
    1.86208571376
    >>> cross_entropy_gaussian(1.0, 0.7, std_p=0.0, std_q=1.0)
    0.963938533205
    """
    unit = _checks.unit(base)
    m, n = _checks.finite("mean_p", mean_p), _checks.finite("mean_q", mean_q)
    s, t = _checks.non_negative("std_p", std_p), _checks.positive("std_q", std_q)
    _checks.broadcast(mean_p=m, mean_q=n, std_p=s, std_q=t)
    squares = np.square(s / t) + np.square((m - n) / t)
    return _checks.scalar((np.log(t) + (math.log(2 * math.pi) + squares) / 2) / unit.nats)


@overload
def perplexity(
    p: Sequence[float],
    q: Sequence[float] | None = None,
    *,
    axis: int = -1,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def perplexity(
    p: ArrayLike, q: ArrayLike | None = None, *, axis: int = -1, keepdims: bool = False
) -> FloatOrArray: ...
@_sums.quiet
def perplexity(
    p: ArrayLike, q: ArrayLike | None = None, *, axis: int = -1, keepdims: bool = False
) -> FloatOrArray:
    """
    Perplexity of a law, or of a model for it.

    The perplexity is the exponential of the cross-entropy: the number of equally likely
    outcomes that are as hard to guess. It has no unit. Equation :eq:`eq-perplexity`.

    Parameters
    ----------
    p : array_like
        Law of the outcomes, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like, optional
        Model, a law on the same outcomes. The default is `p` itself.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Perplexity in [1, ∞]: a float for one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, or the shapes do not match.

    Examples
    --------
    >>> perplexity([0.1] * 10)
    10.0
    >>> perplexity([0.7, 0.2, 0.1], [0.5, 0.3, 0.2])
    2.4276928903
    """
    how = _checks.reduction(axis, 2, keepdims)
    data, *model = _checks.laws(how.axis, p=p) if q is None else _checks.laws(how.axis, p=p, q=q)
    bits = _sums.cross_entropy(data, model[0] if model else data, how.unit)
    return how.shape(np.exp2(bits))


@_sums.quiet
def code_lengths(
    p: ArrayLike, *, code: Literal["shannon", "huffman"] = "shannon"
) -> NDArray[np.int64]:
    """
    Word lengths of a binary prefix code for a law.

    The Shannon code gives an outcome a word of the length -log2 p, rounded up. The Huffman
    code has the least mean length of all prefix codes. Both have a mean length of at least
    H and less than H + 1 bits. Equation :eq:`thm-source-coding`.

    Parameters
    ----------
    p : array_like
        One law. The Shannon code has no word for an outcome of probability 0.
    code : {"shannon", "huffman"}, default "shannon"
        The code.

    Returns
    -------
    ndarray of int
        Word lengths ≥ 0 in bits, one for each outcome. The only outcome of a law has the
        empty word.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a boolean.
    ValueError
        If `p` is not one law, the code is unknown, or an outcome of a Shannon code has
        probability 0.

    Examples
    --------
    >>> code_lengths([0.7, 0.2, 0.1])
    array([1, 3, 4])
    >>> code_lengths([0.7, 0.2, 0.1], code="huffman")
    array([1, 2, 2])
    """
    _checks.choice("code", code, ("shannon", "huffman"))
    law = _checks.single_law("p", p, allow_zero=code == "huffman")
    return np.array(_shannon(law) if code == "shannon" else _huffman(law))


def kraft_sum(lengths: ArrayLike) -> float:
    """
    Kraft sum of code lengths.

    The sum Σ 2^-ℓ is at most 1 for the word lengths of any binary prefix code, and any
    lengths with a sum of at most 1 are those of a prefix code.
    Equation :eq:`thm-source-coding`.

    Parameters
    ----------
    lengths : array_like of int
        Word lengths ≥ 0 in bits, in one list.

    Returns
    -------
    float
        The sum, exact up to one rounding: > 0, or 0 where it is too small for a float.

    Raises
    ------
    TypeError
        If the lengths are not integers.
    ValueError
        If a length is negative or `lengths` is not one list.

    Examples
    --------
    >>> kraft_sum([1, 3, 4])
    0.6875
    >>> kraft_sum([1, 1, 2])
    1.25
    """
    checked = _checks.integers("lengths", lengths)
    least = min(checked)  # words may be so long that only their sum is a float
    return math.ldexp(math.fsum(math.ldexp(1.0, least - n) for n in checked), -least)


def _shannon(p: list[float]) -> list[int]:
    """Return the least ℓ with 2^-ℓ ≤ p / Σ p.

    The sum is rounded, as it is when 0.1 stands for a tenth, and exact if the lengths would
    otherwise break Kraft's inequality.
    """
    exact = [Fraction(x) for x in p]
    lengths = _rounded_up_logarithms(exact, Fraction(math.fsum(p)))
    if sum(Fraction(1, 2**n) for n in lengths) > 1:
        lengths = _rounded_up_logarithms(exact, sum(exact, Fraction(0)))
    return lengths


def _rounded_up_logarithms(p: list[Fraction], total: Fraction) -> list[int]:
    return [(math.ceil(total / x) - 1).bit_length() for x in p]


def _huffman(p: list[float]) -> list[int]:
    """Join the two least likely nodes until one is left, in exact arithmetic."""
    heap = [(Fraction(x), i) for i, x in enumerate(p)]
    heapq.heapify(heap)
    parent = {}
    for node in range(len(p), 2 * len(p) - 1):
        (a, i), (b, j) = heapq.heappop(heap), heapq.heappop(heap)
        parent[i] = parent[j] = node
        heapq.heappush(heap, (a + b, node))
    depth = [0] * (2 * len(p) - 1)
    for node in sorted(parent, reverse=True):
        depth[node] = depth[parent[node]] + 1
    return depth[: len(p)]
