"""Read a ledger: a TOML file of claims, each with a verdict, a correction and its evidence.

A claim is a table ``[[claim]]``, and ``ledger.schema.json`` says which keys it has. This module
turns rows into plain data and says what is wrong with them: evidence that is missing, a verdict
that the evidence does not bear out, a number that nothing computes.

The evidence of a row is one or more of these:

``printed``
    The formula as it is printed, in LaTeX. The engine runs it in the setting of ``for``, ``if``
    and ``where``. ``mended`` is the formula as it should be, and has to hold. A formula that
    cannot be read at all has a ``refusal``, words of the message that the engine gives.
``example``
    Python with prompts. A line whose comment begins with ``said`` is a reading of the claim; it
    prints ``True`` or ``False``.
``tests``
    Tests that show it.
``judged``
    What no program decides: who wrote something, what a word suggests.
"""

from __future__ import annotations

import doctest
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from equations.blocks import Equation
from equations.checks import HOLDS, REFUTED
from equations.verdicts import REFUSED, Trial, missing_tests, try_equation

VERDICTS = ("correct", "imprecise", "wrong", "unproved", "open")
# What has to be shown by running something.
COMPUTABLE = frozenset({"formula", "number", "code"})
# What readings of a claim come out as, for each verdict that says something of its truth.
READINGS = {"correct": {True}, "wrong": {False}, "imprecise": {True, False}}

_SAID = re.compile(r"#\s*said\b")
_COMMENT = re.compile(r"(?m)#.*$")
_REFERENCE = re.compile(r"\{[\w:]+\}`[^`]*`|\bA\d-C?\d+|https?://\S+")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_OPTIONS = ("for", "if", "where")


@dataclass(frozen=True)
class Claim:
    """A row of a ledger, with the line of the file on which it starts."""

    file: Path
    line: int
    id: str
    place: str
    kind: str
    claim: str
    verdict: str
    correction: str = ""
    equations: Sequence[str] = ()
    setting: Mapping[str, str] = field(default_factory=dict)
    printed: str = ""
    mended: str = ""
    refusal: str = ""
    example: str = ""
    tests: Sequence[str] = ()
    judged: str = ""

    @property
    def source(self) -> str:
        """The part of the id before its number: ``A4`` of ``A4-C01``."""
        return self.id.partition("-")[0]

    @property
    def anchor(self) -> str:
        """The end of the address of the row."""
        return self.id.lower()

    @cached_property
    def readings(self) -> tuple[bool, ...]:
        """What the example prints for each reading of the claim."""
        parts = doctest.DocTestParser().get_examples(self.example)
        return tuple(p.want.strip() == "True" for p in parts if _SAID.search(p.source))

    def formula(self, statement: str) -> Equation:
        """Return a formula of this row as the engine reads it."""
        head = {"title": self.id, "kind": "identity", "source": self.source}
        if self.tests:
            head["tested"] = "; ".join(self.tests)
        return Equation(
            id=self.anchor,
            file=self.file,
            line=self.line,
            title=self.id,
            kind="identity",
            options={**head, **self.setting},
            statement=statement,
            statement_line=self.line,
            example="",
            example_line=self.line,
        )

    @cached_property
    def trial(self) -> Trial | None:
        """What the engine finds of the formula as it is printed."""
        return try_equation(self.formula(self.printed)) if self.printed else None


def read_ledger(path: Path) -> list[Claim]:
    """Return the rows of a ledger in their order."""
    text = path.read_text(encoding="utf-8")
    starts = [number for number, line in enumerate(text.split("\n"), 1) if line == "[[claim]]"]
    rows = tomllib.loads(text)["claim"]
    return [_claim(path, line, row) for line, row in zip(starts, rows, strict=True)]


def _claim(file: Path, line: int, row: Mapping[str, Any]) -> Claim:
    fields = {name: _clean(value) for name, value in row.items()}
    setting = {name: fields.pop(name) for name in _OPTIONS if name in fields}
    return Claim(file, line, setting=setting, **fields)


def _clean(value: Any) -> Any:  # noqa: ANN401  (what TOML gives)
    return value.strip() if isinstance(value, str) else value


# ------------------------------------------------------------------------------- what is wrong


