"""ONNX Split."""

from __future__ import annotations

from limen.lower.builder import make
from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value = call.input(0)
    tensor, layout = call.unary(value)
    axis = call.axis(0, value.rank)
    sizes = call.integers(1)
    count = len(call.node.outputs)
    if sizes is None:
        piece = -(-value.shape[axis] // count)
        sizes = (*[piece] * (count - 1), value.shape[axis] - piece * (count - 1))
    if sum(sizes) != value.shape[axis] or len(sizes) != count or min(sizes) < 0:
        call.refuse(f"parts {list(sizes)} of an axis of {value.shape[axis]}")
    place = layout.index(axis)
    equal = len(set(sizes)) == 1
    op = make("Split", axis=place, parts=count) if equal else make("SplitV", axis=place, sizes=sizes)
    for output, part in zip(call.outputs, call.builder.emit_many(op, tensor), strict=True):
        if output is not None:
            call.builder.bind(output, part, layout)


LOWERING = Lowering("Split", lower, "any")
