"""ONNX IsInf."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    tensor, layout = call.unary(call.input(0))
    up, down = call.attribute("detect_positive", 1), call.attribute("detect_negative", 1)
    probe = tensor if up and not down else call.emit("Neg", tensor) if down and not up else call.emit("Abs", tensor)
    limit = float("inf") if up or down else float("nan")
    call.bind(call.emit("Equal", probe, call.scalar(limit, tensor)), layout)


LOWERING = Lowering("IsInf", lower, "any")
