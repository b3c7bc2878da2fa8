"""QEMU's boards as devices: the same code in an emulator that shares nothing with the virtual devices of the lab.

A firmware serves the model on the board's first serial port; QEMU connects it to its standard streams, or to a
pseudo-terminal, which then is a serial line like any other.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from limen.devices import Device
from limen.errors import MissingExtra, NotMeasurable
from limen.lab._build import link_firmware
from limen.lab._cores import core_of
from limen.lab.remote._frames import receive
from limen.lab.remote._links import ProcessLink
from limen.targets.c import Generated
from limen.targets.c.serve import served_source

HERE = Path(__file__).parent
BOOT_SECONDS = 60.0
SCRIPT = """\
ENTRY(start)
MEMORY
{{
    code (rx) : ORIGIN = {code:#x}, LENGTH = {code_size:#x}
    ram (rw) : ORIGIN = {ram:#x}, LENGTH = {ram_size:#x}
}}
SECTIONS
{{
    .text : {{ KEEP(*(.vectors)) *(.text .text.*) }} > code
    .rodata : {{ *(.rodata .rodata.* .srodata .srodata.* .sdata2 .sdata2.*) }} > code
    .data : {{ *(.data .data.* .sdata .sdata.*) }} > ram
    .bss (NOLOAD) : {{ *(.bss .bss.* .sbss .sbss.* COMMON) }} > ram
    stack_top = ORIGIN(ram) + LENGTH(ram);
    /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .eh_frame* .comment .note* .debug*) }}
}}
"""


@dataclass(frozen=True)
class Machine:
    """One of QEMU's boards.

    Args:
        program: of QEMU.
        name: of the board.
        source: the C file of its serial port.
        code, ram: address and bytes.
        uart: address.
        options: for QEMU.
    """

    program: str
    name: str
    source: str
    code: tuple[int, int]
    ram: tuple[int, int]
    uart: int
    options: tuple[str, ...] = ()


_ARM, _RISCV = "qemu-system-arm", "qemu-system-riscv32"
_MIB = 1 << 20
_MACHINES = {
    "cortex-m4": Machine(_ARM, "mps2-an386", "qemu_arm.c", (0, 4 * _MIB), (0x20000000, 4 * _MIB), 0x40004000),
    "cortex-m7": Machine(_ARM, "mps2-an500", "qemu_arm.c", (0, 4 * _MIB), (0x20000000, 4 * _MIB), 0x40004000),
    "cortex-m33": Machine(_ARM, "mps2-an505", "qemu_arm.c", (0x10000000, 4 * _MIB), (0x38000000, 4 * _MIB), 0x50200000),
    "cortex-m55": Machine(_ARM, "mps3-an547", "qemu_arm.c", (0, _MIB // 2), (0x21000000, 4 * _MIB), 0x49303000),
    "rv32imc": Machine(
        _RISCV, "virt", "qemu_riscv.c", (0x80000000, 8 * _MIB), (0x80800000, 8 * _MIB), 0x10000000, ("-bios", "none")
    ),
}


def machine_of(device: Device) -> Machine:
    """The board that has the device's processor.

    Raises:
        NotMeasurable: QEMU has none.
        MissingExtra: QEMU is not installed.
    """
    machine = _MACHINES.get(device.isa) or _MACHINES.get(core_of(device).name)
    if machine is None:
        raise NotMeasurable(f"device {device.name}: no board of QEMU's has a {device.isa}", "leave out --on")
    if shutil.which(machine.program) is None:
        package = "qemu-system-arm" if machine.program == _ARM else "qemu-system-misc"
        raise MissingExtra(machine.program, hint=f"install the package {package}, or leave out --on")
    return machine


def firmware(generated: Generated, machine: Machine) -> bytes:
    """An ELF file that serves the model.

    Raises:
        MissingExtra: ziglang is not installed.
    """
    board = f"#define UART_BASE 0x{machine.uart:08x}u\n" + (HERE / machine.source).read_text(encoding="ascii")
    files = {**generated.files, "serve.c": served_source(generated, board)}
    sizes = {"code": machine.code[0], "code_size": machine.code[1], "ram": machine.ram[0], "ram_size": machine.ram[1]}
    return link_firmware(generated, files, SCRIPT.format(**sizes))


def start(generated: Generated, name: str = "qemu") -> ProcessLink:
    """Run a firmware of the model until the link closes.

    Raises:
        NotMeasurable, MissingExtra: as ``machine_of``.
    """
    machine = machine_of(generated.device)
    folder = tempfile.TemporaryDirectory(prefix="limen-qemu-")
    image = Path(folder.name, "firmware.elf")
    image.write_bytes(firmware(generated, machine))
    link = ProcessLink(name, [*command(machine, image), "-serial", "stdio"], None, folder.cleanup)
    try:
        receive(link, BOOT_SECONDS)  # what is sent before the board is up would be lost
    except BaseException:
        link.close()
        raise
    return link


def command(machine: Machine, image: Path) -> list[str]:
    """QEMU without a screen, up to the place of its serial port."""
    options = ["-display", "none", "-monitor", "none", "-nodefaults", *machine.options]
    return [machine.program, "-machine", machine.name, *options, "-kernel", str(image)]
