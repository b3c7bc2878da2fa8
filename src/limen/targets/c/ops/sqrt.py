"""Sqrt in portable C."""

from __future__ import annotations

import numpy as np

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import literal
from limen.targets.c.ops._e_unary import float_function
from limen.targets.c.ops._elementwise import Element, elementwise
from limen.targets.c.ops._math import SQRT


def emit(site: Site) -> Kernel:
    """Square root; a code below the zero point counts as 0."""
    x, y = site.input(0), site.output()
    if x.dtype != "int16":
        return float_function(site, "sqrt_f32({0})", (SQRT,))
    source, target = (literal(np.asarray(t.scale, np.float32)) for t in (x, y))
    lines = (
        f"const float root = sqrt_f32({source} * (float)({{0}} > 0 ? {{0}} : 0)) / {target};",
        "{y} = (int16_t)(root < 32767.0f ? root : 32767.0f);",
    )
    return elementwise(site, Element(lines, (SQRT,)))


EMIT = emit
