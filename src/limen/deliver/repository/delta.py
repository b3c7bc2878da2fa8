"""The encoder of deltas: the container of :mod:`limen.deliver`, as small as it gets.

Each piece of the new payload (:mod:`.pieces`) that is found in the old one is a COPY. A changed tensor is written in
the way that compresses best: as a difference in byte planes (ADD), or as bytes (TAKE) that zstd finds again in the
base (patch-from) or compresses alone. Everything else is TAKE from a stream with a base prefix. Two encodings of the
whole are made, with and without ADD, and the smaller one is returned; whether it beats the full file is the caller's
to see. Made and read the same everywhere: no clock, no randomness, one thread.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from backports import zstd

from limen.deliver.formats import DELTA_LIMITS, WINDOW_LOG
from limen.deliver.repository.pieces import Piece, cut
from limen.deliver.repository.planes import difference
from limen.deliver.repository.tensors import F16, F32, U8, WIDTH
from limen.errors import Unsupported

MAGIC, FORMAT = b"LIMENDLT", 1
COPY, TAKE, ADD = 0, 1, 2
RAW, ZSTD = 0, 1
LEVEL, QUICK_LEVEL = 19, 6
QUICK_ABOVE = 1 << 18
"""Candidates of longer pieces are compared at QUICK_LEVEL."""
REACH = 1 << WINDOW_LOG
"""Prefix and contents of a stream together, so that all of the prefix stays within zstd's window."""
LITERAL = 1 << 21
PIECE = 1 << 20
_STREAM = struct.Struct("<BBHIQ")
_RANGE = struct.Struct("<QQ")
_OPERATION = struct.Struct("<BBHIQQ")


@dataclass
class _Stream:
    """A stream in the making: contents, and the ranges of the base that precede them."""

    data: bytearray = field(default_factory=bytearray)
    ranges: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class _Writer:
    """Streams and operations in the making. ``diffs``: kind of numbers -> index of their stream."""

    old: memoryview
    streams: list[_Stream] = field(default_factory=list)
    operations: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    diffs: dict[str, int] = field(default_factory=dict)
    literals: int | None = None

    def copy(self, base: int, length: int) -> None:
        if self.operations:
            code, element, stream, start, before = self.operations[-1]
            if code == COPY and start + before == base:
                self.operations[-1] = (code, element, stream, start, before + length)
                return
        self.operations.append((COPY, 0, 0, base, length))

    def add(self, base: int, planes: bytes, element: int) -> None:
        kind = "bytes" if element == U8 else "floats" if element in (F16, F32) else "integers"
        if kind not in self.diffs:
            self.diffs[kind] = self._open([])
        self.streams[self.diffs[kind]].data += planes
        self.operations.append((ADD, element, self.diffs[kind], base, len(planes)))

    def take(self, data: memoryview, near: tuple[int, int], base: int | None) -> None:
        """Append bytes that may resemble the old ones at ``base``, or those ``near``."""
        for start in range(0, len(data), PIECE):
            part = data[start : start + PIECE]
            stream = self._room(len(part), *_window(self.old, near, base, start, len(data)))
            self.streams[stream].data += part
            if self.operations and self.operations[-1][0] == TAKE and self.operations[-1][2] == stream:
                *head, length = self.operations[-1]
                self.operations[-1] = (*head, length + len(part))  # type: ignore[assignment]
            else:
                self.operations.append((TAKE, 0, stream, 0, len(part)))

    def _room(self, length: int, start: int, end: int) -> int:
        """The stream of literals, or a new one when the open one is full or its prefix would grow too long."""
        if self.literals is not None:
            stream = self.streams[self.literals]
            ranges = _union([*stream.ranges, (start, end)])
            if len(stream.data) + length <= LITERAL and _total(ranges) <= REACH - LITERAL:
                stream.ranges = ranges
                return self.literals
        self.literals = self._open(_union([(start, end)]))
        return self.literals

    def _open(self, ranges: list[tuple[int, int]]) -> int:
        self.streams.append(_Stream(ranges=ranges))
        return len(self.streams) - 1


def make(old: bytes, new: bytes) -> bytes:
    """The delta that turns ``old`` into ``new``.

    Raises:
        Unsupported: it would break a limit of the readers (``formats.DeltaLimits``).
    """
    base, target = memoryview(old), memoryview(new)
    pieces = cut(base, target)
    made = [_encode(base, target, pieces, differences) for differences in (True, False)]
    return min(made, key=len)


def _encode(old: memoryview, new: memoryview, pieces: Sequence[Piece], differences: bool) -> bytes:
    writer = _Writer(old)
    for piece in pieces:
        _write(writer, new, piece, differences)
    return _container(writer, old, new)


