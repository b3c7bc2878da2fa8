"""Matrix products: with constant weights a FullyConnected, otherwise a BatchMatMul."""

from __future__ import annotations

import numpy as np

from limen.lower.builder import Value
from limen.lower.call import Call
from limen.lower.layout import Layout, identity, with_last
from limen.program import Array


def fully_connected(call: Call, x: Value, w: Array, bias: Array | None) -> tuple[str, Layout]:
    """x[.., I] times w[I, O] plus bias[O], in the layout x is held in.

    Returns:
        the tensor and its layout; the layout has the last axis last.
    """
    builder, rank = call.builder, x.rank
    if x.flat is not None and not x.held:
        tensor, order = x.flat
        layout, w = identity(rank), w[order]
    else:
        layout = builder.layout(x)
        layout = layout if layout[-1] == rank - 1 else with_last(layout, rank - 1)
        tensor = builder.get(x, layout)
    operands = [tensor, builder.constant(np.ascontiguousarray(w.T), "weights")]
    if bias is not None:
        operands.append(builder.constant(bias, "bias"))
    return call.emit("FullyConnected", *operands, keep_dims=rank > 2), layout


def batch_matmul(call: Call, a: Value, b: Value) -> str:
    """a @ b for operands of rank 2 and more, in source order; a swap of the last two axes is absorbed."""
    left, swap_left = _matrix(call, a)
    right, swap_right = _matrix(call, b)
    return call.emit("BatchMatMul", left, right, adj_x=swap_left, adj_y=swap_right)


def _matrix(call: Call, value: Value) -> tuple[str, bool]:
    rank = value.rank
    swapped = (*range(rank - 2), rank - 1, rank - 2)
    if value.constant is None:
        call.builder.layout(value)
        if identity(rank) not in value.held and swapped in value.held:
            return call.builder.get(value, swapped), True
    return call.builder.get(value), False


def as_matrix(call: Call, value: Value, shape: tuple[int, ...]) -> Value:
    """A Value of another shape with the same elements in source order."""
    if value.constant is not None:
        return Value(value.name, shape, value.dtype, value.constant.reshape(shape))
    return call.temporary(call.emit("Reshape", call.builder.get(value), shape=shape), shape)
