r"""What a formula can stand for, and how such values are added and multiplied.

Beside numbers there are laws and functions on finite sets (:class:`Table`), vectors and matrices,
normal laws, elements of sets, random variables, and functions that a formula defines.
All of them carry bounds on their rounding errors, as numbers do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from equations import extended as ext
from equations import syntax as syn
from equations.extended import ROUNDOFF, Real, Undefined

ENTRY_ERROR = 4 * ROUNDOFF

Array = NDArray[np.float64]


class EvaluationError(TypeError):
    """A formula that makes no sense in its setting, whatever the instance."""

    def __init__(self, message: str, at: int = 0) -> None:
        """Remember where in the text of the formula the fault is."""
        super().__init__(message)
        self.message = message
        self.at = at


@dataclass(frozen=True)
class Element:
    """An element of a finite set: the name of the set, and which element."""

    axis: str
    index: int


@dataclass(frozen=True)
class Variable:
    """A random variable, given by the set of its values."""

    axis: str


@dataclass(frozen=True, eq=False)
class Table:
    """A function on a finite set or a product of such sets, with a bound on its errors.

    ``axes`` names the sets; ``soft`` marks the values that a zero factor cancels. A channel ``K(y | x)`` lists the set of ``x`` in ``given``; it is the
    last axis of its table.
    """

    values: Array
    errors: Array
    axes: tuple[str, ...]
    given: tuple[str, ...] = ()
    soft: NDArray[np.bool_] | None = None
    _marginals: dict[tuple[str, ...], Table] = field(default_factory=dict, repr=False)

    def entry(self, index: tuple[int, ...]) -> Real:
        """Return one value."""
        soft = self.soft is not None and bool(self.soft[index])
        return Real(float(self.values[index]), float(self.errors[index]), soft=soft)

    def marginal(self, axes: tuple[str, ...]) -> Table:
        """Return the marginal law on some of the sets, in the order asked for."""
        if axes == self.axes:
            return self
        if len(set(axes)) < len(axes):
            raise EvaluationError("the same variable stands here twice")
        if axes not in self._marginals:
            drop = tuple(i for i, axis in enumerate(self.axes) if axis not in axes)
            left = [axis for axis in self.axes if axis in axes]
            order = [left.index(axis) for axis in axes]
            values = self.values.sum(axis=drop).transpose(order)
            errors = self.errors.sum(axis=drop).transpose(order)
            self._marginals[axes] = Table(values, errors + ROUNDOFF * values, axes)
        return self._marginals[axes]


def tabulated(
    shape: tuple[int, ...],
    axes: tuple[str, ...],
    entry: Callable[[tuple[int, ...]], Real],
    given: tuple[str, ...] = (),
) -> Table:
    """Make a table by computing its entries one by one."""
    values, errors, soft = np.empty(shape), np.empty(shape), np.zeros(shape, dtype=bool)
    for index in np.ndindex(*shape):
        number = entry(index)
        values[index], errors[index], soft[index] = number.value, number.error, number.soft
    return Table(values, errors, axes, given, soft if soft.any() else None)


def law(values: Sequence[Any] | Array, *axes: str, given: tuple[str, ...] = ()) -> Table:
    """Make a table of probabilities that were normalised, and so are rounded."""
    array = np.asarray(values, dtype=float)
    return Table(array, ENTRY_ERROR * np.abs(array), axes, given)


def exact(values: Sequence[Any] | Array, *axes: str) -> Table:
    """Make a table of numbers that are meant as they are."""
    array = np.asarray(values, dtype=float)
    return Table(array, np.zeros_like(array), axes)


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix or a column vector, with a bound on the error of its entries."""

    values: Array
    error: float = 0.0
    vector: bool = False


@dataclass(frozen=True)
class Normal:
    """A normal law, by mean and (co)variance."""

    mean: Real | Matrix
    variance: Real | Matrix


@dataclass(frozen=True)
class Closure:
    """A function that a formula defines for numbers: ``g(s) := …``."""

    parameters: tuple[syn.Name, ...]
    body: syn.Node


Value = Real | Table | Matrix | Normal | Closure | Element | Variable


def conditioning(value: Value, depth: float) -> float:
    """Return how much the error of an argument may change the value of a functional."""
    if isinstance(value, Real):
        return value.error * (1 + depth) + _relative(value)
    if isinstance(value, Table):
        return float(value.errors.sum()) * (1 + depth)
    return 0.0


def _relative(value: Real) -> float:
    return value.error / abs(value.value) if value.value else 0.0


def kind_of(value: object) -> str:
    names = {
        Real: "a number",
        Table: "a law or a function",
        Matrix: "a vector or matrix",
        Normal: "a normal law",
        Closure: "a function",
        Element: "an element of a set",
        Variable: "a random variable",
    }
    return names[type(value)]


def sliced(table: Table, index: tuple[int | None, ...]) -> Value:
    full = index + (None,) * (len(table.axes) - len(index))
    if None not in full:
        return table.entry(cast("tuple[int, ...]", full))
    where = tuple(slice(None) if i is None else i for i in full)
    axes = tuple(axis for axis, i in zip(table.axes, full, strict=True) if i is None)
    soft = None if table.soft is None else table.soft[where]
    return Table(table.values[where], table.errors[where], axes, soft=soft)


