"""The border between the source model's arrays and an artifact's tensors: dtype, quantisation, permutation."""

from __future__ import annotations

import functools

import numpy as np

from limen.bundle import Binding
from limen.engines._engine import Array
from limen.errors import BundleError, DataError

_BELOW_HALF = np.nextafter(np.float32(0.5), np.float32(0))
"""Added before truncation it rounds float32 half away from zero without ever rounding up what is below a half."""


def to_tensor(value: Array, binding: Binding) -> Array:
    """A source array of exactly the source's shape -> the artifact's tensor, contiguous.

    An array of the artifact's own dtype is taken as it is, which means codes where the tensor is quantised. Other
    numbers are real values: quantised where the tensor is, otherwise converted where no value changes (floats may lose
    precision).

    Raises:
        DataError: a value is NaN or does not fit; says what was expected and seen.
    """
    if binding.permutation is not None:
        value = np.transpose(value, binding.permutation)
    target = np.dtype(binding.dtype)
    if value.dtype == target:
        return np.asarray(value, order="C")
    if binding.scale:
        if binding.source_dtype.startswith("float"):
            return quantize(value, binding)
        raise DataError(f"input {binding.name!r}: got {value.dtype.name}, expected codes of {binding.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        converted = np.asarray(value, dtype=target, order="C")
    if target.kind != "f" and not np.array_equal(converted, value):
        raise DataError(
            f"input {binding.name!r}: got {value.dtype.name} values that {binding.dtype} cannot hold",
            f"give {binding.source_dtype}",
        )
    return converted


def quantize(value: Array, binding: Binding) -> Array:
    """Codes of real values: x / scale in float32, rounded half away from zero, plus zero point, saturated (TFLite).

    Raises:
        DataError: a value is NaN.
    """
    info = np.iinfo(binding.dtype)
    scale, zero = np.float32(binding.scale[0]), binding.zero_point[0]
    with np.errstate(over="ignore", under="ignore"):
        scaled = np.asarray(value, np.float32) / scale
    if np.isnan(scaled).any():
        raise DataError(f"input {binding.name!r}: a value is NaN, which has no code")
    if info.bits <= 16:
        codes = np.trunc(scaled + np.copysign(_BELOW_HALF, scaled)) + np.float32(zero)
    else:
        wide = scaled.astype(np.float64)
        codes = np.trunc(wide + np.copysign(0.5, wide)) + zero
    return np.asarray(np.clip(codes, info.min, info.max), dtype=binding.dtype, order="C")


def from_tensor(value: Array, binding: Binding, raw: bool = False) -> Array:
    """An artifact's tensor -> the source's array, contiguous and of the source's dtype; ``raw`` keeps codes and dtype.

    Raises:
        BundleError: the engine's tensor has another size than the bundle says.
    """
    if value.shape != binding.shape:
        value = _reshaped(value, binding)
    if not raw:
        value = _real(value, binding)
    if binding.permutation is not None:
        value = np.transpose(value, _inverse(binding.permutation))
    return np.asarray(value, order="C").reshape(binding.source_shape())


def _real(value: Array, binding: Binding) -> Array:
    source = np.dtype(binding.source_dtype)
    if binding.scale and source.kind == "f":
        value = dequantize(value, binding)
    if value.dtype == source:
        return value
    with np.errstate(over="ignore"):
        return value.astype(source)


def dequantize(value: Array, binding: Binding) -> Array:
    """Real values of codes: (code - zero point) * scale, rounded once to float32."""
    if value.dtype.itemsize <= 2:
        return np.asarray((value.astype(np.float32) - np.float32(binding.zero_point[0])) * np.float32(binding.scale[0]))
    return ((value.astype(np.float64) - binding.zero_point[0]) * binding.scale[0]).astype(np.float32)


def _reshaped(value: Array, binding: Binding) -> Array:
    try:
        return value.reshape(binding.shape)
    except ValueError:
        raise BundleError(
            f"output {binding.name!r}: the engine gives {list(value.shape)}, the bundle says {list(binding.shape)}"
        ) from None


@functools.lru_cache(maxsize=256)
def _inverse(permutation: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(axis) for axis in np.argsort(permutation))
