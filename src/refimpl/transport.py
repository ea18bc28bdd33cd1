"""Optimal transport: Wasserstein distances, their duals, and entropic transport."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf

from refimpl import _checks, _sums, _transport
from refimpl._checks import Array, FloatOrArray, Law

__all__ = [
    "ConvergenceWarning",
    "SinkhornResult",
    "TransportResult",
    "c_transform",
    "entropic_gap_bound",
    "is_lipschitz",
    "sinkhorn",
    "sinkhorn_divergence",
    "sliced_wasserstein",
    "wasserstein",
    "wasserstein_1_gaussian",
    "wasserstein_1d",
    "wasserstein_gaussian",
]


LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, eq=False)
class TransportResult:
    """
    A transport plan, and the certificate that none is cheaper.

    The cost of every plan is at least the value of every pair of potentials f, g with
    f(x) + g(y) ≤ c(x, y). So `cost` and `lower` enclose the least cost, whatever the way in
    which they were found. Equation :eq:`thm-kr-duality`.

    Attributes
    ----------
    cost : float
        Mean cost of the plan, the upper bound.
    distance : float
        The root of `cost` of the given order.
    lower : float
        Value of the potentials, the lower bound.
    gap : float
        The difference of `cost` and `lower`, computed without cancellation.
    plan : ndarray
        Mass that goes from each outcome of p (row) to each outcome of q (column), read-only.
    potentials : tuple of ndarray
        The functions f on the outcomes of p and g on those of q, read-only.
    converged : bool
        Whether the method ended by itself.
    iterations : int
        Steps of the method.

    Examples
    --------
    >>> result = wasserstein([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], x=[0, 1, 3])
    >>> result.cost
    0.9
    >>> bool(result.gap <= 1e-9 * result.cost)
    True
    """

    cost: float
    distance: float
    lower: float
    gap: float
    plan: Array
    potentials: tuple[Array, Array]
    converged: bool
    iterations: int

    def __post_init__(self) -> None:
        """Let nobody change what the certificate is about."""
        for array in (self.plan, *self.potentials):
            array.flags.writeable = False


@dataclass(frozen=True, eq=False)
class SinkhornResult(TransportResult):
    """
    The plan of entropic transport, and an interval that holds the cost without entropy.

    The marginals of the plan are repaired, and `cost` is rounded up. So `cost` is never below
    the least cost, and `lower` is never above it, whether the iteration has converged or not.
    The potentials are those of the entropic problem. Equations :eq:`eq-entropic-ot` and
    :eq:`alg-sinkhorn`.

    Attributes
    ----------
    upper : float
        The same as `cost`.
    value : float
        Least value of mean cost plus ε times relative entropy of the plan from the product.
    epsilon : float
        Weight ε of the entropy, in the unit of the cost.
    error : float
        Mass that the iteration left away from its marginals, before the repair.

    Examples
    --------
    >>> result = sinkhorn([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], x=[0, 1, 3], epsilon=0.5)
    >>> result.value
    1.03680118992
    >>> result.lower <= 0.9 <= result.upper
    True
    """

    upper: float
    value: float
    epsilon: float
    error: float


class ConvergenceWarning(RuntimeWarning):
    """
    An iteration has ended before its result is as exact as was asked for.

    It says how far it came. The bounds, as in :eq:`alg-sinkhorn`, hold nevertheless.

    Attributes
    ----------
    args : tuple
        The message.

    Examples
    --------
    >>> issubclass(ConvergenceWarning, RuntimeWarning)
    True
    """


@overload
def wasserstein_1d(
    x: Sequence[float],
    y: Sequence[float],
    *,
    order: float = 1,
    x_weights: Sequence[float] | None = None,
    y_weights: Sequence[float] | None = None,
    axis: int = -1,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def wasserstein_1d(
    x: ArrayLike,
    y: ArrayLike,
    *,
    order: float = 1,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def wasserstein_1d(
    x: ArrayLike,
    y: ArrayLike,
    *,
    order: float = 1,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Wasserstein distance of laws on the line.

    The laws sit on the points x and y. The best plan couples equal quantiles. Its mean
    distance is the area between the distribution functions. Equations :eq:`eq-wp-quantile`
    and :eq:`eq-w1-cdf`.

    Parameters
    ----------
    x : array_like
        Points of the first law along `axis`, finite numbers in any order.
    y : array_like
        Points of the second law. Their number may differ; the other axes broadcast.
    order : float, default 1
        Order in [1, ∞]. At infinity the distance is the longest way of the coupling.
    x_weights : array_like, optional
        Weights of the points x, a law. The default is the same weight for each. An array
        with one axis belongs to all rows of x; other arrays are laid out as x.
    y_weights : array_like, optional
        Weights of the points y, likewise.
    axis : int, default -1
        Axis of the points.
    keepdims : bool, default False
        Whether the axis of the points stays, with length 1.

    Returns
    -------
    float or ndarray
        Distance in [0, ∞), in the unit of the points: a float for one pair of laws, an array
        for several. It is infinite only when it is too large for a float. At order infinity,
        levels of the distribution functions that differ by rounding count as equal.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If a point is not finite or an integer that is no float, weights are not a law on the
        points, the shapes do not match, or the order is below 1.

    Notes
    -----
    With weights, the mass that moves between two points is a difference of sums of weights,
    from the end with less mass. They are kept to about 30 digits, twice those of a float. So
    the distance has all its digits where 1e-14 of this mass or more moves, and loses as many
    as what moves is smaller: with 1e-30 none is left.

    Examples
    --------
    >>> wasserstein_1d([0, 1, 3], [5, 6, 8])
    5.0
    >>> wasserstein_1d([0, 1, 3], [0, 1, 3], x_weights=[0.5, 0.3, 0.2], y_weights=[0.2, 0.3, 0.5])
    0.9
    """
    how = _checks.reduction(axis, None, keepdims)
    order = _checks.order_from_one("order", order)
    weighted = x_weights is not None or y_weights is not None
    a, b = _checks.samples(how.axis, x, y, finite=weighted)
    weights = (
        _checks.weights_of_points(how.axis, "x_weights", x_weights, a),
        _checks.weights_of_points(how.axis, "y_weights", y_weights, b),
    )
    distances = _transport.on_the_line(a, b, *weights, order)
    if not (weighted or np.isfinite(distances).all()):
        _checks.samples(how.axis, x, y)  # without weights every point counts
    return how.shape(distances)


