"""Drawings in SVG whose marks move with parameters.

A drawing is made once, here, for the place where its sliders start. What moves is a list of
attributes with a value for each place of the sliders; the page sets them and computes nothing.
So the still picture and the live one cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH = 340  # of every drawing; a phone shows it at nearly this size, so the type stays readable
INK = "#22272e"
RULE = "#6b7280"
GRID = "#d6d9de"

# Colour and dash of each series, those of book.mplstyle. On a page book.css gives the colours.
SERIES = {
    "a": ("#16508b", ""),
    "b": ("#8b2e1d", "6 2"),
    "c": ("#279058", "2 2"),
    "d": ("#5a1232", "8 2 2 2"),
}

# The values of an attribute, in the order of the places of the sliders that it follows:
# the numbers of these sliders, and the values, those of the last slider fastest.
Followed = tuple[tuple[int, ...], Sequence[str]]


FIRST = (0,)  # what follows the first slider alone


@dataclass(frozen=True)
class Mark:
    """An element of a drawing, some of whose attributes follow sliders."""

    tag: str
    fixed: Mapping[str, str]
    moving: Mapping[str, Followed]


Item = str | Mark


@dataclass(frozen=True)
class Axis:
    """One axis of a panel: the range, the ticks with their texts, and what it shows."""

    low: float
    high: float
    ticks: Mapping[float, str]
    label: str = ""
    log: bool = False

    def share(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return how far along the axis values are, from 0 to 1."""
        numbers = np.asarray(values, dtype=float)
        low, high = self.low, self.high
        if self.log:
            numbers, low, high = np.log(numbers), np.log(low), np.log(high)
        return np.asarray((numbers - low) / (high - low))


