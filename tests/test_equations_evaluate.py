"""Formulas get the values that they have by hand, with the book's conventions for zero."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from equations import extended as ext
from equations import functionals, generators, programmes, quadrature
from equations import syntax as syn
from equations.evaluate import BUILT_IN, Evaluator
from equations.extended import OutOfRange, Real, Undefined
from equations.settings import Setting
from equations.values import (
    Closure,
    Distribution,
    Element,
    EvaluationError,
    Matrix,
    Normal,
    Subset,
    Table,
    Value,
    Variable,
    exact,
    kind_of,
    law,
)

INF, NAN = math.inf, math.nan
P, Q = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]
JOINT = [[0.5, 0.1], [0.2, 0.2]]
SIGMA = np.array([[1.0, 0.5], [0.5, 1.0]])

VALUES: dict[str, Value] = {
    "p": law(P, "X"),
    "q": law(Q, "X"),
    "z": law([1.0, 0.0, 0.0], "X"),
    "c": Element("X", 1),
    "s": Real(0.3),
    "t": Real(0.5),
    "n": Real(3.0),
    "o": Real(0.0),
    "a": exact([1.0, 3.0], "I"),
    "w": law([0.25, 0.75], "K"),
    "r": law([P, Q], "K", "X"),
    "T": exact([1.0, 0.0, 0.0], "X"),
    r"\mu_1": Matrix(np.array([[1.0], [0.0]]), vector=True),
    r"\mu_2": Matrix(np.zeros((2, 1)), vector=True),
    r"\Sigma_1": Matrix(SIGMA),
    r"\Sigma_2": Matrix(np.eye(2)),
    "B": Matrix(np.array([[1.0, 2.0], [0.0, 1.0]])),
}
SIZES = {"X": 3, "I": 2, "K": 2}
JOINT_VALUES: dict[str, Value] = {
    "p": law(JOINT, "X", "Y"),
    "X": Variable("X"),
    "Y": Variable("Y"),
    "x_0": Element("X", 1),
    "u": Element("X", 0),
    "v": Element("Y", 1),
    "K": law([[0.9, 0.1], [0.1, 0.9]], "Z", "X", given=("X",)),
    "f": exact([[1.0, -1.0], [2.0, 3.0]], "X", "Y"),
}
JOINT_SIZES = {"X": 2, "Y": 2, "Z": 2}


def evaluator(*, joint: bool = False) -> Evaluator:
    if joint:
        return Evaluator(JOINT_VALUES, JOINT_SIZES)
    return Evaluator(VALUES, SIZES)


def callables(values: dict[str, Value]) -> dict[str, bool]:
    known = {name: isinstance(value, Table | Closure) for name, value in values.items()}
    return {**known, r"\delta_": True, r"\sigma": True, "a": False, "w": False}


def value(text: str, *, joint: bool = False) -> Value:
    names = callables(JOINT_VALUES if joint else VALUES)
    return evaluator(joint=joint).value(syn.parse_sum(text, names))


def number(text: str, *, joint: bool = False) -> float:
    found = value(text, joint=joint)
    assert isinstance(found, Real)
    assert found.error <= 1e-9 * (1 + abs(found.value)) or not math.isfinite(found.value)
    return found.value


H_P = 0.801818552543
NUMBERS = (
    (r"\sum_x p(x) \log \frac{p(x)}{q(x)}", 0.0851228259572),
    (r"\KL{p}{q}", 0.0851228259572),
    (r"\KLbits{p}{q}", 0.122806278875),
    (r"\H{p}", H_P),
    (r"\Hbits{p}", 1.15677964945),
    (r"\CE{p}{q}", 0.886941378501),
    (r"\PP{p}{q}", 2.42769289030),
    (r"\J{p}{q}", 0.0851228259572 + 0.0920328502338),
    (r"\Renyi{1}{p}{q}", 0.0851228259572),
    (r"\h{s}", 0.610864302055),
    (r"\kl{s}{t}", 0.0822828785051),
    (r"\KL{p}{\unif}", math.log(3) - H_P),
    (r"\KL{\unif}{p}", -math.log(3) - (math.log(0.7) + math.log(0.2) + math.log(0.1)) / 3),
    (r"\H{\unif}", math.log(3)),
    (r"\H{\frac{p + q}{2}} - \H{(0.6, 0.25, 0.15)}", 0.0),
    (r"\I{c}", -math.log(0.2)),
    (r"\I{s}", -math.log(0.3)),
    (r"\E{x \sim p}{-\log q(x)}", 0.886941378501),
    (r"\E{x \sim \unif}{T(x)}", 1 / 3),
    (r"\E{x \sim z}{\log q(x)}", math.log(0.5)),
    (r"\E{x \sim \Normal{1}{4}}{x^2}", 5.0),
    (r"\E{x \sim \Normal{\mu_1}{\Sigma_1}}{(x - \mu_2)^{\T} \Sigma_2^{-1} (x - \mu_2)}", 3.0),
    (r"\sum_x p(x)^2", 0.54),
    (r"\sum_{x : p(x) > 0.15} p(x)", 0.9),
    (r"\sum_{k=1}^{n} k", 6.0),
    (r"\sum_{k=1}^{0} k", 0.0),
    (r"\prod_{k=1}^{n} k", 6.0),
    (r"\max_x p(x)", 0.7),
    (r"\inf_x p(x)", 0.1),
    (r"\min(s, t, 1)", 0.3),
    (r"\sum_i a_i", 4.0),
    ("a_2", 3.0),
    (r"\sum_k w_k \H{r_k}", 0.25 * H_P + 0.75 * 1.02965301407),
    (r"\sum_k w_k r_k(c)", 0.25 * 0.2 + 0.75 * 0.3),
    ("p(c)", 0.2),
    ("p(2)", 0.2),
    (r"\delta_c(c)", 1.0),
    (r"\H{\delta_c}", 0.0),
    (r"\KL{\delta_c}{q}", -math.log(0.3)),
    (r"\sigma(o)", 0.5),
    ("e", math.e),
    (r"\pi", math.pi),
    ("t^2 - 2 t", -0.75),
    ("t / 2 \\cdot 4", 1.0),
    (r"\sqrt{t} \sqrt[3]{8}", 2 * math.sqrt(0.5)),
    (r"\log_2 8", 3.0),
    (r"\log_3 9", 2.0),
    (r"\exp(t)", math.exp(0.5)),
    (r"\ceil{-\log_2 0.25} + \floor{2.5}", 4.0),
    (r"\abs{-s}", 0.3),
    (r"\norm{-s}", 0.3),
    (r"\sum_{u : T(u) > 0} 1", 1.0),
    (r"\log (2 \normal{0}{0}{1})", math.log(2) - 0.5 * math.log(2 * math.pi)),
    (r"\binom{5}{2} + 4! + \binom{3}{4}", 34.0),
    (r"\tr s + \det s", 0.6),
    (r"\begin{cases} 1 & \text{if } s < t \\ 2 & \text{otherwise} \end{cases}", 1.0),
    (r"\begin{cases} 1 & \text{if } s > t \\ 2 & \text{otherwise} \end{cases}", 2.0),
    (r"\begin{cases} 1 & \text{if } p \ne q \end{cases}", 1.0),
    (r"\begin{cases} 1 & \text{if } p \ll q \\ 2 & \text{if } p = p \end{cases}", 1.0),
    (r"\begin{cases} 1 & \text{if } p \perp q \\ 2 & \text{if } s \le t \end{cases}", 2.0),
    (r"\begin{cases} 1 & \text{if } s = t \\ 2 & \text{if } t \ge s > 0 \end{cases}", 2.0),
    (r"\int_{0}^{1} u^2 \dd u", 1 / 3),
    (r"\int_{1}^{0} u^2 \dd u", -1 / 3),
    (r"\int_{t}^{t} u^2 \dd u", 0.0),
    (r"\int_{0}^{\infty} e^{-u} \dd u", 1.0),
    (r"\int \normal{u}{1}{4} u \dd u", 1.0),
    (
        (
            r"\int_{-\infty}^{\infty} \normal{u}{0}{1} \log "
            r"\frac{\normal{u}{0}{1}}{\normal{u}{0}{0.01}} \dd u"
        ),
        49.5 - math.log(10),
    ),
    (r"-\log_2 \normal{0}{0}{1}", 0.5 * math.log2(2 * math.pi)),
    (r"\int_{0}^{1} \abs{u - s} \dd u", (0.09 + 0.49) / 2),
    (r"\frac{\partial}{\partial t} t^3", 0.75),
    (r"\frac{\partial^2}{\partial t^2} \log t", -4.0),
    (r"\h{\Normal{0}{1}}", 1.41893853320),
    (r"\CE{\Normal{0}{1}}{\Normal{1}{4}}", 0.5 * math.log(8 * math.pi) + 0.25),
    (r"\KL{\Normal{0}{1}}{\Normal{1}{4}}", 0.443147180560),
    (r"\KL{\Normal{\mu_1}{\Sigma_1}}{\Normal{\mu_2}{\Sigma_2}}", 0.643841036226),
    (r"\tr(\Sigma_2^{-1} \Sigma_1)", 2.0),
    (r"\det \Sigma_1", 0.75),
    (r"\det (2 \Sigma_1)", 3.0),
    (r"\det \frac{\Sigma_1}{2}", 0.1875),
    (r"\tr(\Sigma_1 + \Sigma_2 - \Sigma_1)", 2.0),
    (r"\tr(\sqrt{\Sigma_2} \Sigma_1^{1/2} \Sigma_1^{1/2})", 2.0),
    (r"\norm{\mu_1 - \mu_2}^2", 1.0),
    (r"\mu_1^{\T} \Sigma_1 \mu_1 + 1", 2.0),
    (r"\KL{p^{\otimes n}}{q^{\otimes n}}", 3 * 0.0851228259572),
    (r"\KL{(t, 1 - t)}{(s, 1 - s)}", 0.0871766935724),
    (r"\sum_x z(x) \log z(x)", 0.0),
    (r"\sum_x z(x) \log \frac{z(x)}{z(x)}", 0.0),
    (r"\sum_x p(x) \log \frac{p(x)}{z(x)}", INF),
    (r"-\log o", INF),
    (r"o \log o", 0.0),
    (r"o \log \frac{o}{o}", 0.0),
    (r"s \log \frac{s}{o}", INF),
    (r"o \cdot \left( \log o + s \right)", 0.0),
    (r"o \KL{p}{z}", 0.0),
    (r"\frac{1}{o}", INF),
    (r"\frac{-1}{o}", -INF),
    (r"\frac{1}{\infty}", 0.0),
    (r"e^{-\infty}", 0.0),
    (r"\exp(\log o)", 0.0),
    (r"o^{-1}", INF),
    (r"o^0", 1.0),
    (r"\infty^2", INF),
    (r"\infty^{-1}", 0.0),
    (r"(-2)^3", -8.0),
    (r"\ceil{\infty}", INF),
    (r"\log \infty", INF),
)


@pytest.mark.parametrize(("text", "wanted"), NUMBERS)
def test_a_formula_has_its_value(text: str, wanted: float) -> None:
    assert number(text) == pytest.approx(wanted, rel=1e-11, abs=1e-13)


JOINT_NUMBERS = (
    (r"\H{X, Y}", 1.22060726455),
    (r"\H{Y, X}", 1.22060726455),
    (r"\H{X, X}", 0.673011667009),
    (r"\H{X \mid X}", 0.0),
    (r"\MI{X}{X}", 0.673011667009),
    (r"\MI{X}{X, Y}", 0.673011667009),
    (r"\H{X}", 0.673011667009),
    (r"\H{Y \mid X}", 0.547595597544),
    (r"\H{Y \mid X = u}", 0.4505612088663),
    (r"\MI{X}{Y}", 0.0632687045111),
    (r"\KL{p}{p_X \otimes p_Y}", 0.0632687045111),
    (r"\H{p_{XY}}", 1.22060726455),
    (r"\H{p_{Y \mid X = u}}", 0.4505612088663),
    (r"\H{p_{Y \mid u}}", 0.4505612088663),
    (r"\H{p(\cdot \mid u)}", 0.4505612088663),
    ("p(u)", 0.6),
    ("p(v)", 0.3),
    ("p(u, v)", 0.1),
    (r"p(v \mid u)", 1 / 6),
    (r"p(v \mid X = u)", 1 / 6),
    (r"p(u \mid v)", 1 / 3),
    (r"p_X(u)", 0.6),
    (r"\sum_{x} p(x) \sum_{y} p(y \mid x) \log p(y \mid x)", -0.547595597544),
    (r"\sum_{x, y} p(x, y) \log \frac{p(x, y)}{p(x) p(y)}", 0.0632687045111),
    (r"\E{x, y \sim p}{f(x, y)}", 0.5 - 0.1 + 0.4 + 0.6),
    (r"\E{x \sim p_X}{p(x)}", 0.52),
    (r"\E{y \sim p(\cdot \mid u)}{p(y)}", 0.7 * 5 / 6 + 0.3 / 6),
    (r"\I{u, v}", -math.log(0.1)),
    (r"\I{v \mid u}", math.log(6)),
    (r"\sum_z (p_X K)(z)", 1.0),
    (r"K(1 \mid u)", 0.9),
    (r"\sum_z K(z \mid u)", 1.0),
)


@pytest.mark.parametrize(("text", "wanted"), JOINT_NUMBERS)
def test_a_formula_with_variables_has_its_value(text: str, wanted: float) -> None:
    assert number(text, joint=True) == pytest.approx(wanted, rel=1e-11, abs=1e-13)


UNDEFINED = (
    r"\log (-1)",
    r"\sqrt{-1}",
    r"(-1)^{t}",
    r"\infty - \infty",
    r"\frac{\infty}{\infty}",
    r"\infty^0",
    r"o \cdot \infty",
    r"o \cdot \frac{1}{o}",
    r"\max(\frac{o}{o}, 1)",
    r"\binom{t}{1}",
    r"t!",
    r"\sum_{k=1}^{t} k",
    r"\begin{cases} 1 & \text{if } s > t \end{cases}",
    r"\max_{x : p(x) > 2} p(x)",
    r"\h{2}",
    r"\h{\Normal{0}{-1}}",
    r"\normal{0}{0}{-1}",
    r"(-\Sigma_2)^{-1}",
    r"\int_{0}^{1} \frac{1}{u} \dd u",
    r"\frac{\partial}{\partial o} \log o",
    r"\frac{\partial^2}{\partial o^2} \frac{1}{o}",
    r"\int \normal{u}{0}{-1} \dd u",
)


@pytest.mark.parametrize("text", UNDEFINED)
def test_an_undefined_value_is_an_error(text: str) -> None:
    with pytest.raises(Undefined):
        value(text)


def test_zero_over_zero_is_undefined_but_soft() -> None:
    found = value(r"\frac{o}{o} + 1")
    assert isinstance(found, Real)
    assert math.isnan(found.value)
    assert found.soft


def test_numbers_out_of_range_say_nothing() -> None:
    for text in (r"e^{1000}", r"\exp(1000)", r"\log e^{-1000}", r"\log \exp(-1000)"):
        with pytest.raises(OutOfRange):
            value(text)
    assert number(r"e^{-1000}") == 0
    assert number(r"\exp(-1000)") == 0


SENSELESS = (
    ("u", "does not say what u is"),
    ("p_Z", "is no marginal"),
    ("s_1", "does not say what s_1 is"),
    ("p + \\Sigma_1", "does not combine"),
    (r"p + r", "different sets"),
    (r"\Sigma_1 + \mu_1", "shapes of these matrices differ"),
    (r"\Sigma_1 \mu_1^{\T}", "do not fit"),
    (r"p^{\T}", "has no transpose"),
    (r"B^{-1}", "symmetric"),
    (r"\mu_1^{2}", "symmetric"),
    (r"\exp(\Sigma_1)", "has no meaning"),
    (r"\tr \mu_1", "has no meaning"),
    ("p q", "has no meaning here"),
    (r"p K", "does not say what K is"),
    (r"p c", "write p(x)"),
    (r"\E{x \sim s}{1}", "a law is wanted"),
    (r"\E{x, y \sim p}{1}", "this law has 1 variables"),
    (r"\E{x \sim \Normal{\mu_1}{1}}{1}", "do not fit"),
    (r"\H{c}", "cannot stand here"),
    (r"\H{p, q}", "one argument is wanted"),
    (r"\KL{p}{a}", "different sets"),
    (r"\KL{p}{\Normal{0}{1}}", "do not compare"),
    (r"\J{\Normal{0}{1}}{\Normal{0}{1}}", "cannot stand here"),
    (r"\KL{\Normal{\mu_1}{1}}{\Normal{0}{1}}", "do not fit"),
    (r"\Normal{p}{q}", "mean and variance"),
    (r"\sum_{k=1} k", "both bounds"),
    (r"\sum_y 1", "cannot tell"),
    (r"\max_x r_1", "needs numbers"),
    ("p(s)", "needs an element"),
    (r"p(c \mid c)", "stands here twice"),
    (r"\delta_s", "an element is wanted"),
    (r"\frac{\partial}{\partial p} 1", "no number of the setting"),
    (r"\begin{cases} 1 & \text{if } s \end{cases}", "needs a relation"),
    (r"\begin{cases} 1 & \text{if } s \to t \end{cases}", "cannot stand in a condition"),
    (r"\begin{cases} 1 & \text{if } s \ll t \end{cases}", "laws are compared"),
    (r"\sum_{k=1}^{p} k", "a number is wanted"),
)


@pytest.mark.parametrize(("text", "message"), SENSELESS)
def test_what_makes_no_sense_is_explained(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(text)
    assert message in str(caught.value)


SENSELESS_JOINT = (
    (r"\H{X, u}", "random variables"),
    (r"\H{X \mid Y = u}", "no value of this random variable"),
    (r"p_{XX}", "twice"),
    (r"p(u \mid u)", "twice"),
    (r"K(u)", "no law of these variables"),
    (r"p K", "does not take"),
    (r"\TV{X}{Y}", "total_variation"),
)


@pytest.mark.parametrize(("text", "message"), SENSELESS_JOINT)
def test_what_makes_no_sense_with_variables_is_explained(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(text, joint=True)
    assert message in str(caught.value)


def test_only_functions_are_called_and_only_variables_summed_out() -> None:
    with pytest.raises(EvaluationError, match="no function"):
        evaluator().value(syn.Call(syn.Name("s"), (syn.Number("1"),)))
    with pytest.raises(EvaluationError, match="no such variable"):
        law(P, "X").marginal(("Z",))


def test_settings_without_laws_know_neither_uniform_nor_information() -> None:
    empty = Evaluator({"X": Variable("X"), "x": Element("X", 0)}, {})
    for text, message in (
        (r"\H{\unif}", "uniform on which set"),
        (r"\I{x}", "needs a law"),
        (r"\H{X}", "no joint law"),
    ):
        with pytest.raises(EvaluationError) as caught:
            empty.value(syn.parse_sum(text, {}))
        assert message in str(caught.value)


def test_parts_of_formulas_have_no_value() -> None:
    for node in (syn.Slot(), syn.Argument((syn.Number("1"),)), syn.Row(syn.Number("1"))):
        with pytest.raises(EvaluationError, match="no value"):
            evaluator().value(node)


def test_the_uniform_law_is_a_law() -> None:
    node = syn.Uniform()
    assert evaluator().table(node).values.tolist() == [1 / 3] * 3
    with pytest.raises(EvaluationError, match="a law is wanted"):
        evaluator().table(syn.Number("1"))


def test_definitions_make_numbers_laws_functions_and_tables() -> None:
    setting = Setting(
        r"laws $p$, $q$ on a finite set; weights $w_k$ and laws $r_k$ on a finite set; $t > 0$",
        definitions=(
            r"$m := \frac12 p + \frac12 q$; $D(x) := \frac{p(x)}{p(x) + q(x)}$; "
            r"$g(s) := s^2 + t$; $c := g(2)$; $b := \sum_k w_k r_k$"
        ),
    )
    (instance,) = setting.instances("eq-x", 1)
    known = setting.evaluator(instance)
    for text in (
        r"\sum_x m(x) + \sum_x b(x) - 2",
        r"c - 4 - t",
        r"\sum_x D(x) (p(x) + q(x)) - 1",
        r"\frac{\partial}{\partial t} c - 1",
    ):
        assert known.number(syn.parse_sum(text, setting.callables)).value == pytest.approx(0)
    with pytest.raises(EvaluationError, match="takes 1 arguments"):
        known.value(syn.parse_sum("g(1, 2)", setting.callables))
    for left in ("1", "f(1)", "f(x, s)"):
        node = syn.parse_sum(left, {"f": True})
        with pytest.raises(EvaluationError, match="cannot be defined"):
            known.bind(node, syn.Number("1"))


def test_families_can_be_given_values() -> None:
    name, table = evaluator().bind(syn.Name("a", "i"), syn.parse_sum("2 a_i", {}))
    assert name == "a"
    assert isinstance(table, Table)
    assert table.values.tolist() == [2.0, 6.0]


def test_an_undefined_conditional_law_is_cancelled_by_zero() -> None:
    table = law([[0.0, 0.0], [0.5, 0.5]], "X", "Y")
    values: dict[str, Value] = {"p": table, "X": Variable("X"), "Y": Variable("Y")}
    known = Evaluator(values, {"X": 2, "Y": 2})
    names = {"p": True}
    for text in (
        r"\sum_x p(x) \H{Y \mid X = x}",
        r"\sum_x p(x) \H{p(\cdot \mid x)}",
        r"\sum_x p(x) \sum_y p(y \mid x) \log p(y \mid x) + \log 2 + \log 2",
        r"\sum_{x, y} p(x, y) \I{y \mid x}",
    ):
        assert known.number(syn.parse_sum(text, names)).value == pytest.approx(math.log(2))


def test_every_value_has_a_name() -> None:
    values: list[Value] = [Real(1.0), law(P, "X"), Matrix(SIGMA), Element("X", 0), Variable("X")]
    values += [Normal(Real(0.0), Real(1.0)), Closure((), syn.Number("1"))]
    assert len({kind_of(value) for value in values}) == len(values)


def test_errors_of_the_package_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> float:
        raise TypeError("no such argument")

    monkeypatch.setattr(functionals, "reference", lambda _: broken)
    with pytest.raises(EvaluationError, match="no such argument"):
        functionals.call("entropy", None, [P])


# ------------------------------------------------------------------ logits, limits, places

DISTANCES = np.abs(np.subtract.outer([0.0, 1, 3], [0.0, 1, 3]))
EXTENDED: dict[str, Value] = {
    **VALUES,
    "d": replace(exact(DISTANCES, "X", "X"), role="distance"),
    "v": Matrix(np.array([[3.0], [-4.0]]), vector=True),
    "A": Subset("X", frozenset({0, 2})),
    "j": Element("X", 2),
    "T": exact([1.0, 2.0, 3.0], "X"),
}
SOFT = np.exp([1.0, 2, 3]) / np.exp([1.0, 2, 3]).sum()
CLOSED_FORMS = (
    (r"\mathbb{E}_{x \sim p}[\log q(x)]", sum(a * math.log(b) for a, b in zip(P, Q, strict=True))),
    (r"\mathbb{E}_p[\log q]", sum(a * math.log(b) for a, b in zip(P, Q, strict=True))),
    (r"\mathbb{E}_p[s]", 0.3),
    (r"\mathbb{E}_{x \sim p, y \sim q}[d(x, y)]", float(np.array(P) @ DISTANCES @ Q)),
    (r"\mathbb{E}_{x, x' \sim p}[d(x, x')]", float(np.array(P) @ DISTANCES @ P)),
    (r"\sum_{x \in \mathcal{X}} |p(x) - q(x)|", 0.4),
    (r"\max_{A \subseteq \mathcal{X}} |p(A) - q(A)|", 0.2),
    (r"\sum_{x \in A} p(x) + p(A)", 1.6),
    (r"\sum_x \mathbf{1}[x \in A] + \sum_x \mathbf{1}[x \notin A]", 3.0),
    (r"\sum_{x, y \in \mathcal{X}} \mathbf{1}[x \ne y]", 6.0),
    (r"\left\| p - q \right\|_1", 0.4),
    (r"\| p - q \|_\infty", 0.2),
    (r"\norm{p - q}", math.sqrt(0.06)),
    (r"\norm{v}_1 + \norm{v}_\infty + \norm{v}_2", 16.0),
    (r"\norm{\diag v}_2", 4.0),
    (r"\norm{B}_2", float(np.linalg.norm([[1.0, 2.0], [0.0, 1.0]], 2))),
    (r"\norm{B}", math.sqrt(6)),
    (r"\tr \operatorname{diag}(v)", -1.0),
    (r"\LSE(T)", math.log(np.exp([1.0, 2, 3]).sum())),
    (r"\LSE(1000 T)", 3000.0),
    (r"\norm{\softmax(T)}_\infty", SOFT[2]),
    (r"\CE{\delta_j}{\softmax(T)}", -math.log(SOFT[2])),
    (r"\frac{\partial}{\partial T_j} \LSE(T)", SOFT[2]),
    (r"\frac{\partial}{\partial T_1} \LSE(T)", SOFT[0]),
    (r"\frac{\partial^2}{\partial T_j \partial T_1} \LSE(T)", -SOFT[2] * SOFT[0]),
    (r"\norm{\nabla_T \LSE(T) - \softmax(T)}_1", 0.0),
    (r"\norm{\nabla_v v^\T v - 2 v}_1", 0.0),
    (r"\frac{\partial}{\partial v_2} v^\T v", -8.0),
    (r"\left. \frac{\partial}{\partial t} t^3 \right|_{t = 2}", 12.0),
    (r"\lim_{t \to 0} \frac{e^t - 1 - t}{t^2}", 0.5),
    (r"\lim_{t \to 0^+} t \log t", 0.0),
    (r"\lim_{t \downarrow 0} \frac{1}{t^2} \KL{t p + (1 - t) q}{q}", 0.5 * 0.163333333333333),
    (r"\lim_{t \to \infty} \frac{t^2 + 1}{2 t^2 + t}", 0.5),
    (r"\lim_{t \to \infty} \left(1 + \frac{1}{t}\right)^t", math.e),
    (r"\lim_{t \to \infty} e^{-t}", 0.0),
    (r"\lim_{t \uparrow 1} \frac{1 - t^2}{1 - t}", 2.0),
    (r"\lim_{t \to 0} \frac{1}{t^2}", INF),
    (r"\lim_{t \to 0^+} \log t", -INF),
    (r"\lim_{t \to 0^-} \log t + 1", None),
    (r"\lim_{t \to 0} \frac{|t|}{t}", None),
    (r"\lim_{t \to 0} \frac{1}{t}", None),
    (r"\lim_{t \to \infty} (-1)^{\floor{t}}", None),
    (r"\lim_{t \to \infty} \log \log (t + 1)", None),
)


@pytest.mark.parametrize(("text", "wanted"), CLOSED_FORMS)
def test_new_constructions_have_the_values_of_their_closed_forms(
    text: str, wanted: float | None
) -> None:
    callables = {**dict.fromkeys(("p", "q", "d", "T"), True), "p_": False}
    known = Evaluator(EXTENDED, SIZES)
    node = syn.parse_sum(text, callables)
    assert syn.parse_sum(syn.latex(node), callables) == node
    if wanted is None:
        with pytest.raises(Undefined):
            known.number(node)
        return
    found = known.number(node)
    if math.isinf(wanted):
        assert found.value == wanted
    else:
        assert abs(found.value - wanted) <= 4 * found.error + 1e-14
        assert found.error <= 1e-6 * (1 + abs(wanted))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"\LSE(s)", "logits are wanted"),
        (r"\norm{p}_3", "order of a norm"),
        (r"\norm{B}_1", "norm of a matrix"),
        (r"\norm{c}", "has no norm"),
        (r"\diag s", "is no vector"),
        (r"\E{p}{a}", "a function on the set of the law"),
        (r"\sum_{x \in \mathcal{Z}} 1", r"no set \\mathcal{Z}"),
        (r"\sum_{x \in 2} 1", "is no finite set"),
        (r"\frac{\partial}{\partial T_k} 1", "say “element"),
        (r"\nabla_s 1", "is no vector"),
        (r"\mathbf{1}[s \in A]", "does not lie in"),
        (r"\W{1}{c}{p}", "cannot stand here"),
        (r"\W{1}{p}{w}", "different sets"),
        (r"\MMD{p}{q}", "the setting has no kernel"),
        (r"\W{\infty}{p}{q}", "must be finite"),
    ],
)
def test_faults_in_new_constructions_are_explained(text: str, message: str) -> None:
    known = Evaluator(EXTENDED, SIZES)
    with pytest.raises(EvaluationError, match=message):
        known.value(syn.parse_sum(text, {"p": True, "q": True}))


def test_infinite_logits_have_no_law() -> None:
    known = Evaluator({"z": exact([0.0, INF], "X")}, {"X": 2})
    with pytest.raises(Undefined, match="not finite"):
        known.value(syn.parse_sum(r"\softmax(z)", {}))


def test_a_derivative_reaches_into_what_was_defined() -> None:
    known = Evaluator({"z": exact([1.0, 2.0], "X"), "t": Real(1.0), "j": Element("X", 0)}, {"X": 2})
    known.define(syn.Name("s"), syn.parse_sum(r"\softmax(z)", {}))
    known.define(syn.Name("a"), syn.parse_sum("t^2", {}))
    share = math.exp(1) / (math.exp(1) + math.exp(2))
    for text, wanted in (
        (r"\frac{\partial}{\partial z_j} \log s_j", 1 - share),
        (r"\left. a \right|_{t = 3}", 9.0),
        (r"\left. \frac{\partial}{\partial t} a \right|_{t = 3}", 6.0),
        (r"\lim_{t \to 5} a", 25.0),
        (r"a + s_j", 1 + share),
    ):
        assert known.number(syn.parse_sum(text, {})).value == pytest.approx(wanted)


# ------------------------------------------------------------------ linear programmes

NAMES = dict.fromkeys((*BUILT_IN, "p", "q", "d", "z"), True)
COST = r"\sum_{x, y} \gamma(x, y) d(x, y)"
BALL = r"\norm{f}_\infty"
MEANS = r"(\mathbb{E}_p[f] - \mathbb{E}_q[f])"
PROGRAMMES = (
    (rf"\min_{{\gamma \in \Pi(p, q)}} {COST}", 0.1 * 1 + 0.1 * 3),
    (rf"\max_{{f \in \mathrm{{Lip}}_1(d)}} {MEANS}", 0.4),
    (rf"\sup_{{f \in \operatorname{{Lip}}_2(d)}} {MEANS}", 0.8),
    (rf"\min_{{f \in \mathrm{{Lip}}_t(d)}} {MEANS}", -0.2),
    (rf"\max_{{{BALL} \le 1}} {MEANS}", 0.4),
    (rf"\inf_{{{BALL} \le 3}} (1 + {MEANS})", 1 - 1.2),
    (r"\min_{\gamma \in \Pi(p, q)} \sum_{x, y : x \ne y} \gamma(x, y)", 0.2),
    (r"\max_{\gamma \in \Pi(z, q)} \sum_{x, y} \gamma(x, y) d(x, y)", 0.3 + 0.6),
    (r"\max_{f \in \mathrm{Lip}_1(d)} \sum_x f(x) p(x)", INF),
    (r"\min_{f \in \mathrm{Lip}_1(d)} \sum_x f(x) p(x)", -INF),
)


@pytest.mark.parametrize(("text", "wanted"), PROGRAMMES)
def test_extrema_over_couplings_and_functions_are_exact(text: str, wanted: float) -> None:
    known = Evaluator(EXTENDED, SIZES)
    node = syn.parse_sum(text, NAMES)
    found = known.number(node)
    if math.isinf(wanted):
        assert found.value == wanted
    else:
        assert abs(found.value - wanted) <= 4 * found.error
        assert found.error < 1e-12


def test_the_optimum_is_that_of_all_vertices() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        cost, q = rng.uniform(0, 2, (3, 3)), rng.permutation([0.2, 0.3, 0.5])
        values: dict[str, Value] = {
            "p": law([1 / 3] * 3, "X"),
            "q": law([1 / 3] * 3, "X"),
            "r": law(q, "X"),
            "c": exact(cost, "X", "X"),
        }
        known = Evaluator(values, {"X": 3})
        text = r"\min_{\gamma \in \Pi(p, q)} \sum_{x, y} \gamma(x, y) c(x, y)"
        names = dict.fromkeys(("p", "q", "r", "c", r"\Pi"), True)
        found = known.number(syn.parse_sum(text, names))
        orders = itertools.permutations(range(3))
        wanted = min(sum(cost[i, j] for i, j in enumerate(order)) / 3 for order in orders)
        assert abs(found.value - wanted) <= 4 * found.error
        uneven = known.number(syn.parse_sum(text.replace("q)}", "r)}"), names))
        free = linprog(
            cost.ravel(),
            A_eq=np.vstack([np.kron(np.eye(3), np.ones(3)), np.kron(np.ones(3), np.eye(3))]),
            b_eq=[1 / 3] * 3 + list(q),
        )
        assert abs(uneven.value - float(free.fun or 0.0)) <= 4 * uneven.error + 1e-12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"\min_{\gamma \in \Pi(p, q)} \sum_{x, y} \gamma(x, y)^2", "not linear in"),
        (r"\max_{\gamma \in \Pi(p, q)} \KL{\gamma}{p \otimes q}", "not linear in"),
        (r"\min_{\gamma \in \Pi(p)} 1", "those of two laws"),
        (r"\min_{\gamma \in \Pi(d, q)} 1", "laws of one variable"),
        (r"\min_{\gamma \in \Pi(p, q), x} 1", "one coupling or one function"),
        (r"\max_{f \in \mathrm{Lip}_1(s)} 1", "a distance is wanted"),
        (r"\max_{f \in \mathrm{Lip}(d)} 1", "needs its constant"),
        (r"\max_{\norm{f} \le 1} 1", "a ball of functions"),
        (r"\max_{\norm{f}_\infty \le 1} 1", "has no law"),
        (r"\sum_{\norm{f}_\infty \le 1} p(x)", "cannot run over functions"),
    ],
)
def test_programmes_that_make_no_sense_are_explained(text: str, message: str) -> None:
    node = syn.parse_sum(text, NAMES)
    with pytest.raises(EvaluationError, match=message):
        Evaluator(EXTENDED, SIZES).value(node)


def test_a_negative_lipschitz_constant_is_undefined() -> None:
    node = syn.parse_sum(r"\max_{f \in \mathrm{Lip}_a(d)} 1", NAMES)
    with pytest.raises(Undefined, match="Lipschitz constant"):
        Evaluator({**EXTENDED, "a": Real(-1.0)}, SIZES).value(node)


def test_a_programme_without_a_solution_is_undefined(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = SimpleNamespace(x=None, message="no luck")
    monkeypatch.setattr(programmes, "linprog", lambda *_, **__: failed)
    node = syn.parse_sum(r"\max_{\norm{f}_\infty \le 1} \mathbb{E}_p[f]", {"p": True})
    with pytest.raises(Undefined, match="no luck"):
        Evaluator(EXTENDED, SIZES).value(node)


def test_a_coarse_solution_has_a_large_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the solver returns, the true value lies within the error."""
    solve = linprog

    def coarse(*args: Any, **options: Any) -> Any:  # noqa: ANN401  (whatever the solver takes)
        result = solve(*args, **options)
        result.x = result.x + 0.01
        return result

    monkeypatch.setattr(programmes, "linprog", coarse)
    for text, wanted in (PROGRAMMES[0], PROGRAMMES[1]):
        found = Evaluator(EXTENDED, SIZES).number(syn.parse_sum(text, NAMES))
        assert abs(found.value - wanted) <= found.error


