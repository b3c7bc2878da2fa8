"""Target tflite: a Program as a .tflite file for LiteRT, TFLite Micro and everything else that reads it."""

from limen.targets.tflite._legalize import legalize
from limen.targets.tflite._writer import write as write_legal
from limen.program import Program


def write(program: Program) -> bytes:
    return write_legal(legalize(program))
