"""Questions that shape rules ask of their inputs, and the errors they give."""

from __future__ import annotations

from collections.abc import Sequence

from limen.errors import ProgramError
from limen.program import Array, DType, Operands, Shape, Tensor, require

INTEGERS: tuple[DType, ...] = ("int8", "uint8", "int16")


def present(inputs: Sequence[Tensor | None], index: int, role: str) -> Tensor:
    """The input, which must not be absent."""
    tensor = inputs[index] if index < len(inputs) else None
    if tensor is None:
        raise ProgramError(f"input {index} ({role}) is absent")
    return tensor


def optional(inputs: Sequence[Tensor | None], index: int) -> Tensor | None:
    return inputs[index] if index < len(inputs) else None


def value(inputs: Sequence[Array | None], index: int) -> Array:
    """The value of an input that the shape rule has required."""
    array = inputs[index]
    assert array is not None
    return array


def optional_value(inputs: Sequence[Array | None], index: int) -> Array | None:
    return inputs[index] if index < len(inputs) else None


def tensor_of(operands: Operands, index: int) -> Tensor:
    """The tensor behind an input that the shape rule has required."""
    tensor = operands.inputs[index]
    assert tensor is not None
    return tensor


def require_rank(tensor: Tensor, rank: int, role: str) -> None:
    require(len(tensor.shape) == rank, f"{role} {tensor.name} has shape {tensor.shape}, expected rank {rank}")


def require_dtype(tensor: Tensor, dtypes: Sequence[DType], role: str) -> None:
    require(tensor.dtype in dtypes, f"{role} {tensor.name} is {tensor.dtype}, expected one of {', '.join(dtypes)}")


def require_same_dtype(first: Tensor, second: Tensor) -> None:
    require(
        first.dtype == second.dtype,
        f"{first.name} is {first.dtype} and {second.name} is {second.dtype}; they must be the same",
    )


def require_one_scale(tensor: Tensor, role: str) -> None:
    """Raise ProgramError unless the tensor has one scale and zero point."""
    require(
        tensor.quant is not None and len(tensor.quant.scale) == 1,
        f"{role} {tensor.name} is {tensor.dtype} and needs one scale and zero point",
    )


def broadcast_shapes(first: Tensor, second: Tensor) -> Shape:
    """The common shape of two operands by numpy's rule.

    Raises:
        ProgramError: they do not broadcast.
    """
    rank = max(len(first.shape), len(second.shape))
    pairs = zip(
        (1,) * (rank - len(first.shape)) + first.shape, (1,) * (rank - len(second.shape)) + second.shape, strict=True
    )
    out = []
    for a, b in pairs:
        require(a == b or 1 in (a, b), f"{first.name} {first.shape} and {second.name} {second.shape} do not broadcast")
        out.append(b if a == 1 else a)
    return tuple(out)
