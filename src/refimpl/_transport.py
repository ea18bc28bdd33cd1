"""The solvers behind the transport distances: exact where the answer is, certified where not.

On the line the plan that couples quantiles is optimal, so sorting is enough. Elsewhere the
transport problem is a linear programme on a bipartite graph. Masses are handled as whole
numbers, so that a plan has the given marginals exactly, however small the masses are, and the
gap between the cost of a plan and the bound of its potentials is computed without cancelling.
"""

import functools
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from refimpl._checks import Array, Covariance, Law, Reals
from refimpl._sums import CHUNK, product_error

Indices = NDArray[np.intp]
Wide = NDArray[np.longdouble]
Piece = tuple[Array, Array | None]  # distances and their weights
Pieces = Callable[[int], Iterator[Piece]]  # for points divided by this power of two
EPS = float(np.finfo(np.float64).eps)
LOST = 2 * math.ulp(0.0)  # more than underflow takes from a product and from its sum
RETURNS = 9  # how often one tree may come back before the pivots are said to go round in circles
SLACK = 2.0**-49  # a reduced cost counts as negative beyond this part of its summands
NEARLY_EQUAL = 1 / 16  # the largest relative change of a covariance matrix for the series
SERIES_STEPS = 24  # leave an error below rounding
SWEEPS = 10  # of Sinkhorn's iteration, after which its speed is known
PATIENCE = 100  # sweeps that are worth a step of Newton's method, for small matrices
PIVOTS = 1_000_000  # of one transport problem, at most
CROSSINGS = 100  # of the costs of two plans, of which few are needed
FARTHEST = 1e300  # leaves room for sums
LEAST = 1e-200  # mass that entropic transport is solved for
SPAN = 200  # the largest cost in units of the first temperature
COARSE = 1e-2  # the error that is good enough at higher temperatures
RIDGES = (1e-14, 1e-10, 1e-6)  # added to the second derivative until a step is good
LONGEST = 512  # units of temperature that a step may go
HALVINGS = 8  # of a step that is too long
TIGHT = 1e-13  # a gap, as part of the cost, that may be rounding
ROUGH = 1e-12  # a gap, as part of the cost, that is worth a second search
TOP = 1000  # the power of two to which costs are scaled, so that small ones stay
ROOM = 900  # the largest power of two for entropic transport, so that potentials are floats
COOLINGS = 6  # before the first plan
GUESSES = 20  # steps at each temperature before it
RELAXED = 1.8  # of these, how far they go, in steps
SMALL = 400  # the size of a matrix that needs none
SMALL_MATCHING = 20_000  # likewise, if all masses are equal
PANEL = 1 << 12  # points of short rows that are coupled at once
HIGH = 128  # the power of two by which points are divided where their distances are no floats
LOW = 2.0**-900  # a sum of powers is right above this, even if some of them underflow
BLOCK = 64  # terms that are summed in double precision before they are summed in a wider one
FEW = 8  # points whose differences are taken in the wider one
SHORT = 512  # as many are summed in the wider one alone
ONES = np.ones(CHUNK)


# The line.


def on_the_line(
    x: Reals, y: Reals, x_weights: Reals | None, y_weights: Reals | None, order: float
) -> Array:
    """Return the distance of the given order between points with weights, on the last axis."""
    x_weights, y_weights = _uneven(x_weights), _uneven(y_weights)
    if x_weights is None and y_weights is None:
        return _samples(x, y, order)
    if x_weights is None:  # the side without weights needs less memory, and more is left for it
        x, y, x_weights, y_weights = y, x, y_weights, x_weights
    a, b = (_equal(z.shape[-1]) if w is None else w for z, w in ((x, x_weights), (y, y_weights)))
    batch = np.broadcast_shapes(*(z.shape[:-1] for z in (x, y, a, b)))
    x, y, a, b = (_rows(z, batch) for z in (x, y, a, b))
    result = np.empty(len(x))
    panel = PANEL // (x.shape[1] + y.shape[1])
    if not panel:
        for i in range(len(x)):
            result[i] = _weighted(x[i], a[i], y[i], b[i], order)
        return result.reshape(batch)
    for top in range(0, len(x), panel):
        some = slice(top, top + panel)
        result[some] = _weighted_rows(x[some], a[some], y[some], b[some], order)
    return result.reshape(batch)


def _rows(values: Reals, batch: tuple[int, ...]) -> Reals:
    """Return rows of values for each place of a batch."""
    if values.shape[:-1] != batch:
        values = np.broadcast_to(values, (*batch, values.shape[-1]))
    return values.reshape(-1, values.shape[-1])


def _equal(n: int) -> Array:
    """Return equal weights whose running sums are exact, and at most 1."""
    return np.broadcast_to(2.0 ** -n.bit_length(), n)


def _uneven(weights: Reals | None) -> Reals | None:
    """Return weights, and None where all weights of a law are the same."""
    return None if weights is None or bool((weights == weights[..., :1]).all()) else weights


