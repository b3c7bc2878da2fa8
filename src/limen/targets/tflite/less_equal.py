"""LessEqual as LESS_EQUAL."""

from limen.targets.tflite._emit import plain

EMIT = plain("LessEqual", "LESS_EQUAL", "LessEqualOptions", int8=2)
