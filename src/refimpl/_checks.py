"""The one contract for input: what is accepted, and what an error says.

Every public function sends every argument through this module before it computes.
A value of the wrong kind (a string, a boolean, an object, a complex number, a masked array)
is a `TypeError`. A wrong value (negative, not finite, a wrong sum, shape, axis or base) is a
`ValueError`. The message names the argument, the index and the value, and says what would
be right. Nothing is repaired, clipped, normalised or shifted.
"""

import math
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Reals = NDArray[Any]  # of real numbers, of any dtype
FloatOrArray = Any  # a float for one law and an array for several: only the shape can tell

PART = 1 << 18  # entries of a large array that are read at a time, so that they stay in the cache
PIECE = 1 << 15  # likewise, where each part needs arrays of its own
FEW = 1 << 14  # entries, up to which the place of the smallest is found faster than its value
SHORT = 1 << 10  # numbers that are added in one go
ONES = np.ones(SHORT)
DEEP = 64  # the most axes that NumPy knows
POSITIVE_DEFINITE = "a covariance matrix must be symmetric and positive definite"


class Law(NamedTuple):
    """Checked laws: `values` has the outcomes on its last axis, `total` has their sums."""

    values: Reals
    total: Array

    def normalized(self) -> Array:
        """Return a copy of the laws, divided by their sums."""
        return np.asarray(self.values / self.total[..., None], dtype=np.float64)


class Covariance(NamedTuple):
    """Checked covariance matrices A and factors L with A = L Lᵀ, in the last two axes."""

    matrix: Array
    factor: Array


class Weighted(NamedTuple):
    """Checked points, numbers or rows of coordinates, and their weights with their sum."""

    points: Array
    weights: Array
    total: float


class Unit(NamedTuple):
    """A unit of information: `log(x) / scale` is a logarithm in it, and one is `nats` nats."""

    log: np.ufunc
    scale: float
    nats: float


class Reduction(NamedTuple):
    """The checked options of a function that sums over outcomes."""

    axis: int
    unit: Unit
    keepdims: bool

    def shape(self, result: Array) -> FloatOrArray:
        """Put the outcome axis back with `keepdims`; else return a single value as a float."""
        return np.expand_dims(result, self.axis) if self.keepdims else scalar(result)


def within_floats(names: str, result: Array) -> Array:
    """Check that no number on the way to a result was too large for a float, so that it is NaN."""
    if np.isnan(result).any():
        raise ValueError(f"{names} are too large for a result; give them in a larger unit")
    return result


def scalar(result: NDArray[np.floating[Any]]) -> FloatOrArray:
    """Return an array without axes as a float, and any other array as it is."""
    return result if result.ndim else float(result)


# Options.

_NATS = Unit(np.log, 1.0, 1.0)
_EXACT_LOGS = {2.0: np.log2, 10.0: np.log10}  # exact at the powers of their base


def unit(base: object) -> Unit:
    """Check the base of the logarithm; None means nats."""
    if base is None:
        return _NATS
    b = number("base", base)
    if not 1 < b < math.inf:
        raise ValueError(
            f"base = {short(base)} is no base of information; "
            "give a finite number > 1 (2 for bits), or None for nats"
        )
    nats = math.log(b)
    return Unit(_EXACT_LOGS[b], 1.0, nats) if b in _EXACT_LOGS else Unit(np.log, nats, nats)


def axis(value: object) -> int:
    """Check the axis of the outcomes, of a function that keeps them."""
    return _axis(value)


def reduction(axis: object, base: object, keepdims: object) -> Reduction:
    """Check the options of a function that sums over outcomes."""
    return Reduction(_axis(axis), unit(base), flag("keepdims", keepdims))


def number(name: str, value: object) -> float:
    """Check that a value is one real number; infinity is one, NaN is not."""
    if isinstance(value, bool) or not isinstance(
        value, (int, float, Fraction, np.integer, np.floating)
    ):
        raise TypeError(f"{name} = {short(value)} is not a real number; give a float or an int")
    try:
        result = float(value)
    except OverflowError:
        raise ValueError(f"{name} is too large; give a number below 1.8e308") from None
    if math.isnan(result):
        raise ValueError(f"{name} = {short(value)} is not a real number; give a float or an int")
    return result


def order(name: str, value: object) -> float:
    """Check that a value is a number in [0, ∞]."""
    result = number(name, value)
    if result < 0:
        raise ValueError(f"{name} = {short(value)} is negative; give a number in [0, inf]")
    return result


def order_from_one(name: str, value: object) -> float:
    """Check that a value is a number in [1, ∞]."""
    result = number(name, value)
    if result < 1:
        raise ValueError(f"{name} = {short(value)} is below 1; give a number in [1, inf]")
    return result


def finite_order(name: str, value: object) -> float:
    """Check that a value is a number in [1, ∞)."""
    result = order_from_one(name, value)
    if result == math.inf:
        raise ValueError(f"{name} = {short(value)} is not finite; give a number in [1, inf)")
    return result


def non_negative_number(name: str, value: object) -> float:
    """Check that a value is a number in [0, ∞)."""
    result = order(name, value)
    if result == math.inf:
        raise ValueError(f"{name} = {short(value)} is not finite; give a number ≥ 0")
    return result


