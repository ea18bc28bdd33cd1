"""The f-divergences, total variation, and the inequalities between them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import wrightomega

from refimpl import _checks, _sums
from refimpl._checks import Array, FloatOrArray, Law, Reals, Unit

__all__ = [
    "GENERATORS",
    "Generator",
    "bretagnolle_huber_bound",
    "chi_square",
    "chi_square_bound",
    "f_divergence",
    "hellinger_bound",
    "hellinger_distance",
    "le_cam_bounds",
    "pinsker_bound",
    "reverse_pinsker_bound",
    "total_variation",
    "variational_lower_bound",
]

Function = Callable[[Array], Array]


@overload
def total_variation(
    p: Sequence[float],
    q: Sequence[float],
    *,
    axis: int = -1,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def total_variation(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def total_variation(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Total variation distance of two laws.

    The distance Σ abs(p - q) / 2 is the largest difference of the probabilities that the laws
    give to an event. It is a metric. Equation :eq:`eq-tv-forms`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Distance in [0, 1], 1 if and only if no outcome is possible under both laws: a float
        for one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, or the shapes do not match.

    Examples
    --------
    >>> total_variation([0.7, 0.2, 0.1], [0.5, 0.3, 0.2])
    0.2
    """
    how = _checks.reduction(axis, None, keepdims)
    a, b = _checks.laws(how.axis, p=p, q=q)
    return how.shape(_sums.total_variation(a, b, how.unit))


