"""The sums behind the measures: all their digits, fast, and without large temporaries.

Laws come in checked, with the outcomes on the last axis. They are read in panels of rows and
chunks of columns that stay in the cache. A law whose sum P differs from 1 by rounding stands
for p / P; no normalised copy is made. Where a result is small, it is computed as a sum of
terms of one sign, each with a small relative error, so that nothing cancels.
"""

import functools
import math
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import xlog1py, xlogy

from refimpl._checks import ONES, SHORT, Array, Covariance, Law, Reals, Unit

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")

CHUNK = 1 << 15  # entries read at a time: 256 KiB in double precision
LINE = 64  # bytes that the cache reads at a time
NOTHING: Any = np.float64(0.0)  # to which arrays are added
TINY = float(np.finfo(np.float64).tiny)  # below it, floats lose digits
RAISED = 2.0**200  # keeps squares of tiny roots in the range of floats
NEAR = 1 / 9  # the largest s² for which the series is used
ROUNDING = 2.0**-53  # relative to a number
ROUNDED = 2.0**-51  # sums that differ by no more may be the same
UNSEEN = 2.0**-54  # a part of a result that rounding hides
SPLIT = 2.0**27 + 1  # times a float, gives the upper half of its digits
MIDDLE = 2.0**-9  # the least relative entropy for which no series is needed
LONG = 64  # number of outcomes from which a series takes longer than a logarithm
SERIES = [2 / k for k in range(3, 37, 2)]  # of 2 (atanh(s) - s) / s in powers of s²
MIXTURE_SERIES = [1 / (k * (2 * k - 1)) for k in range(1, 19)]  # of 2t atanh(t) + log(1 - t²)
# The largest s² for which 1, 2, 3, … terms of the series leave an error below rounding.
_LIMITS = [(2.0**-55 * (2 * n + 3)) ** (1 / (n + 1 / 2)) for n in range(1, len(SERIES))]

# Numbers as arrays: to make them anew at each call takes half the time of a short product.
HALF = np.array(1 / 2)
_SERIES, _MIXTURE_SERIES = ([np.array(x) for x in xs] for xs in (SERIES, MIXTURE_SERIES))


def quiet(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
    """Run a function without NumPy's warnings: log 0, 0 log 0 and overflow are meant."""
    quietly: Callable[Arguments, Value] = np.errstate(all="ignore")(function)
    return quietly


def cross_entropy(p: Law, q: Law, unit: Unit) -> Array:
    """Return -Σ p log q. The entropy is that of p and p."""
    return _by_panels(_cross_entropy, p, q, unit)


def relative_entropy(p: Law, q: Law, unit: Unit) -> Array:
    """Return Σ p log(p / q)."""
    return _by_panels(_relative_entropy, p, q, unit)


def renyi(p: Law, q: Law, alpha: float, unit: Unit) -> Array:
    """Return log(Σ p^α q^(1 - α)) / (α - 1) and its limits at 0, 1 and ∞."""
    if alpha == 1:
        return relative_entropy(p, q, unit)
    if alpha > 1e300:  # there the value is that at ∞ to all digits
        result = _by_panels(_largest_log_ratio, p, q, unit)
    elif alpha < 1 / 2:  # (1 - α) D_α(p, q) = α D_{1 - α}(q, p) keeps the digits near α = 0
        result = _by_panels(functools.partial(_renyi, alpha, 1 - alpha), q, p, unit)
    else:
        result = _by_panels(functools.partial(_renyi, 1 - alpha, 1 - alpha), p, q, unit)
    return np.asarray(np.maximum(result, 0.0) + 0.0)  # rounding may leave a tiny negative number


def jensen_shannon(p: Law, q: Law, unit: Unit) -> Array:
    """Return Σ (p log(p / m) + q log(q / m)) / 2 with m = (p + q) / 2."""
    most = unit.log(2.0) / unit.scale  # which the sum may exceed by its rounding
    return np.asarray(np.minimum(_by_panels(_jensen_shannon, p, q, unit), most))


def total_variation(p: Law, q: Law, unit: Unit) -> Array:
    """Return Σ |p - q| / 2."""
    return _by_panels(_total_variation, p, q, unit)


def hellinger(p: Law, q: Law, unit: Unit) -> Array:
    """Return the root of Σ (√p - √q)²."""
    return _by_panels(_hellinger, p, q, unit)


def chi_square(p: Law, q: Law, unit: Unit) -> Array:
    """Return Σ (p - q)² / q."""
    return _by_panels(functools.partial(_by_difference, _chi_square), p, q, unit)


def midpoint_relative_entropy(p: Law, q: Law, unit: Unit) -> Array:
    """Return Σ m log(m / q) with m = (p + q) / 2."""
    return _by_panels(functools.partial(_by_difference, _midpoint), p, q, unit)


def f_divergence(
    function: Callable[[Reals], Reals], at_zero: float, slope: float, p: Law, q: Law, unit: Unit
) -> Array:
    """Return Σ q f(p / q) for f ≥ 0, with f(0) and f'(∞) for what only one of the laws has."""
    formula = functools.partial(_f_divergence, function, at_zero, slope)
    return _by_panels(formula, p, q, unit)


def sum_of(terms: Callable[[Array, Array], Array], p: Law, q: Law, unit: Unit) -> Array:
    """Return the sum of a function of the probabilities, for laws divided by their sums."""
    return _by_panels(functools.partial(_sum_of, terms), p, q, unit)


def binary_entropy(t: Array) -> Array:
    """Return -t log t - (1 - t) log(1 - t) in nats, entry by entry."""
    return np.asarray(-(xlogy(t, t) + xlog1py(1 - t, -t)) + 0.0, dtype=np.float64)  # 0, never −0


def coin_relative_entropy(delta: Array) -> Array:
    """Return the divergence, in nats, of coins that show heads with (1 + δ) / 2 from a fair one."""
    half = np.full(delta.shape, 1 / 2)
    heads = relative_entropy_terms((1 + delta) / 2, half, -delta / 2)
    return heads + relative_entropy_terms((1 - delta) / 2, half, delta / 2)


def inverse_binary_entropy(nats: Array, gap: Array) -> Array:
    """
    Return the t ≤ 1/2 of a given binary entropy, which is by a given gap below log 2.

    Near 1/2, where the entropy hardly changes, the gap has the digits of 1 - 2t.
    """
    t = _halving(binary_entropy, nats, -1.0)
    delta = _halving(coin_relative_entropy, gap, 0.0)
    return np.where(gap < 1 / 8, (1 - delta) / 2, t)


def _halving(function: Callable[[Array], Array], value: Array, high: float) -> Array:
    """Return where an increasing function has a value, below 2 ** high, by halving for log2."""
    least, most = np.full(value.shape, -1080.0), np.full(value.shape, high)
    for _ in range(64):
        middle = (least + most) / 2
        above = function(np.exp2(middle)) > value
        least, most = np.where(above, least, middle), np.where(above, middle, most)
    return np.asarray(np.exp2(least))


# Joint laws and means.


def flattened(table: Reals) -> Law:
    """Return a joint law as a law of pairs."""
    values = table.reshape(*table.shape[:-2], -1)
    return Law(values, values.sum(axis=-1, dtype=np.float64))


def conditionals(table: Reals) -> tuple[Array, Law]:
    """Return p(x) and the laws p(y | x) of a joint law."""
    x = table.sum(axis=-1, keepdims=True, dtype=np.float64)
    rows = table / x
    return x[..., 0], Law(rows, rows.sum(axis=-1))


def mutual_information(table: Reals, unit: Unit) -> Array:
    """Return the relative entropy of a joint law from the product of its marginals.

    The product is taken with its rounding error, so that its difference from the joint law
    has all its digits.
    """
    x = table.sum(axis=-1, keepdims=True, dtype=np.float64)
    y = table.sum(axis=-2, keepdims=True, dtype=np.float64)
    p, x, y = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(table, x, y))
    q = x * y
    d = (q - p) + product_error(x, y, q)
    r = d.sum(axis=(-2, -1), keepdims=True) / p.sum(axis=(-2, -1), keepdims=True)
    terms = relative_entropy_terms(p, q / (1 + r), (d - r * p) / (1 + r))
    lost = (q < TINY) & (p > 2 * q)  # there the product has no digits
    logs = np.log(p) - np.log(x) - np.log(y)
    nats = np.where(lost, q - p + p * logs, terms).sum(axis=(-2, -1))
    return np.asarray(nats / p.sum(axis=(-2, -1)) / unit.nats)


