"""Build the whole book again and again: ``make repeat`` (ARGS=twice: this part alone).

``twice``   Two clean builds, in two folders and under circumstances that differ, and what a
            release consists of, with EPUB and PDF where `make needs` is installed: the same bytes?
``edits``   A build after edits of all kinds, and one after they are taken back: the same as clean
            builds?
``faults``  Builds that are interrupted at random moments, that find their caches damaged or no
            room for their files, and two at once: is the old site untouched until the right one
            is there?

Each part prints what it compared. The copies of the working tree are in a temporary folder, and
are built with the environment of this one.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Two surroundings that share neither date, zone, order of sets nor language.
HERE = {"SOURCE_DATE_EPOCH": "1000000000", "TZ": "UTC", "PYTHONHASHSEED": "1"}
THERE = {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2", "LC_ALL": "C"}
# The environment of this project serves the copies too, so none is made for them.
BOOK = f'exec make -o env book VENV="{sys.prefix}"'
# The date in the package is the one that the surroundings say, so both get the same.
RELEASE = f"""\
SOURCE_DATE_EPOCH=1000000000 "{sys.executable}" -m hatchling build -d dist/package &&
PYTHONPATH=book/_ext "{sys.executable}" -m citing.versions pack _build/html 0.1.0 dist/site"""
# They bear a date.
FORMATS = f"""\
SOURCE_DATE_EPOCH=1000000000 make -o env epub pdf VENV="{sys.prefix}" && mkdir dist/formats &&
cp _build/epub/*.epub _build/latex/*.pdf dist/formats"""
NEW_RESULT = r"""```{equation} eq-two-halves
:title: Two halves
:kind: identity
:for: $x > 0$
:source: elementary

\frac{x}{2} + \frac{x}{2} = x

>>> 0.5 + 0.5
1.0
```

"""
# The last one is built alone, for others let Sphinx read every page anew.
# File, what stands there, and what is written instead; an empty text is the end of the file.
EDITS = (
    ("book/js.md", "## What you need first", f"{NEW_RESULT}## What you need first"),
    ("book/ids.txt", "", "eq-two-halves\n"),
    ("book/coding.md", "\n# ", "\n# On "),
    ("book/articles/claims.toml", "how different they are", "how different two laws are"),
    ("book/errata.toml", "A draft stated", "A first draft stated"),
    ("book/references.bib", "{Bell System", "{The Bell System"),
    ("book/_ext/equations/macros.toml", r"H\mathopen{}\left(#1\right)", r"H\left[#1\right]"),
    ("book/_ext/results/pages.py", "Not yet in a released", "Not in any released"),
    ("book/_templates/layout.html", "", "<!-- edited -->"),
    ("book/_static/book.css", "", "/* edited */"),
    ("src/refimpl/js.py", '"""Jensen-Shannon', '"""The Jensen-Shannon'),
    ("CHANGELOG.md", "### Added\n", "### Added\n\n- Two halves, `eq-two-halves`.\n"),
    ("book/_ext/errata.py", "Mended in", "Corrected in"),
)
# What is kept between builds, and may be cut off at any byte.
KEPT = (
    "equations.json",
    "doctrees/*.sqlite",
    "doctrees/*.pickle",
    "doctrees/**/*.doctree",
    "doctrees/cells/*/*.db",
    "doctrees/cells/*/executed/*/base.ipynb",
    "jupyter_execute/*",
)
LARGEST = 300  # blocks of 1024 bytes that a file may have where there is no room for more


