"""ONNX ScatterElements."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering
from limen.lower.scatter import scatter


def lower(call: Call) -> None:
    data, index = call.input(0), call.constant(1)
    assert index is not None
    axis = call.axis(0, data.rank)
    grid = np.indices(index.shape)
    grid[axis] = np.where(index < 0, index + data.shape[axis], index)
    scatter(call, data, np.moveaxis(grid, 0, -1).reshape(-1, data.rank), call.input(2))


LOWERING = Lowering("ScatterElements", lower)
