"""ONNX MaxPool."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.pooling import max_pool


def lower(call: Call) -> None:
    call.only_first_output()
    max_pool(call, call.input(0))


LOWERING = Lowering("MaxPool", lower, "channels_last")
