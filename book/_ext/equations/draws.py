"""Draw what the symbols of a setting stand for, in many styles.

A style names a corner where formulas break: zeros, equal laws, disjoint supports, a channel that
loses everything. The styles of laws, joint laws, channels, numbers and matrices are chosen
independently of each other; laws on the same set are drawn together, so that they can be equal.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from equations import syntax as syn
from equations.extended import Real
from equations.values import Array, Element, Matrix, Table, Value, Variable, exact, law

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
    def joint(self) -> bool:
        """Whether this is the law of several variables, or of one that is not ``X``."""
        return self.kind == "law" and self.axes != ("X",)

    @property
    def key(self) -> str:
        """The name under which the evaluator finds the value."""
        return self.name.base if self.kind.startswith("family") else self.name.text


LAW_STYLES = (
    "generic",
    "generic",
    "flat",
    "generic",
    "spiky",
    "nested",
    "near",
    "generic",
    "equal",
    "zeros",
    "two point",
    "nested reversed",
    "common zeros",
    "uniform",
    "equal zeros",
    "generic",
    "point",
    "last uniform",
    "near uniform",
    "first point",
    "dyadic",
    "disjoint",
    "edge",
    "points",
)
JOINT_STYLES = ("as law", "as law", "independent", "as law", "function", "as law", "bijection", "empty row")
CHANNEL_STYLES = ("generic", "generic", "identity", "spiky", "merge", "constant", "generic", "permutation")
NUMBER_STYLES = ("inside", "inside", "inside", "ends", "inside", "equal", "special", "inside")
MATRIX_STYLES = ("generic", "generic", "generic", "equal", "diagonal", "generic", "identity")


@dataclass
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
    if index < 3:  # noqa: PLR2004  (mutants meet these first)
        return Styles("generic", "as law", "generic", "inside", "generic")
    pick = [LAW_STYLES, JOINT_STYLES, CHANNEL_STYLES, NUMBER_STYLES, MATRIX_STYLES]
    law_style = LAW_STYLES[index % len(LAW_STYLES)]
    return Styles(law_style, *(names[int(rng.integers(len(names)))] for names in pick[1:]))


def draw_laws(rng: Rng, style: str, count: int, size: int) -> list[Array]:  # noqa: C901, PLR0911, PLR0912  (one line for each style)
    """Draw several laws on one set in some style."""

    def one(concentration: float = 1.0) -> Array:
        return _dirichlet(rng, concentration, size)

    if style == "flat":
        return [one(20.0) for _ in range(count)]
    if style == "spiky":
        return [one(0.3) for _ in range(count)]
    if style in {"nested", "nested reversed"}:
        laws = [_restricted(rng, one(), 1 + (i * (size - 1)) // max(count - 1, 1)) for i in range(count)]
        if count == 1:
            laws = [_restricted(rng, one(), size - 1)]
        order = rng.permutation(size)
        laws = [values[order] for values in laws]
        return laws[::-1] if style == "nested reversed" else laws
    if style == "zeros":
        return [rng.permutation(_restricted(rng, one(), int(rng.integers(1, size)))) for _ in range(count)]
    if style in {"common zeros", "equal zeros"}:
        order, left = rng.permutation(size), int(rng.integers(1, size))
        laws = [_restricted(rng, one(), left)[order] for _ in range(count)]
        return [laws[0]] * count if style == "equal zeros" else laws
    if style == "equal":
        return [one()] * count
    if style in {"near", "near uniform"}:
        centre = one(3.0) if style == "near" else np.full(size, 1 / size)
        width = 10.0 ** -float(rng.integers(2, 6))
        return [_normalised(centre * (1 + width * rng.uniform(-1, 1, size))) for _ in range(count)]
    if style == "uniform":
        return [np.full(size, 1 / size)] * count
    if style == "last uniform":
        return [*(one() for _ in range(count - 1)), np.full(size, 1 / size)]
    if style == "point":
        return [np.eye(size)[int(rng.integers(size))]] * count
    if style == "points":
        return [np.eye(size)[int(rng.integers(size))] for _ in range(count)]
    if style == "first point":
        return [np.eye(size)[int(rng.integers(size))], *(one() for _ in range(count - 1))]
    if style == "disjoint":
        left = _restricted(rng, one(), size // 2)
        right = _restricted(rng, one(), size - size // 2)[::-1]
        return [left if i % 2 == 0 else right for i in range(count)]
    if style == "dyadic":
        return [2.0 ** -rng.permutation(_complete_lengths(rng, size))] * count
    if style == "edge":
        small = 10.0 ** -float(rng.integers(6, 11))
        values = np.zeros(size)
        values[:2] = 1 - small, small
        return [values] * count
    if style == "two point":
        return [_restricted(rng, one(), 2) for _ in range(count)]
    return [one() for _ in range(count)]


def _dirichlet(rng: Rng, concentration: float, size: int) -> Array:
    return _normalised(rng.gamma(concentration, size=size) + 1e-12)


def _normalised(values: Array) -> Array:
    return values / values.sum()


def _restricted(rng: Rng, values: Array, support: int) -> Array:
    """Keep the first outcomes of a law only."""
    kept = np.where(np.arange(len(values)) < max(support, 1), values, 0.0)
    return _normalised(kept) if kept.sum() > 0 else np.eye(len(values))[int(rng.integers(len(values)))]


def _complete_lengths(rng: Rng, size: int) -> Array:
    """Draw the lengths of a binary prefix code that leaves no room."""
    lengths = [0]
    while len(lengths) < size:
        longer = lengths.pop(int(rng.integers(len(lengths)))) + 1
        lengths += [longer, longer]
    return np.array(lengths, dtype=float)


def _draw_number(rng: Rng, symbol: Symbol, style: str) -> float:
    low, high = symbol.low, symbol.high
    if style == "ends":
        ends = [end for end, closed in zip((low, high), symbol.closed, strict=True) if closed]
        near = [low + 1e-6 * (1 + abs(low))] if math.isfinite(low) else []
        near += [high - 1e-6 * (1 + abs(high))] if math.isfinite(high) else []
        choices = ends + near or [0.0]
        return choices[int(rng.integers(len(choices)))]
    if style == "special":
        choices = [v for v in (0.0, 0.5, 1.0, 2.0, -1.0, math.e) if low < v < high]
        if choices:
            return choices[int(rng.integers(len(choices)))]
    if math.isfinite(low) and math.isfinite(high):
        return float(low + (high - low) * rng.uniform(0.02, 0.98))
    if math.isfinite(low):
        return float(low + math.exp(rng.normal(0, 0.8)))
    if math.isfinite(high):
        return float(high - math.exp(rng.normal(0, 0.8)))
    return float(rng.normal(0, 1.5))


_TOGETHER = {"law", "family laws", "sub-probability"}


@dataclass
class Drawing:
    """The state while one instance is drawn."""

    rng: Rng
    styles: Styles
    sizes: dict[str, int]
    values: dict[str, Value] = field(default_factory=dict)

    def one(self, symbol: Symbol, earlier: Sequence[Symbol]) -> None:
        """Draw a symbol that is drawn on its own, after those declared before it."""
        kind = symbol.kind
        if kind == "channel":
            self.channel(symbol)
        elif kind == "number":
            self.number(symbol, earlier)
        elif kind in {"vector", "matrix"}:
            self.shaped(symbol, earlier)
        elif kind in {"measure", "function", "lengths"}:
            self.on_the_set(symbol)
        elif kind.startswith("family"):
            self.family(symbol)
        else:
            self.values[symbol.key] = self._simple(symbol)

    def _simple(self, symbol: Symbol) -> Value:
        if symbol.kind == "integer":
            return Real(1.0 if self.styles.number == "ends" else float(self.rng.integers(2, 5)))
        axis = symbol.axes[0]
        if symbol.kind == "size":
            return Real(float(self.sizes[axis]))
        if symbol.kind == "element":
            return Element(axis, int(self.rng.integers(self.sizes[axis])))
        return Variable(axis)

    def laws(self, symbols: Sequence[Symbol]) -> None:
        """Draw all laws on the plain set together, so that they can be equal or disjoint."""
        size = self.sizes["X"]
        counts = [self.sizes[s.axes[0]] if s.kind == "family laws" else 1 for s in symbols]
        drawn = iter(draw_laws(self.rng, self.styles.law, sum(counts), size))
        for symbol, count in zip(symbols, counts, strict=True):
            rows = list(itertools.islice(drawn, count))
            if symbol.kind == "family laws":
                self.values[symbol.key] = law(np.array(rows), *symbol.axes)
            elif symbol.kind == "sub-probability":
                loss = 1.0 if self.styles.law in {"equal", "uniform", "point"} else self.rng.uniform(0.3, 1)
                self.values[symbol.key] = law(rows[0] * loss, "X")
            else:
                self.values[symbol.key] = law(rows[0], "X")

    def joints(self, symbols: Sequence[Symbol]) -> None:
        """Draw all joint laws on the same product together."""
        axes = symbols[0].axes
        shape = tuple(self.sizes[axis] for axis in axes)
        laws = draw_laws(self.rng, self.styles.law, len(symbols), math.prod(shape))
        support = (self.rng.permuted(np.indices(shape)[0], axis=0) + np.arange(shape[-1])) % shape[-1]
        for symbol, flat in zip(symbols, laws, strict=True):
            table = flat.reshape(shape)
            if self.styles.joint == "independent" and len(shape) == 2:  # noqa: PLR2004  (a matrix)
                table = np.outer(table.sum(axis=1), table.sum(axis=0))
            elif self.styles.joint in {"function", "bijection"} and len(shape) == 2:  # noqa: PLR2004
                table = self._functional(table, support)
            elif self.styles.joint == "empty row" and shape[0] > 1:
                table = np.concatenate([table[:-1], np.zeros_like(table[-1:])])
            if table.sum() <= 0:
                table = np.zeros(shape)
                table.flat[0] = 1.0
            self.values[symbol.key] = law(table / table.sum(), *axes)

    def _functional(self, table: Array, support: Array) -> Array:
        """Keep one cell in each row, or, for a bijection, also one in each column."""
        rows, columns = table.shape
        if self.styles.joint == "bijection":
            keep = np.arange(rows) % columns
            mask = np.zeros_like(table)
            mask[np.arange(min(rows, columns)), keep[: min(rows, columns)]] = 1
            return table * mask
        mask = np.zeros_like(table)
        mask[np.arange(rows), support[:, 0]] = 1
        flipped = bool(self.rng.integers(2)) and rows <= columns
        if flipped:
            mask = np.zeros_like(table)
            mask[np.arange(columns) % rows, np.arange(columns)] = 1
        return table * mask

    def channel(self, symbol: Symbol) -> None:
        out, into = (self.sizes[axis] for axis in symbol.axes)
        style = self.styles.channel
        columns = draw_laws(self.rng, "spiky" if style == "spiky" else "generic", into, out)
        if style in {"identity", "permutation"} and out >= into:
            order = np.arange(out) if style == "identity" else self.rng.permutation(out)
            columns = [np.eye(out)[order[i]] for i in range(into)]
        elif style == "merge":
            columns = [np.eye(out)[i % max(out - 1, 1)] for i in range(into)]
        elif style == "constant":
            columns = [columns[0]] * into
        table = law(np.array(columns).T, *symbol.axes, given=symbol.given)
        self.values[symbol.key] = table

    def number(self, symbol: Symbol, earlier: Sequence[Symbol]) -> None:
        if self.styles.number == "equal":
            for other in earlier:
                value = self.values.get(other.key)
                same = (other.low, other.high, other.closed) == (symbol.low, symbol.high, symbol.closed)
                if other.kind == "number" and same and isinstance(value, Real):
                    self.values[symbol.key] = Real(value.value)
                    return
        self.values[symbol.key] = Real(_draw_number(self.rng, symbol, self.styles.number))

    def shaped(self, symbol: Symbol, earlier: Sequence[Symbol]) -> None:
        dimension = self.sizes[symbol.axes[0]]
        twin = next((other for other in earlier if other.kind == symbol.kind), None)
        if self.styles.matrix == "equal" and twin is not None:
            self.values[symbol.key] = self.values[twin.key]
            return
        if symbol.kind == "vector":
            self.values[symbol.key] = Matrix(self.rng.normal(size=(dimension, 1)), vector=True)
            return
        root = self.rng.normal(size=(dimension, dimension))
        values = root @ root.T + 0.3 * np.eye(dimension)
        if self.styles.matrix == "diagonal":
            values = np.diag(np.diag(values))
        elif self.styles.matrix == "identity":
            values = np.eye(dimension)
        self.values[symbol.key] = Matrix((values + values.T) / 2)

    def family(self, symbol: Symbol) -> None:
        size = self.sizes[symbol.axes[0]]
        if symbol.kind == "family weights":
            style = self.styles.law if self.styles.law in {"zeros", "uniform", "point"} else "generic"
            (values,) = draw_laws(self.rng, style, 1, size)
            self.values[symbol.key] = law(values, *symbol.axes)
            return
        values = self.rng.gamma(1.0, size=size) + 1e-3
        if symbol.kind == "family real":
            values = self.rng.normal(size=size)
        elif symbol.kind == "family non-negative" and self.styles.law in {"zeros", "common zeros", "nested"}:
            values = np.where(self.rng.uniform(size=size) < 0.4, 0.0, values)  # noqa: PLR2004  (some zeros)
        elif self.styles.law in {"uniform", "equal"}:
            values = np.ones(size)
        self.values[symbol.key] = exact(values, *symbol.axes)

    def on_the_set(self, symbol: Symbol) -> None:
        """Draw a measure, a function, or code lengths on the plain set."""
        size = self.sizes["X"]
        if symbol.kind == "measure":
            uniform = self.styles.number == "special"
            values = np.ones(size) if uniform else np.exp(self.rng.normal(0, 0.8, size))
        elif symbol.kind == "function":
            constant = self.styles.number == "special"
            values = np.full(size, self.rng.normal()) if constant else self.rng.normal(size=size)
        else:
            values = self._lengths(size)
        self.values[symbol.key] = exact(values, "X")

    def _lengths(self, size: int) -> Array:
        laws = [v for v in self.values.values() if isinstance(v, Table) and v.axes == ("X",)]
        if self.styles.law == "dyadic" and laws:
            return -np.log2(laws[0].values)
        if self.styles.law == "point" and laws:
            return np.where(laws[0].values == 1, 0.0, np.inf)
        lengths = self.rng.permutation(_complete_lengths(self.rng, size))
        return lengths + self.rng.integers(0, 3, size) * (self.styles.number == "inside")


def draw(
    symbols: Sequence[Symbol], rng: Rng, styles: Styles
) -> tuple[dict[str, Value], dict[str, int]]:
    """Draw one instance: the values of the symbols, and the sizes of the sets."""
    drawing = Drawing(rng, styles, _sizes(symbols, rng, styles))
    plain = [s for s in symbols if s.kind in _TOGETHER and s.axes[-1:] == ("X",) and not s.joint]
    if plain:
        drawing.laws(plain)
    joint = [symbol for symbol in symbols if symbol.joint]
    for axes in dict.fromkeys(symbol.axes for symbol in joint):
        drawing.joints([symbol for symbol in joint if symbol.axes == axes])
    for index, symbol in enumerate(symbols):
        if symbol.key not in drawing.values:
            drawing.one(symbol, symbols[:index])
    return {symbol.key: drawing.values[symbol.key] for symbol in symbols}, drawing.sizes


def _sizes(symbols: Sequence[Symbol], rng: Rng, styles: Styles) -> dict[str, int]:
    axes = {axis for symbol in symbols for axis in symbol.axes}
    sizes = {}
    for axis in sorted(axes):
        if axis == "d":
            sizes[axis] = int(rng.integers(1, 4))
        else:
            sizes[axis] = int(rng.integers(2, 6 if axis == "X" and len(axes) == 1 else 5))
    square = styles.joint == "bijection" or styles.channel in {"identity", "permutation"}
    if square and {"X", "Y"} <= axes:
        sizes["Y"] = sizes["X"]
    return sizes
