"""ONNX Sqrt."""

from limen.lower.elementwise import unary

LOWERING = unary("Sqrt", "Sqrt")