@dataclass(frozen=True)
class Tree:
    """A copy of the working tree."""

    root: Path
    surroundings: dict[str, str]

    @property
    def site(self) -> Path:
        """The built book."""
        return self.root / "_build" / "html"

    def start(self, command: str = BOOK, before: str = "umask 022") -> subprocess.Popen[str]:
        """Start a command in a session of its own."""
        known = ("SOURCE_DATE_EPOCH", "PYTHONHASHSEED", "MAKEFLAGS", "MAKELEVEL")
        environment = {name: text for name, text in os.environ.items() if name not in known}
        environment |= {"PYTHONPATH": str(self.root / "src"), **self.surroundings}
        return subprocess.Popen(  # noqa: S603  (the commands of this file)
            ["bash", "-c", f"{before}; {command}"],  # noqa: S607  (whichever bash there is)
            cwd=self.root,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def build(self, command: str = BOOK, before: str = "umask 022") -> tuple[float, str]:
        """Run a command that has to succeed; return the seconds, and what was said."""
        start = time.monotonic()
        process = self.start(command, before)
        said, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"{command} failed in {self.root}:\n{said}")
        return time.monotonic() - start, said

    def edit(self, edits: Sequence[tuple[str, str, str]] = EDITS) -> None:
        """Make edits."""
        for name, old, new in edits:
            file = self.root / name
            text = file.read_text(encoding="utf-8")
            if old not in text:
                raise SystemExit(f"{name} no longer says {old!r}; change EDITS in {__file__}")
            edited = text.replace(old, new, 1) if old else text + new
            file.write_text(edited, encoding="utf-8")

    def take_back(self) -> None:
        """Take the edits back."""
        for name, _, _ in EDITS:
            shutil.copyfile(ROOT / name, self.root / name)


