"""Plant faults in a copy of the book, and see which `make test` and `make book` catch.

``python -m tests.plant_faults --seed 1`` draws 100 faults of the kinds in ``faults.py`` and prints
each of them with the first check that fails. Nothing but parts of the two commands is run:

1. pytest on the pages and on the tests that read them, with faults in different files at once.
   A test of a page fails because of the fault in this page; of any other test that fails it is
   tried which of the faults makes it fail alone.
2. pytest on the other tests of figures, formulas and pages, with what is left, one after the other.
3. one build of the book with everything that is left, each warning counted for the fault beside
   it. A warning that belongs to no fault is printed.
4. With ``--full`` the whole of `make test`, with everything that is left.

``--plant N`` plants fault number N in the working tree instead, to try the commands themselves.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import Fault, Sources, draw

ROOT = Path(__file__).parent.parent
# Tests that read the book, quick ones first; `make test` runs all of them.
PAGES = ("book", "README.md")
QUICK = ("book", "equations_graph", "errata", "pins", "results_ids")
LEDGER = ("claims", "errors_in_print")
SLOW = (
    *("cards", "checks", "citing", "graphs", "house", "katex_math", "results_pages"),
    *("results_records", "sliders"),
)
# A fault in one of these can show on any page, so it is planted alone.
PINNED = "tests/test_pins.py"
PRINT = "errors-in-print"
WIDE = ("book/_ext/equations/macros.toml", "book/ids.txt")
FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
HEADING = re.compile(r"^_{2,} (?:ERROR collecting )?(.+?) _{2,}$", re.MULTILINE)
WARNED = re.compile(r"^(?P<file>/[^:\n]+):(?P<line>\d+)?:? ?(?:WARNING|ERROR): ", re.MULTILINE)
NEAR = 3  # lines between a fault and the warning of it, if they are in no common block


@dataclass
class Trial:
    """A fault, and the command and the check that caught it."""

    number: int
    fault: Fault
    caught: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        fault = self.fault
        before, after = (_short(text) for text in (fault.before, fault.after))
        place = f"{fault.file}:{fault.line}"
        end = self.caught or "NOT CAUGHT"
        return f"{self.number:3} {fault.kind:24} {place}: {before} -> {after} | {end}"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else f"{words[:57]}…"


def group(file: str) -> str:
    """Return what a fault in a file can reach, so that two faults do not meet there."""
    path = Path(file)
    return "articles" if path.parent.name == "articles" else path.stem


@dataclass
class Copy:
    """A copy of the project, in which faults are planted and taken out again."""

    root: Path
    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Path, folder: Path) -> Copy:
        """Copy what the tests and the build read, with what they have kept."""
        left = shutil.ignore_patterns(".git", ".venv*", "_build", "__pycache__", ".*_cache", "api")
        shutil.copytree(source, folder, ignore=left)
        for kept in ("equations.json", "doctrees/cells"):
            if (source / "_build" / kept).is_dir():
                shutil.copytree(source / "_build" / kept, folder / "_build" / kept)
            elif (source / "_build" / kept).is_file():
                (folder / "_build").mkdir(exist_ok=True)
                shutil.copy(source / "_build" / kept, folder / "_build" / kept)
        return cls(folder)

    def plant(self, faults: Iterable[Fault]) -> None:
        """Write the faults into the files, from behind, so that places stay right."""
        for fault in sorted(faults, key=lambda fault: -fault.start):
            file = self.root / fault.file
            text = file.read_text("utf-8")
            self.texts.setdefault(fault.file, text)
            file.write_text(fault.planted(text), "utf-8")

    def restore(self) -> None:
        """Take all faults out."""
        for name, text in self.texts.items():
            (self.root / name).write_text(text, "utf-8")
        self.texts.clear()

    def run(self, *command: str) -> str:
        """Run a command in the copy, and return what it printed."""
        # With CI set, pytest shows the whole of a message.
        environment = {**os.environ, "CI": "1", "COLUMNS": "300", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(  # noqa: S603  (our own commands)
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    def failing(self, faults: Sequence[Fault], *arguments: str) -> dict[str, str]:
        """Return the names of the tests that fail with these faults, and what each one says."""
        self.plant(faults)
        options = ("-q", "-rfE", "--tb=short", "-p", "no:cacheprovider")
        printed = self.run(sys.executable, "-m", "pytest", *options, *arguments)
        self.restore()
        said, _, summary = printed.partition("short test summary info")
        failed = FAILED.findall(summary)
        if not failed and " passed" not in printed:
            raise RuntimeError(f"pytest did not run:\n{printed[-3000:]}")
        _, *parts = HEADING.split(said)
        texts = dict(zip(parts[::2], parts[1::2], strict=True))
        return {name: texts.get(name.partition("::")[2], "") for name in failed}

    def warnings(self, faults: Sequence[Fault]) -> str:
        """Build the book as `make book` does, and return what Sphinx says."""
        self.plant(faults)
        build = ("-W", "--keep-going", "-n", "-q", "-j", "auto", "-c", ".", "-d", "_build/doctrees")
        shutil.rmtree(self.root / "_build" / "html", ignore_errors=True)
        printed = self.run(
            *(sys.executable, "-m", "sphinx", *build, "-b", "html", "book", "_build/html")
        )
        self.restore()
        return printed


def test_files(names: Iterable[str]) -> list[str]:
    """Return the paths of tests, of those that there are."""
    files = [f"tests/test_{name}.py" for name in names]
    return [file for file in files if (ROOT / file).is_file()]


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def batches(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Yield trials that can be tried at once: each in another group of files."""
    left = [*trials]
    while left:
        batch: list[Trial] = []
        seen: set[str] = set()
        for trial in left:
            name = group(trial.fault.file)
            if trial.fault.file in WIDE and batch:
                continue
            if name not in seen:
                batch.append(trial)
                seen.add(name)
            if trial.fault.file in WIDE:
                break
        yield batch
        left = [trial for trial in left if trial not in batch]