@_sums.quiet
def wasserstein(
    p: ArrayLike,
    q: ArrayLike,
    *,
    cost: ArrayLike | None = None,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    order: float = 1,
    max_iterations: int = 1_000_000,
) -> TransportResult:
    """
    Wasserstein distance of laws on finite sets, with an optimal plan and its certificate.

    The least mean cost of moving p to q is a linear programme. It is solved on whole numbers,
    so that no mass is too small, and the potentials bound the cost from below. Equations
    :eq:`def-wasserstein` and :eq:`thm-birkhoff-assignment`.

    Parameters
    ----------
    p : array_like
        Law: non-negative, with sum 1.
    q : array_like
        Law, on a set of its own.
    cost : array_like, optional
        Matrix of the costs ≥ 0 of a unit of mass, with a row for each outcome of p and a
        column for each of q. For a distance d this is d ** `order`.
    x : array_like, optional
        Places of the outcomes of p, numbers or vectors. The cost is their Euclidean distance
        to the power of `order`. Either `cost` or `x` is given.
    y : array_like, optional
        Places of the outcomes of q. The default is `x`.
    order : float, default 1
        Order in [1, ∞).
    max_iterations : int, default 1_000_000
        After so many steps the best plan until then is returned, with its gap.

    Returns
    -------
    TransportResult
        Cost, distance, plan, potentials and gap. The plan has the marginals p and q.

    Raises
    ------
    TypeError
        If not exactly one of `cost` and `x` is given, or an argument is of the wrong kind.
    ValueError
        If `p` or `q` is not a law, a cost is negative or not finite, a place is not finite,
        the shapes do not match, the order is out of range, a distance or its power is too
        large for a float, or powers of distances underflow.

    Warns
    -----
    ConvergenceWarning
        If `max_iterations` steps are too few.

    Examples
    --------
    >>> result = wasserstein([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], x=[0, 1, 3], order=2)
    >>> result.distance
    1.22474487139
    >>> result.plan
    array([[0.2, 0.3, 0. ],
           [0. , 0. , 0.3],
           [0. , 0. , 0.2]])
    >>> bool(result.gap <= 1e-9 * result.cost)
    True
    """
    a, b, matrix, unit, power = _problem(p, q, cost, x, y, order)
    found = _transport.transport(a, b, matrix, _checks.count("max_iterations", max_iterations))
    cost, lower, gap = (float(_grown(x, unit, power)) for x in (found.cost, found.bound, found.gap))
    if not found.converged:
        warnings.warn(
            f"after {found.iterations} iterations the cost of the best plan is {cost:.3g}, and "
            f"the least cost may be less by {gap:.1e}; give a larger max_iterations",
            ConvergenceWarning,
            stacklevel=3,
        )
    return TransportResult(
        cost=cost,
        distance=unit * found.cost ** (1 / power),
        lower=lower,
        gap=gap,
        plan=found.plan,
        potentials=(
            _grown(found.potentials[0], unit, power),
            _grown(found.potentials[1], unit, power),
        ),
        converged=found.converged,
        iterations=found.iterations,
    )


