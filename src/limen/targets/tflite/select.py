"""Select as SELECT_V2."""

from limen.targets.tflite._emit import plain

EMIT = plain("Select", "SELECT_V2", "SelectV2Options")