def differences(first: Path, second: Path) -> tuple[int, list[str]]:
    """Count the files of two folders, and name those that are not the same in both."""
    files = [
        {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
        for folder in (first, second)
    ]
    names = sorted(files[0].keys() | files[1].keys())
    wrong = [
        f"{name}: only in {'one' if name in files[0] else 'the other'}"
        if not (name in files[0] and name in files[1])
        else f"{name}: differs from byte {_first_difference(files[0][name], files[1][name])}"
        for name in names
        if not (
            name in files[0]
            and name in files[1]
            and files[0][name].read_bytes() == files[1][name].read_bytes()
        )
    ]
    return len(names), wrong


def _first_difference(first: Path, second: Path) -> int:
    one, other = first.read_bytes(), second.read_bytes()
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


class Work:
    """The copies in a folder, and what was found wrong with them."""

    def __init__(self, folder: Path) -> None:
        """Begin without copies."""
        self.folder = folder
        self.wrong: list[str] = []
        self._first: Tree | None = None

    def tree(self, name: str, surroundings: dict[str, str]) -> Tree:
        """Copy the working tree: what is tracked, and what is new."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607  (any git)
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        root = self.folder / name
        for file in filter(None, listed.split("\0")):
            if (ROOT / file).is_file():
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / file, root / file)
        return Tree(root, surroundings)

    @property
    def first(self) -> Tree:
        """A copy that was built clean; `clean` beside it keeps its site."""
        if self._first is None:
            self._first = self.tree("one", HERE)
            say(f"a clean build: {self._first.build()[0]:.0f} s")
            shutil.copytree(self._first.site, self.clean)
        return self._first

    @property
    def clean(self) -> Path:
        """The site as the first clean build has made it."""
        return self.folder / "clean"

    def compare(self, what: str, first: Path, second: Path) -> None:
        """Say how many files of two folders are the same, and which are not."""
        count, wrong = differences(first, second)
        say(f"{what}: {count} files, {len(wrong)} differ")
        for line in wrong[:20]:
            say(f"    {line}")
        self.wrong += wrong

    def expect(self, what: str, holds: object) -> None:
        """Say whether something is as it should be."""
        say(f"{what}: {'yes' if holds else 'NO'}")
        self.wrong += [] if holds else [what]

    # --- The parts

    def twice(self) -> None:
        """Build twice."""
        home = self.folder / "home"
        home.mkdir()
        second = self.tree("a second one, elsewhere", THERE | {"HOME": str(home)})
        first = self.first
        seconds, _ = second.build(before="umask 077")
        say(f"another, under other circumstances: {seconds:.0f} s")
        self.compare("two clean builds", first.site, second.site)
        what, commands = "the package and the archive of the site", [RELEASE]
        if all(map(shutil.which, ("latexmk", "java", "rsvg-convert"))):
            what, commands = f"{what}, EPUB and PDF", [RELEASE, FORMATS]
        else:
            say("without EPUB and PDF, because not all is here that `make needs` lists")
        for command in commands:
            first.build(command)
            second.build(command, before="umask 077")
        self.compare(what, first.root / "dist", second.root / "dist")

    def edits(self) -> None:
        """Edit, and take it back."""
        first, third = self.first, self.tree("edited", HERE)
        for edits in (EDITS[:-1], EDITS[-1:]):
            first.edit(edits)
            say(f"a build after {len(edits)} edits: {first.build()[0]:.0f} s")
        self.expect("the edits are seen", differences(self.clean, first.site)[1])
        third.edit()
        say(f"a clean build with them: {third.build()[0]:.0f} s")
        self.compare("edited, and clean", first.site, third.site)
        first.take_back()
        say(f"a build after taking them back: {first.build()[0]:.0f} s")
        self.compare("taken back, and clean", first.site, self.clean)

    def faults(self) -> None:
        """Let builds fail in many ways; the right one after them is that of the start."""
        first = self.first
        chapter = first.root / "book" / "kl.md"
        whole = chapter.read_bytes()
        self.again()
        seconds, _ = first.build()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            chapter.write_bytes(whole + b"\nEdited.\n")
            moment = random.uniform(0, seconds)  # noqa: S311  (no secret)
            self.interrupt(first.start(), number, moment)
            same = not differences(self.clean, first.site)[1]
            self.expect(f"{number.name} after {moment:.1f} s left the site as it was", same)
            chapter.write_bytes(whole)
            self.again()
            first.build()
            self.compare("the build after it, and a clean one", first.site, self.clean)
        self.again()
        count = sum(cut_off(first.root / "_build"))
        first.build()
        self.compare(f"a build with {count} kept files cut off, and clean", first.site, self.clean)
        self.again()
        process = first.start(before=f"ulimit -f {LARGEST}")
        said, _ = process.communicate()
        self.expect("without room a build fails, and says so", "File too large" in said)
        self.expect("and fails", process.returncode)
        self.compare("the site after it", first.site, self.clean)
        both = [first.start(), first.start()]
        words = "".join(process.communicate()[0] for process in both)
        self.expect("two builds at once succeed", not any(p.returncode for p in both))
        self.expect("the second one waits", "Another build is running" in words)
        self.expect("and has nothing to do", "Nothing has changed" in words)
        self.compare("the site after them, and clean", first.site, self.clean)

    def again(self) -> None:
        """Let the next build think that something has changed."""
        (self.first.root / "_build" / "html.key").unlink(missing_ok=True)

    @staticmethod
    def interrupt(process: subprocess.Popen[str], number: signal.Signals, moment: float) -> None:
        """Send a signal: to make alone, or to all of its group, as a terminal does."""
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            group = number != signal.SIGTERM
            (os.killpg if group else os.kill)(process.pid, number)
            if process.stdout is not None and number == signal.SIGKILL:
                process.stdout.close()  # what was left running still holds its other end
                process.wait()
            else:
                process.communicate()


def cut_off(folder: Path) -> Iterator[int]:
    """Cut each kept file off at a random byte."""
    for pattern in KEPT:
        for file in folder.glob(pattern):
            data = file.read_bytes()
            file.write_bytes(data[: random.randrange(len(data) or 1)])  # noqa: S311  (no secret)
            yield 1


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201  (a program that prints what it saw)


def main(parts: Sequence[str]) -> None:
    """Do the parts that are named, or all."""
    # A shell lets what it starts with & ignore this one, and the builds would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        work = Work(Path(folder))
        known = {"twice": work.twice, "faults": work.faults, "edits": work.edits}
        for part in parts or known:
            say(f"# {part}")
            known[part]()
    if work.wrong:
        raise SystemExit(f"{len(work.wrong)} differences or faults")
    say("All as it should be.")


if __name__ == "__main__":
    main(sys.argv[1:])
