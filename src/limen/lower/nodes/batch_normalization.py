"""ONNX BatchNormalization."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering
from limen.lower.elementwise import affine


def lower(call: Call) -> None:
    call.only_first_output()
    if call.attribute("training_mode", 0):
        call.refuse("training mode")
    value = call.input(0)
    scale, bias, mean, variance = (np.asarray(call.constant(i), np.float64) for i in range(1, 5))
    factor = scale / np.sqrt(variance + call.attribute("epsilon", 1e-5))
    call.bind(*affine(call, value, factor, bias - mean * factor, axis=1))


LOWERING = Lowering("BatchNormalization", lower, "any")
