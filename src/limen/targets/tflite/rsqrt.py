"""Rsqrt as RSQRT."""

from limen.targets.tflite._emit import plain

EMIT = plain("Rsqrt", "RSQRT", int8=2, int16=3)
