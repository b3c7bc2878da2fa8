"""Element-wise operators of one operand, comparisons, logic and selection."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from conformance._cases.binary import operand_shapes
from conformance._ops_harness import Case, Draw, Family, op, single, tensor
from limen.program import Quant, Tensor

WHOLE = (-(2**31), 2**31 - 1)
CODES = ("int8", "int16")
ANY = (
    "float32",
    "float16",
    "float64",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "bool",
)
OPTIMISED = "optimised"  # BUILTIN_REF registers no or an older version; the kernel is the same


def whole_range(dtype: str) -> tuple[int, int]:
    """Range of the wide integers."""
    return (0, 2**32 - 1) if dtype == "uint32" else WHOLE


def code_quant(draw: Draw, dtype: str) -> Quant | None:
    """Quantisation for a column: ``plain`` columns and wide types have none."""
    return None if dtype.endswith("plain") else draw.quant(dtype.split()[0])


def plain(name: str, dtypes: tuple[str, ...], ulps: float = 0.0, judges: Mapping[str, str] | None = None) -> Family:
    """A function of the stored numbers."""

    def make(draw: Draw, dtype: str) -> Case:
        x = tensor("x", draw.shape(0, 5), dtype, draw.quant(dtype))
        wide = draw.choice((1.0, 10.0, 1e4)) if dtype == "float32" else 30.0
        return Case(
            single(op(name), (x,), x.quant),
            low=-wide,
            high=wide,
            ulps=ulps,
            integers=WHOLE,
            special=True,
        )

    return Family(name, dtypes, make, judges or {})


def table(name: str, ulps: float, low: float, high: float, image: Callable[[float], float]) -> Family:
    """A function that the integer kernels look up; ``image`` gives the size of the output's range."""

    def make(draw: Draw, dtype: str) -> Case:
        shape = draw.shape(0, 4)
        if dtype == "float32":
            return Case(single(op(name), (tensor("x", shape, dtype),)), low=low, high=high, ulps=ulps, special=True)
        scale = draw.scale(1e-3, 0.05) / (1 if dtype == "int8" else 256)
        zero = draw.integer(-128, 127) if dtype == "int8" else 0
        x = tensor("x", shape, dtype, Quant.per_tensor(scale, zero))
        reach = max(image(scale * (np.iinfo(dtype).max - zero)), image(scale), 1e-3)
        out = reach / np.iinfo(dtype).max * draw.scale(0.05, 3.0)
        y = Quant.per_tensor(out, draw.integer(-128, 127) if dtype == "int8" else 0)
        return Case(single(op(name), (x,), y))

    return Family(name, ("float32", *CODES), make)


def root(name: str) -> Family:
    """Functions whose integer kernels refuse codes below the zero point."""

    def make(draw: Draw, dtype: str) -> Case:
        shape = draw.shape(0, 4)
        if dtype == "float32":
            return Case(
                single(op(name), (tensor("x", shape, dtype),)), ulps=1.0, high=draw.choice((1.0, 1e6)), special=True
            )
        info = np.iinfo(dtype)
        scale = draw.scale(1e-4, 0.3)
        zero = draw.choice((-128, 0, draw.integer(-128, 126))) if dtype == "int8" else 0
        x = tensor("x", shape, dtype, Quant.per_tensor(scale, zero))
        largest = math.sqrt(scale * (info.max - zero)) if name == "Sqrt" else 1 / math.sqrt(scale)
        y = Quant.per_tensor(
            largest / info.max * draw.scale(0.1, 3.0), draw.integer(-128, 127) if dtype == "int8" else 0
        )
        return Case(single(op(name), (x,), y), code_range=(zero, int(info.max)))

    return Family(name, ("float32", *CODES), make)


def absolute(draw: Draw, dtype: str) -> Case:
    kind = dtype.split()[0]
    x = tensor("x", draw.shape(0, 5), kind, code_quant(draw, dtype))
    y = code_quant(draw, dtype)
    if y is not None and draw.chance(0.3):
        y = Quant.per_tensor(x.scale, y.zero_point[0])
    integers = (-(2**31) + 1, 2**31 - 1)
    return Case(single(op("Abs"), (x,), y), integers=integers, special=True)


def comparison(name: str) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        kind = dtype.split()[0]
        first, second = operand_shapes(draw)
        quants = [code_quant(draw, dtype) for _ in range(2)]
        if draw.chance(0.3):
            quants[1] = quants[0]
        a = tensor("a", first, kind, quants[0])
        b = tensor("b", second, kind, quants[1])
        integers = draw.choice(((0, 2), WHOLE))
        return Case(single(op(name), (a, b)), low=-2.0, high=2.0, integers=integers, special=True)

    ordered = ("float32", "float16", "int8", "uint8", "int16", "int32", "int64")
    equatable = (*ordered, "bool", *(("int16 plain",) if name == "Equal" else ()))
    return Family(name, equatable if name.endswith("Equal") and name[0] in "EN" else ordered, make)


def logic(name: str) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        first, second = operand_shapes(draw)
        return Case(single(op(name), (tensor("a", first, dtype), tensor("b", second, dtype))))

    return Family(name, ("bool",), make)


def select(draw: Draw, dtype: str) -> Case:
    first, second = operand_shapes(draw)
    condition = draw.choice((first, second, (), np.broadcast_shapes(first, second)))
    quant = draw.quant(dtype)
    operands: tuple[Tensor | None, ...] = (
        tensor("c", condition, "bool"),
        tensor("a", first, dtype, quant),
        tensor("b", second, dtype, quant),
    )
    return Case(single(op("Select"), operands, quant), integers=whole_range(dtype), special=True)


def cast(draw: Draw, dtype: str) -> Case:
    """From the column's type to any other."""
    target = draw.choice(ANY)
    wide = draw.choice((3.0, 300.0, 6e4) if dtype == "float16" else (3.0, 300.0, 1e5, 1e12, 1e20))
    integers = draw.choice(((-300, 300) if dtype != "uint32" else (0, 300), whole_range(dtype)))
    x = tensor("x", draw.shape(0, 4), dtype)
    return Case(single(op("Cast", dtype=target), (x,)), low=-wide, high=wide, integers=integers, special=True)


FAMILIES = (
    Family(
        "Abs",
        ("float32", "int8", "int16", "int16 plain", "int32"),
        absolute,
        {"int32": OPTIMISED, "int16 plain": OPTIMISED},
    ),
    plain("Neg", ("float32", "float16", "int8", "int16", "int32", "int64")),
    plain("Square", ("float32",)),
    plain("Sin", ("float32", "float16"), ulps=1.0),
    plain("Cos", ("float32", "float16"), ulps=1.0),
    plain("Floor", ("float32", "float16")),
    plain("Ceil", ("float32",), judges={"*": OPTIMISED}),
    plain("Round", ("float32", "float16"), judges={"*": OPTIMISED}),
    plain("Sign", ("float32", "float64", "int32")),
    table("Exp", 0.0, -20.0, 20.0, math.exp),
    table("Log", 0.0, -1.0, 50.0, lambda x: abs(math.log(x)) if x > 0 else 0.0),
    root("Sqrt"),
    root("Rsqrt"),
    *(comparison(name) for name in ("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual")),
    logic("LogicalAnd"),
    logic("LogicalOr"),
    plain("LogicalNot", ("bool",)),
    Family("Select", ANY, select),
    Family("Cast", ANY, cast),
)
