"""ONNX LpNormalization."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value = call.input(0)
    axis, power = call.axis(-1, value.rank), call.attribute("p", 2)
    tensor, layout = call.unary(value)
    place = layout.index(axis)
    size = call.emit("Abs" if power == 1 else "Square", tensor)
    total = call.emit("Sum", size, axes=(place,), keep_dims=True)
    norm = total if power == 1 else call.emit("Sqrt", total)
    call.bind(call.emit("Div", tensor, call.emit("Maximum", norm, call.scalar(1e-30, tensor))), layout)


LOWERING = Lowering("LpNormalization", lower, "any")
