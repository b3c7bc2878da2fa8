"""The emitters of Conv2D, DepthwiseConv2D and FullyConnected for float32, with fused multiply-adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import _BOUNDS
from limen.ops.conv2d import Conv2D
from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.ops.fully_connected import FullyConnected
from limen.program import Activation, Array
from limen.targets.c._kernel import Constant, Helper, Kernel, Site
from limen.targets.c._text import float_literal
from limen.targets.c.kernels._simd._dense import Int64, Nest, Window, dense
from limen.targets.c.kernels._simd._enter import Entered
from limen.targets.c.kernels._simd._vectors import Vectors
from limen.targets.c.kernels._simd._weighted import flat_window, padded_image, part_of, parts, sliding_window

_TILE = 6
"""Positions of a depthwise tile."""


@dataclass(frozen=True, eq=False)
class Clamped:
    """The end of a float layer: an activation's bounds, if any, and a store."""

    vectors: Vectors
    initial: Array
    activation: Activation
    constants: tuple[Constant, ...] = ()
    text: str = ""

    def helpers(self, parts: Sequence[Nest]) -> tuple[Helper, ...]:
        clamp = () if self.activation == "none" else (self.vectors.helper("clamp_ps"),)
        some = any(nest.channels % self.vectors.lanes for nest in parts)
        return (*clamp, *((self.vectors.helper("store_some"),) if some else ()))

    def clamped(self, value: str) -> str:
        """C of a vector within the activation's bounds."""
        low, high = _BOUNDS[self.activation]
        if low is None and high is None:
            return value
        bounds = [float_literal(np.inf * sign if b is None else b) for b, sign in ((low, -1), (high, 1))]
        return f"{self.vectors.helper('clamp_ps').name}({value}, {', '.join(bounds)})"

    def store(self, nest: Nest, accumulators: Sequence[str], offset: int) -> list[str]:
        """C lines that store one position's accumulators at ``to + offset``."""
        lanes = self.vectors.lanes
        return [
            self.store_one(f"to + {offset + j * lanes}", a, min(lanes, nest.channels - j * lanes))
            for j, a in enumerate(accumulators)
        ]

    def store_one(self, where: str, value: str, count: int) -> str:
        if count == self.vectors.lanes:
            return f"_mm{self.vectors.bits}_storeu_ps({where}, {self.clamped(value)});"
        return f"{self.vectors.helper('store_some').name}({where}, {self.clamped(value)}, {count});"


def is_float(site: Site) -> bool:
    """float32 in and out, with weights and bias known now."""
    x, w, b = site.input(0), site.input(1), site.optional(2)
    constant = w.data is not None and (b is None or b.data is not None)
    return constant and (x.dtype, w.dtype) == ("float32", "float32") and site.output().size > 0


def bias_of(site: Site, count: int) -> Array:
    bias = site.optional(2)
    return np.zeros(count, np.float32) if bias is None else np.asarray(bias.data)


