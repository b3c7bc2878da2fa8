"""ReduceMax as REDUCE_MAX."""

from limen.targets.tflite._emit import reduction

EMIT = reduction("ReduceMax", "REDUCE_MAX", int8=2, int16=3)
