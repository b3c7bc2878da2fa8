"""What the operators with weights share: legal type combinations, rescaling factors, exact float products, hybrids.

Integer products run through float BLAS where every partial sum is a whole number that the float type holds exactly:
below 2**24 in float32, below 2**53 in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limen.ops._activation import clamp_float, code_range
from limen.ops._fixed_point import Requantization, multiplier, multipliers, round_away
from limen.ops._types import require_one_scale
from limen.program import Activation, Array, Operands, Tensor, require

_BIAS_TYPES = {"float32": ("float32",), "int8": ("int32",), "uint8": ("int32",), "int16": ("int64", "int32")}
_MAX_WIDE_SHIFT = 14


def is_hybrid(x: Tensor, w: Tensor) -> bool:
    """Float activations with int8 weights: TFLite's dynamic range quantisation."""
    return x.dtype == "float32" and w.dtype == "int8"


def check_weighted(operands: Operands, axis: int, activation: Activation, symmetric: bool = True) -> None:
    """The combinations of types and quantisation that TFLite's kernels take.

    Args:
        axis: output-channel axis of the weights.
        symmetric: int8 weights may not have a zero point.

    Raises:
        ProgramError: names the tensor and the rule.
    """
    x, w, b, output = unpack(operands)
    expected = "uint8" if x.dtype == "uint8" else "float32" if w.dtype == "float32" else "int8"
    require(w.dtype == expected, f"weights {w.name} are {w.dtype}, expected {expected} for {x.dtype} input")
    if b is not None:
        require(b.dtype in _BIAS_TYPES[x.dtype], f"bias {b.name} is {b.dtype}, expected {_BIAS_TYPES[x.dtype][0]}")
        require(b.quant is None or not any(b.quant.zero_point), f"bias {b.name} has a zero point")
    if w.dtype == "float32":
        return
    _check_weight_quant(w, axis, x.dtype != "uint8", symmetric or is_hybrid(x, w))
    if x.dtype == "float32":
        return
    for tensor, role in ((x, "input"), (output, "output")):
        require_one_scale(tensor, role)
        require(
            x.dtype != "int16" or tensor.zero_point == 0,
            f"{role} {tensor.name} has zero point {tensor.zero_point}; int16 is symmetric",
        )
    code_range(output, activation)
    factor = requantization(operands, activation).factor
    require(not is_wide(operands) or int(np.max(factor.shift)) <= _MAX_WIDE_SHIFT, "the rescaling factor is too large")


def _check_weight_quant(w: Tensor, axis: int, per_channel: bool, symmetric: bool) -> None:
    quant = w.quant
    require(quant is not None, f"weights {w.name} are {w.dtype} and have no scale")
    assert quant is not None
    require(
        len(quant.scale) == 1 or (per_channel and quant.axis == axis),
        f"weights {w.name} have {len(quant.scale)} scales along axis {quant.axis}; "
        + (f"expected one, or one per index of axis {axis}" if per_channel else "expected one"),
    )
    require(
        w.dtype == "uint8" or not any(quant.zero_point) or (not symmetric and len(quant.scale) == 1),
        f"weights {w.name} have a zero point; the kernel takes symmetric weights",
    )


def unpack(operands: Operands) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
    """Input, weights, optional bias, output."""
    x, w = operands.inputs[0], operands.inputs[1]
    assert x is not None
    assert w is not None
    return x, w, operands.inputs[2] if len(operands.inputs) > 2 else None, operands.outputs[0]


def is_wide(operands: Operands) -> bool:
    """int16 activations accumulate in int64 unless the bias is int32."""
    x, _, b, _ = unpack(operands)
    return x.dtype == "int16" and (b is None or b.dtype == "int64")


def requantization(operands: Operands, activation: Activation) -> Requantization:
    """From accumulators to the output's codes.

    uint8 takes the product of the scales in float32, the others in float64, as the kernels do.
    """
    x, _w, _, output = unpack(operands)
    scales = weight_scales(operands)
    low, high = code_range(output, activation)
    if x.dtype == "uint8":
        factor = multiplier(float(np.float32(x.scale) * scales[0]) / output.scale)
    elif len(scales) == 1:
        factor = multiplier(x.scale * float(scales[0]) / output.scale)
    else:
        factor = multipliers(x.scale * scales.astype(np.float64) / output.scale)
    return Requantization(factor, output.zero_point, low, high, output.dtype, is_wide(operands))


