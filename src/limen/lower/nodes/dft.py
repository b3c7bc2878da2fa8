"""ONNX DFT."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.fourier import dft


def lower(call: Call) -> None:
    dft(call)


LOWERING = Lowering("DFT", lower)