def lift(function: Callable[[Sequence[Real]], Real], values: Sequence[Value], node: syn.Node) -> Value:
    """Apply a function of numbers; to tables and matrices entry by entry."""
    if any(isinstance(value, Real) for value in values):
        values = [as_number(value) for value in values]
    if all(isinstance(value, Real) for value in values):
        return function(cast("Sequence[Real]", values))
    tables = [value for value in values if isinstance(value, Table)]
    if len(tables) + sum(isinstance(value, Real) for value in values) == len(values):
        first = tables[0]
        if any(table.values.shape != first.values.shape for table in tables):
            raise EvaluationError("these live on different sets", node.at)
        operands = values

        def entry(index: tuple[int, ...]) -> Real:
            entries = [v.entry(index) if isinstance(v, Table) else v for v in operands]
            return function(cast("Sequence[Real]", entries))

        return tabulated(first.values.shape, first.axes, entry, first.given)
    matrices = [value for value in values if isinstance(value, Matrix)]
    if function is ext.add and len(matrices) == len(values):
        if any(matrix.values.shape != matrices[0].values.shape for matrix in matrices):
            raise EvaluationError("the shapes of these matrices differ", node.at)
        total = np.sum([matrix.values for matrix in matrices], axis=0)
        error = sum(m.error + ROUNDOFF * float(np.abs(m.values).max()) for m in matrices)
        return Matrix(total, error)
    kinds = " and ".join(sorted({kind_of(value) for value in values}))
    raise EvaluationError(f"this does not combine: {kinds}", node.at)


def as_number(value: Value) -> Value:
    """Return a matrix of one entry as a number."""
    if isinstance(value, Matrix) and value.values.size == 1:
        return Real(float(value.values.item()), value.error)
    return value


def scaled(value: Value, factor: Real, node: syn.Node) -> Value:
    if isinstance(value, Table):
        return lift(ext.multiply, [factor, value], node)
    if isinstance(value, Matrix):
        size = float(np.abs(value.values).max())
        error = abs(factor.value) * (value.error + ROUNDOFF * size) + factor.error * size
        return Matrix(value.values * factor.value, error)
    raise EvaluationError(f"{kind_of(value)} cannot be scaled", node.at)


def times(left: Value, right: Value, node: syn.Node) -> Value:
    if isinstance(left, Real) and isinstance(right, Real):
        return ext.multiply([left, right])
    if isinstance(left, Real):
        return scaled(right, left, node)
    if isinstance(right, Real):
        return scaled(left, right, node)
    if isinstance(left, Matrix) and isinstance(right, Matrix):
        return _matrix_product(left, right, node)
    if isinstance(left, Table) and isinstance(right, Element) and len(left.axes) == 1:
        return left.entry((right.index,))
    if isinstance(left, Table) and isinstance(right, Table) and right.given:
        if left.axes[-1:] != right.given:
            raise EvaluationError("the channel does not take what the law gives", node.at)
        axes = left.axes[:-1] + right.axes[: -len(right.given)]
        given = left.given
        values = left.values @ right.values.T
        errors = left.errors @ right.values.T + left.values @ right.errors.T
        return Table(values, errors + ROUNDOFF * len(values) * values, axes, given)
    raise EvaluationError(f"{kind_of(left)} times {kind_of(right)} has no meaning here", node.at)


def outer(left: Table, right: Table) -> Table:
    values = np.multiply.outer(left.values, right.values)
    errors = np.multiply.outer(left.errors, right.values) + np.multiply.outer(
        left.values, right.errors
    )
    return Table(values, errors + ROUNDOFF * values, left.axes + right.axes)


def _matrix_product(left: Matrix, right: Matrix, node: syn.Node) -> Value:
    if left.values.shape[1] != right.values.shape[0]:
        raise EvaluationError("the shapes of these matrices do not fit", node.at)
    values = left.values @ right.values
    inner = left.values.shape[1]
    sizes = [float(np.abs(m.values).max()) for m in (left, right)]
    error = inner * (sizes[0] * right.error + sizes[1] * left.error)
    error += inner * (inner + 1) * ROUNDOFF * sizes[0] * sizes[1]
    if values.size == 1 and inner > 1:
        return Real(float(values.item()), error)
    return Matrix(values, error)


def matrix_power(base: Matrix, exponent: float, node: syn.Node) -> Matrix:
    if base.values.shape[0] != base.values.shape[1]:
        raise EvaluationError("a power needs a square matrix", node.at)
    values, vectors = np.linalg.eigh(base.values)
    if not np.allclose(base.values, base.values.T, atol=1e-9):
        raise EvaluationError("a power needs a symmetric matrix", node.at)
    if values.min() < -1e-9 or (exponent < 0 and values.min() <= 0):
        raise Undefined("a power of a matrix that is not positive definite")
    powers = np.abs(values) ** exponent
    result = (vectors * powers) @ vectors.T
    size = float(np.abs(base.values).max())
    condition = size / max(float(np.abs(values).min()), base.error, ROUNDOFF)
    error = float(powers.max()) * condition * (base.error / size + 8 * len(values) * ROUNDOFF)
    return Matrix(result, error)


def of_matrix(name: str, matrix: Matrix, node: syn.Node) -> Real:
    values, size = matrix.values, float(np.abs(matrix.values).max())
    count = len(values)
    if name == "norm":
        norm = float(np.linalg.norm(values))
        return Real(norm, count * matrix.error + count * ROUNDOFF * norm)
    if values.shape[0] != values.shape[1] or name not in {"tr", "det"}:
        raise EvaluationError(f"{name} of this matrix has no meaning", node.at)
    if name == "tr":
        return Real(float(np.trace(values)), count * (matrix.error + ROUNDOFF * size))
    error = count**2 * size ** (count - 1) * (matrix.error + 4 * count * ROUNDOFF * size)
    return Real(float(np.linalg.det(values)), error)


