r"""What a formula can stand for, and how such values are added and multiplied.

Beside numbers there are laws and functions on finite sets (:class:`Table`), vectors and matrices,
normal laws, elements of sets, random variables, and functions that a formula defines.
All of them carry bounds on their rounding errors, as numbers do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray

from equations import extended as ext
from equations import syntax as syn
from equations.extended import ROUNDOFF, Real, Undefined

ENTRY_ERROR = 4 * ROUNDOFF
ASYMMETRY = 1e-9

Array = NDArray[np.float64]


class EvaluationError(TypeError):
    """A formula that makes no sense in its setting, whatever the instance.

    ``at`` is the place in the text of the formula, ``side`` the side of a relation.
    """

    def __init__(self, message: str, at: int = 0) -> None:
        """Remember the place."""
        super().__init__(message)
        self.message = message
        self.at = at
        self.side = 0


@dataclass(frozen=True)
class Element:
    """An element of a finite set: the name of the set, and which element."""

    axis: str
    index: int


@dataclass(frozen=True)
class Subset:
    """A subset of a finite set: the name of the set, and which elements."""

    axis: str
    indices: frozenset[int]


@dataclass(frozen=True)
class Variable:
    """A random variable, given by the set of its values."""

    axis: str


@dataclass(frozen=True, eq=False)
class Table:
    """A function on a finite set or a product of such sets, with a bound on its errors.

    ``axes`` names the sets; ``soft`` marks the values that a zero factor cancels. A channel
    ``K(y | x)`` lists the set of ``x`` in ``given``; it is the last axis of its table. ``role``
    tells tables apart that functionals look for, such as a distance.
    """

    values: Array
    errors: Array
    axes: tuple[str, ...]
    given: tuple[str, ...] = ()
    soft: NDArray[np.bool_] | None = None
    role: str = ""
    _marginals: dict[tuple[str, ...], Table] = field(default_factory=dict, repr=False)

    def entry(self, index: tuple[int, ...]) -> Real:
        """Return one value."""
        soft = self.soft is not None and bool(self.soft[index])
        return Real(self.values.item(index), self.errors.item(index), soft=soft)

    def part(self, index: tuple[int | None, ...]) -> Real | Table:
        """Return one value, or a table of the values at the places where the index is None."""
        if None not in index:
            return self.entry(cast("tuple[int, ...]", index))
        where = tuple(slice(None) if i is None else i for i in index)
        axes = tuple(axis for axis, i in zip(self.axes, index, strict=True) if i is None)
        soft = None if self.soft is None else self.soft[where]
        return Table(self.values[where], self.errors[where], axes, soft=soft)

    def marginal(self, axes: tuple[str, ...]) -> Table:
        """Return the marginal law on some of the sets, in the order asked for."""
        if axes == self.axes:
            return self
        if len(set(self.axes)) < len(self.axes):
            raise EvaluationError("both variables of this law live on one set; write the sum out")
        if len(set(axes)) < len(axes):
            raise EvaluationError("the same variable stands here twice")
        if not set(axes) <= set(self.axes):
            raise EvaluationError("this law has no such variable")
        if axes not in self._marginals:
            drop = tuple(i for i, axis in enumerate(self.axes) if axis not in axes)
            left = [axis for axis in self.axes if axis in axes]
            order = [left.index(axis) for axis in axes]
            values = self.values.sum(axis=drop).transpose(order)
            errors = self.errors.sum(axis=drop).transpose(order)
            self._marginals[axes] = Table(values, errors + ROUNDOFF * values, axes)
        return self._marginals[axes]

    def conditional(self, axes: tuple[str, ...], given: Sequence[Element]) -> Table:
        """Return the law on some sets, given elements of others; undefined where 0/0."""
        condition = tuple(element.axis for element in given)
        index = tuple(element.index for element in given)
        below = self.marginal(condition).entry(index)
        above = self.marginal(condition + axes)
        values, errors = above.values[index], above.errors[index]
        if below.value == 0:
            unknown = np.full_like(values, np.nan)
            return Table(unknown, np.zeros_like(values), axes, soft=np.isnan(unknown))
        values, errors = values / below.value, errors / below.value
        return Table(values, errors + values * (below.error / below.value + ROUNDOFF), axes)


def are_points(value: Value) -> bool:
    """Return whether a value lists the points that the elements of a set are."""
    return isinstance(value, Table) and value.role == "points"


def entries(table: Table) -> list[Real]:
    """Return all values of a table."""
    return [table.entry(index) for index in np.ndindex(*table.values.shape)]


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

    @property
    def size(self) -> float:
        """The largest entry in absolute value."""
        return float(np.abs(self.values).max())


@dataclass(frozen=True)
class Normal:
    """A normal law, by mean and (co)variance."""

    mean: Real | Matrix
    variance: Real | Matrix


@dataclass(frozen=True)
class Distribution:
    """The distribution function of a law on points of the line, by the name of the law."""

    law: str


@dataclass(frozen=True)
class Closure:
    """A function that a formula defines for numbers: ``g(s) := …``."""

    parameters: tuple[syn.Name, ...]
    body: syn.Node


Value = Real | Table | Matrix | Normal | Closure | Distribution | Element | Subset | Variable

_KINDS = {
    Real: "a number",
    Table: "a law or a function",
    Matrix: "a vector or matrix",
    Normal: "a normal law",
    Closure: "a function",
    Distribution: "a distribution function",
    Element: "an element of a set",
    Subset: "a subset",
    Variable: "a random variable",
}


def kind_of(value: Value) -> str:
    """Say in words what kind of value this is."""
    return _KINDS[type(value)]


def are_numbers(values: Sequence[Value]) -> TypeGuard[Sequence[Real]]:
    """Return whether all values are numbers."""
    for value in values:  # noqa: SIM110  (much faster than a generator, and called most often)
        if value.__class__ is not Real:
            return False
    return True


def as_number(value: Value) -> Value:
    """Return a matrix of one entry as a number."""
    if isinstance(value, Matrix) and value.values.size == 1:
        return Real(float(value.values.item()), value.error)
    return value


def lift(
    function: Callable[[Sequence[Real]], Real], values: Sequence[Value], node: syn.Node
) -> Value:
    """Apply a function of numbers; to tables entry by entry."""
    if are_numbers(values):
        return function(values)
    if any(isinstance(value, Real) for value in values):
        values = [as_number(value) for value in values]
        if are_numbers(values):
            return function(values)
    tables = [value for value in values if isinstance(value, Table)]
    if not all(isinstance(value, Real | Table) for value in values):
        kinds = " and ".join(sorted({kind_of(value) for value in values}))
        raise EvaluationError(f"this does not combine: {kinds}", node.at)
    first, *others = tables
    if any(table.values.shape != first.values.shape for table in others):
        raise EvaluationError("these live on different sets", node.at)

    def entry(index: tuple[int, ...]) -> Real:
        entries = [value.entry(index) if isinstance(value, Table) else value for value in values]
        return function(cast("Sequence[Real]", entries))

    return tabulated(first.values.shape, first.axes, entry, first.given)


def total(values: Sequence[Value], node: syn.Node) -> Value:
    """Return a sum of numbers, of tables, or of matrices."""
    if are_numbers(values):
        return ext.add(values)
    matrices = [value for value in values if isinstance(value, Matrix)]
    if len(matrices) < len(values):
        return lift(ext.add, values, node)
    if any(matrix.values.shape != matrices[0].values.shape for matrix in matrices):
        raise EvaluationError("the shapes of these matrices differ", node.at)
    result = np.sum([matrix.values for matrix in matrices], axis=0)
    return Matrix(result, sum(m.error + ROUNDOFF * m.size for m in matrices))


def product(left: Value, right: Value, node: syn.Node) -> Value:
    """Return a product of two values of which one is no number."""
    for factor, value in ((left, right), (right, left)):
        if isinstance(factor, Real) and isinstance(value, Real | Table):
            return lift(ext.multiply, [factor, value], node)
        if isinstance(factor, Real) and isinstance(value, Matrix):
            error = abs(factor.value) * (value.error + ROUNDOFF * value.size)
            return Matrix(value.values * factor.value, error + factor.error * value.size)
    if isinstance(left, Matrix) and isinstance(right, Matrix):
        return _matrix_product(left, right, node)
    if isinstance(left, Table) and isinstance(right, Element) and len(left.axes) == 1:
        return left.entry((right.index,))
    if isinstance(left, Table) and isinstance(right, Table) and right.given:
        return _through_channel(left, right, node)
    raise EvaluationError(f"{kind_of(left)} times {kind_of(right)} has no meaning here", node.at)


def _through_channel(law_in: Table, channel: Table, node: syn.Node) -> Table:
    if law_in.axes[-1:] != channel.given:
        raise EvaluationError("the channel does not take what the law gives", node.at)
    axes = law_in.axes[:-1] + channel.axes[:-1]
    values = law_in.values @ channel.values.T
    errors = law_in.errors @ channel.values.T + law_in.values @ channel.errors.T
    return Table(values, errors + ROUNDOFF * len(values) * values, axes, law_in.given)


def outer(left: Table, right: Table) -> Table:
    """Return the product law of two laws."""
    values = np.multiply.outer(left.values, right.values)
    errors = np.multiply.outer(left.errors, right.values)
    errors += np.multiply.outer(left.values, right.errors)
    return Table(values, errors + ROUNDOFF * values, left.axes + right.axes)


def _matrix_product(left: Matrix, right: Matrix, node: syn.Node) -> Value:
    inner = left.values.shape[1]
    if inner != right.values.shape[0]:
        raise EvaluationError("the shapes of these matrices do not fit", node.at)
    error = inner * (left.size * right.error + right.size * left.error)
    error += inner * (inner + 1) * ROUNDOFF * left.size * right.size
    result = Matrix(left.values @ right.values, error)
    return as_number(result) if inner > 1 else result


def matrix_power(base: Matrix, exponent: float, node: syn.Node) -> Matrix:
    """Return a power of a symmetric matrix: its inverse, its square root, …."""
    if not _is_square(base) or np.abs(base.values - base.values.T).max() > ASYMMETRY * base.size:
        raise EvaluationError("a power needs a symmetric matrix", node.at)
    values, vectors = np.linalg.eigh(base.values)
    if values.min() <= 0:
        raise Undefined("a power of a matrix that is not positive definite")
    powers = values**exponent
    condition = base.size / max(float(values.min()), base.error)
    error = base.error / base.size + 8 * len(values) * ROUNDOFF
    return Matrix((vectors * powers) @ vectors.T, float(powers.max()) * condition * error)


def _is_square(matrix: Matrix) -> bool:
    rows, columns = matrix.values.shape
    return bool(rows == columns)


def vector_norm(entries: Sequence[Real], order: float) -> Real:
    """Return the norm of some numbers, of order 1, 2 or infinity."""
    sizes = [ext.absolute(entry) for entry in entries]
    if order == 1:
        return ext.add(sizes)
    if math.isinf(order):
        return ext.largest(sizes)
    return ext.root(ext.add([ext.multiply([size, size]) for size in sizes]))


def matrix_norm(matrix: Matrix, order: float | None) -> Real:
    """Return the norm of a vector; of a matrix the spectral norm (2) or the Frobenius norm."""
    rows, columns = matrix.values.shape
    if min(rows, columns) == 1 and order is not None:
        return vector_norm([Real(float(x), matrix.error) for x in matrix.values.flat], order)
    if order is None:
        norm = float(np.linalg.norm(matrix.values))
    elif order == 2:
        norm = float(np.linalg.norm(matrix.values, 2))
    else:
        raise EvaluationError("the norm of a matrix is that of order 2 or has no order")
    return Real(norm, math.sqrt(rows * columns) * matrix.error + 8 * rows * ROUNDOFF * norm)


def of_matrix(name: str, matrix: Matrix, node: syn.Node) -> Real | Matrix:
    """Return the norm, the trace, the determinant or the diagonal matrix of a matrix."""
    values, size, count = matrix.values, matrix.size, len(matrix.values)
    if name == "norm":
        return matrix_norm(matrix, None)
    if name == "diag" and values.shape[1] == 1:
        return Matrix(np.diag(values.ravel()), matrix.error)
    if name == "tr" and _is_square(matrix):
        return Real(float(np.trace(values)), count * (matrix.error + ROUNDOFF * size))
    if name == "det" and _is_square(matrix):
        error = count**2 * size ** (count - 1) * (matrix.error + 4 * count * ROUNDOFF * size)
        return Real(float(np.linalg.det(values)), error)
    raise EvaluationError(f"{name} of this matrix has no meaning", node.at)
