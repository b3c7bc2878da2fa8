"""Round in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import ROUND_EVEN


def emit(site: Site) -> Kernel:
    """Nearest whole number, halves to even."""
    return float_function(site, "rint_f32({0})", (ROUND_EVEN,))


EMIT = emit
