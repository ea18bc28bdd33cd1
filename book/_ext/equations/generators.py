r"""Generators of f-divergences, as formulas.

A generator ``f`` brings its limits ``f(0)`` and ``f'(\infty)``, its derivatives ``f'`` and ``f''``
and its conjugate ``f^*``. All of them are written in the notation of the book and evaluated like
any formula, with their rounding errors. They are not taken from the reference package, so that a
fault in its table is found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from equations import syntax as syn
from equations.values import Closure

U, T = syn.Name("u"), syn.Name("t")
MARKS = ("", "'", "''", "^*")


class _Formulas(NamedTuple):
    r"""f, f(0), f'(\infty), f', f'(0), f'', f''(0), f^*, and whether f is strictly convex."""

    function: str
    zero: str
    slope: str
    derivative: str
    slope_at_zero: str
    second: str
    second_at_zero: str
    conjugate: str
    strict: bool = True


_INFINITE = r" & \text{otherwise} \end{cases}"
_TABLE: Mapping[str, _Formulas] = {
    "kl": _Formulas(
        *(r"u \log u", "0", r"\infty", r"\log u + 1", r"-\infty", r"\frac{1}{u}", r"\infty"),
        r"e^{t - 1}",
    ),
    "reverse_kl": _Formulas(
        *(r"-\log u", r"\infty", "0", r"-\frac{1}{u}", r"-\infty", r"\frac{1}{u^2}", r"\infty"),
        r"\begin{cases} -1 - \log(-t) & \text{if } t < 0 \\ \infty" + _INFINITE,
    ),
    "js": _Formulas(
        r"\frac12 u \log u - \frac12 (u + 1) \log \frac{u + 1}{2}",
        *(r"\frac12 \log 2", r"\frac12 \log 2", r"\frac12 \log \frac{2 u}{u + 1}", r"-\infty"),
        *(r"\frac{1}{2 u (u + 1)}", r"\infty"),
        r"\begin{cases} -\frac12 \log(2 - e^{2 t}) & \text{if } 2 t < \log 2 \\ \infty" + _INFINITE,
    ),
    "midpoint_kl": _Formulas(
        *(r"(u + 1) \log \frac{u + 1}{2}", r"-\log 2", r"\infty"),
        *(r"\log \frac{u + 1}{2} + 1", r"1 - \log 2", r"\frac{1}{u + 1}", "1"),
        r"\begin{cases} 2 e^{t - 1} - t & \text{if } t > 1 - \log 2 \\ \log 2" + _INFINITE,
    ),
    "tv": _Formulas(
        *(r"\frac12 \abs{u - 1}", r"\frac12", r"\frac12"),
        r"\begin{cases} \frac12 & \text{if } u > 1 \\ -\frac12 & \text{if } u < 1 \\ 0" + _INFINITE,
        *(r"-\frac12", "0", "0"),
        r"\begin{cases} \max(t, -\frac12) & \text{if } 2 t \le 1 \\ \infty" + _INFINITE,
        strict=False,
    ),
    "chi_square": _Formulas(
        *(r"(u - 1)^2", "1", r"\infty", r"2 (u - 1)", "-2", "2", "2"),
        r"\begin{cases} t + \frac{t^2}{4} & \text{if } t \ge -2 \\ -1" + _INFINITE,
    ),
    "hellinger": _Formulas(
        *(r"(\sqrt{u} - 1)^2", "1", "1", r"1 - \frac{1}{\sqrt{u}}", r"-\infty"),
        *(r"\frac{1}{2 u \sqrt{u}}", r"\infty"),
        r"\begin{cases} \frac{t}{1 - t} & \text{if } t < 1 \\ \infty" + _INFINITE,
    ),
}
NAMES = tuple(_TABLE)
STRICT = tuple(name for name, formulas in _TABLE.items() if formulas.strict)


@dataclass(frozen=True)
class Generator(Closure):
    """A generator of an f-divergence, or its derivative or conjugate; ``mark`` tells which."""

    name: str
    mark: str = ""


def _cases(*cases: tuple[str, str], otherwise: str) -> str:
    lines = [rf"{value} & \text{{if }} {condition}" for value, condition in cases]
    lines.append(rf"{otherwise} & \text{{otherwise}}")
    return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"


@cache
def generator(name: str, mark: str = "") -> Generator:
    r"""Return a generator, or with a mark ``'``, ``''`` or ``^*`` what belongs to it."""
    f = _TABLE[name]
    bodies = {
        "": _cases((f.zero, "u = 0"), otherwise=f.function),
        "'": _cases((f.slope_at_zero, "u = 0"), (f.slope, r"u = \infty"), otherwise=f.derivative),
        "''": _cases((f.second_at_zero, "u = 0"), otherwise=f.second),
        "^*": f.conjugate,
    }
    variable = T if mark == "^*" else U
    return Generator((variable,), syn.parse_sum(bodies[mark], {}), name, mark)


def marked(name: syn.Name) -> tuple[syn.Name, str] | None:
    r"""Split ``f'`` or ``f^*`` into ``f`` and its mark; None for a name without a mark."""
    found = re.fullmatch(r"(.*?)('{1,2}|\^\*)", name.base)
    return (syn.Name(found[1], name.sub, at=name.at), found[2]) if found else None
