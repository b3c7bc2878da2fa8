"""ONNX ReduceMean."""

from limen.lower.reduction import reduction

LOWERING = reduction("ReduceMean", "Mean")
