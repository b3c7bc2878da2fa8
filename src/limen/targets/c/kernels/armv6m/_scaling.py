"""Rescaling in ARMv6-M, which multiplies 32 by 32 bits to the low 32 only.

The multiplier m < 2^31 is cut into pieces of 11, 10 and 10 bits. For |a| < 2^20 no step overflows, and nested floors
are one floor::

    mulh(4a, m) = floor(a*m / 2^30) = (a*m2 + ((a*m1 + ((a*m0) >> 10)) >> 10)) >> 10

Sums beyond are saturated first, where that changes no code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from limen.ops._fixed_point import Int64
from limen.targets.c.kernels._packed._requantize import Channels

LIMIT = (1 << 20) - 1


@dataclass(frozen=True)
class Flavour:
    """What a layer asks of the rescaling.

    Args:
        two_sided: codes below the zero point occur.
        wide: sums may reach 2^20 and are saturated.
    """

    two_sided: bool
    wide: bool

    @property
    def suffix(self) -> str:
        return f"{'s' if self.two_sided else ''}{'w' if self.wide else ''}"


def flavour(table: Channels) -> Flavour:
    return Flavour(table.low < table.zero_point, bool((_largest(table) > LIMIT).any()))


def fits(table: Channels, once: bool = False) -> bool:
    """Whether saturation at 2^20 is hidden by the clamp, in every channel that reaches so far.

    Args:
        once: the layer rounds once (see _packed._round_once).
    """
    above, below = _code(table, LIMIT, once), _code(table, -LIMIT, once)
    hidden = (above >= table.high) & (below <= table.low)
    return bool((hidden | (_largest(table) <= LIMIT)).all())


def _largest(table: Channels) -> Int64:
    weights = np.abs(table.weights.astype(np.int64)).sum(axis=1)
    total: Int64 = 128 * weights + np.abs(table.bias)
    return total


def _code(table: Channels, total: int, once: bool) -> Int64:
    """What the assembler makes of a sum in each channel, before the clamp."""
    q = (4 * total * table.mantissa) >> 32
    if not once:
        q = q - 2 * (q < 0) + 1
    code: Int64 = (q + (table.rounding << table.shift)) >> (table.shift + 1)
    return code


@dataclass(frozen=True)
class Registers:
    """Where the constants are; all low registers but ``rounding``.

    Args:
        pieces: of the multiplier, lowest first.
        rounding: 1 + (2 * zero point + 1) * 2^e, high or low.
        shift: e + 1.
        scratch: two that may be used.
        low, high, limit: stack offsets of the codes' bounds and of 2^20 - 1.
    """

    pieces: tuple[str, str, str]
    rounding: str
    shift: str
    scratch: tuple[str, str]
    low: int
    high: int
    limit: int


def split_multiplier(multiplier: str, pieces: tuple[str, str, str]) -> Iterator[str]:
    """The pieces of a multiplier, whose register may be the highest piece's."""
    yield f"lsls {pieces[0]}, {multiplier}, #22"
    yield f"lsrs {pieces[0]}, {pieces[0]}, #22"
    yield f"lsls {pieces[1]}, {multiplier}, #12"
    yield f"lsrs {pieces[1]}, {pieces[1]}, #22"
    yield f"lsrs {pieces[2]}, {multiplier}, #20"


def rescale(total: str, where: Registers, how: Flavour) -> Iterator[str]:
    """A sum in a low register becomes a code, in place."""
    first, second = where.scratch
    if how.wide:
        yield f"ldr {first}, [sp, #{where.limit}]"
        yield f"cmp {total}, {first}"
        yield "ble 1f"
        yield f"mov {total}, {first}"
        yield "1:"
        yield f"rsbs {first}, {first}, #0"
        yield f"cmp {total}, {first}"
        yield "bge 2f"
        yield f"mov {total}, {first}"
        yield "2:"
    yield f"movs {first}, {total}"
    yield f"muls {first}, {where.pieces[0]}"
    yield f"movs {second}, {total}"
    yield f"muls {second}, {where.pieces[1]}"
    yield f"asrs {first}, {first}, #10"
    yield f"adds {first}, {first}, {second}"
    yield f"muls {total}, {where.pieces[2]}"
    yield f"asrs {first}, {first}, #10"
    yield f"adds {total}, {total}, {first}"
    yield f"asrs {total}, {total}, #10"
    if how.two_sided:
        yield "bpl 3f"
        yield f"subs {total}, #2"
        yield "3:"
    yield f"add {total}, {where.rounding}"
    yield f"asrs {total}, {where.shift}"
    for bound, branch, label in ((where.low, "bge", 4), (where.high, "ble", 5)):
        yield f"ldr {first}, [sp, #{bound}]"
        yield f"cmp {total}, {first}"
        yield f"{branch} {label}f"
        yield f"mov {total}, {first}"
        yield f"{label}:"
