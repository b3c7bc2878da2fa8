"""Normalisation to mean 0 and variance 1 over some axes."""

from __future__ import annotations

import numpy as np

from limen.lower.builder import Value
from limen.lower.call import Call
from limen.lower.elementwise import broadcastable
from limen.lower.layout import Layout


def normalised(call: Call, value: Value, axes: tuple[int, ...], epsilon: float) -> tuple[str, Layout]:
    """(x - mean) / sqrt(variance + epsilon) in the layout x is held in; return the tensor and the layout."""
    tensor, layout = call.unary(value)
    places = tuple(sorted(layout.index(axis) for axis in axes))
    mean, factor = moments(call, tensor, places, epsilon)
    return call.emit("Mul", call.emit("Sub", tensor, mean), factor), layout


def moments(call: Call, tensor: str, places: tuple[int, ...], epsilon: float) -> tuple[str, str]:
    """Mean and 1 / sqrt(variance + epsilon) over the tensor's axes ``places``, kept."""
    mean = call.emit("Mean", tensor, axes=places, keep_dims=True)
    variance = call.emit("Mean", call.emit("SquaredDifference", tensor, mean), axes=places, keep_dims=True)
    return mean, call.emit("Rsqrt", call.emit("Add", variance, call.scalar(epsilon, tensor)))


def per_element(call: Call, op: str, tensor: str, layout: Layout, operand: Value | None) -> str:
    """Apply a scale or bias of the normalised axes' shape; nothing where it is absent or neutral."""
    if operand is None:
        return tensor
    if operand.constant is not None and np.all(operand.constant == (1.0 if op == "Mul" else 0.0)):
        return tensor
    return call.emit(op, tensor, broadcastable(call, operand, layout))
