"""Where the numbers lie in a file of weights: .tflite, .onnx, a Program, packed arrays.

Readers of byte ranges only, best effort: a file that is not understood has no ranges, and a wrong range costs bytes,
never correctness (a delta rebuilds bytes, whatever they mean). Formats: TFLite's schema.fbs (FlatBuffers), onnx.proto
(Protocol Buffers encoding), ``program/binary.py`` and ``bundle/arrays.py``.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

U8, U16, U32, F16, F32 = 0, 1, 2, 3, 4
"""Elements of the delta container."""
WIDTH = {U8: 1, U16: 2, U32: 4, F16: 2, F32: 4}

_BY_NAME = {
    "int8": U8,
    "uint8": U8,
    "bool": U8,
    "int16": U16,
    "uint16": U16,
    "int32": U32,
    "uint32": U32,
    "int64": U32,
    "uint64": U32,
    "float16": F16,
    "bfloat16": F16,
    "float32": F32,
}
_SIZES = {**{name: WIDTH[e] for name, e in _BY_NAME.items()}, "int64": 8, "uint64": 8, "float64": 8}
# enum TensorType of schema.fbs
_TFLITE = {0: F32, 1: F16, 2: U32, 3: U8, 4: U32, 6: U8, 7: U16, 9: U8, 12: U32, 15: U32, 16: U16, 17: U8, 18: F16}
# enum TensorProto.DataType of onnx.proto
_ONNX = {
    1: F32,
    2: U8,
    3: U8,
    4: U16,
    5: U16,
    6: U32,
    7: U32,
    9: U8,
    10: F16,
    12: U32,
    13: U32,
    16: F16,
    21: U8,
    22: U8,
}
_MALFORMED = (struct.error, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)
MAX_DEPTH = 8


@dataclass(frozen=True)
class Span:
    """Numbers of one kind at ``data[start:end]``; ``name`` is unique in its file."""

    name: str
    start: int
    end: int
    element: int


def find(data: memoryview) -> list[Span]:
    """All ranges of a file in order, not overlapping; none where the format is not known."""
    try:
        found = list(_reader(data))
    except _MALFORMED:
        return []
    spans: list[Span] = []
    names: set[str] = set()
    for span in sorted(found, key=lambda s: (s.start, s.end)):
        after = spans[-1].end if spans else 0
        whole = (span.end - span.start) % WIDTH[span.element] == 0
        if span.start >= after and span.end <= len(data) and span.start < span.end and whole and span.name not in names:
            spans.append(span)
            names.add(span.name)
    return spans


def _reader(data: memoryview) -> Iterator[Span]:
    if bytes(data[:8]) == b"LIMENPRG":
        return _program(data)
    if bytes(data[4:8]) == b"TFL3":
        return _tflite(data)
    if _is_arrays(data):
        return _arrays(data)
    return _onnx(data)


def _program(data: memoryview) -> Iterator[Span]:
    (length,) = struct.unpack_from("<I", data, 12)
    header = json.loads(bytes(data[16 : 16 + length]))
    body = -(-(16 + length) // 64) * 64
    for kind in ("tensors", "states"):
        for entry in header[kind]:
            if "data" in entry and entry["dtype"] in _BY_NAME:
                start, size = entry["data"]
                yield Span(f"{kind}/{entry['name']}", body + start, body + start + size, _BY_NAME[entry["dtype"]])


def _is_arrays(data: memoryview) -> bool:
    return bytes(data[4:6]) == b"[["


def _arrays(data: memoryview) -> Iterator[Span]:
    (length,) = struct.unpack_from("<I", data, 0)
    offset = 4 + length
    for name, dtype, shape in json.loads(bytes(data[4:offset])):
        end = offset + math.prod(shape) * _SIZES[dtype]
        if dtype in _BY_NAME:
            yield Span(name, offset, end, _BY_NAME[dtype])
        offset = end


# ------------------------------------------------------------------ FlatBuffers


def _tflite(data: memoryview) -> Iterator[Span]:
    root = _u32(data, 0)
    buffers = _vector(data, _field(data, root, 4))
    for g, graph in enumerate(_vector(data, _field(data, root, 2))):
        for t, tensor in enumerate(_vector(data, _field(data, graph, 0))):
            where = _field(data, tensor, 3)
            name = f"{g}/{_text(data, where) if where else t}"
            kind = _field(data, tensor, 1)
            element = _TFLITE.get(data[kind] if kind else 0, U8)
            index = _field(data, tensor, 2)
            yield from _buffer(data, buffers[_u32(data, index)] if index else buffers[0], name, element)
            yield from _quantization(data, _field(data, tensor, 4), name)


def _buffer(data: memoryview, table: int, name: str, element: int) -> Iterator[Span]:
    inside = _field(data, table, 0)
    if inside:
        start = inside + _u32(data, inside)
        yield Span(name, start + 4, start + 4 + _u32(data, start), element)
    offset, size = _field(data, table, 1), _field(data, table, 2)
    if offset and size:  # beyond the FlatBuffer, in models over 2 GB
        start, length = struct.unpack_from("<Q", data, offset)[0], struct.unpack_from("<Q", data, size)[0]
        yield Span(name, start, start + length, element)


def _quantization(data: memoryview, where: int, name: str) -> Iterator[Span]:
    if not where:
        return
    table = where + _u32(data, where)
    for slot, what, width, element in ((2, "scale", 4, F32), (3, "zero_point", 8, U32)):
        inside = _field(data, table, slot)
        if inside:
            start = inside + _u32(data, inside)
            yield Span(f"{name}:{what}", start + 4, start + 4 + width * _u32(data, start), element)


def _u32(data: memoryview, at: int) -> int:
    value: int = struct.unpack_from("<I", data, at)[0]
    return value


def _field(data: memoryview, table: int, index: int) -> int:
    """Where a field of a table is; 0 where it is absent."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    size: int = struct.unpack_from("<H", data, vtable)[0]
    slot = 4 + 2 * index
    offset: int = struct.unpack_from("<H", data, vtable + slot)[0] if slot < size else 0
    return table + offset if offset else 0


