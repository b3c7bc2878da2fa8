"""ONNX Sum."""

from limen.lower.elementwise import variadic

LOWERING = variadic("Sum", "Add")
