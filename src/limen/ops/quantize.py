"""Real values or codes to the output's codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._fixed_point import multiplier, rescale, round_away, wrap_int32
from limen.ops._types import present, require_dtype, require_one_scale, tensor_of, value
from limen.program import Array, DType, Op, Operands, QuantRule, Tensor, TensorType, require

# input -> outputs that TFLite's kernel takes
_TARGETS: dict[DType, tuple[DType, ...]] = {
    "float32": ("int8", "uint8", "int16"),
    "int8": ("int8", "uint8", "int16"),
    "uint8": ("int8", "uint8", "int16"),
    "int16": ("int8", "int16", "int32"),
    "int32": ("int8", "int16"),
}


@dataclass(frozen=True)
class Quantize(Op):
    """float32 -> codes, or codes -> codes of another scale or type (requantisation); the output tensor has the scale.

    float32 also takes one scale per channel. A value that no code can hold saturates.

    Args:
        dtype: of the output.
    """

    name = "Quantize"
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    dtype: DType = "int8"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, tuple(_TARGETS), "input")
        require(self.dtype in _TARGETS[x.dtype], f"{x.dtype} cannot be quantised to {self.dtype}")
        return (TensorType(x.shape, self.dtype),)

    def check(self, operands: Operands) -> None:
        source, target = tensor_of(operands, 0), operands.outputs[0]
        require(target.quant is not None, f"output {target.name} has no scale")
        if source.dtype == "float32":
            return
        require_one_scale(source, "input")
        require_one_scale(target, "output")
        symmetric = (source.dtype, target.dtype) != ("int16", "int16") or not (source.zero_point or target.zero_point)
        require(symmetric, "int16 to int16 takes no zero points")
        multiplier(source.scale / target.scale)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, source, target = value(inputs, 0), tensor_of(operands, 0), operands.outputs[0]
        info = np.iinfo(self.dtype)
        if x.dtype == np.float32:
            scale, zero_point = _parameters(target)
            with np.errstate(over="ignore"):
                real = round_away(x / scale).astype(np.float64) + zero_point
            return (np.clip(np.nan_to_num(real), info.min, info.max).astype(self.dtype),)
        centred = wrap_int32(x.astype(np.int64) - source.zero_point)
        codes = rescale(centred, multiplier(source.scale / target.scale)) + target.zero_point
        return (np.clip(codes, info.min, info.max).astype(self.dtype),)


def _parameters(target: Tensor) -> tuple[Array, Array]:
    """Scale and zero point, shaped to broadcast against the tensor."""
    quant = target.quant
    assert quant is not None
    shape = [-1 if axis == quant.axis else 1 for axis in range(len(target.shape))] if quant.axis is not None else []
    return quant.scales.reshape(shape), quant.zero_points.reshape(shape)


OP = Quantize
