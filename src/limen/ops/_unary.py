"""What the element-wise functions of one input share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from limen.ops._codes import require_quantised, require_symmetric_int16
from limen.ops._lut import in_double, look_up8, look_up16, table16
from limen.ops._types import present, require_dtype, tensor_of
from limen.program import Array, DType, Operands, Tensor, TensorType

Function = Callable[[Array], Array]


def infer_unary(inputs: Sequence[Tensor | None], dtypes: Sequence[DType]) -> tuple[TensorType]:
    """The input's own type.

    Raises:
        ProgramError: a dtype that the operator does not take.
    """
    x = present(inputs, 0, "input")
    require_dtype(x, dtypes, "input")
    return (x.type,)


def require_codes(operands: Operands) -> None:
    """8- and 16-bit input and output have a scale and zero point, which is 0 for int16.

    Raises:
        ProgramError: they have not.
    """
    x, y = tensor_of(operands, 0), operands.outputs[0]
    if x.dtype in ("int8", "int16"):
        require_quantised(x, "input")
        require_quantised(y, "output")
        require_symmetric_int16((x, y))


def apply(function: Function, x: Array) -> Array:
    """A float function, evaluated in float64 and rounded to the argument's type; domain errors give inf and nan."""
    with np.errstate(all="ignore"):
        return in_double(function)(x)


def look_up(function: Function, x: Array, operands: Operands) -> Array:
    """int8 or int16 codes of function(real value), through the kernels' lookup tables.

    Args:
        function: float32 array -> float32 array.
    """
    source, target = tensor_of(operands, 0), operands.outputs[0]
    with np.errstate(all="ignore"):
        if x.dtype == np.int8:
            return look_up8(x, function, source, target)
        table = table16(function, source.scale, 0, target.scale, 0, np.float32)
    return look_up16(x, table).astype(np.int16)
