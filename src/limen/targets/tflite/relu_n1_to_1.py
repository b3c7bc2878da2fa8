"""ReluN1To1 as RELU_N1_TO_1."""

from limen.targets.tflite._emit import plain

EMIT = plain("ReluN1To1", "RELU_N1_TO_1")
