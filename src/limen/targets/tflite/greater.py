"""Greater as GREATER."""

from limen.targets.tflite._emit import plain

EMIT = plain("Greater", "GREATER", "GreaterOptions", int8=2)
