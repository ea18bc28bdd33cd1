"""Integral probability metrics: kernels, energy, bounded Lipschitz functions."""

import math
from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import floyd_warshall

from refimpl import _checks, _measures, _sums, _transport
from refimpl._checks import Array, FloatOrArray
from refimpl._transport import Indices

__all__ = [
    "dudley_distance",
    "energy_distance",
    "integral_probability_metric",
    "kolmogorov_distance",
    "mmd",
    "mmd_gaussian",
    "mmd_squared",
]

Kernel = Literal["gaussian", "laplace"] | Callable[[Array, Array], Any] | ArrayLike


@_sums.quiet
def integral_probability_metric(p: ArrayLike, q: ArrayLike, *, critics: ArrayLike) -> FloatOrArray:
    """
    Integral probability metric of two laws for a finite class of functions.

    It is the largest difference, in absolute value, between the means of one function under
    the two laws. Equation :eq:`def-ipm`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along the last axis.
    q : array_like
        Law on the same outcomes. The other axes of `p` and `q` broadcast.
    critics : array_like
        Finite values of the functions, a row for each function, of shape (k, n).

    Returns
    -------
    float or ndarray
        Largest difference in [0, ∞): a float for one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law, a value is not finite, or the shapes do not match.

    Examples
    --------
    >>> integral_probability_metric([0.5, 0.5], [0.2, 0.8], critics=[[0, 1], [1, -1]])
    0.6
    """
    law, model = _checks.laws(-1, p=p, q=q)
    functions = _checks.matrix("critics", critics)
    if functions.shape[1] != law.values.shape[-1]:
        raise ValueError(
            f"critics has shape {functions.shape}; give {law.values.shape[-1]} values in each row"
        )
    mass = _measures.difference_of_laws(law, model)
    return _checks.scalar(np.abs(mass @ functions.T).max(axis=-1))


