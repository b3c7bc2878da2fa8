"""Quantize, requantise, Dequantize."""

from __future__ import annotations

import numpy as np

from conformance._ops_harness import Case, Draw, Family, op, single, tensor
from limen.program import Quant


def quantize(draw: Draw, dtype: str) -> Case:
    """Columns are ``source to target``; float32 also per channel."""
    source, _, target = dtype.partition(" to ")
    shape = draw.shape(1, 4)
    quant = (
        Quant.per_tensor(draw.scale(1e-4, 1e-2), draw.integer(-100, 100)) if source == "int32" else draw.quant(source)
    )
    out = draw.quant(target)
    if target == "int32":
        out = Quant.per_tensor(draw.scale(1e-6, 1e-2))
    if source == target == "int16":
        quant = out = None
        quant, out = Quant.per_tensor(draw.scale(1e-4, 1e-2)), Quant.per_tensor(draw.scale(1e-4, 1e-2))
    if source == "float32" and draw.chance(0.3):
        axis = draw.integer(0, len(shape) - 1)
        out = Quant.per_channel(np.array([draw.scale() for _ in range(shape[axis])]), axis)
    x = tensor("x", shape, source, quant)
    return Case(single(op("Quantize", dtype=target), (x,), out), low=-40, high=40, integers=(-(2**20), 2**20))


def dequantize(draw: Draw, dtype: str) -> Case:
    shape = draw.shape(1, 4)
    quant = draw.quant(dtype)
    if dtype in ("int8", "uint8") and draw.chance(0.3):
        axis = draw.integer(0, len(shape) - 1)
        zeros = tuple(draw.integer(0, 100) for _ in range(shape[axis]))
        quant = Quant(tuple(draw.scale() for _ in range(shape[axis])), zeros, axis)
    return Case(single(op("Dequantize"), (tensor("x", shape, dtype, quant),)))


CONVERSIONS = (
    *(f"float32 to {t}" for t in ("int8", "uint8", "int16")),
    *(f"{s} to {t}" for s in ("int8", "uint8") for t in ("int8", "uint8", "int16")),
    *(f"int16 to {t}" for t in ("int8", "int16", "int32")),
    *(f"int32 to {t}" for t in ("int8", "int16")),
)
FAMILIES = (
    Family("Quantize", CONVERSIONS, quantize),
    Family("Dequantize", ("int8", "uint8", "int16", "float16"), dequantize),
)
