"""Convolutions and fully connected layers as tiles of dot products.

A tile is a few output positions times a few accumulators, which stay in registers while the loops run over the window:
per step a few vectors of weights are loaded, and each position's group of activations is broadcast and multiplied with
all of them. Output channels are the outermost loop, so that a block's weights stay in the first-level cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from limen.program import Array
from limen.targets.c._kernel import Constant, Helper, Site
from limen.targets.c.kernels._simd._lanes import run_by_lanes
from limen.targets.c.kernels._simd._vectors import Vectors

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """Where a tile reads: for each output row, each position, each run of the window, so many elements.

    Args:
        rows, width: output positions.
        row_step, position_step: elements between them.
        runs: (count, step) of the two loops over runs, outer first.
        length: elements of a run, contiguous.
    """

    rows: int
    width: int
    row_step: int
    position_step: int
    runs: tuple[tuple[int, int], tuple[int, int]]
    length: int

    @property
    def run_count(self) -> int:
        return self.runs[0][0] * self.runs[1][0]

    def groups(self, vectors: Vectors) -> int:
        """Groups of a run; the last one may reach beyond it, where the weights are 0."""
        return -(-self.length // vectors.group)


@dataclass(frozen=True)
class Nest:
    """Output channels handled by one copy of the loops.

    Args:
        first: output channel.
        blocks: how many times ``channels``.
        channels: of a block.
        accumulators: of a block.
        vectors: full vectors of the block; 0 where it is a rest of single accumulators.
    """

    first: int
    blocks: int
    channels: int
    accumulators: int
    vectors: int


def nests(vectors: Vectors, channels: int, at_once: int) -> Iterator[Nest]:
    """Split output channels: as many blocks of ``at_once`` vectors as there are, then the rest."""
    first, span = 0, vectors.span
    for count in range(at_once, 0, -1):
        blocks = (channels - first) // (span * count)
        if blocks:
            yield Nest(first, blocks, span * count, vectors.group * count, count)
            first += blocks * span * count
    rest = channels - first
    if rest:
        yield Nest(first, 1, rest, -(-rest // vectors.lanes), 0)


def channel_order(vectors: Vectors, nest: Nest) -> Int64:
    """Output channel of each lane, [blocks, accumulators, lanes]; -1 where there is none."""
    if not nest.vectors:
        lane = np.arange(nest.accumulators * vectors.lanes)
        flat = np.where(lane < nest.channels, nest.first + lane, -1)
        return flat.reshape(1, nest.accumulators, vectors.lanes)
    start = nest.first + vectors.span * np.arange(nest.blocks * nest.vectors)
    order = start[:, None, None] + vectors.order()
    return order.reshape(nest.blocks, nest.accumulators, vectors.lanes)


def tile_width(vectors: Vectors, nest: Nest, width: int) -> int:
    """Positions of a tile: what the registers hold, and what divides the row with little waste."""
    free = vectors.registers - nest.accumulators - 1 - vectors.temporaries
    held = nest.accumulators + (vectors.products != "broadcasts")
    most = max(1, min(free // held, 12, width))
    cost = {t: -(-width // t) * (t * nest.accumulators + 0.5 * nest.accumulators + 1) for t in range(1, most + 1)}
    return min(cost, key=lambda t: (cost[t], -t))


@dataclass(frozen=True, eq=False)
class Dense:
    """The code of a dense layer after its input has been entered.

    Args:
        text: functions, each to be called as ``name(image, y0)``.
        calls: their names.
    """

    text: str
    calls: tuple[str, ...]
    constants: tuple[Constant, ...]
    helpers: tuple[Helper, ...]


class Finish(Protocol):
    """What becomes of accumulators.

    Attributes:
        initial: where they start, one value per output channel.
        constants: arrays that ``text`` reads.
        text: C functions that the stores call.
    """

    @property
    def initial(self) -> Array: ...

    @property
    def constants(self) -> tuple[Constant, ...]: ...

    @property
    def text(self) -> str: ...

    def helpers(self, parts: Sequence[Nest]) -> tuple[Helper, ...]: ...

    def store(self, nest: Nest, accumulators: Sequence[str], offset: int) -> list[str]:
        """C lines that store one position's accumulators at ``to + offset``; ``lane`` is their place in the arrays."""
        ...


