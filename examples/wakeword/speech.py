"""Synthesised speech for the demo: eSpeak NG through ctypes (espeakng-loader brings the library and its data)."""

from __future__ import annotations

import ctypes
from typing import Any

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

RATE = 16_000
_SYNCHRONOUS, _CHARS_UTF8, _RATE_PARAMETER = 2, 1, 1
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def speak(text: str, voice: str = "en-us", words_per_minute: int = 150) -> NDArray[np.int16]:
    """Speech at 16 kHz, mono: int16 [samples], with half a second of silence around it.

    Raises:
        RuntimeError: the library cannot be started or has no such voice.
    """
    library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise RuntimeError("espeak-ng: cannot be started")
    parts: list[NDArray[np.int16]] = []

    def receive(samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = _CALLBACK(receive)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise RuntimeError(f"espeak-ng: has no voice {voice!r}")
    library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
    data = text.encode() + b"\0"
    library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 0, 0, _CHARS_UTF8, None, None)
    library.espeak_Synchronize()
    silence = np.zeros(RATE // 2, np.int16)
    return np.concatenate([silence, _resample(np.concatenate(parts), rate), silence])


def _resample(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """Linear interpolation after a moving average as wide as the ratio of the rates."""
    ratio = rate / RATE
    width = max(1, round(ratio))
    smooth = np.convolve(samples.astype(np.float64), np.ones(width) / width, mode="same")
    count = int(len(samples) / ratio)
    return np.interp(np.arange(count) * ratio, np.arange(len(samples)), smooth).astype(np.int16)
