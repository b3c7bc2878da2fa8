"""ONNX GreaterOrEqual."""

from limen.lower.elementwise import binary

LOWERING = binary("GreaterOrEqual", "GreaterEqual")
