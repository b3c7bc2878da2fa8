"""FloorDiv as FLOOR_DIV."""

from limen.targets.tflite._emit import plain

EMIT = plain("FloorDiv", "FLOOR_DIV", "FloorDivOptions", float32=2, int8=3, int16=3)
