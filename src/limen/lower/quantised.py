"""QuantizeLinear and DequantizeLinear: their scale and zero point become the Quant of a tensor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.lower.builder import Value
from limen.lower.call import Call
from limen.program import Array, Quant


def parameters(call: Call, coded: Value) -> Quant:
    """Scale and zero point of the node, as the Quant of the value that holds the codes."""
    scale, zero = call.constant(1), call.constant(2)
    if scale is None:
        call.refuse("its scale is missing")
    if call.attribute("block_size", 0):
        call.refuse("blocked scales")
    scales = np.asarray(scale, np.float32).reshape(-1)
    zeros = np.zeros(scales.size, np.int64) if zero is None else np.asarray(zero, np.int64).reshape(-1)
    if not np.all(np.isfinite(scales) & (scales > 0)):
        call.refuse("a scale that is not positive")
    per_tensor = scale.ndim == 0 or scale.size == 1
    axis = None if per_tensor else call.attribute("axis", 1) % max(coded.rank, 1)
    return Quant(tuple(float(s) for s in scales), tuple(int(z) for z in zeros), axis)


def dequantised(codes: Array, quant: Quant) -> Array:
    """scale * (code - zero point)."""
    shape = [1] * codes.ndim
    if quant.axis is not None:
        shape[quant.axis] = -1
    scales, zeros = quant.scales.reshape(shape), quant.zero_points.reshape(shape)
    if quant.axis is None:
        scales, zeros = scales.reshape(()), zeros.reshape(())
    return ((codes.astype(np.int64) - zeros) * scales).astype(np.float32)


def tagged(call: Call, tensor: str, quant: Quant) -> str:
    """The tensor with its quantisation.

    Raises:
        UnsupportedOp: it has another one already.
    """
    found = call.builder.tensors[tensor]
    if found.quant is not None and found.quant != quant:
        call.refuse("a value that two nodes scale differently")
    if quant.axis is not None:
        call.refuse("scales per axis of a computed value")
    call.builder.tensors[tensor] = replace(found, quant=quant)
    return tensor
