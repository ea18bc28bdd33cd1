"""Bounds on what a formula may cost, so that no page can keep a check busy without end."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Processor time for the statement of an equation, and for each step.
SECONDS = 30.0
# The values that one index may take, or that one law of words may give a probability.
RANGE = 10_000
# The argument of a binomial coefficient. Factorials overflow long before.
BINOMIAL = 10_000
FACTORIAL = 170
# The mutants of one row, or of one line of a derivation.
MUTANTS = 3_000
# How deep the parts of a formula may be inside of each other.
NESTING = 60
# A formula that cannot be read is read again up to earlier places, so many times, unless longer.
REREAD_TIMES = 100
REREAD_LENGTH = 2_000
# How often the clock is asked: once for so many values of an index.
_EVERY = 256


class TooCostly(Exception):  # noqa: N818  (a property of a formula, not a fault of the program)
    """A formula that costs more than these bounds."""


class _Clock:
    deadline = math.inf
    ticks = 0


@contextmanager
def deadline() -> Iterator[None]:
    """Stop what is done inside when it has taken too much processor time."""
    before = _Clock.deadline
    _Clock.deadline = min(before, time.process_time() + SECONDS)
    try:
        yield
    finally:
        _Clock.deadline = before


def tick() -> None:
    """Look at the clock now and then; called for each value of an index."""
    _Clock.ticks += 1
    if _Clock.ticks % _EVERY == 0 and time.process_time() > _Clock.deadline:
        raise TooCostly(f"this takes longer than {SECONDS:g} seconds; make it simpler")
