"""Equal as EQUAL."""

from limen.targets.tflite._emit import plain

EMIT = plain("Equal", "EQUAL", "EqualOptions", int8=2, int16=5)
