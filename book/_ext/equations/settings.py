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
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from equations import syntax as syn
from equations.draws import Sizes, Symbol, draw, styles_at, unusual
from equations.evaluate import BUILT_IN, CONSTANTS, Evaluator, Notes
from equations.extended import OutOfRange, Real, Undefined
from equations.generators import MARKS, Generator
from equations.values import Element, EvaluationError, Matrix, Table, Value, are_points

INSTANCES = 64
# How many instances are drawn for each that is wanted, before the conditions are given up.
TRIES = 60
HOPELESS = 8


class SettingError(ValueError):
    """A phrase that the engine cannot read, or conditions that nothing satisfies."""


class DefinitionError(syn.LatexError, SettingError):
    """Something in ``:for:``, ``:where:`` or ``:if:`` that makes no sense, with a caret."""


@dataclass(frozen=True)
class Instance:
    """One meaning of all symbols: their values, the sizes of the sets, how it was drawn."""

    values: Mapping[str, Value]
    sizes: Mapping[str, int]
    style: str

    def python(self) -> str:
        """Return the instance as Python that can be pasted."""
        lines = ((ascii_name(name), _python(value)) for name, value in self.values.items())
        return "\n".join(f"{name} = {text}" for name, text in lines if text)


def as_python(value: Value) -> Any:  # noqa: ANN401  (what the package takes)
    """Return a value as the package takes it."""
    if isinstance(value, Real):
        return value.value
    if isinstance(value, Table):
        return value.values
    if isinstance(value, Matrix):
        return value.values.ravel() if value.vector else value.values
    if isinstance(value, Element):
        return int(value.index)
    return value.name if isinstance(value, Generator) else value


def _python(value: Value) -> str:
    """Return a value as Python that can be pasted; nothing for what only has a meaning."""
    plain = as_python(value)
    if isinstance(plain, np.ndarray):
        return f"np.array({plain.tolist()!r})"
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    return repr(plain) if isinstance(plain, int | float | str) else ""


def ascii_name(name: str) -> str:
    r"""Return a symbol as a Python name: ``\mu_1`` is ``mu_1``, ``\lambda`` is ``lambda_``."""
    text = re.sub(r"\\(?:hat|bar|tilde|widehat|widetilde|overline)\{(.*?)\}", r"\1_hat", name)
    text = re.sub(r"[\\{} ]", "", text.replace("^*", "_star").replace("'", "_prime"))
    text = re.sub(r"\W", "_", text)
    return f"{text}_" if text in {"lambda", "is", "in"} else text


# ------------------------------------------------------------------------------- phrases


def declarations(text: str) -> list[Symbol]:
    """Return the symbols that the phrases of ``:for:`` declare."""
    found = _Declarations()
    for phrase in _split(text):
        found.read(phrase)
    return found.symbols


def _split(text: str) -> list[str]:
    """Split phrases at semicolons outside of mathematics."""
    phrases = re.findall(r"(?:\$[^$]*\$|[^;$])+", text)
    return [phrase.strip() for phrase in phrases if phrase.strip()]


def _names(maths: Sequence[str]) -> list[syn.Name]:
    names = []
    for text in ",".join(maths).split(","):
        node = syn.parse_sum(text.strip(), {})
        if not isinstance(node, syn.Name):
            raise SettingError(f"${text.strip()}$ is no symbol")
        names.append(node)
    return names


def _applied(maths: Sequence[str]) -> Iterator[syn.Call]:
    r"""Read symbols with arguments such as ``p(x, y)`` or ``K(y \mid x)``."""
    for text in re.findall(r"[^,(]+\([^)]*\)", ",".join(maths)):
        base = text.partition("(")[0].strip()
        yield cast("syn.Call", syn.parse_sum(text.strip(), {base: True}))


def _at_commas(text: str) -> list[str]:
    """Split at commas outside of brackets."""
    return re.findall(r"(?:\([^)]*\)|[^,(])+", text)


def _letters(nodes: Sequence[syn.Node]) -> tuple[str, ...]:
    return tuple(cast("syn.Name", node).text.upper() for node in nodes)


