"""ONNX Transpose: another name for the layout; nothing is moved."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.layout import before_transpose, identity, through_transpose


def lower(call: Call) -> None:
    value, output = call.input(0), call.output
    permutation = call.attribute("perm", tuple(reversed(range(value.rank))))
    if sorted(permutation) != list(range(value.rank)):
        call.refuse(f"permutation {permutation} of rank {value.rank}")
    wish = output.wanted()
    if not value.held and value.create is not None:
        call.builder.get(value, before_transpose(permutation, wish or identity(value.rank)))
    call.builder.layout(value)
    for held, tensor in value.held.items():
        call.builder.bind(output, tensor, through_transpose(permutation, held))


LOWERING = Lowering("Transpose", lower)