@overload
def hellinger_distance(
    p: Sequence[float],
    q: Sequence[float],
    *,
    axis: int = -1,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def hellinger_distance(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def hellinger_distance(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Hellinger distance of two laws.

    The distance is the Euclidean distance of the vectors of roots √p and √q, without a factor
    1/2 or 1/√2. It is a metric. Equation :eq:`eq-hellinger-def`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Distance in [0, √2], √2 if and only if no outcome is possible under both laws: a
        float for one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, or the shapes do not match.

    Examples
    --------
    >>> hellinger_distance([0.7, 0.2, 0.1], [0.5, 0.3, 0.2])
    0.209865152774
    """
    how = _checks.reduction(axis, None, keepdims)
    a, b = _checks.laws(how.axis, p=p, q=q)
    return how.shape(_sums.hellinger(a, b, how.unit))


@overload
def chi_square(
    p: Sequence[float],
    q: Sequence[float],
    *,
    axis: int = -1,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def chi_square(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def chi_square(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Chi-square divergence of a law from a model.

    The divergence Σ (p - q)² / q is the variance of p / q under the model. It is not
    symmetric. Equation :eq:`eq-chi-square-def`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Model, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Divergence in [0, ∞]: a float for one pair of laws, an array for several. It is
        infinite if and only if an outcome has p > 0 and q = 0, or when it is too large for a
        float.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, or the shapes do not match.

    Examples
    --------
    >>> chi_square([0.7, 0.2, 0.1], [0.5, 0.3, 0.2])
    0.163333333333
    """
    how = _checks.reduction(axis, None, keepdims)
    a, b = _checks.laws(how.axis, p=p, q=q)
    return how.shape(_sums.chi_square(a, b, how.unit))


# Generators.


@dataclass(frozen=True, kw_only=True)
class Generator:
    """
    Generator of an f-divergence: a convex function f on (0, ∞) with its limits.

    The limits f(0) = lim f(u) for u → 0 and f'(∞) = lim f(u) / u for u → ∞ say what counts
    for outcomes that only one of the laws has. A divergence needs f(1) = 0; otherwise f(1) is
    the value for equal laws. Equation :eq:`def-fdiv`.

    Attributes
    ----------
    function : callable
        The function f, from an array of numbers > 0 to an array.
    at_zero : float
        The limit f(0), a number or ∞.
    slope_at_infinity : float
        The limit f'(∞), a number or ∞.
    derivative : callable, optional
        A slope f'(u) of f, from an array of numbers > 0 to an array. Where f has a corner it
        is any slope between those on both sides.
    conjugate : callable, optional
        The conjugate f*(t) = sup over u ≥ 0 of u t - f(u), from an array to an array. It is ∞
        where the supremum is.

    Raises
    ------
    TypeError
        If a function is not callable, or a limit is not a number.
    ValueError
        If a limit is not a number or ∞.

    Examples
    --------
    >>> halves = Generator(
    ...     function=lambda u: abs(u - 1) / 2, at_zero=0.5, slope_at_infinity=0.5
    ... )
    >>> f_divergence(halves, [0.5, 0.5, 0.0], [0.5, 0.0, 0.5])
    0.5
    """

    function: Function
    at_zero: float
    slope_at_infinity: float
    derivative: Function | None = None
    conjugate: Function | None = None

    def __post_init__(self) -> None:
        """Check the fields."""
        _checks.function("function", self.function)
        for name in ("derivative", "conjugate"):
            if getattr(self, name) is not None:
                _checks.function(name, getattr(self, name))
        for name in ("at_zero", "slope_at_infinity"):
            if _checks.number(name, getattr(self, name)) == -math.inf:
                raise ValueError(f"{name} = -inf; give a number or inf, as f is convex")

    @property
    def conjugate_domain(self) -> tuple[float, float]:
        """
        Ends of the interval where the conjugate is finite: -∞ and f'(∞).

        Whether the upper end belongs to the interval depends on f.

        Returns
        -------
        tuple of float
            The ends.

        Examples
        --------
        >>> GENERATORS["tv"].conjugate_domain
        (-inf, 0.5)
        """
        return -math.inf, self.slope_at_infinity


def _where_below(limit: float, function: Function) -> Function:
    """Return a function that is ∞ above a limit."""

    def restricted(t: Array) -> Array:
        with np.errstate(all="ignore"):  # at the limit the function may be ∞
            return np.where(t <= limit, function(np.minimum(t, limit)), np.inf)

    return restricted


def _entropy_of_mixture(u: Array) -> Array:
    """Return (u + 1) log((u + 1) / 2)."""
    return np.asarray((u + 1) * np.log1p((u - 1) / 2))


def _jeffreys_conjugate(t: Array) -> Array:
    w = np.real(wrightomega(1 - t))
    return np.asarray(w + 1 / w + t - 2)


_LOG_2 = math.log(2)
_HALF = 1 / 2

GENERATORS: Mapping[str, Generator] = MappingProxyType(
    {
        "kl": Generator(
            function=lambda u: u * np.log(u),
            at_zero=0.0,
            slope_at_infinity=math.inf,
            derivative=lambda u: np.log(u) + 1,
            conjugate=lambda t: np.exp(t - 1),
        ),
        "reverse_kl": Generator(
            function=lambda u: -np.log(u),
            at_zero=math.inf,
            slope_at_infinity=0.0,
            derivative=lambda u: -1 / u,
            conjugate=_where_below(0.0, lambda t: -1 - np.log(-t)),
        ),
        "jeffreys": Generator(
            function=lambda u: (u - 1) * np.log(u),
            at_zero=math.inf,
            slope_at_infinity=math.inf,
            derivative=lambda u: np.log(u) + 1 - 1 / u,
            conjugate=_jeffreys_conjugate,
        ),
        "js": Generator(
            function=lambda u: (u * np.log(u) - _entropy_of_mixture(u)) / 2,
            at_zero=_LOG_2 / 2,
            slope_at_infinity=_LOG_2 / 2,
            derivative=lambda u: -np.log1p((1 / u - 1) / 2) / 2,
            conjugate=_where_below(_LOG_2 / 2, lambda t: -np.log(2 - np.exp(2 * t)) / 2),
        ),
        "midpoint_kl": Generator(
            function=_entropy_of_mixture,
            at_zero=-_LOG_2,
            slope_at_infinity=math.inf,
            derivative=lambda u: np.log1p((u - 1) / 2) + 1,
            conjugate=lambda t: np.where(
                t > 1 - _LOG_2, 2 * np.exp(np.maximum(t, 0) - 1) - t, _LOG_2
            ),
        ),
        "gan": Generator(
            function=lambda u: u * np.log(u) - (u + 1) * np.log1p(u),
            at_zero=0.0,
            slope_at_infinity=0.0,
            derivative=lambda u: -np.log1p(1 / u),
            conjugate=_where_below(0.0, lambda t: -np.log(-np.expm1(t))),
        ),
        "tv": Generator(
            function=lambda u: np.abs(u - 1) / 2,
            at_zero=_HALF,
            slope_at_infinity=_HALF,
            derivative=lambda u: np.sign(u - 1) / 2,
            conjugate=_where_below(_HALF, lambda t: np.maximum(t, -_HALF)),
        ),
        "chi_square": Generator(
            function=lambda u: np.square(u - 1),
            at_zero=1.0,
            slope_at_infinity=math.inf,
            derivative=lambda u: 2 * (u - 1),
            conjugate=lambda t: np.where(t >= -2, t + np.square(np.maximum(t, -2)) / 4, -1.0),
        ),
        "hellinger": Generator(
            function=lambda u: np.square(np.sqrt(u) - 1),
            at_zero=1.0,
            slope_at_infinity=1.0,
            derivative=lambda u: 1 - 1 / np.sqrt(u),
            conjugate=_where_below(1.0, lambda t: t / (1 - t)),
        ),
    }
)


Divergence = Callable[[Law, Law, Unit], Array]

_LOG_4 = math.log(4)
_WITH_ALL_DIGITS: Mapping[str, Divergence] = {
    "kl": _sums.relative_entropy,
    "reverse_kl": lambda p, q, unit: _sums.relative_entropy(q, p, unit),
    "jeffreys": lambda p, q, unit: (
        _sums.relative_entropy(p, q, unit) + _sums.relative_entropy(q, p, unit)
    ),
    "js": _sums.jensen_shannon,
    "midpoint_kl": lambda p, q, unit: 2 * _sums.midpoint_relative_entropy(p, q, unit),
    "gan": lambda p, q, unit: np.minimum(2 * _sums.jensen_shannon(p, q, unit) - _LOG_4, 0.0),
    "tv": _sums.total_variation,
    "chi_square": _sums.chi_square,
    "hellinger": lambda p, q, unit: np.minimum(np.square(_sums.hellinger(p, q, unit)), 2.0),
}


def _with_all_digits(f: Generator) -> Divergence | None:
    """Return the function of a single divergence, if the generator is one of those with names."""
    return next((_WITH_ALL_DIGITS[name] for name, g in GENERATORS.items() if g is f), None)


def _some_ratios(p: Law, q: Law) -> Array:
    """Return up to about a hundred of the ratios p / q that are numbers > 0."""
    n = p.values.shape[-1]
    some = slice(None, None, 1 + n // 64)
    ratios = np.ravel(p.values[..., some] / q.values[..., some]).astype(np.float64)
    ratios = ratios[(ratios > 0) & (ratios < _sums.RAISED)]
    return ratios[:: 1 + ratios.size // 64]


def _line_at_one(f: Generator) -> tuple[float, float]:
    """Return f(1) and a slope there; where no derivative is given, nearly one."""
    h = 2.0**-17
    low, value, high = _checks.values_of(
        "generator.function", f.function, np.array([1 - h, 1.0, 1 + h])
    ).tolist()
    if f.derivative is None:
        return value, (high - low) / (2 * h)
    (slope,) = _checks.values_of("generator.derivative", f.derivative, np.ones(1)).tolist()
    return value, slope


def _generator(value: object) -> Generator:
    """Check that a value is a generator, or the name of one."""
    if isinstance(value, Generator):
        return value
    if not isinstance(value, str):
        raise TypeError(
            f"generator = {_checks.short(value)} is no generator; "
            f"give a Generator or one of {[*GENERATORS]}"
        )
    _checks.choice("generator", value, tuple(GENERATORS))
    return GENERATORS[value]


@overload
def f_divergence(
    generator: Generator | str,
    p: Sequence[float],
    q: Sequence[float],
    *,
    axis: int = -1,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def f_divergence(
    generator: Generator | str,
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def f_divergence(
    generator: Generator | str,
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Divergence of a law from a model, with any generator f.

    The f-divergence is Σ q f(p / q) over the outcomes with q > 0, and f'(∞) for each unit of
    probability that p has where q has none. Equation :eq:`def-fdiv`; for the names of
    generators, equation :eq:`eq-fdiv-generators`.

    Parameters
    ----------
    generator : Generator or str
        The function f with its limits, or its name in `GENERATORS`: "kl", "reverse_kl",
        "jeffreys", "js", "midpoint_kl", "gan", "tv", "chi_square" or "hellinger". The last
        one gives the square of the Hellinger distance.
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Model, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Divergence, at least f(1): a float for one pair of laws, an array for several. A
        generator with a name gives what the function for the single divergence gives, with
        all digits. For any other one the terms are q (f(u) - f(1) - f'(1) (u - 1)) ≥ 0 with
        u = p / q; for nearly equal laws they have the digits that f has near 1.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, the shapes do not match, the name of the
        generator is unknown, its function gives what is not a number, or it turns out not to
        be convex: this is tried at 1/2, 1, 2 and up to about a hundred of the ratios p / q.

    Examples
    --------
    >>> f_divergence("reverse_kl", [0.7, 0.2, 0.1], [0.5, 0.3, 0.2])
    0.0920328502338
    >>> f_divergence("js", [0.5, 0.5, 0.0], [0.5, 0.0, 0.5])
    0.34657359028
    """
    how = _checks.reduction(axis, None, keepdims)
    f = _generator(generator)
    a, b = _checks.laws(how.axis, p=p, q=q)

    if divergence := _with_all_digits(f):
        return how.shape(divergence(a, b, how.unit))
    _checks.convex("generator.function", f.function, _some_ratios(a, b))
    value, slope = _line_at_one(f)

    def gap(u: Reals) -> Reals:  # Σ q (u - 1) = 0, with all that only one of the laws has
        return _checks.values_of("generator.function", f.function, u) - value - slope * (u - 1)

    limits = f.at_zero - value + slope, f.slope_at_infinity - slope
    return how.shape(value + _sums.f_divergence(gap, *limits, a, b, how.unit))


@overload
def variational_lower_bound(
    generator: Generator | str,
    critic: Sequence[float],
    p: Sequence[float],
    q: Sequence[float],
    *,
    axis: int = -1,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def variational_lower_bound(
    generator: Generator | str,
    critic: ArrayLike,
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def variational_lower_bound(
    generator: Generator | str,
    critic: ArrayLike,
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Lower bound of an f-divergence from a critic.

    A critic T is a function of the outcomes. The mean of T under p less the mean of f*(T)
    under q never exceeds the divergence. It is attained at T = f'(p / q).
    Equation :eq:`eq-fdiv-variational`.

    Parameters
    ----------
    generator : Generator or str
        The function f with its conjugate f*, or its name in `GENERATORS`.
    critic : array_like
        Finite values of the function T on the outcomes, where f* is finite.
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Model, a law on the same outcomes. The other axes of all arrays broadcast.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Lower bound of the divergence: a float for one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, the shapes do not match, the generator is
        unknown or has no conjugate, or a value of the critic is not finite or is outside of
        the domain of the conjugate.

    Examples
    --------
    >>> p, q = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]
    >>> variational_lower_bound("chi_square", [1.0, 0.0, -1.0], p, q)
    0.125
    >>> variational_lower_bound("gan", np.log([7 / 12, 2 / 5, 1 / 3]), p, q)
    -1.34249200318
    """
    how = _checks.reduction(axis, None, keepdims)
    f = _generator(generator)
    if f.conjugate is None:
        raise ValueError("generator.conjugate is None; give a Generator with its conjugate")
    law, model, values = _checks.laws_and_critic(how.axis, p, q, critic)
    costs = _checks.values_of("generator.conjugate", f.conjugate, values, "critic")
    return how.shape(_sums.mean(law.values, values) - _sums.mean(model.values, costs))


# Bounds.


def _nats(kl: ArrayLike, base: float | None) -> Array:
    """Check divergences, and return them in nats."""
    return _checks.divergences("kl", kl) * _checks.unit(base).nats


def _hellinger(hellinger: ArrayLike) -> tuple[Array, Array]:
    """Check Hellinger distances a; return them and a² / 2, in [0, 1]."""
    a = _checks.up_to("hellinger", hellinger, math.sqrt(2))
    return a, np.minimum(a * a / 2, 1.0)


@overload
def pinsker_bound(kl: float, *, base: float | None = None) -> float: ...
@overload
def pinsker_bound(kl: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def pinsker_bound(kl: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Pinsker's upper bound of the total variation distance, √(KL / 2).

    Equation :eq:`ineq-pinsker`.

    Parameters
    ----------
    kl : array_like
        Kullback-Leibler divergence in [0, ∞], in either direction.
    base : float, optional
        Base of the logarithm in the divergence, > 1. The default is nats, 2 is for bits.

    Returns
    -------
    float or ndarray
        Bound in [0, ∞], entry by entry. Above 1 it says nothing.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is negative or not a number, or the base is not a finite number > 1.

    Examples
    --------
    >>> pinsker_bound(kl_divergence([0.7, 0.2, 0.1], [0.5, 0.3, 0.2]))
    0.206304175863
    """
    return _checks.scalar(np.sqrt(_nats(kl, base) / 2))


@overload
def bretagnolle_huber_bound(kl: float, *, base: float | None = None) -> float: ...
@overload
def bretagnolle_huber_bound(kl: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def bretagnolle_huber_bound(kl: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Upper bound of Bretagnolle and Huber of the total variation distance, √(1 - exp(-KL)).

    It is below 1 for every finite divergence. Equation :eq:`ineq-bretagnolle-huber`.

    Parameters
    ----------
    kl : array_like
        Kullback-Leibler divergence in [0, ∞], in either direction.
    base : float, optional
        Base of the logarithm in the divergence, > 1. The default is nats, 2 is for bits.

    Returns
    -------
    float or ndarray
        Bound in [0, 1], entry by entry.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is negative or not a number, or the base is not a finite number > 1.

    Examples
    --------
    >>> bretagnolle_huber_bound(kl_divergence([0.7, 0.2, 0.1], [0.5, 0.3, 0.2]))
    0.285658057511
    """
    return _checks.scalar(np.sqrt(-np.expm1(-_nats(kl, base))))


@overload
def reverse_pinsker_bound(tv: float, least: float, *, base: float | None = None) -> float: ...
@overload
def reverse_pinsker_bound(
    tv: ArrayLike, least: ArrayLike, *, base: float | None = None
) -> FloatOrArray: ...
@_sums.quiet
def reverse_pinsker_bound(
    tv: ArrayLike, least: ArrayLike, *, base: float | None = None
) -> FloatOrArray:
    """
    Upper bound of the Kullback-Leibler divergence, log(1 + 2 TV² / min q).

    It holds on finite sets only, for models that give every outcome some probability.
    Equation :eq:`ineq-reverse-pinsker`.

    Parameters
    ----------
    tv : array_like
        Total variation distance, in [0, 1].
    least : array_like
        Least probability of an outcome in the model, in [0, 1]. `tv` and `least` broadcast.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Bound in [0, ∞], entry by entry. For a least probability of 0 it is infinite, or 0 for
        equal laws.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, 1], the shapes do not broadcast, or the base is not a finite
        number > 1.

    Examples
    --------
    >>> p, q = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]
    >>> reverse_pinsker_bound(total_variation(p, q), min(q))
    0.336472236621
    """
    unit = _checks.unit(base)
    delta, floor = _checks.probabilities("tv", tv), _checks.probabilities("least", least)
    _checks.broadcast(tv=delta, least=floor)
    ratio = 2 * delta * (delta / floor)
    # The logarithm of a ratio that is too large for a float is not.
    apart = np.log(2 * delta) + np.log(delta) - np.log(floor)
    nats = np.where(ratio < math.inf, np.log1p(ratio), apart)
    return _checks.scalar(np.where(delta == 0, 0.0, nats) / unit.nats)


@overload
def chi_square_bound(chi_square: float, *, base: float | None = None) -> float: ...
@overload
def chi_square_bound(chi_square: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def chi_square_bound(chi_square: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Upper bound of the Kullback-Leibler divergence, log(1 + χ²).

    Equation :eq:`ineq-kl-chi2`.

    Parameters
    ----------
    chi_square : array_like
        Chi-square divergence in [0, ∞], in the same direction.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Bound in [0, ∞], entry by entry.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is negative or not a number, or the base is not a finite number > 1.

    Examples
    --------
    >>> chi_square_bound(chi_square([0.7, 0.2, 0.1], [0.5, 0.3, 0.2]))
    0.151289447546
    """
    unit = _checks.unit(base)
    return _checks.scalar(np.log1p(_checks.divergences("chi_square", chi_square)) / unit.nats)


@overload
def hellinger_bound(hellinger: float, *, base: float | None = None) -> float: ...
@overload
def hellinger_bound(hellinger: ArrayLike, *, base: float | None = None) -> FloatOrArray: ...
@_sums.quiet
def hellinger_bound(hellinger: ArrayLike, *, base: float | None = None) -> FloatOrArray:
    """
    Lower bound of the Kullback-Leibler divergence, -2 log(1 - a² / 2) for the distance a.

    It is the Rényi divergence of order 1/2. Equation :eq:`ineq-hellinger`.

    Parameters
    ----------
    hellinger : array_like
        Hellinger distance a, in [0, √2].
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Bound in [0, ∞], entry by entry.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, √2], or the base is not a finite number > 1.

    Examples
    --------
    >>> hellinger_bound(hellinger_distance([0.7, 0.2, 0.1], [0.5, 0.3, 0.2]))
    0.0445355766164
    """
    unit = _checks.unit(base)
    _, half = _hellinger(hellinger)
    return _checks.scalar(-2 * np.log1p(-half) / unit.nats)


@overload
def le_cam_bounds(hellinger: float) -> tuple[float, float]: ...
@overload
def le_cam_bounds(hellinger: ArrayLike) -> tuple[FloatOrArray, FloatOrArray]: ...
@_sums.quiet
def le_cam_bounds(hellinger: ArrayLike) -> tuple[FloatOrArray, FloatOrArray]:
    """
    Le Cam's bounds of the total variation distance, a² / 2 and a √(1 - a² / 4).

    Equation :eq:`ineq-hellinger`.

    Parameters
    ----------
    hellinger : array_like
        Hellinger distance a, in [0, √2].

    Returns
    -------
    lower : float or ndarray
        Lower bound in [0, 1], entry by entry.
    upper : float or ndarray
        Upper bound in [0, 1], likewise.

    Raises
    ------
    TypeError
        If the argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not in [0, √2].

    Examples
    --------
    >>> le_cam_bounds(hellinger_distance([0.7, 0.2, 0.1], [0.5, 0.3, 0.2]))
    (0.0220216911744, 0.208706558274)
    """
    a, half = _hellinger(hellinger)
    upper = np.minimum(a * np.sqrt(1 - half / 2), 1.0)
    return _checks.scalar(half), _checks.scalar(upper)
