"""ONNX Sub."""

from limen.lower.elementwise import binary

LOWERING = binary("Sub", "Sub")
