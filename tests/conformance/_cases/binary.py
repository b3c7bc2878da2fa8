"""Element-wise operators of two operands."""

from __future__ import annotations

import numpy as np

from conformance._ops_harness import Case, Draw, Family, op, single, tensor
from limen.program import Quant, Tensor

ACTIVATIONS = ("none", "none", "relu", "relu6", "relu_n1_to_1")
NUMBERS = ("float32", "int32", "int64")
CODES = ("int8", "uint8", "int16")
WHOLE = (-(2**31), 2**31 - 1)


def operand_shapes(draw: Draw) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Equal, or broadcastable with extents of 1 and missing leading dimensions on either side."""
    shape = draw.shape(0 if draw.chance(0.1) else 1, 5, 4)
    if draw.chance(0.4):
        return shape, shape
    whole = tuple(1 if draw.chance(0.3) else n for n in shape)
    part = tuple(n if whole[i] != n else 1 if draw.chance(0.3) else n for i, n in enumerate(shape))
    second = part[draw.integer(0, len(part)) if draw.chance(0.3) else 0 :]
    first = whole
    return (first, second) if draw.chance() else (second, first)


def column_dtype(dtype: str) -> str:
    return dtype.split()[0]


def operands(draw: Draw, dtype: str) -> tuple[Tensor, Tensor]:
    """Two inputs, or an input and a constant."""
    kind = column_dtype(dtype)
    plain = dtype.endswith("plain")
    shapes = operand_shapes(draw)
    quants = [None if plain else draw.quant(kind) for _ in range(2)]
    if draw.chance(0.3):
        low, high = (1, 9) if kind in ("int32", "int64", "uint32") else (0.5, 4.0)
        data = draw.values(shapes[1], kind, low, high)
        return tensor("a", shapes[0], kind, quants[0]), Tensor.constant("b", data, quants[1])
    return tensor("a", shapes[0], kind, quants[0]), tensor("b", shapes[1], kind, quants[1])


def output(draw: Draw, dtype: str, scale: float) -> Quant | None:
    """A scale around the given one."""
    quant = None if dtype.endswith("plain") else draw.quant(column_dtype(dtype))
    return quant and Quant.per_tensor(scale * draw.scale(0.3, 3.0), quant.zero_point[0])


def sums(name: str) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        a, b = operands(draw, dtype)
        quant = output(draw, dtype, a.scale + b.scale)
        return Case(single(op(name, activation=draw.choice(ACTIVATIONS)), (a, b), quant), integers=WHOLE)

    return Family(name, (*NUMBERS, *CODES, *(("int16 plain",) if name == "Add" else ())), make)


def mul(draw: Draw, dtype: str) -> Case:
    a, b = operands(draw, dtype)
    quant = output(draw, dtype, a.scale * b.scale * (64 if column_dtype(dtype) != "int16" else 16384))
    made = op("Mul", activation=draw.choice(ACTIVATIONS[:4] if dtype == "uint32" else ACTIVATIONS))
    return Case(single(made, (a, b), quant), integers=(0, 2**32 - 1) if dtype == "uint32" else WHOLE)


def div(draw: Draw, dtype: str) -> Case:
    a, b = operands(draw, dtype)
    if b.data is not None and b.quant is not None:
        away = np.where(b.data == b.zero_point, b.data ^ 1, b.data).astype(b.dtype)
        b = Tensor.constant("b", away, b.quant)
    elif b.quant is not None:
        b = Tensor.constant("b", nonzero_codes(draw, b), b.quant)
    quant = output(draw, dtype, a.scale / b.scale / 8)
    program = single(op("Div", activation=draw.choice(ACTIVATIONS)), (a, b), quant)
    return Case(program, nonzero=("b",), integers=(-(2**31) + 1, 2**31 - 1))


def nonzero_codes(draw: Draw, b: Tensor) -> np.ndarray:
    data = draw.values(b.shape, b.dtype)
    return np.where(data == b.zero_point, data ^ 1, data).astype(b.dtype)


def selection(name: str) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        a, b = operands(draw, dtype)
        if a.quant is not None and draw.chance():
            b = Tensor(b.name, b.shape, b.dtype, a.quant, b.data)
        return Case(single(op(name), (a, b), a.quant), integers=WHOLE)

    return Family(name, (*NUMBERS, *CODES), make)


def squared_difference(draw: Draw, dtype: str) -> Case:
    a, b = operands(draw, dtype)
    quant = output(draw, dtype, (a.scale + b.scale) ** 2 * 64)
    return Case(single(op("SquaredDifference"), (a, b), quant), integers=(-30000, 30000))


def division(name: str, dtypes: tuple[str, ...]) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        shapes = operand_shapes(draw)
        low, high = (1, 100) if dtype != "float32" else (0.1, 4.0)
        divisor = draw.values(shapes[1], dtype, low, high)
        divisor = np.where(divisor == 0, 1, divisor).astype(dtype)
        divisor = (-np.maximum(divisor, -100)).astype(dtype) if draw.chance() else divisor
        divisor = np.where(divisor == -1, -2, divisor).astype(dtype)  # the smallest integer / -1 is undefined in C
        program = single(op(name), (tensor("a", shapes[0], dtype), Tensor.constant("b", divisor)))
        return Case(program, integers=WHOLE)

    return Family(name, dtypes, make)


def power(draw: Draw, dtype: str) -> Case:
    a_shape, b_shape = operand_shapes(draw)
    if dtype == "int32":
        exponent = draw.values(b_shape, dtype, 0, 5)
        return Case(
            single(op("Pow"), (tensor("a", a_shape, dtype), Tensor.constant("b", exponent))), integers=(-20, 20)
        )
    exponent = draw.choice((draw.values(b_shape, dtype, -3, 3), draw.values(b_shape, "int32", 1, 6).astype("float32")))
    if draw.chance(0.2):
        exponent = (exponent + np.float32(4e-6)).astype("float32")
    return Case(
        single(op("Pow"), (tensor("a", a_shape, dtype), Tensor.constant("b", exponent))), low=0.01, high=8.0, ulps=4
    )


FAMILIES = (
    sums("Add"),
    sums("Sub"),
    Family("Mul", (*NUMBERS, *CODES, "int16 plain", "uint32"), mul),
    Family("Div", ("float32", "int32", *CODES), div),
    selection("Minimum"),
    selection("Maximum"),
    Family("SquaredDifference", ("float32", "int32", "int8"), squared_difference),
    division("FloorDiv", ("float32", "int32", "int16", "int8")),
    division("FloorMod", ("float32", "int64", "int32", "int16", "int8")),
    Family("Pow", ("float32", "int32"), power),
)
