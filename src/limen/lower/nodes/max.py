"""ONNX Max."""

from limen.lower.elementwise import variadic

LOWERING = variadic("Max", "Maximum")
