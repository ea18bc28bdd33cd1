"""Figures with sliders: their numbers by a second way, their data, their still pictures."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped]  # it has no types
import mpmath  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from docutils import nodes
from numpy.typing import NDArray
from py_mini_racer import MiniRacer
from scipy.optimize import linprog
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

import refimpl
from sliders.drawing import WIDTH, Axis, Mark, Panel
from sliders.figures import FIGURES
from sliders.live import LiveFigure, number

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "tests" / "schemas" / "sliders.json").read_text("utf-8"))
SCRIPT = ROOT / "book" / "_static" / "sliders.js"

Array = NDArray[np.float64]

# What the book promises: a slider where a parameter matters, and in which chapter it stands.
PLACES = {
    "parallel-segments": "transport",
    "moving-mass": "transport",
    "sinkhorn-epsilon": "transport",
    "two-normals": "ipms",
    "distillation-temperature": "losses",
    "pinsker-coins": "fdivergences",
}


def quantities(figure: LiveFigure) -> dict[str, Array]:
    return {quantity.symbol: quantity.values for quantity in figure.quantities}


def circles(figure: LiveFigure) -> list[Mark]:
    return [mark for mark in figure.marks() if mark.tag == "circle"]


def places(mark: Mark, attribute: str) -> Array:
    return np.array([float(value) for value in mark.moving[attribute][1]])


def follows(mark: Mark, attribute: str, values: Array, sign: int) -> None:
    """Assert that the places of a dot are a scale of the values, to the tenth of a pixel."""
    at, values = places(mark, attribute), values.ravel()
    seen = np.array(mark.moving.get("visibility", ((), ["visible"] * at.size))[1]) == "visible"
    if attribute == "cx":
        seen = np.full(at.size, fill_value=True)
    slope, zero = np.polyfit(values[seen], at[seen], 1)
    assert slope * sign > 0
    assert np.abs(slope * values + zero - at)[seen].max() < 0.08


def vertices(d: str) -> Array:
    """Return the places of the vertices of a path of steps."""
    return np.cumsum(np.array(re.findall(r"-?[\d.]+", d), dtype=float).reshape(-1, 2), axis=0)


def still_curves(figure: LiveFigure, series: str) -> Array:
    """Return all vertices of the curves of a series that do not move."""
    text = "".join(item for item in figure.items if isinstance(item, str))
    found = re.findall(rf'd="(M[^"]*l[^"]*)" class="slider-{series}"', text)
    return np.concatenate([vertices(d) for d in found])


def lies_on(mark: Mark, curves: Array, *, but: int = 0) -> None:
    """Assert that a dot is at a vertex of the curves at all places but some."""
    at = np.stack([places(mark, "cx"), places(mark, "cy")], axis=1)
    away = np.abs(at[:, None] - curves).max(axis=2).min(axis=1)
    assert np.sum(away > 0.11) == but


def bars_follow(paths: Sequence[str], heights: Array) -> None:
    """Assert that bars have heights in one scale, and stand on one ground."""
    tops = np.array([re.findall(r"V([\d.]+)h", d) for d in paths], dtype=float)
    ground = np.array([re.findall(r"V([\d.]+)z", d) for d in paths], dtype=float)
    assert np.ptp(ground) == 0
    scale = np.max(ground - tops) / np.max(heights)
    np.testing.assert_allclose(ground - tops, scale * heights, atol=0.11)


def least_cost(p: Array, q: Array, cost: Array) -> float:
    """Solve the linear programme of optimal transport as it is written in the book."""
    n, m = cost.shape
    rows = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    found = linprog(cost.ravel(), A_eq=np.vstack(rows), b_eq=np.concatenate([p, q]))
    assert found.fun is not None
    return float(found.fun)


def check_parallel_segments(figure: LiveFigure) -> None:
    theta, found = figure.parameters[0].values, quantities(figure)
    apart = theta != 0
    np.testing.assert_allclose(found["W₁"], np.abs(theta), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["JS"], np.where(apart, math.log(2), 0), rtol=1e-12)
    for symbol in ("KL(P ‖ Q)", "KL(Q ‖ P)"):
        np.testing.assert_array_equal(found[symbol], np.where(apart, math.inf, 0))
    for mark, symbol in zip(circles(figure), ("JS", "W₁"), strict=True):
        follows(mark, "cx", theta, 1)
        follows(mark, "cy", found[symbol], -1)
    lies_on(circles(figure)[0], still_curves(figure, "b"), but=1)  # the jump at zero
    lies_on(circles(figure)[1], still_curves(figure, "a"))
    (second,) = (mark for mark in figure.marks() if mark.tag == "path")
    across = [float(d[1:].split()[0]) for d in second.moving["d"][1]]
    np.testing.assert_allclose(across, places(circles(figure)[0], "cx"), atol=0.01)


def check_two_normals(figure: LiveFigure) -> None:
    found = quantities(figure)
    shift, stds, others = (parameter.values for parameter in figure.parameters)
    for i, j, k in ((0, 2, 2), (6, 2, 3), (16, 0, 4), (3, 4, 0), (16, 0, 0), (9, 1, 1)):
        m, s, t = shift[i], stds[j], others[k]
        p, q = (
            lambda x, mean=mean, std=std: mpmath.npdf(x, mean, std)
            for mean, std in ((0, s), (m, t))
        )

        def relative(a: Callable[..., Any], b: Callable[..., Any]) -> Callable[..., Any]:
            return lambda x: a(x) * mpmath.log(a(x) / b(x))

        def half(a: Callable[..., Any], b: Callable[..., Any]) -> Callable[..., Any]:
            return lambda x: a(x) * mpmath.log(2 * a(x) / (a(x) + b(x))) / 2

        ends = [-25, -8, -3, 0, 1, 3, 6, 12, 30]
        for symbol, integrand in (
            ("KL(p ‖ q)", relative(p, q)),
            ("KL(q ‖ p)", relative(q, p)),
            ("JS", lambda x: half(p, q)(x) + half(q, p)(x)),  # noqa: B023  (called at once)
        ):
            assert abs(found[symbol][i, j, k] - mpmath.quad(integrand, ends)) < 1e-9
        assert math.isclose(found["W₂"][i, j, k], math.hypot(m, s - t), abs_tol=1e-12)
    wider = np.sign(np.subtract.outer(stds, others)) * np.ones((shift.size, 1, 1))
    gap = found["KL(p ‖ q)"] - found["KL(q ‖ p)"]
    np.testing.assert_array_equal(np.sign(np.where(np.abs(gap) < 1e-12, 0, gap)), wider)
    assert np.all(found["JS"] < math.log(2))
    for mark, symbol in zip(circles(figure), found, strict=True):
        follows(mark, "cx", shift, 1)
        follows(mark, "cy", found[symbol], -1)
    *bells, kl, reverse, js, w2 = (mark for mark in figure.marks() if mark.tag == "path")
    for mark, curve in zip(circles(figure), (kl, reverse, js, w2), strict=True):
        down = places(mark, "cy").reshape(found["JS"].shape)
        for place, d in enumerate(curve.moving["d"][1]):
            drawn = vertices(d)[:, 1] if d else np.array([])
            seen = found[mark_symbol(figure, mark)][:, *divmod(place, 5)] <= 5
            np.testing.assert_allclose(
                drawn[: seen.sum()], down[:, *divmod(place, 5)][seen], atol=0.11
            )
    for law, widths in zip(bells, (stds, others), strict=True):
        curves = [vertices(d) for d in law.moving["d"][1]]
        for axis, sizes in ((0, 6 * widths), (1, 0.39451 / widths)):  # φ(0) - φ(3)
            spans = np.array([np.ptp(curve[:, axis]) for curve in curves])
            scale = spans @ sizes / (sizes @ sizes)
            np.testing.assert_allclose(spans, scale * sizes, atol=0.15)
    moves = re.findall(r"translate\((.*?)\)", " ".join(bells[1].moving["transform"][1]))
    scale = np.ptp(vertices(bells[1].moving["d"][1][0])[:, 0]) / (6 * others[0])
    np.testing.assert_allclose(np.array(moves, dtype=float), scale * shift, atol=0.3)


def mark_symbol(figure: LiveFigure, mark: Mark) -> str:
    return figure.quantities[circles(figure).index(mark)].symbol


def check_moving_mass(figure: LiveFigure) -> None:
    time, found = figure.parameters[0].values, quantities(figure)
    p = np.array([2, 5, 6, 4, 2, 1, 0, 0, 0, 0, 0, 0]) / 20
    q = np.array([0, 0, 0, 0, 0, 2, 4, 1, 0, 3, 6, 4]) / 20
    quantiles = [np.repeat(np.arange(12), np.rint(20 * law).astype(int)) for law in (p, q)]
    distance = math.sqrt(np.mean((quantiles[0] - quantiles[1]) ** 2))
    np.testing.assert_allclose(found["moved: W₂ from p"], time * distance, atol=1e-7)
    np.testing.assert_allclose(found["moved: W₂ to q"], (1 - time) * distance, atol=1e-7)
    squares = np.subtract.outer(np.arange(12.0), np.arange(12.0)) ** 2
    for k in (0, 1, 7, 14, 20):
        mixture = (1 - time[k]) * p + time[k] * q
        for symbol, law in (("mixed: W₂ from p", p), ("mixed: W₂ to q", q)):
            cost = least_cost(mixture, law, squares)
            assert math.isclose(found[symbol][k] ** 2, cost, rel_tol=1e-9, abs_tol=1e-9)
    longer = found["mixed: W₂ from p"] + found["mixed: W₂ to q"] - distance
    assert np.all(longer[1:-1] > 0.1)

    (mixtures,) = (mark for mark in figure.marks() if mark.tag == "path")
    bars_follow(mixtures.moving["d"][1], np.outer(1 - time, p) + np.outer(time, q))
    bricks = [mark for mark in figure.marks() if mark.tag == "rect"]
    at = np.array(
        [re.findall(r"-?[\d.]+", text) for b in bricks for text in b.moving["transform"][1]]
    )
    across, down = at.astype(float).reshape(20, 21, 2).transpose(2, 0, 1)
    assert np.abs(np.diff(across, 2, axis=1)).max() < 0.21  # at a constant speed
    for k, law in ((0, p), (-1, q)):
        columns, heights = np.unique(across[:, k], return_counts=True)
        np.testing.assert_array_equal(heights, np.rint(20 * law[law > 0]))
        np.testing.assert_allclose(
            np.diff(columns), 24.26 * np.diff(np.flatnonzero(law)), atol=0.15
        )
        assert len({*zip(across[:, k], down[:, k], strict=True)}) == 20  # none upon another


def check_sinkhorn_epsilon(figure: LiveFigure) -> None:
    epsilon, found = figure.parameters[0].values, quantities(figure)
    points = (np.arange(10) + 0.5) / 10
    p = np.array([2, 8, 12, 8, 4, 2, 2, 2, 1, 1]) / 42
    q = np.array([1, 1, 2, 2, 4, 8, 6, 8, 6, 4]) / 42
    squares = np.subtract.outer(points, points) ** 2
    least = least_cost(p, q, squares)
    assert math.isclose(found["least cost"], least, rel_tol=1e-9)
    cells = [mark for mark in figure.marks() if mark.tag == "rect"]
    shades = np.array([places(cell, "fill-opacity") for cell in cells])
    for k in (12, 20, 28, 32):  # the bare iteration: no logarithms, no Newton steps
        kernel, v = np.exp(-squares / epsilon[k]), np.ones(10)
        for _ in range(5000):
            u = p / (kernel @ v)
            v = q / (kernel.T @ u)
        plan = u[:, None] * kernel * v
        information = np.sum(plan * np.log(plan / np.outer(p, q)))
        cost = np.sum(plan * squares)
        assert abs(found["cost"][k] - cost) < 1e-8
        assert abs(found["with entropy"][k] - cost - epsilon[k] * information) < 1e-8
        assert abs(found["information"][k] - information) < 1e-7
        ratio = shades[:, k] ** 2 / plan.ravel()
        clear = shades[:, k] > 0.2
        np.testing.assert_allclose(ratio[clear], np.median(ratio), rtol=0.06)
    assert least <= found["cost"][0] < 1.001 * least
    assert math.isclose(found["cost"][-1], p @ squares @ q, rel_tol=0.01)
    for mark, symbol in zip(circles(figure), ("with entropy", "cost"), strict=True):
        lies_on(mark, still_curves(figure, {"cost": "a", "with entropy": "b"}[symbol]))
        follows(mark, "cx", np.log(epsilon), 1)
        follows(mark, "cy", found[symbol], -1)


def check_distillation_temperature(figure: LiveFigure) -> None:
    found, drawn = quantities(figure), []
    v, z = np.array([4.0, 2, 1, 0, -1]), np.array([2.0, 2.5, 0, 1, -0.5])
    for k, t in enumerate(figure.parameters[0].values):
        p, q = (np.exp(a / t) / np.sum(np.exp(a / t)) for a in (v, z))
        drawn.append((p, q))
        kl, entropy = np.sum(p * np.log(p / q)), -np.sum(p * np.log(p))
        expected = {
            "KL": kl,
            "T² KL": t**2 * kl,
            "T² cross-entropy": t**2 * (kl + entropy),
            "T² entropy of the teacher": t**2 * entropy,
            "steepest slope": t * np.abs(q - p).max(),
        }
        for symbol, value in expected.items():
            assert math.isclose(found[symbol][k], value, rel_tol=1e-10), symbol
    assert math.isclose(found["T² KL"][-1], np.var(z - v) / 2, rel_tol=0.02)
    bars = [mark for mark in figure.marks() if mark.tag == "path"]
    for mark, laws in zip(bars, zip(*drawn, strict=True), strict=True):
        bars_follow(mark.moving["d"][1], np.array(laws))
    for mark, symbol in zip(circles(figure), ("KL", "T² KL"), strict=True):
        lies_on(mark, still_curves(figure, {"T² KL": "a", "KL": "b"}[symbol]))
        follows(mark, "cx", np.log(figure.parameters[0].values), 1)
        follows(mark, "cy", found[symbol], -1)


def check_pinsker_coins(figure: LiveFigure) -> None:
    found = quantities(figure)
    a, b = np.meshgrid(*(parameter.values for parameter in figure.parameters), indexing="ij")
    kl = a * np.log(a / b) + (1 - a) * np.log((1 - a) / (1 - b))
    np.testing.assert_allclose(found["KL(p ‖ q)"], kl, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(found["TV"], np.abs(a - b), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(found["Pinsker"], np.sqrt(kl / 2), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(
        found["Bretagnolle–Huber"], np.sqrt(1 - np.exp(-kl)), rtol=1e-7, atol=1e-7
    )
    assert np.all(found["TV"] <= found["Pinsker"] + 1e-12)
    (mark,) = circles(figure)
    follows(mark, "cx", kl, 1)
    follows(mark, "cy", found["TV"], -1)
    (gap,) = (mark for mark in figure.marks() if mark.tag == "path")
    ends = np.array([re.findall(r"[\d.]+", d) for d in gap.moving["d"][1]], dtype=float)
    np.testing.assert_array_equal(ends[:, 0], places(mark, "cx"))
    np.testing.assert_array_equal(ends[:, 1], places(mark, "cy"))
    for series, symbol in (("a", "Pinsker"), ("b", "Bretagnolle–Huber")):
        across, down = still_curves(figure, series).T
        scale = np.polyfit(found["TV"].ravel(), places(mark, "cy"), 1)
        expected = np.polyval(scale, found[symbol].ravel())
        between = np.interp(places(mark, "cx"), across, down)
        assert np.abs(between - expected).max() < 1.2  # a chord between two vertices
    scale = np.polyfit(found["TV"].ravel(), places(mark, "cy"), 1)
    np.testing.assert_allclose(ends[:, 2], np.polyval(scale, found["Pinsker"].ravel()), atol=0.1)


CHECKS: dict[str, Callable[[LiveFigure], None]] = {
    "parallel-segments": check_parallel_segments,
    "two-normals": check_two_normals,
    "moving-mass": check_moving_mass,
    "sinkhorn-epsilon": check_sinkhorn_epsilon,
    "distillation-temperature": check_distillation_temperature,
    "pinsker-coins": check_pinsker_coins,
}


@pytest.mark.parametrize("name", FIGURES)
def test_numbers_and_drawing_agree_with_a_second_way(name: str) -> None:
    CHECKS[name](FIGURES[name]())


def swapped_normals(
    function: Callable[..., object], p: Array, q: Array, *, std_p: Array, std_q: Array
) -> object:
    return function(q, p, std_p=std_q, std_q=std_p)


def swapped_laws(function: Callable[..., object], p: Array, q: Array) -> object:
    return function(q, p)


def scaled(function: Callable[..., Any], factor: float) -> Callable[..., Any]:
    return lambda *args, **options: factor * np.asarray(function(*args, **options))


@pytest.mark.parametrize(
    ("name", "function", "fault"),
    [
        ("parallel-segments", "js_divergence", scaled(refimpl.js_divergence, 1 / math.log(2))),
        ("parallel-segments", "kl_divergence", scaled(refimpl.js_divergence, 1)),
        ("two-normals", "js_divergence", scaled(refimpl.js_divergence, 1 + 1e-6)),
        ("two-normals", "kl_gaussian", partial(swapped_normals, refimpl.kl_gaussian)),
        ("two-normals", "wasserstein_gaussian", scaled(refimpl.wasserstein_gaussian, 1.001)),
        ("moving-mass", "wasserstein_1d", scaled(refimpl.wasserstein_1d, 0.999)),
        ("sinkhorn-epsilon", "mutual_information", scaled(refimpl.mutual_information, 1.001)),
        ("distillation-temperature", "kl_divergence", partial(swapped_laws, refimpl.kl_divergence)),
        ("distillation-temperature", "distillation_loss", scaled(refimpl.distillation_loss, 1.001)),
        ("pinsker-coins", "pinsker_bound", scaled(refimpl.pinsker_bound, math.sqrt(2))),
        ("pinsker-coins", "total_variation", scaled(refimpl.total_variation, 2)),
    ],
)
def test_planted_faults_are_found(
    name: str, function: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refimpl, function, fault)
    figure = FIGURES[name]()
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        CHECKS[name](figure)


def test_a_programme_without_certificate_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = refimpl.wasserstein
    monkeypatch.setattr(
        refimpl,
        "wasserstein",
        lambda *args, **options: replace(exact(*args, **options), gap=1.0),
    )
    with pytest.raises(ArithmeticError, match=r"gap 1\.0"):
        FIGURES["parallel-segments"]()


# --- Drawing and data


def test_a_panel_places_its_ticks_at_its_ends() -> None:
    panel = Panel(10, 100, Axis(1, 100, {}, log=True), Axis(0, 2, {}), left=20, width=200)
    np.testing.assert_allclose(panel.across([1, 10, 100]), [20, 120, 220])
    np.testing.assert_allclose(panel.down([0, 1, 2]), [110, 60, 10])
    assert panel.curve([1, 10, 100], [0, 1, 4]) == "M20 110l100-50 33.3-50"
    assert panel.curve([1, 10], [3, 1]) == ""
    assert panel.bars([10], [1], 8) == "M116 110V60h8V110z"


@pytest.mark.parametrize(
    ("value", "text"),
    [(math.inf, "∞"), (-math.inf, "−∞"), (-1e-9, "0.00"), (-1.234, "−1.23"), (0.5, "0.50")],
)
def test_numbers_are_written_as_readers_know_them(value: float, text: str) -> None:
    assert number(value, 2) == text


@pytest.mark.parametrize("name", FIGURES)
def test_data_have_the_form_that_the_page_reads(name: str) -> None:
    figure = FIGURES[name]()
    data: dict[str, Any] = json.loads(json.dumps(figure.data()))
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    sizes = [len(parameter["values"]) for parameter in data["parameters"]]
    assert all(p["start"] < size for p, size in zip(data["parameters"], sizes, strict=True))
    assert all(
        len(set(parameter["values"])) == len(parameter["values"])
        for parameter in data["parameters"]
    )
    followed = [value for mark in data["marks"] for value in mark.values()]
    for values in followed + data["quantities"]:
        assert len(values["values"]) == math.prod(sizes[k] for k in values["by"])
    assert len(figure.html(name, "alt")) < 75_000


@pytest.mark.parametrize("name", FIGURES)
def test_faulty_data_are_refused(name: str) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    data = json.loads(json.dumps(FIGURES[name]().data()))
    faults: list[dict[str, Any]] = [
        {"marks": []},
        {"marks": [{"onclick": {"by": [0], "values": ["x"]}}]},
        {"marks": [{"d": {"by": [0], "values": ["M1 nan"]}}]},
        {"quantities": [{"symbol": "x", "by": [0], "values": ["0.5 "]}]},
        {"parameters": [{"symbol": "x", "values": ["1"], "start": 0}]},
        {"more": 1},
    ]
    assert validator.is_valid(data)
    assert not any(validator.is_valid(data | fault) for fault in faults)


@pytest.mark.parametrize("name", FIGURES)
def test_still_picture_stands_alone(name: str) -> None:
    figure = FIGURES[name]()
    root = ET.fromstring(figure.file())  # noqa: S314  (our own)
    assert root.get("viewBox") == f"0 0 {WIDTH} {root.get('height')}"
    drawn = {element.get("data-mark"): element for element in root.iter()}
    data: Any = figure.data()
    for k, mark in enumerate(data["marks"]):
        for attribute, values in mark.items():
            place = 0
            for slider in values["by"]:
                parameter = data["parameters"][slider]
                place = place * len(parameter["values"]) + parameter["start"]
            assert drawn[str(k)].get(attribute) == values["values"][place]
    texts = [element for element in root.iter() if element.tag.endswith("text")]
    assert len(texts) >= 5
    for text in texts:  # nothing is cut off
        width = 6.4 * len(text.text or "")
        left = (
            float(text.get("x", ""))
            - {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "")] * width
        )
        assert left >= -4
        assert left + width <= WIDTH + 4
        assert float(text.get("y", "")) <= figure.height


# --- Pages


def test_every_slider_stands_once_in_its_chapter() -> None:
    assert {*PLACES} == {*FIGURES} == {*CHECKS}
    found = {
        name: path.stem
        for path in (ROOT / "book").glob("*.md")
        for name in re.findall(r"^```\{slider\} (\S+)$", path.read_text("utf-8"), re.MULTILINE)
    }
    assert found == PLACES
    text = "\n".join((ROOT / "book" / f"{c}.md").read_text("utf-8") for c in set(PLACES.values()))
    assert len(re.findall(r"^```\{slider\}", text, re.MULTILINE)) == len(PLACES)


# As much of a page as the script touches.
PAGE = """
class Element {
  constructor(text = "", value = "") {
    Object.assign(this, {textContent: text, value, attributes: {}, heard: {}});
  }
  setAttribute(name, value) { this.attributes[name] = value; }
  addEventListener(name, heard) { this.heard[name] = heard; }
  send(...names) { for (const name of names) this.heard[name]?.(); }
}
const data = JSON.parse(TEXT);
const make = (list) => list.map(() => new Element());
const page = {
  script: [new Element(TEXT)],
  input: data.parameters.map(({start}) => new Element("", String(start))),
  "[data-value]": make(data.parameters),
  dd: make(data.quantities),
  "[data-mark]": make(data.marks),
  "[role=status]": [new Element()],
};
const box = {querySelector: (name) => page[name][0], querySelectorAll: (name) => page[name]};
const document = {querySelectorAll: (name) => (name === ".slider" ? [box] : [])};
const state = () => JSON.stringify({
  numbers: page.dd.map((e) => e.textContent),
  shown: page["[data-value]"].map((e) => e.textContent),
  heard: page.input.map((e) => e.attributes["aria-valuetext"]),
  marks: page["[data-mark]"].map((e) => e.attributes),
  status: page["[role=status]"][0].textContent,
});
"""


def open_page(figure: LiveFigure) -> Callable[[str], dict[str, Any]]:
    """Run the script of the pages on a figure; return a way to run more and see the state."""
    text = json.dumps(figure.data())
    engine = MiniRacer()
    engine.eval(f"const TEXT = {json.dumps(text)};{PAGE}{SCRIPT.read_text('utf-8')}")

    def run(code: str) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(str(engine.eval(f"{code};state()")))
        return state

    return run


def test_the_page_shows_the_numbers_of_the_package() -> None:
    run = open_page(FIGURES["two-normals"]())
    state = run(
        "page.input[0].value = 9; page.input[1].value = 0; page.input[2].value = 4;"
        "page.input[2].send('keydown', 'input', 'change')"
    )
    m, s, t = 2.25, 0.5, 2.0
    assert state["shown"] == ["2.25", "0.50", "2.00"]
    kl = refimpl.kl_gaussian(0, m, std_p=s, std_q=t), refimpl.kl_gaussian(m, 0, std_p=t, std_q=s)
    w2 = refimpl.wasserstein_gaussian(0, m, std_p=s, std_q=t)
    assert state["numbers"][:2] == [f"{value:.3f}" for value in kl]
    assert state["numbers"][3] == f"{w2:.3f}"
    numbers = f"KL(p ‖ q) = {kl[0]:.3f}, KL(q ‖ p) = {kl[1]:.3f}, JS = {state['numbers'][2]}"
    assert state["heard"][2] == f"2.00; {numbers}, W₂ = {w2:.3f}"
    assert state["status"] == ""  # the slider itself has said it


@pytest.mark.parametrize("name", FIGURES)
def test_the_page_draws_every_place_as_the_package_says(name: str) -> None:
    figure = FIGURES[name]()
    run = open_page(figure)
    start = run("")
    drawing = ET.fromstring(figure.file())  # noqa: S314  (our own)
    drawn = {element.get("data-mark"): element for element in drawing.iter()}
    for k, attributes in enumerate(start["marks"]):
        assert attributes == {name: drawn[str(k)].get(name) for name in attributes}
    assert start["heard"][0] in figure.html(name, "alt").replace("&#x27;", "'")
    ends = [len(parameter.values) - 1 for parameter in figure.parameters]
    moves = ";".join(f"page.input[{k}].value = {end}" for k, end in enumerate(ends))
    state = run(f"{moves};page.input[0].send('pointerdown', 'input', 'change')")
    assert state["numbers"] == [quantity.shown()[-1] for quantity in figure.quantities]
    assert state["shown"] == [parameter.shown()[-1] for parameter in figure.parameters]
    assert state["status"] == state["heard"][0].partition("; ")[2]
    last = [{a: values[-1] for a, (_, values) in mark.moving.items()} for mark in figure.marks()]
    assert state["marks"] == last


TINY = """\
# Tiny

