"""Logistic in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_sigmoid16 import SIGMOID16, sigmoid_kernel
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import EXP

_TEXT = "{0} > 16.619047f ? 1.0f : {0} < -9.0f ? exp_f32({0}) : 1.0f / (1.0f + exp_f32(-{0}))"


def emit(site: Site) -> Kernel:
    """1 / (1 + exp(-x)), which is exp(x) below -9."""
    if site.input(0).dtype == "int16":
        return sigmoid_kernel(site, SIGMOID16, (0,))
    return float_function(site, _TEXT, (EXP,))


EMIT = emit
