"""ONNX Or."""

from limen.lower.elementwise import binary

LOWERING = binary("Or", "LogicalOr")
