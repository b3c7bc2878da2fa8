"""Named arrays as one blob: same arrays, same bytes.

Layout: uint32 header length (little endian), JSON header ``[[name, dtype, shape], ...]``, then the arrays'
little-endian bytes one after the other.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from limen.bundle.manifest import DType, Shape
from limen.errors import BundleError

Array = NDArray[Any]


def pack_arrays(arrays: Mapping[str, Array]) -> bytes:
    """Serialise, in the mapping's order."""
    header = json.dumps([[n, a.dtype.name, list(a.shape)] for n, a in arrays.items()], separators=(",", ":")).encode()
    body = b"".join(np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes() for a in arrays.values())
    return struct.pack("<I", len(header)) + header + body


def unpack_arrays(data: bytes | memoryview) -> dict[str, Array]:
    """Read back; the arrays are copies.

    Raises:
        BundleError: the bytes do not hold what the header says.
    """
    view = memoryview(data)
    try:
        (length,) = struct.unpack("<I", view[:4])
        entries = msgspec.json.decode(view[4 : 4 + length], type=list[tuple[str, DType, Shape]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, struct.error) as error:
        raise BundleError(f"arrays: cannot be read: {error}") from error
    arrays: dict[str, Array] = {}
    offset = 4 + length
    for name, dtype_name, shape in entries:
        dtype = np.dtype(dtype_name).newbyteorder("<")
        end = offset + math.prod(shape) * dtype.itemsize
        if end > len(view) or name in arrays:
            raise BundleError(f"arrays: {name[:80]!r} is cut short or named twice")
        arrays[name] = np.frombuffer(view[offset:end], dtype).reshape(shape).astype(dtype.newbyteorder("="))
        offset = end
    if offset != len(view):
        raise BundleError("arrays: bytes are left over")
    return arrays
