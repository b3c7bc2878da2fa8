"""ONNX ConvTranspose with one or two spatial axes: TransposeConv, one per group."""

from __future__ import annotations

import numpy as np

from limen.lower.builder import make
from limen.lower.call import Call, Lowering
from limen.lower.window import bind_plane, plane, two
from limen.program import Array, Op


def lower(call: Call) -> None:
    x, w = call.input(0), call.constant(1)
    assert w is not None
    if x.rank not in (3, 4) or w.ndim != x.rank:
        call.refuse(f"{x.rank - 2} spatial axes")
    spatial = x.rank - 2
    dilations = call.attribute("dilations", (1,) * spatial)
    stride = call.attribute("strides", (1,) * spatial)
    w = _dilated(w, dilations)
    before = _crop(call, x.shape[2:], w.shape[2:], stride)
    size = call.output.shape[2:]
    w = w if spatial == 2 else w[:, :, None, :]
    groups = call.attribute("group", 1)
    bias = call.constant(2)
    top, left = two(before, 0)
    full = [(n - 1) * s + k for n, s, k in zip(x.shape[2:], stride, w.shape[-spatial:], strict=True)]
    after = tuple(max(0, f - b - o) for f, b, o in zip(full, before, size, strict=True))
    bottom, right = two(after, 0)
    options: dict[str, object] = {
        "stride": two(stride, 1),
        "padding": (top, bottom, left, right),
        "output_size": two(size, 1),
    }
    data = plane(call, x)
    if groups == 1:
        bind_plane(call, _one(call, data, w, bias, options))
        return
    parts = call.builder.emit_many(_split(groups), data)
    weights = np.split(w, groups, 0)
    biases = [None] * groups if bias is None else np.split(bias, groups)
    results = [_one(call, d, k, b, options) for d, k, b in zip(parts, weights, biases, strict=True)]
    bind_plane(call, call.emit("Concatenation", *results, axis=3))


def _split(parts: int) -> Op:
    return make("Split", axis=3, parts=parts)


def _one(call: Call, data: str, w: Array, bias: Array | None, options: dict[str, object]) -> str:
    operands = [data, call.builder.constant(np.transpose(w, (1, 2, 3, 0)), "weights")]
    if bias is not None:
        operands.append(call.builder.constant(bias, "bias"))
    return call.emit("TransposeConv", *operands, **options)


def _dilated(w: Array, dilations: tuple[int, ...]) -> Array:
    """The kernel with zeros between its taps."""
    if all(d == 1 for d in dilations):
        return w
    spatial = tuple((k - 1) * d + 1 for k, d in zip(w.shape[2:], dilations, strict=True))
    wide = np.zeros((*w.shape[:2], *spatial), w.dtype)
    wide[(slice(None), slice(None), *(slice(None, None, d) for d in dilations))] = w
    return wide


def _crop(call: Call, sizes: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...]) -> tuple[int, ...]:
    """Elements cut off at the start of each axis."""
    rank = len(sizes)
    auto = call.attribute("auto_pad", "NOTSET")
    explicit = call.attribute("output_shape", ())
    if not explicit and auto in ("NOTSET", "VALID"):
        pads = call.attribute("pads", (0,) * (2 * rank))
        return pads[:rank] if auto == "NOTSET" else (0,) * rank
    extra = call.attribute("output_padding", (0,) * rank)
    result = []
    for axis in range(rank):
        total = stride[axis] * (sizes[axis] - 1) + extra[axis] + kernel[axis] - call.output.shape[2 + axis]
        total = max(0, total)
        result.append(total // 2 if auto != "SAME_LOWER" else total - total // 2)
    return tuple(result)


LOWERING = Lowering("ConvTranspose", lower, "channels_last")
