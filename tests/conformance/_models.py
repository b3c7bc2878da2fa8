"""The MLPerf Tiny models and the seeded inputs on which they are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from limen.importers.tflite import read
from limen.program import Array, Program, Tensor, run

INT8 = ("ad01_int8", "ic_resnet8_int8", "kws_dscnn_int8", "vww_int8")
FLOAT = ("ad01_fp32", "ic_resnet8_float", "kws_dscnn_float", "vww_float")
RANDOM_INPUTS = 100


def content(shared: Path, name: str) -> bytes:
    return (shared / "models" / "mlperf-tiny" / f"{name}.tflite").read_bytes()


def program(shared: Path, name: str) -> Program:
    return read(content(shared, name), name=name)


def inputs(tensor: Tensor) -> Iterator[Array]:
    """100 random inputs, then all codes at the smallest, the largest, the zero point, and a mix of both ends."""
    rng = np.random.Generator(np.random.PCG64(20260101))
    if tensor.dtype == "float32":
        low, high, middle = -4.0, 4.0, 0.0
        yield from (rng.uniform(low, high, tensor.shape).astype(np.float32) for _ in range(RANDOM_INPUTS))
    else:
        info = np.iinfo(tensor.dtype)
        low, high, middle = float(info.min), float(info.max), float(tensor.zero_point)
        for _ in range(RANDOM_INPUTS):
            yield rng.integers(info.min, info.max + 1, tensor.shape).astype(tensor.dtype)
    for value in (low, high, middle):
        yield np.full(tensor.shape, value).astype(tensor.dtype)
    yield np.where(rng.random(tensor.shape) < 0.5, low, high).astype(tensor.dtype)


def output(made: Program, value: Array) -> Array:
    """The only output for the only input."""
    (result,) = run(made, {made.inputs[0].tensor: value}).values()
    return result


def digest(outputs: Iterable[Array]) -> str:
    """sha256 of all outputs, one after the other."""
    total = hashlib.sha256()
    for value in outputs:
        total.update(np.ascontiguousarray(value).tobytes())
    return total.hexdigest()
