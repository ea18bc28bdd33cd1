"""Statements and steps are accepted when they hold, and what is wrong is told."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import refimpl
from equations import __main__ as command
from equations import checks, limits, report, verdicts
from equations.blocks import Derivation, Equation, read_blocks, read_page
from equations.checks import HOLDS, INFINITE, REFUTED, Checker, Claim, compare, read_rows
from equations.domain import evidence_text
from equations.extended import Real, Undefined
from equations.report import CheckFailed, Evidence
from equations.settings import Setting, SettingError
from equations.values import EvaluationError, Matrix, exact, law
from equations.verdicts import Verdict, check_derivation, check_equation, locate

LAWS = "laws $p$, $q$ on a finite set"
INF = math.inf


def page(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "page.md"
    file.write_text(text, encoding="utf-8")
    return file


def equation(tmp_path: Path, statement: str, **options: str) -> Equation:
    lines = {"title": "T", "kind": "identity", "source": "elementary", "for": LAWS}
    lines |= {name.rstrip("_"): text for name, text in options.items()}
    shown = "\n".join(f":{name}: {text}" for name, text in lines.items())
    file = page(tmp_path, f"```{{equation}} eq-tried\n{shown}\n\n{statement}\n\n>>> 1\n1\n```\n")
    (block,) = read_blocks(file)
    assert isinstance(block, Equation)
    return block


def tried(tmp_path: Path, statement: str, **options: str) -> Verdict:
    return check_equation(equation(tmp_path, statement, **options))


def derivation(tmp_path: Path, body: str, options: str = f":for: {LAWS}\n") -> Derivation:
    file = page(tmp_path, f"```{{derivation}} eq-tried\n{options}\n{body}\n```\n")
    (block,) = read_blocks(file)
    assert isinstance(block, Derivation)
    return block


# ------------------------------------------------------------------ comparisons

COMPARISONS = (
    ("=", 1.0, 1.0, True),
    ("=", 1.0, 1.1, False),
    (":=", INF, INF, True),
    ("=", INF, -INF, False),
    ("=", INF, 1.0, False),
    ("=", 1.0, INF, False),
    (r"\ne", 1.0, 1.0, False),
    (r"\ne", 1.0, 2.0, True),
    (r"\le", 1.0, 1.0, True),
    (r"\le", 2.0, 1.0, False),
    (r"\le", 1.0, INF, True),
    (r"\le", INF, 1.0, False),
    (r"\ge", 2.0, 1.0, True),
    (r"\ge", 1.0, 2.0, False),
    ("<", 1.0, 1.0, False),
    ("<", 1.0, 2.0, True),
    ("<", INF, INF, False),
    (">", 2.0, 1.0, True),
    (">", 1.0, 1.0, False),
)


@pytest.mark.parametrize(("relation", "left", "right", "holds"), COMPARISONS)
def test_two_numbers_are_compared(relation: str, left: float, right: float, holds: bool) -> None:  # noqa: FBT001  (a parameter of a test)
    error = 1e-15
    assert compare(relation, Real(left, error), Real(right, error)).holds is holds


def test_a_comparison_within_its_errors_decides_nothing() -> None:
    assert compare("=", Real(1.0, 0.1), Real(2.0)).holds is None


def test_an_undefined_side_is_an_error() -> None:
    with pytest.raises(Undefined):
        compare("=", Real(math.nan), Real(1.0))


def test_laws_and_matrices_are_compared_entry_by_entry() -> None:
    p, q = law([0.5, 0.5], "X"), law([0.5, 0.25, 0.25], "X")
    assert compare("=", p, p).holds
    assert compare("=", p, exact([0.5, 0.6], "X")).holds is False
    one = Matrix(exact([[1.0, 2.0]], "A", "B").values)
    assert compare("=", one, one).holds
    assert compare("=", Matrix(exact([[1.0]], "A", "B").values), Real(1.0)).holds
    with pytest.raises(EvaluationError, match="different sets"):
        compare("=", p, q)
    with pytest.raises(EvaluationError, match="not of the same kind"):
        compare("=", p, Real(1.0))
    with pytest.raises(EvaluationError, match="cannot be run"):
        compare(r"\to", Real(1.0), Real(1.0))


def test_a_limit_or_zero_sides_can_be_tight() -> None:
    assert compare(r"\le", Real(1.0), Real(1.0 + 1e-8)).tight(1e-6)
    assert not compare(r"\le", Real(1.0), Real(1.1)).tight(1e-6)
    assert compare(r"\le", Real(0.0), Real(0.0)).zero
    assert not compare(r"\le", Real(INF), Real(INF)).tight(1e-6)


# ------------------------------------------------------------------ statements


def test_a_definition_agrees_with_its_code(tmp_path: Path) -> None:
    verdict = tried(
        tmp_path,
        r"\KL{p}{q} := \sum_x p(x) \log \frac{p(x)}{q(x)}",
        code="kl_divergence(p, q); entropy",
    )
    assert verdict.ok
    assert verdict.level == "executed"
    assert verdict.instances == 64
    assert verdict.infinite > 0
    assert 0 < verdict.worst < 1
    assert verdict.mutants == verdict.killed > 10


CODE = (
    ("kl_divergence(q, p)", "kl_divergence(q, p) is not"),
    ("kl_divergence(p)", "missing 1 required"),
    ("kl_divergence(p, u)", "name 'u' is not defined"),
    ("kl_divergence(p, -q)", "undefined"),
    ("information_content(p)", "returns an array"),
    ("no_such(p)", "has no function no_such"),
    ("__setattr__('odd', 0)", "has no function __setattr__"),  # every module has it
    ("__getattribute__('entropy')", "has no function __getattribute__"),
    ("GENERATORS(p)", "has no function GENERATORS"),
)


@pytest.mark.parametrize(("code", "message"), CODE)
def test_code_that_disagrees_is_reported(tmp_path: Path, code: str, message: str) -> None:
    verdict = tried(tmp_path, r"\KL{p}{q} := \sum_x p(x) \log \frac{p(x)}{q(x)}", code=code)
    assert not hasattr(refimpl, "odd")
    assert any(message in problem for problem in verdict.problems), verdict.problems


def test_code_may_use_every_kind_of_symbol(tmp_path: Path) -> None:
    verdict = tried(
        tmp_path,
        r"\I{x} := -\log p(x)",
        for_="law $p$ on a finite set; element $x$ of the set",
        code="information_content(p[x])",
    )
    assert verdict.ok, verdict.problems
    verdict = tried(
        tmp_path,
        (
            r"\KL{\Normal{\mu_1}{\Sigma}}{\Normal{\mu_2}{\Sigma}} = \frac12 (\mu_2 - \mu_1)^{\T} "
            r"\Sigma^{-1} (\mu_2 - \mu_1)"
        ),
        for_=r"vectors $\mu_1, \mu_2 \in \R^d$; positive definite $\Sigma \in \R^{d \times d}$",
        code="kl_gaussian(mu_1, mu_2, cov_p=Sigma, cov_q=Sigma)",
    )
    assert not verdict.problems


def test_code_may_stand_beside_random_variables(tmp_path: Path) -> None:
    verdict = tried(
        tmp_path,
        r"\MI{X}{Y} = \H{X} - \H{X \mid Y}",
        for_="joint law $p(x, y)$ on a finite product",
        code="mutual_information(p)",
    )
    assert verdict.ok


def test_a_row_may_define_a_symbol_for_later_rows(tmp_path: Path) -> None:
    verdict = tried(
        tmp_path,
        r"m := \frac12 p + \frac12 q \\ "
        r"\sum_x \abs{p(x) - m(x)} = \frac12 \sum_x \abs{p(x) - q(x)} \\ \sum_x m(x) = 1",
    )
    assert verdict.ok, (verdict.problems, verdict.survivors)
    verdict = tried(
        tmp_path,
        r"g(s) := -\log s = \log \frac{1}{s} \\ g(2 t) = g(2) + g(t)",
        for_="$t > 0$; $s > 0$",
    )
    assert verdict.problems == []


def test_a_new_symbol_is_compared_with_its_code(tmp_path: Path) -> None:
    statement = r"d := \sum_x p(x) \log \frac{p(x)}{q(x)}"
    assert tried(tmp_path, statement, code="kl_divergence(p, q)").ok
    (problem,) = tried(tmp_path, statement).problems
    assert "only introduces a symbol" in problem
    (problem,) = tried(tmp_path, statement, code="kl_divergence(q, p)").problems
    assert "is not d" in problem


def test_the_abbreviations_are_mutated_too(tmp_path: Path) -> None:
    with_it = tried(
        tmp_path, r"\KL{p}{m} = \CE{p}{m} - \H{p}", where=r"$m := \frac12 p + \frac12 q$"
    )
    assert with_it.problems == []
    assert any(r"m := " in survivor for survivor in with_it.survivors)
    statement = r"\sum_x \abs{p(x) - m(x)} = \frac12 \sum_x \abs{p(x) - q(x)}"
    fixed = tried(
        tmp_path, rf"\sum_x m(x) = 1 \\ {statement}", where=r"$m := \frac12 p + \frac12 q$"
    )
    assert fixed.problems == []
    assert not [survivor for survivor in fixed.survivors if "m :=" in survivor]


TIGHT: tuple[tuple[str, dict[str, str], str], ...] = (
    (r"\H{p} \le \log n", {}, ""),
    (r"\H{p} \le \log n + 1", {}, "tight on none of the instances"),
    (r"\H{p} \le \log n + 1", {"slack": "the bound is weak"}, ""),
    (r"\H{p} \ge 0", {}, ""),
    (r"\H{p} \ge -1", {}, "tight on none"),
    (r"\H{p} \le \log n", {"tight": r"$p = \unif$"}, ""),
    (r"\H{p} \le \log n", {"tight": "$p = q$"}, "no inequality is tight for"),
    (
        r"\KL{p}{q} \ge 0",
        {"tight": "$q = (0.25, 0.75)$"},
        "no inequality is tight for",
    ),
    (r"\KL{p}{q} \ge 0", {"tight": r"$p(x) = q(x)$"}, ""),
    (r"\KL{p}{q} \ge 0", {"tight": r"$p = \unif, q = \unif$"}, ""),
    (r"t (1 - t) \le \frac14", {"tight": r"$t = \frac12$"}, ""),
    (
        r"\KL{p}{q} \ge 0",
        {"tight": r"$p = (0.5, 0.25, 0.15, 0.06, 0.03, 0.01)$"},
        "no instance admits",
    ),
    (r"\KL{p}{q} \ge 0", {"tight": r"$p = (\frac{1}{0}, 1)$"}, "no instance admits"),
    (r"\KL{p}{q} \ge 0", {"tight": r"$p = (\log(-1), 1)$"}, "no instance admits"),
    (r"\KL{p}{q} \ge 0", {"tight": "$u = p$"}, "which :for: does not name"),
    (r"\KL{p}{q} \ge 0", {"tight": r"$p \le q$"}, "is not like this"),
    (r"\sum_x \abs{p(x) - q(x)} \le 2", {}, ""),
    (r"\KL{p}{q} \le 2 \KL{p}{q}", {}, "tight on none"),
    (r"\KL{p}{q} \le \CE{p}{q} - \H{p}", {"if": r"$p \ll q$"}, "write ="),
)


@pytest.mark.parametrize(("statement", "options", "message"), TIGHT)
def test_a_bound_must_be_tight(
    tmp_path: Path, statement: str, options: dict[str, str], message: str
) -> None:
    setting = r"laws $p$, $q$ on a finite set with $n$ outcomes; $t \in [0, 1]$"
    verdict = tried(tmp_path, statement, for_=setting, **options)
    if message:
        assert any(message in problem for problem in verdict.problems), verdict.problems
    else:
        assert verdict.problems == []


REPEATED: tuple[tuple[str, dict[str, str]], ...] = (
    (r"\H{p} = \H{p}", {}),
    ("0 = 0", {}),
    (r"\H{p} + 2 \H{q} = \H{q} \cdot 2 + \H{p}", {}),
    (r"\H{p} = \CE{p}{q} - \KL{p}{q} = \CE{p}{q} - \KL{p}{q}", {}),
    (r"\KL{p}{q} \ge \KL{p}{q}", {}),
    (r"m(x) = \frac12 (q(x) + p(x))", {"where": r"$m := \frac12 p + \frac12 q$"}),
    (r"m = \frac{p + q}{2}", {"where": r"$m := \frac12 p + \frac12 q$"}),
    (r"g(2) = 4", {"where": "$g(s) := s^2$"}),
    (r"b = \H{p} + \H{q}", {"where": r"$a := \H{p}$; $b := a + \H{q}$"}),
    (r"b := \H{p} \\ b = \H{p}", {"code": "entropy(p)"}),
)


@pytest.mark.parametrize(("statement", "options"), REPEATED)
def test_a_formula_that_is_compared_with_itself_says_nothing(
    tmp_path: Path, statement: str, options: dict[str, str]
) -> None:
    setting = f"{LAWS}; element $x$ of the set"
    (problem,) = tried(tmp_path, statement, for_=setting, **options).problems
    assert "says nothing: both sides are the same formula" in problem


def test_what_states_a_fact_of_algebra_is_no_repetition(tmp_path: Path) -> None:
    for statement in (
        r"\sum_x p(x) = 1",
        r"\J{p}{q} = \J{q}{p}",
        r"\Hbits{p} = \frac{\H{p}}{\log 2}",
        r"(\H{p} - \H{q})^2 = \H{p}^2 - 2 \H{p} \H{q} + \H{q}^2",
    ):
        assert tried(tmp_path, statement).problems == []


def test_what_is_infinite_throughout_has_to_be_said(tmp_path: Path) -> None:
    setting = r"$s \in (0, 1)$"
    (problem,) = tried(tmp_path, r"\kl{s}{0} = 2 \kl{s}{0} + 1", for_=setting).problems
    assert "both sides are infinite on every instance" in problem
    (problem,) = tried(
        tmp_path, r"d := s \log \frac{s}{0}", for_=setting, code="kl_bernoulli(s, 0)"
    ).problems
    assert "both sides are infinite on every instance" in problem
    assert tried(tmp_path, r"\kl{s}{0} = \infty", for_=setting).problems == []
    assert tried(tmp_path, r"-\kl{s}{0} = -\infty", for_=setting).problems == []


def test_a_definition_is_compared_with_the_package(tmp_path: Path) -> None:
    statement = r"g := \sum_x p(x)^2 \\ g = \E{x \sim p}{p(x)}"
    (problem,) = tried(tmp_path, statement, kind="definition").problems
    assert "only introduces a symbol" in problem
    assert tried(tmp_path, statement, kind="identity").problems == []
    calls = r"g := \sum_x p(x) \log p(x) \\ \H{p} = -g"
    assert tried(tmp_path, calls, kind="definition").problems == []


ONLY_SMALL = (
    (r"\H{p} \le \log 5", LAWS),
    (r"\H{p} \le \log 9", LAWS),
    (r"n \ge 2", "law $p$ on a finite set with $n$ outcomes"),
    (r"\H{Y} \le \log 5", "joint law $p(x, y)$ on a finite product"),
    (r"\sum_k w_k^2 \ge \frac15", "weights $w_k$ and laws $p_k$ on a finite set"),
    (r"n^2 \le 16", r"$n \in \N$"),
    (r"n \le 10", r"$n \in \N$"),
    (r"d \le 3", r"positive definite $\Sigma \in \R^{d \times d}$"),
    (r"t \le 9", "$t > 0$"),
    (r"\abs{t} \le 9", r"$t \in \R$"),
)


@pytest.mark.parametrize(("statement", "setting"), ONLY_SMALL)
def test_what_holds_for_small_instances_only_is_found_out(
    tmp_path: Path, statement: str, setting: str
) -> None:
    problems = tried(tmp_path, statement, for_=setting, slack="it is not tight").problems
    assert any("does not hold: left" in problem for problem in problems), problems


def test_a_slack_bound_has_weaker_mutants(tmp_path: Path) -> None:
    verdict = tried(tmp_path, r"\H{p} < \infty", slack="there is no largest entropy")
    assert verdict.ok
    verdict = tried(tmp_path, r"\kl{0.5}{0.1} > \frac12", slack="fixed numbers")
    assert verdict.weaker > 0
    assert verdict.ok


FAILURES = (
    (r"\H{p}", "says nothing"),
    (r"\H{p} = \H{u}", "does not say what u is"),
    (r"\sum_x \frac{p(x)}{q(x)} q(x) = 1", "undefined: zero times infinity"),
    (r"\frac{p(1) - p(1)}{q(1) - q(1)} = 1", "undefined ratio"),
    (r"\H{p} \to 0", "cannot be run"),
    (r"\H{p} = \KLD{p}{q}", r"the nearest that is: \KL"),
    (r"e^{5000 \H{\unif}} = 1", "of 64 instances decide: numbers are out of range"),
    (r"e^{5000 + \H{\unif}} = 1", "no instance decides: numbers are out of range"),
    (r"\int_0^1 \abs{s - 0.5}^{0.5} \dd s = \sqrt{2} + 10^{20} - 10^{20}", "no instance decides"),
)


@pytest.mark.parametrize(("statement", "message"), FAILURES)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, statement: str, message: str) -> None:
    verdict = tried(tmp_path, statement)
    assert any(message in problem for problem in verdict.problems), verdict.problems
    assert all(problem.startswith(str(tmp_path)) for problem in verdict.problems)


def test_a_failure_shows_the_instance_that_breaks_it(tmp_path: Path) -> None:
    (problem,) = tried(tmp_path, r"\sqrt{4} = 2 \\ \KL{p}{q} = \KL{q}{p}").problems
    assert f"{tmp_path / 'page.md'}:7:29: " in problem, problem
    assert r"\KL{p}{q} = \KL{q}{p} does not hold: left " in problem
    assert "\n      import numpy as np\n" in problem
    assert "\n      p = np.array([0." in problem
    assert "tolerance" in problem


def nested(template: str, depth: int) -> str:
    text = "t"
    for _ in range(depth):
        text = template % text
    return text


COSTLY = (
    (r"\sum_{k=1}^{100000} k = t", "an index takes at most 10000 values"),
    (r"\binom{10^9}{5} = t", "binomial coefficients are computed up to 10000"),
    (r"\binom{10000}{5000} = t", "numbers are out of range"),
    ("(10^6)! = t", "numbers are out of range"),
    (r"\H{p^{\otimes 40}} = t", "a law of words gives at most 10000 probabilities"),
    (r"p^{\otimes t} = p", "of a law"),
    (nested(r"\frac{1}{1 + %s}", 25) + " = t", "does not hold"),
    (nested(r"\frac{1}{1 + %s}", 40) + " = t", "nested too deeply"),
    (nested(r"\frac{1}{1 + %s}", 500) + " = t", "nested too deeply"),
    (nested(r"\left( %s + 1 \right)", 500) + " = t", "nested too deeply"),
    (r"\begin{cases} 1 & \text{if } p \le q \\ 2 & \text{otherwise} \end{cases} = 1", "cannot be"),
)


@pytest.mark.parametrize(("statement", "message"), COSTLY)
def test_what_costs_too_much_is_a_problem_with_a_place(
    tmp_path: Path, statement: str, message: str
) -> None:
    start = time.process_time()
    problems = tried(tmp_path, statement, for_=f"{LAWS}; $t > 0$").problems
    assert any(message in problem for problem in problems), problems
    assert all(problem.startswith(f"{tmp_path / 'page.md'}:") for problem in problems)
    assert time.process_time() - start < 5


def test_a_formula_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.2)
    slow = r"\sum_{i=1}^{1000} \sum_{j=1}^{1000} \sum_{k=1}^{1000} i j k = t"
    (problem,) = tried(tmp_path, slow, for_="$t > 0$").problems
    assert "this takes longer than" in problem


def test_a_row_with_too_many_mutants_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "MUTANTS", 5)
    (problem,) = tried(tmp_path, r"\CE{p}{q} = \H{p} + \KL{p}{q}").problems
    assert "this has more than 5 mutants" in problem


REPLAYED: tuple[tuple[str, str, dict[str, str]], ...] = (
    (r"\KL{p}{q} = \KL{q}{p}", LAWS, {}),
    (r"\KL{p}{q} := \sum_x q(x) \log \frac{q(x)}{p(x)}", LAWS, {"code": "kl_divergence(p, q)"}),
    (r"\H{p} = \log m", "law $p$ on a finite set with $n$ outcomes", {"where": "$m := n$"}),
    (r"m := p \\ p(x) = m(x) + 1", "law $p$ on a finite set; element $x$ of the set", {}),
    (r"p = \unif", "law $p$ on a finite set", {}),
    (r"\MI{X}{Y} = \H{X}", "joint law $p(x, y)$ on a finite product", {}),
    (r"\H{p K} = \H{p}", r"law $p$ on a finite set; channel $K(y \mid x)$", {}),
    (
        r"\tr(\Sigma) = m^{\T} m",
        r"vector $m \in \R^d$; positive definite $\Sigma \in \R^{d \times d}$",
        {},
    ),
    (
        r"\sum_k w_k \KL{p_k}{q} = 0",
        "weights $w_k$ and laws $p_k$ on a finite set; law $q$ on the same set",
        {},
    ),
    (r"\lambda^2 = n", r"$\lambda > 0$; $n \in \N$", {}),
    (
        r"\sum_x d(x, x) = T(1)",
        "distance $d(x, y)$ on a finite set; function $T$ on the same set",
        {},
    ),
)


@pytest.mark.parametrize(("statement", "setting", "options"), REPLAYED)
def test_what_is_printed_can_be_pasted(
    tmp_path: Path, statement: str, setting: str, options: dict[str, str]
) -> None:
    problems = tried(tmp_path, statement, for_=setting, **options).problems
    assert problems
    for problem in problems:
        shown = [float(number) for number in re.findall(r"(?:left|right) ([^ ,]+),", problem)]
        *lines, last = textwrap.dedent(problem.partition("):\n")[2]).split("\n")
        names: dict[str, object] = {}
        exec("\n".join(lines), names)  # noqa: S102  (what the check printed)
        values = eval(last, names)  # noqa: S307  (as above)
        if not last.startswith("sides("):
            assert values == shown[0]
            continue
        pairs = zip(*map(np.ravel, np.broadcast_arrays(*values)), strict=True)
        assert any(np.allclose(pair, shown) for pair in pairs), (values, problem)


def test_a_setting_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (problem,) = tried(tmp_path, r"\sqrt{4} = 2", for_="lots of laws").problems
    assert "names no symbol in $…$" in problem
    (problem,) = tried(tmp_path, r"\sqrt{4} = 2", for_="lots of $p$").problems
    assert "cannot read the phrase" in problem
    (problem,) = tried(tmp_path, r"\sqrt{4} = 2", if_="$p$").problems
    assert "is no relation" in problem


REDEFINED = (
    ("$p := q$", "p is declared in :for:"),
    ("$q(x) := p(x)$", "q is declared in :for:"),
    (r"$w_k := 1$", r"w_k is declared in :for:"),
    ("$e := 2$", "e is a constant"),
    (r"$\pi := 3$", r"\pi is a constant"),
    ("$u := 1$; $u := 2$", "u is defined twice"),
)


@pytest.mark.parametrize(("where", "message"), REDEFINED)
def test_an_abbreviation_is_a_new_symbol(tmp_path: Path, where: str, message: str) -> None:
    setting = f"{LAWS}; weights $w_k$"
    (problem,) = tried(
        tmp_path, r"\KL{p}{q} = \CE{p}{q} - \H{p}", for_=setting, where=where
    ).problems
    assert message in problem


def test_a_case_of_tightness_is_a_formula(tmp_path: Path) -> None:
    (problem,) = tried(tmp_path, r"\KL{p}{q} \ge 0", tight="everywhere").problems
    assert ":tight: everywhere names no case" in problem


def test_an_excuse_covers_the_mutants_that_contain_it(tmp_path: Path) -> None:
    statement = r"\sum_{x : p(x) > 0} p(x) \log p(x) = \sum_x p(x) \log p(x)"
    setting = "law $p$ on a finite set; sub-probability $q$ on the same set"
    bare = tried(tmp_path, statement, for_=setting, if_=r"$p \ll q$")
    assert bare.survivors
    reason = r"$\sum_{x : q(x) > 0} p(x) \log p(x)$ because $p \ll q$, and zero terms vanish"
    excused = tried(tmp_path, statement, for_=setting, if_=r"$p \ll q$", equivalent=reason)
    assert excused.ok, (excused.problems, excused.survivors)
    assert excused.excused == 1


def test_an_excuse_without_mutant_or_reason_is_reported(tmp_path: Path) -> None:
    (problem,) = tried(tmp_path, r"\sqrt{4} = 2", equivalent="$2 = 2$ because so").problems
    assert "no surviving mutant contains" in problem
    (problem,) = tried(tmp_path, r"\sqrt{4} = 2", equivalent="$2 = 2$").problems
    assert "write :equivalent: as" in problem


TRUE = {"for": "laws $p$, $q$ on a finite set with $n$ outcomes", "if": r"$p \ll q$"}


def test_a_mutant_that_is_another_true_statement_is_counted_apart(tmp_path: Path) -> None:
    bare = tried(tmp_path, r"\H{p} \le \log n", **TRUE)
    assert bare.survivors == [r"\H{q} \le \log n"]
    said = r"$\H{q} \le \log n$ because $q$ is a law on the same set"
    verdict = tried(tmp_path, r"\H{p} \le \log n", **TRUE, **{"also-true": said})
    assert verdict.ok, (verdict.problems, verdict.survivors)
    assert (verdict.true, verdict.excused, verdict.mutants) == (1, 0, bare.mutants - 1)
    assert verdict.remarks == [r"also-true: $\H{q} \le \log n$ covers 1 mutant"]
    assert ", 1 more are true as well" in evidence_text(verdict)


NOT_TRUE = (
    (r"$\H{q} \le 2 \log n$ because it is weaker", "which is no surviving mutant"),
    (r"$\H{q}$ because a part is not the mutant", "which is no surviving mutant"),
    (r"$\H{q} \le \log n$", "write :also-true: as"),
    ("it is true", "write :also-true: as"),
)


@pytest.mark.parametrize(("said", "message"), NOT_TRUE)
def test_only_a_mutant_that_survives_is_also_true(tmp_path: Path, said: str, message: str) -> None:
    verdict = tried(tmp_path, r"\H{p} \le \log n", **TRUE, **{"also-true": said})
    assert verdict.survivors == [r"\H{q} \le \log n"]
    assert any(message in problem for problem in verdict.problems), verdict.problems


def test_a_line_of_a_derivation_may_be_true_in_another_form(tmp_path: Path) -> None:
    body = "\\sum_x p(x)^2\n  \\le \\max_x p(x)   % a\n  \\le 1   % b"
    options = f":for: {LAWS}\n:if: $p = q$\n"
    survivors = {
        s for v in check_derivation(derivation(tmp_path, body, options), None) for s in v.survivors
    }
    options += ":also-true: " + "; ".join(f"${s}$ because $p = q$" for s in survivors) + "\n"
    found = check_derivation(derivation(tmp_path, body, options), None)
    assert survivors
    assert all(verdict.ok for verdict in found), [v.problems + v.survivors for v in found]
    assert sum(verdict.true for verdict in found) == len(survivors)


def test_infinite_mutants_are_counted_apart(tmp_path: Path) -> None:
    verdict = tried(tmp_path, r"\kl{s}{0} = \infty", for_=r"$s \in (0, 1)$")
    assert verdict.ok
    assert verdict.absorbed == 1


def test_tested_and_illustrated_equations_are_not_run(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(
        "def test_one(): ...\nclass TestB:\n    X = 1\n    def test_two(self): ...\n",
        encoding="utf-8",
    )
    good = tried(
        tmp_path,
        "nonsense \\foo",
        tested="tests/test_a.py::test_one, `tests/test_a.py::TestB::test_two`",
    )
    assert good.ok
    assert good.level == "tested"
    first, second = tried(
        tmp_path, "nonsense", tested="tests/test_a.py::test_three; tests/test_b.py::test_one"
    ).problems
    assert "test_three, which tests/test_a.py does not have" in first
    assert "tests/test_b.py, which does not exist" in second
    shown = tried(tmp_path, "nonsense", illustrated="the proof is cited")
    assert (shown.level, shown.note, shown.ok) == ("illustrated", "the proof is cited", True)


def test_without_a_folder_of_tests_no_test_exists(tmp_path: Path) -> None:
    (problem,) = tried(tmp_path, "nonsense", tested="tests/test_a.py::test_one").problems
    assert "does not exist" in problem


def test_every_instance_of_a_sequence_is_drawn() -> None:
    setting = Setting("laws $p$, $q$ on a finite set")
    tight = r"$p = (1 - \varepsilon, \varepsilon)$, $q = p$, $\varepsilon \to 0$"
    checker = Checker(setting, "eq-x", tight, 16)
    (indices,) = checker.cases.values()
    assert len(indices) >= 12 * 7 or len(checker.instances) == indices.stop
    assert {len(v.values) for i in indices for v in [checker.instances[i].values["p"]]} == {2}  # type: ignore[union-attr]  # a law


def test_a_tight_case_may_set_a_family() -> None:
    setting = Setting("positive numbers $a_i$, $b_i$")
    checker = Checker(setting, "eq-x", "$b_i = 2 a_i$", 8)
    (indices,) = checker.cases.values()
    for index in indices:
        a, b = (checker.instances[index].values[name] for name in "ab")
        assert (b.values == 2 * a.values).all()  # type: ignore[union-attr]  # tables


# ------------------------------------------------------------------ claims


def claim(setting: Setting, text: str) -> Claim:
    return Claim(read_rows(setting, text))


def test_a_claim_is_judged() -> None:
    setting = Setting("laws $p$, $q$ on a finite set")
    checker = Checker(setting, "eq-judge", count=16)
    assert checker.judge(claim(setting, r"\KL{p}{q} \ge 0"), {}) == HOLDS
    assert checker.judge(claim(setting, r"\KL{p}{q} \ge 1"), {}) == REFUTED
    assert checker.judge(claim(setting, r"\infty = \infty"), {}) == INFINITE
    assert checker.judge(claim(setting, r"\KL{p}{q} \ge -1"), {(0, 0): [0]}) == REFUTED
    assert checker.judge(claim(setting, r"\KL{p}{p} \ge 0"), {}, {(0, 0)}) == REFUTED
    assert checker.judge(claim(setting, r"p = \unif"), {}) == REFUTED
    assert checker.judge(claim(setting, r"\log (-1) = 1"), {}) == REFUTED
    assert checker.judge(claim(setting, r"e^{10000} = 1"), {}) == REFUTED
    lost = r"(10^{20} + \H{p}) - 10^{20} \ge -10^{9}"
    assert checker.judge(claim(setting, lost), {}) == REFUTED


def test_a_claim_that_nothing_decides_fails() -> None:
    setting = Setting("law $p$ on a finite set")
    checker = Checker(setting, "eq-judge", count=4)
    run = checker.run(claim(setting, r"(10^{20} + \H{p}) - 10^{20} = 0"))
    assert [failure.message for failure in run.failures] == [
        "no instance decides: numbers are out of range, or the rounding errors are too large"
    ]
    assert run.undecided == 4


# ------------------------------------------------------------------ derivations


def test_each_step_is_checked_against_the_line_before(tmp_path: Path) -> None:
    block = derivation(
        tmp_path,
        r"""\CE{p}{q}
  = -\sum_x p(x) \log q(x)                  % one
  = \H{p}
    + \KL{p}{q}                             % two
  \ge \H{p}                                 % three

