"""Sqrt as SQRT."""

from limen.targets.tflite._emit import plain

EMIT = plain("Sqrt", "SQRT", int8=2, int16=2)
