"""Each chapter as a Jupyter notebook that needs ``refimpl`` and no part of this repository.

The notebook is made from the source of the chapter and from the outputs that the build has
computed. The examples of results and of the text are cells too, with the printed digits as their
outputs, so that a reader can change and run whatever the chapter prints.
"""

from __future__ import annotations

import ast
import doctest
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import refimpl
from equations.blocks import (
    Chain,
    Derivation,
    Equation,
    parse_derivation,
    parse_equation,
    parse_exercise,
)
from equations.directives import SHOWN_AFTER, SHOWN_BEFORE, aligned
from formats.expand import expand
from formats.links import Links
from formats.pieces import Piece, options, pieces
from results.records import page_title

Cell = dict[str, Any]
Outputs = Sequence[Sequence[Mapping[str, Any]]]

FOLDER = "notebooks"
EXAMPLE = "example"  # the tag of a cell that was an example of a result or of the text
BOOK_ONLY = "book-only"  # the tag of a cell that reads the sources of the book
STYLE = 'plt.style.use("_static/book.mplstyle")'
PROGRAMS = 'sys.path.insert(0, "experiments")'

_HEADING = re.compile(r"(?m)^(?=#{1,6} )")
_TITLE = re.compile(r"(?m)^# .*$")
_LIBRARIES = {"jax": "jax", "matplotlib": "matplotlib", "sklearn": "scikit-learn"}


@dataclass(frozen=True)
class Material:
    """What a notebook is made of beside the source of its chapter."""

    title: str
    release: str
    repository: str
    stills: Path  # a folder with the still pictures of the figures that have sliders
    outputs: Outputs  # of each code cell, in their order; empty if they have not been run


