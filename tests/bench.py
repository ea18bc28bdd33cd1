"""Time `refimpl` against its peers, and write the page of the book: ``make bench``.

In each row the contenders take turns, so that a busy machine slows all of them, and medians
are compared. One that is slow takes part in every third turn only, so that the others have
enough of them. Each is called once before its clock starts: else a short call, which is timed
several times in a row, would find its data in the cache, and a long one would not. Everything
runs on one thread. The unit of a row is the least work that the result needs, such as one pass
of `np.log` over the same data. A peer that is not installed is left out, and so is one that
would take many seconds. ``make bench ARGS=entropy`` runs the contests with this word in their
titles, and writes nothing.
"""

import datetime as dt
import functools
import importlib
import math
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.spatial.distance import jensenshannon
from scipy.special import entr, log_softmax, rel_entr

import refimpl
from refimpl import _transport

Array = NDArray[np.float64]
Calls = dict[str, Callable[[], Any]]

PAGE = Path(__file__).parents[1] / "book" / "_static" / "benchmarks.md"
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
SECONDS_PER_ROW = 0.5  # of processor time
TURNS = 15  # at least
REST = 3  # a contender that is not quick takes part in every third turn
QUICK = 0.02  # seconds
WARM = 3  # calls that tell how long one takes
PATIENCE = 0.1  # seconds; a peer that needs more for one call is left out at larger sizes


def installed(module: str) -> Any:  # noqa: ANN401 - a module without types, or None
    """Return a module, or None and say so."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        print(f"left out: {module} ({error})")
        return None


ot = installed("ot")
dit = installed("dit.divergences.pmf")
torch = installed("torch")


@dataclass(frozen=True)
class Row:
    """The times of one row in seconds, the unit first, and what the contenders returned."""

    label: str
    seconds: dict[str, float]
    values: dict[str, float]
    rel: float = 1e-6  # how far a result may be from that of `refimpl`

    @property
    def unit(self) -> float:
        """The time of the unit."""
        return next(iter(self.seconds.values()))

    def ratio(self, name: str) -> float:
        """Return the time of a contender in units."""
        return self.seconds[name] / self.unit

    def is_wrong(self, name: str) -> bool:
        """Return whether a contender returned another number; NaN stands for several."""
        x, expected = self.values.get(name, math.nan), self.values.get("refimpl", math.nan)
        return math.isinf(x) != math.isinf(expected) or (
            abs(x - expected) > self.rel * max(1.0, abs(expected))
        )


@dataclass(frozen=True)
class Contest:
    """One quantity: for each size, the unit and the contenders, `refimpl` among them."""

    title: str
    about: str
    make: Callable[[int], Calls]
    sizes: tuple[int, ...]
    label: str = "n = {:,}"
    targets: dict[int, float] = field(default_factory=dict)  # of refimpl, in units
    microseconds: dict[int, float] = field(default_factory=dict)  # of refimpl
    why: dict[str, str] = field(default_factory=dict)  # a peer may be faster
    rel: float = 1e-6  # how far the results of the contenders may differ

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Run the contest."""
        slow: set[str] = set()
        for size in self.sizes:
            calls = {n: call for n, call in self.make(size).items() if n not in slow}
            row = run(unbroken(self.label.format(size)), calls, self.rel)
            slow |= {name for name, taken in row.seconds.items() if taken > PATIENCE}
            slow -= {"refimpl", next(iter(row.seconds))}
            yield size, row


