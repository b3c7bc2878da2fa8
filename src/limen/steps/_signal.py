"""What the audio steps share: checked signals, frames, windows, mel filters."""

from __future__ import annotations

import functools

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from limen.steps._base import Step, Value
from limen.steps._values import Array, array

Doubles = NDArray[np.float64]


def signal(step: Step, value: Value, empty: bool = False) -> Array:
    """The value as one channel [samples], int16 or float32.

    Raises:
        DataError: another rank, a dtype that is neither int16 nor float, or values that are not finite.
    """
    found = array(step, value, "one channel of samples [n], int16 or float32", (1,), empty=empty)
    if found.dtype != np.int16 and found.dtype.kind != "f":
        step.fail(f"the samples are {found.dtype}", "give int16, or float32 between -1 and 1")
    return found if found.dtype == np.int16 else found.astype(np.float32)


def frames(samples: Array, size: int, hop: int) -> Array:
    """Whole frames of ``size`` along the first axis, every ``hop``: [count, size, ...], a view."""
    if len(samples) < size:
        return np.empty((0, size, *samples.shape[1:]), samples.dtype)
    windows = sliding_window_view(samples, size, axis=0)[::hop]
    return np.moveaxis(windows, -1, 1)


@functools.cache
def window(kind: str, size: int) -> Doubles:
    """Periodic Hann or Hamming window, or ones: 0.5 - 0.5 cos(2 pi n / size), 0.54 - 0.46 cos(2 pi n / size)."""
    a = {"hann": 0.5, "hamming": 0.54, "ones": 1.0}[kind]
    return a - (1.0 - a) * np.cos(2.0 * np.pi * np.arange(size) / size)


def _to_mel(hertz: Doubles, scale: str) -> Doubles:
    """HTK: 2595 log10(1 + f / 700). Slaney: f * 3 / 200 below 1 kHz, 15 + 27 log(f / 1000) / log(6.4) above."""
    if scale == "htk":
        return np.asarray(2595.0 * np.log10(1.0 + hertz / 700.0))
    above = 15.0 + 27.0 * np.log(np.maximum(hertz, 1000.0) / 1000.0) / np.log(6.4)
    return np.where(hertz < 1000.0, hertz * 3.0 / 200.0, above)


def _to_hertz(mel: Doubles, scale: str) -> Doubles:
    if scale == "htk":
        return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))
    above = 1000.0 * np.exp((np.maximum(mel, 15.0) - 15.0) * np.log(6.4) / 27.0)
    return np.where(mel < 15.0, mel * 200.0 / 3.0, above)


@functools.cache
def mel_filters(
    rate: int, fft: int, count: int, low: float, high: float, scale: str, slopes: str, area: bool
) -> Doubles:
    """Triangular mel filters [fft // 2 + 1, count].

    Args:
        rate: samples per second.
        fft: transform length, samples.
        count: number of filters.
        low: lower edge of the first filter, Hz.
        high: upper edge of the last filter, Hz.
        scale: ``htk`` or ``slaney``.
        slopes: sides straight over ``hertz`` (librosa, torchaudio) or over ``mel`` (tf.signal, Kaldi).
        area: divide each filter by half its width in Hz (librosa's norm="slaney").
    """
    bins: Doubles = np.arange(fft // 2 + 1, dtype=np.float64) * (rate / fft)
    ends = _to_mel(np.array([low, high]), scale)
    edges: Doubles = np.linspace(ends[0], ends[1], count + 2)
    hertz = _to_hertz(edges, scale)
    place, knots = (bins, hertz) if slopes == "hertz" else (_to_mel(bins, scale), edges)
    left, middle, right = knots[:-2], knots[1:-1], knots[2:]
    rising = (place[:, None] - left) / (middle - left)
    falling = (right - place[:, None]) / (right - middle)
    filters = np.maximum(0.0, np.minimum(rising, falling))
    if slopes == "mel":
        filters[0] = 0.0
    return filters * (2.0 / (hertz[2:] - hertz[:-2])) if area else filters
