"""The most stack a call can take, from the machine code: each function's frame, and who calls whom.

The walk goes through a function in the order of its addresses and follows the stack pointer; a branch carries the
depth to its target. Where the depth at a label cannot be known (behind a jump, reached from further on), the deepest
seen so far stands in. The bound holds for code without recursion and without calls through registers; where either is
found, or where the stack pointer moves by an amount that the code does not tell, there is none, and the reason is
given. Stack that an interrupt takes is not the model's and not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from limen.errors import Unsupported
from limen.lab._build import Built, calls_of
from limen.lab._cores import Family
from limen.lab._elf import Image, Symbol
from limen.lab._listing import Instruction, function_listing
from limen.lab._stack_a64 import a64_step
from limen.lab._stack_riscv import riscv_step
from limen.lab._stack_thumb import thumb_step
from limen.lab._stack_walk import Flow, Walk

Step = Callable[[Instruction, Walk, Image], Flow]
_STEPS: Mapping[Family, Step] = {"thumb": thumb_step, "arm": thumb_step, "a64": a64_step, "riscv": riscv_step}


@dataclass(frozen=True)
class StackBound:
    """How much stack a run can take.

    Args:
        bytes: the most; None where the code does not tell.
        reason: why there is none.
    """

    bytes: int | None
    reason: str = ""


def stack_bound(built: Built) -> StackBound:
    """Of whichever of the functions that a firmware calls takes the most."""
    frames = _Frames(built)
    image, name = built.image, built.generated.name
    try:
        return StackBound(max(frames.deepest(image.address(f"{name}_{what}")) for what in calls_of(built.generated)))
    except Unsupported as problem:
        return StackBound(None, problem.message)


@dataclass
class _Frames:
    """Depths of functions, found once each."""

    built: Built
    known: dict[int, int] = field(default_factory=dict)
    open: list[int] = field(default_factory=list)

    def deepest(self, address: int) -> int:
        """Bytes below the stack pointer of the caller."""
        if address in self.known:
            return self.known[address]
        function = self.built.image.function_at(address)
        if function is None:
            raise Unsupported(f"code at {address:#x} belongs to no function")
        if address in self.open:
            raise Unsupported(f"{function.name} calls itself")
        self.open.append(address)
        own, calls = walk_function(self.built.image, function, self.built.core.family)
        below = [depth + self.deepest(target) for target, depth in calls.items()]
        self.open.pop()
        self.known[address] = max([own, *below])
        return self.known[address]


def walk_function(image: Image, function: Symbol, family: Family) -> tuple[int, dict[int, int]]:
    """A function's own depth, and the depth at which it calls or jumps to each other one.

    Raises:
        Unsupported: it calls through a register, or moves the stack pointer by an unknown amount.
    """
    walk = Walk()
    calls: dict[int, int] = {}
    labels: dict[int, int] = {}
    ended = False
    for instruction in function_listing(image, function, family):
        if instruction.address in labels:
            known = labels[instruction.address]
            walk.depth = known if ended else max(known, walk.depth)
        elif ended:
            walk.depth = walk.deepest
        flow = _STEPS[family](instruction, walk, image)
        walk.deepest = max(walk.deepest, walk.depth)
        ended = flow.kind in ("jump", "return")
        if flow.kind == "unknown":
            what = f"{instruction.name} {instruction.operands}"
            raise Unsupported(f"{function.name}: {what} goes where the code cannot tell")
        if flow.target is None:
            continue
        inside = function.address < flow.target < function.end  # Armv6-M reaches far inside a function by BL
        if not inside and (flow.kind == "call" or flow.target != function.address):
            calls[flow.target] = max(calls.get(flow.target, 0), walk.depth)
        else:
            labels[flow.target] = max(labels.get(flow.target, 0), walk.depth)
    return walk.deepest, calls