def product_error(x: Array, y: Array, product: Array) -> Array:
    """Return x y - product exactly (Dekker 1971): each factor is split into two halves."""
    x_high, y_high = (SPLIT * a - (SPLIT * a - a) for a in (x, y))
    x_low, y_low = x - x_high, y - y_high
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def mean(weights: Reals, values: Array) -> Array:
    """Return Σ w v / Σ w over the last axis; what has weight 0 does not count."""
    w = np.asarray(weights, dtype=np.float64)
    terms = np.where(w > 0, w * values, 0.0)
    return np.asarray(terms.sum(axis=-1) / w.sum(axis=-1))


def log_mean_exp(weights: Reals, x: Array) -> Array:
    """Return log(Σ w exp(x) / Σ w) over the last axis; what has weight 0 does not count."""
    x = np.where(np.asarray(weights) > 0, x, -np.inf)
    top = x.max(axis=-1, keepdims=True)
    large = top[..., 0] + np.log(mean(weights, np.exp(np.where(x == top, 0.0, x - top))))
    small = np.log1p(mean(weights, np.expm1(x)))
    return np.where(np.abs(small) < 1 / 2, small, large)


# Laws given by logits: q ∝ exp(z / T).


class Softmax(NamedTuple):
    """A law given by logits, on the last axis, without a difference that loses digits.

    `gaps` are (max z - z) / T ≥ 0, `top` marks one outcome of gap 0, and `rest` is Σ exp(-gap)
    over all others, so that -log q = gap + log(1 + rest).
    """

    gaps: Array
    top: NDArray[np.bool_]
    rest: Array

    @property
    def probabilities(self) -> Array:
        return np.asarray(np.exp(-self.gaps) / (1 + self.rest[..., None]))

    @property
    def logs(self) -> Array:
        return np.asarray(-self.gaps - np.log1p(self.rest)[..., None])

    def cross_entropy(self, p: Reals, total: Array) -> Array:
        """Return -Σ p log q / Σ p, all of whose terms are ≥ 0."""
        terms = np.where(np.asarray(p) > 0, p * self.gaps, 0.0)
        return np.asarray(terms.sum(axis=-1) / total + np.log1p(self.rest))

    def minus(self, p: Reals, total: Array) -> Array:
        """Return q - p / Σ p; where q > 1/2, it is the rest of p minus that of q."""
        law = p / total[..., None]
        others = np.where(self.top, 0.0, law).sum(axis=-1) - self.rest / (1 + self.rest)
        near = self.top & (self.rest <= 1)[..., None]
        return np.where(near, others[..., None], self.probabilities - law)


def softmax(z: Array, temperature: float) -> Softmax:
    """Return the law of logits at a temperature."""
    place = z.argmax(axis=-1, keepdims=True)
    top = np.arange(z.shape[-1]) == place
    largest = np.take_along_axis(z, place, axis=-1)
    gaps = np.where(z == largest, 0.0, largest - z) / temperature
    return Softmax(gaps, top, np.where(top, 0.0, np.exp(-gaps)).sum(axis=-1))


def cross_entropy_of_logits(p: Law, z: Array, temperature: float, unit: Unit) -> Array:
    """Return -Σ p log q for q ∝ exp(z / T)."""
    formula = functools.partial(_cross_entropy_of_logits, temperature)
    return _by_panels(formula, p, Law(z, np.zeros(z.shape[:-1])), unit)


def _cross_entropy_of_logits(
    temperature: float, p: Reals, z: Reals, sum_p: Array, __: Array, unit: Unit
) -> Array:
    """Sum as the method of `Softmax` does, in arrays that stay in the cache."""
    laws, rows = (a.reshape(-1, a.shape[-1]) for a in (p, z))
    place = rows.argmax(axis=1)
    largest = rows[np.arange(len(rows)), place][:, None]
    gaps = rest = NOTHING
    for start, y, logits, (negated, powers, *_) in _chunks(laws, rows):
        here = np.nonzero((place >= start) & (place < start + logits.shape[-1]))[0]
        top = here, place[here] - start
        np.subtract(logits, largest, out=negated)
        negated[top] = 0.0  # also if it is ∞ - ∞
        if temperature != 1:
            np.divide(negated, temperature, out=negated)
        np.exp(negated, out=powers)
        powers[top] = 0.0
        rest = rest + _sum(powers)
        part = _dot(y, negated)
        if (part != part).any():  # noqa: PLR0124 - NaN, from 0 · ∞
            negated[y == 0] = 0.0
            part = _dot(y, negated)
        gaps = gaps - part
    nats = gaps.reshape(sum_p.shape) / sum_p + np.log1p(rest).reshape(sum_p.shape)
    return np.asarray(nats / unit.nats)


class Comparison(NamedTuple):
    """Two laws given by logits: p, q, log(q / p) minus its mean under p, q - p and KL(p ‖ q)."""

    p: Array
    centred: Array
    difference: Array
    divergence: Array


