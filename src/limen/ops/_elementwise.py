"""What the element-wise activations share: shape rule, checks of codes, clamped rescaling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from limen.ops._fixed_point import Multiplier, multiplier, rescale, round_half_away
from limen.ops._types import INTEGERS, present, require_dtype, require_one_scale, tensor_of
from limen.program import Array, DType, Operands, Tensor, TensorType, require


def infer_unary(inputs: Sequence[Tensor | None], dtypes: Sequence[DType]) -> tuple[TensorType]:
    """The input's shape and dtype.

    Raises:
        ProgramError: a dtype that the operator does not take.
    """
    x = present(inputs, 0, "input")
    require_dtype(x, dtypes, "input")
    return (x.type,)


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


def ratio(operands: Operands) -> Multiplier:
    """Input scale over output scale, divided in float32."""
    source, target = tensor_of(operands, 0), operands.outputs[0]
    return multiplier(float(np.float32(source.scale) / np.float32(target.scale)))


def check_clamp(operands: Operands) -> None:
    """Raise ProgramError for codes without scales or with scales out of range."""
    check_codes(operands)
    if is_codes(operands):
        ratio(operands)


def clamp(x: Array, operands: Operands, low: float, high: float | None) -> Array:
    """Real values kept within [low, high]; codes are rescaled to the output's scale first."""
    if not is_codes(operands):
        return np.maximum(x, x.dtype.type(low)) if high is None else np.clip(x, x.dtype.type(low), x.dtype.type(high))
    source, target = tensor_of(operands, 0), operands.outputs[0]
    info = np.iinfo(target.dtype)
    least = max(int(info.min), target.zero_point + _bound(low, target))
    most = int(info.max) if high is None else min(int(info.max), target.zero_point + _bound(high, target))
    codes = rescale(x.astype(np.int64) - source.zero_point, ratio(operands)) + target.zero_point
    return np.minimum(np.maximum(codes, least), most).astype(target.dtype)


def _bound(real: float, target: Tensor) -> int:
    return round_half_away(float(np.float32(real) / np.float32(target.scale)))
