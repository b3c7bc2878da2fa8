"""ReduceMin as REDUCE_MIN."""

from limen.targets.tflite._emit import reduction

EMIT = reduction("ReduceMin", "REDUCE_MIN", int8=2, int16=3)
