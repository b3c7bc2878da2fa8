"""HardSwish as HARD_SWISH."""

from limen.targets.tflite._emit import plain

EMIT = plain("HardSwish", "HARD_SWISH", "HardSwishOptions")
