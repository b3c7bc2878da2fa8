"""The comparisons: plain numbers as they are, 8-bit codes in fixed point on a common scale."""

from __future__ import annotations

from limen.ops._comparison import _FRACTION, _common
from limen.ops._fixed_point import multiplier
from limen.program import Array
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import operand, unsupported
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._e_value import Value, flat, named, rescaled, scaled
from limen.targets.c.ops._elementwise import Element, elementwise


def comparison(site: Site, sign: str, scaled16: bool = False) -> Kernel:
    """a sign b.

    Args:
        scaled16: int16 codes are compared on a common scale too.

    Raises:
        UnsupportedOp: float16.
    """
    x = site.input(0)
    if x.dtype == "float16":
        raise unsupported(site)
    if is_byte_function(site):
        return byte_function(site)
    if x.dtype not in ("int8", "uint8") and not (x.dtype == "int16" and x.quant is not None and scaled16):
        return expression(site, f"{{0}} {sign} {{1}}")
    (a, first), (b, second) = _operand(site, 0), _operand(site, 1)
    lines = (named(a, "a")[0], named(b, "b")[0], f"{{y}} = a {sign} b;")
    return elementwise(site, Element(lines, flat(a).helpers + flat(b).helpers, data=(*first, *second)))


def _operand(site: Site, index: int) -> tuple[Value, tuple[tuple[int, Array], ...]]:
    tensor = site.input(index)
    factor = multiplier(tensor.scale)
    return operand(
        site, index, lambda value: rescaled(scaled(value, _FRACTION), factor), lambda codes: _common(codes, tensor)
    )
