"""What the walk through a function carries along, and what an instruction does to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from limen.errors import Unsupported
from limen.lab._listing import Instruction


class Flow(NamedTuple):
    """Where control goes: on, or by a branch, jump or call to a target; ``unknown`` through a register."""

    kind: Literal["on", "branch", "jump", "call", "return", "unknown"] = "on"
    target: int | None = None


ON = Flow()


class Value(NamedTuple):
    """A register's content: a constant, or (``stack``) the depth that an address on the stack has."""

    number: int
    stack: bool = False


@dataclass
class Walk:
    """State at one instruction.

    Args:
        depth: bytes between the stack pointer and where it was on entry.
        deepest: the most so far.
        values: registers whose content is known.
    """

    depth: int = 0
    deepest: int = 0
    values: dict[str, Value] = field(default_factory=dict)

    def constant(self, register: str) -> int | None:
        """A register's number, if it is one."""
        value = self.values.get(register)
        return None if value is None or value.stack else value.number

    def set(self, register: str, value: Value | None) -> None:
        """What a register holds from here on."""
        if value is None:
            self.values.pop(register, None)
        else:
            self.values[register] = value

    def move_to(self, register: str, less: int, instruction: Instruction) -> None:
        """The stack pointer becomes a register's address plus ``less``.

        Raises:
            Unsupported: the register holds no known address on the stack.
        """
        value = self.values.get(register)
        if value is None or not value.stack:
            raise unknown_move(instruction)
        self.depth = value.number - less


def unknown_move(instruction: Instruction) -> Unsupported:
    """The error of a stack pointer that moves by an unknown amount."""
    return Unsupported(f"{instruction.name} {instruction.operands}: moves the stack by an amount that is not known")


def numbers(operands: str) -> list[str]:
    """Operands apart, without the sign of immediates."""
    return [part.strip().removeprefix("#") for part in operands.split(",")]


def number(text: str) -> int | None:
    """An immediate; None for anything else."""
    try:
        return int(text, 0)
    except ValueError:
        return None