\H{p}
  = -\sum_x p(x) \log p(x)                  % four""",
    )
    found = check_derivation(block, None)
    assert [verdict.name for verdict in found] == [f"eq-tried.step-{i}" for i in range(1, 5)]
    assert [verdict.line for verdict in found] == [5, 6, 8, 11]
    assert all(verdict.ok for verdict in found), [v.problems + v.survivors for v in found]
    assert all(verdict.mutants > 0 for verdict in found)


def test_a_step_that_is_not_run_is_passed_over(tmp_path: Path) -> None:
    block = derivation(
        tmp_path,
        r"""\CE{p}{q}
  = \foo                     % (not run: cannot be said) why
  \ge \H{p}                  % two
  \to \H{q}                  % (not run: cannot be said) why
  \ge 0                      % four""",
    )
    first, second, third, fourth = check_derivation(block, None)
    assert (first.level, first.note, first.ok) == ("not run", "cannot be said", True)
    (remark,) = first.remarks
    assert r"cannot be read: cannot read on at \foo" in remark
    assert second.ok
    assert (third.level, third.remarks) == ("not run", [])
    (problem,) = fourth.problems
    assert r"the relation \to \ge cannot be run" in problem
    only = derivation(tmp_path, "a\n  = b  % (not run: why) because")
    assert [verdict.level for verdict in check_derivation(only, None)] == ["not run"]


def test_a_derivation_has_the_setting_of_its_equation(tmp_path: Path) -> None:
    parent = equation(
        tmp_path,
        r"\KL{m}{q} \ge 0",
        where=r"$m := \frac12 p + \frac12 q$",
        tight="$q = p$",
        equivalent="$a$ because this is about the statement",
    )
    body = "\\KL{m}{q}\n  = \\CE{m}{q} - \\H{m}   % a\n  \\ge k - k           % b"
    inherits = derivation(tmp_path, body, ":where: $k := 2$\n")
    first, second = check_derivation(inherits, parent)
    assert first.ok, (first.problems, first.survivors)
    assert second.problems == []
    alone = derivation(tmp_path, body, f":for: {LAWS}\n")
    first, _ = check_derivation(alone, parent)
    assert "does not say what m is" in first.problems[0]


def test_a_chain_does_not_turn_round(tmp_path: Path) -> None:
    body = "\\H{p}\n  \\ge 0   % a\n  = 0   % b\n  < \\log n   % c"
    setting = f":for: {LAWS} with $n$ outcomes\n"
    *_, last = check_derivation(derivation(tmp_path, body, setting), None)
    assert f"{tmp_path / 'page.md'}:7:5: this chain turns round" in last.problems[0]
    (problem,) = tried(tmp_path, r"0 \le \H{p} \ge \H{p} - 1").problems
    assert ":7:17: this chain turns round" in problem


REACHES = (
    # statement, lines of the derivation, whether they reach it
    (r"\CE{p}{q} \ge \H{p}", r"\CE{p}{q} ; = \H{p} + \KL{p}{q} ; \ge \H{p}", True),
    (r"\CE{p}{q} \ge \H{p}", r"\H{p} ; \le \H{p} + \KL{p}{q} ; = \CE{p}{q}", True),
    (r"\CE{p}{q} \ge \H{p}", r"\CE{p}{q} - \H{p} ; = \KL{p}{q} ; \ge 0", True),
    (r"\CE{p}{q} \ge \H{p}", r"\CEbits{p}{q} - \Hbits{p} ; = \KLbits{p}{q} ; \ge 0", True),
    (r"\CE{p}{q} \ge \H{p}", r"\KL{p}{q} ; = \KL{p}{q} + 0 ; \ge 0", True),
    (r"\CE{p}{q} \ge \H{p}", r"2 \KL{p}{q} ; = \KL{p}{q} + \KL{p}{q} ; \ge 0", False),
    (r"\CE{p}{q} \ge \H{p}", r"\CE{p}{q} ; = \H{p} + \KL{p}{q}", False),
    (r"\CE{p}{q} \ge \H{p}", r"\J{p}{q} ; = \KL{p}{q} + \KL{q}{p} ; \ge 0", False),
    (r"\CE{p}{q} \ge \H{p} \\ \H{p} \ge 0", r"\H{p} ; = \CE{p}{p} ; \ge 0", True),
    (r"\CE{p}{q} = \H{p} + \KL{p}{q}", r"\CE{p}{q} ; \ge \H{p}", False),
    (r"\CE{p}{q} = \H{p} + \KL{p}{q}", r"\H{p} ; = \CE{p}{q} - \KL{p}{q}", True),
    (r"\CE{p}{q} = \H{p} + \KL{p}{q}", r"\CE{p}{q} ; = -\sum_x p(x) \log q(x)", False),
    (r"\lim_n a_n = \H{p}", r"\H{p} ; = -\sum_x p(x) \log p(x)", False),
)


@pytest.mark.parametrize(("statement", "lines", "reaches"), REACHES)
def test_a_derivation_reaches_its_statement_or_says_what_it_shows(
    tmp_path: Path,
    statement: str,
    lines: str,
    reaches: bool,  # noqa: FBT001  (a parameter of a test)
) -> None:
    parent = equation(tmp_path, statement, if_=r"$p \ll q$")
    head, *steps = lines.split(" ; ")
    body = "\n".join([head, *(f"  {step}   % why" for step in steps)])
    found = check_derivation(derivation(tmp_path, body, ""), parent)
    lost = [p for v in found for p in v.problems if "no two lines of this derivation" in p]
    assert bool(lost) is not reaches, [verdict.problems for verdict in found]
    said = check_derivation(derivation(tmp_path, body, ":shows: something else\n"), parent)
    assert not any("no two lines" in problem for v in said for problem in v.problems)
    empty = check_derivation(derivation(tmp_path, body, ":shows:\n"), parent)
    assert ":shows: says nothing" in empty[0].problems[0]


def test_the_excuses_of_a_derivation_are_its_own(tmp_path: Path) -> None:
    body = "\\sum_x (p(x) - q(x))\n  = \\KL{p}{p}   % both vanish"
    bare = check_derivation(derivation(tmp_path, body), None)[0]
    assert r"\KLbits{p}{p}" in bare.survivors
    excuse = f":for: {LAWS}\n:equivalent: "
    names = dict.fromkeys(bare.survivors)
    excuse += "; ".join(f"${latex}$ because it is zero as well" for latex in names)
    excused = check_derivation(derivation(tmp_path, body, f"{excuse}\n"), None)[0]
    assert excused.ok, (excused.problems, excused.survivors)
    stale = f":for: {LAWS}\n:equivalent: $a + b$ because never\n"
    clean = "\\H{p}\n  = -\\sum_x p(x) \\log p(x)   % a"
    (problem,) = check_derivation(derivation(tmp_path, clean, stale), None)[0].problems
    assert "no surviving mutant contains" in problem


STEP_FAULTS = (
    ("\\H{p}\n  = \\H{p} + \\KLD{p}{q}   % a", ":5:13: ", "= \\H{p} + \\KLD{p}{q}"),
    ("\\H{p}\n  = \\H{p}\n    + \\KLD{p}{q}   % a", ":6:7: ", "    + \\KLD{p}{q}"),
    ("\\H{p} + \\KLD{p}{q}\n  = \\H{p}   % a", ":4:9: ", "\\H{p} + \\KLD{p}{q}"),
    ("\\H{p}\n  = \\H{u}   % a", ":5:8: ", "does not say what u is"),
    ("\\H{u}\n  = \\H{p}   % a", ":4:4: ", "does not say what u is"),
)


@pytest.mark.parametrize(("body", "place", "shown"), STEP_FAULTS)
def test_a_fault_in_a_step_is_shown_in_the_file(
    tmp_path: Path, body: str, place: str, shown: str
) -> None:
    (verdict,) = check_derivation(derivation(tmp_path, body), None)
    (problem,) = verdict.problems
    assert place in problem
    assert shown in problem


def test_a_setting_of_a_derivation_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    block = derivation(tmp_path, "a\n  = b   % c", ":for: lots of $p$\n")
    (verdict,) = check_derivation(block, None)
    assert "cannot read the phrase" in verdict.problems[0]


def test_a_place_that_cannot_be_found_is_the_line_of_the_step() -> None:
    assert locate([], 3, "a + b", 4, step=True) == (3, 0)
    assert locate(["  = a", "    + b  % why"], 1, "a + b", 4, step=True) == (2, 6)
    assert locate(["  a"], 1, "a + b", 4, step=False) == (1, 0)


# ------------------------------------------------------------------ reports

GOOD = f"""\
```{{equation}} eq-good
:title: Good
:kind: definition
:for: {LAWS}
:source: elementary

\\KL{{p}}{{q}} := \\sum_x p(x) \\log \\frac{{p(x)}}{{q(x)}}

>>> 1
1
```