@dataclass(frozen=True)
class Panel:
    """A rectangle with two axes; its methods turn numbers into places of the drawing."""

    top: float
    height: float
    x: Axis
    y: Axis
    left: float = 34
    width: float = WIDTH - 34 - 10

    def across(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return horizontal places."""
        return self.left + self.width * self.x.share(x)

    def down(self, y: ArrayLike) -> NDArray[np.float64]:
        """Return vertical places, which grow downwards."""
        return self.top + self.height * (1 - self.y.share(y))

    def curve(self, x: ArrayLike, y: ArrayLike) -> str:
        """Return the path through points, as far as it stays in the panel."""
        across, down = self.across(x), self.down(y)
        outside = np.flatnonzero(down < self.top)
        if outside.size:
            k = int(outside[0])
            if k == 0:
                return ""
            rest = (self.top - down[k - 1]) / (down[k] - down[k - 1])
            across = np.append(across[:k], across[k - 1] + rest * (across[k] - across[k - 1]))
            down = np.append(down[:k], self.top)
        return path(across, down)

    def bars(self, x: ArrayLike, heights: ArrayLike, width: float) -> str:
        """Return the path of bars that stand on the axis; the width is in pixels."""
        ground = float(self.down(self.y.low))
        lefts = self.across(x) - width / 2
        return "".join(
            f"M{short(left)} {short(ground)}V{short(high)}h{short(width)}V{short(ground)}z"
            for left, high in zip(lefts, self.down(heights), strict=True)
        )

    def frame(self) -> str:
        """Return grid, axes, ticks and labels."""
        right, bottom = self.left + self.width, self.top + self.height
        parts = []
        for value, text in self.x.ticks.items():
            at = short(float(self.across(value)))
            parts.append(line(at, short(self.top), at, short(bottom), "grid"))
            parts.append(words(at, bottom + 13, text, "middle"))
        for value, text in self.y.ticks.items():
            at = short(float(self.down(value)))
            parts.append(line(short(self.left), at, short(right), at, "grid"))
            parts.append(words(self.left - 5, float(at) + 4, text, "end"))
        parts.append(line(short(self.left), short(bottom), short(right), short(bottom), "rule"))
        if self.x.label:
            parts.append(words(right, bottom + 26, self.x.label, "end"))
        if self.y.label:
            parts.append(words(self.left, self.top - 6, self.y.label, "start"))
        return "".join(parts)


def ticks(values: Iterable[float]) -> dict[float, str]:
    """Return ticks at values with the values as texts."""
    return {value: f"{value:g}".replace("-", "−") for value in values}


def curve(d: str, series: str, width: float = 2) -> str:
    """Return a line of a series that does not move."""
    return element("path", {"d": d} | stroke(series, width))


def short(number: ArrayLike, decimals: int = 1) -> str:
    """Write a length with one decimal at most."""
    return f"{round(float(np.asarray(number)), decimals) + 0.0:g}"


def path(across: NDArray[np.float64], down: NDArray[np.float64]) -> str:
    """Write a path through points in steps, which are shorter than places."""
    tenths = np.rint(10 * np.stack([across, down], axis=1)).astype(int)
    if len(tenths) == 0:
        return ""
    first, steps = tenths[0] / 10, np.diff(tenths, axis=0) / 10
    text = " ".join(f"{dx:g} {dy:g}" for dx, dy in steps).replace(" -", "-")
    return f"M{first[0]:g} {first[1]:g}l{text}" if len(steps) else f"M{first[0]:g} {first[1]:g}"


def element(tag: str, attributes: Mapping[str, str], content: str = "") -> str:
    """Write an element."""
    given = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{given}>{content}</{tag}>" if content else f"<{tag}{given}/>"


def words(x: float | str, y: float | str, text: str, anchor: str) -> str:
    """Write a text."""
    place = {"x": short(float(x)), "y": short(float(y)), "text-anchor": anchor, "fill": INK}
    return element("text", place, escape(text, quote=False))


def line(x1: str, y1: str, x2: str, y2: str, kind: str) -> str:
    """Write a straight line: of the ``grid``, or a ``rule``."""
    colour = GRID if kind == "grid" else RULE
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return element("line", {"class": f"slider-{kind}", **ends, "stroke": colour})


def stroke(series: str, width: float = 2) -> dict[str, str]:
    """Return the attributes of a line of a series."""
    colour, dash = SERIES[series]
    look = {"class": f"slider-{series}", "fill": "none", "stroke": colour}
    return look | {"stroke-width": f"{width:g}"} | ({"stroke-dasharray": dash} if dash else {})


def fill(series: str, opacity: float = 1) -> dict[str, str]:
    """Return the attributes of an area of a series."""
    look = {"class": f"slider-{series}-fill", "fill": SERIES[series][0]}
    return look if opacity == 1 else look | {"fill-opacity": f"{opacity:g}"}


def legend(top: float, entries: Iterable[tuple[str, str]], left: float = 34) -> str:
    """Write a row of samples of lines with their names, series before name."""
    parts, at = [], left
    for series, name in entries:
        parts.append(curve(f"M{short(at)} {short(top - 4)}h24", series))
        parts.append(words(at + 29, top, name, "start"))
        at += 29 + 6.3 * len(name) + 14
    return "".join(parts)


def dot(
    panel: Panel,
    series: str,
    x: tuple[tuple[int, ...], ArrayLike],
    y: tuple[tuple[int, ...], ArrayLike],
) -> Mark:
    """Return a dot, or a ring, whose places follow sliders; above the panel it is not shown."""
    heights = np.asarray(y[1], dtype=float).ravel()
    inside = heights <= panel.y.high
    colour, ring = SERIES[series][0], series in "bd"
    look = {
        "class": f"slider-{series} slider-" + ("ring" if ring else f"{series}-fill"),
        "stroke": colour,
        "stroke-width": "2",
        "fill": "#ffffff" if ring else colour,
        "r": "4",
    }
    down = panel.down(np.fmin(heights, panel.y.high))
    moving: dict[str, Followed] = {
        "cx": (x[0], [short(place) for place in panel.across(x[1]).ravel()]),
        "cy": (y[0], [short(place) for place in down]),
    }
    if not inside.all():
        moving["visibility"] = (y[0], ["visible" if seen else "hidden" for seen in inside])
    return Mark("circle", look, moving)
