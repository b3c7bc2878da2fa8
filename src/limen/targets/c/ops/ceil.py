"""Ceil in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import CEIL


def emit(site: Site) -> Kernel:
    """Smallest whole number that is not below x."""
    return float_function(site, "ceil_f32({0})", (CEIL,))


EMIT = emit
