"""ONNX Not."""

from limen.lower.elementwise import unary

LOWERING = unary("Not", "LogicalNot")
