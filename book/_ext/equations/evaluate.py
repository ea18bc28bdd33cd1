r"""Give a formula its value on one instance of its setting.

An instance says what each symbol is: a number, a law (a :class:`Table` of probabilities), a
vector, a random variable. :class:`Evaluator` walks through the tree of a formula and returns its
value. Functionals such as ``\KL`` call the reference package; everything else is computed here,
from the formula as it is written.

Index letters need no declaration. In ``\sum_x p(x)`` the letter runs over the set on which ``p``
lives. Where a law has several variables, letters tell them apart: of a joint law ``p(x, y)`` the
marginals are ``p(x)`` and ``p(y)``, also written ``p_X`` and ``p_Y``.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import numpy as np

from equations import extended as ext
from equations import syntax as syn
from equations.extended import ROUNDOFF, Real, Undefined
from equations.macros import MACROS
from equations.quadrature import derivative, gauss_hermite, integral
from equations.values import (
    Array,
    Closure,
    Element,
    EvaluationError,
    Matrix,
    Normal,
    Table,
    Value,
    Variable,
    as_number,
    conditioning,
    exact,
    kind_of,
    law,
    lift,
    matrix_power,
    of_matrix,
    outer,
    scaled,
    sliced,
    tabulated,
    times,
)

PACKAGE = "refimpl"
CALL_ERROR = 32 * ROUNDOFF


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


CONSTANTS = {"e": Real(math.e, math.e * ROUNDOFF), r"\pi": Real(math.pi, math.pi * ROUNDOFF)}
# Functions of the notation that need no declaration.
BUILT_IN = {r"\delta", r"\sigma"}


@cache
def reference(name: str) -> Callable[..., Any]:
    """Return a function of the reference package."""
    function = getattr(importlib.import_module(PACKAGE), name, None)
    if function is None:
        message = f"{PACKAGE} has no function {name} yet; write its definition out"
        raise EvaluationError(message)
    return cast("Callable[..., Any]", function)


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
        self.notes = Notes() if notes is None else notes
        self.definitions: list[tuple[syn.Node, syn.Node]] = []
        # Values of parts that do not depend on an index; mutants share most of their parts.
        self._known: dict[syn.Node, Value] = {}
        self._bound = 0

    # ------------------------------------------------------------------ definitions

    def define(self, left: syn.Node, right: syn.Node) -> None:
        """Give a new symbol, or a new function, the value of a formula."""
        self.definitions.append((left, right))
        self._known.clear()
        self._bind(left, right)

    def _bind(self, left: syn.Node, right: syn.Node) -> None:
        if isinstance(left, syn.Name):
            indexed = self._family_index(left)
            if indexed is None:
                self.values[left.text] = self.value(right)
            else:
                self._tabulate(left.base, (left,), (indexed,), right)
        elif isinstance(left, syn.Call) and all(isinstance(a, syn.Name) for a in left.args):
            names = cast("tuple[syn.Name, ...]", left.args + left.given)
            axes = [self._axis_of(name, right) for name in names]
            known = [axis for axis in axes if axis is not None]
            if len(known) == len(names):
                self._tabulate(left.function.text, names, tuple(known), right, len(left.given))
            elif known:
                raise EvaluationError("some of these arguments are elements, some are not", left.at)
            else:
                self.values[left.function.text] = Closure(names, right)
        else:
            raise EvaluationError("this cannot be defined", left.at)

    def _family_index(self, name: syn.Name) -> str | None:
        """Return the set of the index of ``a_i``, when the family ``a`` is declared."""
        family = self.values.get(name.base)
        if name.text in self.values or not isinstance(family, Table) or name.sub is None:
            return None
        return family.axes[0] if name.sub.upper() == family.axes[0] else None

    def _tabulate(
        self,
        symbol: str,
        names: tuple[syn.Name, ...],
        axes: tuple[str, ...],
        body: syn.Node,
        given: int = 0,
    ) -> None:
        letters = [name.sub if name.base == symbol else name.text for name in names]

        def entry(index: tuple[int, ...]) -> Real:
            elements = [Element(axis, i) for axis, i in zip(axes, index, strict=True)]
            bound = dict(zip(cast("list[str]", letters), elements, strict=True))
            return cast("Real", self._with(bound, lambda: self.number(body)))

        shape = tuple(self.sizes[axis] for axis in axes)
        self.values[symbol] = tabulated(shape, axes, entry, axes[len(axes) - given :])

    def _with(self, bound: Mapping[str, Value], compute: Callable[[], Any]) -> Any:  # noqa: ANN401  (what compute returns)
        """Compute something while some names have other values."""
        saved = {name: self.values.get(name) for name in bound}
        self.values.update(bound)
        self._bound += 1
        try:
            return compute()
        finally:
            self._bound -= 1
            for name, value in saved.items():
                if value is None:
                    del self.values[name]
                else:
                    self.values[name] = value

    # ------------------------------------------------------------------ values

    def value(self, node: syn.Node) -> Value:
        """Return the value of a formula."""
        kind = type(node)
        if self._bound or kind not in _COSTLY:
            return _METHODS[kind](self, node)
        if node not in self._known:
            self._known[node] = _METHODS[kind](self, node)
        return self._known[node]

    def number(self, node: syn.Node) -> Real:
        """Return the value of a formula that must be a number."""
        value = self.value(node)
        if not isinstance(value, Real):
            value = as_number(value)
        if isinstance(value, Real):
            return value
        raise EvaluationError(f"a number is wanted here, and this is {kind_of(value)}", node.at)

    def table(self, node: syn.Node, like: Table | None = None) -> Table:
        """Return the value of a formula that must be a law or a function on a finite set."""
        if isinstance(node, syn.Uniform):
            return self._uniform(like)
        value = self.value(node)
        if isinstance(value, Table):
            return value
        raise EvaluationError(f"a law is wanted here, and this is {kind_of(value)}", node.at)

    def _uniform(self, like: Table | None) -> Table:
        axes = like.axes if like is not None else next(((axis,) for axis in self.sizes), None)
        if axes is None:
            raise EvaluationError("uniform on which set? The setting has none")
        shape = like.values.shape if like is not None else tuple(self.sizes[a] for a in axes)
        return law(np.full(shape, 1 / math.prod(shape)), *axes)

    def name(self, node: syn.Name) -> Value:
        text = node.text
        value = self.values.get(text)
        if value is not None:
            return value
        if text in CONSTANTS:
            return CONSTANTS[text]
        if node.sub is not None:
            found = self._subscripted(node, node.sub)
            if found is not None:
                return found
        raise EvaluationError(f"the setting does not say what {text} is", node.at)

    def _subscripted(self, node: syn.Name, sub: str) -> Value | None:
        if node.base == r"\delta":
            point = self._element(syn.Name(sub, at=node.at))
            values = np.zeros(self.sizes[point.axis])
            values[point.index] = 1.0
            return exact(values, point.axis)
        family = self.values.get(node.base)
        if not isinstance(family, Table):
            return None
        index = self.values.get(sub)
        if isinstance(index, Element | Real) or sub.isdigit():
            where = self._index(index if index is not None else Real(float(sub)), family, 0, node)
            return sliced(family, (where,))
        return self._marginal_by_name(family, node, sub)

    def _marginal_by_name(self, joint: Table, node: syn.Name, sub: str) -> Table:
        r"""Return ``p_X``, ``p_{XY}``, ``p_{Y \mid x}`` or ``p_{Y \mid X = x}``."""
        head, _, condition = sub.replace(" ", "").partition(r"\mid")
        axes = tuple(letter for letter in head if letter in joint.axes)
        letters = head.replace(",", "")
        if len(axes) != len(letters) or not axes:
            raise EvaluationError(f"{node.text} is no marginal of {node.base}", node.at)
        if not condition:
            return joint.marginal(axes)
        element = self._element(syn.Name(condition.rpartition("=")[2], at=node.at))
        return self._conditional(joint, axes, (element,))

    def _conditional(self, joint: Table, axes: tuple[str, ...], given: Sequence[Element]) -> Table:
        condition = tuple(element.axis for element in given)
        index = tuple(element.index for element in given)
        below = joint.marginal(condition).entry(index)
        above = joint.marginal(condition + axes)
        values, errors = above.values[index], above.errors[index]
        if below.value == 0:
            unknown = np.full_like(values, math.nan)
            return Table(unknown, np.zeros_like(values), axes, soft=np.isnan(unknown))
        quotient = values / below.value
        return Table(
            quotient, (errors + quotient * below.error) / below.value + ROUNDOFF * quotient, axes
        )

    def call(self, node: syn.Call) -> Value:
        function = node.function
        if function.base == r"\sigma" and function.text not in self.values:
            one = Real(1.0)
            negated = ext.exp(ext.negative(self.number(node.args[0])))
            return ext.divide(one, ext.add([one, negated]))
        value = self.name(function)
        if isinstance(value, Closure):
            arguments = [self.value(arg) for arg in node.args]
            names = [name.text for name in value.parameters]
            if len(names) != len(arguments):
                raise EvaluationError(f"{function.text} takes {len(names)} arguments", node.at)
            bound = dict(zip(names, arguments, strict=True))
            return cast("Value", self._with(bound, lambda: self.value(value.body)))
        if not isinstance(value, Table):
            raise EvaluationError(f"{function.text} is {kind_of(value)}, no function", node.at)
        return self._look_up(value, node)

    def _look_up(self, table: Table, node: syn.Call) -> Value:
        args, given = node.args, node.given
        if table.given:
            if len(args) + len(given) != len(table.axes) or len(given) != len(table.given):
                raise EvaluationError(f"{node.function.text} needs all its arguments", node.at)
            return sliced(table, self._indices(table, args + given, node))
        if not given and len(args) == len(table.axes):
            return sliced(table, self._indices(table, args, node))
        conditions = tuple(self._element(arg) for arg in given)
        taken = [element.axis for element in conditions]
        free = [axis for axis in table.axes if axis not in taken]
        if any(isinstance(arg, syn.Slot) for arg in args):
            return self._conditional(table, tuple(free), conditions)
        elements = tuple(self._element(arg) for arg in args)
        axes = tuple(element.axis for element in elements)
        for axis in (*axes, *taken):
            if axis not in table.axes or (*axes, *taken).count(axis) > 1:
                raise EvaluationError(f"{node.function.text} is no law of these variables", node.at)
        above = table.marginal(axes + tuple(taken))
        index = tuple(element.index for element in (*elements, *conditions))
        joint = above.entry(index)
        if not conditions:
            return joint
        below = table.marginal(tuple(taken)).entry(index[len(axes) :])
        return ext.divide(joint, below)

    def _indices(
        self, table: Table, args: Sequence[syn.Node], node: syn.Node
    ) -> tuple[int | None, ...]:
        return tuple(
            None
            if isinstance(arg, syn.Slot)
            else self._index(self.value(arg), table, position, node)
            for position, arg in enumerate(args)
        )

    def _index(self, value: Value | None, table: Table, position: int, node: syn.Node) -> int:
        size = table.values.shape[position]
        if isinstance(value, Element):
            index = value.index
            if value.axis != table.axes[position] and self.sizes[value.axis] != size:
                message = f"an element of {value.axis} is no element of {table.axes[position]}"
                raise EvaluationError(message, node.at)
            return index
        if isinstance(value, Real) and value.value.is_integer() and 1 <= value.value <= size:
            return int(value.value) - 1
        raise EvaluationError(f"an element of a set is wanted as argument of {syn.latex(node)}", node.at)

    def _element(self, node: syn.Node) -> Element:
        value = self.value(node.links[0][1] if isinstance(node, syn.Row) and node.links else node)
        if isinstance(value, Element):
            return value
        raise EvaluationError(f"an element of a set is wanted, and this is {kind_of(value)}", node.at)

    # ------------------------------------------------------------------ arithmetic

    def add(self, node: syn.Add) -> Value:
        return lift(ext.add, [self.value(term) for term in node.terms], node)

    def negate(self, node: syn.Neg) -> Value:
        value = self.value(node.body)
        return ext.negative(value) if isinstance(value, Real) else scaled(value, Real(-1.0), node)

    def multiply(self, node: syn.Mul) -> Value:
        values = [self.value(factor) for factor in node.factors]
        if all(isinstance(value, Real) for value in values):
            return ext.multiply(cast("list[Real]", values))
        result = values[0]
        for value in values[1:]:
            result = times(result, value, node)
        return result

    def fraction(self, node: syn.Frac) -> Value:
        top, bottom = self.value(node.top), self.value(node.bottom)
        if isinstance(top, Matrix) and isinstance(bottom, Real):
            return scaled(top, ext.divide(Real(1.0), bottom), node)
        return lift(lambda pair: ext.divide(*pair), [top, bottom], node)

    def power(self, node: syn.Power) -> Value:
        base, exponent = self.value(node.base), self.number(node.exponent)
        if isinstance(base, Matrix):
            return matrix_power(base, exponent.value, node)
        return lift(lambda pair: ext.power(*pair), [base, exponent], node)

    def transpose(self, node: syn.Transpose) -> Matrix:
        value = self.value(node.body)
        if not isinstance(value, Matrix):
            raise EvaluationError(f"{kind_of(value)} has no transpose", node.at)
        return Matrix(value.values.T, value.error)

    def tensor_power(self, node: syn.TensorPower) -> Table:
        body, count = self.table(node.body), self.number(node.exponent).value
        result = body
        for _ in range(int(count) - 1):
            result = outer(result, body)
        return result

    def outer(self, node: syn.Outer) -> Table:
        first, *rest = (self.table(factor) for factor in node.factors)
        for table in rest:
            first = outer(first, table)
        return first

    def root(self, node: syn.Root) -> Value:
        index = None if node.index is None else self.number(node.index)
        value = self.value(node.body)
        if isinstance(value, Matrix):
            return matrix_power(value, 0.5, node)
        return lift(lambda one: ext.root(one[0], index), [value], node)

    def log(self, node: syn.Log) -> Value:
        base = None if node.base is None else self.number(node.base)
        if self.notes.normal_densities(node.body):
            value = self._log_density(node.body)
            return value if base is None else ext.divide(value, ext.log(base))
        return lift(lambda one: ext.log(one[0], base), [self.value(node.body)], node)

    def _log_density(self, node: syn.Node) -> Real:
        """Return the logarithm of a product or quotient of densities, which may underflow."""
        if isinstance(node, syn.Functional) and node.name == "normal":
            exponent, scale = self._normal_parts(node)
            return ext.add([ext.negative(exponent), ext.negative(ext.log(scale))])
        if isinstance(node, syn.Mul):
            return ext.add([self._log_density(factor) for factor in node.factors])
        if isinstance(node, syn.Frac):
            top, bottom = self._log_density(node.top), self._log_density(node.bottom)
            return ext.add([top, ext.negative(bottom)])
        return ext.log(self.number(node))

    def function(self, node: syn.Function) -> Value:
        values = [self.value(arg) for arg in node.args]
        if isinstance(values[0], Matrix):
            return of_matrix(node.name, values[0], node)
        return lift(_SCALAR[node.name], values, node)

    def tuple(self, node: syn.Tuple) -> Table:
        entries = [self.number(item) for item in node.items]
        values = np.array([entry.value for entry in entries])
        errors = np.array([entry.error for entry in entries])
        axis = next((axis for axis, size in self.sizes.items() if size == len(entries)), "Tuple")
        return Table(values, errors, (axis,))

    def cases(self, node: syn.Cases) -> Value:
        for value, condition in node.cases:
            if condition is None or self.holds(condition):
                return self.value(value)
        raise Undefined("none of the cases applies")

    def holds(self, row: syn.Row) -> bool:
        """Return whether a condition such as ``q(x) > 0`` holds, exactly as computed."""
        return all(_RELATIONS[relation](left, right) for relation, left, right in self._links(row))

    def _links(self, row: syn.Row) -> Iterator[tuple[str, Value, Value]]:
        if not row.links:
            raise EvaluationError("a condition needs a relation such as > or =", row.at)
        values = [self.value(side) for side in row.sides]
        for i, (relation, side) in enumerate(row.links):
            if relation not in _RELATIONS:
                raise EvaluationError(f"{relation} cannot stand in a condition", side.at)
            yield relation, values[i], values[i + 1]

    # ------------------------------------------------------------------ sums and integrals

    def big(self, node: syn.Big) -> Value:
        values = list(self._over(node))
        if node.operator == "sum":
            if values and not isinstance(values[0], Real):
                return lift(ext.add, values, node)
            return ext.add(cast("list[Real]", values))
        if node.operator == "prod":
            return ext.multiply(cast("list[Real]", values))
        best = ext.largest if node.operator in {"max", "sup"} else ext.smallest
        return best(cast("list[Real]", values))

    def _over(self, node: syn.Big) -> Iterator[Value]:
        """Yield the value of the body for each value of the indices."""
        names = [name.text for name in node.bound]
        for index in itertools.product(*self._ranges(node)):
            bound = dict(zip(names, index, strict=True))
            if node.condition is not None and not self._with(
                bound, lambda: self.holds(cast("syn.Row", node.condition))
            ):
                continue
            yield self._with(bound, lambda: self.value(node.body))

    def _ranges(self, node: syn.Big) -> list[Sequence[Value]]:
        if node.lower is not None and node.upper is not None:
            low, high = self.number(node.lower).value, self.number(node.upper).value
            if not (low.is_integer() and high.is_integer()):
                raise Undefined(f"the index runs from {low} to {high}")
            return [[Real(float(i)) for i in range(int(low), int(high) + 1)]]
        if node.lower is not None or node.upper is not None:
            raise EvaluationError("an index needs both bounds, or none", node.at)
        known = self.notes.axes
        if id(node) not in known:
            known[id(node)] = node, tuple(self._required_axis(name, node) for name in node.bound)
        return [[Element(axis, i) for i in range(self.sizes[axis])] for axis in known[id(node)][1]]

    def _required_axis(self, name: syn.Name, node: syn.Big) -> str:
        axis = self._axis_of(name, node.body)
        if axis is None and node.condition is not None:
            axis = self._axis_of(name, node.condition)
        if axis is None:
            raise EvaluationError(f"cannot tell over which set {name.text} runs", name.at)
        return axis

    def _axis_of(self, name: syn.Name, body: syn.Node) -> str | None:
        """Return the set an index runs over: where it is an argument, or else by its letter."""
        letter = name.base.rstrip("'").upper()
        for node in syn.walk(body):
            if isinstance(node, syn.Call):
                table = self.values.get(node.function.text)
                if not isinstance(table, Table):
                    family = self.values.get(node.function.base)
                    sub = self.values.get(node.function.sub or "")
                    if isinstance(family, Table) and isinstance(sub, Element):
                        table = Table(family.values[0], family.errors[0], family.axes[1:])
                if not isinstance(table, Table):
                    continue
                args = node.args + node.given
                for position, arg in enumerate(args):
                    if isinstance(arg, syn.Name) and arg.text == name.text:
                        if letter in table.axes:
                            return letter
                        if len(args) == len(table.axes):
                            return table.axes[position]
            elif isinstance(node, syn.Name) and node.sub == name.text:
                family = self.values.get(node.base)
                if isinstance(family, Table) and node.text not in self.values:
                    return family.axes[0]
        return letter if letter in self.sizes else None

    def expect(self, node: syn.Expect) -> Value:
        names = [name.text for name in node.bound]
        value = self._uniform(None) if isinstance(node.law, syn.Uniform) else self.value(node.law)
        if isinstance(value, Normal):
            return self._normal_mean(value, names, node)
        if not isinstance(value, Table):
            raise EvaluationError(f"a law is wanted here, and this is {kind_of(value)}", node.law.at)
        if len(names) != len(value.axes):
            message = f"this law has {len(value.axes)} variables, and here are {len(names)}"
            raise EvaluationError(message, node.at)
        terms = []
        for index in np.ndindex(*value.values.shape):
            weight = value.entry(index)
            if weight.value == 0:
                continue
            elements = [Element(axis, i) for axis, i in zip(value.axes, index, strict=True)]
            bound = dict(zip(names, elements, strict=True))
            terms.append(ext.multiply([weight, self._with(bound, lambda: self.number(node.body))]))
        return ext.add(terms)

    def _normal_mean(self, value: Normal, names: Sequence[str], node: syn.Expect) -> Real:
        def at(point: Value) -> Real:
            return cast("Real", self._with({names[0]: point}, lambda: self.number(node.body)))

        if isinstance(value.mean, Real) and isinstance(value.variance, Real):
            mean, spread = value.mean.value, math.sqrt(value.variance.value)
            return gauss_hermite(lambda z: at(Real(mean + spread * float(z[0]))), 1)
        mean_vector = cast("Matrix", value.mean).values
        factor = np.linalg.cholesky(cast("Matrix", value.variance).values)
        return gauss_hermite(
            lambda z: at(Matrix(mean_vector + factor @ z.reshape(-1, 1))), len(mean_vector)
        )

    def integral(self, node: syn.Integral) -> Real:
        lower, upper = -math.inf, math.inf
        if node.lower is not None and node.upper is not None:
            lower, upper = self.number(node.lower).value, self.number(node.upper).value

        def at(x: float) -> Real:
            return cast(
                "Real",
                self._with({node.variable.text: Real(x)}, lambda: self.number(node.body)),
            )

        return integral(at, lower, upper, self._peaks(node))

    def _peaks(self, node: syn.Integral) -> list[tuple[float, float]]:
        """Return centre and width of each normal density in an integrand."""
        peaks = []
        for inner in self.notes.normal_densities(node.body):
            mean, variance = (self.number(arg.items[0]) for arg in inner.arguments[1:])
            if variance.value > 0:
                peaks.append((mean.value, math.sqrt(variance.value)))
        return peaks

    def derivative(self, node: syn.Derivative) -> Real:
        name = node.variable.text
        centre = self.values.get(name)
        if not isinstance(centre, Real):
            raise EvaluationError(f"{name} is no number", node.variable.at)

        def at(x: float) -> Real:
            def compute() -> Real:
                for left, right in self.definitions:
                    self._bind(left, right)
                return self.number(node.body)

            return cast("Real", self._with({name: Real(x)}, compute))

        result = derivative(at, centre.value, node.order)
        for left, right in self.definitions:
            self._bind(left, right)
        return result

    # ------------------------------------------------------------------ functionals

    def functional(self, node: syn.Functional) -> Value:
        special = _SPECIAL.get(node.name)
        if special is not None:
            return special(self, node)
        macro = MACROS[node.name]
        first = node.arguments[0]
        variable = self.values.get(first.items[0].text) if isinstance(first.items[0], syn.Name) else None
        if isinstance(variable, Variable):
            return self._of_variables(node)
        values = self._arguments(node)
        if any(isinstance(value, Normal) for value in values):
            return self._of_normals(node, values)
        tables = [value for value in values if isinstance(value, Table)]
        if any(np.isnan(table.values).any() for table in tables):
            return Real(math.nan, soft=True)
        arrays: list[Any] = []
        for value in values:
            if isinstance(value, Real):
                arrays.append(value.value)
            elif isinstance(value, Table):
                arrays.append(value.values.ravel())
            else:
                raise EvaluationError(f"{kind_of(value)} cannot stand here", node.at)
        if node.name == "Renyi":
            arrays = [*arrays[1:], arrays[0]]
        if len({array.size for array in arrays if isinstance(array, np.ndarray)}) > 1:
            raise EvaluationError("these laws live on different sets", node.at)
        return self._called(macro.function, macro.base, arrays, values)

    def _arguments(self, node: syn.Functional) -> list[Value]:
        items = []
        for argument in node.arguments:
            if argument.given or len(argument.items) != 1:
                raise EvaluationError("one argument is wanted in these braces", argument.at)
            items.append(argument.items[0])
        values = [None if isinstance(item, syn.Uniform) else self.value(item) for item in items]
        like = next((value for value in values if isinstance(value, Table)), None)
        return [self._uniform(like) if value is None else value for value in values]

    def _called(
        self,
        function: str,
        base: int | None,
        arrays: Sequence[Any],
        values: Sequence[Value] = (),
        **options: Any,  # noqa: ANN401  (keywords of the functions of the package)
    ) -> Real:
        """Call the reference package, and bound the error of what it returns."""
        if base is not None:
            options["base"] = base
        try:
            result = float(reference(function)(*arrays, **options))
        except ValueError as error:
            raise Undefined(f"{function}: {error}") from None
        except TypeError as error:
            raise EvaluationError(f"{function}: {error}") from None
        if math.isinf(result):
            return Real(result, soft=True)
        depth = 1.0
        loss = 0.0
        for array in arrays:
            positive = np.asarray(array, dtype=float)
            positive = np.abs(positive[(positive != 0) & np.isfinite(positive)])
            if positive.size:
                depth = max(depth, float(np.abs(np.log(positive)).max()))
        for value in values:
            loss += conditioning(value, depth)
        return Real(result, CALL_ERROR * (1 + depth) * (1 + abs(result)) + loss * (1 + abs(result)))

    def _of_normals(self, node: syn.Functional, values: Sequence[Value]) -> Real:
        macro = MACROS[node.name]
        if not macro.normal or not all(isinstance(value, Normal) for value in values):
            raise EvaluationError("normal laws cannot stand here", node.at)
        laws = cast("Sequence[Normal]", values)
        suffixes = ("",) if len(laws) == 1 else ("_p", "_q")
        means: list[Any] = []
        options: dict[str, Any] = {}
        loss = 0.0
        for suffix, normal in zip(suffixes, laws, strict=True):
            if isinstance(normal.mean, Matrix) and isinstance(normal.variance, Matrix):
                means.append(normal.mean.values.ravel())
                options[f"cov{suffix}"] = normal.variance.values
                loss += CALL_ERROR * float(np.linalg.cond(normal.variance.values))
            elif isinstance(normal.mean, Real) and isinstance(normal.variance, Real):
                if normal.variance.value <= 0:
                    raise Undefined(f"the variance {normal.variance.value}")
                means.append(normal.mean.value)
                options[f"std{suffix}"] = math.sqrt(normal.variance.value)
                loss += normal.variance.error / normal.variance.value
            else:
                raise EvaluationError("mean and variance of a normal law do not fit", node.at)
        positional = [] if len(laws) == 1 else means
        result = self._called(macro.normal, macro.base, positional, **options)
        return Real(result.value, result.error + loss * (1 + abs(result.value)) * 8)

    def _of_variables(self, node: syn.Functional) -> Real:
        r"""Evaluate ``\H{X, Y}``, ``\H{Y \mid X}``, ``\H{Y \mid X = x}`` or ``\MI{X}{Y}``."""
        macro = MACROS[node.name]
        joint = self._law_of_variables(node)
        groups = [self._axes_of(argument.items) for argument in node.arguments]
        if len(groups) == 2:  # noqa: PLR2004  (two variables)
            table = joint.marginal(groups[0] + groups[1])
            sizes = [math.prod(self.sizes[axis] for axis in group) for group in groups]
            return self._called(macro.function, macro.base, [table.values.reshape(sizes)])
        argument = node.arguments[0]
        if not argument.given:
            array = joint.marginal(groups[0]).values.ravel()
            return self._called(macro.function, macro.base, [array])
        if isinstance(argument.given[0], syn.Row):
            elements = [self._element(item) for item in argument.given]
            law_given = self._conditional(joint, groups[0], elements).values.ravel()
            if np.isnan(law_given).any():
                return Real(math.nan, soft=True)
            return self._called(macro.function, macro.base, [law_given])
        given = self._axes_of(argument.given)
        table = joint.marginal(given + groups[0])
        sizes = [math.prod(self.sizes[axis] for axis in group) for group in (given, groups[0])]
        return self._called(macro.conditional, macro.base, [table.values.reshape(sizes)])

    def _axes_of(self, items: Sequence[syn.Node]) -> tuple[str, ...]:
        variables = [self.value(item) for item in items]
        if not all(isinstance(variable, Variable) for variable in variables):
            raise EvaluationError("random variables are wanted here", items[0].at)
        return tuple(cast("Variable", variable).axis for variable in variables)

    def _law_of_variables(self, node: syn.Node) -> Table:
        for value in self.values.values():
            if isinstance(value, Table) and len(value.axes) > 1 and not value.given:
                return value
        raise EvaluationError("the setting has no joint law of these variables", node.at)

    def information(self, node: syn.Functional) -> Real:
        r"""Evaluate ``\I{x}``, ``\I{x, y}`` or ``\I{y \mid x}`` under the law of the setting."""
        argument = node.arguments[0]
        items = argument.items
        first = self.value(items[0])
        macro = MACROS[node.name]
        if isinstance(first, Real):
            return self._called(macro.function, macro.base, [first.value])
        name = next((n for n, value in self.values.items() if isinstance(value, Table)), None)
        if name is None:
            raise EvaluationError("information content needs a law", node.at)
        call = syn.Call(syn.Name(name), items, argument.given, at=node.at)
        probability = cast("Real", self._look_up(cast("Table", self.values[name]), call))
        if math.isnan(probability.value):
            return probability
        result = self._called(macro.function, macro.base, [min(probability.value, 1.0)])
        relative = probability.error / probability.value if probability.value else 0.0
        return Real(result.value, result.error + relative, soft=result.soft)

    def density(self, node: syn.Functional) -> Real:
        r"""Evaluate the normal density ``\normal{x}{\mu}{\sigma^2}``."""
        exponent, scale = self._normal_parts(node)
        return ext.divide(ext.exp(ext.negative(exponent)), scale)

    def _normal_parts(self, node: syn.Functional) -> tuple[Real, Real]:
        x, mean, variance = (self.number(argument.items[0]) for argument in node.arguments)
        if variance.value <= 0:
            raise Undefined(f"the variance {variance.value}")
        difference = ext.add([x, ext.negative(mean)])
        twice = ext.multiply([Real(2.0), variance])
        exponent = ext.divide(ext.multiply([difference, difference]), twice)
        return exponent, ext.root(ext.multiply([CONSTANTS[r"\pi"], twice]))

    def normal(self, node: syn.Functional) -> Normal:
        r"""Evaluate the law ``\Normal{\mu}{\sigma^2}``."""
        mean, variance = (self.value(argument.items[0]) for argument in node.arguments)
        if not isinstance(mean, Real | Matrix) or not isinstance(variance, Real | Matrix):
            raise EvaluationError("mean and variance are numbers, or vector and matrix", node.at)
        return Normal(mean, variance)

    def no_value(self, node: syn.Node) -> Value:
        """Refuse what only makes sense inside something else."""
        raise EvaluationError(f"{syn.latex(node)} has no value here", node.at)


def _binomial(pair: Sequence[Real]) -> Real:
    n, k = (value.value for value in pair)
    if not (n.is_integer() and k.is_integer()) or n < 0:
        raise Undefined(f"the binomial coefficient of {n} and {k}")
    return Real(float(math.comb(int(n), int(k)) if k >= 0 else 0))


def _factorial(one: Sequence[Real]) -> Real:
    n = one[0].value
    if not n.is_integer() or n < 0:
        raise Undefined(f"the factorial of {n}")
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
    if isinstance(left, Table) and isinstance(right, Table):
        return left.values.shape == right.values.shape and bool((left.values == right.values).all())
    return bool(_plain(left) == _plain(right))


def _dominated(left: Value, right: Value) -> bool:
    return not bool((_values(left)[_values(right) == 0] > 0).any())


def _singular(left: Value, right: Value) -> bool:
    return not bool(((_values(left) > 0) & (_values(right) > 0)).any())


def _values(value: Value) -> Array:
    if not isinstance(value, Table):
        raise EvaluationError(f"laws are compared here, and this is {kind_of(value)}")
    return value.values


_RELATIONS: Mapping[str, Callable[[Value, Value], bool]] = {
    "=": _same,
    r"\ne": lambda left, right: not _same(left, right),
    r"\le": lambda left, right: bool(_plain(left) <= _plain(right)),
    r"\ge": lambda left, right: bool(_plain(left) >= _plain(right)),
    "<": lambda left, right: bool(_plain(left) < _plain(right)),
    ">": lambda left, right: bool(_plain(left) > _plain(right)),
    r"\ll": _dominated,
    r"\perp": _singular,
}

_SPECIAL: Mapping[str, Callable[[Evaluator, syn.Functional], Value]] = {
    "I": Evaluator.information,
    "normal": Evaluator.density,
    "Normal": Evaluator.normal,
}

_COSTLY = {syn.Big, syn.Expect, syn.Integral, syn.Derivative, syn.Functional}
_METHODS: Mapping[type[syn.Node], Callable[[Evaluator, Any], Value]] = {
    syn.Number: lambda _, node: Real(float(node.text), _literal_error(node.text)),
    syn.Infinity: lambda _, __: Real(math.inf),
    syn.Name: Evaluator.name,
    syn.Uniform: lambda self, _: self._uniform(None),  # noqa: SLF001  (the methods of this class)
    syn.Slot: Evaluator.no_value,
    syn.Call: Evaluator.call,
    syn.Neg: Evaluator.negate,
    syn.Add: Evaluator.add,
    syn.Mul: Evaluator.multiply,
    syn.Frac: Evaluator.fraction,
    syn.Power: Evaluator.power,
    syn.Transpose: Evaluator.transpose,
    syn.TensorPower: Evaluator.tensor_power,
    syn.Outer: Evaluator.outer,
    syn.Root: Evaluator.root,
    syn.Log: Evaluator.log,
    syn.Function: Evaluator.function,
    syn.Big: Evaluator.big,
    syn.Expect: Evaluator.expect,
    syn.Integral: Evaluator.integral,
    syn.Derivative: Evaluator.derivative,
    syn.Tuple: Evaluator.tuple,
    syn.Cases: Evaluator.cases,
    syn.Functional: Evaluator.functional,
    syn.Argument: Evaluator.no_value,
    syn.Row: Evaluator.no_value,
}


@cache
def _literal_error(text: str) -> float:
    value = float(text)
    return 0.0 if value.is_integer() else ROUNDOFF * value
