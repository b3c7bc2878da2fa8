"""ONNX ReduceSumSquare."""

from limen.lower.reduction import reduction

LOWERING = reduction("ReduceSumSquare", "Sum", before="Square")
