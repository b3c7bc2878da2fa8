"""Floor as FLOOR."""

from limen.targets.tflite._emit import plain

EMIT = plain("Floor", "FLOOR")
