"""ONNX Hardmax."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value = call.input(0)
    axis = call.axis(-1, value.rank)
    tensor, layout = call.unary(value)
    place = layout.index(axis)
    index = call.emit("ArgMax", tensor, axis=place, dtype="int32")
    on, off = call.scalar(1.0, tensor), call.scalar(0.0, tensor)
    call.bind(call.emit("OneHot", index, on, off, axis=place, depth=value.shape[axis]), layout)


LOWERING = Lowering("Hardmax", lower, "any")
