"""ONNX LayerNormalization over the last axes; its mean and inverse deviation too where they are read."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.normalise import moments, per_element


def lower(call: Call) -> None:
    value = call.input(0)
    axis = call.axis(-1, value.rank)
    tensor, layout = call.unary(value)
    places = tuple(sorted(layout.index(a) for a in range(axis, value.rank)))
    mean, factor = moments(call, tensor, places, call.attribute("epsilon", 1e-5))
    result = call.emit("Mul", call.emit("Sub", tensor, mean), factor)
    result = per_element(call, "Mul", result, layout, call.optional(1))
    call.bind(per_element(call, "Add", result, layout, call.optional(2)), layout)
    for output, statistic in zip(call.outputs[1:], (mean, factor), strict=False):
        if output is not None:
            call.builder.bind(output, statistic, layout)


LOWERING = Lowering("LayerNormalization", lower, "any")
