"""Each result as plain data: what its page shows, and what the catalogue gives to programs.

Everything is taken from where it is kept already: the blocks of the chapters, the verdicts of the
checks, the graph, the register of identifiers. ``catalogue.schema.json`` says what a record holds.
"""

from __future__ import annotations

import dataclasses
import doctest
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from equations.blocks import Chain, Derivation, Equation, Step
from equations.book import Book, Entry
from equations.checks import read_rows
from equations.graph import Graph, Standing
from equations.macros import MACROS
from equations.settings import Setting
from equations.syntax import Node, parts_of
from equations.verdicts import EXECUTED, TESTED, Verdict, step_names
from katex_math.engine import render
from results.ids import Register
from results.notation import Symbol, symbols
from results.sources import Change, Declaration, changes_of, cited

Json = dict[str, Any]

FOLDER = "eq/"
CATALOGUE = "catalogue.json"
SCHEMA = Path(__file__).with_name("catalogue.schema.json")

_MATHML = re.compile(r"<math .*?</math>", re.DOTALL)
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Material:
    """All that records are made of.

    ``site`` and ``repository`` are the addresses of the book and of its sources; ``function``
    returns full name and address of a function, ``claims`` the claims about a result.
    """

    book: Book
    verdicts: Mapping[str, Verdict]
    register: Register
    notation: Mapping[str, Sequence[Symbol]]
    bibliography: Mapping[str, Json]
    formal: Mapping[str, Sequence[Declaration]]
    changes: Sequence[Change]
    title: str
    site: str
    repository: str
    function: Callable[[str], tuple[str, str | None]]
    claims: Callable[[str], Sequence[Json]]

    @cached_property
    def graph(self) -> Graph:
        """What each result needs."""
        return self.book.graph

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """How well each result and all that it builds on are checked."""
        return self.graph.standings({name: self.verdicts[name].level for name in self.entries})

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The results of the book, without the exercises, in their order."""
        entries = self.book.entries.items()
        return {name: entry for name, entry in entries if isinstance(entry.block, Equation)}

    @cached_property
    def chapters(self) -> dict[str, str]:
        """The title of each page that has results."""
        names = dict.fromkeys(entry.chapter for entry in self.entries.values())
        return {name: page_title(self.book.root / f"{name}.md") for name in names}

    def neighbours(self, name: str) -> tuple[str | None, str | None]:
        """Return the results before and after one in the order of the book."""
        names = [None, *self.entries, None]
        place = names.index(name)
        return names[place - 1], names[place + 1]


def page_title(page: Path) -> str:
    """Return the title of a page of Markdown."""
    found = _TITLE.search(page.read_text(encoding="utf-8"))
    return found[1].strip() if found else ""


def page_of(name: str) -> str:
    """Return the name of the page of a result, or of a retired identifier, as Sphinx has it."""
    return f"{FOLDER}{name}/index"


def record(name: str, material: Material) -> Json:
    """Return all that the book says about a result."""
    entry = material.entries[name]
    block = entry.block
    assert isinstance(block, Equation)  # noqa: S101  (tells the type checker)
    before, after = material.neighbours(name)
    needs, used = material.graph.needs(name), material.graph.used_by(name)
    letters = symbols(block, material.notation, material.graph)
    return {
        "id": name,
        "number": entry.number,
        "kind": block.kind,
        "title": block.title,
        "address": f"{material.site}{FOLDER}{name}/",
        "chapter": _chapter(entry, material),
        **_statement(block),
        "symbols": [dataclasses.asdict(symbol) for symbol in letters],
        "code": [_code(call, material) for call in block.calls],
        "example": [
            {"code": part.source.rstrip("\n"), "output": part.want.rstrip("\n")}
            for part in doctest.DocTestParser().get_examples(block.example)
        ],
        "evidence": _evidence(material.verdicts[name], material.repository),
        "derivations": [
            _derivation(derivation, material)
            for derivation in material.book.derivations
            if derivation.id == name
        ],
        "needs": {"statement": list(needs.statement), "proof": list(needs.proof)},
        "gaps": list(material.standings[name].gaps),
        "used_by": {"statement": list(used.statement), "proof": list(used.proof)},
        "claims": list(material.claims(name)),
        "source": block.options["source"],
        "references": [material.bibliography[key] for key in _keys(block, material)],
        "formal": [dataclasses.asdict(item) for item in material.formal.get(name, ())],
        "history": _history(name, material),
        "previous": before,
        "next": after,
    }


def _chapter(entry: Entry, material: Material) -> Json:
    chapters = material.book.chapters
    return {
        "name": entry.chapter,
        "number": chapters.index(entry.chapter) if entry.chapter in chapters else None,
        "title": material.chapters[entry.chapter],
        "address": f"{material.site}{entry.chapter}.html#{entry.block.id}",
    }


def _statement(block: Equation) -> Json:
    """Return what is stated and where it holds: LaTeX, MathML, tree, conditions, remarks."""
    options = block.options
    commands = _COMMAND.findall(" ".join([block.statement, *options.values()]))
    macros = {name: MACROS[name] for name in dict.fromkeys(commands) if name in MACROS}
    return {
        "latex": list(block.rows),
        "macros": {f"\\{n}": {"arguments": m.args, "latex": m.latex} for n, m in macros.items()},
        "mathml": mathml(block),
        "tree": tree(block),
        "for": options["for"],
        "if": options.get("if"),
        "where": options.get("where"),
        "note": options.get("note"),
        "equality_at": options.get("tight"),
        "never_equal": options.get("slack"),
    }


def mathml(block: Equation) -> str:
    """Return the statement in MathML, as KaTeX writes it."""
    found = _MATHML.search(render("\\\\\n".join(block.rows), display=True))
    assert found is not None  # noqa: S101  (KaTeX always writes it)
    return found.group()


def tree(block: Equation) -> list[Any] | None:
    """Return the parsed rows as nested lists: a name, then its parts; None if it is not parsed."""
    options = block.options
    if TESTED in options or "illustrated" in options:
        return None
    setting = Setting(options["for"], options.get("if", ""), options.get("where", ""))
    return [_plain(row) for row in read_rows(setting, block.statement)]


def _plain(value: object) -> Any:  # noqa: ANN401  (JSON)
    if isinstance(value, Node):
        return [type(value).__name__, *(_plain(getattr(value, name)) for name in parts_of(value))]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _code(call: str, material: Material) -> Json:
    name, address = material.function(call.partition("(")[0].strip())
    return {"call": call, "function": name, "address": address}


def _evidence(verdict: Verdict, repository: str) -> Json:
    names = verdict.note.split(",") if verdict.level == TESTED else []
    tests = [name.strip() for name in names]
    counts = ("instances", "infinite", "undecided", "mutants", "killed", "excused", "true")
    more = ("absorbed", "weaker")
    found: Json = {"level": verdict.level}
    if verdict.level == EXECUTED:
        found |= {name: getattr(verdict, name) for name in (*counts, *more)}
        found["worst_error"] = verdict.worst
    elif tests:
        found["tests"] = [
            {"name": test, "address": repository + test.partition("::")[0]} for test in tests
        ]
    else:
        found["reason"] = verdict.note
    return found


def _derivation(block: Derivation, material: Material) -> Json:
    verdicts = iter([material.verdicts[name] for name in step_names(block)])
    return {
        "title": block.title,
        **{name: block.options.get(name) for name in ("shows", "for", "if", "where")},
        "chains": [_chain(chain, verdicts, material) for chain in block.chains],
    }


def _chain(chain: Chain, verdicts: Iterator[Verdict], material: Material) -> Json:
    steps = [_step(step, next(verdicts), material) for step in chain.steps]
    return {"head": chain.head, "steps": steps}


def _step(step: Step, verdict: Verdict, material: Material) -> Json:
    found = {"relation": step.relation, "latex": step.latex, "reason": step.reason}
    if step.not_run is not None:
        return {**found, "evidence": {"level": verdict.level, "reason": step.not_run}}
    return {**found, "evidence": _evidence(verdict, material.repository)}


def _keys(block: Equation, material: Material) -> list[str]:
    return [key for key in cited(block.options["source"]) if key in material.bibliography]


def _history(name: str, material: Material) -> Json:
    release = material.register.since(name)
    changes = changes_of(name, material.changes)
    return {
        "since": None if release is None else {"version": release.version, "date": release.date},
        "changes": [dataclasses.asdict(change) for change in changes],
    }


def catalogue(material: Material, *, version: str) -> Json:
    """Return the whole catalogue."""
    register = material.register
    return {
        "$schema": SCHEMA.name,
        "title": material.title,
        "version": version,
        "licence": "CC-BY-4.0",
        "address": material.site,
        "results": [record(name, material) for name in material.entries],
        "retired": [
            {
                "id": retired.id,
                "address": f"{material.site}{FOLDER}{retired.id}/",
                "why": retired.why,
                "replaced_by": list(retired.replaced_by),
            }
            for retired in register.retired.values()
        ],
    }
