"""Matrix product over broadcast batch dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.errors import ProgramError
from limen.ops._types import present, require_dtype, value
from limen.program import Array, Cost, Op, Operands, QuantRule, Shape, Tensor, TensorType, operand_bytes, require


@dataclass(frozen=True)
class BatchMatMul(Op):
    """x [.., M, K], y [.., K, N] -> [.., M, N]; with ``adj_x`` x is [.., K, M], with ``adj_y`` y is [.., N, K].

    Args:
        asymmetric_quantize_inputs: hybrid only: float input is quantised with a zero point.
    """

    name = "BatchMatMul"
    arity = (2, 2)
    quant_rule = QuantRule("free", ("int8", "int16"))

    adj_x: bool = False
    adj_y: bool = False
    asymmetric_quantize_inputs: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, y = present(inputs, 0, "left"), present(inputs, 1, "right")
        require_dtype(x, ("float32", "int8", "int16"), "left")
        require(2 <= len(x.shape) <= 5 and 2 <= len(y.shape) <= 5, f"ranks of {x.shape} and {y.shape} must be 2 to 5")
        m, k = x.shape[-2:][::-1] if self.adj_x else x.shape[-2:]
        k2, n = y.shape[-2:][::-1] if self.adj_y else y.shape[-2:]
        require(k == k2, f"{x.name} {x.shape} and {y.name} {y.shape} do not multiply")
        try:
            batch: Shape = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        except ValueError as error:
            raise ProgramError(f"{x.name} {x.shape} and {y.name} {y.shape} do not broadcast") from error
        return (TensorType((*batch, m, n), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, y = value(inputs, 0), value(inputs, 1)
        return (np.matmul(np.swapaxes(x, -1, -2) if self.adj_x else x, np.swapaxes(y, -1, -2) if self.adj_y else y),)

    def cost(self, operands: Operands) -> Cost:
        x = operands.inputs[0]
        assert x is not None
        return Cost(operands.outputs[0].size * x.shape[-2 if self.adj_x else -1], operand_bytes(operands))


OP = BatchMatMul
