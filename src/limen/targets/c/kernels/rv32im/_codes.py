"""The instructions that turn a sum into a code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Rescaling:
    """Registers: the multiplier m, the constant 1 + (2 * zero point + 1) * 2^e, the shift e + 1, the codes' bounds.

    Args:
        two_sided: whether codes below the zero point occur; without them the clamp hides how negative sums round.
    """

    multiplier: str
    rounding: str
    shift: str
    low: str
    high: str
    two_sided: bool


def rescale(total: str, how: Rescaling) -> Iterator[str]:
    """Both roundings of the reference at once (see _requantize), and the clamp; in place."""
    yield f"slli {total}, {total}, 2"
    yield f"mulh {total}, {total}, {how.multiplier}"
    if how.two_sided:
        yield f"bgez {total}, 1f"
        yield f"addi {total}, {total}, -2"
        yield "1:"
    yield f"add {total}, {total}, {how.rounding}"
    yield f"sra {total}, {total}, {how.shift}"
    yield f"bge {total}, {how.low}, 2f"
    yield f"mv {total}, {how.low}"
    yield "2:"
    yield f"bge {how.high}, {total}, 3f"
    yield f"mv {total}, {how.high}"
    yield "3:"
