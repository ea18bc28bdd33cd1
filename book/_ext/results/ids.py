"""The register of identifiers, ``book/ids.txt``: an identifier that was given out never dies.

The file only grows. Each line is one of these::

    eq-kl-def                                   a new identifier
    retire eq-old -> eq-new: why it was replaced
    retire eq-old: why it is gone
    release 0.1.0 2026-12-01 <hash>             all lines above belong to this release

``retire`` is a line of its own, so that no line ever has to be changed. The hash at the end of a
``release`` is that of the lines above it: where there is no history to compare with, as in an
unpacked archive, it still shows that a line of a release was removed, changed or moved.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from equations.blocks import Problem
from equations.book import Book

FILE = "ids.txt"

_ID = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+"
_RETIRED = re.compile(
    rf"retire (?P<id>{_ID})(?: -> (?P<new>{_ID}(?:, {_ID})*))?: (?P<why>\S.*)",
)
_RELEASE = re.compile(r"release (?P<version>\S+) (?P<date>\d{4}-\d\d-\d\d) (?P<hash>[0-9a-f]{64})")


@dataclass(frozen=True)
class Retired:
    """An identifier that is no longer in the book: why, and what replaces it."""

    id: str
    why: str
    replaced_by: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Release:
    """A release, and the line of the register that closes it."""

    version: str
    date: str
    line: int


@dataclass(frozen=True)
class Register:
    """All identifiers that were ever given out, with the line on which each one stands."""

    file: Path
    lines: tuple[str, ...]

    @cached_property
    def given(self) -> dict[str, int]:
        """Each identifier, and the line where it was first given out."""
        found: dict[str, int] = {}
        for number, text in enumerate(self.lines, 1):
            if re.fullmatch(_ID, text):
                found.setdefault(text, number)
        return found

    @cached_property
    def retired(self) -> dict[str, Retired]:
        """The identifiers that are no longer in the book."""
        found: dict[str, Retired] = {}
        for number, text in enumerate(self.lines, 1):
            if line := _RETIRED.fullmatch(text):
                new = tuple(line["new"].split(", ")) if line["new"] else ()
                found.setdefault(line["id"], Retired(line["id"], line["why"], new, number))
        return found

    @cached_property
    def releases(self) -> tuple[Release, ...]:
        """The releases, oldest first."""
        found = ((number, _RELEASE.fullmatch(text)) for number, text in enumerate(self.lines, 1))
        return tuple(Release(line["version"], line["date"], n) for n, line in found if line)

    def since(self, name: str) -> Release | None:
        """Return the first release that had an identifier."""
        line = self.given.get(name, len(self.lines))
        return next((release for release in self.releases if release.line > line), None)

    def unclosed(self, versions: Iterable[str]) -> Iterator[Problem]:
        """Yield the released versions that no line closes."""
        closed = {release.version for release in self.releases}
        for version in versions:
            if version not in closed:
                message = f"release {version} has no line; run: make ids RELEASE={version}"
                yield Problem(self.file, len(self.lines), message)

    def until(self, name: str) -> Release | None:
        """Return the first release without a retired identifier."""
        line = self.retired[name].line
        return next((release for release in self.releases if release.line > line), None)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the lines themselves."""
        for number, text in enumerate(self.lines, 1):
            if message := self._fault(number, text):
                yield Problem(self.file, number, message)

    def _fault(self, number: int, text: str) -> str:
        if text.startswith("#") or not text:
            return ""
        if text in self.given:
            first = self.given[text]
            return f"the id {text} stands twice; first in line {first}" if first != number else ""
        if line := _RETIRED.fullmatch(text):
            return self._wrong_retirement(self.retired[line["id"]], number)
        if line := _RELEASE.fullmatch(text):
            return self._wrong_release(line["version"], line["hash"], number)
        return f"{text!r} is no id, no “retire ID -> ID: why” and no “release VERSION DATE HASH”"

    def _wrong_retirement(self, retired: Retired, number: int) -> str:
        if retired.line != number:
            return f"the id {retired.id} is retired twice; first in line {retired.line}"
        if self.given.get(retired.id, number) >= number:
            return f"the id {retired.id} is retired, but stands on no line above"
        lost = [name for name in retired.replaced_by if name not in self.given]
        if lost:
            return f"the id {retired.id} is replaced by {lost[0]}, which is no id of this file"
        if retired.id in retired.replaced_by:
            return f"the id {retired.id} is replaced by itself"
        return ""

    def _wrong_release(self, version: str, written: str, number: int) -> str:
        if sum(release.version == version for release in self.releases) > 1:
            return f"release {version} stands twice"
        if written != hash_of(self.lines[: number - 1]):
            return (
                f"the lines above are not those of release {version}:"
                " an id was removed, changed or moved; put them back"
            )
        return ""


