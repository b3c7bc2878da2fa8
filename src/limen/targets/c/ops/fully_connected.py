"""FullyConnected in portable C: output channels in fours over each row of the input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.ops._activation import code_range
from limen.ops._weighted import weight_scales
from limen.ops.fully_connected import FullyConnected
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import function, whole_arguments
from limen.targets.c.ops._wconv import BLOCK, Geometry, Lines, accumulators, blocks, counted, indented, multiply, store
from limen.targets.c.ops._weighted import Weighted, interleave, weighted
from limen.targets.c.ops._wfinish import Finish, finish_float, finish_in_double
from limen.targets.c.ops._wfloat import LANES, Product, arrange, headers_of, helpers_of, tile_of


def emit(site: Site) -> Kernel:
    """float32, int8, uint8 and int16 (16x8) with constant weights."""
    op, x, w = site.op, site.input(0), site.input(1)
    assert isinstance(op, FullyConnected)
    one_scale = w.quant is not None and len(w.quant.scale) == 1
    numbers = weighted(site, 0, w.zero_point if one_scale else 0)
    made = finish_connected(site, numbers, op)
    filters, depth = w.shape
    rows = x.size // depth
    if numbers.is_float and site.isa in LANES and not site.small:
        return _vectors(site, numbers, made, rows)

    def body(block: int, at: str) -> Lines:
        products = counted("i", str(depth), multiply(numbers, block, "x0[i]"))
        return [*accumulators(numbers, block, at, False), *products, *_store(made, block, at)]

    lines = [f"const {numbers.weight_type} *w = {numbers.weight_symbol};", *blocks(filters, body)]
    if rows != 1:
        step = [f"x0 += {depth};", f"y0 += {filters};"]
        lines = [f"for (int32_t row = 0; row < {rows}; ++row) {{", *indented([*lines, *step]), "}"]
    order = interleave(numbers.weights, BLOCK)
    text = function(site.symbol, whole_arguments(site), lines)
    constants = (*numbers.constants(order, "[channels in fours][input][channel]"), *made.constants)
    return Kernel(f"{made.text}\n{text}", constants, made.helpers)


def _vectors(site: Site, numbers: Weighted, made: Finish, rows: int) -> Kernel:
    """float32 by tiles of vectors: each row of the input is a position of a 1x1 window."""
    filters, depth = numbers.weights.shape
    tile = tile_of(site, rows)
    functions, lines, _ = Product(site, Geometry(rows, depth, rows, filters, (1, 1), 1, 1, 0), depth, tile, made).row()
    weights, bias = arrange(numbers.weights, numbers.bias, tile)
    laid = replace(numbers, bias=bias)
    body = ["const float *const rows[1] = {x0};", *(line.replace("(x0, ", "(rows, ") for line in lines)]
    text = "\n".join([*functions, function(site.symbol, whole_arguments(site), body)])
    constants = laid.constants(weights, "[block][input][channel]")
    return Kernel(text, constants, helpers_of(site, filters), includes=headers_of(site))


def _store(made: Finish, block: int, at: str) -> Lines:
    return [line.replace("y[", "y0[", 1) for line in store(made, block, at, 0)]


def finish_connected(site: Site, numbers: Weighted, op: FullyConnected) -> Finish:
    """The Program rescales in float64 here, unlike in convolutions."""
    if numbers.is_float:
        return finish_float(op.activation)
    x, output = site.input(0), site.output()
    factors = x.scale * weight_scales(site.operands).astype(np.float64) / output.scale
    channels = np.broadcast_to(factors, len(numbers.bias))
    bounds = code_range(output, op.activation)
    return finish_in_double(site, channels, output.zero_point, bounds, output.dtype, numbers.source)


EMIT = emit
