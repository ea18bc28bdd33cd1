"""Draw what the symbols of a setting stand for, in many styles.

A style names a corner where formulas break: zeros, equal laws, disjoint supports, a channel that
loses everything. The styles of laws, joint laws, channels, numbers and matrices are chosen
independently of each other; laws on the same set are drawn together, so that they can be equal.

Most instances are small, since small ones break most formulas and cost little. A few are not: a
bound that holds only up to five outcomes, or only for numbers below ten, must not pass.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from equations import syntax as syn
from equations.extended import Real
from equations.generators import NAMES, STRICT, generator
from equations.values import (
    ENTRY_ERROR,
    Array,
    Distribution,
    Element,
    Matrix,
    Table,
    Value,
    Variable,
    exact,
    law,
)

Rng = np.random.Generator


@dataclass(frozen=True)
class Symbol:
    """A declared symbol: its name, what kind of thing it is, the sets it lives on."""

    name: syn.Name
    kind: str
    axes: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    closed: tuple[bool, bool] = (False, False)

    @property
    def key(self) -> str:
        """The name under which the evaluator finds the value."""
        return self.name.base if self.kind.startswith("family") else self.name.text

    @property
    def sort(self) -> object:
        """What is the same for two symbols that are declared alike."""
        return (self.kind, self.axes, self.low, self.high, self.closed)


# ------------------------------------------------------------------------------- laws


def _normalised(values: Array) -> Array:
    result: Array = values / values.sum()
    return result


def _dirichlet(rng: Rng, size: int, concentration: float = 1.0) -> Array:
    return _normalised(rng.gamma(concentration, size=size) + 1e-12)


def _first(values: Array, support: int) -> Array:
    """Keep the first outcomes of a law only."""
    return _normalised(np.where(np.arange(len(values)) < max(support, 1), values, 0.0))


def _point(rng: Rng, size: int) -> Array:
    result: Array = np.eye(size)[int(rng.integers(size))]
    return result


def _uniform(size: int) -> Array:
    return np.full(size, 1 / size)


def complete_lengths(rng: Rng, size: int) -> Array:
    """Draw the lengths of a binary prefix code that leaves no room."""
    lengths = [0]
    while len(lengths) < size:
        longer = lengths.pop(int(rng.integers(len(lengths)))) + 1
        lengths += [longer, longer]
    return rng.permutation(np.array(lengths, dtype=float))


def _nested(rng: Rng, size: int, count: int) -> list[Array]:
    """Draw laws of which each lives inside the support of the next."""
    order = rng.permutation(size)
    largest = size if count > 1 else size - 1
    supports = np.linspace(1, largest, count) if count > 1 else [largest]
    return [_first(_dirichlet(rng, size), int(support))[order] for support in supports]


def _common_zeros(rng: Rng, size: int, count: int) -> list[Array]:
    order, support = rng.permutation(size), int(rng.integers(1, size))
    return [_first(_dirichlet(rng, size), support)[order] for _ in range(count)]


def _near(rng: Rng, centre: Array, count: int) -> list[Array]:
    width = 10.0 ** -float(rng.integers(2, 6))
    shape = (count, len(centre))
    return [_normalised(row) for row in centre * (1 + width * rng.uniform(-1, 1, shape))]


def _disjoint(rng: Rng, size: int, count: int) -> list[Array]:
    half = size // 2
    left = _first(_dirichlet(rng, size), half)
    right = _first(_dirichlet(rng, size), size - half)[::-1]
    return [right if i % 2 else left for i in range(count)]


def _edge(rng: Rng, size: int) -> Array:
    """Draw a law that is almost a point mass."""
    small = 10.0 ** -float(rng.integers(6, 11))
    values = np.zeros(size)
    values[:2] = 1 - small, small
    return values


_Laws = Callable[[Rng, int, int], list[Array]]
_LAWS: Mapping[str, _Laws] = {
    "generic": lambda rng, n, k: [_dirichlet(rng, n) for _ in range(k)],
    "flat": lambda rng, n, k: [_dirichlet(rng, n, 20.0) for _ in range(k)],
    "spiky": lambda rng, n, k: [_dirichlet(rng, n, 0.3) for _ in range(k)],
    "nested": _nested,
    "nested reversed": lambda rng, n, k: _nested(rng, n, k)[::-1],
    "zeros": lambda rng, n, k: [_common_zeros(rng, n, 1)[0] for _ in range(k)],
    "common zeros": _common_zeros,
    "equal zeros": lambda rng, n, k: _common_zeros(rng, n, 1) * k,
    "equal": lambda rng, n, k: [_dirichlet(rng, n)] * k,
    "near": lambda rng, n, k: _near(rng, _dirichlet(rng, n, 3.0), k),
    "near uniform": lambda rng, n, k: _near(rng, _uniform(n), k),
    "uniform": lambda _, n, k: [_uniform(n)] * k,
    "last uniform": lambda rng, n, k: [*(_dirichlet(rng, n) for _ in range(k - 1)), _uniform(n)],
    "point": lambda rng, n, k: [_point(rng, n)] * k,
    "points": lambda rng, n, k: [_point(rng, n) for _ in range(k)],
    "first point": lambda rng, n, k: [
        _point(rng, n),
        *(_dirichlet(rng, n) for _ in range(k - 1)),
    ],
    "disjoint": _disjoint,
    "dyadic": lambda rng, n, k: [2.0 ** -complete_lengths(rng, n)] * k,
    "edge": lambda rng, n, k: [_edge(rng, n)] * k,
    "two outcomes": lambda rng, n, k: [_first(_dirichlet(rng, n), 2) for _ in range(k)],
}

# ------------------------------------------------------------------------------- styles

# Generic styles come often, and first: they refute most mutants.
LAW_STYLES = (
    *("generic", "generic", "flat", "generic", "spiky", "nested", "near", "generic", "equal"),
    *("zeros", "two outcomes", "nested reversed", "common zeros", "uniform", "equal zeros"),
    *("generic", "point", "last uniform", "near uniform", "first point", "dyadic", "disjoint"),
    *("edge", "points"),
)
JOINT_STYLES = (
    *("as law", "as law", "independent", "as law", "function", "as law", "bijection"),
    *("empty row",),
)
CHANNEL_STYLES = (
    *("generic", "generic", "identity", "spiky", "merge", "constant", "generic", "permutation"),
)
NUMBER_STYLES = ("inside", "inside", "inside", "ends", "inside", "equal", "special", "inside")
MATRIX_STYLES = ("generic", "generic", "generic", "equal", "diagonal", "generic", "identity")
SPECIAL_NUMBERS = (0.0, 0.5, 1.0, 2.0, -1.0, math.e)


@dataclass(frozen=True)
class Styles:
    """How each sort of symbol is drawn in one instance."""

    law: str
    joint: str
    channel: str
    number: str
    matrix: str

    def __str__(self) -> str:
        """Name the styles."""
        return f"laws {self.law}, {self.joint}; channel {self.channel}; numbers {self.number}"


def styles_at(index: int, rng: Rng) -> Styles:
    """Return the styles of the instance with this number; the first ones are generic."""
    if index < 3:
        return Styles("generic", "as law", "generic", "inside", "generic")
    others = (JOINT_STYLES, CHANNEL_STYLES, NUMBER_STYLES, MATRIX_STYLES)
    chosen = (names[int(rng.integers(len(names)))] for names in others)
    return Styles(LAW_STYLES[index % len(LAW_STYLES)], *chosen)


# ------------------------------------------------------------------------------- sizes


@dataclass(frozen=True)
class Sizes:
    """How large an unusual instance is.

    ``sets`` are the sizes of the first set, the second and all others; none leaves them as they
    are in other instances. ``dimension`` is that of vectors, ``integers`` the range of integers.
    """

    name: str
    styles: Styles
    sets: tuple[int, int, int] | None = None
    dimension: int | None = None
    integers: tuple[int, int] = (2, 4)


def _plain(law: str = "generic", number: str = "inside") -> Styles:
    return Styles(law, "as law", "generic", number, "generic")


_ON_SETS = (
    Sizes("9 outcomes", _plain(), (9, 7, 3), 5, (2, 2)),
    Sizes("17 outcomes", _plain("flat"), (17, 3, 2), 5, (2, 2)),
    Sizes("9 outcomes, nested", _plain("nested"), (9, 7, 3), 4, (2, 2)),
    Sizes("one outcome", _plain(), (1, 1, 1), 1, (1, 3)),
)
_IN_SPACE = (Sizes("5 dimensions", _plain(), None, 5), Sizes("4 dimensions", _plain(), None, 4))
# All words of so many letters have to be listed, so the sets are small.
_WITH_INTEGERS = (
    Sizes("7 draws", _plain(), (3, 2, 2), 2, (7, 7)),
    Sizes("12 draws", _plain(), (2, 2, 2), 2, (12, 12)),
)
_WITH_NUMBERS = (Sizes("far", _plain("generic", "far")), Sizes("far", _plain("flat", "far")))


def unusual(symbols: Sequence[Symbol], *, costly: bool = False) -> list[Sizes]:
    """Return the unusual sizes that concern some symbols, those that tell most first.

    Formulas that cost much stay in low dimension.
    """
    axes = {axis for symbol in symbols for axis in symbol.axes}
    sorts: list[Sequence[Sizes]] = []
    if axes - {"d"}:
        sorts.append(_ON_SETS)
    elif axes and not costly:
        sorts.append(_IN_SPACE)
    if any(symbol.kind == "integer" for symbol in symbols):
        sorts.append(_WITH_INTEGERS)
    if any(symbol.kind == "number" and math.isinf(symbol.high - symbol.low) for symbol in symbols):
        sorts.append(_WITH_NUMBERS)
    turns = itertools.zip_longest(*sorts)
    return [sizes for turn in turns for sizes in turn if sizes is not None]


def _sizes(
    symbols: Sequence[Symbol], rng: Rng, styles: Styles, wanted: Sizes | None
) -> dict[str, int]:
    axes = sorted({axis for symbol in symbols for axis in symbol.axes})
    largest = {"d": 3, "X": 5 if axes == ["X"] else 4}
    sizes = {axis: int(rng.integers(1 + (axis != "d"), largest.get(axis, 4) + 1)) for axis in axes}
    square = styles.joint == "bijection" or styles.channel in {"identity", "permutation"}
    if square and {"X", "Y"} <= set(axes):
        sizes["Y"] = sizes["X"]
    if wanted is not None and wanted.dimension is not None and "d" in sizes:
        sizes["d"] = wanted.dimension
    if wanted is not None and wanted.sets is not None:
        sets = sorted(set(axes) - {"d"}, key=lambda axis: ("XY".find(axis) % 3, axis))
        sizes |= {axis: wanted.sets[min(i, 2)] for i, axis in enumerate(sets)}
    return sizes


# ------------------------------------------------------------------------------- instances


def draw(
    symbols: Sequence[Symbol], rng: Rng, styles: Styles, wanted: Sizes | None = None
) -> tuple[dict[str, Value], dict[str, int]]:
    """Draw one instance: the values of the symbols, and the sizes of the sets."""
    drawing = _Drawing(rng, styles, _sizes(symbols, rng, styles, wanted))
    if wanted is not None:
        drawing.integers = wanted.integers
    together = {"law", "family laws", "sub-probability"}
    laws = [symbol for symbol in symbols if symbol.kind in together]
    plain = [symbol for symbol in laws if symbol.kind != "law" or symbol.axes == ("X",)]
    if plain:
        drawing.laws(plain)
    joint = [symbol for symbol in laws if symbol not in plain]
    for axes in dict.fromkeys(symbol.axes for symbol in joint):
        drawing.joints([symbol for symbol in joint if symbol.axes == axes])
    for index, symbol in enumerate(symbols):
        if symbol.key not in drawing.values:
            drawing.values[symbol.key] = drawing.one(symbol, symbols[:index])
    return {symbol.key: drawing.values[symbol.key] for symbol in symbols}, drawing.sizes


@dataclass
class _Drawing:
    """The state while one instance is drawn."""

    rng: Rng
    styles: Styles
    sizes: dict[str, int]
    values: dict[str, Value] = field(default_factory=dict)
    integers: tuple[int, int] = (2, 4)

    def laws(self, symbols: Sequence[Symbol]) -> None:
        """Draw all laws on the plain set together, so that they can be equal or disjoint."""
        counts = [self.sizes[s.axes[0]] if s.kind == "family laws" else 1 for s in symbols]
        drawn = iter(_LAWS[self.styles.law](self.rng, self.sizes["X"], sum(counts)))
        full = self.styles.law in {"equal", "uniform", "point"}
        for symbol, count in zip(symbols, counts, strict=True):
            rows = np.array(list(itertools.islice(drawn, count)))
            if symbol.kind == "sub-probability" and not full:
                rows *= self.rng.uniform(0.3, 1)
            family = symbol.kind == "family laws"
            self.values[symbol.key] = law(rows if family else rows[0], *symbol.axes)

    def joints(self, symbols: Sequence[Symbol]) -> None:
        """Draw all joint laws on the same product together."""
        axes = symbols[0].axes
        shape = tuple(self.sizes[axis] for axis in axes)
        drawn = _LAWS[self.styles.law](self.rng, math.prod(shape), len(symbols))
        keep = self._kept_cells(shape)
        for symbol, flat in zip(symbols, drawn, strict=True):
            table = flat.reshape(shape)
            if self.styles.joint == "independent":
                rows = table.reshape(shape[0], -1)
                table = np.outer(rows.sum(axis=1), rows.sum(axis=0)).reshape(shape)
            table = np.where(keep, table, 0.0)
            if table.sum() == 0:
                table = keep.astype(float)
            self.values[symbol.key] = law(_normalised(table), *axes)

    def _kept_cells(self, shape: tuple[int, ...]) -> Array:
        """Return which cells of a joint law may be positive."""
        rows, columns = shape[0], math.prod(shape[1:])
        keep = np.ones((rows, columns))
        if self.styles.joint == "bijection":
            keep = np.eye(rows, columns)
        elif self.styles.joint == "function" and self.rng.integers(2):
            keep = np.eye(columns)[self.rng.integers(columns, size=rows)]
        elif self.styles.joint == "function":
            keep = np.eye(rows)[:, self.rng.integers(rows, size=columns)]
        elif self.styles.joint == "empty row":
            keep[-1] = 0
        result: Array = keep.reshape(shape)
        return result

    def one(self, symbol: Symbol, earlier: Sequence[Symbol]) -> Value:
        """Draw a symbol that is drawn on its own, after those declared before it."""
        alike = [self.values[other.key] for other in earlier if other.sort == symbol.sort]
        if symbol.kind == "number":
            return self._number(symbol, alike)
        if symbol.kind in {"vector", "matrix"}:
            return self._shaped(symbol, alike)
        draws: dict[str, Callable[[Symbol], Value]] = {
            "any matrix": self._matrix,
            "channel": self._channel,
            "coupling": self._coupling,
            "distribution": lambda function: Distribution(function.given[0]),
            "family weights": self._weights,
            "generator": self._generator,
            "strict generator": self._generator,
            "points on the line": self._points,
            "points on the plane": self._points,
            **dict.fromkeys(("integer", "variable", "size", "element"), self._simple),
        }
        if symbol.kind in draws:
            return draws[symbol.kind](symbol)
        numbers = self._numbers(symbol.kind, self.sizes[symbol.axes[0]])
        return replace(exact(numbers, *symbol.axes), role=symbol.kind)

    def _simple(self, symbol: Symbol) -> Value:
        if symbol.kind == "integer":
            low, high = self.integers
            ends = self.styles.number == "ends"
            return Real(1.0 if ends else float(self.rng.integers(low, high + 1)))
        axis = symbol.axes[0]
        if symbol.kind == "variable":
            return Variable(axis)
        size = self.sizes[axis]
        if symbol.kind == "size":
            return Real(float(size))
        return Element(axis, int(self.rng.integers(size)))

    def _number(self, symbol: Symbol, alike: Sequence[Value]) -> Value:
        style, low, high = self.styles.number, symbol.low, symbol.high
        if style == "equal" and alike:
            return alike[0]
        choices: list[float] = []
        if style == "ends":
            choices = [
                end for end, closed in zip((low, high), symbol.closed, strict=True) if closed
            ]
            near = 1e-6 if math.isfinite(high - low) else 1e-2
            choices += [low + near * (1 + abs(low)), high - near * (1 + abs(high))]
        elif style == "special":
            choices = [number for number in SPECIAL_NUMBERS if low < number < high]
        choices = [number for number in choices if math.isfinite(number)]
        if style == "far" and math.isinf(high - low):
            distance = float(self.rng.uniform(10, 20))
            choices = [low + distance, high - distance, distance, -distance]
            choices = [number for number in choices if low < number < high]
        if choices:
            return Real(choices[int(self.rng.integers(len(choices)))])
        if math.isfinite(low) and math.isfinite(high):
            return Real(float(low + (high - low) * self.rng.uniform(0.02, 0.98)))
        if math.isfinite(low):
            return Real(float(low + math.exp(self.rng.normal(0, 0.8))))
        if math.isfinite(high):
            return Real(float(high - math.exp(self.rng.normal(0, 0.8))))
        return Real(float(self.rng.normal(0, 1.5)))

    def _shaped(self, symbol: Symbol, alike: Sequence[Value]) -> Value:
        """Draw a vector, or a symmetric positive definite matrix."""
        if self.styles.matrix == "equal" and alike:
            return alike[0]
        size = self.sizes[symbol.axes[0]]
        if symbol.kind == "vector":
            return Matrix(self.rng.normal(size=(size, 1)), vector=True)
        root = self.rng.normal(size=(size, size))
        values = root @ root.T + 0.3 * np.eye(size)
        if self.styles.matrix == "diagonal":
            values = np.diag(np.diag(values))
        elif self.styles.matrix == "identity":
            values = np.eye(size)
        return Matrix((values + values.T) / 2)

    def _channel(self, symbol: Symbol) -> Value:
        out, into = (self.sizes[axis] for axis in symbol.axes)
        style = self.styles.channel
        columns = np.array(_LAWS["spiky" if style == "spiky" else "generic"](self.rng, out, into))
        if style == "identity":
            columns = np.eye(into, out) if out >= into else columns
        elif style == "permutation":
            columns = self.rng.permutation(np.eye(into, out)) if out >= into else columns
        elif style == "merge":
            columns = np.eye(out)[np.arange(into) % max(out - 1, 1)]
        elif style == "constant":
            columns[:] = columns[0]
        return law(columns.T, *symbol.axes, given=symbol.given)

    def _points(self, symbol: Symbol) -> Value:
        """Draw points of the line or of the plane; in special cases in equal steps."""
        size = self.sizes[symbol.axes[0]]
        shape = (size,) if symbol.kind.endswith("line") else (size, 2)
        values = self.rng.normal(size=shape) * float(np.exp(self.rng.normal(0, 0.7)))
        if self.styles.number == "special":
            steps = self.rng.permutation(size).astype(float)
            values = steps if len(shape) == 1 else np.column_stack([steps, np.zeros(size)])
        return replace(exact(values, *symbol.axes, *("",) * (len(shape) - 1)), role="points")

    def _generator(self, symbol: Symbol) -> Value:
        names = NAMES if symbol.kind == "generator" else STRICT
        return generator(names[int(self.rng.integers(len(names)))])

    def _matrix(self, symbol: Symbol) -> Value:
        """Draw a matrix of any shape, at times with ones on its diagonal and zeros elsewhere."""
        rows, columns = (self.sizes[axis] for axis in symbol.axes)
        if self.styles.matrix == "identity":
            return Matrix(np.eye(rows, columns))
        return Matrix(self.rng.normal(size=(rows, columns)))

    def _coupling(self, symbol: Symbol) -> Value:
        """Draw a coupling: independent, one that moves little, an extreme one, or a mix."""
        p, q = (cast("Table", self.values[name]).values for name in symbol.given)
        table = law(self._joined(p, q), *symbol.axes)
        # What is taken from a row or a column is as exact as the row or the column.
        return replace(table, errors=table.errors + ENTRY_ERROR * np.maximum.outer(p, q))

    def _joined(self, p: Array, q: Array) -> Array:
        product = np.outer(p, q)
        if self.styles.joint == "independent":
            return product
        if self.styles.joint == "bijection" and len(p) == len(q):
            kept = np.minimum(p, q)
            rest = 1 - kept.sum()
            moved = np.outer(p - kept, q - kept) / rest if rest > 0 else np.zeros_like(product)
            return np.asarray(np.diag(kept) + moved)
        share = self.rng.uniform(0.1, 0.9) if self.styles.joint == "as law" else 1.0
        return np.asarray(share * self._corner(p, q) + (1 - share) * product)

    def _corner(self, p: Array, q: Array) -> Array:
        """Fill a coupling greedily, in a random order of rows and of columns."""
        rows, columns = self.rng.permutation(len(p)), self.rng.permutation(len(q))
        left, right = p.copy(), q.copy()
        table = np.zeros((len(p), len(q)))
        i = j = 0
        while i < len(rows) and j < len(columns):
            row, column = rows[i], columns[j]
            mass = min(left[row], right[column])
            table[row, column] += mass
            left[row] -= mass
            right[column] -= mass
            i, j = (i + 1, j) if left[row] <= right[column] else (i, j + 1)
        return table

    def _weights(self, symbol: Symbol) -> Value:
        style = self.styles.law if self.styles.law in {"zeros", "uniform", "point"} else "generic"
        return law(_LAWS[style](self.rng, self.sizes[symbol.axes[0]], 1)[0], *symbol.axes)

    def _numbers(self, kind: str, size: int) -> Array:
        """Draw a family of numbers, or a measure, a function, … on the plain set."""
        rng, special = self.rng, self.styles.number == "special"
        if kind in {"function", "family real"}:
            return np.full(size, rng.normal()) if special else rng.normal(size=size)
        if kind == "lengths":
            return self._lengths(size)
        if kind in {"distance", "cost", "kernel"}:
            return self._on_pairs(kind, size)
        values = np.ones(size) if special else np.exp(rng.normal(0, 0.8, size))
        if kind == "family non-negative" and "zeros" in self.styles.law:
            values = np.where(rng.uniform(size=size) < 0.4, 0.0, values)
        return values

    def _on_pairs(self, kind: str, size: int) -> Array:
        """Draw a distance, a cost without structure, or a positive definite kernel."""
        distances = self._distances(size)
        if kind == "cost" and self.styles.number != "special":
            return self.rng.uniform(0, 2, (size, size))
        return np.exp(-(distances**2) / 2) if kind == "kernel" else distances

    def _distances(self, size: int) -> Array:
        """Draw the distances between points in the plane; in special cases all the same."""
        if self.styles.number == "special":
            return 1 - np.eye(size)
        points = self.rng.normal(size=(size, 2)) * (1, self.styles.number != "ends")
        distances: Array = np.linalg.norm(points[:, None] - points, axis=2)
        return distances

    def _lengths(self, size: int) -> Array:
        """Draw code lengths; in the style dyadic, those that suit the first law."""
        laws = [v for v in self.values.values() if isinstance(v, Table) and v.axes == ("X",)]
        if self.styles.law == "dyadic" and laws:
            return -np.log2(laws[0].values)
        lengths = complete_lengths(self.rng, size)
        return lengths + self.rng.integers(0, 3, size) * (self.styles.number == "inside")
