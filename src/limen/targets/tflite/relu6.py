"""Relu6 as RELU6."""

from limen.targets.tflite._emit import plain

EMIT = plain("Relu6", "RELU6", int8=2, int16=3)
