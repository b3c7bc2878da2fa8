"""Div in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops._activation import code_range
from limen.ops._binary import is_quantised
from limen.ops.div import Div
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import codes_kernel
from limen.targets.c.ops._e_divide import DIVIDE_CODES, TRUNCATING_DIVIDE
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._e_value import Value, code


def emit(site: Site) -> Kernel:
    """a / b; a divisor of 0, at which the interpreter stops, gives 0 (infinity or nan for floats)."""
    op = cast(Div, site.op)
    if site.output().dtype == "float32":
        return expression(site, "{0} / {1}", op.activation)
    if not is_quantised(site.operands):
        return expression(site, "divide({0}, {1})", op.activation, (TRUNCATING_DIVIDE,))
    if is_byte_function(site):
        return byte_function(site)
    factor = op._factor(site.operands)
    a, b = (code(site.input(i), f"{{{i}}}").text for i in (0, 1))
    text = f"divide_codes({a}, {b}, {int(factor.mantissa)}, {int(factor.shift)})"
    quotient = Value(text, -(1 << 31) + 65536, (1 << 31) - 65536, 0, (DIVIDE_CODES,))
    return codes_kernel(site, (), quotient, code_range(site.output(), op.activation))


EMIT = emit
