"""What packages print, at the version that ``book/errors-in-print.toml`` names.

Of these packages only SciPy is installed with the book; ``make errors`` runs all tests in the
environment of the benchmark. A test of another version is skipped: it may have been mended.
"""

from __future__ import annotations

import math
from importlib import metadata

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax
from scipy.stats import entropy, wasserstein_distance_nd


def of_version(package: str, version: str) -> pytest.MarkDecorator:
    """Return a mark that skips a test unless this version of a package is installed."""
    try:
        found = metadata.version(package)
    except metadata.PackageNotFoundError:
        found = "none"
    return pytest.mark.skipif(
        not found.startswith(version), reason=f"{package} is {found}, not {version}"
    )


scipy_1_17_1 = of_version("scipy", "1.17.1")
torch_2_13_0 = of_version("torch", "2.13.0")
dit_2_3 = of_version("dit", "2.3")
pot_0_9_7 = of_version("pot", "0.9.7")


@dit_2_3
def test_dit_transposes_the_distances() -> None:
    dit = pytest.importorskip("dit")
    distance = pytest.importorskip("dit.divergences").earth_movers_distance

    first = dit.Distribution([(0,), (1,)], [0.5, 0.5])
    second = dit.Distribution([(0,), (10,)], [0.9, 0.1])
    assert math.isclose(distance(first, second), 4.9)


@dit_2_3
def test_dit_drops_the_singular_part() -> None:
    dit = pytest.importorskip("dit")
    f_divergence = pytest.importorskip("dit.divergences").f_divergence

    p = dit.Distribution(["a", "b"], [0.5, 0.5])
    q = dit.Distribution(["a", "c"], [0.5, 0.5])
    generators = (lambda u: u * np.log2(u), lambda u: (u - 1) ** 2, lambda u: abs(u - 1) / 2)
    with np.errstate(all="ignore"):
        assert [f_divergence(p, q, generator) for generator in generators] == [0, 0, 0]


@scipy_1_17_1
def test_scipy_jensenshannon() -> None:

    chance = np.random.default_rng(0)
    found = []
    with np.errstate(all="ignore"):
        for _ in range(200):
            p = chance.dirichlet(np.ones(10))
            q = p * (1 + 1e-10 * chance.standard_normal(10))
            found.append(jensenshannon(p, q / q.sum()))
        assert np.isnan(found).any()
        assert jensenshannon([0, 1], [5e-324, 1]) == math.inf


@scipy_1_17_1
def test_scipy_entropy() -> None:

    p = [0.2, 0.3, 0.5]
    with np.errstate(all="ignore"):
        assert entropy([0.5, 0.5], base=1) == math.inf
    assert math.isclose(entropy(p, [1.0]), entropy(p, [1 / 3] * 3))


@scipy_1_17_1
def test_scipy_wasserstein_distance_nd() -> None:

    x, y = np.random.default_rng(0).random((2, 6, 2))
    small = wasserstein_distance_nd(1e-8 * x, 1e-8 * y)
    assert small > 1.05e-8 * wasserstein_distance_nd(x, y)


@pot_0_9_7
def test_pot_wasserstein_1d_of_integers() -> None:
    ot = pytest.importorskip("ot")

    assert ot.wasserstein_1d(np.array([0, 10]), np.array([5, 15])) == 0
    assert ot.wasserstein_1d(np.array([0.0, 10]), np.array([5.0, 15])) == 5


@pot_0_9_7
@pytest.mark.filterwarnings("ignore")
def test_pot_sinkhorn2() -> None:
    ot = pytest.importorskip("ot")

    half = np.array([0.5, 0.5])
    cost = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert 0 <= ot.sinkhorn2(np.array([math.nan, 0.5]), half, cost, 0.1) < 1
    x, y = np.random.default_rng(0).random((2, 5, 2))
    weights = np.full(5, 0.2)
    costs = ot.dist(x, y)
    assert ot.sinkhorn2(weights, weights, costs, 1e-4) < ot.emd2(weights, weights, costs) - 0.01


@torch_2_13_0
def test_torch_categorical() -> None:
    torch = pytest.importorskip("torch")
    distributions = torch.distributions

    fair, other = (
        distributions.Categorical(probs=torch.tensor(law, dtype=torch.float64))
        for law in ([0.5, 0.5], [1.0, 1e-300])
    )
    assert round(distributions.kl_divergence(fair, other).item(), 1) == 17.3


@torch_2_13_0
def test_torch_binary_cross_entropy() -> None:
    torch = pytest.importorskip("torch")

    probability, label = torch.tensor([[1e-300], [1.0]], dtype=torch.float64)
    assert torch.nn.functional.binary_cross_entropy(probability, label).item() == 100


@pytest.mark.parametrize(
    "package",
    [
        pytest.param("scipy", marks=scipy_1_17_1),
        pytest.param("torch", marks=torch_2_13_0),
        pytest.param("optax", marks=of_version("optax", "0.2.8")),
    ],
)
def test_losses_from_logits(package: str) -> None:
    if package == "scipy":
        loss = -log_softmax([40.0, 0.0])[0]
    elif package == "torch":
        torch = pytest.importorskip("torch")
        logits = torch.tensor([[40.0, 0.0]], dtype=torch.float64)
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([0])).item()
    else:
        optax = pytest.importorskip("optax")
        logits, labels = np.array([[40.0, 0.0]]), np.array([0])
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels)[0]
    assert loss == 0


@of_version("infomeasure", "0.6.3")
def test_infomeasure_kld() -> None:
    infomeasure = pytest.importorskip("infomeasure")

    found = infomeasure.kld([0, 1] * 5, [2, 3] * 5, approach="discrete")
    assert math.isclose(found, -math.log(2))