@dataclass(frozen=True, eq=False)
class _Job:
    """What all copies of the loops have in common."""

    site: Site
    vectors: Vectors
    window: Window
    finish: Finish
    channels: int


def dense(
    site: Site, vectors: Vectors, window: Window, weights: Array, at_once: int, finish_of: Callable[[Int64], Finish]
) -> Dense:
    """Emit the tiles.

    Args:
        weights: [O, runs * length].
        at_once: vectors of output channels in a block.
        finish_of: from the output channel of every lane of every accumulator, -1 where there is none.
    """
    channels = len(weights)
    parts = list(nests(vectors, channels, at_once))
    orders = [channel_order(vectors, nest) for nest in parts]
    order = np.concatenate([o.reshape(-1) for o in orders])
    finish = finish_of(order)
    packed = [_pack(vectors, window, weights, o) for o in orders]
    initial = np.where(order >= 0, finish.initial[np.maximum(order, 0)], 0)
    layout = f"[block][run][group][accumulator][lane][{vectors.group}]"
    constants = (
        Constant(site.local("weights"), np.concatenate(packed), 64, layout),
        Constant(
            site.local("bias"), initial.astype(np.float32 if vectors.floating else np.int32), 64,
            "[block][accumulator][lane]" + ("" if vectors.floating else ", zero points folded in"),
        ),
        *finish.constants,
    )  # fmt: skip
    job = _Job(site, vectors, window, finish, channels)
    text, calls, weight_at, lane_at = finish.text, [], 0, 0
    for nest, order_of, packed_of in zip(parts, orders, packed, strict=True):
        name = f"{site.symbol}_{nest.first}"
        text += _nest(job, nest, name, weight_at, lane_at)
        calls.append(name)
        weight_at, lane_at = weight_at + packed_of.size, lane_at + order_of.size
    broadcast = ("broadcast",) if vectors.products == "broadcasts" else ("load", "broadcast", "by_lanes")
    shared = (*(vectors.helper(name) for name in ("load_weights", "load_sums", *broadcast)), vectors.product)
    used = (helper for helper in shared if helper.name in text)
    return Dense(text, tuple(calls), constants, (*used, *finish.helpers(parts)))


