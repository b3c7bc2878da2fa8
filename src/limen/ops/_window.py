"""Sliding windows over NHWC images: padding, output extents, patches for matrix products."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from limen.errors import ProgramError
from limen.program import Array

Pair = tuple[int, int]
Sides = tuple[int, int, int, int]
_BLOCK_ELEMENTS = 1 << 18


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


def convolve(x: Array, w: Array, stride: Pair, dilation: Pair, out: Pair) -> Array:
    """Products of a padded float x [N,H,W,C] with w [O,kh,kw,C/groups] -> [N,*out,O], by im2col and BLAS.

    One group per channel is a depthwise convolution and runs as one.
    """
    filters, kh, kw, depth = w.shape
    groups = x.shape[3] // depth
    if depth == 1 and groups > 1:
        return convolve_depthwise(x, w.transpose(3, 1, 2, 0), stride, dilation, out)
    result = np.empty((x.shape[0], *out, filters), x.dtype)
    share = filters // groups
    for group in range(groups):
        part = x if groups == 1 else x[..., group * depth : (group + 1) * depth]
        matrix = w[group * share : (group + 1) * share].reshape(share, -1).T
        for rows in row_blocks(out, kh * kw * depth * x.shape[0]):
            block = part[:, rows.start * stride[0] :]
            size = (rows.stop - rows.start, out[1])
            product = patches(block, (kh, kw), stride, dilation, size) @ matrix
            result[:, rows, :, group * share : (group + 1) * share] = product.reshape(-1, *size, share)
    return result


def convolve_depthwise(x: Array, w: Array, stride: Pair, dilation: Pair, out: Pair) -> Array:
    """Products of a padded float x [N,H,W,C] with w [1,kh,kw,C*M] -> [N,*out,C*M], one filter position at a time."""
    _, kh, kw, filters = w.shape
    if filters != x.shape[3]:
        x = np.repeat(x, filters // x.shape[3], axis=3)
    result = np.zeros((x.shape[0], *out, filters), x.dtype)
    view = windows(x, (kh, kw), stride, dilation, out)
    for rows in row_blocks(out, 4 * filters * x.shape[0]):
        total = result[:, rows]
        product = np.empty(total.shape, x.dtype)
        for i in range(kh):
            for j in range(kw):
                total += np.multiply(view[:, rows, :, i, j], w[0, i, j], out=product)
    return result


def pool(x: Array, kernel: Pair, stride: Pair, out: Pair, combine: np.ufunc) -> Array:
    """A ufunc (add, maximum) over the windows of a padded x [N,H,W,C] -> [N,*out,C], one window position at a time."""
    view = windows(x, kernel, stride, (1, 1), out)
    result = np.array(view[:, :, :, 0, 0])
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            if i or j:
                combine(result, view[:, :, :, i, j], out=result)
    return result


def row_blocks(out: Pair, elements_per_position: int) -> Iterator[slice]:
    """Ranges of output rows whose work fits into the cache."""
    step = max(1, _BLOCK_ELEMENTS // max(1, out[1] * elements_per_position))
    for start in range(0, out[0], step):
        yield slice(start, min(start + step, out[0]))
