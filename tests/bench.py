"""Time `refimpl` in units of one `np.log` pass over the same data: ``make bench``.

Plain NumPy is the formula alone, without checks and without a care for zeros.
SciPy is the fastest of its functions that returns the same number for laws.
The contenders take turns, so that a busy machine slows all of them, and the medians are shown.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, rel_entr

import refimpl

Laws = tuple[NDArray[np.float64], NDArray[np.float64]]
Contender = Callable[[NDArray[np.float64], NDArray[np.float64]], object]

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SECONDS_PER_ROW = 1.0

ENTROPY: dict[str, Contender] = {
    "np.log": lambda p, _: np.log(p),
    "refimpl": lambda p, _: refimpl.entropy(p),
    "numpy": lambda p, _: -(p * np.log(p)).sum(),
    "scipy": lambda p, _: entr(p).sum(),
}
KL: dict[str, Contender] = {
    "np.log": lambda p, _: np.log(p),
    "refimpl": refimpl.kl_divergence,
    "numpy": lambda p, q: (p * np.log(p / q)).sum(),
    "scipy": lambda p, q: rel_entr(p, q).sum(),
}


def laws(size: int) -> tuple[Laws, Laws]:
    """Return two laws that are far from each other, and two that are near."""
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(size))
    far = rng.dirichlet(np.ones(size))
    near = p * (1 + 1e-6 * rng.standard_normal(size))
    return (p, far), (p, near / near.sum())


def medians(contenders: dict[str, Contender], data: Laws) -> dict[str, float]:
    """Return the median time of a call in seconds, for each contender."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    calls = {name: repeats(call, data) for name, call in contenders.items()}
    end = time.perf_counter() + SECONDS_PER_ROW
    while time.perf_counter() < end:
        for name, call in contenders.items():
            times[name].append(seconds(call, data, calls[name]))
    return {name: median(taken) for name, taken in times.items()}


def repeats(call: Contender, data: Laws) -> int:
    """Return how many calls take about a millisecond, after a first one that is not timed."""
    call(*data)
    return max(1, round(1e-3 / seconds(call, data, 1)))


def seconds(call: Contender, data: Laws, calls: int) -> float:
    """Return the mean time of some calls in a row."""
    start = time.perf_counter()
    for _ in range(calls):
        call(*data)
    return (time.perf_counter() - start) / calls


def main() -> None:
    """Print the table."""
    print("                                               in units of np.log:")
    print("                       n   np.log µs  refimpl µs    refimpl   numpy   scipy")
    for size in SIZES:
        far, near = laws(size)
        for title, contenders, data in (
            ("entropy", ENTROPY, far),
            ("kl, far laws", KL, far),
            ("kl, near laws", KL, near),
        ):
            taken = medians(contenders, data)
            unit, ours, plain, scipy = (taken[name] for name in contenders)
            print(
                f"{title:14} {size:9,} {unit * 1e6:11.1f} {ours * 1e6:11.1f}"
                f" {ours / unit:10.1f} {plain / unit:7.1f} {scipy / unit:7.1f}"
            )


if __name__ == "__main__":
    main()
