"""Relu0To1 as RELU_0_TO_1."""

from limen.targets.tflite._emit import plain

EMIT = plain("Relu0To1", "RELU_0_TO_1")
