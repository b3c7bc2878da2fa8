"""ONNX Selu."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed, scaled_elu


def _emit(call: Call, x: str) -> str:
    alpha = call.attribute("alpha", 1.67326319217681884765625)
    return scaled_elu(call, x, alpha, call.attribute("gamma", 1.05070102214813232421875))


LOWERING = computed("Selu", _emit)
