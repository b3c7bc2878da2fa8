"""Operators with weights: convolutions, fully connected layers, matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance._ops_harness import Case, Draw, Family, op, single, tensor
from limen.program import Quant, Tensor

ACTIVATIONS = ("none", "none", "relu", "relu6", "relu_n1_to_1")


def activation_dtype(dtype: str) -> str:
    return {"hybrid": "float32", "hybrid asymmetric": "float32", "int16x8": "int16", "int16x8 int32 bias": "int16"}.get(
        dtype, dtype
    )


def weight_dtype(dtype: str) -> str:
    return dtype if dtype in ("float32", "uint8", "int16") else "int8"


def weights(draw: Draw, dtype: str, shape: tuple[int, ...], quant: Quant | None) -> Tensor:
    """Hybrid weights keep to -127..127, as TFLite's converter writes them: AVX2 kernels negate -128 wrongly."""
    values = draw.values(shape, weight_dtype(dtype))
    if dtype.startswith("hybrid"):
        values = np.maximum(values, np.int8(-127))
    return Tensor.constant("w", values, quant)


def weight_quant(draw: Draw, dtype: str, filters: int, axis: int, per_channel: bool) -> Quant | None:
    if weight_dtype(dtype) == "float32":
        return None
    if per_channel:
        return Quant.per_channel(np.array([draw.scale(1e-3, 0.05) for _ in range(filters)]), axis)
    return Quant.per_tensor(draw.scale(1e-3, 0.05), draw.integer(0, 255) if dtype == "uint8" else 0)


def bias(draw: Draw, dtype: str, x: Tensor, w: Tensor, filters: int) -> Tensor:
    """Scaled as the specification says: input scale times weight scale."""
    if activation_dtype(dtype) == "float32":
        return Tensor.constant("b", draw.values((filters,), "float32"))
    kind = "int64" if dtype == "int16x8" else "int32"
    reach = draw.choice((1000, 100_000))
    data = draw.rng.integers(-reach, reach + 1, filters).astype(kind)
    assert w.quant is not None
    scale = np.float32(x.scale) * w.quant.scales
    quant = Quant.per_channel(scale, 0) if len(scale) > 1 else Quant.per_tensor(float(scale[0]))
    return Tensor.constant("b", data, quant)


def output_quant(draw: Draw, dtype: str, x: Tensor, w: Tensor, terms: int) -> Quant | None:
    """A scale at which neither all results saturate nor all vanish."""
    kind = activation_dtype(dtype)
    if kind == "float32":
        return None
    assert w.quant is not None
    codes = 1.0 if kind != "int16" else 128.0
    spread = x.scale * float(np.mean(w.quant.scale)) * 70 * (100 if kind != "int16" else 20000) * np.sqrt(terms) / 50
    quant = draw.quant(kind)
    assert quant is not None
    return Quant.per_tensor(spread / codes * draw.scale(0.3, 3.0), quant.zero_point[0])


