"""Cast in portable C."""

from __future__ import annotations

import numpy as np

from limen.program import Tensor
from limen.targets.c._kernel import Helper, Kernel, Site, c_type, refuse
from limen.targets.c._text import float_literal
from limen.targets.c.ops._e_plain import expression


def emit(site: Site) -> Kernel:
    """Convert the element type: integers wrap, floats are cut off towards zero and saturate."""
    x, y = site.input(0), site.output()
    if "float16" in (x.dtype, y.dtype):
        raise refuse(site, f"from {x.dtype} to {y.dtype}", "convert the model to float32 or quantise it")
    if x.dtype == y.dtype:
        return expression(site, "{0}")
    if y.dtype == "bool":
        return expression(site, "{0} != 0")
    if x.dtype.startswith("float") and not y.dtype.startswith("float"):
        helper = _saturating(x, y)
        return expression(site, f"{helper.name}({{0}})", helpers=(helper,))
    return expression(site, f"({c_type(y)}){{0}}")


def _saturating(source: Tensor, target: Tensor) -> Helper:
    """Cuts off towards zero; what does not fit becomes the nearest limit, nan the largest number."""
    info, single = np.iinfo(target.dtype), source.dtype == "float32"
    name = f"{target.dtype}_from_{source.dtype}"
    above = float_literal(float(int(info.max) + 1), single)
    below = float_literal(float(info.min) - 1.0, single)
    exact = float(np.dtype(source.dtype).type(float(info.min) - 1.0)) == int(info.min) - 1
    least = f"x <= {below}" if exact else f"x < {float_literal(float(info.min), single)}"
    most, smallest = (f"{target.dtype.upper()}_MAX", "0" if info.min == 0 else f"{target.dtype.upper()}_MIN")
    return Helper(
        name,
        f"""\
/* Towards zero; what does not fit becomes the nearest limit, nan the largest number. */
static inline {c_type(target)} {name}({c_type(source)} x)
{{
    if (!(x < {above})) {{
        return {most};
    }}
    if ({least}) {{
        return {smallest};
    }}
    return ({c_type(target)})x;
}}
""",
    )


EMIT = emit
