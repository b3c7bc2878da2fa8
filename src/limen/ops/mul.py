"""Element-wise a * b with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import code_range
from limen.ops._binary import check_codes, infer_binary, is_quantised, plain, to_codes
from limen.ops._fixed_point import Multiplier, multiplier, rescale
from limen.ops._types import tensor_of, value
from limen.program import Activation, Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Mul(Op):
    """Element-wise a * b with broadcasting."""

    name = "Mul"
    arity = (2, 2)
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "uint8", "int16", "int32", "int64", "uint32"))

    def check(self, operands: Operands) -> None:
        check_codes(operands, plain_int16=True)
        signed = operands.outputs[0].dtype != "uint32" or self.activation != "relu_n1_to_1"
        require(signed, "uint32 has no activation relu_n1_to_1")
        if is_quantised(operands):
            code_range(operands.outputs[0], self.activation)
            self._factor(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        a, b = value(inputs, 0), value(inputs, 1)
        if not is_quantised(operands):
            return (plain(np.multiply, a, b, self.activation),)
        product = (a.astype(np.int64) - tensor_of(operands, 0).zero_point) * (
            b.astype(np.int64) - tensor_of(operands, 1).zero_point
        )
        return (to_codes(rescale(product, self._factor(operands)), operands, self.activation),)

    def _factor(self, operands: Operands) -> Multiplier:
        """Product of the input scales over the output scale, in float32 as the kernel prepares it."""
        a, b, output = tensor_of(operands, 0), tensor_of(operands, 1), operands.outputs[0]
        return multiplier(float(np.float32(a.scale) * np.float32(b.scale) / np.float32(output.scale)))


OP = Mul
