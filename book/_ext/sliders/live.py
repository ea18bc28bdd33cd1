"""A figure with sliders: its parameters, its numbers, its drawing, and what of it moves."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from sliders.drawing import WIDTH, Item, Mark, element


@dataclass(frozen=True)
class Parameter:
    """What a slider sets: a symbol, its meaning, its values, and where it starts."""

    symbol: str
    meaning: str
    values: NDArray[np.float64]
    start: int
    decimals: int = 2

    def shown(self) -> list[str]:
        """Return the values as the page shows them."""
        return [number(value, self.decimals) for value in self.values]


@dataclass(frozen=True)
class Quantity:
    """A number below the drawing, for each place of the sliders ``by``."""

    symbol: str
    by: tuple[int, ...]
    values: NDArray[np.float64]
    decimals: int = 3

    def shown(self) -> list[str]:
        """Return the values as the page shows them."""
        return [number(value, self.decimals) for value in self.values.ravel()]


@dataclass(frozen=True)
class LiveFigure:
    """A figure with sliders; ``items`` are drawn in their order."""

    height: int
    parameters: Sequence[Parameter]
    quantities: Sequence[Quantity]
    items: Sequence[Item]

    def start(self, by: Sequence[int]) -> int:
        """Return the place in a list of values where the sliders start."""
        place = 0
        for k in by:
            place = place * len(self.parameters[k].values) + self.parameters[k].start
        return place

    def marks(self) -> list[Mark]:
        """Return what moves."""
        return [item for item in self.items if isinstance(item, Mark)]

    def svg(self, attributes: Mapping[str, str]) -> str:
        """Draw the figure as it is where the sliders start."""
        parts, count = [], 0
        for item in self.items:
            if isinstance(item, Mark):
                now = {name: values[self.start(by)] for name, (by, values) in item.moving.items()}
                parts.append(element(item.tag, {**item.fixed, **now, "data-mark": str(count)}))
                count += 1
            else:
                parts.append(item)
        box = {"viewBox": f"0 0 {WIDTH} {self.height}", **attributes}
        return element("svg", box, "".join(parts))

    def data(self) -> dict[str, object]:
        """Return what the page needs to draw the figure for other places of the sliders."""
        return {
            "parameters": [
                {"symbol": parameter.symbol, "values": parameter.shown(), "start": parameter.start}
                for parameter in self.parameters
            ],
            "quantities": [
                {"symbol": quantity.symbol, "by": list(quantity.by), "values": quantity.shown()}
                for quantity in self.quantities
            ],
            "marks": [
                {name: {"by": by, "values": values} for name, (by, values) in mark.moving.items()}
                for mark in self.marks()
            ],
        }

    def said(self) -> str:
        """Return what a screen reader hears of the numbers where the sliders start."""
        now = (
            f"{quantity.symbol} = {quantity.shown()[self.start(quantity.by)]}"
            for quantity in self.quantities
        )
        return ", ".join(now)

    def html(self, name: str, alt: str) -> str:
        """Return the drawing, its sliders, its numbers and its data, for a page."""
        controls = "".join(
            f'<p><label for="{name}-{k}"><i>{escape(parameter.symbol)}</i>, '
            f"{escape(parameter.meaning)}</label> "
            f"<span data-value>{parameter.shown()[parameter.start]}</span>"
            f'<input type="range" id="{name}-{k}" min="0" max="{len(parameter.values) - 1}" '
            f'step="1" value="{parameter.start}" autocomplete="off" aria-valuetext="'
            f'{escape(f"{parameter.shown()[parameter.start]}; {self.said()}")}"></p>'
            for k, parameter in enumerate(self.parameters)
        )
        numbers = "".join(
            f"<div><dt>{escape(quantity.symbol)}</dt>"
            f"<dd>{quantity.shown()[self.start(quantity.by)]}</dd></div>"
            for quantity in self.quantities
        )
        text = json.dumps(self.data(), ensure_ascii=False, separators=(",", ":"))
        text = text.replace("<", "\\u003c")  # nothing in it can end the element
        return (
            '<div class="slider">'
            + self.svg({"role": "img", "aria-label": alt})
            + f'<div class="slider-controls">{controls}</div>'
            + f'<dl class="slider-numbers simple">{numbers}</dl>'
            + '<p class="visually-hidden" role="status"></p>'
            + f'<script type="application/json">{text}</script></div>'
        )

    def file(self) -> str:
        """Return the still picture as a file of its own."""
        size = {"width": str(WIDTH), "height": str(self.height)}
        font = {"font-family": "DejaVu Sans, sans-serif", "font-size": "11"}
        return self.svg({"xmlns": "http://www.w3.org/2000/svg", **size, **font})


def number(value: float, decimals: int) -> str:
    """Write a number as the page shows it."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{decimals}f}"
    return text.replace("-", "−") if float(text) else text.removeprefix("-")
