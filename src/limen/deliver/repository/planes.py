"""Differences as byte planes: what ADD takes (see :mod:`limen.deliver`). Plain numpy, both ways."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.deliver.repository.tensors import F16, F32, U8, WIDTH

UNSIGNED: dict[int, np.dtype[Any]] = {1: np.dtype("u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}
SIGNED: dict[int, np.dtype[Any]] = {2: np.dtype("<i2"), 4: np.dtype("<i4")}


def difference(old: bytes | memoryview, new: bytes | memoryview, element: int) -> bytes:
    """new - old, element by element, as planes; both of one length, a multiple of the element's width."""
    a, b = ordered(old, element), ordered(new, element)
    delta = b - a  # modulo 2^n
    if element == U8:
        return bytes(delta.tobytes())
    width = WIDTH[element]
    signed = delta.view(SIGNED[width])
    zigzag = ((signed << 1) ^ (signed >> (8 * width - 1))).view(UNSIGNED[width])
    return bytes(zigzag.view("u1").reshape(-1, width).T.tobytes())


def ordered(data: bytes | memoryview, element: int) -> NDArray[Any]:
    """The elements as unsigned integers in the numbers' order: floats by sign and magnitude, integers as they are."""
    width = WIDTH[element]
    values: NDArray[Any] = np.frombuffer(data, UNSIGNED[width])
    if element not in (F16, F32):
        return values
    sign = UNSIGNED[width].type(1 << (8 * width - 1))
    in_order: NDArray[Any] = np.where(values & sign, ~values, values | sign).astype(UNSIGNED[width])
    return in_order
