"""The rules of the input contract, one by one; test_contract.py holds all functions to them."""

import math
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import DTypeLike

from refimpl import (
    _checks,
    code_lengths,
    conditional_entropy,
    cross_entropy,
    donsker_varadhan,
    entropy,
    gaussian_entropy,
    information_content,
    kl_divergence,
    kl_gaussian,
    kraft_sum,
    mutual_information,
)
from tests.strategies import Array, laws


def says(text: str) -> str:
    return "^" + re.escape(text)


# What an error says.


def test_negative_probability() -> None:
    with pytest.raises(ValueError, match=says("p[2] = -0.1 is negative; probabilities are ≥ 0")):
        entropy([0.6, 0.5, -0.1])
    with pytest.raises(ValueError, match=says("q[1, 0] = -0.5 is negative")):
        kl_divergence([0.5, 0.5], [[0.5, 0.5], [-0.5, 1.5]])


def test_counts() -> None:
    message = (
        "p sums to 10.0, not 1; if these are counts or weights, divide by their sum: p / p.sum()"
    )
    with pytest.raises(ValueError, match=says(message)):
        entropy([3, 7])


def test_sum_of_a_row() -> None:
    message = "q[1, :] sums to 1.5, not 1; if these are counts or weights, divide by their sum: "
    rows = [[0.5, 0.5], [0.5, 1.0]]
    with pytest.raises(ValueError, match=says(message + "q / q.sum(axis=-1, keepdims=True)")):
        cross_entropy([0.5, 0.5], rows)
    with pytest.raises(ValueError, match=re.escape("q[:, 1] sums to 1.5")):
        cross_entropy(np.full((2, 2), 0.5), np.transpose(rows), axis=0)
    with pytest.raises(ValueError, match=re.escape("joint[1, :, :] sums to 0.75")):
        mutual_information([[[0.5, 0.5]], [[0.5, 0.25]]])


def test_not_a_number() -> None:
    with pytest.raises(ValueError, match=says("p[1] = nan is not a number")):
        entropy([0.5, math.nan])
    with pytest.raises(ValueError, match=says("p[0] = inf is infinite")):
        entropy([math.inf, 0.5])
    with pytest.raises(ValueError, match=says("p[0] = -inf is negative")):
        entropy([-math.inf, math.inf])
    with pytest.raises(ValueError, match=says("critic[1] = nan is not a finite number")):
        donsker_varadhan([0.5, 0.5], [0.5, 0.5], [0.0, math.nan])


def test_wrong_kind() -> None:
    with pytest.raises(TypeError, match=says("p is ['a', 'b'], which NumPy reads as dtype <U1")):
        entropy(["a", "b"])
    with pytest.raises(TypeError, match="p\\[0\\] = True is a boolean; give numbers"):
        entropy([True, False])
    with pytest.raises(TypeError, match=re.escape("such as p.filled(0.0)")):
        entropy(np.ma.masked_array([0.5, 0.5, 0.3], [False, False, True]))
    with pytest.raises(ValueError, match="p is not an array; give rows of one length"):
        entropy([[0.5, 0.5], [1.0]])
    with pytest.raises(TypeError, match=r"p is array\(\[Decimal.{40,60}\.\.\., which") as error:
        entropy(np.array([Decimal("0.25")] * 4))
    assert len(str(error.value)) < 200


