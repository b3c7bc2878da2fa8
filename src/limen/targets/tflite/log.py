"""Log as LOG."""

from limen.targets.tflite._emit import plain

EMIT = plain("Log", "LOG", int8=2, int16=2)
