"""Ranges of tensors over calibration data, in memory that does not grow with the data.

Min-max keeps two numbers a tensor. The other methods keep a histogram of BINS bins on a power-of-two grid that doubles
when a value falls outside, so that merging bins is exact and the result does not depend on the order of the samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError
from limen.program import Array, Program

Tap: TypeAlias = Callable[[str, Array], None]
Runner: TypeAlias = Callable[[Mapping[str, Array], Tap], None]
Method: TypeAlias = Literal["minmax", "percentile", "mse"]
BINS = 4096
_SCALING = "check the data's scaling"


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
class Histogram:
    """Counts on a grid of BINS bins that spans [-2**exponent, 2**exponent) and doubles when a value falls outside.

    Zeros are counted apart: every quantisation that follows keeps them exact.
    """

    exponent: int = -126
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    zeros: int = 0
    low: float = math.inf
    high: float = -math.inf

    def observe(self, value: NDArray[Any]) -> None:
        flat = value.reshape(-1).astype(np.float64)
        self.low, self.high = min(self.low, float(flat.min())), max(self.high, float(flat.max()))
        needed = math.frexp(max(abs(self.low), abs(self.high)))[1]
        while self.exponent < needed:
            self._double(needed)
        rest = flat[flat != 0]
        self.zeros += len(flat) - len(rest)
        index = np.clip(np.floor(rest / self.width).astype(np.int64) + BINS // 2, 0, BINS - 1)
        self.counts += np.bincount(index, minlength=BINS)

    @property
    def width(self) -> float:
        """Extent of one bin."""
        return math.ldexp(2.0, self.exponent) / BINS

    def _double(self, needed: int) -> None:
        if not self.counts.any():
            self.exponent = needed
            return
        merged = self.counts.reshape(-1, 2).sum(1)
        self.counts = np.zeros(BINS, np.int64)
        self.counts[BINS // 4 : BINS // 4 + BINS // 2] = merged
        self.exponent += 1


def central_range(seen: Histogram, keep: float) -> Range:
    """The central ``keep`` share of the values (0 < keep <= 1), cut equally at both ends."""
    counts = seen.counts.copy()
    counts[BINS // 2] += seen.zeros
    cumulative = np.cumsum(counts)
    cut = (1.0 - keep) / 2 * float(cumulative[-1])
    first = int(np.searchsorted(cumulative, cut, side="right"))
    last = int(np.searchsorted(cumulative, cumulative[-1] - cut, side="left"))
    low, high = (first - BINS // 2) * seen.width, (last + 1 - BINS // 2) * seen.width
    return Range(max(low, seen.low), min(high, seen.high))


def least_error_range(seen: Histogram, steps: int = 255) -> Range:
    """The interval whose ``steps`` + 1 codes give the least mean squared error over the values seen.

    Inside, rounding costs step**2 / 12 a value; outside, clipping costs the squared distance. Both ends are searched
    from the full range down to a tenth of it.
    """
    centres = (np.arange(BINS) - BINS // 2 + 0.5) * seen.width
    moments = [np.concatenate([[0.0], np.cumsum(seen.counts * centres**k)]) for k in range(3)]
    shrink = np.concatenate([np.linspace(1.0, 0.5, 51), np.linspace(0.49, 0.1, 40)])
    lows = np.unique(min(seen.low, 0.0) * shrink)[:, None]
    highs = np.unique(max(seen.high, 0.0) * shrink)[None, :]
    below, above = (np.clip(np.rint(x / seen.width).astype(int) + BINS // 2, 0, BINS) for x in (lows, highs))
    inside = moments[0][above] - moments[0][below]
    cost = inside * ((highs - lows) / steps) ** 2 / 12
    cost += moments[2][below] - 2 * lows * moments[1][below] + lows**2 * moments[0][below]
    tail = [m[-1] - m[above] for m in moments]
    cost += tail[2] - 2 * highs * tail[1] + highs**2 * tail[0]
    row, column = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return Range(float(lows[row, 0]), float(highs[0, column]))


@dataclass(frozen=True)
class Statistics:
    """What calibration found.

    Args:
        ranges: tensor name -> interval.
        means: tensor name -> mean over all axes but the last, for the tensors asked for.
        count: runs.
        reach: tensor name -> largest absolute value of each index of the last axis.
        infinite: tensors that take infinite values, as attention scores behind a mask do: they have no range.
    """

    ranges: Mapping[str, Range]
    means: Mapping[str, NDArray[np.float64]]
    count: int
    reach: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    infinite: frozenset[str] = frozenset()


def measure(
    program: Program,
    samples: Iterable[Mapping[str, Array]],
    runner: Runner,
    method: Method = "minmax",
    percentile: float = 100.0,
    means_of: frozenset[str] = frozenset(),
    edges: frozenset[str] = frozenset(),
) -> Statistics:
    """Statistics of all float32 tensors that are computed or fed.

    Args:
        program: the float Program.
        samples: one feed per run.
        runner: executes the Program and taps its tensors.
        method: how an interval follows from the values.
        percentile: share of the values to cover, for that method.
        means_of: tensors whose channel means are wanted.
        edges: tensors whose extremes are the answer itself: they take all values seen, and room for those to come.

    Raises:
        DataError: there is no sample, a tensor takes NaN, or an input or output infinite values.
    """
    observers: dict[str, MinMax | Histogram] = {}
    sums: dict[str, tuple[NDArray[np.float64], int]] = {}
    reach: dict[str, NDArray[np.float64]] = {}
    infinite: set[str] = set()
    ports = {port.tensor for port in (*program.inputs, *program.outputs)}
    floats = {t.name for t in program.tensors.values() if t.dtype == "float32" and t.data is None}

    def tap(name: str, value: Array) -> None:
        if name not in floats or value.size == 0:
            return
        if not np.isfinite(value).all():
            if np.isnan(value).any() or name in ports:
                raise DataError(f"{name}: takes NaN or infinite values on the calibration data", _SCALING)
            infinite.add(name)
            return
        if name not in observers:
            observers[name] = MinMax() if method == "minmax" else Histogram()
        observers[name].observe(value)
        if value.ndim:
            peaks = np.abs(value.reshape(-1, value.shape[-1])).max(axis=0).astype(np.float64)
            reach[name] = np.maximum(reach[name], peaks) if name in reach else peaks
        if name in means_of and value.ndim:
            rows = value.reshape(-1, value.shape[-1])
            total, count = sums.get(name, (np.zeros(rows.shape[1]), 0))
            sums[name] = (total + rows.sum(0, dtype=np.float64), count + len(rows))

    count = 0
    for feeds in samples:
        runner(feeds, tap)
        count += 1
    if count == 0:
        raise DataError("calibration: there is no sample", "give --data with at least one")
    ranges = {
        name: _roomy(observer, count) if name in edges else _range(observer, method, percentile)
        for name, observer in observers.items()
        if name not in infinite
    }
    means = {name: total / number for name, (total, number) in sums.items()}
    return Statistics(ranges, means, count, reach, frozenset(infinite))


def _range(observer: MinMax | Histogram, method: Method, percentile: float) -> Range:
    if isinstance(observer, MinMax):
        return observer.range()
    return central_range(observer, percentile / 100.0) if method == "percentile" else least_error_range(observer)


def _roomy(seen: MinMax | Histogram, count: int) -> Range:
    """All values and 1 / log2(count) more: few samples do not show how far a network's answers go."""
    room = 1.0 + 1.0 / math.log2(max(count, 4))
    return Range(room * min(seen.low, 0.0), room * max(seen.high, 0.0))
