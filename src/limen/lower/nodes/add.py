"""ONNX Add."""

from limen.lower.elementwise import binary

LOWERING = binary("Add", "Add")
