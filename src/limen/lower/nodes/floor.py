"""ONNX Floor."""

from limen.lower.elementwise import unary

LOWERING = unary("Floor", "Floor")
