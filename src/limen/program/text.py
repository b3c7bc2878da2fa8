"""The text form of a Program: for people, diffs, golden files and bug reports.

::

    program digits
    const w1: int8[8,3,3,1] quant(scale=[0.01, ...], zero_point=[0, ...], axis=0) = base64:...
    state ring: int8[1,2,40] = base64:...
    input x -> x: float32[1,8,8,1] permutation=[0, 2, 3, 1] source=float32
    y: int8[1,8,8,8] quant(scale=[0.02], zero_point=[-128], axis=null) = Conv2D(x, w1, b1) {"stride": [1, 1]} # conv_1
    output probabilities <- y source=float32
    metadata {"k": "v"}

``weights="inline"`` carries the constants (zlib, base64) and reads back; ``weights="digest"`` shows sha256 instead,
which is shorter, and needs the arrays to be handed to ``from_text``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from limen.errors import ProgramError
from limen.program.binary import read_node, read_quant
from limen.program.graph import Program
from limen.program.types import DTYPES, Array, Node, Port, Quant, State, Tensor

_NAME = r"(\"(?:[^\"\\]|\\.)*\"|[\w./:;@+\-]+)"
_TYPE = r"(\w+)\[([\d,]*)\]"
_QUANT = r"(?: quant\((\{.*?\})\))?"
_LINES = {
    "const": re.compile(rf"const {_NAME}: {_TYPE}{_QUANT} = (\S+)$"),
    "state": re.compile(rf"state {_NAME}: {_TYPE}{_QUANT} = (\S+)$"),
    "input": re.compile(rf"input {_NAME} -> {_NAME}: {_TYPE}{_QUANT}(?: permutation=(\[.*?\]))? source=(\w+)$"),
    "output": re.compile(rf"output {_NAME} <- {_NAME}(?: permutation=(\[.*?\]))? source=(\w+)$"),
    "node": re.compile(r"(.*?) ?= (\w+)\((.*?)\) (\{.*\})(?: # (.*))?$"),
}
_RESULT = re.compile(rf"{_NAME}: {_TYPE}{_QUANT}(?:; |$)")


def to_text(program: Program, weights: Literal["inline", "digest"] = "inline") -> str:
    """Print; ``weights`` says whether constants are carried or only named by digest."""
    return "\n".join(_lines(program, weights)) + "\n"


def _lines(program: Program, weights: str) -> Iterator[str]:
    yield f"program {_quote(program.name)}"
    for tensor in program.constants():
        assert tensor.data is not None
        yield f"const {_declare(tensor)} = {_encode(tensor.data, weights)}"
    for state in program.states:
        shaped = Tensor(state.name, state.shape, state.dtype, state.quant)
        yield f"state {_declare(shaped)} = {_encode(state.initial, weights)}"
    for port in program.inputs:
        declared = _declare(program.tensors[port.tensor])
        yield f"input {_quote(port.name)} -> {declared}{_permutation(port)} source={port.dtype}"
    for node in program.nodes:
        results = "; ".join(_declare(program.tensors[name]) for name in node.outputs)
        inputs = ", ".join(_quote(name) if name else "-" for name in node.inputs)
        comment = f" # {node.name}" if node.name else ""
        yield f"{results}{' ' if results else ''}= {node.op.name}({inputs}) {json.dumps(node.op.attributes())}{comment}"
    for port in program.outputs:
        yield f"output {_quote(port.name)} <- {_quote(port.tensor)}{_permutation(port)} source={port.dtype}"
    yield f"metadata {json.dumps(dict(program.metadata), sort_keys=True)}"


def from_text(text: str, constants: Mapping[str, Array] | None = None) -> Program:
    """Parse and check.

    Args:
        text: what ``to_text`` printed.
        constants: tensor or state name -> values, for a text printed with ``weights="digest"``.

    Raises:
        ProgramError: names the line that cannot be read.
    """
    program = Program("", {}, (), (), ())
    tensors: dict[str, Tensor] = {}
    parts: dict[str, list[Any]] = {"node": [], "input": [], "output": [], "state": []}
    fields: dict[str, Any] = {"name": "", "metadata": {}}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            _read_line(line, tensors, parts, fields, constants or {})
        except (ValueError, KeyError, TypeError, AttributeError, ProgramError, zlib.error) as error:
            raise ProgramError(f"line {number}: {error}: {line[:80]!r}") from error
    program = Program(
        fields["name"],
        tensors,
        tuple(parts["node"]),
        tuple(parts["input"]),
        tuple(parts["output"]),
        tuple(parts["state"]),
        fields["metadata"],
    )
    return program.check()


def _read_line(
    line: str, tensors: dict[str, Tensor], parts: dict[str, list[Any]], fields: dict[str, Any], given: Mapping[str, Any]
) -> None:
    word, _, rest = line.partition(" ")
    if word == "program":
        fields["name"] = _unquote(rest)
    elif word == "metadata":
        fields["metadata"] = json.loads(rest)
    elif word in ("const", "state") and (match := _LINES[word].match(line)):
        name, dtype, dims, quant, data = match.groups()
        shaped = _tensor(name, dtype, dims, quant)
        array = _decode(data, shaped, given)
        if word == "const":
            tensors[shaped.name] = Tensor(shaped.name, shaped.shape, shaped.dtype, shaped.quant, array)
        else:
            parts["state"].append(State(shaped.name, array, shaped.quant))
    elif word == "input" and (match := _LINES["input"].match(line)):
        name, tensor, dtype, dims, quant, permutation, source = match.groups()
        shaped = _tensor(tensor, dtype, dims, quant)
        tensors[shaped.name] = shaped
        parts["input"].append(_port(name, shaped.name, permutation, source))
    elif word == "output" and (match := _LINES["output"].match(line)):
        name, tensor, permutation, source = match.groups()
        parts["output"].append(_port(name, _unquote(tensor), permutation, source))
    elif match := _LINES["node"].match(line):
        parts["node"].append(_node(match, tensors))
    elif line.strip():
        raise ValueError("the line is none of program, const, state, input, output, metadata or a node")


def _node(match: re.Match[str], tensors: dict[str, Tensor]) -> Node:
    results, op, inputs, attributes, name = match.groups()
    outputs = []
    for result in _RESULT.finditer(results):
        shaped = _tensor(*result.groups())
        tensors[shaped.name] = shaped
        outputs.append(shaped.name)
    operands = ["" if n == "-" else _unquote(n) for n in re.findall(_NAME, inputs)]
    entry = {"op": op, "attributes": json.loads(attributes), "inputs": operands, "outputs": outputs}
    return read_node({**entry, "name": name or ""})


def _declare(tensor: Tensor) -> str:
    text = f"{_quote(tensor.name)}: {tensor.dtype}[{','.join(str(d) for d in tensor.shape)}]"
    if tensor.quant is None:
        return text
    return f"{text} quant({json.dumps(_quant_entry(tensor.quant))})"


def _quant_entry(quant: Quant) -> dict[str, Any]:
    return {"scale": quant.scale, "zero_point": quant.zero_point, "axis": quant.axis}


def _tensor(name: str, dtype: str, dims: str, quant: str | None) -> Tensor:
    if dtype not in DTYPES:
        raise ValueError(f"dtype {dtype!r} is not known")
    shape = tuple(int(d) for d in dims.split(",")) if dims else ()
    return Tensor(_unquote(name), shape, dtype, read_quant(json.loads(quant)) if quant else None)  # type: ignore[arg-type]


def _permutation(port: Port) -> str:
    return "" if port.permutation is None else f" permutation={list(port.permutation)}"


def _port(name: str, tensor: str, permutation: str | None, dtype: str) -> Port:
    axes = None if permutation is None else tuple(json.loads(permutation))
    return Port(_unquote(name), tensor, axes, dtype)  # type: ignore[arg-type]


def _quote(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][\w./:;@+\-]*", name) else json.dumps(name)


def _unquote(name: str) -> str:
    return str(json.loads(name)) if name.startswith('"') else name


def _encode(array: Array, weights: str) -> str:
    raw = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    if weights == "digest":
        return "sha256:" + hashlib.sha256(raw).hexdigest()
    return "base64:" + base64.b64encode(zlib.compress(raw, 9)).decode()


def _decode(text: str, tensor: Tensor, given: Mapping[str, Any]) -> Array:
    if text.startswith("base64:"):
        raw = zlib.decompress(base64.b64decode(text[7:]))
        return np.frombuffer(raw, np.dtype(tensor.dtype).newbyteorder("<")).reshape(tensor.shape).astype(tensor.dtype)
    if tensor.name not in given:
        raise ValueError(f"{tensor.name} is named by digest and its values were not given")
    array = np.asarray(given[tensor.name])
    if _encode(array, "digest") != text:
        raise ValueError(f"{tensor.name}: the values given have another digest")
    return array
