"""The figures with sliders of this book. Every number in them is computed by ``refimpl``."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import refimpl
from numpy.typing import NDArray

from sliders.drawing import Axis, Mark, Panel, dots, fill, legend, short, stroke, words
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
    w1, kl, js = np.empty((3, theta.size))
    for k, shift in enumerate(theta):
        there = here + [shift, 0]
        w1[k] = certified(refimpl.wasserstein(uniform, uniform, x=here, y=there)).distance
        places, where = np.unique(np.concatenate([here, there]), axis=0, return_inverse=True)
        p = np.bincount(where[:16], uniform, len(places))
        q = np.bincount(where[16:], uniform, len(places))
        kl[k], js[k] = refimpl.kl_divergence(p, q), refimpl.js_divergence(p, q)

    ticks = {-1.0: "−1", -0.5: "−0.5", 0.0: "0", 0.5: "0.5", 1.0: "1"}
    plane = Panel(10, 70, Axis(-1.08, 1.08, {}), Axis(0, 1, {0: "0", 1: "1"}))
    chart = Panel(
        118, 130, Axis(-1.08, 1.08, ticks, "θ"), Axis(0, 1.08, {0: "0", 0.5: "0.5", 1: "1"})
    )
    middle = theta.size // 2
    where = plane.across(theta)
    segment = f"V{short(float(plane.down(1)))}"
    ground = short(float(plane.down(0)))
    items = [
        plane.frame(),
        chart.frame(),
        legend(106, [("a", "W₁"), ("b", "JS")]),
        _path(chart.curve(theta, w1), "a"),
        _path(chart.curve(theta[:middle], js[:middle]), "b"),
        _path(chart.curve(theta[middle + 1 :], js[middle + 1 :]), "b"),
        Mark("path", stroke("d", 3), {"d": [f"M{short(x)} {ground}{segment}" for x in where]}),
        _path(f"M{short(where[middle])} {ground}{segment}", "a", 3),
        dots(chart, "b", theta, js),
        dots(chart, "a", theta, w1),
    ]
    return LiveFigure(
        280,
        [Parameter("θ", "where the second line is", theta, 30)],
        [
            Quantity("W₁", w1),
            Quantity("JS", js),
            Quantity("KL(P₀ ‖ P_θ)", kl),
        ],
        items,
    )


def _path(d: str, series: str, width: float = 2) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in stroke(series, width).items())
    return f'<path d="{d}"{attributes}/>' if d else ""


FIGURES: dict[str, Callable[[], LiveFigure]] = {
    "parallel-segments": parallel_segments,
}
