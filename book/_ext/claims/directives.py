"""The directives that show claims, the role that links one, and the line below each result."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, cast

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from claims.domain import ClaimDomain
from claims.ledger import HOLDS, REFUSED, VERDICTS, Claim
from equations.blocks import split_rows
from equations.directives import aligned, reference_to, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from equations.domain import EquationDomain


class ClaimsDirective(SphinxDirective):
    """``{claims} A0``: the claims of one source, each with verdict, correction and evidence."""

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return a block for each row."""
        domain = cast("ClaimDomain", self.env.get_domain("claims"))
        for file in self.config.claims_ledgers:
            self.env.note_dependency(str(self.env.srcdir / file))
        rows = [row for row in domain.rows.values() if row.source == self.arguments[0]]
        return [self.block(claim) for claim in rows]

    def block(self, claim: Claim) -> nodes.container:
        """Return one row."""
        node = nodes.container(classes=["claim", f"claim-{claim.verdict}"], ids=[claim.anchor])
        node += self.head(claim)
        node += self.paragraph(claim.claim, "claim-said")
        if claim.correction:
            node += self.paragraph(claim.correction, "claim-correction")
        node += self.evidence(claim)
        if claim.equations:
            node += self.results(claim)
        return node

    def head(self, claim: Claim) -> nodes.paragraph:
        """Return the line with id, place and verdict."""
        link = nodes.reference("", claim.id, internal=True, refuri=f"#{claim.anchor}")
        link["reftitle"] = f"Link to {claim.id}"
        verdict = "open question" if claim.verdict == "open" else claim.verdict
        return nodes.paragraph(
            "",
            "",
            nodes.inline("", "", link, classes=["claim-id"]),
            nodes.Text(" "),
            nodes.inline("", verdict, classes=["claim-verdict"]),
            nodes.Text(" "),
            nodes.inline(
                "", "", *with_code(f"{claim.kind}, {claim.place}"), classes=["claim-place"]
            ),
            classes=["claim-head"],
        )

    def evidence(self, claim: Claim) -> list[nodes.Node]:
        """Return what was run, closed until the reader opens it, and what is a judgement."""
        inside: list[nodes.Node] = []
        if claim.printed:
            # A claim in words has no formula in print: this is the claim, written as one.
            label = "As a formula" if claim.kind == "claim" else "As printed"
            inside += self.formula(label, claim.printed)
            inside.append(nodes.paragraph("", _outcome(claim), classes=["claim-outcome"]))
        if claim.mended:
            inside += self.formula("As it should be", claim.mended)
        if claim.example:
            inside.append(nodes.literal_block(claim.example, claim.example, language="pycon"))
        if claim.tests:
            inside.append(self.tests(claim.tests))
        found: list[nodes.Node] = []
        if inside:
            opened = f'<details class="claim-evidence"><summary>{_summary(claim)}</summary>'
            found = [_html(opened), *inside, _html("</details>")]
        if claim.judged:
            found.append(self.paragraph(claim.judged, "claim-judged"))
        return found

    def formula(self, label: str, statement: str) -> list[nodes.Node]:
        """Return a displayed formula with a label before it."""
        latex = aligned(split_rows(statement))
        node = nodes.math_block(latex, latex, docname=self.env.docname, number=None, label=None)
        node["no-wrap"] = True
        self.set_source_info(node)
        return [nodes.paragraph("", label, classes=["label"]), node]

    def tests(self, names: Iterable[str]) -> nodes.paragraph:
        """Return links to the sources of tests."""
        node = nodes.paragraph("", "Shown by", classes=["claim-tests"])
        for name in names:
            path, _, function = name.partition("::")
            address = f"{self.config.equations_source}{path}"
            node += [
                nodes.Text(" "),
                nodes.reference("", "", nodes.literal("", function), refuri=address),
            ]
        return node

    def results(self, claim: Claim) -> nodes.paragraph:
        """Return links to the results on which the verdict rests."""
        node = nodes.paragraph("", "", nodes.inline("", "Rests on", classes=["label"]))
        node["classes"] = ["claim-results"]
        for name in claim.equations:
            node += [nodes.Text(" "), reference_to(name, self.env.docname)]
        return node

    def paragraph(self, text: str, name: str) -> nodes.paragraph:
        """Return a paragraph of inline Markdown."""
        parsed, messages = self.state.inline_text(text, self.lineno)
        return nodes.paragraph("", "", *parsed, *messages, classes=[name])


