"""NotEqual as NOT_EQUAL."""

from limen.targets.tflite._emit import plain

EMIT = plain("NotEqual", "NOT_EQUAL", "NotEqualOptions", int8=2, int16=4)
