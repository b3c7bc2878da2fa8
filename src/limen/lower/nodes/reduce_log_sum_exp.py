"""ONNX ReduceLogSumExp."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.reduction import log_sum_exp


def lower(call: Call) -> None:
    log_sum_exp(call)


LOWERING = Lowering("ReduceLogSumExp", lower, "any")
