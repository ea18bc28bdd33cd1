"""Sums over laws of any length and shape, and over parts of laws, by plain formulas."""

import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from refimpl import (
    _checks,
    _sums,
    chi_square,
    cross_entropy,
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
from tests.strategies import Array

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
        "f": (np.asarray(f_divergence("chi_square", a, b)), (p - q) ** 2 / q),
    }
    found = {name: (value, each.sum(axis=-1)) for name, (value, each) in terms.items()}
    for alpha in (0.25, 0.5, 0.75, 3.0):
        sums = np.log((p**alpha * q ** (1 - alpha)).sum(axis=-1)) / (alpha - 1)
        found[f"renyi {alpha}"] = np.asarray(renyi_divergence(a, b, alpha)), sums
    return found


@pytest.mark.parametrize("n", [2, 7, 1500])
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


def test_no_warnings_where_functions_are_quiet() -> None:
    with np.errstate(all="raise"):
        assert _sums.quiet(math.exp)(0.0) == 1
        assert _sums.quiet(lambda x: float(np.log(x)))(np.float64(0)) == -np.inf
        with pytest.raises(FloatingPointError):
            np.log(np.zeros(1))
