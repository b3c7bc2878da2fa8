"""ONNX ArgMax."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.reduction import arg_extreme


def lower(call: Call) -> None:
    arg_extreme(call, "ArgMax")


LOWERING = Lowering("ArgMax", lower, "any")
