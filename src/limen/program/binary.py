"""The binary form of a Program: one deterministic file.

Layout: ``LIMENPRG`` magic, uint32 version, uint32 header length (little endian), a JSON header in canonical form
(sorted keys, no spaces), zero padding to 64 bytes, then the constants' and states' little-endian bytes, each aligned
to 64 bytes. The header refers to them by offset and length. Same Program, same bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from limen.errors import ProgramError
from limen.program.graph import Program
from limen.program.op import OPS
from limen.program.types import DTYPES, Array, Node, Port, Quant, State, Tensor

MAGIC = b"LIMENPRG"
VERSION = 1
_ALIGN = 64
# What reading values of the wrong kind raises, here and in an operator's rules.
MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError, RecursionError)


def to_bytes(program: Program) -> bytes:
    """Serialise; the same Program gives the same bytes."""
    blobs = bytearray()

    def place(array: Array) -> list[int]:
        blobs.extend(b"\0" * (-len(blobs) % _ALIGN))
        raw = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        offset = len(blobs)
        blobs.extend(raw)
        return [offset, len(raw)]

    header = json.dumps(program_header(program, place), sort_keys=True, separators=(",", ":")).encode()
    head = MAGIC + struct.pack("<II", VERSION, len(header)) + header
    return head + b"\0" * (-len(head) % _ALIGN) + bytes(blobs)


def from_bytes(data: bytes) -> Program:
    """Read back and check.

    Raises:
        ProgramError: not a Program, cut short, or one of its rules broken.
    """
    if data[:8] != MAGIC or len(data) < 16:
        raise ProgramError("not a limen Program: the first bytes differ")
    version, length = struct.unpack("<II", data[8:16])
    if version != VERSION:
        raise ProgramError(f"Program version {version} is not known", f"this limen reads version {VERSION}")
    start = 16 + length + (-(16 + length) % _ALIGN)
    try:
        header = json.loads(data[16 : 16 + length])
        body = memoryview(data)[start:]
        return _from_header(header, body).check()
    except MALFORMED as error:
        raise ProgramError(f"the Program's header cannot be read: {error!r}") from error


def program_header(program: Program, place: Callable[[Array], Any]) -> dict[str, Any]:
    """The Program as JSON values; ``place`` stores an array and returns what refers to it."""
    return {
        "name": program.name,
        "tensors": [_tensor(t, place) for t in program.tensors.values()],
        "nodes": [
            {"op": n.op.name, "attributes": n.op.attributes(), "inputs": n.inputs, "outputs": n.outputs, "name": n.name}
            for n in program.nodes
        ],
        "inputs": [_port(p) for p in program.inputs],
        "outputs": [_port(p) for p in program.outputs],
        "states": [
            {
                "name": s.name,
                "shape": s.shape,
                "dtype": s.dtype,
                "quant": _quant(s.quant),
                "data": place(s.initial),
            }
            for s in program.states
        ],
        "metadata": dict(program.metadata),
    }


def _tensor(tensor: Tensor, place: Callable[[Array], Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": tensor.name, "shape": tensor.shape, "dtype": tensor.dtype}
    if tensor.quant is not None:
        entry["quant"] = _quant(tensor.quant)
    if tensor.data is not None:
        entry["data"] = place(tensor.data)
    return entry


def _quant(quant: Quant | None) -> dict[str, Any] | None:
    if quant is None:
        return None
    return {"scale": quant.scale, "zero_point": quant.zero_point, "axis": quant.axis}


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "tensor": port.tensor, "permutation": port.permutation, "dtype": port.dtype}


def _from_header(header: dict[str, Any], body: memoryview) -> Program:
    tensors = {}
    for entry in header["tensors"]:
        data = _array(entry, body) if "data" in entry else None
        shape = tuple(int(d) for d in entry["shape"])
        if entry["name"] in tensors:
            raise ProgramError(f"{entry['name']}: declared twice")
        tensors[str(entry["name"])] = Tensor(
            str(entry["name"]), shape, _dtype(entry), read_quant(entry.get("quant")), data
        )
    return Program(
        name=str(header["name"]),
        tensors=tensors,
        nodes=tuple(read_node(n) for n in header["nodes"]),
        inputs=tuple(_read_port(p) for p in header["inputs"]),
        outputs=tuple(_read_port(p) for p in header["outputs"]),
        states=tuple(State(str(s["name"]), _array(s, body), read_quant(s["quant"])) for s in header["states"]),
        metadata={str(k): str(v) for k, v in header["metadata"].items()},
    )


def _dtype(entry: dict[str, Any]) -> Any:
    if entry["dtype"] not in DTYPES:
        raise ValueError(f"dtype {entry['dtype']!r}")
    return entry["dtype"]


def _array(entry: dict[str, Any], body: memoryview) -> Array:
    offset, length = (int(v) for v in entry["data"])
    if offset < 0 or length < 0 or offset + length > len(body):
        raise ProgramError(f"{entry['name']}: its data lies outside the file")
    dtype = np.dtype(_dtype(entry)).newbyteorder("<")
    array = np.frombuffer(body[offset : offset + length], dtype).reshape(entry["shape"])
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def read_quant(entry: dict[str, Any] | None) -> Quant | None:
    """A Quant from its JSON form."""
    if entry is None:
        return None
    return Quant(
        tuple(float(s) for s in entry["scale"]),
        tuple(int(z) for z in entry["zero_point"]),
        None if entry["axis"] is None else int(entry["axis"]),
    )


def read_node(entry: dict[str, Any]) -> Node:
    """A Node from its JSON form."""
    op = OPS.get(str(entry["op"]), ProgramError)
    attributes = {k: _tuples(v) for k, v in entry["attributes"].items()}
    return Node(op(**attributes), tuple(entry["inputs"]), tuple(entry["outputs"]), str(entry.get("name", "")))


def _read_port(entry: dict[str, Any]) -> Port:
    permutation = entry["permutation"]
    return Port(
        str(entry["name"]),
        str(entry["tensor"]),
        None if permutation is None else tuple(int(p) for p in permutation),
        _dtype(entry),
    )


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value
