"""FloorMod as FLOOR_MOD."""

from limen.targets.tflite._emit import plain

EMIT = plain("FloorMod", "FLOOR_MOD", "FloorModOptions", int8=2, int16=2)
