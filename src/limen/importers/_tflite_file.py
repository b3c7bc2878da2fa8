"""A .tflite file as plain records: what it says, bounds-checked, before any of it is given a meaning.

Raises ModelError for a file that is damaged. Repaired here: the operator code that old and new files keep in different
fields, buffers that lie behind the flatbuffer, names that are empty, repeated or not printable.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limen.errors import ModelError
from limen.importers._flatbuffer import Data, Table
from limen.importers._tflite_schema import BUILTINS, OPTIONS, TENSOR_TYPES
from limen.program import Array

IDENTIFIER = b"TFL3"
METADATA = "limen"
_UNION_BUILTIN_OPTIONS = 3
_MAX_DIMENSIONS = 64


@dataclass(frozen=True)
class RawQuant:
    """Quantisation as the file has it; ``details`` marks a scheme other than per tensor or per channel."""

    scale: Array
    zero_point: Array
    axis: int
    details: bool


@dataclass(frozen=True)
class RawTensor:
    """A tensor; ``data`` is the span of its constant bytes in the file, or None."""

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    dtype: str
    data: tuple[int, int] | None
    quant: RawQuant | None
    is_variable: bool
    is_sparse: bool


@dataclass(frozen=True)
class RawOperator:
    """An operator; an absent input is -1."""

    builtin: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None
    options_code: int

    def option(self, table: str, name: str) -> Any:
        """An option's value; its default where the file leaves it out or has another table there."""
        known = OPTIONS[table]
        entry = known.fields[name]
        given = self.options if self.options_code == known.code else None
        if entry.code == "s":
            return given.text(entry.slot) if given else ""
        if entry.code == "v":
            return tuple(int(v) for v in given.numbers(entry.slot, "int32")) if given else ()
        if entry.code == "f":
            return given.real(entry.slot) if given else 0.0
        value = given.number(entry.slot, entry.code, entry.default) if given else entry.default
        return bool(value) if entry.code == "?" else value


