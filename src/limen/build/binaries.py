"""Package formats that are compiled here: libraries, executables, WebAssembly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from limen.build.pack import Around
from limen.build.program import program_files
from limen.build.web import page_files
from limen.devices import Device
from limen.errors import Unsupported
from limen.targets._zig import WARNINGS, kernel_flags, run_ar, run_zig, target_flags
from limen.targets.c import Generated

_OPTIMISE = ("-O2", "-g0")
_STRIP = ("-s", "-Wl,--gc-sections", "-ffunction-sections", "-fdata-sections")
PROGRAM_WARNINGS = (*WARNINGS, "-Wno-unused-function", "-D_FILE_OFFSET_BITS=64")
WITH_SYSTEM = ("x86-64", "aarch64", "armv7")
_LIBRARY = {"linux": "lib{}.so", "windows": "{}.dll", "macos": "lib{}.dylib"}


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is to be compiled.

    Args:
        generated: the code.
        around: steps and labels.
        system: linux, windows or macos.
    """

    generated: Generated
    around: Around
    system: str = "linux"

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(name for name in self.generated.files if name.endswith((".c", ".S")))

    @property
    def flags(self) -> tuple[str, ...]:
        return (*target_flags(self.generated.device, self.system), *kernel_flags(self.generated.isa), *_OPTIMISE)


@dataclass(frozen=True)
class Binary:
    """One compiled format.

    Args:
        title: what it is, for ``--help``.
        make: file name -> content.
    """

    title: str
    make: Callable[[Wanted], dict[str, bytes]]


def accept_system(format: str, device: Device, system: str) -> None:
    """Nothing, where a binary of this kind can be made.

    Raises:
        Unsupported: the device has no operating system, or not this one.
    """
    if format == "web":
        return
    if device.isa not in WITH_SYSTEM:
        raise Unsupported(
            f"{device.name}: {format} is for devices with an operating system",
            "use --as c, or a tool chain's package such as arduino",
        )
    target_flags(device, system)


def _headers(generated: Generated) -> dict[str, bytes]:
    return {name: content for name, content in generated.files.items() if name.endswith(".h")}


def static_library(wanted: Wanted) -> dict[str, bytes]:
    """lib<name>.a with its header."""
    made = wanted.generated
    output = f"lib{made.name}.a"
    objects: dict[str, bytes] = {}
    for source in wanted.sources:
        name = source.rsplit(".", 1)[0] + ".o"
        objects[name] = run_zig([*WARNINGS, *wanted.flags, "-fPIC", "-c", source], made.files, name, made.name)
    return {output: run_ar(objects), **_headers(made)}


def shared_library(wanted: Wanted) -> dict[str, bytes]:
    """A shared library with a C ABI, and its header."""
    made = wanted.generated
    output = _LIBRARY[wanted.system].format(made.name)
    arguments = [*WARNINGS, *wanted.flags, *_STRIP, "-fPIC", "-shared", *wanted.sources]
    return {output: run_zig(arguments, made.files, output, made.name), **_headers(made)}


def executable(wanted: Wanted) -> dict[str, bytes]:
    """One static program that reads files and prints answers."""
    made = wanted.generated
    files = program_files(made, wanted.around)
    output = f"{made.name}.exe" if wanted.system == "windows" else made.name
    sources = [name for name in files if name.endswith((".c", ".S"))]
    static = () if wanted.system == "macos" else ("-static",)
    arguments = [*PROGRAM_WARNINGS, *wanted.flags, *_STRIP, *static, *sources]
    return {output: run_zig(arguments, files, output, made.name)}


def page(wanted: Wanted) -> dict[str, bytes]:
    """A page that runs the model in the browser."""
    return page_files(wanted.generated, wanted.around)


BINARIES: Mapping[str, Binary] = {
    "executable": Binary("static program: files in, answers out", executable),
    "web": Binary("WebAssembly, an ES module and a page", page),
    "static-lib": Binary("static library with its header", static_library),
    "shared-lib": Binary("shared library with a C ABI", shared_library),
}
