"""Separable resampling of pictures by tables of taps.

Every method reduces, per axis, to ``out[i] = sum_k weight[i, k] * in[index[i, k]]``. For uint8 the weights are
integers, so the result is exact and the same in C.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from limen.steps._values import Array

Taps = tuple[NDArray[np.intp], NDArray[np.float64]]

PASS_BITS = 22
"""Fractional bits of integer weights when each pass rounds to uint8 (Pillow's PRECISION_BITS)."""

JOINT_BITS = 11
"""Fractional bits of integer weights when both passes share one rounding."""


def _triangle(x: float) -> float:
    return max(0.0, 1.0 - abs(x))


def _cubic(x: float) -> float:
    x = abs(x)
    if x < 1.0:
        return (1.5 * x - 2.5) * x * x + 1.0
    return ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0 if x < 2.0 else 0.0


@functools.lru_cache(64)
def nearest(source: int, target: int) -> NDArray[np.intp]:
    """Index of the source pixel under the centre of each target pixel: floor((2 i + 1) source / (2 target))."""
    return ((2 * np.arange(target) + 1) * source // (2 * target)).astype(np.intp)


@functools.lru_cache(64)
def linear(source: int, target: int) -> Taps:
    """Two taps around (i + 0.5) source / target - 0.5, the edge pixel repeated; no smoothing when shrinking."""
    centre = (np.arange(target) + 0.5) * (source / target) - 0.5
    first = np.floor(centre)
    fraction = centre - first
    index = np.stack([first, first + 1], axis=1).clip(0, source - 1).astype(np.intp)
    return index, np.stack([1.0 - fraction, fraction], axis=1)


@functools.lru_cache(64)
def smooth(source: int, target: int, method: str) -> Taps:
    """Taps of a filter stretched by the shrink factor: ``antialias`` (triangle) or ``bicubic`` (a = -0.5).

    Source: the precomputed coefficients of Pillow's ``Image.resize`` with BILINEAR and BICUBIC, written anew.
    """
    shape, radius = {"antialias": (_triangle, 1.0), "bicubic": (_cubic, 2.0)}[method]
    scale = source / target
    stretch = max(scale, 1.0)
    reach = radius * stretch
    rows = [_window(shape, (i + 0.5) * scale, reach, 1.0 / stretch, source) for i in range(target)]
    return _table(rows)


@functools.lru_cache(64)
def area(source: int, target: int) -> Taps:
    """Mean of the source over each target pixel's footprint, partly covered pixels by their share (INTER_AREA)."""
    rows = []
    for i in range(target):
        low, high = i * source / target, (i + 1) * source / target
        first, last = i * source // target, -(-(i + 1) * source // target)
        cover = [min(high, j + 1.0) - max(low, float(j)) for j in range(first, last)]
        rows.append((first, [share / (high - low) for share in cover]))
    return _table(rows)


def _window(
    shape: Callable[[float], float], centre: float, reach: float, squeeze: float, source: int
) -> tuple[int, list[float]]:
    first = max(int(centre - reach + 0.5), 0)
    last = min(int(centre + reach + 0.5), source)
    weights = [shape((j - centre + 0.5) * squeeze) for j in range(first, last)]
    total = 0.0
    for weight in weights:
        total += weight
    return first, [weight / total for weight in weights]


def _table(rows: list[tuple[int, list[float]]]) -> Taps:
    width = max(len(weights) for _, weights in rows)
    index = np.zeros((len(rows), width), np.intp)
    weight = np.zeros((len(rows), width))
    for i, (first, weights) in enumerate(rows):
        index[i] = np.minimum(first + np.arange(width), first + len(weights) - 1)
        weight[i, : len(weights)] = weights
    return index, weight


def passes(image: Array, across: Taps, down: Taps) -> Array:
    """Both axes; uint8 is rounded (half up) and clipped after each pass, float32 rounded once at the end.

    Horizontal first, except where the height loses pixels, and more than twice as many as the width: then vertical
    first. That is the order of Pillow 13 (seen from its results); before 13 Pillow always went horizontally first.
    """
    if image.dtype == np.uint8:
        lost = image.shape[0] - len(down[0])
        if lost > max(0, 2 * (image.shape[1] - len(across[0]))):
            return _pass_u8(_pass_u8(image, down, 0), across, 1)
        return _pass_u8(_pass_u8(image, across, 1), down, 0)
    return _weighted(_weighted(image.astype(np.float64), *across, 1), *down, 0).astype(np.float32)


def joint(image: Array, across: Taps, down: Taps) -> Array:
    """Both passes with one rounding (half up) at the end for uint8; float32 as ``passes``. Two taps per axis."""
    if image.dtype != np.uint8:
        return passes(image, across, down)
    lines, place = np.unique(down[0], return_inverse=True)
    wide = _weighted(image[lines].astype(np.int32), across[0], _two_integers(across[1]), 1)
    both = _weighted(wide, place.reshape(down[0].shape), _two_integers(down[1]), 0)
    return ((both + (1 << (2 * JOINT_BITS - 1))) >> (2 * JOINT_BITS)).astype(np.uint8)


def _two_integers(weight: NDArray[np.float64]) -> NDArray[np.int32]:
    second = np.floor(weight[:, 1] * (1 << JOINT_BITS) + 0.5).astype(np.int32)
    return np.stack([(1 << JOINT_BITS) - second, second], axis=1)


def _pass_u8(image: Array, taps: Taps, axis: int) -> Array:
    """One pass over uint8; the sums are whole numbers below 2^53, so float64 holds them exactly in any order."""
    index, weight = taps
    scaled = weight * (1 << PASS_BITS)
    integers = np.trunc(scaled + np.copysign(0.5, scaled))
    lines = np.ascontiguousarray(image.swapaxes(0, axis))
    flat = lines.reshape(len(lines), -1)
    out = np.empty((len(index), flat.shape[1]), np.uint8)
    for i, (first, last) in enumerate(index[:, (0, -1)]):
        total = integers[i, : last - first + 1] @ flat[first : last + 1].astype(np.float64)
        out[i] = np.floor((total + (1 << (PASS_BITS - 1))) / (1 << PASS_BITS)).clip(0, 255)
    return np.ascontiguousarray(out.reshape(len(out), *lines.shape[1:]).swapaxes(0, axis))


def _weighted(image: Array, index: NDArray[np.intp], weight: Array, axis: int) -> Array:
    shape = (1, -1, 1) if axis == 1 else (-1, 1, 1)
    total = image.take(index[:, 0], axis) * weight[:, 0].reshape(shape)
    for tap in range(1, index.shape[1]):
        total += image.take(index[:, tap], axis) * weight[:, tap].reshape(shape)
    return total


def cover(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """Width and height that keep the aspect and just cover the target; the longer side is truncated."""
    width, height = size
    if target[0] * height >= target[1] * width:
        return target[0], max(target[1], target[0] * height // width)
    return max(target[0], target[1] * width // height), target[1]


def contain(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the largest picture of that aspect inside the target, sides rounded (half to even)."""
    scale = min(target[0] / size[0], target[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
