"""Relu6 in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_relu import clamp_kernel


def emit(site: Site) -> Kernel:
    """min(max(x, 0), 6)."""
    return clamp_kernel(site, 0.0, 6.0)


EMIT = emit
