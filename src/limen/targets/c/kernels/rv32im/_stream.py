"""Weights of a convolution as the tile reads them: one linear stream, in groups whose sums fit 16 bits."""

from __future__ import annotations

import struct

import numpy as np

from limen.targets.c.kernels._packed._groups import split
from limen.targets.c.kernels._packed._requantize import Channels
from limen.targets.c.kernels.rv32im._tile import CHANNELS

STEP = 2
LARGEST = 126


def encodable(channels: Channels) -> bool:
    """Whether every step of weights fits a group: all but two weights of -128 side by side."""
    lowest = channels.weights == -128
    return not (lowest[:, 0::STEP] & lowest[:, 1::STEP]).any()


def encode(channels: Channels, first: int, count: int) -> bytes:
    """The stream of ``count`` channels (even) from ``first`` on; K must be whole steps."""
    parts = []
    for channel in range(first, first + count, CHANNELS):
        pair = slice(channel, channel + CHANNELS)
        rows = channels.weights[pair].astype(np.int64)
        groups = list(split(rows, STEP, LARGEST)) if rows.any() else []
        head = struct.pack(
            "<4i2BH",
            *channels.bias[pair].tolist(),
            *channels.mantissa[pair].tolist(),
            *channels.shift[pair].tolist(),
            len(groups),
        )
        body = b"".join(bytes([CHANNELS * g.shape[1] + 1]) + g.T.astype(np.int8).tobytes() for g in groups) + b"\0"
        parts.append(head + body + bytes(-len(body) % 4))
    return b"".join(parts)
