"""Generated code on this machine: compiled by zig into a shared object and called in process.

Raises MissingExtra where ziglang is not installed, and InternalError with the compiler's words where it refuses the
code.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from limen.errors import DataError
from limen.program import Array
from limen.targets._zig import WARNINGS, kernel_flags, run_zig, zig_cc
from limen.targets.c import ARENA_ALIGN, Generated, Place

__all__ = ["HostModel", "build", "build_all", "compile_shared", "zig_cc"]


def compile_shared(units: list[Generated], flags: tuple[str, ...] = ("-O2",)) -> bytes:
    """All the units in one shared object for this machine.

    Args:
        units: with distinct names, for one instruction set.
        flags: optimisation; warnings are always errors.
    """
    files = {name: content for unit in units for name, content in unit.files.items()}
    sources = [name for name in files if name.endswith((".c", ".S"))]
    machine = kernel_flags(units[0].isa)
    arguments = [*WARNINGS, *machine, *flags, "-fPIC", "-shared", *sources]
    return run_zig(arguments, files, "units.so", units[0].name)


class HostModel:
    """One instance of a compiled model.

    Args:
        library: the loaded shared object.
        generated: what it was made from.
    """

    def __init__(self, library: ctypes.CDLL, generated: Generated) -> None:
        self.generated = generated
        self._invoke = getattr(library, f"{generated.name}_invoke")
        self._reset = getattr(library, f"{generated.name}_reset")
        for function in (self._invoke, self._reset):
            function.argtypes, function.restype = [ctypes.c_void_p] * (2 if generated.slow else 1), None
        raw = np.zeros(generated.memory + 64, np.uint8)
        start = -raw.ctypes.data % max(ARENA_ALIGN, 64)
        self._memory = raw[start : start + generated.memory]
        address = self._memory.ctypes.data
        self._arenas = (address, address + generated.slow_start) if generated.slow else (address,)
        self.reset()

    def reset(self) -> None:
        """States back to their initial values."""
        self._reset(*self._arenas)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run once.

        Args:
            feeds: Program tensor name -> array of exactly its shape and dtype, for every input.

        Raises:
            DataError: a feed is missing or of another shape or dtype.
        """
        for place in self.generated.inputs:
            value = np.asarray(feeds[place.tensor]) if place.tensor in feeds else None
            if value is None or value.shape != place.shape or value.dtype != np.dtype(place.dtype):
                raise DataError(f"{place.tensor}: expected {place.dtype}{list(place.shape)}")
            self._view(place)[...] = value
        self._invoke(*self._arenas)
        return {place.tensor: self._view(place).copy() for place in self.generated.outputs}

    def _view(self, place: Place) -> Array:
        data = self._memory[self.generated.offset(place) :][: place.nbytes]
        return data.view(place.dtype).reshape(place.shape)


def build_all(units: list[Generated], flags: tuple[str, ...] = ("-O2",)) -> list[HostModel]:
    """Compile units into one shared object and load it; its file is deleted once it is loaded."""
    digest = hashlib.sha256(b"".join(c for u in units for c in u.files.values())).hexdigest()[:16]
    descriptor, path = tempfile.mkstemp(prefix=f"limen-{digest}-", suffix=".so")
    os.close(descriptor)
    try:
        Path(path).write_bytes(compile_shared(units, flags))
        library = ctypes.CDLL(path)
    finally:
        os.unlink(path)
    return [HostModel(library, unit) for unit in units]


def build(generated: Generated, flags: tuple[str, ...] = ("-O2",)) -> HostModel:
    """Compile and load one model."""
    return build_all([generated], flags)[0]
