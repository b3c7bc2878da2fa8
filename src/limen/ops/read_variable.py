"""The value of a state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.errors import InternalError
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class ReadVariable(Op):
    """The value of a state; its type is the state's, which ``Program.check`` knows."""

    name = "ReadVariable"
    arity = (0, 0)
    effect = "read"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    state: str = ""

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return (TensorType((), "float32"),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        raise InternalError("ReadVariable is executed by the interpreter")


OP = ReadVariable
