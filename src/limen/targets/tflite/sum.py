"""Sum as SUM."""

from limen.targets.tflite._emit import reduction

EMIT = reduction("Sum", "SUM", int8=2)
