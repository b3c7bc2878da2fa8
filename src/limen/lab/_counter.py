"""The block counter of ``support/count.c``, seen from Python."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from limen.errors import InternalError, MissingExtra
from limen.lab._build import SUPPORT
from limen.lab._elf import Image
from limen.program import Array
from limen.targets._zig import zig_cc
from limen.targets.c import Generated, Place

SHARED = -1
CAPACITY = 1 << 17  # entries; a model of a hundred layers has some ten thousand blocks
ENTRY = np.dtype(
    [("offset", "u4"), ("size", "u4"), ("layer", "i4"), ("pad", "u4"), ("runs", "u8"), ("falls", "u8")], align=True
)
_ENDED = {
    1: "ran more code than the limit of {limit} bytes: an endless loop?",
    2: "has more blocks than the counter holds",
    3: "jumped out of its code",
}


class Fields(ctypes.Structure):
    """``Counter`` of count.c."""

    _fields_ = [
        ("code", ctypes.c_uint64), ("length", ctypes.c_uint64), ("owner", ctypes.c_void_p),
        ("entries", ctypes.c_void_p), ("mask", ctypes.c_uint64), ("used", ctypes.c_uint64),
        ("ranges", ctypes.c_void_p), ("copies", ctypes.c_void_p), ("arena", ctypes.c_void_p),
        ("snapshots", ctypes.c_void_p), ("stop", ctypes.c_void_p), ("bytes", ctypes.c_uint64),
        ("limit", ctypes.c_uint64), ("last", ctypes.c_void_p), ("layer", ctypes.c_int32),
        ("driver", ctypes.c_int32), ("status", ctypes.c_int32),
    ]  # fmt: skip


@dataclass(frozen=True)
class Snapshot:
    """Where the copy of one layer's output lies."""

    layer: int
    tensor: str
    start: int
    size: int


class Counter:
    """Counts of one program on one machine.

    Args:
        image: the linked program.
        generated: its layers.
        arena: the host memory behind the guest's arenas.
        offset: of a tensor in it.
        stop: address of ``uc_emu_stop``.
    """

    def __init__(
        self, image: Image, generated: Generated, arena: Array, offset: Callable[[Place], int], stop: int
    ) -> None:
        self._library = counter_library()
        code = image.code()
        self.owner = owners(image, generated)
        self.entries = np.zeros(CAPACITY, ENTRY)
        self.driver = len(generated.layers)
        self.snapshots = _snapshots(generated)
        self.memory = np.zeros(max(1, sum(s.size for s in self.snapshots)), np.uint8)
        copies, ranges = _copies(generated, self.snapshots, offset)
        self._kept = [copies, ranges, arena]
        at = [ctypes.c_void_p(a.ctypes.data) for a in (self.owner, self.entries, ranges, copies, arena, self.memory)]
        self.fields = Fields(
            code=code.address, length=code.size, owner=at[0], entries=at[1], mask=CAPACITY - 1, ranges=at[2],
            copies=at[3], arena=at[4], snapshots=at[5], stop=stop,
        )  # fmt: skip
        self.hook = self._library.limen_block

    def begin(self, limit: int) -> None:
        """Forget the counts; the run may execute at most ``limit`` bytes of code."""
        self.entries[:] = np.zeros(1, ENTRY)
        self.memory[:] = 0
        fields = self.fields
        fields.used = fields.bytes = fields.status = 0
        fields.last = None
        fields.limit, fields.layer, fields.driver = limit, self.driver, self.driver

    def resume(self) -> None:
        """Another call of the same run: its counts are added."""
        self.fields.last, self.fields.layer = None, self.driver

    def end(self) -> str:
        """Copy the last layer's outputs; "" or why the run was stopped."""
        self._library.limen_layer_done(ctypes.byref(self.fields))
        status = int(self.fields.status)
        return _ENDED[status].format(limit=self.fields.limit) if status else ""

    def counted(self) -> Array:
        """The entries that were executed."""
        return self.entries[self.entries["size"] > 0]


def owners(image: Image, generated: Generated) -> Array:
    """Layer of each halfword of code: an index, SHARED, or the number of layers for the driver.

    A function whose name starts with a layer's symbol is the layer's. Others that carry the model's name are the
    driver: they call layers. What is left is shared.
    """
    code = image.code()
    owner = np.full(code.size // 2 + 1, SHARED, np.int16)
    for function in image.functions:
        first = (function.address - code.address) // 2
        if 0 <= first < len(owner):
            owner[first : first + (function.size + 1) // 2] = owner_of(function.name, generated)
    return owner


def owner_of(symbol: str, generated: Generated) -> int:
    """Index of the layer that a function or constant belongs to."""
    for index, layer in enumerate(generated.layers):
        if symbol == layer.symbol or symbol.startswith((f"{layer.symbol}_", f"{layer.symbol}.")):
            return index
    return len(generated.layers) if symbol.startswith(f"{generated.name}_") else SHARED


def _snapshots(generated: Generated) -> tuple[Snapshot, ...]:
    found, start = [], 0
    for index, layer in enumerate(generated.layers):
        for place in layer.outputs:
            found.append(Snapshot(index, place.tensor, start, place.nbytes))
            start += place.nbytes
    return tuple(found)


def _copies(
    generated: Generated, snapshots: tuple[Snapshot, ...], offset: Callable[[Place], int]
) -> tuple[Array, Array]:
    """The tables ``copies`` and ``ranges``; the driver has an empty range."""
    places = [place for layer in generated.layers for place in layer.outputs]
    copies = [(offset(place), s.start, s.size, 0) for place, s in zip(places, snapshots, strict=True)]
    counts = [len(layer.outputs) for layer in generated.layers] + [0]
    firsts = np.cumsum([0, *counts[:-1]])
    return np.array(copies or [(0, 0, 0, 0)], np.uint32), np.stack([firsts, counts], 1).astype(np.uint32)


@functools.cache
def counter_library() -> Any:
    """The compiled hook; built once per process.

    Raises:
        MissingExtra: there is neither ziglang nor a C compiler.
    """
    with tempfile.TemporaryDirectory(prefix="limen-lab-") as folder:
        path = os.path.join(folder, "count.so")
        command = [*_host_compiler(), "-O2", "-shared", "-fPIC", "-o", path, str(SUPPORT / "count.c")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InternalError(f"count.c: the compiler refuses the counter: {done.stderr[-2000:]}")
        return ctypes.CDLL(path)


def _host_compiler() -> list[str]:
    try:
        return [*zig_cc(), "-fno-sanitize=all"]
    except MissingExtra:
        found = shutil.which("cc")
        if found is None:
            raise
        return [found]
