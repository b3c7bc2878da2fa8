"""Exp in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import EXP


def emit(site: Site) -> Kernel:
    """e to the power x."""
    return float_function(site, "exp_f32({0})", (EXP,))


EMIT = emit
