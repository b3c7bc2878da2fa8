"""Div as DIV."""

from limen.targets.tflite._emit import elementwise

EMIT = elementwise("Div", "DIV", "DivOptions")
