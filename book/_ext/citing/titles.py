r"""Titles as plain text and as LaTeX.

An author writes a title in Markdown: ``Between 0 and $\log 2$``.
A catalogue of references wants it without marks, and a ``.bib`` file wants it in LaTeX that
needs none of the book's macros.
"""

from __future__ import annotations

import re
import unicodedata
from xml.etree import ElementTree as ET

from formats.expand import expand
from katex_math.engine import render

_PARTS = re.compile(r"\$(?P<math>[^$]+)\$|`(?P<code>[^`]+)`|\*+(?P<emphasis>[^*]+)\*+")
_MATHML = re.compile(r"<math .*</math>", re.DOTALL)
_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
_FUNCTION_APPLICATION = "\u2061"
_BETWEEN = {"mfrac": "/", "msup": "^", "msub": "_"}

# What LaTeX reads as a command, and signs that old BibTeX cannot sort or shorten.
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\ldots{}",
    "\N{NO-BREAK SPACE}": "~",
    "ß": r"{\ss}",
    "ø": r"{\o}",
    "Ø": r"{\O}",
    "ł": r"{\l}",
    "Ł": r"{\L}",
    "æ": r"{\ae}",
    "Æ": r"{\AE}",
}
_ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING RING ABOVE}": "r",
    "\N{COMBINING CARON}": "v",
    "\N{COMBINING CEDILLA}": "c",
    "\N{COMBINING DOUBLE ACUTE ACCENT}": "H",
}


def plain_title(title: str) -> str:
    """Return a title as text alone; of its formulas, what a reader would say in one line."""

    def shown(part: re.Match[str]) -> str:
        if part["math"]:
            return plain_math(part["math"])
        return part["code"] or part["emphasis"]

    return _PARTS.sub(shown, title)


def plain_math(latex: str) -> str:
    r"""Return a formula as text: ``log 2`` of ``\log 2``. KaTeX says what its signs are."""
    found = _MATHML.search(render(latex))
    assert found is not None  # noqa: S101  (KaTeX always writes it)
    root = ET.fromstring(found.group())  # noqa: S314  (it comes from our own KaTeX)
    text = _text_of(root[0][0])  # what stands beside it is the LaTeX again
    text = text.replace(f"{_FUNCTION_APPLICATION}(", "(").replace(_FUNCTION_APPLICATION, " ")
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"(^|\() ?− ", r"\1−", text)  # a sign, not an operation


def _text_of(element: ET.Element) -> str:
    name = element.tag.removeprefix(_NAMESPACE)
    text = element.text or ""
    parts = [_text_of(child) for child in element]
    if name == "mspace":
        return " "
    if name == "mo":
        return f" {text} " if unicodedata.category(text[:1] or " ") == "Sm" else text
    if name == "msqrt":
        return f"√{_grouped(''.join(parts))}"
    if name in _BETWEEN:
        return _BETWEEN[name].join(map(_grouped, parts))
    return text + "".join(parts)


def _grouped(text: str) -> str:
    """Put parentheses around what is not one sign, one number or one pair of parentheses."""
    text = text.strip()
    if text.endswith(_FUNCTION_APPLICATION):  # the name of a function
        return text.removesuffix(_FUNCTION_APPLICATION)
    alone = re.fullmatch(r".|[\d.]+|\([^()]*\)", text)
    return text if alone else f"({text})"


def latex_title(title: str) -> str:
    """Return a title in LaTeX that compiles in any document.

    Raises
    ------
    ValueError
        If a sign of the text has no LaTeX form; the message names it.
    """
    found, end = "", 0
    for part in _PARTS.finditer(title):
        found += latex_text(title[end : part.start()])
        if part["math"]:
            found += f"${expand(part['math'])}$"
        elif part["code"]:
            found += rf"\texttt{{{latex_text(part['code'])}}}"
        else:
            found += rf"\emph{{{latex_text(part['emphasis'])}}}"
        end = part.end()
    return found + latex_text(title[end:])


def latex_text(text: str) -> str:
    """Escape text for LaTeX, accents included."""
    return "".join(_latex_sign(sign) for sign in unicodedata.normalize("NFC", text))


def _latex_sign(sign: str) -> str:
    if sign in _LATEX:
        return _LATEX[sign]
    if sign.isascii():
        return sign
    parts = unicodedata.normalize("NFD", sign)
    base, mark = parts[:1], parts[1:]
    if base.isascii() and mark in _ACCENTS:
        letter = rf"\{base}" if base in "ij" else base  # without its dot
        return rf"{{\{_ACCENTS[mark]}{{{letter}}}}}"
    name = unicodedata.name(sign, "unknown")
    message = f"{sign} ({name.lower()}) has no LaTeX form: write it as mathematics, in $…$"
    raise ValueError(message)


__all__ = ["latex_text", "latex_title", "plain_math", "plain_title"]
