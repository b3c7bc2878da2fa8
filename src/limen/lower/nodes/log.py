"""ONNX Log."""

from limen.lower.elementwise import unary

LOWERING = unary("Log", "Log")
