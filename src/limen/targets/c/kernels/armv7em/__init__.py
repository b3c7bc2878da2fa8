"""Kernels of Armv7E-M with the DSP extension (Cortex-M4, M7, M33), one file per operator.

``EMIT`` returns None for a case left to portable C.
"""
