"""Sums over laws of any length and shape, and over parts of laws, by plain formulas."""

import functools
import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath as mp  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from refimpl import (
    Generator,
    _checks,
    _sums,
    bayes_error,
    chi_square,
    clipped_kl_divergence,
    cross_entropy,
    cross_entropy_loss,
    entropy,
    f_divergence,
    hellinger_distance,
    js_divergence,
    kl_divergence,
    mutual_information,
    renyi_divergence,
    total_variation,
    wasserstein_1d,
)
from tests import oracles
from tests.strategies import Array

QUADRATIC = Generator(
    function=lambda u: np.square(u - 1),
    at_zero=1.0,
    slope_at_infinity=math.inf,
    derivative=lambda u: 2 * (u - 1),
)
PARTS = [slice(0, 20), slice(20, 21), slice(21, 50)]


@pytest.fixture(params=[3, 60, 1 << 15])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let laws be read in short chunks too."""
    monkeypatch.setattr(_sums, "CHUNK", request.param)
    return int(request.param)


def three_laws(seed: int) -> list[NDArray[np.float32]]:
    """Return laws in single precision, whose sums are not 1, with an outcome above 1/2."""
    rng = np.random.default_rng(seed)
    laws = rng.dirichlet(np.ones(50), (3, 2, 4))
    laws[:, 0, 1] /= 4
    laws[:, 0, 1, 30] += 0.75
    laws[:, 1, 3] = laws[0, 1, 3] * (1 + 1e-4 * rng.standard_normal((3, 50)))
    laws[1, 0, 0, 5] = laws[0, 0, 0, 6] = laws[:, 0, 0, 7] = 0
    return [*(laws / laws.sum(axis=-1, keepdims=True)).astype(np.float32)]


@pytest.mark.usefixtures("chunk")
def test_divergences_of_parts() -> None:
    p, q, _ = three_laws(0)
    mass = p.sum(axis=-1, dtype=np.float64)
    excess = sum(_sums.excess_of_part(p[..., x], q[..., x]) for x in PARTS)
    exact = [
        float(sum(map(Fraction, b)) - sum(map(Fraction, a)))
        for a, b in zip(p.reshape(8, 50).tolist(), q.reshape(8, 50).tolist(), strict=True)
    ]
    assert_allclose(np.ravel(excess), exact, rtol=1e-12, atol=1e-17)
    r = excess / mass
    with np.errstate(all="ignore"):
        nats = sum(_sums.relative_entropy_of_part(p[..., x], q[..., x], r) for x in PARTS)
    assert_allclose(nats / mass, kl_divergence(p, q), rtol=1e-12)
    moved = sum(_sums.total_variation_of_part(p[..., x], q[..., x], r) for x in PARTS)
    assert_allclose(moved / mass / 2, total_variation(p, q), rtol=1e-12)


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("top", [0, 1, 2])
def test_mixtures_of_parts(top: int) -> None:
    laws, weights = three_laws(1), [0.2, 0.5, 0.3]
    mass = laws[top].sum(axis=-1, dtype=np.float64)
    excess = [(law.sum(axis=-1, dtype=np.float64) - mass) / mass for law in laws]
    with np.errstate(all="ignore"):
        parts = [
            _sums.jensen_shannon_of_part([law[..., x] for law in laws], excess, weights, top)
            for x in PARTS
        ]
    assert_allclose(sum(parts) / mass, js_divergence(*laws, weights=weights), rtol=1e-11)


@pytest.mark.usefixtures("chunk")
def test_information_of_parts() -> None:
    p, *_ = three_laws(2)
    p[1, 0, 9] = 0.5  # exactly a half is among the others
    masses = {
        above: sum(_sums.mass_of_part(p[..., x], above_half=above) for x in PARTS)
        for above in (False, True)
    }
    for above, mass in masses.items():
        assert_allclose(
            mass, np.where((p > 0.5) == above, p, 0).sum(axis=-1, dtype=np.float64), rtol=1e-15
        )
    with np.errstate(all="ignore"):
        nats = sum(_sums.information_of_part(p[..., x]) for x in PARTS)
    for row, value in zip(p.reshape(8, 50), np.ravel(nats), strict=True):
        terms = [-x * math.log(x) for x in row.tolist() if 0 < x <= 0.5]
        assert value == pytest.approx(math.fsum(terms), rel=1e-14, abs=0)


def test_long_rows_of_parts_are_read_one_by_one() -> None:
    p, q = np.random.default_rng(5).dirichlet(np.ones(_sums.CHUNK + 1), (2, 2))
    nats = _sums.relative_entropy_of_part(p, q, np.zeros(2))
    for i in range(2):
        assert _sums.relative_entropy_of_part(p[i : i + 1], q[i : i + 1], np.zeros(1)) == nats[i]


@pytest.mark.usefixtures("chunk")
def test_area_of_parts() -> None:
    p, q, _ = three_laws(3)
    points = np.sort(np.random.default_rng(4).standard_normal(50))
    gaps = np.append(np.diff(points), 0.0)
    mass = p.sum(axis=-1, dtype=np.float64)
    r = (q.sum(axis=-1, dtype=np.float64) - mass) / mass
    area, below = np.zeros(mass.shape), np.zeros(mass.shape)
    for x in PARTS:
        area += _sums.area_of_part(p[..., x], q[..., x], gaps[x], r, below)
        below += (q[..., x] / (1 + r[..., None]) - p[..., x]).sum(axis=-1)
    for i in np.ndindex(mass.shape):
        line = wasserstein_1d(points, points, x_weights=p[i], y_weights=q[i])
        assert area[i] / mass[i] == pytest.approx(line, rel=1e-11, abs=0)


# Whole laws.


def plain(p: Array, q: Array, a: Array, b: Array) -> dict[str, tuple[Array, Array]]:
    """Return what `refimpl` gives for a and b, and what plain formulas give for p and q."""
    ratio, m = p / q, (p + q) / 2
    kl, lk = p * np.log(p / m), q * np.log(q / m)
    terms: dict[str, tuple[Array, Array]] = {
        "kl": (np.asarray(kl_divergence(a, b)), p * np.log(ratio)),
        "bits": (np.asarray(kl_divergence(a, b, base=2)), p * np.log2(ratio)),
        "base 3": (np.asarray(kl_divergence(a, b, base=3)), p * np.log(ratio) / math.log(3)),
        "js": (np.asarray(js_divergence(a, b)), (kl + lk) / 2),
        "js in bits": (np.asarray(js_divergence(a, b, base=2)), (kl + lk) / 2 / math.log(2)),
        "entropy": (np.asarray(entropy(a)), -p * np.log(p)),
        "cross entropy": (np.asarray(cross_entropy(a, b)), -p * np.log(q)),
        "in base 3": (np.asarray(cross_entropy(a, b, base=3)), -p * np.log(q) / math.log(3)),
        "tv": (np.asarray(total_variation(a, b)), np.abs(p - q) / 2),
        "chi": (np.asarray(chi_square(a, b)), (p - q) ** 2 / q),
        "hellinger": (hellinger_distance(a, b) ** 2, (np.sqrt(p) - np.sqrt(q)) ** 2),
        "f": (np.asarray(f_divergence(QUADRATIC, a, b)), (p - q) ** 2 / q),
        "bayes": (np.asarray(bayes_error(a, b, weight=0.3)), np.minimum(0.3 * p, 0.7 * q)),
        "clipped": (
            np.asarray(clipped_kl_divergence(a, b, epsilon=0.1)),
            np.maximum(p, 0.1) * np.log(np.maximum(p, 0.1) / np.maximum(q, 0.1)),
        ),
        "added": (
            np.asarray(clipped_kl_divergence(a, b, epsilon=0.1, how="add", base=2)),
            p * np.log2((p + 0.1) / q),
        ),
    }
    found = {name: (value, each.sum(axis=-1)) for name, (value, each) in terms.items()}
    for alpha in (0.25, 0.5, 0.75, 3.0):
        sums = np.log((p**alpha * q ** (1 - alpha)).sum(axis=-1)) / (alpha - 1)
        found[f"renyi {alpha}"] = np.asarray(renyi_divergence(a, b, alpha)), sums
        bits = np.asarray(renyi_divergence(a, b, alpha, base=2))
        found[f"renyi {alpha} in bits"] = bits, sums / math.log(2)
    m = (p + 3 * q) / 4
    both = (p * np.log(p / m) + 3 * q * np.log(q / m)) / 4
    found["weighted js"] = np.asarray(js_divergence(a, b, weights=[0.25, 0.75])), both.sum(axis=-1)
    return found


@pytest.mark.parametrize("n", [2, 7, 2500])
@pytest.mark.parametrize("shapes", [((), ()), ((2, 1), (3,)), ((), (4,))])
def test_laws_of_any_shape(
    n: int,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    chunk: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n = min(n, 10 * chunk)
    monkeypatch.setattr(_checks, "PART", 512)
    rng = np.random.default_rng(n)
    for kind in ("apart", "near", "sure"):
        p, q = (rng.dirichlet(np.full(n, 2.0), shape) for shape in shapes)
        if kind == "near":
            q = p * (1 + 1e-2 * (rng.random((*shapes[1], n)) - 0.5))
        if kind == "sure":
            p[..., -1] += 500
            q[..., -1] += 900
        p, q = (law / law.sum(axis=-1, keepdims=True) for law in (p, q))
        # Sums may differ from 1 by rounding, of which these are extreme cases.
        for factors in ((1, 1), (1 + 8e-10, 1 - 8e-10)):
            a, b = (law * factor for law, factor in zip((p, q), factors, strict=True))
            for value, expected in plain(p, q, a, b).values():
                assert np.shape(value) == np.shape(expected)
                assert_allclose(value, expected, rtol=2e-10, atol=1e-15)
        if kind == "sure":  # which has entries that are 0 in half precision
            continue
        # In half precision sums may differ from 1 by more than 1 %.
        a, b = ((law * factor).astype(np.float16) for law, factor in ((p, 1.01), (q, 0.99)))
        p, q = (law.astype(np.float64) for law in (a, b))
        p, q = (law / law.sum(axis=-1, keepdims=True) for law in (p, q))
        for value, expected in plain(p, q, a, b).values():
            assert_allclose(value, expected, rtol=2e-10, atol=1e-15)


@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_joint_laws_of_any_shape(shape: tuple[int, ...]) -> None:
    for dependence in (0.01, 1.0):
        rng = np.random.default_rng(len(shape))
        marginals = rng.dirichlet(np.ones(3), shape)[..., None] * rng.dirichlet(np.ones(4))
        joint = marginals * (1 + dependence * rng.random((*shape, 3, 4)))
        joint /= joint.sum(axis=(-2, -1), keepdims=True)
        both = joint.sum(axis=-1, keepdims=True) * joint.sum(axis=-2, keepdims=True)
        expected = (joint * np.log(joint / both)).sum(axis=(-2, -1))
        assert_allclose(mutual_information(joint), expected, rtol=1e-9)


def test_rows_do_not_mix() -> None:
    rng = np.random.default_rng(5)
    p, q = rng.dirichlet(np.ones(4), (2, 7))
    p[0], q[0] = [0.5, 0.5, 0, 0], [0, 0, 0.25, 0.75]
    p[1], q[1] = [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]
    p[2], q[2] = [1, 0, 0, 0], [1 - 3e-9, 1e-9, 1e-9, 1e-9]
    p[3] = q[3] * (1 + 1e-9 * np.array([1, -1, 1, -1]))
    p[3] /= p[3].sum()
    p[4] = q[4]
    formulas: list[Callable[[Array, Array], Any]] = [
        kl_divergence,
        js_divergence,
        total_variation,
        hellinger_distance,
        chi_square,
        cross_entropy,
        lambda a, b: entropy(a) + entropy(b),
        *(
            functools.partial(renyi_divergence, alpha=alpha)
            for alpha in (0, 0.25, 0.5, 2, 50, math.inf)
        ),
    ]
    for formula in formulas:
        rows = [formula(a, b) for a, b in zip(p, q, strict=True)]
        assert_allclose(formula(p, q), rows, rtol=1e-14)
        assert_allclose(formula(p.reshape(7, 1, 4), q)[np.diag_indices(7)], rows, rtol=1e-14)
    joint = rng.dirichlet(np.ones(6), 3).reshape(3, 2, 3).astype(np.float32)
    assert_allclose(mutual_information(joint), [mutual_information(x) for x in joint], rtol=1e-13)
    flat, (x, given) = _sums.flattened(joint), _sums.conditionals(joint)
    for i, table in enumerate(joint.astype(np.float64)):
        assert_allclose(flat.values[i], table.ravel())
        assert flat.total[i] == pytest.approx(table.sum(), rel=1e-15, abs=0)
        assert_allclose(x[i], table.sum(axis=1), rtol=1e-15)
        assert_allclose(given.values[i], table / table.sum(axis=1, keepdims=True), rtol=1e-14)
        assert_allclose(given.total[i], given.values[i].sum(axis=1), rtol=1e-15)


@np.errstate(all="ignore")
def test_rows_of_logits_do_not_mix() -> None:
    v, z = 3 * np.random.default_rng(6).standard_normal((2, 5, 4))
    z[0, 1] = v[1, 2] = v[2, 0] = z[2, 0] = -np.inf
    z[3] = v[3] + [0, 1e-9, -1e-9, 0]
    both = _sums.compare(v, z, 2.0)
    for i in range(5):
        for name, value in _sums.compare(v[i], z[i], 2.0)._asdict().items():
            assert_allclose(getattr(both, name)[i], value, rtol=1e-14, atol=1e-25)
        p, q = (np.exp(a[i] / 2) / np.exp(a[i] / 2).sum() for a in (v, z))
        assert_allclose(both.p[i], p, rtol=1e-14)
        assert_allclose(both.difference[i], q - p, atol=1e-15)
        assert both.divergence[i] == pytest.approx(kl_divergence(p, q), rel=2e-6, abs=0)
    assert both.divergence[0] == np.inf


def test_joint_laws_in_low_precision() -> None:
    laws = np.random.default_rng(7).dirichlet(np.ones(12), 3).reshape(3, 3, 4)
    laws[1] = laws[1].sum(axis=1, keepdims=True) * laws[1].sum(axis=0)  # nearly independent
    for dtype, sums in ((np.float16, [1.01, 1, 0.99]), (np.float32, [1 + 1e-6, 1, 1 - 1e-6])):
        joint = (laws * np.reshape(sums, (3, 1, 1))).astype(dtype)
        p = joint.astype(np.float64)
        exact = mutual_information(p / p.sum(axis=(-2, -1), keepdims=True))
        assert_allclose(mutual_information(joint), exact, rtol=1e-12, atol=1e-23)


def test_error_of_a_product_is_exact() -> None:
    x, y = np.random.default_rng(8).random((2, 500))
    error = _sums.product_error(x, y, x * y)
    for a, b, product, rest in zip(*(z.tolist() for z in (x, y, x * y, error)), strict=True):
        assert Fraction(a) * Fraction(b) == Fraction(product) + Fraction(rest)


def test_means_of_exponentials_in_rows_of_different_sizes() -> None:
    x = np.array([[1000.0, 1001.0], [-1000.0, -1001.0], [1e-9, 3e-9]])
    w = np.array([0.5, 0.5], dtype=np.float32)
    high, low = math.log((1 + math.e) / 2), math.log((1 + 1 / math.e) / 2)
    expected = [1000 + high, low - 1000, 2e-9 + 0.5e-18]
    with np.errstate(all="ignore"):
        assert_allclose(_sums.log_mean_exp(w, x), expected, rtol=1e-15)
    weights = np.array([[0.5, 0.25, 0.2656]], dtype=np.float16)
    values = np.array([[1.0, 2.0, 3.0]])
    w = weights[0].astype(np.float64)
    assert_allclose(_sums.mean(weights, values), [w @ values[0] / w.sum()], rtol=1e-15)


def test_cross_entropy_of_logits_by_its_formula() -> None:
    p = np.array([[0.5, 0.25, 0.2656], [0.5, 0.484, 0.0]], dtype=np.float16)
    law = _checks.law(-1, "p", p)
    y = p.astype(np.float64)
    y /= y.sum(axis=-1, keepdims=True)
    z = np.array([[0.0, -1.0, 2.0], [1.0, 0.5, -np.inf]])
    for temperature in (0.5, 1.0, 2.0):
        powers = np.exp(z / temperature)
        q = powers / powers.sum(axis=-1, keepdims=True)
        nats = -np.where(y > 0, y * np.log(q, out=np.zeros_like(q), where=q > 0), 0).sum(axis=-1)
        unit = _checks.unit(2)
        with np.errstate(all="ignore"):
            found = _sums.cross_entropy_of_logits(law, z, temperature, unit)
            softmax = _sums.softmax(z, temperature)
            assert_allclose(softmax.cross_entropy(*law), nats, rtol=1e-14)
            assert_allclose(softmax.minus(*law), q - y, atol=1e-15)
        assert_allclose(found, nats / math.log(2), rtol=1e-14)


def test_cross_entropy_of_many_logits() -> None:
    n = _sums.CHUNK + 500
    z = np.sin(np.arange(n))
    for top in (0, _sums.CHUNK - 1, _sums.CHUNK, n - 1):
        z[top] = 40.0
        p = np.linspace(0, 2 / n, n)
        powers = np.exp(z - 40)
        expected = p @ (40 - z) + math.log(math.fsum(powers))
        assert cross_entropy_loss(p, z) == pytest.approx(expected, rel=1e-13, abs=0)
        sure = np.arange(n) == top
        # The rest of the sum is far below the rounding of its largest term.
        rest = math.log1p(math.fsum(powers[~sure]))
        assert cross_entropy_loss(sure.astype(float), z) == pytest.approx(rest, rel=1e-13, abs=0)
        z[top] = -math.inf
        assert cross_entropy_loss(np.roll(sure, 1).astype(float), z) < math.inf
        assert cross_entropy_loss(sure.astype(float), z) == math.inf
        z[top] = math.inf
        assert cross_entropy_loss(sure.astype(float), z) == 0
        z[top] = 0.0
    both = cross_entropy_loss([p, sure.astype(float)], [z, -z])
    assert_allclose(
        both, [cross_entropy_loss(p, z), cross_entropy_loss(sure.astype(float), -z)], rtol=1e-13
    )


def exact_comparison(v: Array, z: Array) -> tuple[Array, float]:
    """Return q - p and KL(p ‖ q) of two rows of logits."""
    with mp.workdps(60):
        both = [[mp.exp(mp.mpf(x)) for x in row.tolist()] for row in (v, z)]
        p, q = ([x / mp.fsum(row) for x in row] for row in both)
        kl = mp.fsum(a * mp.log(a / b) for a, b in zip(p, q, strict=True))
        return np.array([float(b - a) for a, b in zip(p, q, strict=True)]), float(kl)


def test_comparison_of_logits_keeps_the_digits() -> None:
    v = np.array([[0.1, 0.7, -0.3], [0.0, -3.0, -4.0], [0.0, -3.0, -3.5], [0.0, -28.0, -40.0]])
    z = v + np.array([[1e-9, 3e-9, -2e-9], [0, 1.5, 0], [0, -1.5, 0], [0, 2, 1]])
    for logits in (z, z + 100.3, z - 1e3 / 3):
        found = _sums.compare(v, logits, 1.0)
        for i, row in enumerate(logits):
            difference, kl = exact_comparison(v[i], row)
            assert_allclose(found.divergence[i], kl, rtol=1e-12)
            assert_allclose(found.difference[i], difference, rtol=1e-9, atol=1e-24)


def test_rows_longer_than_what_is_added_in_one_go() -> None:
    p, q = np.random.default_rng(21).dirichlet(np.ones(2048), (2, 2))
    assert_allclose(kl_divergence(p, q), [*map(kl_divergence, p, q)], rtol=1e-15)


def test_many_long_rows() -> None:
    rng = np.random.default_rng(9)
    for shape in ((70, 1000), (3, _sums.CHUNK + 1), (2, 20_000)):
        p, q = rng.dirichlet(np.ones(shape[1]), (2, shape[0])) + 1e-6
        p, q = (law / law.sum(axis=1, keepdims=True) for law in (p, q))
        assert_allclose(kl_divergence(p, q), (p * np.log(p / q)).sum(axis=1), rtol=1e-11)
        assert_allclose(cross_entropy(p, q), -(p * np.log(q)).sum(axis=1), rtol=1e-12)
        assert_allclose(total_variation(p, q), np.abs(p - q).sum(axis=1) / 2, rtol=1e-12)


def test_long_rows_that_are_not_far_apart() -> None:
    rng = np.random.default_rng(12)
    p = rng.dirichlet(np.ones(5000), 3)
    q = p * rng.uniform(0.5, 1.5, (3, 5000))
    q /= q.sum(axis=1, keepdims=True)
    for base in (2, 3):
        bits = (p * np.log(p / q)).sum(axis=1) / math.log(base)
        assert_allclose(kl_divergence(p, q, base=base), bits, rtol=1e-12)


def test_sure_long_rows() -> None:
    p = np.full((2, 2 * _sums.CHUNK), 1e-9)
    p[:, 5] = 1 - p[:, 6:].sum(axis=1) - 5e-9
    expected = -(p * np.log(p)).sum(axis=1)
    assert_allclose(entropy(p), expected, rtol=1e-12)


def test_ratios_that_are_no_floats() -> None:
    p, q = [0.5, 0.5, 0.0], [1e-320, 1 - 1e-3, 1e-3]
    nats = 0.5 * (math.log(0.5) - math.log(1e-320)) + 0.5 * math.log(0.5 / (1 - 1e-3))
    for base in (2, 3, 10):
        assert kl_divergence(p, q, base=base) == pytest.approx(nats / math.log(base), rel=1e-14)
    least = 5e-324
    assert js_divergence([1.0, least, 0.0], [0.0, 0.0, 1.0]) == pytest.approx(math.log(2))
    assert chi_square([1.0, 2e-200], [1.0, 1e-200]) == pytest.approx(1e-200, rel=1e-14, abs=0)
    assert chi_square([1.0, 1e-200], [1.0, 0.0]) == math.inf
    zero, one = np.zeros(1), np.ones(1)
    with np.errstate(all="ignore"):
        assert _sums.log_ratio(zero, one) == 0
        assert _sums.log_ratio(one, zero) == math.inf


def test_the_same_law_with_another_sum() -> None:
    p = np.array([0.5, 0.5, 0.0], dtype=np.float16)
    q = np.array([0.508, 0.508, 0.0], dtype=np.float16)
    for order in (0.0, 0.25, 0.5, 0.75, 1.0, 3.0, 50.0, math.inf):
        for one, other in itertools.permutations((p, q), 2):
            assert abs(renyi_divergence(one, other, order)) <= 1e-15
    assert max(js_divergence(p, q), hellinger_distance(p, q), chi_square(p, q)) <= 1e-15
    assert total_variation(p, q) <= 1e-15


def test_inverse_of_the_entropy_of_a_coin() -> None:
    t = np.concatenate([[0.0, 5e-324, 1e-300], np.linspace(1e-3, 1 / 2, 99)])
    with np.errstate(all="ignore"):
        nats, gap = _sums.binary_entropy(t), _sums.coin_relative_entropy(1 - 2 * t)
        found = _sums.inverse_binary_entropy(nats, gap)
    assert_allclose(found, t, rtol=1e-13, atol=1e-323)


def test_no_rounding_tells_more_than_a_bit() -> None:
    rng = np.random.default_rng(43)
    for n in range(1, 40):
        p, q = np.zeros((2, n + 3))
        p[:n], q[n:] = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(3))
        for unit in (2.0, math.e, 1e300):
            assert js_divergence(p, q, base=unit) <= math.log(2) / math.log(unit)
        near = p * (1 + 1e-9 * rng.standard_normal(n + 3))
        others = np.stack([q, near / near.sum()])
        for distance, most in ((total_variation, 1.0), (hellinger_distance, math.sqrt(2))):
            assert distance(p, q) == most
            assert distance(p, others).tolist() == [most, distance(p, others[1])]


def test_half_of_the_smallest_float() -> None:
    expected = pytest.approx(js_divergence([0.5, 0.5], [0.1, 0.9]), rel=1e-15, abs=0)
    for here, there in ((5e-324, 0.0), (0.0, 5e-324), (5e-324, 5e-324)):
        assert js_divergence([0.5, 0.5, here], [0.1, 0.9, there]) == expected


@pytest.mark.parametrize("n", [3, 40, 3000])
def test_a_unit_changes_no_digits(n: int) -> None:
    rng = np.random.default_rng(n)
    functions: list[Callable[..., Any]] = [kl_divergence, js_divergence, cross_entropy]
    functions += [functools.partial(renyi_divergence, alpha=a) for a in (0.3, 2.0)]
    for step, share in itertools.product((1e-9, 1e-5, 1e-3, 0.3), (0.0, 1e-12, 1e-3)):
        p = rng.dirichlet(np.ones(n))
        q = p * np.maximum(1 + step * rng.standard_normal(n), 0.1)
        p[0], q[0], p[-1] = (1 + share) * q[0], (1 + 9 * share) * q[0], p[-1] / (1 + share)
        p, q = p / p.sum(), q / q.sum()
        sure = p * np.where(np.arange(n) > 0, step / n, 1.0)
        sure *= (1 + 1e-10) / sure.sum()
        for function, pair in itertools.product(functions, ((p, q), (sure, sure))):
            nats = function(*pair)
            for base, unit in ((1 + 2.0**-30, math.log1p(2.0**-30)), (1e300, math.log(1e300))):
                found = function(*pair, base=base) * unit
                assert found == pytest.approx(nats, rel=2e-15, abs=0)


@pytest.mark.parametrize("n", [3, 3000])
def test_laws_are_divided_by_their_sums(n: int) -> None:
    functions: list[Callable[..., Any]] = [kl_divergence, js_divergence, cross_entropy]
    functions += [total_variation, hellinger_distance, chi_square, bayes_error]
    functions += [functools.partial(renyi_divergence, alpha=a) for a in (0.3, 2.0, math.inf)]
    functions += [functools.partial(f_divergence, QUADRATIC), lambda p, q: js_divergence(p, q, p)]
    functions += [functools.partial(clipped_kl_divergence, epsilon=1e-3)]
    rng = np.random.default_rng(n)
    near = rng.dirichlet(np.full(n, 9.0))
    for other in (near * (1 + 0.1 * rng.random(n)), rng.dirichlet(np.full(n, 9.0))):
        p, q = (near * 1.004).astype(np.float16), (other / other.sum() * 0.995).astype(np.float16)
        exact = [np.asarray(a, dtype=np.float64) / a.sum(dtype=np.float64) for a in (p, q)]
        for function in functions:
            assert function(p, q) == pytest.approx(function(*exact), rel=1e-11, abs=0)
            assert function(q, p) == pytest.approx(function(*exact[::-1]), rel=1e-11, abs=0)


def test_sums_that_differ_by_as_much_as_rounding() -> None:
    p = np.full(49, 2.0**-6)
    p[0] += 1 - p.sum()
    q = p.copy()
    q[20:31] -= 2.0**-53
    exact = float(oracles.kl(p, q, digits=60))
    assert kl_divergence(p, q) == pytest.approx(exact, rel=1e-12, abs=0)
    rng = np.random.default_rng(10)
    for n in (50, 1000):
        p = np.full(n, 1 / n)
        q = p + 2.0**-50 / n * rng.integers(-3, 4, n)
        exact = float(oracles.kl(p, q, digits=60))
        assert kl_divergence(p, q) == pytest.approx(exact, rel=1e-10, abs=0)


@pytest.mark.parametrize("n", [2, 3, 40])
def test_laws_that_are_nearly_multiples(n: int) -> None:
    # All probabilities grow by a float or two, so that the laws divided by their sums are far
    # closer than the floats themselves: what is left has 15 digits nevertheless.
    rng = np.random.default_rng(n)
    for digits in range(1, 17):
        for top in (n * 10**digits, 10):
            part = (1 / 3 + rng.uniform(-1, 1) / top) / (n - 1)
            p = np.append(np.full(n - 1, part), 1 - (n - 1) * part)
            above = np.spacing(p)
            for q in (p + above, p + above * rng.integers(1, 3, n), p * (1 + 2.0**-40)):
                exact = float(oracles.kl(p, q, digits=120))
                assert kl_divergence(p, q) == pytest.approx(exact, rel=1e-14, abs=0)
                assert kl_divergence([p, p], [q, p[::-1]])[0] == pytest.approx(exact, rel=1e-14)


def test_what_rounding_leaves_between_multiples_is_nothing() -> None:
    for factor in 1 + np.logspace(-12, -9.5, 20):
        assert kl_divergence([factor, 0.0], [1.0, 0.0]) == 0


def test_orders_where_powers_of_ratios_are_tiny() -> None:
    p, q = [1 - 1e-3, 1e-3], [1 - 2e-3, 2e-3]
    exact = float(oracles.renyi(p, q, 50.0))
    assert renyi_divergence(p, q, 50) == pytest.approx(exact, rel=1e-12, abs=0)
    assert renyi_divergence([1, 0], [0.1, 0.9], 0) == pytest.approx(math.log(10), rel=1e-15)
    assert renyi_divergence([1, 0], [0, 1], 0.5) == math.inf


def test_orders_of_laws_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    p = np.array([[0.5, 0, 0, 0.5, 0], [1, 0, 0, 0, 0], [0.5, 0.3, 0.2, 0, 0], [0, 1, 0, 0, 0]])
    q = np.array(
        [[0, 0.5, 0.25, 0.25, 0], [1e-9, 1 - 1e-9, 0, 0, 0], [0.5, 0.2, 0.3, 0, 0], [0, 0, 1, 0, 0]]
    )
    orders = (0.0, 0.25, 0.5, 0.75, 2.0, 50.0, 1e4, math.inf)

    def divergences() -> list[Any]:
        return [
            renyi_divergence(np.roll(a, k, axis=1), np.roll(b, k, axis=1), alpha)
            for a, b in ((p, q), (q, p))
            for k in range(5)
            for alpha in orders
        ]

    at_once = divergences()
    monkeypatch.setattr(_sums, "CHUNK", 5)  # so pieces have two outcomes
    assert_allclose(divergences(), at_once, rtol=1e-13)


def test_heights_are_added_in_a_wider_float() -> None:
    p, q = np.array([[0.0, 0.0, 0.25]]), np.array([[0.25, 1e-18, 0.0]])
    area = _sums.area_of_part(p, q, np.array([0.0, 0.0, 1.0]), np.zeros(1), np.zeros(1))
    kept = np.longdouble(0.25) + np.longdouble(1e-18) - np.longdouble(0.25)
    assert area == float(kept)


def test_no_warnings_where_functions_are_quiet() -> None:
    with np.errstate(all="raise"):
        assert _sums.quiet(math.exp)(0.0) == 1
        assert _sums.quiet(lambda x: float(np.log(x)))(np.float64(0)) == -np.inf
        with pytest.raises(FloatingPointError):
            np.log(np.zeros(1))