def _problem(
    p: ArrayLike,
    q: ArrayLike,
    cost: ArrayLike | None,
    x: ArrayLike | None,
    y: ArrayLike | None,
    order: float,
) -> tuple[Law, Law, Array, float, float]:
    """Check a transport problem; return laws, costs, the unit of length of the costs, the order.

    For powers of distances the unit is about the longest one, so that none overflows.
    """
    power = _checks.finite_order("order", order)
    a, b = _checks.two_laws(p, q)
    if cost is not None and x is None and y is None:
        return a, b, _checks.cost(cost, a, b), 1.0, power
    if cost is not None or x is None:
        raise TypeError("give either cost, or x and perhaps y")
    ways = _transport.distances(*_checks.places(x, y, a, b))
    longest = float(ways.max())
    if longest == math.inf:
        raise ValueError("x: some places are so far apart that their distance is no float")
    if power == 1:
        return a, b, ways, 1.0, power
    unit = (math.ldexp(0.5, math.frexp(longest)[1]) if power <= 64 else longest) or 1.0
    costs = (ways / unit) ** power
    if ((costs < _sums.TINY) & (ways > 0)).any():
        raise ValueError(
            f"order = {order!r} is too large: powers of the shortest distances are no floats; "
            "give a smaller order, or places that differ less in scale"
        )
    if math.isinf(_grown(float(costs.max()), unit, power)):
        raise ValueError(
            f"order = {order!r} is too large: powers of the longest distances are no floats; "
            "give a smaller order, or places in a larger unit"
        )
    return a, b, costs, unit, power


def _grown(value: float | Array, unit: float, power: float) -> Array:
    """Return value · unit^power, and 0 for 0 where the power is too large for a float."""
    return np.asarray(np.where(np.equal(value, 0), 0.0, value * np.float64(unit) ** power))


