"""Cut a stream into windows of one length, at a fixed hop."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._signal import frames
from limen.steps._values import Array, array
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class AudioWindow(Step):
    """[n, ...] of any dtype -> [windows, size, ...], same dtype; n counts samples, or frames of features.

    What does not fill a window waits in the context for the next chunk: a stream cut anywhere gives the same windows.

    Args:
        size: length of a window, elements of the first axis.
        hop: from one window's start to the next, elements; 0 means size.
        pad: ``none`` keeps the rest for the next chunk; ``end`` fills the last window with zeros instead (at least one
            window per chunk, for recordings that are whole).
    """

    name = "audio_window"
    kind = "pre"

    size: int
    hop: int = 0
    pad: Literal["none", "end"] = "none"

    def check(self) -> None:
        if self.size < 1:
            self.refuse("size", "give a length from 1 on")
        if self.hop < 0:
            self.refuse("hop", "give a step from 1 on, or 0 for size")

    def run(self, value: Value, context: Context) -> Array:
        chunk = array(self, value, "an array whose first axis is time", empty=True)
        if not chunk.ndim:
            self.fail("the input is one number", "give an array whose first axis is time")
        hop = self.hop or self.size
        if self.pad == "end":
            missing = self.size - len(chunk) if len(chunk) < self.size else -(len(chunk) - self.size) % hop
            filler = np.zeros((missing, *chunk.shape[1:]), chunk.dtype)
            return np.ascontiguousarray(frames(np.concatenate([chunk, filler]), self.size, hop))
        return self._stream(chunk, hop, context)

    def _stream(self, chunk: Array, hop: int, context: Context) -> Array:
        memory = context.memory(self.name)
        rest = memory.get("rest", chunk[:0])
        if rest.shape[1:] != chunk.shape[1:] or rest.dtype != chunk.dtype:
            self.fail(
                f"the chunk is {chunk.dtype} {chunk.shape} after {rest.dtype} {rest.shape}",
                "keep one shape and dtype through a stream, or start a new Context",
            )
        skip = min(memory.get("skip", 0), len(chunk))
        samples = np.concatenate([rest, chunk[skip:]])
        windows = np.ascontiguousarray(frames(samples, self.size, hop))
        used = len(windows) * hop
        memory["rest"] = samples[used:].copy()
        memory["skip"] = memory.get("skip", 0) - skip + max(0, used - len(samples))
        return windows


STEP = AudioWindow

_COUNT = np.arange(1, 8, dtype=np.int16)

VECTORS = (
    Vector(AudioWindow(3, 2), _COUNT, np.array([[1, 2, 3], [3, 4, 5], [5, 6, 7]], np.int16)),
    Vector(AudioWindow(4, pad="end"), _COUNT, np.array([[1, 2, 3, 4], [5, 6, 7, 0]], np.int16)),
    Vector(AudioWindow(2), np.ones((3, 2), np.float32), np.ones((1, 2, 2), np.float32)),
    Vector(
        AudioWindow(2, 3),
        (_COUNT[:3], _COUNT[3:4], _COUNT[4:]),
        (np.array([[1, 2]], np.int16), np.empty((0, 2), np.int16), np.array([[4, 5]], np.int16)),
        stream=True,
    ),
)
