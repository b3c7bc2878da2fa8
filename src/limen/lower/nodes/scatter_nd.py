"""ONNX ScatterND."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call, Lowering
from limen.lower.scatter import scatter


def lower(call: Call) -> None:
    data, index = call.input(0), call.constant(1)
    assert index is not None
    depth = index.shape[-1]
    index = np.where(index < 0, index + np.asarray(data.shape[:depth]), index).reshape(-1, depth)
    whole = data.shape[depth:]
    inner = np.indices(whole).reshape(data.rank - depth, -1).T if whole else np.zeros((1, 0), np.int64)
    rows = np.repeat(index, len(inner), 0)
    places = np.concatenate([rows, np.tile(inner, (len(index), 1))], 1)
    scatter(call, data, places, call.input(2))


LOWERING = Lowering("ScatterND", lower)
