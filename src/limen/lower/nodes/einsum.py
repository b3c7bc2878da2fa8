"""ONNX Einsum."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.einsum import einsum


def lower(call: Call) -> None:
    einsum(call)


LOWERING = Lowering("Einsum", lower)
