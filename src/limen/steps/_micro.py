"""Tables and stages of the integer audio front end of TensorFlow Lite Micro, vectorised over frames.

Every stage is bit for bit the C implementation (microfrontend of tflite-micro, as pymicro-features 2.0.2 ships it; its
tables are computed in float32 there, which decides a few entries). Source of the automatic gain control: Wang et al.
2017, Trainable Frontend For Robust and Far-Field Keyword Spotting, arXiv:1607.05666; of the logarithm: piecewise linear
correction of the mantissa, 128 segments.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW_BITS, FILTER_BITS, NOISE_BITS, SNR_BITS, GAIN_OUT_BITS, LOG_BITS = 12, 12, 14, 12, 6, 16
_LN2_Q16 = 45426
_F32 = np.float32
_LOG1P = (0.66666668653, 0.40000000596, 0.28571429849, 0.22222198546, 0.18183572590, 0.15313838422, 0.14798198640)

Longs = NDArray[np.int64]


@functools.cache
def window(size: int) -> NDArray[np.int32]:
    """Hann window at half-integer points, Q12 [size]."""
    step = _F32(np.pi * 2.0 / size)
    cosines = [_F32(math.cos(float(step * _F32(i + 0.5)))) for i in range(size)]
    values = [_F32(0.5) - _F32(0.5) * cosine for cosine in cosines]
    return np.array([math.floor(value * _F32(1 << WINDOW_BITS) + _F32(0.5)) for value in values], np.int32)


def _log1p(x: Any) -> Any:
    """log(1 + x), x >= 0, by the float32 polynomial of FDLIBM's log1pf, as newlib and glibc before 2.41 have it.

    It is up to one unit in the last place off, which decides four filter weights.
    """
    u, k, rest = _F32(1) + x, 0, _F32(0)
    if x < _F32(0.41422):
        f = x
    else:
        fraction, exponent = np.frexp(u)
        k = int(exponent) - 1
        rest = (_F32(1) - (u - x) if k > 0 else x - (u - _F32(1))) / u
        f = fraction * _F32(2) - _F32(1)
        if f >= _F32(0.41421366):
            k, f = k + 1, fraction - _F32(1)
    half = _F32(0.5) * f * f
    s = f / (_F32(2) + f)
    z = s * s
    a, b, c, d, e, g, h = (_F32(value) for value in _LOG1P)
    squared = z * z
    poly = (
        z * a + squared * (b + z * c) + (squared * squared) * (d + z * e) + (squared * squared * squared) * (g + z * h)
    )
    low = _F32(k) * _F32(9.0580006145e-06) + rest
    if k == 0:
        return f - (half - s * (half + poly))
    return _F32(k) * _F32(6.9313812256e-01) - ((half - (s * (half + poly) + low)) - f)


def _mel(hertz: Any) -> Any:
    return _F32(1127.0) * _log1p(_F32(hertz) / _F32(700.0))


@functools.cache
def filters(rate: int, bins: int, channels: int, low: float, high: float) -> NDArray[np.float64] | None:
    """Triangular filters in Q12 as exact float64 integers [bins, channels]; None if they reach past the spectrum.

    Neighbouring triangles share one slope: what a bin does not give to one channel it gives to the next.
    """
    bottom, top = _mel(_F32(low)), _mel(_F32(high))
    spacing = (top - bottom) / _F32(channels + 1)
    centres = [bottom + spacing * _F32(i + 1) for i in range(channels + 1)]
    per_bin = _F32(0.5) * _F32(rate) / _F32(bins - 1)
    weights = np.zeros((bins, channels + 2))
    place = int(_F32(1.5) + _F32(low) / per_bin)
    for channel, centre in enumerate(centres):
        below = bottom if channel == 0 else centres[channel - 1]
        while _mel(_F32(place) * per_bin) <= centre:
            if place >= bins - 1:
                return None
            share = (centre - _mel(_F32(place) * per_bin)) / (centre - below)
            weights[place, channel] = math.floor(share * _F32(1 << FILTER_BITS) + _F32(0.5))
            weights[place, channel + 1] = math.floor((_F32(1) - share) * _F32(1 << FILTER_BITS) + _F32(0.5))
            place += 1
    return weights[:, 1 : channels + 1]


@functools.cache
def gain_table(strength: float, offset: float, gain_bits: int, input_bits: int) -> Longs:
    """Quadratic pieces of 2^gain_bits (x + offset)^-strength, one per octave of the noise: [33, 3]; rows 0, 1 exact."""

    def gain(x: int) -> int:
        base = _F32(x) / _F32(1 << input_bits) + _F32(offset)
        value = _F32(1 << gain_bits) * _F32(math.pow(float(base), -float(_F32(strength))))
        return 32767 if value > 32767 else int(value + _F32(0.5))

    table = np.zeros((33, 3), np.int64)
    table[0, 0], table[1, 0] = gain(0), gain(1)
    for octave in range(2, 33):
        x0 = 1 << (octave - 1)
        y0, y1, y2 = gain(x0), gain(x0 + (x0 >> 1)), gain(2 * x0 - 1 if octave == 32 else 2 * x0)
        bend = 4 * (y1 - y0) - (y2 - y0)
        table[octave] = y0, np.int64(bend).astype(np.int16), np.int64(y2 - y0 - bend).astype(np.int16)
    return table


@functools.cache
def log_table() -> Longs:
    """log2(1 + f) - f at 129 points of f in Q16, and one more zero [130]."""
    points = [i / 128 for i in range(129)]
    return np.array([round(65536 * (math.log2(1 + f) - f)) for f in points] + [0], np.int64)


def bit_length(x: Longs) -> Longs:
    """Bits up to the most significant one, for 0 <= x < 2^53."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64)


