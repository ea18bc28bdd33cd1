"""Sums over points with signed weights, and norms of matrices, without loss of digits.

The difference of two laws on points is one signed measure. Equal points are merged first, so
that equal laws give exactly 0 and nearly equal weights lose no digits. The weights of the two
samples are brought to one denominator before they are subtracted: for samples without weights
the numerators are whole numbers, and their sums are exact.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from refimpl._checks import Array, Law, Reals, Weighted

BLOCK = 2**18  # entries of a matrix of pairs that are in memory at a time
TINY_SHIFT = 1e-8  # below it, the next term of a series in squares is below rounding

Kernel = Callable[[Array, Array], Array]


class Signed(NamedTuple):
    """The difference of two laws: `mass / unit` at different `points`, sorted on the line."""

    points: Array
    mass: Array
    unit: float


def difference(x: Weighted, y: Weighted) -> Signed:
    """Return the law of x less the law of y."""
    both = np.concatenate([x.points, y.points])
    axis = None if both.ndim == 1 else 0
    points, place = np.unique(both, axis=axis, return_inverse=True)
    place = place.ravel()
    n, count = len(x.points), len(points)
    first = y.total * np.bincount(place[:n], weights=x.weights, minlength=count)
    second = x.total * np.bincount(place[n:], weights=y.weights, minlength=count)
    mass = _balanced(first, second)
    kept = mass != 0
    return Signed(points[kept], mass[kept], x.total * y.total)


def difference_of_laws(p: Law, q: Law) -> Array:
    """Return p less q, for laws on the same outcomes."""
    p_total, q_total = p.total[..., None], q.total[..., None]
    return _balanced(p.values * q_total, q.values * p_total) / (p_total * q_total)


def _balanced(first: Reals, second: Reals) -> Array:
    """Return a difference whose sum is 0: the largest entries have the largest rounding error."""
    mass = np.asarray(first - second, dtype=np.float64)
    largest = (first + second).argmax(axis=-1)[..., None]
    rest = np.take_along_axis(mass, largest, -1) - mass.sum(axis=-1, keepdims=True)
    np.put_along_axis(mass, largest, rest, -1)
    return mass


def mean_difference(x: Weighted, y: Weighted) -> float:
    """Return the mean of the values x less the mean of the values y."""
    signed = difference(x, y)
    return float(signed.points @ signed.mass / signed.unit)


def steps(signed: Signed) -> tuple[Array, Array]:
    """Return the gaps between points on the line and the difference of the laws below each gap.

    The mass below a gap is minus the mass above it. The end with less mass is summed, so that
    small masses at either end keep their digits.
    """
    below = np.cumsum(signed.mass)[:-1]
    above = np.cumsum(signed.mass[::-1])[-2::-1]
    size = np.cumsum(np.abs(signed.mass))
    lower = size[:-1] <= size[-1:] / 2
    return np.diff(signed.points), np.where(lower, below, -above) / signed.unit


# Pairs of points.


def rows(count: int, width: int) -> Iterator[slice]:
    """Yield blocks of the rows of a matrix of pairs."""
    size = max(1, BLOCK // max(width, 1))
    for start in range(0, count, size):
        yield slice(start, start + size)


def quadratic_form(signed: Signed, kernel: Kernel) -> tuple[float, float]:
    """Return the sum of mass · kernel · mass over all pairs, and that of the absolute values."""
    total, size, n = 0.0, 0.0, len(signed.points)
    for block in rows(n, n):
        values = kernel(signed.points[block], signed.points)
        total += float(signed.mass[block] @ (values @ signed.mass))
        size += float(np.abs(signed.mass[block]) @ (np.abs(values) @ np.abs(signed.mass)))
    return total / signed.unit**2, size / signed.unit**2


def matrix_form(mass: Array, matrix: Array) -> tuple[float, float]:
    """Return the same for a matrix."""
    size = np.abs(mass)
    return float(mass @ matrix @ mass), float(size @ np.abs(matrix) @ size)


def mean_of_pairs(x: Array, y: Array, kernel: Kernel) -> float:
    """Return the mean of a kernel over the pairs of x and y."""
    blocks = rows(len(x), len(y))
    return sum(float(kernel(x[block], y).sum()) for block in blocks) / (len(x) * len(y))


def mean_of_different(x: Array, kernel: Kernel) -> float:
    """Return the mean of a kernel over the pairs of different entries of x."""
    total, n = 0.0, len(x)
    for block in rows(n, n):
        values = kernel(x[block], x)
        total += float(values.sum()) - float(np.trace(values, offset=block.start))
    return total / (n * (n - 1))


def distance(x: Array, y: Array) -> Array:
    """Return the Euclidean distances of two lists of points."""
    if x.ndim == 1:
        return np.abs(x[:, None] - y)
    return cdist(x, y)


def gaussian(bandwidth: float) -> Kernel:
    """Return the Gaussian kernel less 1, which keeps its digits for close points."""
    return lambda x, y: np.expm1(-np.square(distance(x, y) / bandwidth) / 2)


def laplace(bandwidth: float) -> Kernel:
    """Return the Laplace kernel less 1."""
    return lambda x, y: np.expm1(-distance(x, y) / bandwidth)


def slopes(rise: Array, run: Array) -> Array:
    """Return rise / run; where the run is 0, infinity or, if the rise is 0 too, 0."""
    return np.divide(rise, run, out=np.where(rise > 0, np.inf, 0.0), where=run > 0)


def steepest(values: Array, distances: Array) -> float:
    """Return the largest slope between two points, from the matrix of their distances."""
    return float(slopes(np.abs(values[:, None] - values), distances).max())


def steepest_between(values: Array, points: Array) -> float:
    """Return the largest slope between two points; on the line neighbours are enough."""
    if points.size == len(points):
        line = points.ravel()
        order = np.lexsort([values, line])
        line, values = line[order], values[order]
        return float(slopes(np.abs(np.diff(values)), np.diff(line)).max(initial=0.0))
    largest = 0.0
    for block in rows(len(points), len(points)):
        rise = np.abs(values[block, None] - values)
        largest = max(largest, float(slopes(rise, cdist(points[block], points)).max()))
    return largest


def mmd_of_normals(shift: Array, s: Array, t: Array) -> Array:
    """Return the maximum mean discrepancy of normal laws for the Gaussian kernel of width 1.

    Its square is 1 / √(1 + 2s²) + 1 / √(1 + 2t²) - 2 exp(-shift² / 2c²) / c with the root
    c = √(1 + s² + t²). Nearly equal laws need a form in which no terms cancel, and roots whose
    squares may be no floats.
    """
    c = np.hypot(np.hypot(1, s), t)
    h = ((s - t) / c) * ((s + t) / c)
    far = 1 / np.hypot(1, math.sqrt(2) * s) + 1 / np.hypot(1, math.sqrt(2) * t) - 2 / c
    mean, half = -np.log1p(-np.square(h)) / 4, np.arctanh(h) / 4
    near = 2 * (np.expm1(mean) * np.cosh(2 * half) + 2 * np.square(np.sinh(half))) / c
    widths = np.sqrt(np.where(np.abs(h) < 0.5, near, far))
    z = np.abs(shift / c)
    shifts = np.sqrt(-2 * np.expm1(-np.square(z) / 2) / c)
    widths = np.where(np.abs(h) < TINY_SHIFT, np.abs(h) * np.sqrt(0.75 / c), widths)
    shifts = np.where(z < TINY_SHIFT, z / np.sqrt(c), shifts)
    return np.hypot(widths, shifts)


# Matrices and vectors.


def row_norms(vectors: Array) -> Array:
    """Return the Euclidean norms of rows; on the line the absolute values."""
    return np.abs(vectors) if vectors.ndim == 1 else np.linalg.norm(vectors, axis=1)


def _scaled(matrix: Array) -> tuple[Array, float]:
    """Divide a matrix by a power of two, so that its squares neither vanish nor overflow."""
    largest = float(np.abs(matrix).max())
    scale = float(2.0 ** min(np.frexp(largest)[1], 1023))
    return matrix / scale, scale


def largest_singular_value(matrix: Array) -> float:
    """Return the largest singular value."""
    scaled, scale = _scaled(matrix)
    return float(np.linalg.norm(scaled, 2)) * scale


def root_sum_of_squares(matrix: Array) -> float:
    """Return the Frobenius norm."""
    scaled, scale = _scaled(matrix)
    return float(np.linalg.norm(scaled)) * scale


def product(factors: list[float]) -> float:
    """Return the product of numbers ≥ 0, also where a part of it is no float."""
    if 0.0 in factors:
        return 0.0
    mantissas, exponents = np.frexp(factors)
    return float(np.ldexp(mantissas.prod(), exponents.sum()))


def power_iteration(matrix: Array, vector: Array, count: int) -> float:
    """Return the norm after steps v ← Wᵀu / ‖Wᵀu‖ with u = Wv / ‖Wv‖; 0 if Wv is 0."""
    scaled, scale = _scaled(matrix)
    vector, _ = _scaled(vector)
    size = 0.0
    for _ in range(count):
        vector = vector / np.linalg.norm(vector)
        image = scaled @ vector
        length = float(np.linalg.norm(image))
        if length == 0:
            return 0.0
        before, vector = vector, scaled.T @ (image / length)
        size = float(np.linalg.norm(vector))
        if np.array_equal(vector / size, before):  # further steps would do the same
            break
    return size * scale
