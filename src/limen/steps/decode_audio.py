"""Turn a WAV file into samples.

RIFF WAVE with PCM of 8, 16, 24 or 32 bits, or float of 32 or 64 bits. Source: Multimedia Programming Interface and Data
Specifications 1.0 (RIFF WAVE) and its WAVE_FORMAT_EXTENSIBLE.
"""

from __future__ import annotations

import dataclasses
import os
import struct
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError
from limen.steps._base import Context, Step, Value
from limen.steps._signal import signal
from limen.steps._values import Array
from limen.steps._vectors import Vector

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


@dataclasses.dataclass(frozen=True)
class DecodeAudio(Step):
    """File content (bytes) or a path -> one channel [samples]. An array passes through; it has no rate of its own.

    Several channels are averaged. int16 from other widths is the upper 16 bits, or round(x * 32768) saturated.

    Args:
        rate: samples per second that the model wants; 0 takes any. Another rate is refused, not resampled.
        dtype: ``int16``, or ``float32`` between -1 and 1 (int16 / 32768).
    """

    name = "decode_audio"
    kind = "pre"

    rate: int = 16000
    dtype: Literal["int16", "float32"] = "int16"

    def check(self) -> None:
        if self.rate < 0:
            self.refuse("rate", "give samples per second, or 0 for any")

    def run(self, value: Value, context: Context) -> Array:
        if isinstance(value, str | os.PathLike):
            value = _read(self, Path(value))
        if isinstance(value, bytes | bytearray | memoryview):
            samples, rate = _parse(self, bytes(value))
            if self.rate not in (0, rate):
                self.fail(f"the file has {rate} samples per second, not {self.rate}", "resample it, or set rate=0")
            context.facts["rate"] = rate
        else:
            samples = signal(self, value)
        return _typed(samples, self.dtype)


def _read(step: DecodeAudio, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as problem:
        step.fail(f"{path} cannot be read: {getattr(problem, 'strerror', None) or problem}", "check the path")


def _parse(step: DecodeAudio, data: bytes) -> tuple[Array, int]:
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        step.fail("the file is not a RIFF WAVE file", "give a .wav file")
    chunks = _chunks(data)
    if len(chunks.get(b"fmt ", b"")) < 16 or b"data" not in chunks:
        step.fail("the file lacks its fmt or data chunk", "give a whole .wav file")
    form, channels, rate, _, block, bits = struct.unpack("<HHIIHH", chunks[b"fmt "][:16])
    if form == _EXTENSIBLE and len(chunks[b"fmt "]) >= 26:
        form = struct.unpack("<H", chunks[b"fmt "][24:26])[0]
    samples = _samples(step, chunks[b"data"], form, bits)
    if not channels or block != channels * bits // 8 or not rate:
        step.fail(f"the header says {channels} channels in blocks of {block} bytes at {rate} Hz", "give a sound file")
    whole = samples[: len(samples) // channels * channels].reshape(-1, channels)
    if not len(whole):
        step.fail("the file holds no samples", "give a longer recording")
    if not np.isfinite(whole).all():
        step.fail("the file holds samples that are not finite", "give finite samples only")
    return whole[:, 0] if channels == 1 else _mean(whole), rate


def _chunks(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    place = 12
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        found.setdefault(name, data[place + 8 : place + 8 + size])
        place += 8 + size + size % 2
    return found


def _samples(step: DecodeAudio, raw: bytes, form: int, bits: int) -> Array:
    raw = raw[: len(raw) // max(bits // 8, 1) * max(bits // 8, 1)]
    if form == _PCM and bits == 8:
        return (np.frombuffer(raw, np.uint8).astype(np.int16) - 128) << 8
    if form == _PCM and bits == 16:
        return np.frombuffer(raw, "<i2").astype(np.int16)
    if form == _PCM and bits == 24:
        parts = np.frombuffer(raw, np.uint8).reshape(-1, 3).astype(np.int32)
        signed = (parts[:, 0] << 8) | (parts[:, 1] << 16) | (parts[:, 2] << 24)
        return (signed / 2.0**31).astype(np.float32)
    if form == _PCM and bits == 32:
        return (np.frombuffer(raw, "<i4") / 2.0**31).astype(np.float32)
    if form == _FLOAT and bits in (32, 64):
        return np.frombuffer(raw, f"<f{bits // 8}").astype(np.float32)
    raise DataError(f"{step.name}: wave format {form} with {bits} bits cannot be read", "convert it to 16-bit PCM")


def _mean(samples: Array) -> Array:
    if samples.dtype == np.int16:
        return np.asarray(samples.astype(np.int32).sum(axis=1) // samples.shape[1]).astype(np.int16)
    return np.asarray(samples.mean(axis=1, dtype=np.float64)).astype(np.float32)


def _typed(samples: Array, dtype: str) -> Array:
    if samples.dtype == dtype:
        return samples
    if dtype == "float32":
        return np.asarray(samples.astype(np.float32) / np.float32(32768))
    return np.asarray(np.rint(samples.astype(np.float64) * 32768).clip(-32768, 32767)).astype(np.int16)


def _wav(samples: NDArray[np.int16], channels: int) -> bytes:
    body = samples.astype("<i2").tobytes()
    head = struct.pack("<HHIIHH", _PCM, channels, 16000, 32000 * channels, 2 * channels, 16)
    riff = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(riff)) + riff


STEP = DecodeAudio

_SHORT = np.array([0, 1, -1, 32767, -32768, -3], np.int16)

VECTORS = (
    Vector(DecodeAudio(), _wav(_SHORT, 1), _SHORT),
    Vector(DecodeAudio(0, "float32"), _wav(_SHORT, 2), np.array([0, 16383, -16386], np.float32) / np.float32(32768)),
    Vector(DecodeAudio(), np.array([0.5, -1.0, 1.0, 1e-5], np.float32), np.array([16384, -32768, 32767, 0], np.int16)),
)
