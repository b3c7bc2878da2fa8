"""What a model holds: operators with their cost, inputs, outputs, states; for text, JSON and the HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limen.bundle import ArtifactEntry
from limen.program import Port, Program

if TYPE_CHECKING:
    from limen.model import Model


@dataclass(frozen=True, slots=True)
class OpEntry:
    """One operator: its name, type, multiply-accumulates, and what it reads and writes (activations only)."""

    name: str
    op: str
    macs: int
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    result: str = ""


@dataclass(frozen=True, slots=True)
class PortEntry:
    """One input or output. ``shape`` and ``dtype`` are the stored tensor's; ``permutation`` maps the source onto it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None
    zero_point: int | None
    permutation: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class StateEntry:
    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Inspection:
    """The answer of ``limen inspect``.

    Args:
        kind: ``program``, ``onnx`` or ``bundle``.
        ops: in execution order.
        macs: of one run.
        bytes: of the weights.
        details: further facts by name (a bundle's digest, recipe, artifacts).
    """

    kind: str
    ops: tuple[OpEntry, ...]
    macs: int
    bytes: int
    inputs: tuple[PortEntry, ...]
    outputs: tuple[PortEntry, ...]
    states: tuple[StateEntry, ...]
    details: Mapping[str, object]


def inspect_program(program: Program, kind: str = "program") -> Inspection:
    """Facts of a Program."""
    ops = []
    for index, node in enumerate(program.nodes):
        operands = program.operands(node)
        reads = tuple(t.name for t in operands.inputs if t is not None and t.data is None)
        result = ", ".join(f"{t.dtype}{list(t.shape)}" for t in operands.outputs)
        macs = node.op.cost(operands).macs
        ops.append(OpEntry(node.name or f"{node.op.name}_{index}", node.op.name, macs, reads, node.outputs, result))
    return Inspection(
        kind,
        tuple(ops),
        sum(op.macs for op in ops),
        program.weight_bytes(),
        tuple(_port(program, p) for p in program.inputs),
        tuple(_port(program, p) for p in program.outputs),
        tuple(StateEntry(s.name, s.shape, s.dtype) for s in program.states),
        {"name": program.name, **program.metadata},
    )


def _port(program: Program, port: Port) -> PortEntry:
    tensor = program.tensors[port.tensor]
    quant = tensor.quant
    scale, zero = (None, None) if quant is None else (quant.scale[0], quant.zero_point[0])
    return PortEntry(port.name, tensor.shape, tensor.dtype, scale, zero, port.permutation)


def inspect_artifact(entry: ArtifactEntry) -> Inspection:
    """Facts of a bundle's artifact that has no Program: its ports."""
    ports = [
        tuple(
            PortEntry(
                b.name,
                b.shape,
                b.dtype,
                b.scale[0] if b.scale else None,
                b.zero_point[0] if b.zero_point else None,
                b.permutation,
            )
            for b in bindings
        )
        for bindings in (entry.inputs, entry.outputs)
    ]
    return Inspection("bundle", (), 0, entry.flash, ports[0], ports[1], (), {})


def inspect_model(model: Model) -> Inspection:
    """Facts of an ONNX Model; multiply-accumulates of the weighted operators whose shapes are static."""
    from limen.model.graph import constant_of, dtype_of, shape_of

    ops = []
    for node in model.ir.graph:
        reads = tuple(str(v.name) for v in node.inputs if v is not None and constant_of(v) is None)
        shape = shape_of(node.outputs[0]) if node.outputs else None
        result = "" if shape is None else f"{dtype_of(node.outputs[0])}{list(shape)}"
        macs = _model_macs(node)
        writes = tuple(str(v.name) for v in node.outputs)
        ops.append(OpEntry(str(node.name), node.op_type, macs, reads, writes, result))
    states = {p.input for p in model.states}, {p.output for p in model.states}
    return Inspection(
        "onnx",
        tuple(ops),
        sum(op.macs for op in ops),
        sum(int(v.const_value.nbytes) for v in model.ir.graph.initializers.values() if v.const_value is not None),
        tuple(_value(v) for v in model.ir.graph.inputs if v.name not in states[0]),
        tuple(_value(v) for v in model.ir.graph.outputs if v.name not in states[1]),
        tuple(
            StateEntry(str(v.name), shape_of(v) or (), str(dtype_of(v)))
            for v in model.ir.graph.inputs
            if v.name in states[0]
        ),
        {"name": model.name, "opset": model.opset},
    )


def _value(value: object) -> PortEntry:
    from limen.model.graph import dtype_of, shape_of

    shape = shape_of(value) or ()  # type: ignore[arg-type]
    return PortEntry(str(value.name), shape, str(dtype_of(value)), None, None, None)  # type: ignore[arg-type,attr-defined]


def _model_macs(node: object) -> int:
    from limen.model.edit import attribute
    from limen.model.graph import shape_of

    kind, inputs = node.op_type, node.inputs  # type: ignore[attr-defined]
    out = shape_of(node.outputs[0]) if node.outputs else None  # type: ignore[attr-defined]
    if out is None or kind not in ("Conv", "ConvTranspose", "Gemm", "MatMul") or len(inputs) < 2:
        return 0
    weights, data = shape_of(inputs[1]), shape_of(inputs[0])
    if weights is None or data is None:
        return 0
    total = 1
    for extent in data if kind == "ConvTranspose" else out:
        total *= extent
    if kind in ("Conv", "ConvTranspose"):
        for extent in weights[1:]:
            total *= extent
        return total
    transposed = kind == "Gemm" and attribute(node, "transB", 0)  # type: ignore[arg-type]
    return total * (weights[-1] if transposed else weights[-2] if len(weights) > 1 else weights[0])