def compare(v: Array, z: Array, temperature: float) -> Comparison:
    """Compare the laws p ∝ exp(v / T) and q ∝ exp(z / T).

    With c = log(q / p) less its mean under p, KL(p ‖ q) = log(1 + Σ p (exp(c) - 1 - c)), where
    no term is negative. The c are differences of logits, which are taken with their rounding
    errors, so that a small divergence has all its digits. A large one is H(p, q) - H(p).
    """
    v, z = np.broadcast_arrays(v, z)
    first, second = softmax(v, temperature), softmax(z, temperature)
    p, one = first.probabilities, np.ones(())
    d = z - v
    error = (z - (d - (d - z))) - (v + (d - z))  # of d, exactly (Knuth 1969)
    error = np.where(np.isfinite(error), error, 0.0)
    place = first.top.argmax(axis=-1, keepdims=True)
    d_top, error_top, z_top = (np.take_along_axis(x, place, axis=-1) for x in (d, error, z))
    shift = ((d - d_top) + (error - error_top)) / temperature
    shift = np.where(first.top | (p == 0), 0.0, shift)
    c = shift - (p * shift).sum(axis=-1, keepdims=True)
    q_scaled = np.where(first.top, 1.0, np.exp((z - z_top) / temperature))
    q_scaled = q_scaled * (p * np.exp(c) * first.top).sum(axis=-1, keepdims=True)
    near = (np.abs(c) <= 1 / 2) & (p > 0)
    small, large = p * exp_gap(np.where(near, c, 0.0)), q_scaled - p - np.where(p > 0, p * c, 0.0)
    gaps = np.where(near, small, large)
    total = gaps.sum(axis=-1)
    far = second.cross_entropy(p, one) - first.cross_entropy(p, one)
    divergence = np.where(total <= 1, np.log1p(total), far)
    lost = np.isfinite(first.gaps) & np.isinf(second.gaps)
    divergence = np.where(lost.any(axis=-1), np.inf, divergence)
    log_ratio = c - divergence[..., None]
    near = (np.abs(log_ratio) <= 1 / 2) & (p > 0)
    difference = np.where(near, p * np.expm1(log_ratio), second.minus(p, one))
    return Comparison(p, c, difference, divergence)


def mixture(weight: float, first: Array, second: Array) -> Array:
    """Return (1 - w) first + w second; what has weight 0 does not count."""
    return np.asarray(
        ((1 - weight) * first if weight < 1 else 0.0) + (weight * second if weight > 0 else 0.0)
    )


def exp_gap(x: Array) -> Array:
    """Return exp(x) - 1 - x ≥ 0 entry by entry, also where x is small."""
    near = np.abs(x) <= 1 / 2
    return np.where(near, log_gap(np.expm1(np.where(near, x, 0.0))), np.expm1(x) - x)


# Normal laws.


def gaussian_line(shift: Array, s: Array, t: Array) -> Array:
    """Return KL(N(shift, s²) ‖ N(0, t²)): (shift² / t² + v - log(1 + v)) / 2, v = s²/t² - 1."""
    d = (s - t) / t
    v = d * (2 + d)
    near = (v >= -1 / 2) & (v <= 1)
    gap = np.where(near, log_gap(v), v + 2 * log_ratio(t, s))
    return np.asarray((np.square(shift / t) + gap) / 2)


def gaussian_space(shift: Array, p: Covariance, q: Covariance) -> Array:
    """Return the same in d dimensions."""
    d = shift.shape[-1]
    batch = np.broadcast_shapes(shift.shape[:-1], p.matrix.shape[:-2], q.matrix.shape[:-2])
    shift = np.broadcast_to(shift, (*batch, d))
    matrices = [np.broadcast_to(a, (*batch, d, d)) for a in (*p, *q)]
    result = np.empty(batch)
    for i in np.ndindex(batch):
        result[i] = _gaussian_space(shift[i], *(a[i] for a in matrices))
    return result


def _gaussian_space(m: Array, p: Array, p_factor: Array, q: Array, q_factor: Array) -> float:
    """Add the squared shift and the gaps v - log(1 + v) of the eigenvalues v of q⁻¹ p - 1."""

    def solve(b: Array) -> Array:
        return np.asarray(solve_triangular(q_factor, b, lower=True, check_finite=False))

    v = solve(solve(p - q).T)
    if np.linalg.norm(v) <= 1 / 2:
        gaps = log_gap(np.asarray(np.linalg.eigvalsh((v + v.T) / 2), dtype=np.float64))
    else:  # trace and determinant come from the triangular factor of q⁻¹ p
        s, t = np.diagonal(p_factor), np.diagonal(q_factor)
        gaps = 2 * gaussian_line(np.zeros(len(s)), s, t)
        gaps = gaps + np.square(np.tril(solve(p_factor), -1)).sum(axis=1)
    return float(np.square(solve(m)).sum() + gaps.sum()) / 2


# The terms of the relative entropy.


def relative_entropy_terms(p: Array, q: Array, d: Array) -> Array:
    """Return q - p + p log(p / q) ≥ 0 entry by entry, where d is q - p with all its digits."""
    arrays = np.atleast_1d(p, q, d)
    s, terms = _relative_entropy_factors(*arrays, *np.empty((3, *arrays[-1].shape)))
    return np.multiply(s, terms, out=terms).reshape(d.shape)


def _relative_entropy_factors(
    p: Array, q: Array, d: Array, s: Array, rest: Array, z: Array
) -> tuple[Array, Array]:
    """Return two factors of these terms, in the first two of three arrays to use.

    With δ = d / p the term is p (δ - log(1 + δ)). With s = d / (p + q) = δ / (2 + δ) the
    logarithm is 2 atanh(s), and the term is s (d - p s² (2/3 + 2s²/5 + 2s⁴/7 + …)).
    """
    np.add(p, q, out=s)
    np.divide(d, s, out=s)
    np.multiply(s, s, out=z)
    largest = z.item(z.argmax())
    far = None
    if not largest <= NEAR:  # so also if it is NaN, from p = q = 0
        far = np.nonzero(~(z <= NEAR))
        z[far] = 0.0
        largest = float(z.max())
    _polynomial(_SERIES[: 1 + bisect_left(_LIMITS, largest)], z, rest)
    rest *= p
    np.subtract(d, rest, out=rest)
    if far is not None:
        p, q = p[far], q[far]
        rest[far] = q - p + p * log_ratio(p, q)
        s[far] = 1.0
    return s, rest


def log_gap(x: Array) -> Array:
    """Return x - log(1 + x) ≥ 0 entry by entry, also where x is small."""
    return relative_entropy_terms(np.ones(x.shape), 1 + x, x)


