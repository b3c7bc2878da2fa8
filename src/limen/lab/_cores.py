"""The virtual processors: how code is compiled for them and which engine runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from limen.devices import Device
from limen.errors import NotMeasurable

Family = Literal["thumb", "riscv"]

# unicorn's numbers (include/unicorn/unicorn.h, arm.h, riscv.h); they are its stable interface.
_ARCH_ARM, _ARCH_RISCV = 1, 8
_THUMB_M, _RISCV32 = 16 | 32, 4
_CORTEX_M0, _CORTEX_M4, _CORTEX_M7, _CORTEX_M33 = 7, 9, 10, 11
_RISCV_ANY = 0


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
}  # fmt: skip
_RUNS_ON = {"cortex-m55": "cortex-m33", "rv32imac": "rv32imc"}  # their code today uses no more than this
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
    unit = _fpu(core, device)
    if unit is None:
        return "-target", target, f"-mcpu={cpu}{_dsp(core, device)}"
    return "-target", target + "hf", f"-mcpu={cpu.removesuffix('-vfp2sp')}+{unit[1]}{_dsp(core, device)}"


def gcc_flags(core: Core, device: Device) -> tuple[str, ...]:
    """Flags for GNU C, with the FPU only where the device has it."""
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
