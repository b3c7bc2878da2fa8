"""Shape rule and unquantised kernels that the element-wise binary operators share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from limen.ops._activation import clamp_float
from limen.ops._types import broadcast_shapes, present, require_dtype, require_same_dtype
from limen.program import Activation, Array, DType, Tensor, TensorType


def infer_binary(inputs: Sequence[Tensor | None], dtypes: Sequence[DType]) -> tuple[TensorType]:
    """Both inputs of one dtype; numpy broadcasting.

    Raises:
        ProgramError: a dtype that the operator does not take, or shapes that do not broadcast.
    """
    first, second = present(inputs, 0, "first operand"), present(inputs, 1, "second operand")
    require_dtype(first, dtypes, "first operand")
    require_same_dtype(first, second)
    return (TensorType(broadcast_shapes(first, second), first.dtype),)


def plain(function: Callable[[Array, Array], Array], a: Array, b: Array, activation: Activation) -> Array:
    """An unquantised element-wise function: floats in their own precision, integers wrapping."""
    with np.errstate(all="ignore"):
        return clamp_float(np.asarray(function(a, b), a.dtype), activation)
