"""The register of identifiers: it only grows, and each way to break it is named."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from equations.book import Book, read_book
from results import __main__ as command
from results.ids import (
    add_missing,
    book_problems,
    close_release,
    hash_of,
    history_problems,
    read_history,
    read_register,
)

BOOK = Path(__file__).parents[1] / "book"
BLOCK = """\
```{{equation}} {name}
:title: A result
:kind: identity
:for: $x > 0$
:source: elementary

x = x

>>> 1
1
```

"""


def write(folder: Path, *names: str) -> Book:
    index = "# T\n\n```{toctree}\n:caption: Chapters\none\n```\n"
    (folder / "index.md").write_text(index, encoding="utf-8")
    blocks = "".join(BLOCK.format(name=name) for name in names)
    exercise = "::::{exercise} ex-first\nWhat?\n::::\n"
    (folder / "one.md").write_text(f"# One\n\n{blocks}{exercise}", encoding="utf-8")
    return read_book(folder)


def register(folder: Path, *lines: str) -> list[str]:
    """Write a register; return what is wrong with it, and between it and the book beside it."""
    file = folder / "ids.txt"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    found = read_register(file)
    return [str(p) for p in (*found.problems(), *book_problems(found, read_book(folder)))]


def git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=A", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
    words = ["git", "-C", str(folder), *settings, *arguments]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout  # noqa: S603  (words of our own)


def commit(folder: Path, *lines: str) -> None:
    (folder / "ids.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")


def history(folder: Path) -> list[str]:
    file = folder / "ids.txt"
    return [str(problem) for problem in history_problems(read_register(file), read_history(file))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "eq-a", "eq-b")
    return tmp_path


@pytest.fixture
def repository(folder: Path) -> Path:
    git(folder, "init", "-qb", "main")
    commit(folder, "eq-a", "eq-b", "ex-first")
    return folder


def test_the_register_of_this_book_is_complete_and_only_grew(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["ids", str(BOOK)]) == 0, capsys.readouterr().out


def test_identifiers_are_added_at_the_end_once(folder: Path) -> None:
    assert register(folder, "# first", "ex-first", "eq-b") != []
    found = read_register(folder / "ids.txt")
    assert add_missing(found, read_book(folder)) == ["eq-a"]
    again = read_register(folder / "ids.txt")
    assert again.lines == ("# first", "ex-first", "eq-b", "eq-a")
    assert add_missing(again, read_book(folder)) == []
    assert list(book_problems(again, read_book(folder))) == []


@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        (["eq-a", "ex-first"], "one.md:15", "the id eq-b is missing in ids.txt; run: make ids"),
        (["eq-a", "eq-b"], "one.md:27", "the id ex-first is missing in ids.txt"),
        (["eq-a", "eq-b", "ex-first", "eq-c"], "ids.txt:4", "the id eq-c is in no chapter"),
        (["eq-a", "eq-b", "ex-first", "eq-a"], "ids.txt:4", "eq-a stands twice; first in line 1"),
        (["eq-a", "eq-b", "ex-first", "EQ"], "ids.txt:4", "'EQ' is no id"),
        (
            ["eq-a", "eq-b", "ex-first", "retire eq-b -> eq-a: it was the same"],
            "one.md:15",
            "the id eq-b was retired (it was the same); choose another",
        ),
        (["eq-a", "eq-b", "ex-first", "retire eq-c: why"], "ids.txt:4", "stands on no line above"),
        (
            ["eq-a", "eq-b", "ex-first", "eq-c", "retire eq-c -> eq-d: why"],
            "ids.txt:5",
            "eq-c is replaced by eq-d, which is no id of this file",
        ),
        (
            ["eq-a", "eq-b", "ex-first", "eq-c", "retire eq-c -> eq-c: why"],
            "ids.txt:5",
            "the id eq-c is replaced by itself",
        ),
        (
            ["eq-a", "eq-b", "ex-first", "eq-c", "retire eq-c: why", "retire eq-c: why"],
            "ids.txt:6",
            "the id eq-c is retired twice; first in line 5",
        ),
        (["eq-a", "eq-b", "ex-first", "retire eq-c:"], "ids.txt:4", "is no id"),
    ],
)
def test_a_fault_is_named_with_its_place(
    folder: Path, lines: list[str], place: str, message: str
) -> None:
    found = register(folder, *lines)
    assert any(f"{place}: " in text and message in text for text in found), found


def test_a_retired_identifier_needs_no_block_and_names_what_replaces_it(folder: Path) -> None:
    lines = ["eq-a", "eq-b", "eq-c", "ex-first", "retire eq-c -> eq-a, eq-b: it was split"]
    assert register(folder, *lines) == []
    retired = read_register(folder / "ids.txt").retired["eq-c"]
    assert (retired.why, retired.replaced_by) == ("it was split", ("eq-a", "eq-b"))


def test_a_release_closes_the_lines_above_also_without_a_history(folder: Path) -> None:
    assert register(folder, "eq-a", "ex-first") != []
    line = close_release(read_register(folder / "ids.txt"), "0.1.0", "2026-12-01")
    assert register(folder, "eq-a", "ex-first", line, "eq-b") == []
    found = read_register(folder / "ids.txt")
    first, second = found.since("eq-a"), found.since("eq-b")
    assert first is not None
    assert (first.version, first.date, second) == ("0.1.0", "2026-12-01", None)
    message = "the lines above are not those of release 0.1.0"
    for changed in (["ex-first", "eq-a"], ["eq-a"], ["eq-a", "eq-b", "ex-first"]):
        assert any(message in text for text in register(folder, *changed, line))
    assert register(folder, "# a comment may come and go", "eq-a", "ex-first", line, "eq-b") == []
    twice = register(folder, "eq-a", "ex-first", line, "eq-b", line)
    assert any("release 0.1.0 stands twice" in text for text in twice)


@pytest.mark.parametrize(
    ("lines", "lost"),
    [
        (["eq-a", "ex-first"], "eq-b"),
        (["eq-b", "eq-a", "ex-first"], "eq-b"),
        (["eq-a", "eq-c", "ex-first"], "eq-b"),
    ],
)
def test_a_line_of_an_earlier_commit_cannot_go_or_move(
    repository: Path, lines: list[str], lost: str
) -> None:
    assert history(repository) == []
    commit(repository, *lines)
    git(repository, "commit", "-qm", "later", "--allow-empty")
    (problem,) = history(repository)
    assert f"“{lost}” of commit " in problem


def test_a_line_lost_in_a_merge_is_found(repository: Path) -> None:
    git(repository, "checkout", "-qb", "side")
    commit(repository, "eq-a", "eq-b", "ex-first", "eq-c")
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "-s", "ours", "-m", "merge", "side")
    (problem,) = history(repository)
    assert "“eq-c” of commit " in problem


def test_two_branches_may_both_add(repository: Path) -> None:
    git(repository, "checkout", "-qb", "side")
    commit(repository, "eq-a", "eq-b", "ex-first", "eq-c")
    git(repository, "checkout", "-q", "main")
    commit(repository, "eq-a", "eq-b", "ex-first", "eq-d")
    git(repository, "merge", "-q", "--no-ff", "-s", "ours", "-m", "merge", "side")
    commit(repository, "eq-a", "eq-b", "ex-first", "eq-d", "eq-c")
    assert history(repository) == []


def test_nothing_is_put_before_a_release(repository: Path) -> None:
    released = ["eq-a", "eq-b", "ex-first"]
    line = f"release 0.1.0 2026-12-01 {hash_of(released)}"
    commit(repository, *released, line)
    changed = ["eq-z", *released]
    commit(repository, *changed, f"release 0.1.0 2026-12-01 {hash_of(changed)}")
    (first, *_) = history(repository)
    assert "“eq-a” of commit " in first


def test_what_cannot_be_compared_is_said(
    folder: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    commit(repository, "eq-a", "eq-b", "ex-first", "# more")
    clone = tmp_path_factory.mktemp("clone") / "shallow"
    git(folder, "clone", "-q", "--depth", "1", repository.as_uri(), str(clone))
    assert "cut short" in read_history(clone / "ids.txt").remark
    alone = tmp_path_factory.mktemp("alone")
    (alone / "ids.txt").write_text("eq-a\n", encoding="utf-8")
    assert "no history to compare with" in read_history(alone / "ids.txt").remark


def test_the_command_adds_checks_and_closes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "ids.txt").write_text("eq-a\n", encoding="utf-8")
    assert command.main(["ids", str(folder)]) == 1
    assert "eq-b is missing" in capsys.readouterr().out
    assert command.main(["ids", str(folder), "--add"]) == 0
    assert "added: eq-b\nadded: ex-first\n" in capsys.readouterr().out
    assert command.main(["ids", str(folder), "--release", "0.1.0"]) == 0
    assert "release 0.1.0 20" in capsys.readouterr().out
    write(folder, "eq-a")
    assert command.main(["ids", str(folder), "--release", "0.2.0"]) == 1
    assert "eq-b is in no chapter" in capsys.readouterr().out
    assert len(read_register(folder / "ids.txt").releases) == 1


def test_a_released_version_has_to_close_its_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "book"
    folder.mkdir()
    write(folder, "eq-a")
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [0.1.0]\n", encoding="utf-8")
    assert command.main(["ids", str(folder), "--add"]) == 1
    assert "ids.txt:2: release 0.1.0 has no line" in capsys.readouterr().out
    assert command.main(["ids", str(folder), "--release", "0.1.0"]) == 0
    assert command.main(["ids", str(folder)]) == 0


@pytest.mark.parametrize("name", ["test", "release"])
def test_where_the_register_is_compared_the_whole_history_is_there(name: str) -> None:
    workflow = (BOOK.parent / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    jobs = [job for job in workflow.split("runs-on:") if "make lint" in job]
    assert jobs
    assert all("fetch-depth: 0 " in job for job in jobs)
