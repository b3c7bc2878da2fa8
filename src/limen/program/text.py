"""The text form of a Program: for people, diffs, golden files and bug reports.

::

    program digits
    const w1: int8[8,3,3,1] quant({"scale": [0.01, ...], "zero_point": [0, ...], "axis": 0}) = base64:...
    state ring: int8[1,2,40] = base64:...
    input x -> x: float32[1,8,8,1] permutation=[0, 2, 3, 1] source=float32
    y: int8[1,8,8,8] quant({"scale": [0.02], ...}) = Conv2D(x, w1, b1) {"stride": [1, 1]} # conv_1
    = AssignVariable(y) {"state": "ring"}
    output probabilities <- y source=float32
    metadata {"k": "v"}

An absent optional input is ``-``; names with other characters than letters, digits and ``_./+@-`` are JSON strings.
``weights="inline"`` carries the constants (zlib, base64) and reads back; ``weights="digest"`` shows sha256 instead,
which is shorter, and needs the arrays to be handed to ``from_text``. Tensors that nothing reads or writes are left out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from limen.errors import ProgramError
from limen.program._scan import Scanner, quote
from limen.program.binary import MALFORMED, read_node, read_quant
from limen.program.graph import Program
from limen.program.types import DTYPES, Array, DType, Node, Port, Quant, State, Tensor


def to_text(program: Program, weights: Literal["inline", "digest"] = "inline") -> str:
    """Print; ``weights`` says whether constants are carried or only named by digest."""
    return "\n".join(_lines(program, weights)) + "\n"


def _lines(program: Program, weights: str) -> Iterator[str]:
    yield f"program {quote(program.name)}"
    for tensor in program.constants():
        assert tensor.data is not None
        yield f"const {_declare(tensor)} = {_encode(tensor.data, weights)}"
    for state in program.states:
        shaped = Tensor(state.name, state.shape, state.dtype, state.quant)
        yield f"state {_declare(shaped)} = {_encode(state.initial, weights)}"
    for port in program.inputs:
        declared = _declare(program.tensors[port.tensor])
        yield f"input {quote(port.name)} -> {declared}{_permutation(port)} source={port.dtype}"
    for node in program.nodes:
        results = "; ".join(_declare(program.tensors[name]) for name in node.outputs)
        inputs = ", ".join(quote(name) if name else "-" for name in node.inputs)
        comment = f" # {quote(node.name)}" if node.name else ""
        yield f"{results}{' ' if results else ''}= {node.op.name}({inputs}) {json.dumps(node.op.attributes())}{comment}"
    for port in program.outputs:
        yield f"output {quote(port.name)} <- {quote(port.tensor)}{_permutation(port)} source={port.dtype}"
    yield f"metadata {json.dumps(dict(program.metadata), sort_keys=True)}"


def from_text(text: str, constants: Mapping[str, Array] | None = None) -> Program:
    """Parse and check.

    Args:
        text: what ``to_text`` printed.
        constants: tensor or state name -> values, for a text printed with ``weights="digest"``.

    Raises:
        ProgramError: names the line that cannot be read, or the rule that is broken.
    """
    draft = _Draft(constants or {})
    for number, line in enumerate(text.split("\n"), 1):
        try:
            draft.read(line)
        except (*MALFORMED, ProgramError, zlib.error) as error:
            raise ProgramError(f"line {number}: {error}: {line[:80]!r}") from error
    try:
        return draft.program().check()
    except MALFORMED as error:
        raise ProgramError(f"the Program's rules cannot be checked: {error!r}") from error


@dataclass
class _Draft:
    """What the lines so far have said."""

    given: Mapping[str, Array]
    name: str = ""
    tensors: dict[str, Tensor] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)

    def program(self) -> Program:
        return Program(
            self.name,
            self.tensors,
            tuple(self.nodes),
            tuple(self.inputs),
            tuple(self.outputs),
            tuple(self.states),
            self.metadata,
        )

    def read(self, line: str) -> None:
        """Take one line."""
        scan = Scanner(line)
        if not line.strip():
            return
        if scan.accept("program "):
            self.name = scan.name()
        elif scan.accept("metadata "):
            self.metadata = {str(k): str(v) for k, v in dict(scan.json()).items()}
        elif scan.accept("const "):
            tensor, data = self._array(scan)
            self._add(Tensor(tensor.name, tensor.shape, tensor.dtype, tensor.quant, data))
        elif scan.accept("state "):
            tensor, data = self._array(scan)
            self.states.append(State(tensor.name, data, tensor.quant))
        elif scan.accept("input "):
            name = scan.name()
            scan.expect(" -> ")
            self.inputs.append(_read_port(scan, name, self._add(_read_tensor(scan)).name))
        elif scan.accept("output "):
            name = scan.name()
            scan.expect(" <- ")
            self.outputs.append(_read_port(scan, name, scan.name()))
        else:
            self.nodes.append(self._node(scan))
        scan.end()

    def _add(self, tensor: Tensor) -> Tensor:
        if tensor.name in self.tensors:
            raise ValueError(f"{tensor.name} is declared twice")
        self.tensors[tensor.name] = tensor
        return tensor

    def _array(self, scan: Scanner) -> tuple[Tensor, Array]:
        tensor = _read_tensor(scan)
        scan.expect(" = ")
        return tensor, _decode(scan.data(), tensor, self.given)

    def _node(self, scan: Scanner) -> Node:
        outputs: list[str] = []
        while not scan.accept("= "):
            outputs.append(self._add(_read_tensor(scan)).name)
            if not scan.accept("; "):
                scan.expect(" ")
        op = scan.word()
        scan.expect("(")
        inputs: list[str] = []
        while not scan.accept(")"):
            if inputs:
                scan.expect(", ")
            inputs.append("" if scan.accept("-") else scan.name())
        scan.expect(" ")
        entry = {"op": op, "attributes": scan.json(), "inputs": inputs, "outputs": outputs}
        return read_node({**entry, "name": scan.name() if scan.accept(" # ") else ""})


def _declare(tensor: Tensor) -> str:
    text = f"{quote(tensor.name)}: {tensor.dtype}[{','.join(str(d) for d in tensor.shape)}]"
    if tensor.quant is None:
        return text
    return f"{text} quant({json.dumps(_quant_entry(tensor.quant))})"


def _quant_entry(quant: Quant) -> dict[str, Any]:
    return {"scale": quant.scale, "zero_point": quant.zero_point, "axis": quant.axis}


def _read_tensor(scan: Scanner) -> Tensor:
    name = scan.name()
    scan.expect(": ")
    dtype = _read_dtype(scan)
    shape, quant = scan.dimensions(), None
    if scan.accept(" quant("):
        quant = read_quant(scan.json())
        scan.expect(")")
    return Tensor(name, shape, dtype, quant)


def _read_dtype(scan: Scanner) -> DType:
    dtype = scan.word()
    if dtype not in DTYPES:
        raise ValueError(f"dtype {dtype!r} is not known")
    return dtype  # type: ignore[return-value]


def _permutation(port: Port) -> str:
    return "" if port.permutation is None else f" permutation={list(port.permutation)}"


def _read_port(scan: Scanner, name: str, tensor: str) -> Port:
    axes = tuple(int(a) for a in scan.json()) if scan.accept(" permutation=") else None
    scan.expect(" source=")
    return Port(name, tensor, axes, _read_dtype(scan))


def _encode(array: Array, weights: str) -> str:
    raw = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    if weights == "digest":
        return "sha256:" + hashlib.sha256(raw).hexdigest()
    return "base64:" + base64.b64encode(zlib.compress(raw, 9)).decode()


def _decode(text: str, tensor: Tensor, given: Mapping[str, Any]) -> Array:
    if text.startswith("base64:"):
        return _inflate(base64.b64decode(text[7:], validate=True), tensor)
    if tensor.name not in given:
        raise ValueError(f"{tensor.name} is named by digest and its values were not given")
    array = np.array(given[tensor.name])
    if (array.shape, array.dtype.name) != (tensor.shape, tensor.dtype):
        raise ValueError(f"{tensor.name}: the values given are {array.dtype.name}{list(array.shape)}")
    if _encode(array, "digest") != text:
        raise ValueError(f"{tensor.name}: the values given have another digest")
    array.setflags(write=False)
    return array


def _inflate(packed: bytes, tensor: Tensor) -> Array:
    """The array, without inflating more than the declared size."""
    unpack = zlib.decompressobj()
    raw = unpack.decompress(packed, tensor.nbytes + 1)
    if len(raw) != tensor.nbytes or not unpack.eof:
        raise ValueError(f"{tensor.name}: the data do not have the {tensor.nbytes} bytes of its shape")
    array = np.frombuffer(raw, np.dtype(tensor.dtype).newbyteorder("<")).reshape(tensor.shape).astype(tensor.dtype)
    array.setflags(write=False)
    return array
