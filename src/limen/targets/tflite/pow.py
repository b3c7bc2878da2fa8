"""Pow as POW."""

from limen.targets.tflite._emit import plain

EMIT = plain("Pow", "POW", "PowOptions")
