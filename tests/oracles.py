"""Slow second routes to the measures: definitions in mpmath, with exact sums.

Each function reads floats exactly, divides by exact sums, and writes the definition out. The
precision is such that laws with entries of 5e-324 beside entries of 1 come out right.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, TypeVar, cast

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from numpy.typing import NDArray

# Where doubles are the widest floats, what is kept in a wider one is lost.
needs_wider_float = pytest.mark.skipif(
    bool(np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps), reason="no float is wider"
)
DIGITS = 720  # 5e-324 beside 1, squared, and 60 digits more

Number = Any  # an mpmath number: mpmath has no types
Vector = Sequence[float] | NDArray[Any]
Table = Sequence[Sequence[float]] | NDArray[Any]

Formula = TypeVar("Formula", bound=Callable[..., Number])


def exact(function: Formula) -> Formula:
    """Run a function with enough digits."""
    return cast("Formula", mp.workdps(DIGITS)(function))


def law(p: Iterable[float]) -> list[Number]:
    """Return p / Σ p."""
    values = [mp.mpf(float(x)) for x in p]
    total = mp.fsum(values)
    return [x / total for x in values]


def log_ratio(x: Number, y: Number) -> Number:
    return mp.inf if y == 0 else mp.log(x / y)


@exact
def entropy(p: Vector) -> Number:
    return -mp.fsum(x * mp.log(x) for x in law(p) if x)


@exact
def cross_entropy(p: Vector, q: Vector) -> Number:
    return mp.fsum(x * log_ratio(mp.mpf(1), y) for x, y in zip(law(p), law(q), strict=True) if x)


def kl(p: Vector, q: Vector, digits: int = DIGITS) -> Number:
    with mp.workdps(digits):
        return mp.fsum(x * log_ratio(x, y) for x, y in zip(law(p), law(q), strict=True) if x)


@exact
def midpoint_kl(p: Vector, q: Vector) -> Number:
    return mp.fsum((x + y) * mp.log((x + y) / (2 * y)) for x, y in zip(law(p), law(q), strict=True))


def js(*laws: Vector, weights: Sequence[float] | None = None, digits: int = DIGITS) -> Number:
    with mp.workdps(digits):
        w = law(weights or [1.0] * len(laws))
        total = []
        for column in zip(*map(law, laws), strict=True):
            m = mp.fsum(v * x for v, x in zip(w, column, strict=True))
            total += [v * x * mp.log(x / m) for v, x in zip(w, column, strict=True) if v and x]
        return mp.fsum(total)


def total_variation(p: Vector, q: Vector, digits: int = DIGITS) -> Number:
    with mp.workdps(digits):
        return mp.fsum(abs(x - y) for x, y in zip(law(p), law(q), strict=True)) / 2


def hellinger(p: Vector, q: Vector, digits: int = DIGITS) -> Number:
    with mp.workdps(digits):
        pairs = zip(law(p), law(q), strict=True)
        return mp.sqrt(mp.fsum((mp.sqrt(x) - mp.sqrt(y)) ** 2 for x, y in pairs))


def chi_square(p: Vector, q: Vector, digits: int = DIGITS) -> Number:
    with mp.workdps(digits):
        pairs = [(x, y) for x, y in zip(law(p), law(q), strict=True) if x or y]
        if any(not y for _, y in pairs):
            return mp.inf
        return mp.fsum((x - y) ** 2 / y for x, y in pairs)


@exact
def renyi(p: Vector, q: Vector, alpha: float) -> Number:
    pairs = [(x, y) for x, y in zip(law(p), law(q), strict=True) if x]
    if alpha == 1:
        return kl(p, q)
    if alpha == math.inf:
        return max(log_ratio(x, y) for x, y in pairs)
    if alpha > 1 and any(y == 0 for _, y in pairs):
        return mp.inf
    a = mp.mpf(alpha)
    total = mp.fsum(x**a * y ** (1 - a) for x, y in pairs if y)
    return mp.log(total) / (a - 1) if total else mp.inf


@exact
def mutual_information(table: Table) -> Number:
    width = len(table[0])
    flat = law(np.ravel(table))
    p = [flat[i : i + width] for i in range(0, len(flat), width)]
    x = [mp.fsum(row) for row in p]
    y = [mp.fsum(column) for column in zip(*p, strict=True)]
    return mp.fsum(
        v * mp.log(v / (x[i] * y[j])) for i, row in enumerate(p) for j, v in enumerate(row) if v
    )


@exact
def conditional_entropy(table: Table) -> Number:
    total = mp.fsum(mp.mpf(float(v)) for row in table for v in row)
    rows = [[mp.mpf(float(v)) / total for v in row] for row in table]
    return mp.fsum(v * mp.log(mp.fsum(row) / v) for row in rows for v in row if v)


@exact
def kl_bernoulli(p: float, q: float) -> Number:
    s, t = mp.mpf(p), mp.mpf(q)
    return mp.fsum(x * log_ratio(x, y) for x, y in ((s, t), (1 - s, 1 - t)) if x)


@exact
def binary_cross_entropy(y: float, q: float) -> Number:
    s, t = mp.mpf(y), mp.mpf(q)
    return mp.fsum(x * log_ratio(mp.mpf(1), z) for x, z in ((s, t), (1 - s, 1 - t)) if x)


@exact
def kl_gaussian(m: float, n: float, s: float, t: float) -> Number:
    m, n, s, t = map(mp.mpf, (m, n, s, t))
    return mp.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - mp.mpf(1) / 2


@exact
def cross_entropy_gaussian(m: float, n: float, s: float, t: float) -> Number:
    m, n, s, t = map(mp.mpf, (m, n, s, t))
    return mp.log(2 * mp.pi * t**2) / 2 + (s**2 + (m - n) ** 2) / (2 * t**2)


def matrix(values: Table) -> Number:
    return mp.matrix([[mp.mpf(float(v)) for v in row] for row in np.asarray(values)])


@exact
def kl_gaussian_nd(m: Vector, n: Vector, a: Table, b: Table) -> Number:
    p, q = matrix(a), matrix(b)
    shift = mp.matrix([mp.mpf(float(y)) - mp.mpf(float(x)) for x, y in zip(m, n, strict=True)])
    ratio = q**-1 * p
    trace = mp.fsum(ratio[i, i] for i in range(p.rows))
    square = (shift.T * q**-1 * shift)[0]
    return (trace + square - p.rows + mp.log(mp.det(q) / mp.det(p))) / 2


@exact
def gaussian_entropy(cov: Table) -> Number:
    p = matrix(cov)
    return mp.log((2 * mp.pi * mp.e) ** p.rows * mp.det(p)) / 2


@exact
def donsker_varadhan(p: Vector, q: Vector, critic: Vector, bound: str) -> Number:
    t = [mp.mpf(float(x)) for x in critic]
    mean = mp.fsum(x * y for x, y in zip(law(p), t, strict=True))
    if bound == "dv":
        return mean - mp.log(mp.fsum(x * mp.exp(y) for x, y in zip(law(q), t, strict=True)))
    return mean - mp.fsum(x * mp.exp(y - 1) for x, y in zip(law(q), t, strict=True))


def relative_error(value: float, reference: Number) -> float:
    """Return |value / reference - 1|; numbers below 1e-300 count as 1e-300 in size."""
    if mp.isinf(reference) or math.isinf(value):
        return 0.0 if mp.mpf(value) == reference else math.inf
    with mp.workdps(DIGITS):
        return float(abs(mp.mpf(value) - reference) / max(abs(reference), mp.mpf(10) ** -300))


def least_mean_length(p: Sequence[float]) -> Fraction:
    """Return the least mean length over all word lengths that satisfy Kraft's inequality."""
    weights = [Fraction(x) for x in p]
    n = len(weights)
    if n == 1:
        return Fraction(0)
    candidates = itertools.product(range(1, n), repeat=n)
    return min(
        sum((w * m for w, m in zip(weights, lengths, strict=True)), Fraction(0))
        for lengths in candidates
        if sum(2 ** (n - m) for m in lengths) <= 2**n
    )


def prints(printed: str, reference: Number) -> bool:
    """Return whether a number, rounded to the digits printed, is the one printed."""
    digits = len(printed.lower().split("e")[0].lstrip("-0.").replace(".", ""))
    with mp.workdps(DIGITS):
        unit = mp.mpf(10) ** (math.floor(math.log10(abs(float(printed)))) + 1 - digits)
        return bool(abs(mp.mpf(printed) - reference) <= unit / 2 * (1 + mp.mpf(10) ** -9))