def test_shapes() -> None:
    with pytest.raises(ValueError, match="p has 1, q has 3 along axis -1"):
        kl_divergence([1.0], [0.5, 0.25, 0.25])
    with pytest.raises(ValueError, match=re.escape("p has (2, 2), q has (3, 2)")):
        kl_divergence(np.full((2, 2), 0.5), np.full((3, 2), 0.5))
    with pytest.raises(ValueError, match=re.escape("p has shape (2,) and no axis -2")):
        kl_divergence([0.5, 0.5], np.full((2, 2), 0.5), axis=0)
    with pytest.raises(ValueError, match="axis = 1 is out of range; give -1 to 0"):
        entropy([0.5, 0.5], axis=1)
    with pytest.raises(ValueError, match="p is one number"):
        entropy(1.0)
    with pytest.raises(ValueError, match="p and q is one number"):
        kl_divergence(1.0, 1.0)
    with pytest.raises(ValueError, match="p is empty, with shape"):
        entropy(np.zeros((0, 3)))
    with pytest.raises(ValueError, match=re.escape("joint has shape (2,); give a table")):
        conditional_entropy([0.5, 0.5])
    with pytest.raises(ValueError, match=re.escape("p has shape (1, 2); give one law")):
        code_lengths([[0.5, 0.5]])


def test_shapes_of_normal_laws() -> None:
    eye = np.eye(2)
    with pytest.raises(ValueError, match=re.escape("mean_p has shape (3,) and cov_p (2, 2)")):
        kl_gaussian([0, 0, 0], [0, 0], cov_p=eye, cov_q=eye)
    with pytest.raises(ValueError, match=re.escape("mean_q has shape (1,) and cov_p (2, 2)")):
        kl_gaussian([0, 0], [0], cov_p=eye, cov_q=eye)
    with pytest.raises(ValueError, match=re.escape("cov_q has shape (3, 3) and cov_p (2, 2)")):
        kl_gaussian([0, 0], [0, 0], cov_p=eye, cov_q=np.eye(3))
    with pytest.raises(ValueError, match=re.escape("mean_p has (), mean_q has ()")):
        kl_gaussian(0, 0, std_p=[1.0, 2.0], std_q=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=re.escape("mean_p has shape () and cov_p (2, 2)")):
        kl_gaussian(0.0, [0.0, 0.0], cov_p=eye, cov_q=eye)


def test_covariances() -> None:
    must = "a covariance matrix must be symmetric and positive definite"
    with pytest.raises(ValueError, match=re.escape(f"cov is singular or worse; {must}")):
        gaussian_entropy(cov=[[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match=re.escape("cov[1] is singular or worse")):
        gaussian_entropy(cov=[[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]])
    with pytest.raises(ValueError, match="singular"):  # rounding alone keeps the last pivot
        gaussian_entropy(cov=np.full((3, 3), 0.1) + 1e-17 * np.eye(3))
    with pytest.raises(ValueError, match=re.escape("cov[0, 1] = 0.5 differs from the mirrored")):
        gaussian_entropy(cov=[[1.0, 0.5], [0.4, 1.0]])
    with pytest.raises(ValueError, match=re.escape("cov[1, 1] = 0.0 is on the diagonal")):
        gaussian_entropy(cov=[[1.0, 0.0], [0.0, 0.0]])
    with pytest.raises(ValueError, match=re.escape("cov has shape (2, 3); give square")):
        gaussian_entropy(cov=np.ones((2, 3)))
    with pytest.raises(ValueError, match="give square"):
        gaussian_entropy(cov=[1.0])
    asymmetric = np.array([[2.0, 0.3], [0.3 + 1e-13, 1.0]])  # rounding, as inverses have it
    assert math.isfinite(gaussian_entropy(cov=asymmetric))


@pytest.mark.parametrize("given", [[], ["std", "cov"]])
def test_entropy_of_one_kind_of_normal_law(given: list[str]) -> None:
    values: dict[str, Any] = {"std": 1.0, "cov": [[1.0]]}
    with pytest.raises(TypeError, match="either std or cov, and not both"):
        gaussian_entropy(**{name: values[name] for name in given})


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["std_p"],
        ["cov_q"],
        ["std_p", "cov_q"],
        ["std_p", "std_q", "cov_q"],
        ["std_q", "cov_p", "cov_q"],
    ],
)
def test_divergence_of_one_kind_of_normal_laws(given: list[str]) -> None:
    values: dict[str, Any] = {"std_p": 1.0, "std_q": 1.0, "cov_p": [[1.0]], "cov_q": [[1.0]]}
    with pytest.raises(TypeError, match="both std_p and std_q, or both cov_p and cov_q"):
        kl_gaussian(0.0, 0.0, **{name: values[name] for name in given})


