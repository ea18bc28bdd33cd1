"""The site with all its versions: the current book at the root, each release in its folder.

A release carries its site as an archive. From these archives and the book of today the site is
put together anew at each deployment, so that nothing else has to be kept:

    python -m citing.versions pack _build/html 0.1.0 dist/site
    python -m citing.versions site _build/html _build/releases _build/site
    python -m citing.versions notes v0.1.0

``switcher.json`` has the form that the themes of Sphinx read, but its addresses are relative to
where it lies: the site can move, and be looked at without a network.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import shutil
import sys
import tarfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citing.edition import read_edition

NAME = "divergences-derived-{version}.tar.gz"
SWITCHER = "switcher.json"

_RELEASE = re.compile(re.escape(NAME).replace(r"\{version\}", r"(\d+\.\d+\.\d+)"))


@dataclass(frozen=True)
class Release:
    """A released version, and the archive of its site."""

    version: str
    archive: Path

    @property
    def folder(self) -> str:
        """The folder of this version on the site; it never changes."""
        return f"v{self.version}"

    @property
    def key(self) -> tuple[int, ...]:
        """What versions are sorted by: 0.10.0 is newer than 0.9.0."""
        return tuple(int(part) for part in self.version.split("."))


def pack(site: Path, version: str, folder: Path) -> Path:
    """Write a site into an archive, with its checksum beside it.

    The same site gives the same archive: nothing in it tells when or by whom it was made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / NAME.format(version=version)

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime = member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() else 0o644
        return member

    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for file in sorted(site.rglob("*")):
            name = file.relative_to(site).as_posix()
            tar.add(file, name, recursive=False, filter=anonymous)
    _checksum_file(archive).write_text(f"{_checksum(archive)}  {archive.name}\n", "utf-8")
    return archive


def unpack(archive: Path, folder: Path) -> None:
    """Write an archive into a folder, after its checksum was compared.

    Raises
    ------
    ValueError
        If the archive is not the one that was released.
    """
    expected = _checksum_file(archive).read_text("utf-8").split()[0]
    if _checksum(archive) != expected:
        raise ValueError(f"{archive.name} does not have the checksum {expected}")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")


def _checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _checksum_file(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.sha256")


def releases(folder: Path) -> list[Release]:
    """Return the releases whose archives lie in a folder, the newest first."""
    files = folder.iterdir() if folder.is_dir() else ()
    found = [(_RELEASE.fullmatch(file.name), file) for file in files]
    known = [Release(name[1], file) for name, file in found if name]
    return sorted(known, key=lambda release: release.key, reverse=True)


def assemble(book: Path, archives: Path, site: Path) -> list[Release]:
    """Put the current book and all releases into a new folder, and return the releases."""
    if site.exists():
        shutil.rmtree(site)
    shutil.copytree(book, site)
    known = releases(archives)
    for release in known:
        unpack(release.archive, site / release.folder)
        write_switcher(site / release.folder, "../", known)
    write_switcher(site, "", known)
    return known


def write_switcher(folder: Path, root: str, known: Sequence[Release]) -> None:
    """Write the list of versions as it is seen from one of them."""
    entries: list[dict[str, Any]] = [{"name": "current", "version": "", "url": root or "./"}]
    entries += [
        {"name": release.version, "version": release.version, "url": f"{root}{release.folder}/"}
        for release in known
    ]
    if known:
        entries[1]["preferred"] = True
    (folder / SWITCHER).write_text(json.dumps(entries, indent=2) + "\n", "utf-8")


def notes(root: Path, tag: str) -> str:
    """Return what the changelog says about the release that a tag names.

    Raises
    ------
    ValueError
        If the tag does not name the version that the files of the repository say.
    """
    version = tag.removeprefix("v")
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    edition = read_edition(root / "CITATION.cff")
    heading = rf"^## \[{re.escape(version)}\] - {re.escape(edition.date)}$"
    said = re.search(
        rf"{heading}\n(.+?)(?=^## |\Z)",
        (root / "CHANGELOG.md").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    wrong = [
        *(["the tag does not begin with v"] if tag == version else []),
        *([] if project["version"] == version else [f"pyproject.toml says {project['version']}"]),
        *([] if edition.version == version else [f"CITATION.cff says {edition.version}"]),
        *([] if len(edition.date_parts) == 3 else ["CITATION.cff has no date-released"]),
        *([] if said else [f"CHANGELOG.md has no heading [{version}] - {edition.date}"]),
    ]
    if wrong or said is None:
        raise ValueError(f"{tag} cannot be released: {'; '.join(wrong)}")
    return said[1].strip() + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="citing.versions", description="Archive and assemble.")
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack", help="put a built book into an archive with a checksum")
    packing.add_argument("book", type=Path)
    packing.add_argument("version")
    packing.add_argument("folder", type=Path)
    putting = commands.add_parser("site", help="put the book and the released archives together")
    putting.add_argument("book", type=Path)
    putting.add_argument("archives", type=Path)
    putting.add_argument("site", type=Path)
    noting = commands.add_parser("notes", help="print what the changelog says about a tag")
    noting.add_argument("tag")
    given = parser.parse_args(arguments)
    if given.command == "pack":
        said = f"{pack(given.book, given.version, given.folder)}\n"
    elif given.command == "site":
        known = assemble(given.book, given.archives, given.site)
        said = f"{given.site}: the current book and {len(known)} released versions\n"
    else:
        said = notes(Path(), given.tag)
    sys.stdout.write(said)


if __name__ == "__main__":
    main()

__all__ = ["Release", "assemble", "main", "notes", "pack", "releases", "unpack", "write_switcher"]
