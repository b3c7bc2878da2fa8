"""ONNX Pad."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering
from limen.lower.layout import Layout


def lower(call: Call) -> None:
    value = call.input(0)
    pads, mode = call.integers(1) or (), call.attribute("mode", "constant")
    axes = tuple(a % value.rank for a in call.integers(3) or range(value.rank))
    before, after = [0] * value.rank, [0] * value.rank
    for place, axis in enumerate(axes):
        before[axis], after[axis] = pads[place], pads[len(axes) + place]
    tensor, layout = call.unary(value)
    begin = [max(0, -b) for b in before]
    size = [n - b - max(0, -a) for n, b, a in zip(value.shape, begin, after, strict=True)]
    if tuple(size) != value.shape:
        crop = {"begin": tuple(begin[a] for a in layout), "size": tuple(size[a] for a in layout)}
        tensor = call.emit("Slice", tensor, **crop)
    paddings = tuple((max(0, before[a]), max(0, after[a])) for a in layout)
    call.bind(_padded(call, tensor, paddings, mode, layout), layout)


def _padded(call: Call, tensor: str, paddings: tuple[tuple[int, int], ...], mode: str, layout: Layout) -> str:
    del layout
    if not any(map(any, paddings)):
        return tensor
    if mode == "constant":
        fill = call.constant(2)
        number = 0.0 if fill is None or fill.size == 0 else fill.reshape(-1)[0]
        if number == 0:
            return call.emit("Pad", tensor, paddings=paddings)
        return call.emit("PadV2", tensor, call.scalar(number, tensor), paddings=paddings)
    shape = call.builder.shape(tensor)
    if mode == "reflect" and all(max(p) < n for p, n in zip(paddings, shape, strict=True)):
        return call.emit("MirrorPad", tensor, paddings=paddings, mode="reflect")
    modes = {"reflect": "reflect", "edge": "edge", "wrap": "wrap"}
    if mode not in modes:
        call.refuse(f"mode {mode!r}")
    for axis, (left, right) in enumerate(paddings):
        if left or right:
            index = np.pad(np.arange(shape[axis], dtype=np.int32), (left, right), modes[mode])  # type: ignore[call-overload]
            tensor = call.emit("Gather", tensor, call.builder.constant(index), axis=axis)
    return tensor


LOWERING = Lowering("Pad", lower, "any")
