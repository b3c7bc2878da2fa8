"""ONNX Less."""

from limen.lower.elementwise import binary

LOWERING = binary("Less", "Less")
