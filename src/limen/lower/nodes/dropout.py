"""ONNX Dropout."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    training = call.constant(2)
    if training is not None and training.any():
        call.refuse("training mode")
    call.only_first_output()
    call.bind(*call.unary(call.input(0)))


LOWERING = Lowering("Dropout", lower, "any")
