"""float32 products in the vectors of gcc and clang: tiles of several positions by some vectors of output channels.

Portable C otherwise; the compiler turns the vectors into those of the processor. Weights lie as the tiles read them,
[block][ky][kx][input channel][channel of the block], the last block filled up with zeros to whole vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import Constant, Helper, Site
from limen.targets.c.ops._e_text import INDENT, function
from limen.targets.c.ops._wconv import Geometry, Lines, indented, times
from limen.targets.c.ops._wfinish import Finish

LANES = {"avx2": 8, "avx512vnni": 16, "neon": 4, "simd128": 4}
"""Floats in a vector of an instruction set; others get scalar code."""


_FUSED = "neon"
"""Whose multiply-add of vectors rounds once, but not where the compiler must not contract."""
_ADD_PRODUCT = """\
/* sum + x * w, rounded once where the processor can. */
static inline floats add_product(floats sum, float x, floats w)
{
#if defined(__ARM_FEATURE_FMA)
    return (floats)vfmaq_f32((float32x4_t)sum, (float32x4_t)w, vdupq_n_f32(x));
#else
    return sum + x * w;
#endif
}
"""


@dataclass(frozen=True)
class Tile:
    """What one call computes.

    Args:
        positions: neighbouring output positions.
        vectors: of output channels.
        lanes: floats in a vector.
    """

    positions: int
    vectors: int
    lanes: int

    @property
    def channels(self) -> int:
        return self.vectors * self.lanes


def tile_of(site: Site, positions: int) -> Tile:
    """Twelve sums in flight or a little less, from as many positions as there are; twenty in 32 registers."""
    lanes = LANES[site.isa]
    if site.device is not None and site.device.isa == "aarch64" and positions >= 5:
        return Tile(5, 4, lanes)
    if positions >= 6:
        return Tile(6, 2, lanes)
    return Tile(3, 4, lanes) if positions >= 3 else Tile(1, 8, lanes)


def headers_of(site: Site) -> tuple[str, ...]:
    """What declares the instructions that have no operator."""
    return ("arm_neon.h",) if site.isa == _FUSED else ()


def helpers_of(site: Site, filters: int) -> tuple[Helper, ...]:
    """The vector type, its load, its store where a whole vector is ever stored, a fused product where there is one."""
    lanes = LANES[site.isa]
    kind = f"""\
/* {lanes} floats, at any address that a float may have. */
typedef float floats __attribute__((vector_size({4 * lanes}), aligned(4), may_alias));
"""
    load = """\
static inline floats load_floats(const float *from)
{
    return *(const floats *)(const void *)from;
}
"""
    store = """\
