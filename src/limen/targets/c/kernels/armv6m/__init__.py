"""Kernels of Armv6-M (Cortex-M0+), one file per operator; EMIT returns None for a case left to portable C."""
