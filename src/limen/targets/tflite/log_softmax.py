"""LogSoftmax as LOG_SOFTMAX."""

from limen.targets.tflite._emit import plain

EMIT = plain("LogSoftmax", "LOG_SOFTMAX", "LogSoftmaxOptions", int8=2)
