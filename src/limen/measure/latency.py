"""Latency of a callable on this host, as percentiles, with a word on whether the host was busy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from limen import host

BUSY_SHARE = 0.25
MIN_RUNS, MAX_RUNS = 20, 5000


@dataclass(frozen=True, slots=True)
class Latency:
    """Wall time of one call in microseconds.

    Args:
        p50_us, p90_us, p99_us: percentiles (nearest rank).
        n: calls measured, after the warm-up.
        host_busy: more than a quarter of the processors' time was used by others just before.
    """

    p50_us: float
    p90_us: float
    p99_us: float
    n: int
    host_busy: bool


def measure_latency(call: Callable[[], object], seconds: float = 1.0, warm_up: int = 3) -> Latency:
    """Call repeatedly for about ``seconds``, at least MIN_RUNS times unless one call takes longer than that."""
    busy = host.busy_share()
    for _ in range(warm_up):
        call()
    times: list[int] = []
    stop = time.perf_counter_ns() + int(seconds * 1e9)
    hard_stop = time.perf_counter_ns() + int(10 * seconds * 1e9)
    while len(times) < MAX_RUNS:
        start = time.perf_counter_ns()
        call()
        end = time.perf_counter_ns()
        times.append(end - start)
        if (end >= stop and len(times) >= MIN_RUNS) or end >= hard_stop:
            break
    return _latency(times, busy)


def measure_interleaved(
    calls: Mapping[str, Callable[[], object]], seconds: float = 0.5, rounds: int = 10
) -> dict[str, Latency]:
    """Latency of several calls taken in turns, so that whatever else the host does falls on all of them alike.

    Args:
        calls: name -> what to time.
        seconds: for each call, over all rounds.
        rounds: turns of each.
    """
    busy = host.busy_share()
    times: dict[str, list[int]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            call()
            stop = time.perf_counter_ns() + int(seconds / rounds * 1e9)
            while True:
                start = time.perf_counter_ns()
                call()
                end = time.perf_counter_ns()
                times[name].append(end - start)
                if end >= stop:
                    break
    return {name: _latency(taken, busy) for name, taken in times.items()}


def _latency(times: list[int], busy: float | None) -> Latency:
    p50, p90, p99 = (float(v) / 1e3 for v in np.percentile(times, (50, 90, 99), method="nearest"))
    return Latency(p50, p90, p99, len(times), busy is not None and busy > BUSY_SHARE)