def _is_family(name: syn.Name) -> bool:
    return name.sub is not None and re.fullmatch(r"[a-z]", name.sub) is not None


def _constant(text: str) -> float:
    return Evaluator({}, {}).number(syn.parse_sum(text, {})).value


class _Declarations:
    """Collects the symbols that phrases declare; each method reads one sort of phrase."""

    def __init__(self) -> None:
        self.symbols: list[Symbol] = []

    def read(self, phrase: str) -> None:
        maths = re.findall(r"\$([^$]*)\$", phrase)
        words = " ".join(re.sub(r"\$[^$]*\$", "@", phrase).split())
        words = re.sub(r"@(?:(?:,| and|, and) @)+", "@", words)
        for pattern, reader in _PHRASES:
            if re.fullmatch(pattern, words):
                reader(self, maths, words)
                return
        fixed = [re.fullmatch(r"[\d.]+|\\[dt]?frac[\d{} ]+", text.strip()) for text in maths]
        if fixed and all(fixed):
            return  # A phrase about fixed numbers declares nothing.
        if not maths:
            raise DefinitionError(f"the phrase “{phrase}” names no symbol in $…$", phrase)
        near = difflib.get_close_matches(words, EXAMPLES, 1, 0.0)[0].replace("@", "$…$")
        message = f"cannot read the phrase “{phrase}”; the nearest that can be read is “{near}”"
        raise DefinitionError(message, phrase)

    def _add(self, names: Sequence[syn.Name], kind: str, *axes: str, **more: Any) -> None:  # noqa: ANN401  (fields of Symbol)
        for name in names:
            self.symbols.append(Symbol(name, kind, axes, **more))

    def _add_once(self, name: str, kind: str, axis: str) -> None:
        if all(symbol.name.text != name for symbol in self.symbols):
            self._add([syn.Name(name)], kind, axis)

    def laws(self, maths: Sequence[str], words: str) -> None:
        if "outcomes" in words:
            *maths, count = maths
            self._add(_names([count]), "size", "X")
        if words.startswith("weights"):
            self.weights(maths[:1], words)
            maths = maths[1:]
        for name in _names(maths):
            if _is_family(name):
                self._families([name], "family laws", "X")
            else:
                self._add([name], "law", "X")

    def joint_laws(self, maths: Sequence[str], _: str) -> None:
        for call in _applied(maths):
            axes = _letters(call.args)
            self._add([call.function], "law", *axes)
            for axis in axes:
                self._add_once(axis, "variable", axis)

    def channels(self, maths: Sequence[str], _: str) -> None:
        for call in _applied(maths):
            given = _letters(call.given)
            self._add([call.function], "channel", *_letters(call.args), *given, given=given)

    def on_the_set(self, maths: Sequence[str], words: str) -> None:
        kinds = {"sub": "sub-probability", "pos": "measure", "pre": "lengths"}
        kinds |= {"fun": "function", "log": "function"}
        self._add(_names(maths), kinds[words[:3]], "X")

    def on_pairs(self, maths: Sequence[str], words: str) -> None:
        """Read a distance, a cost or a kernel, with its arguments or without them."""
        kind = re.sub(r"s?\W.*", "", words)
        for text in _at_commas(",".join(maths)):
            name = _names([text.partition("(")[0]])
            self._add(name, kind, "X", "X")

    def on_points(self, maths: Sequence[str], words: str) -> None:
        *laws, points = _names(maths)
        axis = points.text.upper()
        self._add(laws, "law", axis)
        self._add([points], "points on the " + words.rpartition(" ")[2], axis)

    def distributions(self, maths: Sequence[str], _: str) -> None:
        names = _names(maths)
        functions, laws = names[: len(names) // 2], names[len(names) // 2 :]
        known = {symbol.name.text for symbol in self.symbols if symbol.kind == "law"}
        for function, law in zip(functions, laws, strict=False):
            if len(functions) != len(laws) or law.text not in known:
                raise SettingError(
                    "say “distribution functions $F$, $G$ of $p$, $q$” after the laws"
                )
            self._add([function], "distribution", given=(law.text,))

    def generators(self, maths: Sequence[str], words: str) -> None:
        kind = "generator" if words.startswith("gen") else "strict generator"
        self._add(_names(maths), kind)

    def couplings(self, maths: Sequence[str], _: str) -> None:
        *names, first, second = _names(maths)
        laws = {symbol.name.text: symbol for symbol in self.symbols if symbol.kind == "law"}
        if not names or not {first.text, second.text} <= set(laws):
            raise SettingError("say “coupling $…$ of $p$ and $q$” after the laws")
        axes = laws[first.text].axes + laws[second.text].axes
        if len(axes) != 2:
            raise SettingError("a coupling is that of two laws of one variable")
        self._add(names, "coupling", *axes, given=(first.text, second.text))

    def weights(self, maths: Sequence[str], _: str) -> None:
        self._families(_names(maths), "family weights")

    def numbers_with_index(self, maths: Sequence[str], words: str) -> None:
        first = words.split(maxsplit=1)[0]
        self._families(_names(maths), f"family {'real' if first == 'points' else first}")

    def _families(self, names: Sequence[syn.Name], kind: str, *axes: str) -> None:
        for name in names:
            if not _is_family(name):
                raise SettingError(f"${name.text}$ has no index letter")
            self._add([name], kind, cast("str", name.sub).upper(), *axes)

    def elements(self, maths: Sequence[str], words: str) -> None:
        for name in _names([text.strip().strip("()") for text in maths]):
            self._add([name], "element", name.text.upper() if "product" in words else "X")

    def vectors(self, maths: Sequence[str], words: str) -> None:
        kind = "vector" if words.startswith("vector") else "matrix"
        for text in maths:
            shape = re.search(r"\^\s*\{\s*([A-Za-z])\s*\\times\s*([A-Za-z])\s*\}", text)
            if re.fullmatch(r"matri(?:x|ces) @", words) and shape:
                self._add(_names([text.partition(r"\in")[0]]), "any matrix", shape[1], shape[2])
                self._add_once(shape[1], "size", shape[1])
                self._add_once(shape[2], "size", shape[2])
                continue
            names, _, space = text.partition(r"\in")
            found = re.search(r"\^\{?\s*([A-Za-z])", space)
            dimension = found[1] if found else "d"
            self._add(_names([names]), kind, dimension)
            self._add_once(dimension, "size", dimension)

    def numbers(self, maths: Sequence[str], _: str) -> None:
        r"""Read ``s, t \in [0, 1]``, ``\sigma > 0`` or ``0 < s < 1``."""
        for text in maths:
            parts = re.split(r"(\\in|\\leq?|\\geq?|<|>)(?![a-z])", text)
            if len(parts) == 5:
                low, first, names, second, high = parts
                self._between(names, _constant(low), _constant(high), (first, second))
            elif len(parts) != 3:
                message = f"cannot read ${text}$; write for example $t \\in [0, 1]$ or $t > 0$"
                raise SettingError(message)
            elif parts[1] == r"\in":
                self._element_of(parts[0], parts[2].strip())
            elif parts[1] in {">", r"\ge", r"\geq"}:
                self._between(parts[0], _constant(parts[2]), np.inf, (parts[1], "<"))
            else:
                self._between(parts[0], -np.inf, _constant(parts[2]), ("<", parts[1]))

    def _between(self, names: str, low: float, high: float, relations: tuple[str, str]) -> None:
        closed = (relations[0] not in "<>", relations[1] not in "<>")
        self._add(_names([names]), "number", low=low, high=high, closed=closed)

    def _element_of(self, names: str, space: str) -> None:
        interval = re.fullmatch(r"([(\[])(.*),(.*)([)\]])", space)
        if space == r"\N":
            self._add(_names([names]), "integer")
        elif space == r"\R":
            self._add(_names([names]), "number")
        elif space.startswith(r"\R^"):
            self.vectors([rf"{names} \in {space}"], "vector" if "times" not in space else "matrix")
        elif interval:
            relations = ("<=" if interval[1] == "[" else "<", "<=" if interval[4] == "]" else "<")
            self._between(names, _constant(interval[2]), _constant(interval[3]), relations)
        else:
            raise SettingError(f"cannot read the set ${space}$; write for example $[0, 1]$")


_SET = r"(?: on (?:a|the same) finite set| on the same set)"
_PHRASES: Sequence[tuple[str, Callable[[_Declarations, Sequence[str], str], None]]] = (
    (r"@", _Declarations.numbers),
    (rf"laws? @{_SET}(?: with @ outcomes)?", _Declarations.laws),
    (rf"weights @ and laws @{_SET}", _Declarations.laws),
    (r"joint laws? @ on a finite product", _Declarations.joint_laws),
    (r"channels? @", _Declarations.channels),
    (rf"sub-probabilit(?:y|ies) @{_SET}", _Declarations.on_the_set),
    (rf"positive measures? @{_SET}", _Declarations.on_the_set),
    (rf"functions? @{_SET}", _Declarations.on_the_set),
    (rf"logits @{_SET}", _Declarations.on_the_set),
    (rf"prefix-code lengths @{_SET}", _Declarations.on_the_set),
    (rf"(?:distance|cost|kernel)s? @{_SET}", _Declarations.on_pairs),
    (r"laws? @ on points @ of the (?:line|plane)", _Declarations.on_points),
    (r"distribution functions? @ of @", _Declarations.distributions),
    (r"couplings? @ of @", _Declarations.couplings),
    (r"(?:strictly convex |smooth )?generators? @", _Declarations.generators),
    (r"weights @", _Declarations.weights),
    (r"(?:non-negative|positive|real) numbers @", _Declarations.numbers_with_index),
    (r"points @ on the line", _Declarations.numbers_with_index),
    (r"elements? @ of the (?:set|product)", _Declarations.elements),
    (r"vectors? @", _Declarations.vectors),
    (r"matri(?:x|ces) @", _Declarations.vectors),
    (r"positive definite (?:matrix |matrices )?@", _Declarations.vectors),
)
# The phrases as an author writes them, for messages.
EXAMPLES = (
    "laws @ on a finite set",
    "laws @ on a finite set with @ outcomes",
    "weights @ and laws @ on a finite set",
    "joint law @ on a finite product",
    "channel @",
    "sub-probability @ on the same set",
    "positive measure @ on the same set",
    "function @ on the same set",
    "logits @ on the same set",
    "prefix-code lengths @ on the same set",
    "distance @ on the same set",
    "cost @ on the same set",
    "kernel @ on the same set",
    "laws @ on points @ of the line",
    "laws @ on points @ of the plane",
    "distribution functions @ of @",
    "coupling @ of @",
    "generator @",
    "strictly convex generator @",
    "weights @",
    "non-negative numbers @",
    "points @ on the line",
    "element @ of the set",
    "vectors @",
    "matrix @",
    "positive definite @",
)


# ------------------------------------------------------------------------------- settings


class Setting:
    """The meaning of the symbols of one equation or derivation, and its instances."""

    def __init__(self, text: str, conditions: str = "", definitions: str = "") -> None:
        """Read the options ``:for:``, ``:if:`` and ``:where:``."""
        self.text = text
        self.symbols = declarations(text)
        self.notes = Notes()
        # Which names take arguments, so that `p(x)` is a value and `a (x + 1)` a product.
        self.callables: dict[str, bool] = dict.fromkeys(BUILT_IN, True)
        for symbol in self.symbols:
            takes = symbol.kind in _CALLABLE
            self.callables |= {symbol.key: takes, symbol.name.text: takes}
            if symbol.kind.startswith("family"):
                self.callables[f"{symbol.key}_"] = takes
            if symbol.kind.endswith("generator"):
                base, sub = symbol.name.base, symbol.name.sub
                self.callables |= {syn.Name(base + mark, sub).text: True for mark in MARKS}
        # The text of each definition and condition, by the id of its row.
        self.sources: dict[int, str] = {}
        defined: dict[str, syn.Row] = {}
        for definition in _mathematics(definitions):
            row = self._placed(self._definition, definition)
            head = syn.latex(row.first)
            if head in defined:
                raise DefinitionError(f"{head} is defined twice", definition)
            defined[head] = row
        self.definitions: tuple[syn.Row, ...] = tuple(defined.values())
        found = _mathematics(conditions)
        self.conditions = tuple(self._placed(self._condition, item) for item in found)

    def _placed(self, read: Callable[[str], syn.Row], text: str) -> syn.Row:
        """Read a formula of an option, and remember its text, which errors show."""
        try:
            row = read(text)
        except SettingError as error:
            raise DefinitionError(str(error), text) from None
        self.sources[id(row)] = text
        return row

    def _definition(self, text: str) -> syn.Row:
        """Read ``m := …`` or ``f(x) := …``, and learn whether the new symbol takes arguments."""
        name = re.match(r"\s*([^(]+?)\s*\([^()]*\)\s*:=", text)
        callables = self.callables
        if name:
            new = syn.parse_sum(name[1], {})
            callables = {**callables, new.text if isinstance(new, syn.Name) else name[1]: True}
        rows = syn.parse(text, callables)
        if len(rows) != 1 or [relation for relation, _ in rows[0].links] != [":="]:
            raise SettingError(f"${text}$ defines nothing; write $m := …$")
        self.learn(rows[0].first, rows[0].links[0][1])
        return rows[0]

    def learn(self, left: syn.Node, right: syn.Node) -> None:
        """Remember whether a symbol that is now defined takes arguments; it must be a new one."""
        name = left.function if isinstance(left, syn.Call) else left
        if not isinstance(name, syn.Name):
            return
        families = {(s.key, s.axes[0].lower()) for s in self.symbols if s.kind.startswith("family")}
        declared = {text for s in self.symbols for text in (s.key, s.name.text)}
        if name.text in declared or (name.base, name.sub) in families:
            raise SettingError(f"{name.text} is declared in :for:, so it cannot be defined again")
        if name.text in CONSTANTS:
            raise SettingError(f"{name.text} is a constant, so it cannot be defined")
        self.callables[name.text] = isinstance(left, syn.Call) or self._is_law(right)

    def _is_law(self, node: syn.Node) -> bool:
        """Return whether an expression is a law: a known law stands in it without arguments."""
        if isinstance(node, syn.Call):
            return any(isinstance(arg, syn.Slot) for arg in node.args)
        if isinstance(node, syn.Functional | syn.Expect):
            return False
        if isinstance(node, syn.Uniform | syn.Tuple | syn.TensorPower | syn.Outer):
            return True
        if isinstance(node, syn.Name):
            return self.callables.get(node.text, self.callables.get(node.base, False))
        return any(self._is_law(child) for child in syn.children(node))

    def _condition(self, text: str) -> syn.Row:
        (row,) = syn.parse(text, self.callables)
        if not row.links:
            raise SettingError(f"the condition ${text}$ is no relation")
        return row

    # ------------------------------------------------------------------ instances

    def instances(
        self, name: str, count: int = INSTANCES, *, costly: bool = False
    ) -> list[Instance]:
        """Draw instances that satisfy the conditions; ``name`` seeds the generator.

        The last few are of unusual size.
        """
        if not self.symbols:
            return [Instance({}, {}, "no symbols")]
        digest = hashlib.sha256(name.encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
        others = np.random.default_rng(int.from_bytes(digest[8:16], "little"))
        large = self._unusual(unusual(self.symbols, costly=costly)[: count // 4], others)
        count -= len(large)
        found: list[Instance] = []
        for index in range(count * TRIES):
            styles = styles_at(index, rng)
            instance = Instance(*draw(self.symbols, rng, styles), str(styles))
            if self.admits(instance):
                found.append(instance)
            if len(found) == count or (index > HOPELESS * count and not found):
                break
        found += large
        if not found:
            raise SettingError("vacuous: no instance drawn satisfies the conditions")
        return found

    def _unusual(self, wanted: Sequence[Sizes], rng: np.random.Generator) -> list[Instance]:
        """Draw the instances of unusual size, as far as the conditions admit them."""
        found = []
        for sizes in wanted:
            for _ in range(TRIES):
                instance = Instance(*draw(self.symbols, rng, sizes.styles, sizes), sizes.name)
                if self.admits(instance):
                    found.append(instance)
                    break
        return found

    def declares(self, instance: Instance) -> bool:
        """Return whether laws are laws, and numbers lie where ``:for:`` says."""
        for symbol in self.symbols:
            value = instance.values.get(symbol.key)
            if symbol.kind == "number" and isinstance(value, Real):
                above = value.value >= symbol.low if symbol.closed[0] else value.value > symbol.low
                below = (
                    value.value <= symbol.high if symbol.closed[1] else value.value < symbol.high
                )
                if not (above and below):
                    return False
            if symbol.kind == "law" and isinstance(value, Table):
                laws = (value.values >= 0).all() and abs(value.values.sum() - 1) <= 1e-9
                if not laws:
                    return False
        return True

    def admits(self, instance: Instance) -> bool:
        """Return whether an instance satisfies the conditions."""
        evaluator = Evaluator(instance.values, instance.sizes, self.notes)
        # Where an abbreviation has no value, the conditions may exclude the instance; if they do
        # not, the check will tell.
        try:
            with suppress(Undefined):
                self._define(evaluator)
            return all(self._satisfied(evaluator, row) for row in self.conditions)
        except (OutOfRange, Undefined):
            return False

    def evaluator(self, instance: Instance) -> Evaluator:
        """Return an evaluator that knows the instance and the abbreviations of ``:where:``."""
        evaluator = Evaluator(instance.values, instance.sizes, self.notes)
        self._define(evaluator)
        return evaluator

    def _define(self, evaluator: Evaluator) -> None:
        for row in self.definitions:
            try:
                evaluator.define(row.first, row.links[0][1])
            except EvaluationError as error:
                raise self._nonsense(row, error) from None

    def _nonsense(self, row: syn.Row, error: EvaluationError) -> DefinitionError:
        message = f"in ${syn.latex(row)}$: {error.message}"
        return DefinitionError(message, self.sources.get(id(row), ""), error.at)

    def _satisfied(self, evaluator: Evaluator, row: syn.Row) -> bool:
        """Test a condition; index letters that nothing declares run over all elements."""
        calls = [node for node in syn.walk(row) if isinstance(node, syn.Call)]
        names = [arg for call in calls for arg in (*call.args, *call.given)]
        free = {name.text: name for name in names if isinstance(name, syn.Name)}
        # Where laws live on points x, a condition on x is about all of them.
        bound = {name: value for name, value in evaluator.values.items() if not are_points(value)}
        free = {text: name for text, name in free.items() if text not in bound}
        axes = [evaluator.axis_of(name, row) or "" for name in free.values()]
        if "" in axes:
            message = f"${syn.latex(row)}$: it is not said what the arguments are"
            raise DefinitionError(message, self.sources.get(id(row), ""))
        ranges = [[Element(axis, i) for i in range(evaluator.sizes[axis])] for axis in axes]
        try:
            return all(
                evaluator.bound_to(
                    dict(zip(free, point, strict=True)), lambda: evaluator.holds(row)
                )
                for point in itertools.product(*ranges)
            )
        except EvaluationError as error:
            raise self._nonsense(row, error) from None


_CALLABLE = {
    *("law", "sub-probability", "measure", "function", "lengths", "channel", "family laws"),
    *("distance", "cost", "kernel", "coupling", "generator", "strict generator", "distribution"),
}


def _mathematics(text: str) -> list[str]:
    words = re.sub(r"\$[^$]*\$|[;,.]|\band\b", " ", text).split()
    if words:
        # A word such as “or” would say to readers what the checks do not do.
        message = f"“{' '.join(words)}” cannot be read; give formulas in $…$, separated by “;”"
        raise SettingError(message)
    return [item.strip() for item in re.findall(r"\$([^$]*)\$", text)]
