"""Bytes that can be read anywhere: what deltas and sealed files are read from, in memory or on a disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from limen.errors import VerificationError

PIECE = 1 << 18


class Reading(Protocol):
    """A file, or what stands for one."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Exactly these bytes.

        Raises:
            VerificationError: there are fewer, or they are not what was written.
        """


@dataclass(frozen=True)
class Held:
    """Bytes in memory."""

    data: bytes | memoryview

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return whole(bytes(self.data[offset : offset + length]), offset, length)


def whole(found: bytes, offset: int, length: int) -> bytes:
    """The bytes found, if they are as many as were asked for."""
    if offset < 0 or len(found) != length:
        raise VerificationError(f"file: ends before byte {offset + length}: cut short")
    return found


def pieces(source: Reading, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """All bytes from ``start`` to ``end`` in order, PIECE at a time."""
    stop = source.size if end is None else end
    for offset in range(start, stop, PIECE):
        yield source.read_at(offset, min(PIECE, stop - offset))
