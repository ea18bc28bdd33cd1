"""Build the book into an empty folder, and put it in the place of the old one when it is right.

``make book`` runs this with the command of Sphinx, which gets the folder to write to as its last
argument. The site is replaced by one rename, so that nobody sees half of a new one, nothing of an
older one is left in it, and a build that fails, is interrupted or finds no room leaves it as it
was. What is kept between builds, the outputs of cells and the evidence of equations, is kept
under a hash of what it depends on; everything else is read and written anew.

The other formats are built by ``build_book.py --alone COMMAND``, which runs a command when no
other build in this folder is running: what is kept is the same for all of them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

BUILD = Path("_build")
SITE = BUILD / "html"
OLD = BUILD / "html.old"  # the site before, for the moment between two renames
KEY = BUILD / "html.key"  # a hash of what the site was made from
# What the site is made from. It links the tests, but those in a browser; `make runtime` brings
# Pyodide.
SOURCES = (
    *("CHANGELOG.md", "CITATION.cff", "_build/pyodide", "book", "conf.py", "pyproject.toml"),
    *("src", "tests"),
)
# What earlier builds leave behind, and would be mixed with what this one makes.
LEFT = ("book/api", "_build/jupyter_execute", "_build/html.new.*")
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ROOM = 5_000_000  # bytes; with less on its disk a build that failed has failed for that


def main(command: Sequence[str]) -> int:
    """Build the book with a command, unless it was built from the same sources; 0 is success.

    After ``--alone`` stands a command that builds something else.
    """
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    try:
        BUILD.mkdir(exist_ok=True)
        with _alone() as lock:
            if command[0] == "--alone":
                _remove(LEFT)
                return _run(command[1:], lock)
            return _build(command, lock)
    except KeyboardInterrupt:
        return _failed("The build was interrupted.", 130)
    except OSError as error:
        return _failed(f"{error.strerror}: {error.filename or BUILD}")


def _build(command: Sequence[str], lock: int) -> int:
    if OLD.is_dir() and not SITE.is_dir():  # a build was killed between its two renames
        OLD.rename(SITE)
    key = sources_key()
    if SITE.is_dir() and KEY.is_file() and KEY.read_bytes() == key.encode():
        _say(f"Nothing has changed since the book in {SITE} was built.")
        return 0
    _remove(LEFT)
    new = BUILD / f"html.new.{os.getpid()}"
    try:
        code = _run([*command, str(new)], lock) or _run(_schema_check(new), lock)
        if code:
            full = shutil.disk_usage(BUILD).free < ROOM
            return _failed(f"There is no room left on the disk of {BUILD}." if full else "", code)
        (new / ".buildinfo").unlink(missing_ok=True)  # it tells Sphinx what it may leave as it is
        _replace(new)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    if key == sources_key():  # else a file was changed in the meantime: the next build sees to it
        KEY.write_text(key, "utf-8")
    _say(f"The book is now {SITE}; look at it with: make serve")
    return 0


def sources_key() -> str:
    """Return a hash of all that the site is made from, and of the environment that makes it."""
    stamp = Path(sys.prefix, ".lock-stamp")
    state = hashlib.sha256(stamp.read_bytes() if stamp.is_file() else b"")
    for source in map(Path, SOURCES):
        for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
            left_out = {Path("book/api"), Path("tests/browser")} & set(file.parents)
            if file.is_file() and not left_out and "__pycache__" not in file.parts:
                state.update(f"{file} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return state.hexdigest()


@contextmanager
def _alone() -> Iterator[int]:
    """Wait for other builds in this folder, those too whose parent was killed."""
    with (BUILD / "lock").open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another build is running in this folder; this one waits for its end.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _run(command: Sequence[str], lock: int) -> int:
    """Run a command; if this is interrupted, or it ends too early, end all that it has started.

    Should this process be killed, the command keeps the lock until it ends.
    """
    process = None
    try:
        with _uninterrupted():  # an interrupt in here would lose what has been started
            process = subprocess.Popen(command, pass_fds=[lock], start_new_session=True)  # noqa: S603  (make says which)
        return process.wait()
    finally:
        if process:
            with suppress(ProcessLookupError, PermissionError):  # both mean that nothing is left
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a signal that would interrupt wait until the end."""
    came: list[int] = []
    before = {name: signal.getsignal(name) for name in INTERRUPTS}
    for name, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(name, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    if came:
        raise KeyboardInterrupt


def _schema_check(new: Path) -> list[str]:
    schema, data = new / "catalogue.schema.json", new / "catalogue.json"
    check = [sys.executable, "-m", "check_jsonschema"]
    return [*check, "--schemafile", str(schema), str(data)]


def _replace(new: Path) -> None:
    """Put the new site in the place of the old one."""
    KEY.unlink(missing_ok=True)
    _remove([str(OLD)])
    if SITE.is_dir():
        SITE.rename(OLD)
    new.rename(SITE)
    _remove([str(OLD)])


def _remove(patterns: Sequence[str]) -> None:
    for pattern in patterns:
        for folder in Path().glob(pattern):
            shutil.rmtree(folder)


def _failed(why: str, code: int = 1) -> int:
    kept = f"{SITE} is still the book of an earlier build." if SITE.is_dir() else ""
    _say(" ".join(filter(None, [why, "There is no new book.", kept])), file=sys.stderr)
    return code


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _say(text: str, file: TextIO | None = None) -> None:
    print(text, file=file, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
