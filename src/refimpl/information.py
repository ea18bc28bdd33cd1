"""Information content, entropy and mutual information."""

import math
from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from refimpl import _checks, _sums
from refimpl._checks import FloatOrArray

__all__ = [
    "binary_entropy",
    "conditional_entropy",
    "entropy",
    "entropy_continuity_bound",
    "gaussian_entropy",
    "information_content",
    "joint_entropy",
    "mutual_information",
]


@overload
def information_content(p: float, *, base: float | None = None) -> float: ...
@overload
def information_content(p: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def information_content(p: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Information content of events with given probabilities.

    The information content of an event of probability p is -log p: the surprise when it
    happens. It is zero for a sure event and infinite for an event of probability 0.
    Equation :eq:`eq-info-def`.

    Parameters
    ----------
    p : array_like
        Probabilities in [0, 1], each taken for itself. They need not sum to 1.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Information content in [0, ∞], of the shape of `p`.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, 1], or the base is not a finite number > 1.

    Examples
    --------
    >>> information_content(1 / 8, base=2)
    3.0
    >>> information_content([0.1, 0.0])
    array([2.30258509,        inf])
    """
    unit = _checks.unit(base)
    return _checks.scalar(-unit.log(_checks.probabilities("p", p)) / unit.scale + 0.0)


@overload
def entropy(
    p: Sequence[float],
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def entropy(
    p: ArrayLike, *, axis: int = -1, base: float | None = None, keepdims: bool = False
) -> FloatOrArray: ...
@_sums.quiet
def entropy(
    p: ArrayLike, *, axis: int = -1, base: float | None = None, keepdims: bool = False
) -> FloatOrArray:
    """
    Shannon entropy of a law.

    The entropy is the mean information content -Σ p log p, with 0 log 0 = 0: the least mean
    number of units that a code for the outcomes can have. Equation :eq:`eq-entropy-def`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Entropy in [0, log n] for n outcomes: a float for one law, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` is not a law along `axis`, or the base is not a finite number > 1.

    Examples
    --------
    >>> entropy([0.5, 0.25, 0.125, 0.125], base=2)
    1.75
    >>> entropy([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]])
    array([0.80181855, 0.        ])
    """
    how = _checks.reduction(axis, base, keepdims)
    law = _checks.law(how.axis, "p", p)
    return how.shape(_sums.cross_entropy(law, law, how.unit))


@overload
def binary_entropy(t: float, *, base: float | None = None) -> float: ...
@overload
def binary_entropy(t: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def binary_entropy(t: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Entropy of a coin that shows heads with probability t.

    The binary entropy is h(t) = -t log t - (1 - t) log(1 - t). It is concave and symmetric,
    and largest at t = 1/2, where it is one bit. Equation :eq:`eq-entropy-binary`.

    Parameters
    ----------
    t : array_like
        Probabilities of heads in [0, 1], one for each coin.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Entropy in [0, log 2], of the shape of `t`.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, 1], or the base is not a finite number > 1.

    Examples
    --------
    >>> binary_entropy([0.1, 0.5, 1.0], base=2)
    array([0.46899559, 1.        , 0.        ])
    """
    unit = _checks.unit(base)
    t = _checks.probabilities("t", t)
    return _checks.scalar(_sums.binary_entropy(t) / unit.nats)


@overload
def joint_entropy(joint: Sequence[Sequence[float]], *, base: float | None = None) -> float: ...
@overload
def joint_entropy(joint: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def joint_entropy(joint: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Entropy of a pair of variables, from the table of their joint law.

    The joint entropy H(X, Y) is the entropy of the pair. It is H(X) + H(Y | X), and at most
    H(X) + H(Y). Equation :eq:`eq-entropy-chain`.

    Parameters
    ----------
    joint : array_like
        Joint law of shape (…, x, y), non-negative and of sum 1 over the last two axes.
        Leading axes are for several laws.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Entropy in [0, log n m] for an n × m table: a float for one table, an array for
        several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `joint` is not a joint law, or the base is not a finite number > 1.

    Examples
    --------
    >>> joint_entropy([[0.5, 0.1], [0.2, 0.2]])
    1.22060726455
    """
    unit = _checks.unit(base)
    table = _sums.flattened(_checks.joint(joint))
    return _checks.scalar(_sums.cross_entropy(table, table, unit))


@overload
def conditional_entropy(
    joint: Sequence[Sequence[float]], *, base: float | None = None
) -> float: ...
@overload
def conditional_entropy(joint: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def conditional_entropy(joint: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Entropy that the second variable of a joint law keeps when the first is known.

    The conditional entropy H(Y | X) = Σ p(x) H(Y | X = x) is a mean over the rows of the
    table. It is H(X, Y) - H(X), and at most H(Y). Equation :eq:`eq-entropy-chain`.

    Parameters
    ----------
    joint : array_like
        Joint law of shape (…, x, y), non-negative and of sum 1 over the last two axes: a
        row for each x. Leading axes are for several laws.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Entropy in [0, log m] for rows of length m: a float for one table, an array for
        several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `joint` is not a joint law, or the base is not a finite number > 1.

    Examples
    --------
    >>> conditional_entropy([[0.5, 0.1], [0.2, 0.2]])
    0.547595597544
    """
    unit = _checks.unit(base)
    p_x, rows = _sums.conditionals(_checks.joint(joint))
    return _checks.scalar(_sums.mean(p_x, _sums.cross_entropy(rows, rows, unit)))


@overload
def mutual_information(joint: Sequence[Sequence[float]], *, base: float | None = None) -> float: ...
@overload
def mutual_information(joint: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def mutual_information(joint: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Mutual information of two variables, from the table of their joint law.

    The mutual information I(X; Y) is the relative entropy of the joint law with respect to
    the product of its marginals, and H(Y) - H(Y | X). It is 0 if and only if the variables
    are independent. Equation :eq:`eq-mutual-information`.

    Parameters
    ----------
    joint : array_like
        Joint law of shape (…, x, y), non-negative and of sum 1 over the last two axes.
        Leading axes are for several laws.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Mutual information in [0, log min(n, m)] for an n × m table: a float for one table,
        an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `joint` is not a joint law, or the base is not a finite number > 1.

    Examples
    --------
    >>> mutual_information([[0.5, 0.1], [0.2, 0.2]])
    0.0632687045111
    """
    unit = _checks.unit(base)
    return _checks.scalar(_sums.mutual_information(_checks.joint(joint), unit))


@overload
def gaussian_entropy(*, std: float, cov: None = None, base: float | None = None) -> float: ...
@overload
def gaussian_entropy(
    *, std: ArrayLike | None = None, cov: ArrayLike | None = None, base: float | None = None
) -> FloatOrArray: ...
@_sums.quiet
def gaussian_entropy(
    *, std: ArrayLike | None = None, cov: ArrayLike | None = None, base: float | None = None
) -> FloatOrArray:
    """
    Differential entropy of a normal law, on the line or in d dimensions.

    The differential entropy -∫ p log p is log(2πe σ²)/2 on the line and
    log((2πe)^d det Σ)/2 in d dimensions. No law with a density and the same variance has a
    larger one. It can be negative, and it depends on the unit of length.
    Equation :eq:`eq-diff-entropy-gaussian`.

    Parameters
    ----------
    std : array_like, optional
        Standard deviations > 0, one for each law on the line.
    cov : array_like, optional
        Covariance matrices of shape (…, d, d), symmetric and positive definite. Exactly one
        of `std` and `cov` is given.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Differential entropy, a finite number: of the shape of `std`, or of `cov` without
        its last two axes.

    Raises
    ------
    TypeError
        If not exactly one of `std` and `cov` is given, or an argument is of the wrong kind.
    ValueError
        If a standard deviation is not positive, a matrix is not symmetric and positive
        definite (a singular one has no density), or the base is not a finite number > 1.

    Examples
    --------
    >>> gaussian_entropy(std=1.0)
    1.4189385332
    >>> gaussian_entropy(cov=[[1.0, 0.5], [0.5, 1.0]])
    2.69403603018
    """
    unit = _checks.unit(base)
    if std is not None and cov is None:
        scales = _checks.positive("std", std)[..., None]
    elif cov is not None and std is None:
        scales = np.diagonal(_checks.covariance("cov", cov).factor, axis1=-2, axis2=-1)
    else:
        raise TypeError("give either std or cov, and not both")
    nats = np.log(scales).sum(axis=-1) + scales.shape[-1] * math.log(2 * math.pi * math.e) / 2
    return _checks.scalar(nats / unit.nats)


@overload
def entropy_continuity_bound(tv: float, n: int, *, base: float | None = None) -> float: ...
@overload
def entropy_continuity_bound(
    tv: ArrayLike, n: int, *, base: float | None = None
) -> FloatOrArray: ...
@_sums.quiet
def entropy_continuity_bound(tv: ArrayLike, n: int, *, base: float | None = None) -> FloatOrArray:
    """
    Upper bound of the difference of the entropies of two laws that are close.

    For laws on n outcomes of the total variation distance δ it is δ log(n - 1) + h(δ), with
    the binary entropy h. It is attained for every δ. Equation :eq:`ineq-entropy-continuity`.

    Parameters
    ----------
    tv : array_like
        Total variation distances δ, in [0, 1].
    n : int
        Number of outcomes, at least 2.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Bound in [0, log n], entry by entry.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, 1], `n` is below 2, or the base is not a finite number > 1.

    Examples
    --------
    >>> entropy_continuity_bound(0.2, 3)
    0.63903185965
    """
    unit = _checks.unit(base)
    delta, count = _checks.probabilities("tv", tv), _checks.count("n", n, least=2)
    nats = delta * math.log(count - 1) + _sums.binary_entropy(delta)
    return _checks.scalar(nats / unit.nats)
