"""What a package format is, and what the formats share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Template

from limen.devices import Device
from limen.errors import Unsupported
from limen.program import Tensor
from limen.registry import Registry
from limen.targets._zig import kernel_flags
from limen.targets.c._generated import Generated, Place
from limen.targets.c._kernel import C_TYPES

Files = Mapping[str, bytes]
CORTEX_M = ("cortex-m0plus", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55")
ESPRESSIF = ("rv32imc", "rv32imac", "xtensa-lx7")


@dataclass(frozen=True, eq=False)
class PackageSource:
    """What a package is made from.

    Args:
        generated: the code.
        title: one line for people.
        version: of the model, ``1.0.0``.
    """

    generated: Generated
    title: str
    version: str = "1.0.0"

    @property
    def name(self) -> str:
        return self.generated.name

    @property
    def headers(self) -> dict[str, bytes]:
        return {n: c for n, c in self.generated.files.items() if n.endswith(".h")}

    @property
    def sources(self) -> dict[str, bytes]:
        return {n: c for n, c in self.generated.files.items() if not n.endswith(".h")}

    @property
    def flags(self) -> tuple[str, ...]:
        """What GNU C and clang need for the kernels, where a tool chain's board does not say it."""
        device = self.generated.device
        if device.isa == "aarch64" and "dotprod" in device.features:
            return ("-march=armv8.2-a+dotprod",)
        return ("-mfpu=neon",) if device.isa == "armv7" else kernel_flags(self.generated.isa)

    def slow_memory(self, place: str = "", prefix: str = "") -> str:
        """The C definition of the second arena; empty where there is none.

        Args:
            place: an attribute that puts it into the slower memory.
            prefix: of its name.
        """
        if not self.generated.slow:
            return ""
        upper = self.name.upper()
        return f"\nstatic {place}_Alignas({upper}_ARENA_ALIGN) uint8_t {prefix}slow[{upper}_SLOW_BYTES];"

    def fill(self, template: str, **more: str) -> bytes:
        """A template with ``$name``, ``$upper``, ``$title``, ``$version``, ``$sources`` and what is given filled in."""
        known = {
            "name": self.name,
            "upper": self.name.upper(),
            "title": self.title,
            "version": self.version,
            "device": self.generated.device.name,
            "arenas": self.generated.arenas,
            "slow_memory": self.slow_memory(),
        }
        return Template(template).substitute(known, **more).encode()


@dataclass(frozen=True)
class Package:
    """One format.

    Args:
        name: as it is typed.
        title: what it is, for ``--help``.
        make: file name -> content.
        archive: it is one .zip rather than a folder.
        isas: processors the tool chain builds for; empty for all.
        such_as: devices to name where another is given.
    """

    name: str
    title: str
    make: Callable[[PackageSource], dict[str, bytes]]
    archive: bool = False
    isas: tuple[str, ...] = ()
    such_as: str = ""

    def accept(self, device: Device) -> None:
        """Nothing, for a device whose code the tool chain can build.

        Raises:
            Unsupported: it builds for other processors.
        """
        if self.isas and device.isa not in self.isas:
            raise Unsupported(
                f"{device.name}: {self.name} does not build for {device.isa}", f"give --device, such as {self.such_as}"
            )


PACKAGES: Registry[Package] = Registry("package format", "limen.targets.c.packages", "PACKAGE")


def tensor_of(source: PackageSource, place: Place) -> Tensor:
    """The tensor that lies at a place."""
    return source.generated.program.tensors[place.tensor]


def c_type(place: Place) -> str:
    """The C type of its elements."""
    return C_TYPES[place.dtype]


def macro(source: PackageSource, kind: str, place: Place) -> str:
    """The accessor macro of a port, ``MODEL_INPUT_X``."""
    return f"{source.name}_{kind}_{place.symbol}".upper()


def access(source: PackageSource, kind: str, place: Place, prefix: str = "") -> str:
    """C expression for the elements of a port."""
    return f"{macro(source, kind, place)}({prefix}{place.arena})"


def meaning(source: PackageSource, place: Place) -> str:
    """One line about a port: type, shape, and what its codes mean."""
    tensor = tensor_of(source, place)
    shape = " x ".join(map(str, place.shape)) or "one value"
    if tensor.quant is None or tensor.quant.axis is not None:
        return f"{place.dtype}, {shape}"
    return f"{place.dtype}, {shape}; real value = {tensor.scale:.9g} * (code - {tensor.zero_point})"


def port_list(source: PackageSource) -> str:
    """Markdown lines about all inputs and outputs."""
    lines = [f"- input `{p.symbol}`: {meaning(source, p)}" for p in source.generated.inputs]
    lines += [f"- output `{p.symbol}`: {meaning(source, p)}" for p in source.generated.outputs]
    return "\n".join(lines)


README = """\
# $title

Compiled by limen for $device. Working memory: ${upper}_ARENA_BYTES bytes, supplied by the caller; no allocation, no
operating system, no other library.$second

$ports

Call `${name}_reset($arenas)` once, write the inputs with their macros, call `${name}_invoke($arenas)`, read the
outputs.

$how
"""


def readme(source: PackageSource, how: str) -> bytes:
    """The package's page."""
    second = "\nA second arena of ${upper}_SLOW_BYTES bytes lies in slower memory."
    more = source.fill(second).decode() if source.generated.slow else ""
    return source.fill(README, ports=port_list(source), how=how, second=more)


EXAMPLE = """\
/* Runs $name once on an input of zeros and prints the first output. */
#include <stdio.h>

#include "$name.h"

static _Alignas(${upper}_ARENA_ALIGN) uint8_t arena[${upper}_ARENA_BYTES];$slow_memory

int main(void)
{
    ${name}_reset($arenas);
$fill
    ${name}_invoke($arenas);
    printf("%d\\n", (int)${result}[0]);
    return 0;
}
"""


def example(source: PackageSource) -> bytes:
    """A main function that shows the calls."""
    fill = "\n".join(zeros(source, place) for place in source.generated.inputs)
    return source.fill(EXAMPLE, fill=fill, result=access(source, "OUTPUT", source.generated.outputs[0]))


def zeros(source: PackageSource, place: Place) -> str:
    """C lines that write the code of real zero into an input."""
    name = macro(source, "INPUT", place)
    return (
        f"    for (int32_t i = 0; i < {name}_SIZE; ++i) {{\n"
        f"        {access(source, 'INPUT', place)}[i] = {tensor_of(source, place).zero_point};\n    }}"
    )
