"""The contract of an operator: attributes, shape rule, exact reference, cost, quantisation rule.

An operator is a frozen dataclass whose fields are its attributes (bool, int, float, str, None, or tuples of them);
it lives in one file of ``limen.ops``, which names it in ``OP``. Its meaning is what TFLite's reference kernels
(BUILTIN_REF) compute: to the bit for integer types, within a few units in the last place for float types.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from limen.errors import ProgramError
from limen.program.types import Array, Cost, Operands, QuantRule, Tensor, TensorType
from limen.registry import Registry

Activation = Literal["none", "relu", "relu6", "relu_n1_to_1"]


@dataclass(frozen=True)
class Op:
    """Base of all operators.

    Class attributes:
        name: the operator's name, CamelCase as in TFLite's documentation (``Conv2D``).
        arity: smallest and largest number of inputs.
        effect: ``read`` or ``assign`` for the two state operators; the interpreter and planners keep their order.
        quant_rule: how static quantisation treats it.
    """

    name: ClassVar[str] = ""
    arity: ClassVar[tuple[int, int]] = (1, 1)
    effect: ClassVar[Literal["none", "read", "assign"]] = "none"
    quant_rule: ClassVar[QuantRule] = QuantRule()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        """Types of the outputs.

        Raises:
            ProgramError: the inputs have a rank, shape or dtype that the operator does not take.
        """
        raise NotImplementedError

    def check(self, operands: Operands) -> None:
        """Refuse combinations of types and quantisation that the kernels do not take; called by ``Program.check``.

        Raises:
            ProgramError: names the tensor and the rule.
        """

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        """Values of the outputs; never writes to the inputs, and may return views of them."""
        raise NotImplementedError

    def cost(self, operands: Operands) -> Cost:
        """Multiply-accumulates and bytes of one execution."""
        return Cost(0, operand_bytes(operands))

    def attributes(self) -> dict[str, Any]:
        """Field name -> value, in declaration order."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


OPS: Registry[type[Op]] = Registry("operator", "limen.ops", "OP")


def check_attributes(op: Op) -> None:
    """Every attribute has the type that the operator declares; so its rules need not ask.

    Raises:
        ProgramError: names the attribute and its value.
    """
    kind: Any = type(op)
    for name, declared in _attribute_types(kind).items():
        value = getattr(op, name)
        if not _fits(value, declared):
            expected = declared.__name__ if isinstance(declared, type) else str(declared).replace("typing.", "")
            raise ProgramError(f"{op.name}: attribute {name} is {value!r}, expected {expected}")


@functools.cache
def _attribute_types(op: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(op)
    return {f.name: hints[f.name] for f in fields(op)}


def _fits(value: Any, declared: Any) -> bool:
    """Whether a value has the declared type: bool, int, float, str, None, Literal, tuple or a union of them."""
    origin, arguments = get_origin(declared), get_args(declared)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if arguments[-1] is Ellipsis:
            return all(_fits(item, arguments[0]) for item in value)
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    if arguments:
        return any(_fits(value, option) for option in arguments)
    if isinstance(value, bool):
        return declared is bool
    return isinstance(value, (int, float) if declared is float else declared)


def operand_bytes(operands: Operands) -> int:
    """Bytes of all inputs and outputs, each counted once."""
    tensors = (*operands.inputs, *operands.outputs)
    return sum(t.nbytes for t in tensors if t is not None)


def require(condition: bool, message: str) -> None:
    """Raise ProgramError unless the condition holds; the Program adds the node's name."""
    if not condition:
        raise ProgramError(message)
