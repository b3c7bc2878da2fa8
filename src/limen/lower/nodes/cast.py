"""ONNX Cast."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from limen.lower.builder import program_dtype
from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value = call.input(0)
    try:
        dtype = program_dtype(np.dtype(ir.DataType(call.attribute("to", 1)).numpy()))
    except (ValueError, TypeError):
        call.refuse(f"to element type {call.attribute('to', 1)}")
    tensor, layout = call.unary(value)
    op = "Cast" if dtype != value.dtype else "Reshape"
    settings = {"dtype": dtype} if op == "Cast" else {"shape": call.builder.shape(tensor)}
    call.bind(call.emit(op, tensor, **settings), layout)


LOWERING = Lowering("Cast", lower, "any")
