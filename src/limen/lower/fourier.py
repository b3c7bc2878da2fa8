"""DFT and STFT of static length as products with constant cosine and sine matrices."""

from __future__ import annotations

import numpy as np

from limen.lower.call import Call
from limen.lower.layout import with_last
from limen.program import Array

MAX_LENGTH = 4096


def twiddles(length: int, bins: int, inverse: bool = False) -> tuple[Array, Array]:
    """cos and sin of 2 pi n k / length, both [length, bins] in float64; the inverse has the other sign of sin."""
    angle = 2 * np.pi * np.outer(np.arange(length), np.arange(bins)) / length
    return np.cos(angle), np.sin(angle) if inverse else -np.sin(angle)


def dft(call: Call) -> None:
    """The axis to transform and the real/imaginary axis become one axis of a FullyConnected."""
    value = call.input(0)
    axis = (call.integers(2) or (call.attribute("axis", -2),))[0] % value.rank
    inverse, onesided = bool(call.attribute("inverse", 0)), bool(call.attribute("onesided", 0))
    given, parts = value.shape[axis], value.shape[-1]
    length = (call.integers(1) or (given,))[0]
    bins = call.output.shape[axis]
    if length > MAX_LENGTH:
        call.refuse(f"length {length}")
    if inverse and onesided:
        length = (call.integers(1) or (2 * (given - 1),))[0]
        matrix = _inverse_real(length, given, parts)
    else:
        matrix = _matrix(length, bins, parts, call.output.shape[-1], inverse)
        matrix = matrix[: min(given, length)]
    used = matrix.shape[0]
    order = with_last(with_last(tuple(range(value.rank)), axis), value.rank - 1)
    tensor = call.builder.get(value, order)
    shape = call.builder.shape(tensor)
    if used < given:
        tensor = call.emit("Slice", tensor, begin=(0,) * len(shape), size=(*shape[:-2], used, parts))
    lead = shape[:-2]
    flat = call.emit("Reshape", tensor, shape=(int(np.prod(lead)), used * parts))
    out = call.output.shape[-1]
    weights = matrix.transpose(2, 3, 0, 1).reshape(bins * out, used * parts)
    product = call.emit("FullyConnected", flat, call.builder.constant(weights.astype(np.float32), "weights"))
    call.bind(call.emit("Reshape", product, shape=(*lead, bins, out)), order)


def _matrix(length: int, bins: int, parts: int, out: int, inverse: bool) -> Array:
    """[length, parts, bins, out]: complex product with the twiddles."""
    cosine, sine = twiddles(length, bins, inverse)
    result = np.zeros((length, parts, bins, out))
    result[:, 0, :, 0] = cosine
    if out > 1:
        result[:, 0, :, 1] = sine
    if parts > 1:
        result[:, 1, :, 0] = -sine
        if out > 1:
            result[:, 1, :, 1] = cosine
    return result / length if inverse else result


def _inverse_real(length: int, given: int, parts: int) -> Array:
    """[given, parts, length, 1]: a real signal from the bins of its non-negative frequencies."""
    angle = 2 * np.pi * np.outer(np.arange(given), np.arange(length)) / length
    twice = np.full(given, 2.0)
    twice[0] = 1.0
    if length % 2 == 0 and given > length // 2:
        twice[length // 2] = 1.0
    result = np.zeros((given, parts, length, 1))
    result[:, 0, :, 0] = np.cos(angle) * twice[:, None] / length
    if parts > 1:
        result[:, 1, :, 0] = -np.sin(angle) * twice[:, None] / length
    return result


def stft(call: Call) -> None:
    """Frames, window and transform in one Conv2D: its kernel is the windowed twiddles."""
    value = call.input(0)
    step = (call.integers(1) or (1,))[0]
    window = call.constant(2)
    length = (call.integers(3) or (0 if window is None else window.size,))[0]
    if value.rank == 3 and value.shape[-1] != 1:
        call.refuse("a complex signal")
    if not 0 < length <= MAX_LENGTH or step < 1:
        call.refuse(f"frames of {length}, step {step}")
    batch, frames, bins, _ = call.output.shape
    samples = value.shape[1]
    taper = np.ones(length) if window is None else np.asarray(window, np.float64).reshape(-1)
    cosine, sine = twiddles(length, bins)
    kernel = np.stack([cosine * taper[:, None], sine * taper[:, None]], -1)
    weights = kernel.transpose(1, 2, 0).reshape(2 * bins, 1, length, 1).astype(np.float32)
    signal = call.emit("Reshape", call.builder.get(value), shape=(batch, 1, samples, 1))
    spectrum = call.emit("Conv2D", signal, call.builder.constant(weights, "weights"), stride=(1, step))
    call.bind(call.emit("Reshape", spectrum, shape=(batch, frames, bins, 2)))
