"""Wrong formulas of the kinds found in print are rejected, with their line; the right ones pass."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from equations.blocks import Derivation, Equation, read_blocks
from equations.verdicts import Verdict, check_derivation, check_equation

LAW = "law $p$ on a finite set"
LAWS = "laws $p$, $q$ on a finite set"
JOINT = "joint law $p(x, y)$ on a finite product"
GAUSS = r"$\mu_1, \mu_2 \in \R$; $\sigma_1, \sigma_2 > 0$"
GAUSS_ND = (
    r"vectors $\mu_1, \mu_2 \in \R^d$; positive definite $\Sigma_1, \Sigma_2 \in \R^{d \times d}$"
)
MIDPOINT = r":where: $m := \frac12 p + \frac12 q$"
JS = r"\JS{p}{q}"
N1, N2 = r"\Normal{\mu_1}{\sigma_1^2}", r"\Normal{\mu_2}{\sigma_2^2}"
TV = r"\TV{p}{q}"
TIGHT_PINSKER = (
    r":tight: $p = (\frac{1 + \varepsilon}{2}, \frac{1 - \varepsilon}{2})$, $q = \unif$, "
    r"$\varepsilon \to 0$"
)
DEFINES_D = r":where: $D(x) := \frac{p(x)}{p(x) + q(x)}$; $m := \frac12 p + \frac12 q$"


class Misprint(NamedTuple):
    """A formula as it should be, and as it is found in print."""

    name: str
    setting: str
    right: str
    wrong: str
    options: tuple[str, ...] = ()


LINE = "laws $p$, $q$ on points $x$ of the line; distribution functions $F$, $G$ of $p$, $q$"
W1 = r"\W{1}{p}{q}"
LIPSCHITZ = r"\max_{f \in \mathrm{Lip}_1(d)} (\mathbb{E}_p[f] - \mathbb{E}_q[f])"
SUBSETS = r"\max_{A \subseteq \mathcal{X}} (p(A) - q(A))"
ROOTLESS = r"\Sigma_2^{1/2} \Sigma_1 \Sigma_2^{1/2}"
BURES = (
    r"\W{2}{\Normal{\mu_1}{\Sigma_1}}{\Normal{\mu_2}{\Sigma_2}}^2 = \norm{\mu_1 - \mu_2}_2^2"
    r" + \tr(\Sigma_1 + \Sigma_2 - 2 (\Sigma_2^{1/2} \Sigma_1 \Sigma_2^{1/2})^{1/2})"
)
SOFTMAX = "law $y$ on a finite set; logits $z$ on the same set; $T > 0$; element $j$ of the set"


MISPRINTS = (
    Misprint(
        "distance of order 1 on the line with squares",
        LINE,
        rf"{W1} = \int |F(t) - G(t)| \dd t",
        rf"{W1} = \int (F(t) - G(t))^2 \dd t",
    ),
    Misprint(
        "quantile functions over the line",
        LINE,
        rf"{W1} = \int_0^1 |F^{{-1}}(u) - G^{{-1}}(u)| \dd u",
        rf"{W1} = \int_0^1 |F(u) - G(u)| \dd u",
    ),
    Misprint(
        "duality with the functions of slope 2",
        "laws $p$, $q$ on a finite set; distance $d$ on the same set",
        rf"{W1} = {LIPSCHITZ}",
        rf"{W1} = {LIPSCHITZ}".replace("Lip}_1", "Lip}_2"),
    ),
    Misprint(
        "total variation over events with its factor 1/2",
        LAWS,
        rf"{SUBSETS} = {TV}",
        rf"\frac12 {SUBSETS} = {TV}",
    ),
    Misprint(
        "gradient of the cross-entropy with its sign",
        SOFTMAX,
        r"\frac{\partial}{\partial z_j} \CE{y}{s} = s_j - y_j",
        r"\frac{\partial}{\partial z_j} \CE{y}{s} = y_j - s_j",
        (r":where: $s := \softmax(z)$",),
    ),
    Misprint(
        "gradient at a temperature without its factor",
        SOFTMAX,
        r"\frac{\partial}{\partial z_j} \CE{y}{s} = \frac{1}{T} (s_j - y_j)",
        r"\frac{\partial}{\partial z_j} \CE{y}{s} = s_j - y_j",
        (r":where: $s := \softmax(z / T)$",),
    ),
    Misprint(
        "conjugate of a generator without its term",
        "generator $f$; $u > 0$",
        r"f^*(f'(u)) = u f'(u) - f(u)",
        r"f^*(f'(u)) = f'(u) - f(u)",
    ),
    Misprint(
        "local form of the relative entropy without its factor 1/2",
        LAWS,
        r"\lim_{t \to 0^+} \frac{1}{t^2} \KL{t p + (1 - t) q}{q}"
        r" = \frac12 \sum_x \frac{(p(x) - q(x))^2}{q(x)}",
        r"\lim_{t \to 0^+} \frac{1}{t^2} \KL{t p + (1 - t) q}{q}"
        r" = \sum_x \frac{(p(x) - q(x))^2}{q(x)}",
        (
            ":if: $q(x) > 0$",
            r":equivalent: $\KL{q}{t p + \left( 1 - t \right) q}$ because both are alike near q",
        ),
    ),
    Misprint(
        "entropy without its minus sign",
        LAW,
        r"\H{p} = -\sum_x p(x) \log p(x)",
        r"\H{p} = \sum_x p(x) \log p(x)",
    ),
    Misprint(
        "entropy of the uniform law is minus log n",
        "law $p$ on a finite set with $n$ outcomes",
        r"\H{\unif} = \log n",
        r"\H{\unif} = -\log n",
    ),
    Misprint(
        "information content without its minus sign",
        f"{LAW}; element $x$ of the set",
        r"\I{x} = -\log p(x)",
        r"\I{x} = \log p(x)",
    ),
    Misprint(
        "bits labelled nats",
        LAW,
        r"\H{p} = -\sum_x p(x) \log p(x)",
        r"\H{p} = -\sum_x p(x) \log_2 p(x)",
    ),
    Misprint(
        "bits are nats times log 2",
        LAW,
        r"\Hbits{p} = \frac{\H{p}}{\log 2}",
        r"\Hbits{p} = \H{p} \log 2",
    ),
    Misprint(
        "perplexity as 2 to the nats",
        LAWS,
        r"\PP{p}{q} = 2^{\CEbits{p}{q}}",
        r"\PP{p}{q} = 2^{\CE{p}{q}}",
    ),
    Misprint(
        "KL with its arguments swapped",
        LAWS,
        r"\KL{p}{q} = \sum_x p(x) \log \frac{p(x)}{q(x)}",
        r"\KL{q}{p} = \sum_x p(x) \log \frac{p(x)}{q(x)}",
    ),
    Misprint(
        "KL with its ratio turned over",
        LAWS,
        r"\KL{p}{q} = \sum_x p(x) \log \frac{p(x)}{q(x)}",
        r"\KL{p}{q} = \sum_x p(x) \log \frac{q(x)}{p(x)}",
    ),
    Misprint(
        "KL as a difference of entropies",
        LAWS,
        r"\KL{p}{q} = -\sum_x p(x) \log q(x) - \H{p}",
        r"\KL{p}{q} = \H{q} - \H{p}",
        (":if: $p \\ll q$",),
    ),
    Misprint(
        "cross-entropy as KL minus entropy",
        LAWS,
        r"\CE{p}{q} = \KL{p}{q} + \H{p}",
        r"\CE{p}{q} = \KL{p}{q} - \H{p}",
    ),
    Misprint(
        "cross-entropy weighted with the wrong law",
        LAWS,
        r"\CE{p}{q} = \E{x \sim p}{-\log q(x)}",
        r"\CE{p}{q} = \E{x \sim q}{-\log p(x)}",
    ),
    Misprint(
        "binary KL without its second term",
        r"$s, t \in [0, 1]$",
        r"\kl{s}{t} = s \log \frac{s}{t} + (1 - s) \log \frac{1 - s}{1 - t}",
        r"\kl{s}{t} = s \log \frac{s}{t}",
    ),
    Misprint(
        "derivative of the binary KL with the wrong sign",
        r"$s, t \in (0, 1)$",
        r"\frac{\partial}{\partial t} \kl{s}{t} = \frac{t - s}{t (1 - t)}",
        r"\frac{\partial}{\partial t} \kl{s}{t} = \frac{s - t}{t (1 - t)}",
    ),
    Misprint(
        "Jensen-Shannon without its halves",
        LAWS,
        rf"{JS} = \frac12 \KL{{p}}{{m}} + \frac12 \KL{{q}}{{m}}",
        rf"{JS} = \KL{{p}}{{m}} + \KL{{q}}{{m}}",
        (MIDPOINT,),
    ),
    Misprint(
        "Jensen-Shannon as Jeffreys' divergence",
        LAWS,
        rf"{JS} = \H{{m}} - \frac12 \H{{p}} - \frac12 \H{{q}}",
        r"\J{p}{q} = \H{m} - \frac12 \H{p} - \frac12 \H{q}",
        (MIDPOINT,),
    ),
    Misprint(
        "Jensen-Shannon at most 1 in nats",
        LAWS,
        rf"{JS} \le \log 2",
        rf"{JS} \le 1",
    ),
    Misprint(
        "GAN value with plus 2 log 2",
        LAWS,
        (
            rf"\E{{x \sim p}}{{\log D(x)}} + \E{{x \sim q}}{{\log (1 - D(x))}} = 2 {JS} "
            rf"- 2 \log 2"
        ),
        (
            rf"\E{{x \sim p}}{{\log D(x)}} + \E{{x \sim q}}{{\log (1 - D(x))}} = 2 {JS} "
            rf"+ 2 \log 2"
        ),
        (":if: $p(x) > 0$; $q(x) > 0$", DEFINES_D),
    ),
    Misprint(
        "KL minus 2 JS with a lost log 2",
        LAWS,
        (
            rf"\E{{x \sim q}}{{-\log D(x)}} = \KL{{q}}{{p}} - 2 {JS} + 2 \log 2 + "
            rf"\E{{x \sim p}}{{\log D(x)}}"
        ),
        (
            rf"\E{{x \sim q}}{{-\log D(x)}} = \KL{{q}}{{p}} - 2 {JS} + \E{{x \sim "
            rf"p}}{{\log D(x)}}"
        ),
        (":if: $p(x) > 0$; $q(x) > 0$", DEFINES_D),
    ),
    Misprint(
        "Pinsker reversed",
        LAWS,
        rf"{TV} \le \sqrt{{\frac12 \KL{{p}}{{q}}}}",
        rf"{TV} \ge \sqrt{{\frac12 \KL{{p}}{{q}}}}",
        (TIGHT_PINSKER,),
    ),
    Misprint(
        "Pinsker with a constant that is too small",
        LAWS,
        rf"{TV} \le \sqrt{{\frac12 \KL{{p}}{{q}}}}",
        rf"{TV} \le \sqrt{{\frac14 \KL{{p}}{{q}}}}",
        (TIGHT_PINSKER,),
    ),
    Misprint(
        "Pinsker with a constant that is too large",
        LAWS,
        rf"{TV} \le \sqrt{{\frac12 \KL{{p}}{{q}}}}",
        rf"{TV} \le \sqrt{{\KL{{p}}{{q}}}}",
        (TIGHT_PINSKER,),
    ),
    Misprint(
        "KL at most 0 by Jensen the wrong way",
        LAWS,
        r"\KL{p}{q} \ge 0",
        r"\KL{p}{q} \le 0",
    ),
    Misprint(
        "entropy is convex",
        LAWS + r"; $\lambda \in [0, 1]$",
        r"\H{\lambda p + (1 - \lambda) q} \ge \lambda \H{p} + (1 - \lambda) \H{q}",
        r"\H{\lambda p + (1 - \lambda) q} \le \lambda \H{p} + (1 - \lambda) \H{q}",
    ),
    Misprint(
        "data processing reversed",
        LAWS + r"; channel $K(y \mid x)$",
        r"\KL{p K}{q K} \le \KL{p}{q}",
        r"\KL{p K}{q K} \ge \KL{p}{q}",
    ),
    Misprint(
        "log-sum inequality reversed",
        "positive numbers $a_i$, $b_i$",
        (
            r"\sum_i a_i \log \frac{a_i}{b_i} \ge \left( \sum_i a_i \right) \log \frac{\sum_i "
            r"a_i}{\sum_i b_i}"
        ),
        (
            r"\sum_i a_i \log \frac{a_i}{b_i} \le \left( \sum_i a_i \right) \log \frac{\sum_i "
            r"a_i}{\sum_i b_i}"
        ),
        (":tight: $b_i = 2 a_i$",),
    ),
    Misprint(
        "Gaussian KL with its deviations exchanged",
        GAUSS,
        (
            rf"\KL{{{N1}}}{{{N2}}} = \log \frac{{\sigma_2}}{{\sigma_1}} + \frac{{\sigma_1^2 + "
            rf"(\mu_1 - \mu_2)^2}}{{2 \sigma_2^2}} - \frac12"
        ),
        (
            rf"\KL{{{N1}}}{{{N2}}} = \log \frac{{\sigma_1}}{{\sigma_2}} + \frac{{\sigma_2^2 + "
            rf"(\mu_1 - \mu_2)^2}}{{2 \sigma_1^2}} - \frac12"
        ),
    ),
    Misprint(
        "Gaussian KL with a lost half",
        GAUSS,
        (
            rf"\KL{{{N1}}}{{{N2}}} = \log \frac{{\sigma_2}}{{\sigma_1}} + \frac{{\sigma_1^2 + "
            rf"(\mu_1 - \mu_2)^2}}{{2 \sigma_2^2}} - \frac12"
        ),
        (
            rf"\KL{{{N1}}}{{{N2}}} = \log \frac{{\sigma_2}}{{\sigma_1}} + \frac{{\sigma_1^2 + "
            rf"(\mu_1 - \mu_2)^2}}{{2 \sigma_2^2}}"
        ),
    ),
    Misprint(
        "Gaussian KL without minus d",
        GAUSS_ND,
        (
            r"\KL{\Normal{\mu_1}{\Sigma_1}}{\Normal{\mu_2}{\Sigma_2}} = \frac12 \left( "
            r"\tr(\Sigma_2^{-1} \Sigma_1) + (\mu_2 - \mu_1)^{\T} \Sigma_2^{-1} (\mu_2 - \mu_1) - "
            r"d + \log \frac{\det \Sigma_2}{\det \Sigma_1} \right)"
        ),
        (
            r"\KL{\Normal{\mu_1}{\Sigma_1}}{\Normal{\mu_2}{\Sigma_2}} = \frac12 \left( "
            r"\tr(\Sigma_2^{-1} \Sigma_1) + (\mu_2 - \mu_1)^{\T} \Sigma_2^{-1} (\mu_2 - \mu_1) + "
            r"\log \frac{\det \Sigma_2}{\det \Sigma_1} \right)"
        ),
    ),
    Misprint(
        "Gaussian entropy with a lost e",
        r"$\mu \in \R$; $\sigma > 0$",
        r"\h{\Normal{\mu}{\sigma^2}} = \frac12 \log (2 \pi e \sigma^2)",
        r"\h{\Normal{\mu}{\sigma^2}} = \frac12 \log (2 \pi \sigma^2)",
    ),
    Misprint(
        "Gaussian cross-entropy without the variance of the data",
        GAUSS,
        (
            rf"\CE{{{N1}}}{{{N2}}} = \frac12 \log (2 \pi \sigma_2^2) + \frac{{\sigma_1^2 + "
            rf"(\mu_1 - \mu_2)^2}}{{2 \sigma_2^2}}"
        ),
        (
            rf"\CE{{{N1}}}{{{N2}}} = \frac12 \log (2 \pi \sigma_2^2) + \frac{{(\mu_1 - "
            rf"\mu_2)^2}}{{2 \sigma_2^2}}"
        ),
    ),
    Misprint(
        "expectation over the product where the joint law is meant",
        JOINT,
        r"\MI{X}{Y} = \E{x, y \sim p}{\log \frac{p(x, y)}{p(x) p(y)}}",
        r"\MI{X}{Y} = \E{x, y \sim p_X \otimes p_Y}{\log \frac{p(x, y)}{p(x) p(y)}}",
    ),
    Misprint(
        "mutual information with a plus",
        JOINT,
        r"\MI{X}{Y} = \H{X} + \H{Y} - \H{X, Y}",
        r"\MI{X}{Y} = \H{X} + \H{Y} + \H{X, Y}",
    ),
    Misprint(
        "chain rule with the wrong condition",
        JOINT,
        r"\H{X, Y} = \H{X} + \H{Y \mid X}",
        r"\H{X, Y} = \H{X} + \H{X \mid Y}",
    ),
    Misprint(
        "conditional divergence averaged over the wrong law",
        "joint laws $p(x, y)$, $q(x, y)$ on a finite product",
        r"\KL{p}{q} = \KL{p_X}{q_X} + \sum_x p(x) \KL{p(\cdot \mid x)}{q(\cdot \mid x)}",
        r"\KL{p}{q} = \KL{p_X}{q_X} + \sum_x q(x) \KL{p(\cdot \mid x)}{q(\cdot \mid x)}",
        (r":if: $p \ll q$",),
    ),
    Misprint(
        "Jeffreys' divergence with a plus",
        LAWS,
        r"\J{p}{q} = \sum_x (p(x) - q(x)) \log \frac{p(x)}{q(x)}",
        r"\J{p}{q} = \sum_x (p(x) + q(x)) \log \frac{p(x)}{q(x)}",
        (":if: $p(x) > 0$; $q(x) > 0$",),
    ),
    Misprint(
        "Renyi divergence with the wrong factor",
        LAWS + r"; $\alpha \in (0, 1)$",
        r"\Renyi{\alpha}{p}{q} = \frac{1}{\alpha - 1} \log \sum_x p(x)^{\alpha} q(x)^{1 - \alpha}",
        r"\Renyi{\alpha}{p}{q} = \frac{1}{1 - \alpha} \log \sum_x p(x)^{\alpha} q(x)^{1 - \alpha}",
    ),
    Misprint(
        "Donsker-Varadhan without its logarithm",
        LAWS + "; function $T$ on the same set",
        r"\E{x \sim p}{T(x)} - \log \E{x \sim q}{e^{T(x)}} \le \KL{p}{q}",
        r"\E{x \sim p}{T(x)} - \E{x \sim q}{e^{T(x)}} \le \KL{p}{q}",
        (r":tight: $T(x) = \log \frac{p(x)}{q(x)}$",),
    ),
    Misprint(
        "Bures distance without its root",
        GAUSS,
        rf"\W{{2}}{{{N1}}}{{{N2}}}^2 = (\mu_1 - \mu_2)^2 + (\sigma_1 - \sigma_2)^2",
        rf"\W{{2}}{{{N1}}}{{{N2}}}^2 = (\mu_1 - \mu_2)^2 + \sigma_1^2 + \sigma_2^2"
        r" - 2 \sigma_2 \sigma_1^2 \sigma_2",
    ),
    Misprint(
        "Bures distance of matrices without its root",
        GAUSS_ND,
        BURES,
        BURES.replace(r"(\Sigma_2^{1/2} \Sigma_1 \Sigma_2^{1/2})^{1/2}", ROOTLESS),
    ),
    Misprint(
        "distance of normal laws without the square",
        GAUSS,
        rf"\W{{2}}{{{N1}}}{{{N2}}} = \sqrt{{(\mu_1 - \mu_2)^2 + (\sigma_1 - \sigma_2)^2}}",
        rf"\W{{2}}{{{N1}}}{{{N2}}} = (\mu_1 - \mu_2)^2 + (\sigma_1 - \sigma_2)^2",
    ),
    Misprint(
        "optimal discriminator with the laws exchanged",
        LAWS,
        rf"\E{{x \sim p}}{{\log D(x)}} + \E{{x \sim q}}{{\log (1 - D(x))}} = 2 {JS} - 2 \log 2",
        rf"\E{{x \sim q}}{{\log D(x)}} + \E{{x \sim p}}{{\log (1 - D(x))}} = 2 {JS} - 2 \log 2",
        (":if: $p(x) > 0$; $q(x) > 0$", DEFINES_D),
    ),
    Misprint(
        "the root of the divergence as the divergence",
        LAWS + r"; law $r$ on the same set",
        rf"\sqrt{{{JS}}} \le \sqrt{{\JS{{p}}{{r}}}} + \sqrt{{\JS{{r}}{{q}}}}",
        rf"{JS} \le \JS{{p}}{{r}} + \JS{{r}}{{q}}",
        (":tight: $r = p$",),
    ),
    Misprint(
        "total variation without its half",
        LAWS,
        rf"{TV} = \frac12 \sum_x \abs{{p(x) - q(x)}}",
        rf"{TV} = \sum_x \abs{{p(x) - q(x)}}",
    ),
    Misprint(
        "chi-square divergence over the wrong law",
        LAWS,
        r"\chisq{p}{q} = \sum_x \frac{(p(x) - q(x))^2}{q(x)}",
        r"\chisq{p}{q} = \sum_x \frac{(p(x) - q(x))^2}{p(x)}",
        (":if: $p(x) > 0$; $q(x) > 0$",),
    ),
    Misprint(
        "Hellinger distance with half of its square",
        LAWS,
        r"\Hel{p}{q}^2 = 2 - 2 \sum_x \sqrt{p(x) q(x)}",
        r"\Hel{p}{q}^2 = 1 - \sum_x \sqrt{p(x) q(x)}",
    ),
)


def check(tmp_path: Path, misprint: Misprint, statement: str) -> tuple[Equation, Verdict]:
    """Check a statement that is the second row of an equation, on a page of its own."""
    options = "\n".join(misprint.options)
    text = (
        "```{equation} eq-tried\n:title: Tried\n:kind: identity\n:source: elementary\n"
        f":for: {misprint.setting}\n{options}{chr(10) if options else ''}\n"
        f"\\sqrt{{4}} = 2 \\\\\n{statement}\n\n>>> 1\n1\n```\n"
    )
    file = tmp_path / "page.md"
    file.write_text(text, encoding="utf-8")
    (block,) = read_blocks(file)
    assert isinstance(block, Equation)
    return block, check_equation(block)


@pytest.mark.parametrize("misprint", MISPRINTS, ids=lambda misprint: misprint.name)
def test_the_right_formula_passes(tmp_path: Path, misprint: Misprint) -> None:
    _, verdict = check(tmp_path, misprint, misprint.right)
    assert verdict.problems == []
    assert verdict.instances > 10
    assert verdict.mutants > 0


@pytest.mark.parametrize("misprint", MISPRINTS, ids=lambda misprint: misprint.name)
def test_the_wrong_formula_is_rejected_with_its_line(tmp_path: Path, misprint: Misprint) -> None:
    block, verdict = check(tmp_path, misprint, misprint.wrong)
    place = f"{block.file}:{block.statement_line + 1}:"
    assert any(problem.startswith(place) for problem in verdict.problems), verdict.problems


def test_there_are_enough_of_them() -> None:
    assert len(MISPRINTS) >= 25


def test_a_wrong_step_is_rejected_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(
        "```{derivation} eq-tried\n:for: laws $p$, $q$ on a finite set\n\n"
        "\\CE{p}{q}\n"
        "  = -\\sum_x p(x) \\log q(x)    % definition\n"
        "  = \\H{p} - \\KL{p}{q}         % wrong sign\n"
        "```\n",
        encoding="utf-8",
    )
    (block,) = read_blocks(file)
    assert isinstance(block, Derivation)
    first, second = check_derivation(block, None)
    assert first.ok
    (problem,) = second.problems
    assert problem.startswith(f"{file}:6:5: ")
    assert "p = np.array([" in problem
