"""The gate's inside: loads one bundle, replays its golden vectors, measures; runs in a process of its own.

It gets one JSON object as its argument and writes one to a pipe; what the process does else (dies, hangs, prints) is
for :mod:`.gate` to see. Run by ``python -m limen.deliver.agent.gate_child``.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from limen.bundle import Bundle
from limen.deliver.agent.verdict import Seen, Task
from limen.engines import Session
from limen.engines._engine import ENGINES
from limen.engines.golden import replay
from limen.errors import LimenError

RUNTIMES = {"litert": "ai_edge_litert.interpreter", "ort": "onnxruntime"}
"""What an engine imports at first use: its memory is not the model's."""
RUNS, SECONDS = 50, 2.0
"""The latency is of so many runs, or of as many as fit into so many seconds, but of at least three."""


def choose(bundle: Bundle, engine: str = "") -> str:
    """The engine that the device runs the bundle on: it is installed, and the bundle says what its results must be.

    Raises:
        LimenError: there is none.
    """
    able = [engine] if engine else [e for e in bundle.engines if e in ENGINES and ENGINES.get(e).version() is not None]
    for name in able:
        if any(g.engine == name and not g.exact for g in bundle.manifest.golden):
            bundle.artifact(name)
            return name
    known = ", ".join(sorted({g.engine for g in bundle.manifest.golden})) or "no engine"
    raise LimenError(f"golden vectors are of {known}, none for an engine here ({', '.join(able) or 'none'})")


def main() -> None:
    """Try, and tell."""
    task = msgspec.json.decode(sys.argv[1], type=Task)
    _die_with_the_agent()
    try:
        seen = look(task)
    except LimenError as error:
        seen = Seen(why=error.message, final=True)
    except MemoryError:
        seen = Seen(why="needs more memory than it may have")
    except Exception as error:
        seen = Seen(why=f"{type(error).__name__}: {error}"[:300])
    os.write(task.out, msgspec.json.encode(seen))
    os._exit(0)  # an engine that hangs or dies when it is freed does no harm here


def _die_with_the_agent() -> None:
    """Also where the agent is killed and cannot end what it started (prctl(2), PR_SET_PDEATHSIG)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def look(task: Task) -> Seen:
    """Load, replay, measure.

    Raises:
        LimenError: it cannot be loaded.
    """
    bundle = Bundle.open(task.path)
    engine = choose(bundle, task.engine)
    with contextlib.suppress(ImportError):
        importlib.import_module(RUNTIMES.get(engine, "numpy"))
    before = _resident()
    _reset_peak()
    _limit(task.room)
    with Session(Bundle.open(task.path), engine, task.threads) as session:
        entries = session.golden()
        for entry in entries:
            result = replay(bundle, entry, session)
            if not result.ok:
                why = f"golden vectors: {result.max_lsb} LSB, {result.max_abs:.3g}, {100 * result.agreement:.1f} %"
                return Seen(f"{why} agreement", True, engine, result.checked)
        p90, finite = _latency(session)
    samples = sum(entry.samples for entry in entries)
    if not finite:
        return Seen("gives numbers that are none (NaN)", True, engine, samples)
    return Seen("", False, engine, samples, p90, max(_peak() - before, 0))


def _latency(session: Session) -> tuple[float, bool]:
    """90th percentile of single runs in milliseconds, and whether all golden outputs are numbers."""
    feeds = session.bundle.arrays(session.golden()[0].inputs)
    session.reset()
    outputs = session.run(feeds)
    finite = not any(v.dtype.kind == "f" and np.isnan(v).any() for v in outputs.values())
    session.reset()
    shapes = {b.name: b.source_shape() for b in session.entry.inputs}
    one = {name: _first(feeds[name], shape) for name, shape in shapes.items()}
    times = timed(lambda: session.run(one))
    session.reset()
    return times[int(0.9 * (len(times) - 1))], finite


def _first(array: Any, shape: tuple[int, ...]) -> Any:
    """One run's worth of an array of samples."""
    if array.shape == shape:
        return array
    return array[0] if array.shape[1:] == shape else array[: shape[0]]


def timed(run: Callable[[], object]) -> list[float]:
    """Sorted times of single runs in milliseconds; the first one is not counted."""
    run()
    times: list[float] = []
    end = time.monotonic() + SECONDS
    while len(times) < RUNS and (len(times) < 3 or time.monotonic() < end):
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return sorted(times)


def _limit(room: int) -> None:
    if room:
        now = _status("VmSize") + room
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (now, now))


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    return _status("VmHWM")


def _resident() -> int:
    return _status("VmRSS")


def _status(name: str) -> int:
    """Bytes, of a line of /proc/self/status; 0 where there is none."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) << 10
    return 0


if __name__ == "__main__":
    main()