def window(draw: Draw) -> dict[str, Any]:
    """Geometry of a convolution: sizes, stride, dilation, SAME, VALID or explicit padding."""
    kernel = (draw.integer(1, 4), draw.integer(1, 4))
    stride = (draw.integer(1, 3), draw.integer(1, 3))
    dilation = (draw.integer(1, 2), draw.integer(1, 3)) if draw.chance(0.3) else (1, 1)
    size = tuple((k - 1) * d + draw.integer(1, 6) for k, d in zip(kernel, dilation, strict=True))
    padding = (0, 0, 0, 0)
    if draw.chance():
        sides = []
        for extent, k, s, d in zip(size, kernel, stride, dilation, strict=True):
            total = max((-(-extent // s) - 1) * s + (k - 1) * d + 1 - extent, 0)
            sides += [total // 2, total - total // 2]
        padding = tuple(sides)  # type: ignore[assignment]
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "size": size, "padding": padding}


def conv2d(draw: Draw, dtype: str) -> Case:
    g = window(draw)
    groups = draw.choice((1, 1, 1, 2, 3))
    depth, share = draw.integer(1, 5), draw.integer(1, 4)
    filters = groups * share
    x = tensor(
        "x",
        (draw.integer(1, 2), *g["size"], depth * groups),
        activation_dtype(dtype),
        draw.quant(activation_dtype(dtype)),
    )
    per_channel = dtype != "uint8" and (draw.chance(0.7) or (dtype == "hybrid" and groups > 1))
    quant = weight_quant(draw, dtype, filters, 0, per_channel)
    w = weights(draw, dtype, (filters, *g["kernel"], depth), quant)
    terms = int(np.prod(g["kernel"])) * depth
    made = op(
        "Conv2D", stride=g["stride"], dilation=g["dilation"], padding=g["padding"], activation=draw.choice(ACTIVATIONS)
    )
    program = single(made, (x, w, bias(draw, dtype, x, w, filters)), output_quant(draw, dtype, x, w, terms))
    return Case(program, terms=terms + 2)


def depthwise_conv2d(draw: Draw, dtype: str) -> Case:
    g = window(draw)
    channels, copies = draw.integer(1, 6), draw.choice((1, 1, 2, 3))
    filters = channels * copies
    x = tensor(
        "x", (draw.integer(1, 2), *g["size"], channels), activation_dtype(dtype), draw.quant(activation_dtype(dtype))
    )
    per_channel = dtype != "uint8" and (draw.chance(0.7) or dtype == "hybrid")
    quant = weight_quant(draw, dtype, filters, 3, per_channel)
    w = weights(draw, dtype, (1, *g["kernel"], filters), quant)
    terms = int(np.prod(g["kernel"]))
    made = op(
        "DepthwiseConv2D",
        stride=g["stride"],
        dilation=g["dilation"],
        padding=g["padding"],
        activation=draw.choice(ACTIVATIONS),
    )
    biases = (bias(draw, dtype, x, w, filters),) if draw.chance(0.8) else ()
    program = single(made, (x, w, *biases), output_quant(draw, dtype, x, w, terms))
    return Case(program, terms=terms + 2)


def transpose_conv(draw: Draw, dtype: str) -> Case:
    kernel = (draw.integer(1, 4), draw.integer(1, 4))
    stride = (draw.integer(1, 3), draw.integer(1, 3))
    size = (draw.integer(1, 4), draw.integer(1, 4))
    depth, filters = draw.integer(1, 4), draw.integer(1, 4)
    x = tensor("x", (draw.integer(1, 2), *size, depth), activation_dtype(dtype), draw.quant(activation_dtype(dtype)))
    quant = weight_quant(draw, dtype, filters, 0, dtype != "uint8" and draw.chance(0.7))
    w = weights(draw, dtype, (filters, *kernel, depth), quant)
    same = draw.chance()
    out, sides = [], []
    for extent, k, s in zip(size, kernel, stride, strict=True):
        total = max((extent - 1) * s + k - extent * s, 0)
        out.append(extent * s if same else (extent - 1) * s + max(k, s))
        sides += [total // 2, total - total // 2] if same else [0, 0]
    made = op(
        "TransposeConv",
        stride=stride,
        padding=tuple(sides),
        output_size=tuple(out),
        activation=draw.choice(ACTIVATIONS),
    )
    biases = (bias(draw, dtype, x, w, filters),) if draw.chance(0.7) else ()
    terms = int(np.prod(kernel)) * depth
    program = single(made, (x, w, *biases), output_quant(draw, dtype, x, w, terms))
    return Case(program, terms=terms + 3)


def fully_connected(draw: Draw, dtype: str) -> Case:
    depth, filters = draw.integer(1, 40), draw.integer(1, 12)
    lead = draw.shape(0, 3, 4)
    keep = draw.chance() and len(lead) > 0
    x = tensor("x", (*lead, depth), activation_dtype(dtype), draw.quant(activation_dtype(dtype)))
    quant = weight_quant(draw, dtype, filters, 0, dtype != "uint8" and draw.chance(0.5))
    w = weights(draw, dtype, (filters, depth), quant)
    biases = (bias(draw, dtype, x, w, filters),) if draw.chance(0.7) or dtype == "int16x8 int32 bias" else ()
    made = op(
        "FullyConnected",
        activation=draw.choice(ACTIVATIONS),
        keep_dims=keep,
        asymmetric_quantize_inputs=dtype == "hybrid asymmetric",
    )
    program = single(made, (x, w, *biases), output_quant(draw, dtype, x, w, depth))
    return Case(program, terms=depth + 2)


def batch_mat_mul(draw: Draw, dtype: str) -> Case:
    m, k, n = draw.integer(1, 6), draw.integer(1, 12), draw.integer(1, 6)
    batch = draw.shape(0, 3, 3)
    left = tuple(1 if draw.chance(0.2) else extent for extent in batch)
    right = tuple(1 if draw.chance(0.2) else extent for extent in batch[draw.integer(0, len(batch)) :])
    adj_x, adj_y = draw.chance(0.3), draw.chance(0.3)
    kind = activation_dtype(dtype)
    x = tensor("x", (*left, *((k, m) if adj_x else (m, k))), kind, draw.quant(kind))
    shape = (*right, *((n, k) if adj_y else (k, n)))
    second = {"int16": "int16", "int8": "int8", "float32": "float32"}.get(dtype, "int8")
    made = op("BatchMatMul", adj_x=adj_x, adj_y=adj_y, asymmetric_quantize_inputs=dtype == "hybrid asymmetric")
    if dtype.startswith("hybrid"):
        axis = len(shape) - (2 if adj_y else 1)
        y = Tensor.constant("y", draw.values(shape, "int8"), weight_quant(draw, dtype, n, axis, draw.chance()))
    elif draw.chance(0.3):
        quant = draw.quant(second) if second != "int8" or dtype == "int8" else Quant.per_tensor(draw.scale())
        y = Tensor.constant("y", draw.values(shape, second), quant)
    else:
        quant = draw.quant(second) if second != "int8" or dtype == "int8" else Quant.per_tensor(draw.scale())
        y = tensor("y", shape, second, quant)
    out = None if kind == "float32" else draw.quant(kind, 0.01, 10)
    return Case(single(made, (x, y), out), terms=k + 2)


CONVOLUTION = ("float32", "int8", "uint8", "int16x8", "hybrid")
FAMILIES = (
    Family("Conv2D", (*CONVOLUTION, "int16x8 int32 bias"), conv2d),
    Family("DepthwiseConv2D", CONVOLUTION, depthwise_conv2d),
    Family("TransposeConv", (*CONVOLUTION, "int16x8 int32 bias"), transpose_conv),
    Family("FullyConnected", (*CONVOLUTION, "hybrid asymmetric", "int16x8 int32 bias"), fully_connected),
    Family("BatchMatMul", ("float32", "int8", "int16", "int16x8", "hybrid", "hybrid asymmetric"), batch_mat_mul),
)
