"""The border between the source model's arrays and an artifact's tensors: dtype, quantisation, permutation."""

from __future__ import annotations

import numpy as np

from limen.bundle import Binding
from limen.engines._engine import Array
from limen.errors import DataError


def to_tensor(value: Array, binding: Binding) -> Array:
    """A source array of exactly the source's shape -> the artifact's tensor.

    The artifact's own dtype is taken as codes; floats are quantised where the tensor is (round half away from zero,
    saturate); other numbers are converted where no value can be lost.

    Raises:
        DataError: the dtype cannot become the tensor's.
    """
    if binding.permutation is not None:
        value = np.transpose(value, binding.permutation)
    target = np.dtype(binding.dtype)
    if value.dtype == target:
        return np.ascontiguousarray(value)
    if value.dtype.kind == "f" and binding.scale:
        return quantize(value, binding)
    if value.dtype.kind in "iub" and binding.scale and binding.source_dtype.startswith("float"):
        return quantize(value.astype(np.float32), binding)
    if target.kind == "f" and value.dtype.kind in "fiub":
        return np.ascontiguousarray(value, dtype=target)
    if value.dtype.kind in "iub" and target.kind in "iub":
        converted = value.astype(target)
        if np.array_equal(converted, value):
            return np.ascontiguousarray(converted)
        raise DataError(f"input {binding.name!r}: values do not fit {binding.dtype}")
    raise DataError(f"input {binding.name!r}: {value.dtype.name} cannot become {binding.dtype}")


def quantize(value: Array, binding: Binding) -> Array:
    """Codes of real values with per-tensor parameters."""
    info = np.iinfo(binding.dtype)
    scaled = value.astype(np.float32) / np.float32(binding.scale[0])
    rounded = np.sign(scaled) * np.floor(np.abs(scaled) + np.float32(0.5))
    codes = np.nan_to_num(rounded, nan=0.0, posinf=info.max, neginf=info.min) + binding.zero_point[0]
    return np.ascontiguousarray(np.clip(codes, info.min, info.max).astype(binding.dtype))


def from_tensor(value: Array, binding: Binding, raw: bool = False) -> Array:
    """An artifact's tensor -> the source's array; ``raw`` keeps codes."""
    source = np.dtype(binding.source_dtype)
    if not raw and binding.scale and source.kind == "f":
        scale = np.float32(binding.scale[0])
        value = ((value.astype(np.int64) - binding.zero_point[0]).astype(np.float32) * scale).astype(source)
    elif not raw and value.dtype != source and source.kind == "f":
        value = value.astype(source)
    if binding.permutation is not None:
        value = np.transpose(value, np.argsort(binding.permutation))
    return np.ascontiguousarray(value).reshape(binding.source_shape())