@_sums.quiet
def sinkhorn(
    p: ArrayLike,
    q: ArrayLike,
    *,
    epsilon: float,
    cost: ArrayLike | None = None,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    order: float = 1,
    tolerance: float = 1e-9,
    max_iterations: int = 10_000,
) -> SinkhornResult:
    """
    Entropic optimal transport by Sinkhorn's iteration, with certified bounds.

    The entropy makes the problem smooth and its solution unique. The iteration makes both
    marginals right in turns, while ε falls to its final value; steps of Newton's method speed
    it up. Equations :eq:`eq-entropic-ot` and :eq:`alg-sinkhorn`.

    Parameters
    ----------
    p : array_like
        Law: non-negative, with sum 1.
    q : array_like
        Law, on a set of its own.
    epsilon : float
        Weight ε > 0 of the entropy, in the unit of the cost.
    cost : array_like, optional
        Matrix of the costs ≥ 0 of a unit of mass, with a row for each outcome of p and a
        column for each of q.
    x : array_like, optional
        Places of the outcomes of p, numbers or vectors. The cost is their Euclidean distance
        to the power of `order`. Either `cost` or `x` is given.
    y : array_like, optional
        Places of the outcomes of q. The default is `x`.
    order : float, default 1
        Order in [1, ∞).
    tolerance : float, default 1e-9
        Mass > 0 that may be away from its marginal when the iteration ends.
    max_iterations : int, default 10_000
        Largest number of iterations; one makes both marginals right once.

    Returns
    -------
    SinkhornResult
        Value of the entropic problem, plan, potentials, and bounds of the least cost.

    Raises
    ------
    TypeError
        If not exactly one of `cost` and `x` is given, or an argument is of the wrong kind.
    ValueError
        If `p` or `q` is not a law, a cost is negative or not finite, a place is not finite,
        the shapes do not match, or an option is out of range.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is not reached.

    Examples
    --------
    >>> result = sinkhorn([0.5, 0.5], [0.5, 0.5], x=[0, 1], epsilon=0.5)
    >>> result.value, result.cost
    (0.283109584758, 0.119202922022)
    >>> result.plan
    array([[0.44039854, 0.05960146],
           [0.05960146, 0.44039854]])
    """
    a, b, matrix, unit, power = _problem(p, q, cost, x, y, order)
    heat = _checks.positive_number("epsilon", epsilon)
    goal = _checks.positive_number("tolerance", tolerance)
    most = _checks.count("max_iterations", max_iterations)
    scale = float(np.float64(unit) ** power)
    heat_in_units = heat / scale if scale else math.inf
    if not 0 < heat_in_units < math.inf or heat_in_units > float(matrix.max() or 1.0) * LARGEST:
        raise ValueError(f"epsilon = {heat} is out of the range of the costs; give another unit")
    found = _transport.entropic(a, b, matrix, heat_in_units, goal, most)
    if not found.error <= goal:
        warnings.warn(
            f"after {found.iterations} iterations the mass {found.error:.1e} is not where the "
            f"marginals want it, more than tolerance = {goal}; the bounds hold, but give a larger "
            "epsilon or max_iterations for a better plan",
            ConvergenceWarning,
            stacklevel=3,
        )
    return SinkhornResult(
        cost=float(_grown(found.cost, unit, power)),
        distance=unit * found.cost ** (1 / power),
        lower=float(_grown(found.bound, unit, power)),
        gap=float(_grown(found.cost - found.bound, unit, power)),
        plan=found.plan,
        potentials=(
            _grown(found.potentials[0], unit, power),
            _grown(found.potentials[1], unit, power),
        ),
        converged=found.error <= goal,
        iterations=found.iterations,
        upper=float(_grown(found.cost, unit, power)),
        value=float(_grown(found.value, unit, power)),
        epsilon=heat,
        error=found.error,
    )


def sinkhorn_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    epsilon: float,
    cost: ArrayLike | None = None,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    order: float = 1,
    tolerance: float = 1e-9,
    max_iterations: int = 10_000,
) -> float:
    """
    Sinkhorn divergence: entropic transport without its bias.

    It is the value of entropic transport between the laws, minus half the values from each
    law to itself, so that it is 0 for equal laws. Equation :eq:`eq-sinkhorn-divergence`.

    Parameters
    ----------
    p : array_like
        Law: non-negative, with sum 1.
    q : array_like
        Law: on the same set with `cost`, and on a set of its own with `y`.
    epsilon : float
        Weight ε > 0 of the entropy, in the unit of the cost.
    cost : array_like, optional
        Symmetric matrix of the costs ≥ 0 of a unit of mass between outcomes.
    x : array_like, optional
        Places of the outcomes of p, numbers or vectors. The cost is their Euclidean distance
        to the power of `order`. Either `cost` or `x` is given.
    y : array_like, optional
        Places of the outcomes of q. The default is `x`.
    order : float, default 1
        Order in [1, ∞).
    tolerance : float, default 1e-9
        Mass > 0 that may be away from its marginal when the iteration ends.
    max_iterations : int, default 10_000
        Largest number of iterations for each of the three values.

    Returns
    -------
    float
        Divergence, in the unit of the cost. For a distance as cost it is not negative, up to
        the tolerance.

    Raises
    ------
    TypeError
        If not exactly one of `cost` and `x` is given, or an argument is of the wrong kind.
    ValueError
        If `p` or `q` is not a law, a cost is negative or not finite, the costs are not
        symmetric, a place is not finite, the shapes do not match, or an option is out of
        range.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is not reached.

    Examples
    --------
    >>> sinkhorn_divergence([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], x=[0, 1, 3], epsilon=0.5)
    0.568139532633
    """
    if cost is not None:
        _checks.symmetric("cost", cost)

    def value(
        first: ArrayLike, second: ArrayLike, x: ArrayLike | None, y: ArrayLike | None
    ) -> float:
        return sinkhorn(
            first,
            second,
            epsilon=epsilon,
            cost=cost,
            x=x,
            y=y,
            order=order,
            tolerance=tolerance,
            max_iterations=max_iterations,
        ).value

    own = x if y is None else y
    return value(p, q, x, y) - (value(p, p, x, None) + value(q, q, own, None)) / 2


