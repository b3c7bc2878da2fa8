"""LogicalAnd as LOGICAL_AND."""

from limen.targets.tflite._emit import plain

EMIT = plain("LogicalAnd", "LOGICAL_AND", "LogicalAndOptions")
