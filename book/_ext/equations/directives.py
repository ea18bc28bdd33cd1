"""The directives and the role that show equations, derivations and exercises on a page.

Each directive hands its text to :mod:`equations.blocks`, so that what the page shows is what
the tests read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from docutils import nodes
from sphinx import addnodes
from sphinx.roles import XRefRole
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from equations.blocks import (
    BlockError,
    Chain,
    Derivation,
    Equation,
    Step,
    parse_derivation,
    parse_equation,
    parse_exercise,
)
from equations.domain import EquationDomain, evidence_text
from equations.report import totals
from equations.verdicts import EXECUTED, TESTED, step_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from equations.book import Entry
    from equations.verdicts import Verdict

logger = logging.getLogger(__name__)

# What stands before each option of an equation that readers see.
SHOWN_BEFORE = {"for": "For", "if": "If"}
SHOWN_AFTER = {"where": "where", "note": "", "tight": "Equality at", "slack": "Never an equality:"}


class BlockDirective(SphinxDirective):
    """What the directives share: an id as argument, and text that they read themselves."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {}

    @property
    def domain(self) -> EquationDomain:
        """The domain, which knows the numbers of all results."""
        return cast("EquationDomain", self.env.get_domain("equations"))

    @property
    def file(self) -> Path:
        """The page that is being read."""
        return Path(self.env.doc2path(self.env.docname))

    @property
    def text(self) -> str:
        """The inside of the block, as the author wrote it."""
        return "\n".join(self.content)

    def run(self) -> list[nodes.Node]:
        """Show the block, or say why it cannot be shown."""
        try:
            return self.show()
        except BlockError as error:
            place = f"{error.file}:{error.line}"
            logger.warning("%s", error.message, location=place, type="equations")
            return []

    def show(self) -> list[nodes.Node]:
        """Return the nodes of the block."""
        raise NotImplementedError

    def entry(self) -> Entry:
        """Return number and place of the block in the book."""
        name = self.arguments[0]
        entry = self.domain.book.entries.get(name)
        if entry is None:
            raise BlockError(self.file, self.lineno, f"{name} is not in the sources of the book")
        return entry

    def verdict(self, name: str) -> Verdict:
        """Return what the checks found out about an equation or a step."""
        verdict = self.domain.verdicts.get(name)
        if verdict is None:
            message = f"{name} was not checked: the page changed while the book was being built"
            raise BlockError(self.file, self.lineno, message)
        return verdict

    def inline(self, text: str) -> list[nodes.Node]:
        """Parse Markdown without paragraphs."""
        parsed, messages = self.state.inline_text(text, self.lineno)
        return [*parsed, *messages]

    def paragraph(self, label: str, text: str, name: str) -> nodes.paragraph:
        """Make a paragraph of inline Markdown with a small label before it."""
        node = nodes.paragraph(classes=[name])
        if label:
            node += nodes.inline("", label, classes=["label"])
            node += nodes.Text(" ")
        node += self.inline(text)
        return node

    def head(self, label: str, number: str, title: str, anchor: str) -> nodes.paragraph:
        """Make the line with the number of a block, its kind, its title and its address."""
        node = nodes.paragraph(classes=["result-head"])
        node += nodes.inline("", f"({number})", classes=["result-number"])
        node += nodes.Text(" ")
        node += nodes.inline("", label, classes=["result-kind"])
        if title:
            node += nodes.Text(" ")
            node += nodes.inline("", "", *self.inline(title), classes=["result-title"])
        if anchor:
            link = nodes.reference("", "#", internal=True, refuri=f"#{anchor}")
            link["classes"].append("headerlink")
            link["reftitle"] = f"Link to {label.lower()} {number}"
            node += link
        return node

    def display(self, latex: str) -> nodes.math_block:
        """Make a displayed formula without a number of its own."""
        node = nodes.math_block(latex, latex, docname=self.env.docname, number=None, label=None)
        node["no-wrap"] = True
        self.set_source_info(node)
        return node


