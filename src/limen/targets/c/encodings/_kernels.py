"""Conv2D and FullyConnected over weights that are decoded a few output channels at a time, in portable C.

The weights of a block of channels are decoded once and used at every position, so the block's loop is outermost; where
rows stream, each row decodes anew. All blocks have the same number of channels: the last one repeats some.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from limen.ops.conv2d import Conv2D
from limen.ops.fully_connected import FullyConnected
from limen.program import Array
from limen.targets.c._kernel import Constant, Kernel, Passes, Site, c_type
from limen.targets.c.encodings._forms import FORMS, Encoded, encode
from limen.targets.c.ops._e_text import INDENT, function, row_arguments, whole_arguments
from limen.targets.c.ops._wconv import (
    EDGE,
    INSIDE,
    Geometry,
    accumulators,
    counted,
    geometry,
    indented,
    multiply,
    row_function,
    rows_read,
    store,
)
from limen.targets.c.ops._weighted import Weighted, finish, weighted
from limen.targets.c.ops._wfinish import Finish
from limen.targets.c.ops.conv2d import columns
from limen.targets.c.ops.fully_connected import finish_connected

_BUFFER = 16384


def packed_kernel(site: Site) -> Kernel | None:
    """The kernel of a site in ``site.form``; None for what is never packed, and for weights that the form does not
    hold."""
    found = encoded(site, site.form)
    if found is None:
        return None
    return _connected(site, *found) if isinstance(site.op, FullyConnected) else _convolution(site, *found)


def encoded(site: Site, form: str) -> tuple[Weighted, Encoded] | None:
    """The numbers of a site and its weights in a form.

    Raises:
        UnsupportedOp: weights or bias are computed, or the layer is hybrid.
    """
    numbers = candidate(site)
    if numbers is None:
        return None
    packed = encode(form, site.symbol, _blocks(numbers))
    return None if packed is None else (numbers, packed)


def smallest(site: Site) -> Encoded | None:
    """The form that takes the least flash; None where none takes less than the plain weights."""
    found = [e for form in FORMS if (e := encoded(site, form)) is not None]
    best = min(found, key=lambda pair: pair[1].nbytes, default=None)
    return None if best is None or best[1].nbytes >= best[0].weights.nbytes else best[1]


def candidate(site: Site) -> Weighted | None:
    """The numbers of a layer that can be packed: a dense convolution or a product with constant int8 weights."""
    op = site.op
    if not isinstance(op, (Conv2D, FullyConnected)):
        return None
    x, w = site.input(0), site.input(1)
    if w.data is None or w.dtype == "float32" or x.dtype == "float32":
        return None
    if isinstance(op, Conv2D) and x.shape[3] != w.shape[3]:
        return None
    one = w.quant is not None and len(w.quant.scale) == 1
    zero = w.zero_point if one and (isinstance(op, FullyConnected) or w.dtype == "uint8") else 0
    numbers = weighted(site, 0, zero)
    return numbers if numbers.weights.dtype == np.int8 else None


def _together(numbers: Weighted) -> int:
    """Output channels of a block."""
    filters = len(numbers.weights)
    elements = numbers.weights.size // filters
    return min(filters, next((n for n in (4, 2) if n * elements <= _BUFFER), 1))


def _firsts(numbers: Weighted) -> list[int]:
    """The first channel of each block."""
    filters, block = len(numbers.weights), _together(numbers)
    return [min(o, filters - block) for o in range(0, filters, block)]


def _blocks(numbers: Weighted) -> list[Array]:
    matrix, block = numbers.weights.reshape(len(numbers.weights), -1), _together(numbers)
    return [matrix[o : o + block].T for o in _firsts(numbers)]


def _passes(site: Site, numbers: Weighted, packed: Encoded) -> Passes:
    filters, block = len(numbers.weights), _together(numbers)
    count = block * (numbers.weights.size // filters)
    if filters % block:
        head = [
            f"for (int32_t first = 0; first < {filters}; first += {block}) {{",
            f"{INDENT}const int32_t o = first < {filters - block} ? first : {filters - block};",
        ]
    else:
        head = [f"for (int32_t o = 0; o < {filters}; o += {block}) {{"]
    begin = ["int8_t *const w = scratch;", f"const uint8_t *code = {numbers.weight_symbol};"]
    return Passes((*begin, *head, INDENT + packed.call.replace("@N", str(count))), ", w, o")


def _constants(numbers: Weighted, packed: Encoded) -> tuple[Constant, ...]:
    _, bias = numbers.constants(numbers.weights, "")
    comment = f"weights as {packed.form}, {packed.gist}, in blocks of {_together(numbers)} channels"
    return (Constant(numbers.weight_symbol, packed.data, 1, comment), *packed.tables, bias)


def _convolution(site: Site, numbers: Weighted, packed: Encoded) -> Kernel:
    op, x, w = site.op, site.input(0), site.input(1)
    assert isinstance(op, Conv2D)
    made = finish(site, numbers, op.activation)
    g = geometry(site, (w.shape[1], w.shape[2]), op.stride, op.dilation, op.padding)
    reach = rows_read(w.shape[1], op.stride[0], op.dilation[0], op.padding, x.zero_point)
    parts = [made.text] if made.text else []
    if g.interior[0] < g.interior[1]:
        parts.append(_position(site, numbers, made, g, edge=False))
    if g.edges:
        parts.append(_position(site, numbers, made, g, edge=True))
    line, table = row_function(site, g)
    parts.append(_line(site, line))
    passes = _passes(site, numbers, packed)
    apart = not site.streams and site.output().shape[0] == 1
    if not apart:
        parts.append(_row(site, passes))
    return Kernel(
        "\n".join(parts),
        (*_constants(numbers, packed), *made.constants, *table),
        (packed.helper, *made.helpers),
        scratch=packed.room,
        reaches=(reach,),
        passes=passes if apart else None,
    )


def _position(site: Site, numbers: Weighted, made: Finish, g: Geometry, edge: bool) -> str:
    """A block of output channels at one position."""
    pads, block = edge and numbers.zero != 0, _together(numbers)
    kind = c_type(site.input(0))
    row = [f"const {kind} *x = x0[ky] + at;", *columns(numbers, g, g.channels, block, edge, pads)]
    lines = [
        *accumulators(numbers, block, "o", pads),
        *counted("ky", str(g.kernel[0]), row),
        *store(made, block, "o", numbers.zero if pads else 0),
    ]
    arguments = [f"const {kind} *const *x0", "int32_t at", *(["int32_t from", "int32_t to"] if edge else [])]
    arguments += [f"{c_type(site.output())} *y", "const int8_t *w", "int32_t o"]
    text = function(f"{site.symbol}_{'edge' if edge else 'inside'}", arguments, lines)
    comment = (EDGE if edge else INSIDE).replace("all output channels", "output channels from o on")
    return comment + (text if edge else text.replace("static void", "static inline void", 1))


def _line(site: Site, row: str) -> str:
    """A function of one row, with the block's weights and its first channel as further arguments."""
    name = site.symbol
    row = row.replace("/* One row of the output. */", "/* One row of the output, channels from o on. */")
    row = row.replace(f"{name}_row(", f"{name}_line(").replace("y0)\n{", "y0, const int8_t *w, int32_t o)\n{", 1)
    return re.sub(rf"({name}_(?:inside|edge)\([^;]*)\);", r"\1, w, o);", row)


