"""ONNX Gather."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering
from limen.lower.layout import identity


def lower(call: Call) -> None:
    value, indices = call.input(0), call.input(1)
    axis = call.axis(0, value.rank)
    if indices.constant is not None:
        index = np.where(indices.constant < 0, indices.constant + value.shape[axis], indices.constant)
        tensor_index = call.builder.constant(index.astype(np.int32), "indices")
    else:
        tensor_index = call.builder.get(indices)
    if value.constant is not None:
        tensor, layout = call.builder.get(value), identity(value.rank)
    else:
        tensor, layout = call.unary(value)
    place = layout.index(axis)
    result = call.emit("Gather", tensor, tensor_index, axis=place)
    # Axes behind the gathered one move by the indices' rank.
    moved = [a + indices.rank - 1 if a > axis else a for a in layout]
    moved[place : place + 1] = range(axis, axis + indices.rank)
    call.bind(result, tuple(moved))


LOWERING = Lowering("Gather", lower)