def _write(writer: _Writer, new: memoryview, piece: Piece, differences: bool) -> None:
    data = new[piece.start : piece.end]
    if piece.base is not None and writer.old[piece.base : piece.base + piece.length] == data:
        return writer.copy(piece.base, piece.length)
    element = None
    if differences and piece.base is not None and piece.elements:
        element = _best_element(writer.old[piece.base : piece.base + piece.length], data, piece.elements)
    if element is None or piece.base is None:
        return writer.take(data, piece.near, piece.base)
    for start in range(0, piece.length, DELTA_LIMITS.operation):
        end = min(start + DELTA_LIMITS.operation, piece.length)
        was = writer.old[piece.base + start : piece.base + end]
        writer.add(piece.base + start, difference(was, data[start:end], element), element)
    return None


def _best_element(old: memoryview, new: memoryview, elements: Sequence[int]) -> int | None:
    """The kind of numbers whose difference compresses better than the bytes do; None if none does."""
    level = LEVEL if len(new) <= QUICK_ABOVE else QUICK_LEVEL
    alone = min(len(_compress(new, b"", level)), len(_compress(new, old, level)))
    whole = [element for element in elements if len(new) % WIDTH[element] == 0]
    sizes = {element: len(_compress(difference(old, new, element), b"", level)) for element in whole}
    best = min(sizes, key=sizes.__getitem__, default=None)
    return best if best is not None and sizes[best] < alone else None


def _window(old: memoryview, near: tuple[int, int], base: int | None, start: int, length: int) -> tuple[int, int]:
    """The part of the base to look for like bytes: all of it where it is small, else around the same place."""
    most = REACH - LITERAL
    if len(old) <= most:
        return 0, len(old)
    if near[1] - near[0] <= most // 2:
        return near
    if base is None:
        share = (near[1] - near[0] - length) * start // max(length, 1)
        base = near[0] + max(share, 0)
    middle = base + start
    return max(near[0], middle - 2 * PIECE), min(near[1], middle + 3 * PIECE)


def _union(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges (start, end) in order, those that meet made one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(r for r in ranges if r[1] > r[0]):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _total(ranges: Sequence[tuple[int, int]]) -> int:
    return sum(end - start for start, end in ranges)


def _container(writer: _Writer, old: memoryview, new: memoryview) -> bytes:
    streams, ranges, stored = bytearray(), bytearray(), bytearray()
    for stream in writer.streams:
        prefix = b"".join(old[start:end] for start, end in stream.ranges)
        coding, packed = _smallest(bytes(stream.data), prefix)
        used = stream.ranges if coding == ZSTD else []
        streams += _STREAM.pack(coding, 0, len(used), len(packed), len(stream.data))
        ranges += b"".join(_RANGE.pack(start, end - start) for start, end in used)
        stored += packed
    operations = b"".join(
        _OPERATION.pack(code, element, 0, stream, base, length)
        for code, element, stream, base, length in writer.operations
    )
    counts = struct.pack("<III", len(writer.streams), len(ranges) // _RANGE.size, len(writer.operations))
    table = counts + bytes(streams) + bytes(ranges) + operations
    _check(len(table), len(writer.streams), len(writer.operations))
    packed_table = _compress(table, b"", LEVEL)
    head = MAGIC + struct.pack("<IIQQ", FORMAT, len(packed_table), len(old), len(new))
    digests = hashlib.sha256(old).digest() + hashlib.sha256(new).digest()
    return head + digests + packed_table + bytes(stored)


def _smallest(data: bytes, prefix: bytes) -> tuple[int, bytes]:
    packed = _compress(data, prefix, LEVEL)
    return (ZSTD, packed) if len(packed) < len(data) else (RAW, data)


def _check(table: int, streams: int, operations: int) -> None:
    limits = DELTA_LIMITS
    if table > limits.table or streams > limits.streams or operations > limits.operations:
        raise Unsupported(f"delta: {streams} streams and {operations} operations", "deliver the full file")


def _compress(data: bytes | memoryview, prefix: bytes | memoryview, level: int) -> bytes:
    p = zstd.CompressionParameter
    options: dict[int, int] = {p.compression_level: level, p.window_log: WINDOW_LOG, p.content_size_flag: 1}
    if len(prefix) < 8:  # shorter ones are no dictionary for zstd
        return zstd.compress(data, options=options)
    options[p.enable_long_distance_matching] = 1
    return zstd.compress(data, options=options, zstd_dict=zstd.ZstdDict(bytes(prefix), is_raw=True).as_prefix)
