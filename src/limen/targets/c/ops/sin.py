"""Sin in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import SIN


def emit(site: Site) -> Kernel:
    """Sine."""
    return float_function(site, "sin_f32({0})", (SIN,))


EMIT = emit
