"""Lookup tables of TFLite's quantised activations: 256 entries for 8-bit codes, 513 with interpolation for int16.

The tables are computed in the precision that the kernels use (float32, or float64 where stated); transcendental
functions are evaluated in float64 and rounded, which is what a correctly rounded C library returns.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from limen.ops._fixed_point import Int64, round_away
from limen.program import Array, Tensor

Function = Callable[[Array], Array]
_STEPS = 512


def look_up8(codes: Array, function: Function, source: Tensor, target: Tensor) -> Array:
    """Codes of function(real value) for 8-bit codes.

    Args:
        function: float32 array -> float32 array.
    """
    info = np.iinfo(source.dtype)
    values = np.arange(info.min, info.max + 1, dtype=np.int64) - source.zero_point
    real = np.float32(source.scale) * values.astype(np.float32)
    scaled = round_away(function(real) * (np.float32(1) / np.float32(target.scale)))
    table = np.clip(scaled + np.float32(target.zero_point), info.min, info.max).astype(source.dtype)
    return np.asarray(table[codes.astype(np.int64) - info.min])


def table16(
    function: Function, input_scale: float, input_zero: int, output_scale: float, output_zero: int, dtype: type
) -> Int64:
    """513 samples of a function over the int16 range, each biased to halve the error of linear interpolation.

    Args:
        dtype: numpy float type of the arithmetic.
    """
    scale_in, scale_out = dtype(input_scale), dtype(output_scale)
    low, high = scale_in * dtype(-32768 - input_zero), scale_in * dtype(32767 - input_zero)
    out_low, out_high = scale_out * dtype(-32768 - output_zero), scale_out * dtype(32767 - output_zero)
    step = (high - low) / dtype(_STEPS)
    inverse = dtype(65536) / (out_high - out_low)
    index: Array = np.arange(_STEPS).astype(dtype)
    value = function(low + index * step)
    middle = function(low + index * step + step / dtype(2))
    following = function(low + (index + dtype(1)) * step)
    sample = round_away(value * inverse)
    interpolated = round_away((following * inverse + sample) / dtype(2))
    bias = round_away((interpolated - round_away(middle * inverse)) / dtype(2))
    last = round_away(function(np.array([high], dtype)) * inverse)
    table: NDArray[np.int64] = np.clip(np.concatenate([sample - bias, last]), -32768, 32767).astype(np.int64)
    return table


def look_up16(values: Array, table: Int64) -> Int64:
    """Interpolated values of a 513-entry table for int16 indices."""
    codes = values.astype(np.int64)
    index = 256 + (codes >> 7)
    base = table[index]
    slope = (table[index + 1] - base).astype(np.int16).astype(np.int64)
    return np.asarray(base + ((slope * (codes & 0x7F) + 64) >> 7), np.int64)


def in_double(function: Function) -> Function:
    """A function evaluated in float64 and rounded to the argument's type."""
    return lambda x: np.asarray(function(x.astype(np.float64)), x.dtype)
