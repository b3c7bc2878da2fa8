"""Square as SQUARE."""

from limen.targets.tflite._emit import plain

EMIT = plain("Square", "SQUARE", "SquareOptions")
