"""What RV32IMC instructions do to the stack pointer (RISC-V Instruction Set Manual, volume I, 2 and 16)."""

from __future__ import annotations

from limen.lab._elf import Image
from limen.lab._listing import Instruction
from limen.lab._stack_walk import ON, Flow, Value, Walk, number, numbers, unknown_move

_BRANCHES = ("beq", "bne", "blt", "bge", "bgt", "ble")  # with u and z: bltu, beqz ...


def riscv_step(instruction: Instruction, walk: Walk, image: Image) -> Flow:
    """Bring the walk behind one instruction."""
    del image  # addresses are never read from memory to move the stack
    name, parts = instruction.name.removeprefix("c."), numbers(instruction.operands)
    flow = _flow(instruction, name, parts, walk)
    if flow.kind == "call":
        for register in ("ra", "t0", "t1", "t2"):
            walk.set(register, None)
    elif (flow is ON and not name.startswith(("s", "f"))) or name in ("sub", "slli", "srli"):
        if parts[0] == "sp":
            _move(instruction, name, parts, walk)
        else:
            walk.set(parts[0], _value(instruction, name, parts, walk))
    return flow


def _flow(instruction: Instruction, name: str, parts: list[str], walk: Walk) -> Flow:
    here = instruction.address
    offset = number(parts[-1])
    if name.startswith(_BRANCHES):
        return Flow("branch", here + (offset or 0))
    if name == "j" or name == "jal":
        kind = "call" if name == "jal" and parts[0] != "zero" else "jump"
        return Flow(kind, here + (offset or 0))  # type: ignore[arg-type]
    if name in ("jr", "jalr", "ret"):
        return _through(name, parts, walk)
    return ON


def _through(name: str, parts: list[str], walk: Walk) -> Flow:
    """``ret``, or the second half of a far call: auipc and jalr."""
    link, rest = ("zero", parts) if name in ("jr", "ret") else (parts[0], parts[1:])
    if name == "jalr" and len(parts) == 1:
        link, rest = "ra", parts
    text = rest[-1]
    offset, _, inside = text.partition("(")
    register = inside.rstrip(")") if inside else rest[0]
    offset_number = number(offset) if inside else (number(rest[1]) if len(rest) > 1 else 0)
    if name == "ret" or (link == "zero" and register == "ra"):
        return Flow("return")
    base = walk.constant(register)
    if base is None or offset_number is None:
        return Flow("unknown")
    return Flow("jump" if link == "zero" else "call", base + offset_number)


def _move(instruction: Instruction, name: str, parts: list[str], walk: Walk) -> None:
    """``addi``, ``add``, ``sub``, ``mv`` into the stack pointer."""
    last = number(parts[-1])
    if name in ("addi", "addi16sp"):
        source = parts[1] if len(parts) == 3 else "sp"
        assert last is not None
        if source == "sp":
            walk.depth -= last
        else:
            walk.move_to(source, last, instruction)
        return
    if name == "mv":
        walk.move_to(parts[1], 0, instruction)
        return
    if name == "andi" and parts[1] == "sp" and last is not None and last < 0:  # rounds down
        walk.depth += -last - 1
        return
    size = walk.constant(parts[-1])
    if size is None or name not in ("add", "sub") or (len(parts) == 3 and parts[1] != "sp"):
        raise unknown_move(instruction)
    walk.depth += size if name == "sub" else -size


def _value(instruction: Instruction, name: str, parts: list[str], walk: Walk) -> Value | None:
    last = number(parts[-1])
    if name == "mv":
        return Value(walk.depth, True) if parts[1] == "sp" else walk.values.get(parts[1])
    if last is None:
        return None
    if name in ("lui", "auipc"):
        high = (last & 0xFFFFF) << 12
        high -= (high >> 31) << 32
        return Value(high + (instruction.address if name == "auipc" else 0))
    if name == "li":
        return Value(last)
    if name in ("addi", "addi4spn"):
        source = parts[1] if len(parts) == 3 else parts[0]
        if source == "sp":
            return Value(walk.depth - last, True)
        if source == "zero":
            return Value(last)
        base = walk.values.get(source)
        return None if base is None else Value(base.number - last if base.stack else base.number + last, base.stack)
    return None
