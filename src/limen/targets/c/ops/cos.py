"""Cos in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import COS


def emit(site: Site) -> Kernel:
    """Cosine."""
    return float_function(site, "cos_f32({0})", (COS,))


EMIT = emit
