"""ONNX MeanVarianceNormalization."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.normalise import normalised


def lower(call: Call) -> None:
    value = call.input(0)
    axes = call.axes(call.attribute("axes", (0, 2, 3)), value.rank)
    call.bind(*normalised(call, value, axes, 1e-9))


LOWERING = Lowering("MeanVarianceNormalization", lower, "any")
