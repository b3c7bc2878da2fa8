"""Vectors of x86-64: AVX2 with FMA, and AVX-512 with VNNI."""
