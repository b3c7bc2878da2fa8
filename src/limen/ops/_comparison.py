"""Shape rule and kernels that the comparisons share.

Quantised operands are brought to a common scale in fixed point (8 fractional bits, then the scale as a multiplier),
so that values closer than the rounding of that step compare as equal. As the kernels do this right only for scales
below 1, static quantisation leaves comparisons in float.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from limen.ops._codes import parameters
from limen.ops._fixed_point import Int64, multiplier, rescale
from limen.ops._types import broadcast_shapes, present, require_dtype, require_same_dtype, tensor_of, value
from limen.program import Array, DType, Operands, QuantRule, Tensor, TensorType, require

RULE = QuantRule("none")
ORDERED: tuple[DType, ...] = ("float32", "float16", "int8", "uint8", "int16", "int32", "int64")
EQUATABLE: tuple[DType, ...] = (*ORDERED, "bool")
_FRACTION = 8

Relation = Callable[[Array, Array], Array]


def infer_comparison(inputs: Sequence[Tensor | None], dtypes: Sequence[DType]) -> tuple[TensorType]:
    """bool of the broadcast shape.

    Raises:
        ProgramError: a dtype that the operator does not take, or shapes that do not broadcast.
    """
    a, b = present(inputs, 0, "first operand"), present(inputs, 1, "second operand")
    require_dtype(a, dtypes, "first operand")
    require_same_dtype(a, b)
    return (TensorType(broadcast_shapes(a, b), "bool"),)


def check_comparison(operands: Operands) -> None:
    """8-bit operands have a scale, and it is below 1.

    Raises:
        ProgramError: they have not.
    """
    for index in range(2):
        tensor = tensor_of(operands, index)
        scale = parameters(tensor)[0]
        if tensor.dtype in ("int8", "uint8") or (tensor.dtype == "int16" and tensor.quant is not None):
            require(
                0 < scale < 1,
                f"operand {index} {tensor.name} is {tensor.dtype} with scale {scale:g}, "
                "the kernel compares codes with a scale between 0 and 1",
            )


def compare(relation: Relation, inputs: Sequence[Array | None], operands: Operands, raw16: bool = False) -> Array:
    """relation(a, b).

    Args:
        raw16: int16 codes are compared as they are, without their scales.
    """
    first, second = value(inputs, 0), value(inputs, 1)
    a, b = tensor_of(operands, 0), tensor_of(operands, 1)
    scaled = first.dtype in (np.int8, np.uint8) or (first.dtype == np.int16 and a.quant is not None and not raw16)
    if not scaled:
        return relation(first, second)
    return relation(_common(first, a), _common(second, b))


def _common(codes: Array, tensor: Tensor) -> Int64:
    return rescale((codes.astype(np.int64) - tensor.zero_point) << _FRACTION, multiplier(tensor.scale))
