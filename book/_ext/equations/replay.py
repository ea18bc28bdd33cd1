r"""Say in Python what went wrong, so that it can be pasted and seen again.

A report of a failure ends with a few lines like these::

    import numpy as np
    from equations.replay import sides
    p = np.array([0.5, 0.5])
    sides(r'\H{p} = 1', r'law $p$ on a finite set', p=p)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from equations import syntax as syn
from equations.draws import Symbol
from equations.extended import Real
from equations.functionals import PACKAGE
from equations.generators import generator
from equations.settings import Instance, Setting, as_python, ascii_name
from equations.syntax import Row
from equations.values import Element, Matrix, Table, Value, Variable, exact, law


def sides(statement: str, setting: str, where: str = "", **values: Any) -> list[Any]:  # noqa: ANN401  (numbers or arrays)
    r"""Return the value of each side of a statement, for values of the symbols of a setting.

    Symbols are written as in a report: ``\mu_1`` is ``mu_1``. Elements of a set are numbers that
    count from 0.
    """
    meaning = Setting(setting, "", where)
    evaluator = meaning.evaluator(_instance(meaning.symbols, values))
    (row,) = syn.parse(statement, meaning.callables)
    return [as_python(evaluator.side(row.sides, i)) for i in range(len(row.sides))]


def _instance(symbols: Sequence[Symbol], values: dict[str, Any]) -> Instance:
    known: dict[str, Value] = {}
    sizes: dict[str, int] = {}
    for symbol in symbols:
        given = values.get(ascii_name(symbol.key))
        if symbol.kind != "variable" and given is None:
            raise TypeError(f"a value of {ascii_name(symbol.key)} is missing")
        known[symbol.key] = _value(symbol, given)
        if symbol.kind == "size":
            sizes[symbol.axes[0]] = int(cast("float", given))
        elif symbol.axes and symbol.kind not in {"variable", "element"}:
            sizes |= dict(zip(symbol.axes, np.shape(cast("Any", given)), strict=False))
    return Instance(known, sizes, "given")


def _value(symbol: Symbol, given: Any) -> Value:  # noqa: ANN401  (a number or an array)
    """Return a symbol's value as the evaluator wants it."""
    axes = symbol.axes
    if symbol.kind.endswith("generator"):
        return generator(given)
    if symbol.kind in _VALUES:
        return _VALUES[symbol.kind](axes, given)
    if symbol.kind in {"law", "sub-probability", "family laws", "family weights", "channel"}:
        return law(given, *axes, given=symbol.given)
    if symbol.kind == "coupling":
        return law(given, *axes)
    table = exact(given, *axes)
    return Table(table.values, table.errors, table.axes, role=symbol.kind)


_VALUES: Mapping[str, Callable[[tuple[str, ...], Any], Value]] = {
    "variable": lambda axes, _: Variable(axes[0]),
    "number": lambda _, given: Real(float(given)),
    "integer": lambda _, given: Real(float(given)),
    "size": lambda _, given: Real(float(given)),
    "element": lambda axes, given: Element(axes[0], int(given)),
    "vector": lambda _, given: Matrix(np.reshape(given, (-1, 1)), vector=True),
    "matrix": lambda _, given: Matrix(np.asarray(given, dtype=float)),
}


def of_sides(row: Row, instance: Instance, setting: str, where: Sequence[Row]) -> str:
    """Return Python that computes the sides of a row again."""
    values = _values(instance)
    names = [name for name in map(ascii_name, instance.values) if f"\n{name} = " in values]
    options = [f"r'{syn.latex(row)}'", f"r'{' '.join(setting.split())}'"]
    if where:
        options.append("where=r'" + "; ".join(f"${syn.latex(row)}$" for row in where) + "'")
    options += [f"{name}={name}" for name in names]
    called = f"sides({', '.join(options)})"
    return f"{_head(instance)}from equations.replay import sides{values}\n{called}"


def of_call(call: str, instance: Instance) -> str:
    """Return Python that calls the package again."""
    function = call.partition("(")[0].strip()
    return f"{_head(instance)}from {PACKAGE} import {function}{_values(instance)}\n{call}"


def _head(instance: Instance) -> str:
    return "import numpy as np\n" if "np." in instance.python() else ""


def _values(instance: Instance) -> str:
    text = instance.python()
    return f"\n{text}" if text else ""
