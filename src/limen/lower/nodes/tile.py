"""ONNX Tile."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    repeats = call.integers(1) or ()
    tensor, layout = call.unary(call.input(0))
    call.bind(call.emit("Tile", tensor, multiples=tuple(repeats[a] for a in layout)), layout)


LOWERING = Lowering("Tile", lower, "any")