def _row(site: Site, passes: Passes) -> str:
    """One row with its own decoding."""
    body = [*passes.begin, f"{INDENT}{site.symbol}_line(x0, y0{passes.arguments});", "}"]
    arguments = [*row_arguments(site), "void *scratch"]
    return "/* One row of the output. */\n" + function(f"{site.symbol}_row", arguments, body)


def _connected(site: Site, numbers: Weighted, packed: Encoded) -> Kernel:
    op, x = site.op, site.input(0)
    assert isinstance(op, FullyConnected)
    made = finish_connected(site, numbers, op)
    filters, depth = numbers.weights.shape
    rows, block = x.size // depth, _together(numbers)
    passes = _passes(site, numbers, packed)
    finished = [line.replace("y[", "y[" if rows > 1 else "y0[", 1) for line in store(made, block, "o", 0)]
    product = _product(numbers, block, depth, "x[i]" if rows > 1 else "x0[i]")
    inner: Sequence[str] = [*accumulators(numbers, block, "o", False), *product, *finished]
    if rows > 1:
        ends = [f"const {c_type(x)} *const x = x0 + n * {depth};"]
        ends += [f"{c_type(site.output())} *const y = y0 + n * {filters};"]
        inner = [f"for (int32_t n = 0; n < {rows}; ++n) {{", *indented([*ends, *inner]), "}"]
    lines = [*passes.begin, *indented(inner), "}"]
    text = function(site.symbol, [*whole_arguments(site), "void *scratch"], lines)
    return Kernel(
        f"{made.text}\n{text}",
        (*_constants(numbers, packed), *made.constants),
        (packed.helper, *made.helpers),
        scratch=packed.room,
    )


def _product(numbers: Weighted, block: int, depth: int, value: str) -> list[str]:
    """The sums of one row of the input; ``w`` stays at the block's start."""
    steps = [line.replace("w[", "at[") for line in multiply(replace(numbers), block, value)]
    steps[-1] = steps[-1].replace("w +=", "at +=")
    return ["const int8_t *at = w;", *counted("i", str(depth), steps)]
