"""SquaredDifference in portable C."""

from __future__ import annotations

from typing import cast

import numpy as np

from limen.ops._binary import is_quantised
from limen.ops.squared_difference import _LEFT_SHIFT, SquaredDifference
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import codes_kernel
from limen.targets.c.ops._e_sum import common
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._e_value import Value, combine, rescaled, times
from limen.targets.c.ops._elementwise import Element, elementwise

_PLAIN = {
    "float32": ("const float d = {0} - {1};", "{y} = d * d;"),
    "int32": ("const uint32_t d = (uint32_t){0} - (uint32_t){1};", "{y} = (int32_t)(d * d);"),
}


def emit(site: Site) -> Kernel:
    """(a - b) ** 2: in fixed point for codes, plain otherwise."""
    if not is_quantised(site.operands):
        return elementwise(site, Element(_PLAIN[site.output().dtype]))
    if is_byte_function(site):
        return byte_function(site)
    (a, first), (b, second) = common(site, 0, _LEFT_SHIFT), common(site, 1, _LEFT_SHIFT)
    difference = combine(Value("a", *a.bounds), Value("b", *b.bounds), "-")
    d = Value("d", *difference.bounds)
    result = rescaled(times(d, d), cast(SquaredDifference, site.op)._factor(site.operands))
    info = np.iinfo(site.output().dtype)
    named = (("a", a), ("b", b), ("d", difference))
    return codes_kernel(site, named, result, (int(info.min), int(info.max)), (*first, *second))


EMIT = emit
