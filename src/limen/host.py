"""Facts about the machine limen runs on: processor, memory, and whether something else is using it.

Standard library only; a fact that this system does not tell is None.
"""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

# Processor features that change which kernels an engine picks, as Linux spells them in /proc/cpuinfo.
NOTABLE_FEATURES = (
    "sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx_vnni", "amx_int8",
    "neon", "asimd", "asimdhp", "asimddp", "i8mm", "sve",
)  # fmt: skip


@dataclass(frozen=True)
class Host:
    """One machine.

    Attributes:
        machine: architecture as the kernel names it (``x86_64``, ``aarch64``).
        processor: the vendor's name, or the architecture where it is not told.
        features: the notable ones it has, in the kernel's spelling.
        cores: processors this process may use.
        ram: bytes of physical memory, or None.
    """

    machine: str
    processor: str
    features: tuple[str, ...]
    cores: int
    ram: int | None
    system: str
    python: str


def read_host(cpuinfo: Path = Path("/proc/cpuinfo")) -> Host:
    """This machine's facts."""
    fields = _cpuinfo(cpuinfo)
    flags = set(fields.get("flags", fields.get("Features", "")).split())
    return Host(
        machine=platform.machine(),
        processor=fields.get("model name", platform.machine()),
        features=tuple(name for name in NOTABLE_FEATURES if name in flags),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        ram=_physical_memory(),
        system=platform.platform(terse=True),
        python=platform.python_version(),
    )


def busy_share(seconds: float = 0.2, stat: Path = Path("/proc/stat")) -> float | None:
    """Share of all processor time used by anything, 0 to 1, sampled over ``seconds`` while this process sleeps.

    None where the system does not tell (no /proc/stat).
    """
    before = _ticks(stat)
    time.sleep(seconds)
    after = _ticks(stat)
    if before is None or after is None or after[1] <= before[1]:
        return None
    return (after[0] - before[0]) / (after[1] - before[1])


def _ticks(stat: Path) -> tuple[int, int] | None:
    """(used, total) clock ticks since boot; idle and waiting for I/O count as not used (proc(5))."""
    try:
        first = stat.read_text().split("\n", 1)[0].split()
    except OSError:
        return None
    values = [int(v) for v in first[1:9]]
    return sum(values) - values[3] - values[4], sum(values)


def _cpuinfo(path: Path) -> dict[str, str]:
    """Fields of the first processor in /proc/cpuinfo."""
    try:
        first = path.read_text().split("\n\n", 1)[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
