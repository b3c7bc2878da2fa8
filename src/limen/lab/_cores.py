"""The virtual processors: how code is compiled for them and which engine runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from limen.devices import Device
from limen.errors import NotMeasurable

Family = Literal["thumb", "riscv", "arm", "a64"]

# unicorn's numbers (include/unicorn/unicorn.h, arm.h, riscv.h); they are its stable interface.
_ARCH_ARM, _ARCH_ARM64, _ARCH_RISCV = 1, 2, 8
_ARM, _THUMB_M, _RISCV32 = 0, 16 | 32, 4
_CORTEX_M0, _CORTEX_M4, _CORTEX_M7, _CORTEX_M33, _CORTEX_A7 = 7, 9, 10, 11, 14
_RISCV_ANY, _A64_MAX = 0, 3


@dataclass(frozen=True)
class Core:
    """One virtual processor.

    Args:
        name: as it is reported.
        family: of the machine code.
        zig: target and processor for zig cc; the processor has no FPU.
        gcc: command prefix, then flags without those of the FPU.
        engine: architecture, mode and processor of unicorn.
        fpu: option of the device (one of its features) -> (zig's feature, gcc's -mfpu).
    """

    name: str
    family: Family
    zig: tuple[str, str]
    gcc: tuple[str, tuple[str, ...]]
    engine: tuple[int, int, int]
    fpu: tuple[tuple[str, str, str], ...] = ()


_ARM_GCC = "arm-none-eabi-"
_RISCV_GCC = "riscv64-unknown-elf-"
_THUMB = "thumb-freestanding-eabi"
_FPV5 = (("fpv5-dp", "fp_armv8d16", "fpv5-d16"), ("fpv5-sp", "fp_armv8d16sp", "fpv5-sp-d16"))

_CORES = {
    "cortex-m0plus": Core(
        "cortex-m0plus", "thumb", (_THUMB, "cortex_m0plus"), (_ARM_GCC, ("-mcpu=cortex-m0plus", "-mthumb")),
        (_ARCH_ARM, _THUMB_M, _CORTEX_M0),
    ),
    "cortex-m4": Core(
        "cortex-m4", "thumb", (_THUMB, "cortex_m4-vfp2sp"), (_ARM_GCC, ("-mcpu=cortex-m4", "-mthumb")),
        (_ARCH_ARM, _THUMB_M, _CORTEX_M4), (("fpv4-sp", "vfp4d16sp", "fpv4-sp-d16"),),
    ),
    "cortex-m7": Core(
        "cortex-m7", "thumb", (_THUMB, "cortex_m7-vfp2sp"), (_ARM_GCC, ("-mcpu=cortex-m7", "-mthumb")),
        (_ARCH_ARM, _THUMB_M, _CORTEX_M7), _FPV5,
    ),
    "cortex-m33": Core(
        "cortex-m33", "thumb", (_THUMB, "cortex_m33-vfp2sp"), (_ARM_GCC, ("-mcpu=cortex-m33", "-mthumb")),
        (_ARCH_ARM, _THUMB_M, _CORTEX_M33), _FPV5,
    ),
    "rv32imc": Core(
        "rv32imc", "riscv", ("riscv32-freestanding-none", "generic_rv32+m+c"),
        (_RISCV_GCC, ("-march=rv32imc", "-mabi=ilp32")), (_ARCH_RISCV, _RISCV32, _RISCV_ANY),
    ),
    "armv7": Core(
        "armv7", "arm", ("arm-freestanding-eabihf", "cortex_a7"),
        (_ARM_GCC, ("-mcpu=cortex-a7", "-marm", "-mfpu=neon-vfpv4", "-mfloat-abi=hard")), (_ARCH_ARM, _ARM, _CORTEX_A7),
    ),
    "aarch64": Core(
        "aarch64", "a64", ("aarch64-freestanding-none", "generic"), ("aarch64-linux-gnu-", ("-march=armv8-a",)),
        (_ARCH_ARM64, _ARM, _A64_MAX),
    ),
}  # fmt: skip
_ZIG_A64 = {"dotprod": "dotprod", "fp16": "fullfp16", "i8mm": "i8mm"}
_GCC_A64 = {"dotprod": "dotprod", "fp16": "fp16", "i8mm": "i8mm"}
_RUNS_ON = {"cortex-m55": "cortex-m33", "rv32imac": "rv32imc"}  # their code today uses no more than this
LIMITS = {"cortex-m55": "kernels of the Cortex-M33, on a virtual Cortex-M33: Helium's vectors are not used yet"}
"""Instruction sets whose code does not use all of the processor, and what it leaves out."""

VIRTUAL = (*_CORES, *_RUNS_ON)


def core_of(device: Device) -> Core:
    """The virtual processor of a device.

    Raises:
        NotMeasurable: there is none for its instruction set.
    """
    name = _RUNS_ON.get(device.isa, device.isa)
    if name not in _CORES:
        raise NotMeasurable(
            f"device {device.name}: no virtual device executes {device.isa}",
            "profile one of " + ", ".join(sorted(VIRTUAL)),
        )
    return _CORES[name]


def zig_flags(core: Core, device: Device) -> tuple[str, ...]:
    """Target and processor for zig cc, with the FPU only where the device has it."""
    target, cpu = core.zig
    if core.family in ("arm", "a64"):
        return "-target", target, f"-mcpu={cpu}{''.join(f'+{_ZIG_A64[f]}' for f in device.features if f in _ZIG_A64)}"
    unit = _fpu(core, device)
    if unit is None:
        return "-target", target, f"-mcpu={cpu}{_dsp(core, device)}"
    return "-target", target + "hf", f"-mcpu={cpu.removesuffix('-vfp2sp')}+{unit[1]}{_dsp(core, device)}"


def gcc_flags(core: Core, device: Device) -> tuple[str, ...]:
    """Flags for GNU C, with the FPU only where the device has it."""
    if core.family == "a64":
        extensions = "".join(f"+{_GCC_A64[f]}" for f in device.features if f in _GCC_A64)
        return (f"-march=armv8.2-a{extensions}",) if extensions else core.gcc[1]
    if core.family != "thumb":
        return core.gcc[1]
    unit = _fpu(core, device)
    flags = core.gcc[1] if _dsp(core, device) != "-dsp" else ("-mcpu=cortex-m33+nodsp", "-mthumb")
    if unit is None:
        return *flags, "-mfloat-abi=soft"
    return *flags, "-mfloat-abi=hard", f"-mfpu={unit[2]}"


def _fpu(core: Core, device: Device) -> tuple[str, str, str] | None:
    return next((unit for unit in core.fpu if unit[0] in device.features), None)


def _dsp(core: Core, device: Device) -> str:
    """On the Cortex-M33 the DSP extension is an option of the part."""
    if core.name != "cortex-m33":
        return ""
    return "+dsp" if "dsp" in device.features else "-dsp"
