"""Engine native: machine code made by limen itself; exact to the bit for integer artifacts.

The artifact is a shared library that says what it is (``limen_library``, see target native). It is loaded only if the
processor has what one of its variants needs.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from limen import host
from limen.bundle import ArtifactEntry, Binding
from limen.engines._engine import Array, Runner
from limen.errors import BundleError, Unsupported

ABI = 1
ALIGNMENT = 64
_ELF = {"x86_64": 62, "aarch64": 183, "armv7l": 40, "armv8l": 40}
"""Machine -> its number in an ELF header (e_machine)."""


class _Native:
    run: Callable[[Mapping[str, Array]], dict[str, Array]]

    def __init__(self, data: bytes, entry: ArtifactEntry) -> None:
        self._library, self._file = _load(data, entry)
        variant = _choose(_describe(self._library, entry), entry)
        raw = np.zeros(variant["arena"] + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        self._arena = raw[start : start + variant["arena"]]
        self._address = ctypes.c_void_p(self._arena.ctypes.data)
        bind, reset, self._invoke, call = (
            _function(self._library, f"{variant['name']}_{which}", entry)
            for which in ("bind", "reset", "invoke", "run")
        )
        bind(self._address)
        self._reset: Any = reset
        inputs = [(b.tensor, self._view(b, variant["inputs"], entry)) for b in entry.inputs]
        outputs = [(b.tensor, self._view(b, variant["outputs"], entry)) for b in entry.outputs]
        self.run = _run(inputs, outputs, ctypes.CFUNCTYPE(None)(ctypes.cast(call, ctypes.c_void_p).value or 0))
        self.reset()

    def _view(self, binding: Binding, offsets: Mapping[str, int], entry: ArtifactEntry) -> Array:
        """The tensor's memory in the arena."""
        dtype = np.dtype(binding.dtype)
        size = int(np.prod(binding.shape, dtype=np.int64)) * dtype.itemsize
        offset = offsets.get(binding.tensor, -1)
        if not 0 <= offset <= len(self._arena) - size:
            raise BundleError(f"artifact {entry.file}: no tensor {binding.tensor!r} as the bundle describes it")
        return self._arena[offset : offset + size].view(dtype).reshape(binding.shape)

    def reset(self) -> None:
        self._reset(self._address)

    def close(self) -> None:
        self._invoke = self._reset = None
        self.run = _closed
        library, self._library = self._library, None
        if library is not None:
            import _ctypes

            _ctypes.dlclose(library._handle)
            os.close(self._file)


def _run(
    inputs: Sequence[tuple[str, Array]], outputs: Sequence[tuple[str, Array]], call: Callable[[], None]
) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
    """The engine's run. A small model takes microseconds: one input and one output, the common case, need no loop."""

    def several(feeds: Mapping[str, Array]) -> dict[str, Array]:
        for name, memory in inputs:
            memory[...] = feeds[name]
        call()
        return {name: memory.copy() for name, memory in outputs}

    if len(inputs) != 1 or len(outputs) != 1:
        return several
    (source, given), (target, made) = *inputs, *outputs

    def single(feeds: Mapping[str, Array]) -> dict[str, Array]:
        given[...] = feeds[source]
        call()
        return {target: made.copy()}

    return single


def _closed(feeds: Mapping[str, Array]) -> dict[str, Array]:
    raise BundleError("engine native: is closed")


def _function(library: Any, name: str, entry: ArtifactEntry) -> Any:
    try:
        function = getattr(library, name)
    except AttributeError:
        raise BundleError(f"artifact {entry.file}: has no function {name}") from None
    function.argtypes, function.restype = [] if name.endswith("_run") else [ctypes.c_void_p], None
    return function


def _load(data: bytes, entry: ArtifactEntry) -> tuple[Any, int]:
    """Load the library from memory: what was sealed never is in a file, and no disk can be full.

    Returns:
        the library, and the descriptor that must stay open as long: the loader knows a library by its name.
    """
    file = os.memfd_create("limen", os.MFD_CLOEXEC)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        return ctypes.CDLL(f"/proc/self/fd/{file}"), file
    except OSError as error:
        os.close(file)
        raise BundleError(f"artifact {entry.file}: this system does not load it: {error}") from error


def _describe(library: Any, entry: ArtifactEntry) -> dict[str, Any]:
    """What the library says about itself."""
    try:
        text = ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(library, "limen_library")))
        about: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise BundleError(f"artifact {entry.file}: is no library of limen's") from error
    if about.get("abi") != ABI:
        raise BundleError(f"artifact {entry.file}: interface {about.get('abi')} is not known", f"this limen has {ABI}")
    return about


def _choose(about: Mapping[str, Any], entry: ArtifactEntry) -> dict[str, Any]:
    """The first variant that this processor can run."""
    present = set(host.read_host().features)
    for variant in about["variants"]:
        if present.issuperset(variant["features"]):
            return dict(variant)
    missing = sorted(set(about["variants"][-1]["features"]) - present)
    raise Unsupported(
        f"artifact {entry.file}: this processor lacks {', '.join(missing)}",
        "use engine litert, or build for this device",
    )


def _check(data: bytes, entry: ArtifactEntry) -> None:
    """Raise unless the bytes are a whole ELF file for this machine: the system's loader crashes on half of one."""
    if data[:4] != b"\x7fELF" or len(data) < 64:
        raise BundleError(f"artifact {entry.file}: is no shared library")
    if int.from_bytes(data[18:20], "little") != _ELF.get(platform.machine()):
        raise Unsupported(
            f"artifact {entry.file}: is not for {platform.machine()}", "use engine litert, or build for this device"
        )
    wide = data[4] == 2
    table, size, count = struct.unpack_from("<32xQ14xHH" if wide else "<28xI10xHH", data)
    if table + size * count > len(data):
        raise BundleError(f"artifact {entry.file}: is cut off")
    for at in range(table, table + size * count, size):
        offset, length = struct.unpack_from("<8xQ16xQ" if wide else "<4xI8xI", data, at)
        if offset + length > len(data):
            raise BundleError(f"artifact {entry.file}: is cut off")


class Native:
    """Runs shared libraries made by target native."""

    name = "native"
    kind = "native"
    exactness = "exact"
    exact_kernels = True

    def version(self) -> str | None:
        from limen import __version__

        return __version__ if sys.platform == "linux" else None

    def open(
        self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int, exact: bool
    ) -> Runner:
        _check(data, entry)
        return _Native(data, entry)


ENGINE = Native()
