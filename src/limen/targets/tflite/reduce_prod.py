"""ReduceProd as REDUCE_PROD."""

from limen.targets.tflite._emit import reduction

EMIT = reduction("ReduceProd", "REDUCE_PROD", int8=2, int16=2)
