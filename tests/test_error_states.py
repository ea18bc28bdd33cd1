"""No floating-point error and no warning gets out of a public function, whatever NumPy is told."""

import copy
import warnings

import numpy as np
import pytest

import refimpl
from tests.contract import CALLS, Call

ODD = (0.0, 5e-324, 1e-308, 1.0)


@pytest.mark.parametrize("call", CALLS, ids=[f"{c.name} {i}" for i, c in enumerate(CALLS)])
def test_error_states(call: Call) -> None:
    for entry in (None, *ODD):
        values = copy.deepcopy(call.values)
        for name, argument in call.arguments.items():
            if entry is not None and argument.kind.is_array and np.ndim(values[name]) == 1:
                values[name] = [entry, *values[name][1:]]  # a law, or an error that says why not
        with np.errstate(all="raise"), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", refimpl.ConvergenceWarning)
            try:
                call.run(**values)
            except (TypeError, ValueError):
                assert entry is not None