DISTANCES_IN_STEPS = np.abs(np.subtract.outer([0.0, 1, 2], [0.0, 1, 2]))
ENTROPIC = r"\min_{\gamma \in \Pi(p, q)} (\sum_{x, y} \gamma(x, y) d(x, y) + s \KL{\gamma}{m})"


def entropic(p: list[float], q: list[float], s: float, m: Table | None = None) -> Real:
    """Return the entropic cost between points 0, 1, … of the line."""
    points = np.arange(len(p), dtype=float)
    values: dict[str, Value] = {
        "p": law(p, "X"),
        "q": law(q, "X"),
        "d": exact(np.abs(np.subtract.outer(points, points)), "X", "X"),
        "m": law(np.outer(p, q), "X", "X") if m is None else m,
        "s": Real(s),
    }
    node = syn.parse_sum(ENTROPIC, NAMES)
    return Evaluator(values, {"X": len(p)}).number(node)


def test_the_entropic_minimum_has_its_closed_form_and_its_limits() -> None:
    for s in (0.05, 0.5, 3.0):
        found = entropic([0.5, 0.5], [0.5, 0.5], s)
        wanted = -s * math.log((1 + math.exp(-1 / s)) / 2)
        assert abs(found.value - wanted) <= 4 * found.error
        assert found.error < 1e-12
    assert entropic(P, Q, 1e6).value == pytest.approx(np.array(P) @ DISTANCES_IN_STEPS @ Q)
    assert entropic(P, Q, 0.01).value == pytest.approx(0.3, abs=0.03)
    points = entropic([0.0, 1.0, 0.0], [1.0, 0.0, 0.0], 0.3)
    assert abs(points.value - 1) <= 4 * points.error


