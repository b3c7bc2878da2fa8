"""Ceil as CEIL."""

from limen.targets.tflite._emit import plain

EMIT = plain("Ceil", "CEIL")
