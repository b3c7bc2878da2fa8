"""Less as LESS."""

from limen.targets.tflite._emit import plain

EMIT = plain("Less", "LESS", "LessOptions", int8=2, int16=3)
