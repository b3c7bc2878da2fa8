"""Minimum as MINIMUM."""

from limen.targets.tflite._emit import plain

EMIT = plain("Minimum", "MINIMUM", "MaximumMinimumOptions", int8=2, int16=4)
