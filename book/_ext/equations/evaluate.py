r"""Give a formula its value on one instance of its setting.

An instance says what each symbol is: a number, a law, a vector, a random variable.
:class:`Evaluator` walks through the tree of a formula and returns its value. Functionals such as
``\KL`` call the reference package; everything else is computed here, from the formula as it is
written.

Index letters need no declaration. In ``\sum_x p(x)`` the letter runs over the set on which ``p``
lives. Where a law has several variables, letters tell them apart: of a joint law ``p(x, y)`` the
marginals are ``p(x)`` and ``p(y)``, also written ``p_X`` and ``p_Y``.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from equations import extended as ext
from equations import limits
from equations import syntax as syn
from equations.extended import ROUNDOFF, OutOfRange, Real, Undefined
from equations.functionals import PI, functional, log_density
from equations.generators import Generator, generator, marked
from equations.programmes import LIPSCHITZ, is_programme, optimum
from equations.quadrature import SPREADS, derivative, gauss_hermite, integral, limit
from equations.staircases import Staircase, normal_distribution, piecewise, staircase
from equations.values import (
    Array,
    Closure,
    Distribution,
    Element,
    EvaluationError,
    Matrix,
    Normal,
    Subset,
    Table,
    Value,
    Variable,
    are_numbers,
    are_points,
    as_number,
    entries,
    exact,
    kind_of,
    law,
    lift,
    matrix_norm,
    matrix_power,
    of_matrix,
    outer,
    product,
    tabulated,
    total,
    vector_norm,
)

T = TypeVar("T")
CONSTANTS = {"e": Real(math.e, math.e * ROUNDOFF), r"\pi": PI}
# Functions of the notation that need no declaration: a point mass, the logistic function, the
# standard normal distribution function, the couplings of two laws, the functions with a Lipschitz
# constant.
BUILT_IN = {r"\delta", r"\delta_", r"\sigma", r"\Phi", r"\Pi"}
BUILT_IN |= {name + mark for name in LIPSCHITZ for mark in ("", "_")}
ONE, MINUS_ONE = Real(1.0), Real(-1.0)


@cache
def _literal(text: str) -> Real:
    value = float(text)
    return Real(value, 0.0 if value.is_integer() else ROUNDOFF * value)


def _has_kink(node: syn.Node) -> bool:
    smooth = {"exp", "tr", "det", "binom", "factorial", "softmax", "LSE", "diag"}
    return isinstance(node, syn.Cases | syn.Indicator) or (
        isinstance(node, syn.Function) and node.name not in smooth
    )


@dataclass
class Notes:
    """What is known of the nodes of some formulas, on whatever instance.

    Nodes are found by their id; each note keeps its node, so that the id stays its own.
    """

    axes: dict[int, tuple[syn.Node, tuple[str, ...]]] = field(default_factory=dict)
    densities: dict[int, tuple[syn.Node, tuple[syn.Functional, ...]]] = field(default_factory=dict)

    def normal_densities(self, node: syn.Node) -> tuple[syn.Functional, ...]:
        """Return the normal densities inside a formula."""
        if id(node) not in self.densities:
            inside = (n for n in syn.walk(node) if isinstance(n, syn.Functional))
            self.densities[id(node)] = node, tuple(n for n in inside if n.name == "normal")
        return self.densities[id(node)][1]


class Evaluator:
    """Evaluates formulas on one instance.

    ``values`` gives the value of each symbol, ``sizes`` the size of each finite set. ``notes``
    are shared by all instances of a setting.
    """

    def __init__(
        self,
        values: Mapping[str, Value],
        sizes: Mapping[str, int],
        notes: Notes | None = None,
    ) -> None:
        """Start from the symbols of an instance."""
        self.values: dict[str, Value] = dict(values)
        self.sizes = dict(sizes)
        # The points that the elements of a set are, by the name of the set.
        self.places = {
            value.axes[0]: value
            for value in values.values()
            if isinstance(value, Table) and are_points(value)
        }
        self.notes = Notes() if notes is None else notes
        self._definitions: list[tuple[syn.Node, syn.Node]] = []
        # Values of parts that do not depend on an index; mutants share most of their parts.
        self._known: dict[syn.Node, Value] = {}
        # The instance with other values of a symbol, near a derivative or a limit.
        self._nearby: dict[Hashable, Evaluator] = {}
        self._made: dict[Closure, object] = {}
        self._depth = 0

    # ------------------------------------------------------------------ definitions

    def define(self, left: syn.Node, right: syn.Node) -> None:
        """Give a new symbol, or a new function, the value of a formula."""
        self._definitions.append((left, right))
        self._known.clear()
        self._nearby.clear()
        self._made.clear()
        name, self.values[name] = self.bind(left, right)

    def bind(self, left: syn.Node, right: syn.Node) -> tuple[str, Value]:
        """Return the name that ``m := …``, ``f(x) := …`` or ``b_i = …`` defines, and its value."""
        if isinstance(left, syn.Name):
            axis = self._family_axis(left)
            if axis is None:
                return left.text, self.value(right)
            return left.base, self._tabulated((left.sub or "",), (axis,), right)
        if isinstance(left, syn.Call) and all(isinstance(arg, syn.Name) for arg in left.args):
            names = cast("tuple[syn.Name, ...]", left.args + left.given)
            axes = [axis for axis in (self.axis_of(name, right) for name in names) if axis]
            letters = tuple(name.text for name in names)
            if len(axes) == len(names):
                table = self._tabulated(letters, tuple(axes), right, len(left.given))
                return left.function.text, table
            if not axes or self.places:
                return left.function.text, Closure(names, right)
        raise EvaluationError(f"{syn.latex(left)} cannot be defined", left.at)

    def _family_axis(self, name: syn.Name) -> str | None:
        """Return the set of the index of ``a_i``, when the family ``a`` is declared."""
        family = self.values.get(name.base)
        if name.text in self.values or not isinstance(family, Table) or name.sub is None:
            return None
        return family.axes[0] if name.sub.upper() == family.axes[0] else None

    def _tabulated(
        self, letters: tuple[str, ...], axes: tuple[str, ...], body: syn.Node, given: int = 0
    ) -> Table:
        """Return the values of a formula for all elements that some letters can stand for."""

        def entry(index: tuple[int, ...]) -> Real:
            elements = [Element(axis, i) for axis, i in zip(axes, index, strict=True)]
            bound = dict(zip(letters, elements, strict=True))
            return self.bound_to(bound, lambda: self.number(body))

        shape = tuple(self.sizes[axis] for axis in axes)
        return tabulated(shape, axes, entry, axes[len(axes) - given :])

    def bound_to(self, bound: Mapping[str, Value], compute: Callable[[], T]) -> T:
        """Compute something while some names have other values."""
        limits.tick()
        saved = {name: self.values.get(name) for name in bound}
        self.values.update(bound)
        self._depth += 1
        try:
            return compute()
        finally:
            self._depth -= 1
            for name, value in saved.items():
                if value is None:
                    del self.values[name]
                else:
                    self.values[name] = value

    # ------------------------------------------------------------------ values

    def value(self, node: syn.Node) -> Value:
        """Return the value of a formula."""
        kind = type(node)
        if self._depth or kind not in _COSTLY:
            return self._methods[kind](self, node)
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = self._methods[kind](self, node)
        return known

    def once(self, key: Closure, compute: Callable[[], T]) -> T:
        """Compute what follows from a function, once unless an index may stand in it."""
        if self._depth:
            return compute()
        if key not in self._made:
            self._made[key] = compute()
        return cast("T", self._made[key])

    def operand(self, node: syn.Node) -> Value:
        """Return the value of a formula; an element of a set of points is the point."""
        value = self.value(node)
        return self._point(value) if isinstance(value, Element) else value

    def _point(self, element: Element) -> Value:
        places = self.places.get(element.axis)
        if places is None:
            return element
        if places.values.ndim == 1:
            return places.entry((element.index,))
        return Matrix(places.values[element.index].reshape(-1, 1), vector=True)

    def number(self, node: syn.Node) -> Real:
        """Return the value of a formula that must be a number."""
        value = self.operand(node)
        if not isinstance(value, Real):
            value = as_number(value)
        if isinstance(value, Real):
            return value
        raise EvaluationError(f"a number is wanted here, and this is {kind_of(value)}", node.at)

    def table(self, node: syn.Node, like: Table | None = None) -> Table:
        """Return the value of a formula that must be a law; the uniform law is ``like`` another."""
        if isinstance(node, syn.Uniform):
            return self.uniform(like)
        value = self.value(node)
        if isinstance(value, Table):
            return value
        raise EvaluationError(f"a law is wanted here, and this is {kind_of(value)}", node.at)

    def side(self, sides: Sequence[syn.Node], number: int) -> Value:
        """Return the value of one side of a row; the uniform law lives where the others live."""
        if not isinstance(sides[number], syn.Uniform):
            return self.value(sides[number])
        others = (self.value(side) for side in sides if not isinstance(side, syn.Uniform))
        return self.uniform(next((value for value in others if isinstance(value, Table)), None))

    def element(self, node: syn.Node) -> Element:
        """Return the value of ``x``, or of the right side of ``X = x``, as an element of a set."""
        if isinstance(node, syn.Row) and node.links:
            variable, element = self.value(node.first), self.element(node.links[0][1])
            if not isinstance(variable, Variable) or variable.axis != element.axis:
                raise EvaluationError("this is no value of this random variable", node.at)
            return element
        value = self.value(node)
        if isinstance(value, Element):
            return value
        raise EvaluationError(f"an element is wanted here, and this is {kind_of(value)}", node.at)

    def uniform(self, like: Table | None) -> Table:
        """Return the uniform law on the set of another law, or on the only set."""
        if like is not None:
            return law(np.full(like.values.shape, 1 / like.values.size), *like.axes)
        if not self.sizes:
            raise EvaluationError("uniform on which set? The setting has none")
        axis, size = next(iter(self.sizes.items()))
        return law(np.full(size, 1 / size), axis)

    # ------------------------------------------------------------------ names and calls

    def _name(self, node: syn.Name) -> Value:
        text = node.text
        value = self.values.get(text)
        if value is None:
            value = CONSTANTS.get(text)
        if value is None:
            value = self._of_generator(node)
        if value is None and node.sub is not None:
            value = self._subscripted(node, node.sub)
        if value is None:
            raise EvaluationError(f"the setting does not say what {text} is", node.at)
        return value

    def _of_generator(self, node: syn.Name) -> Value | None:
        """Return what belongs to a function: ``f'`` or ``f^*``, or the inverse ``F^{-1}``."""
        if node.base.endswith(syn.INVERSE):
            name = syn.Name(node.base.removesuffix(syn.INVERSE), node.sub).text
            function = self.values.get(name)
            return function if isinstance(function, Distribution) else None
        parts = marked(node)
        if parts is None:
            return None
        function = self.values.get(parts[0].text)
        return generator(function.name, parts[1]) if isinstance(function, Generator) else None

    def _subscripted(self, node: syn.Name, sub: str) -> Value | None:
        r"""Return a point mass ``\delta_c``, a member ``w_k``, or a marginal ``p_X``."""
        if node.base == r"\delta":
            point = self.element(syn.Name(sub, at=node.at))
            values = np.zeros(self.sizes[point.axis])
            values[point.index] = 1.0
            return exact(values, point.axis)
        family = self.values.get(node.base)
        if not isinstance(family, Table):
            return None
        index = Real(float(sub)) if sub.isdigit() else self.values.get(sub)
        if isinstance(index, Element | Real):
            rest = (None,) * (len(family.axes) - 1)
            return family.part((self._index(index, family, 0, node), *rest))
        return self._marginal(family, node, sub)

    def _marginal(self, joint: Table, node: syn.Name, sub: str) -> Table:
        r"""Return ``p_X``, ``p_{XY}``, ``p_{Y \mid x}`` or ``p_{Y \mid X = x}``."""
        head, _, condition = sub.replace(" ", "").partition(r"\mid")
        axes = tuple(head.replace(",", ""))
        if not set(axes) <= set(joint.axes):
            raise EvaluationError(f"{node.text} is no marginal of {node.base}", node.at)
        if not condition:
            return joint.marginal(axes)
        given = self.element(syn.Name(condition.rpartition("=")[2], at=node.at))
        return joint.conditional(axes, (given,))

    def _call(self, node: syn.Call) -> Value:
        name = node.function
        if name.text == r"\sigma" and name.text not in self.values:
            power = ext.exp(ext.negative(self.number(node.args[0])))
            return ext.divide(ONE, ext.add([ONE, power]))
        if name.text == r"\Phi" and name.text not in self.values:
            return normal_distribution(self.number(node.args[0]))
        function = self._name(name)
        if isinstance(function, Closure):
            return self._applied(function, node)
        if isinstance(function, Distribution):
            inverse = name.base.endswith(syn.INVERSE)
            return staircase(self, function, inverse=inverse).at(self.number(node.args[0]).value)
        if isinstance(function, Table):
            return self._look_up(function, node)
        raise EvaluationError(f"{name.text} is {kind_of(function)}, no function", node.at)

    def _applied(self, function: Closure, node: syn.Call) -> Value:
        """Return the value of a function that a formula defines; of tables entry by entry."""
        names = [parameter.text for parameter in function.parameters]
        if len(names) != len(node.args):
            raise EvaluationError(f"{node.function.text} takes {len(names)} arguments", node.at)
        values = [self.value(arg) for arg in node.args]
        body = function.body

        def at(numbers: Sequence[Value]) -> Value:
            bound = dict(zip(names, numbers, strict=True))
            value = self.bound_to(bound, lambda: self.value(body))
            if isinstance(function, Generator) and isinstance(value, Real):
                # A weight that is zero cancels an infinite value, as it cancels a logarithm.
                return Real(value.value, value.error, soft=not math.isfinite(value.value))
            return value

        if any(isinstance(value, Table) for value in values):
            return lift(lambda numbers: cast("Real", at(numbers)), values, node)
        return at(values)

    def _look_up(self, table: Table, node: syn.Call) -> Value:
        """Return an entry of a table, or of a marginal or conditional law that letters name."""
        args, given = node.args, node.given
        if len(args) == len(table.axes) == 1 and not isinstance(args[0], syn.Slot):
            place = self.value(args[0])
            if isinstance(place, Subset):
                return ext.add([table.entry((i,)) for i in sorted(place.indices)])
            if not (given or table.given):
                return table.entry((self._index(place, table, 0, node),))
        if len(given) == len(table.given) and len(args + given) == len(table.axes):
            return table.part(self._indices(table, args + given, node))
        conditions = [self.element(arg) for arg in given]
        taken = tuple(element.axis for element in conditions)
        if any(isinstance(arg, syn.Slot) for arg in args):
            free = tuple(axis for axis in table.axes if axis not in taken)
            return table.conditional(free, conditions)
        elements = [self.element(arg) for arg in args]
        axes = tuple(element.axis for element in elements)
        if table.given or not set(axes + taken) <= set(table.axes):
            raise EvaluationError(f"{node.function.text} is no law of these variables", node.at)
        index = tuple(element.index for element in (*elements, *conditions))
        above = table.marginal(axes + taken).entry(index)
        if not conditions:
            return above
        return ext.divide(above, table.marginal(taken).entry(index[len(axes) :]))

    def _indices(
        self, table: Table, args: Sequence[syn.Node], node: syn.Node
    ) -> tuple[int | None, ...]:
        return tuple(
            None if isinstance(arg, syn.Slot) else self._index(self.value(arg), table, i, node)
            for i, arg in enumerate(args)
        )

    def _index(self, value: Value, table: Table, position: int, node: syn.Node) -> int:
        """Return which entry along an axis an element means; numbers count from 1."""
        axis, size = table.axes[position], table.values.shape[position]
        if isinstance(value, Element) and (value.axis == axis or self.sizes[value.axis] == size):
            return value.index
        if isinstance(value, Real) and value.value.is_integer() and 1 <= value.value <= size:
            return int(value.value) - 1
        message = f"{syn.latex(node)} needs an element of {axis}, and this is {kind_of(value)}"
        raise EvaluationError(message, node.at)

    # ------------------------------------------------------------------ arithmetic

    def _add(self, node: syn.Add) -> Value:
        return total([self.operand(term) for term in node.terms], node)

    def _negate(self, node: syn.Neg) -> Value:
        value = self.operand(node.body)
        return ext.negative(value) if isinstance(value, Real) else product(MINUS_ONE, value, node)

    def _multiply(self, node: syn.Mul) -> Value:
        values = [self.operand(factor) for factor in node.factors]
        if are_numbers(values):
            return ext.multiply(values)
        if isinstance(node.factors[0], syn.Name) and isinstance(values[1], Element):
            raise EvaluationError("write p(x) for the value of p at x", node.at)
        result = values[0]
        for value in values[1:]:
            result = product(result, value, node)
        return result

    def _fraction(self, node: syn.Frac) -> Value:
        top, bottom = self.operand(node.top), self.operand(node.bottom)
        if isinstance(top, Matrix) and isinstance(bottom, Real):
            return product(ext.divide(ONE, bottom), top, node)
        return lift(lambda pair: ext.divide(pair[0], pair[1]), [top, bottom], node)

    def _power(self, node: syn.Power) -> Value:
        base, exponent = self.operand(node.base), self.operand(node.exponent)
        if isinstance(base, Matrix) and isinstance(exponent, Real):
            return matrix_power(base, exponent.value, node)
        return lift(lambda pair: ext.power(pair[0], pair[1]), [base, exponent], node)

    def _transpose(self, node: syn.Transpose) -> Matrix:
        value = self.operand(node.body)
        if not isinstance(value, Matrix):
            raise EvaluationError(f"{kind_of(value)} has no transpose", node.at)
        return Matrix(value.values.T, value.error)

    def _tensor_power(self, node: syn.TensorPower) -> Table:
        result = body = self.table(node.body)
        exponent = self.number(node.exponent).value
        if not exponent.is_integer() or exponent < 1:
            raise EvaluationError(f"the power {exponent} of a law", node.exponent.at)
        if body.values.size > 1 and exponent > math.log(limits.RANGE, body.values.size):
            raise EvaluationError(
                f"a law of words gives at most {limits.RANGE} probabilities", node.exponent.at
            )
        for _ in range(int(exponent) - 1):
            result = outer(result, body)
        return result

    def _outer(self, node: syn.Outer) -> Table:
        result, *rest = (self.table(factor) for factor in node.factors)
        for table in rest:
            result = outer(result, table)
        return result

    def _root(self, node: syn.Root) -> Value:
        index = None if node.index is None else self.number(node.index)
        value = self.operand(node.body)
        if isinstance(value, Matrix):
            return matrix_power(value, 0.5, node)
        return lift(lambda one: ext.root(one[0], index), [value], node)

    def _log(self, node: syn.Log) -> Value:
        base = None if node.base is None else self.number(node.base)
        if self.notes.normal_densities(node.body):
            value = log_density(self, node.body)
            return value if base is None else ext.divide(value, ext.log(base))
        return lift(lambda one: ext.log(one[0], base), [self.operand(node.body)], node)

    def _function(self, node: syn.Function) -> Value:
        values = [self.operand(arg) for arg in node.args]
        if node.name == "norm" and not isinstance(values[0], Real):
            return self._norm(values, node)
        if node.name in {"softmax", "LSE"}:
            return _of_logits(node.name, values[0], node)
        if isinstance(values[0], Matrix):
            return of_matrix(node.name, values[0], node)
        if node.name == "diag":
            raise EvaluationError(f"{kind_of(values[0])} is no vector", node.at)
        return lift(_SCALAR[node.name], values, node)

    def _norm(self, values: Sequence[Value], node: syn.Function) -> Real:
        """Return the norm of a vector, a matrix or a function on a finite set."""
        order = None
        if len(values) > 1:
            if not isinstance(values[1], Real) or values[1].value not in {1, 2, math.inf}:
                raise EvaluationError(r"the order of a norm is 1, 2 or \infty", node.at)
            order = values[1].value
        if isinstance(values[0], Matrix):
            return matrix_norm(values[0], order)
        if isinstance(values[0], Table):
            return vector_norm(entries(values[0]), 2.0 if order is None else order)
        raise EvaluationError(f"{kind_of(values[0])} has no norm", node.at)

    def _tuple(self, node: syn.Tuple) -> Table:
        numbers = [self.number(item) for item in node.items]
        axes = (axis for axis, size in self.sizes.items() if size == len(numbers))
        return tabulated((len(numbers),), (next(axes, ""),), lambda index: numbers[index[0]])

    # ------------------------------------------------------------------ conditions

    def _cases(self, node: syn.Cases) -> Value:
        for value, condition in node.cases:
            if condition is None or self.holds(condition):
                return self.value(value)
        raise Undefined("none of the cases applies")

    def _indicator(self, node: syn.Indicator) -> Real:
        return ONE if self.holds(node.condition) else Real(0.0)

    def holds(self, row: syn.Row) -> bool:
        """Return whether a condition such as ``q(x) > 0`` holds, exactly as computed."""
        if not row.links:
            raise EvaluationError("a condition needs a relation such as > or =", row.at)
        values = [self.value(side) for side in row.sides]
        sets = {value.axis for value in values if isinstance(value, Element)}
        if len(sets) > 1 or not all(isinstance(value, Element | Subset) for value in values):
            values = [self._point(v) if isinstance(v, Element) else v for v in values]
        for (relation, side), left, right in zip(row.links, values, values[1:], strict=False):
            if relation not in _RELATIONS:
                raise EvaluationError(f"{relation} cannot stand in a condition", side.at)
            if not _RELATIONS[relation](left, right):
                return False
        return True

    # ------------------------------------------------------------------ sums and integrals

    def _big(self, node: syn.Big) -> Value:
        if is_programme(node):
            return optimum(self, node)
        values = list(self._over(node))
        if node.operator == "sum":
            return total(values, node) if values else Real(0.0)
        numbers = [value for value in values if isinstance(value, Real)]
        if len(numbers) < len(values):
            raise EvaluationError(f"the {node.operator} needs numbers", node.at)
        if node.operator == "prod":
            return ext.multiply(numbers)
        return (ext.largest if node.operator in {"max", "sup"} else ext.smallest)(numbers)

    def _over(self, node: syn.Big) -> Iterator[Value]:
        """Yield the value of the body for each value of the indices."""
        names = [name.text for name in node.bound]
        condition = node.condition
        for index in itertools.product(*self._ranges(node)):
            bound = dict(zip(names, index, strict=True))
            if condition is None or self.bound_to(bound, lambda: self.holds(condition)):
                yield self.bound_to(bound, lambda: self.value(node.body))

    def _ranges(self, node: syn.Big) -> list[Sequence[Value]]:
        if node.lower is not None and node.upper is not None:
            low, high = self.number(node.lower).value, self.number(node.upper).value
            if not (low.is_integer() and high.is_integer()):
                raise Undefined(f"the index runs from {low} to {high}")
            if high - low > limits.RANGE:
                raise EvaluationError(f"an index takes at most {limits.RANGE} values", node.at)
            return [[Real(float(i)) for i in range(int(low), int(high) + 1)]]
        if node.lower is not None or node.upper is not None:
            raise EvaluationError("an index needs both bounds, or none", node.at)
        known = self.notes.axes
        if id(node) not in known:
            axes = tuple(self._required_axis(name, node) for name in node.bound)
            known[id(node)] = node, axes
        ranges: list[Sequence[Value]] = []
        for name, axis in zip(node.bound, known[id(node)][1], strict=True):
            elements = [Element(axis, i) for i in range(self.sizes[axis])]
            relation, place = self._place(name, node)
            if relation == r"\subseteq":
                ranges.append(list(_subsets(axis, self.sizes[axis])))
            elif isinstance(place, Subset):
                ranges.append([element for element in elements if element.index in place.indices])
            else:
                ranges.append(elements)
        return ranges

    def _place(self, name: syn.Name, node: syn.Big) -> tuple[str, Value | str | None]:
        r"""Return the relation in ``x \in A`` and ``A``: a subset, or the letter of a set."""
        row = next((row for row in node.spaces if row.first == name), None)
        if row is None:
            if node.spaces and all(isinstance(row.first, syn.Function) for row in node.spaces):
                raise EvaluationError(f"a {node.operator} cannot run over functions", node.at)
            return "", None
        ((relation, place),) = row.links
        if not isinstance(place, syn.Name):
            raise EvaluationError(f"{syn.latex(place)} is no finite set", place.at)
        subset = self.values.get(place.text)
        if isinstance(subset, Subset):
            return relation, subset
        letter = re.sub(r"\\mathcal\{(.*)\}", r"\1", place.text)
        if letter not in self.sizes:
            message = f"the setting has no set {place.text}, only {', '.join(self.sizes)}"
            raise EvaluationError(message, place.at)
        return relation, letter

    def _required_axis(self, name: syn.Name, node: syn.Big) -> str:
        place = self._place(name, node)[1]
        if place is not None:
            return place.axis if isinstance(place, Subset) else cast("str", place)
        axis = self.axis_of(name, node.body)
        if axis is None and node.condition is not None:
            axis = self.axis_of(name, node.condition)
        if axis is None:
            raise EvaluationError(f"cannot tell over which set {name.text} runs", name.at)
        return axis

    def axis_of(self, name: syn.Name, body: syn.Node) -> str | None:
        """Return the set an index runs over: where it is an argument, or else by its letter."""
        letter = name.base.rstrip("'").upper()
        for node in syn.walk(body):
            if isinstance(node, syn.Call):
                axes = self._axes_of_function(node.function)
                args = [arg.text if isinstance(arg, syn.Name) else "" for arg in node.args]
                args += [arg.text if isinstance(arg, syn.Name) else "" for arg in node.given]
                if name.text in args and letter in axes:
                    return letter
                if name.text in args and len(args) == len(axes):
                    return axes[args.index(name.text)]
            elif isinstance(node, syn.Name) and node.sub == name.text:
                family = self.values.get(node.base)
                if isinstance(family, Table) and node.text not in self.values:
                    return family.axes[0]
        return letter if letter in self.sizes else None

    def _axes_of_function(self, name: syn.Name) -> tuple[str, ...]:
        """Return the sets on which ``p`` lives, or a member ``p_k`` of a family."""
        table = self.values.get(name.text)
        if isinstance(table, Table):
            return table.axes
        family = self.values.get(name.base)
        return family.axes[1:] if isinstance(family, Table) else ()

    def _expect(self, node: syn.Expect) -> Real:
        names = [name.text for name in node.bound]
        measure = self.uniform(None) if isinstance(node.law, syn.Uniform) else self.value(node.law)
        if isinstance(measure, Normal):
            return self._normal_mean(measure, names[0], node.body)
        if not isinstance(measure, Table):
            message = f"a law is wanted here, and this is {kind_of(measure)}"
            raise EvaluationError(message, node.law.at)
        if not names:
            return self._mean(measure, node)
        letters = {name.base.rstrip("'") for name in node.bound}
        if len(names) > 1 and len(measure.axes) == len(letters) == 1:
            # Independent draws from one law.
            rest: syn.Node = node.body
            for name in node.bound[:0:-1]:
                rest = syn.Expect((name,), node.law, rest, at=node.at)
            return self._expect(syn.Expect(node.bound[:1], node.law, rest, at=node.at))
        if len(names) != len(measure.axes):
            message = f"this law has {len(measure.axes)} variables, and here are {len(names)}"
            raise EvaluationError(message, node.at)
        terms = []
        for index in np.ndindex(*measure.values.shape):
            weight = measure.entry(index)
            if weight.value != 0:
                elements = [Element(axis, i) for axis, i in zip(measure.axes, index, strict=True)]
                bound = dict(zip(names, elements, strict=True))
                value = self.bound_to(bound, lambda: self.number(node.body))
                terms.append(ext.multiply([weight, value]))
        return ext.add(terms)

    def _mean(self, measure: Table, node: syn.Expect) -> Real:
        """Return the mean of a function that is written without its argument."""
        function = self.value(node.body)
        if isinstance(function, Real):
            return ext.multiply([ext.add(entries(measure)), function])
        if not isinstance(function, Table) or function.values.shape != measure.values.shape:
            raise EvaluationError("a function on the set of the law is wanted here", node.body.at)
        return ext.add(
            [
                ext.multiply([measure.entry(index), function.entry(index)])
                for index in np.ndindex(*measure.values.shape)
            ]
        )

    def _normal_mean(self, measure: Normal, name: str, body: syn.Node) -> Real:
        """Return the mean of a formula under a normal law."""
        mean, variance = measure.mean, measure.variance

        def at(point: Value) -> Real:
            return self.bound_to({name: point}, lambda: self.number(body))

        if isinstance(mean, Matrix) and isinstance(variance, Matrix):
            centre, factor = mean.values, np.linalg.cholesky(variance.values)

            def in_space(z: Array) -> Real:
                return at(Matrix(centre + factor @ z.reshape(-1, 1)))

            return gauss_hermite(in_space, len(centre))
        if isinstance(mean, Real) and isinstance(variance, Real):
            middle, spread = mean.value, math.sqrt(variance.value)
            if any(map(_has_kink, syn.walk(body))):
                # A rule for polynomials misses a kink.
                def weighted(z: float) -> Real:
                    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
                    weight = Real(density, 4 * ROUNDOFF * density)
                    return ext.multiply([weight, at(Real(middle + spread * z))])

                return integral(weighted, -SPREADS, SPREADS, kinks=True)
            return gauss_hermite(lambda z: at(Real(middle + spread * float(z[0]))), 1)
        raise EvaluationError("mean and variance of a normal law do not fit", body.at)

    def _integral(self, node: syn.Integral) -> Real:
        lower, upper = -math.inf, math.inf
        if node.lower is not None and node.upper is not None:
            lower, upper = self.number(node.lower).value, self.number(node.upper).value

        def at(x: float) -> Real:
            return self.bound_to({node.variable.text: Real(x)}, lambda: self.number(node.body))

        kinks = any(map(_has_kink, syn.walk(node.body)))
        steps = self._steps(node)
        if steps:
            return piecewise(at, lower, upper, steps, kinks=kinks)
        return integral(at, lower, upper, self._peaks(node), kinks=kinks)

    def _steps(self, node: syn.Integral) -> list[Staircase]:
        """Return the distribution and quantile functions in an integrand."""
        found = []
        for call in syn.walk(node.body):
            if isinstance(call, syn.Call) and call.function.text not in BUILT_IN:
                function = self._name(call.function)
                if isinstance(function, Distribution):
                    if call.args != (node.variable,):
                        message = f"integrate {call.function.text} at {node.variable.text} itself"
                        raise EvaluationError(message, call.at)
                    inverse = call.function.base.endswith(syn.INVERSE)
                    found.append(staircase(self, function, inverse=inverse))
        return found

    def _peaks(self, node: syn.Integral) -> list[tuple[float, float]]:
        """Return centre and width of each normal density in an integrand."""
        peaks = []
        for density in self.notes.normal_densities(node.body):
            mean, variance = (self.number(arg.items[0]) for arg in density.arguments[1:])
            if variance.value > 0:
                peaks.append((mean.value, math.sqrt(variance.value)))
        return peaks

    def _derivative(self, node: syn.Derivative) -> Real:
        place = self._entry_of(node.variable)
        if place is not None:
            return self._slope(*place, node.body, node.order)
        name = node.variable.text
        centre = self.values.get(name)
        if not isinstance(centre, Real):
            hint = ""
            if node.variable.sub is not None and node.variable.base in self.values:
                hint = f"; say “element ${node.variable.sub}$ of the set” for an entry"
            raise EvaluationError(f"{name} is no number of the setting{hint}", node.variable.at)
        return derivative(
            lambda x: self._with(name, Real(x), x, node.body), centre.value, node.order
        )

    def _with(self, name: str, value: Value, at: Hashable, body: syn.Node) -> Real:
        """Return the value of a formula where a symbol has another value, which ``at`` tells.

        What was defined may depend on the symbol, and is computed again: once for each place, and
        so are the parts that mutants of the formula share.
        """
        limits.tick()
        if self._depth:
            return self._elsewhere(name, value).number(body)
        key = (name, at)
        if key not in self._nearby:
            self._nearby[key] = self._elsewhere(name, value)
        return self._nearby[key].number(body)

    def _elsewhere(self, name: str, value: Value) -> Evaluator:
        """Return an evaluator of the same instance in which a symbol has another value."""
        other = Evaluator({**self.values, name: value}, self.sizes, self.notes)
        for left, right in self._definitions:
            other.define(left, right)
            other.values[name] = value
        return other

    def _entry_of(self, name: syn.Name) -> tuple[str, tuple[int, int]] | None:
        """Return vector or function, and place, of an entry such as ``z_j``."""
        if name.sub is None or isinstance(self.values.get(name.text), Real):
            return None
        vector, index = self.values.get(name.base), self.values.get(name.sub)
        if name.sub.isdigit():
            index = Real(float(name.sub))
        if isinstance(vector, Table) and len(vector.axes) == 1:
            if index is None and len(name.sub) == 1 and name.sub.isalpha():
                return None
            return name.base, (self._index(cast("Value", index), vector, 0, name), -1)
        if isinstance(vector, Matrix) and isinstance(index, Real):
            return name.base, (int(index.value) - 1, 0)
        return None

    def _slope(self, name: str, place: tuple[int, int], body: syn.Node, order: int = 1) -> Real:
        """Return the derivative of a formula in one entry of a vector or a function."""
        vector = cast("Table | Matrix", self.values[name])
        where = place[:1] if place[1] < 0 else place

        def at(x: float) -> Real:
            values = vector.values.copy()
            values[where] = x
            return self._with(name, replace(vector, values=values), (where, x), body)

        return derivative(at, float(vector.values[where]), order)

    def _gradient(self, node: syn.Gradient) -> Table | Matrix:
        name = node.variable.text
        vector = self.values.get(name)
        if isinstance(vector, Table):
            shape = vector.values.shape
            if len(shape) == 1:
                entry = [self._slope(name, (i, -1), node.body) for i in range(shape[0])]
                return tabulated(shape, vector.axes, lambda index: entry[index[0]])
        elif isinstance(vector, Matrix):
            slopes = [
                self._slope(name, place, node.body) for place in np.ndindex(*vector.values.shape)
            ]
            values = np.array([slope.value for slope in slopes]).reshape(vector.values.shape)
            return Matrix(values, max(slope.error for slope in slopes), vector.vector)
        raise EvaluationError(f"{name} is no vector of the setting", node.variable.at)

    def _limit(self, node: syn.Limit) -> Real:
        name, point = node.variable.text, self.number(node.point).value
        return limit(lambda x: self._with(name, Real(x), x, node.body), point, node.side)

    def _value_at(self, node: syn.ValueAt) -> Real:
        point = self.number(node.point)
        return self._with(node.variable.text, point, (point.value, point.error), node.body)

    def _nothing(self, node: syn.Node) -> Value:
        raise EvaluationError(f"{syn.latex(node)} has no value here", node.at)

    _methods: ClassVar[Mapping[type[syn.Node], Callable[[Evaluator, Any], Value]]] = {
        syn.Number: lambda _, node: _literal(node.text),
        syn.Infinity: lambda _, __: Real(math.inf),
        syn.Name: _name,
        syn.Uniform: lambda self, _: self.uniform(None),
        syn.Slot: _nothing,
        syn.Call: _call,
        syn.Neg: _negate,
        syn.Add: _add,
        syn.Mul: _multiply,
        syn.Frac: _fraction,
        syn.Power: _power,
        syn.Transpose: _transpose,
        syn.TensorPower: _tensor_power,
        syn.Outer: _outer,
        syn.Root: _root,
        syn.Log: _log,
        syn.Function: _function,
        syn.Big: _big,
        syn.Expect: _expect,
        syn.Integral: _integral,
        syn.Derivative: _derivative,
        syn.Gradient: _gradient,
        syn.Limit: _limit,
        syn.ValueAt: _value_at,
        syn.Indicator: _indicator,
        syn.Tuple: _tuple,
        syn.Cases: _cases,
        syn.Functional: functional,
        syn.Argument: _nothing,
        syn.Row: _nothing,
    }


