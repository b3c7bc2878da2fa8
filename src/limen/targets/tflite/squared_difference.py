"""SquaredDifference as SQUARED_DIFFERENCE."""

from limen.targets.tflite._emit import plain

EMIT = plain("SquaredDifference", "SQUARED_DIFFERENCE", "SquaredDifferenceOptions", int8=2)
