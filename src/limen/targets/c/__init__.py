"""Target c: a Program becomes C11 for microcontrollers and boards, without malloc, libc or hidden state."""

from limen.targets.c._emit import blockers, generate
from limen.targets.c._generated import ARENA_ALIGN, Generated, Layer, Place
from limen.targets.c._target import TARGET, fast_limit

__all__ = ["ARENA_ALIGN", "TARGET", "Generated", "Layer", "Place", "blockers", "fast_limit", "generate"]