_COSTLY = {
    *(syn.Big, syn.Expect, syn.Integral, syn.Derivative, syn.Functional),
    *(syn.Gradient, syn.Limit, syn.ValueAt),
}


def _subsets(axis: str, size: int) -> Iterator[Subset]:
    """Yield all subsets of a finite set."""
    if 2**size > limits.RANGE:
        raise OutOfRange(f"the subsets of a set of {size}")
    for inside in itertools.product((False, True), repeat=size):
        yield Subset(axis, frozenset(i for i, chosen in enumerate(inside) if chosen))


def _of_logits(name: str, logits: Value, node: syn.Node) -> Real | Table:
    """Return the law of some logits, or the logarithm of the sum of their exponentials."""
    if not isinstance(logits, Table) or len(logits.axes) != 1:
        raise EvaluationError(f"logits are wanted here, and this is {kind_of(logits)}", node.at)
    numbers = entries(logits)
    largest = ext.negative(Real(max(number.value for number in numbers)))
    if not math.isfinite(largest.value):
        raise Undefined("logits that are not finite")
    weights = [ext.exp(ext.add([number, largest])) for number in numbers]
    whole = ext.add(weights)
    if name == "LSE":
        return ext.add([ext.negative(largest), ext.log(whole)])
    shares = [ext.divide(weight, whole) for weight in weights]
    return tabulated(logits.values.shape, logits.axes, lambda index: shares[index[0]])