def test_an_entropic_minimum_that_is_not_reached_has_a_large_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = entropic(P, Q, 0.1)
    monkeypatch.setattr(programmes, "SWEEPS", 2)
    coarse = entropic(P, Q, 0.1)
    assert abs(coarse.value - wanted.value) <= coarse.error
    assert coarse.error > 1e-6


def test_entropic_minima_that_make_no_sense_are_explained() -> None:
    with pytest.raises(EvaluationError, match="not linear"):
        entropic(P, Q, -1.0)
    with pytest.raises(EvaluationError, match="not linear"):
        entropic(P, Q, 1.0, law(P, "X"))
    with pytest.raises(Undefined, match="every coupling is infinite"):
        entropic(P, Q, 1.0, law(np.eye(3) / 3, "X", "X"))


# ------------------------------------------------------------------ generators

MARKED = {"f" + mark: True for mark in generators.MARKS}


@pytest.mark.parametrize("name", generators.NAMES)
def test_a_generator_agrees_with_its_derivatives_limits_and_conjugate(name: str) -> None:
    def value(text: str, **numbers: float) -> Real:
        values: dict[str, Value] = {n: Real(x) for n, x in numbers.items()}
        known = Evaluator({**values, "f": generators.generator(name)}, {})
        return known.number(syn.parse_sum(text, MARKED))

    def same(left: Real, right: Real) -> bool:
        if math.isinf(right.value):
            return left.value == right.value
        return abs(left.value - right.value) <= 4 * (left.error + right.error)

    assert value("f(1)").value == 0
    assert same(value(r"\lim_{u \to 0^+} f(u)"), value("f(0)"))
    assert same(value(r"\lim_{u \to 0^+} f'(u)"), value("f'(0)"))
    assert same(value(r"\lim_{u \to \infty} \frac{f(u)}{u}"), value(r"f'(\infty)"))
    for u in (0.2, 0.7, 1.0, 1.9, 6.0):
        if name == "tv" and u == 1:
            continue
        assert same(value(r"\frac{\partial}{\partial u} f(u)", u=u), value("f'(u)", u=u))
        assert same(value(r"\frac{\partial}{\partial u} f'(u)", u=u), value("f''(u)", u=u))
        assert same(value("f^*(f'(u))", u=u), value("u f'(u) - f(u)", u=u))
        for t in (-3.0, -0.7, 0.2, 0.3, 2.0):
            conjugate = value("f^*(t)", t=t)
            assert conjugate.value + 1e-12 >= value("u t - f(u)", u=u, t=t).value
    if name in generators.STRICT:
        assert value("f''(1)").value > 0


