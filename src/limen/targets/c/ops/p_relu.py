"""PRelu in portable C."""

from __future__ import annotations

from typing import cast

import numpy as np

from limen.ops._elementwise import ratio
from limen.ops.p_relu import PRelu
from limen.program import Array
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import codes_kernel, operand
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._e_value import code, either, named, rescaled, times


def emit(site: Site) -> Kernel:
    """x where x >= 0, else alpha * x with an alpha that broadcasts."""
    if site.input(0).dtype == "float32":
        return expression(site, "{0} >= 0.0f ? {0} : {0} * {1}")
    if is_byte_function(site):
        return byte_function(site)
    zero = site.input(1).zero_point

    def of_constant(codes: Array) -> Array:
        return codes.astype("int64") - zero

    x = code(site.input(0), "{0}")
    _, held = named(x, "x")
    slope, data = operand(site, 1, lambda value: value, of_constant)
    below = rescaled(times(held, slope), cast(PRelu, site.op)._factor(site.operands))
    info = np.iinfo(site.output().dtype)
    result = either("x >= 0", rescaled(held, ratio(site.operands)), below)
    return codes_kernel(site, (("x", x),), result, (int(info.min), int(info.max)), data)


EMIT = emit
