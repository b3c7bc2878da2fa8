"""Exp as EXP."""

from limen.targets.tflite._emit import plain

EMIT = plain("Exp", "EXP", "ExpOptions", int8=2, int16=2)
