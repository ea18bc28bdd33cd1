"""Cross-entropy and relative entropy as training losses, from logits.

A model with the logits z has the law softmax(z). A loss that is computed from the logits
themselves keeps its digits where the probabilities round to 0 or 1. The gradients are with
respect to the logits of the model.
"""

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from refimpl import _checks, _sums
from refimpl._checks import Array, FloatOrArray

__all__ = [
    "binary_cross_entropy_gradient",
    "binary_cross_entropy_loss",
    "clipped_kl_divergence",
    "cross_entropy_gradient",
    "cross_entropy_loss",
    "distillation_gradient",
    "distillation_loss",
    "evidence_lower_bound",
    "gaussian_vae_kl",
    "kl_gradient",
    "kl_loss",
    "log_softmax",
    "log_sum_exp",
    "smooth_labels",
    "softmax",
]


@overload
def log_sum_exp(
    logits: Sequence[float],
    *,
    axis: int = -1,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def log_sum_exp(
    logits: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def log_sum_exp(
    logits: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Logarithm of a sum of exponentials.

    The largest logit is taken out of the sum, so that nothing overflows.
    Equation :eq:`alg-logsumexp`.

    Parameters
    ----------
    logits : array_like
        Numbers, -inf and inf allowed.
    axis : int, default -1
        Axis of the outcomes.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Value of log(Σ exp(z)): a float for one list, an array for several. It is -∞ if and
        only if all logits are, and ∞ if and only if one is.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not a number, or there is no such axis.

    Examples
    --------
    >>> log_sum_exp([1000.0, 1001.0])
    1001.31326169
    """
    how = _checks.reduction(axis, None, keepdims)
    z = _checks.scores(how.axis, logits)
    return how.shape(z.max(axis=-1) + np.log1p(_sums.softmax(z, 1.0).rest))


@_sums.quiet
def log_softmax(
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    axis: int = -1,
) -> Array:
    """
    Logarithms of the softmax of logits.

    The entries are z - log(Σ exp(z)), with z divided by the temperature. They keep their digits
    where the probabilities are too small for a float. Equation :eq:`alg-logsumexp`.

    Parameters
    ----------
    logits : array_like
        Numbers z, one for each outcome along `axis`. One of them may be inf, some -inf.
    temperature : float, default 1.0
        Temperature > 0 by which the logits are divided.
    axis : int, default -1
        Axis of the outcomes.

    Returns
    -------
    ndarray
        Logarithms of probabilities, in [-∞, 0], of the shape of the logits.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not a number, two logits of a law are inf or all are -inf, there is no
        such axis, or the temperature is not a finite number > 0.

    Examples
    --------
    >>> log_softmax([1000.0, 0.0])
    array([0.0, -1000.0])
    """
    t = _checks.positive_number("temperature", temperature)
    place, _, (z,) = _checks.given_and_logits(_checks.axis(axis), {}, {"logits": logits})
    return np.moveaxis(_sums.softmax(z, t).logs, -1, place)


@_sums.quiet
def softmax(
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    axis: int = -1,
) -> Array:
    """
    Law proportional to the exponentials of logits.

    The entries are exp(z) / Σ exp(z), with z divided by the temperature. A high temperature
    makes them nearly equal. Equation :eq:`eq-softmax-gradient`.

    Parameters
    ----------
    logits : array_like
        Numbers z, one for each outcome along `axis`. One of them may be inf, some -inf.
    temperature : float, default 1.0
        Temperature > 0 by which the logits are divided.
    axis : int, default -1
        Axis of the outcomes.

    Returns
    -------
    ndarray
        Law, or array of laws, of the shape of the logits.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry is not a number, two logits of a law are inf or all are -inf, there is no
        such axis, or the temperature is not a finite number > 0.

    Examples
    --------
    >>> softmax([1.0, 2.0, 3.0])
    array([0.09003057, 0.24472847, 0.66524096])
    """
    t = _checks.positive_number("temperature", temperature)
    place, _, (z,) = _checks.given_and_logits(_checks.axis(axis), {}, {"logits": logits})
    return np.moveaxis(_sums.softmax(z, t).probabilities, -1, place)


@overload
def cross_entropy_loss(
    targets: Sequence[float],
    logits: Sequence[float],
    *,
    temperature: float = 1.0,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def cross_entropy_loss(
    targets: ArrayLike,
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def cross_entropy_loss(
    targets: ArrayLike,
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Cross-entropy of targets and the softmax of logits.

    The loss is -Σ y log q with q = softmax(z / T). For a hard label it is -log q of the class.
    It is small and not 0 where the model is nearly sure. Equation :eq:`eq-softmax-gradient`.

    Parameters
    ----------
    targets : array_like
        Laws of the labels along `axis`, such as (0, 0, 1) for the third of three classes.
    logits : array_like
        Logits z of the model for the same outcomes. The other axes broadcast.
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
    float or ndarray
        Loss in [0, ∞]: a float for one pair, an array for several, one for each sample. It is
        infinite if and only if an outcome that the targets allow has the logit -inf, or another
        outcome has the logit inf, or a difference of logits is too large for a float.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If the targets are not laws, the logits have no softmax, the shapes do not match, or
        an option is out of its range.

    Examples
    --------
    >>> cross_entropy_loss([0.0, 0.0, 1.0], [1.0, 2.0, 3.0])
    0.407605964444
    >>> cross_entropy_loss([1.0, 0.0], [40.0, 0.0])
    4.24835425529e-18
    """
    how = _checks.reduction(axis, base, keepdims)
    t = _checks.positive_number("temperature", temperature)
    _, (y,), (z,) = _checks.given_and_logits(how.axis, {"targets": targets}, {"logits": logits})
    return how.shape(_sums.cross_entropy_of_logits(y, z, t, how.unit))


@_sums.quiet
def cross_entropy_gradient(
    targets: ArrayLike,
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    axis: int = -1,
) -> Array:
    """
    Gradient of the cross-entropy loss in the logits.

    The gradient is (q - y) / T with q = softmax(z / T). It is also that of the divergence of the
    softmax from the targets. Equation :eq:`eq-softmax-gradient`.

    Parameters
    ----------
    targets : array_like
        Laws of the labels along `axis`, such as (0, 0, 1) for the third of three classes.
    logits : array_like
        Logits z of the model for the same outcomes. The other axes broadcast.
    temperature : float, default 1.0
        Temperature > 0 by which the logits are divided.
    axis : int, default -1
        Axis of the outcomes.

    Returns
    -------
    ndarray
        Gradient for each sample, in nats, of the common shape of targets and logits. Where a
        logit is infinite it is the limit.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If the targets are not laws, the logits have no softmax, the shapes do not match, or
        an option is out of its range.

    Examples
    --------
    >>> cross_entropy_gradient([0.0, 0.0, 1.0], [1.0, 2.0, 3.0])
    array([ 0.09003057,  0.24472847, -0.33475904])
    """
    t = _checks.positive_number("temperature", temperature)
    place, (y,), (z,) = _checks.given_and_logits(
        _checks.axis(axis), {"targets": targets}, {"logits": logits}
    )
    return np.moveaxis(_sums.softmax(z, t).minus(*y) / t, -1, place)


@overload
def binary_cross_entropy_loss(
    targets: float,
    logits: float,
    *,
    base: float | None = None,
) -> float: ...
@overload
def binary_cross_entropy_loss(
    targets: ArrayLike,
    logits: ArrayLike,
    *,
    base: float | None = None,
) -> FloatOrArray: ...
@_sums.quiet
def binary_cross_entropy_loss(
    targets: ArrayLike,
    logits: ArrayLike,
    *,
    base: float | None = None,
) -> FloatOrArray:
    """
    Cross-entropy of yes-no targets and the logistic function of logits.

    The loss -y log σ(a) - (1 - y) log σ(-a), with σ(a) = 1 / (1 + exp(-a)), is taken for each
    entry. Nothing is clipped: a wrong answer at the logit -1000 costs 1000 nats.
    Equation :eq:`alg-logsumexp`.

    Parameters
    ----------
    targets : array_like
        Probabilities y in [0, 1] of the answer yes: 1 and 0 for hard labels.
    logits : array_like
        Logits a, -inf and inf allowed. Targets and logits broadcast.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.

    Returns
    -------
    float or ndarray
        Loss in [0, ∞], of the common shape of targets and logits.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If a target is not in [0, 1], a logit is not a number, the shapes do not broadcast, or
        the base is not a finite number > 1.

    Examples
    --------
    >>> binary_cross_entropy_loss([1.0, 1.0, 0.6], [40.0, -1000.0, 0.0])
    array([4.24835426e-18, 1.00000000e+03, 6.93147181e-01])
    """
    unit = _checks.unit(base)
    y, a = _checks.probabilities("targets", targets), _checks.extended("logits", logits)
    _checks.broadcast(targets=y, logits=a)
    weight, size = np.where(a > 0, 1 - y, y), np.abs(a)
    nats = np.log1p(np.exp(-size)) + np.where(weight > 0, weight * size, 0.0)
    return _checks.scalar(nats / unit.nats)


@overload
def binary_cross_entropy_gradient(
    targets: float,
    logits: float,
) -> float: ...
@overload
def binary_cross_entropy_gradient(
    targets: ArrayLike,
    logits: ArrayLike,
) -> FloatOrArray: ...
@_sums.quiet
def binary_cross_entropy_gradient(
    targets: ArrayLike,
    logits: ArrayLike,
) -> FloatOrArray:
    """
    Slope of the binary cross-entropy loss in the logit.

    The derivative σ(a) - y is taken for each entry. Equation :eq:`eq-minibatch-gradient`.

    Parameters
    ----------
    targets : array_like
        Probabilities y in [0, 1] of the answer yes: 1 and 0 for hard labels.
    logits : array_like
        Logits a, -inf and inf allowed. Targets and logits broadcast.

    Returns
    -------
    float or ndarray
        Derivative in [-1, 1], of the common shape of targets and logits.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If a target is not in [0, 1], a logit is not a number, or the shapes do not broadcast.

    Examples
    --------
    >>> binary_cross_entropy_gradient([1.0, 0.0], [0.4, 0.4])
    array([-0.40131234,  0.59868766])
    """
    y, a = _checks.probabilities("targets", targets), _checks.extended("logits", logits)
    _checks.broadcast(targets=y, logits=a)
    tail = np.exp(-np.abs(a)) / (1 + np.exp(-np.abs(a)))
    return _checks.scalar(np.where(a > 0, (1 - y) - tail, tail - y))


@overload
def kl_loss(
    target_logits: Sequence[float],
    logits: Sequence[float],
    *,
    temperature: float = 1.0,
    direction: Literal["forward", "reverse"] = "forward",
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def kl_loss(
    target_logits: ArrayLike,
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    direction: Literal["forward", "reverse"] = "forward",
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def kl_loss(
    target_logits: ArrayLike,
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    direction: Literal["forward", "reverse"] = "forward",
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Kullback-Leibler divergence of two softmax laws, from their logits.

    The loss is KL(p ‖ q) with p = softmax(v / T) and q = softmax(z / T), or KL(q ‖ p). For
    finite logits it is 0 if and only if they differ by a constant.
    Equations :eq:`eq-ce-kl-gradient` and :eq:`eq-kl-gradient-reverse`.

    Parameters
    ----------
    target_logits : array_like
        Logits v of the targets p = softmax(v / T), such as those of a teacher; log p for a law.
    logits : array_like
        Logits z of the model for the same outcomes. The other axes broadcast.
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
    float or ndarray
        Loss in [0, ∞]: a float for one pair, an array for several, one for each sample. It is
        infinite if and only if a possible outcome of the first law is impossible under the
        second, or a difference of logits is too large for a float.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If logits have no softmax (two are inf, all are -inf, or one is no number), the shapes
        do not match, or an option is out of its range.

    Examples
    --------
    >>> kl_loss([2.0, 0.0], [1.0, 0.0])
    0.0671307544531
    >>> kl_loss([1000.0, -1000.0], [-1000.0, 1000.0])
    2000.0
    """
    how = _checks.reduction(axis, base, keepdims)
    t = _checks.positive_number("temperature", temperature)
    _checks.choice("direction", direction, ("forward", "reverse"))
    _, _, (v, z) = _checks.given_and_logits(
        how.axis, {}, {"target_logits": target_logits, "logits": logits}
    )
    first, second = (v, z) if direction == "forward" else (z, v)
    return how.shape(_sums.compare(first, second, t).divergence / how.unit.nats)


@_sums.quiet
def kl_gradient(
    target_logits: ArrayLike,
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    direction: Literal["forward", "reverse"] = "forward",
    axis: int = -1,
) -> Array:
    """
    Gradient of the divergence of two softmax laws in the logits of the second.

    The forward gradient is (q - p) / T, that of the cross-entropy, since the targets are
    constant. The reverse gradient is q (log(q / p) - KL(q ‖ p)) / T.
    Equations :eq:`eq-ce-kl-gradient` and :eq:`eq-kl-gradient-reverse`.

    Parameters
    ----------
    target_logits : array_like
        Logits v of the targets p = softmax(v / T), such as those of a teacher; log p for a law.
    logits : array_like
        Logits z of the model for the same outcomes. The other axes broadcast.
    temperature : float, default 1.0
        Temperature > 0 by which the logits are divided.
    direction : {"forward", "reverse"}, default "forward"
        Forward is KL(p ‖ q), with the targets first, and reverse is KL(q ‖ p).
    axis : int, default -1
        Axis of the outcomes.

    Returns
    -------
    ndarray
        Gradient for each sample, in nats, of the common shape of the logits. Where a logit is
        infinite it is the limit.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If logits have no softmax (two are inf, all are -inf, or one is no number), the shapes
        do not match, an option is out of its range, or the reverse loss is infinite, which
        then has no gradient.

    Examples
    --------
    >>> kl_gradient([2.0, 0.0], [1.0, 0.0])
    array([-0.1497385,  0.1497385])
    >>> kl_gradient([2.0, 0.0], [1.0, 0.0], direction="reverse")
    array([-0.19661193,  0.19661193])
    """
    t = _checks.positive_number("temperature", temperature)
    _checks.choice("direction", direction, ("forward", "reverse"))
    place, _, (v, z) = _checks.given_and_logits(
        _checks.axis(axis), {}, {"target_logits": target_logits, "logits": logits}
    )
    if direction == "forward":
        return np.moveaxis(_sums.compare(v, z, t).difference / t, -1, place)
    both = _sums.compare(z, v, t)
    _checks.finite_loss(both.divergence)
    return np.moveaxis(np.where(both.p > 0, -both.p * both.centred, 0.0) / t, -1, place)


@_sums.quiet
def smooth_labels(
    labels: ArrayLike,
    smoothing: float,
    *,
    axis: int = -1,
) -> Array:
    """
    Labels mixed with the uniform law.

    The smoothed label is (1 - ε) y + ε / K for K classes. The true class keeps the probability
    1 - ε + ε / K. Equation :eq:`eq-label-smoothing`.

    Parameters
    ----------
    labels : array_like
        Laws of the labels along `axis`, such as (0, 0, 1) for the third of three classes.
    smoothing : float
        Share ε in [0, 1] of the uniform law.
    axis : int, default -1
        Axis of the outcomes.

    Returns
    -------
    ndarray
        Laws of the shape of the labels.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If the labels are not laws, there is no such axis, or the share is not in [0, 1].

    Examples
    --------
    >>> smooth_labels([0.0, 0.0, 1.0, 0.0], 0.1)
    array([0.025, 0.025, 0.925, 0.025])
    """
    part = _checks.share("smoothing", smoothing)
    place, (y,), _ = _checks.given_and_logits(_checks.axis(axis), {"labels": labels}, {})
    law = y.normalized()
    return np.moveaxis((1 - part) * law + part / law.shape[-1], -1, place)


@overload
def distillation_loss(
    labels: Sequence[float],
    target_logits: Sequence[float],
    logits: Sequence[float],
    *,
    temperature: float = 1.0,
    weight: float = 0.5,
    soft: Literal["kl", "cross_entropy"] = "kl",
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def distillation_loss(
    labels: ArrayLike,
    target_logits: ArrayLike,
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    weight: float = 0.5,
    soft: Literal["kl", "cross_entropy"] = "kl",
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def distillation_loss(
    labels: ArrayLike,
    target_logits: ArrayLike,
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    weight: float = 0.5,
    soft: Literal["kl", "cross_entropy"] = "kl",
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Loss of a student that learns from labels and from a teacher.

    With q = softmax(z / T), p = softmax(v / T) and s = softmax(z) the loss is
    (1 - α) H(y, s) + α T² KL(p ‖ q). The soft term may also be the cross-entropy H(p, q); its
    gradient is the same. Equation :eq:`eq-distillation`.

    Parameters
    ----------
    labels : array_like
        Laws of the labels along `axis`, such as (0, 0, 1) for the third of three classes.
    target_logits : array_like
        Logits v of the teacher, which are constants.
    logits : array_like
        Logits z of the student. All arrays broadcast but for the outcomes.
    temperature : float, default 1.0
        Temperature > 0 of the soft term.
    weight : float, default 0.5
        Share α in [0, 1] of the soft term.
    soft : {"kl", "cross_entropy"}, default "kl"
        Whether the soft term is KL(p ‖ q) or H(p, q).
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Loss in [0, ∞]: a float for one sample, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If the labels are not laws, logits have no softmax, the shapes do not match, or an
        option is out of its range.

    Examples
    --------
    >>> y, v, z = [1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [1.0, 1.0, 1.0]
    >>> distillation_loss(y, v, z, temperature=4.0, weight=1.0)
    0.328202224276
    >>> distillation_loss(y, v, z, temperature=4.0, weight=1.0, soft="cross_entropy")
    17.5777966187
    """
    how = _checks.reduction(axis, base, keepdims)
    t, alpha = _checks.positive_number("temperature", temperature), _checks.share("weight", weight)
    _checks.choice("soft", soft, ("kl", "cross_entropy"))
    _, (y,), (v, z) = _checks.given_and_logits(
        how.axis, {"labels": labels}, {"target_logits": target_logits, "logits": logits}
    )
    hard = _sums.softmax(z, 1.0).cross_entropy(*y)
    if soft == "kl":
        t = _below_the_limit(t, v, z)
        of_teacher = _sums.compare(v, z, t).divergence
    else:
        p = _sums.softmax(v, t).probabilities
        of_teacher = _sums.softmax(z, t).cross_entropy(p, np.ones(()))
    nats = _sums.mixture(alpha, hard, t * (t * of_teacher))
    return how.shape(nats / how.unit.nats)


def _below_the_limit(temperature: float, *logits: Array) -> float:
    """Return a temperature, or a lower one where T² KL is at its limit to all digits.

    There the divergence is so large that it is a float.
    """
    largest = max(float(np.abs(np.where(np.isfinite(z), z, 0.0)).max()) for z in logits)
    return min(temperature, 2.0**60 * max(1.0, largest))


@_sums.quiet
def distillation_gradient(
    labels: ArrayLike,
    target_logits: ArrayLike,
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    weight: float = 0.5,
    axis: int = -1,
) -> Array:
    """
    Gradient of the distillation loss in the logits of the student.

    The gradient is (1 - α) (s - y) + α T (q - p), with the letters of the loss. It is the same
    for both soft terms. Equation :eq:`eq-distillation`.

    Parameters
    ----------
    labels : array_like
        Laws of the labels along `axis`, such as (0, 0, 1) for the third of three classes.
    target_logits : array_like
        Logits v of the teacher, which are constants.
    logits : array_like
        Logits z of the student. All arrays broadcast but for the outcomes.
    temperature : float, default 1.0
        Temperature > 0 of the soft term.
    weight : float, default 0.5
        Share α in [0, 1] of the soft term.
    axis : int, default -1
        Axis of the outcomes.

    Returns
    -------
    ndarray
        Gradient for each sample, in nats, of the common shape of all arrays.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If the labels are not laws, logits have no softmax, the shapes do not match, or an
        option is out of its range.

    Examples
    --------
    >>> y, v, z = [1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [1.0, 1.0, 1.0]
    >>> distillation_gradient(y, v, z, temperature=4.0, weight=1.0)
    array([-0.34358247,  0.02734999,  0.31623248])
    """
    t, alpha = _checks.positive_number("temperature", temperature), _checks.share("weight", weight)
    place, (y,), (v, z) = _checks.given_and_logits(
        _checks.axis(axis), {"labels": labels}, {"target_logits": target_logits, "logits": logits}
    )
    hard = _sums.softmax(z, 1.0).minus(*y)
    return np.moveaxis(
        (1 - alpha) * hard + alpha * t * _sums.compare(v, z, t).difference, -1, place
    )


@overload
def gaussian_vae_kl(
    mean: Sequence[float],
    *,
    std: Sequence[float] | None = None,
    log_variance: Sequence[float] | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def gaussian_vae_kl(
    mean: ArrayLike,
    *,
    std: ArrayLike | None = None,
    log_variance: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def gaussian_vae_kl(
    mean: ArrayLike,
    *,
    std: ArrayLike | None = None,
    log_variance: ArrayLike | None = None,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Kullback-Leibler divergence of a normal law with independent coordinates from N(0, I).

    The divergence is the sum of (μ² + σ² - 1 - log σ²) / 2 over the coordinates.
    Equation :eq:`eq-vae-kl`.

    Parameters
    ----------
    mean : array_like
        Means μ, one for each coordinate along `axis`.
    std : array_like, optional
        Standard deviations σ > 0. Mean and scale broadcast, but for the coordinates.
    log_variance : array_like, optional
        Logarithms of the variances, log σ². Exactly one of the two scales is given.
    axis : int, default -1
        Axis of the coordinates.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the axis of the coordinates stays, with length 1.

    Returns
    -------
    float or ndarray
        Divergence in [0, ∞): a float for one law, an array for several. It is infinite only
        when it is too large for a float.

    Raises
    ------
    TypeError
        If not exactly one scale is given, or an argument is of the wrong kind.
    ValueError
        If an entry is not finite, a standard deviation is not positive, the shapes do not
        match, or the base is not a finite number > 1.

    Examples
    --------
    >>> gaussian_vae_kl([0.5], std=[0.8])
    0.168143551314
    >>> gaussian_vae_kl([0.0, 1.0], log_variance=[0.0, 0.0])
    0.5
    """
    how = _checks.reduction(axis, base, keepdims)
    if std is not None and log_variance is None:
        m, s = _checks.coordinates(
            how.axis, mean=_checks.finite("mean", mean), std=_checks.positive("std", std)
        )
        nats = _sums.gaussian_line(m, s, np.ones(1))
    elif log_variance is not None and std is None:
        m, v = _checks.coordinates(
            how.axis,
            mean=_checks.finite("mean", mean),
            log_variance=_checks.finite("log_variance", log_variance),
        )
        nats = (np.square(m) + _sums.exp_gap(v)) / 2
    else:
        raise TypeError("give either std or log_variance")
    return how.shape(nats.sum(axis=-1) / how.unit.nats)


@overload
def evidence_lower_bound(
    q: Sequence[float],
    prior: Sequence[float],
    log_likelihood: Sequence[float],
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def evidence_lower_bound(
    q: ArrayLike,
    prior: ArrayLike,
    log_likelihood: ArrayLike,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def evidence_lower_bound(
    q: ArrayLike,
    prior: ArrayLike,
    log_likelihood: ArrayLike,
    *,
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Lower bound of the log evidence from a law of the hidden variable.

    The bound is E[log p(x | z)] - KL(q ‖ prior), with z from q. It is log p(x) minus the
    divergence of q from the posterior law p(z | x). Equation :eq:`eq-elbo`.

    Parameters
    ----------
    q : array_like
        Law of the hidden variable z, on a finite set along `axis`.
    prior : array_like
        Prior law p(z) on the same set.
    log_likelihood : array_like
        Values log p(x | z) for the observed x, finite or -inf, in nats.
    axis : int, default -1
        Axis of the values of z. The other axes broadcast.
    base : float, optional
        Base of the logarithm of the result, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the axis of z stays, with length 1.

    Returns
    -------
    float or ndarray
        Bound in [-∞, log p(x)]: a float for one law, an array for several. It is -∞ if and
        only if q gives probability to a z with prior or likelihood 0, or the bound is too
        large for a float.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `q` or `prior` is not a law, the log likelihood is inf or no number, the shapes do
        not match, or the base is not a finite number > 1.

    Examples
    --------
    >>> evidence_lower_bound([0.6, 0.4], [0.5, 0.5], np.log([0.8, 0.3]))
    -0.635610766070
    """
    how = _checks.reduction(axis, base, keepdims)
    law, model, logs = _checks.laws_and_log_likelihood(how.axis, q, prior, log_likelihood)
    divergence = _sums.relative_entropy(law, model, how.unit)
    return how.shape(_sums.mean(law.values, logs) / how.unit.nats - divergence)


# What other programs compute.


@overload
def clipped_kl_divergence(
    p: Sequence[float],
    q: Sequence[float],
    *,
    epsilon: float = 1e-7,
    how: Literal["clip", "add"] = "clip",
    axis: int = -1,
    base: float | None = None,
    keepdims: Literal[False] = False,
) -> float: ...
@overload
def clipped_kl_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    epsilon: float = 1e-7,
    how: Literal["clip", "add"] = "clip",
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray: ...
@_sums.quiet
def clipped_kl_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    epsilon: float = 1e-7,
    how: Literal["clip", "add"] = "clip",
    axis: int = -1,
    base: float | None = None,
    keepdims: bool = False,
) -> FloatOrArray:
    """
    Kullback-Leibler divergence as programs compute it that change probabilities first.

    It is no divergence, and is here to compare with: `kl_divergence` needs no constant. With
    "clip" both laws are raised to ε where they are less, as Keras does it. With "add" ε is
    added to p within the logarithm only, and the value for equal laws is not 0.
    Equation :eq:`alg-kl-clip`.

    Parameters
    ----------
    p : array_like
        Law, or array of laws: non-negative and of sum 1 along `axis`.
    q : array_like
        Model, a law on the same outcomes. The other axes of `p` and `q` broadcast.
    epsilon : float, default 1e-7
        The constant ε, in [0, 1].
    how : {"clip", "add"}, default "clip"
        Which change is made.
    axis : int, default -1
        Axis of the outcomes.
    base : float, optional
        Base of the logarithm, > 1. The default is nats, 2 gives bits.
    keepdims : bool, default False
        Whether the outcome axis stays, with length 1.

    Returns
    -------
    float or ndarray
        Value, which may be negative with "clip", and infinite with "add" or for ε = 0: a float
        for one pair of laws, an array for several.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If `p` or `q` is not a law along `axis`, the shapes do not match, `epsilon` is not in
        [0, 1], the way is unknown, or the base is not a finite number > 1.

    Examples
    --------
    >>> clipped_kl_divergence(np.eye(10)[0], np.full(10, 0.1))
    2.30257265903
    >>> clipped_kl_divergence([0.5, 0.5], [0.5, 0.5], epsilon=1e-4, how="add")
    0.000199980002666
    """
    reduction = _checks.reduction(axis, base, keepdims)
    least = _checks.share("epsilon", epsilon)
    _checks.choice("how", how, ("clip", "add"))
    a, b = _checks.laws(reduction.axis, p=p, q=q)

    def terms(x: Array, y: Array) -> Array:
        if how == "clip":
            x, y = np.maximum(x, least), np.maximum(y, least)
            logs = _sums.log_odds(x, y)
        else:
            logs = _sums.log_odds(x + least, y)
        return np.where(x > 0, x * logs, 0.0)

    return reduction.shape(_sums.sum_of(terms, a, b, reduction.unit) / reduction.unit.nats)
