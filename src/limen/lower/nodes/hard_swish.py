"""ONNX HardSwish."""

from limen.lower.elementwise import unary

LOWERING = unary("HardSwish", "HardSwish")
