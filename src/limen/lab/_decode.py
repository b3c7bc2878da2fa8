"""How many instructions a block of code has: the first bits of each tell its length.

Sources: Armv7-M Architecture Reference Manual (DDI 0403), A5.1: a halfword that begins with 0b11101, 0b11110 or 0b11111
is the first of two. RISC-V Instruction Set Manual, volume I, 1.5: an instruction whose two lowest bits are 11 has 32
bits, any other one 16. Arm's A32 and A64 instructions have 32 bits.
"""

from __future__ import annotations

import struct

from limen.lab._cores import Family


def instruction_sizes(code: bytes, family: Family) -> list[int]:
    """Bytes of each instruction of a block, 2 or 4.

    An instruction in an IT block that its condition skips is one too: it is fetched and issued.

    Args:
        code: whole instructions, little endian.
    """
    halfwords = struct.unpack(f"<{len(code) // 2}H", code)
    sizes, at = [], 0
    while at < len(halfwords):
        size = 2 if wide(halfwords[at], family) else 1
        sizes.append(2 * size)
        at += size
    return sizes


def wide(halfword: int, family: Family) -> bool:
    """Whether a halfword is the first of two."""
    if family == "thumb":
        return halfword >= 0xE800
    return halfword & 3 == 3 if family == "riscv" else True
