"""The user's data as feeds of a Program or a Model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limen.data import Dataset, load_data
from limen.program import Array, DType, Program
from limen.steps import Chain
from limen.steps._base import Context


@dataclass(frozen=True)
class Spec:
    """One input of the source model."""

    name: str
    shape: tuple[int, ...]
    dtype: str


def read_data(path: str | Path, pre: Chain) -> Dataset:
    """Load; a folder's files pass through the pre-processing steps.

    Raises:
        DataError: the data cannot be used.
    """

    def decode(file: Any) -> Array:
        return np.asarray(pre.run(file, Context()))

    return load_data(path, decode if pre.steps else None)


def program_specs(program: Program) -> tuple[Spec, ...]:
    """The inputs as the source model has them."""
    return tuple(Spec(p.name, p.source_shape(program.tensors[p.tensor].shape), p.dtype) for p in program.inputs)


def program_feeds(program: Program, data: Dataset) -> Iterator[dict[str, Array]]:
    """One feed per run, tensor name -> array in the tensor's layout and dtype (codes where it is quantised).

    Raises:
        DataError: the data does not fit the inputs.
    """
    for feed in data.feeds(program_specs(program)):
        yield {
            port.tensor: to_tensor(program, port.tensor, port.permutation, feed[port.name]) for port in program.inputs
        }


def to_tensor(program: Program, name: str, permutation: tuple[int, ...] | None, value: Array) -> Array:
    """A source array -> the Program's tensor."""
    tensor = program.tensors[name]
    if permutation is not None:
        value = np.transpose(value, permutation)
    dtype: DType = tensor.dtype
    if tensor.quant is not None and value.dtype.kind == "f":
        info = np.iinfo(dtype)
        scaled = value.astype(np.float32) / np.float32(tensor.scale)
        rounded = np.sign(scaled) * np.floor(np.abs(scaled) + np.float32(0.5)) + tensor.zero_point
        value = np.clip(np.nan_to_num(rounded), info.min, info.max)
    return np.ascontiguousarray(value, dtype=dtype)


def random_data(specs: tuple[Spec, ...], count: int, seed: int = 0) -> Dataset:
    """Made-up samples for golden vectors where the user gave none: floats in [0, 1), codes over their whole range.

    A scalar input has one value for all samples.
    """
    generator = np.random.default_rng(seed)
    arrays: dict[str, Array] = {}
    for spec in specs:
        shape = (count * spec.shape[0], *spec.shape[1:]) if spec.shape else ()
        dtype = np.dtype(spec.dtype)
        if dtype.kind == "f":
            arrays[spec.name] = np.asarray(generator.random(shape, np.float32), dtype)
        elif spec.dtype in ("int8", "uint8", "int16"):
            info = np.iinfo(dtype)
            arrays[spec.name] = np.asarray(generator.integers(info.min, info.max + 1, shape), dtype)
        else:
            arrays[spec.name] = np.asarray(generator.integers(0, 2, shape), dtype)
    return Dataset(arrays)


def as_feeds(data: Dataset, specs: tuple[Spec, ...]) -> Mapping[str, Array]:
    """The whole data set by input name, for a Session."""
    return data.bind(specs)
