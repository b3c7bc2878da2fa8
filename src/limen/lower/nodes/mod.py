"""ONNX Mod."""

from __future__ import annotations

from limen.lower.builder import make
from limen.lower.call import Call, Lowering
from limen.lower.elementwise import combine


def lower(call: Call) -> None:
    operands = [call.input(0), call.input(1)]
    floor, layout = combine(call, make("FloorMod"), operands)
    if not call.attribute("fmod", 0):
        call.bind(floor, layout)
        return
    # The remainder with the sign of the dividend: that of |a| and |b|, signed.
    sizes = []
    for value in operands:
        tensor, held = call.unary(value)
        sizes.append(call.temporary(call.emit("Abs", tensor), value.shape, held))
    size, layout = combine(call, make("FloorMod"), sizes)
    negative = call.temporary(size, call.output.shape, layout)
    tensor, held = call.unary(operands[0])
    below = call.temporary(call.emit("Less", tensor, call.scalar(0.0, tensor)), operands[0].shape, held)
    opposite = call.temporary(call.emit("Neg", size), call.output.shape, layout)
    call.bind(*combine(call, make("Select"), [below, opposite, negative]))


LOWERING = Lowering("Mod", lower, "any")
