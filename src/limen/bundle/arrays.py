"""Named arrays as one blob: same arrays, same bytes.

Layout: uint32 header length (little endian), JSON header ``[[name, dtype, shape], ...]``, then the arrays' little-endian
bytes one after the other.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.errors import BundleError

Array = NDArray[Any]
_KINDS = "fiub"


def pack_arrays(arrays: Mapping[str, Array]) -> bytes:
    """Serialise, in the mapping's order."""
    header = json.dumps([[n, a.dtype.name, list(a.shape)] for n, a in arrays.items()], separators=(",", ":")).encode()
    body = b"".join(np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes() for a in arrays.values())
    return struct.pack("<I", len(header)) + header + body


def unpack_arrays(data: bytes | memoryview) -> dict[str, Array]:
    """Read back.

    Raises:
        BundleError: the bytes do not hold what the header says.
    """
    view = memoryview(data)
    try:
        (length,) = struct.unpack("<I", view[:4])
        entries = json.loads(bytes(view[4 : 4 + length]))
        arrays: dict[str, Array] = {}
        offset = 4 + length
        for name, dtype_name, shape in entries:
            dtype = np.dtype(str(dtype_name)).newbyteorder("<")
            if dtype.kind not in _KINDS or any(int(d) < 0 for d in shape):
                raise ValueError(f"{name}: {dtype_name}{shape}")
            size = math.prod(int(d) for d in shape) * dtype.itemsize
            part = view[offset : offset + size]
            arrays[str(name)] = np.frombuffer(part, dtype).reshape(shape).astype(dtype.newbyteorder("="))
            offset += size
        if offset != len(view):
            raise ValueError("bytes are left over")
    except (ValueError, TypeError, struct.error, KeyError) as error:
        raise BundleError(f"arrays: cannot be read: {error}") from error
    return arrays
