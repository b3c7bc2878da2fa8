"""Kernels of WebAssembly simd128, one file per operator; EMIT returns None for a case left to portable C."""
