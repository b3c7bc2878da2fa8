"""What a device remembers: one record, and its form on the disk.

A record on the disk is ``LIMENSTA``, u32 format, u32 length, sha256 of the body, the body (JSON), little endian. A
record that is cut short, garbled or of another format is no record: :func:`decode` gives None, never a part of it.

``Memory`` is kept apart from the metadata files, so that versions cannot fall back when files are lost or torn. Its
floors belong to the keys that signed what set them: when a new root takes those keys away, the floors go too (TUF
5.3.11, recovery from a fast-forward attack); nothing else lowers them.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Annotated

import msgspec
from msgspec import Meta, field

from limen.deliver import formats
from limen.deliver.formats import Counter, Digest, Line, Record, Size, Text

MAGIC, FORMAT = b"LIMENSTA", 1
HEADER = struct.Struct("<8sII32s")
MAX_BODY = 64 << 20
Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
KeyIds = tuple[str, ...]


class Memory(Record, frozen=True, forbid_unknown_fields=True):
    """What is trusted of one TUF repository.

    Args:
        root: bytes of the newest root that was verified; the first one is put in at enrolment.
        timestamp: version of the newest timestamp; 0: none.
        snapshot: version that this timestamp names.
        issued: ``limen_issued`` of this timestamp, seconds since 1970; 0: it has none.
        timestamp_keys: ids of the keys that signed this timestamp.
        roles: role -> version, of every targets role that the newest snapshot names.
        snapshot_keys: ids of the keys that signed this snapshot.
        files: role -> sha256 of the metadata file as trusted, in the store; a file may be lost.
    """

    root: bytes = b""
    timestamp: Count = 0
    snapshot: Count = 0
    issued: Count = 0
    timestamp_keys: KeyIds = ()
    roles: dict[str, Count] = field(default_factory=dict)
    snapshot_keys: KeyIds = ()
    files: dict[str, Digest] = field(default_factory=dict)


class Slot(Record, frozen=True, forbid_unknown_fields=True):
    """A release that is whole on this device.

    Args:
        blob: sha256 of the file in the store; the payload itself, or the payload sealed for this device.
        sealed: the file is sealed.
        limits: what the release promises; the gate measures it.
        deployment: given back in reports.
        not_before: seconds since 1970: not to be activated before.
    """

    counter: Counter
    payload_sha256: Digest
    payload_size: Size
    core_digest: Digest
    blob: Digest
    sealed: bool = False
    version: Text = ""
    limits: formats.Limits = formats.Limits()
    deployment: Text = ""
    not_before: Count = 0


class Wanted(Record, frozen=True, forbid_unknown_fields=True):
    """A release that is assigned and not here yet.

    Args:
        failures: how often fetching it has failed in a row.
    """

    counter: Counter
    payload_sha256: Digest
    core_digest: Digest
    deployment: Text = ""
    not_before: Count = 0
    failures: Count = 0


class Trial(Record, frozen=True, forbid_unknown_fields=True):
    """A release serves on probation. ``seconds``: how long it has served, by a clock that does not jump."""

    slot: Slot
    seconds: float = 0.0
    runs: Count = 0
    errors: Count = 0


class LineState(Record, frozen=True, forbid_unknown_fields=True):
    """One line on this device.

    Args:
        current: what serves for good; None: nothing yet.
        previous: what served before, kept for a roll-back.
        staged: whole and verified, waits for its window and its gate.
        wanted: assigned, not here yet.
        trial: serves on probation; ``current`` stays ready behind it.
        gate: counter of the release whose gate is open: written before the gate runs, so that a crash there counts.
        floor: highest counter that ever passed its trial; nothing below is installed.
        strikes: counter -> failed tries.
        banned: counter -> why it never runs again here.
        runs, errors, p90_ms: live counters of what serves, for reports.
    """

    current: Slot | None = None
    previous: Slot | None = None
    staged: Slot | None = None
    wanted: Wanted | None = None
    trial: Trial | None = None
    gate: Count = 0
    floor: Count = 0
    strikes: dict[str, Count] = field(default_factory=dict)
    banned: dict[str, str] = field(default_factory=dict)
    runs: Count = 0
    errors: Count = 0
    p90_ms: float = 0.0


class State(Record, frozen=True, forbid_unknown_fields=True):
    """Everything a device remembers.

    Args:
        serial: grows by one with every commit.
        image, director: what is trusted of the two repositories.
        notes: small values of the agent's other parts (at most 4096 characters each); none of them decides trust.
    """

    serial: Count = 0
    image: Memory = Memory()
    director: Memory = Memory()
    lines: dict[Line, LineState] = field(default_factory=dict)
    notes: dict[str, Annotated[str, Meta(max_length=4096)]] = field(default_factory=dict)


def slots(line: LineState) -> tuple[Slot, ...]:
    """Every release that the line holds on to."""
    trial = None if line.trial is None else line.trial.slot
    return tuple(slot for slot in (line.current, line.previous, line.staged, trial) if slot is not None)


def referenced(state: State) -> frozenset[str]:
    """sha256 of every blob that the record names: what a sweep keeps."""
    models = {slot.blob for line in state.lines.values() for slot in slots(line)}
    return frozenset(models | set(state.image.files.values()) | set(state.director.files.values()))


def encode(state: State) -> bytes:
    """The record on the disk; the same state gives the same bytes."""
    body = msgspec.json.encode(state, order="sorted")
    return HEADER.pack(MAGIC, FORMAT, len(body), hashlib.sha256(body).digest()) + body


def decode(data: bytes | None) -> State | None:
    """The state, or None where the bytes are not a whole record."""
    if data is None or len(data) < HEADER.size:
        return None
    magic, form, length, digest = HEADER.unpack_from(data)
    body = data[HEADER.size :]
    if magic != MAGIC or form != FORMAT or length != len(body) or length > MAX_BODY:
        return None
    if hashlib.sha256(body).digest() != digest:
        return None
    try:
        return msgspec.json.decode(body, type=State)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
