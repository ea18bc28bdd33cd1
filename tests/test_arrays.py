"""Torch tensors and JAX arrays: the values of `refimpl`, and gradients that are differences.

The tests run with each library that is installed. Torch is in the environment of `make bench`.
"""

import functools
import importlib
import inspect
import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import refimpl
from refimpl import arrays

Tensor = Any  # an array of the library that is tried
Function = Callable[..., Tensor]
P, Q = np.array([0.7, 0.2, 0.1]), np.array([0.5, 0.3, 0.2])
Z, V = np.array([0.5, -1.0, 3.0]), np.array([1.0, 0.0, 2.0])
SPARSE = np.array([0.0, 0.25, 0.75])


class Library:
    """What differs between the libraries: how to make arrays, and how to differentiate."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module = pytest.importorskip(name)
        if name == "jax":
            self.module.config.update("jax_enable_x64", True)  # noqa: FBT003 - as JAX has it

    def array(self, values: object, dtype: str = "float64") -> Tensor:
        numbers = np.asarray(values, dtype=dtype)
        if self.name == "torch":
            return self.module.from_numpy(numbers.copy())
        return self.module.numpy.asarray(numbers)

    def gradient(self, function: Function, *values: object, at: int = 0) -> Tensor:
        given = [self.array(value) for value in values]
        if self.name == "jax":
            return np.asarray(self.module.grad(function, at)(*given))
        given[at].requires_grad_()
        function(*given).backward()
        return given[at].grad.numpy()

    def compiled(self, function: Function) -> Function:
        return self.module.jit(function) if self.name == "jax" else function


@pytest.fixture(params=["jax", "torch"])
def library(request: pytest.FixtureRequest) -> Library:
    return Library(request.param)


@pytest.fixture(autouse=True)
def _single_precision_afterwards() -> Any:  # noqa: ANN401 - an iterator
    yield
    if (found := importlib.util.find_spec("jax")) is not None and found.loader is not None:
        importlib.import_module("jax").config.update("jax_enable_x64", False)  # noqa: FBT003 - likewise


def square(u: Tensor) -> Tensor:
    return (u - 1) ** 2


CHI_SQUARE = refimpl.Generator(function=square, at_zero=1.0, slope_at_infinity=math.inf)
HALVES = refimpl.Generator(function=lambda u: abs(u - 1) / 2, at_zero=0.5, slope_at_infinity=0.5)

# Name, function here, function of refimpl, arguments.
OF_LAWS: list[tuple[str, Function, Function, list[Any]]] = [
    ("entropy", arrays.entropy, refimpl.entropy, [P]),
    ("cross_entropy", arrays.cross_entropy, refimpl.cross_entropy, [P, Q]),
    ("kl_divergence", arrays.kl_divergence, refimpl.kl_divergence, [P, Q]),
    ("js_divergence", arrays.js_divergence, refimpl.js_divergence, [P, Q]),
    (
        "js_divergence of three",
        functools.partial(arrays.js_divergence, weights=[0.2, 0.5, 0.3]),
        functools.partial(refimpl.js_divergence, weights=[0.2, 0.5, 0.3]),
        [P, Q, P[::-1]],
    ),
    ("total_variation", arrays.total_variation, refimpl.total_variation, [P, Q]),
    (
        "chi_square",
        functools.partial(arrays.f_divergence, CHI_SQUARE),
        functools.partial(refimpl.f_divergence, CHI_SQUARE),
        [P, Q],
    ),
]
OF_LOGITS: list[tuple[str, Function, Function, list[Any]]] = [
    (
        "cross_entropy_loss",
        functools.partial(arrays.cross_entropy_loss, temperature=2.0),
        functools.partial(refimpl.cross_entropy_loss, temperature=2.0),
        [P, Z],
    ),
    ("kl_loss", arrays.kl_loss, refimpl.kl_loss, [V, Z]),
    (
        "reverse kl_loss",
        functools.partial(arrays.kl_loss, direction="reverse", temperature=0.5),
        functools.partial(refimpl.kl_loss, direction="reverse", temperature=0.5),
        [V, Z],
    ),
    ("near kl_loss", arrays.kl_loss, refimpl.kl_loss, [V, V + 1e-3 * Z]),
    ("far kl_loss", arrays.kl_loss, refimpl.kl_loss, [V, 300 * Z]),
]
ALL = OF_LAWS + OF_LOGITS
IDS = [row[0] for row in ALL]


def differences(function: Function, values: list[Any], at: int) -> Tensor:
    """Return central differences of a function of one of the values."""
    result = np.zeros(values[at].shape)
    for i in np.ndindex(result.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = [v.copy() for v in values]
            moved[at][i] += step
            ends.append(function(*moved))
        result[i] = (ends[0] - ends[1]) / 2e-5
    return result


def on_laws(function: Function, count: int) -> Function:
    """Return a function of weights > 0 that stand for laws, as those of `refimpl` are extended."""

    def extended(*weights: Tensor) -> Tensor:
        return function(*(w / w.sum() for w in weights[:count]), *weights[count:])

    return extended


# Values.


@pytest.mark.parametrize(("_", "here", "there", "values"), ALL, ids=IDS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values(
    library: Library, _: str, here: Function, there: Function, values: list[Any], dtype: str
) -> None:
    found = here(*(library.array(v, dtype) for v in values))
    rounded = [np.asarray(v, dtype=dtype) for v in values]
    assert str(found.dtype).endswith(dtype)
    assert found.shape == ()
    eps = float(np.finfo(dtype).eps)
    assert float(found) == pytest.approx(
        there(*rounded), rel=1000 * eps if "loss" in _ else 32 * eps, abs=0
    )
    assert float(library.compiled(here)(*(library.array(v, dtype) for v in values))) == (
        pytest.approx(float(found), rel=32 * eps, abs=0)
    )


@pytest.mark.parametrize("name", ["kl_divergence", "js_divergence", "total_variation"])
def test_small_divergences_keep_their_digits(library: Library, name: str) -> None:
    near = P * (1 + 1e-9 * np.array([1, -2, 3]))
    near /= near.sum()
    expected = getattr(refimpl, name)(P, near)
    found = getattr(arrays, name)(*map(library.array, (P, near)))
    assert float(found) == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize(("_", "here", "there", "values"), OF_LAWS, ids=IDS[: len(OF_LAWS)])
def test_outcomes_of_probability_zero(
    library: Library, _: str, here: Function, there: Function, values: list[Any]
) -> None:
    disjoint = [SPARSE, np.array([0.5, 0.5, 0.0]), np.array([0.0, 1.0, 0.0])][: len(values)]
    for laws in (disjoint, disjoint[::-1]):
        found = float(here(*map(library.array, laws)))
        assert found == pytest.approx(there(*laws), rel=1e-14, abs=0)


@pytest.mark.parametrize(("axis", "keepdims"), [(0, True), (-2, False)])
def test_axes_and_units(library: Library, axis: int, keepdims: bool) -> None:  # noqa: FBT001 - a table
    rng = np.random.default_rng(1)
    p, q = rng.random((3, 4, 1)), rng.random((3, 4, 5))
    p, q = (a / a.sum(axis=axis, keepdims=True) for a in (p, q))
    options: dict[str, Any] = {"axis": axis, "keepdims": keepdims, "base": 2}
    for name in ("cross_entropy", "kl_divergence", "js_divergence"):
        found = getattr(arrays, name)(*map(library.array, (p, q)), **options)
        expected = getattr(refimpl, name)(p, q, **options)
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-13)
    z = rng.normal(size=(3, 4, 5))
    found = arrays.cross_entropy_loss(library.array(p), library.array(z), **options)
    np.testing.assert_allclose(
        np.asarray(found), refimpl.cross_entropy_loss(p, z, **options), rtol=1e-13
    )
    logs = arrays.log_softmax(library.array(z), axis=axis, temperature=3.0)
    expected = refimpl.log_softmax(z, axis=axis, temperature=3.0)
    np.testing.assert_allclose(np.asarray(logs), expected, rtol=1e-13)


def test_yes_and_no(library: Library) -> None:
    y, a = np.array([1.0, 0.0, 0.3, 1.0]), np.array([-1000.0, -40.0, 0.0, 1000.0])
    found = arrays.binary_cross_entropy_loss(*map(library.array, (y, a)), base=2)
    expected = refimpl.binary_cross_entropy_loss(y, a, base=2)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-13)
    slope = library.gradient(lambda *x: arrays.binary_cross_entropy_loss(*x).sum(), y, a, at=1)
    np.testing.assert_allclose(slope, refimpl.binary_cross_entropy_gradient(y, a), atol=1e-16)


def test_options_are_those_of_the_package() -> None:
    for name in arrays.__all__:
        here, there = (inspect.signature(getattr(m, name)) for m in (arrays, refimpl))
        assert [(p.name, p.kind, p.default) for p in here.parameters.values()] == [
            (p.name, p.kind, p.default) for p in there.parameters.values()
        ]


# Gradients.


@pytest.mark.parametrize(("_", "here", "there", "values"), OF_LAWS, ids=IDS[: len(OF_LAWS)])
def test_gradients_in_laws_are_differences(
    library: Library, _: str, here: Function, there: Function, values: list[Any]
) -> None:
    for at in range(len(values)):
        expected = differences(on_laws(there, len(values)), values, at)
        found = library.gradient(here, *values, at=at)
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)
        assert found @ values[at] == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize(("_", "here", "there", "values"), OF_LOGITS, ids=IDS[len(OF_LAWS) :])
def test_gradients_in_logits_are_differences(
    library: Library, _: str, here: Function, there: Function, values: list[Any]
) -> None:
    found = library.gradient(here, *values, at=1)
    expected = differences(there, values, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_gradients_of_losses_are_those_of_the_package(library: Library) -> None:
    ties = np.array([2.0, 2.0, -1.0])
    for z in (Z, ties, 0 * ties, 1000 * Z):
        found = library.gradient(arrays.cross_entropy_loss, P, z, at=1)
        np.testing.assert_allclose(found, refimpl.cross_entropy_gradient(P, z), atol=1e-15)
        found = library.gradient(arrays.kl_loss, ties, z, at=1)
        np.testing.assert_allclose(found, refimpl.kl_gradient(ties, z), atol=1e-15)
    lost = np.array([0.0, -math.inf, 1.0])
    hard = np.array([0.0, 0.0, 1.0])
    found = library.gradient(arrays.cross_entropy_loss, hard, lost, at=1)
    np.testing.assert_allclose(found, refimpl.cross_entropy_gradient(hard, lost), atol=1e-15)
    found = library.gradient(arrays.kl_loss, lost, Z, at=1)
    np.testing.assert_allclose(found, refimpl.kl_gradient(lost, Z), atol=1e-15)


@pytest.mark.parametrize(("_", "here", "there", "values"), OF_LAWS, ids=IDS[: len(OF_LAWS)])
def test_gradients_are_numbers_where_the_value_is_finite(
    library: Library, _: str, here: Function, there: Function, values: list[Any]
) -> None:
    laws = [SPARSE, np.array([0.0, 0.4, 0.6]), np.array([0.0, 0.9, 0.1])][: len(values)]
    for at in range(len(laws)):
        found = library.gradient(here, *laws, at=at)
        assert np.isfinite(found).all()
        # The outcomes that can happen get the gradient that they have without the other one.
        alone = library.gradient(here, *(law[1:] for law in laws), at=at)
        np.testing.assert_allclose(found[1:], alone, rtol=1e-12, atol=1e-15)
    assert there(*laws) == pytest.approx(there(*(law[1:] for law in laws)), rel=1e-14, abs=0)


def test_gradient_is_zero_at_equal_laws(library: Library) -> None:
    for name in ("kl_divergence", "js_divergence", "total_variation"):
        for at in (0, 1):
            found = library.gradient(getattr(arrays, name), P, P.copy(), at=at)
            np.testing.assert_allclose(found, 0, atol=1e-15)


def test_gradient_of_an_infinite_divergence_does_not_hide_it(library: Library) -> None:
    assert math.isinf(float(arrays.kl_divergence(*map(library.array, (P, SPARSE)))))
    lost = library.array([0.0, -math.inf, 1.0])
    assert math.isinf(float(arrays.kl_loss(library.array(V), lost)))
    assert math.isinf(float(arrays.cross_entropy_loss(library.array(P), lost)))


def test_f_divergence_with_finite_limits(library: Library) -> None:
    found = arrays.f_divergence(HALVES, *map(library.array, (SPARSE, SPARSE[::-1].copy())))
    assert float(found) == 0.75


def test_f_divergence_of_nearly_equal_laws(library: Library) -> None:
    def cube(u: Tensor) -> Tensor:  # less 1, with all digits near 1
        return (u - 1) * (u * u + u + 1)

    cubes = refimpl.Generator(function=cube, at_zero=-1.0, slope_at_infinity=math.inf)
    for size in (1e-1, 1e-3, 1e-5):
        q = P * (1 + size * np.array([1.0, -2.0, 0.5]))
        q /= q.sum()
        x, y = ([Fraction(number) for number in law.tolist()] for law in (P, q))
        x, y = ([number / sum(law) for number in law] for law in (x, y))
        exact = float(sum(b * ((a / b) ** 3 - 1) for a, b in zip(x, y, strict=True)))
        found = arrays.f_divergence(cubes, library.array(P), library.array(q))
        assert float(found) == pytest.approx(exact, rel=2e-15 / size, abs=0)
        found = arrays.f_divergence(cubes, library.array(P, "float32"), library.array(q, "float32"))
        assert float(found) == pytest.approx(exact, rel=1e-6 / size, abs=1e-14)
    # What only one of the laws has counts with its limits.
    sparse = arrays.f_divergence(cubes, *map(library.array, ([0.0, 1.0], [0.5, 0.5])))
    assert float(sparse) == pytest.approx(3, rel=1e-15)
    above = replace(cubes, function=lambda u: cube(u) + 2, at_zero=1.0)
    sparse = arrays.f_divergence(above, *map(library.array, ([0.0, 1.0], [0.5, 0.5])))
    assert float(sparse) == pytest.approx(5, rel=1e-15)
    assert math.isinf(arrays.f_divergence(cubes, *map(library.array, ([0.5, 0.5], [0.0, 1.0]))))


# Errors.


@pytest.mark.parametrize("entry", [-0.25, math.nan, math.inf, 0.5])
def test_wrong_entries(library: Library, entry: float) -> None:
    wrong = np.array([[0.5, 0.5], [0.5, entry]])
    if entry == 0.5:
        wrong[1, 0] = 0.4
    place, value = (r"sum\(p\)\[1, 0\]", r"0\.9") if entry == 0.5 else (r"p\[1, 1\]", repr(entry))
    with pytest.raises(ValueError, match=f"^{place} = {value} is "):
        arrays.entropy(library.array(wrong))
    with pytest.raises(ValueError, match=f"^{place}.* is "):
        library.gradient(lambda p: arrays.entropy(p).sum(), wrong)
    with pytest.raises(ValueError, match=r"targets\[1, 1\]|sum\(targets\)"):
        arrays.cross_entropy_loss(library.array(wrong), library.array(np.zeros((2, 2))))


def test_wrong_logits(library: Library) -> None:
    y, z = library.array([0.5, 0.5]), library.array([0.0, math.inf])
    with pytest.raises(ValueError, match=r"logits\[1\] = inf is not finite"):
        arrays.cross_entropy_loss(y, z)
    with pytest.raises(ValueError, match=r"logits\[1\] = inf is not a finite number"):
        arrays.binary_cross_entropy_loss(y, z)
    with pytest.raises(ValueError, match=r"targets\[0\] = 1.5 is not in \[0, 1\]"):
        arrays.binary_cross_entropy_loss(library.array(1.5)[None], y)
    with pytest.raises(ValueError, match=r"target_logits\[0\] = -inf is the largest logit"):
        arrays.kl_loss(library.array([-math.inf, -math.inf]), y)
    with pytest.raises(ValueError, match=r"logits = nan is not finite|no axis|one number"):
        arrays.log_softmax(library.array(math.nan))


def test_wrong_kinds(library: Library) -> None:
    p = library.array(P)
    whole = library.array([0, 1, 0], "int64")
    for value, message in (
        (P, "p is a NumPy array; take the function of refimpl itself"),
        (np.float64(1.0), "p is a NumPy array"),
        ([0.5, 0.5], "p is a list, q is a"),
        ("p", "p is a str"),
        (0.5, "p is a float; give arrays of one library"),
        (None, "p is a NoneType; give arrays of one library"),
        (whole, "p has dtype .*int64; give floating-point numbers"),
    ):
        with pytest.raises(TypeError, match=message):
            arrays.kl_divergence(value, p)
    with pytest.raises(ValueError, match=r"p is empty, with shape \(0,\)"):
        arrays.entropy(p[:0])
    with pytest.raises(ValueError, match="the outcomes do not match"):
        arrays.kl_divergence(p, p[:2])
    with pytest.raises(TypeError, match="is no generator; give a Generator"):
        arrays.f_divergence("kl", p, p)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(ValueError, match="base = 1 is no base"):
        arrays.entropy(p, base=1)


def test_inside_of_a_compiled_function_shapes_alone_are_checked() -> None:
    library = Library("jax")
    compiled = library.compiled(arrays.entropy)
    assert np.isfinite(compiled(library.array([0.5, 0.9])))
    with pytest.raises(ValueError, match="the outcomes do not match"):
        library.compiled(arrays.kl_divergence)(library.array(P), library.array(P[:2]))


def test_mapped_functions(library: Library) -> None:
    laws = library.array([[0.7, 0.3], [0.2, 0.8]])
    mapped = library.module.vmap(arrays.entropy)(laws)
    np.testing.assert_allclose(np.asarray(mapped), refimpl.entropy(np.asarray(laws)), rtol=1e-14)


def test_package_itself_is_for_numpy(library: Library) -> None:
    # The functions of the package read what NumPy can read, and give floats, as they did.
    assert refimpl.entropy(library.array(P)) == refimpl.entropy(P)
