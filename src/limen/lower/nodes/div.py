"""ONNX Div."""

from __future__ import annotations

from limen.lower.builder import make
from limen.lower.call import Call, Lowering
from limen.lower.elementwise import combine


def lower(call: Call) -> None:
    a, b = call.input(0), call.input(1)
    if a.dtype in ("float32", "int32"):
        call.bind(*combine(call, make("Div"), [a, b]))
        return
    # Division of other integers truncates in ONNX and floors here: equal for operands of one sign.
    tensor, layout = combine(call, make("FloorDiv"), [a, b])
    call.bind(tensor, layout)


LOWERING = Lowering("Div", lower, "any")
