"""Generated code on this machine: compiled by zig into a shared object and called in process.

Raises MissingExtra where ziglang is not installed, and InternalError with the compiler's words where it refuses the
code.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from limen.errors import DataError, InternalError, MissingExtra
from limen.program import Array
from limen.targets.c import ARENA_ALIGN, Generated, Place

WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion")
_MACHINE = {
    "avx2": ("-mavx2", "-mfma"),
    "avx512vnni": ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512vnni", "-mavx2", "-mfma"),
}


def zig_cc() -> list[str]:
    """The command that compiles C.

    Raises:
        MissingExtra: ziglang is not installed.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise MissingExtra("ziglang", "mcu")
    return [sys.executable, "-m", "ziglang", "cc"]


def compile_shared(units: list[Generated], output: Path, flags: tuple[str, ...] = ("-O2",)) -> None:
    """All the units in one shared object.

    Args:
        units: with distinct names.
        output: the file to write.
        flags: optimisation; warnings are always errors.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = []
        for unit in units:
            for name, content in unit.files.items():
                Path(folder, name).write_bytes(content)
                sources += [name] if name.endswith((".c", ".S")) else []
        machine = [flag for unit in units[:1] for flag in _MACHINE.get(unit.isa, ())]
        command = [*zig_cc(), *WARNINGS, *machine, *flags, "-fno-sanitize=all", "-fPIC", "-shared", "-o", str(output)]
        result = subprocess.run([*command, *sources], cwd=folder, capture_output=True, text=True, check=False)
        if result.returncode:
            raise InternalError(f"{units[0].name}: the compiler refuses the generated code: {result.stderr[:4000]}")


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
            function.argtypes, function.restype = [ctypes.c_void_p], None
        raw = np.zeros(generated.arena + 64, np.uint8)
        start = -raw.ctypes.data % max(ARENA_ALIGN, 64)
        self._arena = raw[start : start + generated.arena]
        self._address = self._arena.ctypes.data
        self.reset()

    def reset(self) -> None:
        """States back to their initial values."""
        self._reset(self._address)

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
        self._invoke(self._address)
        return {place.tensor: self._view(place).copy() for place in self.generated.outputs}

    def _view(self, place: Place) -> Array:
        data = self._arena[place.offset : place.offset + place.nbytes]
        return data.view(place.dtype).reshape(place.shape)


def build_all(units: list[Generated], flags: tuple[str, ...] = ("-O2",)) -> list[HostModel]:
    """Compile units into one shared object and load it; its file is deleted once it is loaded."""
    digest = hashlib.sha256(b"".join(c for u in units for c in u.files.values())).hexdigest()[:16]
    descriptor, path = tempfile.mkstemp(prefix=f"limen-{digest}-", suffix=".so")
    os.close(descriptor)
    try:
        compile_shared(units, Path(path), flags)
        library = ctypes.CDLL(path)
    finally:
        os.unlink(path)
    return [HostModel(library, unit) for unit in units]


def build(generated: Generated, flags: tuple[str, ...] = ("-O2",)) -> HostModel:
    """Compile and load one model."""
    return build_all([generated], flags)[0]
