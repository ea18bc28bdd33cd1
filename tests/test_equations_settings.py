"""Phrases declare symbols, and instances are drawn as the phrases and the conditions say."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from equations import settings
from equations.draws import (
    CHANNEL_STYLES,
    JOINT_STYLES,
    LAW_STYLES,
    MATRIX_STYLES,
    NUMBER_STYLES,
    Styles,
    Symbol,
    complete_lengths,
    draw,
)
from equations.evaluate import Evaluator
from equations.extended import Real
from equations.generators import NAMES as NAMES_OF_GENERATORS
from equations.generators import Generator
from equations.settings import Setting, SettingError, ascii_name, declarations
from equations.syntax import Name, parse_sum
from equations.values import Element, Matrix, Table, Variable

PHRASES: tuple[tuple[str, list[tuple[str, str, tuple[str, ...]]]], ...] = (
    ("law $p$ on a finite set", [("p", "law", ("X",))]),
    ("laws $p$, $q$ and $r$ on a finite set", [(n, "law", ("X",)) for n in "pqr"]),
    ("laws $p, q$ on the same finite set", [(n, "law", ("X",)) for n in "pq"]),
    (
        "laws $p$, $q$ on a finite set with $n$ outcomes",
        [("n", "size", ("X",)), ("p", "law", ("X",)), ("q", "law", ("X",))],
    ),
    (
        "joint law $p(x, y)$ on a finite product",
        [("p", "law", ("X", "Y")), ("X", "variable", ("X",)), ("Y", "variable", ("Y",))],
    ),
    (
        "joint laws $p(x, y)$, $q(x, y)$ on a finite product",
        [
            *[("p", "law", ("X", "Y")), ("X", "variable", ("X",)), ("Y", "variable", ("Y",))],
            ("q", "law", ("X", "Y")),
        ],
    ),
    (r"channel $K(y \mid x)$", [("K", "channel", ("Y", "X"))]),
    ("sub-probability $q$ on the same set", [("q", "sub-probability", ("X",))]),
    (r"positive measure $\mu$ on the same set", [(r"\mu", "measure", ("X",))]),
    ("function $T$ on the same set", [("T", "function", ("X",))]),
    (r"prefix-code lengths $\ell$ on the same set", [(r"\ell", "lengths", ("X",))]),
    (
        "weights $w_k$ and laws $p_k$ on a finite set",
        [("w_k", "family weights", ("K",)), ("p_k", "family laws", ("K", "X"))],
    ),
    ("logits $z$ on the same set", [("z", "function", ("X",))]),
    ("distance $d(x, y)$ on the same set", [("d", "distance", ("X", "X"))]),
    ("cost $c$ on the same set", [("c", "cost", ("X", "X"))]),
    ("generator $f$", [("f", "generator", ())]),
    (
        "laws $p$, $q$ on points $x$ of the line; distribution functions $F$, $G$ of $p$, $q$",
        [
            *(("p", "law", ("X",)), ("q", "law", ("X",)), ("x", "points on the line", ("X",))),
            *(("F", "distribution", ()), ("G", "distribution", ())),
        ],
    ),
    (
        "law $p$ on points $y$ of the plane",
        [("p", "law", ("Y",)), ("y", "points on the plane", ("Y",))],
    ),
    (
        r"matrix $W \in \R^{m \times n}$",
        [("W", "any matrix", ("m", "n")), ("m", "size", ("m",)), ("n", "size", ("n",))],
    ),
    ("smooth generators $f$, $g$", [("f", "strict generator", ()), ("g", "strict generator", ())]),
    (
        r"laws $p$, $q$ on a finite set; coupling $\gamma$ of $p$ and $q$",
        [("p", "law", ("X",)), ("q", "law", ("X",)), (r"\gamma", "coupling", ("X", "X"))],
    ),
    ("kernel $k(x, y)$ on the same set", [("k", "kernel", ("X", "X"))]),
    ("points $x_i$ on the line", [("x_i", "family real", ("I",))]),
    ("weights $w_k$", [("w_k", "family weights", ("K",))]),
    (
        "non-negative numbers $a_i$, $b_i$",
        [("a_i", "family non-negative", ("I",)), ("b_i", "family non-negative", ("I",))],
    ),
    ("positive numbers $a_i$", [("a_i", "family positive", ("I",))]),
    ("real numbers $a_i$", [("a_i", "family real", ("I",))]),
    ("element $x$ of the set", [("x", "element", ("X",))]),
    ("elements $x$, $u$ of the set", [("x", "element", ("X",)), ("u", "element", ("X",))]),
    ("element $(x, y)$ of the product", [("x", "element", ("X",)), ("y", "element", ("Y",))]),
    (
        r"vectors $\mu_1, \mu_2 \in \R^d$",
        [(r"\mu_1", "vector", ("d",)), (r"\mu_2", "vector", ("d",)), ("d", "size", ("d",))],
    ),
    (
        r"positive definite $\Sigma \in \R^{d \times d}$",
        [(r"\Sigma", "matrix", ("d",)), ("d", "size", ("d",))],
    ),
    (r"$v \in \R^d$", [("v", "vector", ("d",)), ("d", "size", ("d",))]),
    (r"$A \in \R^{d \times d}$", [("A", "matrix", ("d",)), ("d", "size", ("d",))]),
    (r"$n \in \N$", [("n", "integer", ())]),
    (r"$s, t \in [0, 1]$", [("s", "number", ()), ("t", "number", ())]),
    ("the coins with probabilities $0.5$ and $\\frac{1}{4}$ of heads", []),
)


@pytest.mark.parametrize(("phrase", "wanted"), PHRASES)
def test_a_phrase_declares_symbols(
    phrase: str, wanted: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    assert [(s.name.text, s.kind, s.axes) for s in declarations(phrase)] == wanted


RANGES = (
    (r"$t \in [0, 1]$", 0.0, 1.0, (True, True)),
    (r"$t \in (0, \frac12]$", 0.0, 0.5, (False, True)),
    (r"$t \in \R$", -math.inf, math.inf, (False, False)),
    ("$t > 0$", 0.0, math.inf, (False, False)),
    (r"$t \ge 1$", 1.0, math.inf, (True, False)),
    ("$t < 0$", -math.inf, 0.0, (False, False)),
    (r"$t \leq 2$", -math.inf, 2.0, (False, True)),
    (r"$0 \le t < 1$", 0.0, 1.0, (True, False)),
)


@pytest.mark.parametrize(("phrase", "low", "high", "closed"), RANGES)
def test_a_number_stays_in_its_range(
    phrase: str, low: float, high: float, closed: tuple[bool, bool]
) -> None:
    (symbol,) = declarations(phrase)
    assert (symbol.low, symbol.high, symbol.closed) == (low, high, closed)
    values = []
    for instance in Setting(phrase).instances("eq-range"):
        value = instance.values["t"]
        assert isinstance(value, Real)
        values.append(value.value)
    assert all(low <= value <= high for value in values)
    assert len(set(values)) > 30
    for end, included in zip((low, high), closed, strict=True):
        assert (end in values) == (included and math.isfinite(end))


WRONG_PHRASES = (
    ("lawz $p$ on a finite set", "the nearest that can be read is “laws $…$ on a finite set”"),
    ("$t$", "cannot read $t$"),
    (r"$t \in \Q$", r"cannot read the set $\Q$"),
    ("$2 > 1$", "is no symbol"),
    ("weights $w$", "has no index letter"),
)


@pytest.mark.parametrize(("phrase", "message"), WRONG_PHRASES)
def test_a_phrase_that_cannot_be_read_is_explained(phrase: str, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        declarations(phrase)
    assert message in str(caught.value)


def test_phrases_are_separated_by_semicolons_outside_of_mathematics() -> None:
    found = declarations("law $p$ on a finite set; $t > 0$;")
    assert [symbol.name.text for symbol in found] == ["p", "t"]


NAMES = (
    ("p", "p"),
    (r"\mu_1", "mu_1"),
    (r"\lambda", "lambda_"),
    (r"\hat{p}_n", "p_hat_n"),
    ("D^*", "D_star"),
    ("f'", "f_prime"),
)


@pytest.mark.parametrize(("name", "wanted"), NAMES)
def test_a_symbol_has_a_name_in_python(name: str, wanted: str) -> None:
    assert ascii_name(name) == wanted


def test_an_instance_can_be_pasted() -> None:
    setting = Setting(
        r"law $p$ on a finite set; element $x$ of the set; $t > 0$; $n \in \N$; "
        r"vector $m \in \R^d$; positive definite $\Sigma \in \R^{d \times d}$; "
        "joint law $r(x, y)$ on a finite product"
    )
    instance = setting.instances("eq-paste", 1)[0]
    names: dict[str, Any] = {"np": np}
    exec(instance.python(), names)  # noqa: S102  (to see that it is Python)
    table = instance.values["p"]
    assert isinstance(table, Table)
    assert np.array_equal(names["p"], table.values)
    assert names["m"].shape == (instance.sizes["d"],)
    assert names["Sigma"].shape == (instance.sizes["d"],) * 2
    assert isinstance(names["n"], int)
    assert "X" not in names


def test_the_same_name_draws_the_same_instances() -> None:
    setting = Setting("laws $p$, $q$ on a finite set")
    first = [instance.python() for instance in setting.instances("eq-a", 10)]
    assert first == [instance.python() for instance in setting.instances("eq-a", 10)]
    assert first != [instance.python() for instance in setting.instances("eq-b", 10)]


def laws_of(setting: Setting) -> list[tuple[np.ndarray, np.ndarray]]:
    found = []
    for instance in setting.instances("eq-laws"):
        p, q = instance.values["p"], instance.values["q"]
        assert isinstance(p, Table)
        assert isinstance(q, Table)
        found.append((p.values, q.values))
    return found


def test_the_corners_are_drawn() -> None:
    pairs = laws_of(Setting("laws $p$, $q$ on a finite set"))
    assert all(abs(p.sum() - 1) < 1e-12 and (p >= 0).all() for pair in pairs for p in pair)
    assert any(np.array_equal(p, q) for p, q in pairs)
    assert any(0 < np.abs(p - q).max() < 1e-2 for p, q in pairs)
    assert any(((p > 0) & (q > 0)).sum() == 0 for p, q in pairs)
    assert any((p == 1).any() for p, _ in pairs)
    assert any((p == 0).any() and not (q == 0).any() for p, q in pairs)
    assert any((q == 0).any() and not (p == 0).any() for p, q in pairs)
    assert any(np.ptp(p) == 0 for p, _ in pairs)
    assert {len(p) for p, _ in pairs} == {1, 2, 3, 4, 5, 9, 17}


def test_conditions_restrict_the_draw() -> None:
    for p, q in laws_of(Setting("laws $p$, $q$ on a finite set", r"$p \ll q$")):
        assert (p[q == 0] == 0).all()
    for p, _ in laws_of(Setting("laws $p$, $q$ on a finite set", "$p(x) > 0$")):
        assert (p > 0).all()
    for p, q in laws_of(Setting("laws $p$, $q$ on a finite set", r"$p \perp q$")):
        assert not ((p > 0) & (q > 0)).any()


def test_a_condition_may_use_an_abbreviation_without_value_elsewhere() -> None:
    setting = Setting(
        r"$t \in [0, 1]$", conditions="$t > 0$", definitions=r"$c := \frac{1}{t} - \frac{1}{t}$"
    )
    assert setting.instances("eq-c")


def test_conditions_that_nothing_satisfies_are_an_error() -> None:
    for conditions in ("$t > 2$", r"$\log (t - 2) > 0$"):
        with pytest.raises(SettingError, match="vacuous"):
            Setting(r"$t \in [0, 1]$", conditions).instances("eq-t")


def test_rarely_satisfied_conditions_leave_fewer_instances() -> None:
    rare = Setting(r"$s, t \in [0, 1]$", r"$s = 1$; $t = 0$")
    assert 0 < len(rare.instances("eq-rare")) <= 64


def test_a_setting_without_symbols_has_one_instance() -> None:
    (instance,) = Setting("the numbers $1$ and $2$").instances("eq-numbers")
    assert instance.python() == ""


WRONG_OPTIONS = (
    ({"conditions": "$p$"}, "is no relation"),
    ({"definitions": "$m = p$"}, "defines nothing"),
    ({"definitions": "$m := p = p$"}, "defines nothing"),
)


@pytest.mark.parametrize(("options", "message"), WRONG_OPTIONS)
def test_options_that_cannot_be_read_are_explained(options: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Setting("law $p$ on a finite set", **options)


def test_options_without_meaning_are_explained() -> None:
    with pytest.raises(SettingError, match="does not say what u is"):
        Setting("law $p$ on a finite set", definitions="$m := u$").instances("eq-m")
    with pytest.raises(SettingError, match="not said what the arguments are"):
        Setting("joint law $p(x, y)$ on a finite product", "$p(u, v) > p(w)$").instances("eq-p")


TAKES_ARGUMENTS = (
    (r"m := \frac12 p + \frac12 q", True),
    (r"m := p(\cdot)", True),
    (r"m := \unif", True),
    (r"m := (t, 1 - t)", True),
    (r"m := p \otimes q", True),
    (r"m := p^{\otimes 2}", True),
    ("m := p(1)", False),
    (r"m := \H{p}", False),
    (r"m := \E{x \sim p}{1}", False),
    ("m := t + 1", False),
    ("m(x) := p(x)", True),
)


@pytest.mark.parametrize(("definition", "wanted"), TAKES_ARGUMENTS)
def test_an_abbreviation_takes_arguments_when_it_is_a_law(definition: str, wanted: bool) -> None:  # noqa: FBT001  (a parameter of a test)
    setting = Setting("laws $p$, $q$ on a finite set; $t > 0$", definitions=f"${definition}$")
    assert setting.callables["m"] == wanted


# ------------------------------------------------------------------ drawing


def drawn(symbols: list[Symbol], seed: int = 0, **styles: str) -> dict[str, object]:
    names = {"law": "generic", "joint": "as law", "channel": "generic"}
    names |= {"number": "inside", "matrix": "generic"}
    values, sizes = draw(symbols, np.random.default_rng(seed), Styles(**(names | styles)))
    return {**values, "sizes": sizes}


@pytest.mark.parametrize("style", sorted(set(LAW_STYLES)))
def test_every_style_draws_laws(style: str) -> None:
    for seed in range(20):
        values = drawn(declarations("laws $p$, $q$, $r$ on a finite set"), seed, law=style)
        for name in "pqr":
            table = values[name]
            assert isinstance(table, Table)
            assert table.values.sum() == pytest.approx(1)
            assert (table.values >= 0).all()
        one = drawn(declarations("law $p$ on a finite set"), seed, law=style)["p"]
        assert isinstance(one, Table)


@pytest.mark.parametrize("style", sorted(set(JOINT_STYLES)))
def test_every_style_draws_joint_laws(style: str) -> None:
    symbols = declarations("joint laws $p(x, y)$, $q(x, y)$ on a finite product")
    for seed in range(30):
        for law in ("generic", "point", "disjoint"):
            table = drawn(symbols, seed, joint=style, law=law)["p"]
            assert isinstance(table, Table)
            assert table.values.sum() == pytest.approx(1)
    table = drawn(symbols, 1, joint=style)["p"]
    assert isinstance(table, Table)
    rows, columns = table.values.sum(axis=1), table.values.sum(axis=0)
    if style == "independent":
        assert np.allclose(np.outer(rows, columns), table.values)
    if style == "bijection":
        assert (np.count_nonzero(table.values, axis=1) <= 1).all()
        assert (np.count_nonzero(table.values, axis=0) <= 1).all()
    if style == "empty row":
        assert rows[-1] == 0


@pytest.mark.parametrize("style", sorted(set(CHANNEL_STYLES)))
def test_every_style_draws_channels(style: str) -> None:
    symbols = declarations(r"law $p$ on a finite set; channel $K(y \mid x)$")
    for seed in range(20):
        table = drawn(symbols, seed, channel=style)["K"]
        assert isinstance(table, Table)
        assert np.allclose(table.values.sum(axis=0), 1)
        if style == "identity":
            assert np.array_equal(table.values, np.eye(len(table.values)))
        if style == "constant":
            assert np.ptp(table.values, axis=1).max() == 0
    wide = declarations(r"channel $K(y \mid x)$")
    for seed in range(20):
        assert drawn(wide, seed, channel=style, joint="as law")


@pytest.mark.parametrize("style", sorted(set(MATRIX_STYLES)))
def test_every_style_draws_matrices(style: str) -> None:
    symbols = declarations(r"positive definite $A, B \in \R^{d \times d}$; vectors $u, v \in \R^d$")
    for seed in range(20):
        values = drawn(symbols, seed, matrix=style)
        for name in "AB":
            matrix = values[name]
            assert isinstance(matrix, Matrix)
            assert (np.linalg.eigvalsh(matrix.values) > 0).all()
        assert (values["A"] is values["B"]) == (style == "equal")


@pytest.mark.parametrize("style", sorted(set(NUMBER_STYLES)))
def test_every_style_draws_numbers(style: str) -> None:
    symbols = declarations(
        r"$s, t \in [0, 1]$; $a, b \in \R$; $u > 5$; $v < -5$; $n \in \N$; "
        "real numbers $c_i$; non-negative numbers $d_i$; positive numbers $e_i$; "
        r"positive measure $\mu$ on the same set; function $T$ on the same set; "
        r"law $p$ on a finite set; prefix-code lengths $\ell$ on the same set"
    )
    for seed in range(20):
        for law in ("generic", "zeros", "dyadic", "equal zeros"):
            values = drawn(symbols, seed, number=style, law=law)
            numbers = {name: values[name] for name in "stabuvn"}
            assert all(isinstance(value, Real) for value in numbers.values())
            if style == "equal":
                assert values["s"] is values["t"]
                assert values["a"] is values["b"]
            lengths = values[r"\ell"]
            assert isinstance(lengths, Table)
            assert (2.0**-lengths.values).sum() <= 1
            measure = values[r"\mu"]
            assert isinstance(measure, Table)
            assert (measure.values > 0).all()


def test_families_elements_and_variables_are_drawn() -> None:
    symbols = declarations(
        "weights $w_k$ and laws $p_k$ on a finite set; sub-probability $q$ on the same set; "
        "element $x$ of the set; joint law $r(x, y)$ on a finite product"
    )
    values = drawn(symbols, 3)
    family, weights, part = values["p"], values["w"], values["q"]
    assert isinstance(family, Table)
    assert np.allclose(family.values.sum(axis=1), 1)
    assert isinstance(weights, Table)
    assert weights.values.shape == family.values.shape[:1]
    assert isinstance(part, Table)
    assert part.values.sum() < 1
    assert isinstance(values["x"], Element)
    assert isinstance(values["X"], Variable)
    full = drawn(symbols, 3, law="uniform")["q"]
    assert isinstance(full, Table)
    assert full.values.sum() == pytest.approx(1)


def test_kernels_are_positive_definite_and_costs_are_not_negative() -> None:
    for number in ("inside", "special", "ends"):
        kernel = drawn(declarations("kernel $k$ on the same set"), number=number)["k"]
        cost = drawn(declarations("cost $c$ on the same set"), number=number)["c"]
        assert isinstance(kernel, Table)
        assert isinstance(cost, Table)
        assert kernel.role == "kernel"
        assert np.linalg.eigvalsh(kernel.values).min() > -1e-12
        assert cost.values.min() >= 0


def test_couplings_have_their_marginals() -> None:
    symbols = declarations(r"laws $p$, $q$ on a finite set; coupling $\gamma$ of $p$ and $q$")
    for style in ("generic", "disjoint", "equal", "points", "zeros"):
        for joint in ("as law", "independent", "bijection", "function"):
            values = drawn(symbols, law=style, joint=joint)
            p, q, table = (values[name] for name in ("p", "q", r"\gamma"))
            assert isinstance(p, Table)
            assert isinstance(q, Table)
            assert isinstance(table, Table)
            assert table.values.min() >= 0
            np.testing.assert_allclose(table.values.sum(axis=1), p.values, atol=1e-15)
            np.testing.assert_allclose(table.values.sum(axis=0), q.values, atol=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        r"coupling $\gamma$ of $p$ and $q$",
        r"law $p$ on a finite set; coupling $\gamma$ of $p$ and $q$",
        r"joint laws $p(x, y)$, $q(x, y)$ on a finite product; coupling $\gamma$ of $p$ and $q$",
    ],
)
def test_a_coupling_needs_its_laws(text: str) -> None:
    with pytest.raises(SettingError, match="coupling"):
        declarations(text)


def test_generators_are_drawn_by_name_and_bring_their_derivatives() -> None:
    setting = Setting(r"generator $f$; strictly convex generator $g_1$; $u > 0$")
    names = {"f", "f'", "f''", "f^*", "g_1", "g'_1", "g''_1", "g^*_1"}
    assert {name for name, takes in setting.callables.items() if takes} >= names
    drawn_names = set()
    for instance in setting.instances("eq-x", 60):
        f, g = instance.values["f"], instance.values["g_1"]
        assert isinstance(f, Generator)
        assert isinstance(g, Generator)
        assert g.name != "tv"
        assert f"f = {f.name!r}" in instance.python()
        drawn_names.add(f.name)
        known = setting.evaluator(instance)
        assert known.number(parse_sum("g''_1(u)", setting.callables)).value > 0
    assert drawn_names == set(NAMES_OF_GENERATORS)


def test_points_and_matrices_have_the_shape_that_is_said() -> None:
    text = r"laws $p$, $q$ on points $x$ of the line; law $r$ on points $y$ of the plane; "
    symbols = declarations(text + r"matrices $V$, $W \in \R^{m \times n}$")
    for number, matrix in (("inside", "generic"), ("special", "identity")):
        values = drawn(symbols, number=number, matrix=matrix)
        x, y, w, sizes = (values[name] for name in ("x", "y", "W", "sizes"))
        assert isinstance(sizes, dict)
        assert isinstance(x, Table)
        assert isinstance(y, Table)
        assert isinstance(w, Matrix)
        assert x.values.shape == (sizes["X"],)
        assert len(np.unique(x.values)) == sizes["X"]
        assert y.values.shape == (sizes["Y"], 2)
        assert w.values.shape == (sizes["m"], sizes["n"])


def test_conditions_and_calls_know_the_points() -> None:
    setting = Setting("laws $p$, $q$ on points $x$ of the line", "$q(x) > 0$")
    for instance in setting.instances("eq-x", 20):
        q = instance.values["q"]
        assert isinstance(q, Table)
        assert q.values.min() > 0
        assert "x = np.array(" in instance.python()


def test_distribution_functions_need_their_laws() -> None:
    for text in ("distribution function $F$ of $p$", "distribution functions $F$, $G$ of $p$"):
        with pytest.raises(SettingError, match="after the laws"):
            declarations(f"law $p$ on points $x$ of the line; {text}" if "G" in text else text)


def test_distances_are_a_metric() -> None:
    for number in ("inside", "special", "ends"):
        table = drawn(declarations("distance $d(x, y)$ on the same set"), number=number)["d"]
        assert isinstance(table, Table)
        d = table.values
        assert np.array_equal(d, d.T)
        assert (np.diag(d) == 0).all()
        assert (d[:, None, :] <= d[:, :, None] + d[None] + 1e-12).all()
    setting = Setting("law $p$ on a finite set; distance $d(x, y)$ on the same set")
    instance = setting.instances("eq-d", 1)[0]
    text = r"\sum_{x, y} p(x) p(y) d(x, y)"
    assert setting.evaluator(instance).number(parse_sum(text, setting.callables)).value > 0


def test_complete_codes_leave_no_room() -> None:
    rng = np.random.default_rng(0)
    for size in range(1, 9):
        assert (2.0 ** -complete_lengths(rng, size)).sum() == 1


def test_a_prefix_code_is_known_to_the_evaluator() -> None:
    setting = Setting(r"prefix-code lengths $\ell$ on the same set")
    instance = setting.instances("eq-code", 1)[0]
    evaluator = Evaluator(instance.values, instance.sizes)
    assert evaluator.number(parse_sum(r"\sum_x 2^{-\ell(x)}", setting.callables)).value <= 1
    assert setting.symbols[0].key == Name(r"\ell").text


def test_the_examples_of_phrases_are_all_there() -> None:
    patterns = [pattern for pattern, _ in settings._PHRASES]  # noqa: SLF001  (the list itself)
    for example in settings.EXAMPLES:
        assert any(re.fullmatch(pattern, example) for pattern in patterns), example
    for pattern in patterns:
        known = any(re.fullmatch(pattern, example) for example in settings.EXAMPLES)
        assert known or pattern == "@", pattern
