"""ONNX STFT."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.fourier import stft


def lower(call: Call) -> None:
    stft(call)


LOWERING = Lowering("STFT", lower)
