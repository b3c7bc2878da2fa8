"""ONNX AveragePool."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.pooling import average_pool


def lower(call: Call) -> None:
    average_pool(call, call.input(0), bool(call.attribute("count_include_pad", 0)))


LOWERING = Lowering("AveragePool", lower, "channels_last")
