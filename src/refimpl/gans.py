"""The game of generative adversarial networks, its optimum and its losses."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from refimpl import _checks, _sums
from refimpl._checks import Array, FloatOrArray

__all__ = [
    "discriminator_loss",
    "gan_value",
    "generator_gradient",
    "generator_loss",
    "optimal_discriminator",
]


@overload
def optimal_discriminator(p_real: float, p_fake: float, *, as_logits: bool = False) -> float: ...
@overload
def optimal_discriminator(
    p_real: ArrayLike, p_fake: ArrayLike, *, as_logits: bool = False
) -> FloatOrArray: ...
@_sums.quiet
def optimal_discriminator(
    p_real: ArrayLike, p_fake: ArrayLike, *, as_logits: bool = False
) -> FloatOrArray:
    """
    Discriminator that maximises the value of the game.

    At a point with the densities p and q of real and generated data it is p / (p + q), the
    probability that a point there is real if both sorts are equally frequent. Its logit is
    log(p / q). It is taken for each entry. Equation :eq:`eq-gan-optimal-discriminator`.

    Parameters
    ----------
    p_real : array_like
        Densities of the real data, or probabilities: finite and non-negative.
    p_fake : array_like
        Densities of the generated data, with respect to the same measure. `p_real` and
        `p_fake` broadcast.
    as_logits : bool, default False
        Whether to return the logits log(p / q) and not the probabilities.

    Returns
    -------
    float or ndarray
        Probabilities in [0, 1], or logits in [-∞, ∞], of the common shape. Where both
        densities are 0 nothing depends on the value, and it is 1/2, with the logit 0.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is negative or not finite, or the shapes do not broadcast.

    Examples
    --------
    >>> optimal_discriminator([0.5, 0.3, 0.2], [0.2, 0.4, 0.4])
    array([0.71428571, 0.42857143, 0.33333333])
    >>> optimal_discriminator(0.5, 0.2, as_logits=True)
    0.916290731874
    """
    odds = _checks.flag("as_logits", as_logits)
    p, q = _checks.non_negative("p_real", p_real), _checks.non_negative("p_fake", p_fake)
    _checks.broadcast(p_real=p, p_fake=q)
    return _checks.scalar(_sums.log_odds(p, q) if odds else _sums.share(p, q))


@overload
def gan_value(
    p_real: Sequence[float],
    p_fake: Sequence[float],
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def gan_value(
    p_real: ArrayLike,
    p_fake: ArrayLike,
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def gan_value(
    p_real: ArrayLike,
    p_fake: ArrayLike,
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Value of the game for a discriminator.

    The value is the mean of log D under the law of the real data plus the mean of log(1 - D)
    under that of the generated data. The discriminator maximises it. Equation
    :eq:`def-gan-game`.

    Parameters
    ----------
    p_real : array_like
        Law of the real data, or array of laws: non-negative and of sum 1 along `axis`.
    p_fake : array_like
        Law of the generated data on the same outcomes.
    discriminator : array_like, optional
        Values D in [0, 1] of the discriminator on the outcomes.
    logits : array_like, optional
        Logits log(D / (1 - D)) in [-∞, ∞] in place of `discriminator`; they keep the digits
        of values near 0 and near 1. The other axes of all arrays broadcast.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Value in [-∞, 0]: a float for one pair of laws, an array for several. Outcomes of
        probability 0 do not count. It is -∞ if and only if D = 0 on a real outcome or D = 1
        on a generated one.

    Raises
    ------
    TypeError
        If not exactly one of `discriminator` and `logits` is given, or an argument is of the
        wrong kind.
    ValueError
        If `p_real` or `p_fake` is not a law along `axis`, an entry of `discriminator` is not
        in [0, 1], one of `logits` is NaN, the shapes do not match, or the base is not a
        finite number > 1.

    Examples
    --------
    >>> gan_value([0.5, 0.3, 0.2], [0.2, 0.4, 0.4], discriminator=[0.7, 0.4, 0.4])
    -1.28593789778
    >>> gan_value([1.0, 0.0], [0.0, 1.0], logits=[40.0, -40.0])
    -8.49670851058e-18
    """
    how = _checks.reduction(axis, base, keepdims)
    d = _log_probabilities(discriminator, logits)
    laws = {"p_real": p_real, "p_fake": p_fake}
    (real, fake), (yes, no) = _checks.laws_and_functions(how.axis, laws, d.name, d.yes, d.no)
    nats = 0.0 + _sums.mean(real.values, yes) + _sums.mean(fake.values, no)
    return how.shape(nats / how.unit.nats)


