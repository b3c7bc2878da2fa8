"""Abs in portable C."""

from __future__ import annotations

import numpy as np

from limen.ops._fixed_point import multiplier
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import codes_kernel
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._e_value import Value, code, rescaled

_PLAIN = {
    "float32": "{0} <= 0.0f ? 0.0f - {0} : {0}",
    "int16": "(int16_t)({0} < 0 ? -{0} : {0})",
    "int32": "(int32_t)({0} < 0 ? 0u - (uint32_t){0} : (uint32_t){0})",
}


def emit(site: Site) -> Kernel:
    """|x|: a table for int8, rescaled for int16 codes, plain otherwise."""
    x, y = site.input(0), site.output()
    if is_byte_function(site):
        return byte_function(site)
    if x.dtype != "int16" or x.quant is None:
        return expression(site, _PLAIN[x.dtype])
    size = Value("x < 0 ? -x : x", 0, 32768, atom=False)
    if x.scale != y.scale:
        size = rescaled(size, multiplier(float(np.float32(x.scale) / np.float32(y.scale))))
    return codes_kernel(site, (("x", code(x, "{0}")), ("size", size)), _named_size(size), (-32768, 32767))


def _named_size(size: Value) -> Value:
    return Value("size", *size.bounds)


EMIT = emit
