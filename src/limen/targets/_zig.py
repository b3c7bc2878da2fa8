"""zig as a C compiler for every target: pip installs it, and it brings its own linker and C library.

Raises MissingExtra where ziglang is not installed, InternalError with the compiler's words where it refuses generated
code.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from limen.devices import Device
from limen.errors import InternalError, MissingExtra, Unsupported

WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion")
COMMON = ("-fno-sanitize=all", "-ffp-contract=off")
_MACHINE = {
    "x86-64": ("x86_64", ()),
    "aarch64": ("aarch64", ()),
    "armv7": ("arm", ("-mcpu=cortex_a7",)),
}
_SYSTEMS = {
    "linux": {"x86-64": "linux-musl", "aarch64": "linux-musl", "armv7": "linux-musleabihf"},
    "windows": {"x86-64": "windows-gnu", "aarch64": "windows-gnu"},
    "macos": {"x86-64": "macos-none", "aarch64": "macos-none"},
}
_X86_FEATURES = {
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


def kernel_flags(isa: str) -> tuple[str, ...]:
    """The flags that an instruction set's kernels need on x86-64; empty elsewhere."""
    return _X86_FEATURES.get(isa, ())


def target_flags(device: Device, system: str = "linux") -> tuple[str, ...]:
    """The flags that compile for a device with an operating system.

    Raises:
        Unsupported: the device runs no such system, or zig has no such target.
    """
    machine = _MACHINE.get(device.isa)
    suffix = _SYSTEMS.get(system, {}).get(device.isa)
    if machine is None or suffix is None:
        known = ", ".join(f"{s} on {'/'.join(isas)}" for s, isas in _SYSTEMS.items())
        raise Unsupported(f"{device.name}: there is no {system} for {device.isa}", f"known: {known}")
    extension = ("-mcpu=generic+dotprod",) if device.isa == "aarch64" and "dotprod" in device.features else ()
    return ("-target", f"{machine[0]}-{suffix}", *machine[1], *extension)


def run_zig(arguments: Sequence[str], files: Mapping[str, bytes], output: str, what: str) -> bytes:
    """Write files to a folder, run ``zig cc`` there, and read its output.

    Args:
        arguments: with the names of the files that are to be compiled.
        files: name -> content; names may have folders.
        output: the file that ``-o`` names.
        what: named in an error.
    """
    command = [*zig_cc(), *COMMON, *arguments, "-o", output]
    with tempfile.TemporaryDirectory(prefix="limen-zig-") as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InternalError(f"{what}: the compiler refuses the code: {done.stderr.strip()[-4000:]}")
        return Path(folder, output).read_bytes()


def run_ar(objects: Mapping[str, bytes]) -> bytes:
    """A static library of object files, deterministic."""
    zig_cc()
    command = [sys.executable, "-m", "ziglang", "ar", "rcsD", "library.a", *objects]
    with tempfile.TemporaryDirectory(prefix="limen-zig-") as folder:
        for name, content in objects.items():
            Path(folder, name).write_bytes(content)
        subprocess.run(command, cwd=folder, capture_output=True, check=True)
        return Path(folder, "library.a").read_bytes()
