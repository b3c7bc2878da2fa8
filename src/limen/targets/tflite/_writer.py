"""Program -> the bytes of a .tflite file.

The file has one subgraph, and a second one that gives the states their initial values, which the first calls once.
Constants are stored once each, aligned to 16 bytes. Everything follows the Program's order, so the same Program gives
the same bytes. Raises UnsupportedOp for a node that TFLite has no kernel for, Unsupported for a file above 2 GiB.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limen.errors import Unsupported, UnsupportedOp
from limen.program import Array, DType, Port, Program, Quant, State, Tensor
from limen.targets.tflite._emit import EMITTERS, WHERE, Emission, Handle, Named, Operand, Site
from limen.targets.tflite._flatbuffer import finish, member, table
from limen.targets.tflite._int4 import packed_nibbles
from limen.targets.tflite._runtime import minimum_runtime_version, registered_version

SIGNATURE = "serving_default"
METADATA = "limen"
MAX_FILE_BYTES = 2**31 - 2**20
_SCHEMA_VERSION = 3
_LAST_SMALL_CODE = 127  # what the byte-wide deprecated_builtin_code says for the operators above it


def write(program: Program, int4: frozenset[str] = frozenset()) -> bytes:
    """The .tflite file of a checked and legalised Program.

    Args:
        int4: int8 constants whose codes, of -8 to 7, are written in 4 bits.

    Raises:
        UnsupportedOp: an operator, or the case at hand, has no TFLite kernel.
        Unsupported: the file would be larger than a flatbuffer can be.
    """
    size = sum(t.nbytes for t in program.constants()) + sum(s.initial.nbytes for s in program.states)
    if size > MAX_FILE_BYTES:
        raise Unsupported(
            f"{program.name}: {size} bytes of constants do not fit into a .tflite file (at most {MAX_FILE_BYTES})",
            "quantise the weights, or use target onnx",
        )
    file = _File()
    main = _Subgraph("main")
    handles = _declare_states(file, main, program)
    for tensor in _in_order(program):
        packed = tensor.name in int4
        dtype, data = ("int4", packed_nibbles(tensor.data)) if packed else (tensor.dtype, tensor.data)
        main.add(file, tensor.name, tensor.shape, dtype, tensor.quant, data)
    for node in program.nodes:
        _write_node(file, main, program, Site(node, program.operands(node), int4), handles)
    subgraphs = [main.packed(program.inputs, program.outputs)]
    if program.states:
        subgraphs.append(_initialiser(file, program.states).packed((), ()))
    return finish(_model(file, program, subgraphs, main))


def _in_order(program: Program) -> list[Tensor]:
    """Inputs and constants, then computed tensors by node: the importer's order, so that a file keeps its bytes."""
    inputs = {port.tensor for port in program.inputs}
    given = [t for t in program.tensors.values() if t.name in inputs or t.data is not None]
    return [*given, *(program.tensors[name] for node in program.nodes for name in node.outputs)]


@dataclass
class _File:
    """What the subgraphs share: operator codes and buffers. Buffer 0 is empty by convention."""

    codes: dict[tuple[str, int], int] = field(default_factory=dict)
    buffers: list[Array | None] = field(default_factory=lambda: [None])
    stored: dict[bytes, int] = field(default_factory=dict)
    needs: set[tuple[str, int]] = field(default_factory=set)

    def code(self, builtin: str, version: int) -> int:
        self.needs.add((builtin, version))
        return self.codes.setdefault((builtin, registered_version(builtin, version)), len(self.codes))

    def buffer(self, data: Array) -> int:
        """Index of the buffer that holds these bytes, stored once."""
        raw = np.ascontiguousarray(data).astype(data.dtype.newbyteorder("<"), copy=False).tobytes()
        index = self.stored.setdefault(raw, len(self.buffers))
        if index == len(self.buffers):
            self.buffers.append(np.frombuffer(raw, np.uint8))
        return index


