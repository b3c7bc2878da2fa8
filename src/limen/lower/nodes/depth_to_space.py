"""ONNX DepthToSpace."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.layout import channels_last


def lower(call: Call) -> None:
    value, block = call.input(0), call.attribute("blocksize", 1)
    layout = channels_last(4)
    tensor = call.builder.get(value, layout)
    if call.attribute("mode", "DCR") == "CRD":
        n, h, w, c = call.builder.shape(tensor)
        depth = c // (block * block)
        split = call.emit("Reshape", tensor, shape=(n * h * w, depth, block * block))
        swapped = call.emit("Transpose", split, permutation=(0, 2, 1))
        tensor = call.emit("Reshape", swapped, shape=(n, h, w, c))
    call.bind(call.emit("DepthToSpace", tensor, block=block), layout)


LOWERING = Lowering("DepthToSpace", lower, "channels_last")