@overload
def wasserstein_gaussian(
    mean_p: float,
    mean_q: float,
    *,
    std_p: float,
    std_q: float,
    cov_p: None = None,
    cov_q: None = None,
) -> float: ...
@overload
def wasserstein_gaussian(
    mean_p: ArrayLike,
    mean_q: ArrayLike,
    *,
    std_p: ArrayLike | None = None,
    std_q: ArrayLike | None = None,
    cov_p: ArrayLike | None = None,
    cov_q: ArrayLike | None = None,
) -> FloatOrArray: ...
@_sums.quiet
def wasserstein_gaussian(
    mean_p: ArrayLike,
    mean_q: ArrayLike,
    *,
    std_p: ArrayLike | None = None,
    std_q: ArrayLike | None = None,
    cov_p: ArrayLike | None = None,
    cov_q: ArrayLike | None = None,
) -> FloatOrArray:
    """
    Wasserstein distance of order 2 of normal laws, on the line or in d dimensions.

    Its square is the squared distance of the means plus that of the covariances, the squared
    Bures distance. Equation :eq:`eq-w2-gaussian`.

    Parameters
    ----------
    mean_p : array_like
        Means of the first law: numbers with `std_p`, vectors of shape (…, d) with `cov_p`.
    mean_q : array_like
        Means of the second law, likewise.
    std_p : array_like, optional
        Standard deviations ≥ 0 of the first law on the line.
    std_q : array_like, optional
        Standard deviations ≥ 0 of the second law on the line.
    cov_p : array_like, optional
        Covariance matrices of the first law, of shape (…, d, d); they may be singular.
    cov_q : array_like, optional
        Covariance matrices of the second law. Either both standard deviations or both
        covariances are given. The leading axes of all arrays broadcast.

    Returns
    -------
    float or ndarray
        Distance in [0, ∞), of the common shape of the means, without the axis of their
        coordinates with `cov_p`. It is infinite only when it is too large for a float.

    Raises
    ------
    TypeError
        If not exactly one pair of standard deviations and covariances is given, or an
        argument is of the wrong kind.
    ValueError
        If an entry is not finite, a standard deviation is negative, a matrix is not
        symmetric or has a negative eigenvalue, or the shapes do not match.

    Examples
    --------
    >>> wasserstein_gaussian(0.0, 1.0, std_p=1.0, std_q=2.0)
    1.41421356237
    >>> wasserstein_gaussian([0, 0], [1, 1], cov_p=[[2, 1], [1, 2]], cov_q=[[1, 0], [0, 3]])
    1.58640638755
    """
    if std_p is not None and std_q is not None and cov_p is None and cov_q is None:
        m, n = _checks.finite("mean_p", mean_p), _checks.finite("mean_q", mean_q)
        s, t = _checks.non_negative("std_p", std_p), _checks.non_negative("std_q", std_q)
        _checks.broadcast(mean_p=m, mean_q=n, std_p=s, std_q=t)
        return _checks.scalar(np.asarray(np.hypot(m - n, s - t)))
    if cov_p is not None and cov_q is not None and std_p is None and std_q is None:
        a, b = _checks.semidefinite("cov_p", cov_p), _checks.semidefinite("cov_q", cov_q)
        m, n = _checks.means(mean_p, mean_q, a, b)
        return _checks.scalar(np.hypot(_transport.length(m - n), _transport.bures(a, b)))
    raise TypeError("give both std_p and std_q, or both cov_p and cov_q, and no other")


