"""ONNX Sign."""

from limen.lower.elementwise import unary

LOWERING = unary("Sign", "Sign")