def _binomial(pair: Sequence[Real]) -> Real:
    n, k = (value.value for value in pair)
    if not (n.is_integer() and k.is_integer() and n >= 0):
        raise Undefined(f"the binomial coefficient of {n} and {k}")
    if n > limits.BINOMIAL:
        raise EvaluationError(f"binomial coefficients are computed up to {limits.BINOMIAL}")
    try:
        return Real(float(math.comb(int(n), int(k)) if k >= 0 else 0))
    except OverflowError:
        raise OutOfRange(f"the binomial coefficient of {n} and {k}") from None


def _factorial(one: Sequence[Real]) -> Real:
    n = one[0].value
    if not n.is_integer() or n < 0:
        raise Undefined(f"the factorial of {n}")
    if n > limits.FACTORIAL:
        raise OutOfRange(f"the factorial of {n}")
    return Real(float(math.factorial(int(n))))


_SCALAR: Mapping[str, Callable[[Sequence[Real]], Real]] = {
    "exp": lambda one: ext.exp(one[0]),
    "abs": lambda one: ext.absolute(one[0]),
    "norm": lambda one: ext.absolute(one[0]),
    "ceil": lambda one: ext.ceiling(one[0]),
    "floor": lambda one: ext.floor(one[0]),
    "max": ext.largest,
    "min": ext.smallest,
    "sup": ext.largest,
    "inf": ext.smallest,
    "binom": _binomial,
    "factorial": _factorial,
    "tr": lambda one: one[0],
    "det": lambda one: one[0],
}