@overload
def entropic_gap_bound(p: Sequence[float], q: Sequence[float], *, epsilon: float) -> float: ...
@overload
def entropic_gap_bound(p: ArrayLike, q: ArrayLike, *, epsilon: float) -> FloatOrArray: ...
@_sums.quiet
def entropic_gap_bound(p: ArrayLike, q: ArrayLike, *, epsilon: float) -> FloatOrArray:
    """
    Upper bound of what entropy adds to the least cost of transport, ε min(H(p), H(q)).

    The value of entropic transport is between the least cost and the least cost with this
    bound added, whatever the costs are. Equation :eq:`ineq-entropic-gap`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along the last axis.
    q : array_like
        Law, of any length. The other axes of `p` and `q` broadcast.
    epsilon : float
        Strength ε > 0 of the entropy, in units of the cost.

    Returns
    -------
    float or ndarray
        Bound in [0, ∞), in units of the cost: a float for one pair of laws, an array for
        several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law, the shapes do not broadcast, or `epsilon` is not a finite
        number > 0.

    Examples
    --------
    >>> entropic_gap_bound([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], epsilon=0.05)
    0.0514826507032
    """
    strength, nats = _checks.positive_number("epsilon", epsilon), _checks.unit(None)
    a, b = _checks.law(-1, "p", p), _checks.law(-1, "q", q)
    _checks.broadcast(p=a.total, q=b.total)
    first, second = (_sums.cross_entropy(law, law, nats) for law in (a, b))
    return _checks.scalar(strength * np.minimum(first, second))


@overload
def wasserstein_1_gaussian(
    mean_p: float, mean_q: float, *, std_p: float, std_q: float
) -> float: ...
@overload
def wasserstein_1_gaussian(
    mean_p: ArrayLike, mean_q: ArrayLike, *, std_p: ArrayLike, std_q: ArrayLike
) -> FloatOrArray: ...
@_sums.quiet
def wasserstein_1_gaussian(
    mean_p: ArrayLike, mean_q: ArrayLike, *, std_p: ArrayLike, std_q: ArrayLike
) -> FloatOrArray:
    """
    Wasserstein distance of order 1 of normal laws on the line.

    It is the mean absolute value of a normal variable, whose mean is the difference of the
    means and whose standard deviation is that of the standard deviations.
    Equation :eq:`eq-w1-gaussian`.

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

    Returns
    -------
    float or ndarray
        Distance in [0, ∞), of the common shape of the arguments. It is infinite only when it
        is too large for a float.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not finite, a standard deviation is negative, or the shapes do not
        broadcast.

    Examples
    --------
    >>> wasserstein_1_gaussian(0.0, 1.0, std_p=1.0, std_q=2.0)
    1.16663094118
    """
    m, n = _checks.finite("mean_p", mean_p), _checks.finite("mean_q", mean_q)
    s, t = _checks.non_negative("std_p", std_p), _checks.non_negative("std_q", std_q)
    _checks.broadcast(mean_p=m, mean_q=n, std_p=s, std_q=t)
    shift, spread = np.abs(m - n), np.abs(s - t)
    z = shift / spread / math.sqrt(2)
    value = spread * math.sqrt(2 / math.pi) * np.exp(-z * z) + shift * erf(z)
    return _checks.scalar(np.where(spread == 0, shift, value))


