"""The figures with sliders of this book. Every number in them is computed by ``refimpl``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import refimpl
from sliders.drawing import (
    FIRST,
    GRID,
    Axis,
    Item,
    Mark,
    Panel,
    curve,
    dot,
    fill,
    legend,
    short,
    stroke,
    ticks,
    words,
)
from sliders.live import LiveFigure, Parameter, Quantity

Array = NDArray[np.float64]


def certified(result: refimpl.TransportResult) -> refimpl.TransportResult:
    """Return a result of optimal transport after a look at its certificate."""
    if not (result.converged and 0 <= result.gap <= 1e-9 * max(result.cost, 1e-3)):
        raise ArithmeticError(f"the programme was not solved: gap {result.gap}")
    return result


def parallel_segments() -> LiveFigure:
    """Two parallel segments: what the distances say of the distance of the lines."""
    theta = np.round(np.linspace(-1, 1, 41), 2)
    heights = (np.arange(16) + 0.5) / 16
    uniform = np.full(16, 1 / 16)
    here = np.stack([0 * heights, heights], axis=1)
    w1, kl, reverse, js = np.empty((4, theta.size))
    for k, shift in enumerate(theta):
        there = here + np.array([shift, 0])
        w1[k] = certified(refimpl.wasserstein(uniform, uniform, x=here, y=there)).distance
        places, where = np.unique(np.concatenate([here, there]), axis=0, return_inverse=True)
        where = where.ravel()  # NumPy 2.0 gives it the axis of the coordinates
        p = np.bincount(where[:16], uniform, len(places))
        q = np.bincount(where[16:], uniform, len(places))
        kl[k], reverse[k] = refimpl.kl_divergence(p, q), refimpl.kl_divergence(q, p)
        js[k] = refimpl.js_divergence(p, q)

    plane = Panel(10, 70, Axis(-1.08, 1.08, {}), Axis(0, 1, ticks([0, 1])))
    chart = Panel(
        118,
        130,
        Axis(-1.08, 1.08, ticks([-1, -0.5, 0, 0.5, 1]), "θ"),
        Axis(0, 1.08, ticks([0, 0.5, 1])),
    )
    middle = theta.size // 2
    across = plane.across(theta)
    upright = f"{short(plane.down(0))}V{short(plane.down(1))}"
    items: list[Item] = [
        plane.frame(),
        chart.frame(),
        legend(106, [("a", "W₁"), ("b", "JS")]),
        curve(chart.curve(theta, w1), "a"),
        curve(chart.curve(theta[:middle], js[:middle]), "b"),
        curve(chart.curve(theta[middle + 1 :], js[middle + 1 :]), "b"),
        curve(f"M{short(across[middle])} {upright}", "a", 3),
        Mark("path", stroke("d", 3), {"d": (FIRST, [f"M{short(x)} {upright}" for x in across])}),
        dot(chart, "b", (FIRST, theta), (FIRST, js)),
        dot(chart, "a", (FIRST, theta), (FIRST, w1)),
    ]
    return LiveFigure(
        280,
        [Parameter("θ", "place of the second segment", theta, 30)],
        [
            Quantity("W₁", FIRST, w1),
            Quantity("JS", FIRST, js),
            Quantity("KL(P ‖ Q)", FIRST, kl),
            Quantity("KL(Q ‖ P)", FIRST, reverse),
        ],
        items,
    )


def two_normals() -> LiveFigure:
    """Two normal laws: means and variances against KL both ways, JS and W₂."""
    shift = np.linspace(0, 4, 17)
    stds = np.array([0.5, 0.75, 1, 1.5, 2])
    m, s, t = np.meshgrid(shift, stds, stds, indexing="ij")
    kl = refimpl.kl_gaussian(0, m, std_p=s, std_q=t)
    reverse = refimpl.kl_gaussian(m, 0, std_p=t, std_q=s)
    w2 = refimpl.wasserstein_gaussian(0 * m, m, std_p=s, std_q=t)
    grid = np.arange(-20, 24, 0.05)  # so fine and so wide that nothing of the integral is missed

    def law(mean: Array, std: Array) -> Array:
        density = np.exp(-(((grid - mean[..., None]) / std[..., None]) ** 2) / 2)
        return np.asarray(density / density.sum(axis=-1, keepdims=True))

    js = np.asarray(refimpl.js_divergence(law(0 * m, s), law(m, t)))

    z = np.linspace(-3, 3, 37)
    bell = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    laws = Panel(24, 80, Axis(-6, 10, ticks(range(-6, 11, 2))), Axis(0, 0.85, ticks([0, 0.4, 0.8])))
    chart = Panel(152, 150, Axis(0, 4, ticks(range(5)), "m"), Axis(0, 5, ticks(range(6))))
    shapes = [laws.curve(std * z, bell / std) for std in stds]
    moves = [f"translate({short(x - laws.across(0))})" for x in laws.across(shift)]
    items: list[Item] = [
        laws.frame(),
        chart.frame(),
        legend(14, [("a", "p"), ("b", "q")]),
        legend(142, [("a", "KL(p ‖ q)"), ("b", "KL(q ‖ p)"), ("c", "JS"), ("d", "W₂")], 8),
        Mark("path", stroke("a"), {"d": ((1,), shapes)}),
        Mark("path", stroke("b"), {"d": ((2,), shapes), "transform": (FIRST, moves)}),
    ]
    for series, values in zip("abcd", (kl, reverse, js, w2), strict=True):
        curves = [chart.curve(shift, values[:, i, j]) for i, j in np.ndindex(5, 5)]
        items.append(Mark("path", stroke(series), {"d": ((1, 2), curves)}))
        items.append(dot(chart, series, (FIRST, shift), ((0, 1, 2), values)))
    return LiveFigure(
        332,
        [
            Parameter("m", "mean of q; that of p is 0", shift, 6),
            Parameter("s", "standard deviation of p", stds, 2),
            Parameter("t", "standard deviation of q", stds, 3),
        ],
        [
            Quantity("KL(p ‖ q)", (0, 1, 2), np.asarray(kl)),
            Quantity("KL(q ‖ p)", (0, 1, 2), np.asarray(reverse)),
            Quantity("JS", (0, 1, 2), js),
            Quantity("W₂", (0, 1, 2), np.asarray(w2)),
        ],
        items,
    )


def moving_mass() -> LiveFigure:
    """Mass that moves as the best plan on the line says, and the mixture, where none moves."""
    points = np.arange(12.0)
    p = np.array([2, 5, 6, 4, 2, 1, 0, 0, 0, 0, 0, 0]) / 20
    q = np.array([0, 0, 0, 0, 0, 2, 4, 1, 0, 3, 6, 4]) / 20
    time = np.round(np.linspace(0, 1, 21), 2)
    plan = certified(refimpl.wasserstein(p, q, x=points, order=2)).plan
    loads = np.rint(20 * plan).astype(int)  # twenty bricks of mass 1/20
    start, end = (
        np.repeat(places, loads.ravel()) for places in np.indices(plan.shape).reshape(2, -1)
    )
    if not np.allclose(np.bincount(start, minlength=12) / 20, p):
        raise ArithmeticError("the plan does not move whole bricks")
    level, floor = (_levels(places) for places in (start, end))
    moved = np.empty((2, time.size))
    mixed = np.empty((2, time.size))
    for k, t in enumerate(time):
        places, mixture = (1 - t) * start + t * end, (1 - t) * p + t * q
        for side, law in enumerate((p, q)):
            moved[side, k] = refimpl.wasserstein_1d(places, points, order=2, y_weights=law)
            mixed[side, k] = refimpl.wasserstein_1d(
                points, points, order=2, x_weights=mixture, y_weights=law
            )

    above = Panel(22, 110, Axis(-0.6, 11.6, ticks(points[::2])), Axis(0, 6.3, {}))
    below = Panel(170, 100, Axis(-0.6, 11.6, ticks(points[::2])), Axis(0, 6.3, {}))
    size = float(above.down(0) - above.down(1))
    items: list[Item] = [
        above.frame(),
        words(above.left, 14, "moved: each brick goes its way", "start"),
        below.frame(),
        words(below.left, 162, "mixed: the first fades, the second appears", "start"),
    ]
    for brick in range(20):
        x = above.across((1 - time) * start[brick] + time * end[brick])
        y = above.down((1 - time) * level[brick] + time * floor[brick] + 1)
        shape = {"width": "15", "height": short(size - 1.5), "rx": "2"}
        places = [f"translate({short(a - 7.5)} {short(b)})" for a, b in zip(x, y, strict=True)]
        items.append(Mark("rect", fill("a", 0.75) | shape, {"transform": (FIRST, places)}))
    mixtures = [below.bars(points, 20 * ((1 - t) * p + t * q), 15) for t in time]
    items.append(Mark("path", fill("b", 0.75), {"d": (FIRST, mixtures)}))
    return LiveFigure(
        290,
        [Parameter("t", "share of the way", time, 7)],
        [
            Quantity("moved: W₂ from p", FIRST, moved[0]),
            Quantity("moved: W₂ to q", FIRST, moved[1]),
            Quantity("mixed: W₂ from p", FIRST, mixed[0]),
            Quantity("mixed: W₂ to q", FIRST, mixed[1]),
        ],
        items,
    )


def _levels(places: NDArray[np.int64]) -> Array:
    """Return how many earlier bricks lie in the column of each."""
    return np.array([np.sum(places[:k] == place) for k, place in enumerate(places)], dtype=float)


def sinkhorn_epsilon() -> LiveFigure:
    """Entropic plan and its cost while ε grows."""
    n = 10
    points = (np.arange(n) + 0.5) / n
    p = np.array([1, 4, 6, 4, 2, 1, 1, 1, 0.5, 0.5]) / 21
    q = np.array([0.5, 0.5, 1, 1, 2, 4, 3, 4, 3, 2]) / 21
    epsilon = np.round(np.logspace(-3, 1, 33), 4)  # the page shows as many digits
    exact = certified(refimpl.wasserstein(p, q, x=points, order=2))
    found = [refimpl.sinkhorn(p, q, x=points, order=2, epsilon=eps) for eps in epsilon]
    if not all(result.converged for result in found):
        raise ArithmeticError("Sinkhorn's iteration did not converge")
    cost, value = (np.array([getattr(r, name) for r in found]) for name in ("cost", "value"))
    information = np.array([refimpl.mutual_information(result.plan) for result in found])

    square = Panel(24, 160, Axis(0, n, {}), Axis(0, n, {}), left=120, width=160)
    chart = Panel(
        226,
        120,
        Axis(1e-3, 10, ticks([0.001, 0.01, 0.1, 1, 10]), "ε", log=True),
        Axis(0.08, 0.18, ticks([0.1, 0.14, 0.18])),
    )
    items: list[Item] = [
        words(square.left, 16, "to a point of q", "start"),
        words(square.left - 8, 100, "from a point of p", "end"),
        chart.frame(),
        legend(216, [("a", "cost"), ("b", "with entropy"), ("c", "least cost")]),
        curve(chart.curve(epsilon, cost), "a"),
        curve(chart.curve(epsilon, value), "b"),
        curve(chart.curve(epsilon[[0, -1]], [exact.cost, exact.cost]), "c"),
        dot(chart, "b", (FIRST, epsilon), (FIRST, value)),
        dot(chart, "a", (FIRST, epsilon), (FIRST, cost)),
    ]
    darkest = max(result.plan.max() for result in found)
    for i, j in np.ndindex(n, n):
        shades = [short(np.sqrt(result.plan[i, j] / darkest), 2) for result in found]
        place = {"x": short(square.across(j)), "y": short(square.down(n - i))}
        size = {"width": "16", "height": "16", "stroke": GRID}
        cell = fill("a") | place | size
        cell["class"] += " slider-grid"
        items.append(Mark("rect", cell, {"fill-opacity": (FIRST, shades)}))
    return LiveFigure(
        376,
        [Parameter("ε", "weight of the entropy", epsilon, 12, decimals=4)],
        [
            Quantity("cost", FIRST, cost, decimals=4),
            Quantity("with entropy", FIRST, value, decimals=4),
            Quantity("least cost", (), np.array(exact.cost), decimals=4),
            Quantity("information", FIRST, information),
        ],
        items,
    )


def distillation_temperature() -> LiveFigure:
    """Teacher and student at a temperature, and what is left of the loss."""
    label, teacher, student = (
        [1, 0, 0, 0, 0],
        [4.0, 2.0, 1.0, 0.0, -1.0],
        [2.0, 2.5, 0.0, 1.0, -0.5],
    )
    temperatures = np.round(2 ** (np.arange(-4, 25) / 4), 2)  # the page shows as many digits
    soft, cross, kl, entropy, slope = np.empty((5, temperatures.size))
    laws = []
    for k, t in enumerate(temperatures):
        both = [refimpl.softmax(logits, temperature=t) for logits in (teacher, student)]
        options = {"temperature": t, "weight": 1.0}
        soft[k] = refimpl.distillation_loss(label, teacher, student, **options)
        cross[k] = refimpl.distillation_loss(
            label, teacher, student, soft="cross_entropy", **options
        )
        slope[k] = np.abs(refimpl.distillation_gradient(label, teacher, student, **options)).max()
        kl[k], entropy[k] = refimpl.kl_divergence(*both), refimpl.entropy(both[0])
        laws.append(both)
    limit = np.var(np.subtract(student, teacher)) / 2

    bars = Panel(
        24, 90, Axis(0.4, 5.6, ticks(range(1, 6)), "class"), Axis(0, 1, ticks([0, 0.5, 1]))
    )
    chart = Panel(
        172,
        120,
        Axis(0.5, 64, ticks(2.0 ** np.arange(-1, 7)), "T", log=True),
        Axis(0, 1.4, ticks([0, 0.5, 1])),
    )
    classes = np.arange(1, 6)
    teachers = [bars.bars(classes - 0.17, p, 17) for p, _ in laws]
    students = [bars.bars(classes + 0.17, q, 17) for _, q in laws]
    items: list[Item] = [
        bars.frame(),
        legend(16, [("a", "teacher (full)"), ("b", "student (hollow)")]),
        Mark("path", fill("a"), {"d": (FIRST, teachers)}),
        Mark("path", stroke("b"), {"d": (FIRST, students)}),
        chart.frame(),
        legend(160, [("a", "T² KL"), ("b", "KL"), ("c", "limit of T² KL")]),
        curve(chart.curve(temperatures, soft), "a"),
        curve(chart.curve(temperatures, kl), "b"),
        curve(chart.curve(temperatures[[0, -1]], [limit, limit]), "c"),
        dot(chart, "b", (FIRST, temperatures), (FIRST, kl)),
        dot(chart, "a", (FIRST, temperatures), (FIRST, soft)),
    ]
    return LiveFigure(
        324,
        [Parameter("T", "temperature", temperatures, 8)],
        [
            Quantity("KL", FIRST, kl),
            Quantity("T² KL", FIRST, soft),
            Quantity("T² cross-entropy", FIRST, cross),
            Quantity("T² entropy of the teacher", FIRST, temperatures**2 * entropy),
            Quantity("steepest slope", FIRST, slope),
        ],
        items,
    )


def pinsker_coins() -> LiveFigure:
    """Two coins, and the bounds of their total variation by their relative entropy."""
    heads = np.round(np.linspace(0.05, 0.95, 19), 2)
    a, b = np.meshgrid(heads, heads, indexing="ij")
    kl = np.asarray(refimpl.kl_bernoulli(a, b))
    tv = np.asarray(refimpl.total_variation(np.stack([a, 1 - a], -1), np.stack([b, 1 - b], -1)))
    pinsker, huber = refimpl.pinsker_bound(kl), refimpl.bretagnolle_huber_bound(kl)

    chart = Panel(
        26, 190, Axis(0, 2.8, ticks(range(3)), "KL(p ‖ q)"), Axis(0, 1.2, ticks([0, 0.5, 1]))
    )
    k = np.linspace(0, 1, 60) ** 2 * 2.8
    both = (0, 1)
    across, low, high = (
        values.ravel() for values in (chart.across(kl), chart.down(tv), chart.down(pinsker))
    )
    gaps = [
        f"M{short(x)} {short(y)}V{short(bound)}"
        for x, y, bound in zip(across, low, high, strict=True)
    ]
    items: list[Item] = [
        chart.frame(),
        legend(16, [("a", "Pinsker"), ("b", "Bretagnolle–Huber")]),
        curve(chart.curve(k, refimpl.pinsker_bound(k)), "a"),
        curve(chart.curve(k, refimpl.bretagnolle_huber_bound(k)), "b"),
        Mark("path", stroke("c"), {"d": (both, gaps)}),
        dot(chart, "c", (both, kl), (both, tv)),
    ]
    return LiveFigure(
        248,
        [
            Parameter("a", "heads of the coin p", heads, 17),
            Parameter("b", "heads of the coin q", heads, 1),
        ],
        [
            Quantity("TV", both, tv),
            Quantity("KL(p ‖ q)", both, kl),
            Quantity("Pinsker", both, np.asarray(pinsker)),
            Quantity("Bretagnolle–Huber", both, np.asarray(huber)),
        ],
        items,
    )


FIGURES: dict[str, Callable[[], LiveFigure]] = {
    "parallel-segments": parallel_segments,
    "two-normals": two_normals,
    "moving-mass": moving_mass,
    "sinkhorn-epsilon": sinkhorn_epsilon,
    "distillation-temperature": distillation_temperature,
    "pinsker-coins": pinsker_coins,
}
