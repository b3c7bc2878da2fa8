"""ONNX QuantizeLinear."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.quantised import parameters, tagged


def lower(call: Call) -> None:
    value = call.input(0)
    quant = parameters(call, call.output)
    if quant.axis is not None:
        call.refuse("scales per axis of a computed value")
    tensor, layout = call.unary(value)
    code = call.emit("Quantize", tensor, dtype=call.output.dtype)
    call.bind(tagged(call, code, quant), layout)


LOWERING = Lowering("QuantizeLinear", lower, "any")
