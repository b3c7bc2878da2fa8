"""ONNX Where."""

from __future__ import annotations

from limen.lower.builder import make
from limen.lower.call import Call, Lowering
from limen.lower.elementwise import combine


def lower(call: Call) -> None:
    call.bind(*combine(call, make("Select"), [call.input(0), call.input(1), call.input(2)]))


LOWERING = Lowering("Where", lower)
