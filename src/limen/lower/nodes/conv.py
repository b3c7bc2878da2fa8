"""ONNX Conv with one or two spatial axes: Conv2D, grouped Conv2D or DepthwiseConv2D."""

from __future__ import annotations

import numpy as np

from limen.lower.builder import Value
from limen.lower.call import Call, Lowering
from limen.lower.window import Window, bind_plane, padding, plane, two, window


def lower(call: Call) -> None:
    x, w = call.input(0), call.input(1)
    if x.rank not in (3, 4) or w.rank != x.rank:
        call.refuse(f"{x.rank - 2} spatial axes")
    group = call.attribute("group", 1)
    if x.shape[1] != w.shape[1] * group or w.shape[0] % group:
        call.refuse(f"weights {list(w.shape)} in {group} groups do not fit input {list(x.shape)}")
    geometry = window(call, x.shape[2:], w.shape[2:])
    data = plane(call, x)
    bias = call.optional(2)
    operands = [data, _weights(call, w, group == x.shape[1] and group > 1)]
    if bias is not None:
        operands.append(call.builder.get(bias))
    name = "DepthwiseConv2D" if group == x.shape[1] and group > 1 else "Conv2D"
    bind_plane(call, call.emit(name, *operands, **settings(geometry)))


def settings(w: Window) -> dict[str, object]:
    """Attributes of Conv2D and DepthwiseConv2D."""
    return {"stride": two(w.stride, 1), "dilation": two(w.dilation, 1), "padding": padding(w)}


def _weights(call: Call, w: Value, depthwise: bool) -> str:
    order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
    if w.rank == 4:
        return call.builder.get(w, order)
    wide = (*w.shape[:2], 1, w.shape[2])
    if w.constant is not None:
        array = np.transpose(w.constant.reshape(wide), order)
        return call.builder.constant(array, w.name)
    return call.builder.get(call.temporary(call.emit("Reshape", call.builder.get(w), shape=wide), wide), order)


LOWERING = Lowering("Conv", lower, "channels_last")