class EquationDirective(BlockDirective):
    """``{equation}``: a numbered result with conditions, example, code and source."""

    def show(self) -> list[nodes.Node]:
        """Return the nodes of the result."""
        block = parse_equation(self.arguments[0], self.text, self.file, self.lineno)
        entry = self.entry()
        result = nodes.container(classes=["result", f"result-{block.kind}"], ids=[block.id])
        result += self.head(entry.label, entry.number, block.title, block.id)
        result += self.options_of(block, SHOWN_BEFORE)
        result += self.display(aligned(block.rows))
        result += self.options_of(block, SHOWN_AFTER)
        example = nodes.literal_block(block.example, block.example, language="pycon")
        result += nodes.container("", example, classes=["result-example"])
        result += self.meta(block)
        return [result]

    def options_of(self, block: Equation, shown: dict[str, str]) -> list[nodes.Node]:
        """Return a paragraph for each option that is to be shown."""
        return [
            self.paragraph(label, block.options[name], f"result-{name}")
            for name, label in shown.items()
            if block.options.get(name)
        ]

    def meta(self, block: Equation) -> nodes.container:
        """Return the lines below the example: code and source."""
        node = nodes.container(classes=["result-meta"])
        if block.functions:
            code = nodes.paragraph(classes=["result-code"])
            code += nodes.inline("", "Code", classes=["label"])
            for name in block.functions:
                code += nodes.Text(" ")
                code += self.function_link(name)
            node += code
        node += self.paragraph("Source", block.options["source"], "result-source")
        node += self.evidence(block)
        return node

    def evidence(self, block: Equation) -> nodes.paragraph:
        """Return the line that says how the statement was checked."""
        verdict = self.verdict(block.id)
        node = nodes.paragraph(classes=["result-evidence", f"evidence-{verdict.level}"])
        node += nodes.inline("", "Evidence", classes=["label"])
        node += nodes.Text(" ")
        node += nodes.strong("", verdict.level)
        node += nodes.Text(": ")
        if verdict.level == TESTED:
            node += self.tests(verdict.note)
        else:
            node += self.inline(evidence_text(verdict))
        return node

    def tests(self, names: str) -> list[nodes.Node]:
        """Return links to the sources of the tests that an equation names."""
        found: list[nodes.Node] = []
        for name in names.split(","):
            path, _, function = name.strip().partition("::")
            address = f"{self.config.equations_source}{path}"
            text = nodes.literal("", function)
            found += [
                nodes.Text(", ") if found else nodes.Text("by "),
                nodes.reference("", "", text, refuri=address),
            ]
        return found

    def function_link(self, name: str) -> nodes.Node:
        """Return a link to the page of a function."""
        link = addnodes.pending_xref(
            "",
            nodes.literal("", name, classes=["xref", "py", "py-func"]),
            refdomain="py",
            reftype="func",
            reftarget=self.domain.full_name(name),
            refwarn=True,
            refdoc=self.env.docname,
        )
        self.set_source_info(link)
        return link


class DerivationDirective(BlockDirective):
    """``{derivation}``: the steps that prove a result, each with its reason."""

    def show(self) -> list[nodes.Node]:
        """Return the nodes of the derivation."""
        seen = f"equations derivations of {self.arguments[0]}"
        index = int(self.env.temp_data.get(seen, 0) or 0)  # of several derivations of one result
        self.env.temp_data[seen] = index + 1
        block = parse_derivation(self.arguments[0], self.text, self.file, self.lineno, index)
        entry = self.entry()
        node = nodes.container(classes=["derivation"], result=block.id)
        node += self.head("Derivation", entry.number, block.title or "", "")
        node += self.conditions(block)
        verdicts = iter([self.verdict(name) for name in step_names(block)])
        for chain in block.chains:
            node += self.chain(chain, verdicts)
        return [node]

    def conditions(self, block: Derivation) -> list[nodes.Node]:
        """Return what this derivation shows if not its result, and what it assumes beyond it."""
        shown = {"shows": "Shows", "for": "For", "if": "If", "where": "where"}
        return [
            self.paragraph(label, block.options[name], f"result-{name}")
            for name, label in shown.items()
            if block.options.get(name)
        ]

    def chain(self, chain: Chain, verdicts: Iterator[Verdict]) -> nodes.container:
        """Return the head of a chain and the list of its steps."""
        node = nodes.container("", self.display(chain.head), classes=["chain"])
        steps = nodes.enumerated_list(enumtype="arabic", prefix="", suffix=".")
        steps["classes"].append("steps")
        steps += [self.step(step, next(verdicts)) for step in chain.steps]
        node += steps
        return node

    def step(self, step: Step, verdict: Verdict) -> nodes.list_item:
        """Return one step: the formula, its reason, and a mark that says whether it was run."""
        item = nodes.list_item(classes=["step"])
        item += self.display(f"{{}} {step.relation} {step.latex}")
        reason = self.paragraph("", step.reason, "reason")
        reason += nodes.Text(" ")
        reason += self.mark(step, verdict)
        item += reason
        return item

    def mark(self, step: Step, verdict: Verdict) -> nodes.inline:
        """Return the mark of a step: a tick whose meaning is read aloud and shown on hover."""
        if step.not_run is not None:
            node = nodes.inline("", "not run: ", classes=["step-mark", "step-not-run"])
            node += self.inline(step.not_run)
            return node
        said = evidence_text(verdict)
        tick = nodes.abbreviation("", "\N{CHECK MARK}", explanation=said)
        aloud = nodes.inline("", f" {said}", classes=["visually-hidden"])
        return nodes.inline("", "", tick, aloud, classes=["step-mark", "step-executed"])


