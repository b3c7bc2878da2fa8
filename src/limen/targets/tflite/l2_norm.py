"""L2Norm as L2_NORMALIZATION."""

from limen.targets.tflite._emit import elementwise

EMIT = elementwise("L2Norm", "L2_NORMALIZATION", "L2NormOptions", int8=2)
