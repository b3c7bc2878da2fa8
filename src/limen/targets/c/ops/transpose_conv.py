"""TransposeConv in portable C: each output position gathers the filter columns and rows that reach it."""

from __future__ import annotations

from limen.ops.transpose_conv import TransposeConv
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._e_text import INDENT, function, whole_arguments
from limen.targets.c.ops._wconv import BLOCK, Lines, accumulators, blocks, counted, indented, multiply, store
from limen.targets.c.ops._weighted import Weighted, finish, interleave, weighted
from limen.targets.c.ops._wfinish import Finish


def emit(site: Site) -> Kernel:
    """float32, int8, uint8 and int16 (16x8) with constant weights."""
    op, w = site.op, site.input(1)
    assert isinstance(op, TransposeConv)
    numbers = weighted(site, 0, w.zero_point if w.dtype == "uint8" else 0, fold=False)
    made = finish(site, numbers, op.activation)
    order = interleave(numbers.weights.reshape(w.shape[0], -1), BLOCK)
    constants = (*numbers.constants(order, "[channels in fours][ky][kx][input][channel]"), *made.constants)
    parts = [made.text] if made.text else []
    parts += [_position(site, op, numbers, made), function(site.symbol, whole_arguments(site), _positions(site, op))]
    return Kernel("\n".join(parts), constants, made.helpers)


def _position(site: Site, op: TransposeConv, numbers: Weighted, made: Finish) -> str:
    """The function of one position."""
    source, w = site.input(0), site.input(1)
    _, height, width, depth = source.shape
    filters, kh, kw, _ = w.shape
    value = "in[i]" if numbers.zero == 0 else f"in[i] {'-' if numbers.zero > 0 else '+'} {abs(numbers.zero)}"

    def body(block: int, at: str) -> Lines:
        taps = [
            f"const {c_type(source)} *in = x0 + (iy * {width} + ix) * {depth};",
            f"const {numbers.weight_type} *w = {numbers.weight_symbol} + {_block_start(at, kh * kw * depth)}",
            f"    + (ky * {kw} + kx) * {depth * block};",
            *counted("i", str(depth), multiply(numbers, block, value)),
        ]
        return [
            *accumulators(numbers, block, at, False),
            *_taps("ky", "iy", "dy", kh, op.stride[0], height, _taps("kx", "ix", "dx", kw, op.stride[1], width, taps)),
            *store(made, block, at, 0),
        ]

    arguments = [f"const {c_type(source)} *x0", "int32_t dy", "int32_t dx", f"{c_type(site.output())} *y"]
    comment = "/* All channels at one position; dy and dx are its distances from filter row and column 0. */\n"
    return comment + function(f"{site.symbol}_at", arguments, blocks(filters, body))


def _block_start(at: str, depth: int) -> str:
    """Blocks before a block of channels take as many weights as their channels."""
    return str(int(at) * depth) if at.isdecimal() else f"{at} * {depth}"


def _taps(tap: str, position: str, distance: str, kernel: int, stride: int, extent: int, body: Lines) -> Lines:
    """The filter rows (or columns) that meet an input row: every ``stride``-th, input rows going down."""
    return [
        f"int32_t {position} = {distance} / {stride};",
        f"for (int32_t {tap} = {distance} % {stride}; {tap} < {kernel}; {tap} += {stride}, --{position}) {{",
        f"{INDENT}if ({position} >= 0 && {position} < {extent}) {{",
        *indented(indented(body)),
        f"{INDENT}}}",
        "}",
    ]


def _positions(site: Site, op: TransposeConv) -> Lines:
    x, output = site.input(0), site.output()
    image = x.shape[1] * x.shape[2] * x.shape[3]
    row = f"{site.symbol}_at(x0, y + {op.padding[0]}, x + {op.padding[2]}, y0);"
    return [
        f"for (int32_t n = 0; n < {x.shape[0]}; ++n) {{",
        f"{INDENT}for (int32_t y = 0; y < {output.shape[1]}; ++y) {{",
        f"{INDENT * 2}for (int32_t x = 0; x < {output.shape[2]}; ++x) {{",
        f"{INDENT * 3}{row}",
        f"{INDENT * 3}y0 += {output.shape[3]};",
        f"{INDENT * 2}}}",
        f"{INDENT}}}",
        f"{INDENT}x0 += {image};",
        "}",
    ]


EMIT = emit
