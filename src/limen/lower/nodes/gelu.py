"""ONNX Gelu."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    return call.emit("Gelu", x, approximate=call.attribute("approximate", "none") == "tanh")


LOWERING = computed("Gelu", _emit)
