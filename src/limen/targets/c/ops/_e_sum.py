"""Addition, subtraction and squared difference: both operands in a common scale first."""

from __future__ import annotations

from limen.ops._activation import code_range
from limen.ops._binary import common_scale, is_quantised, rescale_down
from limen.ops._fixed_point import multiplier
from limen.ops._sum import left_shift, output_factor
from limen.program import Activation, Array
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import Data, codes_kernel, operand
from limen.targets.c.ops._e_plain import arithmetic
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._e_value import Value, combine, rescaled, scaled


def common(site: Site, index: int, shift: int) -> tuple[Value, tuple[Data, ...]]:
    """An operand in units of the common scale / 2**shift (``limen.ops._binary.to_common_scale``)."""
    tensor = site.input(index)
    factor = multiplier(tensor.scale / common_scale(site.operands))

    def of_constant(codes: Array) -> Array:
        return rescale_down((codes.astype("int64") - tensor.zero_point) << shift, factor)

    return operand(site, index, lambda value: rescaled(scaled(value, shift), factor), of_constant)


def sum_kernel(site: Site, sign: str, activation: Activation) -> Kernel:
    """a + b or a - b of any type that the operators take."""
    if not is_quantised(site.operands):
        return arithmetic(site, sign, activation)
    if is_byte_function(site):
        return byte_function(site)
    shift = left_shift(site.operands)
    (a, first), (b, second) = common(site, 0, shift), common(site, 1, shift)
    total = combine(Value("a", *a.bounds), Value("b", *b.bounds), sign)
    result = rescaled(total, output_factor(site.operands))
    return codes_kernel(site, (("a", a), ("b", b)), result, code_range(site.output(), activation), (*first, *second))
