"""ONNX Concat."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.elementwise import common_layout


def lower(call: Call) -> None:
    values = [v for v in call.inputs if v is not None]
    axis = call.axis(0, call.output.rank)
    parts = [v for v in values if 0 not in v.shape] or values[:1]
    layout = common_layout(call, parts, call.output.shape)
    tensors = [call.builder.get(v, layout) for v in parts]
    if len(tensors) == 1:
        call.bind(tensors[0], layout)
        return
    call.bind(call.emit("Concatenation", *tensors, axis=layout.index(axis)), layout)


LOWERING = Lowering("Concat", lower, "any")
