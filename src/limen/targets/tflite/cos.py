"""Cos as COS."""

from limen.targets.tflite._emit import plain

EMIT = plain("Cos", "COS", "CosOptions")
