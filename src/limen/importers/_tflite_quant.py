"""Quantisation as a .tflite file has it -> Quant, with the repairs that real files need."""

from __future__ import annotations

import numpy as np

from limen.errors import ModelError, Unsupported
from limen.importers._tflite_file import RawTensor
from limen.program import DType, Quant

_QUANTISED = ("int8", "uint8", "int16", "int32", "int64")
_BIASES = ("int32", "int64")
_SMALLEST = float(np.finfo(np.float32).smallest_normal)


def quantisation(raw: RawTensor, dtype: DType, rank: int, is_constant: bool = False) -> Quant | None:
    """The Quant of a tensor; None where the file has none or the element type has no use for it.

    Two repairs: a bias whose scales are not positive loses them, as they only repeat the product of the input's and the
    weights' scales; a channel of constant weights whose scale is zero, because all its weights are, gets the smallest
    one.

    Raises:
        ModelError: the lists do not fit the shape or each other, or a scale is not a positive number.
        Unsupported: blockwise or multi-axis quantisation.
    """
    given = raw.quant
    if given is None or dtype not in _QUANTISED:
        return None
    if given.details:
        raise Unsupported(f"{raw.name}: blockwise or multi-axis quantisation is not supported")
    scale, zero_point = given.scale, given.zero_point
    if not scale.size:
        return None
    if zero_point.size == 0:
        zero_point = np.zeros(scale.size, np.int64)
    if zero_point.size != scale.size:
        raise ModelError(f"{raw.name}: {scale.size} scales and {zero_point.size} zero points")
    if not (np.isfinite(scale) & (scale > 0)).all():
        if dtype in _BIASES:
            return None
        if not is_constant or not np.isfinite(scale).all() or (scale < 0).any():
            raise ModelError(f"{raw.name}: a scale is not a positive number: {scale[:4].tolist()}")
        scale = np.maximum(scale, np.float32(_SMALLEST))
    if scale.size > 1 and not 0 <= given.axis < rank:
        raise ModelError(f"{raw.name}: quantised along dimension {given.axis}, it has {rank}")
    axis = given.axis if scale.size > 1 else None
    return Quant(tuple(float(s) for s in scale), tuple(int(z) for z in zero_point), axis)
