"""ONNX RMSNormalization."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.normalise import per_element


def lower(call: Call) -> None:
    value = call.input(0)
    axis = call.axis(-1, value.rank)
    tensor, layout = call.unary(value)
    places = tuple(sorted(layout.index(a) for a in range(axis, value.rank)))
    mean = call.emit("Mean", call.emit("Square", tensor), axes=places, keep_dims=True)
    root = call.emit("Rsqrt", call.emit("Add", mean, call.scalar(call.attribute("epsilon", 1e-5), tensor)))
    call.bind(per_element(call, "Mul", call.emit("Mul", tensor, root), layout, call.optional(1)), layout)


LOWERING = Lowering("RMSNormalization", lower, "any")
