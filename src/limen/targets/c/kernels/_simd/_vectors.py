"""A vector instruction set as the kernels see it: accumulators of 32 bits, and a dot product of a few small operands.

Float layers are the same with one operand to a group and a fused multiply-add for the dot product.

Every accumulator lane belongs to one output channel. A *group* is the operands that one lane takes at once: four bytes
or two 16-bit words. ``group`` accumulators together hold the channels of one *vector* of activations, ``lanes * group``
of them, ordered so that packing needs no shuffle: accumulator j, 128-bit lane l, element d is channel
``4 * group * l + 4 * j + d``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels._simd._fit import FUSED, Arithmetic

Operands = Literal["unsigned", "signed", "words", "floats"]
Products = Literal["broadcasts", "lanes", "halves"]


@dataclass(frozen=True, eq=False)
class Vectors:
    """One instruction set at one width.

    Args:
        bits: of a vector.
        operands: activations inside a layer: unsigned bytes, code + 128; signed bytes, the code; 16-bit words, the
            code less its zero point; or floats. Weights are signed.
        registers: vector registers.
        product: the helper of the dot product of vectors, ``limen_dot_BITS``.
        shelf: the other helpers by what they do, ``load``.
        accumulator, operand: C types of a vector of accumulators, and of activations or weights.
        zero: C of an operand of zeros.
        header: what declares them.
        temporaries: registers that a dot product needs besides its operands.
        bytes_of_weights: weights of words are kept as bytes, and widened as they are loaded.
        arithmetic: of multiply-adds in float.
        products: how a tile takes activations: each group from memory into every lane; or sixteen bytes at a time, of
            which the dot product names a lane; or of which each half of a group is copied into every 16-bit lane, and
            weights lie by halves too, [half][lane][2].
        by_integers: rescales by integers always, which is exact; else by a proven multiply-add where there is one.
    """

    bits: int
    operands: Operands
    registers: int
    product: Helper
    shelf: Callable[[str], Helper]
    accumulator: str
    operand: str
    zero: str
    header: str
    temporaries: int = 0
    bytes_of_weights: bool = False
    arithmetic: Arithmetic = FUSED
    products: Products = "broadcasts"
    by_integers: bool = False

    @property
    def group(self) -> int:
        """Operands per lane and dot product."""
        return {"unsigned": 4, "signed": 4, "words": 2, "floats": 1}[self.operands]

    @property
    def lanes(self) -> int:
        """32-bit accumulators in a vector."""
        return self.bits // 32

    @property
    def span(self) -> int:
        """Activations in a vector."""
        return self.lanes * self.group

    @property
    def floating(self) -> bool:
        return self.operands == "floats"

    @property
    def element(self) -> str:
        """C type of an activation inside a layer."""
        return {"unsigned": "uint8_t", "signed": "int8_t", "words": "int16_t", "floats": "float"}[self.operands]

    @property
    def weight(self) -> str:
        return "int8_t" if self.operands == "unsigned" or self.bytes_of_weights else self.element

    @property
    def result(self) -> str:
        """C type of the layer's output."""
        return "float" if self.floating else "int8_t"

    @property
    def weight_type(self) -> type[np.generic]:
        types: dict[str, type[np.generic]] = {"int8_t": np.int8, "int16_t": np.int16, "float": np.float32}
        return types[self.weight]

    @property
    def element_bytes(self) -> int:
        return {"unsigned": 1, "signed": 1, "words": 2, "floats": 4}[self.operands]

    def offset(self, zero_point: int) -> int:
        """An activation inside a layer is the code plus this."""
        return {"unsigned": 128, "signed": 0, "words": -zero_point}.get(self.operands, 0)

    def order(self) -> NDArray[np.int64]:
        """Channel within a vector of each accumulator's lanes, [group, lanes]."""
        lane = np.arange(self.lanes)
        return 4 * self.group * (lane // 4) + lane % 4 + 4 * np.arange(self.group)[:, None]

    def helper(self, name: str) -> Helper:
        """A shared helper of this instruction set."""
        return self.shelf(name)

    def call(self, name: str) -> str:
        """The C name of a helper."""
        return self.shelf(name).name