def run(label: str, calls: Calls, rel: float) -> Row:
    """Time calls in turns; complain if their results differ."""
    values = {name: value(call()) for name, call in calls.items()}
    for name in filter(Row(label, {}, values, rel).is_wrong, values):
        print(f"note: {label}: {name} returns {values[name]!r}, refimpl {values['refimpl']!r}")
    alone = {name: min(seconds(call, 1) for _ in range(WARM)) for name, call in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.process_time() + SECONDS_PER_ROW
    turn = 0
    while time.process_time() < end or turn < TURNS:
        for name, call in calls.items():
            if turn % REST and alone[name] > QUICK:
                continue  # the others are not measured less often because this one is slow
            call()  # what fits into the cache is there, for short calls and for long ones
            times[name].append(seconds(call, max(1, round(1e-3 / alone[name]))))
        turn += 1
    return Row(label, {name: median(taken) for name, taken in times.items()}, values, rel)


def value(result: Any) -> float:  # noqa: ANN401 - a number, an array, a tensor or a result
    """Return the number that a contender computed; NaN stands for several, not compared."""
    array = np.asarray(getattr(result, "cost", result))
    return math.nan if array.ndim else float(array)


def seconds(call: Callable[[], object], count: int) -> float:
    """Return the mean processor time of some calls in a row."""
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count


# Entropy and divergences.


def law(n: int, seed: int = 1) -> Array:
    """Return a law with exponential weights, as if drawn from the uniform law on all laws."""
    weights = np.random.default_rng(seed).exponential(size=n)
    return np.asarray(weights / weights.sum())


def near(p: Array) -> Array:
    """Return a law whose probabilities differ from those of p by about a millionth of them."""
    q = p * (1 + 1e-6 * np.random.default_rng(2).standard_normal(p.size))
    return np.asarray(q / q.sum())


def halfway(p: Array) -> Array:
    """Return a law whose probabilities differ from those of p by up to nine tenths of them."""
    q = p * (1 + 0.9 * np.random.default_rng(2).uniform(-1, 1, p.shape))
    return np.asarray(q / q.sum(axis=-1, keepdims=True))


def entropy(n: int) -> Calls:
    """Return the contenders for the entropy."""
    p = law(n)
    calls: Calls = {
        "np.log": lambda: np.log(p),
        "refimpl": lambda: refimpl.entropy(p),
        "scipy.stats.entropy": lambda: stats.entropy(p),
        "scipy.special.entr": lambda: entr(p).sum(),
    }
    if torch:
        t = torch.from_numpy(p)
        calls["torch.special.entr"] = lambda: torch.special.entr(t).sum()
    if dit:
        calls["dit"] = lambda: dit.cross_entropy(p, p) * math.log(2)
    return calls


def divergence(p: Array, q: Array) -> Calls:
    """Return the contenders for the relative entropy."""
    calls: Calls = {
        "np.log": lambda: np.log(p),
        "refimpl": lambda: refimpl.kl_divergence(p, q),
        "scipy.stats.entropy": lambda: stats.entropy(p, q),
        "scipy.special.rel_entr": lambda: rel_entr(p, q).sum(),
    }
    if torch:
        s, t = torch.from_numpy(p), torch.from_numpy(q)
        loss = torch.nn.functional.kl_div
        calls["torch kl_div"] = lambda: loss(t.log(), s, reduction="sum")
    if dit:
        calls["dit"] = lambda: dit.relative_entropy(p, q) * math.log(2)
    return calls


def jensen_shannon(n: int) -> Calls:
    """Return the contenders for the Jensen-Shannon divergence."""
    p, q = law(n), law(n, 3)
    calls: Calls = {
        "np.log": lambda: np.log(p),
        "refimpl": lambda: refimpl.js_divergence(p, q),
        "scipy jensenshannon": lambda: jensenshannon(p, q) ** 2,
    }
    if dit:
        calls["dit"] = lambda: dit.jensen_shannon_divergence([p, q]) * math.log(2)
    return calls


def batch(make: Callable[[Array, Array], Calls]) -> Callable[[int], Calls]:
    """Return the contenders for many laws in one call."""

    def calls(rows: int) -> Calls:
        p, q = (np.random.default_rng(seed).exponential(size=(rows, 1_000)) for seed in (1, 2))
        p /= p.sum(axis=1, keepdims=True)
        q /= q.sum(axis=1, keepdims=True)
        return {"np.log": lambda: np.log(p), **make(p, q)}

    return calls


def batch_entropy(p: Array, _: Array) -> Calls:
    """Return the contenders for the entropies of rows."""
    calls: Calls = {
        "refimpl": lambda: refimpl.entropy(p),
        "scipy.stats.entropy": lambda: stats.entropy(p, axis=1),
        "scipy.special.entr": lambda: entr(p).sum(axis=1),
    }
    if torch:
        t = torch.from_numpy(p)
        calls["torch.special.entr"] = lambda: torch.special.entr(t).sum(dim=1)
    return calls


def batch_divergence(p: Array, q: Array) -> Calls:
    """Return the contenders for the relative entropies of rows."""
    calls: Calls = {
        "refimpl": lambda: refimpl.kl_divergence(p, q),
        "scipy.stats.entropy": lambda: stats.entropy(p, q, axis=1),
        "scipy.special.rel_entr": lambda: rel_entr(p, q).sum(axis=1),
    }
    if torch:
        s, t = torch.from_numpy(p), torch.from_numpy(q)
        loss = torch.nn.functional.kl_div
        calls["torch kl_div"] = lambda: loss(t.log(), s, reduction="none").sum(dim=1)
    return calls


def batch_middle_divergence(p: Array, _: Array) -> Calls:
    """Return the contenders for the relative entropies of rows that are neither near nor far."""
    return batch_divergence(p, halfway(p))


def batch_jensen_shannon(p: Array, q: Array) -> Calls:
    """Return the contenders for the Jensen-Shannon divergences of rows."""
    return {
        "refimpl": lambda: refimpl.js_divergence(p, q),
        "scipy jensenshannon": lambda: jensenshannon(p, q, axis=1) ** 2,
    }


def loss(rows: int) -> Calls:
    """Return the contenders for the cross-entropy of laws, from logits."""
    logits = np.random.default_rng(1).normal(scale=3, size=(rows, 100))
    targets = np.random.default_rng(2).exponential(size=(rows, 100))
    targets /= targets.sum(axis=1, keepdims=True)
    calls: Calls = {
        "np.exp": lambda: np.exp(logits),
        "refimpl": lambda: refimpl.cross_entropy_loss(targets, logits),
        "scipy.special.log_softmax": lambda: -(targets * log_softmax(logits, axis=1)).sum(axis=1),
    }
    if torch:
        t, z = torch.from_numpy(targets), torch.from_numpy(logits)
        function = torch.nn.functional.cross_entropy
        calls["torch cross_entropy"] = lambda: function(z, t, reduction="none")
    return calls


# Transport.


def two_sorts(x: Array, y: Array) -> Callable[[], object]:
    """Return the sorting of two samples."""
    return lambda: (np.sort(x), np.sort(y))[0]


def on_the_line(n: int, m: int, *, weighted: bool = False, order: float = 1) -> Calls:
    """Return the contenders for the distance of samples on the line."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal(n), rng.standard_normal(m) + 0.5
    a, b = (law(n), law(m, 2)) if weighted else (None, None)
    options: dict[str, Any] = {"x_weights": a, "y_weights": b, "order": order}
    calls: Calls = {
        "two np.sort": two_sorts(x, y),
        "refimpl": lambda: refimpl.wasserstein_1d(x, y, **options),
    }
    if order == 1:
        calls["scipy wasserstein_distance"] = lambda: stats.wasserstein_distance(x, y, a, b)
    if ot and order < math.inf:
        calls["ot.wasserstein_1d"] = lambda: ot.wasserstein_1d(x, y, a, b, p=order) ** (1 / order)
    return calls


def in_order(order: float, larger: int = 0) -> Callable[[int], Calls]:
    """Return a contest for an order; the second sample is larger by such a part, if it is not 0."""
    return lambda n: on_the_line(n, n + n // larger if larger else n, order=order)


def batch_on_the_line(rows: int, order: float) -> Calls:
    """Return the contenders for the distances of many pairs of samples in one call."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((rows, 1_000)), rng.standard_normal((rows, 1_000)) + 0.5
    calls: Calls = {
        "two np.sort": two_sorts(x, y),
        "refimpl": lambda: refimpl.wasserstein_1d(x, y, order=order),
        "scipy wasserstein_distance, in a loop": lambda: [
            stats.wasserstein_distance(*pair) for pair in zip(x, y, strict=True)
        ],
    }
    if order != 1:
        calls.popitem()
    if ot:
        s, t = (np.ascontiguousarray(z.T) for z in (x, y))  # its samples are columns
        calls["ot.wasserstein_1d"] = lambda: ot.wasserstein_1d(s, t, p=order) ** (1 / order)
    return calls


def points(n: int) -> tuple[Array, Array, Array]:
    """Return the squared distances of random points in the plane, and two laws on them."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((n, 2)), rng.standard_normal((n, 2)) + 0.5
    cost = np.square(x[:, None] - y[None]).sum(axis=2)
    return cost, law(n), law(n, 2)


def exact(n: int, *, weighted: bool) -> Calls:
    """Return the contenders for exact transport."""
    cost, p, q = points(n)
    if not weighted:
        p = q = np.full(n, 1 / n)
    calls: Calls = {}
    if ot:
        calls["ot.emd2"] = lambda: ot.emd2(p, q, cost)
    calls["refimpl"] = lambda: refimpl.wasserstein(p, q, cost=cost)
    if not weighted:

        def assignment() -> float:
            row, column = optimize.linear_sum_assignment(cost)
            return float(cost[row, column].mean())

        calls["scipy linear_sum_assignment"] = assignment
    return calls


def entropic(n: int, epsilon: float) -> Calls:
    """Return the contenders for entropic transport."""
    cost, p, q = points(n)
    cost /= cost.max()
    kernel = np.exp(-cost)
    settings = {"numItermax": 10_000, "stopThr": 1e-9, "warn": False}

    def of_pot(method: str) -> Callable[[], float]:
        return lambda: float((ot.sinkhorn(p, q, cost, epsilon, method, **settings) * cost).sum())

    calls: Calls = {
        "matrix–vector": lambda: kernel @ p,
        "refimpl": lambda: refimpl.sinkhorn(p, q, cost=cost, epsilon=epsilon),
    }
    if ot:
        calls["ot sinkhorn_log"] = of_pot("sinkhorn_log")
        calls["ot sinkhorn_stabilized"] = of_pot("sinkhorn_stabilized")
    return calls


def sweeps(n: int) -> Calls:
    """Return the iteration inside of `sinkhorn`, and the products that it cannot do without."""
    cost, p, q = points(n)
    cost /= cost.max()
    _, kernel = _transport.partner(p, q, cost, cost.min(axis=1), 1e-2)

    def iteration() -> int:
        return _transport.scale_by_turns(p, q, kernel, 1e-9, 10_000)[2]

    count = iteration()

    def products() -> int:
        for _ in range(count):
            kernel @ q
            p @ kernel
        return count

    return {"products": products, "refimpl": iteration}


LOGS = "The unit is one pass of `np.log` over $p$, with the array that it makes."
SORTS = "The unit is two calls of `np.sort`, one for each sample. The order is"
UNREPAIRED = (
    "it stops with marginals that are nearly right; the repair of the plan and the bounds take "
    "`refimpl` as long as the iteration"
)
PLAIN = "it adds the terms of the formula, without a check of the input or a care for digits"

CONTESTS = [
    Contest("Entropy", LOGS, entropy, SIZES, targets={10**6: 3}, microseconds={1000: 20}),
    Contest(
        "Kullback–Leibler divergence, far laws",
        f"The laws are unrelated. {LOGS}",
        lambda n: divergence(law(n), law(n, 3)),
        SIZES,
        targets={10**6: 3},
        microseconds={1000: 20},
    ),
    Contest(
        "Kullback–Leibler divergence, near laws",
        "The probabilities differ by about a millionth of them, so that most formulas lose all "
        f"digits, and `refimpl` sums a series. {LOGS}",
        lambda n: divergence(law(n), near(law(n))),
        SIZES,
        targets={10**6: 6},
        microseconds={1000: 20},
    ),
    Contest(
        "Kullback–Leibler divergence, middle laws",
        "The probabilities differ by up to nine tenths of them, so that the divergence is a "
        "fifth of a nat: the first sum loses digits, and `refimpl` takes a second one, of "
        f"terms of one sign. {LOGS}",
        lambda n: divergence(law(n), halfway(law(n))),
        SIZES,
        targets={10**6: 6},
        microseconds={1000: 30},
    ),
    Contest(
        "Jensen–Shannon divergence",
        f"The laws are unrelated. {LOGS}",
        jensen_shannon,
        SIZES,
        targets={10**6: 7},
        microseconds={1000: 20},
        why={"scipy jensenshannon": "it checks nothing, which counts where laws are short"},
    ),
    *(
        Contest(
            f"Batch: {name}",
            f"Each row is a law on 1000 outcomes. {LOGS}",
            batch(make),
            (10_000,),
            label="{:,} rows",
            targets={10_000: target},
        )
        for name, make, target in [
            ("entropy", batch_entropy, 3.0),
            ("Kullback–Leibler divergence", batch_divergence, 4.0),
            ("Kullback–Leibler divergence, middle laws", batch_middle_divergence, 10.0),
            ("Jensen–Shannon divergence", batch_jensen_shannon, 6.5),
        ]
    ),
    Contest(
        "Cross-entropy from logits",
        "Each row has 100 logits and a law as target. The unit is one pass of `np.exp` over the "
        "logits.",
        loss,
        (10, 1_000, 100_000),
        label="{:,} rows",
        why={
            "scipy.special.log_softmax": "it checks nothing, and `refimpl` keeps the digits of "
            "small losses",
            "torch cross_entropy": "it is one compiled pass that checks nothing, and it loses "
            "the digits of small losses",
        },
    ),
    *(
        Contest(
            f"Wasserstein distance on the line, samples of one size{name}",
            f"{SORTS} {sign}.",
            in_order(order),
            SIZES,
            targets={10**6: 1.2},
        )
        for name, sign, order in [
            ("", "1", 1.0),
            (", order 2", "2", 2.0),
            (", order ∞", "∞: the longest way; no peer knows it", math.inf),
        ]
    ),
    *(
        Contest(
            f"Wasserstein distance on the line, samples of two sizes{name}",
            f"The second sample is larger by a seventh. {SORTS} {order:g}.",
            in_order(order, 7),
            SIZES,
            targets={10**6: 2.5},
        )
        for name, order in [("", 1.0), (", order 2", 2.0)]
    ),
    *(
        Contest(
            f"Batch: Wasserstein distance on the line, order {order:g}",
            f"Each row is a pair of samples of 1000 points. {SORTS} {order:g}.",
            functools.partial(batch_on_the_line, order=order),
            (1_000,),
            label="{:,} rows",
            targets={1_000: 1.2},
        )
        for order in (1.0, 2.0)
    ),
    Contest(
        "Wasserstein distance on the line, with weights",
        f"{SORTS} 1.",
        lambda n: on_the_line(n, n, weighted=True),
        SIZES,
        why=dict.fromkeys(
            ("scipy wasserstein_distance", "ot.wasserstein_1d"),
            "it adds the weights in plain sums, in which small masses are lost",
        ),
    ),
    Contest(
        "Exact transport, equal weights",
        "Points in the plane, squared distances. The unit is `ot.emd2`.",
        lambda n: exact(n, weighted=False),
        (10, 100, 300, 1_000),
        targets={1000: 1.2} if ot else {},
        why={
            "ot.emd2": "it is one call of compiled code, and gives no exact certificate, which "
            "counts where the problem is small",
            "scipy linear_sum_assignment": "it finds no potentials and gives no certificate, "
            "which counts where the problem is small",
        },
    ),
    Contest(
        "Exact transport, with weights",
        "Points in the plane, squared distances. The unit is `ot.emd2`.",
        lambda n: exact(n, weighted=True),
        (10, 100, 300, 1_000),
        targets={1000: 12} if ot else {},
        why={"ot.emd2": "it is a network simplex in compiled code, and gives no exact certificate"},
    ),
    Contest(
        "Iteration of entropic transport, ε = 10⁻²",
        "The iteration alone, to an error of 10⁻⁹, without preparation and certificate. The unit "
        "is two products of the matrix and a vector for each step.",
        sweeps,
        (100, 300, 1_000, 3_000),
        targets={1000: 1.2},
    ),
    Contest(
        "Entropic transport, ε = 10⁻²",
        "Points in the plane, squared distances divided by the largest. The unit is one product "
        "of a matrix and a vector; the methods need as many as they have iterations, twice.",
        lambda n: entropic(n, 1e-2),
        (100, 1_000),
        why={"ot sinkhorn_stabilized": UNREPAIRED},
    ),
    Contest(
        "Entropic transport, ε = 10⁻⁴",
        "The same, with a hundredth of the regularisation. POT stops after 10 000 iterations.",
        lambda n: entropic(n, 1e-4),
        (100,),
        microseconds={100: 5e5},
        why={"ot sinkhorn_stabilized": UNREPAIRED},
        rel=1e-2,
    ),
]

# The report.


def unbroken(text: str) -> str:
    """Return a text in which the digits of a number are grouped by spaces, and no line ends."""
    return text.replace(",", " ").replace(" ", "\N{NO-BREAK SPACE}")


def number(x: float) -> str:
    """Return a number with three digits, and no exponent."""
    if x >= 100:
        return unbroken(f"{x:,.0f}")
    return f"{x:.{2 - (x >= 10)}f}"


def table(rows: dict[int, Row]) -> Iterator[str]:
    """Return the lines of a table of ratios."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row.seconds))
    unit, contenders = names[0], names[names[0] != "refimpl" :]
    yield f"| row | {unit}, µs | {' | '.join(contenders)} |"
    yield f"|---|{'---:|' * (1 + len(contenders))}"
    for row in rows.values():
        cells = [number(row.ratio(n)) if n in row.seconds else "–" for n in contenders]
        yield f"| {row.label} | {number(row.unit * 1e6)} | {' | '.join(cells)} |"


def verdicts(contest: Contest, rows: dict[int, Row]) -> Iterator[str]:
    """Return the lines of the table of targets."""
    for size, limit in contest.targets.items():
        ratio = rows[size].ratio("refimpl")
        yield verdict(contest.title, rows[size].label, f"{limit} units", ratio, limit)
    for size, limit in contest.microseconds.items():
        taken = rows[size].seconds["refimpl"] * 1e6
        yield verdict(contest.title, rows[size].label, f"{number(limit)} µs", taken, limit)


def verdict(title: str, label: str, target: str, measured: float, limit: float) -> str:
    """Return a line of the table of targets."""
    met = "met" if measured <= limit else "**not met**"
    return f"| {title} | {label} | at most {target} | {number(measured)} | {met} |"


def faster(contest: Contest, rows: dict[int, Row]) -> Iterator[str]:
    """Return a line for each peer that is faster than `refimpl` by more than a tenth."""
    floors = {"np.log", "np.exp", "two np.sort", "matrix–vector", "products"}
    for name in dict.fromkeys(n for row in rows.values() for n in row.seconds):
        behind = {
            row.label: row.seconds["refimpl"] / row.seconds[name]
            for row in rows.values()
            if name in row.seconds
            and row.seconds["refimpl"] > 1.1 * row.seconds[name]
            and not row.is_wrong(name)
        }
        if name not in floors and behind:
            where = ", ".join(f"{number(ratio)} times at {at}" for at, ratio in behind.items())
            why = contest.why.get(name, PLAIN)
            yield f"- {contest.title}: `{name}` is faster, {where}; {why}."


def wrong(contest: Contest, rows: dict[int, Row]) -> Iterator[str]:
    """Return a line for each result of a peer that is not that of `refimpl`."""
    for row in rows.values():
        for name in filter(row.is_wrong, row.values):
            found, expected = row.values[name], row.values["refimpl"]
            yield (
                f"- {contest.title}: `{name}` returns {found:.6g} at {row.label}, "
                f"where `refimpl` returns {expected:.6g}."
            )


def machine() -> str:
    """Return what was measured on, without any name of it."""
    model = platform.processor() or platform.machine()
    cores = 0
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.partition(":") for line in info.read_text("utf-8").splitlines()]
        models = [after.strip() for key, _, after in lines if key.strip() == "model name"]
        cores, model = len(models), (models or [model])[0]
    peers = {"NumPy": np, "SciPy": stats, "POT": ot, "dit": dit, "torch": torch}
    versions = ", ".join(f"{name} {metadata.version(name)}" for name, has in peers.items() if has)
    date = dt.datetime.now(tz=dt.UTC).date()
    return (
        f"Measured on {date:%d %B %Y} on one thread of {model} ({cores} cores), "
        f"with Python {platform.python_version()}, {versions}. "
        "Times are medians, and every column after the first is in units of the first."
    )


