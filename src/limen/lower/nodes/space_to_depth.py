"""ONNX SpaceToDepth."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.layout import channels_last


def lower(call: Call) -> None:
    tensor = call.builder.get(call.input(0), channels_last(4))
    call.bind(call.emit("SpaceToDepth", tensor, block=call.attribute("blocksize", 1)), channels_last(4))


LOWERING = Lowering("SpaceToDepth", lower, "channels_last")
