"""Run the code cells of the chapters before Sphinx reads the chapters.

myst-nb runs a chapter while it reads it, and keeps the outputs in a jupyter-cache.
This extension fills that cache first, in one place, because so

- an error names the chapter, the cell and the line, and all chapters report theirs at once;
- a failed execution never enters the cache, nor does one that wrote to stderr;
- the cache is a new one whenever the package, the plotting style or a library changes,
  which myst-nb cannot see: its key is the cells alone;
- the kernel is always the same one, whatever the reader of this has configured;
- workers that read in parallel only read the cache and cannot race to create it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_cache import get_cache  # type: ignore[import-untyped]  # it has no types
from jupyter_cache.base import CacheBundleIn  # type: ignore[import-untyped]  # likewise
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from myst_nb.core.read import create_nb_reader  # type: ignore[import-untyped]  # likewise
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from sphinx.errors import SphinxError
from sphinx.util import logging

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

logger = logging.getLogger(__name__)

LARGEST_FIGURE = 300_000  # characters of SVG

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LINE_IN_CELL = re.compile(r"Cell In\[\d+\], line (\d+)")
# What the user's shell says of these must not reach the kernel.
_UNSET = ("MPLBACKEND", "PYTHONSTARTUP", "PYTHONWARNINGS")


class CellError(SphinxError):
    """A code cell failed; the log has said which."""

    category = "Code cells failed"


@dataclass(frozen=True)
class Failure:
    """What went wrong in a chapter, and where."""

    line: int
    message: str


def fingerprint(paths: Iterable[Path], distributions: Iterable[str]) -> str:
    """Hash everything but the cells that an output can depend on.

    Parameters
    ----------
    paths
        Files, and folders with everything in them (except for compiled Python files).
    distributions
        Names of installed distributions; their versions count.
    """
    state = hashlib.sha256(f"python {sys.version_info[:2]}\n".encode())
    for name in sorted(distributions):
        state.update(f"{name} {metadata.version(name)}\n".encode())
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                name = file.relative_to(path).as_posix()
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                state.update(f"{path.name} {name} {content}\n".encode())
    state.update(Path(__file__).read_bytes())  # the kernel's surroundings are set below
    return state.hexdigest()[:16]


def run_cells(
    notebook: NotebookNode,
    text: str,
    *,
    folder: Path,
    timeout: int,
    profile: Path,
) -> Failure | None:
    """Run all code cells of a chapter; the outputs are put into the notebook.

    Parameters
    ----------
    notebook
        The chapter as myst-nb has read it.
    text
        The source of the chapter, for line numbers.
    folder
        The working folder of the cells.
    timeout
        Seconds that one cell may take.
    profile
        An empty folder, for the kernel's own files.
    """
    current = 0

    def note(cell: NotebookNode, cell_index: int) -> None:
        nonlocal current
        del cell
        current = cell_index

    client = NotebookClient(
        notebook,
        timeout=timeout,
        on_cell_start=note,
        coalesce_streams=True,  # the pieces in which text comes depend on the time of day
        record_timing=False,  # it would change the metadata, which are part of the cache's key
    )
    client.km = AsyncKernelManager(  # set here, and not above, it is shut down by the client
        kernel_name="python3",
        # No folders to search: what remains is the kernel of this very Python.
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        connection_file=str(profile / "kernel.json"),
        transport="tcp" if sys.platform == "win32" else "ipc",
    )
    try:
        asyncio.run(client.async_execute(cwd=str(folder), env=_environment(profile)))
    except CellExecutionError as error:
        trace = _ANSI.sub("", error.traceback).rstrip()
        inside = [int(line) for line in _LINE_IN_CELL.findall(trace)]
        message = f"raised {error.ename}: {error.evalue}\n{trace}"
        return _failure(notebook, text, current, message, inside[-1] if inside else 1)
    except CellTimeoutError:
        return _failure(notebook, text, current, f"took more than {timeout} s")
    except DeadKernelError:
        return _failure(notebook, text, current, "killed the kernel")
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                return _failure(notebook, text, index, f"wrote to stderr:\n{output.text}")
            size = len(output.get("data", {}).get("image/svg+xml", ""))
            if size > LARGEST_FIGURE:
                message = f"drew a figure of {size // 1000} kB; fewer points will look the same"
                return _failure(notebook, text, index, message)
    return None


def _environment(profile: Path) -> dict[str, str]:
    """Return the environment of the kernel: that of the build, less what varies."""
    matplotlib = util.find_spec("matplotlib")
    environment = {name: value for name, value in os.environ.items() if name not in _UNSET}
    environment |= {
        "IPYTHONDIR": str(profile),
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",  # the last digit of a sum depends on how many share it
        "OPENBLAS_NUM_THREADS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "SOURCE_DATE_EPOCH": "0",  # matplotlib writes it into each figure
        "TZ": "UTC",
    }
    if matplotlib is not None and matplotlib.origin is not None:
        defaults = Path(matplotlib.origin).parent / "mpl-data" / "matplotlibrc"
        environment["MATPLOTLIBRC"] = str(defaults)
    return environment


def _failure(
    notebook: NotebookNode,
    text: str,
    index: int,
    message: str,
    line_in_cell: int = 1,
) -> Failure:
    """Say of which cell a message speaks, counted as a reader counts: code cells from 1."""
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    line = _first_line(notebook, text, index) + line_in_cell - 1
    number = code.index(index) + 1
    return Failure(line, f"code cell {number} of {len(code)} {message}")


def _first_line(notebook: NotebookNode, text: str, index: int) -> int:
    """Return the line of a chapter where the code of a cell begins, counted from 1."""
    fence = int(notebook.metadata["source_map"][index])
    source = notebook.cells[index].source.splitlines()
    lines = text.splitlines()
    for start in range(fence, len(lines)):
        if source and lines[start : start + len(source)] == source:
            return start + 1
    return fence + 1


def _set_cache_path(app: Sphinx, config: Config) -> None:
    """Give the outputs a folder named after all they depend on; forget older folders.

    The folder is part of the configuration, so that a new one makes Sphinx read all pages.
    """
    paths = [Path(app.confdir, name) for name in config.chapter_cells_depend]
    key = fingerprint(paths, config.chapter_cells_distributions)
    folder = Path(app.doctreedir, "cells")
    config.nb_execution_cache_path = str(folder / key)
    if folder.is_dir():
        for old in folder.iterdir():
            if old.name != key:
                shutil.rmtree(old)


def _missing(
    cache: Any,  # noqa: ANN401 - jupyter-cache has no types
    env: BuildEnvironment,
    docnames: Sequence[str],
) -> dict[str, tuple[NotebookNode, str]]:
    """Return those of the pages that have code cells whose outputs are not in the cache."""
    myst: Any = env  # myst-nb adds attributes to it
    missing = {}
    for docname in docnames:
        path = env.doc2path(docname)
        text = path.read_text(encoding="utf-8")
        reader = create_nb_reader(str(path), myst.myst_config, myst.mystnb_config, text)
        if reader is None:
            continue
        notebook = reader.read(text)
        if all(cell.cell_type != "code" for cell in notebook.cells):
            continue
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            missing[docname] = (notebook, text)
    return missing


def _fill_cache(app: Sphinx, env: BuildEnvironment, docnames: Sequence[str]) -> None:
    """Run the cells of the chapters that the cache does not have."""
    if app.config.nb_execution_mode != "cache":
        return
    cache = get_cache(app.config.nb_execution_cache_path)
    missing = _missing(cache, env, docnames)

    def run(docname: str) -> tuple[str, Failure | None, float]:
        notebook, text = missing[docname]
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as profile:
            failure = run_cells(
                notebook,
                text,
                folder=Path(app.srcdir),
                timeout=app.config.nb_execution_timeout,
                profile=Path(profile),
            )
        return docname, failure, time.perf_counter() - start

    failed = []
    with ThreadPoolExecutor(max_workers=app.parallel) as pool:
        # The last ones first: they train networks, and should not be what is left at the end.
        for docname, failure, seconds in pool.map(run, reversed(missing)):
            if failure is None:
                logger.info("ran the cells of %s in %.1f s", docname, seconds)
                bundle = CacheBundleIn(
                    missing[docname][0],
                    str(env.doc2path(docname)),
                    data={"execution_seconds": seconds},
                )
                cache.cache_notebook_bundle(bundle, overwrite=True)
            else:
                failed.append(docname)
                logger.error(failure.message, location=(docname, failure.line), type="cells")
    if failed:
        raise CellError(", ".join(f"{docname}.md" for docname in sorted(failed)))


def _forget_build_with_warnings(app: Sphinx, exception: Exception | None) -> None:
    """Make the next build read everything again if this one had something to warn of.

    Sphinx warns of a page when it reads or writes it, and only then.
    Without this, a build that failed on a warning would pass when run once more.
    """
    if exception is None and app._warncount:  # noqa: SLF001 - Sphinx counts, but has no getter
        with suppress(FileNotFoundError):
            Path(app.doctreedir, "environment.pickle").unlink()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the configuration and the steps before and after a build."""
    app.add_config_value("chapter_cells_depend", [], "env", types=frozenset({list}))
    app.add_config_value("chapter_cells_distributions", [], "env", types=frozenset({list}))
    app.connect("config-inited", _set_cache_path)
    app.connect("env-before-read-docs", _fill_cache)
    app.connect("build-finished", _forget_build_with_warnings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