def scaled_frames(frames: NDArray[np.int16], fft: int) -> tuple[NDArray[np.int16], Longs]:
    """Windowed frames shifted up to use all 16 bits, zero padded to ``fft``; and the shifts [frames]."""
    size = frames.shape[1]
    shaped = ((frames.astype(np.int32) * window(size)) >> WINDOW_BITS).astype(np.int16)
    peak = np.abs(shaped).max(axis=1).clip(0).astype(np.int64)
    shift = 15 - bit_length(peak)
    padded = np.zeros((len(frames), fft), np.int16)
    padded[:, :size] = (shaped.astype(np.int64) << shift[:, None]).astype(np.int16)
    return padded, shift


def energies(real: NDArray[np.int32], imaginary: NDArray[np.int32], weights: NDArray[np.float64]) -> Longs:
    """Filter outputs [frames, channels]; sums stay below 2^53, so float64 products are exact."""
    power = real.astype(np.float64) ** 2 + imaginary.astype(np.float64) ** 2
    return np.asarray(power @ weights).astype(np.int64)


def rounded_root(x: Longs) -> Longs:
    """Square root rounded to nearest, but never from 65535 up to 65536 while x fits 32 bits."""
    root = np.floor(np.sqrt(x.astype(np.float64))).astype(np.int64)
    root -= root * root > x
    root += (root + 1) * (root + 1) <= x
    up = (x - root * root > root) & ~((root == 0xFFFF) & (x < 1 << 32))
    return np.asarray(root + up)


def noise_estimates(signal: Longs, before: Longs, smoothing: Longs, bits: int) -> Longs:
    """First-order low pass per channel, in time order: [frames, channels] from the estimate before."""
    up = (signal << bits) & 0xFFFFFFFF
    rest = (1 << NOISE_BITS) - smoothing
    gained = up * smoothing
    found: Longs = np.empty_like(signal)
    for i, gain in enumerate(gained):
        before = (gain + before * rest) >> NOISE_BITS
        found[i] = before
    return found


def subtracted(signal: Longs, estimate: Longs, remaining: int, bits: int) -> Longs:
    """Signal less noise, at least ``remaining`` / 2^14 of it."""
    up = (signal << bits) & 0xFFFFFFFF
    return np.asarray(np.maximum((up - np.minimum(estimate, up)) >> bits, (signal * remaining) >> NOISE_BITS))


def gained(signal: Longs, estimate: Longs, table: Longs, shift: int) -> Longs:
    """Per-channel gain by the noise estimate, then a soft knee."""
    octave = bit_length(estimate)
    fraction = np.where(octave < 11, estimate << (11 - octave).clip(0), estimate >> (octave - 11).clip(0)) & 0x3FF
    y0, bend, curve = (table[octave, column] for column in range(3))
    slope = (((curve * fraction) >> 5) + (bend << 5)) * fraction
    gain = np.where(estimate <= 1, y0, y0 + ((slope + (1 << 14)) >> 15))
    gain = np.where(estimate == 2, table[2, 0], gain)
    snr = ((signal * gain) >> shift) & 0xFFFFFFFF
    knee = (snr * snr) >> (2 + 2 * SNR_BITS - GAIN_OUT_BITS)
    above = (snr >> (SNR_BITS - GAIN_OUT_BITS)) - (1 << GAIN_OUT_BITS)
    return np.asarray(np.where(snr < 2 << SNR_BITS, knee, above))


def logarithm(x: Longs, scale_shift: int) -> Longs:
    """Natural logarithm times 2^scale_shift; 0 up to 1."""
    whole = (bit_length(x) - 1).clip(0)
    fraction = x - (1 << whole)
    fraction = np.where(
        whole < LOG_BITS, fraction << (LOG_BITS - whole).clip(0), fraction >> (whole - LOG_BITS).clip(0)
    )
    fraction = fraction.clip(0)
    segment, table = fraction >> 9, log_table()
    low, high = table[segment], table[segment + 1]
    log2 = (whole << LOG_BITS) + fraction + low + (((high - low) * (fraction - (segment << 9))) >> LOG_BITS)
    natural = (_LN2_Q16 * log2 + (1 << (LOG_BITS - 1))) >> LOG_BITS
    return np.where(x > 1, ((natural << scale_shift) + (1 << (LOG_BITS - 1))) >> LOG_BITS, 0)
