"""The first step of a layer: its input becomes what the dot products take, with the padding around it, in scratch."""

from __future__ import annotations

from dataclasses import dataclass

from limen.program import Tensor
from limen.targets.c._kernel import Helper
from limen.targets.c.kernels._simd._vectors import Vectors

SLACK = 128
"""Bytes after the last row: a vector load may start at the last element."""


@dataclass(frozen=True)
class Entered:
    """An image [rows, width, channels] in scratch, with its padding.

    Args:
        rows, width: with the padding.
        channels: elements per position.
        step: positions are sorted by their index modulo this: first all with rest 0, then all with rest 1 ...
    """

    rows: int
    width: int
    channels: int
    step: int = 1

    @property
    def plane(self) -> int:
        """Elements from one rest's positions to the next one's."""
        return -(-self.width // self.step) * self.channels

    @property
    def row(self) -> int:
        """Elements from row to row."""
        return self.plane * self.step

    def at(self, position: int) -> int:
        """Elements from a row's start to a position."""
        return position % self.step * self.plane + position // self.step * self.channels


def scratch_bytes(vectors: Vectors, image: Entered) -> int:
    return image.rows * image.row * vectors.element_bytes + SLACK


def enter_helper(vectors: Vectors) -> Helper:
    """What ``call`` calls."""
    return vectors.helper("enter")


def call(vectors: Vectors, x: Tensor, to: str, source: str, count: str) -> str:
    """One call that converts ``count`` codes."""
    zero = f", {x.zero_point}" if vectors.operands == "words" else ""
    return f"{vectors.call('enter')}({to}, {source}, {count}{zero});"


def enter_flat(vectors: Vectors, x: Tensor, count: int) -> str:
    """C lines: ``count`` codes of x0, one after the other."""
    return f"    {call(vectors, x, 'image', 'x0', str(count))}\n"


def enter_rows(vectors: Vectors, x: Tensor, image: Entered, top: int, left: int, rows: int) -> str:
    """C lines: ``rows`` rows of x0 into the image, below ``top`` rows and right of ``left`` positions of padding."""
    _, _, width, channels = x.shape
    if image.step > 1:
        return _sorted_rows(vectors, x, image, top, left, rows)
    if top == left == 0 and (image.rows, image.width) == (rows, width):
        return enter_flat(vectors, x, rows * width * channels)
    right = image.width - left - width
    lines = []
    if top:
        lines.append(f"    {_fill(vectors, x, 'image', top * image.row)}")
    lines += [
        f"    for (int32_t y = 0; y < {rows}; ++y) {{",
        f"        {vectors.element} *const row = image + (y + {top}) * {image.row};",
    ]
    if left:
        lines.append(f"        {_fill(vectors, x, 'row', left * channels)}")
    target = f"row + {left * channels}" if left else "row"
    lines.append(f"        {call(vectors, x, target, f'x0 + y * {width * channels}', str(width * channels))}")
    if right > 0:
        lines.append(f"        {_fill(vectors, x, f'row + {(left + width) * channels}', right * channels)}")
    lines.append("    }")
    below = image.rows - top - rows
    if below > 0:
        lines.append(f"    {_fill(vectors, x, f'image + {(top + rows) * image.row}', below * image.row)}")
    return "".join(f"{line}\n" for line in lines)


def _sorted_rows(vectors: Vectors, x: Tensor, image: Entered, top: int, left: int, rows: int) -> str:
    """The same with positions sorted by the rest of their index."""
    _, _, width, channels = x.shape
    lines = []
    if top or left or image.rows > top + rows or image.step * image.plane > width * channels:
        lines.append(f"    {_fill(vectors, x, 'image', image.rows * image.row)}")
    lines.append(f"    for (int32_t y = 0; y < {rows}; ++y) {{")
    for rest in range(image.step):
        first = (rest - left) % image.step
        count = len(range(first, width, image.step))
        if count:
            at = top * image.row + image.at(first + left)
            lines += [
                f"        for (int32_t x = 0; x < {count}; ++x) {{",
                f"            {vectors.element} *const to = image + y * {image.row} + {at} + x * {channels};",
                f"            const int8_t *const from = x0 + (y * {width} + {first} + x * {image.step}) * {channels};",
                f"            {call(vectors, x, 'to', 'from', str(channels))}",
                "        }",
            ]
    return "".join(f"{line}\n" for line in [*lines, "    }"])


def enter_strided(vectors: Vectors, x: Tensor, stride: tuple[int, int], out: tuple[int, int]) -> str:
    """C lines: only the positions that a 1x1 window with a stride reads, one after the other."""
    _, _, width, channels = x.shape
    lines = [
        f"    for (int32_t y = 0; y < {out[0]}; ++y) {{",
        f"        for (int32_t x = 0; x < {out[1]}; ++x) {{",
        f"            const int8_t *const from = x0 + (y * {stride[0] * width} + x * {stride[1]}) * {channels};",
        f"            {call(vectors, x, f'image + (y * {out[1]} + x) * {channels}', 'from', str(channels))}",
        "        }",
        "    }",
    ]
    return "".join(f"{line}\n" for line in lines)


def _fill(vectors: Vectors, x: Tensor, where: str, count: int) -> str:
    """Real zeros."""
    value = x.zero_point + vectors.offset(x.zero_point)
    return f"memset({where}, {value}, {count * vectors.element_bytes}u);"
