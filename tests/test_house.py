"""What stands in more than one file of the repository agrees."""

import json
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def lines(name: str, pattern: str) -> list[Any]:
    return re.findall(f"^{pattern}$", read(name), re.MULTILINE)


def test_versions_agree() -> None:
    version = PROJECT["version"]
    assert metadata.version("refimpl") == version
    assert lines("CITATION.cff", r" *version: (.+)") == [version, version]


def test_released_versions_are_in_the_changelog() -> None:
    released = lines("CHANGELOG.md", r"## \[([0-9.]+)\] - (\d{4}-\d\d-\d\d)")
    dated = lines("CITATION.cff", r"date-released: (.+)")
    version = PROJECT["version"]
    if dated:
        assert released[:1] == [(version, *dated)]
        assert lines("CITATION.cff", r"  year: (.+)") == [dated[0][:4]]
    else:
        assert version.endswith(".dev0")
        assert version.removesuffix(".dev0") not in dict(released)


def test_zenodo_is_told_what_the_citation_says() -> None:
    zenodo = json.loads(read(".zenodo.json"))
    assert lines("CITATION.cff", r"  title: (.+)") == [zenodo["title"]]
    names = [creator["name"] for creator in zenodo["creators"]]
    assert lines("CITATION.cff", r"    - name: (.+)") == names
    (licence,) = lines("CITATION.cff", r"  license: (.+)")
    assert zenodo["license"] == licence.lower()
    assert zenodo["keywords"] == lines("CITATION.cff", r"  - (?!name)(.+)")
    assert [found["identifier"] for found in zenodo["related_identifiers"]] == [
        PROJECT["urls"]["Book"]
    ]


def test_zenodo_metadata_has_the_form_that_zenodo_reads() -> None:
    schema = json.loads(read("tests/schemas/zenodo.json"))
    zenodo = json.loads(read(".zenodo.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(zenodo)
    faults: list[dict[str, object]] = [
        {"creators": []},
        {"creators": [{"family": "Shannon"}]},
        {"upload_type": "book"},
        {"version": "0.1.0"},  # Zenodo takes it from the tag
        {"related_identifiers": [{"identifier": "x", "relation": "is"}]},
    ]
    assert not any(validator.is_valid(zenodo | fault) for fault in faults)


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


@pytest.mark.parametrize("name", ["README.md", "CITATION.cff", ".zenodo.json", "conf.py"])
def test_addresses_agree(name: str) -> None:
    known = PROJECT["urls"]["Book"], PROJECT["urls"]["Source"]
    found = re.findall(r"https://(?:[\w-]+\.)?github(?:\.io|\.com)/[\w./-]+", read(name))
    assert found
    assert set(found) <= set(known)


def test_contributors_are_told_every_command() -> None:
    commands = {*lines("Makefile", r"([a-z]+):.* ## .*")} - {"help", "env"}
    told = re.findall(r"`make ([^`]+)`", read("CONTRIBUTING.md"))
    assert commands
    assert commands <= {word for words in told for word in words.split()}


@pytest.mark.parametrize(
    ("said", "status", "audited"),
    [
        ("No known vulnerabilities found", 0, True),
        ("Found 2 known vulnerabilities in 1 package", 1, True),
        ("ERROR:pip_audit._cli:Dependency not found on PyPI and could not be audited", 1, False),
        ("ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed", 1, False),
    ],
)
def test_an_audit_that_could_not_ask_is_none(
    tmp_path: Path,
    said: str,
    status: int,
    audited: bool,  # noqa: FBT001  (from the table above)
) -> None:
    tool = tmp_path / "bin" / "pip-audit"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit {status}\n', "utf-8")
    tool.chmod(0o755)
    (tmp_path / ".stamp").touch()
    done = subprocess.run(  # noqa: S603  (our own command)
        ["make", "audit", f"AUDIT={tmp_path}"],  # noqa: S607  (whichever make there is)
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stderr
    assert (done.returncode == 0) == (status == 0)
    assert ("NOT AUDITED" not in done.stderr) == audited


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_name_no_index(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert not re.findall(r"^-.*", text, re.MULTILINE)
