"""ONNX Sigmoid."""

from limen.lower.elementwise import unary

LOWERING = unary("Sigmoid", "Logistic")
