r"""Distribution functions and quantile functions of laws on points of the line.

Both are constant between steps: :math:`F(t)` is the mass of the points up to :math:`t`, and
:math:`F^{-1}(u)` is the first point at which :math:`F` reaches :math:`u`. An integral of a formula
in them is a sum of integrals between the steps, which are exact where the formula is a polynomial
there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from equations import extended as ext
from equations.extended import ROUNDOFF, Real, Undefined
from equations.quadrature import integral
from equations.values import Array, Distribution, EvaluationError, Table

if TYPE_CHECKING:
    from equations.evaluate import Evaluator


@dataclass(frozen=True, eq=False)
class Staircase:
    """A function that is constant between its steps.

    ``levels[i]`` is its value between the steps ``i - 1`` and ``i``, with its error; ``shifts``
    bounds the errors of the steps. A distribution function already has its new value at a step, a
    quantile function its old one.
    """

    steps: Array
    shifts: Array
    levels: Array
    errors: Array
    inverse: bool = False

    def at(self, x: float) -> Real:
        """Return the value at a number."""
        if self.inverse and not 0 < x <= 1:
            raise Undefined(f"the quantile function at {x}")
        index = int(np.searchsorted(self.steps, x, side="left" if self.inverse else "right"))
        return Real(float(self.levels[index]), float(self.errors[index]))


def staircase(evaluator: Evaluator, function: Distribution, *, inverse: bool) -> Staircase:
    """Return the distribution or quantile function of a law as it is now."""
    law = evaluator.values[function.law]
    places = evaluator.places.get(law.axes[0]) if isinstance(law, Table) else None
    if not isinstance(law, Table) or places is None or places.values.ndim > 1:
        raise EvaluationError(f"{function.law} is no law on points of the line")
    order = np.argsort(places.values, kind="stable")
    order = order[law.values[order] > 0]
    points, masses = places.values[order], law.values[order]
    sums = np.concatenate([[0.0], np.cumsum(masses)])
    errors = np.concatenate([[0.0], np.cumsum(law.errors[order])])
    errors = errors + ROUNDOFF * np.arange(len(sums)) * sums
    if not inverse:
        return Staircase(points, np.zeros(len(points)), sums, errors)
    # The last step is at 1, whatever the rounding errors of the sum.
    return Staircase(sums[1:-1], errors[1:-1], points, np.zeros(len(points)), inverse=True)


def piecewise(
    function: Callable[[float], Real],
    lower: float,
    upper: float,
    stairs: Sequence[Staircase],
    *,
    kinks: bool,
) -> Real:
    """Integrate a formula in functions with steps, piece by piece."""
    steps = np.unique(np.concatenate([stair.steps for stair in stairs]))
    if math.isinf(lower) or math.isinf(upper):
        for end, beyond in ((lower, steps[0] - 1), (upper, steps[-1] + 1)):
            outside = function(float(beyond)) if math.isinf(end) else Real(0.0)
            if abs(outside.value) > 4 * outside.error:
                raise Undefined("the integrand does not vanish far out")
        lower, upper = max(lower, float(steps[0])), min(upper, float(steps[-1]))
    inside = [float(step) for step in steps if lower < step < upper]
    ends = [lower, *inside, upper]
    pieces, largest = [], 0.0
    for left, right in itertools.pairwise(ends):
        if left >= right:
            continue
        middle = function((left + right) / 2)
        largest = max(largest, abs(middle.value))
        if _constant(function, left, right, middle):
            width = Real(right - left, ROUNDOFF * (abs(left) + abs(right)))
            pieces.append(ext.multiply([width, middle]))
        else:
            pieces.append(integral(function, left, right, kinks=kinks))
    found = ext.add(pieces)
    shift = sum(float(stair.shifts.sum()) for stair in stairs)
    return Real(found.value, found.error + 2 * shift * largest)


def _constant(function: Callable[[float], Real], left: float, right: float, middle: Real) -> bool:
    """Return whether a function has one value at three places inside of a piece."""
    places = (left + part * (right - left) for part in (0.171, 0.683, 0.937))
    return all(function(place).value == middle.value for place in places)


def normal_distribution(a: Real) -> Real:
    """Return the standard normal distribution function."""
    value = math.erfc(-a.value / math.sqrt(2)) / 2
    density = math.exp(-min(a.value * a.value / 2, 700.0)) / math.sqrt(2 * math.pi)
    slope = density * (a.error + 2 * ROUNDOFF * abs(a.value))
    return Real(value, slope + 4 * ROUNDOFF * value)
