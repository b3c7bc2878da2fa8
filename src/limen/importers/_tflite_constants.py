"""Operators whose result is known once shapes are static: they become constants."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from limen.errors import ModelError
from limen.importers._tflite_call import Call
from limen.program import Array
from limen.program.types import DTYPES

_MAX_BYTES = 2**26


def _dtype(call: Call) -> np.dtype[np.generic]:
    name = call.outputs[0].dtype if call.outputs else ""
    if name not in DTYPES:
        raise call.refuse(f"element type {name}")
    return np.dtype(name)


def _bounded(call: Call, size: int, dtype: np.dtype[np.generic]) -> None:
    if not 0 <= size * dtype.itemsize <= _MAX_BYTES:
        raise call.refuse(f"a constant of {size} elements")


def _shape(call: Call) -> Array:
    return np.asarray(call.tensor(0).shape, _dtype(call))


def _rank(call: Call) -> Array:
    return np.asarray(len(call.tensor(0).shape), _dtype(call))


def _fill(call: Call) -> Array:
    shape, value = call.integers(0), call.value(1)
    if min(shape, default=0) < 0 or value.size != 1:
        raise ModelError(f"{call.name}: fills shape {shape} with {value.size} values")
    _bounded(call, math.prod(shape), value.dtype)
    return np.full(shape, value.reshape(()), value.dtype)


def _zeros_like(call: Call) -> Array:
    tensor = call.tensor(0)
    _bounded(call, tensor.size, np.dtype(tensor.dtype))
    return np.zeros(tensor.shape, tensor.dtype)


def _range(call: Call) -> Array:
    start, limit, step = (call.value(i).reshape(-1) for i in range(3))
    if not start.size == limit.size == step.size == 1 or not step[0]:
        raise ModelError(f"{call.name}: a range from {start} to {limit} by {step}")
    count = max(math.ceil((float(limit[0]) - float(start[0])) / float(step[0])), 0)
    _bounded(call, count, start.dtype)
    values: Array = start[0] + np.arange(count) * step[0]
    return values.astype(start.dtype)


def _broadcast_args(call: Call) -> Array:
    return np.asarray(np.broadcast_shapes(call.integers(0), call.integers(1)), _dtype(call))


CONSTANT_MAKERS: dict[str, Callable[[Call], Array]] = {
    "BROADCAST_ARGS": _broadcast_args,
    "FILL": _fill,
    "RANGE": _range,
    "RANK": _rank,
    "SHAPE": _shape,
    "ZEROS_LIKE": _zeros_like,
}
