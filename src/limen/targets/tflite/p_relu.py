"""PRelu as PRELU."""

from limen.targets.tflite._emit import plain

EMIT = plain("PRelu", "PRELU")
