"""ONNX ReverseSequence."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value, lengths = call.input(0), call.constant(1)
    assert lengths is not None
    batch, time = call.attribute("batch_axis", 1), call.attribute("time_axis", 0)
    if {batch, time} != {0, 1}:
        call.refuse(f"batch axis {batch} and time axis {time}")
    index = np.indices(value.shape[:2])
    ends = lengths.reshape(-1, 1) if batch == 0 else lengths.reshape(1, -1)
    index[time] = np.where(index[time] < ends, ends - 1 - index[time], index[time])
    places = call.builder.constant(np.moveaxis(index, 0, -1).astype(np.int32), "indices")
    call.bind(call.emit("GatherNd", call.builder.get(value), places))


LOWERING = Lowering("ReverseSequence", lower)
