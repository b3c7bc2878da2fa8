"""Element-wise activations, softmax and normalisation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from conformance._ops_harness import Case, Draw, Family, op, single, tensor
from limen.program import Quant, Tensor

CODES = ("int8", "uint8", "int16")
BYTES = ("int8", "uint8")


def rectifier(
    name: str, dtypes: tuple[str, ...], attributes: Callable[[Draw], dict[str, float]] | None = None
) -> Family:
    """The output's scale is the input's or another of its size."""

    def make(draw: Draw, dtype: str) -> Case:
        x = tensor("x", draw.shape(0 if draw.chance(0.1) else 1, 5), dtype, draw.quant(dtype))
        out = draw.quant(dtype)
        if x.quant is not None and out is not None:
            out = x.quant if draw.chance(0.2) else Quant.per_tensor(x.scale * draw.scale(0.2, 4.0), out.zero_point[0])
        return Case(single(op(name, **(attributes(draw) if attributes else {})), (x,), out))

    return Family(name, ("float32", *dtypes), make)


def p_relu(draw: Draw, dtype: str) -> Case:
    shape = draw.shape(1, 4)
    x = tensor("x", shape, dtype, draw.quant(dtype))
    alpha_shape = (
        shape if draw.chance(0.2) else tuple(1 if draw.chance(0.4) else n for n in shape)[draw.integer(0, 1) :]
    )
    kind = "int8" if dtype == "int16" else dtype
    alpha = Tensor.constant("alpha", draw.values(alpha_shape, kind), draw.quant(kind, 1e-3, 0.01))
    out = draw.quant(dtype)
    out = out and Quant.per_tensor(x.scale * draw.scale(0.3, 3.0), out.zero_point[0])
    return Case(single(op("PRelu"), (x, alpha), out))


def hard_swish(draw: Draw, dtype: str) -> Case:
    x = tensor("x", draw.shape(), dtype, draw.quant(dtype))
    out = draw.quant(dtype)
    out = out and Quant.per_tensor(x.scale * draw.scale(0.1, 2.0), out.zero_point[0])
    return Case(single(op("HardSwish"), (x,), out), ulps=2)


def logistic(draw: Draw, dtype: str) -> Case:
    x = tensor("x", draw.shape(), dtype, sigmoid_input(draw, dtype, (12,)))
    out = {
        "int8": Quant.per_tensor(1 / 256, draw.choice((-128, -128, draw.integer(-128, 127)))),
        "uint8": Quant.per_tensor(1 / 256, draw.choice((0, 0, draw.integer(0, 255)))),
        "int16": Quant.per_tensor(1 / 32768),
    }.get(dtype)
    return Case(single(op("Logistic"), (x,), out), low=-20, high=20, ulps=4)


def tanh(draw: Draw, dtype: str) -> Case:
    x = tensor("x", draw.shape(), dtype, sigmoid_input(draw, dtype, (12, 11)))
    out = draw.quant(dtype, 1 / 256, 1 / 64)
    out = Quant.per_tensor(1 / 32768) if dtype == "int16" else out
    return Case(single(op("Tanh"), (x,), out), ulps=4)


def sigmoid_input(draw: Draw, dtype: str, powers: tuple[int, ...]) -> Quant | None:
    """int16: powers of two and general scales from 2**-16 to 2**-9."""
    if dtype != "int16":
        return draw.quant(dtype)
    if draw.chance(0.3):
        return Quant.per_tensor(2.0 ** -draw.choice((*powers, 10, 13)))
    return Quant.per_tensor(draw.scale(2.0**-16, 2.0**-9))


def softmax(draw: Draw, dtype: str) -> Case:
    shape = (*draw.shape(0, 3, 4), draw.choice((1, 2, 3, 5, 10, 40, 200)))
    x = tensor(
        "x",
        shape,
        dtype,
        draw.quant(dtype, 1e-3, 0.5) if dtype != "int16" else Quant.per_tensor(draw.scale(1e-5, 5e-3)),
    )
    out = {
        "int8": Quant.per_tensor(1 / 256, -128),
        "uint8": Quant.per_tensor(1 / 256, 0),
        "int16": Quant.per_tensor(1 / 32768),
    }.get(dtype)
    beta = draw.choice((1.0, 1.0, draw.scale(0.1, 3.0)))
    return Case(single(op("Softmax", beta=beta), (x,), out), ulps=8 + shape[-1])


def log_softmax(draw: Draw, dtype: str) -> Case:
    shape = (*draw.shape(0, 3, 4), draw.choice((1, 2, 3, 5, 10, 40, 200)))
    x = tensor("x", shape, dtype, draw.quant(dtype, 1e-3, 0.5))
    out = {"int8": Quant.per_tensor(16 / 256, 127), "uint8": Quant.per_tensor(16 / 256, 255)}.get(dtype)
    return Case(single(op("LogSoftmax"), (x,), out), ulps=8, absolute=8e-6)


def l2_norm(draw: Draw, dtype: str) -> Case:
    shape = (*draw.shape(0, 3, 4), draw.choice((1, 2, 3, 5, 10, 40, 200)))
    x = tensor("x", shape, dtype, draw.quant(dtype))
    out = {"int8": Quant.per_tensor(1 / 128, 0), "uint8": Quant.per_tensor(1 / 128, 128)}.get(dtype)
    return Case(single(op("L2Norm"), (x,), out), ulps=4 + math.isqrt(shape[-1]))


def gelu(draw: Draw, dtype: str) -> Case:
    approximate = draw.chance()
    x = tensor(
        "x", draw.shape(), dtype, draw.quant(dtype) if dtype != "int16" else Quant.per_tensor(draw.scale(1e-5, 1e-3))
    )
    out = draw.quant(dtype)
    out = out and Quant.per_tensor(x.scale * draw.scale(0.2, 2.0), out.zero_point[0])
    return Case(single(op("Gelu", approximate=approximate), (x,), out), ulps=16, absolute=2e-6)


FAMILIES = (
    rectifier("Relu", CODES),
    rectifier("Relu6", CODES),
    rectifier("ReluN1To1", BYTES),
    rectifier("Relu0To1", BYTES),
    rectifier("LeakyRelu", CODES, lambda draw: {"alpha": draw.choice((0.2, 0.01, 1.5, -0.3, draw.scale(1e-3, 1.0)))}),
    replace(rectifier("Elu", ("int8",)), judges={"*": "optimised"}),
    Family("PRelu", ("float32", *CODES), p_relu),
    Family("HardSwish", ("float32", *BYTES), hard_swish),
    Family("Logistic", ("float32", *CODES), logistic),
    Family("Tanh", ("float32", *CODES), tanh),
    Family("Softmax", ("float32", *CODES), softmax),
    Family("LogSoftmax", ("float32", *BYTES), log_softmax),
    Family("L2Norm", ("float32", *BYTES), l2_norm),
    Family("Gelu", ("float32", *CODES), gelu),
)
