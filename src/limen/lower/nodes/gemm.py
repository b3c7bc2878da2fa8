"""ONNX Gemm: alpha * A' B' + beta * C."""

from __future__ import annotations

import numpy as np

from limen.lower.builder import Value, make
from limen.lower.call import Call, Lowering
from limen.lower.elementwise import combine
from limen.lower.matrix import as_matrix, batch_matmul, fully_connected


def lower(call: Call) -> None:
    a, b, c = call.input(0), call.input(1), call.optional(2)
    alpha, beta = call.attribute("alpha", 1.0), call.attribute("beta", 1.0)
    if call.attribute("transA", 0):
        a = transposed(call, a)
    columns = call.output.shape[1]
    if b.constant is not None and a.constant is None:
        w = b.constant.T if call.attribute("transB", 0) else b.constant
        w = (w * np.float32(alpha)).astype(w.dtype) if alpha != 1.0 else w
        bias = None
        if c is not None and c.constant is not None and _is_row(c, columns):
            row = np.broadcast_to(c.constant.reshape(-1), (columns,))
            bias, c = (row * np.float32(beta)).astype(row.dtype), None
        product, layout = fully_connected(call, a, w, bias)
    else:
        b = transposed(call, b) if call.attribute("transB", 0) else b
        product, layout = batch_matmul(call, a, b), (0, 1)
        if alpha != 1.0:
            product = call.emit("Mul", product, call.scalar(alpha, product))
    if c is None or beta == 0.0:
        call.bind(product, layout)
        return
    if beta != 1.0:
        if c.constant is not None:
            c = Value(f"{c.name}/scaled", c.shape, c.dtype, (c.constant * np.float32(beta)).astype(c.dtype))
        else:
            tensor = call.builder.get(c)
            c = call.temporary(call.emit("Mul", tensor, call.scalar(beta, tensor)), c.shape)
    result, layout = combine(call, make("Add"), [call.temporary(product, call.output.shape, layout), c])
    call.bind(result, layout)


def _is_row(c: Value, columns: int) -> bool:
    """Whether C is one value per column."""
    return c.shape in ((columns,), (1, columns), (), (1,), (1, 1))


def transposed(call: Call, value: Value) -> Value:
    """The transpose of a matrix, as a layout where possible."""
    shape = value.shape[::-1]
    if value.constant is not None:
        return Value(f"{value.name}/transposed", shape, value.dtype, value.constant.T)
    if value.rank != 2:
        return as_matrix(call, value, shape)
    tensor, layout = call.unary(value)
    return call.temporary(tensor, shape, tuple(1 - a for a in layout))


LOWERING = Lowering("Gemm", lower)
