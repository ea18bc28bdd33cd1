"""Run KaTeX, without a browser and without Sphinx.

KaTeX is one JavaScript file, `katex.min.js`, which lies beside this module with its licence.
`mini-racer` runs it inside the Python process.
Formulas can be kept in a file, because many stand on several pages, which several processes write.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import json
import os
import re
import sqlite3
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from py_mini_racer import MiniRacer

_SCRIPT = Path(__file__).with_name("katex.min.js")
_MACROS = Path(__file__).parents[1] / "equations" / "macros.toml"

# An error must not cross the border between the languages as an exception:
# there, the runtime wraps its text into a JavaScript stack trace.
_RENDER = """
function render(latex, options) {
  try {
    return JSON.stringify({html: katex.renderToString(latex, JSON.parse(options))});
  } catch (error) {
    return JSON.stringify({error: error.rawMessage || String(error)});
  }
}
"""

_TOKEN = re.compile(
    r"(?P<begin>\\begin\{[^}]*\}|\{)"
    r"|(?P<end>\\end\{[^}]*\}|\})"
    r"|(?P<row>\\\\(?:\[[^]]*\])?|\n[ \t]*\n\s*)"
    r"|(?P<column>&)"
    r"|\\.|[^\\{}&\n]+|\n",
    re.DOTALL,
)


class _Store:
    """Where formulas are kept; without a file, nothing is."""

    file: Path | None = None


def keep(file: Path) -> None:
    """Keep formulas in a file from now on; processes and builds share it.

    A file that is damaged is begun anew.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if not _is_whole(file):
        for part in ("", "-wal", "-shm"):
            file.with_name(file.name + part).unlink(missing_ok=True)
    _Store.file = file


def _is_whole(file: Path) -> bool:
    with contextlib.closing(sqlite3.connect(file, timeout=60)) as kept:
        try:
            return bool(kept.execute("PRAGMA quick_check").fetchall() == [("ok",)])
        except sqlite3.DatabaseError:
            return False


class KatexError(ValueError):
    """KaTeX cannot read a formula."""


def macros() -> dict[str, str]:
    r"""Return the macros of the book, as in ``{"\\abs": "\\left| #1 \\right|"}``."""
    return json.loads(_macros_json())  # type: ignore[no-any-return]  # it was written below


@functools.cache
def _macros_json() -> str:
    table = tomllib.loads(_MACROS.read_text(encoding="utf-8"))
    return json.dumps({f"\\{name}": entry["latex"] for name, entry in table.items()})


def digest() -> str:
    """Return a hash of all that decides how a formula looks: KaTeX and the macros."""
    return _hash(_SCRIPT.read_bytes() + _macros_json().encode())


@functools.cache
def _runtime(process: int) -> MiniRacer:  # noqa: ARG001 - the process id is the cache's key
    """Start JavaScript in this process.

    Sphinx forks its workers, and a runtime does not survive a fork.
    The id of the process as key gives each worker one of its own,
    and keeps the one it inherited alive, which could not be closed there.
    """
    # It takes the event loop that runs where it is made, and whoever owns that may close it.
    # In a thread of its own, none runs, and it makes one.
    with ThreadPoolExecutor(1) as thread:
        runtime = thread.submit(MiniRacer).result()
    # Left to the collector at the end of Python, it would wait for its thread for ever.
    atexit.register(runtime.close)
    runtime.eval(_SCRIPT.read_text(encoding="utf-8"))
    runtime.eval(_RENDER)
    return runtime


def stack(latex: str) -> str:
    r"""Put the rows of a display formula below each other, as ``aligned`` does.

    Rows end with a double backslash or a blank line, outside all braces and environments.
    If the author has set no ``&``, the rows are aligned on the left.
    """
    depth, aligned = 0, False
    rows = [""]
    for token in _TOKEN.finditer(latex.strip()):
        kind, text = token.lastgroup, token.group()
        depth += (kind == "begin") - (kind == "end")
        if kind == "row" and depth == 0:
            rows[-1] += text if text.startswith("\\") else "\\\\"
            rows.append("")
        else:
            rows[-1] += text
            aligned |= kind == "column" and depth == 0
    if len(rows) == 1 and not aligned:
        return rows[0]
    start = "" if aligned else "&"
    body = "\n".join(start + row.strip() for row in rows if row.strip())
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def render(latex: str, *, display: bool = False, output: str = "htmlAndMathml") -> str:
    """Return the HTML of a formula, with its MathML for screen readers, or its MathML alone.

    Raises
    ------
    KatexError
        If KaTeX cannot read the formula; the message says what is wrong and repeats it.
    """
    return _render(stack(latex) if display else latex.strip(), display, output, _macros_json())


@functools.cache
def _kept(file: Path, process: int) -> sqlite3.Connection:  # noqa: ARG001 - as of `_runtime`
    """Open the file of formulas in this process; what is lost in a crash is made again."""
    kept = sqlite3.connect(file, timeout=60, isolation_level=None)
    atexit.register(kept.close)
    kept.execute("PRAGMA journal_mode = WAL")
    kept.execute("PRAGMA synchronous = OFF")
    kept.execute("CREATE TABLE IF NOT EXISTS formulas (key TEXT PRIMARY KEY, html TEXT NOT NULL)")
    return kept


@functools.cache
def _render(
    latex: str,
    display: bool,  # noqa: FBT001 - a cache's key
    output: str,
    macros_json: str,
) -> str:
    if _Store.file is None:
        return _typeset(latex, display, output, macros_json)
    kept = _kept(_Store.file, os.getpid())
    key = _hash(f"{_program()} {output} {display} {macros_json} {latex}".encode())
    # A changed byte in a text is no damage to the file's form, so the text has its hash before it.
    found = kept.execute("SELECT CAST(html AS BLOB) FROM formulas WHERE key = ?", (key,)).fetchone()
    if found is not None:
        checksum, _, text = found[0].partition(b" ")
        if _hash(text).encode() == checksum:
            return str(text, "utf-8")
    html = _typeset(latex, display, output, macros_json)
    kept.execute("REPLACE INTO formulas VALUES (?, ?)", (key, f"{_hash(html.encode())} {html}"))
    return html


@functools.cache
def _program() -> str:
    """Return a hash of KaTeX and of how it is called."""
    return _hash(_SCRIPT.read_bytes() + Path(__file__).read_bytes())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _typeset(
    latex: str,
    display: bool,  # noqa: FBT001 - as above
    output: str,
    macros_json: str,
) -> str:
    options = {
        "displayMode": display,
        "output": output,
        "throwOnError": True,
        "strict": "error",
        "macros": json.loads(macros_json),
    }
    answer = json.loads(str(_runtime(os.getpid()).call("render", latex, json.dumps(options))))
    if "error" in answer:
        message = f"{answer['error']} in: {' '.join(latex.split())}"
        raise KatexError(message)
    return str(answer["html"])
