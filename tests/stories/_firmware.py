"""Firmware in QEMU: a package's sources and example, with stand-ins for what its tool chain supplies.

The stand-ins declare what the examples call (Arduino, ESP-IDF, Zephyr) as the tool chains' documentation does. Text
goes to the host by semihosting (Cortex-M4) or the serial port (RV32), and a delay ends the run.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import limen.lab

SUPPORT = Path(limen.lab.__file__).parent / "support"
SECONDS = 60
WARNINGS = ("-Wall", "-Wextra", "-Werror")
BARE = ("-O2", "-ffreestanding", "-ffunction-sections", "-fno-builtin", "-fno-tree-loop-distribute-patterns")

ARM_START = """\
__attribute__((section(".vectors"), used)) static const void *const vectors[2] = {(void *)0x20400000, (void *)start};
static long call_host(long what, const void *with)
{
    register long r0 __asm__("r0") = what;
    register const void *r1 __asm__("r1") = with;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
void host_write(const char *text) { call_host(0x04, text); }
void host_exit(void) { call_host(0x18, (void *)0x20026); for (;;) { } }
"""
ARM = (
    "extern void application(void); void start(void);\n"
    + ARM_START
    + "void start(void) { application(); host_exit(); }\n"
)
RISCV = """\
extern void application(void);
void start(void);
__attribute__((naked, section(".vectors"), used)) void entry(void)
{
    __asm__ volatile("li sp, 0x80400000\\n j start");
}
void host_write(const char *text)
{
    for (; *text; ++text) { *(volatile unsigned char *)0x10000000 = (unsigned char)*text; }
}
void host_exit(void) { *(volatile unsigned *)0x100000 = 0x5555; for (;;) { } }
void start(void) { application(); host_exit(); }
"""
PRINT = """\
#include <stdarg.h>
#include "host.h"
static void number(long long value)
{
    char text[24];
    int at = 23, minus = value < 0;
    unsigned long long rest = minus ? 0ull - (unsigned long long)value : (unsigned long long)value;
    text[at] = 0;
    do { text[--at] = (char)('0' + (int)((unsigned)rest % 10u)); rest = (unsigned)rest / 10u; } while (rest != 0);
    if (minus) { text[--at] = '-'; }
    host_write(text + at);
}
int host_printf(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    for (; *format; ++format) {
        if (*format != '%') { const char one[2] = {*format, 0}; host_write(one); continue; }
        ++format;
        if (*format == 'd') { number(va_arg(values, int)); }
        else if (*format == 'u') { number((long long)va_arg(values, unsigned)); }
        else { format += 2; number(va_arg(values, long long)); }
    }
    va_end(values);
    return 0;
}
"""
HOST_H = """\
#ifndef HOST_H
#define HOST_H
#ifdef __cplusplus
extern "C" {
#endif
void host_write(const char *text);
void host_exit(void);
int host_printf(const char *format, ...);
#ifdef __cplusplus
}
#endif
#endif
"""
LINK = """\
SECTIONS {{
    . = {flash};
    .text : {{ KEEP(*(.vectors)) *(.text .text.*) *(.rodata .rodata.* .srodata .srodata.*) }}
    {ram}
    .data : {{ *(.data .data.* .sdata .sdata.*) }}
    .bss : {{ *(.bss .bss.* .sbss .sbss.* COMMON) }}
    /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .eh_frame* .comment .note*) }}
}}
"""


@dataclass(frozen=True)
class Board:
    """A machine of QEMU and the GNU tools for it."""

    prefix: str
    flags: tuple[str, ...]
    start: str
    link: str
    command: tuple[str, ...]


BOARDS = {
    "cortex-m4": Board(
        "arm-none-eabi-", ("-mcpu=cortex-m4", "-mthumb"), ARM, LINK.format(flash="0x0", ram=". = 0x20000000;"),
        ("qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-serial", "none", "-monitor", "none", "-chardev",
         "stdio,id=out", "-semihosting-config", "enable=on,target=native,chardev=out"),
    ),
    "esp32-c3": Board(
        "riscv64-unknown-elf-", ("-march=rv32imc", "-mabi=ilp32", "-mcmodel=medany"), RISCV,
        LINK.format(flash="0x80000000", ram=""),
        ("qemu-system-riscv32", "-M", "virt", "-m", "8M", "-bios", "none", "-nographic"),
    ),
}  # fmt: skip


def run(device: str, folder: Path, sources: list[Path], includes: list[Path], stand_ins: Mapping[str, str]) -> str:
    """What the firmware printed.

    Args:
        folder: for the build.
        sources: of the package; ``.ino`` is C++.
        includes: folders of headers.
        stand_ins: file name -> text; sources among them are compiled too.
    """
    board = BOARDS[device]
    own = {"start.c": board.start, "print.c": PRINT, "host.h": HOST_H, "link.ld": board.link, **stand_ins}
    for name, text in own.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    flags = [*board.flags, *BARE, f"-I{folder}", *(f"-I{path}" for path in includes), f"-I{SUPPORT}"]
    mine = [folder / name for name in own if name.endswith((".c", ".cpp"))] + [SUPPORT / "runtime.c"]
    objects = []
    for index, source in enumerate([*sources, *mine]):
        output = folder / f"{index}.o"
        checks = WARNINGS if source in sources else ()
        _call([*_compiler(board, source), *flags, *checks, "-c", str(source), "-o", str(output)])
        objects.append(str(output))
    image = folder / "firmware.elf"
    linked = [
        "-nostdlib",
        "-static",
        "-Wl,--gc-sections",
        f"-T{folder / 'link.ld'}",
        *objects,
        "-lgcc",
        "-o",
        str(image),
    ]
    _call([f"{board.prefix}gcc", *board.flags, *linked])
    return _call([*board.command, "-kernel", str(image)])


def _compiler(board: Board, source: Path) -> list[str]:
    if source.suffix in (".ino", ".cpp"):
        sketch = ["-x", "c++", "-include", "Arduino.h"] if source.suffix == ".ino" else []
        return [f"{board.prefix}g++", "-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", *sketch]
    return [f"{board.prefix}gcc", *(["-std=c11"] if source.suffix == ".c" else [])]


def _call(command: list[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
