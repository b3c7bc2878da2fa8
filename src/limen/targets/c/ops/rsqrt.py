"""Rsqrt in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import SQRT


def emit(site: Site) -> Kernel:
    """1 / sqrt(x); a code below the zero point counts as 0."""
    return float_function(site, "1.0f / sqrt_f32({0})", (SQRT,))


EMIT = emit
