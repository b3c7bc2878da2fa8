"""ONNX GatherElements."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value, index = call.input(0), call.constant(1)
    assert index is not None
    axis = call.axis(0, value.rank)
    grid = np.indices(index.shape)
    grid[axis] = np.where(index < 0, index + value.shape[axis], index)
    places = call.builder.constant(np.moveaxis(grid, 0, -1).astype(np.int32), "indices")
    call.bind(call.emit("GatherNd", call.builder.get(value), places))


LOWERING = Lowering("GatherElements", lower)
