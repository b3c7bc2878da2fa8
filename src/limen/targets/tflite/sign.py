"""Sign as SIGN."""

from limen.targets.tflite._emit import plain

EMIT = plain("Sign", "SIGN", "SignOptions", int32=2)