def fully_connected(site: Site, vectors: Vectors) -> Kernel | None:
    """FullyConnected; None where it is not float."""
    op, x, w = site.op, site.input(0), site.input(1)
    assert isinstance(op, FullyConnected)
    if not is_float(site):
        return None
    window = flat_window(x.size // w.shape[1], w.shape[1])
    return _dense_kernel(site, vectors, window, np.asarray(w.data), op.activation, "", 0)


def conv2d(site: Site, vectors: Vectors) -> Kernel | None:
    """Conv2D of one group; None for the rest."""
    op, x, w = site.op, site.input(0), site.input(1)
    assert isinstance(op, Conv2D)
    if not is_float(site) or w.shape[3] != x.shape[3]:
        return None
    weights = np.asarray(w.data).reshape(w.shape[0], -1)
    if w.shape[1:3] == (1, 1) and op.stride == (1, 1) and not any(op.padding):
        return _pointwise(site, vectors, weights, op.activation)
    enter, size, row = _enter(site)
    return _dense_kernel(site, vectors, sliding_window(site, row), weights, op.activation, enter, size)


def _pointwise(site: Site, vectors: Vectors, weights: Array, activation: Activation) -> Kernel:
    """A 1x1 window at every position of all images, in parts whose activations stay in the first-level cache."""
    count, depth = weights.shape
    positions = site.input(0).size // depth
    part = part_of(positions, 4 * depth)
    layer = dense(
        site, vectors, flat_window(part, depth), weights, _at_once(vectors, part),
        _finish(site, vectors, activation, count),
    )  # fmt: skip

    def body(at: Callable[[int], str]) -> list[str]:
        return [f"{name}(x0{at(depth)}, y0{at(count)});" for name in layer.calls]

    text = f"static void {site.symbol}(const float *x0, float *y0)\n{{\n{parts(positions, part, body)}}}\n"
    return Kernel(layer.text + text, layer.constants, layer.helpers, includes=(vectors.header,))


def _at_once(vectors: Vectors, positions: int) -> int:
    """Vectors of output channels in a block."""
    return 8 if positions == 1 else 2 if vectors.registers == 16 else 4


def _dense_kernel(
    site: Site, vectors: Vectors, window: Window, weights: Array, activation: Activation, enter: str, size: int
) -> Kernel:
    at_once = _at_once(vectors, window.rows * window.width)
    layer = dense(site, vectors, window, weights, at_once, _finish(site, vectors, activation, len(weights)))
    calls = [f"{name}({'image' if size else 'x0'}, y0);" for name in layer.calls]
    return Kernel(
        layer.text + _whole_form(site, enter, calls, size > 0),
        layer.constants,
        layer.helpers,
        scratch=size,
        includes=(vectors.header,),
    )


def _finish(site: Site, vectors: Vectors, activation: Activation, count: int) -> Callable[[Int64], Clamped]:
    return lambda _order: Clamped(vectors, bias_of(site, count), activation)


def _enter(site: Site) -> tuple[str, int, int]:
    """C lines that copy the input into its padding, the scratch they need, and a row's elements.

    Nothing and no scratch where no window leaves the input.
    """
    op, x = site.op, site.input(0)
    image, used = padded_image(site)
    top, _, left, _ = op.padding  # type: ignore[attr-defined]
    _, _, width, channels = x.shape
    if top == left == 0 and image.width == width and image.rows == used:
        return "", 0, width * channels
    return _copy(image, used, top, left, width), image.rows * image.row * 4, image.row


def _copy(image: Entered, used: int, top: int, left: int, width: int) -> str:
    channels = image.channels
    right, below = image.width - left - width, image.rows - top - used
    lines = [f"    memset(image, 0, {top * image.row * 4}u);"] if top else []
    lines += [
        f"    for (int32_t y = 0; y < {used}; ++y) {{",
        f"        float *const row = image + (y + {top}) * {image.row};",
    ]
    lines += [f"        memset(row, 0, {left * channels * 4}u);"] if left else []
    lines.append(f"        memcpy(row + {left * channels}, x0 + y * {width * channels}, {width * channels * 4}u);")
    lines += [f"        memset(row + {(left + width) * channels}, 0, {right * channels * 4}u);"] if right > 0 else []
    lines.append("    }")
    lines += [f"    memset(image + {(top + used) * image.row}, 0, {below * image.row * 4}u);"] if below > 0 else []
    return "".join(f"{line}\n" for line in lines)


def _whole_form(site: Site, enter: str, calls: list[str], scratch: bool) -> str:
    """The function of the node, for every image of the batch."""
    x, output = site.input(0), site.output()
    body = enter + "".join(f"    {call}\n" for call in calls)
    if len(x.shape) == 4 and x.shape[0] > 1 and site.op.name != "FullyConnected":
        body = "".join(f"    {line}\n" for line in body.splitlines())
        body = (
            f"    for (int32_t n = 0; n < {x.shape[0]}; ++n) {{\n{body}"
            f"        x0 += {x.size // x.shape[0]};\n        y0 += {output.size // x.shape[0]};\n    }}\n"
        )
    image = "    float *const image = scratch;\n" if scratch else ""
    last = ", void *scratch" if scratch else ""
    return f"static void {site.symbol}(const float *x0, float *y0{last})\n{{\n{image}{body}}}\n"


def depthwise_conv2d(site: Site, vectors: Vectors) -> Kernel | None:
    """DepthwiseConv2D of at least a vector of channels, one filter each; None for the rest."""
    op, x, output = site.op, site.input(0), site.output()
    assert isinstance(op, DepthwiseConv2D)
    channels, lanes = x.shape[3], vectors.lanes
    if not is_float(site) or channels != output.shape[3] or channels < lanes:
        return None
    _, kh, kw, _ = site.input(1).shape
    starts = np.array([*range(0, channels - lanes, lanes), channels - lanes])
    order = starts[:, None] + np.arange(lanes)
    weights = np.asarray(site.input(1).data).reshape(kh * kw, channels)[:, order].transpose(1, 0, 2)
    finish = Clamped(vectors, bias_of(site, channels), op.activation)
    enter, size, row = _enter(site)
    text = _depthwise(site, vectors, finish, row, [int(s) for s in starts])
    constants = (
        Constant(site.local("weights"), np.ascontiguousarray(weights).reshape(-1), 64, "[block][ky][kx][lane]"),
        Constant(site.local("bias"), finish.initial[order].reshape(-1), 64),
    )
    clamp = () if op.activation == "none" else (vectors.helper("clamp_ps"),)
    call = f"{site.symbol}_rows({'image' if size else 'x0'}, y0);"
    return Kernel(
        text + _whole_form(site, enter, [call], size > 0),
        constants,
        (vectors.helper("load"), vectors.product, *clamp),
        scratch=size,
        includes=(vectors.header,),
    )


def _depthwise(site: Site, vectors: Vectors, finish: Clamped, row: int, starts: list[int]) -> str:
    """All output rows: blocks of one vector of channels, tiles of a few positions."""
    op, output = site.op, site.output()
    assert isinstance(op, DepthwiseConv2D)
    _, height, width, channels = output.shape
    _, kh, kw, _ = site.input(1).shape
    lanes, load = vectors.lanes, vectors.helper("load").name
    tile = min(_TILE, width)
    last = width - tile
    at = f"(x < {last} ? x : {last})" if width % tile else "x"
    first = f"block < {len(starts) - 1} ? block * {lanes} : {starts[-1]}" if starts[-1] % lanes else f"block * {lanes}"
    names = [f"a{i}" for i in range(tile)]
    taps = [f"const {vectors.operand} v = {load}(w);", f"w += {lanes};"]
    for i, a in enumerate(names):
        taps.append(f"{a} = {vectors.product.name}({a}, {load}(p + {i * op.stride[1] * channels}), v);")
    body = [
        f"const int32_t at = {at};",
        f"const float *p = image + y * {op.stride[0] * row} + at * {op.stride[1] * channels} + first;",
        f"const float *w = {site.symbol}_weights + block * {kh * kw * lanes};",
        f"{vectors.accumulator} a0 = {load}({site.symbol}_bias + block * {lanes});",
        *(f"{vectors.accumulator} {a} = a0;" for a in names[1:]),
        f"for (int32_t ky = 0; ky < {kh}; ++ky) {{",
        f"    for (int32_t kx = 0; kx < {kw}; ++kx) {{",
        *("        " + line for line in taps),
        f"        p += {op.dilation[1] * channels};",
        "    }",
        f"    p += {op.dilation[0] * row - kw * op.dilation[1] * channels};",
        "}",
        f"float *const to = y0 + (y * {width} + at) * {channels} + first;",
        *(finish.store_one(f"to + {i * channels}", a, lanes) for i, a in enumerate(names)),
    ]
    head = [
        f"static void {site.symbol}_rows(const float *image, float *y0)",
        "{",
        f"    for (int32_t y = 0; y < {height}; ++y) {{",
        f"        for (int32_t block = 0; block < {len(starts)}; ++block) {{",
        f"            const int32_t first = {first};",
        f"            for (int32_t x = 0; x < {width}; x += {tile}) {{",
    ]
    tail = ["            }", "        }", "    }", "}", "", ""]
    return "\n".join([*head, *("                " + line for line in body), *tail])
