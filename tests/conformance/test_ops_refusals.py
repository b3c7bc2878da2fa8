"""What TFLite's kernels refuse, ``Program.check`` refuses too, in words; nothing reaches a kernel that would abort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from conformance._ops_harness import op, tensor
from limen.errors import ProgramError
from limen.program import Node, Op, Port, Program, Quant, Tensor
from limen.targets.tflite import write

Q = Quant.per_tensor
BIAS = Tensor.constant("b", np.zeros(2, np.int32))


def program(made: Op, inputs: tuple[Tensor, ...], quant: Quant | None) -> Program:
    """Unchecked."""
    (found,) = made.infer(inputs)
    y = Tensor("y", found.shape, found.dtype, quant)
    feeds = tuple(Port(t.name, t.name) for t in inputs if t.data is None)
    node = Node(made, tuple(t.name for t in inputs), ("y",), "node")
    return Program("refused", {t.name: t for t in (*inputs, y)}, (node,), feeds, (Port("y", "y"),))


def weights(shape: tuple[int, ...], quant: Quant | None, dtype: str = "int8") -> Tensor:
    return Tensor.constant("w", np.ones(shape, dtype), quant)


def convolution(x: Quant, w: Quant | None, y: Quant | None, dtype: str = "int8") -> Program:
    return program(op("Conv2D"), (tensor("x", (1, 3, 3, 2), dtype, x), weights((2, 1, 1, 2), w), BIAS), y)


def pair(name: str, dtype: str, a: Quant | None, b: Quant | None, y: Quant | None) -> Program:
    return program(op(name), (tensor("a", (4,), dtype, a), tensor("b", (4,), dtype, b)), y)


def one(name: str, dtype: str, x: Quant | None, y: Quant | None) -> Program:
    return program(op(name), (tensor("x", (2, 4), dtype, x),), y)


REFUSED: dict[str, Callable[[], Program]] = {
    "int8 weights with a zero point": lambda: convolution(Q(0.1), Q(0.1, 3), Q(0.1)),
    "weights without a scale": lambda: convolution(Q(0.1), None, Q(0.1)),
    "per-channel weights with a zero point": lambda: convolution(Q(0.1), Quant((0.25, 0.5), (0, 1), 0), Q(0.1)),
    "int16 input with a zero point": lambda: replace_bias(convolution(Q(0.1, 1), Q(0.1), Q(0.1), "int16")),
    "int16 sum with a zero point": lambda: pair("Add", "int16", Q(0.1, 1), Q(0.1), Q(0.1)),
    "int16 product with a zero point": lambda: pair("Mul", "int16", Q(0.1, 1), Q(0.1), Q(0.1)),
    "logistic to another scale": lambda: one("Logistic", "int8", Q(0.1), Q(1 / 128, -128)),
    "int16 tanh to another scale": lambda: one("Tanh", "int16", Q(0.001), Q(0.001)),
    "softmax to another zero point": lambda: one("Softmax", "int8", Q(0.1), Q(1 / 256, 0)),
    "log softmax to another scale": lambda: one("LogSoftmax", "int8", Q(0.1), Q(1 / 256, 127)),
    "l2 normalisation to another scale": lambda: one("L2Norm", "int8", Q(0.1), Q(1 / 256, 0)),
    "hard swish onto a much finer scale": lambda: one("HardSwish", "int8", Q(10.0), Q(0.01, 0)),
    "maximum onto another scale": lambda: program(
        op("ReduceMax", axes=(0,)), (tensor("x", (2, 4), "int8", Q(0.1)),), Q(0.2)
    ),
    "quantisation without a scale": lambda: program(
        op("Quantize", dtype="int8"), (tensor("x", (2,), "float32"),), None
    ),
    "requantised int16 with a zero point": lambda: program(
        op("Quantize", dtype="int16"), (tensor("x", (2,), "int16", Q(0.1, 2)),), Q(0.1)
    ),
    "product of uint8 codes": lambda: program(
        op("ReduceProd", axes=(0,)), (tensor("x", (2,), "uint8", Q(0.1)),), Q(0.1)
    ),
}
# The kernel would stop the process, or read past its memory.
FATAL: dict[str, Callable[[], Program]] = {
    "sum onto a scale 2**20 finer": lambda: pair("Add", "int8", Q(1.0), Q(1.0), Q(1e-7)),
    "sum of codes without scales": lambda: pair("Add", "int8", None, None, None),
    "int16 difference without scales": lambda: pair("Sub", "int16", None, None, None),
    "squared difference onto a much finer scale": lambda: pair("SquaredDifference", "int8", Q(10.0), Q(10.0), Q(1e-4)),
    "softmax of a vanishing scale": lambda: one("Softmax", "int8", Q(1e-9), Q(1 / 256, -128)),
    "hybrid depthwise with one scale": lambda: program(
        op("DepthwiseConv2D"), (tensor("x", (1, 2, 2, 2), "float32"), weights((1, 1, 1, 2), Q(0.1))), None
    ),
    "hybrid matrices with two batch dimensions": lambda: program(
        op("BatchMatMul"), (tensor("x", (2, 3, 4, 5), "float32"), weights((2, 3, 5, 6), Q(0.1))), None
    ),
}


def replace_bias(made: Program) -> Program:
    return replace(made, tensors={**made.tensors, "b": Tensor.constant("b", np.zeros(2, np.int64))})


@pytest.mark.parametrize("name", [*REFUSED, *FATAL])
def test_check_refuses(name: str) -> None:
    with pytest.raises(ProgramError, match=r"^node: "):
        {**REFUSED, **FATAL}[name]().check()


@pytest.mark.parametrize("name", REFUSED)
def test_litert_refuses_the_same(name: str) -> None:
    judge = OpResolverType.BUILTIN_REF
    made = REFUSED[name]()
    interpreter = Interpreter(model_content=write(made), experimental_op_resolver_type=judge, num_threads=1)
    with pytest.raises(RuntimeError):
        run_once(interpreter)


def run_once(interpreter: Interpreter) -> None:
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], np.ones(detail["shape"], detail["dtype"]))
    interpreter.invoke()
