"""Indices: those that arrive at run time, and those of the extremes; nan counts as worse than any number."""

from __future__ import annotations

import numpy as np

from limen.errors import DataError
from limen.program import Array


def require_within(indices: Array, extent: int, name: str) -> None:
    """Every index lies in 0 ... extent - 1; the kernels stop the run where one does not.

    Raises:
        DataError: names the tensor and an index outside.
    """
    outside = indices[(indices < 0) | (indices >= extent)]
    if outside.size:
        raise DataError(f"{name}: index {outside.flat[0]} lies outside 0 ... {extent - 1}")


def first_maximum(x: Array, axis: int) -> Array:
    """Index of the largest number along an axis, the lowest of several; 0 where all are nan."""
    return np.asarray(_first(x, np.fmax.reduce(x, axis, keepdims=True), axis))


def first_minimum(x: Array, axis: int) -> Array:
    """Index of the smallest number along an axis, the lowest of several; 0 where all are nan."""
    return np.asarray(_first(x, np.fmin.reduce(x, axis, keepdims=True), axis))


def _first(x: Array, extreme: Array, axis: int) -> Array:
    return np.asarray(np.argmax(x == extreme, axis))


def ascending(x: Array) -> Array:
    """Stable order of the last axis, nan first."""
    missing = np.isnan(x) if x.dtype.kind == "f" else np.zeros(x.shape, bool)
    return np.asarray(np.lexsort((np.where(missing, x.dtype.type(0), x), ~missing), axis=-1))