def _plain(value: Value) -> Any:  # noqa: ANN401  (a number, or something that compares as itself)
    return value.value if isinstance(value, Real) else value


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, Element) and isinstance(right, Real):
        left = Real(left.index + 1.0)
    if isinstance(right, Element) and isinstance(left, Real):
        right = Real(right.index + 1.0)
    if isinstance(left, Table) and isinstance(right, Table):
        return bool(np.array_equal(left.values, right.values))
    return bool(_plain(left) == _plain(right))


def _probabilities(value: Value) -> Array:
    if not isinstance(value, Table):
        raise EvaluationError(f"laws are compared here, and this is {kind_of(value)}")
    return value.values


def _dominated(left: Value, right: Value) -> bool:
    return not bool((_probabilities(left)[_probabilities(right) == 0] > 0).any())


def _singular(left: Value, right: Value) -> bool:
    return not bool(((_probabilities(left) > 0) & (_probabilities(right) > 0)).any())


def _inside(left: Value, right: Value) -> bool:
    if not isinstance(left, Element) or not isinstance(right, Subset):
        raise EvaluationError(f"{kind_of(left)} does not lie in {kind_of(right)}")
    return left.index in right.indices


_RELATIONS: Mapping[str, Callable[[Value, Value], bool]] = {
    "=": _same,
    r"\ne": lambda left, right: not _same(left, right),
    r"\le": lambda left, right: bool(_plain(left) <= _plain(right)),
    r"\ge": lambda left, right: bool(_plain(left) >= _plain(right)),
    "<": lambda left, right: bool(_plain(left) < _plain(right)),
    ">": lambda left, right: bool(_plain(left) > _plain(right)),
    r"\ll": _dominated,
    r"\perp": _singular,
    r"\in": _inside,
    r"\notin": lambda left, right: not _inside(left, right),
}