def log_ratio(p: Array, q: Array, log: np.ufunc = np.log) -> Array:
    """Return log(p / q), also where p / q leaves the range of floats, and 0 where p = 0."""
    ratio = p / q
    odd = ((ratio < TINY) | np.isinf(ratio)) & (p > 0) & (q > 0)
    return np.where(p == 0, 0.0, np.where(odd, log(p) - log(q), log(ratio)))


def log_odds(p: Array, q: Array) -> Array:
    """Return log(p / q) entry by entry in [-∞, ∞], also near p = q, and 0 where p = q = 0."""
    p, q = np.broadcast_arrays(p, q)
    near = (q <= 2 * p) & (p <= 2 * q)
    logs = np.where(p > 0, np.where(q > 0, log_ratio(p, q), np.inf), -np.inf)
    return np.where(p == q, 0.0, np.where(near, np.log1p((p - q) / q), logs))


def share(p: Array, q: Array) -> Array:
    """Return p / (p + q) entry by entry, also where the sum is too large or has lost digits."""
    odds = np.where(p <= q, p, q) / np.where(p <= q, q, p)
    return np.where(p == q, 0.5, np.where(p <= q, odds, 1.0) / (1 + odds))


# Panels of rows and chunks of columns.

Formula = Callable[[Reals, Reals, Array, Array, Unit], Array]  # of p, q, Σ p, Σ q, unit


def _by_panels(formula: Formula, p: Law, q: Law, unit: Unit) -> Array:
    """Apply a formula to panels of rows; a panel is a chunk, or one row that is longer."""
    n = p.values.shape[-1]
    batch = p.total.shape
    if batch != q.total.shape:
        batch = np.broadcast_shapes(batch, q.total.shape)
        p, q = (
            Law(np.broadcast_to(a.values, (*batch, n)), np.broadcast_to(a.total, batch))
            for a in (p, q)
        )
    if not batch or p.values.size <= CHUNK:
        return formula(p.values, q.values, p.total, q.total, unit)
    a, b = (law.values.reshape(-1, n) for law in (p, q))
    sum_a, sum_b = (law.total.reshape(-1) for law in (p, q))
    result = np.empty(sum_a.shape)
    step = max(1, CHUNK // n)
    for i in range(0, result.size, step):
        rows = slice(i, i + step)
        result[rows] = formula(a[rows], b[rows], sum_a[rows], sum_b[rows], unit)
    return result.reshape(batch)


class _Space(threading.local):
    """Five arrays to work in, one set per thread: fresh memory would cost more than the sums.

    They start where a line of the cache does, which makes logarithms faster by some per cent.
    """

    def __init__(self) -> None:
        spare = LINE // 8
        memory = np.empty(5 * CHUNK + spare)
        start = -memory.__array_interface__["data"][0] % LINE // 8
        self.memory = memory[start : memory.size - spare + start].reshape(5, CHUNK)
        self.shape: tuple[int, ...] = ()
        self.arrays: list[Array] = []

    def of_shape(self, shape: tuple[int, ...], size: int) -> list[Array]:
        """Return the arrays in a shape; those of the last call, if it was the same."""
        if shape != self.shape:
            self.shape, self.arrays = shape, list(self.memory[:, :size].reshape(5, *shape))
        return self.arrays


_SPACE = _Space()


Chunk = tuple[int, Array, Array, list[Array]]


def _chunks(p: Reals, q: Reals) -> Iterable[Chunk]:
    """Return where each chunk starts, p and q there in double precision, and arrays to use."""
    n = p.shape[-1]
    if n > CHUNK:
        parts = (slice(i, i + CHUNK) for i in range(0, n, CHUNK))
        return (_chunk(p[..., x], q[..., x], x.start, same=p is q) for x in parts)
    return (_chunk(p, q, 0, same=p is q),)


def _pieces(p: Reals, q: Reals) -> Iterator[tuple[Array, Array]]:
    """Return p and q in double precision, for formulas that make many arrays of each piece."""
    size = 1 + CHUNK // 4
    for i in range(0, p.shape[-1], size):
        a, b = p[..., i : i + size], q[..., i : i + size]
        yield np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)


def _chunk(p: Reals, q: Reals, start: int, *, same: bool) -> Chunk:
    a = np.asarray(p, dtype=np.float64)
    b = a if same else np.asarray(q, dtype=np.float64)
    return start, a, b, _SPACE.of_shape(a.shape, a.size)


def _sum(terms: Array) -> Array:
    """Return the sums over the outcomes."""
    n = terms.shape[-1]
    return _dot(terms, ONES[:n]) if n <= SHORT else np.asarray(np.add.reduce(terms, -1))[()]


def _any(flags: NDArray[np.bool_] | np.bool_) -> bool:
    """Return whether a flag is set; a single one is common, and faster this way."""
    return bool(flags.any() if flags.ndim else flags)


def _all(flags: NDArray[np.bool_] | np.bool_) -> bool:
    return bool(flags.all() if flags.ndim else flags)


# Cross-entropy.


def _cross_entropy(p: Reals, q: Reals, sum_p: Array, sum_q: Array, unit: Unit) -> Array:
    total = NOTHING
    for _, a, b, (terms, *_) in _chunks(p, q):
        total = total + _sum_p_log(a, b, unit.log, terms)
    result: Array = (unit.log(sum_q) - total / sum_p) / unit.scale
    small = result * unit.nats < 1 / 2  # so one q may be near 1, and log Q spoils its logarithm
    if _any(small):
        result = np.where(small, _small_cross_entropy(p, q, sum_p, sum_q) / unit.nats, result)
    return result


def _small_cross_entropy(p: Reals, q: Reals, sum_p: Array, sum_q: Array) -> Array:
    """Take -log q of the likeliest outcome from the sum of the others."""
    top = q.argmax(axis=-1, keepdims=True)
    p_rest = q_rest = total = np.zeros(sum_p.shape)
    for start, a, b, (x, y, terms, *_) in _chunks(p, q):
        is_top = np.arange(start, start + a.shape[-1]) == top
        np.copyto(x, a)
        np.copyto(y, b)
        x[is_top] = y[is_top] = 0.0
        p_rest = p_rest + _sum(x)
        q_rest = q_rest + _sum(y)
        y[is_top] = 1.0
        total = total + _sum_p_log(x, y, np.log, terms)
    p_top, q_top = (np.take_along_axis(a, top, axis=-1)[..., 0].astype(np.float64) for a in (p, q))
    nats = p_top * np.log1p(q_rest / q_top) + p_rest * np.log(sum_q) - total
    return np.asarray(nats / sum_p)


