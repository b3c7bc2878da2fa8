"""Quantities on the command line: a plain number is points, milliseconds, bytes or a count; a suffix says otherwise.

Used as argparse types. Upper and lower case are the same. ``k`` and ``M`` are powers of ten, ``KiB`` and ``MiB``
of two.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Mapping

POINTS = {"": 1.0, "pt": 1.0, "%": 1.0}
MILLISECONDS = {"": 1.0, "ms": 1.0, "us": 1e-3, "s": 1e3}
COUNTS = {"": 1.0, "k": 1e3, "m": 1e6}
BYTES = COUNTS | {"b": 1.0, "kb": 1e3, "mb": 1e6, "kib": 2.0**10, "mib": 2.0**20}

_QUANTITY = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([a-z%]*)\s*", re.IGNORECASE)


def quantity(text: str, units: Mapping[str, float]) -> float:
    """The number in the base unit (the one whose factor is 1).

    Raises:
        argparse.ArgumentTypeError: no number, a negative one, or a suffix that is not among the units.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number with a unit")
    number, suffix = match.groups()
    if suffix.lower() not in units:
        known = " ".join(unit for unit in units if unit)
        raise argparse.ArgumentTypeError(f"{text!r} has the unit {suffix!r} (known here: {known})")
    value = float(number) * units[suffix.lower()]
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not finite")
    return value


def points(text: str) -> float:
    """Metric points: hundredths of a metric that runs from 0 to 1; ``0.5``, ``0.5pt`` and ``0.5%`` are the same."""
    return quantity(text, POINTS)


def milliseconds(text: str) -> float:
    """Time in milliseconds: ``3``, ``3ms``, ``3000us``, ``0.003s``."""
    return quantity(text, MILLISECONDS)


def count(text: str) -> int:
    """A whole count, such as instructions: ``250000``, ``250k``, ``1.5M``."""
    return round(quantity(text, COUNTS))


def byte_count(text: str) -> int:
    """Bytes: ``65536``, ``64KiB``, ``64kB``, ``1.5MiB``."""
    return round(quantity(text, BYTES))
