r"""Functionals such as ``\KL{p}{q}``: their values are what the reference package returns.

The macros say which function a functional calls, and with which base. The arguments may be laws,
numbers, normal laws, or random variables with the joint law of the setting.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from equations import extended as ext
from equations import syntax as syn
from equations.extended import ROUNDOFF, Real, Undefined
from equations.generators import Generator
from equations.macros import MACROS, Macro
from equations.quadrature import limit
from equations.values import (
    Closure,
    EvaluationError,
    Matrix,
    Normal,
    Table,
    Value,
    Variable,
    kind_of,
)

if TYPE_CHECKING:
    from equations.evaluate import Evaluator

PACKAGE = "refimpl"
# How exact the functions of the package are taken to be, relative to 1 + |value|.
CALL_ERROR = 32 * ROUNDOFF
PI = Real(math.pi, math.pi * ROUNDOFF)
TWO = Real(2.0)
ENTROPIC_TOLERANCE = 1e-12  # mass that entropic transport may leave away from its marginals


@cache
def reference(name: str) -> Callable[..., Any]:
    """Return a public function of the reference package, and not what every module has."""
    package = importlib.import_module(PACKAGE)
    function = getattr(package, name, None) if name in package.__all__ else None
    if not callable(function):
        raise EvaluationError(f"{PACKAGE} has no function {name}; write its definition out")
    return cast("Callable[..., Any]", function)


def functional(evaluator: Evaluator, node: syn.Functional) -> Value:
    """Return the value of a functional."""
    if node.name in _SPECIAL:
        return _SPECIAL[node.name](evaluator, node)
    macro = MACROS[node.name]
    first = node.arguments[0].items[0]
    if isinstance(first, syn.Name) and isinstance(evaluator.values.get(first.text), Variable):
        return _of_variables(evaluator, node, macro)
    values = _arguments(evaluator, node)
    if node.name == "JSw":
        return _weighted(node, macro, values)
    if any(isinstance(value, Normal) for value in values):
        return _of_normals(node, macro, values)
    return _of_laws(node, macro, values)


def _arguments(evaluator: Evaluator, node: syn.Functional) -> list[Value]:
    """Return the values of the arguments; the uniform law lives where the other law lives."""
    items = []
    for argument in node.arguments:
        if argument.given or len(argument.items) != 1:
            raise EvaluationError("one argument is wanted in these braces", argument.at)
        items.append(argument.items[0])
    known = [None if isinstance(item, syn.Uniform) else evaluator.value(item) for item in items]
    like = next((value for value in known if isinstance(value, Table)), None)
    return [evaluator.uniform(like) if value is None else value for value in known]


def _of_laws(
    node: syn.Functional,
    macro: Macro,
    values: Sequence[Value],
    options: Mapping[str, Any] | None = None,
    more: float = 0.0,
) -> Real:
    arrays: list[Any] = []
    for value in values:
        if isinstance(value, Real):
            arrays.append(value.value)
        elif isinstance(value, Table):
            arrays.append(value.values.ravel())
        else:
            raise EvaluationError(f"{kind_of(value)} cannot stand here", node.at)
    if len({array.size for array in arrays if isinstance(array, np.ndarray)}) > 1:
        raise EvaluationError("these laws live on different sets", node.at)
    if any(np.isnan(array).any() for array in arrays):
        return Real(math.nan, soft=True)
    depth = max(_depth(array) for array in arrays)
    loss = (more + sum(_loss(value) for value in values)) * (1 + depth)
    if macro.index:
        options = {**(options or {}), macro.index: arrays.pop(0)}
    return call(macro.function, macro.base, arrays, depth, loss, options)


def _weighted(node: syn.Functional, macro: Macro, values: Sequence[Value]) -> Real:
    """Return the Jensen-Shannon divergence with weights t and 1 - t."""
    weight, *laws = values
    if not isinstance(weight, Real) or not 0 <= weight.value <= 1:
        raise Undefined("a weight outside of [0, 1]")
    weights = [weight.value, 1 - weight.value]
    return _of_laws(node, macro, laws, {"weights": weights}, weight.error + ROUNDOFF)


def ground(evaluator: Evaluator, node: syn.Node, *roles: str, axes: Sequence[str] = ()) -> Table:
    """Return the distance, cost or kernel that the setting has, or the distances of its points."""
    for role in roles:
        for value in evaluator.values.values():
            if isinstance(value, Table) and value.role == role:
                return value
    if "distance" in roles and len(axes) == 2 and set(axes) <= set(evaluator.places):
        rows, columns = (_coordinates(evaluator.places[axis]) for axis in axes)
        distances = np.linalg.norm(rows[:, None] - columns, axis=2)
        return Table(distances, 4 * ROUNDOFF * distances, tuple(axes), role="distance")
    raise EvaluationError(f"the setting has no {' or '.join(roles)}", node.at)


def _coordinates(places: Table) -> Any:  # noqa: ANN401  (an array)
    return places.values.reshape(len(places.values), -1)


def _two_laws(
    evaluator: Evaluator, node: syn.Functional, *, apart: bool = False
) -> tuple[list[Any], float]:
    """Return the last two arguments as arrays, and a bound on their errors.

    Laws on points may live ``apart``, on sets of their own.
    """
    short = syn.Functional(node.name, node.arguments[-2:], at=node.at)
    arrays, loss = [], 0.0
    for value in _arguments(evaluator, short):
        if not isinstance(value, Table):
            raise EvaluationError(f"{kind_of(value)} cannot stand here", node.at)
        arrays.append(value.values.ravel())
        loss += float(value.errors.sum())
    if arrays[0].size != arrays[1].size and not (apart and len(evaluator.places) > 1):
        raise EvaluationError("these laws live on different sets", node.at)
    return arrays, loss


def _axes_of_laws(evaluator: Evaluator, node: syn.Functional) -> list[str]:
    """Return on which sets the last two arguments live."""
    laws = (evaluator.value(argument.items[0]) for argument in node.arguments[-2:])
    return [cast("Table", law).axes[0] for law in laws]


def _f_divergence(evaluator: Evaluator, node: syn.Functional) -> Real:
    r"""Evaluate ``\Df{f}{p}{q}`` for a generator, or for a function that a formula defines."""
    generator = evaluator.value(node.arguments[0].items[0])
    arrays, loss = _two_laws(evaluator, node)
    depth = max(map(_depth, arrays))
    if isinstance(generator, Generator) and not generator.mark:
        arrays = [generator.name, *arrays]
    elif isinstance(generator, Closure) and len(generator.parameters) == 1:
        closure = generator
        made, error = evaluator.once(closure, lambda: _made(evaluator, closure))
        arrays, loss = [made, *arrays], loss + error
    else:
        raise EvaluationError(f"{kind_of(generator)} is no generator", node.at)
    return call("f_divergence", None, arrays, depth, 4 * loss * (1 + depth))


def _made(evaluator: Evaluator, closure: Closure) -> tuple[Any, float]:
    """Make a generator of the package from a function; its limits are extrapolated."""
    name = closure.parameters[0].text

    def at(u: float) -> Real:
        return evaluator.bound_to({name: Real(u)}, lambda: evaluator.number(closure.body))

    def function(u: Any) -> Any:  # noqa: ANN401  (arrays)
        return np.array([at(float(x)).value for x in np.ravel(u)]).reshape(np.shape(u))

    zero = limit(at, 0.0, "+")
    slope = limit(lambda u: ext.divide(at(u), Real(u)), math.inf)
    options = {"at_zero": zero.value, "slope_at_infinity": slope.value}
    return called("Generator", [], function=function, **options), zero.error + slope.error


def _wasserstein(evaluator: Evaluator, node: syn.Functional) -> Real:
    r"""Evaluate ``\W{r}{p}{q}`` with the distance or the points of the setting."""
    order = evaluator.number(node.arguments[0].items[0])
    first, second = (evaluator.value(argument.items[0]) for argument in node.arguments[1:])
    if isinstance(first, Normal) or isinstance(second, Normal):
        return _of_two_normals(node, order, [first, second])
    arrays, loss = _two_laws(evaluator, node, apart=True)
    axes = _axes_of_laws(evaluator, node)
    distance = ground(evaluator, node, "distance", axes=axes)
    points = [evaluator.places.get(axis) for axis in axes]
    cost = distance.values**order.value
    if math.isinf(order.value):
        places = [place.values for place in points if place is not None and place.values.ndim == 1]
        if len(places) < 2:
            raise EvaluationError("the order of this distance must be finite", node.at)
        weights = {"x_weights": arrays[0], "y_weights": arrays[1]}
        result = float(called("wasserstein_1d", places, order=math.inf, **weights))
        return Real(result, 8 * CALL_ERROR * (1 + float(distance.values.max())))
    if all(points) and distance.errors.any():
        x, y = (cast("Table", place).values for place in points)
        result = called("wasserstein", arrays, x=x, y=y, order=order.value)
    else:
        result = called("wasserstein", arrays, cost=cost)
    total, lower = float(result.cost), float(result.lower)
    size = float(cost.max())
    error = size * (loss + CALL_ERROR * len(cost)) + float(distance.errors.max()) * (1 + size)
    return small_root(Real((total + lower) / 2, abs(total - lower) / 2 + error), order)


def _of_two_normals(node: syn.Functional, order: Real, values: Sequence[Value]) -> Real:
    """Return the distance of order 2 of two normal laws."""
    if order.value != 2:
        raise EvaluationError("for normal laws only the order 2 has a formula here", node.at)
    result = _of_normals(node, MACROS[node.name], values)
    spreads = [value.variance for value in values if isinstance(value, Normal)]
    size = sum(abs(s.value) if isinstance(s, Real) else len(s.values) * s.size for s in spreads)
    square = Real(result.value**2, (1 + size + result.value**2) * (8 * CALL_ERROR + result.error))
    return small_root(square, TWO)


def small_root(value: Real, order: Real) -> Real:
    """Return the root of a number that may be zero to rounding."""
    if order.value == 1:
        return value
    if value.value <= 2 * value.error:
        top = (max(value.value, 0.0) + value.error) ** (1 / order.value)
        return Real(max(value.value, 0.0) ** (1 / order.value), top)
    return ext.root(value, order)


def _entropic(evaluator: Evaluator, node: syn.Functional) -> Real:
    r"""Evaluate ``\OT{\varepsilon}{p}{q}`` or ``\Sink{\varepsilon}{p}{q}``."""
    epsilon = evaluator.number(node.arguments[0].items[0])
    arrays, loss = _two_laws(evaluator, node, apart=True)
    axes = _axes_of_laws(evaluator, node)
    cost = ground(evaluator, node, "cost", "distance", axes=axes)
    function = MACROS[node.name].function
    options = {"epsilon": epsilon.value, "tolerance": ENTROPIC_TOLERANCE}
    result = called(function, arrays, cost=cost.values, **options)
    size = 1 + float(cost.values.max()) + epsilon.value
    error = size * (loss + CALL_ERROR * len(cost.values)) + epsilon.error * size
    return Real(float(getattr(result, "value", result)), 8 * (error + size * ENTROPIC_TOLERANCE))


def _with_kernel(evaluator: Evaluator, node: syn.Functional) -> Real:
    r"""Evaluate ``\MMD{p}{q}`` with the kernel of the setting."""
    arrays, loss = _two_laws(evaluator, node)
    table = ground(evaluator, node, "kernel")
    points = np.arange(len(table.values))

    def kernel(a: Any, b: Any) -> Any:  # noqa: ANN401  (arrays)
        rows, columns = (np.asarray(index).astype(int).ravel() for index in (a, b))
        return table.values[np.ix_(rows, columns)]

    weights = {"x_weights": arrays[0], "y_weights": arrays[1]}
    result = float(called("mmd", [points, points], kernel=kernel, **weights))
    error = float(np.abs(table.values).max()) * (4 * loss + 8 * CALL_ERROR * len(points))
    return small_root(Real(result * result, error + 4 * ROUNDOFF * result), TWO)


def _energy(evaluator: Evaluator, node: syn.Functional) -> Real:
    r"""Evaluate ``\ED{p}{q}`` with the points or the distance of the setting."""
    arrays, loss = _two_laws(evaluator, node, apart=True)
    axes = _axes_of_laws(evaluator, node)
    places = [evaluator.places.get(axis) for axis in axes]
    if all(places):
        weights = {"x_weights": arrays[0], "y_weights": arrays[1]}
        points = [cast("Table", place).values for place in places]
        result = float(called("energy_distance", points, **weights))
        reach = 2 * max(float(np.abs(place).max()) for place in points)
    else:
        distance = ground(evaluator, node, "distance", axes=axes)
        result = float(called("energy_distance", arrays, cost=distance.values))
        reach = float(distance.values.max())
    return Real(result, (1 + reach) * (4 * loss + 8 * CALL_ERROR * len(arrays[0])))


def called(function: str, arrays: Sequence[Any], /, **options: Any) -> Any:  # noqa: ANN401  (whatever the package takes and returns)
    """Call a function of the reference package that returns more than a number."""
    try:
        return reference(function)(*arrays, **options)
    except ValueError as error:
        raise Undefined(f"{function}: {error}") from None
    except TypeError as error:
        raise EvaluationError(f"{function}: {error}") from None


def _depth(array: Any) -> float:  # noqa: ANN401  (a number or an array)
    """Return the largest logarithm, in absolute value, of the positive numbers in an array."""
    sizes = np.abs(np.asarray(array, dtype=float))
    sizes = sizes[(sizes > 0) & np.isfinite(sizes)]
    return float(np.abs(np.log(sizes)).max()) if sizes.size else 0.0


def _loss(value: Value) -> float:
    """Return how much the errors of an argument may change a functional of moderate depth."""
    if isinstance(value, Table):
        sizes, errors = np.abs(value.values).ravel(), value.errors.ravel()
        some = sizes > errors
        return float(errors.sum() + (errors[some] / sizes[some]).max(initial=0.0))
    if isinstance(value, Real) and value.error:
        # A probability near one loses digits as one near zero does: its complement has them.
        near = min(abs(value.value), abs(1 - value.value))
        return value.error * (1 + 1 / near) if near > value.error else value.error
    return 0.0


def call(
    function: str,
    base: int | None,
    arrays: Sequence[Any],
    depth: float = 0.0,
    loss: float = 0.0,
    options: Mapping[str, Any] | None = None,
) -> Real:
    """Call the reference package, and bound the error of what it returns."""
    keywords = dict(options or {})
    if base is not None:
        keywords["base"] = base
    try:
        result = float(reference(function)(*arrays, **keywords))
    except ValueError as error:
        raise Undefined(f"{function}: {error}") from None
    except TypeError as error:
        raise EvaluationError(f"{function}: {error}; macros.toml says how it is called") from None
    if math.isinf(result):
        return Real(result, soft=True)
    return Real(result, (CALL_ERROR * (2 + depth) + loss) * (1 + abs(result)))


def _of_normals(node: syn.Functional, macro: Macro, values: Sequence[Value]) -> Real:
    if not macro.normal:
        raise EvaluationError("normal laws cannot stand here", node.at)
    suffixes = ("",) if len(values) == 1 else ("_p", "_q")
    means: list[Any] = []
    options: dict[str, Any] = {}
    loss = 0.0
    for suffix, value in zip(suffixes, values, strict=True):
        if not isinstance(value, Normal):
            raise EvaluationError(f"a normal law and {kind_of(value)} do not compare", node.at)
        mean, variance = value.mean, value.variance
        if isinstance(mean, Matrix) and isinstance(variance, Matrix):
            means.append(mean.values.ravel())
            options[f"cov{suffix}"] = variance.values
            loss += 8 * CALL_ERROR * float(np.linalg.cond(variance.values))
        elif isinstance(mean, Real) and isinstance(variance, Real):
            if variance.value <= 0:
                raise Undefined(f"the variance {variance.value}")
            means.append(mean.value)
            options[f"std{suffix}"] = math.sqrt(variance.value)
            loss += 8 * (variance.error / variance.value + ROUNDOFF)
            loss += 2 * mean.error / math.sqrt(variance.value)
        else:
            raise EvaluationError("mean and variance of a normal law do not fit", node.at)
    if len(values) == 1:
        means = []
    return call(macro.normal, macro.base, means, loss=loss, options=options)


# ------------------------------------------------------------------------------- variables


def _of_variables(evaluator: Evaluator, node: syn.Functional, macro: Macro) -> Real:
    r"""Evaluate ``\H{X, Y}``, ``\H{Y \mid X}``, ``\H{Y \mid X = x}`` or ``\MI{X}{Y}``."""
    groups = [_axes(evaluator, argument.items) for argument in node.arguments]
    given = node.arguments[0].given
    joint = _joint_law(evaluator, node, {axis for group in groups for axis in group})
    if len(groups) > 1:
        return call(macro.function, macro.base, [_flat(joint, *groups)])
    if not given:
        return call(macro.function, macro.base, [_flat(joint, groups[0])])
    if isinstance(given[0], syn.Row):
        elements = [evaluator.element(item) for item in given]
        conditional = joint.conditional(groups[0], elements).values.ravel()
        if np.isnan(conditional).any():
            return Real(math.nan, soft=True)
        return call(macro.function, macro.base, [conditional])
    return call(macro.conditional, macro.base, [_flat(joint, _axes(evaluator, given), groups[0])])


def _flat(joint: Table, *groups: tuple[str, ...]) -> Any:  # noqa: ANN401  (an array)
    """Return the law of some groups of variables, with one axis for each group.

    A variable that stands in it twice has the same value both times.
    """
    axes = sum(groups, ())
    unique = tuple(dict.fromkeys(axes))
    table = joint.marginal(unique).values
    sizes = dict(zip(unique, table.shape, strict=True))
    values = np.zeros([sizes[axis] for axis in axes])
    places = [unique.index(axis) for axis in axes]
    for index in np.ndindex(*table.shape):
        values[tuple(index[place] for place in places)] = table[index]
    return values.reshape([math.prod(sizes[axis] for axis in group) for group in groups])


def _axes(evaluator: Evaluator, items: Sequence[syn.Node]) -> tuple[str, ...]:
    variables = [evaluator.value(item) for item in items]
    if not all(isinstance(variable, Variable) for variable in variables):
        raise EvaluationError("random variables are wanted here", items[0].at)
    return tuple(cast("Variable", variable).axis for variable in variables)


def _joint_law(evaluator: Evaluator, node: syn.Node, axes: set[str]) -> Table:
    """Return the first joint law of some variables."""
    for value in evaluator.values.values():
        if isinstance(value, Table) and axes <= set(value.axes) and not value.given:
            return value
    raise EvaluationError("the setting has no joint law of these variables", node.at)


# ------------------------------------------------------------------------------- special


def _information(evaluator: Evaluator, node: syn.Functional) -> Real:
    r"""Evaluate ``\I{x}``, ``\I{x, y}`` or ``\I{y \mid x}`` under the first law of the setting."""
    argument, macro = node.arguments[0], MACROS[node.name]
    probability = evaluator.value(argument.items[0])
    if not isinstance(probability, Real):
        tables = (name for name, v in evaluator.values.items() if isinstance(v, Table))
        law = next(tables, None)
        if law is None:
            raise EvaluationError("information content needs a law", node.at)
        probability = evaluator.number(
            syn.Call(syn.Name(law), argument.items, argument.given, at=node.at)
        )
    if math.isnan(probability.value):
        return probability
    loss = probability.error / probability.value if probability.value else 0.0
    return call(macro.function, macro.base, [min(probability.value, 1.0)], loss=loss)


def normal_parts(evaluator: Evaluator, node: syn.Functional) -> tuple[Real, Real]:
    """Return exponent and scale of a normal density, which is exp(-exponent) / scale."""
    x, mean, variance = (evaluator.number(argument.items[0]) for argument in node.arguments)
    if variance.value <= 0:
        raise Undefined(f"the variance {variance.value}")
    difference = ext.add([x, ext.negative(mean)])
    twice = ext.multiply([TWO, variance])
    exponent = ext.divide(ext.multiply([difference, difference]), twice)
    return exponent, ext.root(ext.multiply([PI, twice]))


def _density(evaluator: Evaluator, node: syn.Functional) -> Real:
    exponent, scale = normal_parts(evaluator, node)
    return ext.divide(ext.exp(ext.negative(exponent)), scale)


def log_density(evaluator: Evaluator, node: syn.Node) -> Real:
    """Return the logarithm of a product or quotient of densities, which may underflow."""
    if isinstance(node, syn.Functional) and node.name == "normal":
        exponent, scale = normal_parts(evaluator, node)
        return ext.add([ext.negative(exponent), ext.negative(ext.log(scale))])
    if isinstance(node, syn.Mul):
        return ext.add([log_density(evaluator, factor) for factor in node.factors])
    if isinstance(node, syn.Frac):
        top, bottom = log_density(evaluator, node.top), log_density(evaluator, node.bottom)
        return ext.add([top, ext.negative(bottom)])
    return ext.log(evaluator.number(node))


def _normal(evaluator: Evaluator, node: syn.Functional) -> Normal:
    mean, variance = (evaluator.value(argument.items[0]) for argument in node.arguments)
    if not isinstance(mean, Real | Matrix) or not isinstance(variance, Real | Matrix):
        raise EvaluationError("mean and variance are numbers, or vector and matrix", node.at)
    return Normal(mean, variance)


_SPECIAL: Mapping[str, Callable[[Evaluator, syn.Functional], Value]] = {
    "Df": _f_divergence,
    "W": _wasserstein,
    "OT": _entropic,
    "Sink": _entropic,
    "MMD": _with_kernel,
    "ED": _energy,
    "I": _information,
    "normal": _density,
    "Normal": _normal,
}
