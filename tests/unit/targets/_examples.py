"""One small Program per operator, and more where it has cases of its own: what writing and reading must keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from limen.program import OPS, Array, Node, Op, Port, Program, Quant, State, Tensor

F = "float32"
INT8 = Quant.per_tensor(0.05, -3)
IMAGE = (1, 6, 5, 4)


def examples() -> Iterator[tuple[str, Program]]:
    """(name, checked Program) pairs."""
    for name, op, inputs in _floats():
        yield name, program(op, *inputs)
    for name, op, inputs in _plain_types():
        yield name, program(op, *inputs)
    yield from _quantised()
    yield "states", _stateful()


def op(name: str, **attributes: Any) -> Op:
    return OPS[name](**attributes)


def x(*shape: int, dtype: Any = F, name: str = "x", quant: Quant | None = None) -> Tensor:
    return Tensor(name, shape, dtype, quant)


def c(data: Array, name: str = "c", quant: Quant | None = None) -> Tensor:
    return Tensor.constant(name, data, quant)


def ramp(*shape: int, dtype: Any = np.float32) -> Array:
    return (np.arange(int(np.prod(shape))).reshape(shape) % 17 - 5).astype(dtype)


def program(op: Op, *inputs: Tensor, quants: tuple[Quant | None, ...] = ()) -> Program:
    """The Program of one node."""
    kinds = op.infer(inputs)
    given = quants or (None,) * len(kinds)
    outputs = [Tensor(f"y{i}", k.shape, k.dtype, q) for i, (k, q) in enumerate(zip(kinds, given, strict=True))]
    node = Node(op, tuple(t.name for t in inputs), tuple(t.name for t in outputs), "y0")
    ports_in = tuple(Port(t.name, t.name, None, F if t.quant else t.dtype) for t in inputs if t.data is None)
    ports_out = tuple(Port(t.name, t.name, None, F if t.quant else t.dtype) for t in outputs)
    return Program(op.name, {t.name: t for t in (*inputs, *outputs)}, (node,), ports_in, ports_out).check()


_UNARY = (
    "Relu Relu6 ReluN1To1 Relu0To1 HardSwish Elu Logistic Tanh LogSoftmax Exp Log Sqrt Rsqrt Neg Abs Square Sin Cos "
    "Floor Ceil Round Sign"
)


def _floats() -> Iterator[tuple[str, Op, tuple[Tensor, ...]]]:
    image, pair = x(*IMAGE), (x(2, 3), x(2, 3, name="z"))
    for name in _UNARY.split():
        yield name, op(name), (x(2, 3),)
    for name in ("Minimum", "Maximum", "SquaredDifference", "FloorDiv", "FloorMod", "Pow"):
        yield name, op(name), pair
    for name in ("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"):
        yield name, op(name), pair
    for name in ("Add", "Sub", "Mul", "Div"):
        yield name, op(name, activation="relu6"), pair
        yield f"{name} broadcast", op(name), (x(2, 3, 4), c(ramp(4) + 9))
    for name in ("Mean", "Sum", "ReduceMax", "ReduceMin", "ReduceProd"):
        yield name, op(name, axes=(1, 2), keep_dims=True), (image,)
        yield f"{name} dropped", op(name, axes=(0,), keep_dims=False), (image,)
    yield from _float_windows(image)
    yield from _float_moves(image)
    yield "PRelu", op("PRelu"), (image, c(ramp(4)))
    yield "LeakyRelu", op("LeakyRelu", alpha=0.25), (image,)
    yield "Gelu", op("Gelu", approximate=True), (image,)
    yield "Softmax", op("Softmax", beta=0.5), (x(2, 3),)
    yield "L2Norm", op("L2Norm"), (x(2, 3),)
    yield "BatchMatMul", op("BatchMatMul", adj_y=True), (x(2, 3, 4), x(2, 5, 4, name="z"))
    yield "FullyConnected", op("FullyConnected", activation="relu"), (x(2, 3), c(ramp(5, 3)), c(ramp(5), "b"))
    yield "FullyConnected kept", op("FullyConnected", keep_dims=True), (x(2, 4, 3), c(ramp(5, 3)))
    for name in ("ArgMax", "ArgMin"):
        yield name, op(name, axis=1, dtype="int32"), (x(2, 3),)


def _float_windows(image: Tensor) -> Iterator[tuple[str, Op, tuple[Tensor, ...]]]:
    weights, bias = c(ramp(3, 3, 3, 4)), c(ramp(3), "b")
    same = (1, 1, 1, 1)
    yield "Conv2D", op("Conv2D", padding=same, activation="relu"), (image, weights, bias)
    yield "Conv2D valid", op("Conv2D", stride=(2, 1), dilation=(1, 1)), (image, weights)
    yield "Conv2D dilated", op("Conv2D", dilation=(2, 2), padding=(2, 2, 2, 2)), (image, weights, bias)
    yield "Conv2D groups", op("Conv2D"), (image, c(ramp(6, 3, 3, 2)), c(ramp(6), "b"))
    yield "DepthwiseConv2D", op("DepthwiseConv2D", padding=same), (image, c(ramp(1, 3, 3, 8)), c(ramp(8), "b"))
    transposed = c(ramp(3, 3, 3, 4))
    yield "TransposeConv", op("TransposeConv", stride=(2, 2), output_size=(13, 11)), (image, transposed)
    out = op("TransposeConv", stride=(2, 2), padding=(0, 1, 0, 1), output_size=(12, 10), activation="relu")
    yield "TransposeConv same", out, (image, transposed, bias)
    for name in ("AveragePool2D", "MaxPool2D"):
        yield name, op(name, filter=(2, 2), stride=(2, 2)), (image,)
        yield f"{name} same", op(name, filter=(3, 3), padding=same, activation="relu6"), (image,)


def _float_moves(image: Tensor) -> Iterator[tuple[str, Op, tuple[Tensor, ...]]]:
    pads = ((0, 0), (1, 2), (0, 1), (0, 0))
    yield "Reshape", op("Reshape", shape=(2, 60)), (image,)
    yield "Squeeze", op("Squeeze", axes=(0,)), (image,)
    yield "ExpandDims", op("ExpandDims", axis=1), (x(2, 3),)
    yield "Transpose", op("Transpose", permutation=(0, 3, 1, 2)), (image,)
    yield "Concatenation", op("Concatenation", axis=3), (image, x(1, 6, 5, 2, name="z"))
    yield "Split", op("Split", axis=3, parts=2), (image,)
    yield "SplitV", op("SplitV", axis=1, sizes=(1, 3, 2)), (image,)
    yield "Slice", op("Slice", begin=(0, 1, 2, 0), size=(1, 3, 2, 4)), (image,)
    strided = {"begin": (0, 5, 0, 1), "end": (1, 0, 5, 2), "strides": (1, -2, 2, 1), "begin_mask": 1, "end_mask": 5}
    yield "StridedSlice", op("StridedSlice", **strided, shrink_axis_mask=8), (image,)
    yield "Pad", op("Pad", paddings=pads), (image,)
    yield "PadV2", op("PadV2", paddings=pads), (image, c(np.float32(7)))
    yield "MirrorPad", op("MirrorPad", paddings=pads, mode="symmetric"), (image,)
    yield "ResizeNearest", op("ResizeNearest", size=(12, 10), half_pixel_centers=True), (image,)
    yield "ResizeBilinear", op("ResizeBilinear", size=(3, 9), align_corners=True), (image,)
    yield "Gather", op("Gather", axis=1), (image, c(np.array([3, 0], np.int32)))
    yield "GatherNd", op("GatherNd"), (x(2, 3), c(np.array([[1, 2], [0, 0]], np.int32)))
    yield "Pack", op("Pack", axis=1), (x(2, 3), x(2, 3, name="z"))
    yield "Unpack", op("Unpack", axis=1, count=3), (x(2, 3),)
    yield "SpaceToDepth", op("SpaceToDepth", block=2), (x(1, 4, 6, 2),)
    yield "DepthToSpace", op("DepthToSpace", block=2), (image,)
    yield "BroadcastTo", op("BroadcastTo", shape=(2, 4, 3)), (x(4, 1),)
    yield "Tile", op("Tile", multiples=(2, 1)), (x(2, 3),)
    yield "CumSum", op("CumSum", axis=1, exclusive=True), (x(2, 3),)
    yield "Reverse", op("Reverse", axes=(1,)), (x(2, 3),)
    batches = {"block": (2, 2), "paddings": ((0, 0), (1, 0))}
    yield "SpaceToBatchNd", op("SpaceToBatchNd", **batches), (image,)
    yield "BatchToSpaceNd", op("BatchToSpaceNd", block=(2, 2), crops=((0, 1), (1, 0))), (x(4, 3, 3, 2),)
    yield "TopK", op("TopK", k=2), (x(2, 5),)
    yield "Select", op("Select"), (x(2, 3, dtype="bool"), x(2, 3, name="a"), x(2, 3, name="b"))


def _plain_types() -> Iterator[tuple[str, Op, tuple[Tensor, ...]]]:
    flags = (x(2, 3, dtype="bool"), x(2, 3, dtype="bool", name="z"))
    yield "LogicalAnd", op("LogicalAnd"), flags
    yield "LogicalOr", op("LogicalOr"), flags
    yield "LogicalNot", op("LogicalNot"), flags[:1]
    indices = x(3, dtype="int32")
    yield "OneHot", op("OneHot", axis=1, depth=4), (indices, c(np.float32(1), "on"), c(np.float32(0), "off"))
    yield "Cast", op("Cast", dtype="int32"), (x(2, 3),)
    yield "Cast to float", op("Cast", dtype=F), (x(2, 3, dtype="int64"),)
    yield "Dequantize float16", op("Dequantize"), (c(ramp(2, 3, dtype=np.float16)),)
    yield "Add int32", op("Add"), (x(2, dtype="int32"), x(2, dtype="int32", name="z"))


def _quantised() -> Iterator[tuple[str, Program]]:
    image = x(*IMAGE, dtype="int8", quant=INT8)
    per_channel = Quant.per_channel(np.array([0.1, 0.2, 0.3]), 0)
    weights = c(ramp(3, 3, 3, 4, dtype=np.int8), quant=per_channel)
    bias = c(ramp(3, dtype=np.int32), "b", Quant.per_channel(np.float32([0.1, 0.2, 0.3]) * np.float32(0.05), 0))
    conv = op("Conv2D", padding=(1, 1, 1, 1), activation="relu")
    yield "Conv2D int8", program(conv, image, weights, bias, quants=(Quant.per_tensor(0.9, 5),))
    hybrid = c(ramp(5, 3, dtype=np.int8), quant=Quant.per_tensor(0.1))
    yield "FullyConnected hybrid", program(op("FullyConnected"), x(2, 3), hybrid, c(ramp(5), "b"))
    yield "Quantize", program(op("Quantize", dtype="int8"), x(2, 3), quants=(INT8,))
    yield "Dequantize", program(op("Dequantize"), x(2, 3, dtype="int8", quant=INT8))
    # Cases whose version is above those that LiteRT's reference resolver registers.
    codes = x(1, 2, 2, 4, dtype="int8", quant=INT8)
    yield "Tile int8", program(op("Tile", multiples=(1, 1, 2, 1)), codes, quants=(INT8,))
    yield "DepthToSpace int8", program(op("DepthToSpace", block=2), codes, quants=(INT8,))
    yield "Abs int32", program(op("Abs"), x(2, 3, dtype="int32"))
    fresh = op("StridedSlice", begin=(0, 0, 1), end=(0, 0, 3), strides=(1, 1, 1), ellipsis_mask=1, new_axis_mask=2)
    yield "StridedSlice new axis", program(fresh, x(2, 3, 4))
    wide = Quant.per_tensor(0.001)
    sixteen = [x(2, 3, dtype="int16", quant=wide, name=n) for n in ("x", "z")]
    yield "Add int16", program(op("Add"), *sixteen, quants=(Quant.per_tensor(0.002),))
    yield "Mul int8", program(op("Mul"), image, c(ramp(4, dtype=np.int8), quant=INT8), quants=(Quant.per_tensor(0.1),))
    yield (
        "Softmax int8",
        program(op("Softmax"), x(2, 3, dtype="int8", quant=INT8), quants=(Quant.per_tensor(1 / 256, -128),)),
    )


def _stateful() -> Program:
    tensors = [x(1, 4), x(1, 4, name="old"), x(1, 4, name="new")]
    nodes = (
        Node(op("ReadVariable", state="sum"), (), ("old",), "old"),
        Node(op("Add"), ("x", "old"), ("new",), "new"),
        Node(op("AssignVariable", state="sum"), ("new",), ()),
    )
    state = State("sum", np.array([[1, 2, 3, 4]], np.float32))
    ports = ((Port("x", "x"),), (Port("total", "new"),))
    return Program("states", {t.name: t for t in tensors}, nodes, *ports, (state,), {"source": "test"}).check()
