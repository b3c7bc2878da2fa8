"""ONNX Trilu."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value = call.input(0)
    k = (call.integers(1) or (0,))[0]
    rows, columns = value.shape[-2:]
    keep = np.tril if not call.attribute("upper", 1) else np.triu
    mask = keep(np.ones((rows, columns), np.float32), k).astype(value.dtype)
    tensor = call.builder.get(value)
    call.bind(call.emit("Mul", tensor, call.builder.constant(mask, "mask")))


LOWERING = Lowering("Trilu", lower)
