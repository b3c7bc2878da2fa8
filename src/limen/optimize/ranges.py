"""Ranges of tensors over calibration data, in memory that does not grow with the data.

Min-max keeps two numbers a tensor. Percentile keeps a histogram of |BINS| bins on a power-of-two grid that doubles
when a value falls outside, so that merging bins is exact and the result does not depend on the order of the samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError
from limen.program import Array, Program

Tap: TypeAlias = Callable[[str, Array], None]
Runner: TypeAlias = Callable[[Mapping[str, Array], Tap], None]
BINS = 4096


@dataclass(frozen=True, slots=True)
class Range:
    """Closed interval of real values; ``low <= high``, both finite."""

    low: float
    high: float


@dataclass
class MinMax:
    """Smallest and largest value seen."""

    low: float = math.inf
    high: float = -math.inf

    def observe(self, value: NDArray[Any]) -> None:
        self.low = min(self.low, float(value.min()))
        self.high = max(self.high, float(value.max()))

    def range(self) -> Range:
        return Range(self.low, self.high)


@dataclass
class Percentile:
    """The central ``keep`` share of the values seen (0 < keep <= 1), cut equally at both ends."""

    keep: float
    exponent: int = -126
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    low: float = math.inf
    high: float = -math.inf

    def observe(self, value: NDArray[Any]) -> None:
        flat = value.reshape(-1).astype(np.float64)
        self.low, self.high = min(self.low, float(flat.min())), max(self.high, float(flat.max()))
        needed = math.frexp(max(abs(self.low), abs(self.high)))[1]
        while self.exponent < needed:
            self._double(needed)
        width = math.ldexp(2.0, self.exponent) / BINS
        index = np.clip(np.floor(flat / width).astype(np.int64) + BINS // 2, 0, BINS - 1)
        self.counts += np.bincount(index, minlength=BINS)

    def _double(self, needed: int) -> None:
        if not self.counts.any():
            self.exponent = needed
            return
        merged = self.counts.reshape(-1, 2).sum(1)
        self.counts = np.zeros(BINS, np.int64)
        self.counts[BINS // 4 : BINS // 4 + BINS // 2] = merged
        self.exponent += 1

    def range(self) -> Range:
        width = math.ldexp(2.0, self.exponent) / BINS
        cumulative = np.cumsum(self.counts)
        cut = (1.0 - self.keep) / 2 * float(cumulative[-1])
        first = int(np.searchsorted(cumulative, cut, side="right"))
        last = int(np.searchsorted(cumulative, cumulative[-1] - cut, side="left"))
        low, high = (first - BINS // 2) * width, (last + 1 - BINS // 2) * width
        return Range(max(low, self.low), min(high, self.high))


def measure_ranges(
    program: Program, samples: Iterable[Mapping[str, Array]], runner: Runner, percentile: float = 100.0
) -> tuple[dict[str, Range], int]:
    """Ranges of all float32 tensors that are computed or fed.

    Args:
        program: the float Program.
        samples: one feed per run.
        runner: executes the Program and taps its tensors.
        percentile: 100 for min-max; below, the central share of the values in percent.

    Returns:
        tensor name -> range, and the number of runs.

    Raises:
        DataError: there is no sample, or a tensor takes NaN or infinite values.
    """
    observers: dict[str, MinMax | Percentile] = {}
    floats = {t.name for t in program.tensors.values() if t.dtype == "float32" and t.data is None}

    def tap(name: str, value: Array) -> None:
        if name not in floats or value.size == 0:
            return
        if not np.isfinite(value).all():
            raise DataError(f"{name}: takes NaN or infinite values on the calibration data", "check the data's scaling")
        if name not in observers:
            observers[name] = MinMax() if percentile >= 100.0 else Percentile(percentile / 100.0)
        observers[name].observe(value)

    count = 0
    for feeds in samples:
        runner(feeds, tap)
        count += 1
    if count == 0:
        raise DataError("calibration: there is no sample", "give --data with at least one")
    return {name: observer.range() for name, observer in observers.items()}, count
