"""Which multiplications ONNX Runtime executes in integers: read from the graph it makes of a Model, not from ours."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx

from limen.errors import MissingExtra, ModelError
from limen.model import Model, to_bytes
from limen.model.graph import Array

# Operator -> position of its weights (or second factor).
INTEGER = {
    "QLinearConv": 3, "ConvInteger": 1, "QGemm": 3, "QLinearMatMul": 3, "MatMulInteger": 1,
    "MatMulIntegerToFloat": 1, "DynamicQuantizeMatMul": 1, "QAttention": 1,
}  # fmt: skip
REAL = {"Conv": 1, "FusedConv": 1, "NhwcFusedConv": 1, "Gemm": 1, "FusedGemm": 1, "MatMul": 1, "FusedMatMul": 1,
        "ConvTranspose": 1, "TransposeMatMul": 1, "MatMulNBits": 1}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One multiplying node of the engine's graph."""

    op: str
    name: str
    macs: int
    integer: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the engine makes of a Model, in order of execution."""

    parts: tuple[Part, ...]

    @property
    def macs(self) -> int:
        return sum(p.macs for p in self.parts)

    @property
    def integer_mac_share(self) -> float:
        """Of all multiply-accumulates, 0 to 1."""
        return sum(p.macs for p in self.parts if p.integer) / self.macs if self.macs else 0.0

    @property
    def islands(self) -> tuple[Part, ...]:
        """The nodes left in float, largest first."""
        return tuple(sorted((p for p in self.parts if not p.integer), key=lambda p: -p.macs))


def coverage(model: Model | bytes) -> Coverage:
    """Coverage of a Model with static shapes on ONNX Runtime's CPU kernels of this host.

    Raises:
        ModelError: the engine refuses the model.
        MissingExtra: onnxruntime is not installed.
    """
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise MissingExtra("onnxruntime", "build") from error
    data = model if isinstance(model, bytes) else to_bytes(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "optimised.onnx"
        options = ort.SessionOptions()
        options.optimized_model_filepath, options.log_severity_level = str(path), 4
        options.intra_op_num_threads = 1
        try:
            running = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions derive from RuntimeError, ValueError and Exception, by version
            raise ModelError(f"onnxruntime refuses the model: {error}") from error
        graph = onnx.load(str(path)).graph
        shapes = _shapes(graph, path, running)
    return Coverage(tuple(_parts(graph, shapes)))


def _shapes(graph: onnx.GraphProto, path: Path, running: object) -> dict[str, tuple[int, ...]]:
    """Shapes of all values: those the engine recorded, and of the rest by making them outputs and running once."""
    known = {i.name: tuple(i.dims) for i in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if value.type.HasField("tensor_type") and all(d.HasField("dim_value") for d in dims):
            known[value.name] = tuple(d.dim_value for d in dims)
    wanted = {n.output[0] for n in graph.node if n.op_type in {**INTEGER, **REAL}} - set(known)
    wanted |= {n.input[0] for n in graph.node if n.op_type in REAL} - set(known)
    return known | _executed(path, sorted(wanted), known) if wanted else known


def _executed(path: Path, names: list[str], known: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    import numpy as np
    import onnxruntime as ort

    model = onnx.load(str(path))
    made = {o for node in model.graph.node for o in node.output}
    names = [name for name in names if name in made]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(uint8)": np.uint8, "tensor(int8)": np.int8}
    feeds = {i.name: np.zeros(known.get(i.name, (1,)), kinds.get(i.type, np.float32)) for i in session.get_inputs()}
    values: list[Array] = session.run(names, feeds)
    return {name: tuple(value.shape) for name, value in zip(names, values, strict=True)}


def _parts(graph: onnx.GraphProto, shapes: dict[str, tuple[int, ...]]) -> Iterator[Part]:
    for node in graph.node:
        place = INTEGER.get(node.op_type, REAL.get(node.op_type))
        if place is None or node.output[0] not in shapes:
            continue
        made = math.prod(shapes[node.output[0]])
        weights = shapes.get(node.input[place], ())
        conv = "Conv" in node.op_type
        if conv:
            first = shapes.get(node.input[0], ())
            if "Transpose" in node.op_type:
                yield Part(node.op_type, node.name, math.prod(first) * math.prod(weights[1:]), False)
                continue
            depth = math.prod(weights[1:])
        else:
            depth = _depth(node, shapes, weights)
        yield Part(node.op_type, node.name, made * depth, node.op_type in INTEGER)


def _depth(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]], weights: tuple[int, ...]) -> int:
    first = shapes.get(node.input[0], ())
    flags = {a.name: a.i for a in node.attribute}
    if not first:
        return weights[-1 if flags.get("transB") else -2] if len(weights) > 1 else 1
    return first[-2] if flags.get("transA") and len(first) > 1 else first[-1]
