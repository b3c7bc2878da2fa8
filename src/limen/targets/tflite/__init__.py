"""Target tflite: a Program as a .tflite file for LiteRT, TFLite Micro and everything else that reads it."""

from limen.targets.tflite._target import TARGET, write

__all__ = ["TARGET", "write"]
