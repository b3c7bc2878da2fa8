"""Fused activations: clamping of float results and ranges of codes."""

from __future__ import annotations

import numpy as np

from limen.errors import ProgramError
from limen.program import Activation, Array, Tensor

_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "none": (None, None),
    "relu": (0.0, None),
    "relu6": (0.0, 6.0),
    "relu_n1_to_1": (-1.0, 1.0),
}
_INT32 = (-(2**31), 2**31 - 1)


def clamp_float(values: Array, activation: Activation) -> Array:
    """The activation on real values or plain integers; NaN stays NaN."""
    low, high = _BOUNDS[activation]
    if low is not None:
        values = np.maximum(values, values.dtype.type(low))
    if high is not None:
        values = np.minimum(values, values.dtype.type(high))
    return values


def code_range(output: Tensor, activation: Activation) -> tuple[int, int]:
    """Smallest and largest code of a quantised output under an activation.

    The bound is rounded from a float32 quotient (half away from zero), as TFLite's kernels prepare it.

    Raises:
        ProgramError: the quotient does not fit into int32.
    """
    info = np.iinfo(output.dtype)
    low, high = _BOUNDS[activation]
    least = int(info.min) if low is None else max(int(info.min), _code_of(low, output))
    most = int(info.max) if high is None else min(int(info.max), _code_of(high, output))
    return least, most


def _code_of(real: float, output: Tensor) -> int:
    quotient = float(np.float32(real) / np.float32(output.scale))
    rounded = int(np.copysign(np.floor(np.abs(quotient) + 0.5), quotient))
    if not _INT32[0] <= rounded <= _INT32[1]:
        raise ProgramError(f"{output.name}: scale {output.scale} is too small for an activation bound of {real}")
    return output.zero_point + rounded
