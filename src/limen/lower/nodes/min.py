"""ONNX Min."""

from limen.lower.elementwise import variadic

LOWERING = variadic("Min", "Minimum")
