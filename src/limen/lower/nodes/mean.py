"""ONNX Mean."""

from __future__ import annotations

import numpy as np

from limen.lower.builder import make
from limen.lower.call import Call, Lowering
from limen.lower.elementwise import combine


def lower(call: Call) -> None:
    values = [v for v in call.inputs if v is not None]
    total = values[0]
    for value in values[1:]:
        shape = np.broadcast_shapes(total.shape, value.shape)
        tensor, layout = combine(call, make("Add"), [total, value])
        total = call.temporary(tensor, shape, layout)
    tensor, layout = call.unary(total)
    call.bind(call.emit("Mul", tensor, call.scalar(1.0 / len(values), tensor)), layout)


LOWERING = Lowering("Mean", lower, "any")
