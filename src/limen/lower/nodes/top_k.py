"""ONNX TopK."""

from __future__ import annotations

from limen.lower.builder import make
from limen.lower.call import Call, Lowering
from limen.lower.layout import with_last


def lower(call: Call) -> None:
    value = call.input(0)
    axis = call.axis(-1, value.rank)
    k = (call.integers(1) or (1,))[0]
    layout = call.builder.layout(value)
    layout = layout if layout[-1] == axis else with_last(layout, axis)
    tensor = call.builder.get(value, layout)
    smallest = not call.attribute("largest", 1)
    source = call.emit("Neg", tensor) if smallest else tensor
    values, indices = call.builder.emit_many(make("TopK", k=k), source)
    if smallest:
        values = call.emit("Neg", values)
    for output, result in zip(call.outputs, (values, indices), strict=False):
        if output is None:
            continue
        if output.dtype != call.builder.tensors[result].dtype:
            result = call.emit("Cast", result, dtype=output.dtype)
        call.builder.bind(output, result, layout)


LOWERING = Lowering("TopK", lower, "any")
