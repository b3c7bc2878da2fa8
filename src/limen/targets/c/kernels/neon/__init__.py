"""Kernels of Arm NEON (aarch64, armv7), one file per operator; EMIT returns None for a case left to portable C."""
