"""Runs of weights whose sums of products fit 16 bits, whatever the codes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from limen.ops._fixed_point import Int64

_CODE_LOW, _CODE_HIGH = -128, 127


def split(rows: Int64, step: int, largest: int) -> Iterator[Int64]:
    """Cut [channels, K] into runs of whole steps, each as long as every channel's sums of products fit int16.

    Args:
        step: weights of a channel that stay together; K is whole steps.
        largest: most weights in a run.
    """
    high = np.where(rows > 0, rows * _CODE_HIGH, rows * _CODE_LOW)
    low = np.where(rows > 0, rows * _CODE_LOW, rows * _CODE_HIGH)
    start, top, bottom = 0, np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    for at in range(0, rows.shape[1], step):
        now = slice(at, at + step)
        top, bottom = top + high[:, now].sum(axis=1), bottom + low[:, now].sum(axis=1)
        fits = top.max() < 1 << 15 and bottom.min() >= -(1 << 15) and at + step - start <= largest
        if at > start and not fits:
            yield rows[:, start:at]
            start, top, bottom = at, high[:, now].sum(axis=1), low[:, now].sum(axis=1)
    yield rows[:, start:]
