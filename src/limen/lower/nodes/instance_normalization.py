"""ONNX InstanceNormalization."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering
from limen.lower.elementwise import affine
from limen.lower.normalise import normalised


def lower(call: Call) -> None:
    value = call.input(0)
    tensor, layout = normalised(call, value, tuple(range(2, value.rank)), call.attribute("epsilon", 1e-5))
    scale, bias = (np.asarray(call.constant(i), np.float32) for i in (1, 2))
    call.bind(*affine(call, call.temporary(tensor, value.shape, layout), scale, bias, axis=1))


LOWERING = Lowering("InstanceNormalization", lower, "channels_last")
