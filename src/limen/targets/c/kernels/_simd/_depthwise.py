"""Depthwise convolutions: rows are interleaved so that a lane's group holds vertical taps of one channel.

One interleaving of ``group`` rows serves every output row whose window lies within them: two rows of a 3x3 window at
once, by weights moved down one tap for the second. With at least a vector of channels, blocks of channels slide along
the row and keep interleaved columns in registers. With fewer, a row is a flat run of elements: the weights repeat with
the channels, and the tap to the right is the same run some elements further; a stride sorts the positions first.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

import numpy as np
from numpy.typing import NDArray

from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.program import Array
from limen.targets.c._kernel import Constant, Kernel, Site
from limen.targets.c.kernels._simd._enter import Entered, enter_helper, enter_rows, scratch_bytes
from limen.targets.c.kernels._simd._requantize import Requantized, Weights, requantize
from limen.targets.c.kernels._simd._vectors import Vectors
from limen.targets.c.kernels._simd._weighted import bias_of, is_int8, padded_image, whole_form

Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shape:
    """How a layer is cut up.

    Args:
        vectors: the instruction set.
        image: the entered input.
        channels, height, width: of the output.
        kernel, stride, dilation: of the window.
        rows: output rows at once.
        chunks: interleavings that the rows need.
        starts: first channel of every block; for flat rows, of every vector of the channels' period.
        flat: rows are flat runs.
    """

    vectors: Vectors
    image: Entered
    channels: int
    height: int
    width: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    rows: int
    chunks: int
    starts: tuple[int, ...]
    flat: bool

    @property
    def taps(self) -> int:
        """Input rows that ``rows`` output rows read."""
        return self.kernel[0] + self.rows - 1

    @property
    def slides(self) -> bool:
        """Interleaved columns are kept from position to position."""
        columns = self.kernel[1] * self.chunks * self.vectors.group
        return not self.flat and self.stride[1] == self.dilation[1] == 1 and columns <= 12

    @property
    def step(self) -> int:
        """Weights of one block."""
        return self.kernel[1] * self.rows * self.chunks * self.vectors.group * self.vectors.span


def depthwise_conv2d(site: Site, vectors: Vectors) -> Kernel | None:
    """DepthwiseConv2D with one filter per channel; None for the rest."""
    op, x, output = site.op, site.input(0), site.output()
    assert isinstance(op, DepthwiseConv2D)
    if not is_int8(site) or x.shape[3] != output.shape[3] or 0 in output.shape:
        return None
    shape = cut(site, vectors)
    channels = shape.channels
    values = np.asarray(site.input(1).data, np.int64).reshape(*shape.kernel, channels)
    weights = Weights(values.reshape(-1, channels).T, bias_of(site, channels), op.activation)
    order = np.stack([(start + vectors.order()) % channels for start in shape.starts])
    codes = requantize(site, vectors, weights, order.reshape(-1))
    constants = (
        Constant(site.local("weights"), _pack(shape, values, order), 64, _LAYOUT.format(vectors.group)),
        Constant(site.local("bias"), codes.initial[order].astype(np.int32), 64, "zero points folded in"),
        *codes.constants,
    )
    _, used = padded_image(site)
    enter = enter_rows(vectors, x, shape.image, op.padding[0], op.padding[2], used)
    steps = (int(np.prod(x.shape[1:])), int(np.prod(output.shape[1:])))
    text = _function(site, shape, codes) + whole_form(
        site, vectors, enter, [f"{site.symbol}_rows(image, y0);"], x.shape[0], steps
    )
    store = "store_first" if shape.flat else "store_vector"
    helpers = (
        enter_helper(vectors),
        *(vectors.helper(name) for name in ("load", "load_sums", "load_weights")),
        vectors.product,
        vectors.helper(store),
    )
    return Kernel(
        codes.text + text,
        constants,
        (*helpers, vectors.helper("interleave"), *codes.called),
        scratch=scratch_bytes(vectors, shape.image),
        includes=(vectors.header,),
    )


_LAYOUT = "[block][column][row][chunk of rows][accumulator][lane][{}]"


def cut(site: Site, vectors: Vectors) -> Shape:
    """How a layer is cut up."""
    op, x, w, output = site.op, site.input(0), site.input(1), site.output()
    assert isinstance(op, DepthwiseConv2D)
    channels, span, group, kh = x.shape[3], vectors.span, vectors.group, w.shape[1]
    flat = channels < span
    image, _ = padded_image(site, op.stride[1] if flat else 1)
    both = op.stride[0] == op.dilation[0] == 1 and output.shape[1] > 1 and -(-(kh + 1) // group) == -(-kh // group)
    rows = 2 if both else 1
    if flat:
        starts = tuple(range(0, lcm(channels, span), span))
    else:
        starts = (*range(0, channels - span, span), channels - span)
    return Shape(
        vectors, image, channels, output.shape[1], output.shape[2], (kh, w.shape[2]), op.stride, op.dilation,
        rows, -(-(kh + rows - 1) // group), starts, flat,
    )  # fmt: skip


def _pack(shape: Shape, values: Int64, order: Int64) -> Array:
    """Weights in reading order, the second row's moved down one tap."""
    kh, kw = shape.kernel
    group, lanes = shape.vectors.group, shape.vectors.lanes
    moved = np.zeros((kw, shape.rows, shape.chunks * group, shape.channels), np.int64)
    for row in range(shape.rows):
        moved[:, row, row : row + kh] = values.transpose(1, 0, 2)
    packed = moved.reshape(kw, shape.rows, shape.chunks, group, shape.channels)[..., order]
    blocks = order.shape[0]  # kw, rows, chunks, group, blocks, accumulators, lanes
    assert packed.shape[4:] == (blocks, group, lanes)
    return np.asarray(packed.transpose(4, 0, 1, 2, 5, 6, 3).astype(shape.vectors.weight_type).reshape(-1))


