"""What the element-wise binary operators share: shape rule, plain kernels, rescaling of two quantised operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from limen.errors import DataError
from limen.ops._activation import clamp_float, code_range
from limen.ops._fixed_point import (
    Int64,
    Multiplier,
    divide_by_pot,
    doubling_high_mul,
    smaller_than_one,
)
from limen.ops._types import (
    INTEGERS,
    broadcast_shapes,
    present,
    require_dtype,
    require_one_scale,
    require_same_dtype,
    tensor_of,
)
from limen.program import Activation, Array, DType, Operands, Tensor, TensorType, require


def infer_binary(inputs: Sequence[Tensor | None], dtypes: Sequence[DType]) -> tuple[TensorType]:
    """Both inputs of one dtype; numpy broadcasting.

    Raises:
        ProgramError: a dtype that the operator does not take, or shapes that do not broadcast.
    """
    first, second = present(inputs, 0, "first operand"), present(inputs, 1, "second operand")
    require_dtype(first, dtypes, "first operand")
    require_same_dtype(first, second)
    return (TensorType(broadcast_shapes(first, second), first.dtype),)


def is_quantised(operands: Operands) -> bool:
    """The operands hold codes: always for 8 bits, for int16 where the output has a scale."""
    output = operands.outputs[0]
    return output.dtype in ("int8", "uint8") or (output.dtype == "int16" and output.quant is not None)


def check_codes(operands: Operands, plain_int16: bool = False) -> None:
    """Codes need one scale each, and no zero point in int16.

    Args:
        plain_int16: the operator also has a kernel for int16 numbers without a scale.

    Raises:
        ProgramError: names the tensor.
    """
    tensors = (tensor_of(operands, 0), tensor_of(operands, 1), operands.outputs[0])
    if tensors[0].dtype not in INTEGERS:
        return
    if plain_int16 and tensors[0].dtype == "int16" and not any(t.quant for t in tensors):
        return
    for tensor, role in zip(tensors, ("first operand", "second operand", "output"), strict=True):
        require_one_scale(tensor, role)
        require(tensor.dtype != "int16" or tensor.zero_point == 0, f"{role} {tensor.name} has a zero point")


def plain(function: Callable[[Array, Array], Array], a: Array, b: Array, activation: Activation) -> Array:
    """An unquantised element-wise function: floats in their own precision, integers wrapping."""
    with np.errstate(all="ignore"):
        return clamp_float(np.asarray(function(a, b), a.dtype), activation)


def common_scale(operands: Operands) -> float:
    """Twice the larger input scale: both operands are brought to it before they are combined."""
    return 2.0 * max(tensor_of(operands, 0).scale, tensor_of(operands, 1).scale)


def to_common_scale(inputs: Sequence[Array | None], operands: Operands, left_shift: int) -> tuple[Int64, Int64]:
    """Both operands without zero point, in units of ``common_scale / 2**left_shift`` (Jacob et al. 2018, A.2)."""
    scaled = []
    for index in (0, 1):
        tensor, codes = tensor_of(operands, index), inputs[index]
        assert codes is not None
        factor = smaller_than_one(tensor.scale / common_scale(operands), f"the relative scale of {tensor.name}")
        scaled.append(rescale_down((codes.astype(np.int64) - tensor.zero_point) << left_shift, factor))
    return scaled[0], scaled[1]


def rescale_down(values: Array, factor: Multiplier) -> Int64:
    """MultiplyByQuantizedMultiplierSmallerThanOneExp."""
    return divide_by_pot(doubling_high_mul(values, factor.mantissa), -factor.shift)


def to_codes(values: Int64, operands: Operands, activation: Activation) -> Array:
    """Add the output's zero point, clamp to the activation, narrow."""
    output = operands.outputs[0]
    low, high = code_range(output, activation)
    return np.asarray(np.clip(values + output.zero_point, low, high), output.dtype)


def require_nonzero(divisor: Array, zero_point: int, tensor: Tensor) -> None:
    """Raise DataError where a divisor is 0, as the kernels do."""
    if np.any(divisor == zero_point):
        raise DataError(f"{tensor.name}: a divisor is 0")
