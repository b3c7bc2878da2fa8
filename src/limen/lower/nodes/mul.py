"""ONNX Mul."""

from limen.lower.elementwise import binary

LOWERING = binary("Mul", "Mul")
