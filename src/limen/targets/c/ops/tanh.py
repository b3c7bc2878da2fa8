"""Tanh in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_sigmoid16 import TANH16, sigmoid_kernel
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import TANH


def emit(site: Site) -> Kernel:
    """Hyperbolic tangent."""
    if site.input(0).dtype == "int16":
        return sigmoid_kernel(site, TANH16, (0, 1))
    return float_function(site, "tanh_f32({0})", (TANH,))


EMIT = emit