def count(name: str, value: object, least: int = 1) -> int:
    """Check that a value is an integer that is large enough."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise TypeError(f"{name} = {short(value)} is not an integer; give an integer ≥ {least}")
    if value < least:
        raise ValueError(f"{name} = {short(value)} is too small; give an integer ≥ {least}")
    if value > sys.maxsize:
        raise ValueError(f"{name} is too large; give an integer ≤ {sys.maxsize}")
    return int(value)


def positive_number(name: str, value: object) -> float:
    """Check that a value is one finite number > 0."""
    result = number(name, value)
    if not 0 < result < math.inf:
        raise ValueError(f"{name} = {short(value)} is not in (0, inf); give a finite number > 0")
    return result


def share(name: str, value: object) -> float:
    """Check that a value is one number in [0, 1]."""
    result = number(name, value)
    if not 0 <= result <= 1:
        raise ValueError(f"{name} = {short(value)} is not in [0, 1]; give a number from 0 to 1")
    return result


def choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Check that a value is one of the words to choose from."""
    if not isinstance(value, str):
        raise TypeError(f"{name} = {short(value)} is not a string; give one of {choices}")
    if value not in choices:
        raise ValueError(f"{name} = {short(value)} is unknown; give one of {choices}")


def flag(name: str, value: object) -> bool:
    """Check that a value is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} = {short(value)} is not a boolean; give True or False")
    return bool(value)


def one_of(**values: ArrayLike | None) -> tuple[str, ArrayLike]:
    """Check that exactly one of some optional arguments is given; return its name and value."""
    given = [(name, value) for name, value in values.items() if value is not None]
    if len(given) != 1:
        raise TypeError(f"give exactly one of {' and '.join(values)}; {len(given)} are given")
    return given[0]


def _axis(value: object) -> int:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    raise TypeError(f"axis = {short(value)} is not an integer; give the axis of the outcomes")


# Functions.


def function(name: str, value: object) -> None:
    """Check that a value can be called."""
    if not callable(value):
        raise TypeError(f"{name} = {short(value)} is not a function; give a function of an array")


def values_of(name: str, f: Callable[[Array], Array], x: Reals, where: str = "") -> Reals:
    """Return f(x), an array like x, or an error that says where f is not finite.

    If `where` is the name of an argument, it is the argument that is blamed.
    """
    result = np.asarray(f(x))
    if result.dtype.kind not in "fiu" or result.shape != x.shape:
        raise TypeError(
            f"{name} returns shape {result.shape} and dtype {result.dtype} for an array of shape "
            f"{x.shape}; give a function that maps an array of numbers entry by entry"
        )
    wrong = np.argwhere(~np.isfinite(result))
    if wrong.size and where:
        index = tuple(int(i) for i in wrong[0])
        raise ValueError(
            f"{_entry(where, index)} = {x[index]!s} is where {name} is {result[index]!s}; "
            "give values at which it is finite"
        )
    if wrong.size:
        index = tuple(wrong[0])
        raise ValueError(
            f"{name}({x[index]!s}) is {result[index]!s}; "
            "give a function with finite values at numbers > 0"
        )
    return result


def convex(name: str, f: Callable[[Array], Array], u: Array) -> None:
    """Check that each value of a function is below the chord of the values on both sides.

    Rounding is no fault: it is measured by the values near 1.
    """
    near = np.array([0.5, 1.0, 2.0])
    y = np.append(values_of(name, f, u), values_of(name, f, near)).astype(np.float64)
    x, first = np.unique(np.append(u, near), return_index=True)
    y = y[first]
    left, right = np.diff(x)[:-1], np.diff(x)[1:]
    chord = (right * y[:-2] + left * y[2:]) / (left + right)
    rounding = np.abs(chord) + np.maximum(x[1:-1], 1.0) * np.abs(y[np.isin(x, near)]).max()
    wrong = np.flatnonzero(y[1:-1] > chord + 1e-6 * rounding)
    if wrong.size:
        i = int(wrong[0]) + 1
        raise ValueError(
            f"{name}({x[i]!s}) is {y[i]!s}, above the chord from {x[i - 1]!s} to {x[i + 1]!s}; "
            "give a convex function"
        )


# Arrays of numbers.


def reals(name: str, value: ArrayLike) -> Reals:
    """Check that a value is a non-empty array of real numbers; leave its dtype alone."""
    array = value if type(value) is np.ndarray else _as_array(name, value)
    if array.dtype.kind not in "fiu":
        raise TypeError(
            f"{name} is {short(value)}, which NumPy reads as dtype {array.dtype}; "
            "give an array of real numbers"
        )
    if not array.size:
        raise ValueError(f"{name} is empty, with shape {array.shape}; give at least one number")
    return array


def _as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """Check that a value which is no plain array can become one without a loss; return it."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array; decide what the masked entries are "
            f"and give a plain array, such as {name}.filled(0.0)"
        )
    if isinstance(value, (list, tuple)):
        _no_odd_items(name, value)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not an array; give rows of one length ({error})") from None


def _no_odd_items(name: str, value: Sequence[object], *index: object) -> None:
    """Check that no item of nested lists is a boolean or masked: NumPy reads both as numbers."""
    if len(index) >= DEEP:
        raise ValueError(f"{name} is nested too deeply; give an array of at most {DEEP} axes")
    for i, item in enumerate(value):
        if isinstance(item, (list, tuple)):
            _no_odd_items(name, item, *index, i)
        elif isinstance(item, np.ma.MaskedArray):
            raise TypeError(f"{_entry(name, (*index, i))} is masked; give numbers")
        elif isinstance(item, (bool, np.bool_)):
            raise TypeError(f"{_entry(name, (*index, i))} = {item!r} is a boolean; give numbers")


def finite(name: str, value: ArrayLike) -> Array:
    """Check that all entries are finite; return them in double precision."""
    return numbers(name, value).astype(np.float64)


