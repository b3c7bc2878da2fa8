"""ONNX GlobalMaxPool."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.reduction import emit_reduction


def lower(call: Call) -> None:
    value = call.input(0)
    emit_reduction(call, "ReduceMax", value, tuple(range(2, value.rank)), keep=True)


LOWERING = Lowering("GlobalMaxPool", lower, "any")
