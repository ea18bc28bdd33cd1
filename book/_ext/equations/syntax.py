r"""From LaTeX to a tree, and back.

``\KL{p}{q} = \sum_x p(x) \log \frac{p(x)}{q(x)}`` becomes a :class:`Row`: its first side, then
pairs of a relation and the next side. A side is a tree of the node classes below, each of which
stands for one construction of the notation. The notation itself is in ``grammar.lark``.

A tree remembers where in the text each node began, so that a fault can be shown at its place.
Two trees are equal when they say the same, wherever they stood.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, cast

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError
from lark.lark import PostLex
from lark.tree import Meta
from lark.visitors import v_args

from equations import limits
from equations.macros import MACROS

# The mark of an inverse function, F^{-1}.
INVERSE = "^{-1}"
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Node:
    """A piece of a formula; ``at`` is where it begins in its text."""

    at: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Number(Node):
    """A number as it is written: ``2`` or ``0.5``."""

    text: str


@dataclass(frozen=True)
class Infinity(Node):
    r"""The symbol ``\infty``."""


@dataclass(frozen=True)
class Name(Node):
    r"""A symbol with its subscript, such as ``p``, ``p_X`` or ``\mu_1``."""

    base: str
    sub: str | None = None

    @cached_property
    def text(self) -> str:
        """The symbol as LaTeX."""
        if self.sub is None:
            return self.base
        single = len(self.sub) == 1 or re.fullmatch(r"\\[A-Za-z]+", self.sub)
        return f"{self.base}_{self.sub}" if single else f"{self.base}_{{{self.sub}}}"


@dataclass(frozen=True)
class Uniform(Node):
    r"""The uniform law ``\unif`` on the set that the context names."""


@dataclass(frozen=True)
class Slot(Node):
    r"""The dot in ``p(\cdot \mid x)``."""


@dataclass(frozen=True)
class Call(Node):
    r"""A value such as ``p(x, y)`` or ``p(y \mid x)``."""

    function: Name
    args: tuple[Node, ...]
    given: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Neg(Node):
    """The negative of something; in a sum, a term that is subtracted."""

    body: Node


@dataclass(frozen=True)
class Add(Node):
    """A sum of terms."""

    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Mul(Node):
    """A product of factors."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Frac(Node):
    """A quotient; ``slash`` tells how it is written."""

    top: Node
    bottom: Node
    slash: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Power(Node):
    """A power."""

    base: Node
    exponent: Node


@dataclass(frozen=True)
class Transpose(Node):
    r"""The transpose ``A^{\T}``."""

    body: Node


@dataclass(frozen=True)
class TensorPower(Node):
    r"""The product law ``p^{\otimes n}``."""

    body: Node
    exponent: Node


@dataclass(frozen=True)
class Outer(Node):
    r"""The product law of several laws, ``p_X \otimes p_Y``."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Root(Node):
    """A square root, or a root of another index."""

    body: Node
    index: Node | None = None


@dataclass(frozen=True)
class Log(Node):
    """A logarithm; without a base it is the natural one."""

    body: Node
    base: Node | None = None


@dataclass(frozen=True)
class Function(Node):
    """A named function: exp, tr, det, abs, ceil, floor, norm, max, min, binom, factorial."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Big(Node):
    r"""A sum, product, maximum or minimum over indices.

    ``lower`` and ``upper`` bound a single index that counts; ``condition`` restricts the indices.
    ``spaces`` holds what says where an index lies, such as ``x \in \mathcal{X}``.
    """

    operator: str
    bound: tuple[Name, ...]
    body: Node
    lower: Node | None = None
    upper: Node | None = None
    condition: Row | None = None
    spaces: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Expect(Node):
    r"""The expectation ``\E{x \sim p}{…}``; of a function without its argument, ``\E{p}{f}``."""

    bound: tuple[Name, ...]
    law: Node
    body: Node


@dataclass(frozen=True)
class Integral(Node):
    """An integral over an interval of the line, or over all of it."""

    variable: Name
    body: Node
    lower: Node | None = None
    upper: Node | None = None


@dataclass(frozen=True)
class Derivative(Node):
    """A derivative of some order with respect to a number."""

    variable: Name
    order: int
    body: Node


@dataclass(frozen=True)
class Gradient(Node):
    r"""The gradient ``\nabla_z`` with respect to a vector, or to a function on a finite set."""

    variable: Name
    body: Node


@dataclass(frozen=True)
class Limit(Node):
    r"""The limit of a formula as a number tends to a point, from one side or from both.

    ``side`` is ``+`` or ``-``, or empty.
    """

    variable: Name
    point: Node
    body: Node
    side: str = ""


@dataclass(frozen=True)
class ValueAt(Node):
    r"""A formula at a value of a number, ``\left. … \right|_{t = 0}``."""

    variable: Name
    point: Node
    body: Node


