"""ONNX IsNaN."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    tensor, layout = call.unary(call.input(0))
    call.bind(call.emit("NotEqual", tensor, tensor), layout)


LOWERING = Lowering("IsNaN", lower, "any")
