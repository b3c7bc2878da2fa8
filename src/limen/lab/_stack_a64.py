"""What A64 instructions do to the stack pointer (Arm Architecture Reference Manual for A-profile, DDI 0487, C6)."""

from __future__ import annotations

import re

from limen.lab._elf import Image
from limen.lab._listing import Instruction
from limen.lab._stack_walk import ON, Flow, Value, Walk, number, numbers, unknown_move

_WRITEBACK = re.compile(r"\[sp(?:, #(-?\w+))?\](!|, #(-?\w+))")
_SHIFT = re.compile(r"lsl #(\d+)")


def a64_step(instruction: Instruction, walk: Walk, image: Image) -> Flow:
    """Bring the walk behind one instruction."""
    del image  # addresses are never read from memory to move the stack
    name, operands = instruction.name, instruction.operands
    parts = numbers(operands)
    match = _WRITEBACK.search(operands)
    if match is not None:
        walk.depth -= int(match[1] if match[2] == "!" else match[3], 0)
    elif parts[0] == "sp":
        _move(instruction, parts, walk)
    elif name in ("mov", "movz") and len(parts) >= 2:
        walk.set(parts[0], _moved(parts, walk))
    elif name in ("add", "sub") and len(parts) >= 3:
        walk.set(parts[0], _sum(name, parts, walk))
    elif name == "movk":
        walk.set(parts[0], None)
    return _flow(instruction)


def _flow(instruction: Instruction) -> Flow:
    name = instruction.name
    if name.startswith("b.") or name in ("cbz", "cbnz", "tbz", "tbnz"):
        return Flow("branch", instruction.target())
    if name in ("b", "bl"):
        return Flow("jump" if name == "b" else "call", instruction.target())
    if name == "ret":
        return Flow("return")
    if name == "br":
        return Flow("jump")  # a switch: its targets are labels of the same function
    return Flow("unknown") if name == "blr" else ON


def _move(instruction: Instruction, parts: list[str], walk: Walk) -> None:
    """``add``, ``sub``, ``mov``, ``and`` into the stack pointer."""
    if instruction.name == "mov":
        walk.move_to(parts[1], 0, instruction)
        return
    amount = _amount(parts, walk)
    if instruction.name == "and" and amount is not None:
        mask = amount | -(1 << 64) if amount >> 63 else amount
        walk.move_to(parts[1], mask + 1, instruction) if parts[1] != "sp" else _round(walk, mask)
        return
    if amount is None or instruction.name not in ("add", "sub"):
        raise unknown_move(instruction)
    upwards = amount if instruction.name == "add" else -amount
    if parts[1] == "sp":
        walk.depth -= upwards
    else:
        walk.move_to(parts[1], upwards, instruction)


def _round(walk: Walk, mask: int) -> None:
    """Rounding down lowers the stack pointer by the cleared bits at most."""
    walk.depth += -mask - 1


def _amount(parts: list[str], walk: Walk) -> int | None:
    found = number(parts[2]) if len(parts) > 2 else None
    if found is None and len(parts) > 2:
        found = walk.constant(parts[2])
    shift = _SHIFT.search(parts[3]) if len(parts) > 3 else None
    return found if found is None or shift is None else found << int(shift[1])


def _moved(parts: list[str], walk: Walk) -> Value | None:
    if parts[1] == "sp":
        return Value(walk.depth, True)
    value = number(parts[1])
    if value is None:
        return walk.values.get(parts[1])
    shift = _SHIFT.search(parts[2]) if len(parts) > 2 else None
    return Value(value << int(shift[1]) if shift else value)


def _sum(name: str, parts: list[str], walk: Walk) -> Value | None:
    """A stack address or a constant, moved."""
    base = Value(walk.depth, True) if parts[1] == "sp" else walk.values.get(parts[1])
    amount = _amount(parts, walk)
    if base is None or amount is None:
        return None
    change = amount if name == "add" else -amount
    return Value(base.number - change if base.stack else base.number + change, base.stack)
