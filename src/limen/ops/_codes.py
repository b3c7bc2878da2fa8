"""What the kernels ask of scales and zero points, and the errors where a Program does not keep to it."""

from __future__ import annotations

from collections.abc import Iterable

from limen.ops._types import INTEGERS
from limen.program import Operands, Tensor, require


def parameters(tensor: Tensor) -> tuple[float, int]:
    """Scale and zero point as a kernel sees them: (0.0, 0) without quantisation and per channel."""
    if tensor.quant is None or len(tensor.quant.scale) != 1:
        return 0.0, 0
    return tensor.quant.scale[0], tensor.quant.zero_point[0]


def tensors(operands: Operands) -> list[Tensor]:
    """All inputs and outputs that are present."""
    return [t for t in (*operands.inputs, *operands.outputs) if t is not None]


def require_same_parameters(given: Iterable[Tensor]) -> None:
    """Raise ProgramError unless all tensors have one scale and zero point: the kernel moves codes without rescaling."""
    first, *others = given
    for other in others:
        require(
            parameters(first) == parameters(other),
            f"{first.name} has scale and zero point {parameters(first)}, {other.name} {parameters(other)}; "
            "the kernel moves codes and needs them the same",
        )


def require_symmetric_int16(given: Iterable[Tensor]) -> None:
    """Raise ProgramError where an int16 tensor has a zero point."""
    for tensor in given:
        zero = parameters(tensor)[1]
        require(tensor.dtype != "int16" or zero == 0, f"{tensor.name} is int16 with zero point {zero}, which must be 0")


def require_moved(operands: Operands) -> None:
    """The rules of kernels that move 8- and 16-bit codes: one scale and zero point, int16 symmetric."""
    given = [t for t in tensors(operands) if t.dtype in INTEGERS]
    if given:
        require_same_parameters(given)
        require_symmetric_int16(given)


def require_quantised(tensor: Tensor, role: str) -> None:
    """Raise ProgramError unless the tensor has a scale and zero point."""
    require(
        parameters(tensor)[0] > 0, f"{role} {tensor.name} is {tensor.dtype} and the kernel needs a scale and zero point"
    )