def test_lengths() -> None:
    with pytest.raises(TypeError, match="lengths has dtype float64; give integers"):
        kraft_sum([1.0, 2.0])
    with pytest.raises(ValueError, match=re.escape("lengths[1] = -1 is negative")):
        kraft_sum([1, -1])
    with pytest.raises(ValueError, match="give one list"):
        kraft_sum([[1, 2]])
    with pytest.raises(ValueError, match=re.escape("p[1] = 0.0 has no word in this code")):
        code_lengths([1.0, 0.0])
    assert code_lengths([1.0, 0.0], code="huffman").tolist() == [1, 1]


def test_huge_numbers() -> None:
    with pytest.raises(ValueError, match="p sums to inf, not 1"):
        entropy([1.7e308, 1.7e308])
    with pytest.raises(ValueError, match="base is too large"):
        entropy([0.5, 0.5], base=10**400)
    if np.finfo(np.longdouble).max > 1e308:
        huge = np.array([np.longdouble("1e400"), 0])
        with pytest.raises(ValueError, match=re.escape("critic[0] = 1e+400 is not a finite")):
            donsker_varadhan([0.5, 0.5], [0.5, 0.5], huge)


# How far a sum may be from 1.


@pytest.mark.parametrize("p", [[0.1] * 10, [1 / 3] * 3, [0.7, 0.2, 0.1], [0.3333333333] * 3])
def test_laws_as_people_write_them(p: list[float]) -> None:
    assert entropy(p) == pytest.approx(-sum(x * math.log(x) for x in p), rel=1e-9, abs=0)


@pytest.mark.parametrize("p", [[0.333, 0.333, 0.333], [0.5, 0.5 + 1e-8], [1 - 1e-8]])
def test_sums_that_rounding_does_not_explain(p: list[float]) -> None:
    with pytest.raises(ValueError, match="sums to"):
        entropy(p)


PRECISIONS: list[tuple[DTypeLike, int]] = [
    (np.float16, 1000),  # a longer sum of weights is too large
    *((dtype, n) for dtype in (np.float32, np.float64, np.longdouble) for n in (2, 10, 100_000)),
]


@pytest.mark.parametrize(("dtype", "n"), PRECISIONS)
def test_laws_normalised_in_their_own_precision(dtype: DTypeLike, n: int) -> None:
    p = np.random.default_rng(n).random(n).astype(dtype)
    p /= p.sum()
    double = p.astype(np.float64)
    assert entropy(p) == pytest.approx(entropy(double / double.sum()), rel=1e-12, abs=0)


def test_tolerance_belongs_to_the_precision() -> None:
    p = np.array([0.5, 0.5 + 2e-7])
    with pytest.raises(ValueError, match="sums to"):
        entropy(p)
    assert entropy(p.astype(np.float32)) == pytest.approx(math.log(2), rel=1e-6, abs=0)


def test_tolerance_is_sixteen_roundings_and_one_for_each_root_of_an_outcome() -> None:
    p = np.full(4, 0.25, dtype=np.float32)
    rounding = np.finfo(np.float32).eps
    p[3] += np.float32(17.5 * rounding)
    assert entropy(p) == pytest.approx(math.log(4), rel=1e-5, abs=0)
    p[3] += rounding
    with pytest.raises(ValueError, match="sums to"):
        entropy(p)


@hypothesis.given(laws(), st.floats(-9e-10, 9e-10))
def test_value_is_that_of_the_law_divided_by_its_sum(p: Array, error: float) -> None:
    for q in (p, p * (1 + error)):
        assert entropy(q) == pytest.approx(entropy(p), rel=1e-14, abs=0)