def _pack(vectors: Vectors, window: Window, weights: Array, order: Int64) -> Array:
    """Weights in reading order: [block][run][group][accumulator][lane][operand]."""
    count, groups = window.run_count, window.groups(vectors)
    padded = np.zeros((len(weights) + 1, count, groups * vectors.group), vectors.weight_type)
    padded[:-1, :, : window.length] = weights.reshape(-1, count, window.length)
    lanes = padded[order]  # the last row, of zeros, serves lanes without a channel
    blocks, accumulators, _ = order.shape
    if vectors.products == "halves":
        halves = lanes.reshape(blocks, accumulators, vectors.lanes, count, groups, 2, vectors.group // 2)
        return np.asarray(halves.transpose(0, 3, 4, 1, 5, 2, 6).reshape(-1))
    lanes = lanes.reshape(blocks, accumulators, vectors.lanes, count, groups, vectors.group)
    return np.asarray(lanes.transpose(0, 3, 4, 1, 2, 5).reshape(-1))


def _nest(job: _Job, nest: Nest, name: str, weight_at: int, lane_at: int) -> str:
    """One copy of the loops."""
    vectors, window = job.vectors, job.window
    tile = tile_width(vectors, nest, window.width)
    lines = [f"static void {name}(const {vectors.element} *image, {vectors.result} *y0)", "{"]
    lines.append(f"    const {vectors.weight} *const weights = {job.site.symbol}_weights + {weight_at};")
    indent = 1
    loops = []
    if nest.blocks > 1:
        loops.append(f"for (int32_t block = 0; block < {nest.blocks}; ++block) {{")
    if window.rows > 1:
        loops.append(f"for (int32_t row = 0; row < {window.rows}; ++row) {{")
    if window.width > tile:
        loops.append(f"for (int32_t x = 0; x < {window.width}; x += {tile}) {{")
    for loop in loops:
        lines.append("    " * indent + loop)
        indent += 1
    lines += ["    " * indent + line if line else "" for line in _tile(job, nest, tile, lane_at)]
    for _ in loops:
        indent -= 1
        lines.append("    " * indent + "}")
    return "\n".join([*lines, "}"]) + "\n\n"


def _tile(job: _Job, nest: Nest, tile: int, lane_at: int) -> list[str]:
    """The lines of one tile: start, sum, store."""
    vectors, window = job.vectors, job.window
    step = nest.accumulators * vectors.span
    total = window.run_count * window.groups(vectors) * step
    block = nest.blocks > 1
    where, source = _position(window, tile)
    first = f"{lane_at} + block * {nest.accumulators * vectors.lanes}" if block else f"{lane_at}"
    lines = [*where, f"const {vectors.element} *p = {source};"]
    lines.append(f"const {vectors.weight} *w = weights{f' + block * {total}' if block else ''};")
    lines.append(f"const int32_t lane = {first};")
    names = [[f"a{i}_{j}" for j in range(nest.accumulators)] for i in range(tile)]
    load = vectors.call("load_sums")
    for j in range(nest.accumulators):
        at = f"{job.site.symbol}_bias + lane + {j * vectors.lanes}"
        lines.append(f"{vectors.accumulator} {names[0][j]} = {load}({at});")
    for i in range(1, tile):
        lines.append(
            f"{vectors.accumulator} " + ", ".join(f"{a} = {b}" for a, b in zip(names[i], names[0], strict=True)) + ";"
        )
    lines += _sum(vectors, window, nest, names, step)
    lines.append(f"{vectors.result} *const to = y0 + {_target(window, nest, tile, job.channels)};")
    for i in range(tile):
        lines += job.finish.store(nest, names[i], i * job.channels)
    return lines


def _position(window: Window, tile: int) -> tuple[list[str], str]:
    """Lines that find the tile's first position (the last tile overlaps the one before), and its address."""
    lines, source = [], "image"
    if window.rows > 1:
        source += f" + row * {window.row_step}"
    if window.width > tile:
        if window.width % tile:
            last = window.width - tile
            lines.append(f"const int32_t at = x < {last} ? x : {last};")
            source += f" + at * {window.position_step}"
        else:
            source += f" + x * {window.position_step}"
    return lines, source


def _target(window: Window, nest: Nest, tile: int, channels: int) -> str:
    position = []
    if window.rows > 1:
        position.append(f"row * {window.width * channels}")
    if window.width > tile:
        position.append(f"{'at' if window.width % tile else 'x'} * {channels}")
    if nest.blocks > 1:
        position.append(f"block * {nest.channels}")
    if nest.first or not position:
        position.append(str(nest.first))
    return " + ".join(position)


def _sum(vectors: Vectors, window: Window, nest: Nest, names: list[list[str]], step: int) -> list[str]:
    """The loops over the window."""
    body = _products(vectors, window, nest, names, step)
    (outer, outer_step), (inner, inner_step) = window.runs
    if inner > 1:
        body = _loop(f"for (int32_t kx = 0; kx < {inner}; ++kx)", [*body, f"p += {inner_step};"])
        outer_step -= inner * inner_step
    if outer > 1:
        body = _loop(f"for (int32_t ky = 0; ky < {outer}; ++ky)", [*body, f"p += {outer_step};"])
    return body if outer * inner * window.groups(vectors) > 1 else ["{", *("    " + line for line in body), "}"]


def _products(vectors: Vectors, window: Window, nest: Nest, names: list[list[str]], step: int) -> list[str]:
    """All groups of a run."""
    if vectors.products != "broadcasts":
        return run_by_lanes(vectors, names, window.groups(vectors), window.position_step)
    groups = window.groups(vectors)
    load, broadcast, dot = vectors.call("load_weights"), vectors.call("broadcast"), vectors.product.name
    body = [f"const {vectors.operand} w{j} = {load}(w + {j * vectors.span});" for j in range(nest.accumulators)]
    at = "k" if groups > 1 else "0"
    for i, row in enumerate(names):
        offset = f"{i * window.position_step} + {at}" if i else at
        body.append(f"const {vectors.operand} v{i} = {broadcast}(p + {offset});")
        body += [f"{a} = {dot}({a}, v{i}, w{j});" for j, a in enumerate(row)]
    body.append(f"w += {step};")
    if groups > 1:
        body = _loop(f"for (int32_t k = 0; k < {groups * vectors.group}; k += {vectors.group})", body)
    return body


def _loop(head: str, body: list[str]) -> list[str]:
    return [f"{head} {{", *("    " + line for line in body), "}"]