{numref}`fig-coins` moves.

```{slider} pinsker-coins
---
name: fig-coins
alt: >-
  Two curves
  and a dot.
---
Two coins, $a$ and $b$.
```
"""


class TinyBook:
    """A book of one page, and a way to build it in some format."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "book").mkdir()

    def build(self, text: str, builder: str) -> tuple[str, nodes.document]:
        (self.folder / "book" / "index.md").write_text(text, encoding="utf-8")
        warnings = StringIO()
        trees: list[nodes.document] = []
        with docutils_namespace():
            app = Sphinx(
                self.folder / "book",
                None,
                self.folder / builder,
                self.folder / "doctrees",
                builder,
                confoverrides={
                    "extensions": ["myst_parser", "sliders"],
                    "myst_enable_extensions": ["dollarmath"],
                    "numfig": True,
                    "html_theme": "basic",
                    "html_math_renderer": "mathjax",
                },
                status=None,
                warning=warnings,
                freshenv=True,
            )
            app.connect("doctree-resolved", lambda _app, tree, _name: trees.append(tree), 900)
            app.build()
        return warnings.getvalue(), trees[-1]


@pytest.fixture
def book(tmp_path: Path) -> TinyBook:
    return TinyBook(tmp_path)


def test_a_page_has_drawing_sliders_numbers_and_data(book: TinyBook) -> None:
    warnings, _ = book.build(TINY, "html")
    assert warnings == ""
    html = (book.folder / "html" / "index.html").read_text("utf-8")
    assert 'href="#fig-coins"' in html
    assert '<span class="caption-number">Fig. 1 </span>' in html
    assert '<svg viewBox="0 0 340 248" role="img" aria-label="Two curves and a dot.">' in html
    labels = re.findall(r'<label for="([^"]+)">', html)
    assert labels == re.findall(r'<input type="range" id="([^"]+)"', html)
    assert len(labels) == 2
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert json.loads(text) == json.loads(json.dumps(FIGURES["pinsker-coins"]().data()))
    assert '<span class="nf">pinsker_coins</span>' in html
    assert not (book.folder / "html" / "_images").exists()  # the page has the drawing itself
    assert not re.search(r"\son\w+=", html.partition("<body>")[2].partition("<script")[0])


