"""Compiles chains of steps for this machine, all in one file without a C library, and calls them on arrays."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.targets.c.steps import VIEW_REALS, StepChain, definitions

WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow")
COMPILERS = {
    "zig": (sys.executable, "-m", "ziglang", "cc", "-O0", "-fsanitize=undefined", "-fsanitize-trap=undefined"),
    "gcc": ("gcc", "-O2", "-Wno-unknown-pragmas"),
}

# All that the steps may take from a C library; anything else does not link.
LIBRARY = """\
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((volatile char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}
void *memset(void *to, int value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((volatile char *)to)[i] = (char)value;
    }
    return to;
}
"""

GUARD, FILL = 64, 0xA5
Array = NDArray[Any]


def source(chains: Sequence[StepChain]) -> str:
    """One C file with all chains; their functions are declared, as a header would."""
    head = "#include <stdint.h>\n#include <string.h>\n\n"
    return head + "".join(f"{chain.prototype};\n" for chain in chains) + "\n" + definitions(*chains)


class Compiled:
    """Functions of chains; ``run`` calls one."""

    def __init__(self, chains: Sequence[StepChain], folder: Path, compiler: Sequence[str]) -> None:
        self.text, library, shared = folder / "steps.c", folder / "library.c", folder / "steps.so"
        self.text.write_text(source(chains))
        library.write_text(LIBRARY)
        flags = (*WARNINGS, "-shared", "-fPIC", "-nostdlib", "-Wl,-z,defs")
        command = [*compiler, *flags, str(self.text), str(library), "-o", str(shared)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:4000]
        self._library = ctypes.CDLL(str(shared))
        self._states: dict[str, Array] = {}

    def reset(self, chain: StepChain) -> None:
        """A new stream."""
        self._states.pop(chain.symbol, None)

    def run(self, chain: StepChain, value: Array | Mapping[str, Array], view: Array | None = None) -> dict[str, Array]:
        """The results by name, cut to what is valid; ``code`` is the function's answer."""
        given = list(value.values()) if isinstance(value, Mapping) else [value]
        inputs = [_filled(np.asarray(a, p.dtype)) for a, p in zip(given, chain.source.ports, strict=True)]
        outputs = [_room(p.nbytes) for p in chain.result.ports]
        extents = {"": (), "count": given[0].shape[:1], "picture": given[0].shape[:2]}[chain.source.varies]
        arguments: list[Any] = [_pointer(a) for a in inputs] + [ctypes.c_int32(n) for n in extents]
        arguments += [_pointer(a) for a in outputs]
        if chain.view:
            arguments.append(_pointer(view if view is not None else np.zeros(VIEW_REALS)))
        if chain.state:
            state = self._states.setdefault(chain.symbol, _room(chain.state, 0))
            arguments.append(_pointer(state))
        memory = _room(chain.memory)
        if chain.memory:
            arguments.append(_pointer(memory))
        function = getattr(self._library, chain.symbol)
        function.restype = ctypes.c_int32
        code = int(function(*arguments))
        for room in (memory, *outputs, *([state] if chain.state else [])):
            assert (room[len(room) - GUARD :] == FILL).all(), f"{chain.symbol} wrote past the end"
        found: dict[str, Array] = {"code": np.array(code)}
        for port, raw in zip(chain.result.ports, outputs, strict=True):
            array = raw[: port.nbytes].view(port.dtype).reshape(port.shape)
            found[port.name] = array[: max(code, 0)] if chain.result.varies else array
        return found


def _room(size: int, fill: int = FILL) -> Array:
    """Bytes aligned to 64, with a guard behind that must stay."""
    raw = np.full(size + GUARD + 64, FILL, np.uint8)
    start = -raw.ctypes.data % 64
    room: Array = raw[start : start + size + GUARD]
    room[:size] = fill
    return room


def _filled(array: Array) -> Array:
    room = _room(array.nbytes)
    room[: array.nbytes] = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    return room


def _pointer(array: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
