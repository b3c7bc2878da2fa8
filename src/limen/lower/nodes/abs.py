"""ONNX Abs."""

from limen.lower.elementwise import unary

LOWERING = unary("Abs", "Abs")
