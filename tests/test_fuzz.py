"""Anything may come in: a public function returns, or raises an error that it documents, in time.

Arguments are right ones of `contract.CALLS`, ones made odd, and things that no function expects.
"""

import copy
import functools
import itertools
import os
import signal
import time
import types
import warnings
from collections import UserList
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import dask.array as da
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refimpl
from refimpl import arrays, chunked
from tests.contract import CALLS, OPTIONS, Call
from tests.strategies import CORNERS

Odd = Any  # whatever somebody may pass
EXAMPLES = int(os.environ.get("EXAMPLES", "0"))  # `make fuzz` sets it; then they are new ones
SECONDS = 20  # processor time that one call may take


class Slow(BaseException):
    """A call that takes too long; no `except Exception` may hide it."""


@contextmanager
def in_time() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Slow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


class Subclass(np.ndarray):
    """An array of another class."""


class Liar:
    """An object that says that it is an array, and fails when it is read."""

    shape, ndim, dtype = (3,), 1, np.dtype(float)

    def __array__(self, *_: object, **__: object) -> None:  # noqa: D105 - NumPy calls it
        raise LookupError("no array")


class Reader:
    """An object that NumPy can read."""

    def __array__(self, *_: object, **__: object) -> Any:  # noqa: ANN401, D105 - likewise
        return np.array([0.7, 0.2, 0.1])


def nested(depth: int) -> list[Any]:
    """Return a list in a list in a list."""
    result: list[Any] = [0.5]
    for _ in range(depth):
        result = [result]
    return result


def endless() -> list[Any]:
    """Return a list that is in itself."""
    result: list[Any] = [0.5]
    result.append(result)
    return result


THINGS: dict[str, Callable[[], Any]] = {
    "generator": lambda: (x for x in (0.5, 0.5)),
    "endless iterator": lambda: itertools.repeat(0.5),
    "range": lambda: range(3),
    "map": lambda: map(float, "12"),
    "dictionary": lambda: {"p": [0.5, 0.5]},
    "user list": lambda: UserList([0.5, 0.5]),
    "liar": Liar,
    "reader": Reader,
    "deep list": lambda: nested(70),
    "very deep list": lambda: nested(3_000),
    "endless list": endless,
    "huge integer": lambda: 10**400,
    "huge integers": lambda: [10**400, 1],
    "64 bits": lambda: np.array([2**63, 1], dtype=np.uint64),
    "minus 64 bits": lambda: np.array([-(2**63), 1]),
    "fraction": lambda: Fraction(1, 3),
    "masked": lambda: np.ma.masked_array([0.5, 0.5], [True, False]),
    "record": lambda: np.zeros(2, dtype=[("a", float)]),
    "void": lambda: np.zeros(2, dtype="V8"),
    "strings": lambda: np.array(["0.5", "0.5"]),
    "bytes": lambda: b"\x00\xff",
    "memory": lambda: memoryview(bytes(16)).cast("d"),
    "objects": lambda: np.array([0.5, None, "x"], dtype=object),
    "array of arrays": lambda: [np.array([0.5, 0.5]), [0.5, 0.5]],
    "no dimension": lambda: np.array(0.5),
    "empty": lambda: np.zeros((0, 3)),
    "empty outcomes": lambda: np.zeros((3, 0)),
    "many dimensions": lambda: np.full((1,) * 30, 1.0),
    "tiny": lambda: np.full(3, 5e-324),
    "largest": lambda: np.full((3, 3), 1.7e308),
    "mixed signs": lambda: np.array([-1.7e308, 1.7e308]),
    "half precision": lambda: np.full((2, 2), 60000, dtype=np.float16),
    "wide": lambda: np.array([1e4000, 1], dtype=np.longdouble),
    "not a number": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "minus infinity": lambda: [-float("inf")] * 3,
    "nothing": lambda: None,
    "not implemented": lambda: NotImplemented,
    "ellipsis": lambda: ...,
    "slice": lambda: slice(None),
    "type": lambda: float,
    "function": lambda: np.sin,
    "bad function": lambda: lambda *_: 1 / 0,
    "function of nothing": lambda: time.time,
    "module": lambda: np,
    "word": lambda: "kl",
    "long word": lambda: "x" * 10**6,
    "zero": lambda: 0,
    "minus one": lambda: -1,
    "ten": lambda: 10,
    "boolean": lambda: True,
    "complex": lambda: 1j,
    "lone surrogate": lambda: "\ud800",
    "date": lambda: np.datetime64("2020-01-01"),
}

LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "same": lambda a: a,
    "read-only": lambda a: _frozen(a.copy()),
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: a[..., ::-1].copy()[..., ::-1],
    "Fortran": np.asfortranarray,
    "broadcast": lambda a: np.broadcast_to(a, (2, *a.shape)),
    "row": lambda a: a[None],
    "column": lambda a: a[..., None],
    "first": lambda a: a[:1],
    "subclass": lambda a: a.view(Subclass),
    "matrix": lambda a: np.asmatrix(a) if a.ndim <= 2 else a,
    "list": lambda a: a.tolist(),
    "tuple": lambda a: tuple(a.tolist()) if a.ndim else a,
    "single": lambda a: a.astype(np.float32),
    "half": lambda a: a.astype(np.float16),
    "wide": lambda a: a.astype(np.longdouble),
    "swapped bytes": lambda a: a.astype(">f8"),
    "whole numbers": lambda a: np.rint(a).astype(np.int8),
    "unsigned": lambda a: np.abs(np.rint(a)).astype(np.uint64),
    "unaligned": lambda a: _unaligned(a),  # noqa: PLW0108 - it is defined below
}

ENTRIES = (*CORNERS, -1.0, 2.0, 1e-200, 1e200, -1e308, 1.7e308, -0.0, float("inf"), float("nan"))


def _frozen(array: Odd) -> Odd:
    array.flags.writeable = False
    return array


def _unaligned(array: Odd) -> Odd:
    memory = np.zeros(array.nbytes + 1, dtype=np.uint8)
    result = memory[1:].view(np.float64).reshape(array.shape)
    result[...] = array
    return result


@st.composite
def odd(draw: st.DrawFn, right: Odd) -> Odd:
    """Draw a thing, or something made from a right value."""
    if draw(st.integers(0, 3)) == 0 or right is None or callable(right) or isinstance(right, str):
        return THINGS[draw(st.sampled_from(sorted(THINGS)))]()
    if isinstance(right, (int, float)):
        return draw(st.one_of(st.sampled_from(ENTRIES), st.floats(), st.integers()))
    try:
        array = np.array(right, dtype=np.float64)
    except ValueError:  # a list of matrices
        return [draw(odd(item)) for item in right]
    for _ in range(draw(st.integers(0, 2))):
        array.flat[draw(st.integers(0, array.size - 1))] = draw(st.sampled_from(ENTRIES))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](array)


@st.composite
def inputs(draw: st.DrawFn, call: Call) -> dict[str, Any]:
    """Draw the arguments of a call, some of which are odd."""
    values = {name: copy.deepcopy(value) for name, value in call.values.items()}
    for name in draw(st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=2)):
        values[name] = draw(odd(call.values[name]))
    parameters = call.function.__code__.co_varnames
    if draw(st.integers(0, 5)) == 0 and "axis" in parameters:
        name = draw(st.sampled_from(sorted(OPTIONS)))
        if name in parameters or name == "axis":
            values[name] = THINGS[draw(st.sampled_from(sorted(THINGS)))]()
    return values


