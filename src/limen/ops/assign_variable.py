"""Store a value in a state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.errors import InternalError
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class AssignVariable(Op):
    """Store a value in a state; it has no output."""

    name = "AssignVariable"
    arity = (1, 1)
    effect = "assign"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    state: str = ""

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return ()

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        raise InternalError("AssignVariable is executed by the interpreter")


OP = AssignVariable