def test_an_infinite_value_of_a_generator_is_cancelled_by_a_zero() -> None:
    values: dict[str, Value] = {**VALUES, "f": generators.generator("reverse_kl")}
    known = Evaluator(values, SIZES)
    names = {**MARKED, "p": True, "z": True}
    assert known.number(syn.parse_sum("0 f(0)", names)).value == 0
    assert known.number(syn.parse_sum(r"\E{z}{f(z)}", names)).value == 0
    assert known.number(syn.parse_sum("f(0)", names)).value == INF
    with pytest.raises(EvaluationError, match="does not say what p' is"):
        known.value(syn.parse_sum("p'", names))


def test_f_divergences_call_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []

    def package(name: str) -> Callable[..., object]:
        if name == "Generator":
            return SimpleNamespace

        def divergence(generator: object, p: object, q: object) -> float:
            assert p is not q
            found.append(generator)
            return 0.25

        return divergence

    monkeypatch.setattr(functionals, "reference", package)
    known = Evaluator({**VALUES, "f": generators.generator("hellinger")}, SIZES)
    reverse = syn.parse_sum("u f(1 / u)", MARKED)
    known.define(syn.Call(syn.Name("g"), (syn.Name("u"),)), reverse)
    for name in ("f", "g"):
        assert known.number(syn.parse_sum(rf"\Df{{{name}}}{{p}}{{q}}", {})).value == 0.25
    assert found[0] == "hellinger"
    assert found[1].at_zero == pytest.approx(1)
    assert found[1].slope_at_infinity == pytest.approx(1)
    points = np.array([[0.5, 2.0]])
    np.testing.assert_allclose(found[1].function(points), (np.sqrt(points) - 1) ** 2)
    for name in ("s", "p"):
        with pytest.raises(EvaluationError, match="no generator"):
            known.number(syn.parse_sum(rf"\Df{{{name}}}{{p}}{{q}}", {}))


