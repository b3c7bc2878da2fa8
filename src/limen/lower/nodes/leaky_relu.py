"""ONNX LeakyRelu."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, tensor: str) -> str:
    return call.emit("LeakyRelu", tensor, alpha=call.attribute("alpha", 0.01))


LOWERING = computed("LeakyRelu", _emit)
