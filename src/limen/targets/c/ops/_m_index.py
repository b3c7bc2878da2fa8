"""Indices that arrive at run time, or that are known and checked at compile time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.program import Array, Tensor
from limen.targets.c._kernel import Constant, Helper, Site, refuse
from limen.targets.c.ops._m_copy import ITEM_BYTES, constant_operands

KEEP_INSIDE = Helper(
    "keep_inside",
    """\
/* An index kept within 0 ... extent - 1: there is nobody to tell of one outside. */
static inline int32_t keep_inside(int64_t index, int32_t extent)
{
    return index < 0 ? 0 : index >= extent ? extent - 1 : (int32_t)index;
}
""",
)


def known_indices(site: Site, indices: Tensor, extents: Array) -> Array | None:
    """The constant indices as int64; None where they are computed.

    Args:
        extents: of what they count along, broadcasting against the indices.

    Raises:
        UnsupportedOp: an index lies outside.
    """
    if indices.data is None:
        return None
    values = indices.data.astype(np.int64)
    if ((values < 0) | (values >= extents)).any():
        raise refuse(site, f"with an index of {indices.name} outside the input", "correct the model")
    return values


@dataclass(frozen=True, eq=False)
class Read:
    """How an index is read: the C expression of type int32_t, and what it needs."""

    text: str
    constants: tuple[Constant, ...]
    helpers: tuple[Helper, ...] = ()


def looked_up(site: Site, place: str, extent: int, known: Array | None) -> Read:
    """The index at a place of operand 1, checked at run time unless it is known.

    Args:
        known: the constant indices, in the type that they are to be stored in after a cast to int32.
    """
    constants = tuple(c for c in constant_operands(site) if c.symbol != site.local("x1"))
    if known is None:
        return Read(f"keep_inside({place}, {extent})", constants, (KEEP_INSIDE,))
    narrow = known.astype(np.int16 if known.max(initial=0) < 2**15 else np.int32)
    return Read(place, (*constants, Constant(site.local("x1"), narrow, 4, "Where each entry comes from.")))


def moved_run(target: str, source: str, count: int, ctype: str) -> str:
    """A C statement that copies a run of elements."""
    if count == 1:
        return f"*({target}) = *({source});"
    return f"memcpy({target}, {source}, {count * ITEM_BYTES[ctype]}u);"
