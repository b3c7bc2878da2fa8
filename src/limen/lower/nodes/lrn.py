"""ONNX LRN."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.layout import channels_last


def lower(call: Call) -> None:
    value = call.input(0)
    size = call.attribute("size", 1)
    alpha, beta, bias = call.attribute("alpha", 1e-4), call.attribute("beta", 0.75), call.attribute("bias", 1.0)
    layout = channels_last(value.rank)
    tensor = call.builder.get(value, layout)
    paddings = (*[(0, 0)] * (value.rank - 1), ((size - 1) // 2, size // 2))
    square = call.emit("Pad", call.emit("Square", tensor), paddings=paddings)
    shape = call.builder.shape(tensor)
    total = ""
    for shift in range(size):
        part = call.emit("Slice", square, begin=(*[0] * (value.rank - 1), shift), size=shape)
        total = call.emit("Add", total, part) if total else part
    base = call.emit("Add", call.emit("Mul", total, call.scalar(alpha / size, tensor)), call.scalar(bias, tensor))
    call.bind(call.emit("Mul", tensor, call.emit("Pow", base, call.scalar(-beta, tensor))), layout)


LOWERING = Lowering("LRN", lower, "channels_last")
