"""Mutants change one place each, and those that say the same are recognised by algebra."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from equations.algebra import Algebra
from equations.mutants import mutants, renamed, reversed_relations, strict_relations
from equations.syntax import Row, latex, parse

CALLABLES = {"p": True, "q": True, "r": True, "K": True, "T": True}
GROUPS = (("p", "q"), ("X", "Y"), (r"\sigma_1", r"\sigma_2"), ("w", "v"), ("p_X", "q_X"))


def row(text: str) -> Row:
    (found,) = parse(text, CALLABLES)
    return found


def changed(text: str, interchangeable: Sequence[Sequence[str]] = ()) -> set[str]:
    found = mutants(row(text), GROUPS, interchangeable=interchangeable)
    return {latex(mutant) for mutant in found}


MADE: tuple[tuple[str, set[str]], ...] = (
    ("a + b", {"-a + b", "b", "a - b", "a"}),
    ("a - b", {"-a - b", "-b", "a + b", "a"}),
    ("-a", {"a"}),
    ("a b", {"a", "b"}),
    ("a b c", {"b c", "a c", "a b"}),
    (r"\frac{a}{b}", {r"\frac{b}{a}", "a", r"\frac{1}{b}"}),
    (r"\frac{1}{2}", {r"\frac{2}{1}", "1", r"\frac{1}{3}"}),
    ("a^{2}", {"a", "a^{3}"}),
    (r"\sqrt{a}", {"a"}),
    (r"\log a", {"a", r"\log_{2} a"}),
    (r"\log_{2} a", {"a", r"\log a", r"\log_{1} a", r"\log_{3} a"}),
    (r"\abs{a}", {"a"}),
    (r"\ceil{a}", {"a", r"\floor{a}"}),
    (r"\max( a, b )", {r"\min( a, b )"}),
    (r"\max_{x} p(x)", {r"\min_{x} p(x)", r"\max_{x} q(x)"}),
    (r"\binom{a}{b}", {r"\binom{b}{a}"}),
    ("a!", set()),
    (r"\infty", {"0"}),
    ("0", {"1"}),
    ("0.5", {"1"}),
    ("7", {"1"}),
    (r"\sigma_1", {r"\sigma_2"}),
    ("w_k", {"v_k"}),
    ("p_X", {"q_X"}),
    ("p(x)", {"q(x)"}),
    (r"p(y \mid x)", {r"q(y \mid x)", r"p(x \mid y)", "p(y)"}),
    (r"\KL{p}{q}", {r"\KL{q}{p}", r"\KL{q}{q}", r"\KL{p}{p}", r"\KLbits{p}{q}"}),
    (r"\KLbits{p}{a}", {r"\KLbits{a}{p}", r"\KLbits{q}{a}", r"\KL{p}{a}"}),
    (r"\J{a}{b}", set()),
    (r"\MI{X}{Y}", {r"\MI{Y}{Y}", r"\MI{X}{X}"}),
    (
        r"\H{Y \mid X}",
        {r"\H{X \mid Y}", r"\H{Y}", r"\H{X \mid X}", r"\H{Y \mid Y}", r"\Hbits{Y \mid X}"},
    ),
    (r"\Renyi{a}{p}{q}", {r"\Renyi{a}{q}{p}", r"\Renyi{a}{q}{q}", r"\Renyi{a}{p}{p}"}),
    (r"\normal{a}{b}{c}", set()),
    (
        r"\E{x, y \sim p}{T(x)}",
        {r"\E{x, y \sim p_X \otimes p_Y}{T(x)}", r"\E{x, y \sim q}{T(x)}"},
    ),
    (
        r"\sum_{x : p(x) > 0} a",
        {r"\sum_{x : p(x) < 0} a", r"\sum_{x : q(x) > 0} a", r"\sum_{x : p(x) > 1} a"},
    ),
    (r"e^{-a}", {"e", "e^{a}"}),
)


@pytest.mark.parametrize(("text", "wanted"), MADE)
def test_each_place_is_changed_once(text: str, wanted: set[str]) -> None:
    assert changed(text) == wanted


def test_all_sides_of_a_row_are_changed() -> None:
    assert changed("a + b = c d") == {
        *("-a + b = c d", "b = c d", "a - b = c d", "a = c d"),
        *("a + b = d", "a + b = c"),
    }


def test_relations_are_reversed_or_made_strict() -> None:
    chain = row(r"a \le b = c < d \ge e > f")
    assert [latex(r) for r in reversed_relations(chain)] == [
        r"a \ge b = c < d \ge e > f",
        r"a \le b = c > d \ge e > f",
        r"a \le b = c < d \le e > f",
        r"a \le b = c < d \ge e < f",
    ]
    assert [(link, latex(r)) for link, r in strict_relations(chain)] == [
        (0, r"a < b = c < d \ge e > f"),
        (3, r"a \le b = c < d > e > f"),
    ]


def test_names_are_exchanged_everywhere_at_once() -> None:
    text = r"\KL{p}{q} = \sum_{x} p(x) \log q_X(x) \sigma_1"
    swap = {"p": "q", "q": "p", r"\sigma_1": r"\sigma_2"}
    assert latex(renamed(row(text), swap)) == r"\KL{q}{p} = \sum_{x} q(x) \log p_X(x) \sigma_2"


def test_a_statement_about_all_laws_may_be_renamed() -> None:
    free = changed(r"\KL{p}{q} \ge 0", interchangeable=[["p", "q"]])
    assert r"\KL{q}{p} \ge 0" not in free
    assert r"\KL{q}{q} \ge 0" in free
    assert r"\KL{q}{p} \ge 0" in changed(r"\KL{p}{q} \ge 0")


SAME = (
    ("a + b", "b + a"),
    ("a (b + c)", "a b + a c"),
    ("(a + b)^2", "a^2 + 2 a b + b^2"),
    ("-(a - b)", "b - a"),
    ("(a - b)^2", "(b - a)^2"),
    ("(a - b)^{-2}", "(b - a)^{-2}"),
    ("(-a)^4", "a^4"),
    ("a^5 a^{-5}", "1"),
    (r"\abs{a - b}", r"\abs{b - a}"),
    ("1 a + 0 b", "a"),
    ("a^0", "1"),
    ("1^n", "1"),
    (r"\frac{a}{2} + \frac{a}{2}", "a"),
    (r"\frac{1}{1 / a}", "a"),
    (r"\log 1", "0"),
    (r"0 \log a", "0"),
    (r"\sum_x p(x)", "1"),
    (r"\sum_x (p(x) - q(x))", "0"),
    (r"\sum_{x, y} p(x) q(y)", "1"),
    (r"\sum_{x, y} p(x) q(y) T(y)", r"\sum_y q(y) T(y)"),
    (r"\sum_x 2 p(x) T(x)", r"2 \sum_x p(x) T(x)"),
    (r"\sum_x (a - a)", "0"),
    (r"\sum_x p(x) \log_2 T(x)", r"\frac{1}{\log 2} \sum_x p(x) \log T(x)"),
    (r"\E{x \sim p}{-T(x)}", r"-\E{x \sim p}{T(x)}"),
    (r"\int_0^1 2 s \dd s", r"2 \int_0^1 s \dd s"),
    (r"\log_2 a", r"\frac{\log a}{\log 2}"),
    (r"\log_2 2", "1"),
    (r"\KLbits{p}{q}", r"\frac{\KL{p}{q}}{\log 2}"),
    (r"\J{p}{q}", r"\J{q}{p}"),
    (r"\MI{X}{Y}", r"\MI{Y}{X}"),
    (r"\max(a, b)", r"\max(b, a)"),
    (r"\h{\Normal{a}{b}}", r"\h{\Normal{c}{b}}"),
    (r"\KL{p}{q} \ge 0", r"2 \KLbits{p}{q} \ge 0"),
    (r"a = 0", r"-2 a = 0"),
)
DIFFERENT = (
    ("a + b", "a - b"),
    ("a", "2 a"),
    ("a^2", "a^3"),
    ("a^n", "a^m"),
    ("0^{-1}", "0"),
    ("(a + b)^4", "(a - b)^4"),
    ("(a + b)^n", "(b - a)^n"),
    (r"\KL{p}{q}", r"\KL{q}{p}"),
    (r"\log a", r"\log_2 a"),
    (r"\sum_x p(x)^2", "1"),
    (r"\sum_x p(x) T(x)", r"\sum_x q(x) T(x)"),
    (r"\sum_x r(x)", "1"),
    (r"\sum_x p(x, x)", "1"),
    (r"\sum_{x : q(x) > 0} p(x)", "1"),
    (r"\sum_{x, y} p(x) p(y \mid x)", "1"),
    (r"\sum_{k=1}^{2} p(k)", "1"),
    (r"\sum_x p(x) p(x)", r"\sum_x p(x)"),
    (r"\h{a}", r"\h{b}"),
    (r"\h{\Normal{a}{b}}", r"\h{\Normal{a}{c}}"),
    (r"\prod_x 2", "2"),
    (r"a \ge 0", r"-a \ge 0"),
    (r"a \le 1", r"2 a \le 1"),
    (r"a \le b", r"a \ge b"),
)


@pytest.mark.parametrize(("left", "right"), SAME)
def test_algebra_sees_that_two_formulas_say_the_same(left: str, right: str) -> None:
    algebra = Algebra(frozenset({"p", "q"}))
    assert algebra.key(row(left)) == algebra.key(row(right))


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_algebra_takes_nothing_else_for_the_same(left: str, right: str) -> None:
    algebra = Algebra(frozenset({"p", "q"}))
    assert algebra.key(row(left)) != algebra.key(row(right))
