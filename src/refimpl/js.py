"""Jensen-Shannon divergence and distance, of two laws or of several with weights."""

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from refimpl import _checks, _sums
from refimpl._checks import FloatOrArray

__all__ = ["js_distance", "js_divergence"]


@overload
def js_divergence(
    p: Sequence[float],
    q: Sequence[float],
    *others: Sequence[float],
    weights: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def js_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *others: ArrayLike,
    weights: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def js_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *others: ArrayLike,
    weights: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Jensen-Shannon divergence of two or more laws.

    It is the mean Kullback-Leibler divergence of the laws from their mixture, and tells how
    much an outcome says about which of the laws it came from. It is never infinite, and 0 if
    and only if all laws of positive weight are equal; with equal weights it is symmetric.
    Equation :eq:`eq-js-def`; with weights, equation :eq:`eq-js-weighted-def`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Law on the same outcomes. The other axes of all laws broadcast.
    *others : array_like
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
    float or ndarray
        Divergence, at least 0 and at most the entropy of the weights (log 2 for two laws
        without weights): a float for one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an argument is not a law along `axis`, the weights are not a law with one entry
        for each law, the shapes do not match, or the base is not a finite number > 1.

    Examples
    --------
    >>> js_divergence([0.9, 0.1], [0.2, 0.8])
    0.275396115249
    >>> js_divergence([1.0, 0.0], [0.0, 1.0], base=2)
    1.0
    >>> js_divergence([0.9, 0.1], [0.2, 0.8], weights=[0.3, 0.7])
    0.229051958241
    """
    how = _checks.reduction(axis, base, keepdims)
    named = {f"others[{i}]": law for i, law in enumerate(others)}
    laws = _checks.laws(how.axis, p=p, q=q, **named)
    if weights is None and not others:
        return how.shape(_sums.jensen_shannon(laws[0], laws[1], how.unit))
    shares = _checks.weights("weights", weights, len(laws))
    return how.shape(_sums.jensen_shannon_of_many(laws, shares, how.unit))


@overload
def js_distance(
    p: Sequence[float],
    q: Sequence[float],
    *others: Sequence[float],
    weights: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def js_distance(
    p: ArrayLike,
    q: ArrayLike,
    *others: ArrayLike,
    weights: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def js_distance(
    p: ArrayLike,
    q: ArrayLike,
    *others: ArrayLike,
    weights: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Jensen-Shannon distance, the square root of the Jensen-Shannon divergence.

    Of two laws with equal weights it is a metric; the divergence itself is none.
    Equation :eq:`thm-sqrt-js-metric`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Law on the same outcomes. The other axes of all laws broadcast.
    *others : array_like
        Further laws on the same outcomes.
    weights : array_like, optional
        Weights of the laws, one for each, non-negative and of sum 1. The default is equal
        weights.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm of the divergence, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Distance, at least 0 and at most the root of the entropy of the weights: a float for
        one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an argument is not a law along `axis`, the weights are not a law with one entry
        for each law, the shapes do not match, or the base is not a finite number > 1.

    Examples
    --------
    >>> js_distance([1.0, 0.0], [0.5, 0.5])
    0.464501404022
    >>> js_distance([1.0, 0.0], [0.0, 1.0], base=2)
    1.0
    """
    divergence = js_divergence(
        p, q, *others, weights=weights, axis=axis, base=base, keepdims=keepdims
    )
    return _checks.scalar(np.sqrt(divergence))
