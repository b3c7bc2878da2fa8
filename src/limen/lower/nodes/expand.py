"""ONNX Expand."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.elementwise import broadcastable
from limen.lower.layout import identity, permuted


def lower(call: Call) -> None:
    value, output = call.input(0), call.output
    layout = call.builder.candidate(value) if value.rank == output.rank else identity(output.rank)
    tensor = broadcastable(call, value, layout)
    shape = permuted(output.shape, layout)
    call.bind(call.emit("BroadcastTo", tensor, shape=shape), layout)


LOWERING = Lowering("Expand", lower, "any")
