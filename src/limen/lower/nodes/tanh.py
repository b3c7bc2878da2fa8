"""ONNX Tanh."""

from limen.lower.elementwise import unary

LOWERING = unary("Tanh", "Tanh")
