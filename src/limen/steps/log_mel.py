"""Logarithm of mel-scaled spectra.

Each frame: window, real FFT, magnitude or power, mel filters, logarithm; computed in float64, given in float32.

===================== ================================================================================================
like                  parameters
===================== ================================================================================================
tf.signal (MLPerf     defaults with ``power=1:log=ln:floor=1e-6``: frames start at sample 0, zeros follow the window
Tiny keyword model)   up to ``fft``
librosa               ``scale=slaney:slopes=hertz:area=yes:power=2:centre=zeros``, and ``log=db:rule=max``
torchaudio            ``scale=htk:slopes=hertz:power=2:centre=reflect``
===================== ================================================================================================

Source: Davis and Mermelstein 1980; Slaney, Auditory Toolbox 1998; the HTK Book.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._signal import Doubles, frames, mel_filters, signal, window
from limen.steps._values import Array
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class LogMel(Step):
    """[samples] int16 (divided by 32768) or float32 -> float32 [frames, mels].

    Args:
        rate: samples per second.
        size: length of a frame, samples.
        hop: from one frame's start to the next, samples.
        fft: length of the transform, samples, from size on.
        mels: number of filters.
        low: lower edge of the first filter, Hz.
        high: upper edge of the last filter, Hz; at most rate / 2.
        shape: window over each frame, periodic.
        power: 1 for magnitude, 2 for power.
        scale: mel scale, ``htk`` or ``slaney``.
        slopes: filters straight over ``mel`` (DC left out) or over ``hertz``.
        area: filters of equal area instead of equal height.
        log: ``ln``, ``log10``, ``db`` (10 log10 of power, 20 log10 of magnitude), or ``none``.
        floor: smallest energy, added to or compared with the mel energies before the logarithm.
        rule: ``add`` the floor, or take the ``max`` with it.
        centre: ``none``: whole frames from sample 0. ``zeros`` or ``reflect``: pad fft // 2 on both sides, the window
            in the middle of fft, 1 + samples // hop frames.
    """

    name = "log_mel"
    kind = "pre"

    rate: int = 16000
    size: int = 480
    hop: int = 320
    fft: int = 512
    mels: int = 40
    low: float = 20.0
    high: float = 4000.0
    shape: Literal["hann", "hamming", "ones"] = "hann"
    power: int = 1
    scale: Literal["htk", "slaney"] = "htk"
    slopes: Literal["mel", "hertz"] = "mel"
    area: bool = False
    log: Literal["ln", "log10", "db", "none"] = "ln"
    floor: float = 1e-6
    rule: Literal["add", "max"] = "add"
    centre: Literal["none", "zeros", "reflect"] = "none"

    def check(self) -> None:
        for parameter in ("rate", "size", "hop", "mels"):
            if getattr(self, parameter) < 1:
                self.refuse(parameter, "give a whole number from 1 on")
        if self.fft < self.size:
            self.refuse("fft", f"give at least size={self.size}")
        if self.low < 0:
            self.refuse("low", "give a frequency from 0 Hz on")
        if not self.low < self.high <= self.rate / 2:
            self.refuse("high", f"give a frequency above low={self.low} and up to rate/2={self.rate / 2} Hz")
        if self.power not in (1, 2):
            self.refuse("power", "give 1 for magnitude or 2 for power")
        if self.floor < 0 or (self.floor == 0 and self.log != "none"):
            self.refuse("floor", "give a number above 0")

    def run(self, value: Value, context: Context) -> Array:
        samples = signal(self, value)
        wave = samples.astype(np.float64)
        if samples.dtype == np.int16:
            wave /= 32768.0
        spectrum = np.abs(np.fft.rfft(self._framed(wave), self.fft, axis=1))
        if self.power == 2:
            spectrum *= spectrum
        area, ends = self.area, (self.low, self.high)
        mels = spectrum @ mel_filters(self.rate, self.fft, self.mels, *ends, self.scale, self.slopes, area)
        return self._logged(mels).astype(np.float32)

    def _framed(self, wave: Doubles) -> Doubles:
        shape = window(self.shape, self.size)
        if self.centre == "none":
            if len(wave) < self.size:
                self.fail(f"the signal has {len(wave)} samples", f"give at least size={self.size}")
            return np.asarray(frames(wave, self.size, self.hop) * shape)
        half = self.fft // 2
        if self.centre == "reflect" and len(wave) <= half:
            self.fail(f"the signal has {len(wave)} samples", f"centre=reflect needs more than fft/2={half}")
        padded = np.pad(wave, half, mode="reflect" if self.centre == "reflect" else "constant")
        before = (self.fft - self.size) // 2
        middle = np.pad(shape, (before, self.fft - self.size - before))
        return np.asarray(frames(padded, self.fft, self.hop) * middle)

    def _logged(self, mels: Doubles) -> Doubles:
        if self.log == "none":
            return mels
        safe = mels + self.floor if self.rule == "add" else np.maximum(mels, self.floor)
        if self.log == "ln":
            return np.asarray(np.log(safe))
        factor = 1.0 if self.log == "log10" else 20.0 / self.power
        return np.asarray(factor * np.log10(safe))


STEP = LogMel

_TONE = (np.arange(64) * 2654435761 % 4096 - 2048).astype(np.int16)

VECTORS = (
    Vector(
        LogMel(rate=8000, size=16, hop=16, fft=16, mels=3),
        _TONE,
        np.array(
            [
                [-3.3526932, -2.2157726, -1.4377873],
                [-3.6412436, -2.2388106, -1.4365401],
                [-3.0727426, -2.1712088, -1.4387168],
                [-3.9668162, -2.2302845, -1.4377873],
            ],
            np.float32,
        ),
        tolerance=1e-5,
    ),
    Vector(
        LogMel(
            rate=8000,
            size=12,
            hop=24,
            fft=16,
            mels=3,
            power=2,
            scale="slaney",
            slopes="hertz",
            area=True,
            log="db",
            floor=1e-9,
            rule="max",
            centre="zeros",
        ),
        _TONE[:40].astype(np.float32) / np.float32(32768),
        np.array([[-51.2689103, -51.5605236, -51.4163871], [-58.1465203, -51.2054682, -48.0242419]], np.float32),
        tolerance=1e-5,
    ),
    Vector(
        LogMel(
            rate=8000,
            size=12,
            hop=24,
            fft=16,
            mels=3,
            shape="hamming",
            power=2,
            slopes="hertz",
            log="log10",
            floor=1e-9,
            centre="reflect",
        ),
        _TONE[:40],
        np.array([[-2.4327088, -2.2219418, -1.9940018], [-3.2542643, -2.1628605, -1.636817]], np.float32),
        tolerance=1e-5,
    ),
)
