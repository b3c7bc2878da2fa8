"""ONNX Resize."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.resize import resize


def lower(call: Call) -> None:
    resize(call)


LOWERING = Lowering("Resize", lower, "channels_last")
