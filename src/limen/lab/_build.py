"""Generated files -> a linked image for a virtual device, by zig cc or by a GNU tool chain.

Nothing of a C library is linked: ``support/runtime.c`` supplies memcpy, memmove and memset, the compiler's own library
(compiler-rt, libgcc) what the processor has no instruction for; both count as flash. Floating point expressions are not
contracted, so that a processor with a fused multiply-add computes what the interpreter does.

Raises MissingExtra where the compiler is not installed, InternalError with its words where it refuses the code.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from limen.errors import InternalError, MissingExtra, UsageError
from limen.lab._cores import Core, core_of, gcc_flags, zig_flags
from limen.lab._elf import Image, read_elf
from limen.targets._zig import zig_cc
from limen.targets.c import Generated

Compiler = Literal["zig", "gcc"]
COMPILERS: tuple[str, ...] = get_args(Compiler)
SUPPORT = Path(__file__).parent / "support"
FLASH, RAM = 0x08000000, 0x20000000

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion")
COMMON = (
    "-std=c11", "-O2", "-ffreestanding", "-fomit-frame-pointer", "-ffunction-sections", "-fdata-sections",
    "-fno-asynchronous-unwind-tables", "-ffp-contract=off",
)  # fmt: skip
PLAIN = ("-fno-builtin", "-fno-unroll-loops")  # else memcpy becomes a call of itself
ZIG_ONLY = ("-fno-unwind-tables", "-fno-sanitize=all", "-fno-stack-protector")
LINK = ("-static", "-Wl,--gc-sections", "-Wl,--build-id=none")
HELPERS = {"zig": (), "gcc": ("-nostdlib", "-lgcc")}  # zig adds compiler-rt by itself

SCRIPT = """\
ENTRY({name}_reset)
MEMORY
{{
    flash (rx) : ORIGIN = {flash:#x}, LENGTH = 256M
    ram (rw) : ORIGIN = {ram:#x}, LENGTH = 1M
}}
SECTIONS
{{
    .text : {{ KEEP({kept}) *(.text .text.*) }} > flash
    .rodata : {{ *(.rodata .rodata.* .srodata .srodata.* .sdata2 .sdata2.*) }} > flash
    .data : {{ *(.data .data.* .sdata .sdata.*) }} > ram AT> flash
    .bss (NOLOAD) : {{ *(.bss .bss.* .sbss .sbss.* COMMON) }} > ram
    /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .eh_frame* .comment .note* .debug*) }}
}}
"""


@dataclass(frozen=True, eq=False)
class Built:
    """A linked image.

    Args:
        generated: what it was made from.
        core: the virtual processor.
        compiler: name and version.
        image: the linked program.
        elf: the file it was read from, for other emulators.
    """

    generated: Generated
    core: Core
    compiler: str
    image: Image
    elf: bytes

    @property
    def code_bytes(self) -> int:
        """Machine code with its literal pools, the compiler's helpers included."""
        return sum(s.size for s in self.image.sections if s.executable)

    @property
    def weight_bytes(self) -> int:
        """Constants, and the initial values of variables."""
        return sum(s.size for s in self.image.sections if not s.executable and (not s.writable or s.name == ".data"))

    @property
    def static_bytes(self) -> int:
        """Variables; generated code has none."""
        return sum(s.size for s in self.image.sections if s.writable)


def build_image(generated: Generated, compiler: str = "zig", flags: tuple[str, ...] = ()) -> Built:
    """Compile and link.

    Args:
        generated: for a device that has a virtual processor.
        compiler: ``zig`` or ``gcc`` (arm-none-eabi-gcc, riscv64-unknown-elf-gcc).
        flags: appended to the usual ones.

    Raises:
        UsageError: the compiler's name is not known.
        NotMeasurable: the device has no virtual processor.
    """
    if compiler not in COMPILERS:
        raise UsageError(f"compiler {compiler!r} is not known", f"use {' or '.join(COMPILERS)}")
    core = core_of(generated.device)
    command = _zig(core, generated) if compiler == "zig" else _gcc(core, generated)
    kept = " ".join(f".text.{generated.name}_{call}" for call in calls_of(generated))
    script = SCRIPT.format(name=generated.name, kept=f"*({kept})", flash=FLASH, ram=RAM)
    elf = link(generated.files, script, [*command, *COMMON, *flags], HELPERS[compiler], generated.name)
    return Built(generated, core, version_of(compiler, core), read_elf(elf), elf)


def calls_of(generated: Generated) -> tuple[str, ...]:
    """The functions that a firmware calls, without the model's name in front."""
    return ("reset", "begin", "push") if generated.pushed_rows else ("reset", "invoke")


def version_of(compiler: str, core: Core) -> str:
    """Name and version, ``zig 0.15.1`` or ``gcc 12.2.1``."""
    if compiler == "zig":
        import importlib.metadata

        return f"zig {importlib.metadata.version('ziglang')}"
    done = subprocess.run([f"{core.gcc[0]}gcc", "-dumpfullversion"], capture_output=True, text=True, check=True)
    return f"gcc {done.stdout.strip()}"


def _zig(core: Core, generated: Generated) -> list[str]:
    return [*zig_cc(), *zig_flags(core, generated.device), *ZIG_ONLY]


def _gcc(core: Core, generated: Generated) -> list[str]:
    command = f"{core.gcc[0]}gcc"
    if shutil.which(command) is None:
        package = "gcc-arm-none-eabi" if core.family == "thumb" else "gcc-riscv64-unknown-elf"
        raise MissingExtra(command, hint=f"install the package {package}, or leave out --compiler gcc")
    # Two layers with the same code would become one function, and count as one layer.
    return [command, *gcc_flags(core, generated.device), "-fno-tree-loop-distribute-patterns", "-fno-ipa-icf"]


def link_firmware(generated: Generated, files: Mapping[str, bytes], script: str) -> bytes:
    """Files around generated code -> an ELF file, by zig.

    Args:
        files: name -> content; the generated ones among them.
        script: for the linker.
    """
    return link(files, script, [*_zig(core_of(generated.device), generated), *COMMON], HELPERS["zig"], generated.name)


def link(files: Mapping[str, bytes], script: str, command: list[str], libraries: tuple[str, ...], what: str) -> bytes:
    """The linked file's bytes.

    Args:
        command: a compiler and its flags.
        what: named in an error.
    """
    with tempfile.TemporaryDirectory(prefix="limen-lab-") as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        Path(folder, "image.ld").write_text(script, encoding="ascii")
        include = ("-isystem", str(SUPPORT))
        objects = []
        for name in files:
            if name.endswith((".c", ".S")):
                warnings = WARNINGS if name.endswith(".c") else ()
                objects.append(f"{name}.o")
                _run([*command, *warnings, *include, "-c", name, "-o", objects[-1]], folder, what)
        _run([*command, *PLAIN, *include, "-c", str(SUPPORT / "runtime.c"), "-o", "runtime.o"], folder, "runtime")
        linker = [*command, *LINK, "-T", "image.ld", *objects, "runtime.o", *libraries, "-o", "image.elf"]
        _run(linker, folder, what)
        return Path(folder, "image.elf").read_bytes()


def _run(command: list[str], folder: str, what: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InternalError(f"{what}: the compiler refuses the code: {done.stderr.strip()[-4000:]}")
