"""How a board applies an in-place patch, and goes on with it after a power cut: the reference for a C port.

The format is detools' (github.com/eerimoq/detools, patch type in-place). A slot of flash holds the old image from its
start. First the old image moves towards the slot's end, ``shift`` bytes, block by block from the last to the first;
then the new image is written segment by segment from the slot's start, each from bytes of the old image that lie
beyond it. Neither a move nor a segment reads what it overwrites, so each may be done again. What is done is kept in a
log: one entry a step, written after it. After a power cut the steps in the log are passed over (the patch is read from
its start, since it is compressed), the next one is done again from its erasing. Needed: one segment of RAM or less, and
one write of the log for each of ``steps(patch)`` steps.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from limen.errors import BadInput

ERASED = 0xFF
BLOCK = 64
"""Bytes that are read, added and written at once."""


class Flash(Protocol):
    """A slot of flash and a log beside it. Writes only clear bits; erasing sets all bits of a segment."""

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the slot."""

    def erase(self, offset: int, length: int) -> None:
        """Erase whole segments of the slot."""

    def write(self, offset: int, data: bytes) -> None:
        """Write erased bytes of the slot."""

    def done(self) -> int:
        """How many entries the log has."""

    def log(self) -> None:
        """Add an entry to the log."""


@dataclass
class Memory:
    """Flash in memory, which behaves as flash does."""

    slot: bytearray
    segment: int
    entries: int = 0

    @classmethod
    def holding(cls, image: bytes, size: int, segment: int) -> Memory:
        """A slot that begins with an image and is erased behind it."""
        return cls(bytearray(image.ljust(size, bytes([ERASED]))), segment)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self.slot[offset : offset + length])

    def erase(self, offset: int, length: int) -> None:
        if offset % self.segment or length % self.segment:
            raise ValueError("flash: only whole segments can be erased")
        self.slot[offset : offset + length] = bytes([ERASED]) * length

    def write(self, offset: int, data: bytes) -> None:
        for i, byte in enumerate(data, offset):
            self.slot[i] &= byte

    def done(self) -> int:
        return self.entries

    def log(self) -> None:
        self.entries += 1


@dataclass(frozen=True)
class Plan:
    """The header of a patch: bytes."""

    memory: int
    segment: int
    shift: int
    old: int
    new: int

    @property
    def moves(self) -> int:
        """Blocks of the old image that move."""
        return -(-min(self.old, self.memory - self.shift) // self.segment)

    @property
    def segments(self) -> int:
        return -(-self.new // self.segment)

    @property
    def steps(self) -> int:
        """Entries of the log."""
        return self.moves + self.segments


def apply(flash: Flash, patch: bytes) -> int:
    """Apply a patch, or go on with it; the bytes of the new image.

    Raises:
        BadInput: it is no in-place patch, or is damaged. Check the image's hash and signature afterwards.
    """
    plan, reader = _open(patch)
    done = flash.done()
    for step in range(done, plan.moves):
        _move(flash, plan, plan.moves - 1 - step)
        flash.log()
    done = max(done, plan.moves)
    for i in range(plan.segments):
        parts = _segment(flash, plan, reader, i)
        if plan.moves + i < done:
            for _ in parts:
                pass
            continue
        start = i * plan.segment
        flash.erase(start, plan.segment)
        for offset, data in parts:
            flash.write(start + offset, data)
        flash.log()
    return plan.new


def plan_of(patch: bytes) -> Plan:
    """The header of a patch.

    Raises:
        BadInput: it is no in-place patch.
    """
    return _open(patch)[0]


def _open(patch: bytes) -> tuple[Plan, Any]:
    from detools.apply import PatchReader, read_header_in_place
    from detools.errors import Error

    file = io.BytesIO(patch)
    try:
        compression, *sizes = read_header_in_place(file)
        plan, reader = Plan(*sizes), PatchReader(file, compression)
    except (Error, IndexError, ValueError) as error:
        raise BadInput(f"patch: cannot be read: {error}") from error
    whole = plan.segment > 0 and plan.memory % plan.segment == plan.shift % plan.segment == 0
    if not whole or not plan.segment <= plan.shift <= plan.memory or not 0 <= plan.new <= plan.memory or plan.old < 0:
        raise BadInput("patch: its header is damaged")
    return plan, reader


def _move(flash: Flash, plan: Plan, block: int) -> None:
    source, end = block * plan.segment, min(plan.old, plan.memory - plan.shift)
    flash.erase(source + plan.shift, plan.segment)
    for at in range(source, min(source + plan.segment, end), BLOCK):
        length = min(BLOCK, end - at, source + plan.segment - at)
        flash.write(at + plan.shift, flash.read(at, length))


def _segment(flash: Flash, plan: Plan, reader: Any, index: int) -> Iterator[tuple[int, bytes]]:
    """(offset within the segment, bytes) of a segment of the new image, in order."""
    from detools.common import unpack_size
    from detools.errors import Error

    size = min(plan.segment, plan.new - index * plan.segment)
    source, at = max(plan.segment * (index + 1), plan.shift), 0
    try:
        if unpack_size(reader):
            raise BadInput("patch: has a data format that is not known")
        while at < size:
            for is_difference in (True, False):
                left = unpack_size(reader)
                if not 0 <= left <= size - at:
                    raise BadInput("patch: is damaged: a part is longer than its segment")
                while left:
                    data = reader.read(min(left, BLOCK))
                    if is_difference:
                        old = flash.read(source, len(data))
                        data = bytes((a + b) & 0xFF for a, b in zip(data, old, strict=True))
                        source += len(data)
                    yield at, data
                    at, left = at + len(data), left - len(data)
            source += unpack_size(reader)
    except (Error, ValueError) as error:
        raise BadInput(f"patch: is damaged: {error}") from error
