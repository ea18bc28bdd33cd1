"""Entropy, divergences and losses of PyTorch tensors and JAX arrays, with gradients.

The functions have the names and options of those in `refimpl`. Arguments are arrays of one
library that follows the Python array API standard, such as PyTorch or JAX, and so are results.
They can be differentiated, compiled and mapped there. This module needs array-api-compat, which
``pip install refimpl[arrays]`` brings. NumPy arrays belong to `refimpl` itself.

Laws stand for p / Σ p, as in `refimpl`. So a gradient in p has no part along p: it is that of
the value on laws. Sums are of terms of one sign, and keep their digits in single precision too.

Entries and sums are checked where the library knows the numbers, with the same errors. Inside
of a compiled or mapped function it does not: there kinds, shapes and options are checked alone,
and what is no law gives a number without a meaning. Each check waits for the device.

Where a law has an outcome of probability 0 the gradient is that from inside: 0 log 0 counts as
0, and has the slope that the logarithm has there, which is infinite, or 0 if the limit does not
depend on the entry. No gradient is NaN where the value is finite, and the outcomes of positive
probability always get theirs. At p = q, where abs(p - q) has a corner, its slope counts as 0.
"""

import contextlib
import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from refimpl import _checks, _sums
from refimpl._checks import Reduction
from refimpl.fdivergences import Generator

__all__ = [
    "binary_cross_entropy_loss",
    "cross_entropy",
    "cross_entropy_loss",
    "entropy",
    "f_divergence",
    "js_divergence",
    "kl_divergence",
    "kl_loss",
    "log_softmax",
    "total_variation",
]

Array = Any  # of a library that follows the array API standard
Namespace = Any  # its functions, as a module


def entropy(
    p: Array, *, axis: int = -1, base: float | None = None, keepdims: bool = False
) -> Array:
    """
    Shannon entropy of a law.

    The entropy is the mean information content -Σ p log p, with 0 log 0 = 0.
    Equation :eq:`eq-entropy-def`.

    Parameters
    ----------
    p : array
        Law, or array of laws: floating-point numbers ≥ 0 of sum 1 along `axis`.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    array
        Entropy in [0, log n] for n outcomes. Its slope is +∞ at an outcome of probability 0,
        whose p log p counts as constant.

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is not a law along `axis`, or an option is out of its range. Entries
        and sums are checked where they are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import arrays
    >>> float(arrays.entropy(jax.numpy.asarray([0.5, 0.25, 0.125, 0.125]), base=2))
    1.75
    """
    how = _checks.reduction(axis, base, keepdims)
    xp, (law,) = _laws(how.axis, p=p)
    return _result(xp, how, _cross_entropy(xp, law, law))


def cross_entropy(
    p: Array, q: Array, *, axis: int = -1, base: float | None = None, keepdims: bool = False
) -> Array:
    """
    Cross-entropy of a law and a model.

    It is the mean length -Σ p log q of the code made for q when the outcomes follow p.
    Equation :eq:`eq-ce-def`.

    Parameters
    ----------
    p : array
        Law, or array of laws: floating-point numbers ≥ 0 of sum 1 along `axis`.
    q : array
        Model, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    array
        Cross-entropy in [0, ∞].

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is not a law along `axis`, or an option is out of its range. Entries
        and sums are checked where they are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import arrays
    >>> p, q = jax.numpy.asarray([0.5, 0.5]), jax.numpy.asarray([0.25, 0.75])
    >>> round(float(arrays.cross_entropy(p, q, base=2)), 5)
    1.20752
    """
    how = _checks.reduction(axis, base, keepdims)
    xp, (law, model) = _laws(how.axis, p=p, q=q)
    return _result(xp, how, _cross_entropy(xp, law, model))


def kl_divergence(
    p: Array, q: Array, *, axis: int = -1, base: float | None = None, keepdims: bool = False
) -> Array:
    """
    Kullback-Leibler divergence (relative entropy) of a law from a model.

    It is the sum Σ p log(p / q). Equation :eq:`eq-kl-def`.

    Parameters
    ----------
    p : array
        Law, or array of laws: floating-point numbers ≥ 0 of sum 1 along `axis`.
    q : array
        Model, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    array
        Divergence in [0, ∞]. Its slope in p is -∞ at an outcome that only q has, whose
        p log p counts as constant.

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is not a law along `axis`, or an option is out of its range. Entries
        and sums are checked where they are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import arrays
    >>> p, q = jax.numpy.asarray([0.75, 0.25]), jax.numpy.asarray([0.5, 0.5])
    >>> round(float(arrays.kl_divergence(p, q)), 6)
    0.130812
    >>> jax.grad(arrays.kl_divergence, 1)(p, q).round(3).tolist()
    [-0.5, 0.5]
    """
    how = _checks.reduction(axis, base, keepdims)
    xp, (law, model) = _laws(how.axis, p=p, q=q)
    total, model, d = _compared(xp, law, model)
    return _result(xp, how, xp.sum(_relative_entropy_terms(xp, law, model, d), axis=-1) / total)


