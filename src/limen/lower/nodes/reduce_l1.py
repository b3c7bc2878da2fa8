"""ONNX ReduceL1."""

from limen.lower.reduction import reduction

LOWERING = reduction("ReduceL1", "Sum", before="Abs")