@dataclass(frozen=True)
class Indicator(Node):
    r"""The number 1 where a condition holds and 0 elsewhere, ``\mathbb{1}[x \ne y]``."""

    condition: Row


@dataclass(frozen=True)
class Tuple(Node):
    """Numbers in parentheses: a law on as many outcomes, or a vector."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Cases(Node):
    """Values by cases; the last case may have no condition."""

    cases: tuple[tuple[Node, Row | None], ...]


@dataclass(frozen=True)
class Argument(Node):
    r"""What stands in one pair of braces of a functional: ``Y \mid X`` or ``p``."""

    items: tuple[Node, ...]
    given: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Functional(Node):
    r"""A macro with arguments, such as ``\KL{p}{q}``."""

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Row(Node):
    """A chain ``first R side R side …``; without links it is a mere expression."""

    first: Node
    links: tuple[tuple[str, Node], ...] = ()

    @property
    def sides(self) -> tuple[Node, ...]:
        """All sides of the chain."""
        return (self.first, *(side for _, side in self.links))


class LatexError(ValueError):
    """A formula that cannot be read; shows its source with a caret at the place."""

    def __init__(self, message: str, text: str = "", at: int = 0) -> None:
        """Find the source line that holds the place."""
        before = text[:at]
        self.message = message
        self.text = text
        self.at = at
        self.line = before.count("\n")
        self.column = at - (before.rfind("\n") + 1)
        source = text.split("\n")[self.line] if text else ""
        shown = f"\n    {source}\n    {' ' * self.column}^" if source else ""
        super().__init__(message + shown)


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below a node."""
    for name in parts_of(node):
        yield from _nodes_in(getattr(node, name))


def parts_of(node: Node) -> tuple[str, ...]:
    """Return the names of the fields of a node that make up its meaning."""
    kind = type(node)
    if kind not in _PARTS:
        _PARTS[kind] = tuple(part.name for part in dataclasses.fields(kind) if part.compare)
    return _PARTS[kind]


_PARTS: dict[type, tuple[str, ...]] = {}


