"""Quantised operands as C values, constants rescaled at compile time, results narrowed to codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from limen.errors import UnsupportedOp
from limen.ops._fixed_point import INT32_MAX, INT32_MIN
from limen.program import Array
from limen.targets.c._kernel import Kernel, Site, c_type, refuse
from limen.targets.c.ops._e_value import Value, clamped, code, fits, flat, named, plus, plus_zero_point
from limen.targets.c.ops._elementwise import Element, elementwise, is_uniform

_PRECOMPUTED = 256
Rule = Callable[[Value], Value]
Data = tuple[int, Array]


def operand(
    site: Site, index: int, rule: Rule, of_constant: Callable[[Array], Array]
) -> tuple[Value, tuple[Data, ...]]:
    """An operand's value in the common scale.

    Args:
        rule: from a code less its zero point to the value.
        of_constant: the same for an array of codes, by the reference; used for constants of few elements.

    Returns:
        the value, and the array to read instead of the constant.
    """
    tensor, place = site.input(index), f"{{{index}}}"
    data = tensor.data
    if data is None or data.size == 0 or (data.size > _PRECOMPUTED and not is_uniform(data)):
        return rule(code(tensor, place)), ()
    values = np.asarray(of_constant(data), np.int32)
    return Value(place, int(values.min()), int(values.max())), ((index, values),)


def codes_kernel(
    site: Site,
    values: Sequence[tuple[str, Value]],
    result: Value,
    bounds: tuple[int, int],
    data: Sequence[Data] = (),
) -> Kernel:
    """The kernel of a quantised result.

    Args:
        values: names that ``result`` refers to, and what they stand for, in order.
        result: the output's code less its zero point.
        bounds: smallest and largest code.
        data: as ``operand`` returns it.
    """
    zero, result = site.output().zero_point, flat(result)
    safe = fits(result.low + zero, result.high + zero)
    last = plus_zero_point(result, zero, bounds[0]) if safe else result
    steps = [(name, *named(value, name)) for name, value in (*values, ("code", last))]
    code = Value("code", last.low, last.high)
    if safe:
        final = clamped(code, *bounds)
    else:
        low, high = max(bounds[0] - zero, INT32_MIN), min(bounds[1] - zero, INT32_MAX)
        final = plus(clamped(code, low, high), zero)
    lines = [f"{{y}} = ({c_type(site.output())}){final.operand};"]
    helpers = list(final.helpers)
    for name, line, value in reversed(steps):
        if any(re.search(rf"\b{name}\b", later) for later in lines):  # a result of one code reads nothing
            lines.insert(0, line)
            helpers = [*value.helpers, *helpers]
    return elementwise(site, Element(tuple(lines), tuple(helpers), data=tuple(data)))


def unsupported(site: Site) -> UnsupportedOp:
    """The refusal of an element type."""
    dtype = site.input(site.live[-1] if site.live else 0).dtype
    if dtype == "float16":
        return refuse(site, "on float16", "convert the model to float32 or quantise it")
    return refuse(site, f"on {dtype}")
