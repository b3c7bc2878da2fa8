"""What the gate is asked and what it answers: no engine is loaded to speak of it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


class Task(msgspec.Struct, frozen=True):
    """What to try.

    Args:
        path: of the payload.
        engine: name; empty: the bundle's first that is installed and has golden vectors.
        room: bytes that the process may grow by; 0: as it likes.
        out: descriptor to write the result to.
    """

    path: str
    engine: str
    threads: int
    room: int
    out: int


class Seen(msgspec.Struct, frozen=True):
    """What was found.

    Args:
        why: what is wrong; empty: nothing.
        final: another try would find the same.
        engine: that ran it.
        samples: golden samples that were replayed.
        p90_ms: of one run on the first golden sample.
        grown: bytes that the resident set grew by, at most, through loading and running.
    """

    why: str = ""
    final: bool = False
    engine: str = ""
    samples: int = 0
    p90_ms: float = 0.0
    grown: int = 0


@dataclass(frozen=True)
class GateLimits:
    """How long and how large a trial load may be, whatever the release promises.

    Args:
        seconds: until it is killed.
        memory: bytes that its address space may grow by; 0: half of what is available now.
        engine: name; empty: the bundle's first.
    """

    seconds: float = 60.0
    memory: int = 0
    engine: str = ""
    threads: int = 1