def fingerprint(value: object) -> object:
    """Return what tells whether a value was changed."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.shape, value.dtype, value.tobytes(), value.flags.writeable
    if isinstance(value, (list, tuple)) and len(value) < 10:
        try:
            return [repr(x) for x in value]
        except RecursionError:
            return len(value)
    return id(value)


def try_call(call: Call, values: dict[str, Any]) -> None:
    """Call a function, which must not change its arguments."""
    before = {name: fingerprint(value) for name, value in values.items()}
    try_out(lambda: call.run(**values))
    assert {name: fingerprint(value) for name, value in values.items()} == before


def try_out(run: Callable[[], object]) -> None:
    """Run something; an error that is not documented gets out."""
    with in_time(), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", refimpl.ConvergenceWarning)
        try:
            run()
        except (TypeError, ValueError) as error:
            assert type(error) in {TypeError, ValueError}, repr(error)  # noqa: PT017 - it need not fail
            assert len(str(error)) < 2000  # noqa: PT017 - it need not fail
        except (ZeroDivisionError, LookupError) as error:  # of a function or object of the caller
            assert "division by zero" in str(error) or "no array" in str(error)  # noqa: PT017 - it need not fail


@pytest.mark.parametrize("call", CALLS, ids=[f"{c.name} {i}" for i, c in enumerate(CALLS)])
@settings(max_examples=EXAMPLES or 8, derandomize=not EXAMPLES)
@given(st.data())
def test_odd_arguments(call: Call, data: st.DataObject) -> None:
    try_call(call, data.draw(inputs(call)))


@pytest.mark.parametrize("thing", sorted(THINGS))
def test_each_thing_in_each_place(thing: str) -> None:
    for call in CALLS:
        parameters = set(call.values) | {"axis", "base", "keepdims"} & set(_parameters(call))
        for name in sorted(parameters):
            try_call(call, call.values | {name: THINGS[thing]()})


def _parameters(call: Call) -> list[str]:
    function = call.function
    code: types.CodeType = getattr(function, "__wrapped__", function).__code__
    return [*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]]


# Arrays of other libraries.

LAW, OTHER, LOGITS = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.5, -1.0, 3.0]
LAWS = {"p": LAW, "q": OTHER}
FUNCTIONS: dict[Callable[..., Any], dict[str, list[float]]] = {
    arrays.entropy: {"p": LAW},
    arrays.cross_entropy: LAWS,
    arrays.kl_divergence: LAWS,
    arrays.js_divergence: LAWS,
    arrays.total_variation: LAWS,
    functools.partial(arrays.f_divergence, refimpl.GENERATORS["chi_square"]): LAWS,
    arrays.log_softmax: {"logits": LOGITS},
    arrays.cross_entropy_loss: {"targets": LAW, "logits": LOGITS},
    arrays.binary_cross_entropy_loss: {"targets": LAW, "logits": LOGITS},
    arrays.kl_loss: {"target_logits": OTHER, "logits": LOGITS},
    chunked.entropy: {"p": LAW},
    chunked.kl_divergence: LAWS,
    chunked.js_divergence: LAWS,
    chunked.total_variation: LAWS,
    chunked.wasserstein_1d: {**LAWS, "points": [0.0, 1.0, 3.0]},
}


IDS = [f"{f.__module__}.{f.__name__}" for f in (getattr(g, "func", g) for g in FUNCTIONS)]


def converted(function: Callable[..., Any], value: Odd) -> Odd:
    """Return an array of the library of a function, or the value where there is no such array."""
    if not isinstance(value, np.ndarray | list):
        return value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            array = np.asarray(value)
            return da.from_array(array, chunks=2) if of_dask(function) else jnp.asarray(array)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return value


def of_dask(function: Callable[..., Any]) -> bool:
    return getattr(function, "__module__", "") == chunked.__name__


def run(function: Callable[..., Any], values: dict[str, Any]) -> object:
    found = function(**values)
    return found.compute(scheduler="synchronous") if of_dask(function) else np.asarray(found)


def test_functions_of_other_libraries_are_all_tried() -> None:
    tried = {getattr(f, "func", f) for f in FUNCTIONS}
    assert tried == {getattr(m, name) for m in (arrays, chunked) for name in m.__all__}


@pytest.mark.parametrize("function", FUNCTIONS, ids=IDS)
def test_each_thing_for_functions_of_other_libraries(function: Callable[..., Any]) -> None:
    right = {name: converted(function, value) for name, value in FUNCTIONS[function].items()}
    run(function, right)
    for name in right | {"axis": -1}:
        for make in THINGS.values():
            try_out(lambda: run(function, right | {name: make()}))  # noqa: B023 - run at once


@pytest.mark.parametrize("function", FUNCTIONS, ids=IDS)
@settings(max_examples=EXAMPLES or 8, derandomize=not EXAMPLES)
@given(st.data())
def test_odd_arrays_of_other_libraries(function: Callable[..., Any], data: st.DataObject) -> None:
    values = dict(FUNCTIONS[function])
    name = data.draw(st.sampled_from(sorted(values)))
    values |= {name: data.draw(odd(values[name]))}
    given_ = {name: converted(function, value) for name, value in values.items()}
    try_out(lambda: run(function, given_))
