"""From a real interval to scale and zero point, and from weights to codes (TFLite's int8 and int16x8 specification)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limen.optimize.ranges import Range
from limen.program import Array, DType, Quant

_LIMITS: dict[str, tuple[int, int]] = {"int8": (-128, 127), "int16": (-32768, 32767), "uint8": (0, 255)}
_SMALLEST_SCALE = 2.0**-100
_ZERO_SCALE = 2.0**-15  # of int16 zeros: any scale is exact, a small one leaves a sum with them its precision
_BIAS_LIMIT = 2.0**30


@dataclass(frozen=True, slots=True)
class Scheme:
    """Element types of one static quantisation.

    Args:
        activation: int8 (affine) or int16 (symmetric, zero point 0).
        weight: int8, symmetric.
        per_channel: one weight scale per output channel where the operator has them.
    """

    activation: DType = "int8"
    weight: DType = "int8"
    per_channel: bool = True

    @property
    def bias(self) -> DType:
        return "int32" if self.activation == "int8" else "int64"


def limits(dtype: DType) -> tuple[int, int]:
    """Smallest and largest code."""
    return _LIMITS[dtype]


def activation_quant(interval: Range, dtype: DType) -> Quant:
    """Per-tensor parameters; real zero is always a code, so padding is exact."""
    low, high = min(interval.low, 0.0), max(interval.high, 0.0)
    if dtype == "int16":
        return Quant.per_tensor(max(max(-low, high) / 32767, _SMALLEST_SCALE) if high > low else _ZERO_SCALE)
    if high <= low:
        return Quant.per_tensor(1.0, limits(dtype)[0])
    bottom, top = limits(dtype)
    scale = max((high - low) / (top - bottom), _SMALLEST_SCALE)
    zero_point = round(bottom - low / float(np.float32(scale)))
    return Quant.per_tensor(scale, min(max(zero_point, bottom), top))


def covers(quant: Quant, interval: Range, dtype: DType) -> bool:
    """Whether the codes reach the whole interval, within one step at each end."""
    bottom, top = limits(dtype)
    scale, zero = quant.scale[0], quant.zero_point[0]
    return (bottom - zero - 1) * scale <= interval.low and interval.high <= (top - zero + 1) * scale


def weight_quant(weights: Array, axis: int | None) -> Quant:
    """Symmetric int8 parameters with codes in [-127, 127]; ``axis`` None for per-tensor."""
    others = None if axis is None else tuple(i for i in range(weights.ndim) if i != axis)
    peak = np.abs(weights.astype(np.float64)).max(axis=others)
    scale = np.where(peak > 0, np.maximum(peak / 127, _SMALLEST_SCALE), 1.0)
    if axis is None:
        return Quant.per_tensor(float(scale))
    return Quant.per_channel(np.asarray(scale), axis)


def widen_for_bias(weights: Quant, bias: Array, input_scale: float) -> Quant:
    """Enlarge weight scales until every bias fits in 31 bits at scale input * weight."""
    needed = np.abs(bias.astype(np.float64)) / (input_scale * _BIAS_LIMIT)
    if weights.axis is None:
        return Quant.per_tensor(max(weights.scale[0], float(needed.max(initial=0.0))))
    return Quant.per_channel(np.maximum(weights.scales.astype(np.float64), needed), weights.axis)


def quantize(values: Array, quant: Quant, dtype: DType) -> Array:
    """Codes of real values: round half to even, saturate. float32 [..] -> dtype [..]."""
    bottom, top = limits(dtype)
    if quant.axis is not None and dtype == "int8":
        bottom = -127
    scale, zero = _along(quant, values.ndim)
    codes = np.rint(values.astype(np.float64) / scale) + zero
    return np.asarray(np.clip(codes, bottom, top), dtype)


def quantize_bias(bias: Array, input_scale: float, weights: Quant, dtype: DType) -> tuple[Array, Quant]:
    """int32 or int64 codes at scale input * weight, and their Quant (axis 0 when the weights are per-channel)."""
    scales = np.float32(input_scale) * weights.scales
    if len(scales) > 1 or weights.axis is not None:
        quant = Quant.per_channel(scales, 0)
    else:
        quant = Quant.per_tensor(float(scales[0]))
    info = np.iinfo(np.int32)
    codes = np.clip(np.rint(bias.astype(np.float64) / scales.astype(np.float64)), info.min, info.max)
    return codes.astype(dtype), quant


def dequantize(codes: Array, quant: Quant) -> NDArray[np.float32]:
    """Real values of codes."""
    scale, zero = _along(quant, codes.ndim)
    return ((codes.astype(np.float64) - zero) * scale).astype(np.float32)


def _along(quant: Quant, rank: int) -> tuple[Array, Array]:
    scales, zeros = quant.scales.astype(np.float64), quant.zero_points
    if quant.axis is None:
        return scales[0], zeros[0]
    shape = [1] * rank
    shape[quant.axis] = -1
    return scales.reshape(shape), zeros.reshape(shape)


def sqnr_db(reference: Array, other: Array) -> float:
    """Signal to quantisation noise ratio in dB; infinite when equal."""
    signal = float(np.square(reference.astype(np.float64)).sum())
    noise = float(np.square(reference.astype(np.float64) - other.astype(np.float64)).sum())
    if noise == 0.0:
        return math.inf
    return 10.0 * math.log10(signal / noise) if signal > 0 else -math.inf
