"""LogicalNot as LOGICAL_NOT."""

from limen.targets.tflite._emit import plain

EMIT = plain("LogicalNot", "LOGICAL_NOT", "LogicalNotOptions")
