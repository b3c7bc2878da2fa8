"""ONNX Resize as ResizeNearest or ResizeBilinear where they mean the same, else as weighted sums of gathered taps.

Each axis is resized on its own: output element i is a weighted sum of input elements, which a table of indices and
weights describes (ONNX operator page of Resize, and its reference for the coordinate transformations).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from limen.lower.builder import Value, make
from limen.lower.call import Call
from limen.lower.layout import Layout, channels_last
from limen.program import Array


@dataclass(frozen=True)
class Axis:
    """One resized axis: per output element, indices of input elements and their weights, both [out, taps].

    ``outside`` says which output elements lie beyond the input and take the extrapolation value.
    """

    axis: int
    index: Array
    weight: Array
    outside: Array | None = None


def resize(call: Call) -> None:
    value = call.input(0)
    sizes, scales = _targets(call, value)
    axes = [_axis(call, value, a, sizes[a], scales[a]) for a in range(value.rank)]
    changed = [a for a in axes if not _is_identity(a, value.shape[a.axis])]
    native = _native(call, value, axes, changed)
    if native is not None:
        layout = channels_last(4)
        call.bind(
            call.emit(native, call.builder.get(value, layout)) if changed else call.builder.get(value, layout), layout
        )
        return
    tensor, layout = call.unary(value)
    for axis in changed:
        tensor = _gathered(call, tensor, layout.index(axis.axis), axis)
    tensor = _extrapolated(call, tensor, layout, axes)
    if not changed:
        tensor = call.emit("Reshape", tensor, shape=call.builder.shape(tensor))
    call.bind(tensor, layout)


def _extrapolated(call: Call, tensor: str, layout: Layout, axes: list[Axis]) -> str:
    mask = np.zeros([len(axes[a].index) for a in layout], np.bool_)
    for axis in axes:
        if axis.outside is not None and axis.outside.any():
            shape = [1] * len(layout)
            shape[layout.index(axis.axis)] = -1
            mask |= axis.outside.reshape(shape)
    if not mask.any():
        return tensor
    fill = call.scalar(call.attribute("extrapolation_value", 0.0), tensor)
    return call.emit("Select", call.builder.constant(mask, "outside"), fill, tensor)


def _targets(call: Call, value: Value) -> tuple[list[int], list[float]]:
    """Extent and scale of each axis."""
    rank = value.rank
    axes = [a % rank for a in call.attribute("axes", tuple(range(rank)))]
    scales, sizes = call.constant(2), call.constant(3)
    factor, extent = [1.0] * rank, list(value.shape)
    if sizes is not None and sizes.size:
        wanted = {a: int(s) for a, s in zip(axes, sizes.reshape(-1), strict=True)}
        policy = call.attribute("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            pick = min if policy == "not_larger" else max
            common = pick(s / value.shape[a] for a, s in wanted.items())
            wanted = {a: math.floor(common * value.shape[a] + 0.5) for a in wanted}
            factor = [common if a in wanted else 1.0 for a in range(rank)]
        for a, s in wanted.items():
            extent[a] = s
            factor[a] = s / value.shape[a] if policy == "stretch" else factor[a]
    elif scales is not None and scales.size:
        for a, s in zip(axes, scales.reshape(-1), strict=True):
            factor[a], extent[a] = float(s), math.floor(value.shape[a] * float(s))
    else:
        call.refuse("neither sizes nor scales are given")
    if tuple(extent) != call.output.shape:
        call.refuse(f"extents {extent} where the Model says {list(call.output.shape)}")
    return extent, factor


def _coordinates(call: Call, axis: int, n: int, out: int, scale: float) -> Array:
    """Input coordinate of each output element."""
    mode = call.attribute("coordinate_transformation_mode", "half_pixel")
    i = np.arange(out, dtype=np.float64)
    if mode == "half_pixel":
        return (i + 0.5) / scale - 0.5
    if mode == "pytorch_half_pixel":
        return (i + 0.5) / scale - 0.5 if out > 1 else np.zeros(out)
    if mode == "half_pixel_symmetric":
        adjustment = out / (n * scale)
        offset = n / 2 * (1 - adjustment)
        return offset + (i + 0.5) / scale - 0.5
    if mode == "asymmetric":
        return i / scale
    if mode == "align_corners":
        return i * (n - 1) / (n * scale - 1) if out > 1 else np.zeros(out)
    if mode == "tf_crop_and_resize":
        start, end = _region(call, axis)
        if out > 1:
            return start * (n - 1) + i * (end - start) * (n - 1) / (out - 1)
        return np.full(out, 0.5 * (start + end) * (n - 1))
    return call.refuse(f"coordinate_transformation_mode {mode!r}")


def _region(call: Call, axis: int) -> tuple[float, float]:
    roi = call.constant(1)
    if roi is None:
        call.refuse("tf_crop_and_resize without roi")
    rank = call.input(0).rank
    axes = [a % rank for a in call.attribute("axes", tuple(range(rank)))]
    if axis not in axes:
        return 0.0, 1.0
    flat = roi.reshape(-1)
    place = axes.index(axis)
    return float(flat[place]), float(flat[len(axes) + place])


def _axis(call: Call, value: Value, axis: int, out: int, scale: float) -> Axis:
    n = value.shape[axis]
    x = _coordinates(call, axis, n, out, scale)
    mode = call.attribute("mode", "nearest")
    if mode == "nearest":
        index, weight = _nearest(call, x)[:, None], np.ones((out, 1))
    elif mode in ("linear", "cubic"):
        index, weight = _filtered(call, x, mode, scale)
    else:
        call.refuse(f"mode {mode!r}")
    if call.attribute("exclude_outside", 0) and mode != "nearest":
        weight = np.where((index < 0) | (index >= n), 0.0, weight)
        weight = weight / weight.sum(1, keepdims=True)
    if call.attribute("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize":
        outside = (x < 0) | (x > n - 1)
        return replace(_merged(axis, np.clip(index, 0, n - 1), weight, n), outside=outside)
    return _merged(axis, np.clip(index, 0, n - 1), weight, n)


def _nearest(call: Call, x: Array) -> Array:
    mode = call.attribute("nearest_mode", "round_prefer_floor")
    if mode == "floor":
        return np.floor(x).astype(np.int64)
    if mode == "ceil":
        return np.ceil(x).astype(np.int64)
    if mode == "round_prefer_floor":
        return np.ceil(x - 0.5).astype(np.int64)
    if mode == "round_prefer_ceil":
        return np.floor(x + 0.5).astype(np.int64)
    return call.refuse(f"nearest_mode {mode!r}")


def _filtered(call: Call, x: Array, mode: str, scale: float) -> tuple[Array, Array]:
    """Taps of the linear or cubic filter; stretched by 1 / scale where antialiasing shrinks."""
    stretch = min(scale, 1.0) if call.attribute("antialias", 0) else 1.0
    support = (1.0 if mode == "linear" else 2.0) / stretch
    if stretch == 1.0:
        first = np.floor(x).astype(np.int64) - (0 if mode == "linear" else 1)
        taps = 2 if mode == "linear" else 4
    else:
        first = np.floor(x - support).astype(np.int64) + 1
        taps = math.ceil(2 * support)
    index = first[:, None] + np.arange(taps)
    distance = np.abs((index - x[:, None]) * stretch)
    if mode == "linear":
        weight = np.maximum(0.0, 1.0 - distance)
    else:
        weight = _cubic(distance, call.attribute("cubic_coeff_a", -0.75))
    return index, weight / weight.sum(1, keepdims=True)


def _cubic(d: Array, a: float) -> Array:
    """Keys' kernel."""
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def _merged(axis: int, index: Array, weight: Array, n: int) -> Axis:
    """The same sums with each input element named once per output element and as few taps as possible."""
    out = len(index)
    table = np.zeros((out, n))
    np.add.at(table, (np.arange(out)[:, None], index), weight)
    taps = max(1, int((table != 0).sum(1).max(initial=0)))
    order = np.argsort(table == 0, axis=1, kind="stable")[:, :taps]
    return Axis(axis, order, np.take_along_axis(table, order, 1))