def main() -> None:
    """Run the contests, print the tables, and write the page if all of them ran."""
    warnings.simplefilter("ignore")
    if torch:
        torch.set_num_threads(1)
    words = [word.lower() for word in sys.argv[1:]]
    report = [machine(), ""]
    targets: list[str] = []
    slower: list[str] = []
    mistaken: list[str] = []
    print(report[0], "\n")
    for contest in CONTESTS:
        if not all(word in contest.title.lower() for word in words):
            continue
        try:
            rows = dict(contest.rows())
        except AttributeError as error:  # a function that does not exist yet
            print(f"left out: {contest.title} ({error})")
            continue
        lines = [f"### {contest.title}", "", contest.about, "", *table(rows), ""]
        print("\n".join(lines), flush=True)
        report += lines
        targets += verdicts(contest, rows)
        slower += faster(contest, rows)
        mistaken += wrong(contest, rows)
    head = ["| contest | row | target | measured | verdict |", "|---|---|---|---:|---|"]
    summary = ["### Targets", "", *head, *targets, "", "### Where a peer is faster", ""]
    summary += slower or ["No peer is faster by more than a tenth on any row."]
    if mistaken:
        summary += ["", "### Where a peer is wrong", ""]
        summary += ["What is fast and wrong is not counted as faster.", "", *mistaken]
    print("\n".join(summary))
    if not words:
        PAGE.write_text("\n".join([*report[:2], *summary, "", *report[2:]]), "utf-8")


if __name__ == "__main__":
    main()
