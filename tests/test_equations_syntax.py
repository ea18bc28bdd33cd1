"""LaTeX is read as readers of mathematics read it, printed back, and faults are shown in place."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from equations import syntax as syn
from equations.evaluate import Evaluator
from equations.extended import OutOfRange, Real, Undefined
from equations.syntax import LatexError, latex, parse, parse_sum
from equations.values import Matrix, Value, Variable, exact, law

CALLABLES = {
    "D^*": True,
    "p": True,
    "p_": True,
    "q": True,
    "K": True,
    "r": True,
    "T": True,
    "w": False,
    "g": True,
}


def read(text: str) -> syn.Node:
    return parse_sum(text, CALLABLES)


ROUND_TRIPS = (
    r"\KL{p}{q} := \sum_{x} p(x) \log \frac{p(x)}{q(x)}",
    r"\H{Y \mid X = x} = -\sum_{y} p(y \mid x) \log p(y \mid x) \le \log n",
    r"\int_{-\infty}^{\infty} \normal{x}{\mu}{\sigma^{2}} \log x \dd x = 0",
    r"\left( \mu_2 - \mu_1 \right)^{\T} \Sigma_2^{-1} \left( \mu_2 - \mu_1 \right) > 0",
    r"\sum_{i = 1}^{n} a_i \ne \prod_{i} a_i",
    r"\abs{a} + \max( a, b ) + \ceil{-\log_{2} p(x)} - \floor{b} < \norm{a}",
    r"\begin{cases} a & \text{if } p(x) > 0 \\ b & \text{otherwise} \end{cases} = c",
    r"\KL{p K}{q K} \le \KL{p}{q}",
    r"\frac{\partial^2}{\partial t^2} \h{t} = \frac{\partial}{\partial t} \log t",
    r"p^{\otimes n} = p \otimes p",
    r"\E{x, y \sim p}{\log p(x, y)} = \binom{n}{k} k!",
    r"\log \left( b^{\log_{b} t} \right) = \exp \left( a + b \right)",
    r"\sum_{x : q(x) > 0} q(x) = \max_{x} p(x)",
    r"\KL{p(\cdot \mid x)}{\unif} = \sqrt[3]{a} \sqrt{b}",
    r"\frac{a}{b} \cdot 2 = a / b",
    r"\H{(t, 1 - t)} = \tr A \det A",
    r"p \cdot \left( a + b \right) = 2",
    r"\Renyi{\infty}{p}{q} = \hat{p}_n + D^*_\theta(x) + f'",
    r"\frac{\partial}{\partial t} \sum_{x} p(x) t = 1",
    r"\int \normal{s}{0}{1} \dd s = 1",
    r"\E{x \sim p}{\E{p}{\log q}} = \abs{a - \abs{b}} + \norm{v}_{\infty} + \norm{A}_{2}",
    r"\lim_{t \to \infty} \frac{1}{t} + \lim_{t \to 0^+} t \log t - \lim_{t \to a^-} \sum_{x} t",
    r"\left. \frac{\partial}{\partial t} \nabla_{z} \LSE \left( z / t \right) \right|_{t = a} = 0",
    r"\mathbf{1}[x \ne y] \softmax z + \mathbf{1}[x \in A] = \diag v",
    r"\max_{A \subseteq \mathcal{X}} \sum_{x \in A} p(x) = \sum_{x \in \mathcal{X}, y : x \ne y} a",
    r"K^{-1}(t) + f^{-1} = p^{-1} - a^{-1} \left( a + b \right)",
    r"\left( \lim_{t \to 0} t \right)^{2} \left( \nabla_{z} a \right)^{\T}",
    r"\max_{\norm{f}_{\infty} \le 1} a = \min_{\gamma \in \Pi \cdot \left( a + b \right)} 1",
    r"\left( \log t \right)^{2} \left( -1 \right) = \left( a / b \right)^{2}",
)


@pytest.mark.parametrize("text", ROUND_TRIPS)
def test_what_is_printed_reads_back_as_the_same(text: str) -> None:
    rows = parse(text, CALLABLES)
    printed = r" \\ ".join(map(latex, rows))
    assert printed == text
    assert parse(printed, CALLABLES) == rows


SAME = (
    (r"\frac12", r"\frac{1}{2}"),
    (r"\tfrac 12 a", r"\dfrac{1}{2} a"),
    (r"\frac ab", r"\frac{a}{b}"),
    (r"\left( a + b \right) c", r"\bigl(a+b\bigr)\,c"),
    (r"\left[ a \right] \{ b \}", "(a) (b)"),
    (r"a \times b", r"a \cdot b"),
    (r"\left| a \right|", r"\abs{a}"),
    (r"\lvert a \rvert", r"\abs{a}"),
    (r"\left\| a \right\|", r"\norm{a}"),
    (r"\lVert a \rVert", r"\norm{a}"),
    (r"\left\lceil a \right\rceil", r"\ceil{a}"),
    (r"\lfloor a \rfloor", r"\floor{a}"),
    (r"\ln a", r"\log a"),
    (r"A^\T", r"A^{\T}"),
    (r"A^{\top}", r"A^{\T}"),
    (r"\mu_{1}", r"\mu_1"),
    (r"\hat p_n", r"\hat{p}_n"),
    (r"D^{*}", "D^*"),
    (r"+a", "a"),
    (r"\E{(x, y) \sim p}{1}", r"\E{x, y \sim p}{1}"),
    (r"\sum_x p(x)", r"\sum_{x} p(x)"),
    (r"\max\{a, b\}", r"\max(a, b)"),
    (r"\frac{\dd}{\dd t} t", r"\frac{\partial}{\partial t} t"),
    (r"\log t^2", r"\log (t^2)"),
    (r"\log (t)^2", r"\log (t^2)"),
    (r"\log_2 t", r"\log_{2} t"),
    ("a & b % a comment", "a b"),
    (r"\sum_{x \ne y} p(x)", r"\sum_{x : x \ne y} p(x)"),
    (r"(p \otimes q) \otimes r", r"p \otimes q \otimes r"),
    (r"|a - |b|| c", r"\abs{a - \abs{b}} c"),
    (r"|a| |b| \bigl| c \bigr|", r"\abs{a} \abs{b} \abs{c}"),
    (r"\log |a + b|", r"\log \abs{a + b}"),
    (r"\| a \| \Vert b \Vert", r"\norm{a} \norm{b}"),
    (r"\left\| A \right\|_2", r"\norm{A}_2"),
    (r"\mathbb{E}_{x \sim p}[a]", r"\E{x \sim p}{a}"),
    (r"\mathbb{E}_{x \sim p, y \sim q} \left[ a \right]", r"\E{x \sim p}{\E{y \sim q}{a}}"),
    (r"\mathbb E_p[\log q]", r"\E{p}{\log q}"),
    (r"\mathbb{E}_{p}\{a\}", r"\E{p}{a}"),
    (r"\mathbb{1}_{x \ne y}", r"\mathbf{1}[x \ne y]"),
    (r"\mathbf{1}\{x \ne y\}", r"\mathbb{1}[x \ne y]"),
    (r"\operatorname{softmax}(z)", r"\softmax z"),
    (r"\operatorname{LSE}(z)", r"\LSE(z)"),
    (r"\operatorname{diag}(v)", r"\diag v"),
    (r"\lim_{t \downarrow 0} t", r"\lim_{t \to 0^{+}} t"),
    (r"\lim_{t \uparrow 0} t", r"\lim_{t \rightarrow 0^-} t"),
    (
        r"\frac{\partial^2}{\partial z_i \partial z_j} a",
        r"\frac{\partial}{\partial z_i} \frac{\partial}{\partial z_j} a",
    ),
    (r"\sum_{x \in \mathcal X} p(x)", r"\sum_{x \in \mathcal{X}} p(x)"),
)


@pytest.mark.parametrize(("left", "right"), SAME)
def test_two_spellings_mean_the_same(left: str, right: str) -> None:
    assert read(left) == read(right)


def test_relations_have_one_spelling() -> None:
    (row,) = parse(r"a \coloneqq b \leq c \geq d \neq e \lt f \gt g \leqslant h", {})
    assert [relation for relation, _ in row.links] == [
        *(":=", r"\le", r"\ge", r"\ne", "<", ">", r"\le")
    ]
    assert len(row.sides) == 8


def test_rows_are_separated_by_a_double_backslash() -> None:
    rows = parse("a = b \\\\[2pt]\n c < d \\\\", {})
    assert [latex(row) for row in rows] == ["a = b", "c < d"]
    assert rows[1].first.at == 15


def test_rows_go_on_and_end_as_they_are_shown() -> None:
    text = "\\begin{aligned}\na &= b \\\\\n&\\le c \\\\[2pt] d &= e\n\\end{aligned}"
    assert [latex(row) for row in parse(text, {})] == [r"a = b \le c", "d = e"]
    rows = parse("\n\na = b\n\n c = d \n  \n\n= e\n", {})
    assert [latex(row) for row in rows] == ["a = b", "c = d = e"]


def test_an_arrow_with_a_point_is_a_limit() -> None:
    (row,) = parse(r"t \log t \to 0 \quad \text{as } t \to 0^+", {})
    assert latex(row) == r"\lim_{t \to 0^+} t \log t = 0"


def test_an_index_letter_takes_an_entry_or_a_member() -> None:
    assert isinstance(parse_sum("z_j (a)", {"z": True}), syn.Mul)
    assert isinstance(parse_sum("p_k (a)", {"p": True, "p_": True}), syn.Call)
    assert isinstance(parse_sum("p_k (a)", {"p": True, "p_k": True}), syn.Call)


def test_brackets_are_kept() -> None:
    for text in ("(a b) c", "a (b c)", "(a + b) + c", "a + (b + c)", r"a \cdot (b c)"):
        node = read(text)
        assert any(isinstance(part, type(node)) for part in syn.children(node))
        assert parse_sum(latex(node), {}) == node
    assert read(r"a b \cdot c d") == syn.Mul(tuple(map(syn.Name, "abcd")))


def test_a_declared_function_takes_arguments_and_a_number_multiplies() -> None:
    assert isinstance(read("p(x)"), syn.Call)
    assert isinstance(read("a (x)"), syn.Mul)
    assert isinstance(read("p_k(x)"), syn.Call)
    assert isinstance(parse_sum("p_1 (x)", {"p": True, "p_1": False}), syn.Mul)


def test_a_sum_reaches_to_the_end_of_its_term() -> None:
    node = read(r"2 \sum_x p(x) \cdot a / b + c")
    assert isinstance(node, syn.Add)
    first, last = node.terms
    assert isinstance(first, syn.Mul)
    assert isinstance(first.factors[1], syn.Big)
    assert last == syn.Name("c")


def test_a_logarithm_may_apply_to_a_sum() -> None:
    assert read(r"\log \sum_x p(x)") == read(r"\log (\sum_x p(x))")
    assert read(r"\exp \log \frac{a}{b}") == read(r"\exp(\log(\frac{a}{b}))")


def test_an_index_knows_its_bounds() -> None:
    node = read(r"\sum_{k=0}^{n} a")
    assert isinstance(node, syn.Big)
    assert (node.lower, node.upper) == (syn.Number("0"), syn.Name("n"))


FAULTS = (
    (r"\tr(A)^2", "can be read in two ways", 6),
    ("a + |b", r"this bar is not closed; write \abs{…}", 4),
    ("p(x | y)", r"\mid for a condition", 4),
    (r"\nabla_2 a", "the name of a vector", 0),
    (r"\lim_{t = 0} a", r"a limit needs \to", 6),
    (r"a \le b \text{ as } t \to 0", r"write f(t) \to c", 0),
    (r"\mathbf{1}[a]", "an indicator needs a condition", 0),
    (r"\abs{a}_2", "cannot carry a subscript", 0),
    (r"\left. a \right\|_{t = 0}", "a value at a point is written", 0),
    (r"\frac{\partial}{\partial s \partial t} a", "the two orders", 0),
    (r"\KLD{p}{q}", r"the nearest that is: \KL", 0),
    (r"\foo", "not part of the notation", 0),
    ("x^23", "only the first digit", 2),
    ("x^a_1", "in braces", 2),
    ("a / b c", "Up to here this can be read: a / b", 6),
    ("a =", "Up to here this can be read: a", 3),
    ("= a", "one side of the relation is missing", 0),
    (r"\KL{p}", r"\KL takes 2 arguments in braces, and here are 1", 0),
    (r"\sum_{2} a", "an index is a name", 6),
    (r"\lceil a \rfloor", "is closed by", 0),
    (r"\frac{\partial^2}{\partial t} t", "the two orders", 0),
    (r"p(x = 1)", "a relation cannot be an argument", 2),
    ("a + ?", "cannot read on at ?", 4),
    (r"\sum_x", "cannot read on at the end", 6),
    ("a_b_c", "cannot carry a subscript", 3),
)


@pytest.mark.parametrize(("text", "message", "column"), FAULTS)
def test_a_fault_is_explained_at_its_place(text: str, message: str, column: int) -> None:
    with pytest.raises(LatexError) as caught:
        parse(text, CALLABLES)
    error = caught.value
    assert message in str(error)
    assert (error.line, error.column) == (0, column)
    assert str(error).endswith(f"\n    {text}\n    {' ' * column}^")


def test_a_fault_on_the_second_line_shows_that_line() -> None:
    with pytest.raises(LatexError) as caught:
        parse("a = b \\\\\nc + = d", {})
    assert (caught.value.line, caught.value.column) == (1, 4)
    assert str(caught.value).endswith("\n    c + = d\n        ^")


def test_an_error_without_source_is_just_its_message() -> None:
    assert str(LatexError("wrong")) == "wrong"


def test_every_kind_of_node_can_be_printed() -> None:
    seen = {
        type(node)
        for text in ROUND_TRIPS
        for row in parse(text, CALLABLES)
        for node in syn.walk(row)
    }
    assert kinds_of_nodes() == seen


# ------------------------------------------------------------------ random expressions

NUMBERS = st.sampled_from(["0", "1", "2", "3", "0.5", "1.25"]).map(syn.Number)
SYMBOLS = st.sampled_from(["a", "b", r"\lambda"]).map(syn.Name)
LAWS = st.sampled_from(["p", "q"]).map(syn.Name)
ELEMENT = syn.Name("x")
P, Q, TWO = syn.Name("p"), syn.Name("q"), st.sampled_from([syn.Number("1"), syn.Number("2")])
VALUES = st.builds(lambda law_: syn.Call(law_, (ELEMENT,)), LAWS)


def _divergence(left: syn.Node, right: syn.Node) -> syn.Node:
    return syn.Functional("KL", (syn.Argument((left,)), syn.Argument((right,))))


# What takes a while to evaluate, or cannot stand around any formula: each with small parts only.
A, V, ONE, JOINT = syn.Name("a"), syn.Name("v"), syn.Number("1"), syn.Name("j")
SMALL = st.builds(lambda left, right: syn.Add((left, syn.Mul((A, right)))), SYMBOLS, SYMBOLS)
SCALAR = syn.Mul((syn.Transpose(V), V))
SPECIAL = st.one_of(
    st.builds(lambda body: syn.Derivative(A, 1, body), SMALL),
    st.builds(lambda body: syn.Derivative(A, 2, syn.Function("exp", (body,))), SMALL),
    st.builds(lambda body: syn.Integral(A, body, syn.Number("0"), ONE), SMALL),
    st.builds(lambda body, side: syn.Limit(A, ONE, body, side), SMALL, st.sampled_from("+-")),
    st.builds(
        lambda body: syn.Function("norm", (syn.Gradient(V, syn.Mul((body, SCALAR))),)), SYMBOLS
    ),
    st.builds(lambda factor: syn.Mul((factor, syn.Transpose(V), V)), NUMBERS),
    st.builds(lambda power: _divergence(*(syn.TensorPower(law_, power) for law_ in (P, Q))), TWO),
    st.builds(
        lambda one, two: _divergence(syn.Outer((one, two)), syn.Outer((two, one))), LAWS, LAWS
    ),
    st.builds(lambda law_: _divergence(law_, syn.Uniform()), LAWS),
    st.builds(
        lambda law_: _divergence(law_, syn.Tuple(tuple(map(syn.Number, ("0.5", "0.25", "0.25"))))),
        LAWS,
    ),
    st.just(_divergence(syn.Call(JOINT, (syn.Slot(),), (ELEMENT,)), syn.Name("j", "Y"))),
    st.builds(
        lambda first, second: syn.Cases(
            ((first, syn.Row(ELEMENT, (("=", ONE),))), (second, None)),
        ),
        SMALL,
        SMALL,
    ),
    st.just(syn.Functional("H", (syn.Argument((syn.Name("Y"),), (syn.Name("X"),)),))),
)
PLACE = syn.Row(ELEMENT, ((r"\in", syn.Name(r"\mathcal{X}")),))


def _logits(node: syn.Node, name: str) -> syn.Node:
    """Return a function of the logits T(x) times a number."""
    return syn.Function(name, (syn.Mul((node, syn.Name("T"))),))


def _extend(inner: st.SearchStrategy[syn.Node]) -> st.SearchStrategy[syn.Node]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    terms = st.one_of(inner, st.builds(syn.Neg, inner))
    positive = st.builds(lambda node: syn.Function("abs", (node,)), inner)
    return st.one_of(
        st.lists(terms, min_size=2, max_size=3).map(lambda parts: syn.Add(tuple(parts))),
        st.builds(syn.Mul, several),
        st.builds(syn.Neg, inner),
        st.builds(syn.Frac, inner, inner, st.booleans()),
        st.builds(syn.Power, inner, NUMBERS),
        st.builds(syn.Root, positive, st.none() | NUMBERS),
        st.builds(syn.Log, positive, st.none() | NUMBERS),
        st.builds(
            lambda name, node: syn.Function(name, (node,)),
            st.sampled_from(["exp", "abs", "ceil", "floor", "norm"]),
            inner,
        ),
        st.builds(lambda node: syn.Indicator(syn.Row(node, (("<", syn.Number("1")),))), inner),
        st.builds(lambda law_, node: syn.Expect((), law_, node), LAWS, inner),
        st.builds(syn.ValueAt, SYMBOLS, NUMBERS, inner),
        st.builds(
            lambda operator, node: syn.Big(operator, (ELEMENT,), node, spaces=(PLACE,)),
            st.sampled_from(["sum", "max"]),
            inner,
        ),
        st.builds(lambda node: _logits(node, "LSE"), inner),
        st.builds(syn.Function, st.sampled_from(["max", "min"]), several),
        st.builds(
            lambda operator, node: syn.Big(operator, (ELEMENT,), node),
            st.sampled_from(["sum", "prod", "max", "min"]),
            inner,
        ),
        st.builds(lambda law_, node: syn.Expect((ELEMENT,), law_, node), LAWS, inner),
        st.builds(
            lambda left, right: syn.Functional(
                "KL", (syn.Argument((left,)), syn.Argument((right,)))
            ),
            LAWS,
            LAWS,
        ),
    )


# No literal infinity: 0 · (∞ · a) and 0 · ∞ · a are printed alike, and only one has a value.
EXPRESSIONS = st.recursive(NUMBERS | SYMBOLS | VALUES | SPECIAL, _extend, max_leaves=12)


def value_of(node: syn.Node) -> tuple[float, float] | str:
    """Return value and error of an expression, or the name of what went wrong."""
    values: dict[str, Value] = {
        "a": Real(0.7),
        "b": Real(-1.3),
        r"\lambda": Real(0.25),
        "p": law([0.5, 0.3, 0.2], "X"),
        "q": law([0.6, 0.0, 0.4], "X"),
        "T": exact([1.0, 2.0, 3.0], "X"),
        "X": Variable("X"),
        "Y": Variable("Y"),
        "j": law([[0.1, 0.2], [0.3, 0.1], [0.1, 0.2]], "X", "Y"),
        "v": Matrix(np.array([[1.5], [-0.5]]), vector=True),
    }
    evaluator = Evaluator(values, {"X": 3, "Y": 2})
    try:
        number = evaluator.number(node)
    except (Undefined, OutOfRange) as error:
        return type(error).__name__
    return number.value, number.error


@settings(deadline=None)  # the first example builds the parser
@given(syn_node=st.builds(lambda node: syn.Big("sum", (ELEMENT,), node), EXPRESSIONS))
def test_random_expressions_printed_and_read_back_evaluate_alike(syn_node: syn.Node) -> None:
    again = parse_sum(latex(syn_node), {"p": True, "q": True, "j": True})
    before, after = value_of(syn_node), value_of(again)
    if isinstance(before, str) or isinstance(after, str):
        assert before == after
        return
    (left, left_error), (right, right_error) = before, after
    if math.isfinite(left) and math.isfinite(right):
        assert abs(left - right) <= 4 * (left_error + right_error) + 1e-300
    else:
        assert repr(left) == repr(right)


def kinds_of_nodes() -> set[type[syn.Node]]:
    return {
        kind
        for kind in vars(syn).values()
        if isinstance(kind, type) and issubclass(kind, syn.Node) and kind is not syn.Node
    }


def test_random_expressions_hold_every_kind_of_node() -> None:
    seen: set[type[syn.Node]] = set()

    @seed(1)
    @settings(max_examples=200, database=None, deadline=None, phases=[Phase.generate])
    @given(EXPRESSIONS)
    def note(node: syn.Node) -> None:
        seen.update(map(type, syn.walk(node)))

    note()
    # Infinity stands in no random expression, for the reason given above.
    assert kinds_of_nodes() - seen == {syn.Infinity}