def _vector(data: memoryview, where: int) -> list[int]:
    """Where the tables of a vector of tables are."""
    if not where:
        return []
    start = where + _u32(data, where)
    count = _u32(data, start)
    if count > len(data) // 4:
        raise ValueError("a vector is longer than its file")
    slots = range(start + 4, start + 4 + 4 * count, 4)
    return [slot + _u32(data, slot) for slot in slots]


def _text(data: memoryview, where: int) -> str:
    start = where + _u32(data, where)
    return bytes(data[start + 4 : start + 4 + _u32(data, start)]).decode()


# ------------------------------------------------------------------ Protocol Buffers


def _onnx(data: memoryview) -> Iterator[Span]:
    for number, start, end in _fields(data, 0, len(data)):
        if number == 7:  # ModelProto.graph
            yield from _graph(data, start, end, "", 0)


def _graph(data: memoryview, start: int, end: int, prefix: str, depth: int) -> Iterator[Span]:
    if depth > MAX_DEPTH:
        return
    for i, (number, a, b) in enumerate(_fields(data, start, end)):
        if number == 5:  # GraphProto.initializer
            yield from _tensor_proto(data, a, b, prefix)
        elif number == 1:  # GraphProto.node
            yield from _node(data, a, b, f"{prefix}{i}/", depth)


def _node(data: memoryview, start: int, end: int, prefix: str, depth: int) -> Iterator[Span]:
    for i, (number, a, b) in enumerate(_fields(data, start, end)):
        if number != 5:  # NodeProto.attribute
            continue
        for inner, c, d in _fields(data, a, b):
            if inner == 5:  # AttributeProto.t
                yield from _tensor_proto(data, c, d, f"{prefix}{i}")
            elif inner == 6:  # AttributeProto.g
                yield from _graph(data, c, d, f"{prefix}{i}/", depth + 1)


def _tensor_proto(data: memoryview, start: int, end: int, prefix: str) -> Iterator[Span]:
    kind, name, raw, floats = 0, "", None, None
    for number, a, b in _fields(data, start, end):
        if number == 2:  # data_type
            kind = b
        elif number == 8:
            name = bytes(data[a:b]).decode()
        elif number == 9:  # raw_data
            raw = (a, b)
        elif number == 4:  # float_data, packed
            floats = (a, b)
    if raw is not None:
        yield Span(f"{prefix}{name}", *raw, _ONNX.get(kind, U8))
    elif floats is not None:
        yield Span(f"{prefix}{name}", *floats, F32)


def _fields(data: memoryview, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) of each length-delimited field; (number, 0, value) of each varint."""
    at = start
    while at < end:
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, 0, value
        elif wire == 2:
            length, at = _varint(data, at)
            if at + length > end:
                raise ValueError("a field is longer than its message")
            yield number, at, at + length
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a varint is too long")
