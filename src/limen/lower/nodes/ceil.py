"""ONNX Ceil."""

from limen.lower.elementwise import unary

LOWERING = unary("Ceil", "Ceil")