def _function(site: Site, shape: Shape, codes: Requantized) -> str:
    """All output rows from the image."""
    inner = _flat(site, shape, codes) if shape.flat else _blocks(site, shape, codes)
    lines = [f"static void {site.symbol}_rows(const {shape.vectors.element} *image, int8_t *y0)", "{"]
    return "\n".join([*lines, *("    " + line for line in inner), "}"]) + "\n\n"


def output_rows(shape: Shape, body: list[str]) -> list[str]:
    """The loop over output rows; ``top`` is the first row of the window, ``to`` the output row. The last pair of an
    odd number of rows overlaps the one before."""
    row = "y"
    lines = []
    if shape.height % shape.rows:
        lines.append(f"const int32_t row = y < {shape.height - shape.rows} ? y : {shape.height - shape.rows};")
        row = "row"
    step = shape.stride[0] * shape.image.row
    lines += [
        f"const {shape.vectors.element} *const top = image + {row} * {step};",
        f"int8_t *const to = y0 + {row} * {shape.width * shape.channels};",
    ]
    return loop(f"for (int32_t y = 0; y < {shape.height}; y += {shape.rows})", [*lines, *body])


def _blocks(site: Site, shape: Shape, codes: Requantized) -> list[str]:
    """Blocks of channels outside, positions inside."""
    vectors, channels = shape.vectors, shape.channels
    lanes = vectors.group * vectors.lanes
    kw = shape.kernel[1]
    body = [f"const {vectors.element} *p = top + first;"]
    at = f"p + x * {shape.stride[1] * channels}" if shape.width > 1 else "p"
    columns = [f"c{i}" for i in range(kw)]
    if shape.slides:
        body += [_column(shape, columns[i], f"p + {i * channels}", True) for i in range(kw - 1)]
        body += (
            [f"{_woven(vectors)} {columns[-1]};"]
            if shape.chunks == 1
            else [f"{_woven(vectors)} {', '.join(f'{columns[-1]}_{n}' for n in range(shape.chunks))};"]
        )
        inner = [_column(shape, columns[-1], f"{at} + {(kw - 1) * channels}", False)]
    else:
        inner = [_column(shape, columns[i], f"{at} + {i * shape.dilation[1] * channels}", True) for i in range(kw)]
    inner = [line for text in inner for line in text.split("\n")]
    body = [line for text in body for line in text.split("\n")]
    inner += _sums(site, shape, columns)
    inner += _stores(site, shape, codes, f"to + x * {channels} + first", None)
    if shape.slides:
        for i in range(kw - 1):
            inner += [f"{a} = {b};" for a, b in zip(_chunks(shape, f"c{i}"), _chunks(shape, f"c{i + 1}"), strict=True)]
    body += loop(f"for (int32_t x = 0; x < {shape.width}; ++x)", inner)
    head = [
        f"const {vectors.weight} *const w = {site.symbol}_weights + block * {shape.step};",
        f"const int32_t lane = block * {lanes};",
        first_channel(shape),
    ]
    return loop(f"for (int32_t block = 0; block < {len(shape.starts)}; ++block)", [*head, *output_rows(shape, body)])


