"""What stands in more than one file of the repository agrees."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def lines(name: str, pattern: str) -> list[str]:
    return re.findall(f"^{pattern}$", read(name), re.MULTILINE)


def test_versions_agree() -> None:
    version = PROJECT["version"]
    assert metadata.version("refimpl") == version
    assert lines("CITATION.cff", r" *version: (.+)") == [version, version]


def test_released_versions_are_in_the_changelog() -> None:
    released = lines("CHANGELOG.md", r"## \[([0-9.]+)\] - \d{4}-\d\d-\d\d")
    dated = lines("CITATION.cff", r"date-released: .+")
    assert released[:1] == ([PROJECT["version"]] if dated else [])


def test_tested_pythons_are_the_declared_ones() -> None:
    declared = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    (tested,) = lines(".github/workflows/test.yml", r" +python: \[(.*)\]")
    assert tested == ", ".join(f'"{python}"' for python in declared)
    assert PROJECT["requires-python"] == f">={declared[0]}"


def test_lowest_versions_are_the_declared_ones() -> None:
    # A later Python may need a newer one, which is then another line of the lock.
    for requirement in PROJECT["dependencies"]:
        name, bound = requirement.split(">=")
        lowest, *_ = sorted(lines("requirements/lowest.txt", rf"{name}==(\S+) .*"))
        assert lowest == f"{bound}.0"


@pytest.mark.parametrize("name", ["README.md", "CITATION.cff", "conf.py"])
def test_addresses_agree(name: str) -> None:
    known = PROJECT["urls"]["Book"], PROJECT["urls"]["Source"]
    found = re.findall(r"https://(?:[\w-]+\.)?github(?:\.io|\.com)/[\w./-]+", read(name))
    assert found
    assert set(found) <= set(known)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_name_no_index(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert not re.findall(r"^-.*", text, re.MULTILINE)
