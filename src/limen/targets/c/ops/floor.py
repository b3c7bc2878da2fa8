"""Floor in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import FLOOR


def emit(site: Site) -> Kernel:
    """Largest whole number that is not above x."""
    return float_function(site, "floor_f32({0})", (FLOOR,))


EMIT = emit
