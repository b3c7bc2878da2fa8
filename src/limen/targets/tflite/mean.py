"""Mean as MEAN."""

from limen.targets.tflite._emit import reduction

EMIT = reduction("Mean", "MEAN", int8=2, int16=3)
