"""A vector instruction set as the kernels see it: accumulators of 32 bits, and a dot product of a few small operands.

Float layers are the same with one operand to a group and a fused multiply-add for the dot product.

Every accumulator lane belongs to one output channel. A *group* is the operands that one lane takes at once: four bytes
(unsigned activations, signed weights) with VNNI, two 16-bit words with plain AVX2. ``group`` accumulators together hold
the channels of one *vector* of activations, ``lanes * group`` of them, ordered so that packing needs no shuffle:
accumulator j, 128-bit lane l, element d is channel ``4 * group * l + 4 * j + d``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels._x86 import _helpers as h


@dataclass(frozen=True, eq=False)
class Vectors:
    """One instruction set at one width.

    Args:
        bits: of a vector.
        group: operands per lane and dot product.
        registers: vector registers.
        product: the helper of the dot product, ``limen_dot_BITS``.
        floating: float32 instead of int8.
    """

    bits: int
    group: int
    registers: int
    product: Helper
    floating: bool = False

    @property
    def lanes(self) -> int:
        """32-bit accumulators in a vector."""
        return self.bits // 32

    @property
    def span(self) -> int:
        """Activations in a vector."""
        return self.lanes * self.group

    @property
    def bytewise(self) -> bool:
        """Activations are unsigned bytes, code + 128; else 16-bit words, code - zero point."""
        return self.group == 4

    @property
    def ctype(self) -> str:
        return f"__m{self.bits}" if self.floating else f"__m{self.bits}i"

    @property
    def element(self) -> str:
        """C type of an activation inside a layer."""
        return "float" if self.floating else "uint8_t" if self.bytewise else "int16_t"

    @property
    def weight(self) -> str:
        return "float" if self.floating else "int8_t" if self.bytewise else "int16_t"

    @property
    def result(self) -> str:
        """C type of the layer's output."""
        return "float" if self.floating else "int8_t"

    @property
    def weight_type(self) -> type[np.generic]:
        return np.float32 if self.floating else np.int8 if self.bytewise else np.int16

    @property
    def element_bytes(self) -> int:
        return 4 if self.floating else 1 if self.bytewise else 2

    @property
    def temporaries(self) -> int:
        """Registers that a dot product needs besides its operands."""
        return 0 if self.bytewise or self.floating else 1

    def offset(self, zero_point: int) -> int:
        """An activation inside a layer is the code plus this."""
        return 128 if self.bytewise else -zero_point

    def order(self) -> NDArray[np.int64]:
        """Channel within a vector of each accumulator's lanes, [group, lanes]."""
        lane = np.arange(self.lanes)
        return 4 * self.group * (lane // 4) + lane % 4 + 4 * np.arange(self.group)[:, None]

    def helper(self, name: str) -> Helper:
        """A shared helper at this width; loads and broadcasts have a form for floats."""
        return h.shared(f"{name}_ps" if self.floating and name in ("load", "broadcast") else name, self.bits)


VNNI = Vectors(512, 4, 32, h.DOT_VNNI_512)
VNNI_HALF = Vectors(256, 4, 32, h.DOT_VNNI_256)
AVX2 = Vectors(256, 2, 16, h.DOT_AVX2)
FLOAT_512 = Vectors(512, 1, 32, h.shared("fma", 512), floating=True)
FLOAT_256 = Vectors(256, 1, 16, h.shared("fma", 256), floating=True)
