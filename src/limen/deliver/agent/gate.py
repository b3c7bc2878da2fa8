"""The activation gate: a release that is to serve is first tried in a process of its own.

It must load, give the golden results, give numbers, and keep the latency and memory that it promises. What crashes,
hangs or eats memory there does no harm: the process is killed and the release fails. Another process than the serving
one also means that nothing of a bad model stays in memory.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from limen.deliver.agent.keys import Keys
from limen.deliver.agent.records import Slot
from limen.deliver.agent.slots import lent
from limen.deliver.agent.store import Store
from limen.deliver.agent.verdict import GateLimits, Seen, Task
from limen.deliver.formats import Limits
from limen.errors import LimenError, VerificationError

MOST = 4096
"""Bytes of a result that are read."""


def try_out(store: Store, slot: Slot, keys: Keys, limits: GateLimits) -> Seen:
    """What the gate finds; nothing wrong where ``why`` is empty. Never raises for what a model does."""
    try:
        with lent(store, slot, keys) as (path, file):
            seen = _run(path, file, slot.limits, limits)
    except VerificationError as error:
        return Seen(why=error.message, final=True)
    except (OSError, MemoryError, LimenError) as error:
        return Seen(why=f"cannot be tried: {error}"[:300])
    return _kept(seen, slot.limits)


def _kept(seen: Seen, promised: Limits) -> Seen:
    if seen.why:
        return seen
    if promised.latency_ms and seen.p90_ms > promised.latency_ms:
        why = f"too slow: {seen.p90_ms:.3g} ms, {promised.latency_ms:.3g} ms are promised"
        return msgspec.structs.replace(seen, why=why)
    if promised.memory_bytes and seen.grown > promised.memory_bytes:
        why = f"too big: {seen.grown} bytes of memory, {promised.memory_bytes} are promised"
        return msgspec.structs.replace(seen, why=why)
    return seen


def _run(path: str, file: int | None, promised: Limits, limits: GateLimits) -> Seen:
    reader, writer = os.pipe()
    try:
        task = Task(path, limits.engine, limits.threads, limits.memory or _available() // 2, writer)
        child = subprocess.Popen(
            [sys.executable, "-m", "limen.deliver.agent.gate_child", msgspec.json.encode(task).decode()],
            pass_fds=[writer] if file is None else [writer, file],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(writer)
        writer = -1
        code = _wait(child, limits.seconds)
        data = os.read(reader, MOST) if code == 0 else b""
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    return _result(code, data, limits.seconds)


def _wait(child: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The exit code; None where it was killed for its time."""
    with suppress(OSError):
        Path(f"/proc/{child.pid}/oom_score_adj").write_text("1000")  # the first to go where memory ends
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _result(code: int | None, data: bytes, seconds: float) -> Seen:
    if code is None:
        return Seen(why=f"hangs: no result within {seconds:.0f} s")
    if code < 0:
        name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else str(-code)
        return Seen(why=f"crashes: {name}")
    try:
        return msgspec.json.decode(data, type=Seen)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Seen(why=f"ends without a result, exit code {code}")


def _available() -> int:
    """Bytes of memory that can be had now; a lot where that is not known."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return 1 << 34