```{{derivation}} eq-good
:shows: how it splits

\\KL{{p}}{{q}}
  = \\CE{{p}}{{q}} - \\H{{p}}   % split
  \\ge 0                  % (not run: for the test) so
```

```{{equation}} eq-shown
:title: Shown
:kind: theorem
:for: nothing
:illustrated: the proof is cited
:source: elementary

x

>>> 1
1
```
"""
BAD = GOOD.replace("eq-good", "eq-bad").replace("= \\CE{p}{q} - ", "= \\CE{p}{q} + ")


def test_the_command_prints_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page(tmp_path, GOOD)
    assert command.main(["check", str(tmp_path), "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert "ok   eq-good " in out
    assert "eq-good.step-1" in out
    assert "not run     for the test" in out
    assert "2 equations: 1 executed, 0 tested, 1 illustrated." in out
    assert "2 steps of derivations: 1 executed, 1 not run." in out
    kept = json.loads((tmp_path / "_build" / "equations.json").read_text("utf-8"))
    assert set(kept["kept"]) == {"page.md::eq-good", "page.md::eq-shown"}


def test_the_command_fails_when_something_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = page(tmp_path, BAD + "\n```{equation} eq-broken\n```\n")
    assert command.main(["check", str(file), "--fresh", "--jobs", "1"]) == 1
    out = capsys.readouterr().out
    assert "FAIL eq-bad.step-1" in out
    assert "equation eq-broken has no :title:" in out
    assert "1 failed." in out
    assert command.main(["check", str(file), "--fresh", "--only", "eq-nothing"]) == 1
    assert "no equation has the id eq-nothing" in capsys.readouterr().out
    empty = page(tmp_path, "Nothing here.\n")
    assert command.main(["check", str(empty), "--fresh"]) == 1
    assert "no equations" in capsys.readouterr().out


def test_the_command_runs_the_examples_of_all_levels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = "```python\n>>> 2 + 2\n5\n```\n"
    text = GOOD.replace(">>> 1\n1\n", ">>> 1\n1\n>>> entropy([1.0])\n3\n")
    file = page(tmp_path, text + alone)
    assert command.main(["check", str(file), "--fresh", "--jobs", "1"]) == 1
    out = capsys.readouterr().out
    assert "FAIL eq-good " in out
    assert "FAIL eq-shown" in out
    assert out.count("entropy([1.0])") == 2
    assert out.count("Expected:") == 3
    assert "2 + 2" in out


def test_a_function_that_is_only_named_has_to_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = GOOD.replace(":illustrated:", ":code: entropy; nothing\n:illustrated:")
    file = page(tmp_path, text)
    assert command.main(["check", str(file), "--fresh", "--jobs", "1"]) == 1
    assert "eq-shown names nothing, which refimpl does not have" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = page(tmp_path, GOOD)
    binary = tmp_path / "binary.md"
    binary.write_bytes(b"\xff\xfe")
    missing = tmp_path / "missing.md"
    arguments = ["check", str(file), str(missing), str(binary), "--fresh", "--jobs", "1"]
    assert command.main(arguments) == 1
    out = capsys.readouterr().out
    assert "ok   eq-good " in out
    assert f"{missing}:1: this cannot be read: No such file" in out
    assert f"{binary}:1: this cannot be read: " in out


def test_a_reader_that_has_gone_ends_the_command_quietly(tmp_path: Path) -> None:
    file = page(tmp_path, GOOD)
    script = Path(command.__file__).parent.parent
    run = subprocess.run(  # noqa: S603  (this Python)
        [sys.executable, "-c", CLOSED, str(file)],
        env={"PYTHONPATH": str(script)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (1, "")


CLOSED = """
import os, sys
reading, writing = os.pipe()
os.close(reading)
os.dup2(writing, 1)
from equations.__main__ import main
sys.exit(main(["check", sys.argv[1], "--fresh", "--jobs", "1"]))
"""


def test_survivors_are_printed_as_latex(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.replace(
        r"\KL{p}{q} := \sum_x p(x) \log \frac{p(x)}{q(x)}", r"\KL{p}{p} = \KL{q}{q}"
    )
    file = page(tmp_path, text)
    assert command.main(["check", str(file), "--fresh", "--only", "eq-good"]) == 1
    out = capsys.readouterr().out
    assert r"survivor: \KLbits{p}{p} = \KL{q}{q}" in out
    assert "in :also-true: if it is another true statement" in out


def test_evidence_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, store = page(tmp_path, GOOD), tmp_path / "kept" / "store.json"
    evidence = Evidence(store)
    first = [v for _, found in evidence.of([read_page(file)]) for v in found]
    evidence.save()

    def never(_: object) -> list[Verdict]:
        raise AssertionError("computed again")

    monkeypatch.setattr(report.Unit, "check", never)
    moved = page(tmp_path, "A new first line.\n\n" + GOOD)
    again = [v for _, found in Evidence(store).of([read_page(moved)]) for v in found]
    assert [v.name for v in again] == [v.name for v in first]
    assert [v.line for v in again] == [v.line + 2 for v in first]
    assert [v.instances for v in again] == [v.instances for v in first]
    changed = page(tmp_path, GOOD.replace("p(x) \\log", "2 p(x) \\log"))
    with pytest.raises(AssertionError, match="computed again"):
        list(Evidence(store).of([read_page(changed)], "eq-good"))
    Evidence(None).save()


def test_what_is_wrong_is_not_kept(tmp_path: Path) -> None:
    file, store = page(tmp_path, BAD), tmp_path / "store.json"
    evidence = Evidence(store)
    list(evidence.of([read_page(file)], "eq-bad"))
    evidence.save()
    assert json.loads(store.read_text("utf-8"))["kept"] == {}


def test_two_processes_find_the_same(tmp_path: Path) -> None:
    names = ("eq-a", "eq-b", "eq-c", "eq-d")
    only = GOOD[: GOOD.index("```{derivation}")]
    file = page(tmp_path, "\n".join(only.replace("eq-good", name) for name in names))
    both = [
        [v.killed for _, found in Evidence(None).of([read_page(file)], jobs=jobs) for v in found]
        for jobs in (1, 2)
    ]
    assert both[0] == both[1]
    assert len(both[0]) == 4


def test_a_derivation_without_equation_is_a_unit_of_its_own(tmp_path: Path) -> None:
    derivation(tmp_path, "\\H{p}\n  = \\CE{p}{p}   % a")
    (unit,) = report.units(read_page(tmp_path / "page.md"))
    assert unit.equation is None
    assert [verdict.ok for verdict in Evidence(None).unit(unit)] == [True]


def test_pytest_gets_a_test_for_each_part(tmp_path: Path) -> None:
    found = list(report.tests(read_page(page(tmp_path, BAD))))
    names = ["eq-bad[latex]", "eq-bad[mutants]", "eq-bad.step-1", "eq-shown[latex]"]
    assert [test.name for test in found] == names
    evidence = Evidence(None)
    for test in (found[0], found[1], found[3]):
        test.run(evidence)
    with pytest.raises(CheckFailed, match="does not hold"):
        found[2].run(evidence)
    lost = GOOD.replace(
        r"\KL{p}{q} := \sum_x p(x) \log \frac{p(x)}{q(x)}", r"\KL{p}{p} = \KL{q}{q}"
    )
    latex, mutants, *_ = report.tests(read_page(page(tmp_path, lost)))
    evidence = Evidence(None)
    latex.run(evidence)
    with pytest.raises(CheckFailed, match="survivor"):
        mutants.run(evidence)


def test_the_hash_of_the_engine_covers_the_package() -> None:
    assert len(report.engine_hash()) == 64


def test_constants_of_the_engine_are_consistent() -> None:
    assert checks.CLOSE < checks.NOT_CLOSE
    assert verdicts.INTEGRAL_INSTANCES < 64
    with pytest.raises(SettingError):
        Setting("nothing that can be read")


@pytest.mark.parametrize(
    "call",
    [
        "kl_divergence(p, q).__class__",
        "kl_divergence(p, q) + 0 * np.f2py.os.getpid()",
        "kl_divergence(p, [c for c in ().__class__.__base__.__subclasses__()])",
        "kl_divergence(p, *q)",
        "kl_divergence(p, entropy(q))",
        "kl_divergence(p, q",
        "(lambda: 1)(p)",
        "p[0](q)",
    ],
)
def test_a_page_cannot_run_python_of_its_own(tmp_path: Path, call: str) -> None:
    statement = r"\KL{p}{q} := \sum_x p(x) \log \frac{p(x)}{q(x)}"
    (problem,) = tried(tmp_path, statement, code=call).problems
    assert f":code: {call}" in problem


@pytest.mark.parametrize(
    "condition", ["$p \\ll q$ or $q \\ll p$", "unless $p \\ll q$", "not $p = q$"]
)
def test_words_between_conditions_are_not_passed_over(tmp_path: Path, condition: str) -> None:
    statement = r"\KL{p}{q} = \CE{p}{q} - \H{p}"
    (problem,) = tried(tmp_path, statement, **{"if": condition}).problems
    assert "cannot be read; give formulas" in problem


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (":for: laws $p$, $q$ on a finite set\n:if: $p \\ll q$; $p(x) > w$", "4:25"),
        (":for: laws $p$, $q$ on a finite set\n:if: $p(x) > $", "4:13"),
        (":for: laws $p$, $q$ on a finite set\n:where: $m := \\frac12 p\n  + z$", "5:5"),
        (":for: laws $p$, $q$ on some silly set", "3:7"),
        (":for: laws $p$, $q$ on a finite set\n:where: $m := p$; $m := q$", "4:20"),
    ],
)
def test_a_fault_in_an_option_has_its_own_place(tmp_path: Path, options: str, place: str) -> None:
    file = tmp_path / "page.md"
    file.write_text(
        f"```{{equation}} eq-tried\n:title: Tried\n{options}\n:kind: identity\n"
        ":source: elementary\n\n\\KL{p}{q} \\ge 0\n\n>>> 1\n1\n```\n",
        encoding="utf-8",
    )
    (block,) = read_blocks(file)
    assert isinstance(block, Equation)
    (problem,) = check_equation(block).problems
    assert problem.startswith(f"{file}:{place}: ")


@pytest.mark.parametrize(
    ("statement", "options"),
    [
        (r"t \le 2", {"for_": r"$t \in [0, 1]$", "tight": "$t = 2$"}),
        (r"\sum_{x} (p(x) - q(x))^2 \le 50", {"tight": "$p = (6, 1)$, $q = (1, 6)$"}),
        (r"\lim_{t \to 0^+} a t^{\frac{1}{50}} = \infty", {"for_": "$a > 0$"}),
        (r"\lim_{t \to 0^+} (-a \log t - 100 a) = -\infty", {"for_": "$a > 0$"}),
        (r"\frac{\partial}{\partial a} \abs{a} = 0", {"for_": r"$a \in \R$", "if_": "$a = 0$"}),
        (
            r"\max_{\norm{f}_\infty \le 1} \sum_{x} p(x) (4 \sqrt{f(x)^2} - f(x)) = 3",
            {"for_": "law $p$ on a finite set"},
        ),
    ],
)
def test_what_is_false_beyond_the_first_look_fails(
    tmp_path: Path, statement: str, options: dict[str, str]
) -> None:
    assert not tried(tmp_path, statement, **options).ok


def test_a_reference_to_a_test_in_a_broken_file_is_a_problem(tmp_path: Path) -> None:
    broken = tmp_path / "test_broken.py"
    broken.write_text("def test_x(:\n", encoding="utf-8")
    assert verdicts._functions_of(broken) == frozenset()  # noqa: SLF001  (no other way to reach it)