# What is welcome.


ARRAYS: dict[str, Any] = {
    "list": [0.5, 0.25, 0.25],
    "tuple": (0.5, 0.25, 0.25),
    "half precision": np.array([0.5, 0.25, 0.25], dtype=np.float16),
    "other byte order": np.array([0.5, 0.25, 0.25], dtype=">f8"),
    "strided": np.array([0.5, 9, 0.25, 9, 0.25])[::2],
    "reversed": np.array([0.25, 0.25, 0.5])[::-1],
    "negative zero": np.array([0.5, -0.0, 0.25, 0.25]),
    "buffer": memoryview(np.array([0.5, 0.25, 0.25]).data),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_all_kinds_of_arrays(kind: str) -> None:
    assert entropy(ARRAYS[kind], base=2) == 1.5


def test_sure_labels_may_be_integers() -> None:
    assert entropy([0, 1, 0]) == 0
    labels = np.eye(3, dtype=np.uint8)
    assert cross_entropy(labels, [0.5, 0.25, 0.25], base=2).tolist() == [1, 2, 2]
    assert information_content([0, 1]).tolist() == [math.inf, 0]


@pytest.mark.parametrize("base", [2, 2.0, np.float32(2), np.int8(2), Fraction(2)], ids=repr)
def test_all_kinds_of_bases(base: float) -> None:
    assert entropy([0.5, 0.5], base=base) == 1


def test_all_kinds_of_options() -> None:
    p = np.full((2, 2), 0.5)
    assert entropy(p, axis=np.int64(0), keepdims=np.True_).shape == (1, 2)  # type: ignore[call-overload]  # NumPy's own


def test_read_only_arrays_are_left_alone() -> None:
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.75, 0.0])
    before = p.copy(), q.copy()
    for array in (p, q):
        array.flags.writeable = False
    kl_divergence(p, q)
    cross_entropy(p, q)
    entropy(p)
    mutual_information(np.diag(p))
    assert np.array_equal(p, before[0])
    assert np.array_equal(q, before[1])


def test_large_batches_are_read_in_parts() -> None:
    p = np.random.default_rng(23).dirichlet(np.ones(1000), 300)
    rows = [entropy(row) for row in p]
    assert entropy(p) == pytest.approx(np.array(rows), rel=1e-14, abs=0)
    assert entropy(p.T, axis=0) == pytest.approx(np.array(rows), rel=1e-14, abs=0)
    p[257, 3] = -0.25
    with pytest.raises(ValueError, match=r"p\[257, 3\] = -0.25 is negative"):
        entropy(p)
    p[257, 3] = 0.25
    with pytest.raises(ValueError, match=r"p\[257, :\] sums to 1.2"):
        entropy(p)


# Laws in parts; tests/test_chunked.py takes them through Dask.