@dataclass(frozen=True)
class RawSubgraph:
    name: str
    tensors: tuple[RawTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[RawOperator, ...]


@dataclass(frozen=True)
class RawSignature:
    """Names of a subgraph's ports: tensor index -> name."""

    key: str
    subgraph: int
    inputs: dict[int, str]
    outputs: dict[int, str]


@dataclass(frozen=True)
class RawFile:
    data: Data
    subgraphs: tuple[RawSubgraph, ...]
    signatures: tuple[RawSignature, ...]
    description: str
    interface: dict[str, Any] = field(default_factory=dict)


def parse(content: bytes, name: str) -> RawFile:
    """The records of a file.

    Args:
        content: the whole file.
        name: for messages.

    Raises:
        ModelError: it is not a .tflite file, or an offset or index points outside.
    """
    if content[4:8] != IDENTIFIER:
        raise ModelError(f"{name}: not a .tflite file: the bytes 4 to 7 are {content[4:8]!r}, not {IDENTIFIER!r}")
    data = Data(content, name)
    model = data.root()
    spans = [_span(data, buffer) for buffer in model.tables(4)]
    codes = [_builtin(code) for code in model.tables(1)]
    subgraphs = tuple(_subgraph(graph, spans, codes) for graph in model.tables(2))
    if not subgraphs:
        raise ModelError(f"{name}: the file has no subgraph")
    return RawFile(
        data,
        subgraphs,
        tuple(_signature(s) for s in model.tables(7)),
        printable(model.text(3)),
        _interface(model, data, spans),
    )


def printable(text: str) -> str:
    """The text with everything that is not printable replaced by an underscore."""
    return "".join(c if c.isprintable() else "_" for c in text)


def unique(names: Iterable[str], fallback: str) -> list[str]:
    """The names, those that are empty or taken made new ones."""
    taken: set[str] = set()
    result = []
    for index, name in enumerate(names):
        stem = free = name or f"{fallback}_{index}"
        number = 1
        while free in taken:
            number += 1
            free = f"{stem}_{number}"
        taken.add(free)
        result.append(free)
    return result


def _span(data: Data, buffer: Table) -> tuple[int, int] | None:
    """Where a buffer's bytes are: inside the flatbuffer, or behind it by offset and size; None where it is empty."""
    offset, size = buffer.number(1, "Q"), buffer.number(2, "Q")
    if offset > 1 and size:
        if offset + size > len(data.content):
            raise data.error(f"a buffer of {size} bytes reaches outside the file", offset)
        return offset, size
    start, size = buffer.span(0)
    return (start, size) if size else None


def _builtin(code: Table) -> str:
    """The operator's name: the larger of the two fields, as files from before 2020 only have the first."""
    number = max(code.number(0, "b"), code.number(3, "i"))
    if not 0 <= number < len(BUILTINS):
        return f"operator {number}"
    name = BUILTINS[number]
    return f"CUSTOM {printable(code.text(1))}" if name == "CUSTOM" else name


def _subgraph(graph: Table, spans: list[tuple[int, int] | None], codes: list[str]) -> RawSubgraph:
    tables = graph.tables(0)
    names = unique((printable(t.text(3)) for t in tables), "tensor")
    tensors = tuple(_tensor(t, name, spans) for t, name in zip(tables, names, strict=True))
    count = len(tensors)
    return RawSubgraph(
        printable(graph.text(4)),
        tensors,
        _indices(graph, 1, 0, count),
        _indices(graph, 2, 0, count),
        tuple(_operator(o, codes, count) for o in graph.tables(3)),
    )


def _indices(table: Table, slot: int, low: int, count: int) -> tuple[int, ...]:
    """A list of tensor indices.

    Raises:
        ModelError: one of them is not the index of a tensor.
    """
    values = tuple(int(v) for v in table.numbers(slot, "int32"))
    for value in values:
        if not low <= value < count:
            raise table.data.error(f"tensor {value} does not exist, there are {count}; it is named", table.position)
    return values


def _tensor(table: Table, name: str, spans: list[tuple[int, int] | None]) -> RawTensor:
    shape = tuple(int(d) for d in table.numbers(0, "int32"))
    number, buffer = table.number(1, "b"), table.number(2, "I")
    if not 0 <= number < len(TENSOR_TYPES):
        raise ModelError(f"{name}: element type {number} is not known")
    if buffer >= max(len(spans), 1):
        raise ModelError(f"{name}: buffer {buffer} does not exist, there are {len(spans)}")
    if len(shape) > _MAX_DIMENSIONS:
        raise ModelError(f"{name}: {len(shape)} dimensions")
    return RawTensor(
        name,
        shape,
        tuple(int(d) for d in table.numbers(7, "int32")),
        TENSOR_TYPES[number],
        spans[buffer] if spans else None,
        _quant(table.table(4)),
        bool(table.number(5, "?")),
        table.where(6) is not None,
    )


def _quant(table: Table | None) -> RawQuant | None:
    if table is None:
        return None
    scale = table.numbers(2, "float32")
    zero_point = table.numbers(3, "int64")
    return RawQuant(scale, zero_point, table.number(6, "i"), table.number(4, "B") > 1)


def _operator(table: Table, codes: list[str], count: int) -> RawOperator:
    index = table.number(0, "I")
    if index >= len(codes):
        raise table.data.error(f"operator code {index} does not exist, there are {len(codes)}; it is named", index)
    options = table.number(_UNION_BUILTIN_OPTIONS, "B")
    return RawOperator(
        codes[index],
        _indices(table, 1, -1, count),
        _indices(table, 2, 0, count),
        table.table(_UNION_BUILTIN_OPTIONS + 1) if options else None,
        options,
    )


def _signature(table: Table) -> RawSignature:
    def names(slot: int) -> dict[int, str]:
        return {entry.number(1, "I"): printable(entry.text(0)) for entry in table.tables(slot)}

    return RawSignature(printable(table.text(2)), table.number(4, "I"), names(0), names(1))


def _interface(model: Table, data: Data, spans: list[tuple[int, int] | None]) -> dict[str, Any]:
    """What our own writer says beyond the schema; empty for other writers' files."""
    for entry in model.tables(6):
        index = entry.number(1, "I")
        span = spans[index] if index < len(spans) else None
        if entry.text(0) == METADATA and span is not None:
            try:
                content = json.loads(data.content[span[0] : sum(span)])
            except (ValueError, RecursionError):
                return {}
            return content if isinstance(content, dict) else {}
    return {}


def constant(file: RawFile, tensor: RawTensor) -> Array:
    """The values of a constant: a read-only view of the file's bytes where that is possible.

    Four-bit codes are unpacked to int8, low nibble first.

    Raises:
        ModelError: the number of bytes does not fit the shape.
    """
    assert tensor.data is not None
    start, length = tensor.data
    size = int(np.prod(tensor.shape, dtype=object)) if tensor.shape else 1
    if min(tensor.shape, default=0) < 0:
        raise ModelError(f"{tensor.name}: a constant of shape {tensor.shape}")
    if tensor.dtype == "INT4":
        return _unpack(file, tensor, start, length, size)
    kind = np.dtype(tensor.dtype).newbyteorder("<")
    if size * kind.itemsize != length:
        raise ModelError(
            f"{tensor.name}: {tensor.dtype}{list(tensor.shape)} takes {size * kind.itemsize} bytes, "
            f"its buffer has {length}"
        )
    values = np.frombuffer(file.data.content, kind, size, start).reshape(tensor.shape)
    if tensor.dtype == "bool":
        values = values.view(np.uint8) != 0
    aligned = np.require(values, np.dtype(tensor.dtype), ["C", "A"])
    if not np.may_share_memory(aligned, np.frombuffer(file.data.content, np.uint8)):
        file.data.charge(length)
    aligned.setflags(write=False)
    return aligned


def _unpack(file: RawFile, tensor: RawTensor, start: int, length: int, size: int) -> Array:
    if (size + 1) // 2 != length:
        raise ModelError(f"{tensor.name}: {size} codes of four bits do not fill {length} bytes")
    file.data.charge(size)
    packed = np.frombuffer(file.data.content, np.uint8, length, start)
    codes = np.stack([packed & 15, packed >> 4], axis=1).ravel()[:size].astype(np.int8)
    values = np.where(codes > 7, codes - 16, codes).astype(np.int8).reshape(tensor.shape)
    values.setflags(write=False)
    return values
