"""ONNX MatMul (numpy.matmul)."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.matrix import as_matrix, batch_matmul, fully_connected


def lower(call: Call) -> None:
    a, b = call.input(0), call.input(1)
    vector_a, vector_b = a.rank == 1, b.rank == 1
    if vector_a:
        a = as_matrix(call, a, (1, *a.shape))
    if vector_b:
        b = as_matrix(call, b, (*b.shape, 1))
    if b.constant is not None and b.rank == 2 and a.constant is None:
        tensor, layout = fully_connected(call, a, b.constant, None)
        if not vector_a and not vector_b:
            call.bind(tensor, layout)
            return
        shape = (*a.shape[:-1], b.shape[-1])
        tensor = call.builder.get(call.temporary(tensor, shape, layout))
    else:
        tensor = batch_matmul(call, a, b)
    if call.builder.shape(tensor) != call.output.shape:
        tensor = call.emit("Reshape", tensor, shape=call.output.shape)
    call.bind(tensor)


LOWERING = Lowering("MatMul", lower)
