"""ONNX GatherND."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value, indices = call.input(0), call.input(1)
    batch = call.attribute("batch_dims", 0)
    data = call.builder.get(value)
    if indices.constant is None:
        if batch:
            call.refuse("computed indices with batch_dims")
        call.bind(call.emit("GatherNd", data, call.builder.get(indices)))
        return
    index = indices.constant.astype(np.int64)
    sizes = np.asarray(value.shape[batch : batch + index.shape[-1]])
    index = np.where(index < 0, index + sizes, index)
    if batch:
        grid = np.indices(index.shape[:batch]).reshape(batch, *index.shape[:batch], *[1] * (index.ndim - 1 - batch))
        wide = np.broadcast_to(np.moveaxis(grid, 0, -1), (*index.shape[:-1], batch))
        index = np.concatenate([wide, index], -1)
    call.bind(call.emit("GatherNd", data, call.builder.constant(index.astype(np.int32), "indices")))


LOWERING = Lowering("GatherND", lower)
