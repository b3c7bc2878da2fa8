"""ONNX ReduceLogSum."""

from limen.lower.reduction import reduction

LOWERING = reduction("ReduceLogSum", "Sum", after="Log")
