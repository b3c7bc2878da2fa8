"""ONNX OneHot."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    indices, values = call.input(0), call.constant(2)
    depth = (call.integers(1) or (1,))[0]
    rank = call.output.rank
    axis = call.axis(-1, rank)
    assert values is not None
    index = call.builder.get(indices)
    if indices.dtype not in ("int32", "int64"):
        index = call.emit("Cast", index, dtype="int64")
    size = call.scalar(depth, index)
    wrapped = call.emit("Add", index, size)
    negative = call.emit("Less", index, call.scalar(0, index))
    index = call.emit("Select", negative, wrapped, index)
    on, off = (call.builder.constant(np.asarray(values[i])) for i in (1, 0))
    call.bind(call.emit("OneHot", index, on, off, axis=axis, depth=depth))


LOWERING = Lowering("OneHot", lower)