# ------------------------------------------------------------------ points

LINE: dict[str, Value] = {
    "p": law(P, "X"),
    "q": law(Q, "X"),
    "r": law([0.25, 0.75], "Y"),
    "x": replace(exact([3.0, 0.0, 1.0], "X"), role="points"),
    "y": replace(exact([2.0, -1.0], "Y"), role="points"),
    "F": Distribution("p"),
    "G": Distribution("q"),
    "H": Distribution("r"),
    "c": Element("X", 0),
    "t": Real(0.5),
    "A": Subset("X", frozenset({0, 2})),
}
LINE_SIZES = {"X": 3, "Y": 2}
LINE_NAMES = dict.fromkeys((*BUILT_IN, *"pqrFGH"), True)
ON_THE_LINE = (
    (r"\sum_x x p(x)", 2.2),
    (r"\mathbb{E}_p[x]", 2.2),
    (r"\mathbb{E}_{x \sim p}[x^2] - \mathbb{E}_{x \sim p}[x]^2", 6.4 - 2.2**2),
    (r"c + 1", 4.0),
    (r"\frac{c}{2} + \sqrt{c + 1} + \abs{-c} + \max(c, 1)", 9.5),
    (
        r"\mathbb{E}_{x \sim p, y \sim r}[|x - y|]",
        0.25 * (0.7 + 0.4 + 0.1) + 0.75 * (2.8 + 0.2 + 0.2),
    ),
    (r"\sum_{x : x < 2} p(x)", 0.3),
    (r"\sum_x \mathbf{1}[x \le t] p(x)", 0.2),
    (r"\sum_{x, y} \mathbf{1}[x < y] p(x) r(y)", 0.25 * 0.3),
    (r"\sum_{x \in A} p(x)", 0.8),
    (r"F(0) + F(-0.1) + F(2.9) + F(3)", 0.2 + 0.3 + 1),
    (r"F^{-1}(0.1) + F^{-1}(0.25) + F^{-1}(0.31) + F^{-1}(1)", 0 + 1 + 3 + 3),
    (r"\int |F(t) - G(t)| \dd t", 0.1 + 2 * 0.2),
    (r"\int_0^1 |F^{-1}(u) - G^{-1}(u)| \dd u", 0.5),
    (r"\int_0^1 |F^{-1}(u) - H^{-1}(u)|^2 \dd u", 0.2 + 0.1 * 4 + 0.45 * 16 + 0.25),
    (r"\int_{1}^{2} F(t)^2 \dd t", 0.09),
    (r"\int_{0}^{2} t F(t) \dd t", 0.1 + 0.45),
    (r"\int_{-1}^{2} |t - F(t)| \dd t", 0.5 + 0.02 + 0.32 + 1.2),
    (r"\Phi(0)", 0.5),
    (r"\Phi(1.2) + \Phi(-1.2)", 1.0),
    (r"\max_{f \in \mathrm{Lip}_1} (\mathbb{E}_p[f] - \mathbb{E}_q[f])", 0.5),
    (r"\max_{\norm{f}_{\mathrm{Lip}} \le 2} (\mathbb{E}_p[f] - \mathbb{E}_q[f])", 1.0),
    (r"\left\| x \right\|_\infty", 3.0),
)


