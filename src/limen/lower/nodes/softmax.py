"""ONNX Softmax."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.layout import with_last


def lower(call: Call) -> None:
    value = call.input(0)
    axis = call.axis(-1, value.rank)
    layout = call.builder.layout(value)
    layout = layout if layout[-1] == axis else with_last(layout, axis)
    call.bind(call.emit("Softmax", call.builder.get(value, layout)), layout)


LOWERING = Lowering("Softmax", lower, "any")
