"""What Thumb and A32 instructions do to the stack pointer (Arm Architecture Reference Manuals DDI 0403, DDI 0406)."""

from __future__ import annotations

import re

from limen.lab._elf import Image
from limen.lab._listing import Instruction
from limen.lab._stack_walk import ON, Flow, Value, Walk, number, numbers, unknown_move

CONDITIONS = ("eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")
BRANCHES = {f"b{c}" for c in CONDITIONS}
_WRITEBACK = re.compile(r"\[sp(?:, #(-?\w+))?\](!|, #(-?\w+))?")
_KEEPS = ("cmp", "cmn", "tst", "teq", "it", "nop", "str", "stm", "b", "cb", "push", "vpush", "vstr", "vstm")


def thumb_step(instruction: Instruction, walk: Walk, image: Image) -> Flow:
    """Bring the walk behind one instruction."""
    name, operands = instruction.name, instruction.operands
    flow = _flow(instruction)
    if name.startswith(("push", "pop", "vpush", "vpop")):
        size = register_bytes(operands)
        walk.depth += size if "push" in name else -size
    elif name.startswith(("stmdb", "ldm", "vstmdb", "vldmia")) and operands.startswith("sp!"):
        size = register_bytes(operands)
        walk.depth += size if "stmdb" in name else -size
    elif "[sp" in operands and name.startswith(("str", "ldr")):
        walk.depth -= _written_back(operands)
    elif operands.startswith("sp,") and not name.startswith(("ldm", "stm", "cmp", "vldm", "vstm")):
        _move(instruction, walk)
    _follow(instruction, walk, image)
    return flow


def register_bytes(operands: str) -> int:
    """Bytes of a register list: 8 for each double register."""
    names = [n.strip() for n in operands[operands.index("{") + 1 : operands.index("}")].split(",")]
    total = 0
    for item in names:
        first, _, last = item.partition("-")
        count = int(last.strip()[1:]) - int(first.strip()[1:]) + 1 if last else 1
        total += count * (8 if first.startswith("d") else 4)
    return total


def _flow(instruction: Instruction) -> Flow:
    name, operands = instruction.name, instruction.operands
    conditional = name.endswith(CONDITIONS)
    if name in BRANCHES or name in ("cbz", "cbnz"):
        return Flow("branch", instruction.target())
    if name in ("b", "bl"):
        return Flow("jump" if name == "b" else "call", instruction.target())
    if name.startswith("bx") and operands == "lr":
        return ON if conditional else Flow("return")
    if name.startswith("pop") and "pc" in operands:
        return ON if conditional else Flow("return")
    if name.startswith(("tbb", "tbh")) or (name == "add" and operands.startswith("pc,")):
        return Flow("jump")  # a switch: its targets are labels of the same function
    if name.startswith(("blx", "bx")):
        return Flow("unknown")
    if operands.startswith("pc,"):
        return Flow("return" if name.startswith("ldr") and "[sp], #" in operands else "unknown")
    return ON


def _written_back(operands: str) -> int:
    """How far ``[sp, #n]!`` or ``[sp], #n`` moves the stack pointer up."""
    match = _WRITEBACK.search(operands)
    if match is None or match[2] is None:
        return 0
    return int(match[1] if match[2] == "!" else match[3], 0)


def _move(instruction: Instruction, walk: Walk) -> None:
    """``add``, ``sub``, ``mov`` into the stack pointer, and ``bfc``, which rounds it down."""
    name, parts = instruction.name, numbers(instruction.operands)
    if name == "bfc" and parts[1] == "0":
        walk.depth += (1 << int(parts[2], 0)) - 1
        return
    source, amount = (parts[1], parts[2]) if len(parts) > 2 else ("sp", parts[-1])
    if name.startswith("mov"):
        walk.move_to(parts[1], 0, instruction)
        return
    size = number(amount)
    size = walk.constant(amount) if size is None else size
    if size is None or not name.startswith(("add", "sub")):
        raise unknown_move(instruction)
    upwards = size if name.startswith("add") else -size
    if source == "sp":
        walk.depth -= upwards
    else:
        walk.move_to(source, upwards, instruction)


def _follow(instruction: Instruction, walk: Walk, image: Image) -> None:
    """Constants and stack addresses in other registers, as far as prologues and epilogues need them."""
    name, parts = instruction.name, numbers(instruction.operands)
    register = parts[0]
    if (name.startswith(_KEEPS) and not name.startswith(("bic", "bfc", "bfi"))) or register == "sp":
        return
    walk.set(register, _value(name, parts, instruction, walk, image))


def _value(name: str, parts: list[str], instruction: Instruction, walk: Walk, image: Image) -> Value | None:
    last = number(parts[-1])
    if name in ("mov", "movs", "movw") and len(parts) == 2:
        if last is not None:
            return Value(last)
        return Value(walk.depth, True) if parts[1] == "sp" else walk.values.get(parts[1])
    if name == "ldr" and parts[1].startswith("[pc"):
        offset = number(parts[2].rstrip("]")) if len(parts) > 2 else 0
        at = (instruction.address + 4 & ~3) + (offset or 0)
        return Value(int.from_bytes(image.read(at, 4), "little", signed=True))
    if name == "movt" and last is not None and (low := walk.constant(parts[0])) is not None:
        return Value(_signed((low & 0xFFFF) | last << 16))
    if name in ("lsls", "lsl") and last is not None and len(parts) == 3 and (v := walk.constant(parts[1])) is not None:
        return Value(_signed(v << last))
    if name in ("rsbs", "rsb", "negs") and (v := walk.constant(parts[1])) is not None:
        return Value(-v)
    if name in ("mvn", "mvns") and last is not None:
        return Value(~last)
    return _address(name, parts, last, walk)


def _address(name: str, parts: list[str], last: int | None, walk: Walk) -> Value | None:
    """A stack address moved or rounded down; rounding may lower it by the bits it clears."""
    source = parts[1] if len(parts) == 3 and name != "bfc" else parts[0]
    base = Value(walk.depth, True) if source == "sp" else walk.values.get(source)
    if base is None or not base.stack or last is None:
        return None
    if name in ("add", "adds", "addw"):
        return Value(base.number - last, True)
    if name in ("sub", "subs", "subw"):
        return Value(base.number + last, True)
    if name in ("bic", "bics"):
        return Value(base.number + last, True)
    if name == "bfc" and parts[1] == "0":
        return Value(base.number + (1 << last) - 1, True)
    if name == "lsrs":  # Armv6-M rounds by a shift to the right and one back
        return Value(base.number + (1 << last) - 1, True)
    return base if name == "lsls" else None


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
