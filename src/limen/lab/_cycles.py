"""Cycles of a Cortex-M4, estimated from the table of its instructions: never a measurement.

Source: Arm Cortex-M4 Processor Technical Reference Manual (100166), 3.3.1 and 3.3.3, at zero wait states. P is the
refill of the pipeline after a taken branch, 1 to 3 cycles. A single load takes 2, or 1 behind another load or store
whose address phase it overlaps; N registers take 1 + N. What the table leaves open makes the range: ``low`` has P = 1,
every single load and store 1, a division 2, IT folded; ``high`` has P = 3, every single load and store 2, a division
12; ``estimate`` has P = 2, overlaps loads behind loads whose address does not need the load before, division 7. Flash
wait states, bus contention and unaligned accesses are not in any of them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from limen.lab._build import Built
from limen.lab._listing import Instruction, disassemble
from limen.lab._stack_thumb import BRANCHES, register_bytes
from limen.program import Array

MODEL = "Cortex-M4 TRM table 3-1, zero wait states; the range is pipeline refill 1 to 3 and single loads 1 to 2"
REFILL = (1, 2, 3)  # low, estimate, high
_DIVIDE = (2, 7, 12)
_SLOW_FLOAT = {"vdiv": 14, "vsqrt": 14, "vmla": 3, "vmls": 3, "vnmla": 3, "vnmls": 3, "vfma": 3, "vfms": 3, "vfnma": 3}
_REGISTER_OFFSET = re.compile(r"\[\w+, [a-z]")
_ADDRESS = re.compile(r"\[(\w+)(?:, ([a-z]\w*))?")


class Cost(NamedTuple):
    """Cycles of a block: (low, estimate, high) without the refill, and when the refill is due."""

    cycles: tuple[int, int, int]
    refill: str  # "always", "taken" or "never"


def layer_cycles(built: Built, blocks: Array) -> Array:
    """Cycles of every layer of one run.

    Args:
        built: for a Cortex-M4.
        blocks: the counter's entries.

    Returns:
        int64 [layers + 1, 3]: low, estimate, high; the last row belongs to no layer.
    """
    found = np.zeros((len(built.generated.layers) + 1, 3), np.int64)
    code = built.image.code().address
    costs: dict[tuple[int, int], Cost] = {}
    for block in blocks:
        key = int(block["offset"]), int(block["size"])
        if key not in costs:
            at = code + key[0]
            costs[key] = block_cost(disassemble(built.image.read(at, key[1]), at, "thumb"))
        cost, runs = costs[key], int(block["runs"])
        refills = {"always": runs, "taken": runs - int(block["falls"]), "never": 0}[cost.refill]
        total = np.array(cost.cycles, np.int64) * runs + np.array(REFILL, np.int64) * refills
        found[int(block["layer"])] += total
    return found


def block_cost(block: list[Instruction]) -> Cost:
    """Cycles of one basic block."""
    low = middle = high = 0
    before: Instruction | None = None
    for instruction in block:
        cost = _cost(instruction, before)
        low, middle, high = low + cost[0], middle + cost[1], high + cost[2]
        before = instruction
    return Cost((low, middle, high), _refill(block[-1]))


def _refill(last: Instruction) -> str:
    name, operands = last.name, last.operands
    if name in BRANCHES or name in ("cbz", "cbnz"):
        return "taken"
    always = ("b", "bl", "blx", "bx", "tbb", "tbh")
    returns = name.startswith(("pop", "ldm")) and "pc" in operands
    if name in always or operands.startswith("pc") or returns:
        return "always"
    conditional = name.startswith(("bl", "bx"))
    return "taken" if conditional else "never"


def _cost(instruction: Instruction, before: Instruction | None) -> tuple[int, int, int]:
    name, operands = instruction.name, instruction.operands
    if "{" in operands:
        words = 1 + register_bytes(operands) // 4
        return words, words, words
    if name.startswith(("ldrd", "strd")):
        return 3, 3, 3
    if name.startswith(("ldr", "vldr")):
        return 1, 1 if _overlaps(instruction, before) else 2, 2
    if name.startswith(("str", "vstr")):
        behind_load = before is not None and before.name.startswith("ldr")
        slow = _REGISTER_OFFSET.search(operands) is not None and not behind_load
        return 1, 2 if slow else 1, 2
    if name.startswith(("udiv", "sdiv")):
        return _DIVIDE
    if name.startswith("it"):
        return 0, 1, 1
    if name.startswith(("tbb", "tbh")):
        return 2, 2, 2
    cycles = next((c for key, c in _SLOW_FLOAT.items() if name.startswith(key)), 1)
    return cycles, cycles, cycles


def _overlaps(load: Instruction, before: Instruction | None) -> bool:
    """Whether a load's address phase runs beside the load before it."""
    if before is None or not before.name.startswith(("ldr", "vldr")) or before.name.startswith("ldrd"):
        return False
    match = _ADDRESS.search(load.operands)
    return match is None or before.operands.split(",")[0] not in match.groups()
