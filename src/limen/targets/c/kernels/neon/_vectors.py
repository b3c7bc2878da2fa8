"""The vectors of NEON: signed bytes, by the dot product where the processor has it, else by products of halves."""

from __future__ import annotations

from dataclasses import replace

from limen.targets.c._kernel import Helper, Site
from limen.targets.c.kernels._simd._vectors import Vectors
from limen.targets.c.kernels.neon._helpers import shared


def _dot_shelf(name: str) -> Helper:
    return shared("dot_lane" if name == "by_lanes" else name)


def _halves_shelf(name: str) -> Helper:
    return shared({"by_lanes": "halves", "broadcast": "broadcast_halves"}.get(name, name))


_DOT = Vectors(
    128, "signed", 32, shared("dot"), _dot_shelf, "int32x4_t", "int8x16_t", "vdupq_n_s8(0)", "arm_neon.h",
    products="lanes",
    by_integers=True,
)  # fmt: skip
_HALVES = replace(_DOT, product=shared("dot_halves"), shelf=_halves_shelf, temporaries=8, products="halves")


def has_dot(site: Site) -> bool:
    """Whether the processor has the dot product (Armv8.2-A, optional; Armv8.4-A)."""
    return site.device is not None and "dotprod" in site.device.features


def is_64_bit(site: Site) -> bool:
    return site.device is not None and site.device.isa == "aarch64"


def vectors_of(site: Site) -> Vectors:
    """The dense layers' vectors."""
    if has_dot(site):
        return _DOT
    return _HALVES if is_64_bit(site) else replace(_HALVES, registers=16)
