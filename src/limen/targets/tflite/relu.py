"""Relu as RELU."""

from limen.targets.tflite._emit import plain

EMIT = plain("Relu", "RELU", int8=2, uint8=2, int16=3)
