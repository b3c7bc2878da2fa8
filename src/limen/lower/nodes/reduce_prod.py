"""ONNX ReduceProd."""

from limen.lower.reduction import reduction

LOWERING = reduction("ReduceProd", "ReduceProd")
