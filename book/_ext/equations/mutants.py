r"""Wrong formulas made from right ones, to see whether the check would notice.

Each mutant changes one place of a formula: a sign, the order of the arguments of an asymmetric
functional, one law for another, a constant, numerator and denominator, a base; or a term or factor
is lost, or a relation reversed. A check that passes on the mutant as well would also pass on this
misprint, so every mutant has to fail.

Two kinds of mutants are not made: those that make no sense (a vector where a law must stand), and
those that say the same as the original, which :mod:`equations.algebra` recognises.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from equations import syntax as syn
from equations.algebra import Algebra
from equations.macros import MACROS
from equations.syntax import Node, Row

CONSTANTS: Mapping[str, tuple[str, ...]] = {
    "0": ("1",),
    "1": ("2",),
    "2": ("1", "3"),
    "0.5": ("1",),
}
REVERSED = {r"\le": r"\ge", r"\ge": r"\le", "<": ">", ">": "<"}
NEGATED = {"=": r"\ne", r"\ne": "=", r"\in": r"\notin", r"\notin": r"\in"}
STRICT = {r"\le": "<", r"\ge": ">"}
OTHER_FUNCTIONS = {"ceil": "floor", "max": "min", "sup": "inf"}
OTHER_FUNCTIONS |= {other: name for name, other in OTHER_FUNCTIONS.items()}

# Symbols that can be mistaken for each other: ``p`` and ``q``, or ``\sigma_1`` and ``\sigma_2``.
Groups = Sequence[Sequence[str]]


def mutants(
    row: Row,
    groups: Groups,
    laws: frozenset[str] = frozenset(),
    interchangeable: Groups = (),
) -> Iterator[Row]:
    """Yield each mutant of the sides of a row once.

    ``laws`` are the names that sum to one. A statement is about all ``p`` and ``q``, so it stays
    the same when symbols that are ``interchangeable`` are exchanged everywhere.
    """
    algebra = Algebra(laws)
    seen = {algebra.key(row)}
    for group in interchangeable:
        for order in itertools.permutations(group):
            seen.add(algebra.key(renamed(row, dict(zip(group, order, strict=True)))))
    for mutant in _rows(row, groups):
        key = algebra.key(mutant)
        if key not in seen:
            seen.add(key)
            yield mutant


def reversed_relations(row: Row) -> Iterator[Row]:
    """Yield the row with one inequality turned round."""
    for i, (relation, _) in enumerate(row.links):
        if relation in REVERSED:
            yield _with_relation(row, i, REVERSED[relation])


def strict_relations(row: Row) -> Iterator[tuple[int, Row]]:
    """Yield the row with one weak inequality made strict, and its number."""
    for i, (relation, _) in enumerate(row.links):
        if relation in STRICT:
            yield i, _with_relation(row, i, STRICT[relation])


def renamed(row: Row, names: Mapping[str, str]) -> Row:
    """Return a row with some symbols renamed, all at the same time."""

    def change(value: Any) -> Any:  # noqa: ANN401  (a field of any node)
        if isinstance(value, syn.Name):
            other = names.get(value.text)
            if other is not None:
                base, _, sub = other.partition("_")
                return replace(value, base=base, sub=sub.strip("{}") or None)
            return replace(value, base=names.get(value.base, value.base))
        if isinstance(value, Node):
            return replace(value, **{n: change(getattr(value, n)) for n in syn.parts_of(value)})
        if isinstance(value, tuple):
            return tuple(map(change, value))
        return value

    changed: Row = change(row)
    return changed


def _with_relation(row: Row, index: int, relation: str) -> Row:
    links = list(row.links)
    links[index] = (relation, links[index][1])
    return replace(row, links=tuple(links))


def _rows(row: Row, groups: Groups) -> Iterator[Row]:
    for i, side in enumerate(row.sides):
        for changed in changes(side, groups):
            if i == 0:
                yield replace(row, first=changed)
            else:
                links = list(row.links)
                links[i - 1] = (links[i - 1][0], changed)
                yield replace(row, links=tuple(links))


def changes(node: Node, groups: Groups) -> Iterator[Node]:
    """Yield the formula with one place changed, for each place and each change."""
    yield from _here(node, groups)
    for name in syn.parts_of(node):
        for changed in _inside(getattr(node, name), groups):
            yield replace(node, **{name: changed})


def _inside(value: Any, groups: Groups) -> Iterator[Any]:  # noqa: ANN401  (a field of any node)
    if isinstance(value, Row):
        yield from reversed_relations(value)
    if isinstance(value, Node):
        yield from changes(value, groups)
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            for changed in _inside(item, groups):
                yield (*value[:i], changed, *value[i + 1 :])


def _here(node: Node, groups: Groups) -> Iterator[Node]:  # noqa: C901, PLR0912  (one branch for each kind of node)
    if isinstance(node, syn.Number):
        for text in CONSTANTS.get(node.text, ("1",)):
            yield replace(node, text=text)
    elif isinstance(node, syn.Infinity):
        yield syn.Number("0")
    elif isinstance(node, syn.Name):
        yield from _other_names(node, groups)
    elif isinstance(node, syn.Neg):
        yield node.body
    elif isinstance(node, syn.Add):
        yield from _sums(node)
    elif isinstance(node, syn.Mul):
        for i in range(len(node.factors)):
            rest = node.factors[:i] + node.factors[i + 1 :]
            yield rest[0] if len(rest) == 1 else replace(node, factors=rest)
    elif isinstance(node, syn.Frac):
        yield replace(node, top=node.bottom, bottom=node.top)
        yield node.top
        if not isinstance(node.top, syn.Number):
            yield replace(node, top=syn.Number("1"))
    elif isinstance(node, syn.Power):
        yield node.base
    elif isinstance(node, syn.Root):
        yield node.body
    elif isinstance(node, syn.Log):
        yield node.body
        yield replace(node, base=syn.Number("2") if node.base is None else None)
    elif isinstance(node, syn.Function):
        yield from _functions(node)
    elif isinstance(node, syn.Big):
        if node.operator in OTHER_FUNCTIONS:
            yield replace(node, operator=OTHER_FUNCTIONS[node.operator])
    elif isinstance(node, syn.Call):
        yield from _calls(node, groups)
    elif isinstance(node, syn.Expect):
        yield from _expectations(node)
    elif isinstance(node, syn.Functional):
        yield from _functionals(node)
    elif isinstance(node, syn.Indicator):
        for i, (relation, _) in enumerate(node.condition.links):
            if relation in NEGATED:
                yield replace(node, condition=_with_relation(node.condition, i, NEGATED[relation]))


def _other_names(name: syn.Name, groups: Groups) -> Iterator[syn.Name]:
    for group in groups:
        mark = syn.INVERSE if name.base.endswith(syn.INVERSE) else ""
        plain = syn.Name(name.base.removesuffix(mark), name.sub).text
        if plain in group:
            for other in group:
                if other != plain:
                    base, _, sub = other.partition("_")
                    yield replace(name, base=base + mark, sub=sub.strip("{}") or None)
        elif name.sub is not None and name.base in group:
            for other in group:
                if other != name.base and "_" not in other:
                    yield replace(name, base=other)


def _sums(node: syn.Add) -> Iterator[Node]:
    for i, term in enumerate(node.terms):
        flipped = term.body if isinstance(term, syn.Neg) else syn.Neg(term)
        yield replace(node, terms=(*node.terms[:i], flipped, *node.terms[i + 1 :]))
        rest = (*node.terms[:i], *node.terms[i + 1 :])
        yield rest[0] if len(rest) == 1 else replace(node, terms=rest)


def _functions(node: syn.Function) -> Iterator[Node]:
    if node.name in OTHER_FUNCTIONS:
        yield replace(node, name=OTHER_FUNCTIONS[node.name])
    if len(node.args) == 1 and node.name != "factorial":
        yield node.args[0]
    elif node.name == "binom":
        yield replace(node, args=node.args[::-1])


def _calls(node: syn.Call, groups: Groups) -> Iterator[Node]:
    for other in _other_names(node.function, groups):
        yield replace(node, function=other)
    if node.function.base.endswith(syn.INVERSE):
        base = node.function.base.removesuffix(syn.INVERSE)
        yield replace(node, function=replace(node.function, base=base))
    if node.given:
        yield replace(node, args=node.given, given=node.args)
        yield replace(node, given=())


def _expectations(node: syn.Expect) -> Iterator[Node]:
    """Take the product of the marginals where the joint law is meant."""
    if len(node.bound) == 2 and isinstance(node.law, syn.Name) and node.law.sub is None:
        marginals = [syn.Name(node.law.base, name.text.upper()) for name in node.bound]
        yield replace(node, law=syn.Outer(tuple(marginals)))


def _functionals(node: syn.Functional) -> Iterator[Node]:
    macro = MACROS[node.name]
    arguments = node.arguments
    if len(arguments) >= 2 and not macro.symmetric and node.name not in {"normal", "Normal"}:
        yield replace(node, arguments=(*arguments[:-2], arguments[-1], arguments[-2]))
    for i, argument in enumerate(arguments):
        if argument.given:
            swapped = syn.Argument(argument.given, argument.items)
            for other in (swapped, syn.Argument(argument.items)):
                yield replace(node, arguments=(*arguments[:i], other, *arguments[i + 1 :]))
    other_unit = (
        node.name.removesuffix("bits") if node.name.endswith("bits") else f"{node.name}bits"
    )
    if other_unit in MACROS:
        yield replace(node, name=other_unit)
