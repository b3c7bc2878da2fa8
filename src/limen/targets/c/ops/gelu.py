"""Gelu in portable C."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from limen.ops.gelu import Gelu
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import literal
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._math import ERFC, TANH


def emit(site: Site) -> Kernel:
    """x * Phi(x), by erfc, or by tanh where the approximation is asked for."""
    if cast(Gelu, site.op).approximate:
        factor = literal(np.asarray(math.sqrt(2 / math.pi), np.float32))
        inner = f"{factor} * ({{0}} + 0.044715f * {{0}} * {{0}} * {{0}})"
        return float_function(site, f"0.5f * {{0}} * (1.0f + tanh_f32({inner}))", (TANH,))
    factor = literal(np.asarray(-math.sqrt(0.5), np.float32))
    return float_function(site, f"0.5f * {{0}} * erfc_f32({{0}} * {factor})", (ERFC,))


EMIT = emit
