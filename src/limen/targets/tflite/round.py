"""Round as ROUND."""

from limen.targets.tflite._emit import plain

EMIT = plain("Round", "ROUND")
