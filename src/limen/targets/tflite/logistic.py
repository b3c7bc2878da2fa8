"""Logistic as LOGISTIC."""

from limen.targets.tflite._emit import plain

EMIT = plain("Logistic", "LOGISTIC", int8=2, int16=3)
