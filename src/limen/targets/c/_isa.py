"""Which instruction set's kernels a device gets."""

from __future__ import annotations

from dataclasses import dataclass

from limen.devices import Device

PORTABLE = "portable"


@dataclass(frozen=True)
class Isa:
    """An instruction set.

    Args:
        name: folder of its kernels; ``portable`` for none of its own.
        pointer: bytes of a pointer.
        alignment: bytes that tensors are aligned to in the arena.
    """

    name: str
    pointer: int = 4
    alignment: int = 4


_BY_DEVICE = {
    "cortex-m0plus": Isa("armv6m"),
    "cortex-m4": Isa("armv7em"),
    "cortex-m7": Isa("armv7em"),
    "cortex-m33": Isa("armv7em"),
    "cortex-m55": Isa("armv7em"),
    "rv32imc": Isa("rv32im"),
    "rv32imac": Isa("rv32im"),
    "aarch64": Isa("neon", 8, 16),
    "armv7": Isa("neon", 4, 16),
    "wasm": Isa("simd128", 4, 16),
}
_NEEDS = {"armv7em": "dsp", "neon": "neon", "simd128": "simd128"}


def isa_of(device: Device) -> Isa:
    """The instruction set whose kernels run on a device, ``portable`` where none of ours does."""
    if device.isa == "x86-64":
        return _x86(device)
    isa = _BY_DEVICE.get(device.isa, Isa(PORTABLE))
    needed = _NEEDS.get(isa.name)
    return isa if needed is None or needed in device.features else Isa(PORTABLE, isa.pointer, isa.alignment)


def _x86(device: Device) -> Isa:
    features = set(device.features)
    if {"avx512vnni", "avx512bw", "avx512vl"} <= features or "avx512_vnni" in features:
        return Isa("avx512vnni", 8, 64)
    return Isa("avx2" if "avx2" in features else PORTABLE, 8, 64)
