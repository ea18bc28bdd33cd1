"""Relative entropy and its relatives: Kullback-Leibler, Jeffreys and Rényi divergence."""

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from refimpl import _checks, _sums
from refimpl._checks import FloatOrArray

__all__ = [
    "donsker_varadhan",
    "jeffreys_divergence",
    "kl_bernoulli",
    "kl_divergence",
    "kl_gaussian",
    "renyi_divergence",
]


@overload
def kl_divergence(
    p: Sequence[float],
    q: Sequence[float],
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def kl_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def kl_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Kullback-Leibler divergence (relative entropy) of a law from a model.

    The divergence Σ p log(p / q) is the extra mean length of the code made for q when the
    outcomes follow p. It is 0 if and only if the laws are equal. It is not symmetric. The
    laws are p / Σ p and q / Σ q, whose sums are 1 without rounding.
    Equation :eq:`eq-kl-def`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
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
        Divergence in [0, ∞]: a float for one pair of laws, an array for several. It is
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
    >>> kl_divergence([0.7, 0.2, 0.1], [0.5, 0.3, 0.2])
    0.0851228259572
    >>> kl_divergence([0.5, 0.5, 0.0], [0.5, 0.0, 0.5])
    inf
    """
    how = _checks.reduction(axis, base, keepdims)
    law, model = _checks.laws(how.axis, p=p, q=q)
    return how.shape(_sums.relative_entropy(law, model, how.unit))


@overload
def kl_bernoulli(p: float, q: float, *, base: float | None = None) -> float: ...
@overload
def kl_bernoulli(p: ArrayLike, q: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def kl_bernoulli(p: ArrayLike, q: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Kullback-Leibler divergence of coins.

    The binary divergence p log(p / q) + (1 - p) log((1 - p) / (1 - q)) is that of the laws
    (p, 1 - p) and (q, 1 - q). It is taken for each entry. Equation :eq:`eq-kl-bernoulli`.

    Parameters
    ----------
    p : array_like
        Probabilities in [0, 1].
    q : array_like
        Probabilities in [0, 1] in the model. `p` and `q` broadcast.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Divergence in [0, ∞], of the common shape of `p` and `q`. It is finite if and only
        if 0 < q < 1 or p = q.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, 1], the shapes do not broadcast, or the base is not a
        finite number > 1.

    Examples
    --------
    >>> kl_bernoulli(0.3, 0.5)
    0.0822828785051
    >>> kl_bernoulli([0.0, 0.5], [1e-20, 1.0])
    array([1e-20, inf])
    """
    unit = _checks.unit(base)
    s, t = _checks.probabilities("p", p), _checks.probabilities("q", q)
    _checks.broadcast(p=s, q=t)
    s, t = np.broadcast_arrays(s, t)
    heads = _sums.relative_entropy_terms(s, t, t - s)
    tails = _sums.relative_entropy_terms(1 - s, 1 - t, s - t)
    return _checks.scalar((heads + tails) / unit.nats)


@overload
def kl_gaussian(
    mean_p: float,
    mean_q: float,
    *,
    std_p: float,
    std_q: float,
    cov_p: None = None,
    cov_q: None = None,
    base: float | None = None,
) -> float: ...
@overload
def kl_gaussian(
    mean_p: ArrayLike,
    mean_q: ArrayLike,
    *,
    std_p: ArrayLike | None = None,
    std_q: ArrayLike | None = None,
    cov_p: ArrayLike | None = None,
    cov_q: ArrayLike | None = None,
    base: float | None = None,
) -> FloatOrArray: ...
@_sums.quiet
def kl_gaussian(
    mean_p: ArrayLike,
    mean_q: ArrayLike,
    *,
    std_p: ArrayLike | None = None,
    std_q: ArrayLike | None = None,
    cov_p: ArrayLike | None = None,
    cov_q: ArrayLike | None = None,
    base: float | None = None,
) -> FloatOrArray:
    """
    Kullback-Leibler divergence of normal laws, on the line or in d dimensions.

    The closed form on the line is equation :eq:`eq-kl-gaussian-1d`, that in d dimensions
    equation :eq:`eq-kl-gaussian-nd`.

    Parameters
    ----------
    mean_p : array_like
        Means of the law: numbers with `std_p`, vectors of shape (…, d) with `cov_p`.
    mean_q : array_like
        Means of the model, likewise.
    std_p : array_like, optional
        Standard deviations > 0 of the law on the line.
    std_q : array_like, optional
        Standard deviations > 0 of the model on the line.
    cov_p : array_like, optional
        Covariance matrices of the law, of shape (…, d, d), symmetric and positive definite.
    cov_q : array_like, optional
        Covariance matrices of the model. Either both standard deviations or both
        covariances are given. The leading axes of all arrays broadcast.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Divergence in [0, ∞), of the common shape of the means, without the axis of their
        coordinates with `cov_p`. It is infinite only when it is too large for a float.

    Raises
    ------
    TypeError
        If not exactly one pair of standard deviations and covariances is given, or an
        argument is of the wrong kind.
    ValueError
        If an entry is not finite, a standard deviation is not positive, a matrix is not
        symmetric and positive definite, the shapes do not match, the base is not a finite
        number > 1, or with matrices a number on the way is too large for a float.

    Examples
    --------
    >>> kl_gaussian(0.0, 1.0, std_p=1.0, std_q=2.0)
    0.44314718056
    >>> kl_gaussian([1.0, 0.0], [0.0, 0.0], cov_p=[[1.0, 0.5], [0.5, 1.0]], cov_q=np.eye(2))
    0.643841036226
    """
    unit = _checks.unit(base)
    if std_p is not None and std_q is not None and cov_p is None and cov_q is None:
        m, n = _checks.finite("mean_p", mean_p), _checks.finite("mean_q", mean_q)
        s, t = _checks.positive("std_p", std_p), _checks.positive("std_q", std_q)
        _checks.broadcast(mean_p=m, mean_q=n, std_p=s, std_q=t)
        nats = _sums.gaussian_line(m - n, s, t)
    elif cov_p is not None and cov_q is not None and std_p is None and std_q is None:
        a, b = _checks.covariance("cov_p", cov_p), _checks.covariance("cov_q", cov_q)
        m, n = _checks.means(mean_p, mean_q, a, b)
        nats = _checks.within_floats("means and covariances", _sums.gaussian_space(m - n, a, b))
    else:
        raise TypeError("give both std_p and std_q, or both cov_p and cov_q, and no other")
    return _checks.scalar(nats / unit.nats)


@overload
def jeffreys_divergence(
    p: Sequence[float],
    q: Sequence[float],
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def jeffreys_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def jeffreys_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Jeffreys divergence of two laws.

    The divergence Σ (p - q) log(p / q) is the sum of the Kullback-Leibler divergences in
    both directions. It is symmetric, but no metric. Equation :eq:`eq-jeffreys`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Divergence in [0, ∞]: a float for one pair of laws, an array for several. It is
        finite if and only if both laws have the same outcomes of probability 0.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, the shapes do not match, or the base is not
        a finite number > 1.

    Examples
    --------
    >>> jeffreys_divergence([0.9, 0.1], [0.5, 0.5])
    0.878889830934
    """
    how = _checks.reduction(axis, base, keepdims)
    a, b = _checks.laws(how.axis, p=p, q=q)
    forward = _sums.relative_entropy(a, b, how.unit)
    return how.shape(forward + _sums.relative_entropy(b, a, how.unit))


@overload
def renyi_divergence(
    p: Sequence[float],
    q: Sequence[float],
    alpha: float,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def renyi_divergence(
    p: ArrayLike,
    q: ArrayLike,
    alpha: float,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def renyi_divergence(
    p: ArrayLike,
    q: ArrayLike,
    alpha: float,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Rényi divergence of order alpha of a law from a model.

    It grows with its order. At order 1 it is the Kullback-Leibler divergence, and at order
    infinity the logarithm of the largest ratio of p to q. Equation :eq:`eq-renyi-def`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Model, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    alpha : float
        Order in [0, ∞].
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Divergence in [0, ∞]: a float for one pair of laws, an array for several. It is
        infinite if and only if the laws have no outcome in common or, for α ≥ 1, an outcome
        has p > 0 and q = 0.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, the shapes do not match, the order is
        negative, or the base is not a finite number > 1.

    Examples
    --------
    >>> renyi_divergence([0.5, 0.5], [0.9, 0.1], 2)
    1.02165124753
    >>> [renyi_divergence([0.5, 0.5], [0.75, 0.25], alpha, base=2) for alpha in (0, np.inf)]
    [0.0, 1.0]
    """
    how = _checks.reduction(axis, base, keepdims)
    order = _checks.order("alpha", alpha)
    law, model = _checks.laws(how.axis, p=p, q=q)
    return how.shape(_sums.renyi(law, model, order, how.unit))


@overload
def donsker_varadhan(
    p: Sequence[float],
    q: Sequence[float],
    critic: Sequence[float],
    *,
    bound: Literal["dv", "nwj"] = "dv",
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def donsker_varadhan(
    p: ArrayLike,
    q: ArrayLike,
    critic: ArrayLike,
    *,
    bound: Literal["dv", "nwj"] = "dv",
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def donsker_varadhan(
    p: ArrayLike,
    q: ArrayLike,
    critic: ArrayLike,
    *,
    bound: Literal["dv", "nwj"] = "dv",
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Lower bound of the Kullback-Leibler divergence from a critic.

    A critic is a function of the outcomes. Its bound of Donsker and Varadhan, and that of
    Nguyen, Wainwright and Jordan, never exceed the divergence. Both are attained, the first
    where the critic is the logarithm of p / q, the second where it is one more than that.
    Equation :eq:`eq-kl-donsker-varadhan`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Model, a law on the same outcomes. The other axes of all arrays broadcast.
    critic : array_like
        Finite values of the function T on the outcomes, in nats.
    bound : {"dv", "nwj"}, default "dv"
        Which bound.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm of the result, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Lower bound in [-∞, KL(p ‖ q)]: a float for one pair of laws, an array for several.
        It is -∞ only when it is too large for a float.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, the critic is not finite, the shapes do not
        match, the bound is unknown, or the base is not a finite number > 1.

    Examples
    --------
    >>> p, q = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]
    >>> donsker_varadhan(p, q, [1.0, 0.0, 0.0])
    0.0798854930417
    >>> donsker_varadhan(p, q, [1.0, 0.0, 0.0], bound="nwj")
    0.0160602794143
    """
    how = _checks.reduction(axis, base, keepdims)
    _checks.choice("bound", bound, ("dv", "nwj"))
    law, model, values = _checks.laws_and_critic(how.axis, p, q, critic)
    if bound == "dv":
        mean = _sums.mean(law.values, values)
        nats = -_sums.log_mean_exp(model.values, values - mean[..., None])
    else:
        nats = _sums.mean(law.values, values - 1)
        nats -= _sums.mean(model.values, np.expm1(values - 1))
    return how.shape(nats / how.unit.nats)
