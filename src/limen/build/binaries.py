"""Package formats that are compiled here: libraries, executables, WebAssembly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from limen.build.pack import Around
from limen.targets._zig import WARNINGS, kernel_flags, run_ar, run_zig, target_flags
from limen.targets.c import Generated

_OPTIMISE = ("-O2", "-g0")
_STRIP = ("-s", "-Wl,--gc-sections", "-ffunction-sections", "-fdata-sections")
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


BINARIES: Mapping[str, Binary] = {
    "static-lib": Binary("static library with its header", static_library),
    "shared-lib": Binary("shared library with a C ABI", shared_library),
}