@dataclass(frozen=True, slots=True)
class Centred:
    """Codes without their zero point, as floats that keep every product sum exact.

    Args:
        x: input values.
        w: weights.
        magnitude: no |sum of products| exceeds it.
    """

    x: Array
    w: Array
    magnitude: float


def centre(x: Array, w: Array, x_zero: int, w_zero: int, axis: int) -> Centred:
    """Both operands minus their zero points, in float32 where the sums over all axes but ``axis`` of w allow it."""
    info = np.iinfo(x.dtype)
    largest = max(info.max - x_zero, x_zero - info.min)
    weights = w.astype(np.float64) - w_zero
    others = tuple(i for i in range(w.ndim) if i != axis)
    magnitude = float(largest * np.abs(weights).sum(axis=others).max(initial=0))
    dtype = np.float32 if magnitude < 2**24 else np.float64
    return Centred(subtract(x, x_zero, dtype), weights.astype(dtype), magnitude)


def subtract(codes: Array, zero_point: int, dtype: type[np.floating]) -> Array:
    """codes - zero_point as floats."""
    values = codes.astype(dtype)
    if zero_point:
        values -= dtype(zero_point)
    return values


@dataclass(frozen=True, slots=True)
class DynamicInput:
    """Float input quantised at run time, one scale and zero point per row of ``codes``.

    Args:
        codes: int8, of the input's shape.
        scale: float32 per row.
        offset: int32 zero point per row; zeros for the symmetric form.
    """

    codes: NDArray[np.int8]
    scale: NDArray[np.float32]
    offset: NDArray[np.int32]

    def centred(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """codes - offset, with one offset per row; ``shape`` broadcasts the rows against the codes."""
        values: NDArray[np.float64] = self.codes.astype(np.float64) - self.offset.reshape(shape)
        return values


def quantize_rows(values: Array, rows: int, asymmetric: bool) -> DynamicInput:
    """TFLite's run-time quantisation of hybrid kernels: each of ``rows`` equal parts has its own range."""
    if values.size == 0:
        return DynamicInput(values.astype(np.int8), np.ones(rows, np.float32), np.zeros(rows, np.int32))
    flat = values.reshape(rows, -1)
    quantized = _asymmetric(flat) if asymmetric else _symmetric(flat)
    return DynamicInput(quantized.codes.reshape(values.shape), quantized.scale, quantized.offset)


def _symmetric(flat: Array) -> DynamicInput:
    reach = np.maximum(np.abs(flat.min(axis=1)), np.abs(flat.max(axis=1)))
    used = reach != 0
    safe = np.where(used, reach, np.float32(1))
    scale = np.where(used, safe / np.float32(127), np.float32(1)).astype(np.float32)
    codes = round_away(flat * (np.float32(127) / safe)[:, None])
    return DynamicInput(np.clip(codes, -127, 127).astype(np.int8), scale, np.zeros(len(flat), np.int32))


def _asymmetric(flat: Array) -> DynamicInput:
    low = np.minimum(flat.min(axis=1), np.float32(0))
    high = np.maximum(flat.max(axis=1), np.float32(0))
    used = low != high
    scale = np.where(used, (high - low).astype(np.float64) / 255.0, 1.0)
    from_low, from_high = -128.0 - low / scale, 127.0 - high / scale
    nearer_low = 128.0 + np.abs(low / scale) < 127.0 + np.abs(high / scale)
    zero = np.clip(round_away(np.where(nearer_low, from_low, from_high)), -128, 127)
    offset = np.where(used, zero, 0).astype(np.int32)
    factor = scale.astype(np.float32)
    codes = round_away(flat * (np.float32(1) / factor)[:, None]) + offset[:, None].astype(np.float32)
    codes = np.where(used[:, None], np.clip(codes, -128, 127), 0)
    return DynamicInput(codes.astype(np.int8), factor, offset)


def finish_float(values: Array, bias: Array | None, activation: Activation) -> Array:
    """Add the bias and clamp."""
    if bias is not None:
        values = values + bias
    return clamp_float(values, activation)


def weight_scales(operands: Operands) -> NDArray[np.float32]:
    """The scales of the weights: one, or one per output channel."""
    weights = unpack(operands)[1]
    assert weights.quant is not None
    return weights.quant.scales
