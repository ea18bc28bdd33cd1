r"""What the symbols of an equation mean, and instances of it.

A setting is read from the option ``:for:``, phrases separated by semicolons, such as
``laws $p$, $q$ on a finite set; $\lambda \in [0, 1]$``. It draws instances: laws from Dirichlet
distributions of several concentrations, and the corners where formulas break: zeros, point
masses, equal laws, nearly equal laws, disjoint supports, uniform laws, independent or
deterministic joint laws, channels that lose nothing or everything, numbers at the ends of their
interval. Conditions of the equation (``:if:``) reject what they exclude; an equation whose
conditions reject everything was checked on nothing, and that is an error.

The generator is seeded by the id of the equation, so every run draws the same instances.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from equations import syntax as syn
from equations.draws import Rng, Symbol, draw, styles_at
from equations.evaluate import BUILT_IN, Evaluator, Notes
from equations.extended import Real, Undefined
from equations.values import Element, EvaluationError, Matrix, Table, Value

INSTANCES = 64
TRIES = 60


class SettingError(ValueError):
    """A phrase that the engine cannot read, or conditions that nothing satisfies."""


# ------------------------------------------------------------------------------- declarations


@dataclass(frozen=True)
class Instance:
    """One meaning of all symbols: their values, the sizes of the sets, how it was drawn."""

    values: Mapping[str, Value]
    sizes: Mapping[str, int]
    style: str

    def python(self) -> str:
        """Return the instance as Python that can be pasted."""
        lines = []
        for name, value in self.values.items():
            text = _python(value)
            if text is not None:
                lines.append(f"{ascii_name(name)} = {text}")
        return "\n".join(lines)


def _python(value: Value) -> str | None:
    if isinstance(value, Real):
        return repr(int(value.value) if value.value.is_integer() else value.value)
    if isinstance(value, Element):
        return str(value.index)
    if isinstance(value, Table | Matrix):
        flat = isinstance(value, Matrix) and value.vector
        values = value.values.ravel() if flat else value.values
        return f"np.array({values.tolist()!r})"
    return None


def ascii_name(name: str) -> str:
    r"""Return a symbol as a Python name: ``\mu_1`` is ``mu_1``, ``\lambda`` is ``lambda_``."""
    text = re.sub(r"\\(?:hat|bar|tilde|widehat|widetilde|overline)\{(.*?)\}", r"\1_hat", name)
    text = re.sub(r"[\\{} ]", "", text.replace("^*", "_star").replace("'", "_prime"))
    text = re.sub(r"\W", "_", text)
    return f"{text}_" if text in {"lambda", "is", "in"} else text


def _names(maths: Sequence[str]) -> list[syn.Name]:
    names = []
    for text in ",".join(maths).split(","):
        node = syn.parse_sum(text.strip(), {})
        if not isinstance(node, syn.Name):
            raise SettingError(f"${text.strip()}$ is no symbol")
        names.append(node)
    return names


def _applied(maths: Sequence[str]) -> Iterator[syn.Call]:
    """Read symbols with arguments such as ``p(x, y)`` or ``K(y \\mid x)``."""
    for text in re.findall(r"[^,(]+\([^)]*\)", ",".join(maths)):
        base = text.partition("(")[0].strip()
        node = syn.parse_sum(text.strip(), {base: True})
        if not isinstance(node, syn.Call):
            raise SettingError(f"${text}$ is no function with arguments")
        yield node


def _letters(nodes: Sequence[syn.Node]) -> tuple[str, ...]:
    return tuple(cast("syn.Name", node).text.upper() for node in nodes)


class Declarations:
    """The symbols that the phrases of ``:for:`` declare."""

    def __init__(self, text: str) -> None:
        """Read all phrases."""
        self.symbols: list[Symbol] = []
        for phrase in _split(text):
            self._read(phrase)

    def _read(self, phrase: str) -> None:
        maths = re.findall(r"\$([^$]*)\$", phrase)
        words = " ".join(re.sub(r"\$[^$]*\$", "@", phrase).split())
        words = re.sub(r"@(?:(?:,| and|, and) @)+", "@", words)
        if words == "@":
            for text in maths:
                self._numbers(text)
            return
        for pattern, reader in _PHRASES:
            if re.fullmatch(pattern, words):
                reader(self, maths, words)
                return
        if all(re.fullmatch(r"[\d.]+|\\[dt]?frac[\d{} ]+", text.strip()) for text in maths):
            return
        near = difflib.get_close_matches(words, [shown for shown, _ in _PHRASES], 1, 0.0)
        known = near[0].replace("@", "$…$").replace("?", "")
        raise SettingError(f"cannot read the phrase “{phrase}”; the nearest that can be read: {known}")

    def _add(self, names: Sequence[syn.Name], kind: str, *axes: str, **more: Any) -> None:  # noqa: ANN401  (fields of Symbol)
        for name in names:
            self.symbols.append(Symbol(name, kind, axes, **more))


    def laws(self, maths: Sequence[str], words: str) -> None:
        if "outcomes" in words:
            *maths, count = maths
            self._add(_names([count]), "size", "X")
        if words.startswith("weights"):
            weights, *maths = maths
            (weight,) = _names([weights])
            self._family([weight], "family weights")
        families = [name for name in _names(maths) if self._is_family(name)]
        self._family(families, "family laws", "X")
        self._add([name for name in _names(maths) if name not in families], "law", "X")

    def _is_family(self, name: syn.Name) -> bool:
        return name.sub is not None and name.sub.isalpha() and name.sub.islower() and len(name.sub) == 1

    def _family(self, names: Sequence[syn.Name], kind: str, *axes: str) -> None:
        for name in names:
            if not self._is_family(name):
                raise SettingError(f"{name.text} has no index letter")
            self._add([name], kind, cast("str", name.sub).upper(), *axes)

    def joint_laws(self, maths: Sequence[str], _: str) -> None:
        for call in _applied(maths):
            axes = _letters(call.args)
            self._add([call.function], "law", *axes)
            for axis in axes:
                if all(symbol.name.text != axis for symbol in self.symbols):
                    self._add([syn.Name(axis)], "variable", axis)

    def channels(self, maths: Sequence[str], _: str) -> None:
        for call in _applied(maths):
            given = _letters(call.given)
            self._add([call.function], "channel", *_letters(call.args), *given, given=given)

    def sub_probabilities(self, maths: Sequence[str], _: str) -> None:
        self._add(_names(maths), "sub-probability", "X")

    def measures(self, maths: Sequence[str], _: str) -> None:
        self._add(_names(maths), "measure", "X")

    def functions(self, maths: Sequence[str], _: str) -> None:
        self._add(_names(maths), "function", "X")

    def lengths(self, maths: Sequence[str], _: str) -> None:
        self._add(_names(maths), "lengths", "X")

    def weights(self, maths: Sequence[str], _: str) -> None:
        self._family(_names(maths), "family weights")

    def families(self, maths: Sequence[str], words: str) -> None:
        self._family(_names(maths), f"family {words.split()[0]}")

    def elements(self, maths: Sequence[str], words: str) -> None:
        names = _names([text.strip().strip("()") for text in maths])
        product = words.endswith("product")
        for name in names:
            self._add([name], "element", name.text.upper() if product else "X")

    def vectors(self, maths: Sequence[str], _: str) -> None:
        self._shaped(maths, "vector")

    def matrices(self, maths: Sequence[str], _: str) -> None:
        self._shaped(maths, "matrix")

    def _shaped(self, maths: Sequence[str], kind: str) -> None:
        for text in maths:
            left, _, space = text.partition(r"\in")
            found = re.search(r"\^\{?\s*([A-Za-z])", space)
            dimension = found[1] if found else "d"
            self._add(_names([left]), kind, dimension)
            if all(symbol.name.text != dimension for symbol in self.symbols):
                self._add([syn.Name(dimension)], "size", dimension)

    def _numbers(self, text: str) -> None:
        r"""Read ``s, t \in [0, 1]``, ``\sigma > 0`` or ``0 < s < 1``."""
        if r"\in" in text:
            left, _, right = text.partition(r"\in")
            space = right.strip()
            if re.fullmatch(r"\\R\^.*", space):
                kind = "matrix" if r"\times" in space else "vector"
                self._shaped([text], kind)
            elif space == r"\N":
                self._add(_names([left]), "integer", low=1, closed=(True, False))
            elif space == r"\R":
                self._add(_names([left]), "number")
            else:
                low, high, closed = _interval(space)
                self._add(_names([left]), "number", low=low, high=high, closed=closed)
            return
        parts = re.split(r"(\\leq?(?![a-z])|\\geq?(?![a-z])|<|>)", text)
        if len(parts) == 5:  # noqa: PLR2004  (low < names < high)
            low, first, names, second, high = parts
            closed = (first not in "<>", second not in "<>")
            self._add(_names([names]), "number", low=_constant(low), high=_constant(high), closed=closed)
        elif len(parts) == 3:  # noqa: PLR2004  (names > bound)
            names, relation, bound = parts
            above = relation in {">", r"\ge", r"\geq"}
            closed = (relation not in "<>" and above, relation not in "<>" and not above)
            limits = {"low": _constant(bound)} if above else {"high": _constant(bound)}
            self._add(_names([names]), "number", closed=closed, **limits)
        else:
            raise SettingError(f"cannot read ${text}$; write for example $t \\in [0, 1]$ or $t > 0$")


_SET = r" on (?:a|the same) finite set| on the same set"
_PHRASES: Sequence[tuple[str, Callable[[Declarations, Sequence[str], str], None]]] = (
    (rf"laws? @(?:{_SET})(?: with @ outcomes)?", Declarations.laws),
    (rf"weights @ and laws @(?:{_SET})", Declarations.laws),
    (r"joint laws? @ on a finite product", Declarations.joint_laws),
    (r"channels? @", Declarations.channels),
    (rf"sub-probabilit(?:y|ies) @(?:{_SET})", Declarations.sub_probabilities),
    (rf"positive measures? @(?:{_SET})", Declarations.measures),
    (rf"functions? @(?:{_SET})", Declarations.functions),
    (rf"prefix-code lengths @(?:{_SET})", Declarations.lengths),
    (r"weights @", Declarations.weights),
    (r"(?:non-negative|positive|real) numbers @", Declarations.families),
    (r"elements? @ of the (?:set|product)", Declarations.elements),
    (r"vectors? @", Declarations.vectors),
    (r"positive definite (?:matrix |matrices )?@", Declarations.matrices),
)


def _split(text: str) -> list[str]:
    """Split phrases at semicolons outside of mathematics."""
    pieces = re.split(r"(\$[^$]*\$)|;", text)
    phrases = [""]
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            phrases[-1] += piece
        elif piece is None:
            phrases.append("")
        else:
            phrases[-1] += piece
    return [phrase.strip() for phrase in phrases if phrase and phrase.strip()]


def _constant(text: str) -> float:
    return Evaluator({}, {}).number(syn.parse_sum(text, {})).value


def _interval(text: str) -> tuple[float, float, tuple[bool, bool]]:
    match = re.fullmatch(r"([(\[])(.*),(.*)([)\]])", text.strip())
    if match is None:
        raise SettingError(f"cannot read the set ${text}$; write for example $[0, 1]$ or $\\R$")
    opening, low, high, closing = match.groups()
    return _constant(low), _constant(high), (opening == "[", closing == "]")


class Setting:
    """The meaning of the symbols of one equation or derivation, and its instances."""

    def __init__(self, text: str, conditions: str = "", definitions: str = "") -> None:
        """Read the options ``:for:``, ``:if:`` and ``:where:``."""
        self.symbols = Declarations(text).symbols
        self.notes = Notes()
        self.callables: dict[str, bool] = {name: True for name in BUILT_IN}
        for symbol in self.symbols:
            self.callables[symbol.name.text] = symbol.kind in _CALLABLE
            if symbol.kind.startswith("family"):
                self.callables[symbol.key] = symbol.kind == "family laws"
                self.callables[symbol.name.text] = symbol.kind == "family laws"
        self.definitions = tuple(self._definition(item) for item in _mathematics(definitions))
        self.conditions = tuple(self._condition(item) for item in _mathematics(conditions))

    def _definition(self, text: str) -> syn.Row:
        """Read ``m := …``, and learn whether the new symbol takes arguments."""
        row = self.read_definition(text)
        self.learn(row.first, row.links[0][1])
        return row

    def read_definition(self, text: str) -> syn.Row:
        r"""Read ``f(x) := …``, where ``f`` need not be known yet."""
        head, _, _ = text.partition(":=")
        name = re.match(r"\s*([^(\s]+)\s*\(", head)
        callables = {**self.callables, **({name[1]: True} if name else {})}
        rows = syn.parse(text, callables)
        if len(rows) != 1 or len(rows[0].links) != 1 or rows[0].links[0][0] != ":=":
            raise SettingError(f"${text}$ defines nothing; write $m := …$")
        return rows[0]

    def learn(self, left: syn.Node, right: syn.Node) -> None:
        """Remember whether a symbol that is now defined takes arguments."""
        if isinstance(left, syn.Call):
            self.callables[left.function.text] = True
        elif isinstance(left, syn.Name):
            self.callables[left.text] = self._is_law(right)

    def _is_law(self, node: syn.Node) -> bool:
        """Return whether an expression is a law: a known law stands in it without arguments."""
        if isinstance(node, syn.Call):
            return any(isinstance(arg, syn.Slot) for arg in node.args)
        if isinstance(node, syn.Functional | syn.Expect):
            return False
        if isinstance(node, syn.Uniform | syn.Tuple | syn.TensorPower | syn.Outer):
            return True
        if isinstance(node, syn.Name):
            return self.takes_arguments(node)
        return any(self._is_law(child) for child in syn.children(node))

    def takes_arguments(self, name: syn.Name) -> bool:
        """Return whether a name is that of a law or a function."""
        return self.callables.get(name.text, self.callables.get(name.base, False))

    def _condition(self, text: str) -> syn.Row:
        (row,) = syn.parse(text, self.callables)
        if not row.links:
            raise SettingError(f"the condition ${text}$ is no relation")
        return row

    # ------------------------------------------------------------------ instances

    def seed(self, name: str) -> Rng:
        """Return the generator of an equation."""
        digest = hashlib.sha256(name.encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "little"))

    def instances(self, name: str, count: int = INSTANCES) -> list[Instance]:
        """Draw instances that satisfy the conditions."""
        if not any(symbol.kind != "variable" for symbol in self.symbols):
            return [Instance({}, {}, "no symbols")]
        rng = self.seed(name)
        found: list[Instance] = []
        for index in range(count * TRIES):
            styles = styles_at(index, rng)
            instance = Instance(*draw(self.symbols, rng, styles), str(styles))
            if self.admits(instance):
                found.append(instance)
                if len(found) == count:
                    return found
            if index > count * 8 and not found:
                break
        if not found:
            message = "vacuous: none of the instances drawn satisfies the conditions"
            raise SettingError(message)
        return found

    def admits(self, instance: Instance) -> bool:
        """Return whether an instance satisfies the conditions."""
        evaluator = Evaluator(instance.values, instance.sizes, self.notes)
        try:
            for row in self.definitions:
                evaluator.define(row.first, row.links[0][1])
        except Undefined:
            # The conditions may exclude this; if they do not, the check will tell.
            pass
        try:
            return all(self._satisfied(evaluator, row) for row in self.conditions)
        except Undefined:
            return False

    def evaluator(self, instance: Instance) -> Evaluator:
        """Return an evaluator that knows the instance and the abbreviations of ``:where:``."""
        evaluator = Evaluator(instance.values, instance.sizes, self.notes)
        for row in self.definitions:
            evaluator.define(row.first, row.links[0][1])
        return evaluator

    def _satisfied(self, evaluator: Evaluator, row: syn.Row) -> bool:
        """Test a condition; index letters that nothing declares run over all elements."""
        free = []
        for node in syn.walk(row):
            if isinstance(node, syn.Call):
                free += [
                    arg.text
                    for arg in (*node.args, *node.given)
                    if isinstance(arg, syn.Name) and arg.text not in evaluator.values
                ]
        free = sorted(set(free))
        ranges = []
        for name in free:
            axis = evaluator._axis_of(syn.Name(name), row)  # noqa: SLF001  (a friend)
            if axis is None:
                raise EvaluationError(f"the setting does not say what {name} is", row.at)
            ranges.append([Element(axis, i) for i in range(evaluator.sizes[axis])])
        return all(
            evaluator._with(dict(zip(free, point, strict=True)), lambda: evaluator.holds(row))  # noqa: SLF001
            for point in itertools.product(*ranges)
        )

_CALLABLE = {"law", "sub-probability", "measure", "function", "lengths", "channel", "family laws"}


def _mathematics(text: str) -> list[str]:
    return [item.strip() for item in re.findall(r"\$([^$]*)\$", text)]
