"""LogicalOr as LOGICAL_OR."""

from limen.targets.tflite._emit import plain

EMIT = plain("LogicalOr", "LOGICAL_OR", "LogicalOrOptions")
