"""No floating-point error and no warning gets out of a public function, whatever NumPy is told."""

import copy
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import refimpl
from tests.contract import CALLS, Call

SHARES = (0.0, 5e-324, 1e-308, 1.0)
ODD = (*SHARES, -1.0, 1e200, -1e308, sys.float_info.max)


def odd_inputs(call: Call) -> Iterator[dict[str, Any]]:
    """Yield arguments with an odd first entry in one array or in all, also in right laws."""
    arrays = [name for name, argument in call.arguments.items() if argument.kind.is_array]
    for names in (arrays, *([name] for name in arrays)):
        for change, entries in ((with_first, ODD), (with_share, SHARES)):
            for entry in entries:
                values = copy.deepcopy(call.values)
                yield values | {name: change(values[name], entry) for name in names}


def with_first(value: Any, entry: float) -> Any:  # noqa: ANN401 - lists of lists of numbers
    """Return an array with another first entry."""
    array = np.array(value, dtype=np.float64)
    array.flat[0] = entry
    return array.tolist()


def with_share(value: Any, share: float) -> Any:  # noqa: ANN401 - lists of lists of numbers
    """Return an array of the same sum, of which the first entry has this share."""
    array = np.array(value, dtype=np.float64)
    first, total = array.flat[0], array.sum()
    return with_first((1 - share) * array * (total / ((total - first) or 1.0)), share * total)


@pytest.mark.parametrize("call", CALLS, ids=[f"{c.name} {i}" for i, c in enumerate(CALLS)])
def test_error_states(call: Call) -> None:
    inputs = [*odd_inputs(call)]
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", refimpl.ConvergenceWarning)
        call.run()
        for values in inputs:
            try:
                call.run(**values)
            except (TypeError, ValueError):  # it says why not
                continue
