"""Plant faults in a copy of the book, and see which `make test` and `make book` catch.

``python -m tests.plant_faults --seed 1`` draws 100 faults of the kinds in ``faults.py`` and prints
each of them with the first check that fails. Nothing but parts of the two commands is run:

1. pytest on the pages with faults and on the tests that read them, with one fault in each block at
   once. What a test says of a block is counted for the fault in this block. What can show on any
   page is planted alone.
2. The list of what only a reader can check, for each fault that is left, as `test_pins.py` does;
   then again stage 1 for each that is left, alone.
3. One build of the book with everything that is left, each warning counted for the fault beside it;
   then all tests but those in a browser with what is left, each failure counted for the fault whose
   block or words it names. ``--quick`` leaves both out.

In the end it prints by which checks how many were caught, and which were not. The lists of what
only a reader can check come after the tests and pages that compute something, so what is counted
for them none of these has caught. Fewer caught than BAR in 100 are an error.

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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from tests.faults import ERRATA, LEDGERS, SLIDERS, Fault, Sources, draw
from tests.pins import changes, other_pins, page_pins

ROOT = Path(__file__).parent.parent
PAGES = ("book", "README.md")
# Tests that read the pages, and those that read other files.
READ = ("book",)
REGISTER = "tests/test_results_ids.py::test_the_register_of_this_book_is_complete_and_only_grew"
READERS = {
    **dict.fromkeys(LEDGERS, ("claims", "errors_in_print")),
    ERRATA: ("errata",),
    SLIDERS: (),
}
# What can show on any page is planted alone.
WIDE = ("id", "macro")
FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
HEADING = re.compile(r"^_{2,} (?:ERROR collecting )?(.+?) _{2,}$", re.MULTILINE)
WARNED = re.compile(r"^(?P<file>/[^:\n]+):(?P<line>\d+)?:? ?(?:WARNING|ERROR): ", re.MULTILINE)
SHORT = 6  # a shorter text may stand in a message by chance
BLOCK = 60  # lines that a block has at most
BAR = 98  # faults of 100 that have to be caught
PINS = "tests/test_pins.py"
# These compute nothing: they say what changed, and a reader has to judge it.
LISTS = (PINS, "tests/test_claims.py::test_what_nothing_computes")


@dataclass
class Trial:
    """A fault, and the command and the check that caught it."""

    number: int
    fault: Fault
    caught: str = ""

    @property
    def wide(self) -> bool:
        """Whether it can show on any page."""
        return self.fault.kind in WIDE

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
        options = ("-vv", "-rfE", "--tb=short", "-p", "no:cacheprovider")
        printed = self.run(sys.executable, "-m", "pytest", *options, *arguments)
        self.restore()
        said, _, summary = printed.partition("short test summary info")
        failed = FAILED.findall(summary)
        if not failed and " passed" not in printed:
            raise RuntimeError(f"pytest did not run:\n{printed[-3000:]}")
        _, *parts = HEADING.split(said)
        heads = (head.rpartition("::")[2] for head in parts[::2])
        texts = dict(zip(heads, parts[1::2], strict=True))
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


def rounds(trials: Sequence[Trial], parts: int) -> Iterator[list[Trial]]:
    """Yield trials that can be tried at once: each in another block, row or paragraph.

    Those of one page are in one part, so that each page is read once.
    """
    left = [trial for trial in trials if not trial.wide]
    while left:
        batch = {(t.fault.file, t.fault.unit): t for t in reversed(left)}
        files: dict[str, list[Trial]] = {}
        for trial in batch.values():
            files.setdefault(trial.fault.file, []).append(trial)
        largest = sorted(files.values(), key=len, reverse=True)
        for part in range(min(parts, len(largest))):
            yield [trial for some in largest[part::parts] for trial in some]
        left = [trial for trial in left if trial not in batch.values()]
    yield from ([trial] for trial in trials if trial.wide)


def readers(file: str) -> list[str]:
    """Return the tests that read a file."""
    return test_files(READERS.get(file, READ))


def pages(file: str) -> list[str]:
    """Return the file for pytest, with the pages that count what is in it."""
    if "/articles/" in file:
        return [str(Path(file).parent)]
    return [file] if file.endswith(".md") or file in LEDGERS else []


def by_pytest(copy: Copy, trials: Sequence[Trial]) -> None:
    """Try the faults of one round with the pages and the tests that read them."""
    files = sorted({trial.fault.file for trial in trials})
    tests = {name: None for file in files for name in (*readers(file), *pages(file))}
    if not tests:
        return
    failed = copy.failing([trial.fault for trial in trials], *tests)
    failed = dict(sorted(failed.items(), key=lambda item: item[0].startswith(LISTS)))
    unread = []
    for name, said in failed.items():
        owners = [t for t in trials if len(trials) == 1 or owns(t.fault, name, said)]
        for trial in owners:
            trial.caught = trial.caught or f"make test: {name}"
        if "::" not in name:  # a page that cannot be read hides its other faults
            unread += [trial for trial in trials if trial.fault.file == name]
    again = [trial for trial in unread if not trial.caught]
    if again and len(again) < len(trials):
        by_pytest(copy, again)


def by_pytest_singly(copy: Copy, trials: Sequence[Trial]) -> None:
    """Try faults one by one, since a failure of another test says not always whose it is."""
    for trial in trials:
        if not trial.wide:
            by_pytest(copy, [trial])


def by_pytest_alone(copy: Copy, trial: Trial) -> None:
    """Try a fault that can show on any page: quick tests, the pages that it touches, the list."""
    quick = [*test_files(READ), *([REGISTER] if trial.fault.kind == "id" else [])]
    name = trial.fault.unit
    pages = [file for file, text in sources_texts(copy) if f"\\{name}{{" in text]
    for tests in (quick, pages, [PINS]):
        if tests and not trial.caught:
            found = copy.failing([trial.fault], "-x", *tests)
            trial.caught = f"make test: {next(iter(found))}" if found else ""


def sources_texts(copy: Copy) -> list[tuple[str, str]]:
    """Return the pages with results, the shortest first."""
    files = [file for file in (copy.root / "book").glob("*.md") if file.stem != "checks"]
    texts = [(f"book/{file.name}", file.read_text("utf-8")) for file in files]
    return sorted(
        (pair for pair in texts if "{equation}" in pair[1]), key=lambda pair: len(pair[1])
    )


def owns(fault: Fault, name: str, said: str) -> bool:
    """Return whether a test of a page or row, with what it says, is about the block of a fault."""
    file, _, test = name.partition("::")
    if file == fault.file and re.match(rf"{re.escape(fault.unit)}(?:-\d+)?(?:$|[\[.])", test):
        return True
    if file not in {fault.file, *readers(fault.file)}:
        return False
    places = re.findall(rf"/{re.escape(fault.file)}(?::|\", line )(\d+)", said)
    return any(fault.first <= int(line) <= fault.last for line in places) or any(
        len(words) > SHORT and words in said for words in (fault.before, fault.after)
    )


def by_list(copy: Copy, trials: Sequence[Trial]) -> None:
    """Compare the list of what only a reader can check with each fault, as its test does."""
    for trial in trials:
        file = trial.fault.file
        before = listed(ROOT, file)
        copy.plant([trial.fault])
        try:
            found = next(changes(before, listed(copy.root, file)), "")
        except ValueError as error:  # a block that cannot be read any more
            found = str(error)
        copy.restore()
        trial.caught = f"make test: {PINS}: {found}" if found else ""


def listed(root: Path, file: str) -> list[str]:
    """Return the part of the list that a file can change."""
    name = Path(file).relative_to("book").as_posix()
    if file.endswith(".md"):
        return page_pins(root / file, name)
    return other_pins(root)


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
        if nearest is None or distance > BLOCK:
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
    parser.add_argument(
        "--without-list", action="store_true", help="leave out the list of what a reader checks"
    )
    parser.add_argument(
        "--quick", action="store_true", help="no build and not all tests with what is left"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
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
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(options.jobs):
            copies.put(Copy.of(ROOT, Path(folder).resolve() / f"{number}" / "project"))

        def tried(some: list[Trial]) -> None:
            copy = copies.get()
            if some[0].wide:
                by_pytest_alone(copy, some[0])
            else:
                by_pytest(copy, some)
            copies.put(copy)
            say("\n".join(map(str, some)))

        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(tried, rounds(trials, options.jobs)))
        stages = {
            by_list: not options.without_list,
            by_pytest_singly: True,
            by_build: not options.quick,
            by_whole: not options.quick,
        }
        for stage, wanted in stages.items():
            left = [trial for trial in trials if not trial.caught]
            say(f"{len(left)} left after {time.perf_counter() - started:.0f} seconds")
            if left and wanted:
                copy = copies.get()
                stage(copy, left)
                copies.put(copy)
    return report(trials, time.perf_counter() - started)


def by_whole(copy: Copy, trials: Sequence[Trial]) -> None:
    """Run all tests with all faults; without the browser, as the copy may have no site."""
    failed = copy.failing([trial.fault for trial in trials], "-m", "not browser")
    for name, said in failed.items():
        owners = [trial for trial in trials if len(trials) == 1 or owns(trial.fault, name, said)]
        for trial in owners:
            trial.caught = trial.caught or f"make test: {name}"
        if not owners:
            say(f"a failure of no fault: {name}")


def check(caught: str) -> str:
    """Name the kind of check that caught a fault."""
    command, _, test = caught.partition(": ")
    if command == "make book":
        return "a warning of the build"
    if test.startswith(LISTS):
        return f"{test.partition(':')[0]} alone, which lists what a reader has to judge"
    return test.partition("::")[0] if test.startswith("tests/") else "what a page computes"


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
    say("")
    for name, count in Counter(
        check(trial.caught) for trial in trials if trial.caught
    ).most_common():
        say(f"{count:3} caught by {name}")
    found = len(trials) - len(left)
    enough = found * 100 >= BAR * len(trials)
    say(
        f"{found} of {len(trials)} faults caught, of 100 at least {BAR} have to be: "
        f"{'they are' if enough else 'they are NOT'}. {seconds:.0f} seconds."
    )
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