class Notebook:
    """The notebook of one chapter."""

    def __init__(self, chapter: str, links: Links, material: Material) -> None:
        """Read the chapter."""
        self.chapter, self.links, self.material = chapter, links, material
        self.file = links.book.root / f"{chapter}.md"
        self.cells: list[Cell] = []
        self._outputs = iter(material.outputs)
        self._derivations: dict[str, int] = {}
        self._taken: set[str] = set()  # names of functions that the cells use for something else

    def json(self) -> str:
        """Return the notebook as it is stored."""
        self.cells = []
        text = self.file.read_text(encoding="utf-8")
        self.head(text)
        self.blocks(text)
        sources = [f"- {line}" for line in self.links.sources.list()]
        self.markdown("\n".join(["## Sources cited here", "", *sources]))
        self.keep_values()
        for number, cell in enumerate(self.cells):
            cell["id"] = f"{self.chapter}-{number}"
        data = {
            "cells": self.cells,
            "metadata": {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
                "title": f"{self.material.title}: {self.chapter}",
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    # --- Cells

    def markdown(self, text: str, *, folded: str = "") -> None:
        """Add a cell of text."""
        text = re.sub(r"\n{3,}", "\n\n", text).strip()
        if text and folded:
            text = f"<details><summary>{folded}</summary>\n\n{text}\n\n</details>"
        if text:
            self.cells.append({"cell_type": "markdown", "metadata": {}, "source": text})

    def code(
        self,
        source: str,
        outputs: Sequence[Mapping[str, Any]] = (),
        *,
        folded: bool = False,
        tags: Sequence[str] = (),
    ) -> None:
        """Add a cell of code."""
        metadata: dict[str, Any] = {"jupyter": {"source_hidden": True}} if folded else {}
        cell = {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {**metadata, "tags": list(tags)} if tags else metadata,
            "outputs": list(outputs),
            "source": source.strip("\n"),
        }
        self.cells.append(cell)

    def example(self, source: str, *, folded: bool = False) -> None:
        """Add a cell for each output that an example prints."""
        lines = ""
        for part in doctest.DocTestParser().get_examples(source):
            lines += self._restored(part.source)
            if part.want:
                lines, output = _printing(lines, part)
                self.code(lines, [output], folded=folded, tags=[EXAMPLE])
                lines = ""
        if lines:
            self.code(lines, folded=folded, tags=[EXAMPLE])

    def keep_values(self) -> None:
        """Keep what an example overwrites and a later cell of the chapter needs.

        In the book, every example runs by itself, and the cells of a chapter run without them.
        """
        owned: set[str] = set()
        overwritten: dict[str, Cell] = {}  # and the first example that does it
        for cell in self.cells:
            source = cell["source"]
            if cell["cell_type"] != "code" or source.startswith("%%"):
                continue
            if EXAMPLE in cell["metadata"].get("tags", ()):
                for name in sorted(_assigned(source) & owned - overwritten.keys()):
                    overwritten[name] = cell
                continue
            needed = sorted(_needed(source) & overwritten.keys())
            for name in needed:
                example = overwritten.pop(name)
                example["source"] = f"kept_{name} = {name}  # for a cell below\n{example['source']}"
            restored = "".join(f"{name} = kept_{name}\n" for name in needed)
            cell["source"] = restored + source
            owned |= _assigned(source)
            for name in _assigned(source) & overwritten.keys():
                del overwritten[name]

    def _restored(self, source: str) -> str:
        """Return code that gets the functions back which it needs and a cell has overwritten."""
        used = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        lost = sorted(used & self._taken)
        self._taken -= used
        return f"from refimpl import {', '.join(lost)}\n{source}" if lost else source

    # --- Blocks

    def head(self, text: str) -> None:
        """Add what the rest needs."""
        site, material = self.links.site, self.material
        needed = [name for module, name in _LIBRARIES.items() if self._imports(text, module)]
        package = f"refimpl=={material.release}"
        if "dev" in material.release:
            package = f'"refimpl @ git+{material.repository}"'
        number = self.links.book.chapters.index(self.chapter)
        title = self.links.text(page_title(self.file))
        self.markdown(
            f"# {number}  {title}\n\n"
            f"*This is chapter {number} of [{material.title}]({site}), version {material.release}, "
            f"as a notebook.\nIts [page in the book]({self.links.page(self.chapter)}) also has "
            "the evidence for each result, the graph of what needs what, and figures with "
            "sliders.\nText: CC BY 4.0; code: MIT licence.*\n\n"
            "It runs after\n\n"
            f"    pip install {' '.join([package, *needed])}\n\n"
            "and then from the first cell to the last."
        )
        self.code(
            "# What the examples use.\nimport math\nfrom math import inf\n\nimport numpy as np\n"
            "import refimpl\nfrom refimpl import *"
        )
        for program in self._programs(text):
            name, source = program.name, program.read_text(encoding="utf-8")
            self.markdown(
                f"The next cell writes `{name}`, which other cells import, beside the notebook."
            )
            self.code(f"%%writefile {name}\n{source}", folded=True)

    def _imports(self, text: str, module: str) -> bool:
        sources = [text, *(file.read_text(encoding="utf-8") for file in self._programs(text))]
        pattern = re.compile(rf"^\s*(?:import|from) {module}\b", re.MULTILINE)
        return any(pattern.search(source) for source in sources)

    def _programs(self, text: str) -> list[Path]:
        """Return the programs of the book that the cells import."""
        if PROGRAMS not in text:
            return []
        files = sorted((self.links.book.root / "experiments").glob("*.py"))
        return [file for file in files if re.search(rf"(?m)^import {file.stem}\b", text)]

    def blocks(self, text: str, *, line: int = 0, folded: str = "") -> None:
        """Add the cells of a part of the chapter; ``folded`` is the title of what hides it."""
        for piece in pieces(text):
            if piece.name == "":
                for part in _HEADING.split(self.links.text(_TITLE.sub("", piece.content))):
                    self.markdown(part, folded=folded)
            else:
                self.block(piece, line + piece.line, folded)

    def block(self, piece: Piece, line: int, folded: str) -> None:
        """Add the cells of a block."""
        if piece.name == "fence":
            self.fence(piece, folded)
        elif piece.name == "code-cell":
            self.code_cell(piece)
        elif piece.name == "equation":
            self.equation(parse_equation(piece.argument, piece.content, self.file, line))
        elif piece.name == "derivation":
            index = self._derivations.get(piece.argument, 0)
            self._derivations[piece.argument] = index + 1
            block = parse_derivation(piece.argument, piece.content, self.file, line, index)
            self.derivation(block)
        elif piece.name == "exercise":
            exercise, first = parse_exercise(piece.argument, piece.content, self.file, line)
            self.markdown(self._head(exercise.id, exercise.title))
            self.blocks("\n".join(piece.content.split("\n")[first - line - 1 :]))
        elif piece.name == "dropdown":
            self.blocks(options(piece.content)[1], folded=piece.argument)
        elif piece.name == "slider":
            self.slider(piece)
        elif piece.name == "results":
            self.results()
        elif piece.name == "graph":
            self.markdown(f"The [page of this chapter]({self.links.page(self.chapter)}) draws it.")
        else:
            raise ValueError(f"{self.file}:{line}: notebooks do not know {{{piece.name}}}")

    def fence(self, piece: Piece, folded: str) -> None:
        """Add an example, or a program that is only shown."""
        if ">>>" in piece.content:
            self.example(piece.content, folded=bool(folded))
        else:
            self.markdown(f"```{piece.argument}\n{piece.content}```", folded=folded)

    def code_cell(self, piece: Piece) -> None:
        """Add a cell of the chapter, with its outputs and the caption of its figure."""
        given, source = options(piece.content)
        outputs = [_portable(output) for output in next(self._outputs, ())]
        tags = given.get("tags") or []
        assert isinstance(tags, list)  # noqa: S101  (tells the type checker)
        if BOOK_ONLY in tags:
            page = self.links.page(self.chapter)
            self.markdown(f"*What is drawn here is on [the page of this chapter]({page}).*")
            return
        hidden = bool({"hide-input", "remove-input", "remove-cell"} & set(tags))
        self.code(self._portable_source(source), outputs, folded=hidden)
        self._taken |= _assigned(source) & set(refimpl.__all__)
        shown: Any = given.get("mystnb", {})
        caption = " ".join(shown.get("figure", {}).get("caption", "").split())
        if caption:
            self.markdown(f"*Figure:* {self.links.text(caption)}")

    def _portable_source(self, source: str) -> str:
        """Return code that needs no file of the book."""
        style = self.links.book.root / "_static" / "book.mplstyle"
        shown = source.replace(STYLE, f"plt.rcParams.update({_style(style)})")
        return shown.replace(f"{PROGRAMS}\n", "")

    def _head(self, name: str, title: str) -> str:
        entry = self.links.book.entries[name]
        number = f"[{entry.number}]({self.links.result(name)})"
        return f'<a id="{name}"></a>\n**{entry.label} {number}** {self.links.text(title)}'

    def _said(self, given: Mapping[str, str], shown: Mapping[str, str]) -> Iterator[str]:
        for name, label in shown.items():
            if given.get(name):
                lead = f"**{label}** " if label else ""
                yield f"{lead}{self.links.text(given[name])}"

    def equation(self, block: Equation) -> None:
        """Add a result: its statement, its example, its source."""
        before = [self._head(block.id, block.title), *self._said(block.options, SHOWN_BEFORE)]
        after = list(self._said(block.options, SHOWN_AFTER))
        self.markdown("\n\n".join([*before, _display(aligned(block.rows)), *after]))
        self.example(block.example)
        functions = ", ".join(f"`{name}`" for name in block.functions)
        code = [f"**Code** {functions}"] if functions else []
        source = f"**Source** {self.links.text(block.options['source'])}"
        self.markdown("\n\n".join([*code, source]))

    def derivation(self, block: Derivation) -> None:
        """Add a derivation: its chains, and below each the reasons of its steps."""
        shown = {"shows": "Shows", "for": "For", "if": "If", "where": "where"}
        number = self.links.book.entries[block.id].number
        title = f" {self.links.text(block.title)}" if block.title else ""
        said = [f"**Derivation of ({number})**{title}", *self._said(block.options, shown)]
        self.markdown("\n\n".join([*said, *map(self.chain, block.chains)]))

    def chain(self, chain: Chain) -> str:
        """Return a chain with numbered steps, and the list of their reasons."""
        rows = [f"& {chain.head}"]
        rows += [
            rf"& \quad {step.relation} {step.latex} && \textsf{{({number})}}"
            for number, step in enumerate(chain.steps, 1)
        ]
        reasons = [
            f"{number}. {self.links.text(step.reason)}"
            + (f" (not run: {self.links.text(step.not_run)})" if step.not_run else "")
            for number, step in enumerate(chain.steps, 1)
        ]
        body = " \\\\\n".join(rows)
        shown = _display(f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}")
        return "\n\n".join([shown, "\n".join(reasons)])

    def slider(self, piece: Piece) -> None:
        """Add the still picture of a figure with sliders, as an attachment."""
        given, caption = options(piece.content)
        way = self.links.page(self.chapter, str(given.get("name", "")))
        text = f"*Figure:* {self.links.text(' '.join(caption.split()))} "
        text += f"It has sliders on [its page]({way})."
        still = self.material.stills / f"{piece.argument}.svg"
        if still.is_file():
            alt = " ".join(str(given["alt"]).split())
            text = f"![{alt}](attachment:{still.name})\n\n{text}"
        self.markdown(text)
        if still.is_file():
            data = b64encode(still.read_bytes()).decode()
            self.cells[-1]["attachments"] = {still.name: {"image/svg+xml": data}}

    def results(self) -> None:
        """Add the table of the results of the chapter."""
        rows = ["| Number | Result | Kind |", "|---|---|---|"]
        for name, entry in self.links.book.entries.items():
            if entry.chapter == self.chapter and isinstance(entry.block, Equation):
                number = f"[{entry.number}]({self.links.result(name)})"
                title = self.links.text(entry.block.title).replace("|", r"\|")
                rows.append(f"| {number} | {title} | {entry.block.kind} |")
        self.markdown("\n".join(rows))


def _display(latex: str) -> str:
    return f"$$\n{expand(latex)}\n$$"


def _assigned(source: str) -> set[str]:
    """Return the names that a cell assigns."""
    return {name for statement in _statements(source) for name in _names(statement, ast.Store)}


def _needed(source: str) -> set[str]:
    """Return the names that a cell takes from earlier cells."""
    assigned: set[str] = set()
    needed: set[str] = set()
    for statement in _statements(source):
        needed |= _names(statement, ast.Load) - assigned
        assigned |= _names(statement, ast.Store)
    return needed


def _statements(source: str) -> list[ast.stmt]:
    """Return the statements of a cell without its magic commands."""
    return ast.parse(re.sub(r"(?m)^%.*$", "", source)).body


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, context)}