def _is_identity(axis: Axis, n: int) -> bool:
    return bool(axis.index.shape == (n, 1) and np.array_equal(axis.index[:, 0], np.arange(n)))


def _gathered(call: Call, tensor: str, place: int, axis: Axis) -> str:
    total = ""
    rank = len(call.builder.shape(tensor))
    shape = [1] * rank
    shape[place] = len(axis.index)
    for tap in range(axis.index.shape[1]):
        indices = call.builder.constant(axis.index[:, tap].astype(np.int32), "indices")
        part = call.emit("Gather", tensor, indices, axis=place)
        weight = axis.weight[:, tap]
        if not np.all(weight == 1.0):
            wide = weight.astype(np.float32).reshape(shape[place:])
            part = call.emit("Mul", part, call.builder.constant(wide, "weights"))
        total = call.emit("Add", total, part) if total else part
    return total


def _native(call: Call, value: Value, axes: list[Axis], changed: list[Axis]):  # type: ignore[no-untyped-def]
    """ResizeNearest or ResizeBilinear, if one has the same taps on height and width."""
    if value.rank != 4 or any(a.axis < 2 for a in changed) or value.dtype != "float32" or not changed:
        return None
    if any(a.outside is not None and a.outside.any() for a in axes):
        return None
    nearest = call.attribute("mode", "nearest") == "nearest"
    size = call.output.shape[2:]
    for corners, half in ((False, False), (False, True), (True, False)):
        table = tflite_nearest if nearest else tflite_bilinear
        if all(_same(axes[a], table(a, value.shape[a], size[a - 2], corners, half), value.shape[a]) for a in (2, 3)):
            name = "ResizeNearest" if nearest else "ResizeBilinear"
            return make(name, size=tuple(size), align_corners=corners, half_pixel_centers=half)
    return None


def _same(a: Axis, b: Axis, n: int) -> bool:
    return bool(np.allclose(_dense(a, n), _dense(b, n), rtol=0, atol=1e-6))


def _dense(axis: Axis, n: int) -> Array:
    table = np.zeros((len(axis.index), n))
    np.add.at(table, (np.arange(len(axis.index))[:, None], axis.index), axis.weight)
    return table


def tflite_nearest(axis: int, n: int, out: int, corners: bool, half: bool) -> Axis:
    """Taps of RESIZE_NEAREST_NEIGHBOR, in float32 as it computes them."""
    scale = np.float32((n - 1) / (out - 1) if corners and out > 1 else n / out)
    x = (np.arange(out, dtype=np.float32) + np.float32(0.5 if half else 0.0)) * scale
    index = np.floor(x + np.float32(0.5)) if corners else np.floor(x)
    return _merged(axis, np.clip(index.astype(np.int64), 0, n - 1)[:, None], np.ones((out, 1)), n)


def tflite_bilinear(axis: int, n: int, out: int, corners: bool, half: bool) -> Axis:
    """Taps of RESIZE_BILINEAR."""
    scale = (n - 1) / (out - 1) if corners and out > 1 else n / out
    i = np.arange(out)
    x = (i + 0.5) * scale - 0.5 if half else i * scale
    low = np.floor(x)
    index = np.stack([low, low + 1], 1).astype(np.int64)
    weight = np.stack([1 - (x - low), x - low], 1)
    return _merged(axis, np.clip(index, 0, n - 1), weight, n)