def test_parts_of_laws_that_are_right() -> None:
    p, counts = np.ones((2, 3)), np.ones((5, 2, 3), dtype=int)
    assert _checks.outcomes_of_parts(0, {"p": p, "q": p[:, :1]}) == -2
    assert _checks.outcomes_of_parts(1, {"p": p, "q": counts}) == -2
    assert _checks.outcomes_of_parts(-1, {"p": p, "q": counts}) == -1
    single = np.array([[0.1, 0.2], [0.3, 0.4]], dtype=np.float32)
    found = _checks.sums_of_part("p", single, 0, (5, 10))
    assert found.dtype == np.float64
    assert_allclose(found, single.astype(np.float64).sum(axis=0, keepdims=True), rtol=1e-15)
    assert _checks.sums_of_part("p", p[:, :0], 1, (5, 10)).tolist() == [[0], [0]]
    sums = np.array([1.0, 1 + 1e-6])
    assert _checks.sums_of_laws("p", sums, np.dtype(np.float32), 4, -1, (3,)) is sums
    many = np.array([1.0, 1 + 1e-5])  # rounding errors add up
    assert _checks.sums_of_laws("p", many, np.dtype(np.float32), 10**5, -1, (3,)) is many
    assert _checks.sums_of_laws("p", many[:0], np.dtype(np.float32), 4, -1, (3,)).size == 0
    gaps = _checks.gaps_of_part("points", np.array([1, 2, 4]), np.array([2, 4, 4]), (7,))
    assert gaps.tolist() == [1, 2, 0]
    assert gaps.dtype == np.float64


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.ones((2, 3), bool), TypeError, "p has dtype bool; give an array of real numbers"),
        (
            SimpleNamespace(dtype=np.dtype(float), shape=(math.nan, 3)),
            ValueError,
            (
                "p has the unknown shape (nan, 3); give an array of known shape, such as one after "
                "compute_chunk_sizes()"
            ),
        ),
        (
            np.ones((0, 3)),
            ValueError,
            "p is empty, with shape (0, 3); give at least one number",
        ),
    ],
)
def test_arrays_that_are_no_parts_of_laws(
    array: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        _checks.outcomes_of_parts(0, {"p": array})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (-1.0, "p[6, 11] = -1.0 is negative; probabilities are ≥ 0"),
        (math.nan, "p[6, 11] = nan is not a number; give probabilities ≥ 0"),
    ],
)
def test_entries_of_parts_are_counted_from_their_start(entry: float, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _checks.sums_of_part("p", np.array([[0.1, 0.2], [0.3, entry]]), 1, (5, 10))


@pytest.mark.parametrize(
    ("axis", "entry"), [(-1, "p[4, :]"), (1, "p[4, :]"), (0, "p[:, 4]"), (-2, "p[:, 4]")]
)
def test_sums_of_all_parts_are_those_of_laws(axis: int, entry: str) -> None:
    message = (
        f"{entry} sums to 1.00001, not 1; if these are counts or weights, divide by their sum: "
        f"p / p.sum(axis={axis}, keepdims=True)"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _checks.sums_of_laws("p", np.array([1, 1.00001]), np.dtype(np.float32), 4, axis, (3,))


@pytest.mark.parametrize(
    ("here", "message"),
    [
        ([1, 2, 4.5], "points[9] = 4.5 is larger than the next; give points in order"),
        ([1, math.inf, 4], "points[8] = inf is not a finite number; give finite numbers"),
        ([1, math.nan, 4], "points[8] = nan is not a finite number; give finite numbers"),
    ],
)
def test_points_in_parts_are_in_order(here: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _checks.gaps_of_part("points", np.array(here), np.array([2, 4, 4]), (7,))


# What few functions ask for.


def test_weights_are_divided_by_their_sum() -> None:
    found = _checks.weights("weights", [0.25, 0.0, 0.75 + 5e-10], 3)
    assert [*found] == [0, 2]
    assert math.fsum(found.values()) == pytest.approx(1, abs=1e-15)
    assert found[0] / found[2] == pytest.approx(0.25 / (0.75 + 5e-10), rel=1e-15, abs=0)


def test_shape_of_costs_is_asked_for() -> None:
    p, q = (_checks.law(-1, "p", law) for law in ([0.5, 0.25, 0.25], [0.5, 0.5]))
    message = (
        "cost has shape (2, 2), and p and q have 3 and 2 outcomes; give a matrix of shape (3, 2)"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _checks.cost(np.ones((2, 2)), p, q)


# Limits, and what is checked in many matrices at once.


def fails(message: str) -> AbstractContextManager[Any]:
    return pytest.raises(ValueError, match=f"^{re.escape(message)}")


def test_counts_fit_into_the_machine() -> None:
    assert _checks.count("n", sys.maxsize) == sys.maxsize
    with fails(f"n is too large; give an integer ≤ {sys.maxsize}"):
        _checks.count("n", sys.maxsize + 1)


def test_lists_in_lists() -> None:
    value: Any = 0.5
    for _ in range(64):
        value = [value]
    assert _checks.reals("p", value).ndim == 64
    with fails("p is nested too deeply; give an array of at most 64 axes"):
        _checks.reals("p", [value])


def test_one_infinite_logit_in_each_row() -> None:
    rows = np.array([[math.inf, 0.0, 1.0], [0.0, math.inf, 1.0]])
    for axis, array in ((-1, rows), (-2, rows.T)):
        _, _, (found,) = _checks.given_and_logits(axis, {}, {"logits": array})
        assert np.array_equal(found, rows)
    with fails("logits is one number"):
        _checks.scores(-1, 1.0)


def test_sums_at_the_limit_of_the_tolerance() -> None:
    p = np.full(4, 0.25, dtype=np.float32)
    p[3] += np.float32(18 * np.finfo(np.float32).eps)
    assert _checks.law(-1, "p", p).total == 1 + 18 * 2.0**-23
    total = np.array([1, 1 + 18 * 2.0**-23])
    assert _checks.sums_of_laws("p", total, p.dtype, 4, -1, ()) is total
    long = np.array([[1 + 18 * 2.0**-23, 0, 0, 0]], dtype=np.float32)
    assert np.array_equal(_checks.unit_vectors("lines", long, 4), long)


def test_large_arrays_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_checks, "PART", 60)
    rng = np.random.default_rng(24)
    for n in (20, 60, 70):
        p = rng.dirichlet(np.ones(n), 5)
        for axis, array in ((-1, p), (-2, np.ascontiguousarray(p.T))):
            law = _checks.law(axis, "p", array)
            assert_allclose(law.total, p.sum(axis=1), rtol=1e-15)
            assert np.array_equal(law.values, p)


def test_infinite_entries_of_parts() -> None:
    with fails("p[6, 11] = inf is infinite; probabilities are ≤ 1"):
        _checks.sums_of_part("p", np.array([[0.1, 0.2], [0.3, math.inf]]), 1, (5, 10))


def test_zeros_have_no_sign() -> None:
    p = _checks.law(-1, "p", [1.0])
    assert not np.signbit(_checks.cost([[-0.0]], p, p)).any()
    assert not np.signbit(_checks.points("x", [-0.0, 1.0])).any()


def test_places_of_all_outcomes() -> None:
    p = _checks.law(-1, "p", [0.5, 0.5])
    for x, y, name in (([0, 1, 2], [0, 1], "x"), ([0, 1], [0, 1, 2], "y")):
        with fails(f"{name} has 3 points; give 2, one for each outcome"):
            _checks.places(x, y, p, p)


def test_small_matrices_are_symmetric_too() -> None:
    skew = np.array([[1.0, 0.5], [0.4, 1.0]])
    for scale in (1e-12, 1.0, 1e12):
        with fails(f"kernel[0, 1] = {0.5 * scale!s} differs"):
            _checks.pairs("kernel", skew * scale, 2)
        for check in (_checks.covariance, _checks.semidefinite):
            with fails(f"cov[0, 1] = {0.5 * scale!s} differs"):
                check("cov", skew * scale)
    rounded = [[1.0, 0.0], [1e-9, 1.0]]
    assert np.array_equal(_checks.covariance("cov", rounded).matrix, rounded)


@pytest.mark.parametrize("check", [_checks.covariance, _checks.semidefinite])
def test_each_matrix_is_checked_for_itself(check: Callable[..., _checks.Covariance]) -> None:
    many = np.broadcast_to(np.diag([2.0, 1.0]), (2, 100, 2, 2)).copy()
    assert check("cov", many).factor.shape == many.shape
    many[0, 0] *= 1e12
    many[1, 7] = [[1.0, 0.25], [0.25 + 1e-8, 1.0]]
    with fails("cov[1, 7, 0, 1] = 0.25 differs"):
        check("cov", many)
    with fails("cov[1, 0, 1] = 0.25 differs"):
        check("cov", many[1, 6:8])
    many[1, 7, 1, 0] = 0.25
    assert np.array_equal(check("cov", many).matrix, many)
    many[1, 7] = [[1.0, 2.0], [2.0, 1.0]]
    with fails("cov[1, 7] "):
        check("cov", many)
    single = np.broadcast_to(np.eye(2, dtype=np.float32), (1, 100, 2, 2)).copy()
    single[0, 0, 1, 0] = 20 * np.finfo(np.float32).eps  # more than rounding in two dimensions
    with fails("cov[0, 0, 0, 1] = 0.0 differs"):
        check("cov", single)
    with fails("cov has shape (3, 2, 3); give square matrices"):
        check("cov", np.ones((3, 2, 3)))


def test_pivots_of_many_matrices() -> None:
    nearly = np.array([[1.0, 1.0], [1.0, 1 + 2.0**-47]])
    many = np.broadcast_to(nearly, (1, 100, 2, 2))
    assert _checks.covariance("cov", many).factor.shape == many.shape


def test_batches_of_means_and_covariances() -> None:
    eyes = [_checks.semidefinite("cov", np.broadcast_to(np.eye(2), (n, 2, 2))) for n in (1, 2, 3)]
    for m, n, i, j in (
        ((2,), (2,), 1, 2),
        ((3, 2), (2,), 1, 0),
        ((2,), (3, 2), 1, 0),
        ((3, 2), (2, 2), 0, 0),
        ((3, 2), (2,), 0, 1),
    ):
        p, q = eyes[i], eyes[j]
        message = (
            f"the shapes do not broadcast: mean_p has {m}, mean_q has {n}, "
            f"cov_p has {p.matrix.shape[:-1]}, cov_q has {q.matrix.shape[:-1]}; give matching"
        )
        with fails(message):
            _checks.means(np.zeros(m), np.zeros(n), p, q)


def test_convex_functions_are_tried_around_one() -> None:
    def through(*values: float) -> Callable[[Array], Array]:
        return lambda u: np.interp(u, [0.5, 1.0, 1.5, 2.0], values)

    nothing = np.zeros(0)
    with fails("f(1.0) is 1.0, above the chord from 0.5 to 2.0; give a convex function"):
        _checks.convex("f", through(0, 1, 0, 0), nothing)
    with fails("f(1.0) is nan"):
        _checks.convex("f", through(0, math.nan, 0, 0), np.array([3.0]))
    _checks.convex("f", np.zeros_like, np.array([3.0]))
    _checks.convex("f", through(1e8, 0, 1, 0), np.array([1.5]))  # 1 is rounding here


def test_kernels_of_any_size_are_symmetric() -> None:
    points = np.array([0.0, 1.0, 3.0])
    _checks.symmetric_kernel("kernel", lambda x, y: np.zeros((len(x), len(y))), points)
    for size in (1e-6, 1.0, 1e6):

        def kernel(x: Array, y: Array, size: float = size) -> Array:
            return size * (x[:, None] - y)

        with fails(f"kernel is {-size!s} for the points 0.0 and 1.0, and {size!s} for the same"):
            _checks.symmetric_kernel("kernel", kernel, points)


def test_large_integers_are_not_rounded() -> None:
    message = (
        f"x[0] = {2**53 + 1} is no float, and would be rounded; "
        "give smaller integers, such as differences from one of them, or floats"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _checks.numbers("x", [2**53 + 1])


def test_all_parts_of_a_large_array_are_looked_at() -> None:
    x = np.zeros(40_000)
    assert _checks.numbers("x", x) is x
    x[-1] = math.nan
    with fails("x[39999] = nan is not a finite number"):
        _checks.numbers("x", x)
    p = np.full(40_000, 1 / 39_999)
    p[-1] = -0.0
    assert not np.signbit(_checks.law(-1, "p", p).values).any()
