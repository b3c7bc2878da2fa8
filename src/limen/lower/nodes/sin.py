"""ONNX Sin."""

from limen.lower.elementwise import unary

LOWERING = unary("Sin", "Sin")
