"""ONNX ReduceMin."""

from limen.lower.reduction import reduction

LOWERING = reduction("ReduceMin", "ReduceMin")
