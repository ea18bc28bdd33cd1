"""The LaTeX macros of the book, from ``macros.toml``: one list for the page and the evaluator."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("macros.toml")


@dataclass(frozen=True)
class Macro:
    """A macro: how many arguments it takes, what it expands to, what it computes."""

    args: int
    latex: str
    function: str = ""
    base: int | None = None
    normal: str = ""
    conditional: str = ""
    index: str = ""
    symmetric: bool = False


MACROS = {name: Macro(**table) for name, table in tomllib.loads(FILE.read_text("utf-8")).items()}
