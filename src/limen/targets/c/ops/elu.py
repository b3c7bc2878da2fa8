"""Elu in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import EXPM1


def emit(site: Site) -> Kernel:
    """x where x >= 0, else exp(x) - 1."""
    return float_function(site, "{0} < 0.0f ? expm1_f32({0}) : {0}", (EXPM1,))


EMIT = emit
