"""Kernels of x86-64 with AVX512-VNNI, one file per operator; EMIT returns None for a case left to portable C."""