static inline void store_floats(float *to, floats values)
{
    *(floats *)(void *)to = values;
}
"""
    vector = Helper("floats", kind)
    loading = Helper("load_floats", load, (vector,))
    storing = (Helper("store_floats", store, (vector,)),) if filters >= lanes else ()
    return (loading, *storing, *((Helper("add_product", _ADD_PRODUCT, (vector,)),) if site.isa == _FUSED else ()))


@dataclass(frozen=True)
class Block:
    """Output channels that are computed at once."""

    first: int
    count: int
    vectors: int


def blocks_of(filters: int, tile: Tile) -> list[Block]:
    """Full blocks, and one of fewer vectors for the rest."""
    full = filters // tile.channels
    found = [Block(b * tile.channels, tile.channels, tile.vectors) for b in range(full)]
    rest = filters - full * tile.channels
    return found + ([Block(filters - rest, rest, -(-rest // tile.lanes))] if rest else [])


def arrange(matrix: Array, bias: Array, tile: Tile) -> tuple[Array, Array]:
    """Weights [O, K] and biases [O] as the tiles read them."""
    weights, biases = [], []
    for block in blocks_of(len(matrix), tile):
        size = block.vectors * tile.lanes
        part = np.zeros((matrix.shape[1], size), np.float32)
        part[:, : block.count] = matrix[block.first : block.first + block.count].T
        start = np.zeros(size, np.float32)
        start[: block.count] = bias[block.first : block.first + block.count]
        weights.append(part.reshape(-1))
        biases.append(start)
    return np.concatenate(weights), np.concatenate(biases)


@dataclass(frozen=True)
class Product:
    """A layer whose positions are products with runs of contiguous input.

    Args:
        g: its geometry; a fully connected layer has windows of one row and column.
        step: elements between the inputs of neighbouring positions.
        tile: for the interior.
        made: the activation.
    """

    site: Site
    g: Geometry
    step: int
    tile: Tile
    made: Finish

    def tile_function(self, positions: int, block: Block, edge: bool) -> str:
        """``SYMBOL_PxN``: positions by channels."""
        lanes, vectors = self.tile.lanes, block.vectors
        sums = [(p, v) for p in range(positions) for v in range(vectors)]
        lines = [f"floats a0_{v} = load_floats(bias{_plus(v * lanes)});" for v in range(vectors)]
        lines += [f"floats a{p}_{v} = a0_{v};" for p, v in sums if p]
        products = [f"const floats w{v} = load_floats(w{_plus(v * lanes)});" for v in range(vectors)]
        products += [self._product(f"a{p}_{v}", f"x[i{_plus(p * self.step)}]", f"w{v}") for p, v in sums]
        products.append(f"w += {vectors * lanes};")
        row = ["const float *x = x0[ky] + at;", *self._columns(products, vectors * lanes, edge)]
        lines += [f"for (int32_t ky = 0; ky < {self.g.kernel[0]}; ++ky) {{", *indented(row), "}"]
        lines += [line for p in range(positions) for line in self._store(p, block)]
        name = self.name(positions, block, edge)
        comment = f"/* {positions} position{'s' * (positions > 1)}, {block.count} channels. */\n"
        window = ["int32_t from", "int32_t to"] if edge else []
        arguments = ["const float *const *x0", "int32_t at", *window, "const float *w", "const float *bias", "float *y"]
        return comment + function(name, arguments, lines)

    def _product(self, total: str, x: str, w: str) -> str:
        return f"{total} = add_product({total}, {x}, {w});" if self.site.isa == _FUSED else f"{total} += {x} * {w};"

    def name(self, positions: int, block: Block, edge: bool) -> str:
        return f"{self.site.symbol}_{'edge' if edge else positions}x{block.count}"

    def _columns(self, products: Lines, block: int, edge: bool) -> Lines:
        """One row of the window."""
        width, depth = self.g.kernel[1], self.g.channels
        count = "to - from" if edge else str(width)
        if self.g.dilation == 1 or width == 1:
            inside = [f"for (int32_t i = 0; i < {times(count, depth)}; ++i) {{", *indented(products), "}"]
        else:
            run = [f"for (int32_t i = 0; i < {depth}; ++i) {{", *indented(products), "}"]
            step = f"x += {self.g.dilation * depth};"
            inside = [f"for (int32_t kx = 0; kx < {count}; ++kx) {{", *indented([*run, step]), "}"]
        if not edge:
            return inside
        before, after = times("from", depth * block), times(f"{width} - to", depth * block)
        return [f"w += {before};", *inside, f"w += {after};"]

    def _store(self, position: int, block: Block) -> Lines:
        lanes = self.tile.lanes
        start = position * self.g.filters
        lines = []
        for v in range(block.vectors):
            left = block.count - v * lanes
            to = f"y{_plus(start + v * lanes)}"
            whole = f"store_floats({to}, a{position}_{v});"
            lines.append(whole if left >= lanes else f"memcpy({to}, &a{position}_{v}, {4 * left}u);")
        if self.made.call != "@A":
            element = f"y[{'j' if not start else f'{start} + j'}]"
            loop = f"for (int32_t j = 0; j < {block.count}; ++j) {{"
            lines += [loop, f"{INDENT}{element} = {self.made.of(element, '')};", "}"]
        return lines

    def row(self) -> tuple[list[str], Lines, tuple[Constant, ...]]:
        """The tile functions, the lines of a row function that calls them, and its constants."""
        low, high = self.g.interior
        full, rest = divmod(high - low, self.tile.positions)
        edges, table = self._edges()
        blocks = blocks_of(self.g.filters, self.tile)
        kinds = [b for i, b in enumerate(blocks) if i == 0 or b.count != blocks[i - 1].count]
        functions, lines = [], []
        for kind in kinds:
            functions += [self.tile_function(n, kind, False) for n in (self.tile.positions * bool(full), rest) if n]
            functions += [self.tile_function(1, kind, True)] if self.g.edges else []
            same = [b for b in blocks if b.count == kind.count]
            lines += self._block(same, full, rest, edges)
        return functions, lines, table

    def _block(self, blocks: list[Block], full: int, rest: int, edges: list[tuple[str, str]]) -> Lines:
        """All positions of a row, for each of several equal blocks."""
        kind, low = blocks[0], self.g.interior[0]
        several = len(blocks) > 1
        depth = self.g.kernel[0] * self.g.kernel[1] * self.g.channels
        first = kind.first
        offset = "o" if several else str(first)
        w = _at(self.site.local("weights"), f"o * {depth}" if several else str(first * depth))
        rest_of = f"{w}, {_at(self.site.local('bias'), offset)}, {_at('y0', offset)}"
        start = low * self.g.stride - self.g.left
        lines: Lines = []
        if full:
            size = self.tile.positions
            at = f"x * {self.step}{_plus(start * self.g.channels)}"
            call = f"{self.name(size, kind, False)}(x0, {at}, {rest_of}{_output('x', self.g.filters, low)});"
            lines += [f"for (int32_t x = 0; x < {full * size}; x += {size}) {{", INDENT + call, "}"]
        if rest:
            done = full * self.tile.positions
            at = str(done * self.step + start * self.g.channels)
            to = _plus((low + done) * self.g.filters)
            lines.append(f"{self.name(rest, kind, False)}(x0, {at}, {rest_of}{to});")
        lines += self._edge_calls(kind, edges, rest_of)
        if several:
            head = f"for (int32_t o = 0; o < {blocks[-1].first + 1}; o += {kind.count}) {{"
            lines = [head, *indented(lines), "}"]
        return lines

    def _edges(self) -> tuple[list[tuple[str, str]], tuple[Constant, ...]]:
        """Arguments ``at, from, to`` and output offset of each border position; table columns where there are many."""
        calls = []
        for x in self.g.edges:
            first, last = self.g.taps(x)
            at = (x * self.g.stride - self.g.left + first * self.g.dilation) * self.g.channels if last else 0
            calls.append((at, first, last, x * self.g.filters))
        if len(calls) <= 4:
            return [(f"{a}, {f}, {t}", str(y)) for a, f, t, y in calls], ()
        comment = "border windows: first element, columns from/to, output"
        return [("e[0], e[1], e[2]", "e[3]")], (
            Constant(self.site.local("edges"), np.array(calls, np.int32), comment=comment),
        )

    def _edge_calls(self, kind: Block, edges: list[tuple[str, str]], rest_of: str) -> Lines:
        calls = []
        for window, to in edges:
            offset = "" if to == "0" else f" + {to}"
            calls.append(f"{self.name(1, kind, True)}(x0, {window}, {rest_of}{offset});")
        if calls and edges[0][1] == "e[3]":
            table = self.site.local("edges")
            head = f"for (const int32_t *e = {table}; e < {table} + {4 * len(self.g.edges)}; e += 4) {{"
            return [head, *indented(calls), "}"]
        return calls


def _plus(offset: int) -> str:
    return "" if offset == 0 else f" {'+' if offset > 0 else '-'} {abs(offset)}"


def _at(pointer: str, offset: str) -> str:
    return pointer if offset == "0" else f"{pointer} + {offset}"


def _output(name: str, filters: int, low: int) -> str:
    return f" + {name} * {filters}{_plus(low * filters)}"
