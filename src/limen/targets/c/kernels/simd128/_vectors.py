"""The vectors of WebAssembly: 128 bits, dot products of two words, no fused multiply-add."""

from __future__ import annotations

from limen.targets.c.kernels._simd._fit import TWICE
from limen.targets.c.kernels._simd._vectors import Vectors
from limen.targets.c.kernels.simd128._helpers import shared

WORDS = Vectors(
    128, "words", 16, shared("dot"), shared, "v128_t", "v128_t", "wasm_i32x4_const_splat(0)", "wasm_simd128.h",
    temporaries=1,
    bytes_of_weights=True,
    arithmetic=TWICE,
)  # fmt: skip
