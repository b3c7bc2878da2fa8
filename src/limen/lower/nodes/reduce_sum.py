"""ONNX ReduceSum."""

from limen.lower.reduction import reduction

LOWERING = reduction("ReduceSum", "Sum")