@overload
def discriminator_loss(
    p_real: Sequence[float],
    p_fake: Sequence[float],
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def discriminator_loss(
    p_real: ArrayLike,
    p_fake: ArrayLike,
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
def discriminator_loss(
    p_real: ArrayLike,
    p_fake: ArrayLike,
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Loss of the discriminator.

    The loss is minus the value of the game, and twice the mean binary cross-entropy of a
    classifier that tells real from generated data, both equally frequent. Equation
    :eq:`eq-gan-bce-posterior`.

    Parameters
    ----------
    p_real : array_like
        Law of the real data, or array of laws: non-negative and of sum 1 along `axis`.
    p_fake : array_like
        Law of the generated data on the same outcomes.
    discriminator : array_like, optional
        Values D in [0, 1] of the discriminator on the outcomes.
    logits : array_like, optional
        Logits log(D / (1 - D)) in [-∞, ∞] in place of `discriminator`. The other axes of all
        arrays broadcast.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Loss in [0, ∞]: a float for one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If not exactly one of `discriminator` and `logits` is given, or an argument is of the
        wrong kind.
    ValueError
        If `p_real` or `p_fake` is not a law along `axis`, an entry of `discriminator` is not
        in [0, 1], one of `logits` is NaN, the shapes do not match, or the base is not a
        finite number > 1.

    Examples
    --------
    >>> discriminator_loss([0.5, 0.3, 0.2], [0.2, 0.4, 0.4], discriminator=[0.7, 0.4, 0.4])
    1.28593789778
    """
    value = gan_value(
        p_real,
        p_fake,
        discriminator=discriminator,
        logits=logits,
        axis=axis,
        base=base,
        keepdims=keepdims,
    )
    return 0.0 - value  # and not -value, which may be -0.0


@overload
def generator_loss(
    p_fake: Sequence[float],
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    saturating: bool = False,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def generator_loss(
    p_fake: ArrayLike,
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    saturating: bool = False,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def generator_loss(
    p_fake: ArrayLike,
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    saturating: bool = False,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Loss of the generator.

    The saturating loss is the mean of log(1 - D) under the law of the generated data, the
    non-saturating one the mean of -log D. Both fall as D rises there. Equation
    :eq:`def-gan-losses`.

    Parameters
    ----------
    p_fake : array_like
        Law of the generated data, or array of laws: non-negative and of sum 1 along `axis`.
        For samples it is the uniform law on them.
    discriminator : array_like, optional
        Values D in [0, 1] of the discriminator on the outcomes.
    logits : array_like, optional
        Logits log(D / (1 - D)) in [-∞, ∞] in place of `discriminator`. The other axes of all
        arrays broadcast.
    saturating : bool, default False
        Whether to take the saturating loss.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Loss in [-∞, 0] if it is saturating, and in [0, ∞] if not: a float for one law, an
        array for several.

    Raises
    ------
    TypeError
        If not exactly one of `discriminator` and `logits` is given, or an argument is of the
        wrong kind.
    ValueError
        If `p_fake` is not a law along `axis`, an entry of `discriminator` is not in [0, 1],
        one of `logits` is NaN, the shapes do not match, or the base is not a finite
        number > 1.

    Examples
    --------
    >>> d = optimal_discriminator([0.5, 0.3, 0.2], [0.2, 0.4, 0.4])
    >>> generator_loss([0.2, 0.4, 0.4], discriminator=d)
    0.845658506946
    >>> generator_loss([0.2, 0.4, 0.4], discriminator=d, saturating=True)
    -0.636584952117
    """
    how = _checks.reduction(axis, base, keepdims)
    sign = 1 if _checks.flag("saturating", saturating) else -1
    d = _log_probabilities(discriminator, logits)
    values = d.no if saturating else d.yes
    (fake,), (values,) = _checks.laws_and_functions(how.axis, {"p_fake": p_fake}, d.name, values)
    return how.shape(0.0 + sign * _sums.mean(fake.values, values) / how.unit.nats)


@overload
def generator_gradient(
    *, discriminator: float, logits: None = None, saturating: bool = False
) -> float: ...
@overload
def generator_gradient(
    *, discriminator: None = None, logits: float, saturating: bool = False
) -> float: ...
@overload
def generator_gradient(
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    saturating: bool = False,
) -> FloatOrArray: ...
def generator_gradient(
    *,
    discriminator: ArrayLike | None = None,
    logits: ArrayLike | None = None,
    saturating: bool = False,
) -> FloatOrArray:
    """
    Slope of the generator's loss at a sample, in the logit of the discriminator.

    The slope of the saturating loss log(1 - D) is -D, that of the non-saturating loss -log D
    is -(1 - D). It is taken for each entry. Equation :eq:`eq-gan-loss-slopes`.

    Parameters
    ----------
    discriminator : array_like, optional
        Values D in [0, 1] of the discriminator.
    logits : array_like, optional
        Logits log(D / (1 - D)) in [-∞, ∞] in place of `discriminator`.
    saturating : bool, default False
        Whether to take the saturating loss.

    Returns
    -------
    float or ndarray
        Slopes in [-1, 0], of the shape of the argument.

    Raises
    ------
    TypeError
        If not exactly one of `discriminator` and `logits` is given, or an argument is of the
        wrong kind.
    ValueError
        If an entry of `discriminator` is not in [0, 1] or one of `logits` is NaN.

    Examples
    --------
    >>> generator_gradient(logits=-10.0, saturating=True)
    -4.53978687024e-05
    >>> generator_gradient(logits=-10.0)
    -0.999954602131
    """
    towards_real = _checks.flag("saturating", saturating)
    name, values = _checks.one_of(discriminator=discriminator, logits=logits)
    if name == "logits":
        a = _checks.extended("logits", values)
        return _checks.scalar(0.0 - expit(a if towards_real else -a))
    d = _checks.probabilities("discriminator", values)
    return _checks.scalar(0.0 - (d if towards_real else 1 - d))


class _LogProbabilities(NamedTuple):
    """What a discriminator says: the logarithms of D and 1 - D, and how it was given."""

    name: str
    yes: Array
    no: Array


def _log_probabilities(
    discriminator: ArrayLike | None, logits: ArrayLike | None
) -> _LogProbabilities:
    """Check the discriminator; return log D and log(1 - D) with all their digits."""
    name, values = _checks.one_of(discriminator=discriminator, logits=logits)
    if name == "logits":
        a = _checks.extended("logits", values)
        return _LogProbabilities(name, -np.logaddexp(0.0, -a), -np.logaddexp(0.0, a))
    d = _checks.probabilities("discriminator", values)
    return _LogProbabilities(name, np.log(d), np.log1p(-d))