def _nodes_in(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes_in(item)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes below it."""
    yield node
    for child in children(node):
        yield from walk(child)


# ---------------------------------------------------------------------------------- reading

_SIZE = re.compile(r"\\left\s*|\\right\s*|\\[bB]igg?[lrm]?\s*")
_SCRIPT = re.compile(r"(?<!\\)_")
RELATIONS = {
    r"\coloneqq": ":=",
    r"\leq": r"\le",
    r"\leqslant": r"\le",
    r"\geq": r"\ge",
    r"\geqslant": r"\ge",
    r"\lt": "<",
    r"\gt": ">",
    r"\neq": r"\ne",
    r"\rightarrow": r"\to",
}
_FENCES = {r"\lceil": "ceil", r"\lfloor": "floor", r"\lvert": "abs", r"\lVert": "norm"}
_FENCES |= {"|": "abs", r"\|": "norm"}
_HINTS = {
    "|": r"write \abs{…} for an absolute value and \mid for a condition",
    "^": r"after a function a power can be read in two ways: write (\tr(A))^2 or \tr(A^2)",
    "UNDERSCORE": "this cannot carry a subscript",
    "RELATION": "one side of the relation is missing",
    "COMMAND": "this command is not part of the notation, nor in macros.toml",
}


@v_args(meta=True)
class _Builder(Transformer[Token, Node]):
    """Turns lark's tree into the nodes above; one method for each rule of the grammar."""

    def statement(self, _: Meta, parts: list[Any]) -> tuple[Row, ...]:
        rows: list[Row] = []
        for part in parts:
            if isinstance(part, Row):
                rows.append(part)
            else:
                rows[-1] = dataclasses.replace(rows[-1], links=rows[-1].links + part)
        return tuple(rows)

    def row(self, meta: Meta, parts: list[Any]) -> Row:
        *parts, approach = parts
        row = Row(parts[0], self.more(meta, parts[1:]), at=meta.start_pos)
        if approach is None:
            return row
        # `f(t) \to c \text{ as } t \to 0` says what the limit of f(t) is.
        variable, point, side = approach
        if [relation for relation, _ in row.links] != [r"\to"]:
            raise LatexError(r"write f(t) \to c \text{ as } t \to 0", at=meta.start_pos)
        limit = Limit(variable, point, row.first, side, at=meta.start_pos)
        return dataclasses.replace(row, first=limit, links=(("=", row.links[0][1]),))

    def more(self, _: Meta, parts: list[Any]) -> tuple[tuple[str, Node], ...]:
        relations = [RELATIONS.get(str(token), str(token)) for token in parts[::2]]
        return tuple(zip(relations, parts[1::2], strict=True))

    def approach(self, meta: Meta, parts: list[Any]) -> tuple[Name, Node, str]:
        name, relation, point, side = parts
        sides = {r"\to": "", r"\rightarrow": "", r"\downarrow": "+", r"\uparrow": "-"}
        if str(relation) not in sides:
            raise LatexError(r"a limit needs \to", at=meta.start_pos)
        written = re.sub(r"[^+-]", "", side or "")
        return _name(name), point, written or sides[str(relation)]

    def limit(self, meta: Meta, parts: list[Any]) -> Limit:
        (variable, point, side), body = parts
        return Limit(variable, point, body, side, at=meta.start_pos)

    def gradient(self, meta: Meta, parts: list[Any]) -> Gradient:
        variable, body = parts
        if not isinstance(variable, Name):
            raise LatexError("a gradient needs the name of a vector", at=meta.start_pos)
        return Gradient(variable, body, at=meta.start_pos)

    def value_at(self, meta: Meta, parts: list[Any]) -> ValueAt:
        body, closing, name, relation, point = parts
        if _FENCES.get(_SIZE.sub("", closing)) != "abs" or relation != "=":
            message = r"a value at a point is written \left. … \right|_{t = 0}"
            raise LatexError(message, at=meta.start_pos)
        return ValueAt(_name(name), point, body, at=meta.start_pos)

    def indicator(self, meta: Meta, parts: list[Any]) -> Indicator:
        if not parts[1].links:
            raise LatexError("an indicator needs a condition", at=meta.start_pos)
        return Indicator(parts[1], at=meta.start_pos)

    def signed(self, meta: Meta, parts: list[Any]) -> Node:
        sign, body = parts
        return Neg(body, at=meta.start_pos) if sign == "-" else cast("Node", body)

    def group(self, meta: Meta, parts: list[Node]) -> Node:
        # It begins at its bracket, and so not where its first part begins.
        return dataclasses.replace(parts[0], at=meta.start_pos)

    def add(self, meta: Meta, parts: list[Any]) -> Add:
        left, sign, right = parts
        term = Neg(right, at=right.at) if sign == "-" else right
        bare = isinstance(left, Add) and left.at == left.terms[0].at
        return Add((*(left.terms if bare else (left,)), term), at=meta.start_pos)

    def times(self, meta: Meta, parts: list[Node]) -> Mul:
        factors: list[Node] = []
        for part in parts:
            bare = isinstance(part, Mul) and part.at == part.factors[0].at
            factors += cast("Mul", part).factors if bare else (part,)
        return Mul(tuple(factors), at=meta.start_pos)

    def outer(self, meta: Meta, parts: list[Node]) -> Outer:
        left, right = parts
        factors = left.factors if isinstance(left, Outer) else (left,)
        return Outer((*factors, right), at=meta.start_pos)

    def slash(self, meta: Meta, parts: list[Node]) -> Frac:
        return Frac(parts[0], parts[1], slash=True, at=meta.start_pos)

    def power(self, meta: Meta, parts: list[Any]) -> Power:
        base, exponent = parts
        if isinstance(exponent, Token):
            exponent = Neg(Number("1"))
        return Power(base, exponent, at=meta.start_pos)

    def transpose(self, meta: Meta, parts: list[Node]) -> Transpose:
        return Transpose(parts[0], at=meta.start_pos)

    def tensor_power(self, meta: Meta, parts: list[Node]) -> TensorPower:
        return TensorPower(*parts, at=meta.start_pos)

    def factorial(self, meta: Meta, parts: list[Node]) -> Function:
        return Function("factorial", tuple(parts), at=meta.start_pos)

    def log(self, meta: Meta, parts: list[Any]) -> Log:
        base, body = parts
        return Log(body, base, at=meta.start_pos)

    def prefix(self, meta: Meta, parts: list[Any]) -> Function:
        name, body = parts
        name = re.sub(r"\\operatorname\s*\{(.*)\}", r"\1", name).lstrip("\\")
        return Function(name, (body,), at=meta.start_pos)

    def logbase(self, _: Meta, parts: list[Node]) -> Node:
        return parts[0]

    root = condition = logbase

    def big(self, meta: Meta, parts: list[Any]) -> Big:
        token, (indices, condition), upper, body = parts
        operator = token.lstrip("\\")
        bound: list[Name] = []
        lower = None
        spaces: list[Row] = []
        for index in indices:
            name = index.first
            ball = isinstance(name, Function) and name.name == "norm"
            if ball and isinstance(name.args[0], Name):
                name = name.args[0]
            if not isinstance(name, Name):
                raise LatexError("an index is a name", at=name.at)
            bound.append(name)
            relation = index.links[0][0] if len(index.links) == 1 else ""
            if ball or relation in {r"\in", r"\subseteq"}:
                spaces.append(index)
            elif relation == "=" and len(indices) == 1:
                lower = index.links[0][1]
            elif index.links:
                condition = index
        return Big(
            *(operator, tuple(bound), body, lower, upper, condition, tuple(spaces)),
            at=meta.start_pos,
        )

    def big_script(self, _: Meta, parts: list[Any]) -> tuple[list[Row], Row | None]:
        if isinstance(parts[0], Token):
            return [Row(_name(parts[0]), at=parts[0].start_pos or 0)], None
        return parts[:-1], parts[-1]

    def derivative(self, meta: Meta, parts: list[Any]) -> Derivative:
        token, body = parts
        match = re.search(r"(\\?[A-Za-z]+(?:_\{?\w\}?)?)\s*(?:\^\s*\{?(\d)\}?)?\s*\}$", token)
        head = re.search(r"\^\s*\{?(\d)\}?\s*\}\s*\{", token)
        _, *names = re.split(
            r"(?:\\partial|\\dd|\\mathrm\{d\})\s*",
            token.partition("}{")[2] or token.rpartition("{")[2],
        )
        if len(names) == 2:
            if head is None or head[1] != "2" or "^" in names[0] + names[1]:
                raise LatexError("the two orders of the derivative differ", at=meta.start_pos)
            outer, inner = (_parse_name(name.rstrip(" }\n"), meta.start_pos) for name in names)
            inside = Derivative(inner, 1, body, at=meta.start_pos)
            return Derivative(outer, 1, inside, at=meta.start_pos)
        if match is None or (head[1] if head else None) != match[2]:
            raise LatexError("the two orders of the derivative differ", at=meta.start_pos)
        order = int(match[2] or 1)
        return Derivative(_parse_name(match[1], meta.start_pos), order, body, at=meta.start_pos)

    def script(self, meta: Meta, parts: list[Any]) -> Node:
        return _single(parts[0]) if parts else Infinity(at=meta.start_pos)

    arg = script

    def number(self, meta: Meta, parts: list[Token]) -> Number:
        return Number(str(parts[0]), at=meta.start_pos)

    def name(self, _: Meta, parts: list[Token]) -> Name:
        return _name(parts[0])

    def infinity(self, meta: Meta, _: list[Node]) -> Infinity:
        return Infinity(at=meta.start_pos)

    def uniform(self, meta: Meta, _: list[Node]) -> Uniform:
        return Uniform(at=meta.start_pos)

    def slot(self, meta: Meta, _: list[Node]) -> Slot:
        return Slot(at=meta.start_pos)

    def fracdigits(self, meta: Meta, parts: list[Token]) -> Frac:
        top, bottom = re.findall(r"\d", parts[0])
        at = meta.start_pos
        return Frac(Number(top, at=at), Number(bottom, at=at), at=at)

    def frac(self, meta: Meta, parts: list[Node]) -> Frac:
        return Frac(parts[0], parts[1], at=meta.start_pos)

    def binom(self, meta: Meta, parts: list[Node]) -> Function:
        return Function("binom", tuple(parts), at=meta.start_pos)

    def sqrt(self, meta: Meta, parts: list[Any]) -> Root:
        index, body = parts
        return Root(body, index, at=meta.start_pos)

    def enclose(self, meta: Meta, parts: list[Any]) -> Function:
        token, body, order = parts
        return self._enclosed(token.lstrip("\\"), body, order, meta.start_pos)

    def _enclosed(self, name: str, body: Node, order: Node | None, at: int) -> Function:
        if order is None:
            return Function(name, (body,), at=at)
        if name != "norm":
            raise LatexError("this cannot carry a subscript", at=at)
        return Function(name, (body, order), at=at)

    def fences(self, meta: Meta, parts: list[Any]) -> Function:
        opening, body, closing, order = parts
        name = _FENCES[_SIZE.sub("", opening)]
        pair = _SIZE.sub("", closing)
        if _FENCES.get(pair.replace(r"\r", r"\l", 1)) != name:
            raise LatexError(f"{opening} is closed by {closing}", at=meta.start_pos)
        return self._enclosed(name, body, order, meta.start_pos)

    def extremum(self, meta: Meta, parts: list[Any]) -> Function:
        token, *args = parts
        return Function(token.lstrip("\\"), tuple(args), at=meta.start_pos)

    def vector(self, meta: Meta, parts: list[Node]) -> Tuple:
        return Tuple(tuple(parts), at=meta.start_pos)

    def call(self, meta: Meta, parts: list[Any]) -> Call:
        token, argument = parts
        for item in (*argument.items, *argument.given):
            if isinstance(item, Row) and not (item.links and item in argument.given):
                raise LatexError("a relation cannot be an argument here", at=item.at)
        return Call(_name(token), argument.items, argument.given, at=meta.start_pos)

    def call_inverse(self, meta: Meta, parts: list[Any]) -> Call:
        token, _, argument = parts
        called = self.call(meta, [token, argument])
        name = called.function
        return dataclasses.replace(
            called, function=dataclasses.replace(name, base=name.base + INVERSE)
        )

    def arguments(self, meta: Meta, parts: list[Any]) -> Argument:
        items, given = parts
        return Argument(items, given or (), at=meta.start_pos)

    def items(self, _: Meta, parts: list[Node]) -> tuple[Node, ...]:
        return tuple(
            part.first if isinstance(part, Row) and not part.links else part for part in parts
        )

    def functional(self, meta: Meta, parts: list[Any]) -> Functional:
        token, *arguments = parts
        name = token.lstrip("\\")
        wanted = MACROS[name].args
        if len(arguments) != wanted:
            message = f"{token} takes {wanted} arguments in braces, and here are {len(arguments)}"
            raise LatexError(message, at=meta.start_pos)
        return Functional(name, tuple(arguments), at=meta.start_pos)

    def bound(self, _: Meta, parts: list[Token]) -> tuple[Name, ...]:
        return tuple(_name(token) for token in parts)

    def draws(self, _: Meta, parts: list[Any]) -> tuple[tuple[Name, ...], Node]:
        return parts[0], parts[1]

    def expect(self, meta: Meta, parts: list[Any]) -> Expect:
        *laws, body = parts
        for drawn in reversed(laws):
            bound, measure = ((), drawn) if isinstance(drawn, Node) else drawn
            body = Expect(bound, measure, body, at=meta.start_pos)
        return cast("Expect", body)

    def mean_under(self, meta: Meta, parts: list[Any]) -> Expect:
        return Expect((), _name(parts[0]), parts[1], at=meta.start_pos)

    def integral(self, meta: Meta, parts: list[Any]) -> Integral:
        limits, body, variable = parts
        lower, upper = limits or (None, None)
        return Integral(_name(variable), body, lower, upper, at=meta.start_pos)

    def limits(self, _: Meta, parts: list[Node]) -> tuple[Node, ...]:
        return tuple(parts)

    def case(self, _: Meta, parts: list[Any]) -> tuple[Node, Row | None]:
        return parts[0], parts[1] if len(parts) > 1 else None

    def cases(self, meta: Meta, parts: list[Any]) -> Cases:
        return Cases(tuple(parts), at=meta.start_pos)


def _name(token: Token) -> Name:
    return _parse_name(str(token), token.start_pos or 0)


def _parse_name(text: str, at: int) -> Name:
    """Split a symbol at its subscript, and write accents and braces in one way."""
    text = re.sub(r"\s+(?![A-Za-z])|(?<![A-Za-z])\s+", "", text)
    text = re.sub(
        r"(\\(?:hat|bar|tilde|widehat|widetilde|overline|mathcal)) ?([A-Za-z])", r"\1{\2}", text
    )
    text = re.sub(r"\^\{?(\*|\\ast|\\star)\}?", "^*", text)
    base, mark, sub = text.partition("_")
    primes = re.search(r"'*$", sub)
    tail = primes[0] if primes else ""
    sub = sub.removesuffix(tail)
    if sub.startswith("{"):
        sub = sub[1:-1]
    return Name(base + tail, sub if mark else None, at=at)


def _single(part: Token | Node) -> Node:
    """Read an argument without braces, of which LaTeX takes one character only."""
    if isinstance(part, Node):
        return part
    if part.type == "NUMBER":
        if len(part) > 1:
            message = f"LaTeX takes only the first digit here: write {{{part}}}"
            raise LatexError(message, at=part.start_pos or 0)
        return Number(str(part), at=part.start_pos or 0)
    name = _name(part)
    if name.sub is not None:
        raise LatexError(f"write {{{part}}} here, in braces", at=part.start_pos or 0)
    return name


class _Bars(PostLex):
    """Tells of each bar whether it opens or closes: after an operand, an open one is closed."""

    always_accept = ("BAR",)
    _OPENING: ClassVar = {"LBRACE", "_LPAR", "_LSQB", "_LBRACE", "OPEN", "_LEFTDOT", "_BEGINCASES"}
    _CLOSING: ClassVar = {"RBRACE", "_RPAR", "_RSQB", "_RBRACE", "CLOSE", "_ENDCASES"}
    _OPERAND: ClassVar = {
        *("NAME", "FUNCTION", "NUMBER", "_INFTY", "_UNIFORM", "FRACDIGITS", "BANG", "_TRANSPOSE"),
        *("RBRACE", "_RPAR", "_RSQB", "_RBRACE", "CLOSE", "_ENDCASES"),
    }

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Replace the bars in a stream of tokens."""
        opened: list[Token] = []
        before = ""
        for token in stream:
            kind, bar = token.type, str(token)
            if kind == "BAR":
                bar = "norm" if bar.endswith((r"\|", "Vert")) else "abs"
                last = opened[-1] if opened else None
                closes = last is not None and last.type == "BAR" and before in self._OPERAND
                if closes and last is not None and last.value == bar:
                    opened.pop()
                    kind, text = "CLOSE", r"\rvert" if bar == "abs" else r"\rVert"
                else:
                    opened.append(token.update(value=bar))
                    kind, text = "OPEN", r"\lvert" if bar == "abs" else r"\lVert"
                token = Token.new_borrow_pos(kind, text, token)  # noqa: PLW2901  (it takes its place)
            elif kind in self._OPENING:
                opened.append(token)
            elif kind in self._CLOSING and opened:
                _check_closed(opened.pop())
            before = kind
            yield token
        for token in opened:
            _check_closed(token)


def _check_closed(opening: Token) -> None:
    if opening.type == "BAR":
        raise LatexError(f"this bar is not closed; {_HINTS['|']}", at=opening.start_pos or 0)


_TOO_DEEP = "this is nested too deeply; give parts of it a name with :where:"


def _not_too_deep(found: Any) -> Any:  # noqa: ANN401  (rows or a node)
    """Return what was read, if the functions that follow its parts one in the other can do so."""
    level = list(found) if isinstance(found, tuple) else [found]
    for _ in range(limits.NESTING):
        level = [child for node in level for child in children(node)]
        if not level:
            return found
    raise LatexError(_TOO_DEEP)


class _Reader:
    """The parser, with the names that the current setting declares."""

    def __init__(self) -> None:
        self._callables: Mapping[str, bool] = {}
        self._lark = Lark(
            (HERE / "grammar.lark").read_text(encoding="utf-8"),
            parser="lalr",
            lexer="basic",
            start=["statement", "sum"],
            propagate_positions=True,
            postlex=_Bars(),
            lexer_callbacks={"NAME": self._classify, "FUNCTIONAL": self._command},
        )
        self._builder = _Builder()

    def _classify(self, token: Token) -> Token:
        name = _name(token)
        takes = self._callables.get(name.text)
        if takes is None:
            # With an index letter, `z_j` is an entry of z, while `p_k` may be a law of a family.
            indexed = name.sub is not None and re.fullmatch(r"[a-z]", name.sub)
            takes = self._callables.get(f"{name.base}_" if indexed else name.base, False)
        if takes:
            token.type = "FUNCTION"
        return token

    def _command(self, token: Token) -> Token:
        macro = MACROS.get(token.lstrip("\\"))
        if macro is None or not macro.args:
            token.type = "COMMAND"
        return token

    def read(self, text: str, start: str, callables: Mapping[str, bool]) -> Any:  # noqa: ANN401  (rows or a node)
        found = optimised(text)
        self._callables = {**callables, **dict.fromkeys(found, True)} if found else callables
        try:
            return _not_too_deep(self._builder.transform(self._lark.parse(text, start)))
        except UnexpectedInput as error:
            raise self._explain(error, text, start) from None
        except RecursionError:
            raise LatexError(_TOO_DEEP, text) from None
        except LatexError as error:
            raise LatexError(error.message, text, error.at) from None
        except VisitError as error:
            inner = error.orig_exc
            if isinstance(inner, RecursionError):
                raise LatexError(_TOO_DEEP, text) from None
            if not isinstance(inner, LatexError):
                raise inner from None
            raise LatexError(inner.message, text, inner.at) from None

    def _explain(self, error: UnexpectedInput, text: str, start: str) -> LatexError:
        at = cast("int", error.pos_in_stream)
        if not isinstance(error, UnexpectedToken):
            kind, shown = "", text[at]
        elif error.token.type == "$END":
            kind, shown, at = "$END", "the end", len(text.rstrip())
        else:
            kind, shown = error.token.type, str(error.token)
        hint = _HINTS.get(shown) or _HINTS.get(kind, "")
        if kind == "COMMAND":
            near = difflib.get_close_matches(shown, _commands(), 1, 0.3)
            hint += f"; the nearest that is: {near[0]}" if near else ""
        message = f"cannot read on at {shown}" + (f": {hint}" if hint else "")
        readable = self._longest(text[:at], start)
        if readable:
            message += f". Up to here this can be read: {readable}"
        return LatexError(message, text, at)

    def _longest(self, text: str, start: str) -> str:
        """Return the longest beginning of a text that is itself a formula."""
        if len(text) > limits.REREAD_LENGTH:
            return ""
        ends = [match.start() for match in re.finditer(r"\s|$|(?<=\w)\W|\W", text)]
        for end in sorted(set(ends), reverse=True)[: limits.REREAD_TIMES]:
            try:
                self._lark.parse(text[:end], start)
            except (UnexpectedInput, LatexError):
                continue
            return " ".join(text[:end].split())
        return ""


_NAME = r"(\\?[A-Za-z]+(?:_(?:\{[^{}]*\}|[A-Za-z0-9]))?)"
_OPTIMISED = re.compile(
    r"\\(?:max|min|sup|inf)_\s*\{\s*(?:"
    rf"{_NAME}\s*\\in\s*(?:\\Pi(?![A-Za-z])|\\(?:mathrm|operatorname)\s*\{{Lip\}})"
    rf"|(?:\\norm\s*\{{|\\left\s*\\\||\\\||\\lVert)\s*{_NAME}\s*(?:\}}|\\|$))"
)


def optimised(text: str) -> list[str]:
    """Return the couplings and functions over which a formula takes a maximum or minimum."""
    names = (first or second for first, second in _OPTIMISED.findall(text))
    return [_parse_name(name, 0).text for name in names]


@cache
def _reader() -> _Reader:
    return _Reader()


@cache
def _commands() -> tuple[str, ...]:
    grammar = (HERE / "grammar.lark").read_text(encoding="utf-8")
    words: set[str] = set()
    for alternatives in re.findall(r"\\\\\(?([a-z|A-Z]+)", grammar):
        words.update(alternatives.split("|"))
    return tuple(sorted(f"\\{word}" for word in {*words, *MACROS} if len(word) > 1))


def parse(text: str, callables: Mapping[str, bool]) -> tuple[Row, ...]:
    """Read the rows of a statement.

    ``callables`` tells which names take arguments: ``p``, and ``p_`` for the members ``p_k`` of a
    family.
    """
    return cast("tuple[Row, ...]", _reader().read(text, "statement", callables))


def parse_sum(text: str, callables: Mapping[str, bool]) -> Node:
    """Read one expression."""
    return cast("Node", _reader().read(text, "sum", callables))


# --------------------------------------------------------------------------------- printing

_SUM, _TERM, _FACTOR, _BASE = range(4)
# What reaches to the end of its term.
_REACHING = Big | Derivative | Gradient | Limit


_PREFIXES = {"exp", "tr", "det", "diag", "softmax", "LSE"}


def latex(node: Node) -> str:
    """Write a tree as LaTeX that reads back as the same tree."""
    text: str = _PRINTERS[type(node)](node)
    return text


def _level(node: Node) -> int:
    if isinstance(node, Add | Neg | Row):
        return _SUM
    if isinstance(node, _REACHING | Mul | Outer) or (isinstance(node, Frac) and node.slash):
        return _TERM
    if isinstance(node, Log | Power | Transpose | TensorPower):
        return _FACTOR
    if isinstance(node, Function) and node.name in {*_PREFIXES, "factorial"}:
        return _FACTOR
    return _BASE


def _within(node: Node, level: int) -> str:
    text = latex(node)
    return text if _level(node) >= level else rf"\left( {text} \right)"


def _add(node: Add) -> str:
    first, *rest = node.terms
    text = latex(first) if isinstance(first, Neg) else _within(first, _TERM)
    for term in rest:
        sign, body = ("-", term.body) if isinstance(term, Neg) else ("+", term)
        text += f" {sign} {_within(body, _TERM)}"
    return text


def _mul(node: Mul) -> str:
    *front, last = node.factors
    texts = [_within(factor, _FACTOR) for factor in front]
    open_end = isinstance(last, _REACHING)
    texts.append(latex(last) if open_end else _within(last, _FACTOR))
    text = texts[0]
    for (before, _), (_, after) in pairwise(zip(node.factors, texts, strict=True)):
        bracket = isinstance(before, Name) and after.startswith((r"\left(", "("))
        text += (r" \cdot " if after[0].isdigit() or bracket else " ") + after
    return text


def _outer(node: Outer) -> str:
    return r" \otimes ".join(_within(factor, _FACTOR) for factor in node.factors)


def _frac(node: Frac) -> str:
    if node.slash:
        return f"{_within(node.top, _FACTOR)} / {_within(node.bottom, _FACTOR)}"
    return rf"\frac{{{latex(node.top)}}}{{{latex(node.bottom)}}}"


def _operand(node: Node) -> str:
    """Write the argument of a function such as a logarithm."""
    return f" {latex(node)}" if _level(node) == _BASE else rf" \left( {latex(node)} \right)"


def _log(node: Log) -> str:
    base = "" if node.base is None else f"_{{{latex(node.base)}}}"
    return rf"\log{base}{_operand(node.body)}"


def _function(node: Function) -> str:
    texts = [latex(arg) for arg in node.args]
    if node.name in {"abs", "ceil", "floor", "norm"}:
        return rf"\{node.name}{{{texts[0]}}}" + "".join(f"_{{{text}}}" for text in texts[1:])
    if node.name == "binom":
        return rf"\binom{{{texts[0]}}}{{{texts[1]}}}"
    if node.name == "factorial":
        return f"{_within(node.args[0], _BASE)}!"
    if node.name in {"max", "min", "sup", "inf"}:
        return rf"\{node.name}( {', '.join(texts)} )"
    return rf"\{node.name}{_operand(node.args[0])}"


def _big(node: Big) -> str:
    places = {_indexed(row).text: latex(row) for row in node.spaces}
    script = ", ".join(places.get(name.text, name.text) for name in node.bound)
    if node.lower is not None:
        script += f" = {latex(node.lower)}"
    if node.condition is not None:
        script += f" : {latex(node.condition)}"
    upper = "" if node.upper is None else f"^{{{latex(node.upper)}}}"
    return rf"\{node.operator}_{{{script}}}{upper} {_within(node.body, _TERM)}"


def _indexed(space: Row) -> Name:
    r"""Return the index that a row such as ``x \in \mathcal{X}`` places."""
    first = space.first.args[0] if isinstance(space.first, Function) else space.first
    return cast("Name", first)


def _expect(node: Expect) -> str:
    names = ", ".join(name.text for name in node.bound)
    drawn = rf"{names} \sim " if names else ""
    return rf"\E{{{drawn}{latex(node.law)}}}{{{latex(node.body)}}}"


def _limit(node: Limit) -> str:
    side = f"^{node.side}" if node.side else ""
    head = rf"\lim_{{{node.variable.text} \to {latex(node.point)}{side}}}"
    return f"{head} {_within(node.body, _TERM)}"


def _value_at(node: ValueAt) -> str:
    at = f"{node.variable.text} = {latex(node.point)}"
    return rf"\left. {latex(node.body)} \right|_{{{at}}}"


def _integral(node: Integral) -> str:
    limits = ""
    if node.lower is not None and node.upper is not None:
        limits = f"_{{{latex(node.lower)}}}^{{{latex(node.upper)}}}"
    return rf"\int{limits} {_within(node.body, _TERM)} \dd {node.variable.text}"


def _derivative(node: Derivative) -> str:
    order = f"^{node.order}" if node.order > 1 else ""
    head = rf"\frac{{\partial{order}}}{{\partial {node.variable.text}{order}}}"
    return f"{head} {_within(node.body, _TERM)}"


def _cases(node: Cases) -> str:
    lines = [
        latex(value) + (r" & \text{otherwise}" if row is None else rf" & \text{{if }} {latex(row)}")
        for value, row in node.cases
    ]
    return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"


def _arguments(items: tuple[Node, ...], given: tuple[Node, ...]) -> str:
    text = ", ".join(map(latex, items))
    return rf"{text} \mid {', '.join(map(latex, given))}" if given else text


def _row(node: Row) -> str:
    return latex(node.first) + "".join(f" {rel} {latex(side)}" for rel, side in node.links)


_PRINTERS: Mapping[type[Node], Any] = {
    Number: lambda node: node.text,
    Infinity: lambda _: r"\infty",
    Name: lambda node: node.text,
    Uniform: lambda _: r"\unif",
    Slot: lambda _: r"\cdot",
    Call: lambda node: f"{node.function.text}({_arguments(node.args, node.given)})",
    Neg: lambda node: f"-{_within(node.body, _TERM)}",
    Add: _add,
    Mul: _mul,
    Frac: _frac,
    Power: lambda node: f"{_within(node.base, _BASE)}^{{{latex(node.exponent)}}}",
    Transpose: lambda node: rf"{_within(node.body, _BASE)}^{{\T}}",
    TensorPower: lambda node: rf"{_within(node.body, _BASE)}^{{\otimes {latex(node.exponent)}}}",
    Outer: _outer,
    Root: lambda node: (
        rf"\sqrt{f'[{latex(node.index)}]' if node.index else ''}{{{latex(node.body)}}}"
    ),
    Log: _log,
    Function: _function,
    Big: _big,
    Expect: _expect,
    Integral: _integral,
    Derivative: _derivative,
    Gradient: lambda node: rf"\nabla_{{{node.variable.text}}} {_within(node.body, _TERM)}",
    Limit: _limit,
    ValueAt: _value_at,
    Indicator: lambda node: rf"\mathbf{{1}}[{latex(node.condition)}]",
    Tuple: lambda node: f"({', '.join(map(latex, node.items))})",
    Cases: _cases,
    Argument: lambda node: _arguments(node.items, node.given),
    Functional: lambda node: (
        rf"\{node.name}" + "".join(f"{{{latex(argument)}}}" for argument in node.arguments)
    ),
    Row: _row,
}