def faults(claim: Claim) -> Iterator[str]:
    """Yield what is wrong with a row; its example and its tests run elsewhere."""
    yield from _missing(claim)
    yield from _contradictions(claim, set(claim.readings))
    if claim.printed:
        yield from _unreadable(claim)
    if claim.mended:
        trial = try_equation(claim.formula(claim.mended))
        if trial.outcome != HOLDS:
            yield f"the formula as it should be does not hold: {trial.seen}"
    for number in sorted(uncomputed(claim)):
        if "." in number:
            yield f"no evidence of this row shows the number {number}"


def _missing(claim: Claim) -> Iterator[str]:
    shown = claim.printed or claim.readings or claim.tests
    if claim.kind in COMPUTABLE and not shown and not claim.example:
        yield f"a {claim.kind} needs evidence that runs: printed, example or tests"
    if claim.kind == "formula" and claim.verdict == "wrong" and not claim.printed:
        yield "a wrong formula has to be run as it is printed"
    if claim.printed and claim.verdict == "wrong" and not claim.mended:
        yield "mended is missing: the formula as it should be"
    if claim.verdict in READINGS and not shown and not claim.judged:
        yield "the verdict rests on nothing: printed, a reading (# said), tests or judged"
    if claim.verdict != "correct" and not claim.correction:
        yield "only a correct claim may stand without a correction"
    if claim.tests:
        yield from missing_tests(claim.formula(""))
    if not claim.equations and not claim.judged:
        yield "a row that rests on no equation says why in judged"


def _contradictions(claim: Claim, found: set[bool]) -> Iterator[str]:
    """Compare the verdict with what ran: the formula as printed, and the readings."""
    if claim.trial is not None:
        found = found | {claim.trial.outcome == HOLDS}
    if claim.verdict not in READINGS:
        if found:
            yield f"of what is {claim.verdict} no reading is true or false"
        return
    wanted = READINGS[claim.verdict]
    judged = claim.judged or claim.tests
    if not found <= wanted or (found != wanted and not judged):
        yield f"{claim.verdict} means that what was said is {_words(wanted)}; it is {_words(found)}"


def _words(found: set[bool]) -> str:
    return " and ".join(str(value).lower() for value in sorted(found)) or "neither run nor judged"


def _unreadable(claim: Claim) -> Iterator[str]:
    trial = claim.trial
    assert trial is not None  # noqa: S101  (tells the type checker)
    if claim.refusal and (trial.outcome != REFUSED or claim.refusal not in trial.seen):
        yield f"the engine does not say {claim.refusal!r} of the printed formula: {trial.seen}"
    if trial.outcome == REFUSED and not claim.refusal:
        yield f"the printed formula cannot be run: {trial.seen}"


# ------------------------------------------------------------------------------- numbers


def numbers(text: str) -> set[str]:
    """Return the numbers of a text as they are written; those inside references are none."""
    return set(_NUMBER.findall(_REFERENCE.sub(" ", text)))


def uncomputed(claim: Claim) -> set[str]:
    """Return the numbers of the prose that the evidence does not hold, rounded as they are."""
    prose = [claim.claim, claim.correction, claim.judged, *_COMMENT.findall(claim.example)]
    evidence = [_COMMENT.sub("", claim.example), claim.printed, claim.mended]
    shown = [Decimal(found) for found in numbers("\n".join([*evidence, *claim.setting.values()]))]
    wanted = numbers("\n".join(prose))
    return {text for text in wanted if not any(_rounds(value, text) for value in shown)}


def _rounds(value: Decimal, text: str) -> bool:
    """Return whether a value, rounded to the digits of a text, is what the text says."""
    wanted = Decimal(text)
    if "." not in text:
        return value == wanted
    return abs(value - wanted) <= Decimal(1).scaleb(int(wanted.as_tuple().exponent)) / 2


def pins(claims: Sequence[Claim]) -> Iterator[str]:
    """Yield, for each row, its place and the numbers for which only its source can vouch.

    These are the numbers of the prose that nothing computes, and all numbers of the formulas: of a
    wrong formula, another wrong one would be refuted as well.
    """
    for claim in claims:
        formulas = [claim.printed, claim.mended, *claim.setting.values()]
        found = " ".join(
            [
                *sorted(uncomputed(claim), key=lambda n: (Decimal(n), n)),
                *re.findall(r"\d+", "\n".join(formulas)),
            ]
        )
        yield f"{claim.id}: {claim.place}; {found}".rstrip("; ")


__all__ = [
    "HOLDS",
    "READINGS",
    "REFUSED",
    "REFUTED",
    "VERDICTS",
    "Claim",
    "faults",
    "numbers",
    "pins",
    "read_ledger",
    "uncomputed",
]
