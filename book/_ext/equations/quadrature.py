"""Integrals and derivatives of functions of one number, with a bound on their error.

Integrals over the line use the trapezoidal rule, which converges faster than any power for the
smooth, fast decaying integrands of this book. Integrals over an interval use Gauss and Legendre's
rule. Two rules of different size give the error; where they disagree, ``scipy`` is asked. An
integrand with kinks may hide one between the points, so its error is taken to be larger.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.integrate import quad

from equations.extended import ROUNDOFF, OutOfRange, Real, Undefined, add, multiply, negative

SPREADS = 13.0
STEPS_PER_SPREAD = 3
ENOUGH = 1e-10
HIDDEN = 1e-10
# Into so many pieces an interval is divided at most.
PIECES = 60
# A limit whose error is above this part of its size is not decided.
SETTLED = 1e-4


def integral(
    function: Callable[[float], Real],
    lower: float,
    upper: float,
    peaks: Sequence[tuple[float, float]] = (),
    *,
    kinks: bool = False,
) -> Real:
    """Integrate a function; ``peaks`` are centre and width of the bumps it may have."""
    if lower == upper:
        return Real(0.0)
    if lower > upper:
        return negative(integral(function, upper, lower, peaks, kinks=kinks))
    if peaks and math.isinf(lower) != math.isinf(upper):
        return _beside_peaks(function, lower, upper, peaks, kinks=kinks)
    if kinks:
        result = _adaptive(function, lower, upper)
        return Real(result.value, result.error + HIDDEN * (1 + abs(result.value)))
    if math.isinf(lower) and math.isinf(upper) and peaks:
        low = min(centre - SPREADS * width for centre, width in peaks)
        high = max(centre + SPREADS * width for centre, width in peaks)
        narrow = min(width for _, width in peaks)
        steps = math.ceil((high - low) / narrow * STEPS_PER_SPREAD)
        fine, coarse = _trapezoid(function, low, high, steps)
    elif math.isfinite(lower) and math.isfinite(upper):
        fine = _legendre(function, lower, upper, 40)
        coarse = _legendre(function, lower, upper, 30)
    else:
        return _adaptive(function, lower, upper)
    gap = abs(fine.value - coarse.value)
    settled = gap <= ENOUGH * (1 + abs(fine.value)) + 10 * fine.error
    return Real(fine.value, fine.error + gap) if settled else _adaptive(function, lower, upper)


def _beside_peaks(
    function: Callable[[float], Real],
    lower: float,
    upper: float,
    peaks: Sequence[tuple[float, float]],
    *,
    kinks: bool,
) -> Real:
    """Integrate over a half-line in pieces around the peaks, so that none is missed."""
    low = min(centre - SPREADS * width for centre, width in peaks)
    high = max(centre + SPREADS * width for centre, width in peaks)
    start = low if math.isinf(lower) else lower
    end = high if math.isinf(upper) else upper
    if start >= end:
        return Real(0.0, ENOUGH)
    steps = range(-int(SPREADS), int(SPREADS) + 1, 2)
    cuts = {centre + k * width for centre, width in peaks for k in steps}
    ends = [start, *sorted(cut for cut in cuts if start < cut < end), end]
    pieces = itertools.pairwise(ends)
    return add([integral(function, a, b, kinks=kinks) for a, b in pieces])


def _trapezoid(
    function: Callable[[float], Real], low: float, high: float, steps: int
) -> tuple[Real, Real]:
    """Return the trapezoidal rule with all points, and with every second one."""
    steps += steps % 2
    width = (high - low) / steps
    values = [function(low + i * width) for i in range(steps + 1)]
    return (
        multiply([Real(width, ROUNDOFF * width), add(values)]),
        multiply([Real(2 * width, 2 * ROUNDOFF * width), add(values[::2])]),
    )


def _legendre(function: Callable[[float], Real], lower: float, upper: float, count: int) -> Real:
    nodes, weights = _legendre_rule(count)
    middle, half = (lower + upper) / 2, (upper - lower) / 2
    terms = [
        multiply([Real(w * half, 4 * ROUNDOFF * abs(w * half)), function(middle + half * x)])
        for x, w in zip(nodes, weights, strict=True)
    ]
    return add(terms)


@cache
def _legendre_rule(count: int) -> tuple[list[float], list[float]]:
    nodes, weights = leggauss(count)
    return nodes.tolist(), weights.tolist()


def _adaptive(function: Callable[[float], Real], lower: float, upper: float) -> Real:
    noise = 0.0

    def plain(x: float) -> float:
        nonlocal noise
        result = function(x)
        noise = max(noise, result.error)
        return result.value

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            value, error = quad(plain, lower, upper, epsabs=1e-12, epsrel=1e-11, limit=PIECES)
        except Warning as warning:
            raise Undefined(f"the integral cannot be computed: {warning}") from None
    length = upper - lower if math.isfinite(upper - lower) else 1.0
    return Real(value, error + noise * abs(length))


def gauss_hermite(function: Callable[[NDArray[np.float64]], Real], dimension: int) -> Real:
    """Return the mean of a function under the standard normal law in some dimension.

    Exact for polynomials of degree 11; for other functions the error is what a smaller rule
    gives.
    """
    fine, coarse = (_hermite(function, dimension, count) for count in (6, 5))
    return Real(fine.value, fine.error + abs(fine.value - coarse.value))


def _hermite(function: Callable[[NDArray[np.float64]], Real], dimension: int, count: int) -> Real:
    nodes, weights = hermegauss(count)
    weights = weights / weights.sum()
    terms = []
    for index in itertools.product(range(count), repeat=dimension):
        weight = float(np.prod(weights[list(index)]))
        terms.append(multiply([Real(weight, 8 * ROUNDOFF * weight), function(nodes[list(index)])]))
    return add(terms)


def derivative(function: Callable[[float], Real], at: float, order: int) -> Real:
    """Return a derivative by Richardson extrapolation of central differences (Ridders)."""
    step = 0.05 * (1 + abs(at))
    for _ in range(8):
        try:
            return _ridders(function, at, order, step)
        except (OutOfRange, Undefined):
            step /= 8
    raise Undefined(f"the derivative at {at} cannot be computed")


def _ridders(function: Callable[[float], Real], at: float, order: int, step: float) -> Real:
    shrink = 1.6
    best = Real(math.nan, math.inf)
    rows: list[list[float]] = []
    for i in range(12):
        width = step / shrink**i
        points = [function(at + (order / 2 - k) * width) for k in range(order + 1)]
        signs = [(-1) ** k * math.comb(order, k) for k in range(order + 1)]
        total = sum(s * p.value for s, p in zip(signs, points, strict=True))
        noise = sum(
            abs(s) * (p.error + ROUNDOFF * abs(p.value)) for s, p in zip(signs, points, strict=True)
        )
        if not math.isfinite(total):
            raise Undefined("infinite near the point of differentiation")
        noise += ROUNDOFF * (1 + abs(at)) * abs(total) / width  # the points are rounded, too
        if 4 * noise / width**order > best.error:
            break  # Shorter steps only make it worse.
        row = [total / width**order]
        for j, before in enumerate(rows[-1] if rows else []):
            factor = shrink ** (2 * (j + 1))
            row.append((factor * row[j] - before) / (factor - 1))
        for j in range(1, len(row)):
            spread = max(abs(row[j] - row[j - 1]), abs(row[j] - rows[-1][j - 1]))
            error = spread + 4 * noise / width**order
            if error < best.error:
                best = Real(row[j], error)
        rows.append(row)
    if order == 1:
        _refuse_kink(function, at, step / shrink**11, best.value)
    return best


def _refuse_kink(function: Callable[[float], Real], at: float, width: float, slope: float) -> None:
    """See that the slopes to both sides agree: central differences do not tell."""
    here = function(at).value
    right, left = ((function(at + s).value - here) / s for s in (width, -width))
    if abs(right - left) > 1e-2 * (1 + abs(slope)):
        raise Undefined("a kink at the point of differentiation")


# How far a limit is followed: each step halves the distance to the point.
HALVINGS = 46
# The first distance; no round number, so that a function that jumps to and fro is noticed.
FIRST = 0.2718281828459045
# After so many steps without decay the values are taken to grow beyond all bounds.
GROWING = 24
# So many of the last values have to be near the limit, or too uncertain to tell.
LATE = 12


def limit(function: Callable[[float], Real], point: float, side: str = "") -> Real:
    """Return the limit of a function at a point, from one side or from both; or at infinity.

    The function is evaluated at distances that halve with each step, and the values are
    extrapolated. The error is what two extrapolations differ by, and what the rounding errors of
    the values allow. Where the values do not settle, the limit is undefined.
    """
    if math.isinf(point):
        sign = math.copysign(1.0, point)
        return _one_sided(lambda h: function(sign / h))
    from_sides: dict[str, Callable[[float], Real]] = {
        "+": lambda h: function(point + h),
        "-": lambda h: function(point - h),
    }
    found = [_one_sided(at) for sign, at in from_sides.items() if side in {"", sign}]
    first, last = found[0], found[-1]
    if math.isinf(first.value) or math.isinf(last.value):
        if first.value != last.value:
            raise Undefined("the limits from both sides differ")
        return first
    gap = abs(first.value - last.value)
    if gap > 4 * (first.error + last.error):
        raise Undefined("the limits from both sides differ")
    return first if first.error <= last.error else last


def _one_sided(function: Callable[[float], Real]) -> Real:
    """Return the limit at zero from above, along two sequences that must agree."""
    found, other = (_along(function, first) for first in (FIRST, 0.7 * FIRST))
    if found.value != other.value:
        gap = abs(found.value - other.value)
        if not gap <= 4 * (found.error + other.error):
            raise Undefined("the values do not settle, so the limit is not decided")
    return found


def _along(function: Callable[[float], Real], first: float) -> Real:
    values: list[Real] = []
    for k in range(HALVINGS):
        try:
            values.append(function(first * 2.0**-k))
        except (OutOfRange, Undefined):
            if len(values) >= GROWING:
                break
            values.clear()
    if len(values) < GROWING:
        raise Undefined("the limit cannot be computed")
    if all(math.isinf(v.value) and v.value == values[-1].value for v in values[-8:]):
        return Real(values[-1].value)
    values = [value for value in values if math.isfinite(value.value)]
    if _grows([value.value for value in values]):
        return Real(math.copysign(math.inf, values[-1].value - values[-2].value))
    return _extrapolated(values)


def _grows(values: Sequence[float]) -> bool:
    """Return whether the last steps all go the same way, and none is much smaller than before."""
    steps = [b - a for a, b in itertools.pairwise(values[-GROWING:])]
    same = all(step > 0 for step in steps) or all(step < 0 for step in steps)
    return same and all(abs(b) >= 0.9999 * abs(a) for a, b in itertools.pairwise(steps))


def _extrapolated(values: Sequence[Real]) -> Real:
    """Extrapolate values at distances that halve, as Richardson does; keep what is most certain."""
    best = Real(math.nan, math.inf)
    before: list[float] = []
    for value in values:
        row = [value.value]
        for j, old in enumerate(before[:6]):
            row.append(row[j] + (row[j] - old) / (2.0 ** (j + 1) - 1))
        noise = 8 * (value.error + ROUNDOFF * abs(value.value))
        for j in range(1, len(row)):
            spread = max(abs(row[j] - row[j - 1]), abs(row[j] - before[j - 1]))
            if spread + noise < best.error:
                best = Real(row[j], spread + noise)
        before = row
    late = values[-LATE:]
    astray = any(
        abs(v.value - best.value) > 1e-3 * (1 + abs(best.value)) + 8 * v.error for v in late
    )
    if astray or best.error > SETTLED * (1 + abs(best.value)):
        raise Undefined("the values do not settle, so the limit is not decided")
    return best
