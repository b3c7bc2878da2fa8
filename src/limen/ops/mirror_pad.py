"""The input mirrored at its borders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from limen.ops._codes import require_moved
from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class MirrorPad(Op):
    """The input mirrored at its borders.

    Args:
        paddings: (before, after) of every axis.
        mode: ``reflect`` leaves the border element out of the mirror image, ``symmetric`` repeats it.
    """

    name = "MirrorPad"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    paddings: tuple[tuple[int, int], ...] = ()
    mode: Literal["reflect", "symmetric"] = "reflect"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require(self.mode in ("reflect", "symmetric"), f"mode {self.mode!r} is neither reflect nor symmetric")
        require(len(self.paddings) == len(x.shape), f"paddings {self.paddings} do not fit shape {x.shape}")
        require(all(b >= 0 and a >= 0 for b, a in self.paddings), f"paddings {self.paddings} are negative")
        limit = 1 if self.mode == "reflect" else 0
        fits = all(max(p) <= d - limit for p, d in zip(self.paddings, x.shape, strict=True))
        require(fits, f"{self.mode} paddings {self.paddings} are larger than shape {x.shape}")
        return (TensorType(tuple(d + b + a for d, (b, a) in zip(x.shape, self.paddings, strict=True)), x.dtype),)

    def check(self, operands: Operands) -> None:
        require_moved(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        mode: Any = self.mode
        return (np.pad(value(inputs, 0), self.paddings, mode=mode),)


OP = MirrorPad
