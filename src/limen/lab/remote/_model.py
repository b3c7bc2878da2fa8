"""A model that is served by another machine, run as if it were here."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping

import numpy as np

from limen.errors import DataError, NotMeasurable
from limen.lab.remote._frames import Frame, Link, ask
from limen.program import Array
from limen.targets._zig import WARNINGS, kernel_flags, run_zig, target_flags
from limen.targets.c import Generated, Place
from limen.targets.c.serve import VERSION, linux_source, model_tag, total

WAIT = 60.0
_HELLO = struct.Struct("<IIIIIQ")
_MOST_RUNS = 1 << 20


class RemoteModel:
    """One instance of a generated model behind a link.

    Args:
        link: to a served model.
        generated: what is served.
        wait: seconds for an answer.

    Raises:
        NotMeasurable: nothing answers, or another model does.
    """

    def __init__(self, link: Link, generated: Generated, wait: float = WAIT) -> None:
        self._link, self.generated, self._wait = link, generated, wait
        self._longest = total(generated.inputs) + 16
        hello = self._ask("h", "H")
        if len(hello) != _HELLO.size:
            raise NotMeasurable(f"{link.name}: greets with {len(hello)} bytes, not {_HELLO.size}")
        version, tag, *sizes, self.rate = _HELLO.unpack(hello)
        if version != VERSION:
            raise NotMeasurable(f"{link.name}: speaks version {version}, this limen version {VERSION}")
        if tag != model_tag(generated) or sizes[:2] != [total(generated.inputs), total(generated.outputs)]:
            raise NotMeasurable(f"{link.name}: serves another model", "load the firmware of this model there")
        self.reset()

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run once.

        Args:
            feeds: Program tensor name -> array of exactly its shape and dtype, for every input.

        Raises:
            DataError: a feed is missing or of another shape or dtype.
            NotMeasurable: the device is gone.
        """
        return self._exchange(feeds, 1)[1]

    def times(self, feeds: Mapping[str, Array], seconds: float) -> list[float]:
        """Microseconds of each of the runs that fit in a time, as the device's clock tells; states run on.

        Raises:
            NotMeasurable: the device has no clock, or is gone.
        """
        if not self.rate:
            raise NotMeasurable(f"{self._link.name}: has no clock")
        first = self._exchange(feeds, 1)[0][0]
        taken: list[float] = []
        end = time.monotonic() + seconds
        while not taken or time.monotonic() < end:
            left = max(end - time.monotonic(), 0.0)
            count = min(max(1, int(min(left, self._wait / 4) * 1e6 / max(first, 0.05))), _MOST_RUNS)
            taken += self._exchange(feeds, count)[0]
        return [t for t in taken if t > 0.0] or [0.0]

    def reset(self) -> None:
        """States back to their initial values."""
        self._ask("r", "R")

    def close(self) -> None:
        self._link.close()

    def _ask(self, kind: str, answer: str, content: bytes = b"") -> bytes:
        return ask(self._link, Frame(kind, content), answer, self._wait, self._longest)

    def _exchange(self, feeds: Mapping[str, Array], count: int) -> tuple[list[float], dict[str, Array]]:
        content = struct.pack("<I", count) + b"".join(_content(p, feeds) for p in self.generated.inputs)
        answer = self._ask("i", "O", content)
        if len(answer) != 8 * count + total(self.generated.outputs):
            raise NotMeasurable(f"{self._link.name}: answers {len(answer)} bytes")
        ticks = struct.unpack_from(f"<{count}Q", answer)
        found, at = {}, 8 * count
        for place in self.generated.outputs:
            part = np.frombuffer(answer, np.dtype(place.dtype), place.nbytes // np.dtype(place.dtype).itemsize, at)
            found[place.tensor] = part.reshape(place.shape).copy()
            at += place.nbytes
        return [t * 1e6 / self.rate if self.rate else 0.0 for t in ticks], found


def linux_program(generated: Generated) -> bytes:
    """A static program for the device's Linux that serves the model on its standard streams.

    Raises:
        MissingExtra: ziglang is not installed.
        Unsupported: the device runs no Linux.
    """
    device = generated.device
    files = {**generated.files, "serve.c": linux_source(generated)}
    sources = [name for name in files if name.endswith((".c", ".S"))]
    flags = (*WARNINGS, *target_flags(device), *kernel_flags(generated.isa), "-O2", "-static", "-s")
    return run_zig([*flags, *sources], files, "serve", generated.name)


def _content(place: Place, feeds: Mapping[str, Array]) -> bytes:
    value = np.asarray(feeds[place.tensor]) if place.tensor in feeds else None
    if value is None or value.shape != place.shape or value.dtype != np.dtype(place.dtype):
        raise DataError(f"{place.tensor}: expected {place.dtype}{list(place.shape)}")
    return np.ascontiguousarray(value).tobytes()
