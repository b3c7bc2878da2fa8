"""ONNX LpPool."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.pooling import lp_pool


def lower(call: Call) -> None:
    lp_pool(call, call.input(0))


LOWERING = Lowering("LpPool", lower, "channels_last")
