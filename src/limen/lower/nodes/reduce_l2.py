"""ONNX ReduceL2."""

from limen.lower.reduction import reduction

LOWERING = reduction("ReduceL2", "Sum", before="Square", after="Sqrt")