def numbers(name: str, value: ArrayLike) -> Reals:
    """Check that all entries are finite in double precision; leave their dtype alone."""
    array = _no_large_integers(name, value)
    parts = (np.asarray(part, dtype=np.float64) for part in _parts(array))
    if not all(np.isfinite(part).all() for part in parts):
        wrong = ~np.isfinite(array.astype(np.float64))
        _blame(name, array, wrong, "is not a finite number; give finite numbers")
    return array


def _no_large_integers(name: str, value: ArrayLike) -> Reals:
    """Check that double precision holds all integers; leave the dtype alone."""
    array = reals(name, value)
    is_list = isinstance(value, (list, tuple))  # in which integers among floats became floats
    if is_list or array.dtype.kind != "f":
        _unrounded(name, value if is_list else array, np.asarray(array, dtype=np.float64))
    return array


def _unrounded(name: str, value: ArrayLike, result: Array) -> None:
    """Check that integers are still the same in double precision, which has 53 bits for them."""
    large = np.argwhere(np.abs(result) >= 2.0**53).tolist()
    given = np.asarray(value, dtype=object) if large else result
    for index in map(tuple, large):
        if isinstance(given[index], (int, np.integer)) and given[index] != int(result[index]):
            raise ValueError(
                f"{_entry(name, index)} = {given[index]!s} is no float, and would be rounded; "
                "give smaller integers, such as differences from one of them, or floats"
            )


def extended(name: str, value: ArrayLike) -> Array:
    """Check that no entry is NaN; infinities are numbers here. Return double precision."""
    array = reals(name, value)
    result = array.astype(np.float64)
    _blame(name, array, np.isnan(result), "is not a number; give numbers, inf or -inf")
    return result


def positive(name: str, value: ArrayLike) -> Array:
    """Check that all entries are positive; return them in double precision."""
    result = finite(name, value)
    _blame(name, result, result <= 0, "is not positive; give numbers > 0")
    return result


def non_negative(name: str, value: ArrayLike) -> Array:
    """Check that all entries are non-negative; return them in double precision."""
    result = finite(name, value)
    _blame(name, result, result < 0, "is negative; give numbers ≥ 0")
    return result


def divergences(name: str, value: ArrayLike) -> Array:
    """Check that all entries are in [0, ∞]; return them in double precision."""
    array = reals(name, value)
    result = array.astype(np.float64)
    _blame(name, array, ~(result >= 0), "is not in [0, inf]; give numbers ≥ 0")
    return result


def probabilities(name: str, value: ArrayLike) -> Array:
    """Check that each entry for itself is a probability; return them in double precision."""
    result = finite(name, value)
    _blame(name, result, result < 0, "is negative; probabilities are ≥ 0")
    _blame(name, result, result > 1, "is larger than 1; probabilities are ≤ 1")
    return result + 0.0  # without the sign of −0.0, which decides what 1 / −0.0 is


def up_to(name: str, value: ArrayLike, largest: float) -> Array:
    """Check that all entries are in an interval from 0 on; a little more is rounding."""
    result = non_negative(name, value)
    why = f"is above {largest:.12g}; give numbers from 0 to there"
    _blame(name, result, result > largest * (1 + 1e-12), why)
    return np.minimum(result, largest)


def below_infinity(name: str, value: ArrayLike) -> Array:
    """Check that all entries are finite or -∞; return them in double precision."""
    result = extended(name, value)
    _blame(name, result, result == np.inf, "is infinite; give numbers < inf, or -inf")
    return result


def matrix(name: str, value: ArrayLike) -> Array:
    """Check that a value is a matrix of finite numbers; return it in double precision."""
    result = finite(name, value)
    if result.ndim != 2:
        raise ValueError(f"{name} has shape {result.shape}; give a matrix, with two axes")
    return result


def arrays(name: str, value: object) -> list[Array]:
    """Check a sequence of arrays of finite numbers; return them in double precision."""
    if not isinstance(value, (list, tuple)) and not (isinstance(value, np.ndarray) and value.ndim):
        raise TypeError(f"{name} is {short(value)}; give a list of arrays")
    if not len(value):
        raise ValueError(f"{name} is empty; give at least one array")
    return [finite(f"{name}[{i}]", array) for i, array in enumerate(value)]


def layers(name: str, value: object) -> list[Array]:
    """Check the matrices of a network: each has a column for each row of the one before."""
    result = arrays(name, value)
    for i, array in enumerate(result):
        matrix(f"{name}[{i}]", array)
        if i and array.shape[1] != result[i - 1].shape[0]:
            raise ValueError(
                f"{name}[{i}] has shape {array.shape} and {name}[{i - 1}] "
                f"{result[i - 1].shape}; give a column for each row of the layer before"
            )
    return result


def integers(name: str, value: ArrayLike) -> list[int]:
    """Check that a value is a list of integers ≥ 0."""
    array = reals(name, value)
    if array.dtype.kind == "f":
        raise TypeError(f"{name} has dtype {array.dtype}; give integers")
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; give one list of integers")
    _blame(name, array, array < 0, "is negative; give integers ≥ 0")
    return [int(i) for i in array]


def broadcast(**arrays: Reals) -> tuple[int, ...]:
    """Check that arrays broadcast; return their common shape."""
    shapes = {a.shape for a in arrays.values()}
    if len(shapes) == 1:  # this is the faster way
        return shapes.pop()
    try:
        return np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError:
        given = ", ".join(f"{name} has {a.shape}" for name, a in arrays.items())
        raise ValueError(f"the shapes do not broadcast: {given}; give matching shapes") from None


