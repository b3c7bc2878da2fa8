"""Kernels of RV32IMC (ESP32-C3, ESP32-C6), one file per operator; EMIT returns None for a case left to portable C."""
