"""The graph of needs: where its edges come from, and which faults it names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from equations import __main__ as command
from equations.blocks import parse_derivation
from equations.book import Book, read_book
from equations.graph import PROOF, STATEMENT, Functional, Graph, functionals, references

BOOK = Path(__file__).parents[1] / "book"
Write = Callable[..., Book]


def result(
    name: str,
    statement: str,
    *reasons: str,
    kind: str = "identity",
    **options: str,
) -> str:
    """Return a result, with a derivation of one step for each reason."""
    given = {"title": name, "kind": kind, "for": "laws $p$, $q$", "source": "elementary"}
    lines = [f":{key}: {text}" for key, text in {**given, **options}.items()]
    block = "\n".join([f"```{{equation}} {name}", *lines, "", statement, "", ">>> 1", "1", "```"])
    if reasons:
        steps = [f"  = 1 % {reason}" for reason in reasons]
        block += "\n\n" + "\n".join([f"```{{derivation}} {name}", "1", *steps, "```"])
    return block + "\n\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a book of one chapter."""

    def book(*blocks: str) -> Book:
        index = "# T\n\n```{toctree}\n:caption: Chapters\none\n```\n"
        (tmp_path / "index.md").write_text(index, encoding="utf-8")
        (tmp_path / "one.md").write_text("# One\n\n" + "".join(blocks), encoding="utf-8")
        return read_book(tmp_path)

    return book


@pytest.fixture(scope="module")
def real() -> Book:
    """Return the book itself."""
    return read_book(BOOK)


