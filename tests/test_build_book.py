"""`make book` replaces the site whole or not at all. The builds are programs of a few lines."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "book" / "_ext" / "build_book.py"
# Build a page from the chapter; the statement between the two halves is what a test is about.
BUILD = """\
import os, signal, sys, time
from pathlib import Path
new = Path(sys.argv[-1])
new.mkdir()
(new / ".buildinfo").touch()
(new / "catalogue.schema.json").write_text('{"type": "object"}')
(new / "index.html").write_text(Path("book/index.md").read_text())
%s
(new / "catalogue.json").write_text("{}")
Path("runs").open("a").write("run ")
"""


class Folder:
    """A project that holds one chapter."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "book").mkdir()
        self.write("one")

    def write(self, text: str) -> None:
        (self.path / "book" / "index.md").write_text(text, "utf-8")

    def start(self, statement: str = "") -> subprocess.Popen[str]:
        """Start a build."""
        return self.run(sys.executable, "-c", BUILD % statement)

    def run(self, *command: str) -> subprocess.Popen[str]:
        """Start the script with a command."""
        # What a shell runs in the background ignores this signal, and its children would too.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(  # noqa: S603  (a program of this test)
                [sys.executable, str(SCRIPT), *command],
                cwd=self.path,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def build(self, statement: str = "") -> tuple[int, str]:
        """Return the status of a build, and what it said."""
        process = self.start(statement)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    @property
    def page(self) -> str:
        return (self.path / "_build" / "html" / "index.html").read_text("utf-8")

    @property
    def runs(self) -> int:
        return (self.path / "runs").read_text("utf-8").count("run")

    def await_file(self, pattern: str) -> Path:
        """Wait until a file is there."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if found := list(self.path.glob(pattern)):
                return found[0]
            time.sleep(0.02)
        raise AssertionError(f"no {pattern}")

    def left(self) -> list[str]:
        return sorted(path.name for path in (self.path / "_build").iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_book_is_built_once_for_each_state_of_its_sources(folder: Folder) -> None:
    assert folder.build()[0] == 0
    assert folder.left() == ["html", "html.key", "lock"]
    assert not (folder.path / "_build" / "html" / ".buildinfo").exists()
    assert "Nothing has changed" in folder.build()[1]
    folder.write("two")
    assert folder.build()[0] == 0
    assert (folder.page, folder.runs) == ("two", 2)
    # what is changed during a build belongs to the next one
    assert folder.build("Path('book/index.md').write_text('four')")[1].startswith("Nothing")
    folder.write("three")
    assert folder.build("Path('book/index.md').write_text('four')")[0] == 0
    assert folder.page == "three"
    assert folder.build()[0] == 0
    assert folder.page == "four"


# No file may be longer than this, as on a disk that is full.
SHORT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("sys.exit('a warning')", "a warning\n"),
        ("(new / 'catalogue.json').write_text('[]'); sys.exit()", "is not of type 'object'"),
        (f"{SHORT}; (new / 'page').write_bytes(bytes(200))", "File too large"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "There is no new book."),
    ],
)
def test_a_build_that_fails_leaves_the_site_as_it_was(
    folder: Folder, statement: str, expected: str
) -> None:
    assert folder.build()[0] == 0
    folder.write("two")
    code, said = folder.build(statement)
    assert code != 0
    assert expected in said
    assert "There is no new book. _build/html is still the book of an earlier build." in said
    assert (folder.page, folder.left()) == ("one", ["html", "html.key", "lock"])
    folder.write("one")
    assert "Nothing has changed" in folder.build()[1]
    folder.write("two")
    assert folder.build()[0] == 0
    assert folder.page == "two"


def test_a_full_disk_is_named(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    library = "import shutil; shutil.disk_usage = lambda _: shutil._ntuple_diskusage(1, 1, 0)"
    (folder.path / "sitecustomize.py").write_text(library, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder.path))
    code, said = folder.build("sys.exit(2)")
    assert code == 2
    assert "There is no room left on the disk of _build. There is no new book.\n" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_ends_with_all_that_it_started(folder: Folder, number: int) -> None:
    assert folder.build()[0] == 0
    folder.write("two")
    forks = "Path(f'pid{os.getpid() if os.fork() else os.getpid()}').touch(); time.sleep(60)"
    process = folder.start(forks)
    end = time.monotonic() + 60
    while len(list(folder.path.glob("pid*"))) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.startswith("The build was interrupted.")
    assert (folder.page, folder.left()) == ("one", ["html", "html.key", "lock"])
    assert folder.build()[0] == 0
    assert folder.page == "two"


def test_an_interrupt_while_a_program_starts_ends_it_too(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The program runs already, and the build does not yet know: on a busy machine this takes long.
    slowly = """\
import subprocess, time
class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        time.sleep(3)
subprocess.Popen = Popen
"""
    (folder.path / "sitecustomize.py").write_text(slowly, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder.path))
    process = folder.start("Path('begun').touch(); time.sleep(60)")
    folder.await_file("begun")
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=50)
    assert process.returncode == 130
    assert said.startswith("The build was interrupted.")


def test_what_a_killed_build_left_running_is_waited_for(folder: Folder) -> None:
    process = folder.start("Path('begun').touch(); time.sleep(1)")
    folder.await_file("begun")
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    folder.write("two")
    code, said = folder.build()
    assert code == 0
    assert said.startswith("Another build is running in this folder; this one waits for its end.")
    assert (folder.page, folder.runs) == ("two", 2)
    assert folder.left() == ["html", "html.key", "lock"]


def test_two_builds_at_once_make_one_book(folder: Folder) -> None:
    first = folder.start("Path('begun').touch(); time.sleep(1)")
    folder.await_file("begun")
    code, said = folder.build()
    first.communicate(timeout=60)
    assert (first.returncode, code) == (0, 0)
    assert "Another build is running" in said
    assert "Nothing has changed" in said
    assert folder.runs == 1


def test_other_formats_wait_for_the_book(folder: Folder) -> None:
    old = folder.path / "book" / "api" / "old.rst"
    book = folder.start("Path('begun').touch(); time.sleep(1)")
    folder.await_file("begun")
    old.parent.mkdir()
    old.touch()
    other = folder.run("--alone", "sh", "-c", "ls _build book/api; exit 3")
    said, _ = other.communicate(timeout=60)
    assert book.wait(timeout=60) == 0
    assert book.stdout is not None
    book.stdout.close()
    assert said.startswith("Another build is running")
    assert "html\nhtml.key\nlock\n" in said
    assert other.returncode == 3
    assert not old.exists()


def test_a_site_between_two_renames_is_found_again(folder: Folder) -> None:
    assert folder.build()[0] == 0
    build = folder.path / "_build"
    (build / "html.key").unlink()
    (build / "html").rename(build / "html.old")
    assert folder.build("sys.exit(1)")[0] == 1
    assert folder.page == "one"
    assert folder.build()[0] == 0
    assert folder.left() == ["html", "html.key", "lock"]


def test_pages_of_earlier_builds_are_not_read_again(folder: Folder) -> None:
    left = [folder.path / "book" / "api" / "old.rst", folder.path / "_build/jupyter_execute/a.svg"]
    for file in left:
        file.parent.mkdir(parents=True)
        file.touch()
    assert folder.build()[0] == 0
    assert not any(file.exists() for file in left)


def test_a_folder_that_cannot_be_written_is_named(folder: Folder) -> None:
    (folder.path / "_build").touch()
    code, said = folder.build()
    assert code == 1
    assert "File exists: _build There is no new book." in said