@pytest.mark.parametrize(("text", "wanted"), ON_THE_LINE)
def test_elements_that_are_points_are_numbers(text: str, wanted: float) -> None:
    known = Evaluator(LINE, LINE_SIZES)
    node = syn.parse_sum(text, LINE_NAMES)
    assert syn.parse_sum(syn.latex(node), LINE_NAMES) == node
    found = known.number(node)
    assert abs(found.value - wanted) <= 4 * found.error + 1e-15
    assert found.error < 1e-9


def test_elements_that_are_points_of_the_plane_are_vectors() -> None:
    places = replace(exact([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]], "X", ""), role="points")
    known = Evaluator({**LINE, "x": places}, LINE_SIZES)
    for text, wanted in (
        (r"\norm{\sum_x x p(x)}", math.hypot(0.6, 0.9)),
        (r"\mathbb{E}_{x, x' \sim p}[\norm{x - x'}]", 2 * (0.14 * 5 + 0.07 + 0.02 * math.sqrt(18))),
        (r"\mathbb{E}_{x \sim p}[x^\T x]", 5.1),
        (r"\max_{f \in \mathrm{Lip}_1} (\mathbb{E}_p[f] - \mathbb{E}_q[f])", 0.1 + 0.1 * 5),
    ):
        found = known.number(syn.parse_sum(text, LINE_NAMES))
        assert found.value == pytest.approx(wanted)
    with pytest.raises(EvaluationError, match="no law on points of the line"):
        known.value(syn.parse_sum("F(0)", LINE_NAMES))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"\int F(2 t) \dd t", "at t itself"),
        (r"p^{-1}(1)", "does not say what"),
        (r"\ED{s}{q}", "cannot stand here"),
        (r"\max_{\norm{f}_{\mathrm{Lip}} \ge 1} \mathbb{E}_p[f]", "a ball of functions"),
        (r"\W{1}{\Normal{0}{1}}{\Normal{0}{1}}", "only the order 2"),
        (r"\W{2}{p}{\Normal{0}{1}}", "do not compare"),
    ],
)
def test_faults_with_points_are_explained(text: str, message: str) -> None:
    known = Evaluator({**LINE, "s": Real(1.0)}, LINE_SIZES)
    with pytest.raises(EvaluationError, match=message):
        known.value(syn.parse_sum(text, LINE_NAMES))


