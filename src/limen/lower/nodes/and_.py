"""ONNX And."""

from limen.lower.elementwise import binary

LOWERING = binary("And", "LogicalAnd")
