"""Maximum as MAXIMUM."""

from limen.targets.tflite._emit import plain

EMIT = plain("Maximum", "MAXIMUM", "MaximumMinimumOptions", int8=2, int16=4)
