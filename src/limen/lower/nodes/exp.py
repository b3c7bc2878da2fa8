"""ONNX Exp."""

from limen.lower.elementwise import unary

LOWERING = unary("Exp", "Exp")
