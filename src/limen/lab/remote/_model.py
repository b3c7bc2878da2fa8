"""A model that is served by another machine, run as if it were here."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from limen.errors import DataError, NotMeasurable
from limen.lab.remote._frames import Frame, Link, ask
from limen.program import Array
from limen.targets._zig import WARNINGS, kernel_flags, run_zig, target_flags
from limen.targets.c import Generated, Place

HERE = Path(__file__).parent
VERSION = 1
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
        hello = ask(link, Frame("h", b""), "H", wait)
        if len(hello) != _HELLO.size:
            raise NotMeasurable(f"{link.name}: greets with {len(hello)} bytes, not {_HELLO.size}")
        version, tag, *sizes, self.rate = _HELLO.unpack(hello)
        if version != VERSION:
            raise NotMeasurable(f"{link.name}: speaks version {version}, this limen version {VERSION}")
        if tag != model_tag(generated) or sizes[:2] != [_total(generated.inputs), _total(generated.outputs)]:
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
        return taken

    def reset(self) -> None:
        """States back to their initial values."""
        ask(self._link, Frame("r", b""), "R", self._wait)

    def close(self) -> None:
        self._link.close()

    def _exchange(self, feeds: Mapping[str, Array], count: int) -> tuple[list[float], dict[str, Array]]:
        content = struct.pack("<I", count) + b"".join(_content(p, feeds) for p in self.generated.inputs)
        answer = ask(self._link, Frame("i", content), "O", self._wait)
        if len(answer) != 8 * count + _total(self.generated.outputs):
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
    files = {**generated.files, "serve.c": served_source(generated, "serve_linux.c")}
    sources = [name for name in files if name.endswith((".c", ".S"))]
    flags = (*WARNINGS, *target_flags(device), *kernel_flags(generated.isa), "-O2", "-static", "-s")
    return run_zig([*flags, *sources], files, "serve", generated.name)


def served_source(generated: Generated, board: str | None) -> bytes:
    """``serve.c`` for one model, with a board's stream behind it, or without one.

    Args:
        board: file name of the stream, next to ``serve.c``; None where the firmware brings it.
    """
    name = generated.name
    head = (
        f"/* {name}, served to another computer. */\n"
        + ("#define _POSIX_C_SOURCE 200809L\n" if board == "serve_linux.c" else "")
        + "#include <stdbool.h>\n#include <stdint.h>\n#include <string.h>\n"
        f'#include "{name}.h"\n'
        f"#define ARENA_BYTES {name.upper()}_ARENA_BYTES\n"
        f"#define RESET {name}_reset\n"
        f"#define INVOKE {name}_invoke\n"
        f"#define INPUT_PORTS {_ports(generated.inputs)}\n"
        f"#define OUTPUT_PORTS {_ports(generated.outputs)}\n"
        f"#define INPUT_BYTES {_total(generated.inputs)}u\n"
        f"#define OUTPUT_BYTES {_total(generated.outputs)}u\n"
        f"#define MODEL_TAG 0x{model_tag(generated):08x}u\n"
    )
    parts = [HERE / "serve.c", *([HERE / board] if board else [])]
    return (head + "\n".join(part.read_text(encoding="ascii") for part in parts)).encode()


def model_tag(generated: Generated) -> int:
    """A number that tells one model's code from another's: the CRC-32 of its files."""
    tag = 0
    for name in sorted(generated.files):
        tag = zlib.crc32(generated.files[name], zlib.crc32(name.encode(), tag))
    return tag


def _content(place: Place, feeds: Mapping[str, Array]) -> bytes:
    value = np.asarray(feeds[place.tensor]) if place.tensor in feeds else None
    if value is None or value.shape != place.shape or value.dtype != np.dtype(place.dtype):
        raise DataError(f"{place.tensor}: expected {place.dtype}{list(place.shape)}")
    return np.ascontiguousarray(value).tobytes()


def _ports(places: Sequence[Place]) -> str:
    return ", ".join(f"{{{p.offset}u, {p.nbytes}u}}" for p in places)


def _total(places: Sequence[Place]) -> int:
    return sum(p.nbytes for p in places)
