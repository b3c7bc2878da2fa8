"""Elu as ELU."""

from limen.targets.tflite._emit import plain

EMIT = plain("Elu", "ELU")