def _sum_p_log(p: Array, x: Array, log: np.ufunc, terms: Array) -> Array:
    """Return Σ p log x, with 0 log 0 = 0."""
    log(x, out=terms)
    total = _dot(p, terms)
    if _any(total != total):  # noqa: PLR0124 - the fastest way to see NaN, from log 0
        terms[p == 0] = 0.0
        total = _dot(p, terms)
    return total


def _dot(x: Array, y: Array) -> Array:
    """Return Σ x y over the outcomes: short products, whose sums are then added in pairs."""
    n = x.shape[-1]
    if n <= SHORT:
        total: Array = x.dot(y) if x.ndim == 1 else np.vecdot(x, y)
        return total
    if n % SHORT:
        whole = n - n % SHORT
        return _dot(x[..., :whole], y[..., :whole]) + _dot(x[..., whole:], y[..., whole:])
    blocks = (*x.shape[:-1], -1, SHORT)
    return _sum(np.vecdot(x.reshape(blocks), y.reshape(blocks)))


# Relative entropy.


def _relative_entropy(p: Reals, q: Reals, sum_p: Array, sum_q: Array, unit: Unit) -> Array:
    if _seems_near(p, q):
        return _small_relative_entropy(p, q, sum_p, sum_q) / unit.nats
    if _seems_middle(p, q):
        return _middle_relative_entropy(p, q, sum_p, sum_q) / unit.nats
    total = NOTHING
    for _, a, b, (terms, *_) in _chunks(p, q):
        np.divide(a, b, out=terms)
        part = _sum_p_log(a, terms, unit.log, terms)
        if _any(abs(part) == np.inf):  # p / q is too large, or q = 0
            part = _sum(a * log_ratio(a, b, unit.log))
        total = total + part
    result: Array = total / sum_p / unit.scale
    result = result + np.log1p((sum_q - sum_p) / sum_p) / unit.nats
    small = result * unit.nats < 1 / 2  # so terms of both signs may have cancelled
    if _any(small):
        middle = small & (result * unit.nats >= MIDDLE)
        takes_logs = p.shape[-1] >= LONG and _any(middle)
        sums_of_one_sign = _middle_relative_entropy if takes_logs else _small_relative_entropy
        sums = sums_of_one_sign(p, q, sum_p, sum_q) / unit.nats
        result = np.where(small, sums, result) if small.ndim else sums
    return result