def line_of(book: Book, text: str) -> int:
    """Return the line of the chapter that has a text."""
    lines = (book.root / "one.md").read_text(encoding="utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


# ------------------------------------------------------------------------------- edges


def test_references_with_and_without_a_title_are_found() -> None:
    text = "as in {eq}`eq-a`, {eq}`the other <eq-b>` and {doc}`eq-c`"
    assert references(text) == ["eq-a", "eq-b"]


def test_a_definition_is_needed_by_each_statement_that_uses_the_functional(write: Write) -> None:
    book = write(
        result("eq-use", r"\KL{p}{q} + \TV{p}{q} = 1"),
        result("eq-chain-rule", r"\KL{p}{q} = \KL{p}{q} + 0"),
        result("eq-one-value", r"\KL{0.5}{0.1} = \log \frac{5}{3}"),
        result("eq-form", r"\KL{p}{q} = 0"),
        result("eq-define", r"\KL{p}{q} := 1", kind="definition"),
        result("eq-distance", r"\TV{p}{q} &= \frac{1}{2}"),
    )
    needs = {name: book.graph.needs(name).statement for name in book.graph.results}
    assert needs == {
        "eq-use": ("eq-define", "eq-distance"),
        "eq-chain-rule": ("eq-define",),
        "eq-one-value": ("eq-define",),
        "eq-form": ("eq-define",),
        "eq-define": (),
        "eq-distance": (),
    }
    assert book.graph.used_by("eq-define").statement == (
        "eq-use",
        "eq-chain-rule",
        "eq-one-value",
        "eq-form",
    )


def test_meaning_and_conditions_are_needed_and_notes_are_not(write: Write) -> None:
    book = write(
        result("eq-a", "1 = 1"),
        result("eq-b", "1 = 1"),
        result("eq-c", "1 = 1"),
        result("eq-d", "1 = 1"),
        result("eq-def", r"\H{p} := 1", kind="definition"),
        result(
            "eq-user",
            "1 = m",
            **{"for": "law $p$ as in {eq}`eq-a`", "if": "{eq}`eq-b`", "note": "see {eq}`eq-d`"},
            where=r"$m := \H{p}$, {eq}`eq-c`",
            source="{eq}`eq-d`",
        ),
    )
    assert book.graph.needs("eq-user").statement == ("eq-a", "eq-b", "eq-c", "eq-def")
    assert book.graph.needs("eq-user").proof == ()


def test_needs_of_statement_and_proof_are_kept_apart(write: Write) -> None:
    book = write(
        result("eq-def", r"\H{p} := 1", kind="definition"),
        result("eq-lemma", "1 = 1"),
        result("eq-main", r"\H{p} = 1", "{eq}`eq-lemma`", "{eq}`eq-def`, {eq}`eq-lemma`"),
    )
    needs = book.graph.needs("eq-main")
    assert (needs.statement, needs.proof) == (("eq-def",), ("eq-def", "eq-lemma"))
    assert needs.all == ("eq-def", "eq-lemma")
    assert book.graph.used_by("eq-def").proof == ("eq-main",)
    edges = [(edge.source, edge.target, edge.part) for edge in book.graph.edges]
    assert edges == [
        ("eq-main", "eq-def", STATEMENT),
        ("eq-main", "eq-lemma", PROOF),
        ("eq-main", "eq-def", PROOF),
    ]
    assert book.graph.edges[1].line == line_of(book, "% {eq}`eq-lemma`")


def test_a_reason_why_a_step_is_not_run_is_no_need_and_options_of_a_derivation_are(
    write: Write,
) -> None:
    derivation = (
        "```{derivation} eq-main\n:title: T\n:if: $1 = 1$ by {eq}`eq-a`\n\n"
        "1\n  = 1 % (not run: {eq}`eq-b`) symmetry\n```\n"
    )
    blocks = [result(name, "1 = 1") for name in ("eq-a", "eq-b", "eq-main")]
    graph = write(*blocks, derivation).graph
    assert graph.needs("eq-main").proof == ("eq-a",)


def test_conditional_and_normal_meanings_have_definitions_of_their_own(write: Write) -> None:
    book = write(
        result("eq-entropy", r"\H{p} := 1", kind="definition", code="entropy(p)"),
        result("eq-rest", r"\H{X, Y} = 1", kind="theorem", code="conditional_entropy(p)"),
        result("eq-coin", r"\h{s} := 1", kind="definition", **{"for": "$s > 0$"}),
        result("eq-normal", r"\h{\Normal{0}{1}} = 1", code="gaussian_entropy(1)"),
        result("eq-kl", r"\KL{p}{q} := 1", kind="definition"),
        result("eq-u", r"\H{Y \mid X} = 0"),
        result("eq-v", r"\h{\Normal{m}{\Sigma}} = 0"),
        result("eq-w", r"\KL{\Normal{a}{b}}{q} = 0"),
        result("eq-x", r"0 = \KLbits{p}{q}"),
    )
    needs = {name: book.graph.needs(name).statement for name in ("eq-u", "eq-v", "eq-w", "eq-x")}
    assert needs == {
        "eq-u": ("eq-rest",),
        "eq-v": ("eq-normal",),
        "eq-w": ("eq-kl",),
        "eq-x": ("eq-kl",),
    }


def test_functionals_are_told_from_longer_and_plain_commands() -> None:
    found = list(functionals(r"\KLbits{p}{q} + \log \H{p} + \H{Y \mid X} + \H{q} + \KL"))
    assert found == [
        Functional("KLbits"),
        Functional("H"),
        Functional("H", "conditional"),
        Functional("KL"),
    ]


# ------------------------------------------------------------------------------- ways


@pytest.fixture
def tower(write: Write) -> Graph:
    """Return a graph in which the first result of the book builds on all others but one."""
    not_run = "```{derivation} eq-low\n1\n  = 1 % (not run: a limit) symmetry\n```\n\n"
    return write(
        result("eq-top", "1 = 1", "{eq}`eq-left`, {eq}`eq-right`"),
        result("eq-left", "1 = 1", "{eq}`eq-low`"),
        result("eq-right", "1 = 1", tested="tests/test_a.py::test_b"),
        result("eq-low", "1 = 1"),
        not_run,
        result("eq-apart", "1 = 1"),
    ).graph


def test_ancestors_order_and_layers_follow_the_needs(tower: Graph) -> None:
    assert tower.ancestors("eq-top") == ("eq-left", "eq-right", "eq-low")
    assert tower.ancestors("eq-apart") == ()
    assert tower.order == ("eq-low", "eq-left", "eq-right", "eq-top", "eq-apart")
    assert tower.layers == {"eq-top": 2, "eq-left": 1, "eq-right": 0, "eq-low": 0, "eq-apart": 0}


def test_fully_checked_is_only_what_builds_on_executed_results_with_all_steps_run(
    tower: Graph,
) -> None:
    levels = dict.fromkeys(tower.results, "executed") | {"eq-right": "tested"}
    standings = tower.standings(levels)
    assert standings["eq-top"].level == "executed"
    assert {name: s.gaps for name, s in standings.items() if not s.fully_checked} == {
        "eq-top": ("eq-right", "eq-low"),
        "eq-left": ("eq-low",),
        "eq-right": ("eq-right",),
        "eq-low": ("eq-low",),
    }


# ------------------------------------------------------------------------------- faults


def test_a_circle_of_proofs_is_named_as_a_whole(write: Write) -> None:
    book = write(
        result("eq-a", "1 = 1", "{eq}`eq-b`"),
        result("eq-b", "1 = 1", "{eq}`eq-c`"),
        result("eq-c", "1 = 1", "symmetry", "later, {eq}`eq-a`"),
        result("eq-d", "1 = 1", "{eq}`eq-a`"),
    )
    (problem,) = book.problems()
    place = f"{book.root / 'one.md'}:{line_of(book, '{eq}`eq-b`')}"
    assert str(problem).startswith(f"{place}: eq-a needs itself: eq-a needs eq-b for its proof (")
    assert "eq-b needs eq-c for its proof" in problem.message
    back = line_of(book, "later, {eq}`eq-a`")
    assert f"eq-c needs eq-a for its proof (reason of a step; one.md:{back})" in problem.message
    assert "eq-d" not in problem.message


def test_a_circle_of_definitions_is_named(write: Write) -> None:
    book = write(
        result("eq-h", r"\H{p} := \CE{p}{p}", kind="definition"),
        result("eq-ce", r"\CE{p}{q} := \H{p} + 1", kind="definition"),
    )
    (problem,) = book.problems()
    line = line_of(book, r"\CE{p}{p}")
    assert problem.line == line
    assert rf"eq-h needs eq-ce for its statement (it uses \CE; one.md:{line})" in problem.message
    assert r"eq-ce needs eq-h for its statement (it uses \H; " in problem.message


def test_a_definition_cannot_be_proved_by_what_it_defines(write: Write) -> None:
    book = write(
        result("eq-h", r"\H{p} := 1", "{eq}`eq-bound`", kind="definition"),
        result("eq-bound", r"\H{p} \le 1"),
    )
    (problem,) = book.problems()
    assert "eq-h needs eq-bound for its proof" in problem.message
    assert "eq-bound needs eq-h for its statement" in problem.message


def test_a_reason_that_refers_to_its_own_result_is_a_circle(write: Write) -> None:
    (problem,) = write(result("eq-a", "1 = 1", "{eq}`eq-a`")).problems()
    assert problem.message.startswith("eq-a needs itself: eq-a needs eq-a for its proof")


def test_two_circles_are_two_problems_and_a_diamond_is_none(write: Write) -> None:
    book = write(
        result("eq-a", "1 = 1", "{eq}`eq-b`, {eq}`eq-c`"),
        result("eq-b", "1 = 1", "{eq}`eq-d`"),
        result("eq-c", "1 = 1", "{eq}`eq-d`"),
        result("eq-d", "1 = 1"),
        result("eq-e", "1 = 1", "{eq}`eq-f`"),
        result("eq-f", "1 = 1", "{eq}`eq-e`"),
        result("eq-g", "1 = 1", "{eq}`eq-g`"),
    )
    starts = [problem.message.split(":")[0] for problem in book.problems()]
    assert starts == ["eq-e needs itself", "eq-g needs itself"]
    assert sorted(book.graph.order) == sorted(book.graph.results)


def test_references_to_nothing_and_to_exercises_are_named(write: Write) -> None:
    book = write(
        result("eq-a", "1 = 1", "{eq}`eq-gone`", where="{eq}`eq-lost`"),
        result("eq-b", "1 = 1", "{eq}`ex-some-task`"),
        "```{exercise} ex-some-task\n:title: T\n```\n",
    )
    first, second, third = map(str, book.problems())
    file = book.root / "one.md"
    assert first == f"{file}:3: eq-a needs eq-lost for its statement, which does not exist"
    line = line_of(book, "{eq}`eq-gone`")
    assert second == f"{file}:{line}: eq-a needs eq-gone for its proof, which does not exist"
    assert third.endswith("eq-b needs ex-some-task for its proof, which is no result")


def test_the_command_reports_circles_and_references_to_nothing(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    book = write(
        result("eq-a", "p(x) - p(x) = 0", "{eq}`eq-b`, {eq}`eq-gone`", tested="no"),
        result("eq-b", "1 = 1", "{eq}`eq-a`", tested="no"),
    )
    arguments = ["--fresh", "--jobs", "1"]
    assert command.main(["check", str(book.root), *arguments]) == 1
    output = capsys.readouterr().out
    assert re.search(r"one\.md:\d+: eq-a needs itself: .*eq-b needs eq-a", output)
    assert "eq-a needs eq-gone for its proof, which does not exist" in output
    command.main(["check", str(book.root / "one.md"), *arguments])
    output = capsys.readouterr().out
    assert "eq-a needs itself" in output
    assert "eq-gone" not in output  # a file alone may refer to another one
    command.main(["check", str(book.root), *arguments, "--only", "eq-b"])
    output = capsys.readouterr().out
    assert "eq-a needs itself" in output
    assert "eq-gone" not in output


# ------------------------------------------------------------------------------- the book


def test_every_functional_that_the_book_uses_is_defined_in_it(real: Book) -> None:
    used = {use for equation in real.equations for use in functionals(equation.statement)}
    assert len(used) > 20
    assert [use for use in used if real.graph.definitions.of(use) is None] == []


def test_the_table_of_symbols_leads_to_the_definitions(real: Book) -> None:
    text = (BOOK / "notation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\$.+?\$) \|.*\| \{eq\}`([^`]+)` \|[^|]*\|$", text, re.MULTILINE)
    led = {}
    for symbols, target in rows:
        for found in functionals(symbols.split("$")[1]):
            if found.variant == "function" and found.name not in led:
                led[found.name] = target
    assert len(led) > 15
    for name, target in led.items():
        definition = real.graph.definitions.of(Functional(name))
        assert definition is not None, name
        assert definition.id == target, name


def test_the_book_needs_every_result_after_what_it_builds_on(real: Book) -> None:
    place = {name: index for index, name in enumerate(real.graph.order)}
    assert set(place) == {equation.id for equation in real.equations}
    assert len(real.graph.edges) > 300
    assert all(place[edge.target] < place[edge.source] for edge in real.graph.edges)


def test_a_forward_reference_in_the_book_that_closes_a_circle_is_found(real: Book) -> None:
    needed, user = next((e.target, e.source) for e in real.graph.edges if e.part == PROOF)
    blocks = [block for page in real.pages for block in page.blocks]
    page = real.pages[0].file
    blocks.append(parse_derivation(needed, f"1\n  = 1 % {{eq}}`{user}`", page, 1, 9))
    (problem, *_) = Graph.of(blocks).circles()
    assert (
        f"{needed} needs {user} for its proof (reason of a step; {page.name}:3" in problem.message
    )