def short(value: object) -> str:
    """Return a value as it is shown in a message."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # of a list in a list in a list …, or of too many digits
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _blame(
    name: str, array: Reals, bad: NDArray[np.bool_], why: str, start: Sequence[int] = ()
) -> None:
    """Raise a ValueError about the first bad entry, if there is one; a part has its start."""
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        place = tuple(map(operator.add, index, start)) if start else index
        raise ValueError(f"{_entry(name, place)} = {array[index]!s} {why}")


def _entry(name: str, index: tuple[object, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


# Laws.


def tolerance(array: Reals, n: int) -> float:
    """Return by how much the sum of n probabilities may differ from 1.

    It is eps · (16 + √n) for the precision in which the array is stored: what remains when a
    law was normalised in that precision. It is at least 1e-9, so that ten written decimals,
    such as 0.3333333333, are enough. Within the tolerance a function returns the value for
    the law divided by its sum, so that the error of the sum is not an error of the result.
    """
    return max(1e-9, _EPS.get(array.dtype.type, 0.0) * (16 + math.sqrt(n)))


_EPS: dict[type, float] = {
    t: float(np.finfo(t).eps) for t in (np.float16, np.float32, np.float64, np.longdouble)
}


def law(axis: int, name: str, value: ArrayLike) -> Law:
    """Check an array of laws, with outcomes along `axis`."""
    array = reals(name, value)
    return _law(name, array, same_outcomes(axis, {name: array}))


def laws(axis: int, **values: ArrayLike) -> list[Law]:
    """Check arrays of laws: outcomes along `axis`, the same for all; other axes broadcast."""
    arrays = {name: reals(name, value) for name, value in values.items()}
    axis = same_outcomes(axis, arrays)
    return [_law(name, array, axis) for name, array in arrays.items()]


def laws_and_critic(
    axis: int, p: ArrayLike, q: ArrayLike, critic: ArrayLike
) -> tuple[Law, Law, Array]:
    """Check two laws and a finite function on their outcomes."""
    checked = finite("critic", critic)
    (law, model), (values,) = laws_and_functions(axis, {"p": p, "q": q}, "critic", checked)
    return law, model, values


def laws_and_functions(
    axis: int, laws: dict[str, ArrayLike], name: str, *functions: Array
) -> tuple[list[Law], list[Array]]:
    """Check laws; move the outcomes of checked functions of one argument to the last axis."""
    arrays = {law: reals(law, value) for law, value in laws.items()}
    axis = same_outcomes(axis, {**arrays, name: functions[0]})
    checked = [_law(law, array, axis) for law, array in arrays.items()]
    return checked, [np.moveaxis(values, axis, -1) for values in functions]


def weights(name: str, value: ArrayLike | None, count: int) -> dict[int, float]:
    """Check the weights of laws; return those that are not 0, with sum 1. None means equal."""
    if value is None:
        return dict.fromkeys(range(count), 1 / count)
    values = single_law(name, value, allow_zero=True)
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} entries; give {count}, one for each law")
    return {i: w / math.fsum(values) for i, w in enumerate(values) if w}


def given_and_logits(
    axis: int, given: dict[str, ArrayLike], scores: dict[str, ArrayLike]
) -> tuple[int, list[Law], list[Array]]:
    """Check laws and logits on the same outcomes; return the axis, counted from the end, too."""
    arrays = {name: reals(name, value) for name, value in given.items()}
    arrays |= {name: reals(name, value) for name, value in scores.items()}
    axis = same_outcomes(axis, arrays)
    checked = [_law(name, arrays[name], axis) for name in given]
    return axis, checked, [_logits(name, arrays[name], axis) for name in scores]


def laws_and_log_likelihood(
    axis: int, q: ArrayLike, prior: ArrayLike, log_likelihood: ArrayLike
) -> tuple[Law, Law, Array]:
    """Check two laws and a function on their outcomes that may be -∞."""
    arrays = {"q": reals("q", q), "prior": reals("prior", prior)}
    arrays["log_likelihood"] = below_infinity("log_likelihood", log_likelihood)
    axis = same_outcomes(axis, arrays)
    laws = [_law(name, arrays[name], axis) for name in ("q", "prior")]
    return laws[0], laws[1], np.moveaxis(arrays["log_likelihood"], axis, -1)


def scores(axis: int, value: ArrayLike) -> Array:
    """Check logits that need no softmax: any numbers, with outcomes along `axis`."""
    array = extended("logits", value)
    return np.moveaxis(array, same_outcomes(axis, {"logits": array}), -1)


def coordinates(axis: int, **arrays: Array) -> list[Array]:
    """Check that finite arrays have the same coordinates along `axis`; other axes broadcast."""
    axis = same_outcomes(axis, dict(arrays))
    return [np.moveaxis(a, axis, -1) for a in arrays.values()]


def finite_loss(loss: Array) -> None:
    """Check that a loss is finite, so that it has a gradient."""
    _blame("the loss of logits", loss, np.isinf(loss), "has no gradient; give matching supports")


def single_law(name: str, value: ArrayLike, *, allow_zero: bool) -> list[float]:
    """Check that a value is one law; return its probabilities."""
    array = reals(name, value)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; give one law, with one axis")
    _totals(name, array, 0)
    if not allow_zero:
        _blame(name, array, array == 0, "has no word in this code; leave the outcome out")
    return [float(x) for x in array]


def joint(value: ArrayLike) -> Reals:
    """Check that the last two axes are the table of a joint law."""
    array = reals("joint", value)
    if array.ndim < 2:
        raise ValueError(
            f"joint has shape {array.shape}; give a table, with x along the last axis but one "
            "and y along the last axis"
        )
    _totals("joint", array, (-2, -1))
    return array


def same_outcomes(axis: int, arrays: dict[str, Reals]) -> int:
    """Check that arrays have an outcome axis, all of one length; count it from the end."""
    shapes = {a.shape for a in arrays.values()}
    ndim = max(map(len, shapes))
    if not ndim:
        raise ValueError(f"{' and '.join(arrays)} is one number; give an array along the outcomes")
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis = {short(axis)} is out of range; give {-ndim} to {ndim - 1}")
    if axis >= 0:
        axis -= ndim
    if len(shapes) == 1:
        return axis
    for name, array in arrays.items():
        if array.ndim < -axis:
            raise ValueError(
                f"{name} has shape {array.shape} and no axis {axis}; give the axis of the outcomes"
            )
    if len({a.shape[axis] for a in arrays.values()}) > 1:
        counts = ", ".join(f"{name} has {a.shape[axis]}" for name, a in arrays.items())
        raise ValueError(
            f"the outcomes do not match: {counts} along axis {axis}; give the same outcomes"
        )
    broadcast(**arrays)
    return axis


def _law(name: str, array: Reals, axis: int) -> Law:
    total, least = _totals_and_least(name, array, axis)
    if least == 0 and _has_negative_zero(array):
        array = array + array.dtype.type(0)  # without the sign of −0.0, as p / −0.0 is −∞
    return Law(_last(array, axis), total)


def _last(array: Reals, axis: int) -> Reals:
    """Move an axis to the end."""
    return array if axis == -1 else np.moveaxis(array, axis, -1)


def _logits(name: str, given: Reals, axis: int) -> Array:
    """Check that logits have a softmax: no NaN, not all are -∞, and at most one is ∞."""
    array = _last(np.asarray(given, dtype=np.float64), axis)
    if not np.isfinite(_largest(array)).all():
        array = np.moveaxis(array, -1, axis)
        _blame(name, given, np.isnan(array), "is not a number; give numbers, inf or -inf")
        infinite = array == np.inf
        _blame(
            name,
            given,
            infinite & (infinite.sum(axis=axis, keepdims=True) > 1),
            "is not the only infinite logit; their ratio is unknown: give at most one inf",
        )
        none = (array == -np.inf).all(axis=axis, keepdims=True)
        _blame(
            name,
            given,
            np.broadcast_to(none, array.shape),
            "and all other logits are infinite; give at least one larger one",
        )
        array = np.moveaxis(array, axis, -1)
    return array


def _largest(array: Array) -> Array:
    """Return the largest entries along the last axis, or NaN where there is one."""
    rows = np.ascontiguousarray(array).reshape(-1, array.shape[-1])
    return np.asarray(rows[np.arange(len(rows)), rows.argmax(axis=1)])


def _totals(name: str, array: Reals, axis: int | tuple[int, int]) -> Array:
    """Check that the entries are non-negative and sum to 1 over the axis; return the sums."""
    return _totals_and_least(name, array, axis)[0]


def _totals_and_least(name: str, array: Reals, axis: int | tuple[int, int]) -> tuple[Array, float]:
    """Return the sums and the smallest entry; an error says what is wrong with the first."""
    if array.size > PART and axis == -1 and array.flags.c_contiguous:
        total, least = _in_parts(array)
    else:
        total, least = _sum(array, axis), _least(array)
    excess = abs(total - 1)
    if total.ndim:
        excess = excess.max()
    if not least >= 0 or (excess > 1e-9 and excess > tolerance(array, array.size // total.size)):
        _blame_entries(name, array)
        _blame_sum(name, array.ndim, total, axis)
    return total, least


def _blame_entries(name: str, array: Reals, start: Sequence[int] = ()) -> None:
    """Raise a ValueError about the first entry that is no probability, if there is one."""
    _blame(name, array, np.isnan(array), "is not a number; give probabilities ≥ 0", start)
    _blame(name, array, array < 0, "is negative; probabilities are ≥ 0", start)
    _blame(name, array, np.isinf(array), "is infinite; probabilities are ≤ 1", start)


def _in_parts(array: Reals) -> tuple[Array, float]:
    """Return the sums over the last axis and the smallest entry; read the memory only once."""
    n = array.shape[-1]
    rows = array.reshape(-1, n)
    if n > PART:
        parts = [rows[:, i : i + PART] for i in range(0, n, PART)]
    else:
        step = PART // n
        parts = [rows[i : i + step] for i in range(0, len(rows), step)]
    found = [(_sum(part, -1), _least(part)) for part in parts]
    totals = [total for total, _ in found]
    total = np.add.reduce(totals) if n > PART else np.concatenate(totals)
    return total.reshape(array.shape[:-1])[()], float(np.minimum.reduce([x for _, x in found]))


def _sum(array: Reals, axis: int | tuple[int, int]) -> Array:
    """Return the sums; products with ones, added in pairs, are nearly as exact, and faster."""
    total: Array
    n = array.shape[-1]
    if axis != -1 or array.dtype.char != "d" or n <= SHORT < array.size:
        total = np.add.reduce(array, axis, np.float64)
    elif n <= SHORT:
        total = array.dot(ONES[:n])
    elif n % SHORT:
        whole = n - n % SHORT
        total = _sum(array[..., :whole], -1) + _sum(array[..., whole:], -1)
    else:
        blocks = array.reshape(*array.shape[:-1], -1, SHORT)
        total = np.add.reduce(np.vecdot(blocks, ONES), -1)
    return total


def _least(array: Reals) -> float:
    """Return the smallest entry, or NaN if there is one."""
    if array.size <= FEW and array.flags.c_contiguous:
        return float(array.item(array.argmin()))
    return float(np.minimum.reduce(array, axis=None))


def _has_negative_zero(array: Reals) -> bool:
    return any(np.signbit(part).any() for part in _parts(array))


def _parts(array: Reals) -> Iterator[Reals]:
    """Return parts of all entries that stay in the cache."""
    if array.size <= PIECE:
        yield array
        return
    parts: Any = np.nditer(array, flags=["external_loop", "buffered"], buffersize=PIECE)
    yield from parts


def _blame_sum(
    name: str, ndim: int, total: Array, axis: int | tuple[int, int], start: Sequence[int] = ()
) -> None:
    """Raise a ValueError about the sum that differs most from 1; a part has its start."""
    if not total.ndim:
        what, value, divisor = name, total, f"{name}.sum()"
    else:
        place = np.unravel_index(int(np.abs(total - 1).argmax()), total.shape)
        index: list[object] = [int(i) + j for i, j in zip(place, start or [0] * ndim, strict=False)]
        for i in sorted(i % ndim for i in np.atleast_1d(axis)):
            index.insert(i, ":")
        what, value = _entry(name, tuple(index)), total[place]
        divisor = f"{name}.sum(axis={axis}, keepdims=True)"
    raise ValueError(
        f"{what} sums to {value!s}, not 1; if these are counts or weights, "
        f"divide by their sum: {name} / {divisor}"
    )


# Laws in parts, which are not in one memory.


def outcomes_of_parts(axis: int, arrays: dict[str, Any]) -> int:
    """Check kinds and shapes of arrays that are not read yet; count the axis from the end."""
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise TypeError(f"{name} has dtype {array.dtype}; give an array of real numbers")
        if math.isnan(sum(array.shape)):
            raise ValueError(
                f"{name} has the unknown shape {array.shape}; "
                "give an array of known shape, such as one after compute_chunk_sizes()"
            )
        if not array.size:
            raise ValueError(f"{name} is empty, with shape {array.shape}; give at least one number")
    return same_outcomes(axis, arrays)


def sums_of_part(name: str, array: Reals, axis: int, start: Sequence[int]) -> Array:
    """Check a part of laws, which begins at an index; return its sums, with the axis kept."""
    if array.size:
        _blame_entries(name, reals(name, array), start)
    return np.add.reduce(array, axis, np.float64, keepdims=True)


def sums_of_laws(
    name: str, total: Array, dtype: np.dtype[Any], n: int, axis: int, start: Sequence[int]
) -> Array:
    """Check the sums of laws of n outcomes over all parts; they have no outcome axis."""
    if total.size and not np.abs(total - 1).max() <= tolerance(np.empty(0, dtype), n):
        _blame_sum(name, total.ndim + 1, total, axis, start)
    return total


def gaps_of_part(name: str, here: Reals, after: Reals, start: Sequence[int]) -> Array:
    """Check points, from an index on, against the points after them; return the gaps."""
    wrong = ~np.isfinite(here)
    _blame(name, here, wrong, "is not a finite number; give finite numbers", start)
    _blame(name, here, after < here, "is larger than the next; give points in order", start)
    return np.subtract(after, here, dtype=np.float64)


# Points, laws and functions on them.


def samples(axis: int, x: ArrayLike, y: ArrayLike, *, finite: bool = True) -> list[Reals]:
    """Check points of the line along `axis`; the numbers of points are free, the rest broadcasts.

    Returns arrays of any dtype with the points on the last axis. A caller that sees from its
    result whether all of them are `finite` need not have that looked at.
    """
    check = numbers if finite else _no_large_integers
    arrays = {"x": check("x", x), "y": check("y", y)}
    for name, array in arrays.items():
        if not -array.ndim <= axis < array.ndim:
            raise ValueError(
                f"axis = {axis} is out of range for {name}, which has shape {array.shape}; "
                "give the axis of the points"
            )
    result = {name: _last(a, axis) for name, a in arrays.items()}
    broadcast(**{name: a[..., 0] for name, a in result.items()})
    return list(result.values())


def weights_of_points(axis: int, name: str, value: ArrayLike | None, points: Reals) -> Reals | None:
    """Check weights of points: one law for all rows, or laws along `axis` as the points are."""
    if value is None:
        return None
    array = reals(name, value)
    result = law(-1 if array.ndim == 1 else axis, name, array)
    if result.values.shape[-1] != points.shape[-1]:
        raise ValueError(
            f"{name} has shape {array.shape} for {points.shape[-1]} points; "
            "give a weight for each point"
        )
    broadcast(**{name: result.total, "the points": points[..., 0]})
    return result.values


def two_laws(p: ArrayLike, q: ArrayLike) -> list[Law]:
    """Check two laws, each on outcomes of its own."""
    arrays = {"p": reals("p", p), "q": reals("q", q)}
    for name, array in arrays.items():
        if array.ndim != 1:
            raise ValueError(f"{name} has shape {array.shape}; give one law, with one axis")
    return [_law(name, array, -1) for name, array in arrays.items()]


def cost(value: ArrayLike, p: Law, q: Law) -> Array:
    """Check a matrix of costs ≥ 0, with a row for each outcome of p and a column for each of q."""
    array = non_negative("cost", value)
    shape = p.values.shape[-1], q.values.shape[-1]
    if array.shape != shape:
        raise ValueError(
            f"cost has shape {array.shape}, and p and q have {shape[0]} and {shape[1]} outcomes; "
            f"give a matrix of shape {shape}"
        )
    return array + 0.0


def symmetric(name: str, value: ArrayLike) -> None:
    """Check that a matrix of costs is square and symmetric."""
    array = non_negative(name, value)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} has shape {array.shape}; give a square matrix")
    _blame(name, array, array != array.T, "differs from the mirrored entry; give symmetric costs")


def places(x: ArrayLike, y: ArrayLike | None, p: Law, q: Law) -> list[Array]:
    """Check the places of the outcomes of p and q, numbers or vectors; return vectors."""
    first = located("x", x, p.values.shape[-1])
    second = located(*(("x", x) if y is None else ("y", y)), q.values.shape[-1])
    _same_dimension(first, second)
    return [first, second]


def clouds(x: ArrayLike, y: ArrayLike) -> list[Array]:
    """Check two sets of vectors of the same dimension."""
    result = [located(name, value) for name, value in (("x", x), ("y", y))]
    _same_dimension(*result)
    return result


def located(name: str, value: ArrayLike, n: int | None = None) -> Array:
    """Check n points, numbers or vectors; return vectors."""
    array = points(name, value)
    if n is not None and len(array) != n:
        raise ValueError(f"{name} has {len(array)} points; give {n}, one for each outcome")
    return array.reshape(len(array), -1)


def _same_dimension(x: Array, y: Array) -> None:
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"the dimensions do not match: x has {x.shape[1]} and y has {y.shape[1]}; "
            "give vectors of one length"
        )


def unit_vectors(name: str, value: ArrayLike, d: int) -> Array:
    """Check unit vectors of dimension d, in rows."""
    array = finite(name, value)
    if array.ndim != 2 or array.shape[1] != d:
        raise ValueError(f"{name} has shape {array.shape}; give rows of length {d}")
    length = np.linalg.norm(array, axis=1)
    wrong = np.flatnonzero(np.abs(length - 1) > tolerance(reals(name, value), d))
    if wrong.size:
        raise ValueError(
            f"{_entry(name, (int(wrong[0]),))} has the length {length[wrong[0]]!s}; "
            "give unit vectors"
        )
    return array


def distances(name: str, value: ArrayLike, n: int) -> Array:
    """Check a square matrix of distances ≥ 0 of n points."""
    array = non_negative(name, value)
    if array.shape != (n, n):
        raise ValueError(f"{name} has shape {array.shape}; give a matrix of shape {(n, n)}")
    return array


def potential_and_cost(potential: ArrayLike, cost: ArrayLike) -> tuple[Array, Array]:
    """Check a function on outcomes and a matrix with a row for each of them."""
    f, c = vector("potential", potential), finite("cost", cost)
    if c.ndim != 2 or len(c) != f.size:
        raise ValueError(
            f"cost has shape {c.shape} and potential has {f.size} values; "
            "give a matrix with a row for each value"
        )
    return f, c


def points(name: str, value: ArrayLike) -> Array:
    """Check points: numbers, or vectors in rows; return them in double precision."""
    result = finite(name, value)
    if result.ndim not in {1, 2}:
        raise ValueError(
            f"{name} has shape {result.shape}; give numbers of shape (n,), "
            "or vectors of shape (n, d)"
        )
    return result + 0.0  # without the sign of −0.0, so that equal points are the same


def weighted_points(
    x: ArrayLike, y: ArrayLike, x_weights: ArrayLike | None, y_weights: ArrayLike | None
) -> tuple[Weighted, Weighted]:
    """Check two lists of points of the same space, and their weights; None is equal weights."""
    a, b = points("x", x), points("y", y)
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(
            f"x has shape {a.shape} and y {b.shape}; give points with the same coordinates"
        )
    return _weighted("x", a, x_weights), _weighted("y", b, y_weights)


def _weighted(name: str, array: Array, weights: ArrayLike | None) -> Weighted:
    if weights is None:
        return Weighted(array, np.ones(len(array)), float(len(array)))
    law = reals(f"{name}_weights", weights)
    if law.ndim != 1 or len(law) != len(array):
        raise ValueError(
            f"{name}_weights has shape {law.shape} and {name} {array.shape}; "
            "give one probability for each point"
        )
    total = _totals(f"{name}_weights", law, 0)
    return Weighted(array, law.astype(np.float64), float(total))


def vector(name: str, value: ArrayLike) -> Array:
    """Check a list of finite numbers; return it in double precision."""
    result = finite(name, value)
    if result.ndim != 1:
        raise ValueError(f"{name} has shape {result.shape}; give numbers, with one axis")
    return result


def same_length(**arrays: Array) -> None:
    """Check that the first axes have one length."""
    if len({a.shape[0] for a in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} has {a.shape[0]}" for name, a in arrays.items())
        raise ValueError(f"the lengths do not match: {lengths}; give one for each")


def image(name: str, function: object, array: Array, shape: tuple[int, ...]) -> Array:
    """Return the checked values of a function given by the caller, of the shape that is due."""
    if not callable(function):
        raise TypeError(f"{name} = {short(function)} is not a function; give a callable")
    values = finite(name, function(array.copy()))
    if values.shape != shape:
        raise ValueError(
            f"{name} returns an array of shape {values.shape} for points of shape {array.shape}; "
            f"it must return one of shape {shape}"
        )
    return values


def kernel(name: str, function: Callable[..., ArrayLike]) -> Callable[[Array, Array], Array]:
    """Return a kernel given by the caller; its values are checked at each call."""

    def checked(x: Array, y: Array) -> Array:
        values = finite(name, function(x.copy(), y.copy()))
        if values.shape != (len(x), len(y)):
            raise ValueError(
                f"{name} returns an array of shape {values.shape} for {len(x)} and {len(y)} "
                "points; it must return a row for each of the first"
            )
        return values

    return checked


def symmetric_kernel(name: str, kernel: Callable[[Array, Array], Array], points: Array) -> None:
    """Check that a kernel is the same in both orders, for some of the points."""
    some = points[:: 1 + len(points) // 64]
    values = kernel(some, some)
    skew = _skew(values)
    if skew.any():
        i, j = np.argwhere(skew)[0]
        raise ValueError(
            f"{name} is {values[i, j]!s} for the points {some[i]!s} and {some[j]!s}, and "
            f"{values[j, i]!s} for the same in the other order; it must be symmetric"
        )


def pairs(name: str, value: ArrayLike, length: int) -> Array:
    """Check a matrix with a number for each pair of outcomes, the same in both orders."""
    result = matrix(name, value)
    if result.shape != (length, length):
        raise ValueError(f"{name} has shape {result.shape}; give shape {(length, length)}")
    why = "differs from the mirrored entry; the matrix must be symmetric"
    _blame(name, result, _skew(result), why)
    return result


def _skew(matrix: Array) -> NDArray[np.bool_]:
    """Return which entries differ from their mirrored ones by more than rounding."""
    rounding = tolerance(matrix, len(matrix)) * np.abs(matrix).max()
    return np.asarray(np.abs(matrix - matrix.T) > rounding)


def metric(name: str, value: ArrayLike, length: int) -> Array:
    """Check the distances of different points: symmetric, positive outside of the diagonal."""
    result = pairs(name, value, length)
    diagonal = np.eye(length, dtype=bool)
    _blame(name, result, diagonal & (result != 0), "is on the diagonal; distances there are 0")
    why = "is not positive; distances of different points are > 0"
    _blame(name, result, ~diagonal & (result <= 0), why)
    return result


# Covariance matrices.


def _square(name: str, array: Array) -> None:
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        raise ValueError(f"{name} has shape {array.shape}; give square matrices")


def semidefinite(name: str, value: ArrayLike) -> Covariance:
    """Check covariance matrices in the last two axes; return them with square roots.

    They may be singular. Eigenvalues that are negative by rounding count as zero.
    """
    given = reals(name, value)
    array = finite(name, given)
    why = "a covariance matrix must be symmetric and have no negative eigenvalue"
    _square(name, array)
    size = np.abs(array).max(axis=(-2, -1), keepdims=True)
    allowed = tolerance(given, array.shape[-1]) * size
    skew = np.abs(array - np.swapaxes(array, -1, -2))
    _blame(name, array, skew > allowed, f"differs from the mirrored entry; {why}")
    values, vectors = np.linalg.eigh(array)
    least = values[..., 0]
    for index in np.argwhere(least < -allowed[..., 0, 0])[:1]:
        place = tuple(int(i) for i in index)
        raise ValueError(f"{_entry(name, place)} has the eigenvalue {least[place]!s}; {why}")
    return Covariance(array, vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :])


def means(mean_p: ArrayLike, mean_q: ArrayLike, p: Covariance, q: Covariance) -> list[Array]:
    """Check mean vectors against covariance matrices; they have the same d, the rest broadcasts."""
    m, n = finite("mean_p", mean_p), finite("mean_q", mean_q)
    for name, array in {"mean_p": m, "mean_q": n, "cov_q": q.matrix}.items():
        if array.shape[-1:] != p.matrix.shape[-1:]:
            raise ValueError(
                f"{name} has shape {array.shape} and cov_p {p.matrix.shape}; "
                "give vectors of length d and matrices of shape (d, d)"
            )
    broadcast(mean_p=m, mean_q=n, cov_p=p.matrix[..., 0], cov_q=q.matrix[..., 0])
    return [m, n]


def covariance(name: str, value: ArrayLike) -> Covariance:
    """Check covariance matrices in the last two axes; return them with Cholesky factors.

    Mirrored entries may differ by rounding (see `tolerance`, relative to the variances). A
    pivot that has lost all its digits counts as zero, so that the matrix is singular.
    """
    given = reals(name, value)
    array = finite(name, given)
    _square(name, array)
    variances = np.diagonal(array, axis1=-2, axis2=-1)
    _blame(
        name,
        array,
        (array <= 0) & np.eye(array.shape[-1], dtype=bool),
        f"is on the diagonal and not positive; {POSITIVE_DEFINITE}",
    )
    stds = np.sqrt(variances)
    scale = stds[..., :, None] * stds[..., None, :]
    skew = np.abs(array - np.swapaxes(array, -1, -2))
    _blame(
        name,
        array,
        skew > tolerance(given, array.shape[-1]) * scale,
        f"differs from the mirrored entry; {POSITIVE_DEFINITE}",
    )
    factors = np.empty_like(array)
    for index in np.ndindex(array.shape[:-2]):
        try:
            factors[index] = np.linalg.cholesky(array[index])
            kept = np.square(np.diagonal(factors[index]) / stds[index]).min()
        except np.linalg.LinAlgError:
            kept = 0.0
        if kept <= array.shape[-1] * np.finfo(np.float64).eps:
            raise ValueError(f"{_entry(name, index)} is singular or worse; {POSITIVE_DEFINITE}")
    return Covariance(array, factors)
