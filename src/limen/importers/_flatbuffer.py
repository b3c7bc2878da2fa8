"""Read flatbuffers that may be malformed: every offset is checked before it is followed.

The number of tables read and of bytes copied is limited by the size of the file, so that offsets which share or repeat
each other cannot make a small file expand. Everything wrong raises ModelError.

Source: the FlatBuffers binary format (flatbuffers.dev, internals).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from limen.errors import ModelError
from limen.program import Array

_SPARE_TABLES = 1000  # beyond the four bytes that each table takes at least
_COPIES = 16
_SPARE_BYTES = 2**20


class Data:
    """The bytes of a file.

    Args:
        content: the whole file.
        name: of the file, for messages.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.content = content
        self.name = name
        self._tables_left = len(content) // 4 + _SPARE_TABLES
        self._bytes_left = len(content) * _COPIES + _SPARE_BYTES

    def error(self, what: str, position: int) -> ModelError:
        return ModelError(f"{self.name}: {what} at byte {position} of {len(self.content)}", "the file is damaged")

    def charge(self, size: int) -> None:
        """Account for a copy of ``size`` bytes."""
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise ModelError(f"{self.name}: its lists overlap and would take far more memory than the file has bytes")

    def read(self, code: str, position: int) -> int | float | bool:
        """One little-endian scalar."""
        size = struct.calcsize("<" + code)
        if position < 0 or position + size > len(self.content):
            raise self.error("an offset points outside the file", position)
        value: int | float | bool = struct.unpack_from("<" + code, self.content, position)[0]
        return value

    def follow(self, position: int) -> int:
        """Where the unsigned offset at ``position`` points to."""
        return position + int(self.read("I", position))

    def root(self) -> Table:
        return self.table(self.follow(0))

    def table(self, position: int) -> Table:
        """The table at ``position``, its vtable checked."""
        self._tables_left -= 1
        if self._tables_left < 0:
            raise self.error("more tables than the file can hold", position)
        vtable = position - int(self.read("i", position))
        size, extent = int(self.read("H", vtable)), int(self.read("H", vtable + 2))
        if size < 4 or size % 2 or vtable + size > len(self.content):
            raise self.error("a table's field list is broken", position)
        if extent < 4 or position + extent > len(self.content):
            raise self.error("a table reaches outside the file", position)
        return Table(self, position, vtable, size, extent)


@dataclass(frozen=True)
class Table:
    """One table; fields are asked for by slot, in the order of the schema."""

    data: Data
    position: int
    vtable: int
    vtable_size: int
    extent: int

    def where(self, slot: int) -> int | None:
        """Position of a field; None where it is absent."""
        entry = 4 + 2 * slot
        if entry + 2 > self.vtable_size:
            return None
        offset = int(self.data.read("H", self.vtable + entry))
        if offset >= self.extent:
            raise self.data.error("a field lies outside its table", self.position)
        return self.position + offset if offset else None

    def number(self, slot: int, code: str, default: int = 0) -> int:
        """An integer field."""
        position = self.where(slot)
        return default if position is None else int(self.data.read(code, position))

    def real(self, slot: int, default: float = 0.0) -> float:
        """A float32 field."""
        position = self.where(slot)
        return default if position is None else float(self.data.read("f", position))

    def table(self, slot: int) -> Table | None:
        position = self.where(slot)
        return None if position is None else self.data.table(self.data.follow(position))

    def text(self, slot: int) -> str:
        """A string field; bytes that are not UTF-8 are replaced."""
        return self.raw(slot).decode("utf-8", "replace")

    def raw(self, slot: int) -> bytes:
        """A vector of bytes, or a string without its terminator, copied."""
        start, count = self._vector(slot, 1)
        self.data.charge(count)
        return self.data.content[start : start + count]

    def span(self, slot: int) -> tuple[int, int]:
        """First byte and length of a vector of bytes."""
        return self._vector(slot, 1)

    def numbers(self, slot: int, dtype: str) -> Array:
        """A vector of numbers, copied; empty where the field is absent."""
        kind = np.dtype(dtype).newbyteorder("<")
        start, count = self._vector(slot, kind.itemsize)
        self.data.charge(count * kind.itemsize)
        return np.frombuffer(self.data.content, kind, count, start).astype(dtype) if count else np.zeros(0, dtype)

    def tables(self, slot: int) -> list[Table]:
        """A vector of tables."""
        start, count = self._vector(slot, 4)
        self.data.charge(count * 4)
        return [self.data.table(self.data.follow(start + 4 * i)) for i in range(count)]

    def _vector(self, slot: int, item_size: int) -> tuple[int, int]:
        position = self.where(slot)
        if position is None:
            return 0, 0
        start = self.data.follow(position)
        count = int(self.data.read("I", start))
        if start + 4 + count * item_size > len(self.data.content):
            raise self.data.error(f"a list of {count} elements reaches outside the file", start)
        return start + 4, count
