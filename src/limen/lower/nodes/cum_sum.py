"""ONNX CumSum."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value = call.input(0)
    axis = (call.integers(1) or (0,))[0] % value.rank
    tensor, layout = call.unary(value)
    settings = {"exclusive": bool(call.attribute("exclusive", 0)), "reverse": bool(call.attribute("reverse", 0))}
    call.bind(call.emit("CumSum", tensor, axis=layout.index(axis), **settings), layout)


LOWERING = Lowering("CumSum", lower, "any")