@_sums.quiet
def sliced_wasserstein(
    x: ArrayLike,
    y: ArrayLike,
    *,
    directions: ArrayLike | None = None,
    count: int | None = None,
    seed: int | None = None,
    order: float = 2,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """
    Sliced Wasserstein distance of point clouds.

    Both clouds are projected on lines through the origin. The result is the power mean of
    the distances on the lines. It is at most the Wasserstein distance of the clouds.
    Equation :eq:`def-sliced-wasserstein`.

    Parameters
    ----------
    x : array_like
        Points of the first law, of shape (n, d).
    y : array_like
        Points of the second law, of shape (m, d).
    directions : array_like, optional
        Unit vectors along the lines, of shape (k, d).
    count : int, optional
        Number of random directions, evenly distributed. Either `directions`, or `count` and
        `seed` are given.
    seed : int, optional
        Seed of the random directions, so that a call can be repeated.
    order : float, default 2
        Order in [1, ∞).
    x_weights : array_like, optional
        Weights of the points x, a law. The default is the same weight for each.
    y_weights : array_like, optional
        Weights of the points y, likewise.

    Returns
    -------
    float
        Distance in [0, ∞), in the unit of the points.

    Raises
    ------
    TypeError
        If neither or both ways of giving directions are taken, or an argument is of the
        wrong kind.
    ValueError
        If a point is not finite, a direction is not a unit vector, weights are not a law on
        the points, the shapes do not match, or the order is out of range.

    Examples
    --------
    >>> x, y = [[0, 0], [1, 0], [0, 1]], [[1, 1], [2, 0], [0, 2]]
    >>> sliced_wasserstein(x, y, directions=[[1, 0], [0, 1]])
    0.816496580928
    """
    power = _checks.finite_order("order", order)
    a, b = _checks.clouds(x, y)
    if directions is not None and count is None and seed is None:
        lines = _checks.unit_vectors("directions", directions, a.shape[1])
    elif directions is None and count is not None and seed is not None:
        shape = _checks.count("count", count), a.shape[1]
        lines = np.random.default_rng(_checks.count("seed", seed, 0)).standard_normal(shape)
        lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    else:
        raise TypeError("give either directions, or both count and seed")
    scale = math.frexp(max(float(np.abs(a).max()), float(np.abs(b).max())))[1]
    shadows = lines @ np.ldexp(a, -scale).T, lines @ np.ldexp(b, -scale).T
    first, second = _checks.weighted_points(a, b, x_weights, y_weights)
    ways = _transport.on_the_line(*shadows, first.weights, second.weights, power)
    longest = float(ways.max())
    if longest == 0:
        return 0.0
    mean = longest * np.mean((ways / longest) ** power) ** (1 / power)
    return float(np.ldexp(mean, scale))


@_sums.quiet
def c_transform(potential: ArrayLike, cost: ArrayLike) -> Array:
    """
    Largest function that a potential leaves room for under the costs.

    The function g(y) = min (c(x, y) - f(x)) is the best partner of the potential f in the
    dual problem. Equation :eq:`def-c-transform`.

    Parameters
    ----------
    potential : array_like
        Finite values of the function f on n outcomes.
    cost : array_like
        Matrix of finite costs, of shape (n, m). Give its transpose for the transform of g.

    Returns
    -------
    ndarray
        Values of the function g on m outcomes.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an entry is not finite, or the shapes do not match.

    Examples
    --------
    >>> c_transform([0, -1, -3], [[0, 1, 3], [1, 0, 2], [3, 2, 0]])
    array([0., 1., 3.])
    """
    f, c = _checks.potential_and_cost(potential, cost)
    return np.asarray((c - f[:, None]).min(axis=0))


@_sums.quiet
def is_lipschitz(
    values: ArrayLike,
    *,
    x: ArrayLike | None = None,
    distance: ArrayLike | None = None,
    constant: float = 1,
) -> bool:
    """
    Whether a function on points grows at most by a constant times the distance.

    Such a function is a critic in the dual problem. Equation :eq:`thm-kr-duality`.

    Parameters
    ----------
    values : array_like
        Finite values of the function on n points.
    x : array_like, optional
        The points: numbers, or vectors with their Euclidean distance.
    distance : array_like, optional
        Matrix of distances ≥ 0. Either `x` or `distance` is given.
    constant : float, default 1
        Lipschitz constant in [0, ∞).

    Returns
    -------
    bool
        True if all differences of values are at most `constant` times the distance, up to
        the rounding error of both.

    Raises
    ------
    TypeError
        If not exactly one of `x` and `distance` is given, or an argument is of the wrong
        kind.
    ValueError
        If an entry is not finite, a distance is negative, the shapes do not match, or the
        constant is negative.

    Examples
    --------
    >>> is_lipschitz([0, -1, -3], x=[0, 1, 3])
    True
    >>> is_lipschitz([0, -1, -3], x=[0, 1, 2])
    False
    """
    largest = _checks.non_negative_number("constant", constant)
    f = _checks.vector("values", values)
    if x is not None and distance is None:
        points = _checks.located("x", x, f.size)
        ways = _transport.distances(points, points)
    elif distance is not None and x is None:
        ways = _checks.distances("distance", distance, f.size)
    else:
        raise TypeError("give either x or distance")
    slope = largest * ways if largest else np.zeros_like(ways)
    rounding = 4 * np.finfo(np.float64).eps * (np.abs(f)[:, None] + np.abs(f) + slope)
    return bool((np.abs(f[:, None] - f) <= slope + rounding).all())
