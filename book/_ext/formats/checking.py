"""Whether an EPUB and a PDF have everything that the sources of the book have.

Too slow for the tests, because the formats have to be built; ``make epub`` and ``make pdf`` do it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from equations.blocks import Derivation, Equation
from equations.book import Book

WIDEST = 8.0  # points that a line may be too wide: less than the eye sees in the margin

_FIGURE = re.compile(r"^\s*:?name: *(fig-[a-z0-9-]+)$", re.MULTILINE)
_OVERFULL = re.compile(r"Overfull \\hbox \(([0-9.]+)pt too wide\)[^\n]*")
_COMPLAINT = re.compile(
    r"^(?:Missing character:|LaTeX Warning: (?:Reference|Hyper reference|Citation|File|There were)"
    r"|LaTeX Warning: Label .* multiply|Package hyperref Warning: Difference)[^\n]*",
    re.MULTILINE,
)
_LABEL = re.compile(r"\\label\{\\detokenize\{[^:}]*:([^}]+)\}\}")
_DISPLAY = re.compile(r"^\\book(?:display|step)\{", re.MULTILINE)
_GRAPHICS = re.compile(r"\\sphinxincludegraphics(?:\[[^]]*\])?\{+([^}]+)\}")


def figures(book: Book) -> set[str]:
    """Return the names of the figures that the chapters of a book have."""
    pages = [page for page in book.pages if book.name(page) in book.chapters]
    texts = (page.file.read_text(encoding="utf-8") for page in pages)
    return {name for text in texts for name in _FIGURE.findall(text)}


def formulas(book: Book) -> int:
    """Return how many displayed formulas the results of a book have, with their derivations."""
    count = 0
    for page in book.pages:
        for block in page.blocks:
            if isinstance(block, Equation):
                count += 1
            elif isinstance(block, Derivation):
                count += sum(1 + len(chain.steps) for chain in block.chains)
    return count


def log_problems(log: str) -> Iterator[str]:
    """Yield what a log of LaTeX complains of."""
    text = re.sub(r"(?<=.{79})\n", "", log)  # LaTeX breaks its lines
    yield from sorted(set(_COMPLAINT.findall(text)))
    yield from (found[0] for found in _OVERFULL.finditer(log) if float(found[1]) > WIDEST)


def tex_problems(tex: str, folder: Path, book: Book) -> Iterator[str]:
    """Yield what the LaTeX of a book lacks."""
    yield from _missing(set(_LABEL.findall(tex)), book)
    displays = len(_DISPLAY.findall(tex))
    if displays < formulas(book):
        yield f"{formulas(book)} formulas are in the blocks, and {displays} are displayed"
    for name in sorted(set(_GRAPHICS.findall(tex))):
        if not any(folder.glob(f"{name}*")):
            yield f"there is no file {name}"
    # A figure without its picture keeps its caption, and LaTeX does not mind.
    for figure in re.findall(r"\\begin\{figure\}.*?\\end\{figure\}", tex, re.DOTALL):
        if not _GRAPHICS.search(figure):
            yield f"a figure has no picture: {' '.join(_LABEL.findall(figure))}"


def epub_problems(file: Path, book: Book) -> Iterator[str]:
    """Yield what an e-book lacks."""
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        pages = {name: archive.read(name).decode() for name in names if name.endswith(".xhtml")}
    text = "\n".join(pages.values())
    yield from _missing(set(re.findall(r'\bid="([^"]+)"', text)), book)
    displays = text.count('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"')
    if displays < formulas(book):
        yield f"{formulas(book)} formulas are in the blocks, and {displays} are displayed"
    for page in pages.values():
        for image in re.findall(r'<img [^>]*src="([^"]+)"', page):
            if image.rpartition("../")[2] not in names:
                yield f"there is no file {image}"
        for figure in re.findall(r"<figure\b.*?</figure>", page, re.DOTALL):
            if "<img " not in figure:
                yield f"a figure has no picture: {figure[:80]}"


def _missing(found: Iterable[str], book: Book) -> Iterator[str]:
    """Yield the results, exercises and figures of a book that are not among some names."""
    for name in sorted({*book.entries, *figures(book)} - set(found)):
        yield f"{name} is missing"


__all__ = ["epub_problems", "figures", "formulas", "log_problems", "tex_problems"]
