"""The few functions of unicorn's C interface that the machines need.

They are called through ctypes rather than unicorn's Python classes because the hook that counts blocks is a C function:
one call into Python for every block would take a hundred times as long.

Raises MissingExtra where unicorn is not installed.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
from pathlib import Path
from typing import Any

from limen.errors import InternalError, MissingExtra
from limen.program import Array

READ, WRITE, EXECUTE = 1, 2, 4
HOOK_BLOCK = 1 << 3
_CONTROL_WRITE, _CONTROL_CPU = 1 << 30, 7

# Registers by unicorn's numbers (include/unicorn/arm.h, arm64.h, riscv.h); arguments have consecutive ones.
ARM = {"argument": 66, "stack": 12, "link": 10, "counter": 11}
RISCV = {"argument": 11, "stack": 3, "link": 2, "counter": 190}
A64 = {"argument": 199, "stack": 4, "link": 2, "counter": 260}
ARM_ACCESS, ARM_UNIT, A64_ACCESS = 111, 4, 261  # CPACR and FPEXC, CPACR_EL1: they enable floats and NEON


class Engine:
    """One emulated processor.

    Args:
        architecture, mode, processor: unicorn's numbers.

    Raises:
        InternalError: any call fails; a fault of the guest is returned by :meth:`start` instead.
    """

    def __init__(self, architecture: int, mode: int, processor: int) -> None:
        self._library = _library()
        self._handle = ctypes.c_void_p()
        self._kept: list[Any] = []
        self._check(self._library.uc_open(architecture, mode, ctypes.byref(self._handle)), "open")
        control = _CONTROL_WRITE | (1 << 26) | _CONTROL_CPU
        self._check(self._library.uc_ctl(self._handle, control, ctypes.c_int(processor)), "choose the processor")

    def map(self, address: int, memory: Array, permissions: int) -> None:
        """Let the guest see host memory.

        Args:
            address: multiple of 4096.
            memory: uint8 array, a multiple of 4096 bytes long; guest and host share it.
            permissions: of READ, WRITE, EXECUTE.
        """
        self._kept.append(memory)
        pointer = ctypes.c_void_p(memory.ctypes.data)
        size = ctypes.c_size_t(memory.nbytes)
        status = self._library.uc_mem_map_ptr(
            self._handle, ctypes.c_uint64(address), size, ctypes.c_uint32(permissions), pointer
        )
        self._check(status, "map memory")

    def hook_blocks(self, function: Any, argument: Any) -> None:
        """Call a C function at the start of every block: (engine, address, size, argument)."""
        self._kept += [function, argument]
        handle = ctypes.c_size_t()
        status = self._library.uc_hook_add(
            self._handle, ctypes.byref(handle), ctypes.c_int(HOOK_BLOCK), ctypes.cast(function, ctypes.c_void_p),
            ctypes.byref(argument), ctypes.c_uint64(1), ctypes.c_uint64(0),
        )  # fmt: skip
        self._check(status, "add a hook")

    def stop_function(self) -> int:
        """Address of ``uc_emu_stop``, for a hook."""
        return ctypes.cast(self._library.uc_emu_stop, ctypes.c_void_p).value or 0

    def write(self, register: int, value: int) -> None:
        """Set a register."""
        cell = ctypes.c_uint64(value)
        self._check(self._library.uc_reg_write(self._handle, register, ctypes.byref(cell)), "write a register")

    def read(self, register: int) -> int:
        """A register's value."""
        cell = ctypes.c_uint64()
        self._check(self._library.uc_reg_read(self._handle, register, ctypes.byref(cell)), "read a register")
        return cell.value

    def start(self, begin: int, until: int) -> str:
        """Run from an address until control reaches another; "" or what went wrong in the guest."""
        status: int = self._library.uc_emu_start(
            self._handle, ctypes.c_uint64(begin), ctypes.c_uint64(until), ctypes.c_uint64(0), ctypes.c_size_t(0)
        )
        return self._text(status) if status else ""

    def close(self) -> None:
        """Free the engine; it must not be used again."""
        if self._handle:
            self._library.uc_close(self._handle)
            self._handle = ctypes.c_void_p()

    def _text(self, status: int) -> str:
        text: bytes = self._library.uc_strerror(status)
        return text.decode()

    def _check(self, status: int, what: str) -> None:
        if status:
            raise InternalError(f"the emulator could not {what}: {self._text(status)}")


@functools.cache
def _library() -> Any:
    spec = importlib.util.find_spec("unicorn")
    if spec is None or spec.origin is None:
        raise MissingExtra("unicorn", "mcu")
    name = {"win32": "unicorn.dll", "darwin": "libunicorn.2.dylib"}.get(sys.platform, "libunicorn.so.2")
    path = Path(spec.origin).parent / "lib" / name
    library = ctypes.CDLL(str(path) if path.exists() else name)
    library.uc_strerror.restype = ctypes.c_char_p
    library.uc_close.argtypes = [ctypes.c_void_p]
    return library
