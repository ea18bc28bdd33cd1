"""Run notebooks, and compare what they print with what they have printed."""

from __future__ import annotations

import asyncio
import copy
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from equations.examples import DigitsChecker

if TYPE_CHECKING:
    from nbformat import NotebookNode

# What the user's shell says of these must not reach the kernel.
_UNSET = ("MPLBACKEND", "PYTHONSTARTUP", "PYTHONWARNINGS")
TIMEOUT = 240  # seconds for one cell, as in the book


def run(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook with the outputs that its cells have here, in an empty folder."""
    found = copy.deepcopy(notebook)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as profile:
        client = NotebookClient(found, timeout=TIMEOUT, allow_errors=True)
        client.km = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),  # that of this very Python
            connection_file=str(Path(profile, "kernel.json")),
            transport="tcp" if sys.platform == "win32" else "ipc",
        )
        environment = {
            **{name: value for name, value in os.environ.items() if name not in _UNSET},
            "IPYTHONDIR": profile,
            "OMP_NUM_THREADS": "1",  # the last digit of a sum depends on how many share it
            "OPENBLAS_NUM_THREADS": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        asyncio.run(client.async_execute(cwd=folder, env=environment))
    return found


def differences(stored: NotebookNode, found: NotebookNode) -> Iterator[str]:
    """Yield where a notebook that was run says something else than the one that is stored.

    Numbers are compared by their printed digits, and figures by whether there is one.
    A stored notebook without outputs, which the build has not filled, says nothing.
    """
    checker = DigitsChecker()
    for before, after in zip(stored.cells, found.cells, strict=True):
        if before.cell_type != "code":
            continue
        failed = [out for out in after.outputs if out.output_type == "error"]
        expected = [out for out in before.outputs if out.output_type == "error"]
        for error in failed if not expected else ():
            yield f"{before.id} raises {error.ename}: {error.evalue}"
        if not before.outputs or (failed and not expected):
            continue
        want, got = _text(before.outputs), _text(after.outputs)
        if not checker.check_output(want, got, 0):
            yield f"{before.id} prints\n{got}instead of\n{want}"
        if _figures(before.outputs) != _figures(after.outputs):
            yield f"{before.id} does not draw what the book shows"


def _text(outputs: Sequence[NotebookNode]) -> str:
    parts = []
    for out in outputs:
        if out.output_type == "stream":
            parts.append(out.text)
        elif out.output_type == "error":
            parts.append(f"{out.ename}: {out.evalue}\n")
        elif "image/svg+xml" not in out.data:
            parts.append(f"{out.data.get('text/plain', '')}\n")
    return "".join(parts)


def _figures(outputs: Sequence[NotebookNode]) -> int:
    return sum("image/svg+xml" in out.get("data", {}) for out in outputs)


__all__ = ["differences", "run"]
