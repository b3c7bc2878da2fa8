"""ONNX Cos."""

from limen.lower.elementwise import unary

LOWERING = unary("Cos", "Cos")