def test_integrals_of_steps_need_not_exist() -> None:
    known = Evaluator(LINE, LINE_SIZES)
    for text in (r"\int F(t) \dd t", "F^{-1}(0)", r"\int_0^2 F^{-1}(u) \dd u"):
        with pytest.raises(Undefined):
            known.number(syn.parse_sum(text, LINE_NAMES))


def test_a_law_on_one_point_has_one_step() -> None:
    values: dict[str, Value] = {**LINE, "p": exact([0.0, 1.0, 0.0], "X")}
    known = Evaluator(values, LINE_SIZES)
    for text, wanted in ((r"\int_0^1 F^{-1}(u) \dd u", 0.0), (r"\int_{-1}^1 F(t) \dd t", 1.0)):
        assert known.number(syn.parse_sum(text, LINE_NAMES)).value == wanted


def test_transport_functionals_take_points(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, list[str]]] = []

    def package(name: str) -> Callable[..., object]:
        def function(*arrays: object, **options: object) -> object:
            assert len(arrays) == 2
            calls.append((name, sorted(options)))
            results = {"wasserstein": _Transport(0.25, 0.25), "sinkhorn": _Entropic()}
            return results.get(name, 0.5)

        return function

    monkeypatch.setattr(functionals, "reference", package)
    known = Evaluator({**LINE, "v": Real(4.0)}, LINE_SIZES)
    for text, wanted, name, options in (
        (r"\W{2}{p}{r}", 0.5, "wasserstein", ["order", "x", "y"]),
        (r"\W{\infty}{p}{q}", 0.5, "wasserstein_1d", ["order", "x_weights", "y_weights"]),
        (r"\OT{t}{p}{r}", 1.25, "sinkhorn", ["cost", "epsilon", "tolerance"]),
        (r"\ED{p}{r}", 0.5, "energy_distance", ["x_weights", "y_weights"]),
        (r"\W{2}{\Normal{0}{v}}{\Normal{1}{v}}", 0.5, "wasserstein_gaussian", ["std_p", "std_q"]),
    ):
        assert known.number(syn.parse_sum(text, {})).value == pytest.approx(wanted)
        assert calls[-1] == (name, options)


# ------------------------------------------------------------------ functionals by other names


@dataclass(frozen=True)
class _Transport:
    """What a transport function returns."""

    cost: float = 0.0
    lower: float = 0.0


@dataclass(frozen=True)
class _Entropic:
    """What entropic transport returns; its bounds are those of transport without entropy."""

    value: float = 1.25
    lower: float = 0.5
    upper: float = 1.0


def test_functionals_call_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: dict[str, dict[str, object]] = {}

    def package(name: str) -> Callable[..., object]:
        def function(*arrays: object, **options: object) -> object:
            assert len(arrays) == 2
            calls[name] = options
            results = {"wasserstein": _Transport(0.25, 0.25), "sinkhorn": _Entropic()}
            return results.get(name, 0.5)

        return function

    monkeypatch.setattr(functionals, "reference", package)
    values = {**EXTENDED, "k": replace(exact(np.eye(3), "X", "X"), role="kernel")}
    known = Evaluator(values, SIZES)
    for text, wanted, options in (
        (r"\JSw{s}{p}{q}", 0.5, ["weights"]),
        (r"\JSbits{p}{q}", 0.5, ["base"]),
        (r"\Hel{p}{q} + \chisq{p}{q}", 1.0, []),
        (r"\W{1}{p}{q}", 0.25, ["cost"]),
        (r"\W{2}{p}{q}", 0.5, ["cost"]),
        (r"\OT{t}{p}{q}", 1.25, ["cost", "epsilon", "tolerance"]),
        (r"\Sink{t}{p}{q}", 0.5, ["cost", "epsilon", "tolerance"]),
        (r"\MMD{p}{q}", 0.5, ["kernel", "x_weights", "y_weights"]),
    ):
        calls.clear()
        node = syn.parse_sum(text, {})
        assert known.number(node).value == pytest.approx(wanted)
        assert all(sorted(called) == options for called in calls.values())
    assert 0 < known.number(syn.parse_sum(r"\OT{t}{p}{q}", {})).error < 1e-9
    with pytest.raises(Undefined, match="weight"):
        known.number(syn.parse_sum(r"\JSw{n}{p}{q}", {}))