def hash_of(lines: Iterable[str]) -> str:
    """Return the hash of lines that a ``release`` closes."""
    return hashlib.sha256("".join(f"{text}\n" for text in counted(lines)).encode()).hexdigest()


def counted(lines: Iterable[str]) -> list[str]:
    """Return the lines that say something; comments may be changed."""
    return [text for text in lines if text and not text.startswith("#")]


def read_register(file: Path) -> Register:
    """Read the register; a file that is not there has no lines."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return Register(file, tuple(line.rstrip() for line in text.splitlines()))


# ------------------------------------------------------------------------------- the book


def ids_of(book: Book) -> dict[str, tuple[Path, int]]:
    """Return the identifiers of a book, results and exercises, with their places.

    Exercises count: they have addresses and are cited like results, and an identifier that was
    once an exercise must never lead to a result.
    """
    return {name: (entry.block.file, entry.block.line) for name, entry in book.entries.items()}


def book_problems(register: Register, book: Book) -> Iterator[Problem]:
    """Yield where the register and the book disagree."""
    used = ids_of(book)
    for name, (file, line) in used.items():
        if retired := register.retired.get(name):
            yield Problem(file, line, f"the id {name} was retired ({retired.why}); choose another")
        elif name not in register.given:
            message = f"the id {name} is missing in {register.file.name}; run: make ids"
            yield Problem(file, line, message)
    for name, line in register.given.items():
        if name not in used and name not in register.retired:
            message = (
                f"the id {name} is in no chapter; put its block back,"
                f" or end the file with: retire {name} -> NEW-ID: why"
            )
            yield Problem(register.file, line, message)


def add_missing(register: Register, book: Book) -> list[str]:
    """Write the identifiers that are missing to the end of the register; return them."""
    known = register.given.keys() | register.retired.keys()
    missing = [name for name in ids_of(book) if name not in known]
    _append(register, missing)
    return missing


def close_release(register: Register, version: str, date: str) -> str:
    """Write the line of a release to the end of the register; return it."""
    line = f"release {version} {date} {hash_of(register.lines)}"
    _append(register, [line])
    return line


def _append(register: Register, lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in (*register.lines, *lines))
    register.file.write_text(text, encoding="utf-8")


# ------------------------------------------------------------------------------- history


@dataclass(frozen=True)
class History:
    """The register as it stood in earlier commits; ``remark`` says what cannot be seen."""

    versions: Mapping[str, tuple[str, ...]]
    remark: str = ""


def read_history(file: Path) -> History:
    """Read every version of the register that a commit before this one has."""
    folder = file.parent
    try:
        top = _git(folder, "rev-parse", "--show-toplevel").strip()
        shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == "true"
        path = file.resolve().relative_to(Path(top).resolve()).as_posix()
        commits = _git(folder, "rev-list", "--full-history", "HEAD", "--", f":/{path}").split()
        found = {c: _git(folder, "show", f"{c}:{path}", missing="") for c in commits}
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        return History({}, f"there is no history to compare with ({_reason(error)})")
    versions = {commit: tuple(map(str.rstrip, text.splitlines())) for commit, text in found.items()}
    remark = "the history is cut short; for all of it: git fetch --unshallow" if shallow else ""
    return History({commit[:12]: lines for commit, lines in versions.items()}, remark)


def _git(folder: Path, *arguments: str, missing: str | None = None) -> str:
    """Run git; ``missing`` is what to return if it fails because a commit has no such file."""
    # Inside a hook, git's own variables would lead to another repository.
    around = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env=around)  # noqa: S603  (the arguments are ours)
    if done.returncode and missing is not None:
        return missing
    done.check_returncode()
    return done.stdout.decode()


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return str(error.stderr.decode(errors="replace").strip().split("\n")[0])
    return str(error)


def history_problems(register: Register, history: History) -> Iterator[Problem]:
    """Yield the lines of earlier versions that were removed, changed or moved.

    What stands before the last ``release`` of a version has to stand there unchanged. Lines below
    may be parted by others, since two branches may both have added some.
    """
    told: set[str] = set()
    new = counted(register.lines)
    for commit, lines in history.versions.items():
        old = counted(lines)
        closed = max((n for n, text in enumerate(old, 1) if _RELEASE.fullmatch(text)), default=0)
        lost = _first_changed(old[:closed], new) or _first_lost(old, new)
        if lost and lost not in told:
            told.add(lost)
            message = (
                f"“{lost}” of commit {commit} was removed, changed or moved;"
                " lines are only ever added, at the end"
            )
            yield Problem(register.file, 1, message)


def _first_changed(old: Sequence[str], new: Sequence[str]) -> str:
    return next((text for n, text in enumerate(old) if list(new[n : n + 1]) != [text]), "")


def _first_lost(old: Iterable[str], new: Iterable[str]) -> str:
    """Return the first line that is not in the new version, or not in the same order."""
    rest = iter(new)
    return next((text for text in old if text not in rest), "")
