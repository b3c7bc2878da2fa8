"""Raise operators with weights, and pooling: ONNX computes them channels-first, so they stand between Transposes."""

from __future__ import annotations

import numpy as np

from limen.errors import UnsupportedOp
from limen.lower.raising._context import Site
from limen.program import Operands

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)


def _first(site: Site) -> str:
    return site.emit("Transpose", site.real(0), base=f"{site.base}/nchw", perm=TO_NCHW)


def _last(site: Site, real: str) -> None:
    site.write(site.emit("Transpose", real, base=f"{site.base}/nhwc", perm=TO_NHWC))


def _bias(site: Site) -> list[str]:
    if not site.has(2):
        return []
    bias = site.tensor(2)
    if bias.dtype == "int64" and bias.quant is not None and bias.data is not None:
        scale = bias.quant.scales.astype(np.float64)
        return [site.raising.constant((bias.data * scale).astype(np.float32), bias.name)]
    return [site.raising.real(bias)]


def _refuse_hybrid(site: Site) -> None:
    weights = site.tensor(1)
    if weights.data is None:
        name = site.node.name or site.base
        raise UnsupportedOp(name, f"{site.node.op.name} with computed weights", "raise", "use target tflite")


def conv_2d(site: Site) -> None:
    _refuse_hybrid(site)
    op, weights = site.node.op, site.tensor(1)
    kernel = site.raising.real(weights, lambda w: w.transpose(0, 3, 1, 2), 0)
    top, bottom, left, right = op.padding  # type: ignore[attr-defined]
    real = site.emit(
        "Conv", _first(site), kernel, *_bias(site),
        kernel_shape=weights.shape[1:3], strides=op.stride, dilations=op.dilation,  # type: ignore[attr-defined]
        pads=(top, left, bottom, right), group=site.tensor(0).shape[3] // weights.shape[3],
    )  # fmt: skip
    _last(site, site.activate(real))


def depthwise_conv_2d(site: Site) -> None:
    _refuse_hybrid(site)
    op, weights = site.node.op, site.tensor(1)
    kernel = site.raising.real(weights, lambda w: w.transpose(3, 0, 1, 2), 0)
    top, bottom, left, right = op.padding  # type: ignore[attr-defined]
    real = site.emit(
        "Conv", _first(site), kernel, *_bias(site),
        kernel_shape=weights.shape[1:3], strides=op.stride, dilations=op.dilation,  # type: ignore[attr-defined]
        pads=(top, left, bottom, right), group=site.tensor(0).shape[3],
    )  # fmt: skip
    _last(site, site.activate(real))


def transpose_conv(site: Site) -> None:
    _refuse_hybrid(site)
    op, weights, data = site.node.op, site.tensor(1), site.tensor(0)
    kernel = site.raising.real(weights, lambda w: w.transpose(3, 0, 1, 2), 1)
    top, _, left, _ = op.padding  # type: ignore[attr-defined]
    begin, end, extra = [top, left], [], []
    for i in range(2):
        full = (data.shape[1 + i] - 1) * op.stride[i] + weights.shape[1 + i]  # type: ignore[attr-defined]
        rest = full - begin[i] - op.output_size[i]  # type: ignore[attr-defined]
        end.append(max(rest, 0))
        extra.append(max(-rest, 0))
    real = site.emit(
        "ConvTranspose", _first(site), kernel, *_bias(site),
        kernel_shape=weights.shape[1:3], strides=op.stride, pads=(*begin, *end),  # type: ignore[attr-defined]
        output_padding=extra if any(extra) else None,
    )  # fmt: skip
    _last(site, site.activate(real))


def fully_connected(site: Site) -> None:
    weights, result = site.tensor(1), site.outputs[0]
    data = site.real(0)
    if len(site.tensor(0).shape) != 2:
        data = site.emit("Reshape", data, site.ints((-1, weights.shape[1])), base=f"{site.base}/rows")
    if weights.data is None:
        kernel = site.real(1)
    else:
        kernel = site.raising.real(weights)
    real = site.activate(site.emit("Gemm", data, kernel, *_bias(site), transB=1))
    if len(result.shape) != 2:
        real = site.emit("Reshape", real, site.ints(result.shape), base=f"{site.base}/shape")
    site.write(real)


def batch_matmul(site: Site) -> None:
    operands = []
    for index, flag in enumerate(("adj_x", "adj_y")):
        real = site.real(index)
        if getattr(site.node.op, flag):
            rank = len(site.tensor(index).shape)
            perm = (*range(rank - 2), rank - 1, rank - 2)
            real = site.emit("Transpose", real, base=f"{site.base}/adj", perm=perm)
        operands.append(real)
    site.write(site.emit("MatMul", *operands))


def pool(kind: str) -> object:
    """Raising of a pooling operator."""

    def raise_pool(site: Site) -> None:
        op = site.node.op
        top, bottom, left, right = op.padding  # type: ignore[attr-defined]
        real = site.emit(
            kind, _first(site), kernel_shape=op.filter, strides=op.stride,  # type: ignore[attr-defined]
            pads=(top, left, bottom, right),
        )  # fmt: skip
        _last(site, site.activate(real))

    return raise_pool


def resize_bilinear(site: Site) -> None:
    """Interpolation to a fixed size."""
    op, shape = site.node.op, site.tensor(0).shape
    coordinates = "asymmetric"
    if op.align_corners:  # type: ignore[attr-defined]
        coordinates = "align_corners"
    elif op.half_pixel_centers:  # type: ignore[attr-defined]
        coordinates = "half_pixel"
    sizes = site.ints((shape[0], shape[3], *op.size), "sizes")  # type: ignore[attr-defined]
    _last(
        site,
        site.emit("Resize", _first(site), "", "", sizes, mode="linear", coordinate_transformation_mode=coordinates),
    )


def resize_nearest(site: Site) -> None:
    """The rows and columns that the operator itself takes, gathered: ONNX's rounding modes do not have its rule."""
    _, height, width, _ = site.tensor(0).shape
    places = np.arange(height * width, dtype=np.int32).reshape(1, height, width, 1)
    (taken,) = site.node.op.reference((places,), Operands(site.inputs, site.outputs))
    rows, columns = taken[0, :, 0, 0] // width, taken[0, 0, :, 0] % width
    real = site.emit("Gather", site.real(0), site.ints(rows.tolist(), "rows"), axis=1)
    site.write(site.emit("Gather", real, site.ints(columns.tolist(), "columns"), axis=2))


RAISE = {
    "Conv2D": conv_2d,
    "DepthwiseConv2D": depthwise_conv_2d,
    "TransposeConv": transpose_conv,
    "FullyConnected": fully_connected,
    "BatchMatMul": batch_matmul,
    "AveragePool2D": pool("AveragePool"),
    "MaxPool2D": pool("MaxPool"),
    "ResizeNearest": resize_nearest,
    "ResizeBilinear": resize_bilinear,
}
