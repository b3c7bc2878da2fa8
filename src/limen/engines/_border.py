"""The border between the source model's arrays and an artifact's tensors: dtype, quantisation, permutation."""

from __future__ import annotations

import functools

import numpy as np

from limen.bundle.manifest import CODES, Binding
from limen.engines._engine import Array
from limen.errors import BundleError, DataError

_BELOW_HALF = np.nextafter(np.float32(0.5), np.float32(0))
"""Added before truncation it rounds float32 half away from zero without ever rounding up what is below a half."""

_FLOAT32_MAX = float(np.finfo(np.float32).max)


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
    if value.dtype != np.float32:
        with np.errstate(over="ignore"):
            value = value.astype(np.float32)
    codes = _narrow(value, binding) if binding.dtype in ("int8", "uint8", "int16", "uint16") else _wide(value, binding)
    if np.isnan(np.maximum.reduce(codes, axis=None, initial=0)):
        raise DataError(f"input {binding.name!r}: a value is NaN, which has no code")
    return codes.astype(binding.dtype, order="C")


def _narrow(value: Array, binding: Binding) -> Array:
    """Up to 16 bits. Values are bounded before the division, which then stays within half a code of the bounds."""
    low, high = CODES[binding.dtype]
    scale, zero = binding.scale[0], binding.zero_point[0]
    codes = np.minimum(value, _float32((high - zero) * scale))
    np.maximum(codes, _float32((low - zero) * scale), out=codes)
    np.divide(codes, np.float32(scale), out=codes)
    np.add(codes, np.copysign(_BELOW_HALF, codes), out=codes)
    np.trunc(codes, out=codes)
    return np.add(codes, np.float32(zero), out=codes)


def _wide(value: Array, binding: Binding) -> Array:
    """More than 16 bits: the float32 quotient is rounded and bounded in float64."""
    low, high = CODES[binding.dtype]
    with np.errstate(over="ignore"):
        codes = (value / np.float32(binding.scale[0])).astype(np.float64)
    np.trunc(codes + np.copysign(0.5, codes), out=codes)
    return np.clip(codes + binding.zero_point[0], low, high)


def _float32(value: float) -> np.float32:
    """The nearest float32; the largest finite one where it is beyond."""
    return np.float32(min(max(value, -_FLOAT32_MAX), _FLOAT32_MAX))


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
