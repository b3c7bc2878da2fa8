"""Padding and extents of sliding windows (Conv, ConvTranspose, pools), as the ONNX operator pages define them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.lower.builder import Value
from limen.lower.call import Call
from limen.lower.layout import channels_last, identity

MAX_EXTENT = 1 << 30


@dataclass(frozen=True)
class Window:
    """Per spatial axis: kernel extent, stride, dilation, padding before and after, ceil extra behind the padding."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def rank(self) -> int:
        return len(self.kernel)

    def extent(self, axis: int) -> int:
        """Extent of the dilated kernel."""
        return (self.kernel[axis] - 1) * self.dilation[axis] + 1


def window(call: Call, spatial: Sequence[int], kernel: Sequence[int]) -> Window:
    """The window of a Conv or pool from its attributes."""
    rank = len(spatial)
    ones = (1,) * rank
    stride, dilation = call.attribute("strides", ones), call.attribute("dilations", ones)
    pads = call.attribute("pads", (0,) * (2 * rank))
    auto = call.attribute("auto_pad", "NOTSET")
    if not len(stride) == len(dilation) == len(kernel) == rank or len(pads) != 2 * rank:
        call.refuse(f"strides {stride}, dilations {dilation} and pads {pads} do not fit {rank} spatial axes")
    numbers = (*stride, *dilation, *kernel, *pads)
    if min((*stride, *dilation, *kernel), default=1) < 1 or min(pads, default=0) < 0 or max(*numbers, 0) > MAX_EXTENT:
        call.refuse(f"strides {stride}, dilations {dilation}, pads {pads}")
    before, after = pads[:rank], pads[rank:]
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [
            max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
            for n, k, s, d in zip(spatial, kernel, stride, dilation, strict=True)
        ]
        small, large = tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
        before, after = (small, large) if auto == "SAME_UPPER" else (large, small)
    elif auto == "VALID":
        before = after = (0,) * rank
    return Window(tuple(kernel), stride, dilation, before, after)


def plane(call: Call, value: Value) -> str:
    """An N, C, spatial value of one or two spatial axes as an NHWC tensor (one axis: H = 1)."""
    if value.rank not in (3, 4):
        call.refuse(f"{value.rank - 2} spatial axes")
    tensor = call.builder.get(value, channels_last(value.rank))
    if value.rank == 4:
        return tensor
    n, width, c = call.builder.shape(tensor)
    return call.emit("Reshape", tensor, shape=(n, 1, width, c))


def bind_plane(call: Call, tensor: str) -> None:
    """Bind an NHWC tensor to the output of one or two spatial axes."""
    n, _, width, c = call.builder.shape(tensor)
    rank = call.output.rank
    call.bind(tensor if rank == 4 else call.emit("Reshape", tensor, shape=(n, width, c)), channels_last(rank))


def two(values: Sequence[int], first: int) -> tuple[int, int]:
    """Values per spatial axis, with ``first`` for the H that a one-axis window lacks."""
    return (first, values[0]) if len(values) == 1 else (values[0], values[1])


def padding(w: Window) -> tuple[int, int, int, int]:
    """(top, bottom, left, right)."""
    (top, left), (bottom, right) = two(w.before, 0), two(w.after, 0)
    return top, bottom, left, right


def source_order(rank: int) -> tuple[int, ...]:
    return identity(rank)