@dataclass
class _Subgraph:
    name: str
    tensors: list[Any] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    operators: list[Any] = field(default_factory=list)

    def add(
        self,
        file: _File,
        name: str,
        shape: tuple[int, ...],
        dtype: DType | str,
        quant: Quant | None = None,
        data: Array | None = None,
    ) -> int:
        """Add a tensor under a name that is still free and return its index."""
        free, number = name, 1
        while free in self.index:
            number += 1
            free = f"{name}_{number}"
        self.index[free] = len(self.tensors)
        made = table(
            "Tensor",
            shape=np.asarray(shape, np.int32),
            type=Named("TensorType", dtype.upper()),
            buffer=0 if data is None else file.buffer(data),
            name=free,
            quantization=_quantization(quant),
            has_rank=True,
        )
        self.tensors.append(made)
        return self.index[free]

    def operator(self, code: int, inputs: list[int], outputs: list[int], options: str, fields: Any) -> None:
        union = {}
        if options:
            union = {
                "builtin_options_type": Named("BuiltinOptions", options),
                "builtin_options": table(options, **fields),
            }
        self.operators.append(
            table(
                "Operator",
                opcode_index=code,
                inputs=np.asarray(inputs, np.int32),
                outputs=np.asarray(outputs, np.int32),
                **union,
            )
        )

    def packed(self, inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> Any:
        return table(
            "SubGraph",
            tensors=self.tensors,
            inputs=np.asarray([self.index[p.tensor] for p in inputs], np.int32),
            outputs=np.asarray([self.index[p.tensor] for p in outputs], np.int32),
            operators=self.operators,
            name=self.name,
        )


def _write_node(file: _File, main: _Subgraph, program: Program, site: Site, handles: dict[str, int]) -> None:
    node = site.node
    if node.op.name not in EMITTERS:
        raise UnsupportedOp(node.name or node.op.name, node.op.name, WHERE, "use target onnx or c")
    emission: Emission = EMITTERS[node.op.name].emit(node.op, site)
    inputs = list(emission.inputs)
    while inputs and inputs[-1] == "":
        inputs.pop()
    stem = node.outputs[0] if node.outputs else node.name or node.op.name
    indices = []
    for item in inputs:
        if isinstance(item, Operand):
            shape = tuple(item.data.shape)
            indices.append(main.add(file, f"{stem}/{item.role}", shape, item.data.dtype.name, item.quant, item.data))
        elif isinstance(item, Handle):
            indices.append(handles[item.state])
        else:
            indices.append(main.index[item] if item else -1)
    outputs = [main.index[name] for name in node.outputs]
    code = file.code(emission.builtin, emission.version)
    main.operator(code, indices, outputs, emission.options, emission.fields)


def _declare_states(file: _File, subgraph: _Subgraph, program: Program) -> dict[str, int]:
    """The call that initialises the states, then one handle per state."""
    if not program.states:
        return {}
    subgraph.operator(file.code("CALL_ONCE", 1), [], [], "CallOnceOptions", {"init_subgraph_index": 1})
    return {state.name: _handle(file, subgraph, state, program.tensors) for state in program.states}


def _handle(file: _File, subgraph: _Subgraph, state: State, taken: Any = ()) -> int:
    name = f"{state.name}/handle"
    while name in taken:
        name += "_"
    index = subgraph.add(file, name, (), "resource")
    fields = {"container": "", "shared_name": state.name}
    subgraph.operator(file.code("VAR_HANDLE", 1), [], [index], "VarHandleOptions", fields)
    return index


def _initialiser(file: _File, states: tuple[State, ...]) -> _Subgraph:
    subgraph = _Subgraph("initialise")
    for state in states:
        handle = _handle(file, subgraph, state)
        value = subgraph.add(file, state.name, state.shape, state.dtype, state.quant, state.initial)
        subgraph.operator(file.code("ASSIGN_VARIABLE", 1), [handle, value], [], "AssignVariableOptions", {})
    return subgraph


def _quantization(quant: Quant | None) -> Any:
    if quant is None:
        return None
    return table(
        "QuantizationParameters",
        scale=np.asarray(quant.scale, np.float32),
        zero_point=np.asarray(quant.zero_point, np.int64),
        quantized_dimension=quant.axis or 0,
    )


def _model(file: _File, program: Program, subgraphs: list[Any], main: _Subgraph) -> Any:
    metadata = {METADATA: _interface(program).encode()}
    release = minimum_runtime_version(file.needs)
    if release:
        metadata["min_runtime_version"] = release.encode().ljust(16, b"\0")
    entries = [
        table("Metadata", name=name, buffer=file.buffer(np.frombuffer(data, np.uint8)))
        for name, data in metadata.items()
    ]
    return table(
        "Model",
        version=_SCHEMA_VERSION,
        operator_codes=[_operator_code(builtin, version) for builtin, version in file.codes],
        subgraphs=subgraphs,
        description=f"limen {program.name}".strip(),
        buffers=[table("Buffer") if data is None else table("Buffer", data=data) for data in file.buffers],
        metadata=entries,
        signature_defs=[_signature(program, main)],
    )


def _operator_code(builtin: str, version: int) -> Any:
    code = member("BuiltinOperator", builtin)
    return table(
        "OperatorCode",
        deprecated_builtin_code=min(code, _LAST_SMALL_CODE),
        builtin_code=code,
        version=version,
    )


def _signature(program: Program, main: _Subgraph) -> Any:
    def maps(ports: tuple[Port, ...]) -> list[Any]:
        return [table("TensorMap", name=p.name, tensor_index=main.index[p.tensor]) for p in ports]

    return table(
        "SignatureDef",
        inputs=maps(program.inputs),
        outputs=maps(program.outputs),
        signature_key=SIGNATURE,
        subgraph_index=0,
    )


def _interface(program: Program) -> str:
    """What TFLite has no field for: name, layout and element types of the source model, and the free metadata."""

    def ports(given: tuple[Port, ...]) -> list[dict[str, Any]]:
        return [{"name": p.name, "permutation": p.permutation, "dtype": p.dtype} for p in given]

    content = {
        "version": 1,
        "name": program.name,
        "inputs": ports(program.inputs),
        "outputs": ports(program.outputs),
        "metadata": dict(program.metadata),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
