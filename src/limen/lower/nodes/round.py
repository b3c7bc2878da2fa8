"""ONNX Round."""

from limen.lower.elementwise import unary

LOWERING = unary("Round", "Round")