def test_a_function_that_is_not_there_yet_is_named() -> None:
    with pytest.raises(EvaluationError, match="refimpl has no function not_yet"):
        functionals.called("not_yet", [])


def test_errors_of_calls_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(error: Exception) -> None:
        raise error

    monkeypatch.setattr(functionals, "reference", lambda _: broken)
    with pytest.raises(EvaluationError, match="x: no"):
        functionals.called("x", [TypeError("no")])
    with pytest.raises(Undefined, match="x: no"):
        functionals.called("x", [ValueError("no")])
    with pytest.raises(EvaluationError, match="x: no; macros"):
        functionals.call("x", None, [TypeError("no")])


def test_the_root_of_zero_keeps_its_error() -> None:
    found = functionals.small_root(Real(0.0, 1e-16), Real(2.0))
    assert found.value == 0
    assert found.error == pytest.approx(1e-8)


# ------------------------------------------------------------------ errors


def test_the_error_bound_covers_the_error() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        p = rng.dirichlet(np.ones(4))
        known = Evaluator({"p": law(p, "X")}, {"X": 4})
        ones = known.number(syn.parse_sum(r"\sum_x p(x)", {"p": True}))
        assert abs(ones.value - 1) <= ones.error
        plus = known.number(
            syn.parse_sum(r"\sum_x p(x) \log (p(x) \cdot 1000000) - \log 1000000", {"p": True})
        )
        assert abs(plus.value + known.number(syn.parse_sum(r"\H{p}", {})).value) <= plus.error * 4


def test_errors_near_zero_stay_bounded() -> None:
    assert ext.log(Real(1e-17, 1e-16)).error == INF
    assert ext.log(Real(0.0, 1e-16)).value == -INF
    assert ext.log(Real(-1e-17, 1e-16)).value == -INF
    assert ext.root(Real(-1e-17, 1e-16)).value == 0
    assert ext.root(Real(1e-20, 1e-16)).error == pytest.approx(1e-8)
    assert ext.root(Real(INF)).value == INF
    assert ext.root(Real(8.0), Real(3.0)).value == pytest.approx(2)
    assert ext.divide(Real(1.0), Real(1e-17, 1e-16)).error == INF
    assert ext.divide(Real(1e300), Real(1e-300)).value == INF
    assert ext.divide(Real(1.0), Real(INF)).value == 0
    assert ext.power(Real(0.0, 1e-10), Real(2.0)).error == pytest.approx(1e-20)
    assert math.isnan(ext.power(Real(NAN, soft=True), Real(2.0)).value)
    assert math.isnan(ext.exp(Real(NAN, soft=True)).value)
    assert ext.power(Real(2.0), Real(1.0, 1e-10)).error == pytest.approx(2 * math.log(2) * 1e-10)
    assert ext.ceiling(Real(2.0 + 1e-13)).value == 2
    assert ext.ceiling(Real(INF)).value == INF
    assert repr(Real(1.0, 0.5)) == "1.0 ± 5.0e-01"


def test_soft_values_survive_sums_and_products() -> None:
    soft = ext.log(Real(0.0))
    assert ext.add([soft, Real(1.0)]).soft
    assert ext.multiply([soft, Real(2.0)]).soft
    assert math.isnan(ext.add([soft, ext.negative(soft)]).value)
    assert ext.multiply([Real(0.0), ext.add([soft, ext.negative(soft)])]).value == 0
    assert math.isnan(ext.multiply([Real(NAN, soft=True), Real(1.0)]).value)
    assert math.isnan(ext.log(Real(NAN, soft=True)).value)
    with pytest.raises(Undefined):
        ext.add([Real(INF), Real(-INF), soft])


# ------------------------------------------------------------------ quadrature


def test_a_narrow_peak_is_found() -> None:
    def density(x: float) -> Real:
        return Real(math.exp(-((x - 50) ** 2) / 2e-4) / math.sqrt(2e-4 * math.pi))

    found = quadrature.integral(density, -INF, INF, [(50.0, 0.01)])
    assert abs(found.value - 1) <= found.error + 1e-12


def test_a_peak_is_found_on_a_half_line() -> None:
    def density(x: float) -> Real:
        return Real(math.exp(-x * x / 2) / math.sqrt(2 * math.pi))

    for end in (-20.0, -1.0, 0.3, 108.0, 1e6):
        wanted = math.erfc(-end / math.sqrt(2)) / 2
        for found in (
            quadrature.integral(density, -INF, end, [(0.0, 1.0)]),
            quadrature.integral(density, -end, INF, [(0.0, 1.0)]),
        ):
            assert abs(found.value - wanted) <= found.error + 1e-12


def test_a_mean_under_a_normal_law_sees_a_kink() -> None:
    known = Evaluator({"m": Real(1.5), "s": Real(0.7)}, {})
    text = r"\mathbb{E}_{z \sim \Normal{0}{1}}[|m + s z|]"
    found = known.number(syn.parse_sum(text, {}))
    closed = r"s \sqrt{\frac{2}{\pi}} e^{-m^2 / (2 s^2)} + m (1 - 2 \Phi(-m / s))"
    wanted = known.number(syn.parse_sum(closed, {r"\Phi": True}))
    assert abs(found.value - wanted.value) <= 4 * (found.error + wanted.error)


def test_a_kink_between_the_points_is_within_the_error() -> None:
    for kink in (0.3, 0.999998):

        def distance(x: float, kink: float = kink) -> Real:
            return Real(abs(x - kink))

        found = quadrature.integral(distance, 0, 1, kinks=True)
        wanted = (kink**2 + (1 - kink) ** 2) / 2
        assert abs(found.value - wanted) <= found.error


def test_a_rule_that_does_not_converge_is_replaced() -> None:
    found = quadrature.integral(lambda x: Real(math.sqrt(abs(x - 0.3))), 0, 1)
    assert found.value == pytest.approx(2 / 3 * (0.3**1.5 + 0.7**1.5), abs=1e-9)
    line = quadrature.integral(lambda x: Real(1 / (1 + x * x)), -INF, INF, [(0.0, 1.0)])
    assert line.value == pytest.approx(math.pi, abs=1e-9)


def test_an_integral_that_diverges_has_no_value() -> None:
    with pytest.raises(Undefined, match="cannot be computed"):
        quadrature.integral(lambda x: Real(1 / x if x else 0.0), -1e-3, 1)


def test_a_derivative_next_to_a_pole_is_found() -> None:
    def log(x: float) -> Real:
        return ext.log(Real(x))

    found = quadrature.derivative(log, 1e-3, 1)
    assert abs(found.value - 1000) <= found.error
    with pytest.raises(Undefined, match="derivative"):
        quadrature.derivative(log, 0.0, 1)


def test_a_probability_near_one_has_a_complement_with_few_digits() -> None:
    wanted = 12.5 - math.log(2)  # log((e^12.5 + e^-12.5) / 2), to within e^-25
    known = Evaluator({"a": Real(25.0)}, {})
    value = known.number(syn.parse_sum(r"\kl{\sigma(0)}{\sigma(a)}", {"\\sigma": True}))
    assert abs(value.value - wanted) <= value.error < 1e-3
