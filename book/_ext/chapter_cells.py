"""Run the code cells of the chapters before Sphinx reads the chapters.

myst-nb runs a chapter while it reads it, and keeps the outputs in a jupyter-cache.
This extension fills that cache first, in one place, because so

- the cells run while the equations are checked, and neither waits for the other;
- an error names the chapter, the cell and the line, and all chapters report theirs at once;
- a failed execution never enters the cache, nor does one that wrote to stderr;
- the cache is a new one whenever the package, the plotting style or a library changes,
  which myst-nb cannot see: its key is the cells alone; and a chapter whose head says
  `cells_read: "*.md"` runs again when one of these files beside it changes;
- a damaged cache is made anew;
- the kernel is always the same one, whatever the reader of this has configured;
- workers that read in parallel only read the cache and cannot race to create it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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


def _open_cache(folder: Path) -> Any:  # noqa: ANN401  (jupyter-cache has no types)
    """Return the cache; if it was damaged, or is no longer whole, an empty one.

    Raises
    ------
    CellError
        If nothing can be kept in the folder.
    """
    try:
        cache = get_cache(folder)
        for record in cache.list_cache_records():
            cache.get_cache_bundle(record.pk)
    except Exception as error:  # noqa: BLE001  (a damaged file raises almost anything)
        logger.info("all cells run again, for their kept outputs cannot be read: %s", error)
    else:
        return cache
    try:
        shutil.rmtree(folder)
        cache = get_cache(folder)
        cache.list_cache_records()
    except OSError as error:
        raise CellError(f"their outputs cannot be kept in {folder}: {error.strerror}") from error
    return cache


def _digest_of_read(page: Path, notebook: NotebookNode) -> str:
    """Hash the files beside a page that its cells read, as `cells_read` in its head says."""
    pattern = notebook.metadata.get("cells_read", "")
    files = sorted(page.parent.glob(pattern)) if pattern else []
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


@dataclass(frozen=True)
class Chapter:
    """A page with code cells: the notebook that myst-nb reads in it, and what it was made from."""

    page: Path
    text: str
    notebook: NotebookNode
    digest: str

    def is_in(self, cache: Any) -> bool:  # noqa: ANN401  (jupyter-cache has no types)
        """Whether the cache has outputs of these cells, from the files that they read."""
        try:
            record = cache.match_cache_notebook(self.notebook)
        except KeyError:
            return False
        return bool(record.data.get("digest") == self.digest)


def _chapters(env: BuildEnvironment, docnames: Iterable[str]) -> Iterator[tuple[str, Chapter]]:
    """Yield those of the pages that have code cells."""
    myst: Any = env  # myst-nb adds attributes to it
    for docname in docnames:
        page = env.doc2path(docname)
        text = page.read_text(encoding="utf-8")
        reader = create_nb_reader(str(page), myst.myst_config, myst.mystnb_config, text)
        if reader is None:
            continue
        notebook = reader.read(text)
        if any(cell.cell_type == "code" for cell in notebook.cells):
            yield docname, Chapter(page, text, notebook, _digest_of_read(page, notebook))


def _find_fonts() -> None:
    """Let Matplotlib list the fonts of this machine, if it never did.

    It would tell the cells on stderr that this takes long, and what they say there is an error.
    """
    command = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(command, check=False, capture_output=True)  # noqa: S603  (our own interpreter)


class Cells:
    """The cells whose outputs the cache does not have; they run while equations are checked."""

    def start(self, app: Sphinx) -> None:
        """Begin to run them."""
        self.runs: dict[str, Future[tuple[Failure | None, float]]] = {}
        if app.config.nb_execution_mode != "cache":
            return
        self.cache = _open_cache(Path(app.config.nb_execution_cache_path))
        app.env.find_files(app.config, app.builder)
        found = _chapters(app.env, sorted(app.env.found_docs))
        self.missing = {name: chapter for name, chapter in found if not chapter.is_in(self.cache)}
        if self.missing:
            _find_fonts()
        pool = ThreadPoolExecutor(max_workers=app.parallel)
        # The last ones first: they train networks, and should not be what is left at the end.
        for docname in reversed(self.missing):
            self.runs[docname] = pool.submit(self.run, app, self.missing[docname])
        pool.shutdown(wait=False)

    @staticmethod
    def run(app: Sphinx, chapter: Chapter) -> tuple[Failure | None, float]:
        """Run the cells of a chapter; return what went wrong, and how long it took."""
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as profile:
            failure = run_cells(
                chapter.notebook,
                chapter.text,
                folder=Path(app.srcdir),
                timeout=app.config.nb_execution_timeout,
                profile=Path(profile),
            )
        return failure, time.perf_counter() - start

    def finish(self, _app: Sphinx, _env: BuildEnvironment, _docnames: Sequence[str]) -> None:
        """Wait for them, and put their outputs into the cache before any page is read."""
        failed = []
        for docname, running in self.runs.items():
            failure, seconds = running.result()
            if failure is None:
                logger.info("ran the cells of %s in %.1f s", docname, seconds)
                chapter = self.missing[docname]
                data = {"execution_seconds": seconds, "digest": chapter.digest}
                bundle = CacheBundleIn(chapter.notebook, str(chapter.page), data=data)
                self.cache.cache_notebook_bundle(bundle, overwrite=True)
            else:
                failed.append(docname)
                logger.error(failure.message, location=(docname, failure.line), type="cells")
        if failed:
            raise CellError(", ".join(f"{docname}.md" for docname in sorted(failed)))


def _name_folds(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Let the title of a fold be its name: MyST-NB gives each of them another one."""
    if "body" in context:
        context["body"] = context["body"].replace(' aria-label="Toggle hidden content"', "")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the configuration and the steps before and after a build."""
    app.add_config_value("chapter_cells_depend", [], "env", types=frozenset({list}))
    app.add_config_value("chapter_cells_distributions", [], "env", types=frozenset({list}))
    app.connect("config-inited", _set_cache_path)
    cells = Cells()
    app.connect("builder-inited", cells.start, priority=520)  # when myst-nb knows its settings
    app.connect("env-before-read-docs", cells.finish)
    app.connect("html-page-context", _name_folds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
