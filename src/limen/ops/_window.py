"""Sliding windows over NHWC images: padding, output extents, patches for matrix products."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from limen.errors import ProgramError
from limen.program import Array

Pair = tuple[int, int]
Sides = tuple[int, int, int, int]


def output_extent(size: int, before: int, after: int, kernel: int, stride: int, dilation: int, what: str) -> int:
    """Number of window positions along one axis.

    Raises:
        ProgramError: there is none.
    """
    span = (kernel - 1) * dilation + 1
    extent = (size + before + after - span) // stride + 1
    if size + before + after < span or stride < 1 or dilation < 1 or kernel < 1:
        raise ProgramError(
            f"{what} {size} with padding ({before}, {after}) holds no window of {kernel} "
            f"(stride {stride}, dilation {dilation})"
        )
    return extent


def output_hw(height: int, width: int, kernel: Pair, stride: Pair, dilation: Pair, padding: Sides) -> Pair:
    """Output height and width; padding is (top, bottom, left, right).

    Raises:
        ProgramError: a padding is negative, or no window fits.
    """
    top, bottom, left, right = padding
    if min(padding) < 0:
        raise ProgramError(f"padding {padding} has a negative side")
    return (
        output_extent(height, top, bottom, kernel[0], stride[0], dilation[0], "height"),
        output_extent(width, left, right, kernel[1], stride[1], dilation[1], "width"),
    )


def pad_hw(x: Array, padding: Sides, fill: float) -> Array:
    """x [N,H,W,C] with constant borders; the same array where there are none."""
    top, bottom, left, right = padding
    if padding == (0, 0, 0, 0):
        return x
    n, h, w, c = x.shape
    out = np.full((n, h + top + bottom, w + left + right, c), fill, x.dtype)
    out[:, top : top + h, left : left + w] = x
    return out


def windows(x: Array, kernel: Pair, stride: Pair, dilation: Pair, out: Pair) -> Array:
    """A read-only view [N, OH, OW, kh, kw, C] of the padded x [N,H,W,C]."""
    n, _, _, c = x.shape
    sn, sh, sw, sc = x.strides
    return as_strided(
        x,
        (n, *out, *kernel, c),
        (sn, sh * stride[0], sw * stride[1], sh * dilation[0], sw * dilation[1], sc),
        writeable=False,
    )


def patches(x: Array, kernel: Pair, stride: Pair, dilation: Pair, out: Pair) -> Array:
    """Rows [N*OH*OW, kh*kw*C] for a matrix product (im2col); a view where the kernel is 1x1 with stride 1."""
    view = windows(x, kernel, stride, dilation, out)
    return view.reshape(x.shape[0] * out[0] * out[1], kernel[0] * kernel[1] * x.shape[3])
