"""Real FFT in 16-bit fixed point, bit for bit that of KISS FFT with FIXED_POINT=16 (radix 4, then 2).

Every butterfly scales its inputs down (by 8191 / 32768 or 16383 / 32768), so an N-point transform is scaled by about
1 / N. Values live in int16 and wrap; products round half up.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

_MAX = 32767


def _rounded(product: Ints) -> Ints:
    """Product of two Q15 numbers back to Q15, in int16."""
    return ((product + (1 << 14)) >> 15).astype(np.int16).astype(np.int32)


def _wrapped(total: Ints) -> Ints:
    return total.astype(np.int16).astype(np.int32)


def _unit(phases: list[float]) -> tuple[Ints, Ints]:
    """cos and sin of each phase in Q15."""
    real = np.array([math.floor(0.5 + _MAX * math.cos(phase)) for phase in phases], np.int32)
    imaginary = np.array([math.floor(0.5 + _MAX * math.sin(phase)) for phase in phases], np.int32)
    return real, imaginary


@functools.cache
def _factors(count: int) -> tuple[int, ...]:
    """Radices from the outermost stage to the innermost: as many fours as divide, then a two."""
    factors: list[int] = []
    while count > 1:
        radix = 4 if count % 4 == 0 else 2
        factors.append(radix)
        count //= radix
    return tuple(factors)


def _order(indices: NDArray[np.intp], factors: tuple[int, ...]) -> NDArray[np.intp]:
    """Digit-reversed input order of a decimation in time."""
    if len(factors) <= 1:
        return indices
    return np.concatenate([_order(indices[k :: factors[0]], factors[1:]) for k in range(factors[0])])


@functools.cache
def _plan(count: int) -> tuple[NDArray[np.intp], tuple[tuple[int, int, Ints, Ints], ...]]:
    """Input order, and per stage from the innermost: radix, length / radix, twiddles [radix, length / radix]."""
    factors = _factors(count)
    real, imaginary = _unit([-2.0 * math.pi * i / count for i in range(count)])
    stages, inner = [], 1
    for radix in reversed(factors):
        stride = count // (inner * radix)
        at = np.arange(radix)[:, None] * np.arange(inner)[None, :] * stride
        stages.append((radix, inner, real[at], imaginary[at]))
        inner *= radix
    return _order(np.arange(count), factors), tuple(stages)


@functools.cache
def _turns(half: int) -> tuple[Ints, Ints]:
    """Twiddles that part the spectrum of two packed real halves, [half // 2]."""
    return _unit([-math.pi * (k / half + 0.5) for k in range(1, half // 2 + 1)])


def _complex(real: Ints, imaginary: Ints) -> tuple[Ints, Ints]:
    """FFT of [frames, count] complex int16 values, held in int32."""
    order, stages = _plan(real.shape[1])
    x, y = real[:, order], imaginary[:, order]
    for radix, inner, cosine, sine in stages:
        shape = (len(x), -1, radix, inner)
        scale = np.int32(_MAX // radix)
        a, b = _rounded(x.reshape(shape) * scale), _rounded(y.reshape(shape) * scale)
        u, v = _rounded(a * cosine - b * sine), _rounded(a * sine + b * cosine)
        u[:, :, 0], v[:, :, 0] = a[:, :, 0], b[:, :, 0]
        x, y = (_four if radix == 4 else _two)(u, v)
        x, y = x.reshape(real.shape), y.reshape(real.shape)
    return x, y


def _two(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    x = np.stack([u[:, :, 0] + u[:, :, 1], u[:, :, 0] - u[:, :, 1]], axis=2)
    y = np.stack([v[:, :, 0] + v[:, :, 1], v[:, :, 0] - v[:, :, 1]], axis=2)
    return _wrapped(x), _wrapped(y)


def _four(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    even, odd = (u[:, :, 0] + u[:, :, 2], v[:, :, 0] + v[:, :, 2]), (u[:, :, 1] + u[:, :, 3], v[:, :, 1] + v[:, :, 3])
    far, turn = (u[:, :, 0] - u[:, :, 2], v[:, :, 0] - v[:, :, 2]), (u[:, :, 1] - u[:, :, 3], v[:, :, 1] - v[:, :, 3])
    x = np.stack([even[0] + odd[0], far[0] + turn[1], even[0] - odd[0], far[0] - turn[1]], axis=2)
    y = np.stack([even[1] + odd[1], far[1] - turn[0], even[1] - odd[1], far[1] + turn[0]], axis=2)
    return _wrapped(x), _wrapped(y)


def real_fft(samples: NDArray[np.int16]) -> tuple[Ints, Ints]:
    """Spectra of real frames.

    Args:
        samples: int16 [frames, n], n a power of two from 4 on.

    Returns:
        Real and imaginary parts, int16 values in int32, each [frames, n // 2 + 1], scaled by about 1 / n.
    """
    half = samples.shape[1] // 2
    wide = samples.astype(np.int32)
    x, y = _complex(wide[:, 0::2], wide[:, 1::2])
    real = np.empty((len(samples), half + 1), np.int32)
    imaginary = np.zeros_like(real)
    mirrored = _rounded(_wrapped(-y) * np.int32(_MAX // 2))
    x, y = _rounded(x * np.int32(_MAX // 2)), _rounded(y * np.int32(_MAX // 2))
    real[:, 0], real[:, half] = _wrapped(x[:, 0] + y[:, 0]), _wrapped(x[:, 0] - y[:, 0])
    low = np.arange(1, half // 2 + 1)
    cosine, sine = _turns(half)
    far_x, far_y = x[:, half - low], mirrored[:, half - low]
    sum_x, sum_y = _wrapped(x[:, low] + far_x), _wrapped(y[:, low] + far_y)
    dif_x, dif_y = _wrapped(x[:, low] - far_x), _wrapped(y[:, low] - far_y)
    turn_x, turn_y = _rounded(dif_x * cosine - dif_y * sine), _rounded(dif_x * sine + dif_y * cosine)
    real[:, low], imaginary[:, low] = _wrapped((sum_x + turn_x) >> 1), _wrapped((sum_y + turn_y) >> 1)
    real[:, half - low], imaginary[:, half - low] = _wrapped((sum_x - turn_x) >> 1), _wrapped((turn_y - sum_y) >> 1)
    return real, imaginary
