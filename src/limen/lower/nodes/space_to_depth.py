"""ONNX SpaceToDepth."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.layout import channels_last


def lower(call: Call) -> None:
    block = call.attribute("blocksize", 1)
    tensor = call.emit("SpaceToDepth", call.builder.get(call.input(0), channels_last(4)), block=block)
    if call.attribute("mode", "DCR") == "CRD":
        n, h, w, c = call.builder.shape(tensor)
        split = call.emit("Reshape", tensor, shape=(n * h * w, block * block, c // (block * block)))
        tensor = call.emit("Reshape", call.emit("Transpose", split, permutation=(0, 2, 1)), shape=(n, h, w, c))
    call.bind(tensor, channels_last(4))


LOWERING = Lowering("SpaceToDepth", lower, "channels_last")
