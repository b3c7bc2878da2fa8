"""ONNX ThresholdedRelu."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    above = call.emit("Greater", x, call.scalar(call.attribute("alpha", 1.0), x))
    return call.emit("Select", above, x, call.scalar(0.0, x))


LOWERING = computed("ThresholdedRelu", _emit)