class LedgerDirective(SphinxDirective):
    """``{ledger}``: one table of all claims, which a script lets readers filter."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return the table of counts and the table of rows."""
        domain = cast("ClaimDomain", self.env.get_domain("claims"))
        rows = [self.row(claim) for claim in domain.rows.values()]
        heads = ("Claim", "What is said", "Source", "Kind", "Verdict", "Chapter", "Results")
        return [
            _counts(list(domain.rows.values())),
            nodes.container("", table(heads, rows, classes=["ledger"]), classes=["filtered"]),
        ]

    def row(self, claim: Claim) -> list[Sequence[nodes.Node]]:
        """Return the cells of one row."""
        equations = cast("EquationDomain", self.env.get_domain("equations"))
        entries = equations.book.entries
        known = [name for name in claim.equations if name in entries]
        chapters = dict.fromkeys(entries[name].chapter for name in known)
        said, messages = self.state.inline_text(claim.claim, self.lineno)
        links: list[nodes.Node] = []
        for name in claim.equations:
            links += [reference_to(name, self.env.docname), nodes.Text(" ")]
        words = (claim.source, claim.kind, claim.verdict, ", ".join(chapters))
        cells = [[nodes.Text(word)] for word in words]
        return [[claim_reference(claim.id, self.env.docname)], [*said, *messages], *cells, links]


def _counts(rows: Sequence[Claim]) -> nodes.table:
    """Return how many rows of each source have each verdict."""
    body: list[list[list[nodes.Node]]] = []
    for source, group in groupby(rows, key=lambda claim: claim.source):
        found = [claim.verdict for claim in group]
        counts = [found.count(verdict) for verdict in VERDICTS]
        body.append([[nodes.Text(str(cell))] for cell in (source, *counts, len(found))])
    sums = [sum(claim.verdict == verdict for claim in rows) for verdict in VERDICTS]
    body.append([[nodes.strong("", str(cell))] for cell in ("all", *sums, len(rows))])
    return table(("Source", *VERDICTS, "all"), body, classes=["claim-counts"])


def _outcome(claim: Claim) -> str:
    """Say what the engine finds of the formula as it is printed."""
    trial = claim.trial
    assert trial is not None  # noqa: S101  (tells the type checker)
    if trial.outcome == HOLDS:
        return f"It holds: checked on {trial.seen}."
    if trial.outcome == REFUSED:
        return f"The engine refuses to run it: {claim.refusal}."
    return f"It is refuted by running it: {trial.seen.partition(', tolerance')[0]}."


def with_code(text: str) -> list[nodes.Node]:
    """Return a text whose parts between backticks are code."""
    parts = enumerate(text.split("`"))
    return [nodes.literal("", part) if odd % 2 else nodes.Text(part) for odd, part in parts]


def _summary(claim: Claim) -> str:
    """Say what the evidence is, in a few words."""
    parts = []
    if claim.trial is not None:
        words = {HOLDS: "the formula holds", REFUSED: "the engine refuses the formula"}
        parts.append(words.get(claim.trial.outcome, "the formula is refuted"))
    if claim.readings:
        true = sum(claim.readings)
        false = len(claim.readings) - true
        counted = [f"{n} {word}" for n, word in ((true, "true"), (false, "false")) if n]
        parts.append(f"readings of the claim, {' and '.join(counted)}")
    return "Evidence" + (f": {', '.join(parts)}" if parts else "")


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def claim_reference(name: str, docname: str) -> pending_xref:
    """Return an unresolved reference to a row, to be shown as its id."""
    return reference_to(name, docname, "claims", "claim", ["claim-ref"])


class SaidInPrint(SphinxTransform):
    """Say below each result which claims rest on it: “said wrongly in A2-29”."""

    default_priority = 400

    def apply(self) -> None:
        """Add a line to each result of the page."""
        domain = cast("ClaimDomain", self.env.get_domain("claims"))
        for node in list(self.document.findall(nodes.container)):
            if "result" in node["classes"] and node["ids"]:
                rows = domain.about(node["ids"][0])
                if rows:
                    node.append(self.line(rows))

    def line(self, rows: Sequence[Claim]) -> nodes.paragraph:
        """Return the line, with the wrong ones first."""
        words = {
            "wrong": "said wrongly in",
            "imprecise": "imprecisely in",
            "unproved": "without proof in",
            "open": "asked in",
            "correct": "rightly in",
        }
        label = nodes.inline("", "In print", classes=["label"])
        node = nodes.paragraph("", "", label, classes=["result-claims"])
        for verdict, text in words.items():
            found = [claim for claim in rows if claim.verdict == verdict]
            if found:
                node += nodes.Text(f"; {text}" if len(node) > 1 else f" {text}")
            for number, claim in enumerate(found):
                node += nodes.Text(", " if number else " ")
                node += claim_reference(claim.id, self.env.docname)
        return node


__all__ = [
    "ClaimsDirective",
    "LedgerDirective",
    "SaidInPrint",
    "claim_reference",
    "with_code",
]
