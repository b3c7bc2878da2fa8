"""Log in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import LOG


def emit(site: Site) -> Kernel:
    """Natural logarithm."""
    return float_function(site, "log_f32({0})", (LOG,))


EMIT = emit
