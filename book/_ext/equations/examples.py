"""Run ``>>>`` examples; the digits that the page prints are what is compared.

The standard doctest compares text, so a last digit that differs between two machines fails, and
pytest's ``NUMBER`` flag allows a whole unit of the last digit, so a wrong last digit passes.
Here a printed number is right when it is the computed number, rounded to the digits printed.
A number of few digits must still agree to nine: a reader who runs the line sees them all.
"""

from __future__ import annotations

import doctest
import inspect
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from types import ModuleType

from equations.book import definition_place

_NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?")
_RELATIVE = Decimal("1e-9")
_ZERO = Decimal("1e-15")
_NOT_COMPARED = "\N{NULL}"


class ExampleFailed(AssertionError):  # noqa: N818  (a failed check, as in unittest, no error)
    """An example whose output differs from what the page prints."""


class DigitsChecker(doctest.OutputChecker):
    """Compare floating-point numbers by their printed digits, and all other text as text."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Return whether the output of an example is what the page says."""
        if super().check_output(want, got, optionflags):
            return True
        wanted, found = _NUMBER.findall(want), _NUMBER.findall(got)
        same_text = _without_numbers(want) == _without_numbers(got)
        return same_text and len(wanted) == len(found) and all(map(digits_agree, wanted, found))


def _without_numbers(text: str) -> list[str]:
    # NumPy pads numbers with spaces, so only the words around them can be compared.
    return re.sub(r"([\[\](),])", r" \1 ", _NUMBER.sub(_NOT_COMPARED, text)).split()


def digits_agree(printed: str, computed: str) -> bool:
    """Return whether a computed number, rounded to the digits printed, is the one printed."""
    want, got = Decimal(printed), Decimal(computed)
    exponent = want.as_tuple().exponent
    last_digit = Decimal(1).scaleb(int(exponent))
    bound = min(last_digit / 2, abs(want) * _RELATIVE if want else _ZERO)
    return abs(want - got) <= bound


def namespace() -> dict[str, object]:
    """Return the names that every example may use: ``refimpl``'s, ``np``, ``math``, ``inf``."""
    import numpy as np  # noqa: PLC0415  (reading blocks must not need the package)

    import refimpl  # noqa: PLC0415

    names = {name: getattr(refimpl, name) for name in refimpl.__all__}
    return {**names, "refimpl": refimpl, "np": np, "math": math, "inf": math.inf}


def run_example(name: str, source: str, file: Path, line: int) -> None:
    """Run the examples in a text that starts on a line of a file, in a fresh namespace."""
    parser = doctest.DocTestParser()
    test = parser.get_doctest(source, namespace(), name, str(file), line - 1)
    report = StringIO()
    runner = doctest.DocTestRunner(checker=DigitsChecker(), verbose=False)
    runner.run(test, out=report.write)
    if runner.failures:
        raise ExampleFailed(report.getvalue())


def docstring_examples(module: ModuleType) -> Iterator[tuple[str, str, Path, int]]:
    """Yield name, text, file and line of each docstring of a module that has examples."""
    documented = {module.__name__: module} | {
        f"{module.__name__}.{name}": value
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and callable(value)
    }
    for name, value in documented.items():
        text = value.__doc__ or ""
        if ">>>" in text:
            file, line = _docstring_place(value)
            yield name, inspect.cleandoc(text), file, line


def _docstring_place(value: object) -> tuple[Path, int]:
    if isinstance(value, ModuleType):
        return Path(str(value.__file__)), 1
    file, line = definition_place(value)
    lines = file.read_text(encoding="utf-8").split("\n")
    # The docstring opens on the first line with quotes after the signature.
    return file, next(i for i, text in enumerate(lines[line - 1 :], line) if '"""' in text)
