"""ONNX PRelu."""

from limen.lower.elementwise import binary

LOWERING = binary("PRelu", "PRelu")
