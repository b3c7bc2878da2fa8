"""Trust without I/O: what a device may believe of the files of a repository (TUF 1.0.34, Uptane full verification).

The core asks for files and says what to remember; the caller fetches and stores::

    steps = check(identity, Known(...), Known(...), floors, bases, clock)   # trust_uptane: both repositories
    plan = run(steps, fetch, keep, clock)

A step is a ``Want`` (answered with the file's bytes, or None where it is not there) or a ``Keep`` (to be made durable
before going on; answered with None). With the store: ``trust_update.update(store, identity, fetch, clock)`` does all of
it. ``fetch`` raises its own errors for a network that fails; those are no refusals.

**Refusals** are ``errors.Refused``; ``reason`` is one of ``REASONS``. What was trusted before stays trusted; what was
verified before the refusal (a new root, a new timestamp) is kept.

**A fetcher** stops reading at ``Want.limit`` bytes plus one (endless data: the core refuses what is longer) and gives
up where a server is too slow (slow retrieval: it raises ``Refused("slow", ...)``; :func:`run` refuses on its own when
all steps together take longer than ``Clock``'s time and ``LIMITS.seconds``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from limen.deliver import formats
from limen.deliver.agent.clock import Clock, require_steady
from limen.deliver.agent.records import Memory
from limen.errors import Refused

REASONS = {
    "signature": "too few good signatures of keys that may sign (arbitrary software, wrong keys, threshold)",
    "rollback": "an older version, counter or time than was trusted before",
    "expired": "out of date (freeze), or the clock is ahead",
    "clock": "the device's clock is behind, or jumped",
    "mismatch": "not what the files that name it say: version, hash or length (mix-and-match)",
    "endless": "longer than allowed (endless data)",
    "slow": "takes too long (slow retrieval)",
    "missing": "not there (drop-request, partial bundle)",
    "malformed": "cannot be read, or is of another type",
    "device": "for another device or other hardware",
    "disagree": "the two repositories do not say the same of a release",
}


@dataclass(frozen=True)
class Limits:
    """What the core accepts: bytes of each kind of file, counts, seconds for a whole check."""

    root: int = 512_000
    timestamp: int = 16_384
    snapshot: int = 2_000_000
    targets: int = 5_000_000
    roots: int = 256
    delegations: int = 32
    seconds: float = 1800.0


LIMITS = Limits()


@dataclass(frozen=True)
class Want:
    """A file, relative to the base URL or folder; at most ``limit`` bytes."""

    name: str
    limit: int


@dataclass(frozen=True)
class Keep:
    """To be made durable: the memory of ``repository`` (``image`` or ``director``), and files that it names.

    Args:
        files: role -> bytes of a metadata file; ``memory.files`` has its sha256.
    """

    repository: str
    memory: Memory
    files: Mapping[str, bytes]


T = TypeVar("T")
Steps = Generator[Want | Keep, bytes | None, T]
Fetch = Callable[[Want], bytes | None]
Store = Callable[[Keep], None]


@dataclass(frozen=True)
class Identity:
    """Who this device is."""

    device: str
    hardware: str


@dataclass(frozen=True)
class Layout:
    """Where a TUF repository's files are.

    Args:
        name: ``image`` or ``director``.
        roots, folder: of the roots and of all other metadata; empty: the base itself.
        device: all metadata but the roots must carry this ``limen_device``; empty: not asked.
    """

    name: str
    roots: str
    folder: str
    device: str = ""


IMAGE = Layout("image", "image/metadata", "image/metadata")


def director(device: str) -> Layout:
    """The director's metadata of a device."""
    return Layout("director", "director", f"director/{device}", device)


@dataclass(frozen=True)
class Known:
    """What is known of a repository.

    Args:
        memory: as it was kept; its root must be there.
        files: role -> bytes of trusted metadata files; any may be missing or wrong (they are checked against memory).
    """

    memory: Memory
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One file that a release can come from.

    Args:
        path: TUF target path: the context of its seal.
        file: name relative to the base URL or folder.
        length, sha256: of the file as served.
        release: what the image repository says of it; ``release.base`` names the payload that a delta starts from.
    """

    path: str
    file: str
    length: int
    sha256: str
    release: formats.Release


@dataclass(frozen=True)
class Offer:
    """A release that both repositories vouch for and that this device may install.

    Args:
        deltas: from the payloads that the device said it has, the smallest first.
    """

    assignment: formats.Assignment
    full: Source
    deltas: tuple[Source, ...] = ()

    @property
    def line(self) -> str:
        return self.assignment.line

    @property
    def counter(self) -> int:
        return self.assignment.counter

    @property
    def release(self) -> formats.Release:
        return self.full.release


@dataclass(frozen=True)
class Plan:
    """What a check found.

    Args:
        offers: one for each line that the director assigns and that is sound.
        refused: line -> why its assignment is not followed; the others are not affected.
        time: seconds since 1970 by which expiry was judged.
    """

    offers: tuple[Offer, ...]
    refused: Mapping[str, Refused]
    time: float


def run(steps: Steps[T], fetch: Fetch, keep: Store, clock: Clock | None = None) -> T:
    """Answer the steps until they end.

    Args:
        clock: where the update began; refuses when the clock jumped or too long a time has passed since then.

    Raises:
        Refused: see the module.
        LimenError: what ``fetch`` and ``keep`` raise.
    """
    answer: bytes | None = None
    while True:
        try:
            step = steps.send(answer)
        except StopIteration as stop:
            found: T = stop.value
            return found
        if clock is not None:
            _require_time(clock)
        if isinstance(step, Want):
            answer = fetch(step)
        else:
            keep(step)
            answer = None


def _require_time(clock: Clock) -> None:
    monotonic = time.monotonic()
    require_steady(clock, time.time(), monotonic)
    if monotonic - clock.monotonic > LIMITS.seconds:
        raise Refused("slow", f"update: not checked within {LIMITS.seconds:.0f} s", "it is tried again")