def first_channel(shape: Shape) -> str:
    """The block's first channel; the last block may overlap the one before."""
    last = shape.starts[-1]
    if last == (len(shape.starts) - 1) * shape.vectors.span:
        return f"const int32_t first = block * {shape.vectors.span};"
    return f"const int32_t first = block < {len(shape.starts) - 1} ? block * {shape.vectors.span} : {last};"


def _flat(site: Site, shape: Shape, codes: Requantized) -> list[str]:
    """Flat rows: every vector of the row, with the weights of its place in the channels' period."""
    vectors = shape.vectors
    lanes, period = vectors.group * vectors.lanes, len(shape.starts)
    total = shape.width * shape.channels
    part = f"x / {vectors.span} % {period}"
    body = [
        f"const {vectors.weight} *const w = {site.symbol}_weights{f' + {part} * {shape.step}' if period > 1 else ''};",
        f"const int32_t lane = {f'{part} * {lanes}' if period > 1 else 0};",
    ]
    columns = [f"c{i}" for i in range(shape.kernel[1])]
    for i, column in enumerate(columns):
        offset = shape.image.at(i * shape.dilation[1])
        body += _column(shape, column, f"top + x + {offset}", True).split("\n")
    body += _sums(site, shape, columns)
    body += _stores(site, shape, codes, "to + x", f"{total} - x")
    return output_rows(shape, loop(f"for (int32_t x = 0; x < {total}; x += {vectors.span})", body))


def _woven(vectors: Vectors) -> str:
    return f"limen_woven{vectors.group}_{vectors.bits}"


def _chunks(shape: Shape, column: str) -> list[str]:
    """Variables of a column's interleavings."""
    return [column] if shape.chunks == 1 else [f"{column}_{n}" for n in range(shape.chunks)]


def _column(shape: Shape, column: str, where: str, declare: bool) -> str:
    """Interleave the rows of one column."""
    vectors = shape.vectors
    group = vectors.group
    row = shape.dilation[0] * shape.image.row
    load = vectors.helper("load").name
    lines = []
    for n, name in enumerate(_chunks(shape, column)):
        loads = []
        for tap in range(n * group, (n + 1) * group):
            offset = f" + {tap * row}" if tap else ""
            loads.append(f"{load}({where}{offset})" if tap < shape.taps else vectors.zero)
        kind = f"const {_woven(vectors)} " if declare and not shape.slides else f"{_woven(vectors)} " if declare else ""
        call = vectors.call("interleave")
        pairs = [", ".join(loads[i : i + 2]) for i in range(0, group, 2)]
        lines.append(f"{kind}{name} = {call}({pairs[0]}{',' if len(pairs) > 1 else ');'}")
        lines += [f"    {pairs[1]});"] if len(pairs) > 1 else []
    return "\n".join(lines)


def _sums(site: Site, shape: Shape, columns: list[str]) -> list[str]:
    """Accumulators of all rows."""
    vectors = shape.vectors
    load, dot = vectors.call("load_weights"), vectors.product.name
    lines = []
    for row in range(shape.rows):
        for j in range(vectors.group):
            start = (
                f"{vectors.call('load_sums')}({site.symbol}_bias + lane + {j * vectors.lanes})"
                if row == 0
                else f"a0_{j}"
            )
            lines.append(f"{vectors.accumulator} a{row}_{j} = {start};")
    at = 0
    for column in columns:
        for row in range(shape.rows):
            for name in _chunks(shape, column):
                for j in range(vectors.group):
                    lines.append(f"a{row}_{j} = {dot}(a{row}_{j}, {name}.v[{j}], {load}(w + {at}));")
                    at += vectors.span
    return lines


def _stores(site: Site, shape: Shape, codes: Requantized, where: str, count: str | None) -> list[str]:
    vectors = shape.vectors
    lines = []
    for row in range(shape.rows):
        done = [f"{site.symbol}_codes(a{row}_{j}, lane + {j * vectors.lanes})" for j in range(vectors.group)]
        target = where + (f" + {shape.width * shape.channels}" if row else "")
        bounds = codes.bounds
        if count is None:
            store = vectors.helper("store_vector").name
        else:
            store, bounds = vectors.helper("store_first").name, f"{count}, {bounds}"
        lines.append(f"{store}({target}, {', '.join(done)}, {bounds});")
    return lines


def loop(head: str, body: list[str]) -> list[str]:
    return [f"{head} {{", *("    " + line for line in body), "}"]
