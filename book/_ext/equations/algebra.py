r"""Tell by algebra whether two formulas say the same.

A formula is multiplied out into a sum of products of *atoms*, which are what algebra cannot open:
``p(x)``, a logarithm, a functional. Sums and products are sorted, so their order does not matter.
Beyond that a few facts of this book are known: a law sums to one; a unit is a factor log 2; the
arguments of a symmetric functional may be exchanged; a shift leaves the entropy of a normal law
alone. Instances play no part, so no formula is excused because it happens to agree somewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, cast

from equations import syntax as syn
from equations.macros import MACROS
from equations.syntax import Node, Row

Monomial = tuple[tuple[str, Fraction], ...]
Polynomial = dict[Monomial, Fraction]
_ONE: Polynomial = {(): Fraction(1)}
_LOG_2 = "log 2"


@dataclass
class Algebra:
    r"""Rewrites formulas until two that say the same look the same.

    ``laws`` are the names whose values sum to one. Everything that algebra cannot open, such as
    ``p(x)`` or ``\KL{p}{q}``, is an atom; ``atoms`` remembers what each stands for. Without
    ``facts`` only numbers, sums, products and powers are opened, since a formula that states one
    of the facts is no repetition.
    """

    laws: frozenset[str] = frozenset()
    facts: bool = True
    atoms: dict[str, Node] = field(default_factory=dict)
    _known: dict[int, tuple[Node, Polynomial]] = field(default_factory=dict, repr=False)

    def key(self, row: Row) -> tuple[object, ...]:
        """Return something that is equal for two rows that say the same."""
        sides = [self.normal_form(side) for side in row.sides]
        relations = [relation for relation, _ in row.links]
        if len(sides) == 2 and {} in sides:
            sides = [self._up_to_a_factor(side, signed="=" not in relations) for side in sides]
        return tuple(map(_text, sides)), tuple(relations)

    def claim(self, left: Node, relation: str, right: Node) -> tuple[object, ...]:
        """Return something that is equal for two claims that say the same of a difference."""
        if relation in {r"\ge", ">"}:
            left, right = right, left
            relation = {r"\ge": r"\le", ">": "<"}[relation]
        difference = syn.Add((left, syn.Neg(right)))
        return self.key(Row(difference, ((relation, syn.Number("0")),)))

    def _up_to_a_factor(self, side: Polynomial, *, signed: bool) -> Polynomial:
        """Divide by a positive number and by powers of log 2, which a comparison with 0 allows."""
        if not side:
            return side
        first, value = min(side.items())
        power = dict(first).get(_LOG_2, Fraction(0))
        shift: Polynomial = {((_LOG_2, -power),) if power else (): Fraction(1)}
        return _scale(_product([side, shift]), 1 / abs(value) if signed else 1 / value)

    def normal_form(self, node: Node) -> Polynomial:
        """Return a formula as a sum of products of atoms."""
        # Mutants share most of their parts. The node is kept, so that its id stays its own.
        if id(node) not in self._known:
            self._known[id(node)] = node, self._normal_form(node)
        return self._known[id(node)][1]

    def _normal_form(self, node: Node) -> Polynomial:  # noqa: C901, PLR0911  (one line for each kind of node)
        if isinstance(node, syn.Number):
            value = Fraction(node.text)
            return {(): value} if value else {}
        if isinstance(node, syn.Neg):
            return _scale(self.normal_form(node.body), Fraction(-1))
        if isinstance(node, syn.Add):
            return _sum(self.normal_form(term) for term in node.terms)
        if isinstance(node, syn.Mul):
            return _product(self.normal_form(factor) for factor in node.factors)
        if isinstance(node, syn.Frac):
            return _product([self.normal_form(node.top), _inverse(self.normal_form(node.bottom))])
        if isinstance(node, syn.Power):
            return _power(self.normal_form(node.base), self.normal_form(node.exponent))
        if not self.facts:
            return self._atom(self._opaque(node), node)
        if isinstance(node, syn.Log):
            return self._logarithm(node)
        if isinstance(node, syn.Big) and node.operator == "sum" and node.lower is None:
            return self._summed(node)
        if isinstance(node, syn.Expect | syn.Integral):
            return self._linear(node, self.normal_form(node.body))
        if isinstance(node, syn.Function) and node.name == "abs":
            body = _positive(self.normal_form(node.args[0]))[1]
            return self._atom(f"abs {_text(body)}", node)
        if isinstance(node, syn.Functional) and node.name.endswith("bits"):
            nats = replace(node, name=node.name.removesuffix("bits"))
            unit: Polynomial = {((_LOG_2, Fraction(-1)),): Fraction(1)}
            return _product([unit, self.normal_form(nats)])
        return self._atom(self._opaque(node), node)

    def _logarithm(self, node: syn.Log) -> Polynomial:
        body = self.normal_form(node.body)
        if body == _ONE:
            return {}
        plain = self._atom(f"log {_text(body)}", syn.Log(node.body))
        if body == {(): Fraction(2)}:
            plain = {((_LOG_2, Fraction(1)),): Fraction(1)}
        if node.base is None:
            return plain
        return _product([plain, _inverse(self._logarithm(syn.Log(node.base)))])

    def _summed(self, node: syn.Big) -> Polynomial:
        """Sum term by term; a law sums to one over its argument."""
        parts = []
        for monomial, value in self.normal_form(node.body).items():
            bound, rest = node.bound, monomial
            if node.condition is None and not node.spaces:
                bound, rest = self._without_laws(bound, monomial)
            if bound:
                parts.append(self._linear(replace(node, bound=bound), {rest: value}))
            else:
                parts.append({rest: value})
        return _sum(iter(parts))

    def _without_laws(
        self, bound: tuple[syn.Name, ...], monomial: Monomial
    ) -> tuple[tuple[syn.Name, ...], Monomial]:
        """Drop each factor p(x) whose x occurs nowhere else, together with the index x."""
        for atom, exponent in monomial:
            call = self.atoms.get(atom)
            if exponent != 1 or not isinstance(call, syn.Call) or call.given:
                continue
            rest = tuple(pair for pair in monomial if pair[0] != atom)
            names = {arg.text for arg in call.args if isinstance(arg, syn.Name)}
            elsewhere = {
                inner.text
                for other, _ in rest
                for inner in syn.walk(self.atoms.get(other, call))
                if isinstance(inner, syn.Name)
            }
            indices = {name.text for name in bound}
            alone = len(names) == len(call.args) and names <= indices and not names & elsewhere
            if call.function.text in self.laws and alone:
                left = tuple(name for name in bound if name.text not in names)
                return self._without_laws(left, rest)
        return bound, monomial

    def _linear(self, node: syn.Big | syn.Expect | syn.Integral, body: Polynomial) -> Polynomial:
        """Take a numeric factor and powers of log 2 out of a sum."""
        if not body:
            return {}
        first, value = min(body.items())
        power = dict(first).get(_LOG_2, Fraction(0))
        outside: Polynomial = {((_LOG_2, power),) if power else (): value}
        inside = _product([body, _inverse(outside)])
        return _product([outside, self._atom(self._opaque(node, body=_text(inside)), node)])

    def _opaque(self, node: Node, body: str | None = None) -> str:
        """Write a node with its parts in normal form."""
        parts = []
        for name in syn.parts_of(node):
            written = body if name == "body" else None
            parts.append(written or self._part(getattr(node, name)))
        if not self.facts:
            return f"{type(node).__name__}({', '.join(parts)})"
        if isinstance(node, syn.Functional) and MACROS[node.name].symmetric:
            first, last = node.arguments[:-2], node.arguments[-2:]
            parts = [parts[0], *map(self._part, first), *sorted(map(self._part, last))]
        if isinstance(node, syn.Function) and node.name in {"max", "min"}:
            parts = [parts[0], *sorted(self._part(argument) for argument in node.args)]
        if isinstance(node, syn.Functional) and node.name == "h":
            # A shift does not change the entropy of a normal law.
            law = node.arguments[0].items[0]
            if isinstance(law, syn.Functional) and law.name == "Normal":
                parts = [parts[0], "normal", self._part(law.arguments[1])]
        return f"{type(node).__name__}({', '.join(parts)})"

    def _part(self, value: object) -> str:
        if isinstance(value, syn.Name | syn.Slot | syn.Uniform | syn.Infinity):
            return syn.latex(value)
        if isinstance(value, syn.Row | syn.Argument):
            return self._opaque(value)
        if isinstance(value, Node):
            return _text(self.normal_form(value))
        if isinstance(value, tuple):
            return f"[{', '.join(map(self._part, value))}]"
        return str(value)

    def _atom(self, text: str, node: Node) -> Polynomial:
        self.atoms[text] = node
        return {((text, Fraction(1)),): Fraction(1)}


def arranged(node: Node) -> str:
    """Write a formula with terms and factors sorted: two that differ in their order are equal."""
    parts = []
    for name in syn.parts_of(node):
        value = getattr(node, name)
        if isinstance(value, tuple) and isinstance(node, syn.Add | syn.Mul):
            parts.append("; ".join(sorted(map(arranged, value))))
        else:
            parts.append(_arranged_part(value))
    return f"{type(node).__name__}({', '.join(parts)})"


def _arranged_part(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_arranged_part, value))}]"
    return arranged(value) if isinstance(value, Node) else str(value)


class Expansion:
    """Puts for each symbol what it is defined as; ``callables`` tells which names are functions."""

    def __init__(self, callables: Mapping[str, bool]) -> None:
        """Begin without definitions."""
        self.callables = callables
        self._definitions: dict[str, tuple[tuple[str, ...], Node]] = {}

    def learn(self, left: Node, right: Node) -> None:
        """Remember ``m := …`` or ``f(x) := …``, where earlier definitions may be used."""
        if isinstance(left, syn.Name):
            self._definitions[left.text] = (), self.of(right)
        elif isinstance(left, syn.Call):
            names = left.args + left.given
            parameters = tuple(name.text for name in names if isinstance(name, syn.Name))
            self._definitions[left.function.text] = parameters, self.of(right)

    def of(self, node: Node) -> Node:
        """Return a formula without the symbols that are defined."""
        return cast("Node", self._changed(node))

    def _changed(self, value: object) -> object:
        if isinstance(value, syn.Name) and value.text in self._definitions:
            parameters, body = self._definitions[value.text]
            return value if parameters else body
        if isinstance(value, syn.Call) and value.function.text in self._definitions:
            parameters, body = self._definitions[value.function.text]
            arguments = [self.of(argument) for argument in value.args + value.given]
            if not parameters:
                # A law m that is a formula of laws: m(x) takes each of them at x.
                return self._taken_at(body, replace(value, args=tuple(arguments), given=()))
            if len(parameters) == len(arguments):
                inner = Expansion(self.callables)
                pairs = zip(parameters, arguments, strict=True)
                inner._definitions = {name: ((), argument) for name, argument in pairs}
                return inner.of(body)
        if isinstance(value, Node):
            parts: dict[str, Any] = {n: self._changed(getattr(value, n)) for n in _open(value)}
            return replace(value, **parts)
        return tuple(map(self._changed, value)) if isinstance(value, tuple) else value

    def _taken_at(self, value: Any, call: syn.Call) -> Any:  # noqa: ANN401  (a field of any node)
        if isinstance(value, syn.Name):
            known = self.callables.get(value.text, self.callables.get(value.base, False))
            return replace(call, function=value) if known else value
        if isinstance(value, syn.Call | syn.Functional | syn.Expect):
            return value
        if isinstance(value, Node):
            parts = {n: self._taken_at(getattr(value, n), call) for n in _open(value)}
            return replace(value, **parts)
        return tuple(self._taken_at(v, call) for v in value) if isinstance(value, tuple) else value


def _open(node: Node) -> Iterator[str]:
    """Yield the parts of a node in which a symbol stands for its value."""
    closed = {"function", "bound", "variable"}
    return (name for name in syn.parts_of(node) if name not in closed)


def _text(polynomial: Polynomial) -> str:
    # Without quotation marks, whose escapes would double with each level.
    terms = (
        f"{value}" + "".join(f"[{atom}]^{exponent}" for atom, exponent in monomial)
        for monomial, value in sorted(polynomial.items())
    )
    return f"({' + '.join(terms)})"


def _scale(polynomial: Polynomial, factor: Fraction) -> Polynomial:
    return {monomial: value * factor for monomial, value in polynomial.items()} if factor else {}


def _sum(polynomials: Iterable[Polynomial]) -> Polynomial:
    total: Polynomial = {}
    for polynomial in polynomials:
        for monomial, value in polynomial.items():
            total[monomial] = total.get(monomial, Fraction(0)) + value
    return {monomial: value for monomial, value in total.items() if value}


def _product(polynomials: Iterable[Polynomial]) -> Polynomial:
    result = _ONE
    for polynomial in polynomials:
        result = _sum(
            {_joined(a, b): x * y} for a, x in result.items() for b, y in polynomial.items()
        )
    return result


def _joined(left: Monomial, right: Monomial) -> Monomial:
    powers = dict(left)
    for atom, exponent in right:
        powers[atom] = powers.get(atom, Fraction(0)) + exponent
    return tuple(sorted((atom, exponent) for atom, exponent in powers.items() if exponent))


def _inverse(polynomial: Polynomial) -> Polynomial:
    return _power(polynomial, {(): Fraction(-1)})


def _positive(polynomial: Polynomial) -> tuple[Fraction, Polynomial]:
    """Split a polynomial into a sign and a polynomial whose first coefficient is positive."""
    if not polynomial:
        return Fraction(1), polynomial
    sign = Fraction(1 if min(polynomial.items())[1] > 0 else -1)
    return sign, _scale(polynomial, sign)


def _power(base: Polynomial, exponent: Polynomial) -> Polynomial:
    number = exponent.get((), Fraction(0)) if set(exponent) <= {()} else None
    if base == _ONE or number == 0:
        return _ONE
    if number is None or number.denominator != 1 or not base:
        return {((f"({_text(base)})^({_text(exponent)})", Fraction(1)),): Fraction(1)}
    if len(base) == 1:
        ((monomial, value),) = base.items()
        powers = tuple((atom, e * number) for atom, e in monomial)
        return {powers: value ** int(number)}
    if 0 < number <= 3:
        return _product([base] * int(number))
    sign, positive = _positive(base)
    return {((_text(positive), number),): sign ** int(number)}
