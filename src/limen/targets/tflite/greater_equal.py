"""GreaterEqual as GREATER_EQUAL."""

from limen.targets.tflite._emit import plain

EMIT = plain("GreaterEqual", "GREATER_EQUAL", "GreaterEqualOptions", int8=2, int16=3)