class ExerciseDirective(BlockDirective):
    """``{exercise}``: a numbered exercise; its text is Markdown, its solution a dropdown."""

    def show(self) -> list[nodes.Node]:
        """Return the nodes of the exercise."""
        block, body_line = parse_exercise(
            self.arguments[0], self.text, self.file, self.content_offset
        )
        entry = self.entry()
        node = nodes.container(classes=["exercise"], ids=[block.id])
        node += self.head(entry.label, entry.number, block.title, block.id)
        used = body_line - self.content_offset - 1
        self.state.nested_parse(self.content[used:], self.content_offset + used, node)
        return [node]


class ResultsDirective(SphinxDirective):
    """``{results}``: a table of the results of this chapter, or of ``all`` chapters."""

    optional_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        domain = cast("EquationDomain", self.env.get_domain("equations"))
        everything = self.arguments == ["all"]
        entries = [
            entry
            for entry in domain.book.entries.values()
            if isinstance(entry.block, Equation)
            and (everything or entry.chapter == self.env.docname)
        ]
        rows = [self.row(entry, domain.verdicts[entry.block.id]) for entry in entries]
        heads = ("Number", "Result", "Kind", "Evidence", "Instances", "Mutants failed")
        shown = table(heads, rows, classes=["results"])
        if not everything:
            return [shown]
        sums = " ".join(totals(list(domain.verdicts.values())))
        return [nodes.paragraph("", sums, classes=["totals"]), shown]

    def row(self, entry: Entry, verdict: Verdict) -> list[Sequence[nodes.Node]]:
        """Return the cells of one result."""
        title, messages = self.state.inline_text(entry.block.title, self.lineno)
        number = reference_to(entry.block.id, self.env.docname)
        run = verdict.level == EXECUTED
        counts = (verdict.instances, f"{verdict.killed} of {verdict.mutants}") if run else ("", "")
        words = (entry.label.lower(), verdict.level, *map(str, counts))
        return [[number], [*title, *messages], *([nodes.Text(word)] for word in words)]


class SourceRole(XRefRole):
    """A role whose name has no domain in it, since authors write it often."""

    def __init__(self, domain: str, kind: str, css: str) -> None:
        """Warn of references to nothing."""
        super().__init__(warn_dangling=True, innernodeclass=nodes.inline)
        self.meant = domain, kind
        self.css = css

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Make the reference."""
        self.refdomain, self.reftype = self.meant
        self.classes = ["xref", self.css]
        return self.create_xref_node()


class ChapterNumber(SphinxTransform):
    """Put the number of a chapter before its title, also in the contents."""

    default_priority = 500

    def apply(self) -> None:
        """Change the first title of the page, if the page is a chapter."""
        domain = cast("EquationDomain", self.env.get_domain("equations"))
        title = next(iter(self.document.findall(nodes.title)), None)
        if title is not None and self.env.docname in domain.book.chapters:
            number = domain.book.chapters.index(self.env.docname)
            title.insert(0, nodes.Text(f"{number}  "))


def reference_to(
    target: str, docname: str, domain: str = "equations", kind: str = "eq", css: Sequence[str] = ()
) -> addnodes.pending_xref:
    """Return an unresolved reference, to a result unless another domain is named."""
    return addnodes.pending_xref(
        "",
        nodes.inline("", target, classes=list(css)),
        refdomain=domain,
        reftype=kind,
        reftarget=target,
        refexplicit=False,
        refwarn=True,
        refdoc=docname,
    )


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[Sequence[nodes.Node]]],
    classes: list[str],
) -> nodes.table:
    """Make a table from the nodes of its cells."""
    node = nodes.table(classes=classes)
    group = nodes.tgroup(cols=len(heads))
    group += [nodes.colspec(colwidth=1) for _ in heads]
    head = nodes.thead()
    head += _row([[nodes.Text(text)] for text in heads])
    body = nodes.tbody()
    body += [_row(row) for row in rows]
    group += [head, body]
    node += group
    return node


def _row(cells: Sequence[Sequence[nodes.Node]]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        row += nodes.entry("", nodes.paragraph("", "", *cell))
    return row


def aligned(rows: Sequence[str]) -> str:
    """Set the rows of a statement below each other; one row stays as it is."""
    if len(rows) == 1 and "&" not in rows[0]:
        return rows[0]
    marked = any("&" in row for row in rows)
    lines = rows if marked else [f"& {row}" for row in rows]
    body = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


__all__ = [
    "ChapterNumber",
    "DerivationDirective",
    "EquationDirective",
    "ExerciseDirective",
    "ResultsDirective",
    "SourceRole",
]
