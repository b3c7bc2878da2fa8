"""Product over axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._fixed_point import Multiplier, multiplier, rescale_int64
from limen.ops._reduce import check_codes, infer_reduce, is_codes
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class ReduceProd(Op):
    """Product over axes. Plain integers wrap; codes are int8 or int16.

    Args:
        axes: distinct, >= 0.
        keep_dims: keep the reduced axes with extent 1.
    """

    name = "ReduceProd"
    quant_rule = QuantRule("free", ("int8", "int16"))

    axes: tuple[int, ...] = ()
    keep_dims: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_reduce(inputs, self.axes, self.keep_dims)

    def check(self, operands: Operands) -> None:
        source = tensor_of(operands, 0)
        if source.quant is None and operands.outputs[0].quant is None:
            return
        require(source.dtype in ("int8", "int16"), f"input {source.name} is {source.dtype} with a scale")
        check_codes(operands)
        factor = self._factor(operands)
        require(int(factor.shift) <= 14, f"the step factor of the product needs a shift of {factor.shift}, at most 14")

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, target = value(inputs, 0), operands.outputs[0]
        if target.quant is None or not is_codes(operands):
            return (np.prod(x, axis=self.axes, dtype=x.dtype).reshape(target.shape),)
        kept = [axis for axis in range(x.ndim) if axis not in self.axes]
        rows = x.transpose(*kept, *sorted(self.axes)).reshape(target.size, -1).astype(np.int64)
        rows -= tensor_of(operands, 0).zero_point
        factor, product = self._factor(operands), rows[:, 0]
        for column in rows.T[1:]:
            product = rescale_int64(product * column, factor)
        info = np.iinfo(target.dtype)
        codes = rescale_int64(product, factor) + target.zero_point
        return (np.clip(codes, info.min, info.max).astype(target.dtype).reshape(target.shape),)

    def _factor(self, operands: Operands) -> Multiplier:
        """One step's share: every multiplication is rescaled so that the accumulator stays small."""
        source, target = tensor_of(operands, 0), operands.outputs[0]
        count = source.size // max(target.size, 1)
        return multiplier(source.scale / target.scale ** (1.0 / max(count, 1)))


OP = ReduceProd