def js_divergence(
    p: Array,
    q: Array,
    *others: Array,
    weights: Any = None,  # noqa: ANN401 - a list of numbers or a NumPy array
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> Array:
    """
    Jensen-Shannon divergence of two or more laws.

    It is the mean Kullback-Leibler divergence of the laws from their mixture.
    Equation :eq:`eq-js-def`; with weights, equation :eq:`eq-js-weighted-def`.

    Parameters
    ----------
    p : array
        Law, or array of laws: floating-point numbers ≥ 0 of sum 1 along `axis`.
    q : array
        Law, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    *others : array
        Further laws on the same outcomes.
    weights : array_like, optional
        Weights of the laws, non-negative and of sum 1: numbers that nothing differentiates.
        The default is equal weights.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    array
        Divergence, at least 0 and at most the entropy of the weights.

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is not a law along `axis`, or an option is out of its range. Entries
        and sums are checked where they are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import arrays
    >>> p, q = jax.numpy.asarray([1.0, 0.0]), jax.numpy.asarray([0.0, 1.0])
    >>> round(float(arrays.js_divergence(p, q, base=2)), 6)
    1.0
    """
    how = _checks.reduction(axis, base, keepdims)
    named = {f"others[{i}]": law for i, law in enumerate(others)}
    xp, laws = _laws(how.axis, p=p, q=q, **named)
    shares = _checks.weights("weights", weights, len(laws))
    first = laws[max(shares, key=shares.__getitem__)]
    total = xp.sum(first, axis=-1)
    compared = [(w, *_compared(xp, first, laws[i])[1:]) for i, w in shares.items()]
    m = sum(w * law for w, law, _ in compared)
    mean = sum(w * d for w, _, d in compared)
    terms = [w * _relative_entropy_terms(xp, law, m, mean - d) for w, law, d in compared]
    return _result(xp, how, xp.sum(sum(terms), axis=-1) / total)


def total_variation(p: Array, q: Array, *, axis: int = -1, keepdims: bool = False) -> Array:
    """
    Total variation distance of two laws.

    It is half of the sum Σ abs(p - q). Equation :eq:`eq-tv-forms`.

    Parameters
    ----------
    p : array
        Law, or array of laws: floating-point numbers ≥ 0 of sum 1 along `axis`.
    q : array
        Law, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    array
        Distance in [0, 1].

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is not a law along `axis`, or an option is out of its range. Entries
        and sums are checked where they are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import arrays
    >>> p, q = jax.numpy.asarray([0.75, 0.25]), jax.numpy.asarray([0.5, 0.5])
    >>> float(arrays.total_variation(p, q))
    0.25
    """
    how = _checks.reduction(axis, None, keepdims)
    xp, (a, b) = _laws(how.axis, p=p, q=q)
    total, _, d = _compared(xp, a, b)
    return _result(xp, how, xp.sum(xp.abs(d), axis=-1) / total / 2)


def f_divergence(
    generator: Generator, p: Array, q: Array, *, axis: int = -1, keepdims: bool = False
) -> Array:
    """
    Divergence of a law from a model, with any generator f.

    The f-divergence is Σ q f(p / q) over the outcomes with q > 0, and f'(∞) for each unit of
    probability that p has where q has none. Equation :eq:`def-fdiv`.

    Parameters
    ----------
    generator : Generator
        The function f with its limits. It must compute with arrays of the library, so those of
        `refimpl.GENERATORS`, which are for NumPy, do not serve.
    p : array
        Law, or array of laws: floating-point numbers ≥ 0 of sum 1 along `axis`.
    q : array
        Model, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    array
        Divergence, at least f(1) but for rounding. For nearly equal laws it has the digits that
        f has near 1.

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is not a law along `axis`, or an option is out of its range. Entries
        and sums are checked where they are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import Generator, arrays
    >>> square = Generator(
    ...     function=lambda u: (u - 1) ** 2, at_zero=1.0, slope_at_infinity=float("inf")
    ... )
    >>> p, q = jax.numpy.asarray([0.75, 0.25]), jax.numpy.asarray([0.5, 0.5])
    >>> float(arrays.f_divergence(square, p, q))
    0.25
    """
    how = _checks.reduction(axis, None, keepdims)
    if not isinstance(generator, Generator):
        raise TypeError(f"generator = {generator!r} is no generator; give a Generator")
    xp, (a, b) = _laws(how.axis, p=p, q=q)
    a, b = (x / xp.sum(x, axis=-1, keepdims=True) for x in (a, b))
    both, nothing = (a > 0) & (b > 0), xp.zeros_like(a)
    u = xp.where(both, a, xp.ones_like(a)) / xp.where(both, b, xp.ones_like(b))
    value, slope = _line_at_one(xp, generator, a)
    above = xp.where(
        both,
        b * (generator.function(u) - value - slope * (u - 1)),
        slope * (b - a) - value * b,
    )
    regular = value[..., 0] + xp.sum(above, axis=-1)
    only_p, only_q = xp.where(b > 0, nothing, a), xp.where(a > 0, nothing, b)
    singular = _mass_times(xp, only_p, generator.slope_at_infinity)
    return _result(xp, how, regular + singular + _mass_times(xp, only_q, generator.at_zero))


def log_softmax(logits: Array, *, temperature: float = 1.0, axis: int = -1) -> Array:
    """
    Logarithms of the softmax of logits.

    The entries are z - log(Σ exp(z)), with z divided by the temperature.
    Equation :eq:`alg-logsumexp`.

    Parameters
    ----------
    logits : array
        Logits z along `axis`: finite numbers, or -inf for outcomes that cannot happen.
    temperature : float, default 1.0
        Temperature > 0 by which the logits are divided.
    axis : int, default -1
        Axis of the outcomes.

    Returns
    -------
    array
        Logarithms of probabilities, in [-∞, 0].

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is out of its range. Entries and sums are checked where they
        are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import arrays
    >>> arrays.log_softmax(jax.numpy.asarray([1000.0, 0.0])).tolist()
    [0.0, -1000.0]
    """
    t = _checks.positive_number("temperature", temperature)
    xp, (z,) = _arrays(logits=logits)
    place = _checks.same_outcomes(_checks.axis(axis), {"logits": z})
    gaps, rest = _softmax(xp, _scores(xp, "logits", z, place), t)
    return xp.moveaxis(-gaps - xp.log1p(rest)[..., None], -1, place)


def cross_entropy_loss(
    targets: Array,
    logits: Array,
    *,
    temperature: float = 1.0,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> Array:
    """
    Cross-entropy of targets and the softmax of logits.

    The loss is -Σ y log q with q = softmax(z / T). Equation :eq:`eq-softmax-gradient`.

    Parameters
    ----------
    targets : array
        Laws of the labels along `axis`.
    logits : array
        Logits z of the model for the same outcomes: finite numbers, or -inf. The other axes
        broadcast.
    temperature : float, default 1.0
        Temperature > 0 by which the logits are divided.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    array
        Loss in [0, ∞].

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is out of its range. Entries and sums are checked where they
        are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import arrays
    >>> y, z = jax.numpy.asarray([0.0, 1.0]), jax.numpy.asarray([0.0, 0.0])
    >>> jax.grad(arrays.cross_entropy_loss, 1)(y, z).tolist()
    [0.5, -0.5]
    """
    how = _checks.reduction(axis, base, keepdims)
    t = _checks.positive_number("temperature", temperature)
    xp, (y, z) = _arrays(targets=targets, logits=logits)
    place = _checks.same_outcomes(how.axis, {"targets": y, "logits": z})
    y, z = xp.broadcast_arrays(_law(xp, "targets", y, place), _scores(xp, "logits", z, place))
    gaps, rest = _softmax(xp, z, t)
    terms = xp.where(y > 0, y * xp.where(y > 0, gaps, xp.zeros_like(gaps)), xp.zeros_like(y))
    nats = xp.sum(terms, axis=-1) / xp.sum(y, axis=-1) + xp.log1p(rest)
    return _result(xp, how, nats)


def binary_cross_entropy_loss(targets: Array, logits: Array, *, base: float | None = None) -> Array:
    """
    Cross-entropy of yes-no targets and the logistic function of logits.

    The loss -y log σ(a) - (1 - y) log σ(-a), with σ(a) = 1 / (1 + exp(-a)), is taken for each
    entry. Equation :eq:`alg-logsumexp`.

    Parameters
    ----------
    targets : array
        Probabilities y in [0, 1] of the answer yes.
    logits : array
        Finite logits a. Targets and logits broadcast.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    array
        Loss in [0, ∞), of the common shape of targets and logits.

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is out of its range. Entries and sums are checked where they
        are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import arrays
    >>> y, a = jax.numpy.asarray([1.0, 0.0]), jax.numpy.asarray([-1000.0, -1000.0])
    >>> arrays.binary_cross_entropy_loss(y, a).tolist()
    [1000.0, 0.0]
    """
    unit = _checks.unit(base)
    xp, (y, a) = _arrays(targets=targets, logits=logits)
    _blame(xp, "targets", y, ~((y >= 0) & (y <= 1)), "is not in [0, 1]; give probabilities")
    _blame(xp, "logits", a, ~xp.isfinite(a), "is not a finite number; give finite numbers")
    _checks.broadcast(targets=y, logits=a)
    zero = xp.zeros_like(a)
    return (y * xp.logaddexp(zero, -a) + (1 - y) * xp.logaddexp(zero, a)) / unit.nats


def kl_loss(
    target_logits: Array,
    logits: Array,
    *,
    temperature: float = 1.0,
    direction: str = "forward",
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> Array:
    """
    Kullback-Leibler divergence of two softmax laws, from their logits.

    The loss is KL(p ‖ q) with p = softmax(v / T) and q = softmax(z / T), or KL(q ‖ p).
    Equations :eq:`eq-ce-kl-gradient` and :eq:`eq-kl-gradient-reverse`.

    Parameters
    ----------
    target_logits : array
        Logits v of the targets, such as those of a teacher: finite numbers, or -inf.
    logits : array
        Logits z of the model for the same outcomes, likewise. The other axes broadcast.
    temperature : float, default 1.0
        Temperature > 0 by which the logits are divided.
    direction : {"forward", "reverse"}, default "forward"
        Forward is KL(p ‖ q), with the targets first, and reverse is KL(q ‖ p).
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    array
        Loss in [0, ∞].

    Raises
    ------
    TypeError
        If the arguments are not floating-point arrays of one library other than NumPy.
    ValueError
        If an argument is out of its range. Entries and sums are checked where they
        are known.

    Examples
    --------
    >>> import jax
    >>> from refimpl import arrays
    >>> v, z = jax.numpy.asarray([1.0, 0.0, 2.0]), jax.numpy.asarray([1.0, 1.0, 2.0])
    >>> round(float(arrays.kl_loss(v, z)), 6)
    0.053808
    """
    how = _checks.reduction(axis, base, keepdims)
    t = _checks.positive_number("temperature", temperature)
    _checks.choice("direction", direction, ("forward", "reverse"))
    xp, (v, z) = _arrays(target_logits=target_logits, logits=logits)
    place = _checks.same_outcomes(how.axis, {"target_logits": v, "logits": z})
    v, z = xp.broadcast_arrays(
        _scores(xp, "target_logits", v, place), _scores(xp, "logits", z, place)
    )
    first, second = (v, z) if direction == "forward" else (z, v)
    return _result(xp, how, _relative_entropy_of_logits(xp, first, second, t))


# The formulas. A branch that is not taken gets arguments at which its slope is finite: the slope
# of `where` is a sum over both branches, and 0 · ∞ is NaN.


def _cross_entropy(xp: Namespace, p: Array, q: Array) -> Array:
    """Return -Σ p log q; where q > 1/2, log q comes from the sum of the others."""
    p, q = xp.broadcast_arrays(p, q)
    zero, one = xp.zeros_like(q), xp.ones_like(q)
    total = xp.sum(q, axis=-1, keepdims=True)
    large = q > total / 2
    rest = xp.sum(xp.where(large, zero, q), axis=-1, keepdims=True)
    information = xp.where(
        large,
        xp.log1p(rest / xp.where(large, q, one)),
        xp.log(total) - xp.log(xp.where((q > 0) & (p > 0), q, one)),
    )
    terms = xp.where(q > 0, p * information, xp.full_like(q, math.inf))
    return xp.sum(xp.where(p > 0, terms, zero), axis=-1) / xp.sum(p, axis=-1)


def _compared(xp: Namespace, p: Array, q: Array) -> tuple[Array, Array, Array]:
    """Return Σ p, q / (1 + r) with the same sum, and the excess of this over p."""
    total = xp.sum(p, axis=-1)
    r = (xp.sum(q - p, axis=-1) / total)[..., None]
    return total, q / (1 + r), (q - p - r * p) / (1 + r)


def _relative_entropy_terms(xp: Namespace, p: Array, q: Array, d: Array) -> Array:
    """Return q - p + p log(p / q) ≥ 0 entry by entry, where d is q - p, as `_sums` does."""
    p, q, d = xp.broadcast_arrays(p, q, d)
    both, zero, one = (p > 0) & (q > 0), xp.zeros_like(d), xp.ones_like(d)
    x, y, gap = xp.where(both, p, one), xp.where(both, q, one), xp.where(both, d, zero)
    s = gap / (x + y)
    near = s * s <= _sums.NEAR
    z = xp.where(near, s * s, zero)
    series = zero
    for coefficient in reversed(_sums.SERIES if xp.finfo(d.dtype).eps < 1e-9 else _sums.SERIES[:8]):
        series = (series + coefficient) * z
    inside = xp.where(near, s * (gap - x * series), gap + x * (xp.log(x) - xp.log(y)))
    return xp.where(both, inside, xp.where(p > 0, xp.full_like(d, math.inf), d))


def _line_at_one(xp: Namespace, f: Generator, like: Array) -> tuple[Array, Array]:
    """Return f(1) and nearly the slope there: Σ q (f(u) - line) is Σ q f(u), of smaller terms."""
    one = xp.ones_like(like[..., :1])
    h = 2.0 ** round(math.log2(float(xp.finfo(like.dtype).eps)) / 3)
    return f.function(one), (f.function(one + h) - f.function(one - h)) / (2 * h)


def _mass_times(xp: Namespace, mass: Array, factor: float) -> Array:
    total = xp.sum(mass, axis=-1)
    if math.isfinite(factor):
        return factor * total
    return xp.where(total > 0, xp.full_like(total, factor), xp.zeros_like(total))


def _softmax(xp: Namespace, z: Array, temperature: float) -> tuple[Array, Array]:
    """Return the gaps (max z - z) / T, and Σ exp(-gap) less the 1 of the largest."""
    top = xp.max(z, axis=-1, keepdims=True)
    gaps = (top - z) / temperature
    powers = xp.exp(-gaps)
    others = xp.sum(xp.where(z == top, xp.zeros_like(z), powers), axis=-1)
    return gaps, others + (xp.sum(xp.where(z == top, powers, xp.zeros_like(z)), axis=-1) - 1)


def _relative_entropy_of_logits(xp: Namespace, v: Array, z: Array, t: float) -> Array:
    """Return KL(p ‖ q) for the softmax p of v / T and q of z / T.

    With c = log(q / p) less its mean under p it is log(1 + Σ p (exp(c) - 1 - c)), where no term
    is negative. A large one is Σ p log(p / q).
    """
    (gaps, rest), (other_gaps, other_rest) = _softmax(xp, v, t), _softmax(xp, z, t)
    zero = xp.zeros_like(gaps)
    norm = xp.log1p(rest)[..., None]
    p = xp.exp(-gaps - norm)
    both = (p > 0) & xp.isfinite(z)
    shift = (xp.where(both, z, zero) - xp.where(both, v, zero)) / t
    mean = xp.sum(p * shift, axis=-1, keepdims=True)
    c = xp.where(both, shift - mean, zero)
    near = both & (xp.abs(c) <= 1 / 2)
    x = xp.expm1(xp.where(near, c, zero))
    small = p * _relative_entropy_terms(xp, xp.ones_like(x), 1 + x, x)
    tops = (xp.max(z, axis=-1, keepdims=True) - xp.max(v, axis=-1, keepdims=True)) / t
    power = xp.where(near, zero, tops - other_gaps - norm - mean)  # the logarithm of p exp(c)
    total = xp.sum(xp.where(near, small, xp.exp(xp.clip(power, max=1.0)) - p - p * c), axis=-1)
    logs = xp.where(both, other_gaps - gaps, zero)  # log(p / q), but for a constant
    large = xp.sum(p * logs, axis=-1) + xp.log1p(other_rest) - norm[..., 0]
    lost = xp.any((gaps < math.inf) & (other_gaps == math.inf), axis=-1)
    fits = total <= 1
    nats = xp.where(fits, xp.log1p(xp.where(fits, total, xp.zeros_like(total))), large)
    return xp.where(lost, xp.full_like(nats, math.inf), nats)


# Checks.


def _arrays(**given: Array) -> tuple[Any, list[Array]]:
    """Check that arguments are floating-point arrays of one library; return its namespace."""
    for name, value in given.items():
        if is_numpy_array(value) or isinstance(value, np.generic):
            raise TypeError(f"{name} is a NumPy array; take the function of refimpl itself")
    try:
        xp = array_namespace(*given.values(), use_compat=None)
    except TypeError as error:
        kinds = ", ".join(f"{name} is a {type(x).__name__}" for name, x in given.items())
        raise TypeError(f"{kinds}; give arrays of one library ({error})") from None
    for name, value in given.items():
        if not hasattr(value, "dtype"):  # beside an array the function above takes single numbers
            raise TypeError(f"{name} is a {type(value).__name__}; give arrays of one library")
        if not xp.isdtype(value.dtype, "real floating"):
            raise TypeError(f"{name} has dtype {value.dtype}; give floating-point numbers")
        if not math.prod(value.shape):
            raise ValueError(f"{name} is empty, with shape {tuple(value.shape)}; give numbers")
    return xp, list(given.values())


def _laws(axis: int, **given: Array) -> tuple[Any, list[Array]]:
    """Check laws; return them with the outcomes on the last axis, and broadcast."""
    xp, arrays = _arrays(**given)
    place = _checks.same_outcomes(axis, given)
    laws = [_law(xp, name, array, place) for name, array in zip(given, arrays, strict=True)]
    return xp, list(xp.broadcast_arrays(*laws))


def _law(xp: Namespace, name: str, array: Array, axis: int) -> Array:
    _blame(xp, name, array, xp.isnan(array), "is not a number; give probabilities ≥ 0")
    _blame(xp, name, array, array < 0, "is negative; probabilities are ≥ 0")
    _blame(xp, name, array, xp.isinf(array), "is infinite; probabilities are ≤ 1")
    total = xp.sum(array, axis=axis, keepdims=True)
    n, eps = array.shape[axis], float(xp.finfo(array.dtype).eps)
    wrong = ~(xp.abs(total - 1) <= max(1e-9, eps * (16 + math.sqrt(n))))
    why = "is the sum of a law, not 1; if these are counts or weights, divide by their sum"
    _blame(xp, f"sum({name})", total, wrong, why)
    return _last(xp, array, axis)


def _last(xp: Namespace, array: Array, axis: int) -> Array:
    return array if axis == -1 else xp.moveaxis(array, axis, -1)


def _scores(xp: Namespace, name: str, array: Array, axis: int) -> Array:
    """Check logits: finite or -∞, and not all of a law are."""
    wrong = ~(array < math.inf)
    _blame(xp, name, array, wrong, "is not finite; give finite numbers, or -inf")
    none = xp.max(array, axis=axis, keepdims=True)
    why = "is the largest logit of a law; give at least one that is finite"
    _blame(xp, name, none, none == -math.inf, why)
    return _last(xp, array, axis)


def _blame(xp: Namespace, name: str, array: Array, bad: Array, why: str) -> None:
    """Raise a ValueError about the first bad entry, if there is one and numbers are known."""
    try:
        found = bool(xp.any(bad))
    except (TypeError, RuntimeError):  # of JAX and of torch: the numbers are not known yet
        return
    if found:
        place = int(xp.argmax(xp.astype(xp.reshape(bad, (-1,)), xp.int32)))
        value = ""
        with contextlib.suppress(TypeError):  # JAX does not tell it while it differentiates
            value = f" = {float(xp.reshape(array, (-1,))[place].item())!r}"
        index = [int(i) for i in np.unravel_index(place, tuple(array.shape))]
        entry = f"{name}[{', '.join(map(str, index))}]" if index else name
        raise ValueError(f"{entry}{value} {why}")


def _result(xp: Namespace, how: Reduction, nats: Array) -> Array:
    """Return a result in its unit, with the axis that is asked for."""
    result = nats / how.unit.nats
    return xp.expand_dims(result, axis=how.axis) if how.keepdims else result
