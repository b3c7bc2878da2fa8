"""BatchMatMul in portable C: four columns of the product at a time."""

from __future__ import annotations

from math import prod

import numpy as np

from limen.ops.batch_mat_mul import BatchMatMul
from limen.program import Shape, Tensor
from limen.targets.c._kernel import Constant, Kernel, Site, c_type, refuse
from limen.targets.c.ops._e_text import INDENT, contiguous, function, loops, offset, whole_arguments
from limen.targets.c.ops._wconv import Lines, blocks, indented, plus
from limen.targets.c.ops._wfinish import Accumulator, Finish, finish_codes, finish_float
from limen.targets.c.ops._wfit import Range


def emit(site: Site) -> Kernel:
    """float32, int8, int16, and int16 times int8; either operand may be constant."""
    op, x, y = site.op, site.input(0), site.input(1)
    assert isinstance(op, BatchMatMul)
    if x.dtype != y.dtype and x.dtype == "float32":
        raise refuse(site, "with float input and int8 weights", "requantise with --data")
    source = _accumulator(x, y, x.shape[-2 if op.adj_x else -1])
    made = (
        finish_float("none")
        if x.dtype == "float32"
        else finish_codes(site, op._requantization(site.operands), 1, source)
    )
    names = [f"x{i}" if t.data is None else site.local(f"operand_{i}") for i, t in enumerate((x, y))]
    constants = [Constant(n, t.data) for n, t in zip(names, (x, y), strict=True) if t.data is not None]
    text = "\n".join([*([made.text] if made.text else []), _product(site, op, source, made), _batches(site, op, names)])
    return Kernel(text, (*constants, *made.constants), made.helpers)


def _accumulator(x: Tensor, y: Tensor, depth: int) -> Accumulator:
    if x.dtype == "float32":
        return Accumulator("float", None)
    (a0, a1), (b0, b1) = (_bounds(t) for t in (x, y))
    products = [a * b for a in (a0, a1) for b in (b0, b1)]
    low, high = depth * min(products), depth * max(products)
    inside = low >= -(2**31) and high < 2**31
    wide = x.dtype == "int16"
    reach = Range(np.array([low]), np.array([high])) if inside else None
    return Accumulator("int32_t" if inside else "int64_t", reach, wraps=not inside and not wide)


def _bounds(tensor: Tensor) -> tuple[int, int]:
    info = np.iinfo(tensor.dtype)
    return int(info.min) - tensor.zero_point, int(info.max) - tensor.zero_point


def _product(site: Site, op: BatchMatMul, source: Accumulator, made: Finish) -> str:
    """One matrix product."""
    x, y, output = site.input(0), site.input(1), site.output()
    rows, columns = output.shape[-2:]
    depth = x.shape[-2 if op.adj_x else -1]
    left = f"a[k * {rows} + m]" if op.adj_x else f"a[m * {depth} + k]"
    kind = "float" if x.dtype == "float32" else "int32_t"

    def body(block: int, at: str) -> Lines:
        def right(j: int) -> str:
            return f"b[({plus(at, j)}) * {depth} + k]" if op.adj_y else f"b[k * {columns} + {plus(at, j)}]"

        return [
            *(f"{source.ctype} acc{j} = 0;" for j in range(block)),
            f"for (int32_t k = 0; k < {depth}; ++k) {{",
            f"{INDENT}const {kind} v = {left}{_less(x)};",
            *(f"{INDENT}acc{j} += {_times(source, right(j) + _less(y), y)};" for j in range(block)),
            "}",
            *(f"y[m * {columns} + {plus(at, j)}] = {made.of(f'acc{j}', '0')};" for j in range(block)),
        ]

    lines = [f"for (int32_t m = 0; m < {rows}; ++m) {{", *indented(blocks(columns, body)), "}"]
    arguments = [f"const {c_type(x)} *a", f"const {c_type(y)} *b", f"{c_type(output)} *y"]
    return "/* One product of matrices. */\n" + function(f"{site.symbol}_product", arguments, lines)


def _less(tensor: Tensor) -> str:
    zero = 0 if tensor.dtype == "float32" else tensor.zero_point
    return "" if zero == 0 else f" {'-' if zero > 0 else '+'} {abs(zero)}"


def _times(source: Accumulator, right: str, y: Tensor) -> str:
    factor = f"({right})" if " " in right.split("]")[-1] else right
    return f"(int64_t)v * {factor}" if source.ctype == "int64_t" else f"v * {factor}"


def _batches(site: Site, op: BatchMatMul, names: list[str]) -> str:
    """Calls of the product over broadcast batch axes."""
    output = site.output()
    batch = output.shape[:-2]
    arguments = []
    for name, tensor in zip(names, (site.input(0), site.input(1)), strict=True):
        arguments.append(offset(name, 0, _steps(tensor.shape, len(batch))))
    arguments.append(offset("y0", 0, tuple(s * prod(output.shape[-2:]) for s in contiguous(batch))))
    call = f"{site.symbol}_product({', '.join(arguments)});"
    return function(site.symbol, whole_arguments(site), loops(batch, [call]))


def _steps(shape: Shape, rank: int) -> tuple[int, ...]:
    """Elements between matrices along each batch axis; 0 where the axis is broadcast."""
    own = shape[:-2]
    strides = tuple(0 if n == 1 else s * prod(shape[-2:]) for n, s in zip(own, contiguous(own), strict=True))
    return (0,) * (rank - len(own)) + strides


EMIT = emit
