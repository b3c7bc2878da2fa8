"""Tanh as TANH."""

from limen.targets.tflite._emit import plain

EMIT = plain("Tanh", "TANH", int8=2, int16=3)
