"""Shape rule, checks and rescaled sums of the reductions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from limen.ops._fixed_point import Int64, Multiplier, multiplier, rescale, wrap_int32
from limen.ops._types import INTEGERS, present, require_dtype, require_one_scale, tensor_of
from limen.program import Array, DType, Operands, Tensor, TensorType, require

REDUCIBLE: tuple[DType, ...] = ("float32", "int8", "uint8", "int16", "int32", "int64")
NUMBERS: tuple[DType, ...] = ("float32", "int32", "int64")


def infer_reduce(
    inputs: Sequence[Tensor | None], axes: tuple[int, ...], keep_dims: bool, dtypes: Sequence[DType] = REDUCIBLE
) -> tuple[TensorType, ...]:
    """The input's shape without ``axes``, or with extent 1 there.

    Raises:
        ProgramError: an axis is repeated or out of range.
    """
    x = present(inputs, 0, "input")
    require_dtype(x, dtypes, "input")
    rank = len(x.shape)
    require(len(set(axes)) == len(axes) and all(0 <= a < rank for a in axes), f"axes {axes} do not fit shape {x.shape}")
    if keep_dims:
        return (TensorType(tuple(1 if i in axes else n for i, n in enumerate(x.shape)), x.dtype),)
    return (TensorType(tuple(n for i, n in enumerate(x.shape) if i not in axes), x.dtype),)


def require_elements(operands: Operands, axes: tuple[int, ...]) -> None:
    """Raise ProgramError where nothing is reduced: the mean and the extremes of no elements do not exist."""
    x = tensor_of(operands, 0)
    require(all(x.shape[axis] > 0 for axis in axes), f"axes {axes} of {x.name} {x.shape} hold no elements")


def is_codes(operands: Operands) -> bool:
    return tensor_of(operands, 0).dtype in INTEGERS


def check_codes(operands: Operands) -> None:
    """Codes need one scale each, and no zero point in int16.

    Raises:
        ProgramError: names the tensor.
    """
    if not is_codes(operands):
        return
    for tensor, role in ((tensor_of(operands, 0), "input"), (operands.outputs[0], "output")):
        require_one_scale(tensor, role)
        require(tensor.dtype != "int16" or tensor.zero_point == 0, f"{role} {tensor.name} has a zero point")
    scale_ratio(operands)


def check_same_scale(operands: Operands) -> None:
    """Codes keep their scale and zero point.

    Raises:
        ProgramError: the output's differ.
    """
    source, target = tensor_of(operands, 0), operands.outputs[0]
    same = (source.scale, source.zero_point) == (target.scale, target.zero_point)
    require(not is_codes(operands) or same, f"output {target.name} has {target.quant}, the input {source.quant}")


def scale_ratio(operands: Operands) -> Multiplier:
    """Input scale over output scale, in float64."""
    return multiplier(tensor_of(operands, 0).scale / operands.outputs[0].scale)


def rescaled_sum(x: Array, axes: tuple[int, ...], operands: Operands, mean: bool) -> Array:
    """Codes of the sum, or of the mean: 1/n is folded into the multiplier with as many bits as fit."""
    source, target = tensor_of(operands, 0), operands.outputs[0]
    count = int(np.prod([x.shape[axis] for axis in axes]))
    total: Int64 = x.sum(axis=axes, dtype=np.int64) - source.zero_point * count
    factor = scale_ratio(operands)
    if mean:
        shift = min(count.bit_length() - 1, 32, 31 + int(factor.shift))
        mantissa = (int(factor.mantissa) << shift) // count
        factor = Multiplier(np.asarray(mantissa, np.int64), factor.shift - shift)
    info = np.iinfo(target.dtype)
    codes = rescale(wrap_int32(total), factor) + target.zero_point
    return np.clip(codes, info.min, info.max).astype(target.dtype).reshape(target.shape)
