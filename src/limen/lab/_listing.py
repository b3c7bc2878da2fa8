"""Machine code as text, function by function: what the stack and cycle models read.

Raises MissingExtra where capstone is not installed.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import Any, NamedTuple

from limen.errors import InternalError, MissingExtra
from limen.lab._cores import Family
from limen.lab._elf import Image, Symbol


class Instruction(NamedTuple):
    """One instruction: ``name`` without the width suffix, ``operands`` as text."""

    address: int
    size: int
    name: str
    operands: str

    @property
    def end(self) -> int:
        return self.address + self.size

    def target(self) -> int | None:
        """The address at the end of the operands, of a direct branch."""
        text = self.operands.rpartition(",")[2].strip().removeprefix("#")
        try:
            return int(text, 0)
        except ValueError:
            return None


def disassemble(code: bytes, address: int, family: Family) -> list[Instruction]:
    """Whole instructions.

    Raises:
        InternalError: some bytes are no instruction.
    """
    found = [
        Instruction(at, size, name.partition(".")[0] if name.endswith((".w", ".n")) else name, operands)
        for at, size, name, operands in _engine(family).disasm_lite(code, address)
    ]
    if sum(i.size for i in found) != len(code):
        at = found[-1].end if found else address
        raise InternalError(f"no instruction is known at {at:#x}")
    return found


def function_listing(image: Image, function: Symbol, family: Family) -> list[Instruction]:
    """A function's instructions in the order of their addresses, without its literal pools."""
    found: list[Instruction] = []
    start = at = function.address
    while at < function.end:
        if image.is_code(at):
            at += 2
            continue
        found += disassemble(image.read(start, at - start), start, family)
        while at < function.end and not image.is_code(at):
            at += 1
        at += at & 1
        start = at
    return found + disassemble(image.read(start, at - start), start, family) if start < at else found


@functools.cache
def _engine(family: Family) -> Any:
    if importlib.util.find_spec("capstone") is None:
        raise MissingExtra("capstone", "mcu")
    capstone = importlib.import_module("capstone")
    if family == "thumb":
        return capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    if family == "arm":
        return capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_ARM)
    if family == "a64":
        return capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    return capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32 | capstone.CS_MODE_RISCVC)