def _seems_near(p: Reals, q: Reals) -> bool:
    """Return whether p and q differ by at most 1/8 of q at some outcomes."""
    last = p.size - 1
    for i in range(8):
        a, b = p.item(i * last // 7), q.item(i * last // 7)
        if not 7 * b <= 8 * a <= 9 * b:
            return False
    return True


def _seems_middle(p: Reals, q: Reals) -> bool:
    """Return whether the divergence is below 1/2 if the first of many outcomes are like all."""
    if p.shape[-1] <= 4 * SHORT:
        return False
    head = np.asarray(p[..., :SHORT], dtype=np.float64)
    return _all(_sum_log_terms(head, q[..., :SHORT]) < _sum(head) / 2)


def _middle_relative_entropy(p: Reals, q: Reals, sum_p: Array, sum_q: Array) -> Array:
    """Sum terms of one sign with a logarithm in each, or by a series where the sum is small."""
    r = (sum_q - sum_p) / sum_p  # so small that r - log(1 + r) need not have all its digits
    result: Array = _sum_log_terms(p, q) / sum_p - (r - np.log1p(r))
    small = result < MIDDLE
    if _any(small):
        sums = _small_relative_entropy(p, q, sum_p, sum_q)
        result = np.where(small, sums, result) if small.ndim else sums
    return result


def _sum_log_terms(p: Reals, q: Reals) -> Array:
    """Return Σ q - p + p log(p / q), whose terms are ≥ 0, with the logarithm of 1 + (p - q) / q.

    This logarithm has all its digits where p and q are close, so that the error is a few
    roundings of Σ |p - q|.
    """
    total: Array = NOTHING
    for _, a, b, (d, terms, *_) in _chunks(p, q):
        np.subtract(a, b, out=d)
        np.log1p(np.divide(d, b, out=terms), out=terms)
        np.subtract(np.multiply(terms, a, out=terms), d, out=terms)
        part = _sum(terms)
        if not _all(np.isfinite(part)):  # p = 0, or p / q is too large
            odd = np.nonzero(~np.isfinite(terms))
            x, y = a[odd], b[odd]
            terms[odd] = y - x + x * log_ratio(x, y)
            part = _sum(terms)
        total = total + part
    return total


def _small_relative_entropy(p: Reals, q: Reals, sum_p: Array, sum_q: Array) -> Array:
    """Sum terms of one sign. They are q - p + p log(p / q) if the sums of p and q are equal.

    If q has the sum (1 + r) Σ p, the mean of the terms is too large by r - log(1 + r), about
    r²/2. Where this is more than a small part of it, the terms are those of q / (1 + r). The
    sums that are known give r but for their rounding.
    """
    result = _sum_terms(p, q, NOTHING) / sum_p
    rounding = ROUNDING * (4 + math.sqrt(p.shape[-1]))  # signs of errors are random
    largest = abs((sum_q - sum_p) / sum_p) + rounding
    if _any(largest * largest > UNSEEN * result):
        r = _excess(p, q) / sum_p
        gap = log_gap(r)
        if _any(gap > result / 16):
            return _sum_nearly_multiples(p, q, r[..., None], sum_p)
        result = result - gap
    return result


def _sum_nearly_multiples(p: Reals, q: Reals, r: Array, sum_p: Array) -> Array:
    """Return the mean of the terms for p and q / (1 + r), which differ by little more than r.

    So q - p is nearly r p, and their difference has all its digits only if the product and r
    itself have more of them than floats: r is the given number and a second, much smaller one.
    What is then left of a difference may be rounding, as if one law is a multiple of the other.
    """

    def difference(a: Array, b: Array) -> Array:
        product = a * r
        return (b - a - product) - product_error(a, r, product)

    excess = total = NOTHING
    for a, b in _pieces(p, q):
        excess = excess + _sum(difference(a, b))
    rest = np.asarray(excess / sum_p)[..., None]
    for a, b in _pieces(p, q):
        d = difference(a, b) - a * rest
        d[np.abs(d) <= ROUNDED * np.abs(a * rest)] = 0.0
        total = total + _sum(relative_entropy_terms(a, b / (1 + r), d / (1 + r)))
    return np.asarray(total / sum_p)


def _excess(p: Reals, q: Reals) -> Array:
    """Return Σ (q - p), with more digits than the difference of the sums."""
    excess: Array = NOTHING
    for _, a, b, (d, *_) in _chunks(p, q):
        excess = excess + _sum(np.subtract(b, a, out=d))
    return excess


def _share_of_excess(p: Reals, q: Reals, sum_p: Array) -> Array:
    """Return r, by which the sum of q is (1 + r) Σ p, with an axis for the outcomes."""
    return np.asarray(_excess(p, q) / sum_p)[..., None]


def _sum_terms(p: Reals, q: Reals, r: Array | np.float64) -> Array:
    """Return the sum of the terms for p and q / (1 + r)."""
    total: Array = NOTHING
    for _, a, b, (d, x, y, z, out) in _chunks(p, q):
        scaled = _scaled(a, b, r, d, x, out)
        total = total + _dot(*_relative_entropy_factors(a, scaled, d, x, y, z))
    return total


def _scaled(p: Array, q: Array, r: Array | np.float64, d: Array, work: Array, out: Array) -> Array:
    """Return q / (1 + r), which has the sum of p; write its excess over p into d.

    The result is q itself or in `out`.
    """
    np.subtract(q, p, out=d)
    if _any(r != 0):
        d -= np.multiply(p, r, out=work)
        scale = 1 + r
        if _any(scale != 1):
            d /= scale
            return np.divide(q, scale, out=out)
    return q


# Rényi divergences.


def _ratios(p: Array, q: Array, r: Array) -> tuple[Array, Array, Array]:
    """Return q / (1 + r), which has the sum of p, less p, and log(q / p), with all digits."""
    d, work, out = np.empty((3, *p.shape))
    near = np.log1p(((q - p) / p - r) / (1 + r))
    far = -log_ratio(p, q) - np.log1p(r)
    q = _scaled(p, q, r, d, work, out)
    return q, d, np.where(np.abs(near) <= 1 / 2, near, far)


def _largest_log_ratio(p: Reals, q: Reals, sum_p: Array, _: Array, unit: Unit) -> Array:
    r = _share_of_excess(p, q, sum_p)
    least: Array = np.full(sum_p.shape, np.inf)
    for a, b in _pieces(p, q):
        logs = np.where(a > 0, _ratios(a, b, r)[2], np.inf)
        least = np.minimum(least, logs.min(axis=-1))
    return np.asarray(-least / unit.nats)


def _renyi(
    c: float, divisor: float, p: Reals, q: Reals, sum_p: Array, _: Array, unit: Unit
) -> Array:
    """Return -log(Σ p (q/p)^c) / divisor for c ≤ 1/2."""
    r = _share_of_excess(p, q, sum_p)
    total = NOTHING
    for a, b in _pieces(p, q):
        total = total + _sum(_renyi_terms(c, a, *_ratios(a, b, r)))
    total = total / sum_p
    log_sum = np.log1p(-total)
    far = ~(np.abs(total) <= 1 / 2)
    if _any(far):
        log_sum = np.where(far, _log_sum(c, p, q, sum_p, r), log_sum)
    return np.asarray(-log_sum / (divisor * unit.nats))


def _renyi_terms(c: float, p: Array, q: Array, d: Array, logs: Array) -> Array:
    """Return the terms z whose sum is by as much below 1 as that of p (q/p)^c.

    They are p (c δ - y) with δ = q/p - 1, y = (q/p)^c - 1, and have the sign of c. Near δ = 0,
    z = p (c gap(δ) - gap(y)) has all its digits, with gap(x) = x - log(1 + x). Where |c| is
    large, y may be so near to -1 that 1 + y has none; its logarithm is known.
    """
    y = np.where((q == 0) & (c >= 0), -1.0, np.expm1(c * logs))
    near = (d >= -p / 2) & (d <= p) & (p > 0)
    gap = np.where(y < -1 / 2, y - c * logs, log_gap(y))
    gaps = c * relative_entropy_terms(p, q, d) - p * gap
    return np.where(near, gaps, c * d - p * y)


def _log_sum(c: float, p: Reals, q: Reals, sum_p: Array, r: Array) -> Array:
    """Return log(Σ p (q/p)^c), also where the sum is near 0 or too large for a float.

    Powers are taken relative to the largest so far, so that there is always one that is 1.
    """
    top, total = np.full(sum_p.shape, -np.inf), np.zeros(sum_p.shape)
    for a, b in _pieces(p, q):
        scaled, _, logs = _ratios(a, b, r)
        counts = (a > 0) & ((scaled > 0) | (c < 0))
        sums = np.broadcast_to(sum_p[..., None], a.shape)
        x = np.where(counts, log_ratio(a, sums) + c * logs, -np.inf)
        largest = np.maximum(top, x.max(axis=-1))
        total = total * np.exp(_less(top, largest))
        total = total + _sum(np.exp(_less(x, largest[..., None])))
        top = largest
    return np.asarray(top + np.log(total))


def _less(x: Array, y: Array) -> Array:
    """Return x - y, and 0 also where both are the same infinity."""
    return np.where(x == y, 0.0, x - y)


# Jensen-Shannon divergences.


def _jensen_shannon(p: Reals, q: Reals, sum_p: Array, sum_q: Array, unit: Unit) -> Array:
    """Sum p log(p / m) + q log(q / m) for (1 + r) p, which has the sum of q, and q.

    The sums that are known give r but for their rounding. That is enough unless the rest is
    more than rounding, or its square more than a small part of the result.
    """
    r = (sum_q - sum_p) / sum_p
    r = r * (abs(r) > ROUNDED)
    result, rest = _sum_jensen_shannon(p, q, r, sum_p, unit)
    odd = (abs(rest) > ROUNDED) | (rest * rest > UNSEEN * result * unit.nats)
    if _any(odd):
        result, _ = _sum_jensen_shannon(p, q, r + rest, sum_p, unit)
    return result


def _sum_jensen_shannon(
    p: Reals, q: Reals, r: Array, sum_p: Array, unit: Unit
) -> tuple[Array, Array]:
    """Return the divergence of (1 + r) p and q, and the excess of the sum of q in units of Σ p."""
    total = excess = NOTHING
    for _, a, b, (x, d, *work) in _chunks(p, q):
        scaled = a
        np.subtract(b, a, out=d)
        if _any(r != 0):
            scaled = np.multiply(a, r[..., None], out=x)
            np.subtract(d, scaled, out=d)
            np.add(scaled, a, out=scaled)
        part = _sum(d)
        excess = excess + part
        mass = sum_p if a.shape == p.shape else _sum(b) - part / 2
        total = total + _sum_mixture_terms(scaled, b, d, mass, unit, work)
    return total / (sum_p * (1 + r)) / 2, excess / sum_p


def _sum_mixture_terms(
    p: Array, q: Array, d: Array, mass: Array, unit: Unit, work: Sequence[Array]
) -> Array:
    """Return Σ p log(p / m) + q log(q / m), where d is q - p with all its digits; d is overwritten.

    The mass is about Σ m.

    With t = d / (p + q) a term is m (2 t atanh(t) + log(1 - t²)), which has all its digits
    unless t² is near 1. The logarithms themselves have them if the sum is large. If t² is
    small, the term is m (t² + t⁴/6 + t⁶/15 + …).
    """
    s, t, z = work
    np.add(p, q, out=s)
    if not _seems_near(p, q):
        m = np.multiply(s, HALF, out=t)
        total = _sum_p_log(p, np.divide(p, m, out=z), unit.log, z)
        total = (total + _sum_p_log(q, np.divide(q, m, out=z), unit.log, z)) / unit.scale
        large = (total * unit.nats >= mass / 6) & (total < np.inf)
        if _all(large):
            return total
    np.divide(d, s, out=t)
    np.multiply(t, t, out=z)
    largest = z.item(z.argmax())
    if largest <= NEAR:
        rest = _polynomial(_MIXTURE_SERIES[: 2 + bisect_left(_LIMITS, largest)], z, d)
        return _dot(rest, s) / 2 / unit.nats
    far = z > 1 / 2
    t[far] = z[far] = 0.0
    t[s == 0] = z[s == 0] = 0.0
    np.negative(z, out=z)
    np.log1p(z, out=z)
    np.arctanh(t, out=d)
    d *= t
    d += d
    z += d
    z *= s
    p, q, s = p[far], q[far], s[far]
    z[far] = 2 * (p * log_ratio(2 * p, s) + q * log_ratio(2 * q, s))
    return _sum(z) / 2 / unit.nats


def _polynomial(coefficients: Sequence[Array], z: Array, out: Array) -> Array:
    """Return the polynomial in z with these coefficients, from that of z on."""
    *others, last = coefficients
    np.multiply(z, last, out=out)
    for coefficient in reversed(others):
        out += coefficient
        out *= z
    return out


def jensen_shannon_of_many(laws: Sequence[Law], shares: Mapping[int, float], unit: Unit) -> Array:
    """Return Σ w_i Σ p_i log(p_i / m), with m = Σ w_i p_i, for weights > 0 of sum 1.

    Each inner sum has terms of one sign, m - p_i + p_i log(p_i / m). The differences m - p_i
    are sums of differences from the law of largest weight, all of which have the same sum.
    """
    batch = np.broadcast_shapes(*(law.total.shape for law in laws))
    n = laws[0].values.shape[-1]
    rows = [np.broadcast_to(laws[i].values, (*batch, n)).reshape(-1, n) for i in shares]
    weights = list(shares.values())
    top = max(range(len(weights)), key=weights.__getitem__)
    result = np.empty(rows[0].shape[0])
    step = max(1, CHUNK // n)
    for i in range(0, result.size, step):
        result[i : i + step] = _mixture_of_many([a[i : i + step] for a in rows], weights, top)
    return np.asarray(result.reshape(batch) / unit.nats)


def _mixture_of_many(rows: Sequence[Reals], weights: Sequence[float], top: int) -> Array:
    excess = [np.zeros(len(rows[0])) for _ in rows]
    total, sum_p = np.zeros((2, len(rows[0])))
    size = 1 + CHUNK // (2 * len(rows))  # there are several arrays of each law
    columns = [slice(j, j + size) for j in range(0, rows[0].shape[-1], size)]
    for j in columns:
        parts = [np.asarray(a[:, j], dtype=np.float64) for a in rows]
        sum_p += _sum(parts[top])
        excess = [e + _sum(a - parts[top]) for e, a in zip(excess, parts, strict=True)]
    for j in columns:
        parts = [np.asarray(a[:, j], dtype=np.float64) for a in rows]
        total += _sum_of_mixture(parts, [e / sum_p for e in excess], weights, top)
    return np.asarray(total / sum_p)


def _sum_of_mixture(
    parts: Sequence[Array], excess: Sequence[Array], weights: Sequence[float], top: int
) -> Array:
    """Return Σ w Σ p log(p / m) for laws p / (1 + r), where r is their excess over the top one."""
    total = np.zeros(parts[0].shape[:-1])
    scaled, differences = [], []
    for a, r in zip(parts, excess, strict=True):
        d, work, out = np.empty((3, *a.shape))
        scaled.append(_scaled(parts[top], a, r[..., None], d, work, out))
        differences.append(d)
    mean = sum((w * d for w, d in zip(weights, differences, strict=True)), np.zeros(1))
    m = sum((w * a for w, a in zip(weights, scaled, strict=True)), np.zeros(1))
    for w, a, d in zip(weights, scaled, differences, strict=True):
        terms = relative_entropy_terms(a, m, mean - d)
        total += w * _sum(np.where(m > 0, terms, 0.0))  # a product may be too small
    return total


# Sums of functions of the difference of two laws.

Terms = Callable[[Array, Array, Array], None]  # of p, q and q - p, written over the latter


def _total_variation(p: Reals, q: Reals, sum_p: Array, sum_q: Array, unit: Unit) -> Array:
    """Sum |p - q| / 2. Of laws that are far apart, the sum of what they share is better known.

    So it is 1 for laws that share nothing, and never more.
    """
    result = _by_difference(_absolute, p, q, sum_p, sum_q, unit) / 2
    far = result > 1 / 2
    if _any(far):
        result = np.where(far, 1 - _sum_of(np.minimum, p, q, sum_p, sum_q, unit), result)
    return result


def _hellinger(p: Reals, q: Reals, sum_p: Array, sum_q: Array, unit: Unit) -> Array:
    """Take the root of the sum of (√p - √q)², or of 2 - 2 Σ √(p q) for laws far apart."""
    squares = _by_difference(_difference_of_roots, p, q, sum_p, sum_q, unit)
    result: Array = np.sqrt(squares) / RAISED
    far = result > 1
    if _any(far):
        shared = _sum_of(lambda x, y: np.sqrt(x) * np.sqrt(y), p, q, sum_p, sum_q, unit)
        result = np.where(far, np.sqrt(2 * (1 - shared)), result)
    return result


def _by_difference(
    terms: Terms, p: Reals, q: Reals, sum_p: Array, sum_q: Array, unit: Unit
) -> Array:
    """Return Σ terms / Σ p for p and q / (1 + r), which has the sum of p."""
    del sum_q, unit  # r has more digits, and what is summed has no unit
    r = _share_of_excess(p, q, sum_p)
    return np.asarray(_sum_of_differences(terms, p, q, r) / sum_p)


def _sum_of_differences(terms: Terms, p: Reals, q: Reals, r: Array) -> Array:
    """Return Σ terms for p and q / (1 + r)."""
    total = np.zeros(p.shape[:-1])
    for _, a, b, (d, work, out, *_) in _chunks(p, q):
        terms(a, _scaled(a, b, r, d, work, out), d)
        total = total + _sum(d)
    return total


def _absolute(_: Array, __: Array, d: Array) -> None:
    np.abs(d, out=d)


def _difference_of_roots(p: Array, q: Array, d: Array) -> None:
    """Write RAISED² (√q - √p)², with √q - √p = (q - p) / (√p + √q)."""
    np.divide(d, np.maximum(np.sqrt(p) + np.sqrt(q), 5e-324), out=d)
    d *= RAISED
    np.square(d, out=d)


def _chi_square(_: Array, q: Array, d: Array) -> None:
    """Write d² / q, also where d / q or d² leaves the range of floats."""
    terms = d * (d / q)
    terms[d == 0] = 0.0
    odd = np.isinf(terms) & (q > 0)
    if odd.any():
        terms[odd] = d[odd] * d[odd] / q[odd]
    d[...] = terms


def _midpoint(p: Array, q: Array, d: Array) -> None:
    """Write q - m + m log(m / q) with m = (p + q) / 2, so that q - m = d / 2."""
    d /= 2
    d[...] = relative_entropy_terms(p / 2 + q / 2, q, d)


def _f_divergence(
    function: Callable[[Reals], Reals],
    at_zero: float,
    slope: float,
    p: Reals,
    q: Reals,
    sum_p: Array,
    sum_q: Array,
    unit: Unit,
) -> Array:
    del unit  # what is summed has none
    regular = only_p = only_q = np.zeros(sum_p.shape)
    for a, b in _pieces(p, q):
        x, y = a / sum_p[..., None], b / sum_q[..., None]
        both = (a > 0) & (b > 0)
        terms = np.zeros(a.shape)
        terms[both] = _perspective(function, x[both], y[both])
        regular = regular + _sum(terms)
        only_p = only_p + _sum(np.where(b == 0, x, 0.0))
        only_q = only_q + _sum(np.where(a == 0, y, 0.0))
    regular = np.maximum(regular, 0.0)  # rounding may leave a tiny negative number
    singular = np.where(only_p > 0, slope * only_p, 0.0)
    return np.asarray(regular + np.where(only_q > 0, at_zero * only_q, 0.0) + singular)


def _sum_of(
    terms: Callable[[Array, Array], Array],
    p: Reals,
    q: Reals,
    sum_p: Array,
    sum_q: Array,
    unit: Unit,
) -> Array:
    del unit  # what is summed has none
    total: Array = NOTHING
    for a, b in _pieces(p, q):
        total = total + _sum(terms(a / sum_p[..., None], b / sum_q[..., None]))
    return total


def _perspective(function: Callable[[Reals], Reals], p: Array, q: Array) -> Array:
    """Return q f(p / q), also where p / q or f(p / q) leaves the range of floats."""
    ratio = p / q
    odd = (ratio > RAISED) | (ratio < TINY)
    if not odd.any():
        return np.asarray(q * function(ratio))
    terms = q * function(np.where(odd, 1.0, ratio))
    p, q = p[odd].astype(np.longdouble), q[odd]
    terms[odd] = q * function(p / q)
    return np.asarray(terms)


# Parts of laws that are not in one memory. What they return is added up by the caller.


def _by_parts(formula: Callable[..., Array], arrays: Sequence[Reals], *others: Array) -> Array:
    """Add up a formula over chunks of columns, for panels of rows.

    The others have one entry for each row.
    """
    *batch, n = arrays[0].shape
    count = math.prod(batch)
    rows, more = [a.reshape(count, n) for a in arrays], [a.reshape(count) for a in others]
    result = np.zeros(count)
    step = max(1, CHUNK // max(n, 1))
    for i in range(0, count, step):
        some = slice(i, i + step)
        for j in range(0, n, CHUNK):
            panel = [np.asarray(a[some, j : j + CHUNK], dtype=np.float64) for a in rows]
            result[some] += formula(*panel, *(a[some] for a in more))
    return result.reshape(batch)


def excess_of_part(p: Reals, q: Reals) -> Array:
    """Return Σ (q - p) over some outcomes."""
    return _by_parts(_excess, [p, q])


def relative_entropy_of_part(p: Reals, q: Reals, r: Array) -> Array:
    """Return Σ q' - p + p log(p / q') over some outcomes, with q' = q / (1 + r)."""
    return _by_parts(lambda a, b, c: _sum_terms(a, b, c[:, None]), [p, q], r)


def total_variation_of_part(p: Reals, q: Reals, r: Array) -> Array:
    """Return Σ |p - q'| over some outcomes, with q' = q / (1 + r)."""
    formula = functools.partial(_sum_of_differences, _absolute)
    return _by_parts(lambda a, b, c: formula(a, b, c[:, None]), [p, q], r)


def jensen_shannon_of_part(
    laws: Sequence[Reals], excess: Sequence[Array], weights: Sequence[float], top: int
) -> Array:
    """Return Σ w (m - p' + p' log(p' / m)) over some outcomes and all laws p' = p / (1 + r)."""
    count = len(laws)

    def formula(*panels: Array) -> Array:
        return _sum_of_mixture(panels[:count], panels[count:], weights, top)

    return _by_parts(formula, laws, *excess)


# A law has at most one outcome above 1/2. Its information content is known best from the sum
# of all others, so it is kept apart.


def mass_of_part(p: Reals, *, above_half: bool) -> Array:
    """Return Σ p over the outcomes above 1/2, or over the others."""
    return _by_parts(lambda a: _sum(np.where((a > 1 / 2) == above_half, a, 0.0)), [p])


def information_of_part(p: Reals) -> Array:
    """Return Σ -p log p over the outcomes of at most 1/2."""

    def information(a: Array) -> Array:
        x = np.where(a > 1 / 2, 0.0, a)
        return -_sum_p_log(x, x, np.log, np.empty(x.shape))

    return _by_parts(information, [p])


def area_of_part(p: Reals, q: Reals, gaps: Array, r: Array, below: Reals) -> Array:
    """Return Σ |F_q' - F_p| (next point - point) over some points, with q' = q / (1 + r).

    F_q' - F_p is `below` just before the first of them. Running sums are taken in a wider
    float where the platform has one.
    """
    total, height = np.zeros(p.shape[:-1]), below[..., None]
    for i in range(0, p.shape[-1], CHUNK):
        a, b = (np.asarray(x[..., i : i + CHUNK], dtype=np.float64) for x in (p, q))
        d, work, out = np.empty((3, *a.shape))
        _scaled(a, b, r[..., None], d, work, out)
        heights = height + np.cumsum(d, axis=-1, dtype=np.longdouble)
        total += np.abs(heights) @ gaps[i : i + CHUNK]
        height = heights[..., -1:]
    return total
