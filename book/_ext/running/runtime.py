"""Python for browsers, in a folder: Pyodide with NumPy, SciPy and matplotlib.

    python -m running _build/pyodide           whether all is there
    python -m running _build/pyodide SOURCE    take it from SOURCE

The registry of JavaScript has the core of Pyodide alone, and the index of Python no NumPy for
browsers. But a wheel there carries the files of a release of Pyodide, and ``make runtime``
takes them out of it. SOURCE may as well be the folder of the unpacked full release, or anything
else with these files: each must have the hash that Pyodide itself gives for it.
``pyodide-lock.json`` is the part of the release's own list that the book needs; the hashes of
the core, which that list does not have, are those of the JavaScript package ``pyodide``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CORE = {
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
}


def read_lock() -> dict[str, Any]:
    """Return what the book needs of the list of packages of the release.

    What a package depends on is left out where the book has no use for it: matplotlib draws
    here without the fonts of a PDF, without time zones and without a canvas.
    """
    text = Path(__file__).with_name("pyodide-lock.json").read_text("utf-8")
    lock: dict[str, Any] = json.loads(text)
    packages = lock["packages"]
    for package in packages.values():
        package["depends"] = [name for name in package["depends"] if name in packages]
    return lock


def hashes() -> dict[str, str]:
    """Return the names of all files with their SHA-256."""
    packages = read_lock()["packages"].values()
    return CORE | {package["file_name"]: package["sha256"] for package in packages}


def modules() -> set[str]:
    """Return the modules that a cell may import in the page, but for those of this book."""
    provided = (package["imports"] for package in read_lock()["packages"].values())
    return set(sys.stdlib_module_names).union(*provided)


def faults(folder: Path, expected: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the files in a folder, one sentence for each."""
    found = []
    for name, digest in expected.items():
        file = folder / name
        if not file.is_file():
            found.append(f"{name} is missing")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            found.append(f"{name} does not have the hash {digest}")
    return found


def take(source: Path, folder: Path, names: Iterable[str]) -> None:
    """Copy files into a folder from a folder or from a wheel, wherever they are in it."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(names)
    if source.is_dir():
        for file in source.rglob("*"):
            if file.name in wanted and file.is_file():
                shutil.copyfile(file, folder / file.name)
        return
    with zipfile.ZipFile(source) as wheel:
        for member in wheel.infolist():
            name = member.filename.rpartition("/")[2]
            if name in wanted:
                (folder / name).write_bytes(wheel.read(member))


__all__ = ["CORE", "faults", "hashes", "modules", "read_lock", "take"]
