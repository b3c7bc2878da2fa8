"""The device graph: frozen, typed, quantised, NHWC, static shapes; its integer meaning is defined to the bit."""

from limen.program.graph import Program
from limen.program.interpret import initial_states, run
from limen.program.op import OPS, Activation, Op, operand_bytes, require
from limen.program.types import (
    Array,
    Cost,
    DType,
    Node,
    Operands,
    Port,
    Quant,
    QuantRule,
    Shape,
    State,
    Tensor,
    TensorType,
)

__all__ = [
    "OPS",
    "Activation",
    "Array",
    "Cost",
    "DType",
    "Node",
    "Op",
    "Operands",
    "Port",
    "Program",
    "Quant",
    "QuantRule",
    "Shape",
    "State",
    "Tensor",
    "TensorType",
    "initial_states",
    "operand_bytes",
    "require",
    "run",
]
