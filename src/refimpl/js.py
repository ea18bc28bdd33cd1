"""Jensen-Shannon divergence and distance, of two laws or of several with weights."""

import math
from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from refimpl import _checks, _sums
from refimpl._checks import Array, FloatOrArray

__all__ = ["bayes_error", "bayes_error_bounds", "js_bounds", "js_distance", "js_divergence"]


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


# Total variation and the error of the best guess.


@overload
def js_bounds(tv: float, *, base: float | None = None) -> tuple[float, float]: ...
@overload
def js_bounds(tv: ArrayLike, *, base: float | None = None) -> tuple[FloatOrArray, FloatOrArray]: ...
@_sums.quiet
def js_bounds(tv: ArrayLike, *, base: float | None = None) -> tuple[FloatOrArray, FloatOrArray]:
    """
    Bounds of the Jensen-Shannon divergence of two laws from their total variation distance.

    For the distance δ they are log 2 - h((1 - δ) / 2), with the binary entropy h, and
    δ log 2. Both are attained for every δ. Equation :eq:`ineq-js-tv`.

    Parameters
    ----------
    tv : array_like
        Total variation distances δ, in [0, 1].
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    lower : float or ndarray
        Lower bound in [0, log 2], entry by entry.
    upper : float or ndarray
        Upper bound in [0, log 2], likewise.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, 1], or the base is not a finite number > 1.

    Examples
    --------
    >>> js_bounds(total_variation([0.9, 0.1], [0.2, 0.8]))
    (0.270438092754, 0.485203026392)
    """
    unit = _checks.unit(base)
    delta = _checks.probabilities("tv", tv)
    lower, upper = _sums.coin_relative_entropy(delta), delta * math.log(2)
    return _checks.scalar(lower / unit.nats), _checks.scalar(upper / unit.nats)


@overload
def bayes_error(
    p: Sequence[float],
    q: Sequence[float],
    *,
    weight: float = 0.5,
    axis: int = -1,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def bayes_error(
    p: ArrayLike,
    q: ArrayLike,
    *,
    weight: float = 0.5,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def bayes_error(
    p: ArrayLike,
    q: ArrayLike,
    *,
    weight: float = 0.5,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Bayes error: how often the best guess, from one draw, of which law it is from is wrong.

    It is Σ min(w p, (1 - w) q) for the weight w of p. For equal weights it is half of
    1 - TV. Equation :eq:`eq-js-weighted-bayes`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Law on the same outcomes. The other axes of `p` and `q` broadcast.
    weight : float, default 0.5
        Probability that the draw is from p, in [0, 1].
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Probability in [0, min(w, 1 - w)]: a float for one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, the shapes do not match, or the weight is not
        in [0, 1].

    Examples
    --------
    >>> bayes_error([0.9, 0.1], [0.2, 0.8], weight=0.3)
    0.17
    """
    how = _checks.reduction(axis, None, keepdims)
    share = _checks.share("weight", weight)
    a, b = _checks.laws(how.axis, p=p, q=q)

    def errors(x: Array, y: Array) -> Array:
        return np.minimum(share * x, (1 - share) * y)

    return how.shape(_sums.sum_of(errors, a, b, how.unit))


@overload
def bayes_error_bounds(
    js: float, *, weight: float = 0.5, base: float | None = None
) -> tuple[float, float]: ...
@overload
def bayes_error_bounds(
    js: ArrayLike, *, weight: float = 0.5, base: float | None = None
) -> tuple[FloatOrArray, FloatOrArray]: ...
@_sums.quiet
def bayes_error_bounds(
    js: ArrayLike, *, weight: float = 0.5, base: float | None = None
) -> tuple[FloatOrArray, FloatOrArray]:
    """
    Bounds of the Bayes error from the Jensen-Shannon divergence with the same weights.

    What the draw leaves open of the choice is h(w) less the divergence, with the binary
    entropy h. In bits the error is at most half of it, and its binary entropy is at least
    that. Equation :eq:`eq-js-weighted-bayes`.

    Parameters
    ----------
    js : array_like
        Jensen-Shannon divergence of the laws with the weights w and 1 - w, in [0, h(w)].
    weight : float, default 0.5
        Weight w of the first law, in [0, 1].
    base : float, optional
        Base of the logarithm in the divergence, > 1. The default is nats, 2 is for bits.

    Returns
    -------
    lower : float or ndarray
        Lower bound in [0, 1/2], entry by entry.
    upper : float or ndarray
        Upper bound in [0, 1/2], likewise.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, h(w)], the weight is not in [0, 1], or the base is not a
        finite number > 1.

    Examples
    --------
    >>> p, q, weights = [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]
    >>> bayes_error_bounds(js_divergence(p, q, weights=weights), weight=0.3)
    (0.127607042186, 0.275419387485)
    """
    unit = _checks.unit(base)
    share = _checks.share("weight", weight)
    open_before = float(_sums.binary_entropy(np.asarray(share)))
    nats = _checks.up_to("js", js, open_before / unit.nats) * unit.nats
    left_open = np.maximum(open_before - nats, 0.0)
    gap = _sums.coin_relative_entropy(np.asarray(abs(1 - 2 * share))) + nats  # of it to log 2
    lower = _sums.inverse_binary_entropy(left_open, gap)
    return _checks.scalar(lower), _checks.scalar(left_open / (2 * math.log(2)))
