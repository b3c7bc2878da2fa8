"""LeakyRelu in portable C."""

from __future__ import annotations

from typing import cast

import numpy as np

from limen.ops._elementwise import ratio
from limen.ops.leaky_relu import LeakyRelu
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import codes_kernel
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._e_text import literal
from limen.targets.c.ops._e_value import code, either, named, rescaled


def emit(site: Site) -> Kernel:
    """x where x > 0, else alpha * x: two factors for int16, a table for 8 bits."""
    op = cast(LeakyRelu, site.op)
    if site.input(0).dtype == "float32":
        return expression(site, f"{{0}} > 0.0f ? {{0}} : {{0}} * {literal(np.asarray(op.alpha, np.float32))}")
    if is_byte_function(site):
        return byte_function(site)
    x = code(site.input(0), "{0}")
    _, held = named(x, "x")
    above, below = rescaled(held, ratio(site.operands)), rescaled(held, op._factor(site.operands))
    info = np.iinfo(site.output().dtype)
    return codes_kernel(site, (("x", x),), either("x >= 0", above, below), (int(info.min), int(info.max)))


EMIT = emit