def paths_of(trials: Sequence[Trial]) -> list[str]:
    """Return the pages and ledgers with faults, and what is shown together with them."""
    if trials[0].fault.file in WIDE:
        return [*PAGES]
    files = [Path(trial.fault.file) for trial in trials]
    named = {str(file) for file in files if file.parent.name == "book" and file.suffix == ".md"}
    named |= {str(file.parent) for file in files if file.parent.name == "articles"}
    named |= {
        f"book/{PRINT}{end}" for file in files if file.stem == PRINT for end in (".md", ".toml")
    }
    return sorted(named)


def by_pytest(copy: Copy, trials: Sequence[Trial]) -> None:
    """Try the faults of one batch with their pages and the quick tests."""
    faults = [trial.fault for trial in trials]
    alone = len(trials) == 1
    ledger = any(group(fault.file) in {"articles", PRINT} for fault in faults)
    quick = test_files((*QUICK, *LEDGER) if ledger else QUICK)
    failed = copy.failing(faults, *(("-x",) if alone else ()), *quick, *paths_of(trials))
    unclear = []
    for name, said in failed.items():
        file = name.partition("::")[0]
        owners = [trial for trial in trials if alone or group(trial.fault.file) == group(file)]
        if not owners:
            owners = [trial for trial in trials if named_in(trial.fault.file, said)]
        for owner in owners:
            if not owner.caught or PINNED in owner.caught:  # what computes says more
                owner.caught = f"make test: {name}"
        if not owners:
            unclear.append(name)
    for trial in trials:
        if unclear and not trial.caught:
            found = copy.failing([trial.fault], "-x", *unclear)
            trial.caught = f"make test: {next(iter(found))}" if found else ""


