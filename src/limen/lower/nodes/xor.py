"""ONNX Xor."""

from limen.lower.elementwise import binary

LOWERING = binary("Xor", "NotEqual")
