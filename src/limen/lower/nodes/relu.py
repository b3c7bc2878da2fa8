"""ONNX Relu."""

from limen.lower.elementwise import unary

LOWERING = unary("Relu", "Relu")