def named_in(file: str, said: str) -> bool:
    """Return whether a message begins with the name of a file, or with its place in the list."""
    name = re.escape(Path(file).name)
    return bool(
        re.search(rf"/{re.escape(file)}:\d+: |^E\s+(?:'|Failed: )?{name}, ", said, re.MULTILINE)
    )


def by_build(copy: Copy, trials: Sequence[Trial]) -> None:
    """Try all faults in one build, and count each warning for the fault beside it."""
    printed = copy.warnings([trial.fault for trial in trials])
    lost = []
    for found in WARNED.finditer(printed):
        file = Path(found["file"])
        name = file.relative_to(copy.root).as_posix() if file.is_relative_to(copy.root) else ""
        text = printed[found.start() :].partition("\n")[0]
        beside = [
            (abs(int(found["line"] or 0) - trial.fault.line), trial)
            for trial in trials
            if trial.fault.file == name
        ]
        distance, nearest = min(beside, key=lambda pair: pair[0], default=(0, None))
        if nearest is None or distance > 60:
            lost.append(text)
        else:
            nearest.caught = nearest.caught or f"make book: {text.removeprefix(f'{copy.root}/')}"
    for text in lost:
        say(f"a warning of no fault: {text}")
    if "Traceback" in printed or "Error" in printed.partition("WARNING")[0]:
        say(printed[-2000:])


def main() -> int:
    """Draw faults, try them, and print what became of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--list", action="store_true", help="draw the faults and print them")
    parser.add_argument("--plant", type=int, metavar="N", help="plant this one, here")
    parser.add_argument("--only", type=int, nargs="*", metavar="N", help="try these alone")
    parser.add_argument("--full", action="store_true", help="run all tests on what is left")
    options = parser.parse_args()
    started = time.perf_counter()
    drawn = draw(Sources(ROOT), options.seed, options.count)
    trials = [Trial(number, fault) for number, fault in enumerate(drawn, 1)]
    if options.only:
        trials = [trial for trial in trials if trial.number in options.only]
    if options.list:
        say("\n".join(map(str, trials)))
        return 0
    if options.plant:
        Copy(ROOT).plant([trials[options.plant - 1].fault])
        say(str(trials[options.plant - 1]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy.of(ROOT, Path(folder).resolve() / "project")
        for batch in batches(trials):
            by_pytest(copy, batch)
            for trial in batch:
                say(str(trial))
        left = [trial for trial in trials if not trial.caught]
        say(f"{len(left)} left after the pages, {time.perf_counter() - started:.0f} s")
        if left and copy.failing([trial.fault for trial in left], *test_files(SLOW)):
            for trial in left:
                failed = copy.failing([trial.fault], "-x", *test_files(SLOW))
                trial.caught = f"make test: {next(iter(failed))}" if failed else ""
        left = [trial for trial in trials if not trial.caught]
        if left:
            by_build(copy, left)
        left = [trial for trial in trials if not trial.caught]
        if left and options.full:
            failed = copy.failing([trial.fault for trial in left])
            say(f"the whole of `make test` on what is left: {[*failed] or 'passes'}")
    return report(trials, time.perf_counter() - started)


def report(trials: Sequence[Trial], seconds: float) -> int:
    """Print what was caught, by kind, and what was not."""
    planted = Counter(trial.fault.kind for trial in trials)
    caught = Counter(trial.fault.kind for trial in trials if trial.caught)
    say("")
    for trial in trials:
        if trial.caught:
            say(str(trial))
    for kind in planted:
        say(f"{kind:34} {caught[kind]} of {planted[kind]}")
    left = [trial for trial in trials if not trial.caught]
    for trial in left:
        say(str(trial))
    say(f"{len(trials) - len(left)} of {len(trials)} faults caught, {seconds:.0f} seconds.")
    return 0 if len(left) * 50 <= len(trials) else 1


if __name__ == "__main__":
    sys.exit(main())
