"""ONNX Compress."""

from __future__ import annotations

import math

import numpy as np

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value, condition = call.input(0), call.constant(1)
    assert condition is not None
    places = np.flatnonzero(condition.reshape(-1)).astype(np.int32)
    if "axis" not in call.node.attributes:
        flat = call.emit("Reshape", call.builder.get(value), shape=(math.prod(value.shape),))
        call.bind(call.emit("Gather", flat, call.builder.constant(places, "indices"), axis=0))
        return
    tensor, layout = call.unary(value)
    place = layout.index(call.axis(0, value.rank))
    call.bind(call.emit("Gather", tensor, call.builder.constant(places, "indices"), axis=place), layout)


LOWERING = Lowering("Compress", lower, "any")
