"""TFLite's two padding schemes, SAME and VALID, and which explicit paddings they stand for."""

from __future__ import annotations

from typing import Literal

from limen.program import Shape
from limen.targets.tflite._emit import Named, Site

Scheme = Literal["SAME", "VALID"]
Padding = tuple[int, int, int, int]
_SCHEMES: tuple[Scheme, Scheme] = ("VALID", "SAME")


def extent(scheme: Scheme, size: int, filter_size: int, stride: int, dilation: int = 1) -> int:
    """Output positions of a window that slides over ``size`` elements."""
    effective = (filter_size - 1) * dilation + 1
    return -(-size // stride) if scheme == "SAME" else (size + stride - effective) // stride


def leading(size: int, filter_size: int, stride: int, dilation: int, positions: int) -> int:
    """Elements that TFLite pads before the first of ``size`` elements to get ``positions`` windows."""
    effective = (filter_size - 1) * dilation + 1
    return max((positions - 1) * stride + effective - size, 0) // 2


def scheme_of(
    shape: Shape, filter_size: Shape, stride: Shape, dilation: Shape, padding: Padding, positions: Shape
) -> Scheme | None:
    """The scheme that puts every window where the explicit padding puts it; None where neither does.

    What lies beyond the last window does not matter, so only the leading padding and the number of windows count.

    Args:
        shape: height and width of the input.
        filter_size, stride, dilation: per dimension, height first.
        padding: top, bottom, left, right.
        positions: height and width of the output.
    """
    for scheme in _SCHEMES:
        windows = zip(shape, filter_size, stride, dilation, padding[::2], positions, strict=True)
        if all(
            extent(scheme, size, kernel, step, rate) == count and leading(size, kernel, step, rate, count) == before
            for size, kernel, step, rate, before, count in windows
        ):
            return scheme
    return None


def padding_of(site: Site, filter_size: Shape, stride: Shape, dilation: Shape, padding: Padding) -> Named:
    """The scheme as the schema's enumeration.

    Raises:
        UnsupportedOp: the padding has no scheme; the legalisation did not run.
    """
    positions = site.output.shape[1:3]
    scheme = scheme_of(site.input().shape[1:3], filter_size, stride, dilation, padding, positions)
    if scheme is None:
        raise site.refuse(f"padding {padding}")
    return Named("Padding", scheme)


def transposed_scheme(
    shape: Shape, filter_size: Shape, stride: Shape, padding: Padding, output_shape: Shape
) -> Scheme | None:
    """The scheme of a transposed convolution: that of the convolution from its output to its input."""
    return scheme_of(output_shape[1:3], filter_size, stride, (1, 1), padding, shape[1:3])
