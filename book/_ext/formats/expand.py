r"""Write out the book's own macros, for readers that do not know them.

MathJax in Jupyter, LaTeX and the readers of e-books get formulas in plain LaTeX. The macros are
not defined there instead, because ``\H`` and ``\P`` mean something else in LaTeX, and because no
two programs that show notebooks agree on how long a definition lives.
"""

from __future__ import annotations

import re

from equations.macros import MACROS, Macro

_COMMAND = re.compile(r"\\(?P<name>[A-Za-z]+)|\\.", re.DOTALL)
_TOKEN = re.compile(r"\s*(\\[A-Za-z]+|\\.|[^\s{}])", re.DOTALL)
_PARAMETER = re.compile(r"#(\d)")


def expand(latex: str) -> str:
    r"""Return a formula without macros of the book.

    >>> print(expand(r"\abs{x}^2 + \unif"))
    \left| x \right|^2 + u
    """
    written: list[str] = []
    place = 0
    for command in _COMMAND.finditer(latex):
        macro = MACROS.get(command["name"] or "")
        if command.start() < place or macro is None:
            continue  # inside an argument, which was expanded with its macro; or plain LaTeX
        before = latex[place : command.start()]
        text, place = _expanded(macro, latex, command.end())
        braced = before.rstrip().endswith(("^", "_"))
        written += [before, f"{{{text}}}" if braced else text]
    return "".join([*written, latex[place:]])


def _expanded(macro: Macro, latex: str, place: int) -> tuple[str, int]:
    """Return what a macro stands for, and where its arguments end."""
    arguments = []
    for _ in range(macro.args):
        argument, place = _argument(latex, place)
        arguments.append(expand(argument))
    return _PARAMETER.sub(lambda found: arguments[int(found[1]) - 1], macro.latex), place


def _argument(latex: str, place: int) -> tuple[str, int]:
    """Return an argument, which is a group or one token, and where it ends."""
    start = place + len(latex[place:]) - len(latex[place:].lstrip())
    if not latex.startswith("{", start):
        token = _TOKEN.match(latex, place)
        if token is None:
            raise ValueError(f"a macro lacks an argument in: {latex}")
        return token[1], token.end()
    depth = 0
    for brace in re.finditer(r"\\.|[{}]", latex[start:], re.DOTALL):
        depth += {"{": 1, "}": -1}.get(brace.group(), 0)
        if depth == 0:
            return latex[start + 1 : start + brace.start()], start + brace.end()
    raise ValueError(f"a brace is not closed in: {latex}")


__all__ = ["expand"]
