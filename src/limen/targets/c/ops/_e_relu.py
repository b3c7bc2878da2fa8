"""The family of clamps: Relu, Relu6, Relu0To1, ReluN1To1."""

from __future__ import annotations

from limen.ops._elementwise import ratio
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import codes_kernel
from limen.targets.c.ops._e_plain import bounded
from limen.targets.c.ops._e_table import answers, byte_function, is_byte_function
from limen.targets.c.ops._e_value import code, rescaled
from limen.targets.c.ops._elementwise import Element, elementwise


def clamp_kernel(site: Site, low: float, high: float | None) -> Kernel:
    """x kept within [low, high], and rescaled where it is quantised."""
    x = site.input(0)
    if x.dtype == "float32":
        return elementwise(site, Element(("const float v = {0};", f"{{y}} = {bounded('v', x.dtype, low, high)};")))
    if is_byte_function(site):
        return byte_function(site)
    wanted = answers(site)
    bounds = int(wanted.min()), int(wanted.max())
    return codes_kernel(site, (), rescaled(code(x, "{0}"), ratio(site.operands)), bounds)
