"""Take out of the site what no page uses: files, scripts, rules of stylesheets.

The themes bring icons, a grid, menus and translations for any site. A rule of a stylesheet whose
every selector names a class that stands in no page and in no script can never match anything.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

# What has to stand in a page that needs the file; the others do without it.
NEEDED_FOR = {
    "cards.js": "data-card=",
    "cite.js": 'class="cite-form"',
    "filter.js": "filtered",
    "graph.js": 'class="graph"',
    "sliders.js": 'class="slider"',
    "clipboard.min.js": "<pre",
    "copybutton.js": "<pre",
    "copybutton.css": "<pre",
    "design-tabs.js": "sd-tab-set",
    "sphinx-design.min.css": 'class="sd-|class="[^"]* sd-',
    "mystnb.": 'class="[^"]*cell',
}
# Scripts of the themes whose part book.js plays.
REPLACED = {"scripts/sphinx-book-theme.js"}
# On other pages it would mark what was searched for last, in drawings and formulas too.
FOR_SEARCH = {"sphinx_highlight.js"}

COMPLETED = "${"

_CLASSES = re.compile(r'\bclass="([^"]*)"')
_IN_SCRIPT = re.compile(r"[A-Za-z_][\w-]*(?:(?<=-)\$\{)?")
_CLASS_IN_SELECTOR = re.compile(r"\.(-?[A-Za-z_](?:[\w-]|\\.)*)")
# Words in these are not required, or no classes.
_OPEN = re.compile(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_FONT = re.compile(r"@font-face\s*\{[^}]*\}")
_FILE = re.compile(r"""url\(["']?([^"')?#]+)""")
_GROUPS = ("@media", "@supports", "@layer", "@container")


def choose_files(
    app: Sphinx,
    pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _document: nodes.document | None,
) -> None:
    """Leave out the scripts and stylesheets that a page has no use for."""
    if app.builder.format != "html":
        return
    body = context.get("body", "")
    for key in ("script_files", "css_files"):
        files = context.get(key, [])
        names = [str(file.filename or "").removeprefix("_static/") for file in files]
        context[key] = [
            file
            for file, name in zip(files, names, strict=True)
            if _needed(name, body) and (name not in FOR_SEARCH or pagename == "search")
        ]
    context["collapse_index"] = False  # it needs a script in the page


def _needed(name: str, body: str) -> bool:
    if not name or name in REPLACED:
        return False  # a script without a file sets what only the themes' scripts read
    marks = (mark for start, mark in NEEDED_FOR.items() if name.startswith(start))
    return all(re.search(mark, body) for mark in marks)


def take_out(app: Sphinx, error: Exception | None) -> None:
    """Remove files that no page asks for, and rules that match nothing on any page."""
    if error is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    static = folder / "_static"
    for name in app.config.wayfinding_unused:
        for file in static.glob(name):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    used = names_in(folder)
    for sheet in static.rglob("*.css"):
        css = with_fonts(sheet.read_text(encoding="utf-8"), sheet.parent)
        sheet.write_text(slim(css, used), encoding="utf-8")


def names_in(folder: Path) -> set[str]:
    """Return every class of the pages, and every word of the scripts: each could become one.

    A word that a script completes, as in `` `run-${kind}` ``, keeps the mark of this at its end.
    """
    used: set[str] = set()
    for page in folder.rglob("*.html"):
        for names in set(_CLASSES.findall(page.read_text(encoding="utf-8"))):
            used.update(names.split())
    for part in ("_static", "_cards"):
        for file in folder.joinpath(part).rglob("*.js"):
            used.update(_IN_SCRIPT.findall(file.read_text(encoding="utf-8")))
    return used


def with_fonts(css: str, folder: Path) -> str:
    """Return a stylesheet without the fonts that are not there: a browser would ask for them."""

    def kept(face: re.Match[str]) -> str:
        files = [folder / file for file in _FILE.findall(face.group())]
        return face.group() if any(file.is_file() for file in files) else ""

    return _FONT.sub(kept, css)


def slim(css: str, used: set[str]) -> str:
    """Return a stylesheet without the rules that match nothing."""
    begun = tuple(name.removesuffix(COMPLETED) for name in used if name.endswith(COMPLETED))
    text = _COMMENT.sub("", css)
    return "".join(_kept(text, lambda selector: _matches(selector, used, begun)))


def _kept(css: str, matches: Callable[[str], bool]) -> Iterator[str]:
    """Yield the rules that are kept, each with the part of its selector that can match."""
    for head, inside in rules(css):
        if inside is None:
            yield head
        elif head.lstrip().startswith(_GROUPS):
            group = "".join(_kept(inside, matches))
            if group.strip():
                yield f"{head}{{{group}}}"
        elif head.lstrip().startswith("@"):
            yield f"{head}{{{inside}}}"
        else:
            selectors = [part for part in _parted(head) if matches(part)]
            if selectors:
                yield f"{','.join(selectors)}{{{inside}}}"


def rules(css: str) -> Iterator[tuple[str, str | None]]:
    """Yield each rule of a stylesheet: what stands before its braces, and in them.

    A statement without braces, such as ``@import``, and white space have nothing in them.
    """
    start = place = 0
    while place < len(css):
        letter = css[place]
        if letter in "\"'":
            place = _after_string(css, place)
            continue
        if letter == ";":
            yield css[start : place + 1], None
            start = place + 1
        elif letter == "{":
            end = _after_block(css, place)
            yield css[start:place], css[place + 1 : end - 1]
            start = place = end
            continue
        place += 1
    yield css[start:], None


_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_BRACE = re.compile(r"[{}]|" + _QUOTED.pattern, re.DOTALL)


def _after_string(css: str, place: int) -> int:
    found = _QUOTED.match(css, place)
    return found.end() if found else len(css)


def _after_block(css: str, place: int) -> int:
    depth = 0
    for found in _BRACE.finditer(css, place):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if depth == 0:
            return found.end()
    raise ValueError(f"a brace is not closed: {css[place : place + 60]}")


def _parted(head: str) -> list[str]:
    """Return the selectors of a rule, parted at the commas outside of brackets."""
    parts, depth = [""], 0
    for letter in head:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _matches(selector: str, used: set[str], begun: tuple[str, ...]) -> bool:
    """Whether all classes that a selector requires are in use."""
    required = _OPEN.sub("", selector)
    names = (name.replace("\\", "") for name in _CLASS_IN_SELECTOR.findall(required))
    return all(name in used or name.startswith(begun) for name in names)