@_sums.quiet
def kolmogorov_distance(
    x: ArrayLike,
    y: ArrayLike,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """
    Kolmogorov distance of two laws on the line: the largest gap of their distribution functions.

    It is the integral probability metric of the half lines. Equation :eq:`eq-kolmogorov`. One
    pair of laws is compared; there is no axis for several.

    Parameters
    ----------
    x : array_like
        Points of the first law, numbers of shape (n,).
    y : array_like
        Points of the second law, of shape (m,).
    x_weights : array_like, optional
        Probabilities of the points `x`. By default they are equal.
    y_weights : array_like, optional
        Probabilities of the points `y`, likewise.

    Returns
    -------
    float
        Distance in [0, 1].

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If a point is not finite, the shapes do not match, or the weights are not a law.

    Examples
    --------
    >>> kolmogorov_distance([0, 1, 3], [0, 1, 3], x_weights=[0.5, 0.3, 0.2],
    ...                     y_weights=[0.2, 0.3, 0.5])
    0.3
    """
    first, second = _checks.weighted_points(x, y, x_weights, y_weights)
    _checks.vector("x", first.points)
    _, gaps = _measures.steps(_measures.difference(first, second))
    return float(np.abs(gaps).max(initial=0.0))


@_sums.quiet
def mmd(
    x: ArrayLike,
    y: ArrayLike,
    *,
    kernel: Kernel = "gaussian",
    bandwidth: float = 1.0,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """
    Maximum mean discrepancy of two laws on finitely many points.

    It is the largest difference of the means of one function of norm at most 1 in the
    Hilbert space of the kernel. For samples it is the biased estimate, the distance of the
    empirical laws. Its square is equation :eq:`eq-mmd`; it is compared with the Wasserstein
    distance in equation :eq:`ineq-mmd-w1`.

    Parameters
    ----------
    x : array_like
        Points of the first law: numbers of shape (n,), or vectors of shape (n, d).
    y : array_like
        Points of the second law, of shape (m,) or (m, d).
    kernel : {"gaussian", "laplace"}, callable or array_like, default "gaussian"
        With the Euclidean distance r and the bandwidth b, exp(-r² / 2b²) or exp(-r / b); or a
        positive definite function that takes two lists of points and returns a matrix, with
        a row for each point of the first list; or the matrix itself for a finite set, of
        shape (n, n), and then `x` and `y` are laws on this set.
    bandwidth : float, default 1.0
        Bandwidth of a named kernel, finite and > 0.
    x_weights : array_like, optional
        Probabilities of the points `x`. By default they are equal.
    y_weights : array_like, optional
        Probabilities of the points `y`, likewise.

    Returns
    -------
    float
        Distance in [0, ∞), for the two named kernels in [0, √2]. Its square has an error of a
        few roundings of the mean of abs(k), or of 1 - k for the two named kernels, which is
        all that is left of it for laws that are nearer than that.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If a point or a value of the kernel is not finite, the shapes do not match, the
        weights are not a law, or the kernel turns out not to be symmetric, which is tried at
        up to about a hundred points, or not to be positive definite.

    Examples
    --------
    >>> mmd([0.0], [0.3])
    0.296656428101
    >>> mmd([0.0, 1.0], [2.0, 3.0])
    1.07813521803
    """
    return math.sqrt(_square(x, y, kernel, bandwidth, x_weights, y_weights))


@_sums.quiet
def mmd_squared(
    x: ArrayLike,
    y: ArrayLike,
    *,
    unbiased: bool = False,
    kernel: Kernel = "gaussian",
    bandwidth: float = 1.0,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """
    Square of the maximum mean discrepancy, or its unbiased estimate from two samples.

    The unbiased estimate leaves out the pairs of a point with itself. Its mean over samples
    is the square of the discrepancy of the laws, so that it may be negative.
    Equations :eq:`eq-mmd` and :eq:`eq-mmd-unbiased`.

    Parameters
    ----------
    x : array_like
        Points of the first law or sample: numbers of shape (n,), or vectors of shape (n, d).
    y : array_like
        Points of the second law or sample, of shape (m,) or (m, d).
    unbiased : bool, default False
        Whether to return the unbiased estimate; each sample needs two points or more.
    kernel : {"gaussian", "laplace"}, callable or array_like, default "gaussian"
        With the Euclidean distance r and the bandwidth b, exp(-r² / 2b²) or exp(-r / b); or a
        positive definite function that takes two lists of points and returns a matrix, with
        a row for each point of the first list; or the matrix itself for a finite set, of
        shape (n, n), and then `x` and `y` are laws on this set.
    bandwidth : float, default 1.0
        Bandwidth of a named kernel, finite and > 0.
    x_weights : array_like, optional
        Probabilities of the points `x`. By default they are equal.
    y_weights : array_like, optional
        Probabilities of the points `y`, likewise. The unbiased estimate takes no weights.

    Returns
    -------
    float
        Square of the distance, ≥ 0, or its unbiased estimate. Both have an error of a few
        roundings of the mean of abs(k), or of 1 - k for the two named kernels.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, or the unbiased estimate is given weights.
    ValueError
        If a point or a value of the kernel is not finite, the shapes do not match, the
        weights are not a law, a sample is too small for the unbiased estimate, or the kernel
        turns out not to be symmetric, which is tried at up to about a hundred points, or not
        to be positive definite, which is seen only where the square is negative.

    Examples
    --------
    >>> mmd_squared([0.0, 1.0], [2.0, 3.0])
    1.16237554835
    >>> mmd_squared([0.0, 1.0], [2.0, 3.0], unbiased=True)
    0.768906208063
    """
    if not _checks.flag("unbiased", unbiased):
        return _square(x, y, kernel, bandwidth, x_weights, y_weights)
    if x_weights is not None or y_weights is not None:
        raise TypeError("the unbiased estimate takes no weights; give the samples themselves")
    first, second = _checks.weighted_points(x, y, None, None)
    function = _kernel(kernel, bandwidth)
    if isinstance(function, np.ndarray):
        raise TypeError("kernel is a matrix; give a function for the unbiased estimate")
    a, b = first.points, second.points
    if callable(kernel):
        _checks.symmetric_kernel("kernel", function, np.concatenate([a, b]))
    if min(len(a), len(b)) < 2:
        raise ValueError(f"x has {len(a)} and y {len(b)} points; give two or more of each")
    within = _measures.mean_of_different(a, function) + _measures.mean_of_different(b, function)
    return within - 2 * _measures.mean_of_pairs(a, b, function)


def _square(
    x: ArrayLike,
    y: ArrayLike,
    kernel: Kernel,
    bandwidth: float,
    x_weights: ArrayLike | None,
    y_weights: ArrayLike | None,
) -> float:
    """Return the squared discrepancy, which is not negative for a positive definite kernel."""
    function = _kernel(kernel, bandwidth)
    if isinstance(function, np.ndarray):
        mass = _law_difference(x, y, x_weights, y_weights)
        square, size = _measures.matrix_form(mass, _checks.pairs("kernel", function, len(mass)))
    else:
        first, second = _checks.weighted_points(x, y, x_weights, y_weights)
        if callable(kernel):
            points = np.concatenate([first.points, second.points])
            _checks.symmetric_kernel("kernel", function, points)
        square, size = _measures.quadratic_form(_measures.difference(first, second), function)
    if square < -1e-9 * size:
        raise ValueError(f"kernel gives the square {square!r}; it must be positive definite")
    return max(square, 0.0)  # rounding may leave a tiny negative number


def _law_difference(
    x: ArrayLike, y: ArrayLike, x_weights: ArrayLike | None, y_weights: ArrayLike | None
) -> Array:
    if x_weights is not None or y_weights is not None:
        raise TypeError("x and y are laws here, and take no weights; give x and y alone")
    first, second = (_checks.law(-1, name, law) for name, law in (("x", x), ("y", y)))
    _checks.same_length(x=first.values, y=second.values)
    if first.values.ndim > 1 or second.values.ndim > 1:
        raise ValueError("x and y hold several laws; give one law each")
    return _measures.difference_of_laws(first, second)


def _kernel(kernel: Kernel, bandwidth: float) -> Callable[[Array, Array], Array] | Array:
    """Return a kernel as a function, or as a matrix."""
    width = _checks.positive_number("bandwidth", bandwidth)
    if callable(kernel):
        return _checks.kernel("kernel", kernel)
    if not isinstance(kernel, str):
        if isinstance(kernel, (bool, int, float)):
            raise TypeError(
                f"kernel = {kernel!r} is no kernel; give a name, a function or a matrix"
            )
        return _checks.matrix("kernel", kernel)
    _checks.choice("kernel", kernel, ("gaussian", "laplace"))
    return _measures.gaussian(width) if kernel == "gaussian" else _measures.laplace(width)


@overload
def mmd_gaussian(
    mean_p: float, mean_q: float, *, std_p: float, std_q: float, bandwidth: float = 1.0
) -> float: ...
@overload
def mmd_gaussian(
    mean_p: ArrayLike,
    mean_q: ArrayLike,
    *,
    std_p: ArrayLike,
    std_q: ArrayLike,
    bandwidth: float = 1.0,
) -> FloatOrArray: ...
@_sums.quiet
def mmd_gaussian(
    mean_p: ArrayLike,
    mean_q: ArrayLike,
    *,
    std_p: ArrayLike,
    std_q: ArrayLike,
    bandwidth: float = 1.0,
) -> FloatOrArray:
    """
    Maximum mean discrepancy of normal laws on the line, for the Gaussian kernel.

    Equation :eq:`eq-mmd-gaussian`.

    Parameters
    ----------
    mean_p : array_like
        Means of the first law.
    mean_q : array_like
        Means of the second law.
    std_p : array_like
        Standard deviations ≥ 0 of the first law.
    std_q : array_like
        Standard deviations ≥ 0 of the second law. All arrays broadcast.
    bandwidth : float, default 1.0
        Bandwidth b of the kernel exp(-(x - y)² / 2b²), finite and > 0.

    Returns
    -------
    float or ndarray
        Distance in [0, √2], of the common shape of the arguments.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not finite, a standard deviation is negative, the shapes do not match,
        the bandwidth is not a finite number > 0, or all are too large for floats in its unit.

    Examples
    --------
    >>> mmd_gaussian(0.0, 1.0, std_p=1.0, std_q=1.0)
    0.421031631733
    """
    width = _checks.positive_number("bandwidth", bandwidth)
    m, n = _checks.finite("mean_p", mean_p), _checks.finite("mean_q", mean_q)
    s, t = _checks.non_negative("std_p", std_p), _checks.non_negative("std_q", std_q)
    _checks.broadcast(mean_p=m, mean_q=n, std_p=s, std_q=t)
    result = _measures.mmd_of_normals((m - n) / width, s / width, t / width)
    return _checks.scalar(_checks.within_floats("means, spreads and bandwidth", result))


@_sums.quiet
def energy_distance(
    x: ArrayLike,
    y: ArrayLike,
    *,
    cost: ArrayLike | None = None,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """
    Energy distance of two laws on finitely many points.

    It is twice the mean distance of a point of one law and a point of the other, less the
    mean distances of two independent points of the same law. Its square root is a metric. On
    the line it is computed from the sorted points, as twice the integral of the squared
    difference of the distribution functions. Equations :eq:`eq-energy-distance` and
    :eq:`eq-energy-cdf`.

    Parameters
    ----------
    x : array_like
        Points of the first law: numbers of shape (n,), or vectors of shape (n, d) with the
        Euclidean distance.
    y : array_like
        Points of the second law, of shape (m,) or (m, d).
    cost : array_like, optional
        Distances of the points of a finite set, of shape (n, n), instead of the Euclidean
        ones; `x` and `y` are then laws on this set.
    x_weights : array_like, optional
        Probabilities of the points `x`. By default they are equal.
    y_weights : array_like, optional
        Probabilities of the points `y`, likewise.

    Returns
    -------
    float
        Energy distance in [0, ∞). It is infinite only when it is too large for a float. With
        `cost` it may be negative, if the distances are not of negative type. On the line it
        has nearly all digits; elsewhere it is a sum over pairs, with an error of a few
        roundings of the mean distance.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If a point is not finite, the shapes do not match, or the weights are not a law.

    Examples
    --------
    >>> energy_distance([0.0], [0.3])
    0.6
    >>> energy_distance([0, 1, 3], [0, 1, 3], x_weights=[0.5, 0.3, 0.2],
    ...                 y_weights=[0.2, 0.3, 0.5])
    0.54
    """
    if cost is not None:
        mass = _law_difference(x, y, x_weights, y_weights)
        return -_measures.matrix_form(mass, _checks.pairs("cost", cost, len(mass)))[0]
    signed = _measures.difference(*_checks.weighted_points(x, y, x_weights, y_weights))
    if signed.points.size == len(signed.points):
        gaps, heights = _measures.steps(signed._replace(points=signed.points.ravel()))
        return float(2 * (gaps @ np.square(heights)))
    # Rounding may leave a tiny negative number where the laws are nearly equal.
    return max(0.0, -_measures.quadratic_form(signed, _measures.distance)[0])


@_sums.quiet
def dudley_distance(
    p: ArrayLike,
    q: ArrayLike,
    *,
    x: ArrayLike | None = None,
    distance: ArrayLike | None = None,
    norm: Literal["sum", "max"] = "sum",
) -> float:
    """
    Dudley's bounded-Lipschitz distance of two laws on a finite metric space.

    It is the largest difference of the means of one function f with ‖f‖∞ + Lip(f) ≤ 1. For
    given bounds on f and on its slopes this is a transport problem, a linear programme that is
    solved exactly; the best bounds are searched. Equation :eq:`def-dudley`. One pair of laws is
    compared; there is no axis for several.

    Parameters
    ----------
    p : array_like
        Law on n points, non-negative and of sum 1.
    q : array_like
        Law on the same points.
    x : array_like, optional
        Points: numbers of shape (n,), or vectors of shape (n, d) with Euclidean distance.
    distance : array_like, optional
        Distances of the points, of shape (n, n): symmetric, 0 on the diagonal and positive
        elsewhere. Either `x` or `distance` is given.
    norm : {"sum", "max"}, default "sum"
        Which norm of f is at most 1: ‖f‖∞ + Lip(f), or the larger of both. The second gives
        the larger distance, at most twice the first.

    Returns
    -------
    float
        Distance in [0, 2]. A function of the class attains it.

    Raises
    ------
    TypeError
        If not exactly one of `x` and `distance` is given, or an argument is of the wrong
        kind.
    ValueError
        If `p` or `q` is not one law, an entry is not finite, the shapes do not match,
        `distance` is not as above, or the norm is unknown.

    Examples
    --------
    >>> dudley_distance([1.0, 0.0], [0.0, 1.0], x=[0.0, 0.3])
    0.260869565217
    >>> dudley_distance([1.0, 0.0], [0.0, 1.0], x=[0.0, 0.3], norm="max")
    0.3
    """
    _checks.choice("norm", norm, ("sum", "max"))
    law, model = _checks.laws(-1, p=p, q=q)
    if law.values.ndim > 1 or model.values.ndim > 1:
        raise ValueError(
            f"p has shape {law.values.shape} and q {model.values.shape}; give one law each"
        )
    if x is not None and distance is None:
        points = _checks.points("x", x)
        _checks.same_length(p=law.values, x=points)
        first, second = _checks.weighted_points(points, points, law.values, model.values)
        signed = _measures.difference(first, second)
        places = np.atleast_2d(signed.points.T).T

        def between(i: Indices, j: Indices) -> Array:
            return _transport.distances(places[i], places[j])

        mass = signed.mass / signed.unit
        return _transport.bounded_lipschitz(mass, between, norm)
    if distance is not None and x is None:
        given = _checks.metric("distance", distance, len(law.values))
        # What no detour makes shorter; in a dense array distances below 1e-8 would count as none.
        apart = floyd_warshall(csr_array(given))

        def along(i: Indices, j: Indices) -> Array:
            return apart[np.ix_(i, j)]

        mass = _measures.difference_of_laws(law, model)
        return _transport.bounded_lipschitz(mass, along, norm)
    raise TypeError("give either the points x or their distance, and not both")
