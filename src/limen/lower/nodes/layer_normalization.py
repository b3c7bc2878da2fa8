"""ONNX LayerNormalization."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.normalise import normalised, per_element


def lower(call: Call) -> None:
    call.only_first_output()
    value = call.input(0)
    axis = call.axis(-1, value.rank)
    axes = tuple(range(axis, value.rank))
    tensor, layout = normalised(call, value, axes, call.attribute("epsilon", 1e-5))
    tensor = per_element(call, "Mul", tensor, layout, call.optional(1))
    call.bind(per_element(call, "Add", tensor, layout, call.optional(2)), layout)


LOWERING = Lowering("LayerNormalization", lower, "any")
