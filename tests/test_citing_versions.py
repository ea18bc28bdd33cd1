"""The site with its versions: archives that hold what was built, and folders that stay."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from urllib.parse import urljoin

import pytest

from citing.versions import Release, assemble, main, notes, pack, releases, unpack


def site(folder: Path, *, says: str, pages: tuple[str, ...] = ("index.html",)) -> Path:
    for page in ("_static/empty/x.js", *pages):
        file = folder / page
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(says, "utf-8")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def test_archive_holds_the_site_and_its_checksum(tmp_path: Path) -> None:
    built = site(tmp_path / "html", says="old", pages=("index.html", "eq/eq-a/index.html"))
    archive = pack(built, "0.1.0", tmp_path / "dist")
    assert archive.name == "divergences-derived-0.1.0.tar.gz"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert Path(f"{archive}.sha256").read_text("utf-8") == f"{digest}  {archive.name}\n"
    unpack(archive, tmp_path / "again")
    assert files(tmp_path / "again") == files(built)


def test_same_site_gives_the_same_archive(tmp_path: Path) -> None:
    one = pack(site(tmp_path / "a", says="x"), "0.1.0", tmp_path / "one")
    (tmp_path / "b").mkdir(mode=0o700)
    two = pack(site(tmp_path / "b", says="x"), "0.1.0", tmp_path / "two")
    other = pack(site(tmp_path / "c", says="y"), "0.1.0", tmp_path / "three")
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()


def test_changed_archive_is_refused(tmp_path: Path) -> None:
    pack(site(tmp_path / "html", says="old"), "0.1.0", tmp_path)
    changed = pack(site(tmp_path / "html", says="new"), "0.2.0", tmp_path)
    changed.replace(tmp_path / "divergences-derived-0.1.0.tar.gz")
    with pytest.raises(ValueError, match=r"divergences-derived-0\.1\.0\.tar\.gz does not have"):
        assemble(tmp_path / "html", tmp_path, tmp_path / "site")


def test_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    archive = tmp_path / "divergences-derived-0.1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(site(tmp_path / "html", says="x") / "index.html", "../outside.html")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    Path(f"{archive}.sha256").write_text(f"{digest}  {archive.name}\n", "utf-8")
    with pytest.raises(tarfile.OutsideDestinationError):
        unpack(archive, tmp_path / "in")


def test_newest_release_is_first_and_other_files_are_none(tmp_path: Path) -> None:
    for version in ("0.9.0", "0.10.0", "0.9.1"):
        pack(site(tmp_path / "html", says="x"), version, tmp_path / "all")
    (tmp_path / "all" / "refimpl-0.9.0.tar.gz").touch()
    (tmp_path / "all" / "divergences-derived-1.0.0.dev0.tar.gz").touch()
    assert [release.version for release in releases(tmp_path / "all")] == [
        "0.10.0",
        "0.9.1",
        "0.9.0",
    ]
    assert releases(tmp_path / "nowhere") == []


@pytest.fixture
def assembled(tmp_path: Path) -> Path:
    archives = tmp_path / "releases"
    pack(site(tmp_path / "first", says="first", pages=("index.html", "a.html")), "0.1.0", archives)
    pack(site(tmp_path / "second", says="second"), "0.2.0", archives)
    site(tmp_path / "site", says="left over", pages=("gone.html",))
    current = site(tmp_path / "current", says="current")
    known = assemble(current, archives, tmp_path / "site")
    assert known == [
        Release(version, archives / f"divergences-derived-{version}.tar.gz")
        for version in ("0.2.0", "0.1.0")
    ]
    return tmp_path / "site"


def test_each_version_keeps_its_folder(assembled: Path) -> None:
    pages = {name: text for name, text in files(assembled).items() if name.endswith(".html")}
    assert pages == {
        "index.html": b"current",
        "v0.1.0/index.html": b"first",
        "v0.1.0/a.html": b"first",
        "v0.2.0/index.html": b"second",
    }


@pytest.mark.parametrize("folder", ["", "v0.1.0/", "v0.2.0/"])
def test_every_version_lists_all_of_them_by_working_addresses(assembled: Path, folder: str) -> None:
    entries = json.loads((assembled / folder / "switcher.json").read_text("utf-8"))
    here = f"https://example.org/book/{folder}switcher.json"
    assert {entry["name"]: urljoin(here, entry["url"]) for entry in entries} == {
        "current": "https://example.org/book/",
        "0.2.0": "https://example.org/book/v0.2.0/",
        "0.1.0": "https://example.org/book/v0.1.0/",
    }
    assert [entry["name"] for entry in entries if entry.get("preferred")] == ["0.2.0"]


def test_site_without_releases_is_the_book(tmp_path: Path) -> None:
    built = site(tmp_path / "html", says="x")
    main(["site", str(built), str(tmp_path / "none"), str(tmp_path / "site")])
    found = files(tmp_path / "site")
    assert json.loads(found.pop("switcher.json")) == [
        {"name": "current", "version": "", "url": "./"}
    ]
    assert found == files(built)


def test_pack_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built = site(tmp_path / "html", says="x")
    main(["pack", str(built), "0.1.0", str(tmp_path)])
    assert capsys.readouterr().out == f"{tmp_path / 'divergences-derived-0.1.0.tar.gz'}\n"


CHANGELOG = """\
# Changelog

## [Unreleased]

## [0.2.0] - 2027-03-09

### Added

- A chapter.

## [0.1.0] - 2026-12-01

- The book.
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, "utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n', "utf-8")
    (tmp_path / "CITATION.cff").write_text(
        "version: 0.2.0\ndate-released: 2027-03-09\npreferred-citation:\n"
        "  title: A Book\n  authors: [{name: Body}]\n  year: 2027\n  version: 0.2.0\n",
        "utf-8",
    )
    return tmp_path


def test_notes_of_a_release(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    main(["notes", "v0.2.0"])
    assert capsys.readouterr().out == "### Added\n\n- A chapter.\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("pyproject.toml", "0.2.0", "0.2.0.dev0", "pyproject.toml says 0.2.0.dev0"),
        ("CITATION.cff", "  version: 0.2.0", "  version: 0.1.0", "CITATION.cff says 0.1.0"),
        ("CITATION.cff", "date-released: 2027-03-09\n", "", "has no date-released"),
        ("CHANGELOG.md", "03-09", "03-10", r"has no heading \[0.2.0\] - 2027-03-09"),
    ],
)
def test_tag_that_does_not_fit_is_refused(
    repository: Path, name: str, old: str, new: str, message: str
) -> None:
    file = repository / name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=f"v0.2.0 cannot be released: .*{message}"):
        notes(repository, "v0.2.0")


def test_tag_without_its_letter_is_refused(repository: Path) -> None:
    with pytest.raises(ValueError, match="the tag does not begin with v"):
        notes(repository, "0.2.0")
