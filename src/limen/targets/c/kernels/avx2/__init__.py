"""Kernels of x86-64 with AVX2, one file per operator; EMIT returns None for a case left to portable C."""
