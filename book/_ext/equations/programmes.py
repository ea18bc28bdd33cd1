r"""Maxima and minima over couplings and over functions, as linear programmes.

``\min_{\gamma \in \Pi(p, q)}``, ``\max_{f \in \mathrm{Lip}_1(d)}`` and
``\max_{\norm{f}_\infty \le 1}`` are solved when the formula under them is linear in ``\gamma`` or
``f``: its coefficients are its values on unit tables, and a random table tells whether it is
linear. A minimum over couplings may also hold a positive multiple of ``\KL{\gamma}{m}``. The
optimum is the value of the formula at the solution, and its error covers the gap to the bound that
the dual solution gives, so it does not matter how well the programme was solved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.optimize import linprog

from equations import extended as ext
from equations import syntax as syn
from equations.extended import ROUNDOFF, OutOfRange, Real, Undefined
from equations.functionals import ground
from equations.values import Array, EvaluationError, Table, exact, kind_of

if TYPE_CHECKING:
    from equations.evaluate import Evaluator

LIPSCHITZ = {r"\mathrm{Lip}", r"\operatorname{Lip}"}
COUPLINGS = r"\Pi"
# Sinkhorn's iteration ends when the potentials move less than this, or after so many sweeps.
SETTLED = 1e-15
SWEEPS = 3000
EXTREMES = {"max": 1.0, "sup": 1.0, "min": -1.0, "inf": -1.0}


@dataclass(frozen=True)
class _Domain:
    """The tables over which a formula is maximised.

    They satisfy ``below @ v <= limits`` and ``equal @ v == masses``, and their entries lie between
    ``low`` and ``high``. ``repair`` makes a solution feasible, as far as it can. ``loose`` bounds
    how far the rounding errors of laws and distances move a table. To a ``shift_free`` table a
    constant may be added.
    """

    axes: tuple[str, ...]
    shape: tuple[int, ...]
    low: float
    high: float
    below: Array
    limits: Array
    equal: Array
    masses: Array
    repair: Callable[[Array], Array]
    loose: float = 0.0
    shift_free: bool = False


def is_programme(node: syn.Big) -> bool:
    """Return whether an extremum runs over couplings or functions."""
    return node.operator in EXTREMES and any(map(_over_tables, node.spaces))


def _over_tables(space: syn.Row) -> bool:
    place = space.links[0][1] if space.links else None
    named = isinstance(place, syn.Call) and place.function.base in {COUPLINGS, *LIPSCHITZ}
    bare = isinstance(place, syn.Name) and place.base in LIPSCHITZ
    return named or bare or isinstance(space.first, syn.Function)


def optimum(evaluator: Evaluator, node: syn.Big) -> Real:
    """Return a maximum or minimum over couplings or functions."""
    if len(node.bound) > 1 or node.condition is not None:
        raise EvaluationError("one coupling or one function is wanted here", node.at)
    domain = _domain(evaluator, node)
    name, sign = node.bound[0].text, EXTREMES[node.operator]

    def value_at(entries: Array) -> Real:
        table = exact(entries.reshape(domain.shape), *domain.axes)
        found = evaluator.bound_to({name: table}, lambda: evaluator.number(node.body))
        return found if sign > 0 else ext.negative(found)

    entropy = _relative_entropy(node)
    if entropy is not None and sign < 0:
        return _regularised(evaluator, node, entropy, domain)
    start, slopes, errors = _coefficients(value_at, domain, node)
    if domain.shift_free:
        # A constant may be added to the functions, so the coefficients have to cancel.
        if abs(slopes.sum()) > 4 * errors.sum() + 64 * ROUNDOFF * np.abs(slopes).sum():
            return Real(sign * math.inf)
        slopes = slopes - slopes.mean()
    best = _solved(value_at, domain, start, slopes, float(errors.sum()))
    return best if sign > 0 else ext.negative(best)


def _coefficients(
    value_at: Callable[[Array], Real], domain: _Domain, node: syn.Big
) -> tuple[Real, Array, Array]:
    """Return the constant, the coefficients and their errors of a formula that is linear."""
    size = math.prod(domain.shape)
    try:
        start = value_at(np.zeros(size))
        units = [value_at(unit) for unit in np.eye(size)]
        rng = np.random.default_rng(size)
        points = [rng.uniform(0.1, 0.9, size)]
        points += [rng.uniform(domain.low, domain.high, size) for _ in range(2)]
        probes = [value_at(point) for point in points]
    except (OutOfRange, Undefined):
        raise EvaluationError(_not_linear(node), node.body.at) from None
    slopes = np.array([unit.value - start.value for unit in units])
    errors = np.array([unit.error + start.error for unit in units])
    for point, probe in zip(points, probes, strict=True):
        guess = start.value + float(slopes @ point)
        room = probe.error + start.error + float(errors @ (1 + np.abs(point)))
        room += 4 * size * ROUNDOFF * (abs(start.value) + float(np.abs(slopes * point).sum()))
        if not abs(probe.value - guess) <= 4 * room:
            raise EvaluationError(_not_linear(node), node.body.at)
    return start, slopes, errors


def _not_linear(node: syn.Big) -> str:
    return f"this is not linear in {node.bound[0].text}, so the {node.operator} cannot be computed"


def _solved(
    value_at: Callable[[Array], Real], domain: _Domain, start: Real, slopes: Array, error: float
) -> Real:
    """Return the maximum, with the gap between a feasible table and a bound as its error."""
    result = linprog(
        -slopes,
        A_ub=domain.below if len(domain.below) else None,
        b_ub=domain.limits if len(domain.below) else None,
        A_eq=domain.equal if len(domain.equal) else None,
        b_eq=domain.masses if len(domain.equal) else None,
        bounds=(domain.low, domain.high),
        method="highs",
    )
    if result.x is None:
        raise Undefined(f"the linear programme has no solution: {result.message}")
    table = domain.repair(result.x)
    best = value_at(table)
    rest = slopes.copy()
    bound = start.value
    if len(domain.below):
        weights = np.maximum(-result.ineqlin.marginals, 0.0)
        bound += float(weights @ domain.limits)
        rest -= weights @ domain.below
    if len(domain.equal):
        prices = -result.eqlin.marginals
        bound += float(prices @ domain.masses)
        rest -= prices @ domain.equal
    # What the prices do not pay for, at the best place between the bounds.
    bound += float(np.maximum(rest * domain.low, rest * domain.high).sum())
    reach = max(abs(domain.low), abs(domain.high))
    rounding = 8 * len(slopes) * ROUNDOFF * (abs(bound) + float(np.abs(slopes).sum()) * reach)
    missed = domain.loose * float(np.abs(slopes).sum())
    if len(domain.equal):
        gaps = float(np.abs(domain.equal @ table - domain.masses).sum())
        missed += gaps * float(np.abs(slopes).max())
    gap = max(bound - best.value, 0.0)
    return Real(best.value, best.error + gap + missed + rounding + error * reach)


# ------------------------------------------------------------------------------- with entropy


def _relative_entropy(node: syn.Big) -> syn.Functional | None:
    r"""Return the one term ``\KL{\gamma}{…}`` of a formula in the coupling."""
    name = node.bound[0]
    found = [
        part
        for part in syn.walk(node.body)
        if isinstance(part, syn.Functional)
        and part.name == "KL"
        and part.arguments[0].items == (name,)
    ]
    return found[0] if len(found) == 1 else None


def _replaced(node: syn.Node, old: syn.Node, new: syn.Node) -> syn.Node:
    """Return a formula with one of its parts replaced."""

    def change(value: Any) -> Any:  # noqa: ANN401  (a field of any node)
        if value is old:
            return new
        if isinstance(value, syn.Node):
            parts = {name: change(getattr(value, name)) for name in syn.parts_of(value)}
            return replace(value, **parts)
        return tuple(map(change, value)) if isinstance(value, tuple) else value

    changed: syn.Node = change(node)
    return changed


def _regularised(
    evaluator: Evaluator, node: syn.Big, entropy: syn.Functional, domain: _Domain
) -> Real:
    r"""Return the minimum of a linear formula plus a multiple of ``\KL{\gamma}{m}``.

    The plan comes from Sinkhorn's iteration. The dual value bounds the minimum from below, and
    the gap is part of the error.
    """
    name = node.bound[0].text
    measure = evaluator.table(entropy.arguments[1].items[0]).values
    if measure.shape != domain.shape or len(domain.masses) != sum(domain.shape):
        raise EvaluationError(_not_linear(node), node.body.at)

    def formula(value: str) -> Callable[[Array], Real]:
        body = _replaced(node.body, entropy, syn.Number(value))

        def at(entries: Array) -> Real:
            table = exact(entries.reshape(domain.shape), *domain.axes)
            return evaluator.bound_to({name: table}, lambda: evaluator.number(body))

        return at

    start, slopes, errors = _coefficients(formula("0"), domain, node)
    shifted, others, _ = _coefficients(formula("1"), domain, node)
    weight = shifted.value - start.value
    if weight <= 0 or not np.allclose(slopes, others):
        raise EvaluationError(_not_linear(node), node.body.at)
    cost = slopes.reshape(domain.shape)
    p, q = np.split(domain.masses, [domain.shape[0]])
    plan, lower = _sinkhorn(cost, p, q, measure, weight)
    table = exact(plan, *domain.axes)
    best = evaluator.bound_to({name: table}, lambda: evaluator.number(node.body))
    gap = max(best.value - start.value - lower, 0.0)
    size = float(np.abs(cost).max()) + weight * (1 + math.log(1 / measure[measure > 0].min()))
    loose = 4 * domain.loose * size + 64 * cost.size * ROUNDOFF * (1 + size)
    return Real(best.value, best.error + gap + loose + float(errors.sum()) + start.error)


def _sinkhorn(
    cost: Array, p: Array, q: Array, measure: Array, weight: float
) -> tuple[Array, float]:
    """Return a plan for a regularised cost, and a lower bound of the minimum."""
    rows, columns = p > 0, q > 0
    inside = np.ix_(rows, columns)
    with np.errstate(divide="ignore"):
        kernel = np.log(measure[inside]) - cost[inside] / weight
    if np.isneginf(kernel).any():
        raise Undefined("the relative entropy of every coupling is infinite")
    a, b, f, g = p[rows], q[columns], np.zeros(rows.sum()), np.zeros(columns.sum())
    for _ in range(SWEEPS):
        f = np.log(a) - _log_sums(kernel + g, 1)
        after = np.log(b) - _log_sums(kernel + f[:, None], 0)
        moved, g = float(np.abs(after - g).max()), after
        if moved < SETTLED:
            break
    dense = np.exp(kernel + f[:, None] + g)
    lower = weight * float(f @ a + g @ b - dense.sum() + measure.sum())
    # A plan with the exact marginals: take off what is too much, and spread what is missing.
    dense *= np.minimum(a / dense.sum(axis=1), 1)[:, None]
    dense *= np.minimum(b / dense.sum(axis=0), 1)
    missing = a - dense.sum(axis=1), b - dense.sum(axis=0)
    left = float(missing[0].sum())
    if left > 0:
        dense += np.maximum(np.outer(*missing) / left, 0)
    plan = np.zeros_like(cost)
    plan[inside] = dense
    return plan, lower


def _log_sums(table: Array, axis: int) -> Array:
    top = table.max(axis=axis, keepdims=True)
    sums: Array = np.log(np.exp(table - top).sum(axis=axis)) + top.squeeze(axis)
    return sums


# ------------------------------------------------------------------------------- domains


def _domain(evaluator: Evaluator, node: syn.Big) -> _Domain:
    space = next(space for space in node.spaces if _over_tables(space))
    if isinstance(space.first, syn.Function):
        if [relation for relation, _ in space.links] != [r"\le"]:
            raise EvaluationError(r"a ball of functions is \norm{f}_\infty \le 1", space.at)
        seminorm = space.first.args[1:]
        if seminorm and isinstance(seminorm[0], syn.Name) and seminorm[0].base in LIPSCHITZ:
            distance = _distance(evaluator, node)
            return _lipschitz(distance, evaluator.number(space.links[0][1]))
        return _ball(evaluator, node, space)
    if isinstance(space.links[0][1], syn.Name):
        constant = evaluator.number(_subscript(space.links[0][1]))
        return _lipschitz(_distance(evaluator, node), constant)
    place = cast("syn.Call", space.links[0][1])
    if place.function.base == COUPLINGS:
        return _couplings(evaluator, place)
    given = evaluator.value(place.args[0])
    if not isinstance(given, Table) or len(set(given.axes)) != 1:
        message = f"a distance is wanted here, and this is {kind_of(given)}"
        raise EvaluationError(message, place.at)
    return _lipschitz(given, evaluator.number(_subscript(place.function)))


def _distance(evaluator: Evaluator, node: syn.Big) -> Table:
    """Return the distance on the set of the laws in the formula."""
    axis = _axis(evaluator, node)
    return ground(evaluator, node, "distance", axes=(axis, axis))


def _axis(evaluator: Evaluator, node: syn.Big) -> str:
    """Return the set on which the first law of the formula lives."""
    names = (part.text for part in syn.walk(node.body) if isinstance(part, syn.Name))
    values = (evaluator.values.get(name) for name in names)
    tables = (v for v in values if isinstance(v, Table) and len(v.axes) == 1 and not v.role)
    axis = next((table.axes[0] for table in tables), None)
    if axis is None:
        raise EvaluationError("the formula has no law, so it is not said on which set", node.at)
    return axis


def _couplings(evaluator: Evaluator, place: syn.Call) -> _Domain:
    """Return the couplings of two laws."""
    if len(place.args) != 2:
        raise EvaluationError("couplings are those of two laws", place.at)
    p, q = (evaluator.table(arg) for arg in place.args)
    if len(p.axes) != 1 or len(q.axes) != 1:
        raise EvaluationError("couplings are those of laws of one variable", place.at)
    rows, columns = len(p.values), len(q.values)
    sums = [np.kron(np.eye(rows), np.ones(columns)), np.kron(np.ones(rows), np.eye(columns))]
    masses = np.concatenate([p.values, q.values])
    # The laws are rounded, and so their sums may differ.
    masses[rows:] *= p.values.sum() / q.values.sum()
    none = np.zeros((0, rows * columns))
    return _Domain(
        *(p.axes + q.axes, (rows, columns), 0.0, 1.0, none, np.zeros(0)),
        *(np.vstack(sums), masses, lambda table: np.maximum(table, 0.0)),
        loose=float(p.errors.sum() + q.errors.sum()),
    )


def _lipschitz(distance: Table, constant: Real) -> _Domain:
    """Return the functions with a Lipschitz constant, which vanish at the first point."""
    if not constant.value >= 0:
        raise Undefined(f"the Lipschitz constant {constant.value}")
    limits = constant.value * distance.values
    loose = constant.error * distance.values + constant.value * distance.errors
    size = len(limits)
    pairs = [(i, j) for i in range(size) for j in range(size) if i != j]
    below = np.array([np.eye(size)[i] - np.eye(size)[j] for i, j in pairs]).reshape(-1, size)
    reach = float(limits.max()) if size else 0.0

    def repair(function: Array) -> Array:
        lowered: Array = np.min(function + limits, axis=1)
        return lowered

    return _Domain(
        *(distance.axes[:1], (size,), -reach, reach, below),
        *(np.array([limits[pair] for pair in pairs]), np.zeros((0, size)), np.zeros(0), repair),
        loose=float((loose + ROUNDOFF * limits).max()),
        shift_free=True,
    )


def _subscript(name: syn.Name) -> syn.Node:
    if name.sub is None:
        raise EvaluationError(f"{name.text} needs its constant: {name.text}_1", name.at)
    return syn.parse_sum(name.sub, {})


def _ball(evaluator: Evaluator, node: syn.Big, space: syn.Row) -> _Domain:
    r"""Return the functions with ``\norm{f}_\infty \le c``, on the set of the first law."""
    norm = cast("syn.Function", space.first)
    supremum = len(norm.args) == 2 and isinstance(norm.args[1], syn.Infinity)
    if not supremum:
        raise EvaluationError(r"a ball of functions is \norm{f}_\infty \le 1", space.at)
    radius = evaluator.number(space.links[0][1])
    size = radius.value
    axis = _axis(evaluator, node)
    count = evaluator.sizes[axis]
    none = np.zeros((0, count))
    return _Domain(
        *((axis,), (count,), -size, size, none, np.zeros(0), none, np.zeros(0)),
        lambda function: np.clip(function, -size, size),
        loose=radius.error,
    )
