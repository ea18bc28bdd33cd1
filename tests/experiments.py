"""The programs of the experiments, for the tests of the chapters that run them."""

import importlib.util
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent.parent / "book" / "experiments"


def load(name: str) -> ModuleType:
    """Return a program as a module; it is run anew, so that what it keeps is not shared."""
    spec = importlib.util.spec_from_file_location(f"experiments_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
