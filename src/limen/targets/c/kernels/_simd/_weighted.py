"""The emitters of Conv2D and FullyConnected for int8, over a vector instruction set."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from limen.ops.conv2d import Conv2D
from limen.ops.fully_connected import FullyConnected
from limen.program import Array
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd._dense import Dense, Window, dense
from limen.targets.c.kernels._simd._enter import (
    SLACK,
    Entered,
    call,
    enter_flat,
    enter_helper,
    enter_rows,
    enter_strided,
    scratch_bytes,
)
from limen.targets.c.kernels._simd._requantize import Int64, Requantized, Weights, requantize
from limen.targets.c.kernels._simd._vectors import Vectors

PART_BYTES = 1 << 14
"""Half of a small first-level cache."""


def is_int8(site: Site) -> bool:
    """Codes in and out, weights and bias known now, weights without zero point."""
    x, w, b = site.input(0), site.input(1), site.optional(2)
    constant = w.data is not None and (b is None or b.data is not None)
    return constant and (x.dtype, w.dtype, site.output().dtype) == ("int8", "int8", "int8") and not w.zero_point


def bias_of(site: Site, count: int) -> Array:
    bias = site.optional(2)
    return np.zeros(count, np.int64) if bias is None else np.asarray(bias.data, np.int64)


def fully_connected(site: Site, vectors: Vectors) -> Kernel | None:
    """FullyConnected; None where it is not int8."""
    op, x, w = site.op, site.input(0), site.input(1)
    assert isinstance(op, FullyConnected)
    if not is_int8(site):
        return None
    count, depth = w.shape
    rows = x.size // depth
    weights = Weights(np.asarray(w.data, np.int64), bias_of(site, count), op.activation, rounds_once=True)
    window = flat_window(rows, depth)
    layer = dense(site, vectors, window, weights.values, at_once(vectors, window), _finish(site, vectors, weights))
    if _directly(vectors, depth):
        return _kernel(site, vectors, layer, "", 0, 1, (0, 0))
    enter = enter_flat(vectors, x, x.size)
    return _kernel(site, vectors, layer, enter, x.size * vectors.element_bytes + SLACK, 1, (0, 0))


def conv2d(site: Site, vectors: Vectors) -> Kernel | None:
    """Conv2D of one group; None for the rest."""
    op, x, w, output = site.op, site.input(0), site.input(1), site.output()
    assert isinstance(op, Conv2D)
    if not is_int8(site) or w.shape[3] != x.shape[3] or 0 in output.shape:
        return None
    count, _, _, depth = w.shape
    batch, height, width, _ = x.shape
    _, out_height, out_width, _ = output.shape
    weights = Weights(np.asarray(w.data, np.int64).reshape(count, -1), bias_of(site, count), op.activation)
    if is_pointwise(site) and (out_height, out_width) == (height, width):
        return _pointwise(site, vectors, weights)
    if is_pointwise(site):
        window = flat_window(out_height * out_width, depth)
        enter = enter_strided(vectors, x, op.stride, (out_height, out_width))
        size = out_height * out_width * depth * vectors.element_bytes + SLACK
    else:
        image, used = padded_image(site)
        window = sliding_window(site, image.row)
        enter = enter_rows(vectors, x, image, op.padding[0], op.padding[2], used)
        size = scratch_bytes(vectors, image)
        whole = not any(op.padding[::2]) and (image.rows, image.width) == (used, width)
        if whole and _directly(vectors, window.length):
            enter, size = "", 0
    layer = dense(site, vectors, window, weights.values, at_once(vectors, window), _finish(site, vectors, weights))
    steps = (height * width * depth, out_height * out_width * count)
    return _kernel(site, vectors, layer, enter, size, batch, steps)


def _pointwise(site: Site, vectors: Vectors, weights: Weights) -> Kernel:
    """A 1x1 window at every position of all images, in parts whose activations stay in the first-level cache."""
    x = site.input(0)
    count, depth = weights.values.shape
    positions = x.size // depth
    direct = _directly(vectors, depth)
    part = part_of(positions, depth * vectors.element_bytes)
    window = flat_window(part, depth)
    layer = dense(site, vectors, window, weights.values, at_once(vectors, window), _finish(site, vectors, weights))

    def body(at: Callable[[int], str]) -> list[str]:
        if direct:
            return [f"{name}(x0{at(depth)}, y0{at(count)});" for name in layer.calls]
        enter = call(vectors, x, "image", f"x0{at(depth)}", str(part * depth))
        return [enter, *(f"{name}(image, y0{at(count)});" for name in layer.calls)]

    text = whole_form(site, vectors, parts(positions, part, body), [], 1, (0, 0), scratch=not direct)
    return Kernel(
        layer.text + text,
        layer.constants,
        (*(() if direct else (enter_helper(vectors),)), *layer.helpers),
        scratch=0 if direct else part * depth * vectors.element_bytes + SLACK,
        includes=(vectors.header,),
    )


def part_of(positions: int, nbytes: int) -> int:
    """How many positions of so many bytes to handle at a time: all, unless they are many times the cache."""
    fits = PART_BYTES // nbytes // 12 * 12
    if fits < 48 or positions < 4 * fits:
        return positions
    least = -(-positions // fits)
    sizes = {n: -(-positions // (12 * n)) * 12 for n in range(least, 2 * least)}
    return min(sizes.values(), key=lambda size: (-(-positions // size) * size, -size))


def parts(positions: int, part: int, body: Callable[[Callable[[int], str]], list[str]]) -> str:
    """C lines that run ``body`` on every part; the last overlaps the one before.

    Args:
        body: lines, given what to add to a pointer so many elements apart per position.
    """
    if part == positions:
        return "".join(f"    {line}\n" for line in body(lambda _step: ""))
    last = positions - part
    lines = [
        f"    for (int32_t at = 0; at < {positions}; at += {part}) {{",
        f"        const int32_t first = {f'at < {last} ? at : {last}' if positions % part else 'at'};",
        *(f"        {line}" for line in body(lambda step: f" + first * {step}")),
        "    }",
    ]
    return "".join(f"{line}\n" for line in lines)


def _finish(site: Site, vectors: Vectors, weights: Weights) -> Callable[[Int64], Requantized]:
    return lambda order: requantize(site, vectors, weights, order)


def at_once(vectors: Vectors, window: Window) -> int:
    """Vectors of output channels in a block: one position alone leaves registers for more."""
    if window.rows * window.width > 1:
        return 1
    return 8 // vectors.group


def is_pointwise(site: Site) -> bool:
    """A 1x1 window without padding."""
    return site.input(1).shape[1:3] == (1, 1) and not any(site.op.padding)  # type: ignore[attr-defined]


def flat_window(positions: int, depth: int) -> Window:
    """Positions one after the other, each a run of its own."""
    return Window(1, positions, 0, depth, ((1, 0), (1, 0)), depth)


def sliding_window(site: Site, row: int) -> Window:
    """The window over an image whose rows are ``row`` elements apart; columns that touch make one run."""
    op, w, output = site.op, site.input(1), site.output()
    assert isinstance(op, Conv2D)
    _, kh, kw, depth = w.shape
    down, across = (kh, op.dilation[0] * row), (kw, op.dilation[1] * depth)
    runs, length = ((down, (1, 0)), kw * depth) if op.dilation[1] == 1 else ((down, across), depth)
    return Window(output.shape[1], output.shape[2], op.stride[0] * row, op.stride[1] * depth, runs, length)


def padded_image(site: Site, step: int = 1) -> tuple[Entered, int]:
    """The padded input as far as the windows read it, and how many of the input's rows that are."""
    op, x, w, output = site.op, site.input(0), site.input(1), site.output()
    kh, kw = w.shape[1:3]
    top, _, left, _ = op.padding  # type: ignore[attr-defined]
    (sh, sw), (dh, dw) = op.stride, op.dilation  # type: ignore[attr-defined]
    rows = (output.shape[1] - 1) * sh + (kh - 1) * dh + 1
    width = max((output.shape[2] - 1) * sw + (kw - 1) * dw + 1, left + x.shape[2])
    return Entered(max(rows, top), width, x.shape[3], step), max(0, min(x.shape[1], rows - top))


