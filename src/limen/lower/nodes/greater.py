"""ONNX Greater."""

from limen.lower.elementwise import binary

LOWERING = binary("Greater", "Greater")
