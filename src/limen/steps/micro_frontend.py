"""The integer audio front end of the wake-word models (microWakeWord, ESPHome, TensorFlow Lite Micro).

Window, 16-bit FFT, mel filters, square root, noise reduction, automatic gain control (PCAN), logarithm: all in
integers, so the features are bit for bit those of the device's C code. The defaults are the parameters of
pymicro-features 2.0.2, which the wake-word models were trained with; its output equals ``scale=0.0390625``.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray

from limen.steps import _micro
from limen.steps._base import Context, Step, Value
from limen.steps._fixed_fft import real_fft
from limen.steps._signal import frames, signal
from limen.steps._values import Array
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class MicroFrontend(Step):
    """[samples] int16, or float32 between -1 and 1 (times 32768, rounded) -> float32 [frames, channels].

    The noise estimate and the samples that do not fill a frame stay in the context, so a stream cut anywhere gives the
    same features.

    Args:
        rate: samples per second.
        size: length of a frame, milliseconds.
        hop: from one frame's start to the next, milliseconds.
        channels: number of mel filters.
        low: lower edge of the filters, Hz.
        high: upper edge of the filters, Hz.
        smoothing_bits: extra bits of the noise estimate.
        even_smoothing: weight of the newest frame in the noise estimate of channels 0, 2, 4 ...
        odd_smoothing: the same for channels 1, 3, 5 ...
        remaining: least share of the signal left by the noise reduction.
        gain: whether PCAN gain control runs.
        gain_strength: exponent of the gain control.
        gain_offset: added to the noise estimate before the exponent.
        gain_bits: fractional bits of the gain.
        log_shift: the logarithm is scaled by 2^log_shift before it is rounded.
        scale: factor from the integer features (0 to 65535) to float32.
    """

    name = "micro_frontend"
    kind = "pre"

    rate: int = 16000
    size: int = 30
    hop: int = 10
    channels: int = 40
    low: float = 125.0
    high: float = 7500.0
    smoothing_bits: int = 10
    even_smoothing: float = 0.025
    odd_smoothing: float = 0.06
    remaining: float = 0.05
    gain: bool = True
    gain_strength: float = 0.95
    gain_offset: float = 80.0
    gain_bits: int = 21
    log_shift: int = 6
    scale: float = 0.0390625

    def check(self) -> None:
        for parameter in ("rate", "size", "hop", "channels"):
            if getattr(self, parameter) < 1:
                self.refuse(parameter, "give a whole number from 1 on")
        if self._samples(self.hop) < 1 or self.hop > self.size:
            self.refuse("hop", f"give milliseconds of at least one sample, up to size={self.size}")
        if not 4 <= self._samples(self.size) <= 4096:
            self.refuse("size", "give milliseconds of 4 to 4096 samples")
        for parameter in ("even_smoothing", "odd_smoothing", "remaining"):
            if not 0 <= getattr(self, parameter) <= 1:
                self.refuse(parameter, "give a number from 0 to 1")
        for parameter, least, most in (("smoothing_bits", 6, 14), ("gain_bits", 18, 24), ("log_shift", 0, 10)):
            if not least <= getattr(self, parameter) <= most:
                self.refuse(parameter, f"give a whole number from {least} to {most}")
        if self.gain_offset <= 0:
            self.refuse("gain_offset", "give a number above 0")
        if self.low < 0:
            self.refuse("low", "give a frequency from 0 Hz on")
        if self.high <= self.low or self._filters() is None:
            self.refuse("high", f"give a frequency above low={self.low} and below rate/2={self.rate / 2} Hz")

    def run(self, value: Value, context: Context) -> Array:
        chunk = signal(self, value, empty=True)
        if chunk.dtype != np.int16:
            chunk = np.rint(chunk.astype(np.float64) * 32768).clip(-32768, 32767).astype(np.int16)
        memory = context.memory(self.name)
        samples = np.concatenate([memory.get("rest", chunk[:0]), chunk])
        hop = self._samples(self.hop)
        whole = frames(samples, self._samples(self.size), hop)
        memory["rest"] = samples[len(whole) * hop :].copy()
        before = memory.get("noise", np.zeros(self.channels, np.int64))
        features, memory["noise"] = self._features(whole, before)
        return features.astype(np.float32) * np.float32(self.scale)

    def _samples(self, milliseconds: int) -> int:
        return milliseconds * self.rate // 1000

    def _fft(self) -> int:
        return 1 << max(2, (self._samples(self.size) - 1).bit_length())

    def _filters(self) -> NDArray[np.float64] | None:
        return _micro.filters(self.rate, self._fft() // 2 + 1, self.channels, self.low, self.high)

    def _features(self, whole: NDArray[np.int16], before: _micro.Longs) -> tuple[_micro.Longs, _micro.Longs]:
        weights = self._filters()
        if not len(whole) or weights is None:
            return np.zeros((0, self.channels), np.int64), before
        fft = self._fft()
        correction = fft.bit_length() - 1 - _micro.FILTER_BITS // 2
        padded, shift = _micro.scaled_frames(whole, fft)
        found = _micro.rounded_root(_micro.energies(*real_fft(padded), weights)) >> shift[:, None]
        noise = _micro.noise_estimates(found, before, self._smoothing(), self.smoothing_bits)
        found = _micro.subtracted(found, noise, _fixed(self.remaining), self.smoothing_bits)
        if self.gain:
            table = _micro.gain_table(
                self.gain_strength, self.gain_offset, self.gain_bits, self.smoothing_bits - correction
            )
            found = _micro.gained(found, noise, table, self.gain_bits - correction - _micro.SNR_BITS)
        aligned = (found << correction if correction >= 0 else found >> -correction) & 0xFFFFFFFF
        return _micro.logarithm(aligned, self.log_shift).clip(0, 65535), noise[-1].copy()

    def _smoothing(self) -> _micro.Longs:
        return _smoothing(self.channels, self.even_smoothing, self.odd_smoothing)


def _fixed(share: float) -> int:
    return int(np.float32(share) * np.float32(1 << _micro.NOISE_BITS))


@functools.cache
def _smoothing(channels: int, even: float, odd: float) -> _micro.Longs:
    return np.where(np.arange(channels) % 2 == 0, _fixed(even), _fixed(odd))


STEP = MicroFrontend


def _noise(count: int, loud: int) -> NDArray[np.int16]:
    """A fixed pseudo-random wave: a linear congruential generator (Numerical Recipes), its upper bits."""
    state, values = 1, []
    for _ in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        values.append((state >> 16) % (2 * loud) - loud)
    return np.array(values, np.int16)


_WAVE = _noise(800, 3000)
_FEATURES = np.array(
    [
        [
            646,
            594,
            645,
            582,
            641,
            593,
            647,
            594,
            649,
            596,
            648,
            592,
            647,
            597,
            653,
            597,
            651,
            596,
            653,
            597,
            651,
            597,
            652,
            597,
            654,
            597,
            652,
            597,
            653,
            596,
            652,
            596,
            653,
            596,
            653,
            598,
            653,
            600,
            655,
            600,
        ],
        [
            596,
            539,
            614,
            567,
            600,
            529,
            616,
            574,
            619,
            521,
            608,
            579,
            614,
            523,
            582,
            531,
            608,
            541,
            598,
            545,
            613,
            534,
            604,
            556,
            608,
            559,
            618,
            554,
            621,
            561,
            628,
            560,
            598,
            562,
            619,
            549,
            597,
            550,
            611,
            555,
        ],
        [
            597,
            550,
            609,
            554,
            586,
            533,
            606,
            500,
            567,
            494,
            568,
            529,
            567,
            495,
            583,
            530,
            588,
            538,
            592,
            530,
            552,
            506,
            587,
            527,
            571,
            538,
            574,
            532,
            597,
            518,
            595,
            518,
            587,
            531,
            590,
            533,
            593,
            526,
            582,
            505,
        ],
    ],
    np.float32,
) * np.float32(0.0390625)
_PLAIN = np.array(
    [[491, 518, 506, 495, 494, 504, 521, 511, 534, 534], [508, 463, 477, 502, 517, 519, 515, 517, 525, 519]], np.float32
)

VECTORS = (
    Vector(MicroFrontend(), _WAVE, _FEATURES),
    Vector(
        MicroFrontend(),
        (_WAVE[:300], _WAVE[300:500], _WAVE[500:]),
        (np.empty((0, 40), np.float32), _FEATURES[:1], _FEATURES[1:]),
        stream=True,
    ),
    Vector(MicroFrontend(8000, 32, 20, 10, 100.0, 3000.0, gain=False, scale=1.0), _noise(500, 200), _PLAIN),
)
