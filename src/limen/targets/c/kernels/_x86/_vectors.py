"""The vectors of AVX2 and AVX-512 with VNNI."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels._simd._vectors import Operands, Vectors
from limen.targets.c.kernels._x86 import _helpers as h

_OWN: dict[tuple[str, str], str] = {
    ("floats", "load"): "load_ps",
    ("floats", "load_sums"): "load_ps",
    ("floats", "load_weights"): "load_ps",
    ("floats", "broadcast"): "broadcast_ps",
    ("words", "enter"): "enter_words",
    ("words", "interleave"): "interleave2",
    ("words", "store_vector"): "store_pair",
    ("unsigned", "interleave"): "interleave4",
}


def _vectors(bits: int, operands: Operands, registers: int, product: Helper) -> Vectors:
    kind = f"__m{bits}" if operands == "floats" else f"__m{bits}i"
    return Vectors(
        bits, operands, registers, product,
        shelf=partial(_shelf, bits, operands),
        accumulator=kind,
        operand=kind,
        zero=f"_mm{bits}_setzero_si{bits}()",
        header="immintrin.h",
        temporaries=1 if operands == "words" else 0,
    )  # fmt: skip


def _shelf(bits: int, operands: Operands, name: str) -> Helper:
    """Words and floats have some helpers of their own."""
    return h.shared(_OWN.get((operands, name), name), bits)


VNNI = _vectors(512, "unsigned", 32, h.DOT_VNNI_512)
VNNI_HALF = _vectors(256, "unsigned", 32, h.DOT_VNNI_256)
AVX2 = _vectors(256, "words", 16, h.DOT_AVX2)
_FEW = 4


def _shelf_of_bytes(name: str) -> Helper:
    return h.shared("load_bytes", 256) if name == "load_weights" else AVX2.shelf(name)


_AVX2_BYTES = replace(AVX2, bytes_of_weights=True, shelf=_shelf_of_bytes)


def avx2(positions: int) -> Vectors:
    """AVX2 for a layer of so many positions: where each weight is used a few times only, half the bytes of weights from
    the second-level cache are worth widening them."""
    return _AVX2_BYTES if positions < _FEW else AVX2


FLOAT_512 = _vectors(512, "floats", 32, h.shared("fma", 512))
FLOAT_256 = _vectors(256, "floats", 16, h.shared("fma", 256))
