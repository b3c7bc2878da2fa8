"""ONNX Identity."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value = call.input(0)
    if value.constant is not None:
        call.bind(call.builder.get(value))
        return
    call.builder.layout(value)
    for held, tensor in value.held.items():
        call.builder.bind(call.output, tensor, held)


LOWERING = Lowering("Identity", lower, "any")
