"""ONNX CastLike."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value, like = call.input(0), call.input(1)
    tensor, layout = call.unary(value)
    if value.dtype == like.dtype:
        call.bind(call.emit("Reshape", tensor, shape=call.builder.shape(tensor)), layout)
    else:
        call.bind(call.emit("Cast", tensor, dtype=like.dtype), layout)


LOWERING = Lowering("CastLike", lower, "any")
