"""ONNX LessOrEqual."""

from limen.lower.elementwise import binary

LOWERING = binary("LessOrEqual", "LessEqual")
