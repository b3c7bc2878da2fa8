"""ONNX Neg."""

from limen.lower.elementwise import unary

LOWERING = unary("Neg", "Neg")
