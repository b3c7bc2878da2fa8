"""Weights of a convolution as the tile reads them: one linear stream, in groups whose sums fit 16 bits."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from limen.ops._fixed_point import Int64
from limen.targets.c.kernels.rv32im._requantize import Channels
from limen.targets.c.kernels.rv32im._tile import CHANNELS

STEP = 2
_LARGEST_GROUP = 126
_CODE_LOW, _CODE_HIGH = -128, 127


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
        groups = list(split(rows)) if rows.any() else []
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


def split(rows: Int64) -> Iterator[Int64]:
    """Cut [channels, K] into runs of whole steps, each as long as every channel's sums of products fit int16."""
    high = np.where(rows > 0, rows * _CODE_HIGH, rows * _CODE_LOW)
    low = np.where(rows > 0, rows * _CODE_LOW, rows * _CODE_HIGH)
    start, top, bottom = 0, np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    for at in range(0, rows.shape[1], STEP):
        step = slice(at, at + STEP)
        top, bottom = top + high[:, step].sum(axis=1), bottom + low[:, step].sum(axis=1)
        fits = top.max() < 1 << 15 and bottom.min() >= -(1 << 15) and at + STEP - start <= _LARGEST_GROUP
        if at > start and not fits:
            yield rows[:, start:at]
            start, top, bottom = at, high[:, step].sum(axis=1), low[:, step].sum(axis=1)
    yield rows[:, start:]
