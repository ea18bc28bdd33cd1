r"""Extended real numbers that know their rounding error.

Every number carries a bound on its error, to first order in the unit roundoff, as in the running
error analysis of Wilkinson. The tolerance of every comparison follows from these bounds, and so
from the size of the terms that were added, not from a constant that somebody chose.

The values :math:`\pm\infty` are allowed, with the conventions of the book:
:math:`0 \log 0 = 0`, :math:`0 \log \frac{0}{0} = 0`, :math:`p \log \frac{p}{0} = \infty`.
They come out of one rule: a factor that is exactly zero cancels a *soft* value. Soft are an
infinite logarithm, the undefined ratio 0/0, and what is made of them by adding and multiplying.
An infinity of another kind is not soft: 0 times 1/0 stays an error, and so does every
undefined value that no zero cancels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

ROUNDOFF = 2.0**-53
NEARLY_INTEGER = 1e-11


class Undefined(ArithmeticError):  # noqa: N818  (a property of a value, not a fault of the program)
    """A formula without a value, such as 0/0 or the logarithm of a negative number."""


class OutOfRange(ArithmeticError):  # noqa: N818  (a property of a value, as above)
    """A number that floating point cannot hold; it says nothing about the formula."""


# An error so small marks a number that was rounded to zero because it is out of range.
UNDERFLOW = 5e-324
VANISHING = 1e-290


class Real:
    """A number, a bound on its error, and whether a zero factor cancels it."""

    __slots__ = ("error", "soft", "value")

    def __init__(self, value: float, error: float = 0.0, *, soft: bool = False) -> None:
        """Make a number; ``nan`` stands for a soft undefined value."""
        self.value = value
        self.error = error
        self.soft = soft

    def __repr__(self) -> str:
        """Show value and error."""
        return f"{self.value!r} ± {self.error:.1e}"


def add(terms: Sequence[Real]) -> Real:
    """Return the sum of some numbers."""
    value = error = 0.0
    soft = False
    for term in terms:
        before = value
        value += term.value
        soft = soft or term.soft
        if value != value:  # noqa: PLR0124  (the fastest test for nan)
            if not soft or (math.isinf(before) and math.isinf(term.value) and not term.soft):
                raise Undefined("infinity minus infinity")
            return Real(math.nan, soft=True)
        error += term.error + ROUNDOFF * abs(value)
    return Real(value, 0.0 if math.isinf(value) else error, soft=soft)


def negative(a: Real) -> Real:
    """Return -a."""
    return Real(-a.value, a.error, soft=a.soft)


def multiply(factors: Sequence[Real]) -> Real:
    """Return the product of some numbers; a zero cancels what is soft."""
    zero = False
    for factor in factors:
        zero = zero or factor.value == 0
    value, error, soft = 1.0, 0.0, False
    for factor in factors:
        if zero and factor.soft:
            # x log x is below 40 x for every x that a rounding error can be.
            error *= 40
            continue
        error = abs(value) * factor.error + abs(factor.value) * error + error * factor.error
        value *= factor.value
        soft = soft or factor.soft
        error += ROUNDOFF * abs(value)
    if value != value:  # noqa: PLR0124  (the fastest test for nan)
        if not soft:
            raise Undefined("zero times infinity")
        return Real(math.nan, soft=True)
    return Real(value, 0.0 if math.isinf(value) else error, soft=soft)


def divide(a: Real, b: Real) -> Real:
    """Return a / b, where a / 0 is infinite and 0 / 0 is soft and undefined."""
    if b.value == 0:
        if a.value == 0 or a.value != a.value:
            return Real(math.nan, soft=True)
        return Real(math.copysign(math.inf, a.value), soft=a.soft)
    if math.isinf(b.value) and math.isinf(a.value):
        raise Undefined("infinity divided by infinity")
    value = a.value / b.value
    if math.isinf(value):
        return Real(value, soft=a.soft)
    room = abs(b.value) - b.error
    error = (a.error + abs(value) * b.error) / room if room > 0 else math.inf
    if math.isinf(b.value):
        error = 0.0
    return Real(value, error + ROUNDOFF * abs(value), soft=a.soft or b.soft)


def power(a: Real, b: Real) -> Real:
    """Return a to the power of b."""
    base, exponent = a.value, b.value
    if base == 0 and exponent < 0:
        return Real(math.inf)
    if math.isinf(base) and exponent == 0:
        raise Undefined("infinity to the power of zero")
    if base != base or exponent != exponent:  # noqa: PLR0124  (the fastest test for nan)
        return Real(math.nan, soft=True)
    if base < 0 and not exponent.is_integer():
        raise Undefined(f"the power {exponent} of the negative number {base}")
    try:
        value = math.pow(base, exponent)
    except OverflowError:
        raise OutOfRange(f"{base} to the power of {exponent}") from None
    if base == 0 or math.isinf(base) or math.isinf(exponent):
        near_zero = base == 0 and exponent > 0
        return Real(value, a.error**exponent if near_zero else 0.0, soft=a.soft)
    if value == 0:
        return Real(0.0, UNDERFLOW)
    slope = abs(exponent) * a.error / abs(base)
    bend = abs(math.log(abs(base))) * b.error if b.error else 0.0
    return Real(value, abs(value) * (math.expm1(min(slope + bend, 700.0)) + 2 * ROUNDOFF))


def log(a: Real, base: Real | None = None) -> Real:
    """Return the logarithm; that of zero is soft."""
    if a.value != a.value:
        return Real(math.nan, soft=True)
    if a.value <= 0:
        if 0 < a.error < VANISHING:
            raise OutOfRange("the logarithm of a number below the range of floating point")
        if a.value < -a.error:
            raise Undefined(f"the logarithm of the negative number {a.value}")
        result = Real(-math.inf, soft=True)
    elif math.isinf(a.value):
        result = Real(math.inf, soft=True)
    else:
        relative = a.error / a.value
        loss = -math.log1p(-relative) if relative < 1 else math.inf
        if base is not None and base.value == 2:
            value = math.log2(a.value)
            return Real(value, loss / math.log(2) + 2 * ROUNDOFF * abs(value))
        value = math.log(a.value)
        result = Real(value, loss + 2 * ROUNDOFF * abs(value))
    return result if base is None else divide(result, log(base))


def exp(a: Real) -> Real:
    """Return e to the power of a."""
    if not math.isfinite(a.value):
        return Real(math.exp(a.value), soft=math.isnan(a.value))
    try:
        value = math.exp(a.value)
    except OverflowError:
        raise OutOfRange(f"e to the power of {a.value}") from None
    if value == 0:
        return Real(0.0, UNDERFLOW)
    return Real(value, value * (math.expm1(min(a.error, 700.0)) + 2 * ROUNDOFF))


def root(a: Real, index: Real | None = None) -> Real:
    """Return the square root, or the root of another index."""
    if index is not None:
        return power(a, divide(Real(1.0), index))
    if a.value < 0:
        if a.value < -a.error:
            raise Undefined(f"the square root of the negative number {a.value}")
        return Real(0.0, math.sqrt(a.error))
    value = math.sqrt(a.value)
    error = a.error / value if value * value > a.error else math.sqrt(a.error)
    return Real(value, error + ROUNDOFF * value if value < math.inf else 0.0, soft=a.soft)


def absolute(a: Real) -> Real:
    """Return the absolute value."""
    return Real(abs(a.value), a.error, soft=a.soft)


def ceiling(a: Real) -> Real:
    """Return the smallest integer that is not below a; what is an integer to rounding stays."""
    return _rounded(a, math.ceil)


def floor(a: Real) -> Real:
    """Return the largest integer that is not above a; what is an integer to rounding stays."""
    return _rounded(a, math.floor)


def _rounded(a: Real, function: Callable[[float], int]) -> Real:
    if not math.isfinite(a.value):
        return a
    near = round(a.value)
    if abs(a.value - near) <= max(a.error, NEARLY_INTEGER):
        return Real(float(near))
    return Real(float(function(a.value)))


def largest(values: Iterable[Real]) -> Real:
    """Return the largest of some numbers."""
    return _extreme(list(values), 1)


def smallest(values: Iterable[Real]) -> Real:
    """Return the smallest of some numbers."""
    return _extreme(list(values), -1)


def _extreme(values: Sequence[Real], sign: int) -> Real:
    if not values:
        raise Undefined("a maximum or minimum over nothing")
    if any(a.value != a.value for a in values):
        raise Undefined("a maximum or minimum with an undefined ratio 0/0 in it")
    best = max(values, key=lambda a: sign * a.value)
    finite = [a.error for a in values if math.isfinite(a.value)]
    return Real(best.value, max(finite, default=0.0), soft=best.soft)
