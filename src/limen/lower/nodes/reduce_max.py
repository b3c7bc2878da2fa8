"""ONNX ReduceMax."""

from limen.lower.reduction import reduction

LOWERING = reduction("ReduceMax", "ReduceMax")