def _kernel(
    site: Site, vectors: Vectors, layer: Dense, enter: str, size: int, batch: int, steps: tuple[int, int]
) -> Kernel:
    calls = [f"{name}({'image' if size else 'x0'}, y0);" for name in layer.calls]
    return Kernel(
        layer.text + whole_form(site, vectors, enter, calls, batch, steps, scratch=size > 0),
        layer.constants,
        (*((enter_helper(vectors),) if size else ()), *layer.helpers),
        scratch=size,
        includes=(vectors.header,),
    )


def _directly(vectors: Vectors, run: int) -> bool:
    """Whether the dot products may take the input where it is: codes, in runs of whole groups."""
    return vectors.operands == "signed" and run % vectors.group == 0


def whole_form(
    site: Site,
    vectors: Vectors,
    enter: str,
    calls: list[str],
    batch: int,
    steps: tuple[int, int],
    scratch: bool = True,
) -> str:
    """The function of the node: enter, then compute, for every image of the batch."""
    body = enter + "".join(f"    {call}\n" for call in calls)
    if batch > 1:
        body = "".join(f"    {line}\n" if line else "\n" for line in body.splitlines())
        body = (
            f"    for (int32_t n = 0; n < {batch}; ++n) {{\n{body}"
            f"        x0 += {steps[0]};\n        y0 += {steps[1]};\n    }}\n"
        )
    image = f"    {vectors.element} *const image = scratch;\n" if scratch else ""
    last = ", void *scratch" if scratch else ""
    return f"static void {site.symbol}(const int8_t *x0, int8_t *y0{last})\n{{\n{image}{body}}}\n"