def test_other_formats_have_the_still_picture(book: TinyBook) -> None:
    for builder in ("epub", "latex"):
        warnings, tree = book.build(TINY, builder)
        assert not [line for line in warnings.splitlines() if "slider" in line.lower()]
        (image,) = tree.findall(nodes.image)
        assert image["alt"] == "Two curves and a dot."
        assert isinstance(image.parent, nodes.figure)
        assert not list(tree.findall(nodes.literal_block))
    page = (book.folder / "epub" / "index.xhtml").read_text("utf-8")
    assert "<script" not in page
    assert "<input" not in page
    (still,) = (book.folder / "epub" / "_images").glob("*.svg")
    assert still.read_text("utf-8") == FIGURES["pinsker-coins"]().file()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "pinsker-coins",
            "no-coins",
            "there is no figure 'no-coins'; there are: parallel-segments",
        ),
        ("alt: >-\n  Two curves\n  and a dot.\n", "", "a figure needs :alt:"),
        ("Two coins, $a$ and $b$.\n", "", "a figure needs :alt:, and a caption"),
    ],
)
def test_faults_of_the_directive_are_reported(
    book: TinyBook, old: str, new: str, message: str
) -> None:
    warnings, _ = book.build(TINY.replace(old, new), "html")
    assert message in warnings
