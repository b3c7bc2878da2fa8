"""Passes on a Program: pure, checked after each, and the same object back when there is nothing to do."""

from __future__ import annotations

from collections.abc import Callable

from limen.lower.passes.drop_no_ops import drop_no_ops
from limen.lower.passes.fuse_activation import fuse_activation
from limen.lower.passes.fuse_bias import fuse_bias
from limen.lower.passes.fuse_padding import fuse_padding
from limen.lower.passes.fuse_reduction import fuse_reduction
from limen.lower.passes.sink_reshapes import sink_reshapes
from limen.program import Program

PASSES: tuple[Callable[[Program], Program], ...] = (
    drop_no_ops,
    sink_reshapes,
    fuse_reduction,
    fuse_padding,
    fuse_bias,
    fuse_activation,
)
_MAX_ROUNDS = 1000


def tidy(program: Program) -> Program:
    """Run all passes, each followed by ``check()``, until nothing changes."""
    for _ in range(_MAX_ROUNDS):
        before = program
        for one in PASSES:
            after = one(program)
            program = after if after is program else after.check()
        if program is before:
            break
    return program
