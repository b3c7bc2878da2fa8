"""Matrix product over broadcast batch dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.errors import ProgramError
from limen.ops._fixed_point import Requantization, multiplier
from limen.ops._types import present, require_dtype, require_one_scale, tensor_of, value
from limen.ops._weighted import quantize_rows, subtract
from limen.program import Array, Cost, Op, Operands, QuantRule, Shape, Tensor, TensorType, operand_bytes, require

_RIGHT = {"float32": ("float32", "int8"), "int8": ("int8",), "int16": ("int16", "int8")}


@dataclass(frozen=True)
class BatchMatMul(Op):
    """x [.., M, K], y [.., K, N] -> [.., M, N]; with ``adj_x`` x is [.., K, M], with ``adj_y`` y is [.., N, K].

    Args:
        asymmetric_quantize_inputs: hybrid only (float32 x, int8 y): x is quantised with a zero point.
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
        require(y.dtype in _RIGHT[x.dtype], f"right {y.name} is {y.dtype}, expected {_RIGHT[x.dtype][0]}")
        require(2 <= len(x.shape) <= 5 and 2 <= len(y.shape) <= 5, f"ranks of {x.shape} and {y.shape} must be 2 to 5")
        m, k = x.shape[-2:][::-1] if self.adj_x else x.shape[-2:]
        k2, n = y.shape[-2:][::-1] if self.adj_y else y.shape[-2:]
        require(k == k2, f"{x.name} {x.shape} and {y.name} {y.shape} do not multiply")
        try:
            batch: Shape = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        except ValueError as error:
            raise ProgramError(f"{x.name} {x.shape} and {y.name} {y.shape} do not broadcast") from error
        return (TensorType((*batch, m, n), x.dtype),)

    def check(self, operands: Operands) -> None:
        x, y, output = tensor_of(operands, 0), tensor_of(operands, 1), operands.outputs[0]
        if y.dtype == "float32":
            return
        if x.dtype == "float32":
            self._check_hybrid(x, y)
            return
        for tensor, role in ((x, "left"), (y, "right"), (output, "output")):
            require_one_scale(tensor, role)
            require(x.dtype != "int16" or tensor.zero_point == 0, f"{role} {tensor.name} has a zero point")
        shift = int(self._requantization(operands).factor.shift)
        require(x.dtype == "int8" or shift <= 14, "the rescaling factor is too large")

    def _check_hybrid(self, x: Tensor, y: Tensor) -> None:
        units = y.shape[-2 if self.adj_y else -1]
        axis = len(y.shape) - (2 if self.adj_y else 1)
        quant = y.quant
        require(quant is not None, f"right {y.name} is int8 and has no scale")
        assert quant is not None
        require(not any(quant.zero_point), f"right {y.name} has a zero point; the kernel takes symmetric weights")
        require(
            len(quant.scale) == 1 or (quant.axis == axis and len(quant.scale) == units),
            f"right {y.name}: {len(quant.scale)} scales along axis {quant.axis}, expected one or {units} along {axis}",
        )
        batch_x, batch_y = x.shape[:-2], y.shape[:-2]
        if not self.adj_x and batch_x and batch_y and batch_y[-1] == 1:
            batch_x, batch_y = batch_x[:-1], batch_y[:-1]
        several = any(sum(extent != 1 for extent in batch) > 1 for batch in (batch_x, batch_y))
        require(
            not several and (len(batch_y) < 3 or batch_y[0] == 1),
            f"float {x.shape} times int8 {y.shape}: the kernel takes one batch dimension greater than 1; reshape first",
        )

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, y = value(inputs, 0), value(inputs, 1)
        x = np.swapaxes(x, -1, -2) if self.adj_x else x
        y = np.swapaxes(y, -1, -2) if self.adj_y else y
        if y.dtype == np.float32:
            return (np.matmul(x, y),)
        if x.dtype == np.float32:
            return (self._hybrid(x, y, operands),)
        left, right = tensor_of(operands, 0), tensor_of(operands, 1)
        reach_x, reach_y = (_reach(x, left.zero_point), _reach(y, right.zero_point))
        magnitude = float(reach_x) * reach_y * x.shape[-1]
        dtype = np.float32 if magnitude < 2**24 else np.float64
        sums = np.matmul(subtract(x, left.zero_point, dtype), subtract(y, right.zero_point, dtype))
        return (self._requantization(operands)(sums, None, magnitude),)

    def _requantization(self, operands: Operands) -> Requantization:
        """The product of the scales is taken in float32, as the kernel does."""
        x, y, output = tensor_of(operands, 0), tensor_of(operands, 1), operands.outputs[0]
        factor = multiplier(float(np.float32(x.scale) * np.float32(y.scale)) / output.scale)
        info = np.iinfo(output.dtype)
        return Requantization(
            factor, output.zero_point, int(info.min), int(info.max), output.dtype, wide=x.dtype == "int16"
        )

    def _hybrid(self, x: Array, y: Array, operands: Operands) -> Array:
        """Each row of x has its own range; the zero point's share is subtracted in float32, then truncated."""
        quant = tensor_of(operands, 1).quant
        assert quant is not None
        x = np.ascontiguousarray(x)
        rows = x.size // x.shape[-1] if x.size else 0
        dynamic = quantize_rows(x, rows, self.asymmetric_quantize_inputs)
        scale = dynamic.scale.reshape(*x.shape[:-1], 1)
        offset = dynamic.offset.astype(np.float32).reshape(*x.shape[:-1], 1)
        weights = y.astype(np.float64)
        sums = np.matmul(dynamic.codes.astype(np.float64), weights).astype(np.float32)
        column_sums = weights.sum(axis=-2, keepdims=True).astype(np.float32)
        whole = np.trunc(sums - column_sums * offset)
        return np.asarray(scale * quant.scales * whole, np.float32)

    def cost(self, operands: Operands) -> Cost:
        x = tensor_of(operands, 0)
        return Cost(operands.outputs[0].size * x.shape[-2 if self.adj_x else -1], operand_bytes(operands))


def _reach(codes: Array, zero_point: int) -> int:
    """Largest |code - zero_point| of the type."""
    info = np.iinfo(codes.dtype)
    return max(int(info.max) - zero_point, zero_point - int(info.min))


OP = BatchMatMul
