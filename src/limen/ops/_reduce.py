"""Shape rule and helpers of the reductions."""

from __future__ import annotations

from collections.abc import Sequence

from limen.ops._types import present, require_dtype
from limen.program import DType, Tensor, TensorType, require

REDUCIBLE: tuple[DType, ...] = ("float32", "int8", "uint8", "int16", "int32", "int64")


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
