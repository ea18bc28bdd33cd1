"""Typeset the book's formulas while it is built, so that a page needs no script to show them.

The extension is a math renderer of Sphinx's HTML builders; other builders keep their own.
A formula that KaTeX cannot read is a warning with file and line.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from katex_math.engine import KatexError, digest, keep, macros, render

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.builders.html import StandaloneHTMLBuilder
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

__all__ = ["KatexError", "bind", "display_html", "macros", "mathml", "render", "setup"]

STYLESHEET = "katex/katex.min.css"

logger = logging.getLogger(__name__)

_OPENING = re.compile(r"[(\[“‘]+$")
_CLOSING = re.compile(r"^(?:[-’]\w+|[-.,;:!?)\]”’…])+")  # also what follows in “$f$-divergence”
# KaTeX splits a formula in the text into the parts between which a line may break.
_PART = '<span class="katex-base">'


_MATHML = re.compile(
    r"(?P<start><math[^>]*)><semantics>(?P<inside>.*?)<annotation .*</semantics></math>", re.DOTALL
)
_ALPHABET = re.compile(
    r'<(?P<tag>mi|mn) mathvariant="(?P<alphabet>double-struck|script|bold)">'
    r"(?P<letters>[A-Za-z0-9]+)</(?P=tag)>"
)
# Readers set no space around the name of a function.
_THIN = '<mspace width="0.1667em"></mspace>'
_EMPTY = '<mo lspace="0em" rspace="0em"></mo>'
_SPACED = re.compile(f"<mo>\u2061</mo>(?!</mrow>|(?:{_EMPTY}<mrow>)?<mo[^>]*>[(\\[{{])")
# Brackets around what is no higher than they are; those that could grow are set with wide gaps.
_HIGH = '<mo fence="true">|<mo[^>]* stretchy="true"|<mfrac|<munder|<mover|<mtable|<msqrt|<msubsup'
_FLAT = re.compile(
    r'<mrow><mo fence="true">(?P<opened>[(\[{∣∥])</mo>'
    rf"(?P<inside>(?:(?!{_HIGH}).)*)"
    r'<mo fence="true">(?P<closed>[)\]}∣∥])</mo></mrow>'
)
_NAMED = re.compile(r"(?:(?<=</mi>)|(?<=</mn>)|(?<=\)</mo>))(?:<msub>)?<mi>[a-z]{3,}</mi>")
_TABLE_TAG = re.compile(r"<(?P<name>/?mtable|mtr|mtd)(?P<rest>[^>]*)>")


def display_html(latex: str, *, label: str = "Formula") -> str:
    """Return a display formula in a box of its own, which scrolls if the formula is wide.

    The box takes the keyboard's focus, because without it nobody could scroll by keyboard.
    """
    html = render(latex, display=True)
    return f'<div class="math-scroll" tabindex="0" role="group" aria-label="{label}">{html}</div>'


def mathml(latex: str, *, display: bool = False) -> str:
    """Return the MathML of a formula, for readers that have no stylesheet of KaTeX.

    The LaTeX is its alternative text, and the columns of aligned rows get classes, because no
    reader looks at the attribute that says on which side they are aligned.
    """
    html = render(latex, display=display, output="mathml")
    found = _MATHML.search(html)
    assert found is not None  # noqa: S101  (tells the type checker)
    text = escape(" ".join(latex.split()))
    inside = _SPACED.sub(r"\g<0>" + _THIN, _ALPHABET.sub(_letters, _aligned(found["inside"])))
    inside = _NAMED.sub(_THIN + r"\g<0>", inside).replace("<mo>:</mo><mo>=</mo>", "<mo>:=</mo>")
    return f'{found["start"]} alttext="{text}">{_with_flat_brackets(inside)}</math>'


def _with_flat_brackets(inside: str) -> str:
    """Let brackets keep their size where nothing asks for more, from inside out."""
    count = 1
    while count:
        inside, count = _FLAT.subn(_flat, inside)
    return inside


def _flat(found: re.Match[str]) -> str:
    # A bar of its own size is taken for a relation, and gets its space.
    near = ' lspace="0em" rspace="0em"' if found["closed"] in "∣∥" else ""
    start = f'<mo stretchy="false"{near}>'
    opened, closed = (f"{start}{found[name]}</mo>" for name in ("opened", "closed"))
    inside = found["inside"].replace('<mo fence="true" l', '<mo stretchy="false" l')
    return f"<mrow>{opened}{inside}{closed}</mrow>"


def _letters(found: re.Match[str]) -> str:
    """Return letters of another alphabet as the signs that Unicode has for them.

    Readers that know no more than the core of MathML do not look at the attribute.
    """
    names = {"double-struck": "DOUBLE-STRUCK", "script": "SCRIPT", "bold": "BOLD"}
    shown = []
    for letter in found["letters"]:
        kind, _, value = unicodedata.name(letter).removeprefix("LATIN ").partition(" ")
        kind = kind if kind == "DIGIT" else kind.replace("LETTER", "")
        name = f"{names[found['alphabet']]} {kind} {value.removeprefix('LETTER ')}"
        for known in (f"MATHEMATICAL {name}", name):
            with suppress(KeyError):
                shown.append(unicodedata.lookup(known))
                break
        else:
            return found.group()
    return f'<{found["tag"]} mathvariant="normal">{"".join(shown)}</{found["tag"]}>'


def _aligned(mathml: str) -> str:
    """Give the cells of tables the classes that say on which side they are aligned."""
    sides: list[tuple[list[str], int]] = []

    def mark(tag: re.Match[str]) -> str:
        name = tag["name"]
        if name == "mtable":
            align = re.search(r'columnalign="([^"]*)"', tag["rest"])
            sides.append((align[1].split() if align else [], 0))
        elif name == "/mtable":
            sides.pop()
        elif name == "mtr":
            sides[-1] = (sides[-1][0], 0)
        elif name == "mtd":
            known, column = sides[-1]
            sides[-1] = (known, column + 1)
            if known:
                return f'<mtd class="{known[column % len(known)]}"{tag["rest"]}>'
        return tag.group()

    return _TABLE_TAG.sub(mark, mathml)


class BindPunctuation(SphinxPostTransform):
    """Give a formula in the text the punctuation that touches it.

    Browsers may break a line on either side of a formula, so that a comma would begin a line.
    """

    default_priority = 900
    formats = ("html",)

    def run(self, **_kwargs: object) -> None:
        """Move punctuation from the text around each formula into attributes of the formula."""
        for node in list(self.document.findall(nodes.math)):
            place = node.parent.index(node)
            self.move(node, place + 1, _CLOSING, "closing")
            self.move(node, place - 1, _OPENING, "opening")

    def move(self, node: nodes.math, place: int, pattern: re.Pattern[str], name: str) -> None:
        """Move what matches out of a text beside the formula."""
        siblings = node.parent.children
        text = siblings[place] if 0 <= place < len(siblings) else None
        if isinstance(text, nodes.Text) and (found := pattern.search(text)):
            node[name] = found.group()
            node.parent[place] = nodes.Text(text[: found.start()] + text[found.end() :])


def bind(html: str, opening: str, closing: str) -> str:
    """Put punctuation around a formula such that no line breaks between the two."""
    if not (opening or closing):
        return html
    head, _, last = html.rpartition(_PART)
    if _PART not in head:
        return f'<span class="bound">{opening}{html}{closing}</span>'
    start = '<span class="katex"><span class="katex-html" aria-hidden="true">'
    return f'{opening}{head}</span></span><span class="bound">{start}{_PART}{last}{closing}</span>'


def _is_ebook(translator: HTML5Translator) -> bool:
    return bool(translator.builder.name == "epub")


def _warn(error: KatexError, node: nodes.Element) -> None:
    """Report a formula at the nearest place in the source that docutils knows."""
    place: nodes.Element | None = node
    while place is not None and place.line is None:
        place = place.parent
    location = node if place is None else place
    logger.warning("formula: %s", error, location=location, type="katex")


def _visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    try:
        html = mathml(node.astext()) if _is_ebook(self) else render(node.astext())
    except KatexError as error:
        _warn(error, node)
        html = f"<code>{self.encode(node.astext())}</code>"
    html = bind(html, self.encode(node.get("opening", "")), self.encode(node.get("closing", "")))
    start = self.starttag(node, "span", "", CLASS="math notranslate nohighlight")
    self.body.append(f"{start}{html}</span>")
    raise nodes.SkipNode


def _visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    label = "Formula"
    if node.get("number"):
        number = get_node_equation_number(self, node)
        label += f" {number}"
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    try:
        if _is_ebook(self):
            self.body.append(mathml(node.astext(), display=True))
        else:
            self.body.append(display_html(node.astext(), label=label))
    except KatexError as error:
        _warn(error, node)
        self.body.append(f"<pre>{self.encode(node.astext())}</pre>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def _note_digest(app: Sphinx, config: Config) -> None:
    """Make Sphinx write all pages again when a macro or KaTeX has changed."""
    config.katex_digest = digest()
    keep(Path(app.doctreedir, "katex.sqlite"))


def _add_stylesheet(
    app: Sphinx,
    _pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _doctree: nodes.document | None,
) -> None:
    """Load the stylesheet on the pages that have formulas, and on no other."""
    if context.get("has_maths_elements"):
        cast("StandaloneHTMLBuilder", app.builder).add_css_file(STYLESHEET)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the renderer under the name ``katex``."""
    app.add_html_math_renderer(
        "katex",
        inline_renderers=(_visit_inline, None),
        block_renderers=(_visit_block, None),
    )
    app.add_post_transform(BindPunctuation)
    app.add_config_value("katex_digest", "", "html", types=frozenset({str}))
    app.connect("config-inited", _note_digest)
    app.connect("html-page-context", _add_stylesheet)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
