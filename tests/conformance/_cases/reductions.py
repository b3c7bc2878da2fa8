"""Pooling and reductions."""

from __future__ import annotations

import math

from conformance._ops_harness import Case, Draw, Family, op, single, tensor
from limen.program import Quant

ACTIVATIONS = ("none", "none", "relu", "relu6", "relu_n1_to_1")
NUMBERS = ("float32", "int32", "int64")
CODES = ("int8", "uint8", "int16")
# LiteRT's reference SUM reads int8 and int16 tensors as uint8; its optimised kernel rounds in float.
SUM_JUDGES = {"int8": "optimised", "int16": "optimised"}


def pool(name: str) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        window = (draw.integer(1, 4), draw.integer(1, 4))
        stride = (draw.integer(1, 3), draw.integer(1, 3))
        size = (window[0] + draw.integer(0, 5), window[1] + draw.integer(0, 5))
        sides = [0, 0, 0, 0]
        if draw.chance():
            sides = []
            for extent, k, s in zip(size, window, stride, strict=True):
                total = max((-(-extent // s) - 1) * s + k - extent, 0)
                sides += [total // 2, total - total // 2]
        x = tensor("x", (draw.integer(1, 2), *size, draw.integer(1, 5)), dtype, draw.quant(dtype))
        made = op(name, filter=window, stride=stride, padding=tuple(sides), activation=draw.choice(ACTIVATIONS))
        return Case(single(made, (x,), x.quant), terms=0 if name == "MaxPool2D" else math.prod(window))

    return Family(name, ("float32", *CODES), make)


def axes_of(draw: Draw, shape: tuple[int, ...]) -> tuple[int, ...]:
    chosen = tuple(axis for axis in range(len(shape)) if draw.chance())
    return chosen or (draw.integer(0, len(shape) - 1),)


def average(name: str, dtypes: tuple[str, ...]) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        shape = draw.shape(1, 4, draw.choice((3, 6, 12)))
        axes = axes_of(draw, shape)
        count = math.prod(shape[axis] for axis in axes)
        x = tensor("x", shape, dtype, draw.quant(dtype))
        out = draw.quant(dtype)
        growth = math.sqrt(count) if name == "Sum" else 1.0
        out = out and Quant.per_tensor(x.scale * draw.scale(0.2, 3.0) * growth, out.zero_point[0])
        program = single(op(name, axes=axes, keep_dims=draw.chance()), (x,), out)
        judges = SUM_JUDGES if name == "Sum" else {}
        return Case(program, terms=count, integers=(-(2**31), 2**31 - 1), codes=int(dtype in judges))

    return Family(name, dtypes, make, SUM_JUDGES if name == "Sum" else {})


def extreme(name: str) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        shape = draw.shape(1, 4)
        x = tensor("x", shape, dtype, draw.quant(dtype))
        program = single(op(name, axes=axes_of(draw, shape), keep_dims=draw.chance()), (x,), x.quant)
        return Case(program, integers=(-(2**31), 2**31 - 1))

    return Family(name, (*NUMBERS, *CODES), make)


def product(draw: Draw, dtype: str) -> Case:
    shape = draw.shape(1, 4, 4)
    axes = axes_of(draw, shape)
    count = math.prod(shape[axis] for axis in axes)
    kind = dtype.split()[0]
    codes = dtype in ("int8", "int16")
    x = tensor("x", shape, kind, draw.quant(kind, 0.005, 0.02) if codes else None)
    out = draw.quant(kind) if codes else None
    if out is not None:
        reach = x.scale * (100 if kind == "int8" else 20000)
        out = Quant.per_tensor(max(reach**count / 50, 1e-12) * draw.scale(0.3, 3.0), out.zero_point[0])
    program = single(op("ReduceProd", axes=axes, keep_dims=draw.chance()), (x,), out)
    return Case(program, low=-2, high=2, ulps=count + 2, integers=(-3, 3))


FAMILIES = (
    pool("AveragePool2D"),
    pool("MaxPool2D"),
    average("Mean", (*NUMBERS, *CODES)),
    average("Sum", (*NUMBERS, *CODES)),
    extreme("ReduceMax"),
    extreme("ReduceMin"),
    Family("ReduceProd", (*NUMBERS, "int8", "int16", "int8 plain", "int16 plain"), product),
)
