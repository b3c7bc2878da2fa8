"""ONNX Equal."""

from limen.lower.elementwise import binary

LOWERING = binary("Equal", "Equal")
