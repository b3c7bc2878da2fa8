"""Dequantize in portable C."""

from __future__ import annotations

import numpy as np

from limen.targets.c._kernel import Kernel, Site, refuse
from limen.targets.c.ops._e_channels import per_channel
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._e_text import literal
from limen.targets.c.ops._e_value import code


def emit(site: Site) -> Kernel:
    """scale * (code - zero_point), per tensor or per channel; the product is rounded once, as the reference's is."""
    x = site.input(0)
    if x.dtype == "float16":
        raise refuse(site, "on float16", "convert the model to float32 or quantise it")
    quant = x.quant
    if quant is None or quant.axis is None:
        return expression(site, f"{literal(np.asarray(x.scale, np.float32))} * (float)({code(x, '{0}').text})")
    zeros = quant.zero_points.astype(np.int32)
    centred = "({0} - {zero})" if zeros.any() else "{0}"
    return per_channel(site, f"{{scale}} * (float){centred}", quant)


EMIT = emit
