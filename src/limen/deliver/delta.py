"""Rebuild a payload from what is served: a zstd frame, or a delta container (format in :mod:`limen.deliver`).

Both are generators of the payload's bytes, in bounded memory: pieces of at most 4 MiB, windows and prefixes of at most
8 MiB, at most four streams at once. They check everything that they can while they go, and the payload's sha256 at the
end: use nothing of it before the generator is exhausted. Whatever the bytes, the only error is VerificationError.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from backports import zstd
from numpy.typing import NDArray

from limen.deliver.formats import DELTA_LIMITS, WINDOW_LOG
from limen.deliver.reading import Reading
from limen.errors import VerificationError

MAGIC, FORMAT, HEADER = b"LIMENDLT", 1, 96
COPY, TAKE, ADD, ZERO = 0, 1, 2, 3
U8, U16, U32, F16, F32 = 0, 1, 2, 3, 4
WIDTH = (1, 2, 4, 2, 4)
RAW, ZSTD = 0, 1
PIECE = 1 << 18
_COUNTS, _STREAM, _RANGE = struct.Struct("<III"), struct.Struct("<BBHIQ"), struct.Struct("<QQ")
_OPERATION = struct.Struct("<BBHIQQ")
_DECODER: dict[int, int] = {zstd.DecompressionParameter.window_log_max: WINDOW_LOG}
_SIGN: dict[int, Any] = {2: np.uint16(1 << 15), 4: np.uint32(1 << 31)}
_UNSIGNED: dict[int, np.dtype[Any]] = {1: np.dtype("u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


@dataclass(frozen=True)
class Expected:
    """What must come out: bytes, and their sha256 in hex."""

    size: int
    sha256: str


def unpack(packed: Reading, expected: Expected) -> Iterator[bytes]:
    """The payload of a full file: one zstd frame.

    Raises:
        VerificationError: it is none, or gives something else.
    """
    return _checked(_frame(packed, expected.size), expected)


def apply(base: Reading, base_sha256: str, delta: Reading, expected: Expected) -> Iterator[bytes]:
    """The payload that a delta makes of the payload before.

    Args:
        base: the whole payload before, as it was verified.
        base_sha256: its sha256, hex.

    Raises:
        VerificationError: the delta is for another base, was changed, or breaks a limit (``formats.DeltaLimits``).
    """
    return _checked(_run(base, base_sha256, delta, expected), expected)


def _frame(packed: Reading, size: int) -> Iterator[bytes]:
    stream = _Stream(packed, 0, packed.size, size, b"", ZSTD)
    yield from _take(stream, size)
    stream.finish()


def _checked(parts: Iterator[bytes], expected: Expected) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    for part in parts:
        size += len(part)
        if size > expected.size:
            break
        digest.update(part)
        yield part
    if size != expected.size or digest.hexdigest() != expected.sha256:
        raise VerificationError("payload: what came out is not what was announced")


def _bad(what: str) -> VerificationError:
    return VerificationError(f"delta: {what}", "the full file is taken instead")


# ------------------------------------------------------------------ the table


@dataclass(frozen=True)
class _Entry:
    coding: int
    ranges: tuple[tuple[int, int], ...]
    start: int
    stored: int
    length: int


def _run(base: Reading, base_sha256: str, delta: Reading, expected: Expected) -> Iterator[bytes]:
    head = delta.read_at(0, HEADER)
    magic, form, stored, base_size, size = struct.unpack_from("<8sIIQQ", head)
    if (magic, form) != (MAGIC, FORMAT):
        raise _bad("is none of a kind that is known")
    if base_size != base.size or head[32:64].hex() != base_sha256:
        raise _bad("is for another base")
    if size != expected.size or head[64:96].hex() != expected.sha256:
        raise _bad("makes something else than was announced")
    entries, operations = _table(delta, base, stored)
    yield from _operate(base, delta, entries, operations)


def _table(delta: Reading, base: Reading, stored: int) -> tuple[list[_Entry], memoryview]:
    if stored > DELTA_LIMITS.table:
        raise _bad(f"its table of {stored} bytes is too long")
    table = memoryview(_one_frame(delta.read_at(HEADER, stored), DELTA_LIMITS.table))
    if len(table) < _COUNTS.size:
        raise _bad("its table is cut short")
    streams, ranges, operations = _COUNTS.unpack_from(table)
    if streams > DELTA_LIMITS.streams or operations > DELTA_LIMITS.operations:
        raise _bad(f"has {streams} streams and {operations} operations")
    first = _COUNTS.size + streams * _STREAM.size
    second = first + ranges * _RANGE.size
    if len(table) != second + operations * _OPERATION.size:
        raise _bad("its table is not as long as it says")
    found = list(_RANGE.iter_unpack(table[first:second]))
    entries = list(_entries(table[_COUNTS.size : first], found, HEADER + stored))
    if sum(len(e.ranges) for e in entries) != ranges:
        raise _bad("has ranges that belong to no stream")
    if any(start + length > base.size for start, length in found):
        raise _bad("has a range outside of its base")
    if (entries[-1].start + entries[-1].stored if entries else HEADER + stored) != delta.size:
        raise _bad("is not as long as its table says")
    return entries, table[second:]


def _entries(table: memoryview, ranges: list[tuple[int, int]], start: int) -> Iterator[_Entry]:
    used = 0
    for coding, zero, count, stored, length in _STREAM.iter_unpack(table):
        own = tuple(ranges[used : used + count])
        if zero or coding not in (RAW, ZSTD) or len(own) != count or (coding == RAW and (count or stored != length)):
            raise _bad("has a stream that is not valid")
        if sum(length for _, length in own) > DELTA_LIMITS.prefix:
            raise _bad("has a stream with too long a prefix")
        yield _Entry(coding, own, start, stored, length)
        used, start = used + count, start + stored


def _one_frame(data: bytes, most: int) -> bytes:
    decoder = zstd.ZstdDecompressor(options=_DECODER)
    try:
        plain = decoder.decompress(data, max_length=most + 1)
    except zstd.ZstdError as error:
        raise _bad(f"its table cannot be unpacked: {error}") from error
    if len(plain) > most or not decoder.eof or decoder.unused_data:
        raise _bad("its table is too long, or cut short")
    return bytes(plain)


# ------------------------------------------------------------------ operations


def _operate(base: Reading, delta: Reading, entries: list[_Entry], operations: memoryview) -> Iterator[bytes]:
    streams = _Streams(base, delta, entries)
    for code, element, zero, index, offset, length in _OPERATION.iter_unpack(operations):
        if zero or code > ZERO or (code != ADD and element) or element > F32:
            raise _bad("has an operation that is not known")
        if code in (COPY, ADD) and offset + length > base.size:
            raise _bad("copies from outside of its base")
        if code == COPY:
            yield from (base.read_at(offset + at, n) for at, n in _steps(length))
        elif code == ZERO:
            yield from (bytes(n) for _, n in _steps(length))
        else:
            stream = streams.open(index)
            if code == TAKE:
                yield from _take(stream, length)
            elif length > DELTA_LIMITS.operation or length % WIDTH[element]:
                raise _bad("has a difference of a length that is not allowed")
            else:
                yield add(base.read_at(offset, length), b"".join(_take(stream, length)), element)
            streams.close_used(index)
    streams.require_used()


def _steps(length: int) -> Iterator[tuple[int, int]]:
    return ((at, min(PIECE, length - at)) for at in range(0, length, PIECE))


class _Streams:
    """The streams that are open now."""

    def __init__(self, base: Reading, delta: Reading, entries: list[_Entry]) -> None:
        self._base, self._delta, self._entries = base, delta, entries
        self._open: dict[int, _Stream] = {}
        self._done: set[int] = set()

    def open(self, index: int) -> _Stream:
        if index not in self._open:
            if index >= len(self._entries) or index in self._done or len(self._open) >= DELTA_LIMITS.open_streams:
                raise _bad(f"opens stream {index}, which it may not")
            e = self._entries[index]
            prefix = b"".join(self._base.read_at(start, length) for start, length in e.ranges)
            self._open[index] = _Stream(self._delta, e.start, e.start + e.stored, e.length, prefix, e.coding)
        return self._open[index]

    def close_used(self, index: int) -> None:
        if self._open[index].left == 0:
            self._open.pop(index).finish()
            self._done.add(index)

    def require_used(self) -> None:
        if self._open or any(e.length and i not in self._done for i, e in enumerate(self._entries)):
            raise _bad("does not use all that it brings")


class _Stream:
    """Bytes of one stream, in order: ``length`` in all."""

    def __init__(self, source: Reading, start: int, end: int, length: int, prefix: bytes, coding: int) -> None:
        self._source, self._at, self._end, self.left = source, start, end, length
        self._decoder: Any = None
        if coding == ZSTD:
            words = zstd.ZstdDict(prefix, is_raw=True).as_prefix if len(prefix) >= 8 else None
            self._decoder = zstd.ZstdDecompressor(words, _DECODER)

    def read(self, most: int) -> bytes:
        """At least one byte, at most ``most``."""
        if most > self.left:
            raise _bad("takes more of a stream than there is")
        data = self._stored(most) if self._decoder is None else self._unpacked(most)
        self.left -= len(data)
        return data

    def finish(self) -> None:
        """Nothing may be left over."""
        if self._decoder is not None:
            while not self._decoder.eof and (self._at < self._end or not self._decoder.needs_input):
                if self._fed(1):
                    raise _bad("a stream unpacks to more than it says")
            if not self._decoder.eof or self._decoder.unused_data:
                raise _bad("a stream is cut short, or has something behind it")
        if self._at != self._end:
            raise _bad("a stream has something behind it")

    def _unpacked(self, most: int) -> bytes:
        while True:
            if self._decoder.eof or (self._decoder.needs_input and self._at >= self._end):
                raise _bad("a stream is shorter than it says")
            data = self._fed(most)
            if data:
                return data

    def _fed(self, most: int) -> bytes:
        stored = self._stored(PIECE) if self._decoder.needs_input else b""
        try:
            return bytes(self._decoder.decompress(stored, max_length=most))
        except (zstd.ZstdError, EOFError) as error:
            raise _bad(f"a stream cannot be unpacked: {error}") from error

    def _stored(self, most: int) -> bytes:
        length = min(most, self._end - self._at)
        data = self._source.read_at(self._at, length)
        self._at += length
        return data


def _take(stream: _Stream, length: int) -> Iterator[bytes]:
    while length:
        part = stream.read(min(PIECE, length))
        if not part:
            raise _bad("a stream is shorter than it says")
        length -= len(part)
        yield part


def add(old: bytes, planes: bytes, element: int) -> bytes:
    """Old numbers plus a difference in byte planes; both of one length, a multiple of the element's width."""
    width = WIDTH[element]
    before: NDArray[Any] = np.frombuffer(old, _UNSIGNED[width])
    if element == U8:
        return bytes((before + np.frombuffer(planes, np.uint8)).tobytes())
    mixed = np.ascontiguousarray(np.frombuffer(planes, np.uint8).reshape(width, -1).T)
    zigzag = mixed.reshape(-1).view(_UNSIGNED[width])
    one = _UNSIGNED[width].type(1)
    difference = (zigzag >> one) ^ (~(zigzag & one) + one)
    if element in (U16, U32):
        return bytes((before + difference).tobytes())
    sign = _SIGN[width]
    after = np.where(before & sign, ~before, before | sign) + difference
    return bytes(np.where(after & sign, after ^ sign, ~after).astype(_UNSIGNED[width]).tobytes())
