"""ONNX DequantizeLinear."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering
from limen.lower.quantised import dequantised, parameters, tagged


def lower(call: Call) -> None:
    value = call.input(0)
    quant = parameters(call, value)
    if value.constant is not None:
        real = dequantised(value.constant, quant)
        call.output.constant = np.asarray(real, np.float32)
        return
    tensor, layout = call.unary(value)
    call.bind(call.emit("Dequantize", tagged(call, tensor, quant)), layout)


LOWERING = Lowering("DequantizeLinear", lower, "any")