def _printing(source: str, part: doctest.Example) -> tuple[str, Cell]:
    """Return code whose last example shows in a notebook what it shows at a prompt, and that."""
    text = part.want.rstrip("\n")
    if part.exc_msg is not None:
        name, _, value = part.exc_msg.strip().partition(": ")
        return source, {"output_type": "error", "ename": name, "evalue": value, "traceback": [text]}
    last = ast.parse(part.source).body[-1]
    if isinstance(last, ast.Expr) and not _prints(last):
        return source, {
            "output_type": "execute_result",
            "execution_count": None,
            "metadata": {},
            "data": {"text/plain": text},
        }
    if not isinstance(last, ast.Expr):
        source = source.removesuffix(part.source) + _with_print(part.source)
    return source, {"output_type": "stream", "name": "stdout", "text": f"{text}\n"}


def _prints(statement: ast.Expr) -> bool:
    return ast.unparse(statement).startswith("print(")


def _with_print(source: str) -> str:
    """Return a loop or a block that prints the values which a prompt would show."""
    lines = source.split("\n")
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, ast.Expr) and not _prints(statement):
            first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
            before = lines[first][: statement.col_offset]
            shown = "\n".join(lines[first : last + 1])[len(before) :]
            shown = f"({shown})" if isinstance(statement.value, ast.Tuple) else shown
            lines[first : last + 1] = [f"{before}print({shown})", *[""] * (last - first)]
    return "\n".join(line for line in lines if line) + "\n"


def _portable(output: Mapping[str, Any]) -> Cell:
    """Return an output without the number of its run."""
    numbered = "execution_count" in output
    return {**output, "execution_count": None} if numbered else dict(output)


def _style(file: Path) -> str:
    """Return the plotting style of the book as a dictionary."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    pairs = [line.partition(":") for line in lines if line and not line.startswith("#")]
    rows = [f"    {name.strip()!r}: {value.strip()!r},\n" for name, _, value in pairs]
    return "{\n" + "".join(rows) + "}"


__all__ = ["BOOK_ONLY", "FOLDER", "Material", "Notebook"]
