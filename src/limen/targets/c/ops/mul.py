"""Mul in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops._activation import code_range
from limen.ops._binary import is_quantised
from limen.ops.mul import Mul
from limen.program import Array
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import codes_kernel, operand
from limen.targets.c.ops._e_plain import arithmetic
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._e_value import Value, rescaled, times


def emit(site: Site) -> Kernel:
    """a * b: the product of the codes rescaled once, or plain numbers."""
    op = cast(Mul, site.op)
    if not is_quantised(site.operands):
        return arithmetic(site, "*", op.activation)
    if is_byte_function(site):
        return byte_function(site)
    (a, first), (b, second) = _factor(site, 0), _factor(site, 1)
    result = rescaled(times(a, b), op._factor(site.operands))
    return codes_kernel(site, (), result, code_range(site.output(), op.activation), (*first, *second))


def _factor(site: Site, index: int) -> tuple[Value, tuple[tuple[int, Array], ...]]:
    zero = site.input(index).zero_point
    return operand(site, index, lambda value: value, lambda codes: codes.astype("int64") - zero)


EMIT = emit
