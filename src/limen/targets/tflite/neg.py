"""Neg as NEG."""

from limen.targets.tflite._emit import plain

EMIT = plain("Neg", "NEG", "NegOptions")
