"""Convolutions: kernels of Keras are [spatial..., in, out], of ONNX [out, in, spatial...]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from limen.errors import ModelError
from limen.importers._keras.build import Array, Builder, Operand, Shape, Value
from limen.importers._keras.layers.activation import activate
from limen.importers._keras.layers.dense import has_bias
from limen.importers._keras.rule import Layer, Rule, Rules, channels_last, expect, pair, single


class Window(NamedTuple):
    """Spatial shape of the result, and pads as ONNX orders them: all begins, then all ends."""

    sizes: Shape
    pads: tuple[int, ...]


def window(layer: Layer, x: Value, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Window:
    """Padding of a sliding window by the layer's ``padding``: valid, same (TensorFlow's rule) or causal."""
    mode = str(layer.get("padding", layer.get("border_mode", "valid"))).lower()
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    if mode == "valid":
        pads = [(0, 0)] * len(spans)
    elif mode == "causal" and len(spans) == 1:
        pads = [(spans[0] - 1, 0)]
    elif mode == "same":
        pads = [_same(x.shape[1 + axis], spans[axis], stride[axis], x, 1 + axis) for axis in range(len(spans))]
    else:
        raise ModelError(f"{layer.name}: padding {mode!r} is not known")
    sizes: list[int | None] = []
    for size, span, step, (before, after) in zip(x.shape[1:-1], spans, stride, pads, strict=True):
        sizes.append(None if size is None else (size + before + after - span) // step + 1)
    return Window(tuple(sizes), tuple(b for b, _ in pads) + tuple(a for _, a in pads))


def _same(size: int | None, span: int, stride: int, x: Value, axis: int) -> tuple[int, int]:
    if size is None and stride != 1:
        size = x.extent(axis)
    total = span - 1 if size is None else max((-(-size // stride) - 1) * stride + span - size, 0)
    return total // 2, total - total // 2


def convolve(
    build: Builder, layer: Layer, x: Value, kernel: Array, bias: Array | None, groups: int, depthwise: bool = False
) -> Value:
    """One Conv; kernel as ONNX wants it: [out, in / groups, spatial...]."""
    rank = kernel.ndim - 2
    if x.rank != rank + 2:
        raise ModelError(f"{layer.name}: expected an input of rank {rank + 2}, found {list(x.shape)}")
    stride = pair(layer.get("strides", layer.get("subsample", 1)), rank, f"{layer.name}: strides")
    dilation = pair(layer.get("dilation_rate", 1), rank, f"{layer.name}: dilation_rate")
    sizes, pads = window(layer, x, kernel.shape[2:], stride, dilation)
    inputs: list[Operand] = [build.first(x), build.constant(kernel, "depthwise_kernel" if depthwise else "kernel")]
    if bias is not None:
        inputs.append(build.constant(expect(bias, (kernel.shape[0],), layer, "bias"), "bias"))
    out = replace(x, name="", shape=(x.shape[0], *sizes, kernel.shape[0]), first=True)
    settings = {"strides": list(stride), "dilations": list(dilation), "pads": list(pads), "group": groups}
    return build.node("Conv", inputs, out, kernel_shape=list(kernel.shape[2:]), **settings)


def conv(rank: int) -> Rule:
    """Conv1D to Conv3D, grouped too; Convolution1D and 2D of Keras 1."""

    def rule(build: Builder, layer: Layer, x: Value) -> Value:
        channels_last(layer)
        groups = layer.get("groups", 1)
        kernel, *rest = layer.take("kernel", "bias") if has_bias(layer) else layer.take("kernel")
        if kernel.ndim == rank + 3 and kernel.shape[1] == 1:  # Keras 1 kept Convolution1D kernels as [k, 1, in, out]
            kernel = kernel[:, 0]
        filters = layer.get("filters", layer.config.get("nb_filter"))
        size = kernel.shape[:rank]
        if "kernel_size" in layer.config:
            size = pair(layer.config["kernel_size"], rank, f"{layer.name}: kernel_size")
        expect(kernel, (*size, x.channels // groups, filters), layer, "kernel")
        turned = np.moveaxis(kernel, (-1, -2), (0, 1))
        return activate(build, layer, convolve(build, layer, x, turned, rest[0] if rest else None, groups))

    return single(rule)


def _per_channel(kernel: Array) -> Array:
    """[spatial..., in, multiplier] -> [in * multiplier, 1, spatial...]."""
    turned = np.moveaxis(kernel, (-2, -1), (0, 1))
    return turned.reshape(-1, 1, *turned.shape[2:])


def depthwise(rank: int) -> Rule:
    def rule(build: Builder, layer: Layer, x: Value) -> Value:
        channels_last(layer)
        roles = ("depthwise_kernel", "bias") if has_bias(layer) else ("depthwise_kernel",)
        kernel, *rest = layer.take(*roles)
        size = pair(layer.config["kernel_size"], rank, f"{layer.name}: kernel_size")
        expect(kernel, (*size, x.channels, layer.get("depth_multiplier", 1)), layer, "kernel")
        bias = rest[0] if rest else None
        return activate(build, layer, convolve(build, layer, x, _per_channel(kernel), bias, x.channels, True))

    return single(rule)


def separable(rank: int) -> Rule:
    def rule(build: Builder, layer: Layer, x: Value) -> Value:
        channels_last(layer)
        roles = ("depthwise_kernel", "pointwise_kernel", "bias")
        first, second, *rest = layer.take(*(roles if has_bias(layer) else roles[:2]))
        size = pair(layer.config["kernel_size"], rank, f"{layer.name}: kernel_size")
        multiplier = layer.get("depth_multiplier", 1)
        expect(first, (*size, x.channels, multiplier), layer, "depthwise_kernel")
        expect(second, (*[1] * rank, x.channels * multiplier, layer.config["filters"]), layer, "pointwise_kernel")
        x = convolve(build, layer, x, _per_channel(first), None, x.channels, True)
        point = replace(layer, config={"padding": "valid"})
        turned = np.moveaxis(second, (-1, -2), (0, 1))
        return activate(build, layer, convolve(build, point, x, turned, rest[0] if rest else None, 1))

    return single(rule)


def transposed(rank: int) -> Rule:
    """Conv1DTranspose to Conv3DTranspose; kernels are [spatial..., out, in]."""

    def rule(build: Builder, layer: Layer, x: Value) -> Value:
        channels_last(layer)
        kernel, *rest = layer.take("kernel", "bias") if has_bias(layer) else layer.take("kernel")
        size = pair(layer.config["kernel_size"], rank, f"{layer.name}: kernel_size")
        expect(kernel, (*size, layer.config["filters"], x.channels), layer, "kernel")
        stride = pair(layer.get("strides", 1), rank, f"{layer.name}: strides")
        dilation = pair(layer.get("dilation_rate", 1), rank, f"{layer.name}: dilation_rate")
        begins, ends, extra, sizes = _deconvolution(layer, x, size, stride, dilation)
        turned = np.moveaxis(kernel, (-1, -2), (0, 1))
        inputs: list[Operand] = [build.first(x), build.constant(turned, "kernel")]
        inputs += [build.constant(expect(b, (kernel.shape[-2],), layer, "bias"), "bias") for b in rest]
        out = replace(x, shape=(x.shape[0], *sizes, kernel.shape[-2]), first=True)
        settings = {"strides": list(stride), "dilations": list(dilation), "pads": begins + ends}
        y = build.node("ConvTranspose", inputs, out, kernel_shape=list(size), output_padding=extra, **settings)
        return activate(build, layer, y)

    return single(rule)


def _deconvolution(
    layer: Layer, x: Value, size: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[list[int], list[int], list[int], list[int | None]]:
    """Begin pads, end pads, output padding and extents: the gradient of a convolution of the same settings."""
    same = str(layer.get("padding", "valid")) == "same"
    asked = layer.config.get("output_padding")
    wanted = [None] * len(size) if asked is None else list(asked) if isinstance(asked, list) else [asked] * len(size)
    begins, ends, extras, sizes = [], [], [], []
    for axis, (k, s, d) in enumerate(zip(size, stride, dilation, strict=True)):
        span = (k - 1) * d + 1
        more = wanted[axis]
        if more is None:
            trim = span - s if same else min(span - s, 0)
        else:
            trim = (span // 2) * 2 - more if same else -more
        begins.append(max(trim, 0) // 2)
        ends.append(max(trim, 0) - begins[-1])
        extras.append(max(-trim, 0))
        extent = x.shape[1 + axis]
        sizes.append(None if extent is None else (extent - 1) * s + span - trim)
    return begins, ends, extras, sizes


RULES: Rules = {
    **{f"Conv{rank}D": conv(rank) for rank in (1, 2, 3)},
    **{f"Convolution{rank}D": conv(rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": depthwise(rank) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": separable(rank) for rank in (1, 2)},
    **{f"Conv{rank}DTranspose": transposed(rank) for rank in (1, 2, 3)},
}
