"""Average, maximum and Lp pools.

One or two spatial axes without dilation become MaxPool2D or AveragePool2D. Everything else (three axes, dilations) is
taken tap by tap: one StridedSlice of the padded input per kernel position.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from limen.lower.builder import Value
from limen.lower.call import Call
from limen.lower.layout import channels_last
from limen.lower.window import Window, bind_plane, padding, plane, two, window
from limen.program import Array

MAX_TAPS = 512


def pool_window(call: Call, x: Value) -> Window:
    """The window, with the end padding extended to what the output's extent reads."""
    spatial = x.shape[2:]
    w = window(call, spatial, call.attribute("kernel_shape", ()))
    after = list(w.after)
    for axis, extent in enumerate(call.output.shape[2:]):
        needed = (extent - 1) * w.stride[axis] + w.extent(axis)
        after[axis] = max(0, needed - spatial[axis] - w.before[axis])
    return replace(w, after=tuple(after))


def fits(w: Window) -> bool:
    """Whether a 2-D pool operator takes the window: no dilation, no padding as large as the kernel."""
    small = all(max(b, a) < k for b, a, k in zip(w.before, w.after, w.kernel, strict=True))
    return w.rank <= 2 and max(w.dilation) == 1 and small


def max_pool(call: Call, x: Value) -> None:
    w = pool_window(call, x)
    if fits(w):
        pooled = call.emit("MaxPool2D", plane(call, x), **_settings(w))
        bind_plane(call, pooled)
        return
    taps = _taps(call, x, w, -np.inf)
    result = taps[0]
    for tap in taps[1:]:
        result = call.emit("Maximum", result, tap)
    call.bind(result, channels_last(x.rank))


def average_pool(call: Call, x: Value, count_padding: bool) -> None:
    w = pool_window(call, x)
    if fits(w) and not count_padding:
        bind_plane(call, call.emit("AveragePool2D", plane(call, x), **_settings(w)))
    elif fits(w):
        bind_plane(call, _padded_average(call, x, w))
    else:
        call.bind(_sum_by_taps(call, x, w, count_padding), channels_last(x.rank))


def _settings(w: Window) -> dict[str, object]:
    return {"filter": two(w.kernel, 1), "stride": two(w.stride, 1), "padding": padding(w)}


def _declared_after(call: Call, w: Window) -> tuple[int, ...]:
    """End padding that counts: what the attributes ask for, not what ceil_mode adds behind it."""
    rank = w.rank
    if call.attribute("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER"):
        return w.after
    pads = call.attribute("pads", (0,) * (2 * rank))
    return tuple(min(a, p) for a, p in zip(w.after, pads[rank:], strict=True))


def _padded_average(call: Call, x: Value, w: Window) -> str:
    """Padding becomes zeros that count; only what ceil_mode adds stays uncounted."""
    counted = _declared_after(call, w)
    top, bottom, left, right = padding(replace(w, after=counted))
    data = plane(call, x)
    if any((top, bottom, left, right)):
        data = call.emit("Pad", data, paddings=((0, 0), (top, bottom), (left, right), (0, 0)))
    extra = tuple(a - c for a, c in zip(w.after, counted, strict=True))
    return call.emit("AveragePool2D", data, **_settings(replace(w, before=(0,) * w.rank, after=extra)))


def _taps(call: Call, x: Value, w: Window, fill: float) -> list[str]:
    """One tensor of the output's extent per kernel position, channels last."""
    if math.prod(w.kernel) > MAX_TAPS:
        call.refuse(f"a window of {math.prod(w.kernel)} positions")
    if w.rank == 1 and x.rank != 3:
        call.refuse(f"kernel {w.kernel} for input {list(x.shape)}")
    layout = channels_last(x.rank)
    data = call.builder.get(x, layout)
    paddings = ((0, 0), *zip(w.before, w.after, strict=True), (0, 0))
    if any(map(any, paddings)):
        data = call.emit("PadV2", data, call.scalar(fill, data), paddings=paddings)
    n, *spatial, c = call.builder.shape(data)
    del spatial
    extents = call.output.shape[2:]
    tensors = []
    for position in itertools.product(*(range(k) for k in w.kernel)):
        start = [p * d for p, d in zip(position, w.dilation, strict=True)]
        stop = [b + (e - 1) * s + 1 for b, e, s in zip(start, extents, w.stride, strict=True)]
        tensors.append(
            call.emit("StridedSlice", data, begin=(0, *start, 0), end=(n, *stop, c), strides=(1, *w.stride, 1))
        )
    return tensors


def _sum_by_taps(call: Call, x: Value, w: Window, count_padding: bool) -> str:
    taps = _taps(call, x, w, 0.0)
    total = taps[0]
    for tap in taps[1:]:
        total = call.emit("Add", total, tap)
    counts = _counts(call, x.shape[2:], w, count_padding)
    return call.emit("Mul", total, call.builder.constant((1.0 / counts)[None, ..., None].astype(np.float32)))


def _counts(call: Call, spatial: Sequence[int], w: Window, count_padding: bool) -> Array:
    """How many elements each window averages."""
    declared = _declared_after(call, w)
    result = np.ones(call.output.shape[2:])
    for axis, extent in enumerate(call.output.shape[2:]):
        low = 0 if count_padding else w.before[axis]
        high = w.before[axis] + spatial[axis] + (declared[axis] if count_padding else 0)
        taps = np.arange(extent)[:, None] * w.stride[axis] + np.arange(w.kernel[axis]) * w.dilation[axis]
        count = ((taps >= low) & (taps < high)).sum(1)
        shape = [1] * len(spatial)
        shape[axis] = extent
        result = result * count.reshape(shape)
    return result


def lp_pool(call: Call, x: Value) -> None:
    """(sum |x|^p)^(1/p) over each window."""
    power = float(call.attribute("p", 2))
    tensor, layout = call.unary(x)
    raised = call.emit("Pow", call.emit("Abs", tensor), call.scalar(power, tensor))
    value = call.temporary(raised, x.shape, layout)
    w = pool_window(call, x)
    taps = _taps(call, value, w, 0.0)
    total = taps[0]
    for tap in taps[1:]:
        total = call.emit("Add", total, tap)
    root = call.emit("Pow", total, call.scalar(1.0 / power, total))
    call.bind(root, channels_last(x.rank))