def _samples(x: Reals, y: Reals, order: float) -> Array:
    """Couple rows of points of equal weights."""
    if x.shape[-1] < y.shape[-1]:
        x, y = y, x
    batch = np.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    x, y = (_rows(z if z.shape[:-1] == batch else np.sort(z), batch) for z in (x, y))
    n, m = x.shape[1], y.shape[1]
    panel, total = max(1, CHUNK // n), n if n == m else n * m
    result = np.empty(len(x))
    for top in range(0, len(x), panel):
        some = slice(top, top + panel)
        pieces = functools.partial(_sample_pieces, np.sort(x[some]), np.sort(y[some]))
        result[some] = _power_mean(pieces, total, order)
    return result.reshape(batch)


def _sample_pieces(x: Reals, y: Reals, shift: int) -> Iterator[Piece]:
    """Return distances of partners in order and how often they count, by chunks, for n ≥ m.

    The point i of n has the quantiles from i m to (i + 1) m, in units of 1 / (n m), and the
    point j of m those from j n to (j + 1) n. So it has one partner, or two.
    """
    n, m = x.shape[1], y.shape[1]
    # The roundings of many differences make up for each other, those of a few do not.
    kind = np.longdouble if n <= FEW else np.float64
    work = np.empty((x.shape[0], min(n, CHUNK)), dtype=kind)
    for i in range(0, n, CHUNK):
        part = x[:, i : i + CHUNK]
        distance = work[:, : part.shape[1]]
        if n == m:
            yield _apart(part, y[:, i : i + CHUNK], shift, distance), None
            continue
        j, after = np.divmod(np.arange(i, i + part.shape[1]) * m, n)
        after += m - n  # what of the point is beyond the quantiles of its first partner
        two = np.flatnonzero(after > 0)
        weight = np.full(j.size, float(m))
        weight[two] = (m - after[two]).astype(np.float64)
        yield _apart(part, np.take(y, j, axis=1), shift, distance), weight
        if two.size:
            others = np.take(y, j[two] + 1, axis=1)
            distance = distance[:, : two.size]
            yield (
                _apart(np.take(part, two, axis=1), others, shift, distance),
                after[two].astype(np.float64),
            )


def _apart(x: Reals, y: Reals, shift: int, out: Array | None = None) -> Array:
    """Return the distances of points that are divided by a power of two."""
    if shift:
        x, y = (np.ldexp(z.astype(np.float64), -shift) for z in (x, y))
    difference = np.subtract(x, y, out=out, dtype=np.float64 if out is None else out.dtype)
    return np.abs(difference, out=difference)


def _power_mean(pieces: Pieces, total: float | Array, order: float) -> Reals:
    """Return (Σ w d^order / total)^(1 / order) for each row."""
    mean = _mean(functools.partial(pieces, 0), total, order)
    if np.isfinite(mean).all():
        return mean
    # A difference or a sum was too large for a float.
    again = np.ldexp(_mean(functools.partial(pieces, HIGH), total, order), HIGH)
    return np.where(np.isfinite(mean), mean, again)


def _mean(pieces: Callable[[], Iterator[Piece]], total: float | Array, order: float) -> Reals:
    if order == math.inf:
        return _longest(pieces())
    power = _total(pieces(), order)
    mean = _root(power / total, order)
    lost = ~((power >= LOW) & (power < math.inf))
    if order != 1 and lost.any():  # powers were no floats
        longest = _longest(pieces())
        scale = np.where(longest > 0, longest, 1.0)[:, None]
        parts = ((distance / scale, weight) for distance, weight in pieces())
        scaled = longest * _root(_total(parts, order) / total, order)
        mean = np.where(lost, scaled, mean)
    return mean


def _root(power: Wide, order: float) -> Wide:
    if order in {1, 2, 3}:  # faster, and right to the last digit
        return power if order == 1 else np.sqrt(power) if order == 2 else np.cbrt(power)
    return np.asarray(power ** (1 / np.longdouble(order)))


def _longest(pieces: Iterator[Piece]) -> Array:
    longest = functools.reduce(np.maximum, (distance.max(axis=1) for distance, _ in pieces))
    return np.asarray(longest)


def _total(pieces: Iterator[Piece], order: float) -> Wide:
    """Return Σ w d^order for each row. The distances are overwritten."""
    parts = []
    for distance, weight in pieces:
        if order in {2, 3}:  # squares are faster than powers
            power = distance if order == 2 else np.square(distance)
            other = distance if weight is None else np.multiply(distance, weight)
        else:
            power = distance if order == 1 else np.power(distance, order, out=distance)
            other = ONES[: power.shape[1]] if weight is None else weight
        parts.append(_wide_dot(power, other))
    return np.asarray(sum(parts))


def _wide_dot(x: Array, y: Array) -> Wide:
    """Return Σ x y: short sums in double precision, and their sum in a wider one."""
    if x.shape[1] <= SHORT:
        return _wide_sum(x * y)
    whole = x.shape[1] // BLOCK * BLOCK
    blocks = (z[..., :whole].reshape(*z.shape[:-1], -1, BLOCK) for z in (x, y))
    rest: Array = np.vecdot(x[:, whole:], y[..., whole:])
    return np.asarray(_wide_sum(np.vecdot(*blocks)) + rest)


def _wide_sum(terms: Array) -> Wide:
    return np.asarray(np.add.reduce(terms, axis=1, dtype=np.longdouble))


def _sorted(points: Reals, weights: Reals) -> tuple[Reals, Array]:
    """Return the points in order, and their weights."""
    weights = np.asarray(weights, dtype=np.float64)
    if weights.strides == (0,):  # all are one number in memory
        return np.sort(points), weights
    order = np.argsort(points)
    return points[order], weights[order]


Pair = tuple[Array, Array]  # numbers in doubled precision: floats and the rest of them


class _Side(NamedTuple):
    """Points from one end on, and the mass up to each of those in the first half."""

    points: Reals
    high: Array
    low: Array

    @property
    def last(self) -> tuple[float, float]:
        """The mass of the half."""
        return (float(self.high[-1]), float(self.low[-1])) if self.high.size else (0.0, 0.0)


def _weighted(x: Reals, x_weights: Reals, y: Reals, y_weights: Reals, order: float) -> float:
    """Couple two weighted samples by their quantiles.

    Levels are masses from the nearer end in doubled precision, so that a small mass keeps its
    digits at either end, and a small difference of two masses anywhere.
    """
    whole, *x_sides = _sides(*_sorted(x, x_weights), None)
    _, *y_sides = _sides(*_sorted(y, y_weights), whole)
    sides = (x_sides[0], y_sides[0]), (x_sides[1], y_sides[1])
    ends = [max(one.last, other.last) for one, other in sides]
    total, tail = float(whole[0][0]), float(whole[1][0])
    rest = (total / 2 - ends[0][0]) + (total / 2 - ends[1][0]) + (tail - ends[0][1] - ends[1][1])
    u, v = (side.points[side.high.size :][:1] for side in sides[0])

    def pieces(shift: int) -> Iterator[Piece]:
        for one, other in sides:
            for distance, width, before in _side_pieces(one, other, shift):
                yield _kept(distance[None], width[None], before[None], order)
        width, before = np.array([[rest], [min(ends)[0]]])
        yield _kept(_apart(u, v, shift)[None], width, before, order)

    return float(_power_mean(pieces, total, order)[0])


def _kept(distance: Array, width: Array, before: Array, order: float) -> Piece:
    """Return distances that have a mass; at order infinity it has to be more than rounding."""
    if order != 1:
        distance[width <= (8 * EPS * before if order == math.inf else 0.0)] = 0.0
    return distance, np.maximum(width, 0.0)


def _side_pieces(x: _Side, y: _Side, shift: int) -> Iterator[tuple[Array, Array, Array]]:
    """Return the distances on the intervals between levels, their widths and their beginnings."""
    i = j = 0
    last = 0.0, 0.0
    while i < x.high.size or j < y.high.size:
        parts = [x.high[i : i + CHUNK], y.high[j : j + CHUNK]]
        up_to = min(part[-1] if part.size == CHUNK else math.inf for part in parts)
        passed_x, passed_y = (int(part.searchsorted(up_to, side="right")) for part in parts)
        k, m = i + passed_x, j + passed_y
        high, low = (
            np.concatenate([[before], a[i:k], b[j:m]])
            for before, a, b in ((last[0], x.high, y.high), (last[1], x.low, y.low))
        )
        order = np.argsort(high, kind="stable")  # fast for two sorted parts
        if not np.diff(high[order]).all():
            order = np.lexsort((low, high))
        high, low = high[order], low[order]
        last = float(high[-1]), float(low[-1])
        passed = np.cumsum((order > 0) & (order <= k - i))[:-1]  # levels of x before an interval
        others = j + np.arange(passed.size) - passed
        distance = _apart(x.points[i + passed], y.points[others], shift)
        yield distance, np.diff(high) + np.diff(low), high[:-1]
        i, j = k, m


def _sides(points: Reals, weights: Array, whole: Pair | None) -> tuple[Pair, _Side, _Side]:
    """Return the sum of weights, and the sides of the sample; `whole` is the sum if it is given."""
    high, low = _running_sums(weights)
    total = high[-1:].copy(), low[-1:].copy()
    half = int(high[:-1].searchsorted(high[-1] / 2, side="right"))
    levels = [(high[:half], low[:half]), (high[half + 1 :], low[half + 1 :])]
    _running_sums(weights[:half:-1], levels[1])
    if whole is not None:
        for pair in levels:
            _rescale(*pair, total, whole)
    return whole or total, _Side(points, *levels[0]), _Side(points[::-1], *levels[1])


def _running_sums(weights: Array, out: Pair | None = None) -> Pair:
    """Return the running sums, and what rounding took from them (Knuth's two-sum)."""
    high, low = out or (np.empty_like(weights), np.empty_like(weights))
    np.cumsum(weights, axis=-1, out=high)
    for i in range(0, high.shape[-1], CHUNK):
        part = high[..., i : i + CHUNK]
        before = np.zeros_like(part)
        before[..., 1:] = part[..., :-1]
        if i:
            before[..., 0] = high[..., i - 1]
        added = part - before
        low[..., i : i + CHUNK] = (before - (part - added)) + (weights[..., i : i + CHUNK] - added)
    np.cumsum(low, axis=-1, out=low)
    for i in range(0, high.shape[-1], CHUNK):
        _normalise(high[..., i : i + CHUNK], low[..., i : i + CHUNK])
    return high, low


def _normalise(high: Array, low: Array) -> None:
    """Move what floats can hold to the first of two parts, so that it alone gives the order."""
    total = high + low
    low -= total - high
    high[...] = total


def _rescale(high: Array, low: Array, total: Pair, whole: Pair) -> None:
    """Multiply numbers of doubled precision by whole / total."""
    factor = whole[0] / total[0]
    product = factor * total[0]
    rest = (whole[0] - product) - product_error(factor, total[0], product)
    rest = (rest + whole[1] - factor * total[1]) / total[0]
    for i in range(0, high.shape[-1], CHUNK):
        h, tail = high[..., i : i + CHUNK], low[..., i : i + CHUNK]
        scaled = h * factor
        tail[...] = product_error(h, factor, scaled) + (h * rest + tail * factor)
        h[...] = scaled
        _normalise(h, tail)


# The same for short rows, all at once.


def _weighted_rows(x: Reals, a: Reals, y: Reals, b: Reals, order: float) -> Array:
    """Couple rows of weighted samples by their quantiles."""
    x, whole, *x_levels = _levels_of_rows(x, a, None)
    y, _, *y_levels = _levels_of_rows(y, b, whole)
    high, low, beyond = (
        np.concatenate(both, axis=1) for both in zip(x_levels, y_levels, strict=True)
    )
    # The bits of floats ≥ 0 are in the order of the floats, and so they sort from both ends.
    key = np.where(beyond, np.iinfo(np.int64).max - high.view(np.int64), high.view(np.int64))
    place = np.argsort(key, axis=1, kind="stable")  # fast for two sorted parts
    if not np.diff(_pick(key, place)).all():
        place = np.lexsort((np.where(beyond, -low, low), key))
    ends = (high, 0.0, 0.0), (low, 0.0, 0.0), (beyond, False, True)
    h, tail, side = (_between(_pick(z, place), *end) for z, *end in ends)
    far = (h[1] - h[0]) + (tail[1] - tail[0])
    middle = (whole[0] / 2 - h[0]) + (whole[0] / 2 - h[1]) + (whole[1] - tail[0] - tail[1])
    width = np.where(side[0] == side[1], np.where(side[0], -far, far), middle)
    passed, _ = _between(np.cumsum(place < x.shape[1] - 1, axis=1), 0, 0)
    others = np.arange(width.shape[1]) - passed

    def pieces(shift: int) -> Iterator[Piece]:
        distance = _apart(_pick(x, passed), _pick(y, others), shift)
        yield _kept(distance, width, np.minimum(*h), order)

    return _power_mean(pieces, whole[0][:, 0], order)


def _levels_of_rows(
    points: Reals, weights: Reals, whole: Pair | None
) -> tuple[Reals, Pair, Array, Array, NDArray[np.bool_]]:
    """Return sorted points, the sum of weights, and the mass up to each point but the last.

    It is given in doubled precision, and measured from the other end where this is nearer.
    """
    order = np.argsort(points, axis=1)
    points, weights = _pick(points, order), _pick(np.asarray(weights, dtype=np.float64), order)
    up_to, rest = _running_sums(weights), _running_sums(weights[:, ::-1])
    total = up_to[0][:, -1:], up_to[1][:, -1:]
    beyond = up_to[0][:, :-1] > total[0] / 2
    high, low = (np.where(beyond, rest[k][:, -2::-1], up_to[k][:, :-1]) for k in (0, 1))
    if whole is not None:
        _rescale(high, low, total, whole)
    return points, whole or total, high, low, beyond


def _pick(values: Reals, place: Indices) -> Reals:
    """Return entries of each row; it is faster than `np.take_along_axis`."""
    return values[np.arange(len(values))[:, None], place]


def _between(inner: Reals, first: float, last: float) -> tuple[Reals, Reals]:
    """Return what is at the beginning and at the end of each interval."""
    column = np.full((len(inner), 1), first)
    end = np.full_like(column, last)
    return np.concatenate([column, inner], axis=1), np.concatenate([inner, end], axis=1)


# Transport with a certificate.


class Solution(NamedTuple):
    """A plan and potentials, the cost of the one, the bound of the other, and their gap."""

    plan: Array
    potentials: tuple[Array, Array]
    cost: float
    bound: float
    gap: float
    iterations: int
    converged: bool


def transport(p: Law, q: Law, cost: Array, max_iterations: int) -> Solution:
    """Solve the transport problem of two laws."""
    p_values, q_values = (np.asarray(law.values, dtype=np.float64) for law in (p, q))
    rows, columns = np.flatnonzero(p_values), np.flatnonzero(q_values)
    a, b = _same_total(_whole(p_values[rows])[0], _whole(q_values[columns])[0])
    total = sum(a)
    scale = math.frexp(float(cost.max()))[1] - TOP
    unit = np.ldexp(cost, -scale)
    part = unit[np.ix_(rows, columns)]
    if len(a) == len(b) and len({*a, *b}) == 1:
        flows, f, iterations, converged = _assignment(part, a[0])
    else:
        tree = _Tree(a, b, part)
        iterations, converged = tree.optimise(max_iterations)
        flows, f = tree.flows(a, b), tree.row_potentials()
    used = np.array([*flows]).T
    spent = _exact_dot(flows.values(), part[*used])
    g, bound = _bound(unit[rows], columns, f, a, b)
    if converged and spent - bound > spent * Fraction(ROUGH):
        # Long ways without mass have cost the potentials digits.
        prices, *_ = _prices(part, used[0], used[1], _row_minima(part))
        again = _bound(unit[rows], columns, prices, a, b)
        g, bound = max((g, bound), again, key=lambda pair: pair[1])
    plan = np.zeros(cost.shape)
    plan[rows[used[0]], columns[used[1]]] = [flow / total for flow in flows.values()]
    value, lower, gap = (float(x / total) for x in (spent, bound, max(spent - bound, Fraction())))
    potentials = (unit - g).min(axis=1), g
    return Solution(
        plan,
        (np.ldexp(potentials[0], scale), np.ldexp(potentials[1], scale)),
        float(np.ldexp(value, scale)),
        float(np.ldexp(lower, scale)),
        float(np.ldexp(gap, scale)),
        iterations,
        converged,
    )


def _bound(
    cost: Array, columns: Indices, f: Array, a: list[int], b: list[int]
) -> tuple[Array, Fraction]:
    """Return the best partner of a potential of the rows, and the value of both."""
    g = (cost - f[:, None]).min(axis=0)
    return g, _exact_dot(a, f) + _exact_dot(b, g[columns])


def _whole(numbers: Array) -> tuple[list[int], int]:
    """Return whole numbers and the power of two of which the given ones are these multiples."""
    mantissas, exponents = np.frexp(numbers)
    least = int(exponents.min())
    digits = np.ldexp(mantissas, 53).astype(np.int64).tolist()
    shifts = (exponents - least).tolist()
    return [*map(operator.lshift, digits, shifts)], least - 53


def _same_total(a: list[int], b: list[int]) -> tuple[list[int], list[int]]:
    """Return whole numbers in the same ratios, and of the same sum."""
    sum_a, sum_b = sum(a), sum(b)
    return [x * sum_b for x in a], [y * sum_a for y in b]


def _exact_dot(masses: Iterable[int], values: Array) -> Fraction:
    """Return Σ m v without rounding."""
    multiples, power = _whole(values)
    total = sum(map(operator.mul, masses, multiples))
    return Fraction(total << power) if power >= 0 else Fraction(total, 1 << -power)


Flows = dict[tuple[int, int], int]


def _assignment(cost: Array, mass: int) -> tuple[Flows, Array, int, bool]:
    """Match points of equal mass."""
    match, f, steps, converged = _reduced_matching(cost)
    used = cost[match]
    if math.fsum([*used, *-f, *-(cost - f[:, None]).min(axis=0)]) > used.sum() * TIGHT:
        match = linear_sum_assignment(cost)  # the reduced costs have lost digits
        f, steps, converged = _prices(cost, *match, _row_minima(cost))
    flows = dict.fromkeys(map(tuple, np.transpose(match).tolist()), mass)
    return flows, f, steps, converged


def _reduced_matching(cost: Array) -> tuple[tuple[Indices, Indices], Array, int, bool]:
    """Match points by costs that are reduced by potentials, which is faster if these are good."""
    equal = np.ones(len(cost))
    f = _guess(equal, equal, cost) if cost.size > SMALL_MATCHING else cost.min(axis=1)
    reduced = cost - f[:, None]
    reduced -= reduced.min(axis=0)
    match = linear_sum_assignment(reduced)
    return match, *_prices(cost, *match, f)


def _guess(a: Array, b: Array, cost: Array) -> Array:
    """Return potentials of the rows that are nearly the best for masses a and b.

    They are those of entropic transport at a low temperature, from over-relaxed scaling in single
    precision.
    """
    c = (cost / (float(cost.max()) or 1.0)).astype(np.float32)
    p, q = (np.maximum(x, np.finfo(c.dtype).tiny).astype(c.dtype) for x in (a, b))
    f, heat = c.min(axis=1), c.mean() / 2
    kernel = np.empty_like(c)
    for _ in range(COOLINGS):
        np.subtract(c, f[:, None], out=kernel)
        kernel -= kernel.min(axis=0)
        shift = kernel.min(axis=1)
        kernel -= shift[:, None]
        kernel /= -heat
        np.exp(kernel, out=kernel)
        u: Reals = np.ones_like(p)
        v: Reals = np.ones_like(q)
        for _ in range(GUESSES):
            u = u * (p / (kernel @ v) / u) ** RELAXED
            v = v * (q / (u @ kernel) / v) ** RELAXED
        better = f + shift + heat * np.log(u)
        f = np.where(np.isfinite(better), better, f)
        heat /= 4
    return np.asarray(f * cost.max())


def _row_minima(cost: Array) -> Array:
    """Return what is left of the rows when each column has lost its least cost."""
    return np.asarray((cost - cost.min(axis=0)).min(axis=1))


def _prices(cost: Array, rows: Indices, columns: Indices, f: Array) -> tuple[Array, int, bool]:
    """Return the potentials of the rows, shortest paths along the cells in use, from any f."""
    detour = np.take(cost.T, columns, axis=0)  # [cell, k]: k goes to the column of the cell
    detour *= 1 + SLACK
    detour -= cost[rows, columns, None] * (1 - SLACK)
    changed, steps = np.arange(len(rows)), 0
    while changed.size and steps <= len(f):
        shorter = (detour[changed] + f[rows[changed], None]).min(axis=0)
        better = shorter < f - SLACK * np.abs(f)
        f = np.where(better, shorter, f)
        changed, steps = np.flatnonzero(better[rows]), steps + 1
    return f, steps, not changed.size


class _Tree:
    """The network simplex method, with rows and then columns as the nodes of a tree.

    Masses are whole numbers, so flows are exact. They are perturbed by Orden's method, less
    than a unit in all: then no flow is zero, every pivot lowers the cost, and it ends.
    """

    def __init__(self, a: list[int], b: list[int], cost: Array) -> None:
        self.cost = cost
        self.count = n, m = cost.shape
        shift = n.bit_length()
        supply = [(x << shift) + 1 for x in a]
        demand = [y << shift for y in b]
        demand[-1] += n
        self.parent, self.depth, self.flow = ([0] * (n + m) for _ in range(3))
        self.children: list[set[int]] = [set() for _ in range(n + m)]
        self.potential = [0.0] * (n + m)
        self._hang(_first_flows(supply, demand, cost))
        self._descend()

    def _hang(self, flows: Flows) -> None:
        """Build the tree from the cells of a first plan, with the first row as its root."""
        n = self.count[0]
        neighbours: list[list[int]] = [[] for _ in self.parent]
        for i, j in flows:
            neighbours[i].append(n + j)
            neighbours[n + j].append(i)
        self.parent[0] = -1
        stack = [0]
        while stack:
            node = stack.pop()
            for other in neighbours[node]:
                if other != self.parent[node]:
                    self.parent[other] = node
                    self.children[node].add(other)
                    self.flow[other] = flows[self._cell(other)]
                    stack.append(other)

    def _cell(self, node: int) -> tuple[int, int]:
        """Return row and column of the edge from a node to its parent."""
        n, other = self.count[0], self.parent[node]
        return (node, other - n) if node < n else (other, node - n)

    def _descend(self) -> list[int]:
        """Return all nodes, parents first, and renew depths and potentials on the way."""
        order = [0]
        for node in order:
            for child in self.children[node]:
                self.depth[child] = self.depth[node] + 1
                cost = float(self.cost[self._cell(child)])
                self.potential[child] = cost - self.potential[node]
                order.append(child)
        return order

    def optimise(self, max_iterations: int) -> tuple[int, bool]:
        """Pivot until no reduced cost is negative beyond rounding.

        Where costs differ by many powers of ten, potentials at the end of long ways have fewer
        digits than that, and pivots may go round in circles: then the same trees come back.
        """
        n = self.count[0]
        padded = self.cost + SLACK * np.abs(self.cost)
        pivots, fresh = 0, False
        trees: Counter[int] = Counter()
        while True:
            price = np.array(self.potential)
            price -= SLACK * np.abs(price)
            reduced = padded - price[:n, None]
            reduced -= price[n:]
            best = reduced.argmin(axis=1)
            value = reduced[np.arange(n), best]
            enter = np.flatnonzero(value < 0)
            before = pivots
            for row in enter[np.argsort(value[enter])].tolist():
                column = int(best[row])
                if pivots == max_iterations:
                    return pivots, False
                pivots += self._pivot(row, n + column, float(self.cost[row, column]))
            if pivots > before:
                fresh = False
                tree = hash(tuple(self.parent))
                trees[tree] += 1
                if trees[tree] > RETURNS:
                    return pivots, True
            elif fresh:
                return pivots, True
            else:
                self._descend()  # the potentials, free of what rounding has added up
                fresh = True

    def _pivot(self, i: int, j: int, cost: float) -> bool:
        """Let an edge enter if its reduced cost is still negative."""
        parent, depth, flow, potential = self.parent, self.depth, self.flow, self.potential
        reduced = cost - potential[i] - potential[j]
        if reduced >= -SLACK * (abs(cost) + abs(potential[i]) + abs(potential[j])):
            return False
        paths: tuple[list[int], list[int]] = ([], [])  # from both ends up to where they meet
        u, v = i, j
        while u != v:
            if depth[u] >= depth[v]:
                paths[0].append(u)
                u = parent[u]
            else:
                paths[1].append(v)
                v = parent[v]
        least, side, place = min(
            (flow[path[k]], side, k)
            for side, path in enumerate(paths)
            for k in range(0, len(path), 2)
        )
        for path in paths:
            for k, node in enumerate(path):
                flow[node] += least if k % 2 else -least
        path = paths[side][: place + 1]
        top, moved = (j, path[0]) if side == 0 else (i, path[0])
        entering = least
        above = top
        self.children[parent[path[-1]]].discard(path[-1])
        for k, node in enumerate(path):
            if k:
                self.children[node].discard(path[k - 1])
            self.children[above].add(node)
            parent[node], above = above, node
            flow[node], entering = entering, flow[node]
        self._shift(moved, reduced)
        return True

    def _shift(self, root: int, by: float) -> None:
        """Renew depths below a node, and add to the potentials, with the other sign on its side."""
        depth = self.depth[self.parent[root]] + 1
        level = [root]
        while level:
            below: list[int] = []
            for node in level:
                self.potential[node] += by
                self.depth[node] = depth
                below += self.children[node]
            level, by, depth = below, -by, depth + 1

    def flows(self, a: list[int], b: list[int]) -> Flows:
        """Return the flows of the masses without perturbation."""
        rest = [*a, *b]
        result = {}
        for node in reversed(self._descend()[1:]):
            if rest[node]:
                result[self._cell(node)] = rest[node]
            rest[self.parent[node]] -= rest[node]
        return result

    def row_potentials(self) -> Array:
        """Return the potentials of the rows."""
        return np.array(self.potential[: self.count[0]])


def _first_flows(supply: list[int], demand: list[int], cost: Array) -> Flows:
    """Fill cells in the order of their reduced costs, each with all that is left.

    The costs are reduced by potentials of entropic transport.
    """
    total = sum(supply)
    a, b = (np.array([x / total for x in masses]) for masses in (supply, demand))
    reduced = cost - (_guess(a, b, cost) if cost.size > SMALL else cost.min(axis=1))[:, None]
    reduced -= reduced.min(axis=0)
    supply, demand = supply.copy(), demand.copy()
    m = cost.shape[1]
    cells = reduced.argsort(axis=None)
    flows: Flows = {}
    while cells.size:
        some = cells[: 4 * sum(cost.shape)].tolist()
        for cell in some:
            i, j = divmod(cell, m)
            if supply[i] and demand[j]:
                flows[i, j] = moved = min(supply[i], demand[j])
                supply[i] -= moved
                demand[j] -= moved
        cells = cells[len(some) :]
        alive = np.array(supply, dtype=bool)[cells // m] & np.array(demand, dtype=bool)[cells % m]
        cells = cells[alive]
    return flows


# Bounded Lipschitz functions.


def bounded_lipschitz(mass: Array, ways: Callable[[Indices, Indices], Array], norm: str) -> float:
    """Return the largest sum of mass · f with ‖f‖∞ + Lip(f) ≤ 1, or with both at most 1.

    The functions with |f| ≤ M and slopes ≤ L are, but for a constant, those whose differences
    are at most min(L d, 2 M). This is a metric, so the largest sum is the cost of transport from
    where there is mass to where some is missing. Points without mass do not matter.
    """
    more, less = np.flatnonzero(mass > 0), np.flatnonzero(mass < 0)
    if not more.size:
        return 0.0
    p, q = (Law(np.abs(mass[some]), np.abs(mass[some]).sum()) for some in (more, less))
    distances = np.minimum(ways(more, less), FARTHEST)
    if norm == "max":
        cost = transport(p, q, np.minimum(distances, 2.0), PIVOTS).cost
    else:
        cost = _dearest(p, q, distances)
    return float(cost * p.total)


def _dearest(p: Law, q: Law, distances: Array) -> float:
    """Return the largest cost of transport for the metrics min(L d, 2 M) with L + M = 1.

    A plan costs at most A L + B M, where it goes the mean way A below the threshold and half of
    B beyond it. The least such bound is concave. So between a plan for small L and one for large
    L, the largest value is below the point where their lines cross, and is looked for there.
    """
    near = transport(p, q, distances, PIVOTS).cost, 0.0
    far = 0.0, 2.0
    for _ in range(CROSSINGS):
        gain, loss = near[0] - far[0], far[1] - near[1]
        slope, height = loss / (gain + loss), gain / (gain + loss)
        plan = transport(p, q, np.minimum(slope * distances, 2 * height), PIVOTS).plan
        short = slope * distances <= 2 * height
        line = float((plan * distances)[short].sum()), 2 * float(plan[~short].sum())
        value, limit = (a * slope + b * height for a, b in (line, near))
        if value >= limit * (1 - 4 * EPS):
            break
        near, far = (line, far) if line[0] > line[1] else (near, line)
    return value


# Entropic transport.


class Scaling(NamedTuple):
    """Potentials of entropic transport and the plan that they give, with its marginals repaired.

    The error is the mass that is not where the marginals want it.
    """

    potentials: tuple[Array, Array]
    plan: Array
    cost: float
    bound: float
    value: float
    error: float
    iterations: int


def entropic(
    p: Law, q: Law, cost: Array, epsilon: float, tolerance: float, max_iterations: int
) -> Scaling:
    """Solve entropic transport, and enclose the cost of transport without entropy."""
    excess = math.frexp(max(float(cost.max()), epsilon))[1] - ROOM
    if excess > 0:
        small = np.ldexp(cost, -excess), max(math.ldexp(epsilon, -excess), math.ulp(0.0))
        found = entropic(p, q, *small, tolerance, max_iterations)
        f, g = (np.ldexp(potential, excess) for potential in found.potentials)
        numbers = (found.cost, found.bound, found.value)
        upper, lower, value = (float(np.ldexp(number, excess)) for number in numbers)
        return found._replace(potentials=(f, g), cost=upper, bound=lower, value=value)
    rows, columns = np.flatnonzero(p.values), np.flatnonzero(q.values)
    a, b = (
        np.asarray(law.values[some] / law.total, dtype=np.float64)
        for law, some in ((p, rows), (q, columns))
    )
    part = cost[np.ix_(rows, columns)]
    large = [np.maximum(x, LEAST) for x in (a, b)]  # what is smaller would be lost in products
    f, g, coupling, error, steps = _potentials(
        large[0], large[1], part, epsilon, tolerance, max_iterations
    )
    plan = np.zeros(cost.shape)
    plan[np.ix_(rows, columns)] = _feasible(coupling, a, b)
    missing = sum(
        float(np.abs(plan.sum(axis=1 - k, dtype=np.longdouble) - _exactly(law)).sum())
        for k, law in enumerate((p, q))
    )
    upper = _sum_by_blocks(plan * cost) * (1 + 8 * EPS) + float(part.max()) * missing
    upper += LOST * int(np.count_nonzero((plan > 0) & (cost > 0)))
    h = (part - f[:, None]).min(axis=0)
    values = np.concatenate([(part - h).min(axis=1), h])
    terms = np.concatenate([a, b]) * values
    lower = math.fsum(terms) - 4 * EPS * math.fsum(np.abs(terms)) - LOST * np.count_nonzero(values)
    full_f, full_g = np.empty(len(cost)), np.empty(cost.shape[1])
    full_f[rows], full_g[columns] = f, g
    others, elsewhere = np.flatnonzero(p.values == 0), np.flatnonzero(q.values == 0)
    full_f[others] = _soft_minimum(b, (cost[np.ix_(others, columns)] - g).T, epsilon)
    full_g[elsewhere] = _soft_minimum(a, cost[np.ix_(rows, elsewhere)] - f[:, None], epsilon)
    value = math.fsum([*(a * f), *(b * g)])
    return Scaling((full_f, full_g), plan, upper, min(lower, upper), value, error, steps)


def _sum_by_blocks(terms: Array) -> float:
    """Return the sum of terms ≥ 0 with a relative error of at most 6 EPS."""
    flat = terms.ravel()
    whole = flat.size // BLOCK * BLOCK
    return math.fsum([*flat[:whole].reshape(-1, BLOCK).sum(axis=1), *flat[whole:]])


def _potentials(
    a: Array, b: Array, cost: Array, epsilon: float, tolerance: float, max_iterations: int
) -> tuple[Array, Array, Array, float, int]:
    """Lower the temperature by halves. At each, sweep, and let Newton's method take over."""
    if len(a) > len(b):
        g, f, plan, error, steps = _potentials(b, a, cost.T, epsilon, tolerance, max_iterations)
        return f, g, plan.T, error, steps
    f = cost.min(axis=1)
    heat = max(epsilon, float(cost.max() - cost.min()) / SPAN)
    steps = 0
    while True:
        goal = tolerance if heat == epsilon else COARSE
        while True:
            f, error, used = _sweeps(a, b, cost, f, heat, goal, max_iterations - steps)
            steps += used
            if error <= goal or steps >= max_iterations:
                break
            f = _newton(a, b, cost, f, heat)
        if heat == epsilon or steps >= max_iterations:
            g, plan = partner(a, b, cost, f, epsilon)
            if heat > epsilon:  # the error that counts is the one at the final temperature
                error = float(np.abs(plan.sum(axis=1) - a).sum())
            return f, g, plan, error, steps
        heat = max(heat / 2, epsilon)


def partner(a: Array, b: Array, cost: Array, f: Array, heat: float) -> tuple[Array, Array]:
    """Return the best potential of the columns for one of the rows, and the plan of both.

    The columns of the plan are right.
    """
    plan = cost - f[:, None]
    least = plan.min(axis=0)
    plan -= least
    plan /= -heat
    if plan.min() > -1:  # here sums are near 1, and their logarithms would lose digits
        logs = np.log1p(a @ np.expm1(plan))
        plan = np.exp(plan - logs) * a[:, None]
        return least - heat * logs, plan * b
    np.exp(plan, out=plan)
    plan *= a[:, None]
    sums = plan.sum(axis=0)
    plan *= b / sums
    return least - heat * np.log(sums), plan


def _soft_minimum(weights: Array, rest: Array, heat: float) -> Array:
    """Return -ε log Σ w exp(-rest / ε) over the first axis, for a law w."""
    least = rest.min(axis=0)
    powers = (least - rest) / heat
    if powers.min(initial=0) > -1:  # as above
        return np.asarray(least - heat * np.log1p(weights @ np.expm1(powers)))
    return np.asarray(least - heat * np.log(weights @ np.exp(powers)))


def _sweeps(
    a: Array, b: Array, cost: Array, f: Array, heat: float, goal: float, most: int
) -> tuple[Array, float, int]:
    """Make both marginals right in turns, by factors of one plan."""
    g, kernel = partner(a, b, cost, f, heat)
    u, error, steps = scale_by_turns(a, b, kernel, goal, most)
    moved = f + heat * np.log(u)
    if np.isfinite(moved).all():
        return moved, error, steps
    # The plan gives nothing to a row that is out of sight; its potential brings it back.
    return _soft_minimum(b, (cost - g).T, heat), 1.0, steps


def scale_by_turns(
    a: Array, b: Array, kernel: Array, goal: float, most: int
) -> tuple[Array, float, int]:
    """Return factors of the rows, the error that they leave and the number of steps.

    It ends early when Newton's method is likely to be faster. The factors of the columns make
    their marginal right, and the error is that of the rows.
    """
    u, v = np.ones(len(a)), np.ones(len(b))
    before, steps = math.inf, 0
    while True:
        steps += 1
        reached = kernel @ v
        error = float(np.add.reduce(np.abs(u * reached - a)))
        if error <= goal or steps >= most:
            break
        if steps % SWEEPS == 0:
            gain = math.log(before) - math.log(error)
            if not gain * (PATIENCE + len(a)) >= SWEEPS * math.log(error / goal):  # also if NaN
                break
            before = error
        u = a / reached
        v = b / (u @ kernel)
    return u, error, steps


def _newton(a: Array, b: Array, cost: Array, f: Array, heat: float) -> Array:
    """Make a step of Newton's method for the dual problem, with the best g for each f.

    The dual problem is concave, so its slope falls along the step. Where it is far below zero,
    the step was too long. Where it has hardly fallen, twice the step is tried: small masses may
    have a long way to go.
    """
    _, plan = partner(a, b, cost, f, heat)
    reached = plan.sum(axis=1)
    curvature = np.diag(reached) - (plan / b) @ plan.T + np.outer(a, a)
    for ridge in RIDGES:
        damped = curvature + np.diag(ridge * reached)
        try:
            step = np.linalg.solve(damped, a - reached)
        except np.linalg.LinAlgError:
            continue
        # Pieces of the plan that hardly touch would be sent out of sight of each other.
        step *= LONGEST / max(LONGEST, float(np.abs(step).max()))
        slope = step @ (a - reached)
        for halvings in range(HALVINGS):
            length = 0.5**halvings
            left = _slope(a, b, cost, f, heat, length * step)
            if left >= -length * slope / 4:
                while left > length * slope / 2:
                    left = _slope(a, b, cost, f, heat, 2 * length * step)
                    length *= 2 if left >= 0 else 1
                return np.asarray(f + heat * length * step)
    return f


def _slope(a: Array, b: Array, cost: Array, f: Array, heat: float, step: Array) -> float:
    """Return the slope of the dual value along a step, in units of temperature, at its end."""
    _, plan = partner(a, b, cost, f + heat * step, heat)
    return float(step @ (a - plan.sum(axis=1)))


def _feasible(plan: Array, a: Array, b: Array) -> Array:
    """Repair the marginals of a plan: scale down what is too much, spread what is missing."""
    plan = plan * np.minimum(a / plan.sum(axis=1), 1.0)[:, None]
    plan = plan * np.minimum(b / plan.sum(axis=0), 1.0)
    rows, columns = (np.maximum(x - plan.sum(axis=k), 0.0) for x, k in ((a, 1), (b, 0)))
    missing = math.fsum(rows)
    return np.asarray(plan + np.outer(rows, columns) / missing) if missing else plan


def _exactly(law: Law) -> Wide:
    """Return the masses in a wider format, with the sum 1."""
    values = np.asarray(law.values, dtype=np.longdouble)
    return np.asarray(values / values.sum())


def length(vectors: Array) -> Array:
    """Return the Euclidean lengths along the last axis; no square is too large or too small."""
    scale = np.frexp(np.abs(vectors).max(axis=-1))[1]
    parts = np.ldexp(vectors, -scale[..., None])
    return np.asarray(np.ldexp(np.linalg.norm(parts, axis=-1), scale))


def distances(x: Array, y: Array) -> Array:
    """Return the Euclidean distances of the rows of x from those of y."""
    if x.shape[1] == 1:
        return np.asarray(np.abs(x - y.T))
    largest = max(float(np.abs(x).max()), float(np.abs(y).max()))
    scale = math.frexp(largest)[1]
    scaled = cdist(np.ldexp(x, -scale), np.ldexp(y, -scale))
    result = np.asarray(np.ldexp(scaled, scale))
    i, j = np.nonzero(scaled < 2.0**-400)  # the squares of these may be no floats
    result[i, j] = length(x[i] - y[j])
    return result


# Normal laws.


def bures(p: Covariance, q: Covariance) -> Array:
    """Return the distance of square roots of covariance matrices, best turned together."""
    d = p.matrix.shape[-1]
    batch = np.broadcast_shapes(p.matrix.shape[:-2], q.matrix.shape[:-2])
    arrays = [np.broadcast_to(a, (*batch, d, d)) for a in (*p, *q)]
    result = np.empty(batch)
    for i in np.ndindex(batch):
        result[i] = _bures(*(a[i] for a in arrays))
    return result


def _bures(p: Array, p_root: Array, q: Array, q_root: Array) -> float:
    """Turn one square root onto the other (orthogonal Procrustes problem).

    Nearly equal matrices would lose their digits there. With the eigenvalues h of p and
    F = p^(-1/2) (q - p) p^(-1/2), in the basis of its eigenvectors, the optimal map T has
    (T - 1) p^(1/2) = √h_i h_j / (h_i + h_j) Z, where Z = F - A Aᵀ and A = h_j / (h_i + h_j) Z.
    """
    if np.array_equal(p, q):
        return 0.0
    scale = math.frexp(float(np.abs(p).max()))[1] // 2
    h, w = np.linalg.eigh(np.ldexp(p, -2 * scale))
    f = w.T @ np.ldexp(q - p, -2 * scale) @ w / np.sqrt(np.outer(h, h))
    if np.linalg.norm(f) <= NEARLY_EQUAL:
        share = h / np.add.outer(h, h)
        z = f
        for _ in range(SERIES_STEPS):
            a = share * z
            z = f - a @ a.T
        return math.ldexp(float(np.linalg.norm(np.sqrt(h)[:, None] * share * z)), scale)
    u, _, v = np.linalg.svd(q_root.T @ p_root)
    return float(np.linalg.norm(p_root - q_root @ (u @ v)))
