"""GatherNd as GATHER_ND."""

from limen.targets.tflite._emit import plain

EMIT = plain("GatherNd", "GATHER_ND", "GatherNdOptions", int16=3, bool=5)
