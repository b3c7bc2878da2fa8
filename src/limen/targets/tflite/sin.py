"""Sin as SIN."""

from limen.targets.tflite._emit import plain

EMIT = plain("Sin", "SIN")
