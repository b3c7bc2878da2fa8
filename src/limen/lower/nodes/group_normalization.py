"""ONNX GroupNormalization."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering
from limen.lower.elementwise import affine
from limen.lower.layout import channels_last
from limen.lower.normalise import normalised


def lower(call: Call) -> None:
    value, groups = call.input(0), call.attribute("num_groups", 1)
    layout = channels_last(value.rank)
    tensor = call.builder.get(value, layout)
    n, *spatial, c = call.builder.shape(tensor)
    wide = (n, *spatial, groups, c // groups)
    split = call.temporary(call.emit("Reshape", tensor, shape=wide), wide)
    axes = (*range(1, len(wide) - 2), len(wide) - 1)
    normal, _ = normalised(call, split, axes, call.attribute("epsilon", 1e-5))
    flat = call.temporary(call.emit("Reshape", normal, shape=(n, *spatial, c)), value.shape, layout)
    scale, bias = (np.asarray(call.constant(i), np.float32) for i in (1, 2))
    call.bind(*affine(call, flat, scale, bias, axis=1))


LOWERING = Lowering("GroupNormalization", lower, "channels_last")
